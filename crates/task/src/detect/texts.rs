//! [`text_columns`]: the columns of texts.

/// The columns of pairs of texts, as well-known data sets call them.
const PAIRS: [(&str, &str); 6] = [
    ("sentence1", "sentence2"),
    ("premise", "hypothesis"),
    ("question", "sentence"),
    ("question1", "question2"),
    ("text1", "text2"),
    ("text", "text_pair"),
];

/// Names of a text's column besides `text`.
const TEXTS: [&str; 1] = ["sentence"];

/// The columns of texts by their well-known names, in a file with the columns `names`: the column of the texts,
/// and, where they are pairs, the column of the second texts. `None` where no column has such a name.
pub fn text_columns(names: &[String]) -> Option<(&'static str, Option<&'static str>)> {
    let has = |name: &str| names.iter().any(|other| other == name);
    let has_text = has("text");
    let pair = PAIRS.iter().find(|(one, other)| has(one) && has(other) && (*one == "text" || !has_text));
    match pair {
        Some(&(one, other)) => Some((one, Some(other))),
        None if has_text => Some(("text", None)),
        None => TEXTS.iter().find(|name| has(name)).map(|&name| (name, None)),
    }
}
