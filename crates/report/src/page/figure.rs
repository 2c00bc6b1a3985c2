//! [`Figure`] and [`Table`]: the parts of a page. A figure is a plot with heading, legend and numbers.

use maud::{Markup, html};

use crate::ReportError;
use crate::plot::{Ink, Plot};

/// A part of a page under a heading, with an anchor.
pub(super) fn section(id: &str, title: &str, content: &Markup) -> Markup {
    html! {
        section id=(id) aria-labelledby=(format!("{id}-heading")) {
            h2 id=(format!("{id}-heading")) { (title) }
            (content)
        }
    }
}

/// Lays figures out side by side, as many as there is room for.
pub(super) fn figures(figures: &[Figure]) -> Result<Markup, ReportError> {
    let drawn: Vec<Markup> = figures.iter().map(Figure::render).collect::<Result<_, _>>()?;
    Ok(html! { div class="figures" { @for figure in &drawn { (figure) } } })
}

/// A plot with its heading, its legend and its numbers.
pub(super) struct Figure {
    /// A suffix that tells apart the figures of one kind in a page, as `-test`; empty if there is only one.
    pub(super) key: String,
    pub(super) title: String,
    /// The most important number, beside the title.
    pub(super) value: Option<String>,
    /// The text for those who can't see the plot.
    pub(super) alt: String,
    pub(super) plot: Plot,
    pub(super) legend: Vec<(Ink, String)>,
    /// A note below the plot.
    pub(super) note: String,
    pub(super) table: Table,
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

/// The most rows of the table behind a plot.
const MOST_ROWS: usize = 200;

/// A table whose first column names the row.
#[derive(Default)]
pub(super) struct Table {
    pub(super) headings: Vec<String>,
    pub(super) rows: Vec<Vec<String>>,
}

impl Table {
    pub(super) fn new<H: Into<String>>(
        headings: impl IntoIterator<Item = H>,
        rows: Vec<Vec<String>>,
    ) -> Self {
        Self { headings: headings.into_iter().map(Into::into).collect(), rows }
    }

    /// Renders the table in a box that scrolls on a narrow page. The box takes the focus, so that keys scroll
    /// it too.
    pub(super) fn render(&self, label: &str) -> Markup {
        self.rows_rendered(label, &self.rows.iter().collect::<Vec<_>>())
    }

    /// The first `rows` rows, and a table of the other rows, if there are any.
    pub(super) fn split(self, rows: usize) -> (Self, Option<Self>) {
        let Self { headings, rows: mut first } = self;
        let others = first.split_off(rows.min(first.len()));
        let others = (!others.is_empty()).then(|| Self { headings: headings.clone(), rows: others });
        (Self { headings, rows: first }, others)
    }

    /// Renders the table closed, behind a plot.
    fn behind(&self) -> Markup {
        let every = self.rows.len().div_ceil(MOST_ROWS).max(1);
        // The last row of each part, so that the table's last row is kept.
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

/// The text with possible line breaks within a key or a name, as in `optimizer.` `learning_` `rate`: a
/// printed table can't scroll.
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
}
