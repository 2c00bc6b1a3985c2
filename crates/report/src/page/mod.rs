//! The page: its frame, its sections, figures and tables.

mod comparison;
pub(crate) mod curves;
mod predictions;
mod run;
mod sweep;

use maud::{DOCTYPE, Markup, PreEscaped, html};

pub(crate) use self::sweep::result as sweep_result;
use crate::plot::{Ink, Plot};
use crate::text::escape;
use crate::{ReportError, Run, Sweep};

/// What a page depends on besides its runs.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct PageOptions {
    /// The reader's browser fetches the page again after so many seconds: for one that is served while a run goes on.
    pub refresh_seconds: Option<u32>,
}

/// A page of one run, or one that compares several: complete HTML in one text, the same for the same files.
///
/// # Errors
/// There is no run, or its examples don't fit its labels.
pub fn page(runs: &[Run], options: &PageOptions) -> Result<String, ReportError> {
    let (title, content) = match runs {
        [] => return Err(ReportError::NoRuns),
        [run] => (run.name.clone(), run::content(run)?),
        runs => (format!("{} runs", runs.len()), comparison::content(runs)?),
    };
    Ok(framed(&title, &content, *options))
}

/// A page of a sweep, likewise. It has what there is: points that have not been run, or failed, are said to.
///
/// # Errors
/// The charting library gives up.
pub fn sweep_page(sweep: &Sweep, options: &PageOptions) -> Result<String, ReportError> {
    Ok(framed(&sweep.name, &sweep::content(sweep)?, *options))
}

fn framed(title: &str, content: &Markup, options: PageOptions) -> String {
    let page = html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                // Nothing may be fetched, whatever a text that is shown tries.
                meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'; img-src data:";
                meta name="color-scheme" content="light dark";
                @if let Some(seconds) = options.refresh_seconds { meta http-equiv="refresh" content=(seconds); }
                // No icon is asked for.
                link rel="icon" href="data:,";
                title { (title) " – embert" }
                style { (PreEscaped(include_str!("style.css"))) }
            }
            body { main { (content) } footer { "Made by embert from the files of the run alone." } }
        }
    }
    .into_string();
    // A browser drops or replaces control characters, of which none is markup of ours: whoever reads should see them.
    escape(&page, |character| character.is_control() && !matches!(character, '\n' | '\t')).into_owned()
}

/// A part of a page under a heading, with an anchor.
fn section(id: &str, title: &str, content: &Markup) -> Markup {
    html! {
        section id=(id) aria-labelledby=(format!("{id}-heading")) {
            h2 id=(format!("{id}-heading")) { (title) }
            (content)
        }
    }
}

/// Figures side by side, as many as there is room for.
fn figures(figures: &[Figure]) -> Result<Markup, ReportError> {
    let drawn: Vec<Markup> = figures.iter().map(Figure::render).collect::<Result<_, _>>()?;
    Ok(html! { div class="figures" { @for figure in &drawn { (figure) } } })
}

/// A plot with its heading, its legend and its numbers.
struct Figure {
    /// Tells apart the figures of one kind in a page, as `-test`; empty where there is one.
    key: String,
    title: String,
    /// The one figure that matters most, beside the title.
    value: Option<String>,
    /// What a person who can't see the plot is told.
    alt: String,
    plot: Plot,
    legend: Vec<(Ink, String)>,
    /// What to know about it.
    note: String,
    table: Table,
}

impl Figure {
    fn render(&self) -> Result<Markup, ReportError> {
        let svg = self.plot.svg(&self.key, &self.title, &self.alt)?;
        Ok(html! {
            figure id=(format!("{}{}", self.plot.id, self.key)) {
                figcaption {
                    h3 { (self.title) @if let Some(value) = &self.value { " " span class="value" { (value) } } }
                    @if !self.legend.is_empty() {
                        p class="legend" {
                            @for (ink, name) in &self.legend { span class=(ink.class()) { span class="name" { (name) } } " " }
                        }
                    }
                }
                (svg)
                @if !self.note.is_empty() { p class="note" { (self.note) } }
                (self.table.behind())
            }
        })
    }
}

/// How many rows a table behind a plot has at most.
const MOST_ROWS: usize = 200;

/// A table: the first column names the row.
#[derive(Default)]
struct Table {
    headings: Vec<String>,
    rows: Vec<Vec<String>>,
}

impl Table {
    fn new<H: Into<String>>(headings: impl IntoIterator<Item = H>, rows: Vec<Vec<String>>) -> Self {
        Self { headings: headings.into_iter().map(Into::into).collect(), rows }
    }

    /// In a box that scrolls by itself where the page is narrow; it takes the focus, so that keys scroll it too.
    fn render(&self, label: &str) -> Markup {
        self.rows_rendered(label, &self.rows.iter().collect::<Vec<_>>())
    }

    /// The first so many rows, and a table of the others, if there are.
    fn split(self, rows: usize) -> (Self, Option<Self>) {
        let Self { headings, rows: mut first } = self;
        let others = first.split_off(rows.min(first.len()));
        let others = (!others.is_empty()).then(|| Self { headings: headings.clone(), rows: others });
        (Self { headings, rows: first }, others)
    }

    /// Behind a plot, to be opened.
    fn behind(&self) -> Markup {
        let every = self.rows.len().div_ceil(MOST_ROWS).max(1);
        // The last of each part, so that the last of all is there.
        let rows: Vec<&Vec<String>> = self.rows.chunks(every).filter_map(<[_]>::last).collect();
        html! {
            details {
                summary { "Numbers" @if every > 1 { ", one row in " (every) } }
                (self.rows_rendered("Numbers", &rows))
            }
        }
    }

    fn rows_rendered(&self, label: &str, rows: &[&Vec<String>]) -> Markup {
        html! {
            div class="scroll" tabindex="0" role="group" aria-label=(label) {
                table {
                    thead { tr { @for heading in &self.headings { th scope="col" { (breakable(heading)) } } } }
                    tbody {
                        @for row in rows {
                            tr {
                                @for (column, cell) in row.iter().enumerate() {
                                    @if column == 0 { th scope="row" { (breakable(cell)) } } @else { td { (breakable(cell)) } }
                                }
                            }
                        }
                    }
                }
            }
        }
    }
}

/// A text that may be broken within a key or a name, as `optimizer.` `learning_` `rate`: paper is as wide as it is.
fn breakable(text: &str) -> Markup {
    let starts = text.char_indices().zip(text.char_indices().skip(1));
    let starts = starts.filter(|((_, last), (_, next))| "._+".contains(*last) && next.is_alphabetic());
    let mut parts = Vec::new();
    let mut rest = 0;
    for (_, (start, _)) in starts {
        parts.push(&text[rest..start]);
        rest = start;
    }
    parts.push(&text[rest..]);
    html! { @for (index, part) in parts.iter().enumerate() { @if index > 0 { wbr; } (part) } }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_table_is_thinned_to_its_last_row() {
        let rows = (1..=1000).map(|n| vec![n.to_string(), "x".to_owned()]).collect();
        let html = Table::new(["step", "loss"], rows).behind().into_string();
        assert_eq!(html.matches("<tr>").count(), 201);
        assert!(html.contains("one row in 5") && html.contains(">1000</th>"), "{html}");
    }

    #[test]
    fn keys_may_be_broken_but_numbers_not() {
        let of = |text: &str| breakable(text).into_string();
        assert_eq!(of("optimizer.head_rate"), "optimizer.<wbr>head_<wbr>rate");
        assert_eq!(of("0.85 ± 0.01 <b>."), "0.85 ± 0.01 &lt;b&gt;.");
    }

    #[test]
    fn no_runs_make_no_page() {
        assert!(matches!(page(&[], &PageOptions::default()), Err(ReportError::NoRuns)));
    }
}
