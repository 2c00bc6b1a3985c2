//! [`Task`]: all that the loop, the run folder and the predictor don't know.

use std::fmt;
use std::path::Path;

use burn::tensor::Tensor;
use embert_data::tokenize::Encoding;
use embert_data::{Card, Columns, EncodedDataset, LoadedRows, Row, Splits, Texts};
use embert_model::{BertConfig, Head, Layout};
use embert_run::{Detail, MetricInfo, Metrics};
use serde::Serialize;

use crate::{ExampleProblem, LossSettings, TaskCard, TaskError};

/// What BERT is fine-tuned for: the labels of a data set, the features and targets of an example, the head, the loss, and
/// how the head's outputs become predictions and scores.
///
/// A value of it is a task whose labels are fixed, in the order of the head's outputs. Whoever trains, evaluates or predicts
/// is generic over the task and knows none by name.
///
/// An *example* is a row of the data set. A *feature* is what the model reads at once: a text, a pair, or one window of
/// several. An example has one feature or more.
pub trait Task: Clone + fmt::Debug + Send + Sync + 'static {
    /// The hub's name for the task (its pipeline tag), as in `text-classification`.
    const NAME: &'static str;
    /// The name of the metric that the best weights are chosen by, unless the settings name another: one of
    /// [`metrics`](Self::metrics).
    const METRIC: &'static str;

    /// The part of the model above the encoder.
    type Head: Head;
    /// A row of the data set, understood.
    type Example: Texts + Clone + fmt::Debug + Send + Sync + 'static;
    /// The labels of a data set, before a checkpoint numbers them; `()` for tasks without.
    type Labels: Clone + fmt::Debug + Send + Sync;
    /// The target that the loss compares a feature's outputs with.
    type Target: Target;
    /// The part of a prediction that one feature's outputs give.
    type Part: fmt::Debug;
    /// The prediction that the parts of all features of an example give.
    type Prediction: Clone + fmt::Debug;
    /// An example with its prediction, as `predict` writes it.
    type Answer: Serialize + fmt::Debug;
    /// An example with its prediction, as a line of `examples.jsonl` has it.
    type Record: Serialize;
    /// Collects predictions.
    type Scorer: Scorer<Self>;
    /// All that a [`Scorer`] found, as `eval --json` writes it.
    type Report: Serialize + Clone + fmt::Debug;

    /// The columns of a data set's files of which an example is made.
    fn columns(card: &Card) -> Columns;

    /// The column with the labels, which files outside the training split may lack: their rows can be predicted, and can be
    /// neither trained on nor evaluated. `None` where the text is all that is learnt from.
    fn label_column(card: &Card) -> Option<&str>;

    /// Decides what the values in the column of the labels mean, from the card and from the rows of all files that are used;
    /// with sentences to show the user. With `skip_bad_rows`, single rows that can't be used are no error.
    ///
    /// # Errors
    /// The column can't be what the task learns, or the card and the files contradict each other.
    fn read_labels(
        card: &Card,
        rows: &LoadedRows,
        skip_bad_rows: bool,
    ) -> Result<(Self::Labels, Vec<String>), TaskError>;

    /// Checks that there are labels enough to train on; `path` is the training file.
    ///
    /// # Errors
    /// There are too few.
    fn check_labels(_labels: &Self::Labels, _path: &Path) -> Result<(), TaskError> {
        Ok(())
    }

    /// The example of the row with the number `id`, its label numbered as the data set does.
    ///
    /// # Errors
    /// The row has no label, or one that is none of the labels; or it lacks its text.
    fn example(
        labels: &Self::Labels,
        card: &Card,
        id: u64,
        row: Row,
    ) -> Result<Self::Example, ExampleProblem>;

    /// The stratum of an example, from 0: splits are cut and sampled so that each has the same shares of strata. Examples with
    /// the same label are a stratum; a task without labels has one.
    fn stratum(_example: &Self::Example) -> usize {
        0
    }

    /// Sentences to show the user on what the splits lack or contradict.
    fn data_notes(_labels: &Self::Labels, _splits: &Splits<Self::Example>) -> Vec<String> {
        Vec::new()
    }

    /// The names that a checkpoint's head is looked up by, in the data set's order; `None` for tasks without labels.
    fn label_names(labels: &Self::Labels) -> Option<&[String]>;

    /// The task of a data set's labels with the head that `config` describes, whose checkpoint is in `folder`: from here on
    /// labels have the numbers of the head's outputs.
    ///
    /// # Errors
    /// The data set and the checkpoint have different labels, or the head is for another kind of task.
    fn fit(labels: &Self::Labels, config: &BertConfig, folder: &Path) -> Result<Self, TaskError>;

    /// The task that a trained checkpoint with this config was trained for.
    ///
    /// # Errors
    /// The head is for another task.
    fn of_checkpoint(config: &BertConfig, folder: &Path) -> Result<Self, TaskError>;

    /// The same task with a loss that `settings` describe; `train` is the training split.
    ///
    /// # Errors
    /// A setting does not fit the labels.
    fn with_loss(
        self,
        settings: &LossSettings,
        train: &EncodedDataset<Self::Target>,
    ) -> Result<Self, TaskError>;

    /// The names of the labels, in the order of the head's outputs; empty for tasks without.
    fn labels(&self) -> &[String];

    /// The label that precision, recall and F1 are about, where there is one.
    fn positive(&self) -> Option<&str> {
        None
    }

    /// A sentence on labels that were paired with a checkpoint's by their order alone, which may be wrong.
    fn pairing(&self) -> Option<&str> {
        None
    }

    /// Every metric, in the order in which metrics are shown. The setting `metric` names one of them.
    fn metrics(&self) -> Vec<MetricInfo>;

    /// The names of the metrics that a log has of an evaluation, in the order of its line.
    fn logged_metrics(&self) -> Vec<String>;

    /// What a model card says of the task; `escape` makes a name safe to stand in Markdown.
    fn card(&self, escape: &dyn Fn(&str) -> String) -> TaskCard;

    /// How many examples have each of the `labels` labels, in the order of their numbers; empty for tasks without.
    fn count_labels<'a>(labels: usize, examples: impl IntoIterator<Item = &'a Self::Example>) -> Vec<usize>;

    /// Whether an example can be trained on and evaluated.
    fn is_labelled(example: &Self::Example) -> bool;

    /// An example with the data set's label number, as an example with the head's. Called once for each example.
    fn number(&self, example: Self::Example) -> Self::Example;

    /// What the loss compares the outputs of the feature `encoding` of `example` with.
    ///
    /// # Errors
    /// The example has no label.
    fn target(&self, example: &Self::Example, encoding: &Encoding) -> Result<Self::Target, TaskError>;

    /// What the losses of features with these targets weigh together: their number, or the sum of their class weights.
    fn weight(&self, targets: &[Self::Target]) -> f64;

    /// The sum of the features' losses, each times its weight, over `divisor`: `[1]`. With the [`weight`](Self::weight) of
    /// all features of a step as the divisor, the losses of its micro-batches add up to the step's mean loss.
    ///
    /// # Shapes
    /// - `outputs`: `[rows, outputs]`, as [`Head::forward`] gives them; `layout` has the rows of each feature
    fn loss(&self, outputs: Tensor<2>, layout: &Layout, targets: &[Self::Target], divisor: f64) -> Tensor<1>;

    /// What one feature's outputs say: `outputs` has the feature's rows one after the other, padding left out.
    fn decode(&self, outputs: &[f32]) -> Self::Part;

    /// The prediction of an example from the parts of its features, in the order in which they were computed.
    fn join(&self, example: &Self::Example, parts: Vec<Self::Part>) -> Self::Prediction;

    /// A scorer that has seen nothing.
    ///
    /// # Errors
    /// The labels can't be scored, as when there are none.
    fn scorer(&self) -> Result<Self::Scorer, TaskError>;

    /// The [`logged_metrics`](Self::logged_metrics) of an evaluation. A metric that is not defined is absent.
    fn logged(&self, report: &Self::Report) -> Metrics;

    /// Every metric in the order of [`metrics`](Self::metrics), and the detail beyond single numbers.
    fn scores(&self, report: &Self::Report) -> (Metrics, Detail);

    /// The line of `examples.jsonl` of an example of `split` that was read as `tokens` tokens.
    fn record(
        &self,
        split: &str,
        example: &Self::Example,
        prediction: &Self::Prediction,
        tokens: usize,
    ) -> Self::Record;

    /// The example with its prediction, as `predict` writes it.
    fn answer(&self, example: Self::Example, prediction: Self::Prediction) -> Self::Answer;
}

/// What a loss compares a feature's outputs with.
pub trait Target: Clone + fmt::Debug + Send + Sync + Unpin + 'static {
    /// The target as bytes that are the same on every machine: by their hash a run that goes on knows whether it has the same
    /// data.
    fn to_bytes(&self) -> Vec<u8>;
}

/// The number of a label.
impl Target for usize {
    fn to_bytes(&self) -> Vec<u8> {
        (*self as u64).to_le_bytes().into()
    }
}

/// Collects the predictions of examples and computes metrics over all of them.
pub trait Scorer<T: Task> {
    /// Takes in an example with its prediction.
    ///
    /// # Errors
    /// The example has nothing to compare with, or a number is not finite. The scorer then is as it was.
    fn add(&mut self, example: &T::Example, prediction: &T::Prediction) -> Result<(), TaskError>;

    /// Takes in all examples of another scorer of the same task.
    ///
    /// # Errors
    /// The other scorer has other labels.
    fn merge(&mut self, other: Self) -> Result<(), TaskError>;

    /// The report on all examples that were added.
    fn finish(&self) -> T::Report;
}
