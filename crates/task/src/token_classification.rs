//! [`TokenClassification`]: a tag for each word of a text.

mod aggregation;
mod alignment;
mod answer;
mod card;
mod example;
mod prediction;
mod scorer;
mod scores;
mod tags;
mod target;
mod truth;
mod windows;

use std::borrow::Cow;
use std::path::Path;
use std::sync::Arc;

use burn::tensor::Tensor;
use embert_data::tokenize::{Encoding, Tokenizer, words};
use embert_data::{Card, Columns, EncodedDataset, LoadedRows, Row, Splits, Strata};
use embert_metrics::{MajorityTags, NamedMetric as _, Scheme, TaggingMetric, TaggingReport, softmax};
use embert_model::{BertConfig, Layout, ProblemType, TokenClassificationHead};
use embert_run::{Baseline, Detail, MetricInfo, Metrics, TOKEN_CLASSIFICATION, TaggedExample};

use self::aggregation::OUTSIDE;
pub use self::aggregation::{Aggregation, FoundEntity};
pub use self::alignment::TokenAlignment;
pub use self::answer::TaggedText;
pub use self::example::{TagSpan, Tags, TokenExample};
pub use self::prediction::{TokenPart, TokenPrediction};
pub use self::scorer::TokenScorer;
pub use self::tags::TagLabels;
pub use self::target::TokenTarget;
use crate::labels::problem::quoted;
use crate::named_scores::{logged, logged_names, shown, values};
use crate::{
    CrossEntropy, ExampleProblem, LabelMapping, LabelOptions, LossSettings, Scorer, Task, TaskCard, TaskError,
};

/// A tag for each word of a text, as in the recognition of named entities (Devlin et al. 2018, section 5.3):
/// a linear layer over each token's state, the cross-entropy of each word's first token, and the metrics of
/// seqeval over whole entities.
///
/// The first token of a word carries the word's tag. A word's tag comes from the window in which the word has
/// most context on its lesser side, of several from the first. Evaluation and prediction read long texts in
/// windows unless the user asks for a cut; then a word that is cut off counts as `O`.
///
/// The words of a text are those of BERT's tokenizer ([`embert_data::tokenize::words`]), where the data are
/// read, in baselines and for words that were cut off; a checkpoint that splits otherwise is refused where a
/// span is not of whole words of its own.
#[derive(Clone, Debug)]
pub struct TokenClassification {
    /// The tags, in the order of the head's outputs.
    labels: Arc<[String]>,
    /// The tag that follows each tag within a word: `I-PER` after `B-PER`.
    inside: Arc<[usize]>,
    scheme: Scheme,
    /// From the data set's label numbers to the head's.
    mapping: Option<LabelMapping>,
    options: LabelOptions,
    loss: CrossEntropy,
    aggregation: Aggregation,
    /// Each word's most frequent tag in the training split.
    majority: Option<Arc<MajorityTags>>,
}

impl TokenClassification {
    /// The task with these tags, in the order of the head's outputs, each with weight 1.
    pub fn new(labels: Vec<String>) -> Self {
        let of_prefix = |prefixes: [&str; 2]| {
            labels.iter().any(|label| prefixes.iter().any(|prefix| label.starts_with(prefix)))
        };
        let scheme = match (of_prefix(["E-", "S-"]), of_prefix(["L-", "U-"])) {
            (true, false) => Scheme::Iobes,
            (false, true) => Scheme::Bilou,
            _ => Scheme::Iob2,
        };
        let inside = labels.iter().enumerate().map(|(index, label)| {
            let kind = label.strip_prefix("B-").map(|kind| format!("I-{kind}"));
            kind.and_then(|kind| labels.iter().position(|other| *other == kind)).unwrap_or(index)
        });
        Self {
            inside: inside.collect(),
            scheme,
            mapping: None,
            options: LabelOptions::default(),
            loss: CrossEntropy::new(vec![1.0; labels.len()], 0.0),
            aggregation: Aggregation::default(),
            majority: None,
            labels: labels.into(),
        }
    }

    /// Sets how [`answer`](Task::answer) makes entities of tokens.
    #[must_use]
    pub fn with_aggregation(self, aggregation: Aggregation) -> Self {
        Self { aggregation, ..self }
    }

    /// The number of the tag `O`; `None` for a head without that tag.
    fn outside(&self) -> Option<usize> {
        self.labels.iter().position(|label| label == OUTSIDE)
    }

    /// The words of an example that can be told without a tokenizer, with their true tags.
    fn tagged_words(example: &TokenExample) -> Vec<(&str, usize)> {
        let characters = example.word_characters().unwrap_or_else(|| words(&example.text));
        let mut bytes: Vec<usize> = example.text.char_indices().map(|(byte, _)| byte).collect();
        bytes.push(example.text.len());
        let texts = characters.iter().map(|word| &example.text[bytes[word.start]..bytes[word.end]]);
        texts.zip(truth::tags(&example.tags, &characters)).collect()
    }
}

/// The scheme that all tags of a head, or of a data set, are of; `None` where there is none, or no entity.
/// A head has IOB2 where its tags are of both schemes with `B` and `I`: IOB1 is turned into IOB2.
fn scheme_of(labels: &[String]) -> Option<Scheme> {
    let has_entities = labels.iter().any(|label| label != OUTSIDE);
    let of_all = |scheme: &Scheme| has_entities && labels.iter().all(|label| scheme.has(label));
    [Scheme::Iob2, Scheme::Iobes, Scheme::Bilou].into_iter().find(of_all)
}

impl Task for TokenClassification {
    const NAME: &'static str = TOKEN_CLASSIFICATION;
    const METRIC: &'static str = TaggingMetric::DEFAULT;
    const PROBLEM_TYPE: Option<ProblemType> = None;
    const COUNTED: &'static str = "words";
    // No word goes without a tag: a cut would lose entities, or invent words without one.
    const SHARE_OF_WINDOWS: Option<usize> = Some(4);
    const KEY: &'static str = "a document";
    const LABEL_KEY: &'static str = "tags";

    type Head = TokenClassificationHead;
    type Example = TokenExample;
    type Labels = TagLabels;
    type Target = TokenTarget;
    type Alignment = TokenAlignment;
    type Part = TokenPart;
    type Prediction = TokenPrediction;
    type Answer = TaggedText;
    type Record = TaggedExample;
    type Scorer = TokenScorer;
    type Report = TaggingReport;

    fn columns(card: &Card) -> Columns {
        if card.columns.entities.is_some() {
            // The shapes of spans differ in their columns.
            return Columns::new().with_all();
        }
        let columns = Columns::new().with(tags::tokens_column(card)).with(tags::column(card));
        card.columns.document.iter().fold(columns, Columns::with)
    }

    fn label_column(card: &Card) -> Option<&str> {
        card.columns.entities.is_none().then(|| tags::column(card))
    }

    fn read_labels(
        card: &Card,
        rows: &LoadedRows,
        skip_bad_rows: bool,
        options: &LabelOptions,
    ) -> Result<(TagLabels, Vec<String>), TaskError> {
        options.refuse_masks()?;
        TagLabels::read(card, rows, skip_bad_rows, *options)
    }

    fn check_labels(labels: &TagLabels, path: &Path) -> Result<(), TaskError> {
        if labels.set.len() < 2 {
            return Err(TaskError::NoEntities { path: path.to_owned() });
        }
        Ok(())
    }

    fn none_of_labels(card: &Card) -> Option<String> {
        card.columns.entities.as_ref().map(|_| "a text without entities has an empty list".to_owned())
    }

    fn example(labels: &TagLabels, card: &Card, id: u64, row: Row) -> Result<TokenExample, ExampleProblem> {
        labels.example(card, id, &row)
    }

    /// The tags of the words, or, for spans, the tags that begin them.
    fn strata(_labels: &TagLabels, example: &TokenExample) -> Strata {
        let mut tags = match &example.tags {
            Tags::Unknown => Vec::new(),
            Tags::OfWords(tags) => tags.clone(),
            Tags::Spans { spans, .. } => spans.iter().map(|span| span.begin).collect(),
        };
        tags.sort_unstable();
        tags.dedup();
        Strata::Many(tags)
    }

    /// The document.
    fn keys(example: &TokenExample) -> Vec<Cow<'_, str>> {
        example.document.iter().map(|document| document.as_str().into()).collect()
    }

    fn label_names(labels: &TagLabels) -> Option<&[String]> {
        Some(labels.set.names())
    }

    fn fit(labels: &TagLabels, config: &BertConfig, folder: &Path) -> Result<Self, TaskError> {
        if let (Some(head), Some(data)) = (scheme_of(&config.id2label), scheme_of(labels.set.names()))
            && head != data
        {
            let (folder, labels) = (folder.to_owned(), config.id2label.clone());
            return Err(TaskError::HeadScheme { folder, head, labels, data });
        }
        let mapping = labels.set.reconcile_with_more(&config.id2label)?;
        let task = Self::new(labels.set.names_of_head(&mapping, &config.id2label));
        Ok(Self { mapping: Some(mapping), scheme: labels.scheme, options: labels.options, ..task })
    }

    fn of_checkpoint(config: &BertConfig, _folder: &Path) -> Result<Self, TaskError> {
        Ok(Self::new(config.id2label.clone()))
    }

    fn with_loss(
        self,
        settings: &LossSettings,
        train: &EncodedDataset<TokenTarget>,
    ) -> Result<Self, TaskError> {
        let instead = "it is for several labels a text; class_weights weighs tags";
        settings.pos_weight.refuse("pos_weight", instead)?;
        let mut counts = vec![0; self.labels.len()];
        for label in train.features().iter().flat_map(|feature| feature.target.0.iter().flatten()) {
            counts[*label] += 1;
        }
        let weights = settings.class_weights.resolve(&self.labels, &counts)?;
        Ok(Self { loss: CrossEntropy::new(weights, settings.label_smoothing), ..self })
    }

    fn labels(&self) -> &[String] {
        &self.labels
    }

    fn pairing(&self) -> Option<&str> {
        self.mapping.as_ref()?.pairing()
    }

    fn metrics(&self) -> Vec<MetricInfo> {
        shown::<TaggingMetric>()
    }

    fn logged_metrics(&self) -> Vec<String> {
        logged_names::<TaggingMetric>()
    }

    fn card(&self, escape: &dyn Fn(&str) -> String) -> TaskCard {
        card::card(&self.labels, &self.loss, escape)
    }

    /// The number of words with each tag.
    fn count_labels<'a>(labels: usize, examples: impl IntoIterator<Item = &'a TokenExample>) -> Vec<usize> {
        let mut counts = vec![0; labels];
        for example in examples {
            match &example.tags {
                Tags::Unknown => {}
                Tags::OfWords(tags) => tags.iter().for_each(|tag| counts[*tag] += 1),
                Tags::Spans { .. } => {
                    for tag in truth::tags(&example.tags, &words(&example.text)) {
                        counts[tag] += 1;
                    }
                }
            }
        }
        counts
    }

    fn is_labelled(example: &TokenExample) -> bool {
        example.tags != Tags::Unknown
    }

    fn align_label(&self, mut example: TokenExample) -> TokenExample {
        let Some(mapping) = &self.mapping else { return example };
        match &mut example.tags {
            Tags::Unknown => {}
            Tags::OfWords(tags) => tags.iter_mut().for_each(|tag| *tag = mapping.id(*tag)),
            Tags::Spans { spans, outside } => {
                *outside = mapping.id(*outside);
                for span in spans {
                    (span.begin, span.inside) = (mapping.id(span.begin), mapping.id(span.inside));
                }
            }
        }
        example
    }

    fn target(&self, example: &TokenExample, encoding: &Encoding) -> Result<TokenTarget, TaskError> {
        if example.tags == Tags::Unknown {
            return Err(TaskError::Unlabelled { id: example.id });
        }
        let words = truth::encoded_words(example, encoding);
        if let Some(&TagSpan { start, end, .. }) = truth::unsaid(&example.tags, &words, !encoding.truncated())
        {
            let text: String = example.text.chars().skip(start).take(end - start).collect();
            return Err(TaskError::SpanWords { id: example.id, start, end, text: quoted(&text) });
        }
        let tags = truth::tags(&example.tags, &words);
        let label = |(word, piece): (&Option<u32>, &u32)| {
            let tag = *tags.get((*word)? as usize)?;
            match (piece, self.options.label_all_tokens) {
                (0, _) => Some(tag),
                (_, true) => Some(self.inside[tag]),
                (_, false) => None,
            }
        };
        Ok(TokenTarget(encoding.word_ids.iter().zip(&encoding.pieces).map(label).collect()))
    }

    /// Each word has its label in one window alone, the one that tells its tag in an evaluation: a word that
    /// windows share weighs no more than others.
    fn targets(&self, example: &TokenExample, windows: &[Encoding]) -> Result<Vec<TokenTarget>, TaskError> {
        let targets = windows.iter().map(|window| self.target(example, window));
        let targets = targets.collect::<Result<Vec<_>, _>>()?;
        Ok(if windows.len() > 1 { target::label_once(&targets, windows) } else { targets })
    }

    fn alignment(
        &self,
        example: &TokenExample,
        encoding: &Encoding,
        tokenizer: &Tokenizer,
    ) -> TokenAlignment {
        TokenAlignment::new(example, encoding, tokenizer)
    }

    /// The sum of the weights of the labelled tokens' tags.
    fn weight(&self, targets: &[TokenTarget]) -> f64 {
        let labels = targets.iter().flat_map(|target| target.0.iter().flatten().copied());
        self.loss.total_weight(&labels.collect::<Vec<_>>())
    }

    fn loss(&self, outputs: Tensor<2>, layout: &Layout, targets: &[TokenTarget], divisor: f64) -> Tensor<1> {
        let [rows, _] = outputs.dims();
        let mut labels = vec![None; rows];
        for (feature, TokenTarget(target)) in targets.iter().enumerate() {
            let of_feature = layout.feature_rows(feature);
            labels[of_feature].copy_from_slice(target);
        }
        self.loss.forward_some(outputs, &labels, divisor)
    }

    fn decode(&self, alignment: &TokenAlignment, outputs: &[f32]) -> TokenPart {
        let labels = self.labels.len();
        let rows = alignment.tokens.iter().map(|token| &outputs[token.index * labels..][..labels]);
        TokenPart { alignment: alignment.clone(), probabilities: rows.flat_map(softmax).collect() }
    }

    fn join(&self, _example: &TokenExample, parts: Vec<TokenPart>) -> TokenPrediction {
        TokenPrediction::join(&parts, self.labels.len())
    }

    fn with_baselines(self, train: &[TokenExample]) -> Self {
        let words = train.iter().flat_map(Self::tagged_words);
        let majority = MajorityTags::fit(words).map(Arc::new);
        Self { majority, ..self }
    }

    fn baselines(&self, examples: &[TokenExample]) -> Result<Vec<Baseline>, TaskError> {
        let Some(majority) = &self.majority else { return Ok(Vec::new()) };
        let mut scores = scorer::accumulator(&self.labels, self.scheme)?;
        for example in examples {
            let words = Self::tagged_words(example);
            let (truth, predicted): (Vec<usize>, Vec<usize>) =
                words.iter().map(|(word, tag)| (*tag, majority.tag(word))).unzip();
            scores.add(&truth, &predicted, 0.0)?;
        }
        let name = "each word's most frequent tag in the training split".to_owned();
        let metrics = TaggingMetric::displayed().filter(|metric| !metric.is_loss());
        Ok(vec![Baseline { name, metrics: values(&scores.report(), metrics) }])
    }

    fn scorer(&self) -> Result<TokenScorer, TaskError> {
        TokenScorer::new(&self.labels, self.scheme, self.outside())
    }

    fn logged(&self, report: &TaggingReport) -> Metrics {
        logged::<TaggingMetric>(report)
    }

    fn scores(&self, report: &TaggingReport) -> (Metrics, Detail) {
        scores::scores(report)
    }

    fn record(
        &self,
        split: &str,
        example: &TokenExample,
        prediction: &TokenPrediction,
        tokens: usize,
    ) -> TaggedExample {
        truth::record(self.outside(), &self.labels, split, example, prediction, tokens)
    }

    fn answer(&self, example: TokenExample, prediction: TokenPrediction) -> TaggedText {
        TaggedText::new(example, &prediction, self.aggregation, &self.labels, self.outside())
    }

    fn data_notes(labels: &TagLabels, splits: &Splits<TokenExample>) -> Vec<String> {
        truth::notes(labels, splits)
    }
}

impl Scorer<TokenClassification> for TokenScorer {
    fn add(&mut self, example: &TokenExample, prediction: &TokenPrediction) -> Result<(), TaskError> {
        self.add_words(example, prediction)
    }

    fn merge(&mut self, other: Self) -> Result<(), TaskError> {
        Ok(self.scores.merge(other.scores)?)
    }

    fn finish(&self) -> TaggingReport {
        self.scores.report()
    }
}

#[cfg(test)]
mod tests;
