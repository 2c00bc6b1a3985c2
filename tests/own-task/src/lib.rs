//! A task that is not one of embert's: the number of tokens of a text.
//!
//! [`TextLength`] has a head of its own over the first token, targets that are numbers, no labels, and
//! metrics that no crate of embert knows. Its test trains the task, resumes a run, sweeps, reads the report
//! and predicts; none of the crates that do this know the task by name.

use std::path::Path;

use burn::module::Module;
use burn::nn::Linear;
use burn::tensor::{Tensor, TensorData};
use embert_data::tokenize::{Encoding, Tokenizer};
use embert_data::{Card, Columns, EncodedDataset, LoadedRows, Row};
use embert_model::{BertConfig, Head, HeadInput, Initializer, Layout, ProblemType, Reads};
use embert_run::{Better, Detail, MetricInfo, Metrics};
use embert_task::{
    CardMetric, ExampleProblem, LabelOptions, LossSettings, Scorer, Target, Task, TaskCard, TaskError,
};
use serde::Serialize;

/// The divisor of lengths, so that targets are about 1.
const SCALE: f32 = 32.0;

/// A linear layer over the first token's state, with one output.
#[derive(Module, Debug)]
pub struct LengthHead {
    /// The linear layer, `[hidden, 1]`.
    pub regressor: Linear,
}

impl Head for LengthHead {
    const ARCHITECTURE: &'static str = "BertForTextLength";
    const KEYS: Option<&'static str> = Some("regressor.");
    const READS: Reads = Reads::FirstToken;

    fn new(config: &BertConfig, init: &Initializer<'_>) -> Self {
        Self { regressor: init.linear(config.hidden_size, 1) }
    }

    fn forward(&self, input: HeadInput<'_>) -> Tensor<2> {
        self.regressor.forward(input.states)
    }
}

/// A text without a label.
pub type Text = embert_data::Example<()>;

/// Predicts the number of tokens of a text.
#[derive(Clone, Debug)]
pub struct TextLength;

/// The number of tokens of a feature.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Tokens(pub f32);

impl Target for Tokens {
    fn to_bytes(&self) -> Vec<u8> {
        self.0.to_le_bytes().into()
    }
}

/// A text with the predicted number of its tokens.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct TextWithLength {
    /// The text.
    pub text: String,
    /// The predicted number of tokens.
    pub tokens: f64,
}

/// The absolute differences of predictions from the number of words: the sample's vocabulary has a token for
/// each word that the test uses.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Errors {
    /// The number of examples.
    pub examples: usize,
    /// The sum of the absolute differences, in words.
    pub sum: f64,
}

impl Errors {
    fn mean(&self) -> f64 {
        self.sum / self.examples as f64
    }
}

impl Scorer<TextLength> for Errors {
    fn add(&mut self, example: &Text, prediction: &f64) -> Result<(), TaskError> {
        self.examples += 1;
        self.sum += (prediction - example.text.split_whitespace().count() as f64).abs();
        Ok(())
    }

    fn merge(&mut self, other: Self) -> Result<(), TaskError> {
        self.examples += other.examples;
        self.sum += other.sum;
        Ok(())
    }

    fn finish(&self) -> Self {
        self.clone()
    }
}

impl Task for TextLength {
    const NAME: &'static str = "text-length";
    const METRIC: &'static str = "mae";
    const PROBLEM_TYPE: Option<ProblemType> = None;

    type Head = LengthHead;
    type Example = Text;
    type Labels = ();
    type Target = Tokens;
    type Alignment = ();
    type Part = f64;
    type Prediction = f64;
    type Answer = TextWithLength;
    type Record = TextWithLength;
    type Scorer = Errors;
    type Report = Errors;

    fn columns(card: &Card) -> Columns {
        Columns::new().with_text(&card.columns.text)
    }

    fn label_column(_card: &Card) -> Option<&str> {
        None
    }

    fn read_labels(
        _card: &Card,
        _rows: &LoadedRows,
        _skip_bad_rows: bool,
        _options: &LabelOptions,
    ) -> Result<((), Vec<String>), TaskError> {
        Ok(((), Vec::new()))
    }

    fn example((): &(), card: &Card, id: u64, row: Row) -> Result<Text, ExampleProblem> {
        Ok(Text::from_row(id, row, &card.columns.text, None, ())?)
    }

    fn label_names((): &()) -> Option<&[String]> {
        None
    }

    fn fit((): &(), _config: &BertConfig, _folder: &Path) -> Result<Self, TaskError> {
        Ok(Self)
    }

    fn of_checkpoint(_config: &BertConfig, _folder: &Path) -> Result<Self, TaskError> {
        Ok(Self)
    }

    fn with_loss(self, _settings: &LossSettings, _train: &EncodedDataset<Tokens>) -> Result<Self, TaskError> {
        Ok(self)
    }

    fn labels(&self) -> &[String] {
        &[]
    }

    fn metrics(&self) -> Vec<MetricInfo> {
        let info = |name: &str, title: &str| MetricInfo {
            name: name.to_owned(),
            title: title.to_owned(),
            better: Better::Lower,
            headline: true,
        };
        vec![info("mae", "Mean absolute error")]
    }

    fn logged_metrics(&self) -> Vec<String> {
        vec!["mae".to_owned()]
    }

    fn card(&self, _escape: &dyn Fn(&str) -> String) -> TaskCard {
        let (name, heading) = ("mae".to_owned(), "mean absolute error".to_owned());
        TaskCard {
            title: "Text Length",
            purpose: "It says how many words a text has.".to_owned(),
            pipeline_call: "",
            pipeline_call_of_pairs: "",
            python: "",
            over_windows: "as the mean over windows",
            metrics: vec![CardMetric { name, heading, indexed: None }],
            about_metrics: "The error is in words.".to_owned(),
            about_loss: None,
        }
    }

    fn count_labels<'a>(_labels: usize, _examples: impl IntoIterator<Item = &'a Text>) -> Vec<usize> {
        Vec::new()
    }

    fn is_labelled(_example: &Text) -> bool {
        true
    }

    fn align_label(&self, example: Text) -> Text {
        example
    }

    fn target(&self, _example: &Text, encoding: &Encoding) -> Result<Tokens, TaskError> {
        Ok(Tokens(encoding.untruncated_length as f32 / SCALE))
    }

    fn alignment(&self, _example: &Text, _encoding: &Encoding, _tokenizer: &Tokenizer) {}

    fn weight(&self, targets: &[Tokens]) -> f64 {
        targets.len() as f64
    }

    fn loss(&self, outputs: Tensor<2>, _layout: &Layout, targets: &[Tokens], divisor: f64) -> Tensor<1> {
        let values: Vec<f32> = targets.iter().map(|target| target.0).collect();
        let targets = Tensor::from_data(TensorData::new(values, [targets.len(), 1]), &outputs.device());
        (outputs - targets).square().sum() / divisor
    }

    fn decode(&self, (): &(), outputs: &[f32]) -> f64 {
        f64::from(outputs[0] * SCALE)
    }

    fn join(&self, _example: &Text, parts: Vec<f64>) -> f64 {
        parts.iter().sum::<f64>() / parts.len() as f64
    }

    fn scorer(&self) -> Result<Errors, TaskError> {
        Ok(Errors::default())
    }

    fn logged(&self, report: &Errors) -> Metrics {
        [("mae", report.mean())].into_iter().collect()
    }

    fn scores(&self, report: &Errors) -> (Metrics, Detail) {
        (self.logged(report), Detail::default())
    }

    fn record(&self, _split: &str, example: &Text, prediction: &f64, _tokens: usize) -> TextWithLength {
        self.answer(example.clone(), *prediction)
    }

    fn answer(&self, example: Text, prediction: f64) -> TextWithLength {
        TextWithLength { text: example.text, tokens: prediction }
    }
}
