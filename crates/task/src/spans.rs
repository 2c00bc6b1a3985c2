//! A stand-in until the data crate reads spans.
use embert_data::{CardColumns, Row, RowProblem};
#[derive(Clone, Debug)]
pub(crate) struct Span {
    pub(crate) start: usize,
    pub(crate) end: usize,
    pub(crate) label: String,
}
pub(crate) fn spans_of(
    _row: &Row,
    _columns: &CardColumns,
) -> Result<Option<(String, Vec<Span>)>, RowProblem> {
    Ok(None)
}
