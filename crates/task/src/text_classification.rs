//! [`TextClassification`]: one label for each text, or for each pair of texts.

mod card;
mod class_scores;
mod example;
mod labelled_text;
mod notes;
mod scores;

use std::borrow::Cow;
use std::path::Path;
use std::sync::Arc;

use burn::tensor::Tensor;
use embert_data::tokenize::{Encoding, Tokenizer};
use embert_data::{Card, EncodedDataset, LoadedRows, LocatedRow, Row, SplitKind, Splits, Strata};
use embert_metrics::{Accumulator, Average, Metric, NamedMetric as _, Report, WindowMean, softmax};
use embert_model::{BertConfig, HeadFunction, Layout, ProblemType, SequenceClassificationHead};
use embert_run::{Detail, MetricInfo, Metrics, TEXT_CLASSIFICATION};

pub use self::class_scores::ClassScores;
pub use self::example::TextExample;
pub use self::labelled_text::LabelledText;
use crate::card_keys::refuse_keys_of_several;
use crate::named_scores::{logged, logged_names, shown};
use crate::outputs::sigmoid;
use crate::pairs::{example_of_row, of_document};
use crate::{
    CrossEntropy, ExampleProblem, LabelColumn, LabelMapping, LabelOptions, Labels, LossSettings, PooledLoss,
    Scorer, Task, TaskCard, TaskError,
};

/// One label for each text, or for each pair of texts (Devlin et al. 2018, section 4.1): a linear layer over
/// the pooled first token, cross-entropy, and metrics of the most probable label.
#[derive(Clone, Debug)]
pub struct TextClassification {
    /// The labels' names, in the order of the head's outputs.
    labels: Arc<[String]>,
    /// The function that turns the head's outputs into scores: a softmax, unless another program trained the
    /// checkpoint.
    function: HeadFunction,
    average: Average,
    /// From the data set's label numbers to the head's.
    mapping: Option<LabelMapping>,
    loss: CrossEntropy,
}

impl TextClassification {
    /// The task with these labels, in the order of the head's outputs, each with weight 1. Of two labels the
    /// second is positive.
    pub fn new(labels: Vec<String>) -> Self {
        let positive = labels.len().saturating_sub(1);
        Self::with_function(labels, positive, HeadFunction::Softmax)
    }

    fn with_function(labels: Vec<String>, positive: usize, function: HeadFunction) -> Self {
        Self {
            average: if labels.len() == 2 { Average::Binary { positive } } else { Average::Macro },
            loss: CrossEntropy::new(vec![1.0; labels.len()], 0.0),
            labels: labels.into(),
            function,
            mapping: None,
        }
    }

    /// The weight of each label in the loss, in the order of the head's outputs.
    pub fn class_weights(&self) -> &[f32] {
        self.loss.class_weights()
    }

    /// The function that turns the head's outputs into scores.
    pub fn function(&self) -> HeadFunction {
        self.function
    }
}

impl Task for TextClassification {
    const NAME: &'static str = TEXT_CLASSIFICATION;
    const METRIC: &'static str = Metric::DEFAULT;
    const PROBLEM_TYPE: Option<ProblemType> = Some(ProblemType::SingleLabelClassification);
    const KEY: &'static str = "a document";
    const POOLED_LOSS: Option<PooledLoss<Self>> =
        Some(|task, outputs, _layout, windows, targets, divisor| {
            task.loss.forward_pooled(outputs, windows, targets, divisor)
        });

    type Head = SequenceClassificationHead;
    type Example = TextExample;
    type Labels = Labels;
    type Target = usize;
    type Alignment = ();
    type Part = ClassScores;
    type Prediction = ClassScores;
    type Answer = LabelledText;
    type Record = embert_run::Example;
    type Scorer = ClassificationScorer;
    type Report = Report;

    fn read_labels(
        card: &Card,
        rows: &LoadedRows,
        skip_bad_rows: bool,
        options: &LabelOptions,
    ) -> Result<(Labels, Vec<String>), TaskError> {
        options.refuse()?;
        refuse_keys_of_several(card)?;
        let mut column = LabelColumn::default();
        for (split, _) in rows.splits.iter().zip(rows.used()).filter(|(_, used)| *used) {
            for file in &split.files {
                column.add_file(&file.path, file.class_names.as_deref());
            }
            for LocatedRow { location, row, .. } in &split.rows {
                column.add(row.get(&card.columns.label), location, split.split == SplitKind::Train);
            }
        }
        let mut labels = column.decide(card, skip_bad_rows)?;
        let notes = std::mem::take(&mut labels.notes);
        Ok((labels, notes))
    }

    fn check_labels(labels: &Labels, path: &Path) -> Result<(), TaskError> {
        if labels.set.len() < 2 {
            return Err(TaskError::TooFewLabels {
                path: path.to_owned(),
                found: labels.set.names().to_vec(),
            });
        }
        Ok(())
    }

    fn example(labels: &Labels, card: &Card, id: u64, row: Row) -> Result<TextExample, ExampleProblem> {
        let value = row.get(&card.columns.label);
        let Some(label) = labels.index(value)? else {
            return Err(ExampleProblem::NoLabel { minus_one: labels.is_minus_one(value) });
        };
        Ok(example_of_row(card, id, row, Some(label))?)
    }

    fn strata(_labels: &Labels, example: &TextExample) -> Strata {
        Strata::One(example.label.map_or(0, |label| label + 1))
    }

    /// The document.
    fn keys(example: &TextExample) -> Vec<Cow<'_, str>> {
        of_document(example).into_iter().collect()
    }

    fn data_notes(labels: &Labels, splits: &Splits<TextExample>) -> Vec<String> {
        notes::notes(splits, &labels.set)
    }

    fn label_names(labels: &Labels) -> Option<&[String]> {
        Some(labels.set.names())
    }

    fn fit(labels: &Labels, config: &BertConfig, folder: &Path) -> Result<Self, TaskError> {
        let labels = &labels.set;
        config.check_classes(folder, labels.names())?;
        let mapping = labels.reconcile(&config.id2label)?;
        let positive = mapping.id(labels.positive());
        let task = Self::with_function(
            labels.names_of_head(&mapping, &config.id2label),
            positive,
            HeadFunction::Softmax,
        );
        Ok(Self { mapping: Some(mapping), ..task })
    }

    fn of_checkpoint(config: &BertConfig, _folder: &Path) -> Result<Self, TaskError> {
        let labels = config.id2label.clone();
        let positive = labels.len().saturating_sub(1);
        Ok(Self::with_function(labels, positive, config.head_function()))
    }

    fn with_loss(self, settings: &LossSettings, train: &EncodedDataset<usize>) -> Result<Self, TaskError> {
        settings
            .pos_weight
            .refuse("pos_weight", "it is for several labels a text; class_weights weighs labels")?;
        let mut counts = vec![0; self.labels.len()];
        for target in train.targets_of_examples() {
            counts[*target] += 1;
        }
        let weights = settings.class_weights.resolve(&self.labels, &counts)?;
        Ok(Self { loss: CrossEntropy::new(weights, settings.label_smoothing), ..self })
    }

    fn labels(&self) -> &[String] {
        &self.labels
    }

    fn positive(&self) -> Option<&str> {
        match self.average {
            Average::Binary { positive } => self.labels.get(positive).map(String::as_str),
            _ => None,
        }
    }

    fn pairing(&self) -> Option<&str> {
        self.mapping.as_ref()?.pairing()
    }

    fn metrics(&self) -> Vec<MetricInfo> {
        shown::<Metric>()
    }

    fn logged_metrics(&self) -> Vec<String> {
        logged_names::<Metric>()
    }

    fn card(&self, escape: &dyn Fn(&str) -> String) -> TaskCard {
        card::card(&self.labels, self.average, &self.loss, escape)
    }

    fn count_labels<'a>(labels: usize, examples: impl IntoIterator<Item = &'a TextExample>) -> Vec<usize> {
        let mut counts = vec![0; labels];
        for label in examples.into_iter().filter_map(|example| example.label) {
            counts[label] += 1;
        }
        counts
    }

    fn is_labelled(example: &TextExample) -> bool {
        example.label.is_some()
    }

    fn align_label(&self, mut example: TextExample) -> TextExample {
        if let Some(mapping) = &self.mapping {
            example.label = example.label.map(|label| mapping.id(label));
        }
        example
    }

    fn target(&self, example: &TextExample, _encoding: &Encoding) -> Result<usize, TaskError> {
        example.label.ok_or(TaskError::Unlabelled { id: example.id })
    }

    fn alignment(&self, _example: &TextExample, _encoding: &Encoding, _tokenizer: &Tokenizer) {}

    fn weight(&self, targets: &[usize]) -> f64 {
        self.loss.total_weight(targets)
    }

    fn loss(&self, outputs: Tensor<2>, _layout: &Layout, targets: &[usize], divisor: f64) -> Tensor<1> {
        self.loss.forward(outputs, targets, divisor)
    }

    fn decode(&self, (): &(), outputs: &[f32]) -> ClassScores {
        ClassScores::new(match self.function {
            HeadFunction::Softmax => softmax(outputs),
            HeadFunction::Sigmoid => outputs.iter().map(|&output| sigmoid(output)).collect(),
            HeadFunction::Identity => outputs.iter().map(|&output| f64::from(output)).collect(),
        })
    }

    /// The mean of the scores over the windows.
    fn join(&self, _example: &TextExample, parts: Vec<ClassScores>) -> ClassScores {
        let mut mean = WindowMean::default();
        for part in &parts {
            mean.add(part.scores());
        }
        ClassScores::new(mean.finish())
    }

    fn scorer(&self) -> Result<ClassificationScorer, TaskError> {
        Ok(ClassificationScorer(Accumulator::new(self.labels.len(), self.average)?))
    }

    fn logged(&self, report: &Report) -> Metrics {
        logged::<Metric>(report)
    }

    fn scores(&self, report: &Report) -> (Metrics, Detail) {
        scores::scores(report)
    }

    fn record(
        &self,
        split: &str,
        example: &TextExample,
        prediction: &ClassScores,
        tokens: usize,
    ) -> embert_run::Example {
        embert_run::Example {
            split: split.to_owned(),
            id: example.id,
            text: example.text.clone(),
            text_pair: example.text_pair.clone(),
            // Only labelled examples are evaluated.
            label: example.label.unwrap_or_default(),
            probabilities: prediction.scores().to_vec(),
            tokens,
        }
    }

    fn answer(&self, example: TextExample, prediction: ClassScores) -> LabelledText {
        let TextExample { text, text_pair, .. } = example;
        LabelledText::new(text, text_pair, Arc::clone(&self.labels), self.function, prediction)
    }
}

/// Metrics of the most probable label, over all examples.
#[derive(Clone, Debug)]
pub struct ClassificationScorer(Accumulator);

impl Scorer<TextClassification> for ClassificationScorer {
    /// Adds the example with the cross-entropy of its prediction in nats, without class weights: an example
    /// counts once, however many windows it has.
    fn add(&mut self, example: &TextExample, prediction: &ClassScores) -> Result<(), TaskError> {
        let target = example.label.ok_or(TaskError::Unlabelled { id: example.id })?;
        // The accumulator refuses a target beyond the scores.
        let probability = prediction.scores().get(target).copied().unwrap_or_default();
        let loss = -probability.max(f64::MIN_POSITIVE).ln();
        Ok(self.0.add(target, prediction.scores(), loss)?)
    }

    fn merge(&mut self, other: Self) -> Result<(), TaskError> {
        Ok(self.0.merge(other.0)?)
    }

    fn finish(&self) -> Report {
        self.0.report()
    }
}

#[cfg(test)]
mod tests;
