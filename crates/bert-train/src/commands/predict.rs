//! `predict`: labels for texts on the command line, or in a file of any size.

use std::cell::{Cell, RefCell};
use std::io::{self, BufReader, IsTerminal as _};
use std::iter;
use std::path::Path;

use embert_data::{Columns, DataError, Format, ReadOptions, Row, RowReader, is_unnamed};
use embert_files::Output;
use embert_model::DeviceChoice;
use embert_predict::{Prediction, Predictor};
use embert_train::run_of_model;
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use crate::cli::{FormatArg, PredictArgs, Stride};
use crate::error::Error;
use crate::output::say;
use crate::{output, reads, sources};

pub(crate) fn run(args: &PredictArgs) -> Result<(), Error> {
    let (_, device) = args.inference.device.parse::<DeviceChoice>()?.resolve()?;
    // Refused before anything is downloaded or loaded.
    let output = destination(args)?;
    let folder = sources::model_folder(&args.model)?;
    reads::of_model(&folder).iter().try_for_each(|file| output.differs_from(file))?;
    let mut predictor =
        Predictor::open(&folder, &device)?.with_batch_size(args.inference.batch_size as usize);
    for note in predictor.notes() {
        say!("{note}");
    }
    if let Some(max_length) = args.inference.max_length {
        predictor = predictor.with_max_length(max_length)?;
    }
    // The length is in the model's own files.
    if let Some(run) = run_of_model(&folder)? {
        predictor = predictor.with_truncation(run.data.truncation).with_stride(run.data.stride);
    }
    if let Some(truncation) = args.inference.truncation {
        predictor = predictor.with_truncation(truncation);
    }
    if let Some(Stride(stride)) = args.inference.stride {
        predictor = predictor.with_stride(stride);
    }
    if is_unnamed(predictor.labels()) {
        say!(
            "warning: the checkpoint doesn't name its labels: LABEL_0 is its first output, and so on; name them as \"id2label\" \
             in its config.json"
        );
    }
    match &args.input {
        Some(input) => predict_rows(args, &predictor, input, &output),
        None => predict_texts(args, &predictor, &output),
    }
}

/// Where the predictions go, which is not where the texts come from.
fn destination(args: &PredictArgs) -> Result<Output, Error> {
    let output = if is_stdout(&args.output) { Output::standard() } else { Output::new(&args.output)? };
    match &args.input {
        Some(input) if is_stdout(input) => output.differs_from_standard_input()?,
        Some(input) => output.differs_from(input)?,
        None => {}
    }
    Ok(output)
}

/// A few texts: JSON Lines in a pipe or a file, a table on a terminal.
fn predict_texts(args: &PredictArgs, predictor: &Predictor, output: &Output) -> Result<(), Error> {
    let predictions = predictor.predict(&args.texts)?;
    if args.json.json || !is_stdout(&args.output) || !io::stdout().is_terminal() {
        return write_all(predictions.into_iter().map(Ok), output);
    }
    let mut table = output::Table::new(&["label", "score", "text"]);
    for prediction in predictions {
        table.add_row([
            prediction.label().to_owned(),
            format!("{:.4}", prediction.score()),
            prediction.text().to_owned(),
        ]);
    }
    table.print()
}

/// The rows of a file or of the standard input, a few batches at a time.
fn predict_rows(
    args: &PredictArgs,
    predictor: &Predictor,
    input: &Path,
    output: &Output,
) -> Result<(), Error> {
    if args.text_pair_column.is_some() {
        // Found before the first row is read.
        predictor.check_pairs()?;
    }
    let mut reader = reader(args, input)?;
    let mut said = 0;
    let mut say_notes = |notes: &[String]| {
        notes.iter().skip(said).for_each(|note| say!("{note}"));
        said = notes.len();
    };
    say_notes(reader.notes());
    let (skipped, first) = (Cell::new(0_u64), RefCell::new(None));
    let rows = reader.by_ref().filter_map(|row: Result<Row, DataError>| match row {
        Err(error) if args.inference.skip_bad_rows && error.is_bad_row() => {
            tracing::info!("skipped: {error}");
            skipped.set(skipped.get() + 1);
            first.borrow_mut().get_or_insert(error);
            None
        }
        row => Some(row),
    });
    let (bar, done) = (rows_bar(), Cell::new(0_u64));
    let predictions = predictor.stream(rows).map(|prediction| {
        bar.inc(1);
        done.set(done.get() + 1);
        Ok(prediction?)
    });
    // What is wrong with every row is wrong with the file, or with what was said of it.
    let none_left = iter::once_with(|| match first.take() {
        Some(first) if done.get() == 0 => Some(Err(Error::AllSkipped {
            input: input.to_owned(),
            rows: skipped.get(),
            first: Box::new(first),
        })),
        _ => None,
    });
    write_all(predictions.chain(none_left.flatten()), output)?;
    bar.finish_and_clear();
    // Some of what there is to say is known only after the last row.
    say_notes(reader.notes());
    if skipped.get() > 0 {
        say!("skipped {} row(s) that can't be read; -v names them", skipped.get());
    }
    Ok(())
}

/// A reader of the input's rows.
fn reader(args: &PredictArgs, input: &Path) -> Result<RowReader, Error> {
    let columns = Columns {
        text: args.text_column.clone(),
        text_pair: args.text_pair_column.clone(),
        ..Columns::default()
    };
    let options =
        ReadOptions { format: args.input_format.map(Format::from), ..args.inference.reading.options() };
    Ok(if is_stdout(input) {
        RowReader::from_reader(BufReader::new(io::stdin()), &options, &columns)?
    } else {
        RowReader::open(input, &options, &columns)?
    })
}

/// Writes predictions as JSON Lines.
fn write_all(
    predictions: impl Iterator<Item = Result<Prediction, Error>>,
    output: &Output,
) -> Result<(), Error> {
    let for_terminal = output.is_terminal();
    output.write_with(|mut out| {
        for prediction in predictions {
            output::json_line(&mut out, &prediction?, for_terminal).map_err(|source| Error::Io {
                action: "write",
                path: output.path().to_owned(),
                source,
            })?;
        }
        Ok(())
    })
}

/// `-` is the standard input or output.
fn is_stdout(path: &Path) -> bool {
    path == Path::new("-")
}

fn rows_bar() -> ProgressBar {
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

impl From<FormatArg> for Format {
    fn from(format: FormatArg) -> Self {
        match format {
            FormatArg::Jsonl => Self::JsonLines,
            FormatArg::Json => Self::Json,
            FormatArg::Csv => Self::Csv,
            FormatArg::Tsv => Self::Tsv,
            FormatArg::Parquet => Self::Parquet,
            FormatArg::Lines => Self::Lines,
        }
    }
}
