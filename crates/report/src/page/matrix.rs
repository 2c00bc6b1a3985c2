//! [`Matrix`]: a table of counts with a row and a column for each label.

use maud::{Markup, html};

use crate::number::{percent, thousands};

/// A square table of counts, shaded by the share of each row.
pub(super) struct Matrix<'a> {
    /// The table's name for those who can't see it.
    pub(super) label: &'static str,
    /// What rows and columns are.
    pub(super) corner: &'static str,
    pub(super) names: &'a [String],
}

impl Matrix<'_> {
    /// The table of counts in which the diagonal is right and all else wrong. A share is of its row's sum.
    pub(super) fn render(&self, count: impl Fn(usize, usize) -> usize) -> Markup {
        let all = self.names.len();
        let row_sum = |row: usize| (0..all).map(|column| count(row, column)).sum::<usize>().max(1);
        self.shaded("confusion", &count, row_sum, |row, column| if row == column { "right" } else { "wrong" })
    }

    /// The table of types of entities: as [`render`](Self::render), but the last row and column stand for no
    /// entity, so that their common cell is left empty, and a share is of `whole`, since the names may be only
    /// some of the types.
    pub(super) fn of_entities(
        &self,
        count: impl Fn(usize, usize) -> usize,
        whole: impl Fn(usize) -> usize,
        none: usize,
    ) -> Markup {
        let whole = |row: usize| whole(row).max(1);
        self.shaded("confusion", &count, whole, |row, column| match (row == column, row == none) {
            (true, true) => "",
            (true, false) => "right",
            (false, _) => "wrong",
        })
    }

    /// The table of how many of each row's examples have each column's label too. A share is of the diagonal,
    /// which is no share itself.
    pub(super) fn together(&self, count: impl Fn(usize, usize) -> usize) -> Markup {
        let own = |row: usize| count(row, row).max(1);
        self.shaded(
            "confusion together",
            &count,
            own,
            |row, column| if row == column { "own" } else { "with" },
        )
    }

    fn shaded(
        &self,
        class: &str,
        count: impl Fn(usize, usize) -> usize,
        whole: impl Fn(usize) -> usize,
        of_cell: impl Fn(usize, usize) -> &'static str,
    ) -> Markup {
        html! {
            div class="scroll" tabindex="0" role="group" aria-label=(self.label) {
                table class=(class) {
                    thead { tr { th scope="col" { (self.corner) } @for name in self.names { th scope="col" { (name) } } } }
                    tbody {
                        @for (row, name) in self.names.iter().enumerate() {
                            @let whole = whole(row) as f64;
                            tr {
                                th scope="row" { (name) }
                                @for column in 0..self.names.len() {
                                    @let share = count(row, column) as f64 / whole;
                                    @let class = of_cell(row, column);
                                    @if class.is_empty() { td { "–" } } @else { td class=(class) style=(format!("--share:{:.0}%", share * 100.0)) {
                                        (thousands(count(row, column))) " " small { (percent(share)) }
                                    } }
                                }
                            }
                        }
                    }
                }
            }
        }
    }
}
