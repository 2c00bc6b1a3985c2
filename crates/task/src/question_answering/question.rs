//! [`strip_question`].

/// The question without the white space before it, which `run_qa.py` strips as Python's `str.lstrip` does:
/// Python counts the separators U+001C to U+001F as white space, Unicode does not.
pub fn strip_question(question: &str) -> &str {
    let is_space = |character: char| character.is_whitespace() || ('\u{1c}'..='\u{1f}').contains(&character);
    question.trim_start_matches(is_space)
}
