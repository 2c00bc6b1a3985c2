//! [`TextRegression`]: a number for each text, or for each pair of texts.

mod answer;
mod card;
mod number;
mod scorer;

use std::borrow::Cow;
use std::path::Path;

use burn::tensor::{Tensor, TensorData};
use embert_data::tokenize::{Encoding, Tokenizer};
use embert_data::{Card, EncodedDataset, Example, LoadedRows, Row, Strata};
use embert_metrics::{
    NamedMetric as _, RegressionAccumulator, RegressionMetric, RegressionReport, WindowMean, mean,
};
use embert_model::{BertConfig, HeadFunction, Layout, ProblemType, SequenceClassificationHead};
use embert_run::{Baseline, Detail, MetricInfo, Metrics, ScoredExample, TEXT_CLASSIFICATION};

pub use self::answer::ScoredText;
pub use self::number::Numbers;
pub(crate) use self::number::{is_number, of as number_of, read as read_numbers};
pub use self::scorer::RegressionScorer;
use crate::card_keys::{refuse, refuse_keys_of_several};
use crate::named_scores::{logged, logged_names, shown, values};
use crate::outputs::sigmoid;
use crate::pairs::{example_of_row, sentences};
use crate::pooled::mean as mean_of_windows;
use crate::{
    ExampleProblem, LabelOptions, LossSettings, PooledLoss, Scorer, Target, Task, TaskCard, TaskError,
};

/// A text, or a pair of texts, with its number; `None` for an example to predict.
pub type NumberedText = Example<Option<f64>>;

/// A number for each text, or for each pair of texts, as the similarity of two sentences: a linear layer over
/// the pooled first token with one output, on the scale of the data, and the mean squared error.
#[derive(Clone, Debug)]
pub struct TextRegression {
    /// The function on the output: none, unless another program trained the checkpoint with a sigmoid.
    function: HeadFunction,
    /// The mean of the training split's numbers.
    mean: Option<f64>,
}

/// The number of a feature.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct NumberTarget(pub f64);

impl Target for NumberTarget {
    fn to_bytes(&self) -> Vec<u8> {
        self.0.to_le_bytes().into()
    }
}

impl Task for TextRegression {
    const NAME: &'static str = TEXT_CLASSIFICATION;
    const METRIC: &'static str = RegressionMetric::DEFAULT;
    const PROBLEM_TYPE: Option<ProblemType> = Some(ProblemType::Regression);
    const KEY: &'static str = "a sentence or a document";
    /// The squared errors of the mean over each example's windows.
    const POOLED_LOSS: Option<PooledLoss<Self>> = Some(|task, outputs, layout, windows, targets, divisor| {
        task.loss(mean_of_windows(outputs, windows), layout, targets, divisor)
    });

    type Head = SequenceClassificationHead;
    type Example = NumberedText;
    type Labels = Numbers;
    type Target = NumberTarget;
    type Alignment = ();
    type Part = f64;
    type Prediction = f64;
    type Answer = ScoredText;
    type Record = ScoredExample;
    type Scorer = RegressionScorer;
    type Report = RegressionReport;

    fn read_labels(
        card: &Card,
        rows: &LoadedRows,
        skip_bad_rows: bool,
        options: &LabelOptions,
    ) -> Result<(Numbers, Vec<String>), TaskError> {
        options.refuse()?;
        refuse_keys_of_several(card)?;
        refuse(
            card,
            &[("labels", !card.labels.is_empty())],
            "regression predicts a number, which is no class",
        )?;
        Ok((number::read(card, rows, skip_bad_rows)?, Vec::new()))
    }

    #[allow(clippy::float_cmp, reason = "-1 is exact")]
    fn example(numbers: &Numbers, card: &Card, id: u64, row: Row) -> Result<NumberedText, ExampleProblem> {
        let is_none = |number: &f64| numbers.minus_one_is_none && *number == -1.0;
        let number = match number::of(row.get(&card.columns.label))? {
            None => return Err(ExampleProblem::NoLabel { minus_one: false }),
            Some(number) if is_none(&number) => return Err(ExampleProblem::NoLabel { minus_one: true }),
            Some(number) => number,
        };
        Ok(example_of_row(card, id, row, Some(number))?)
    }

    /// The tenth of the training numbers that the example's is in, so that each split has small and large
    /// numbers alike.
    fn strata(numbers: &Numbers, example: &NumberedText) -> Strata {
        let number = example.label.unwrap_or_default();
        Strata::One(numbers.borders.partition_point(|border| *border <= number))
    }

    /// The sentences of a pair, and the document.
    fn keys(example: &NumberedText) -> Vec<Cow<'_, str>> {
        sentences(example)
    }

    fn label_names(_numbers: &Numbers) -> Option<&[String]> {
        None
    }

    fn fit(_numbers: &Numbers, config: &BertConfig, folder: &Path) -> Result<Self, TaskError> {
        config.check_problem(folder, ProblemType::Regression, None)?;
        Self::of_checkpoint(config, folder)
    }

    fn of_checkpoint(config: &BertConfig, folder: &Path) -> Result<Self, TaskError> {
        let function = config.head_function();
        if config.num_labels() != 1 || function == HeadFunction::Softmax {
            return Err(TaskError::OtherHead {
                folder: folder.to_owned(),
                found: format!("{} labels ({function})", config.num_labels()),
                wanted: "one output, a number",
            });
        }
        Ok(Self { function, mean: None })
    }

    fn with_loss(
        self,
        settings: &LossSettings,
        _train: &EncodedDataset<NumberTarget>,
    ) -> Result<Self, TaskError> {
        let instead = "a number has no classes";
        settings.class_weights.refuse("class_weights", instead)?;
        settings.pos_weight.refuse("pos_weight", instead)?;
        settings.refuse_label_smoothing(instead)?;
        // The loss is of the head's own output.
        Ok(Self { function: HeadFunction::Identity, ..self })
    }

    fn labels(&self) -> &[String] {
        &[]
    }

    fn metrics(&self) -> Vec<MetricInfo> {
        shown::<RegressionMetric>()
    }

    fn logged_metrics(&self) -> Vec<String> {
        logged_names::<RegressionMetric>()
    }

    fn card(&self, _escape: &dyn Fn(&str) -> String) -> TaskCard {
        card::card()
    }

    fn count_labels<'a>(_labels: usize, _examples: impl IntoIterator<Item = &'a NumberedText>) -> Vec<usize> {
        Vec::new()
    }

    fn is_labelled(example: &NumberedText) -> bool {
        example.label.is_some()
    }

    fn align_label(&self, example: NumberedText) -> NumberedText {
        example
    }

    fn target(&self, example: &NumberedText, _encoding: &Encoding) -> Result<NumberTarget, TaskError> {
        example.label.map(NumberTarget).ok_or(TaskError::Unlabelled { id: example.id })
    }

    fn alignment(&self, _example: &NumberedText, _encoding: &Encoding, _tokenizer: &Tokenizer) {}

    /// The number of features.
    fn weight(&self, targets: &[NumberTarget]) -> f64 {
        targets.len() as f64
    }

    /// The squared errors: PyTorch's `MSELoss`.
    fn loss(
        &self,
        outputs: Tensor<2>,
        _layout: &Layout,
        targets: &[NumberTarget],
        divisor: f64,
    ) -> Tensor<1> {
        let numbers: Vec<f32> = targets.iter().map(|target| target.0 as f32).collect();
        let numbers = Tensor::from_data(TensorData::new(numbers, [targets.len(), 1]), &outputs.device());
        let divisor = if divisor > 0.0 { divisor } else { 1.0 };
        (outputs - numbers).square().sum() / divisor
    }

    fn decode(&self, (): &(), outputs: &[f32]) -> f64 {
        match self.function {
            HeadFunction::Sigmoid => sigmoid(outputs[0]),
            HeadFunction::Identity | HeadFunction::Softmax => f64::from(outputs[0]),
        }
    }

    /// The mean of the numbers over the windows.
    fn join(&self, _example: &NumberedText, parts: Vec<f64>) -> f64 {
        let mut mean = WindowMean::default();
        for part in parts {
            mean.add(&[part]);
        }
        mean.finish()[0]
    }

    fn with_baselines(self, train: &[NumberedText]) -> Self {
        let numbers: Vec<f64> = train.iter().filter_map(|example| example.label).collect();
        Self { mean: mean(&numbers), ..self }
    }

    fn baselines(&self, examples: &[NumberedText]) -> Result<Vec<Baseline>, TaskError> {
        let Some(mean) = self.mean else { return Ok(Vec::new()) };
        let mut scores = RegressionAccumulator::default();
        for example in examples {
            scores.add(example.label.ok_or(TaskError::Unlabelled { id: example.id })?, mean)?;
        }
        let name = format!("always {mean:.4}, the mean of the training split");
        let metrics = values(&scores.report(), RegressionMetric::displayed());
        Ok(vec![Baseline { name, metrics }])
    }

    fn scorer(&self) -> Result<RegressionScorer, TaskError> {
        Ok(RegressionScorer::default())
    }

    fn logged(&self, report: &RegressionReport) -> Metrics {
        logged::<RegressionMetric>(report)
    }

    fn scores(&self, report: &RegressionReport) -> (Metrics, Detail) {
        (values(report, RegressionMetric::displayed()), Detail::default())
    }

    fn record(&self, split: &str, example: &NumberedText, prediction: &f64, tokens: usize) -> ScoredExample {
        ScoredExample {
            split: split.to_owned(),
            id: example.id,
            text: example.text.clone(),
            text_pair: example.text_pair.clone(),
            score: example.label.unwrap_or_default(),
            predicted: *prediction,
            tokens,
        }
    }

    fn answer(&self, example: NumberedText, prediction: f64) -> ScoredText {
        ScoredText { text: example.text, text_pair: example.text_pair, score: prediction }
    }
}

impl Scorer<TextRegression> for RegressionScorer {
    fn add(&mut self, example: &NumberedText, prediction: &f64) -> Result<(), TaskError> {
        let number = example.label.ok_or(TaskError::Unlabelled { id: example.id })?;
        Ok(self.0.add(number, *prediction)?)
    }

    fn merge(&mut self, other: Self) -> Result<(), TaskError> {
        self.0.merge(other.0);
        Ok(())
    }

    fn finish(&self) -> RegressionReport {
        self.0.report()
    }
}

#[cfg(test)]
mod tests;
