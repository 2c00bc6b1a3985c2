//! [`TextPair`]: two texts, and perhaps a third that is unlike the first.

use embert_data::Texts;

/// Two texts, which the model reads each on its own.
#[derive(Clone, Debug, PartialEq)]
pub struct TextPair {
    /// The number of the example's row, from 0, among the rows of all files.
    pub id: u64,
    /// The first text: a query.
    pub text: String,
    /// The second text: its partner, or a text that a score compares with the first.
    pub text_pair: String,
    /// A text that is no partner of the first one; `None` where the row has none.
    pub negative: Option<String>,
    /// How alike the two texts are, on the scale of the data; `None` for pairs without scores, and for a pair to
    /// predict.
    pub score: Option<f64>,
    /// The document that the texts are from, where the data set says so.
    pub document: Option<String>,
}

impl TextPair {
    /// A pair to predict.
    pub fn new(id: u64, text: String, text_pair: String) -> Self {
        Self { id, text, text_pair, negative: None, score: None, document: None }
    }
}

impl Texts for TextPair {
    fn id(&self) -> u64 {
        self.id
    }

    fn text(&self) -> &str {
        &self.text
    }

    fn text_pair(&self) -> Option<&str> {
        Some(&self.text_pair)
    }

    fn separate(&self) -> Option<Vec<&str>> {
        Some([self.text.as_str(), &self.text_pair].into_iter().chain(self.negative.as_deref()).collect())
    }
}
