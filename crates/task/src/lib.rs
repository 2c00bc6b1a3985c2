//! What BERT is fine-tuned for, one file a task.
//!
//! [`Task`] is what the training loop, the run folder and the predictor have to know of a task: which
//! columns and labels a data set has, what a row's values mean, what the features and targets of an example
//! are, which head reads the encoder, what the loss is, and how the head's outputs become predictions and
//! scores. [`TextClassification`] gives one label to each text, or to each pair of texts,
//! [`MultiLabelClassification`] any number of labels, [`TextRegression`] a number; [`TokenClassification`]
//! gives a tag to each word, [`QuestionAnswering`] an answer to each question, [`SentenceSimilarity`] a vector to
//! each text. [`load`] makes a task's examples from the files of a data set, and
//! [`find_columns`] and [`find_problem_type`] tell the task of a data set whose card leaves it open.
//!
//! Not here: parsing files (`embert-data`), hidden states (`embert-model`), training, writing files.
//!
//! ```
//! use burn::tensor::{Device, Int, Tensor};
//! use embert_model::Layout;
//! use embert_task::{LossSettings, Task, TextClassification};
//!
//! let task = TextClassification::new(vec!["negative".into(), "positive".into()]);
//! let device = Device::default();
//! let layout = Layout::from_attention_mask(Tensor::<2, Int>::from_ints([[1, 1, 1], [1, 1, 0]], &device));
//! let outputs = Tensor::<2>::from_floats([[0.5, -0.5], [2.0, 1.0]], &device);
//!
//! let targets = [0, 1];
//! let loss = task.loss(outputs.clone(), &layout, &targets, task.weight(&targets));
//! assert!((loss.into_scalar::<f32>() - 0.8133).abs() < 1e-4);
//!
//! let outputs: Vec<f32> = outputs.into_data().iter().collect();
//! let parts = vec![task.decode(&(), &outputs[..2])];
//! assert!((parts[0].scores()[0] - 0.7311).abs() < 1e-4);
//! ```

#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;

mod binary_cross_entropy;
mod card;
mod card_keys;
mod class_weights;
mod cross_entropy;
mod data;
mod detect;
mod encode;
mod error;
mod inputs;
mod kind;
mod label_options;
mod labels;
mod load;
mod multi_label;
mod named_scores;
mod outputs;
mod pairs;
mod pooled;
pub mod question_answering;
mod regression;
mod sentence_similarity;
mod task;
#[cfg(test)]
mod tests;
mod text_classification;
mod token_classification;
mod unlabelled;

pub use card::{CardMetric, IndexedMetric, TaskCard};
pub use class_weights::{ClassWeightRule, ClassWeights, LossSettings};
pub use cross_entropy::CrossEntropy;
pub use data::{DataFacts, TaskData};
pub use detect::{FoundColumns, find_columns, find_problem_type, text_columns};
pub use embert_metrics::Scheme;
pub use encode::{encode, encode_aligned, encode_some_windows};
pub use error::{ExampleProblem, TaskError};
pub use inputs::Inputs;
pub use kind::TaskKind;
pub use label_options::LabelOptions;
pub use labels::column::LabelColumn;
pub use labels::problem::LabelProblem;
pub use labels::rule::Labels;
pub use labels::set::{LabelMapping, LabelSet, is_unnamed};
pub use load::{from_rows, load};
pub use multi_label::{
    LabelSets, LabelTarget, LabelledTexts, MultiLabelClassification, MultiLabelOutcome, MultiLabelScorer,
    MultiLabelText,
};
pub use outputs::Outputs;
pub use question_answering::QuestionAnswering;
pub use regression::{NumberTarget, NumberedText, Numbers, RegressionScorer, ScoredText, TextRegression};
pub use sentence_similarity::{
    PairLabels, PairPrediction, PairScorer, PairTarget, ScoreScale, SentenceSimilarity, TextPair,
};
pub use task::{PooledLoss, Scorer, StepLoss, Target, Task};
pub use text_classification::{
    ClassScores, ClassificationScorer, LabelledText, TextClassification, TextExample,
};
pub use token_classification::{
    Aggregation, FoundEntity, TagLabels, TagSpan, TaggedText, Tags, TokenAlignment, TokenClassification,
    TokenExample, TokenPart, TokenPrediction, TokenScorer, TokenTarget,
};
pub use unlabelled::Unlabelled;
