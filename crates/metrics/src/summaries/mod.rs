//! Summaries: ROUGE as Google's `rouge_score` computes it, and BertSum's greedy choice of sentences.

mod accumulator;
mod common_subsequence;
mod interned;
mod metric;
mod oracle;
mod report;
mod rouge;
mod words;

pub use accumulator::SummaryAccumulator;
pub use metric::SummaryMetric;
pub use oracle::{greedy_oracle, oracle_score};
pub use report::SummaryReport;
pub use rouge::RougeScores;
