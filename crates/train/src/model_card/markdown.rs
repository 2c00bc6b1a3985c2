//! Words, numbers and links of a card.

use super::provenance::HubRepository;

/// A number rounded to four decimal places.
pub(super) fn rounded(value: f64) -> f64 {
    (value * 1e4).round() / 1e4
}

/// A link to a repository of the hub.
pub(super) fn linked(repository: &HubRepository, host: &str) -> String {
    let revision = repository.revision.as_ref();
    let revision = revision.map_or(String::new(), |revision| format!(" at revision `{}`", code(revision)));
    format!("[{}]({host}/{}){revision}", escaped(&repository.id), repository.id)
}

/// A link if the text is a URL, and escaped text otherwise.
pub(super) fn url(text: &str) -> String {
    let is_link = text.starts_with("https://") || text.starts_with("http://");
    if is_link && !text.contains(['<', '>', '\\']) && !text.contains(char::is_whitespace) {
        format!("<{text}>")
    } else {
        escaped(text)
    }
}

/// A text in one line, escaped so that Markdown shows it literally, in a table too.
pub(crate) fn escaped(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '\\' | '`' | '*' | '_' | '[' | ']' | '<' | '>' | '|' | '~' | '&' | '#' | '!' | '$' => {
                escaped.extend(['\\', character]);
            }
            _ if character.is_control() => escaped.push(' '),
            _ => escaped.push(character),
        }
    }
    escaped
}

/// A text without backticks and control characters, to stand between backticks.
pub(super) fn code(text: &str) -> String {
    text.chars().filter(|character| *character != '`' && !character.is_control()).collect()
}
