//! What the commands that read rows of any number have in common.

use std::io::{self, IsTerminal as _};

use embert_predict::PredictError;
use embert_task::TaskError;
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

/// Whether the error is about a single row, without which others can be read.
pub(crate) fn is_bad_row(error: &PredictError) -> bool {
    match error {
        PredictError::Data(error) => error.is_bad_row(),
        PredictError::Task(error) => matches!(error, TaskError::Row { .. }),
        _ => false,
    }
}

/// The number of texts that are done, and how many a second, on a terminal.
pub(crate) fn rows_bar() -> ProgressBar {
    let terminal = io::stderr().is_terminal();
    let bar = ProgressBar::with_draw_target(
        None,
        if terminal { ProgressDrawTarget::stderr() } else { ProgressDrawTarget::hidden() },
    );
    if let Ok(style) = ProgressStyle::with_template("{spinner} {human_pos} texts  {per_sec}") {
        bar.set_style(style);
    }
    bar
}
