//! [`Task`]: what the training loop, the run folder and the predictor have to know of a task.

use std::borrow::Cow;
use std::fmt;
use std::ops::Range;
use std::path::Path;

use burn::tensor::Tensor;
use embert_data::tokenize::{Encoding, Tokenizer, Truncation};
use embert_data::{Card, Columns, DataError, EncodedDataset, LoadedRows, Row, Splits, Strata, Texts};
use embert_model::{BertConfig, Head, Layout, ProblemType};
use embert_run::{Baseline, Detail, MetricInfo, Metrics, Thresholds};
use serde::Serialize;

use crate::{ExampleProblem, Inputs, LabelOptions, LossSettings, TaskCard, TaskError};

/// A task that BERT is fine-tuned for: the labels of a data set, the features and targets of an example, the
/// head, the loss, and how the head's outputs become predictions and scores.
///
/// Whoever trains, evaluates or predicts is generic over the task and knows no task by name. The labels of a
/// value of the type are fixed, in the order of the head's outputs; most functions without `self` are called
/// before there is a value.
///
/// # Examples and features
/// An *example* is a row of the data set. A *feature* is one input of the model: a text, a pair of texts, or
/// one window of a long text. An example has one feature or more.
///
/// # Two numberings of labels
/// The data set numbers its labels from 0 in the order of [`label_names`](Self::label_names), the head in
/// the order of its outputs and of [`labels`](Self::labels). An example has the data set's number until
/// [`align_label`](Self::align_label), and the head's number from then on: targets, predictions, scores and records
/// have the head's numbers only.
///
/// # Order of calls
/// 1. [`load`](crate::load) reads a data set: [`columns`](Self::columns) and
///    [`label_column`](Self::label_column), [`read_labels`](Self::read_labels), [`example`](Self::example)
///    for each row, [`check_labels`](Self::check_labels) after the training rows, [`strata`](Self::strata) and
///    [`keys`](Self::keys) where splits are cut or sampled, [`data_notes`](Self::data_notes) on the splits.
/// 2. A run, or the evaluation of a checkpoint, fits the task to the head:
///    [`label_names`](Self::label_names), [`fit`](Self::fit), [`align_label`](Self::align_label) for each example,
///    [`target`](Self::target) for each feature. A run first checks that each example
///    [`is_labelled`](Self::is_labelled); the evaluation of a checkpoint calls
///    [`with_thresholds_of`](Self::with_thresholds_of).
/// 3. A run also calls [`count_labels`](Self::count_labels), [`with_baselines`](Self::with_baselines), and
///    [`with_loss`](Self::with_loss) before the first step.
/// 4. A training step calls [`weight`](Self::weight) for all features of the step, then [`loss`](Self::loss)
///    for each micro-batch. Where the windows of a text are trained on as one example, the step calls both for
///    examples, and [`POOLED_LOSS`](Self::POOLED_LOSS) in place of `loss`.
/// 5. An evaluation calls [`scorer`](Self::scorer), [`decode`](Self::decode) for each feature with the
///    feature's [`alignment`](Self::alignment), and, once an example has all its parts, [`join`](Self::join)
///    and [`Scorer::add`]; then [`Scorer::finish`], and [`logged`](Self::logged) and
///    [`scores`](Self::scores) with the report. At its end a run calls
///    [`fit_thresholds`](Self::fit_thresholds), [`baselines`](Self::baselines), and
///    [`record`](Self::record) for each evaluated example.
/// 6. A predictor calls [`of_checkpoint`](Self::of_checkpoint) in place of steps 1 to 3, then
///    [`alignment`](Self::alignment), [`decode`](Self::decode), [`join`](Self::join) and
///    [`answer`](Self::answer). The caller makes the examples, without labels.
pub trait Task: Clone + fmt::Debug + Send + Sync + 'static {
    /// The task's pipeline tag on the hub, as in `text-classification`: its name in cards, settings and
    /// files.
    const NAME: &'static str;
    /// The name of the metric by which the best weights are chosen, unless the settings name another metric.
    /// [`metrics`](Self::metrics) has a metric of this name.
    const METRIC: &'static str;
    /// The kind of labels that the head is for, as `problem_type` of a `config.json` states it; `None` for a
    /// task whose checkpoints have no such key.
    const PROBLEM_TYPE: Option<ProblemType>;
    /// What [`count_labels`](Self::count_labels) counts, in a sentence.
    const COUNTED: &'static str = "examples";
    /// The tokens that two windows of a long text share where the settings name no stride, as a divisor of the
    /// maximum length: 4 is a quarter. Such a task reads all of each text, in training too. `None`: training
    /// reads the part of a long text that a cut leaves, and so do evaluation and prediction without a stride.
    const SHARE_OF_WINDOWS: Option<usize> = None;
    /// The loss of whole texts, for training in which the windows of a text are one example (the setting
    /// `data.train_stride`); `None` for a task whose windows have targets of their own, or that reads no windows:
    /// such a task refuses the setting.
    const POOLED_LOSS: Option<PooledLoss<Self>> = None;
    /// Whether the texts of an example are features of their own ([`Texts::separate`]): the loss is then of
    /// examples, [`POOLED_LOSS`](Self::POOLED_LOSS) or [`step_loss`](Self::step_loss), and no text has windows.
    const SEPARATE_TEXTS: bool = false;
    /// What a longer text loses, where the task leaves no choice: `None` for a task to which the settings say
    /// it.
    const TRUNCATION: Option<Truncation> = None;
    /// The key of a card's `[columns]` that names the column with what is learnt.
    const LABEL_KEY: &'static str = "label";
    /// What a key of [`keys`](Self::keys) stands for, in a sentence.
    const KEY: &'static str = "a text";

    /// The part of the model above the encoder. The head's outputs go to [`loss`](Self::loss) and
    /// [`decode`](Self::decode).
    type Head: Head;
    /// A row of the data set with its texts, and with its label if the task has labels.
    type Example: Texts + Clone + fmt::Debug + Send + Sync + 'static;
    /// The labels of a data set in the data set's order, with the rule by which a row's value is one of them;
    /// `()` for a task without labels.
    type Labels: Clone + fmt::Debug + Send + Sync;
    /// The target of a feature, with the head's label numbers.
    type Target: Target;
    /// What [`decode`](Self::decode) has to know of a feature's tokens: where each token stands in the text.
    /// `()` for a task whose outputs are about whole features.
    type Alignment: Clone + fmt::Debug + Send + Sync + 'static;
    /// A feature's share of a prediction, from [`decode`](Self::decode).
    type Part: fmt::Debug;
    /// The prediction for an example, from [`join`](Self::join).
    type Prediction: Clone + fmt::Debug;
    /// An example with its prediction, as the program's `predict` writes it.
    type Answer: Serialize + fmt::Debug;
    /// A line of the run folder's `examples.jsonl`: an example with its prediction.
    type Record: Serialize;
    /// Collects examples with their predictions, and computes a [`Report`](Self::Report) on all of them.
    type Scorer: Scorer<Self>;
    /// The result of an evaluation, as `eval --json` writes it.
    type Report: Serialize + Clone + fmt::Debug;

    /// The columns to read of a data set's files, the label's column among them: by default the card's
    /// columns of texts and its column of labels.
    fn columns(card: &Card) -> Columns {
        Columns::from(&card.columns)
    }

    /// Whether the windows of a long text are trained on: see [`SHARE_OF_WINDOWS`](Self::SHARE_OF_WINDOWS).
    fn trains_on_windows() -> bool {
        Self::SHARE_OF_WINDOWS.is_some()
    }

    /// What the examples of a data set are, for the line and the model card that say how to try the model.
    fn inputs(examples: &[Self::Example]) -> Inputs {
        Inputs::of(examples)
    }

    /// The stride of windows of `max_length` tokens where the settings name none: see
    /// [`SHARE_OF_WINDOWS`](Self::SHARE_OF_WINDOWS).
    fn default_stride(max_length: usize) -> Option<usize> {
        Self::SHARE_OF_WINDOWS.map(|divisor| max_length / divisor)
    }

    /// The name of the label's column; `None` for a task without labels. Validation and test files may lack
    /// the column: their rows can be predicted, but not evaluated. By default the card's column of labels.
    fn label_column(card: &Card) -> Option<&str> {
        Some(&card.columns.label)
    }

    /// Decides what the values in the label's column mean, from the card and from the rows of all splits that
    /// are used ([`LoadedRows::used`]), and numbers the labels. Returns the labels, and sentences to show the
    /// user. With `skip_bad_rows`, a single row that can't be used is no error.
    ///
    /// # Errors
    /// The column has no labels that the task can learn, or the card and the files contradict each other.
    fn read_labels(
        card: &Card,
        rows: &LoadedRows,
        skip_bad_rows: bool,
        options: &LabelOptions,
    ) -> Result<(Self::Labels, Vec<String>), TaskError>;

    /// Checks that there are enough labels to train on; `path` is the first training file, for the message.
    ///
    /// # Errors
    /// There are too few labels.
    fn check_labels(_labels: &Self::Labels, _path: &Path) -> Result<(), TaskError> {
        Ok(())
    }

    /// How a row states that it has none of the labels, for messages about rows that state nothing; `None` for a
    /// task in which each row has a label.
    fn none_of_labels(_card: &Card) -> Option<String> {
        None
    }

    /// The example of a row, with the data set's label number. `id` is the row's number, from 0, among the
    /// rows of all files.
    ///
    /// # Errors
    /// The row has no label ([`ExampleProblem::NoLabel`], which [`load`](crate::load) counts), an unknown
    /// label, or no text.
    fn example(
        labels: &Self::Labels,
        card: &Card,
        id: u64,
        row: Row,
    ) -> Result<Self::Example, ExampleProblem>;

    /// The strata of an example, by the data set's label numbers: splits are cut and sampled so that each
    /// stratum has the same share of each split. Usually each label is a stratum; a task without labels has
    /// one stratum, 0.
    fn strata(_labels: &Self::Labels, _example: &Self::Example) -> Strata {
        Strata::One(0)
    }

    /// What else than its text ties an example to others: examples that share a key stay on one side where
    /// splits are cut. Pairs share their sentences, texts a document.
    fn keys(_example: &Self::Example) -> Vec<Cow<'_, str>> {
        Vec::new()
    }

    /// Sentences to show the user on faults of the splits after cutting and sampling: a label without
    /// examples, a text with two labels. Examples have the data set's label numbers.
    fn data_notes(_labels: &Self::Labels, _splits: &Splits<Self::Example>) -> Vec<String> {
        Vec::new()
    }

    /// The names of the labels in the data set's order: a checkpoint's head is loaded for these labels, or a
    /// new head gets them. `None` for a task without labels.
    fn label_names(labels: &Self::Labels) -> Option<&[String]>;

    /// The task of a data set's labels with the head that `config` describes. Pairs the data set's labels
    /// with the head's, for [`align_label`](Self::align_label) and [`labels`](Self::labels). `folder` is the
    /// checkpoint's folder, for messages. The loss has its default settings. A run may call `fit` several
    /// times.
    ///
    /// # Errors
    /// The data set and the checkpoint have different labels, or the head is for another kind of task. A task of
    /// classes asks [`BertConfig::check_classes`]; nothing else does before an evaluation.
    fn fit(labels: &Self::Labels, config: &BertConfig, folder: &Path) -> Result<Self, TaskError>;

    /// The task of a trained checkpoint without a data set: the labels are those of `config`, in the order of
    /// the head's outputs. `folder` is the checkpoint's folder, for messages.
    ///
    /// # Errors
    /// The head is for another kind of task.
    fn of_checkpoint(config: &BertConfig, folder: &Path) -> Result<Self, TaskError>;

    /// The tokenizer of a checkpoint's folder.
    ///
    /// # Errors
    /// The tokenizer can't be loaded.
    fn tokenizer(_config: &BertConfig, folder: &Path) -> Result<Tokenizer, TaskError> {
        Ok(Tokenizer::from_folder(folder).map_err(DataError::from)?)
    }

    /// The task with the loss that `settings` describe. `train` has the features of the training split, whose
    /// targets have the head's label numbers: class weights may follow from their counts.
    ///
    /// # Errors
    /// A setting does not fit the labels.
    fn with_loss(
        self,
        settings: &LossSettings,
        train: &EncodedDataset<Self::Target>,
    ) -> Result<Self, TaskError>;

    /// The names of the labels, in the order of the head's outputs; empty for a task without labels.
    fn labels(&self) -> &[String];

    /// The name of the positive label, which precision, recall and F1 are about; `None` where metrics are
    /// about all labels.
    fn positive(&self) -> Option<&str> {
        None
    }

    /// A warning where [`fit`](Self::fit) paired the data set's labels with the checkpoint's by order alone,
    /// as with a checkpoint that names no labels: the pairing may be wrong.
    fn pairing(&self) -> Option<&str> {
        None
    }

    /// All metrics of the task, in the order of display. The setting `metric` names one of these metrics.
    fn metrics(&self) -> Vec<MetricInfo>;

    /// The name of the metric by which the best weights are chosen, unless the settings name another one:
    /// [`METRIC`](Self::METRIC), but for a task whose data decide it.
    fn default_metric(&self) -> &'static str {
        Self::METRIC
    }

    /// Whether weights can be chosen by the metric of this name, one of [`metrics`](Self::metrics).
    fn chooses_by(&self, _metric: &str) -> bool {
        true
    }

    /// The names of the metrics that the log has for an evaluation, in the order of the log's line. A loss is
    /// called [`LOSS`](embert_run::LOSS): terminals and pages show it beside the training loss.
    fn logged_metrics(&self) -> Vec<String>;

    /// The sentences of a model card on the task and its loss; `escape` escapes a name for Markdown.
    fn card(&self, escape: &dyn Fn(&str) -> String) -> TaskCard;

    /// The number of examples (or what [`COUNTED`](Self::COUNTED) says) with each label, `[labels]`, by the label
    /// numbers that the examples have: a run passes the head's. `labels` is the number of labels. Empty for a task without labels.
    fn count_labels<'a>(labels: usize, examples: impl IntoIterator<Item = &'a Self::Example>) -> Vec<usize>;

    /// Whether an example has a label to train on and to evaluate with; true for a task without labels.
    fn is_labelled(example: &Self::Example) -> bool;

    /// Replaces the data set's label number of an example by the head's. Called exactly once for each example
    /// from [`example`](Self::example), before [`target`](Self::target).
    fn align_label(&self, example: Self::Example) -> Self::Example;

    /// The target of a feature of `example`, which has the head's label number. `encoding` has the feature's
    /// tokens: the special ones included, without padding.
    ///
    /// # Errors
    /// The example has no label.
    fn target(&self, example: &Self::Example, encoding: &Encoding) -> Result<Self::Target, TaskError>;

    /// The targets of all features of `example`, which are the `windows` of its text, in their order: one
    /// [`target`](Self::target) each, unless what windows share may be learnt from one of them alone.
    ///
    /// # Errors
    /// The example has no label.
    fn targets(&self, example: &Self::Example, windows: &[Encoding]) -> Result<Vec<Self::Target>, TaskError> {
        windows.iter().map(|window| self.target(example, window)).collect()
    }

    /// What [`decode`](Self::decode) has to know of the tokens of a feature of `example`. The example need not
    /// have a label.
    fn alignment(
        &self,
        example: &Self::Example,
        encoding: &Encoding,
        tokenizer: &Tokenizer,
    ) -> Self::Alignment;

    /// The total weight of features with these targets in the loss: the number of features, or the sum of
    /// their class weights. The weight of a step is the sum over its micro-batches.
    fn weight(&self, targets: &[Self::Target]) -> f64;

    /// The loss of a micro-batch: the sum of its features' weighted losses, divided by `divisor`. With the
    /// [`weight`](Self::weight) of all features of a step as the divisor, the losses of the step's
    /// micro-batches add up to the step's mean loss. Where all targets weigh 0, `divisor` is 0, and the loss
    /// must be 0, not NaN.
    ///
    /// # Shapes
    /// - `outputs`: `[rows, outputs]`, from [`Head::forward`]: a row for each feature, or, for a head that
    ///   reads all tokens, a row for each position, padding included
    /// - `layout`: the rows of each feature, as [`Layout::feature_rows`] finds them
    /// - `targets`: one for each feature, in the order of the batch
    /// - output: `[1]`
    fn loss(&self, outputs: Tensor<2>, layout: &Layout, targets: &[Self::Target], divisor: f64) -> Tensor<1>;

    /// The loss of a whole step, for a loss that compares the examples of a step with each other; `None` where a
    /// step's loss is the sum of its micro-batches'. It gets the outputs of all micro-batches, one after another,
    /// so that the loss does not depend on how the step is cut into them.
    fn step_loss(&self) -> Option<StepLoss<Self>> {
        None
    }

    /// A feature's share of a prediction, from the feature's outputs `[rows, outputs]`, row after row, as
    /// [`Outputs::of`](crate::Outputs::of) gives them: one row, or, for a head that reads all tokens, a row
    /// for each token, the special ones included, without padding.
    fn decode(&self, alignment: &Self::Alignment, outputs: &[f32]) -> Self::Part;

    /// The prediction for an example, from one part for each of its features, in the order of the text's
    /// windows.
    fn join(&self, example: &Self::Example, parts: Vec<Self::Part>) -> Self::Prediction;

    /// The task with what its [`baselines`](Self::baselines) learn from the training examples, whose labels
    /// have the head's numbers. By default a task has no baselines.
    #[must_use]
    fn with_baselines(self, _train: &[Self::Example]) -> Self {
        self
    }

    /// The scores of rules without a model on these labelled examples: a measure of what training has won.
    ///
    /// # Errors
    /// The rules' predictions can't be scored.
    fn baselines(&self, _examples: &[Self::Example]) -> Result<Vec<Baseline>, TaskError> {
        Ok(Vec::new())
    }

    /// The task with thresholds that are fitted on the validation split, of which `predictions` are the kept
    /// weights' predictions; `None` for a task without thresholds. Scorers of the result also score with
    /// these thresholds.
    fn fit_thresholds(
        &self,
        _validation: &[Self::Example],
        _predictions: &[Self::Prediction],
    ) -> Option<Self> {
        None
    }

    /// The task with the fitted thresholds of the checkpoint in `folder`, if it has any: for an evaluation of
    /// that checkpoint. A run begins without: they are its first weights' and, with a new head, other labels'.
    ///
    /// # Errors
    /// The thresholds can't be read, or are for other labels than the task's.
    fn with_thresholds_of(self, _folder: &Path) -> Result<Self, TaskError> {
        Ok(self)
    }

    /// The fitted thresholds, for `thresholds.json` of the checkpoint's folder, where
    /// [`with_thresholds_of`](Self::with_thresholds_of) and [`of_checkpoint`](Self::of_checkpoint) read them.
    fn thresholds(&self) -> Option<Thresholds> {
        None
    }

    /// A scorer without examples. Each evaluation of a split has a new scorer.
    ///
    /// # Errors
    /// The task's labels can't be scored, as where there are none but the metrics need labels.
    fn scorer(&self) -> Result<Self::Scorer, TaskError>;

    /// The values of the [`logged_metrics`](Self::logged_metrics), in their order. An undefined metric is
    /// absent.
    fn logged(&self, report: &Self::Report) -> Metrics;

    /// The values of all metrics in the order of [`metrics`](Self::metrics), and the detail for
    /// `scores.json`: metrics of single labels, averages and the confusion matrix, by the head's label
    /// numbers. An undefined metric is absent.
    fn scores(&self, report: &Self::Report) -> (Metrics, Detail);

    /// The line of `examples.jsonl` for an example of the split `split` (`validation` or `test`). `tokens`
    /// is the number of the example's tokens that the model read: tokens that were cut off don't count,
    /// tokens that windows share count once.
    fn record(
        &self,
        split: &str,
        example: &Self::Example,
        prediction: &Self::Prediction,
        tokens: usize,
    ) -> Self::Record;

    /// The answer that `predict` writes for an example. The example need not have a label.
    fn answer(&self, example: Self::Example, prediction: Self::Prediction) -> Self::Answer;
}

/// The loss of a micro-batch of whole texts, as [`Task::loss`] is that of features: the sum of the examples'
/// weighted losses, divided by the last argument. What the windows of an example say is pooled first as
/// [`Task::join`] pools it, so that training and evaluation mean the same prediction; an example of one window
/// has the loss that [`Task::loss`] gives it.
///
/// # Shapes
/// - outputs: `[rows, outputs]`, as in [`Task::loss`]
/// - layout: the rows of each feature, that is of each window
/// - windows: the features of each example, by their places in the batch: `[examples]` ranges that follow each
///   other
/// - targets: `[examples]`
/// - output: `[1]`
pub type PooledLoss<T> =
    fn(&T, Tensor<2>, &Layout, &[Range<usize>], &[<T as Task>::Target], f64) -> Tensor<1>;

/// The loss of a step, from the outputs of all of its features.
///
/// # Shapes
/// - outputs: `[rows, outputs]`
/// - features: the rows of each example's features, `[examples]` ranges that follow each other
/// - targets: `[examples]`
/// - the last argument is the step's [`weight`](Task::weight)
/// - output: `[1]`
pub type StepLoss<T> = fn(&T, Tensor<2>, &[Range<usize>], &[<T as Task>::Target], f64) -> Tensor<1>;

/// The target of a feature: the loss compares the feature's outputs with the target.
pub trait Target: Clone + fmt::Debug + Send + Sync + Unpin + 'static {
    /// The target as bytes, equal on every machine. A run's fingerprint hashes these bytes, so that a resumed
    /// run sees whether its data have changed.
    fn to_bytes(&self) -> Vec<u8>;
}

/// The head's number of a label.
impl Target for usize {
    fn to_bytes(&self) -> Vec<u8> {
        (*self as u64).to_le_bytes().into()
    }
}

/// Collects examples with their predictions, and computes metrics over all examples.
pub trait Scorer<T: Task> {
    /// Adds an example, whose label has the head's number, with its prediction. Called once for each example,
    /// in any order.
    ///
    /// # Errors
    /// The example has no label, or a number of the prediction is not finite. The scorer is then unchanged.
    fn add(&mut self, example: &T::Example, prediction: &T::Prediction) -> Result<(), TaskError>;

    /// Adds all examples of another scorer of the task.
    ///
    /// # Errors
    /// The other scorer is for other labels.
    fn merge(&mut self, other: Self) -> Result<(), TaskError>;

    /// The report on all added examples.
    fn finish(&self) -> T::Report;
}
