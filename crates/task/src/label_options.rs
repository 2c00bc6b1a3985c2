//! [`LabelOptions`]: what labels mean, where the data leave it open.

use embert_metrics::Scheme;

/// What the labels of a data set mean, where the data leave it open. Tasks without such a question have no
/// use for the option.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct LabelOptions {
    /// The scheme of the tags of token classification; `None` for the card's, else for the one that the tags
    /// tell.
    pub scheme: Option<Scheme>,
    /// Whether all tokens of a word are trained on; otherwise the first token alone.
    pub label_all_tokens: bool,
    /// Whether a span of characters that begins or ends within a token is widened to the whole token;
    /// otherwise such a span is an error.
    pub widen_spans: bool,
}
