//! Extractive question answering: the answer to a question is a span of its context.
//!
//! A feature is the question with a window of the context; neighbouring windows share tokens. The model gives
//! each token a logit for the answer's first token and one for its last. [`SpanAlignment`] says where the
//! tokens of a feature stand in the context, [`SpanTarget`] which of them training wants. [`post_process`] makes
//! the best answers of the logits of all windows, as `run_qa.py` and `utils_qa.py` of `transformers`' examples
//! do.
//!
//! ```
//! use embert_data::tokenize::{EncodeOptions, Tokenizer, Truncation};
//! use embert_task::question_answering::{
//!     AnswerOptions, SpanAlignment, SpanCandidates, SpanTarget, post_process, strip_question,
//! };
//!
//! # let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../../tests/fixtures/tokenizer");
//! # let tokenizer = Tokenizer::from_folder(std::path::Path::new(folder)).unwrap();
//! let (question, context) = (strip_question("  is it good"), "the film was not bad");
//! let options = EncodeOptions { max_length: 9, truncation: Truncation::OnlySecond };
//! // [CLS] is it good [SEP] the film was [SEP], then the same question with: was not bad
//! let windows = tokenizer.windows(question, Some(context), &options, 1)?;
//! assert_eq!(windows.len(), 2);
//! let alignments: Vec<SpanAlignment> = windows.iter().map(SpanAlignment::new).collect();
//!
//! // "not bad", in the second window.
//! let targets = alignments.iter().map(|window| SpanTarget::new(window, Some(&(13..20))));
//! assert_eq!(targets.collect::<Vec<_>>(), [SpanTarget::NONE, SpanTarget { start: 6, end: 7 }]);
//!
//! // A start and an end logit of each token.
//! let mut logits = vec![[0.0; 18], [0.0; 18]];
//! logits[1][2 * 6] = 4.0;
//! logits[1][2 * 7 + 1] = 3.0;
//! let options = AnswerOptions::default();
//! let candidates = alignments.iter().zip(&logits);
//! let candidates = candidates.map(|(window, logits)| SpanCandidates::new(window, logits, &options));
//! let prediction = post_process(context, candidates, &options);
//! let answer = prediction.answer();
//! assert_eq!((answer.text.as_str(), answer.start, answer.end), ("not bad", 13, 20));
//! # Ok::<(), embert_data::tokenize::TokenizeError>(())
//! ```

mod aligned;
mod alignment;
mod answer;
mod candidates;
mod card;
mod example;
mod labels;
mod options;
mod post_process;
mod prediction;
mod question;
mod scorer;
mod span;
mod span_loss;
mod target;
mod task;
#[cfg(test)]
mod tests;

pub use aligned::{AnswerPart, QuestionAlignment, QuestionPrediction};
pub use alignment::{CLS, SpanAlignment};
pub use answer::AnsweredQuestion;
pub use candidates::SpanCandidates;
pub use example::QuestionExample;
pub use labels::QuestionLabels;
pub use options::AnswerOptions;
pub use post_process::post_process;
pub use prediction::{Answer, AnswerPrediction};
pub use question::strip_question;
pub use scorer::{AnswerOutcome, AnswerScorer};
pub use target::SpanTarget;
pub use task::QuestionAnswering;
