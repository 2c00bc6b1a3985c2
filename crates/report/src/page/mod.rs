//! The frame of a page, around the content of one run, of several runs, or of a sweep.

mod answers;
mod baselines;
mod comparison;
pub(crate) mod curves;
mod data;
mod entities;
mod figure;
mod lengths;
mod masked;
mod matrix;
mod multi_label;
mod predictions;
mod regression;
mod result;
mod roc;
mod run;
mod several_tasks;
mod splits;
mod summaries;
mod sweep;
mod texts;

use maud::{DOCTYPE, Markup, PreEscaped, html};

pub(crate) use self::run::result_of;
pub(crate) use self::sweep::result as sweep_result;
use crate::examples::Kind;
use crate::text::escape;
use crate::{ReportError, Run, Sweep};

/// Options of a page.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct PageOptions {
    /// Seconds after which the browser reloads the page, for a page that is served while a run goes on.
    pub refresh_seconds: Option<u32>,
}

/// A page of one run, or a page that compares several: a complete HTML document, the same for the same files.
///
/// # Errors
/// There is no run, its examples do not fit its labels, or the charting library fails.
pub fn page(runs: &[Run], options: &PageOptions) -> Result<String, ReportError> {
    let (title, content) = match runs {
        [] => return Err(ReportError::NoRuns),
        [run] => (run.name.clone(), run::content(run)?),
        runs => (format!("{} runs", runs.len()), comparison::content(runs)?),
    };
    // Marks of entities, labels and answers are in the page of one run alone.
    let style = match runs {
        [run] if !matches!(run.kind(), Kind::SingleLabel | Kind::Unknown) => include_str!("tasks.css"),
        _ => "",
    };
    Ok(framed(&title, &content, style, *options))
}

/// A page of a sweep. It also lists the points that have failed or have not been run.
///
/// # Errors
/// The charting library fails.
pub fn sweep_page(sweep: &Sweep, options: &PageOptions) -> Result<String, ReportError> {
    Ok(framed(&sweep.name, &sweep::content(sweep)?, "", *options))
}

/// `style` is added to the style sheet that all pages have.
fn framed(title: &str, content: &Markup, style: &str, options: PageOptions) -> String {
    let page = html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                // Forbids every request, whatever a shown text tries.
                meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'; img-src data:";
                meta name="color-scheme" content="light dark";
                @if let Some(seconds) = options.refresh_seconds { meta http-equiv="refresh" content=(seconds); }
                // Keeps the browser from requesting an icon.
                link rel="icon" href="data:,";
                title { (title) " – embert" }
                style { (PreEscaped(include_str!("style.css"))) (PreEscaped(style)) }
            }
            body { main { (content) } footer { "Made by embert from the files of the run alone." } }
        }
    }
    .into_string();
    // A browser drops or replaces control characters, so they are escaped; the markup contains none.
    escape(&page, |character| character.is_control() && !matches!(character, '\n' | '\t')).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_runs_make_no_page() {
        assert!(matches!(page(&[], &PageOptions::default()), Err(ReportError::NoRuns)));
    }
}
