//! [`MaskOptions`]: how texts are masked.

/// How texts become features, and which of their tokens are masked together.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct MaskOptions {
    /// Whether the tokens of a word are masked together: those that begin with `##` belong to the word of the
    /// token before them, as with the option of this name of Google's BERT.
    pub whole_word_mask: bool,
    /// Whether each text is an example of its own; otherwise texts fill blocks of the maximum length, as in
    /// `run_mlm.py` of `transformers`, which has an option of this name.
    pub line_by_line: bool,
}
