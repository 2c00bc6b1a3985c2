//! [`LabelOptions`]: what labels mean, where the data leave it open.

use embert_metrics::Scheme;

use crate::TaskError;
use crate::fill_mask::options::MaskOptions;

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
    /// How texts are masked, where words are masked.
    pub masks: MaskOptions,
}

impl LabelOptions {
    /// Refuses all options.
    ///
    /// # Errors
    /// An option is set.
    pub(crate) fn refuse(self) -> Result<(), TaskError> {
        self.refuse_tags()?;
        self.refuse_masks()
    }

    /// Refuses the options on masks in a task that masks nothing.
    ///
    /// # Errors
    /// An option is set.
    pub(crate) fn refuse_masks(self) -> Result<(), TaskError> {
        let set = [
            ("data.whole_word_mask", self.masks.whole_word_mask),
            ("data.line_by_line", self.masks.line_by_line),
        ];
        let set = set.map(|(key, is_set)| (key, is_set.then(|| true.to_string())));
        refuse_any(set, "fill-mask")
    }

    /// Refuses the options on tags in a task without them.
    ///
    /// # Errors
    /// An option is set.
    pub(crate) fn refuse_tags(self) -> Result<(), TaskError> {
        let scheme = self.scheme.map(|scheme| scheme.to_string());
        let is_set = |is_set: bool| is_set.then(|| true.to_string());
        let set = [
            ("data.scheme", scheme),
            ("data.label_all_tokens", is_set(self.label_all_tokens)),
            ("data.widen_spans", is_set(self.widen_spans)),
        ];
        refuse_any(set, "token-classification")
    }
}

/// Refuses each of the settings that has a value: it is for the task `task`.
fn refuse_any(
    set: impl IntoIterator<Item = (&'static str, Option<String>)>,
    task: &str,
) -> Result<(), TaskError> {
    match set.into_iter().find_map(|(key, found)| Some((key, found?))) {
        None => Ok(()),
        Some((key, found)) => {
            let expected = format!("no value: it is for {task} alone");
            Err(TaskError::Setting { key, found, expected })
        }
    }
}
