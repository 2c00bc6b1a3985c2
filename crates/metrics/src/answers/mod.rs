//! Answers to questions: exact match and F1 as SQuAD's official scripts compute them, and the null threshold.

mod accumulator;
mod best;
mod metric;
mod normalize;
mod report;
mod row;
mod scores;
mod sentence;

pub use accumulator::AnswerAccumulator;
pub use best::apply_null_threshold;
pub use metric::AnswerMetric;
pub use normalize::normalize_answer;
pub use report::AnswerReport;
pub use scores::{AnswerScores, SquadVersion};
pub use sentence::sentence_with_shared_words;
