//! Words, numbers and links of a card.

use serde::Serialize;

use super::HubRepository;

/// As every table of ours has it.
pub(super) fn rounded(value: f64) -> f64 {
    (value * 1e4).round() / 1e4
}

/// The word that stands for a value in a config.
pub(super) fn word(value: &impl Serialize) -> Result<String, serde_json::Error> {
    Ok(serde_json::to_value(value)?.as_str().unwrap_or_default().to_owned())
}

pub(super) fn linked(repository: &HubRepository, host: &str) -> String {
    let revision = repository.revision.as_ref();
    let revision = revision.map_or(String::new(), |revision| format!(" at revision `{}`", code(revision)));
    format!("[{}]({host}/{}){revision}", escaped(&repository.id), repository.id)
}

/// A link where it is one.
pub(super) fn url(text: &str) -> String {
    let is_link = text.starts_with("https://") || text.starts_with("http://");
    if is_link && !text.contains(['<', '>', '\\']) && !text.contains(char::is_whitespace) {
        format!("<{text}>")
    } else {
        escaped(text)
    }
}

/// A text in one line that Markdown shows as it is, in a table too.
pub(super) fn escaped(text: &str) -> String {
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

/// A name between backticks, which has none itself.
pub(super) fn code(text: &str) -> String {
    text.chars().filter(|character| *character != '`' && !character.is_control()).collect()
}
