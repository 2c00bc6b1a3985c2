//! [`FilledText`]: a text with the words that a model finds behind its masks.

use serde::Serialize;

use super::prediction::{MaskPrediction, PredictedMask};
use super::vocabulary::Vocabulary;

/// A text with the most probable words behind each of its masks. Serialises to
/// `{"text":..,"masks":[[{"score":..,"token":..,"token_str":..,"sequence":..},..],..]}`.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct FilledText {
    /// The text, or the first text of a pair.
    pub text: String,
    /// The second text of a pair.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub text_pair: Option<String>,
    /// The most probable words behind each mask, in the order of the text.
    pub masks: Vec<Vec<Filled>>,
    /// Whether the text was cut, so that the model has not read it whole.
    #[serde(skip)]
    pub is_cut: bool,
}

/// A word behind a mask, as the pipeline `fill-mask` of `transformers` has it.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Filled {
    /// The probability, in [0, 1].
    pub score: f64,
    /// The id of the token.
    pub token: u32,
    /// The token as text.
    pub token_str: String,
    /// The text with the token in its place, decoded from its tokens. Special tokens are left out if the text has
    /// one mask; else they are all there, other masks among them.
    pub sequence: String,
}

impl Filled {
    /// The words behind a mask.
    pub(super) fn of(mask: &PredictedMask, vocabulary: &Vocabulary, most: usize) -> Vec<Self> {
        let tokenizer = &vocabulary.tokenizer;
        let pad = tokenizer.pad_id();
        let filled = mask.best.iter().take(most).map(|&(token, score)| {
            let tokens = mask.ids.iter().enumerate();
            let tokens = tokens.map(|(position, id)| if position == mask.position { token } else { *id });
            let tokens: Vec<u32> = tokens.filter(|id| *id != pad).collect();
            Self {
                score,
                token,
                token_str: tokenizer.decode(&[token], false),
                sequence: tokenizer.decode(&tokens, mask.masks == 1),
            }
        });
        filled.collect()
    }
}

impl FilledText {
    pub(super) fn new(
        [text, text_pair]: [Option<String>; 2],
        prediction: &MaskPrediction,
        vocabulary: Option<&Vocabulary>,
        most: usize,
    ) -> Self {
        let masks = vocabulary.into_iter().flat_map(|vocabulary| {
            prediction.masks.iter().map(move |mask| Filled::of(mask, vocabulary, most))
        });
        Self { text: text.unwrap_or_default(), text_pair, masks: masks.collect(), is_cut: prediction.is_cut }
    }
}
