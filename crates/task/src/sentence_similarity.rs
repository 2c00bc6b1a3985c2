//! [`SentenceSimilarity`]: how alike two texts are, by the vector that the model gives each.

mod card;
mod example;
mod labels;
mod losses;
mod prediction;
mod scorer;
mod target;
mod words;

use std::borrow::Cow;
use std::path::Path;

use burn::tensor::Tensor;
use embert_data::tokenize::{Encoding, Tokenizer};
use embert_data::{Card, Columns, DataError, EncodedDataset, LoadedRows, Row, Strata};
use embert_metrics::{NamedMetric as _, SimilarityAccumulator, SimilarityMetric, SimilarityReport, cosine};
use embert_model::{BertConfig, Layout, PoolingHead, ProblemType, SentenceConfig};
use embert_run::{Baseline, Detail, MetricInfo, Metrics, SENTENCE_SIMILARITY, ScoredExample};

pub use self::example::TextPair;
pub use self::labels::{PairLabels, ScoreScale};
use self::losses::{cosine_loss, in_batch_loss};
pub use self::prediction::PairPrediction;
pub use self::scorer::PairScorer;
pub use self::target::PairTarget;
use crate::card_keys::{refuse, refuse_keys_of_several};
use crate::named_scores::{metric_info, values};
use crate::{
    ExampleProblem, Inputs, LabelOptions, LossSettings, PooledLoss, ScoredText, StepLoss, Task, TaskCard,
    TaskError,
};

/// How alike two texts are (Reimers and Gurevych 2019): each gets a vector, the pooled states of its tokens, and
/// the cosine of the angle between two vectors is the similarity.
///
/// Pairs with a score are trained to have it as their cosine. Pairs without one are partners: each first text has
/// to find its own partner among those of all pairs of the step, and among the texts of a column `negative`.
#[derive(Clone, Debug)]
pub struct SentenceSimilarity {
    /// The scale of the scores; `None` for pairs without scores.
    scale: Option<ScoreScale>,
    /// The number of dimensions that are compared, from the first; `None` for all.
    dimensions: Option<usize>,
    /// What the folder does not say and is assumed, in a sentence.
    assumed: Option<String>,
}

impl SentenceSimilarity {
    /// What the checkpoint's folder does not say of the vectors and is assumed, in a sentence.
    pub fn assumed(&self) -> Option<&str> {
        self.assumed.as_deref()
    }

    fn new(scale: Option<ScoreScale>, config: &BertConfig, folder: &Path) -> Result<Self, TaskError> {
        let sentences = SentenceConfig::from_folder(folder, config)?;
        let default = sentences.default_prompt_name.as_ref().and_then(|name| sentences.prompts.get(name));
        if default.is_some_and(|prompt| !prompt.is_empty()) {
            return Err(TaskError::DefaultPrompt { folder: folder.to_owned() });
        }
        let (dimensions, assumed) = (sentences.truncate_dim, sentences.assumed_note());
        Ok(Self { scale, dimensions, assumed })
    }

    /// The metrics of the data's kind of pairs.
    fn own_metrics(&self) -> [SimilarityMetric; 3] {
        if self.scale.is_some() { SimilarityMetric::OF_SCORES } else { SimilarityMetric::OF_PAIRS }
    }

    fn headlines(&self) -> impl Iterator<Item = SimilarityMetric> {
        self.own_metrics().into_iter().filter(|metric| !metric.is_loss())
    }
}

impl Task for SentenceSimilarity {
    const NAME: &'static str = SENTENCE_SIMILARITY;
    const METRIC: &'static str = SimilarityMetric::DEFAULT;
    const PROBLEM_TYPE: Option<ProblemType> = None;
    const SEPARATE_TEXTS: bool = true;
    const POOLED_LOSS: Option<PooledLoss<Self>> =
        Some(|_, outputs, _, texts, targets, divisor| cosine_loss(outputs, texts, targets, divisor));
    const KEY: &'static str = "a text or a document";

    type Head = PoolingHead;
    type Example = TextPair;
    type Labels = PairLabels;
    type Target = PairTarget;
    type Alignment = ();
    type Part = Vec<f32>;
    type Prediction = PairPrediction;
    type Answer = ScoredText;
    type Record = ScoredExample;
    type Scorer = PairScorer;
    type Report = SimilarityReport;

    fn columns(card: &Card) -> Columns {
        let columns = Columns::new().with_text(&card.columns.text);
        let columns = card.columns.text_pair.iter().fold(columns, Columns::with_text);
        let columns = card.columns.negative.iter().fold(columns, Columns::with);
        let columns = Self::label_column(card).into_iter().fold(columns, Columns::with_label);
        card.columns.document.iter().fold(columns, Columns::with)
    }

    fn inputs(_examples: &[TextPair]) -> Inputs {
        Inputs::Pairs
    }

    /// An empty name says that pairs have no score.
    fn label_column(card: &Card) -> Option<&str> {
        Some(card.columns.label.as_str()).filter(|name| !name.is_empty())
    }

    fn read_labels(
        card: &Card,
        rows: &LoadedRows,
        skip_bad_rows: bool,
        options: &LabelOptions,
    ) -> Result<(PairLabels, Vec<String>), TaskError> {
        options.refuse()?;
        refuse_keys_of_several(card)?;
        refuse(card, &[("labels", !card.labels.is_empty())], "a score is a number, which is no class")?;
        if card.columns.text_pair.is_none() {
            return Err(TaskError::NoPairs { dataset: card.name.clone() });
        }
        let labels = PairLabels::read(card, rows, skip_bad_rows)?;
        let note = match &labels.scores {
            Some(_) => "pairs have a score: the loss is of cosines against scores",
            None => {
                "pairs have no score: the loss is of each text's partner among those of all pairs of a step"
            }
        };
        Ok((labels, vec![note.to_owned()]))
    }

    fn example(labels: &PairLabels, card: &Card, id: u64, row: Row) -> Result<TextPair, ExampleProblem> {
        let columns = &card.columns;
        let score = labels.scores.as_ref().map(|scale| scale.of_row(card, &row)).transpose()?;
        let optional = |name: &Option<String>| {
            let value = name.as_ref().and_then(|name| Some((name, row.get(name)?)));
            let value = value.filter(|(_, value)| **value != embert_data::Value::Null);
            value.map(|(name, _)| row.text(name).map(str::to_owned)).transpose()
        };
        let pair = columns.text_pair.as_deref().unwrap_or("text_pair");
        Ok(TextPair {
            id,
            text: row.text(&columns.text)?.to_owned(),
            text_pair: row.text(pair)?.to_owned(),
            negative: optional(&columns.negative)?,
            score,
            document: crate::pairs::document(card, &row),
        })
    }

    /// The tenth of the training scores that the pair's is in.
    fn strata(labels: &PairLabels, example: &TextPair) -> Strata {
        let stratum = labels.scores.as_ref().zip(example.score).map(|(scale, score)| scale.stratum(score));
        Strata::One(stratum.unwrap_or(0))
    }

    /// The two texts, and the document.
    fn keys(example: &TextPair) -> Vec<Cow<'_, str>> {
        let document = example.document.iter().map(|document| format!("\0{document}").into());
        document.chain([example.text.as_str().into(), example.text_pair.as_str().into()]).collect()
    }

    fn label_names(_labels: &PairLabels) -> Option<&[String]> {
        None
    }

    fn fit(labels: &PairLabels, config: &BertConfig, folder: &Path) -> Result<Self, TaskError> {
        Self::new(labels.scores.clone(), config, folder)
    }

    fn of_checkpoint(config: &BertConfig, folder: &Path) -> Result<Self, TaskError> {
        Self::new(None, config, folder)
    }

    /// With the folder's `do_lower_case`.
    fn tokenizer(config: &BertConfig, folder: &Path) -> Result<Tokenizer, TaskError> {
        let tokenizer = Tokenizer::from_folder(folder).map_err(DataError::from)?;
        let lowercases = SentenceConfig::from_folder(folder, config)?.do_lower_case;
        Ok(if lowercases { tokenizer.with_lower_case().map_err(DataError::from)? } else { tokenizer })
    }

    fn with_loss(self, settings: &LossSettings, _: &EncodedDataset<PairTarget>) -> Result<Self, TaskError> {
        let instead = "a pair has no classes";
        settings.class_weights.refuse("class_weights", instead)?;
        settings.pos_weight.refuse("pos_weight", instead)?;
        settings.refuse_label_smoothing(instead)?;
        Ok(self)
    }

    fn labels(&self) -> &[String] {
        &[]
    }

    fn metrics(&self) -> Vec<MetricInfo> {
        self.own_metrics().into_iter().map(metric_info).collect()
    }

    fn default_metric(&self) -> &'static str {
        self.own_metrics()[0].name()
    }

    fn logged_metrics(&self) -> Vec<String> {
        self.own_metrics().iter().map(|metric| metric.name().to_owned()).collect()
    }

    fn card(&self, _escape: &dyn Fn(&str) -> String) -> TaskCard {
        card::card(self.scale.is_some())
    }

    fn count_labels<'a>(_labels: usize, _examples: impl IntoIterator<Item = &'a TextPair>) -> Vec<usize> {
        Vec::new()
    }

    /// A pair without a score has all that training needs.
    fn is_labelled(_example: &TextPair) -> bool {
        true
    }

    fn align_label(&self, example: TextPair) -> TextPair {
        example
    }

    fn target(&self, example: &TextPair, encoding: &Encoding) -> Result<PairTarget, TaskError> {
        let of_one = self.targets(example, std::slice::from_ref(encoding))?;
        of_one.into_iter().next().ok_or(TaskError::Unlabelled { id: example.id })
    }

    /// The pair's target, once for each of its texts.
    fn targets(&self, example: &TextPair, texts: &[Encoding]) -> Result<Vec<PairTarget>, TaskError> {
        let score = match &self.scale {
            Some(scale) => Some(scale.scaled(example.score.ok_or(TaskError::Unlabelled { id: example.id })?)),
            None => None,
        };
        Ok(vec![PairTarget::new(score, texts); texts.len()])
    }

    fn alignment(&self, _example: &TextPair, _encoding: &Encoding, _tokenizer: &Tokenizer) {}

    /// The number of pairs.
    fn weight(&self, targets: &[PairTarget]) -> f64 {
        targets.len() as f64
    }

    /// The loss of pairs, each of which is two features that follow each other.
    fn loss(&self, outputs: Tensor<2>, _: &Layout, targets: &[PairTarget], divisor: f64) -> Tensor<1> {
        let mut begins = 0;
        let texts: Vec<_> = targets
            .iter()
            .map(|target| {
                let texts = begins..begins + target.texts().len();
                begins = texts.end;
                texts
            })
            .collect();
        if self.scale.is_some() {
            cosine_loss(outputs, &texts, targets, divisor)
        } else {
            in_batch_loss(outputs, &texts, targets, divisor)
        }
    }

    fn step_loss(&self) -> Option<StepLoss<Self>> {
        self.scale
            .is_none()
            .then_some(|_, outputs, texts, targets, divisor| in_batch_loss(outputs, texts, targets, divisor))
    }

    fn decode(&self, (): &(), outputs: &[f32]) -> Vec<f32> {
        outputs[..self.dimensions.unwrap_or(outputs.len())].to_vec()
    }

    fn join(&self, _example: &TextPair, parts: Vec<Vec<f32>>) -> PairPrediction {
        let cosine = if let [first, second, ..] = parts.as_slice() { cosine(first, second) } else { 0.0 };
        let vectors = if self.scale.is_some() { Vec::new() } else { parts };
        PairPrediction { cosine, vectors }
    }

    fn baselines(&self, examples: &[TextPair]) -> Result<Vec<Baseline>, TaskError> {
        let report = if let Some(scale) = &self.scale {
            let mut scores = SimilarityAccumulator::default();
            for example in examples {
                let score = example.score.ok_or(TaskError::Unlabelled { id: example.id })?;
                scores
                    .add_score(scale.scaled(score), words::shared_words(&example.text, &example.text_pair))?;
            }
            scores.report()
        } else {
            words::by_shared_words(examples)
        };
        let name = "the share of words that both texts have".to_owned();
        Ok(vec![Baseline { name, metrics: values(&report, self.headlines()) }])
    }

    fn scorer(&self) -> Result<PairScorer, TaskError> {
        Ok(PairScorer { scale: self.scale.clone(), accumulator: SimilarityAccumulator::default() })
    }

    fn logged(&self, report: &SimilarityReport) -> Metrics {
        values(report, self.own_metrics())
    }

    fn scores(&self, report: &SimilarityReport) -> (Metrics, Detail) {
        (values(report, self.own_metrics()), Detail::default())
    }

    fn record(
        &self,
        split: &str,
        example: &TextPair,
        prediction: &PairPrediction,
        tokens: usize,
    ) -> ScoredExample {
        // Partners are taken to be alike.
        let scaled = self.scale.as_ref().zip(example.score).map(|(scale, score)| scale.scaled(score));
        ScoredExample {
            split: split.to_owned(),
            id: example.id,
            text: example.text.clone(),
            text_pair: Some(example.text_pair.clone()),
            score: scaled.unwrap_or(1.0),
            predicted: prediction.cosine,
            tokens,
        }
    }

    fn answer(&self, example: TextPair, prediction: PairPrediction) -> ScoredText {
        ScoredText { text: example.text, text_pair: Some(example.text_pair), score: prediction.cosine }
    }
}

#[cfg(test)]
mod tests;
