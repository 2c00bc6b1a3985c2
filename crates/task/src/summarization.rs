//! [`Summarization`]: the sentences of a text that sum it up.

mod answer;
mod card;
mod example;
mod labels;
mod prediction;
mod scorer;
mod select;
mod target;
mod windows;

use std::borrow::Cow;
use std::path::Path;

use burn::tensor::{Int, Tensor, TensorData};
use embert_data::tokenize::{Encoding, Tokenizer, Truncation};
use embert_data::{Card, Columns, EncodedDataset, LoadedRows, Row, Splits, SummaryColumns};
use embert_metrics::{
    NamedMetric as _, SUMMARIZATION, ScoredSentence, SummarizedExample, SummaryMetric, SummaryReport,
};
use embert_model::{BertConfig, Layout, ProblemType, SummarizationHead};
use embert_run::{Baseline, Detail, MetricInfo, Metrics};

pub use self::answer::{ChosenSentence, SummarizedText};
pub use self::example::SummaryExample;
pub use self::labels::SummaryLabels;
pub use self::prediction::{SummaryAlignment, SummaryPart, SummaryPrediction};
pub use self::scorer::SummaryScorer;
pub use self::target::SummaryTarget;
use crate::binary_cross_entropy::BinaryCrossEntropy;
use crate::named_scores::{logged, logged_names, shown, values};
use crate::{ExampleProblem, LabelOptions, LossSettings, Scorer, Task, TaskCard, TaskError};

/// The sentences of a text that sum it up, as BertSum chooses them (Liu 2019, "Fine-tune BERT for Extractive
/// Summarization"): each sentence is read between `[CLS]` and `[SEP]`, with the token types 0 and 1 in turn, and a
/// linear layer over its `[CLS]` gives the logit that it is in the summary. The loss is the binary cross-entropy,
/// the mean over the sentences of a step.
///
/// Where the data set has summaries alone, training wants the sentences of BertSum's greedy oracle. A sentence's
/// score comes from the window in which it has most sentences on its lesser side.
#[derive(Clone, Debug)]
pub struct Summarization {
    most: usize,
    blocks_trigrams: bool,
}

impl Default for Summarization {
    fn default() -> Self {
        Self { most: Self::SENTENCES, blocks_trigrams: true }
    }
}

impl Summarization {
    /// The most sentences of a summary, unless it is set.
    pub const SENTENCES: usize = 3;

    /// Sets how many sentences a summary has at most.
    #[must_use]
    pub fn with_sentences(self, most: usize) -> Self {
        Self { most, ..self }
    }

    /// Sets whether a sentence is passed over that has three words in a row with one that is chosen before.
    #[must_use]
    pub fn with_trigram_blocking(self, blocks_trigrams: bool) -> Self {
        Self { blocks_trigrams, ..self }
    }

    /// The metrics of a rule that chooses sentences of each example.
    fn baseline(
        name: &str,
        examples: &[SummaryExample],
        choose: impl Fn(&SummaryExample) -> Vec<usize>,
    ) -> Result<Baseline, TaskError> {
        let mut scorer = SummaryScorer::default();
        for example in examples {
            scorer.add_chosen(example, &choose(example), (0.0, 0))?;
        }
        let metrics = SummaryMetric::displayed().filter(|metric| !metric.is_loss());
        Ok(Baseline { name: name.to_owned(), metrics: values(&scorer.0.report(), metrics) })
    }
}

impl Task for Summarization {
    const NAME: &'static str = SUMMARIZATION;
    const METRIC: &'static str = SummaryMetric::DEFAULT;
    const PROBLEM_TYPE: Option<ProblemType> = None;
    // A sentence that is cut off can't be chosen.
    const SHARE_OF_WINDOWS: Option<usize> = Some(4);
    // Where texts are cut after all, they lose their last sentences.
    const TRUNCATION: Option<Truncation> = Some(Truncation::LongestFirst);
    const LABEL_KEY: &'static str = "summary";

    type Head = SummarizationHead;
    type Example = SummaryExample;
    type Labels = SummaryLabels;
    type Target = SummaryTarget;
    type Alignment = SummaryAlignment;
    type Part = SummaryPart;
    type Prediction = SummaryPrediction;
    type Answer = SummarizedText;
    type Record = SummarizedExample;
    type Scorer = SummaryScorer;
    type Report = SummaryReport;

    fn columns(card: &Card) -> Columns {
        card.columns.document.iter().fold(SummaryColumns::of(card).columns(), Columns::with)
    }

    /// The labels' column, else the summary's.
    fn label_column(card: &Card) -> Option<&str> {
        let columns = &card.columns;
        Some(columns.sentence_labels.as_ref().or(columns.summary.as_ref()).map_or("summary", String::as_str))
    }

    fn read_labels(
        card: &Card,
        _rows: &LoadedRows,
        _skip_bad_rows: bool,
        options: &LabelOptions,
    ) -> Result<(SummaryLabels, Vec<String>), TaskError> {
        options.refuse()?;
        Ok((SummaryLabels::new(card, Self::SENTENCES), Vec::new()))
    }

    fn example(
        labels: &SummaryLabels,
        card: &Card,
        id: u64,
        row: Row,
    ) -> Result<SummaryExample, ExampleProblem> {
        labels.example(card, id, &row)
    }

    /// The document.
    fn keys(example: &SummaryExample) -> Vec<Cow<'_, str>> {
        example.document.iter().map(|document| document.as_str().into()).collect()
    }

    fn data_notes(_labels: &SummaryLabels, splits: &Splits<SummaryExample>) -> Vec<String> {
        let parts = [("training", &splits.train), ("validation", &splits.validation), ("test", &splits.test)];
        let note = |(name, examples): (&str, &Vec<SummaryExample>)| {
            let is_empty =
                |example: &&SummaryExample| example.oracle().is_some_and(|oracle| oracle.is_empty());
            let without = examples.iter().filter(is_empty).count();
            (without > 0).then(|| {
                format!(
                    "{without} of {} texts of the {name} split have no sentence in their summary: nobody says one, or none \
                     shares a word of Latin letters and digits with the summary, of which alone the oracle and ROUGE know",
                    examples.len()
                )
            })
        };
        parts.into_iter().filter_map(note).collect()
    }

    fn label_names(_labels: &SummaryLabels) -> Option<&[String]> {
        None
    }

    fn fit(labels: &SummaryLabels, config: &BertConfig, folder: &Path) -> Result<Self, TaskError> {
        Ok(Self::of_checkpoint(config, folder)?.with_sentences(labels.most))
    }

    fn of_checkpoint(config: &BertConfig, folder: &Path) -> Result<Self, TaskError> {
        // Sentences have the types 0 and 1 in turn.
        if config.type_vocab_size < 2 {
            return Err(TaskError::OneSegment { folder: folder.to_owned() });
        }
        Ok(Self::default())
    }

    fn with_loss(
        self,
        settings: &LossSettings,
        _train: &EncodedDataset<SummaryTarget>,
    ) -> Result<Self, TaskError> {
        let instead = "a sentence is in the summary or not, and each counts alike";
        settings.class_weights.refuse("class_weights", instead)?;
        settings.pos_weight.refuse("pos_weight", instead)?;
        settings.refuse_label_smoothing(instead)?;
        Ok(self)
    }

    fn labels(&self) -> &[String] {
        &[]
    }

    fn metrics(&self) -> Vec<MetricInfo> {
        shown::<SummaryMetric>()
    }

    fn logged_metrics(&self) -> Vec<String> {
        logged_names::<SummaryMetric>()
    }

    fn card(&self, _escape: &dyn Fn(&str) -> String) -> TaskCard {
        card::card(self.most)
    }

    fn count_labels<'a>(
        _labels: usize,
        _examples: impl IntoIterator<Item = &'a SummaryExample>,
    ) -> Vec<usize> {
        Vec::new()
    }

    fn is_labelled(example: &SummaryExample) -> bool {
        example.summarized.labels.is_some()
    }

    fn align_label(&self, example: SummaryExample) -> SummaryExample {
        example
    }

    fn target(&self, example: &SummaryExample, encoding: &Encoding) -> Result<SummaryTarget, TaskError> {
        let labels = example.summarized.labels.as_ref().ok_or(TaskError::Unlabelled { id: example.id })?;
        Ok(target::targets(labels, std::slice::from_ref(encoding)).remove(0))
    }

    /// Each sentence has its label in one window alone, the one that tells its score in an evaluation.
    fn targets(
        &self,
        example: &SummaryExample,
        windows: &[Encoding],
    ) -> Result<Vec<SummaryTarget>, TaskError> {
        let labels = example.summarized.labels.as_ref().ok_or(TaskError::Unlabelled { id: example.id })?;
        Ok(target::targets(labels, windows))
    }

    fn alignment(
        &self,
        _example: &SummaryExample,
        encoding: &Encoding,
        _tokenizer: &Tokenizer,
    ) -> SummaryAlignment {
        SummaryAlignment::new(encoding)
    }

    /// The number of sentences.
    fn weight(&self, targets: &[SummaryTarget]) -> f64 {
        targets.iter().map(|target| target.0.len()).sum::<usize>() as f64
    }

    fn loss(
        &self,
        outputs: Tensor<2>,
        layout: &Layout,
        targets: &[SummaryTarget],
        divisor: f64,
    ) -> Tensor<1> {
        let (mut rows, mut labels) = (Vec::new(), Vec::new());
        for (feature, SummaryTarget(target)) in targets.iter().enumerate() {
            let first = layout.feature_rows(feature).start;
            rows.extend(target.iter().map(|(token, _)| (first + token) as i64));
            labels.extend(target.iter().map(|(_, label)| [*label]));
        }
        if rows.is_empty() {
            return outputs.sum() * 0.0;
        }
        let count = rows.len();
        let rows = Tensor::<1, Int>::from_data(TensorData::new(rows, [count]), &outputs.device());
        let truths = labels.iter().map(<[bool; 1]>::as_slice);
        BinaryCrossEntropy::new(vec![1.0]).forward(outputs.select(0, rows), truths, divisor)
    }

    fn decode(&self, alignment: &SummaryAlignment, outputs: &[f32]) -> SummaryPart {
        SummaryPart::new(alignment, outputs)
    }

    fn join(&self, example: &SummaryExample, parts: Vec<SummaryPart>) -> SummaryPrediction {
        SummaryPrediction::join(example, &parts, self.most, self.blocks_trigrams)
    }

    fn baselines(&self, examples: &[SummaryExample]) -> Result<Vec<Baseline>, TaskError> {
        Ok(vec![
            Self::baseline("the first sentence (lead-1)", examples, |example| example.lead(1))?,
            Self::baseline("the first three sentences (lead-3)", examples, |example| example.lead(3))?,
            Self::baseline("the sentences that training wants (oracle)", examples, |example| {
                example.oracle().unwrap_or_default()
            })?,
        ])
    }

    fn scorer(&self) -> Result<SummaryScorer, TaskError> {
        Ok(SummaryScorer::default())
    }

    fn logged(&self, report: &SummaryReport) -> Metrics {
        logged::<SummaryMetric>(report)
    }

    fn scores(&self, report: &SummaryReport) -> (Metrics, Detail) {
        (values(report, SummaryMetric::displayed()), Detail::default())
    }

    fn record(
        &self,
        split: &str,
        example: &SummaryExample,
        prediction: &SummaryPrediction,
        tokens: usize,
    ) -> SummarizedExample {
        let oracle = example.oracle().unwrap_or_default();
        let sentence = |(index, sentence): (usize, &embert_data::tokenize::Sentence)| ScoredSentence {
            start: sentence.characters.start,
            end: sentence.characters.end,
            score: prediction.score(index),
            is_chosen: prediction.chosen.contains(&index),
            is_oracle: oracle.contains(&index),
        };
        SummarizedExample {
            split: split.to_owned(),
            id: example.id,
            text: example.summarized.text.clone(),
            sentences: example.summarized.sentences.iter().enumerate().map(sentence).collect(),
            references: example.references(),
            tokens,
        }
    }

    fn answer(&self, example: SummaryExample, prediction: SummaryPrediction) -> SummarizedText {
        SummarizedText::new(&example, &prediction)
    }
}

impl Scorer<Summarization> for SummaryScorer {
    fn add(&mut self, example: &SummaryExample, prediction: &SummaryPrediction) -> Result<(), TaskError> {
        self.add_summary(example, prediction)
    }

    fn merge(&mut self, other: Self) -> Result<(), TaskError> {
        self.0.merge(other.0);
        Ok(())
    }

    fn finish(&self) -> SummaryReport {
        self.0.report()
    }
}

#[cfg(test)]
mod tests;
