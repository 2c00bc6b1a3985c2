//! [`SummarizedText`]: the summary of a text.

use serde::Serialize;

use super::example::SummaryExample;
use super::prediction::SummaryPrediction;

/// The summary of a text. Serialises to
/// `{"summary_text":..,"sentences":[{"index":..,"score":..,"text":..,"start":..,"end":..}]}`.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct SummarizedText {
    /// The chosen sentences in the order of the text, with a space between them.
    pub summary_text: String,
    /// The chosen sentences in the order of the text.
    pub sentences: Vec<ChosenSentence>,
    /// Whether the text was cut, so that the model has not read it whole.
    #[serde(skip)]
    pub is_cut: bool,
}

/// A sentence that is chosen for a summary.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct ChosenSentence {
    /// The index of the sentence in its text.
    pub index: usize,
    /// The probability that the sentence is in the summary.
    pub score: f64,
    /// The sentence, as it stands in the text.
    pub text: String,
    /// The first character in the text, counted in Unicode code points from 0; of given sentences, in these with
    /// a space between them.
    pub start: usize,
    /// One past the last character.
    pub end: usize,
}

impl SummarizedText {
    pub(super) fn new(example: &SummaryExample, prediction: &SummaryPrediction) -> Self {
        let sentence = |&index: &usize| {
            let characters = &example.summarized.sentences[index].characters;
            ChosenSentence {
                index,
                score: prediction.score(index).unwrap_or_default(),
                text: example.summarized.sentence(index).to_owned(),
                start: characters.start,
                end: characters.end,
            }
        };
        let sentences: Vec<ChosenSentence> = prediction.chosen.iter().map(sentence).collect();
        let texts: Vec<&str> = sentences.iter().map(|sentence| sentence.text.as_str()).collect();
        Self { summary_text: texts.join(" "), is_cut: prediction.is_cut, sentences }
    }
}
