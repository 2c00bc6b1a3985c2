//! [`AnswerOptions`].

/// How answers are chosen from logits: the options of `utils_qa.py`, with its defaults.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct AnswerOptions {
    /// How many answers are kept, and how many of the greatest start logits and of the greatest end logits of
    /// a window are combined.
    pub n_best: usize,
    /// The tokens of the longest answer.
    pub max_answer_length: usize,
    /// Whether a question may have no answer: `version_2_with_negative`.
    pub with_null: bool,
    /// The answer is null where the null score less the best answer's score is greater than this:
    /// `null_score_diff_threshold`, in logits.
    pub null_threshold: f64,
}

impl Default for AnswerOptions {
    fn default() -> Self {
        Self { n_best: 20, max_answer_length: 30, with_null: false, null_threshold: 0.0 }
    }
}
