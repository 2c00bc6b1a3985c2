//! [`FillMask`]: the task of masked words.

use std::borrow::Cow;
use std::path::Path;

use burn::tensor::Tensor;
use embert_data::tokenize::{EncodeOptions, Encoding, Tokenizer, Truncation};
use embert_data::{
    Card, Columns, EncodedDataset, EncodedFeature, LoadedRows, Row, Texts as _, WindowOptions,
};
use embert_metrics::{MaskedAccumulator, MaskedMetric, MaskedReport, NamedMetric as _};
use embert_model::{BertConfig, Layout, MaskedLmHead, ProblemType};
use embert_run::{Baseline, Detail, FILL_MASK, MaskedExample, MaskedWord, MetricInfo, Metrics};

use super::alignment::MaskAlignment;
use super::answer::FilledText;
use super::blocks;
use super::card;
use super::example::MaskedText;
use super::loss::masked_loss;
use super::masking::mask;
use super::options::MaskOptions;
use super::prediction::MaskPrediction;
use super::scorer::MaskScorer;
use super::target::MaskTarget;
use super::vocabulary::Vocabulary;
use crate::named_scores::{logged, logged_names, shown, values};
use crate::pairs::{example_of_row, of_document};
use crate::{
    Corrupted, Draw, ExampleProblem, Inputs, LabelOptions, LossSettings, Scorer, Task, TaskCard, TaskError,
    encode_aligned,
};

/// The words behind masked tokens (Devlin et al. 2019, section 3.1): a dense layer, its normalization and a decoder
/// that is tied to the word embeddings over the states of the masked tokens, and the cross-entropy over the whole
/// vocabulary.
///
/// Texts fill blocks of the maximum length, unless [`MaskOptions::line_by_line`] is set; longer texts are then read
/// in windows. In training the masks are other ones in each epoch; those of an evaluation are always the same.
#[derive(Clone, Debug)]
pub struct FillMask {
    options: MaskOptions,
    /// The number of outputs of a token.
    vocab_size: usize,
    /// How many words are written for each mask.
    shown: usize,
    /// From [`with_tokenizer`](Task::with_tokenizer), with the options by which features are encoded.
    tokenizer: Option<(Vocabulary, WindowOptions)>,
    /// The most frequent token of the training split.
    frequent: Option<u32>,
}

impl FillMask {
    /// The number of words that are written for each mask, unless it is set.
    pub const SHOWN: usize = 5;

    /// The task for a vocabulary of `vocab_size` tokens.
    pub fn new(vocab_size: usize, options: MaskOptions) -> Self {
        Self { options, vocab_size, shown: Self::SHOWN, tokenizer: None, frequent: None }
    }

    /// Sets how many words are written for each mask.
    #[must_use]
    pub fn with_top_k(self, shown: usize) -> Self {
        Self { shown, ..self }
    }

    fn vocabulary(&self) -> Option<&Vocabulary> {
        self.tokenizer.as_ref().map(|(vocabulary, _)| vocabulary)
    }

    /// The most frequent token of these examples, the special ones left out; of equals, the one with the smallest id.
    fn most_frequent(&self, examples: &[MaskedText]) -> Option<u32> {
        /// The number of texts to encode at a time.
        const CHUNK: usize = 1024;
        let (vocabulary, _) = self.tokenizer.as_ref()?;
        let whole = EncodeOptions { max_length: usize::MAX, truncation: Truncation::LongestFirst };
        let mut counts = vec![0_usize; self.vocab_size];
        for chunk in examples.chunks(CHUNK) {
            let inputs: Vec<_> = chunk.iter().map(|example| (example.text(), example.text_pair())).collect();
            for encoding in vocabulary.tokenizer.encode_batch(&inputs, &whole).ok()? {
                for id in encoding.ids.into_iter().filter(|id| !vocabulary.is_special(*id)) {
                    counts[id as usize] += 1;
                }
            }
        }
        let most = counts.iter().copied().max().filter(|most| *most > 0)?;
        counts.iter().position(|count| *count == most).map(|token| token as u32)
    }
}

impl Task for FillMask {
    const NAME: &'static str = FILL_MASK;
    const METRIC: &'static str = MaskedMetric::DEFAULT;
    const PROBLEM_TYPE: Option<ProblemType> = None;
    const CORRUPTS: bool = true;
    // No text is lost, and no mask of a text to fill.
    const SHARE_OF_WINDOWS: Option<usize> = Some(4);
    const KEY: &'static str = "a document";
    const LABEL_KEY: &'static str = "text";

    type Head = MaskedLmHead;
    type Example = MaskedText;
    type Labels = MaskOptions;
    type Target = MaskTarget;
    type Alignment = MaskAlignment;
    type Part = MaskPrediction;
    type Prediction = MaskPrediction;
    type Answer = FilledText;
    type Record = MaskedExample;
    type Scorer = MaskScorer;
    type Report = MaskedReport;

    fn inputs(_examples: &[MaskedText]) -> Inputs {
        Inputs::Masks
    }

    /// The texts alone: what a column of labels says is not read.
    fn columns(card: &Card) -> Columns {
        let columns = Columns::new().with_text(&card.columns.text);
        let columns = card.columns.text_pair.iter().fold(columns, Columns::with_text);
        card.columns.document.iter().fold(columns, Columns::with)
    }

    fn label_column(_card: &Card) -> Option<&str> {
        None
    }

    fn read_labels(
        _card: &Card,
        _rows: &LoadedRows,
        _skip_bad_rows: bool,
        options: &LabelOptions,
    ) -> Result<(MaskOptions, Vec<String>), TaskError> {
        options.refuse_tags()?;
        Ok((options.masks, Vec::new()))
    }

    fn example(_options: &MaskOptions, card: &Card, id: u64, row: Row) -> Result<MaskedText, ExampleProblem> {
        let example = example_of_row(card, id, row, ())?;
        if [Some(example.text()), example.text_pair()]
            .into_iter()
            .flatten()
            .all(|text| text.trim().is_empty())
        {
            return Err(ExampleProblem::NoText);
        }
        Ok(example)
    }

    /// The document.
    fn keys(example: &MaskedText) -> Vec<Cow<'_, str>> {
        of_document(example).into_iter().collect()
    }

    fn label_names(_options: &MaskOptions) -> Option<&[String]> {
        None
    }

    fn fit(options: &MaskOptions, config: &BertConfig, _folder: &Path) -> Result<Self, TaskError> {
        Ok(Self::new(config.vocab_size, *options))
    }

    fn of_checkpoint(config: &BertConfig, _folder: &Path) -> Result<Self, TaskError> {
        Ok(Self::new(config.vocab_size, MaskOptions::default()))
    }

    fn with_tokenizer(self, tokenizer: &Tokenizer, options: &WindowOptions) -> Result<Self, TaskError> {
        let vocabulary = Vocabulary::new(tokenizer, self.vocab_size)?;
        Ok(Self { tokenizer: Some((vocabulary, *options)), ..self })
    }

    fn regroup(&self, examples: Vec<MaskedText>) -> Result<Vec<MaskedText>, TaskError> {
        match &self.tokenizer {
            Some((vocabulary, options)) if !self.options.line_by_line => {
                blocks::fill(&examples, &vocabulary.tokenizer, options.encoding.max_length)
            }
            _ => Ok(examples),
        }
    }

    fn regrouped_note(&self, before: usize, after: usize) -> Option<String> {
        let max_length = self.tokenizer.as_ref()?.1.encoding.max_length;
        (!self.options.line_by_line).then(|| {
            format!(
                "{before} texts fill {after} blocks of at most {max_length} tokens: what is counted is blocks"
            )
        })
    }

    fn with_loss(
        self,
        settings: &LossSettings,
        _train: &EncodedDataset<MaskTarget>,
    ) -> Result<Self, TaskError> {
        let instead = "masked words are tokens of the vocabulary, not classes";
        settings.class_weights.refuse("class_weights", instead)?;
        settings.pos_weight.refuse("pos_weight", instead)?;
        settings.refuse_label_smoothing(instead)?;
        Ok(self)
    }

    fn labels(&self) -> &[String] {
        &[]
    }

    fn metrics(&self) -> Vec<MetricInfo> {
        shown::<MaskedMetric>()
    }

    fn logged_metrics(&self) -> Vec<String> {
        logged_names::<MaskedMetric>()
    }

    fn card(&self, _escape: &dyn Fn(&str) -> String) -> TaskCard {
        card::card(self.options)
    }

    fn count_labels<'a>(_labels: usize, _examples: impl IntoIterator<Item = &'a MaskedText>) -> Vec<usize> {
        Vec::new()
    }

    fn is_labelled(_example: &MaskedText) -> bool {
        true
    }

    fn align_label(&self, example: MaskedText) -> MaskedText {
        example
    }

    fn target(&self, _example: &MaskedText, encoding: &Encoding) -> Result<MaskTarget, TaskError> {
        Ok(MaskTarget::of(encoding, self.vocabulary()))
    }

    fn corrupt(
        &self,
        feature: &EncodedFeature<MaskTarget>,
        draw: Draw,
    ) -> Option<Corrupted<MaskTarget, MaskAlignment>> {
        let (ids, masked) = mask(feature, self.vocabulary()?, self.options.whole_word_mask, draw)?;
        let target = MaskTarget::masked(masked);
        let alignment = MaskAlignment {
            ids: ids.clone(),
            positions: target.positions().to_vec(),
            truth: target.tokens().to_vec(),
            ..MaskAlignment::default()
        };
        Some(Corrupted { ids, target, alignment })
    }

    fn trained_positions<'a>(&self, target: &'a MaskTarget) -> Option<&'a [usize]> {
        Some(target.positions())
    }

    fn decoded_positions<'a>(&self, alignment: &'a MaskAlignment) -> Option<&'a [usize]> {
        Some(&alignment.positions)
    }

    fn check_example(&self, example: &MaskedText) -> Result<(), ExampleProblem> {
        let Some((vocabulary, options)) = &self.tokenizer else { return Ok(()) };
        let whole = EncodeOptions { max_length: usize::MAX, ..options.encoding };
        let encoding = vocabulary.tokenizer.encode(example.text(), example.text_pair(), &whole);
        // A text that can't be encoded is an error where it is.
        if encoding.is_ok_and(|encoding| !encoding.ids.contains(&vocabulary.mask_id)) {
            return Err(ExampleProblem::NoMask { token: vocabulary.token(vocabulary.mask_id) });
        }
        Ok(())
    }

    fn alignment(&self, _example: &MaskedText, encoding: &Encoding, _tokenizer: &Tokenizer) -> MaskAlignment {
        self.vocabulary()
            .map_or_else(MaskAlignment::default, |vocabulary| MaskAlignment::of(encoding, vocabulary.mask_id))
    }

    /// The number of masked tokens.
    fn weight(&self, targets: &[MaskTarget]) -> f64 {
        targets.iter().map(|target| target.tokens().len()).sum::<usize>() as f64
    }

    fn loss(&self, outputs: Tensor<2>, _layout: &Layout, targets: &[MaskTarget], divisor: f64) -> Tensor<1> {
        masked_loss(outputs, targets, divisor)
    }

    fn decode(&self, alignment: &MaskAlignment, outputs: &[f32]) -> MaskPrediction {
        MaskPrediction::of_feature(alignment, outputs, self.vocab_size, self.shown)
    }

    fn join(&self, _example: &MaskedText, parts: Vec<MaskPrediction>) -> MaskPrediction {
        MaskPrediction::join(parts)
    }

    fn with_baselines(self, train: &[MaskedText]) -> Self {
        let frequent = self.most_frequent(train);
        Self { frequent, ..self }
    }

    fn baselines(&self, examples: &[MaskedText]) -> Result<Vec<Baseline>, TaskError> {
        let (Some(frequent), Some((vocabulary, options))) = (self.frequent, &self.tokenizer) else {
            return Ok(Vec::new());
        };
        let (_, alignments) = encode_aligned(self, examples, &vocabulary.tokenizer, options)?;
        let mut scores = MaskedAccumulator::default();
        for token in alignments.iter().flat_map(|alignment| &alignment.truth) {
            // The rule gives no probabilities, and so has no loss.
            scores.add(0.0, *token == frequent)?;
        }
        let name = format!("always \"{}\", the most frequent token of training", vocabulary.token(frequent));
        let metrics = values(&scores.report(), [MaskedMetric::MaskedAccuracy]);
        Ok(vec![Baseline { name, metrics }])
    }

    fn scorer(&self) -> Result<MaskScorer, TaskError> {
        Ok(MaskScorer::default())
    }

    fn logged(&self, report: &MaskedReport) -> Metrics {
        logged::<MaskedMetric>(report)
    }

    fn scores(&self, report: &MaskedReport) -> (Metrics, Detail) {
        (values(report, MaskedMetric::displayed()), Detail::default())
    }

    fn record(
        &self,
        split: &str,
        example: &MaskedText,
        prediction: &MaskPrediction,
        tokens: usize,
    ) -> MaskedExample {
        let token = |id: u32| self.vocabulary().map(|vocabulary| vocabulary.token(id)).unwrap_or_default();
        let masks = prediction.masks.iter().filter_map(|mask| {
            let (truth, loss) = mask.truth?;
            let (predicted, score) = *mask.best.first()?;
            Some(MaskedWord {
                token: token(truth),
                shown: token(mask.ids[mask.position]),
                predicted: token(predicted),
                score,
                probability: (-loss).exp(),
            })
        });
        // The first and the last token are those that every text has.
        let read = prediction.masks.first().map(|mask| &mask.ids[1..mask.ids.len() - 1]);
        let text = read.zip(self.vocabulary());
        MaskedExample {
            split: split.to_owned(),
            id: example.id,
            text: text.map_or_else(
                || example.text.clone(),
                |(ids, vocabulary)| vocabulary.tokenizer.decode(ids, false),
            ),
            masks: masks.collect(),
            tokens,
        }
    }

    fn answer(&self, example: MaskedText, prediction: MaskPrediction) -> FilledText {
        let texts = [Some(example.text), example.text_pair];
        FilledText::new(texts, &prediction, self.vocabulary(), self.shown)
    }
}

impl Scorer<FillMask> for MaskScorer {
    fn add(&mut self, _example: &MaskedText, prediction: &MaskPrediction) -> Result<(), TaskError> {
        for mask in &prediction.masks {
            if let Some((truth, loss)) = mask.truth {
                let is_hit = mask.best.first().is_some_and(|(token, _)| *token == truth);
                self.0.add(loss, is_hit)?;
            }
        }
        Ok(())
    }

    fn merge(&mut self, other: Self) -> Result<(), TaskError> {
        self.0.merge(other.0);
        Ok(())
    }

    fn finish(&self) -> MaskedReport {
        self.0.report()
    }
}
