//! [`LabelOptions`]: what labels mean, where the data leave it open.

use embert_metrics::Scheme;

use crate::TaskError;

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

impl LabelOptions {
    /// Refuses the options in a task without tags.
    ///
    /// # Errors
    /// An option is set.
    pub(crate) fn refuse(self) -> Result<(), TaskError> {
        let scheme = self.scheme.map(|scheme| scheme.to_string());
        let is_set = |is_set: bool| is_set.then(|| true.to_string());
        let set = [
            ("data.scheme", scheme),
            ("data.label_all_tokens", is_set(self.label_all_tokens)),
            ("data.widen_spans", is_set(self.widen_spans)),
        ];
        match set.into_iter().find_map(|(key, found)| Some((key, found?))) {
            None => Ok(()),
            Some((key, found)) => {
                let expected = "no value: it is for token-classification alone".to_owned();
                Err(TaskError::Setting { key, found, expected })
            }
        }
    }
}
