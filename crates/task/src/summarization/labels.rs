//! [`SummaryLabels`]: the columns of a data set of texts and summaries.

use embert_data::{Card, Row, SummaryColumns, summarized_of};

use super::example::SummaryExample;
use crate::ExampleProblem;
use crate::pairs::document;

/// The columns of a data set of texts and summaries, and how many sentences a summary has.
#[derive(Clone, Debug)]
pub struct SummaryLabels {
    columns: SummaryColumns,
    /// The most sentences of a summary: of the oracle's, and of the model's.
    pub(super) most: usize,
}

impl SummaryLabels {
    pub(super) fn new(card: &Card, most: usize) -> Self {
        let most = card.summary_sentences.unwrap_or(most);
        Self { columns: SummaryColumns::of(card), most }
    }

    /// The example of a row, with the oracle's sentences where the row has only a summary.
    pub(super) fn example(&self, card: &Card, id: u64, row: &Row) -> Result<SummaryExample, ExampleProblem> {
        let summarized = summarized_of(row, &self.columns)?;
        let example = SummaryExample { id, summarized, document: document(card, row) }.with_oracle(self.most);
        match example.summarized.labels {
            Some(_) => Ok(example),
            None => Err(ExampleProblem::NoLabel { minus_one: false }),
        }
    }
}
