//! [`MultiLabelClassification`]: any number of labels for each text, or for each pair of texts.

mod answer;
mod card;
mod labels;
mod scorer;
mod scores;

use std::borrow::Cow;
use std::path::Path;
use std::sync::Arc;

use burn::tensor::Tensor;
use embert_data::tokenize::{Encoding, Tokenizer};
use embert_data::{Card, Columns, EncodedDataset, Example, LoadedRows, Row, Splits, Strata};
use embert_metrics::{
    MultiLabelAccumulator, MultiLabelMetric, NamedMetric as _, WindowMean, fit_thresholds,
    most_frequent_labels,
};
use embert_model::{BertConfig, HeadFunction, Layout, ProblemType, SequenceClassificationHead};
use embert_run::{
    Baseline, Detail, FORMAT, MetricInfo, Metrics, MultiLabelExample, TEXT_CLASSIFICATION, Thresholds,
};

pub use self::answer::LabelledTexts;
pub use self::labels::LabelSets;
pub(crate) use self::labels::{SEPARATORS, is_no_indicator, truth as indicator};
pub use self::scorer::{MultiLabelOutcome, MultiLabelScorer};
use crate::binary_cross_entropy::BinaryCrossEntropy;
use crate::card_keys::refuse;
use crate::labels::problem::few;
use crate::named_scores::{logged, logged_names, shown, values};
use crate::outputs::sigmoid;
use crate::pairs::{example_of_row, sentences};
use crate::{
    ExampleProblem, LabelMapping, LabelOptions, LossSettings, PooledLoss, Scorer, Target, Task, TaskCard,
    TaskError,
};

/// A text, or a pair of texts, with the numbers of its labels, ascending; `None` for an example to predict.
pub type MultiLabelText = Example<Option<Vec<usize>>>;

/// Any number of labels for each text, or for each pair of texts: a linear layer over the pooled first token
/// with a sigmoid for each label, and the binary cross-entropy of each label.
///
/// A text has the labels whose probability is at least their threshold: 0.5, or what a run has fitted on its
/// validation split.
#[derive(Clone, Debug)]
pub struct MultiLabelClassification {
    /// The labels' names, in the order of the head's outputs.
    labels: Arc<[String]>,
    /// From the data set's label numbers to the head's.
    mapping: Option<LabelMapping>,
    loss: BinaryCrossEntropy,
    /// The fitted threshold of each label.
    fitted: Option<Arc<[f64]>>,
    /// The labels that most training texts have, as many as a training text has on average.
    frequent: Option<Arc<[bool]>>,
}

/// Whether a text has each label, `[labels]`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LabelTarget(pub Box<[bool]>);

impl Target for LabelTarget {
    fn to_bytes(&self) -> Vec<u8> {
        self.0.iter().map(|has| u8::from(*has)).collect()
    }
}

impl MultiLabelClassification {
    /// The task with these labels, in the order of the head's outputs, each with the threshold 0.5.
    pub fn new(labels: Vec<String>) -> Self {
        let loss = BinaryCrossEntropy::new(vec![1.0; labels.len()]);
        Self { labels: labels.into(), mapping: None, loss, fitted: None, frequent: None }
    }

    /// Whether a text has each label.
    fn truth(&self, labels: &[usize]) -> Box<[bool]> {
        let mut truth = vec![false; self.labels.len()].into_boxed_slice();
        for label in labels {
            truth[*label] = true;
        }
        truth
    }
}

impl Task for MultiLabelClassification {
    const NAME: &'static str = TEXT_CLASSIFICATION;
    const METRIC: &'static str = MultiLabelMetric::DEFAULT;
    const PROBLEM_TYPE: Option<ProblemType> = Some(ProblemType::MultiLabelClassification);
    const KEY: &'static str = "a sentence or a document";
    const POOLED_LOSS: Option<PooledLoss<Self>> =
        Some(|task, outputs, _layout, windows, targets, divisor| {
            let truths = targets.iter().map(|target| &*target.0);
            task.loss.forward_pooled(outputs, windows, truths, divisor)
        });

    type Head = SequenceClassificationHead;
    type Example = MultiLabelText;
    type Labels = LabelSets;
    type Target = LabelTarget;
    type Alignment = ();
    type Part = Vec<f64>;
    /// The probability of each label, `[labels]`.
    type Prediction = Vec<f64>;
    type Answer = LabelledTexts;
    type Record = MultiLabelExample;
    type Scorer = MultiLabelScorer;
    type Report = MultiLabelOutcome;

    fn columns(card: &Card) -> Columns {
        let texts = Columns::from(&card.columns);
        if card.label_columns.is_empty() {
            return texts;
        }
        let texts = texts.without(&card.columns.label);
        card.label_columns.iter().fold(texts, Columns::with_label)
    }

    fn label_column(card: &Card) -> Option<&str> {
        Some(card.label_columns.first().unwrap_or(&card.columns.label))
    }

    fn read_labels(
        card: &Card,
        rows: &LoadedRows,
        skip_bad_rows: bool,
        options: &LabelOptions,
    ) -> Result<(LabelSets, Vec<String>), TaskError> {
        options.refuse()?;
        refuse(card, &[("positive", card.positive.is_some())], "a text has each of several labels or not")?;
        LabelSets::read(card, rows, skip_bad_rows)
    }

    fn check_labels(labels: &LabelSets, path: &Path) -> Result<(), TaskError> {
        if labels.labels.set.is_empty() {
            return Err(TaskError::NoLabels { path: path.to_owned() });
        }
        Ok(())
    }

    fn none_of_labels(card: &Card) -> Option<String> {
        if card.label_columns.is_empty() {
            let separator = labels::separator(card);
            return Some(format!(
                "a text with none of the labels has an empty list, or in CSV the separator alone, {separator:?}"
            ));
        }
        Some("a text with none of the labels has 0 in each label's column".to_owned())
    }

    fn example(labels: &LabelSets, card: &Card, id: u64, row: Row) -> Result<MultiLabelText, ExampleProblem> {
        let Some(of_row) = labels.of_row(card, &row)? else {
            return Err(ExampleProblem::NoLabel { minus_one: false });
        };
        Ok(example_of_row(card, id, row, Some(of_row))?)
    }

    fn strata(_labels: &LabelSets, example: &MultiLabelText) -> Strata {
        Strata::Many(example.label.clone().unwrap_or_default())
    }

    /// The sentences of a pair, and the document.
    fn keys(example: &MultiLabelText) -> Vec<Cow<'_, str>> {
        sentences(example)
    }

    fn data_notes(labels: &LabelSets, splits: &Splits<MultiLabelText>) -> Vec<String> {
        let names = labels.labels.set.names();
        let counts = Self::count_labels(names.len(), &splits.train);
        let lacking: Vec<&String> =
            names.iter().zip(counts).filter(|(_, count)| *count == 0).map(|(name, _)| name).collect();
        (!lacking.is_empty() && !splits.train.is_empty())
            .then(|| format!("the training split has no example with the label(s) {}", few(&lacking)))
            .into_iter()
            .collect()
    }

    fn label_names(labels: &LabelSets) -> Option<&[String]> {
        Some(labels.labels.set.names())
    }

    fn fit(labels: &LabelSets, config: &BertConfig, folder: &Path) -> Result<Self, TaskError> {
        let set = &labels.labels.set;
        config.check_problem(folder, ProblemType::MultiLabelClassification, Some(set.names()))?;
        let mapping = set.reconcile(&config.id2label)?;
        let names = set.names_of_head(&mapping, &config.id2label);
        Ok(Self { mapping: Some(mapping), ..Self::new(names) })
    }

    fn of_checkpoint(config: &BertConfig, folder: &Path) -> Result<Self, TaskError> {
        if config.head_function() != HeadFunction::Sigmoid {
            return Err(TaskError::OtherHead {
                folder: folder.to_owned(),
                found: format!("{} labels ({})", config.num_labels(), config.head_function()),
                wanted: "a sigmoid for each of several labels",
            });
        }
        Self::new(config.id2label.clone()).with_thresholds_of(folder)
    }

    fn with_loss(
        self,
        settings: &LossSettings,
        train: &EncodedDataset<LabelTarget>,
    ) -> Result<Self, TaskError> {
        let instead = "a text may have several labels; pos_weight weighs the texts that have a label";
        settings.class_weights.refuse("class_weights", instead)?;
        settings.refuse_label_smoothing("several labels a text share no probability")?;
        let mut positives = vec![0; self.labels.len()];
        for target in train.targets_of_examples() {
            target.0.iter().zip(&mut positives).for_each(|(has, count)| *count += usize::from(*has));
        }
        let weights = settings.pos_weight.resolve_positive(&self.labels, &positives, train.examples())?;
        Ok(Self { loss: BinaryCrossEntropy::new(weights), ..self })
    }

    fn labels(&self) -> &[String] {
        &self.labels
    }

    fn pairing(&self) -> Option<&str> {
        self.mapping.as_ref()?.pairing()
    }

    fn metrics(&self) -> Vec<MetricInfo> {
        shown::<MultiLabelMetric>()
    }

    fn logged_metrics(&self) -> Vec<String> {
        logged_names::<MultiLabelMetric>()
    }

    fn card(&self, _escape: &dyn Fn(&str) -> String) -> TaskCard {
        card::card(self.labels.len(), self.fitted.is_some(), &self.loss)
    }

    fn count_labels<'a>(labels: usize, examples: impl IntoIterator<Item = &'a MultiLabelText>) -> Vec<usize> {
        let mut counts = vec![0; labels];
        for label in examples.into_iter().flat_map(|example| example.label.iter().flatten()) {
            counts[*label] += 1;
        }
        counts
    }

    fn is_labelled(example: &MultiLabelText) -> bool {
        example.label.is_some()
    }

    fn align_label(&self, mut example: MultiLabelText) -> MultiLabelText {
        if let (Some(mapping), Some(labels)) = (&self.mapping, &mut example.label) {
            for label in labels.iter_mut() {
                *label = mapping.id(*label);
            }
            labels.sort_unstable();
        }
        example
    }

    fn target(&self, example: &MultiLabelText, _encoding: &Encoding) -> Result<LabelTarget, TaskError> {
        let labels = example.label.as_ref().ok_or(TaskError::Unlabelled { id: example.id })?;
        Ok(LabelTarget(self.truth(labels)))
    }

    fn alignment(&self, _example: &MultiLabelText, _encoding: &Encoding, _tokenizer: &Tokenizer) {}

    /// The number of features.
    fn weight(&self, targets: &[LabelTarget]) -> f64 {
        targets.len() as f64
    }

    fn loss(&self, outputs: Tensor<2>, _layout: &Layout, targets: &[LabelTarget], divisor: f64) -> Tensor<1> {
        self.loss.forward(outputs, targets.iter().map(|target| &*target.0), divisor)
    }

    fn decode(&self, (): &(), outputs: &[f32]) -> Vec<f64> {
        outputs.iter().map(|&output| sigmoid(output)).collect()
    }

    /// The mean of the probabilities over the windows.
    fn join(&self, _example: &MultiLabelText, parts: Vec<Vec<f64>>) -> Vec<f64> {
        let mut mean = WindowMean::default();
        for part in &parts {
            mean.add(part);
        }
        mean.finish()
    }

    fn with_baselines(self, train: &[MultiLabelText]) -> Self {
        let truths: Vec<Box<[bool]>> =
            train.iter().filter_map(|example| Some(self.truth(example.label.as_ref()?))).collect();
        if truths.is_empty() {
            return self;
        }
        let labels = truths.iter().flat_map(|truth| truth.iter()).filter(|has| **has).count();
        // As many labels as a text has on average, at least one.
        let count = (labels as f64 / truths.len() as f64).round().max(1.0) as usize;
        let frequent = most_frequent_labels(&truths, count.min(self.labels.len()));
        Self { frequent: Some(frequent.into()), ..self }
    }

    fn baselines(&self, examples: &[MultiLabelText]) -> Result<Vec<Baseline>, TaskError> {
        let Some(frequent) = &self.frequent else { return Ok(Vec::new()) };
        let named = self.labels.iter().zip(frequent.iter()).filter(|(_, is)| **is).map(|(name, _)| name);
        let named: Vec<&String> = named.collect();
        let none = vec![false; self.labels.len()];
        let rules =
            [("no label".to_owned(), none.as_slice()), (format!("always {}", few(&named)), &**frequent)];
        rules.into_iter().map(|(name, answer)| self.baseline(name, answer, examples)).collect()
    }

    fn fit_thresholds(&self, validation: &[MultiLabelText], predictions: &[Vec<f64>]) -> Option<Self> {
        let truths: Vec<Box<[bool]>> = validation
            .iter()
            .map(|example| self.truth(example.label.as_deref().unwrap_or_default()))
            .collect();
        let fitted = fit_thresholds(&truths, predictions).ok()?;
        Some(Self { fitted: Some(fitted.into()), ..self.clone() })
    }

    fn with_thresholds_of(self, folder: &Path) -> Result<Self, TaskError> {
        let Some(thresholds) = Thresholds::read(folder)? else { return Ok(self) };
        if let Some((label, found)) = thresholds.labels.iter().find(|(_, found)| !(0.0..=1.0).contains(found))
        {
            let path = folder.join(Thresholds::FILE);
            return Err(TaskError::ThresholdRange { path, label: label.to_owned(), found });
        }
        let of_label = |label: &String| thresholds.labels.get(label);
        let fitted: Option<Arc<[f64]>> = self.labels.iter().map(of_label).collect();
        match fitted {
            Some(fitted) if thresholds.labels.iter().len() == self.labels.len() => {
                Ok(Self { fitted: Some(fitted), ..self })
            }
            _ => Err(TaskError::Thresholds {
                path: folder.join(Thresholds::FILE),
                found: thresholds.labels.iter().map(|(name, _)| name.to_owned()).collect(),
                labels: self.labels.to_vec(),
            }),
        }
    }

    fn thresholds(&self) -> Option<Thresholds> {
        let fitted = self.fitted.as_ref()?;
        let labels = self.labels.iter().cloned().zip(fitted.iter().copied()).collect();
        Some(Thresholds { format: FORMAT, labels, null_score_diff_threshold: None })
    }

    fn scorer(&self) -> Result<MultiLabelScorer, TaskError> {
        MultiLabelScorer::new(self.labels.len(), self.fitted.as_deref())
    }

    fn logged(&self, report: &MultiLabelOutcome) -> Metrics {
        logged::<MultiLabelMetric>(&report.report)
    }

    fn scores(&self, report: &MultiLabelOutcome) -> (Metrics, Detail) {
        scores::scores(report)
    }

    fn record(
        &self,
        split: &str,
        example: &MultiLabelText,
        prediction: &Vec<f64>,
        tokens: usize,
    ) -> MultiLabelExample {
        MultiLabelExample {
            split: split.to_owned(),
            id: example.id,
            text: example.text.clone(),
            text_pair: example.text_pair.clone(),
            labels: example.label.clone().unwrap_or_default(),
            probabilities: prediction.clone(),
            tokens,
        }
    }

    fn answer(&self, example: MultiLabelText, prediction: Vec<f64>) -> LabelledTexts {
        let MultiLabelText { text, text_pair, .. } = example;
        LabelledTexts::new(text, text_pair, Arc::clone(&self.labels), self.fitted.clone(), prediction)
    }
}

impl MultiLabelClassification {
    /// The scores of one answer for all examples.
    fn baseline(
        &self,
        name: String,
        answer: &[bool],
        examples: &[MultiLabelText],
    ) -> Result<Baseline, TaskError> {
        let probabilities: Vec<f64> = answer.iter().map(|has| if *has { 1.0 } else { 0.0 }).collect();
        let mut scores = MultiLabelAccumulator::new(self.labels.len(), None)?;
        for example in examples {
            let labels = example.label.as_ref().ok_or(TaskError::Unlabelled { id: example.id })?;
            scores.add(&self.truth(labels), &probabilities, 0.0)?;
        }
        // One answer orders nothing, and its loss would be infinite.
        Ok(Baseline { name, metrics: values(&scores.report(), scores::of_decisions()) })
    }
}

impl Scorer<MultiLabelClassification> for MultiLabelScorer {
    fn add(&mut self, example: &MultiLabelText, prediction: &Vec<f64>) -> Result<(), TaskError> {
        let labels = example.label.as_ref().ok_or(TaskError::Unlabelled { id: example.id })?;
        self.add_labels(labels, prediction)
    }

    fn merge(&mut self, other: Self) -> Result<(), TaskError> {
        self.merge_scores(other)
    }

    fn finish(&self) -> MultiLabelOutcome {
        self.outcome()
    }
}

#[cfg(test)]
mod tests;
