//! A user's content in messages: escaped, and cut where it is long.

/// Bytes of a text in a message, after which no further character is shown.
const MAX: usize = 60;

/// Most names that a message lists.
const NAMES: usize = 12;

/// The text with control characters escaped, cut where it is long.
pub fn shown(text: &str) -> String {
    let mut shown = String::new();
    for c in text.chars() {
        if shown.len() >= MAX {
            return shown + "...";
        }
        if c.is_control()
            || matches!(c, '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{feff}')
        {
            shown.extend(c.escape_default());
        } else {
            shown.push(c);
        }
    }
    shown
}

/// The names, separated by commas, the first few of many.
pub fn shown_names<T: AsRef<str>>(names: &[T]) -> String {
    let mut shown: Vec<String> = names.iter().take(NAMES).map(|name| shown(name.as_ref())).collect();
    if names.len() > NAMES {
        shown.push(format!("and {} more", names.len() - NAMES));
    }
    if shown.is_empty() { "none".to_owned() } else { shown.join(", ") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn content_is_escaped_and_cut() {
        assert_eq!(shown("naïve \u{1f3ac}"), "naïve \u{1f3ac}");
        assert_eq!(shown("a\0b\u{1b}[31m\n\u{202e}"), "a\\u{0}b\\u{1b}[31m\\n\\u{202e}");
        assert_eq!(shown(&"x".repeat(1000)).len(), MAX + 3);
        assert_eq!(shown_names(&["a", "b\r"]), "a, b\\r");
        let many: Vec<String> = (0..100).map(|i| i.to_string()).collect();
        assert!(shown_names(&many).ends_with("11, and 88 more"), "{}", shown_names(&many));
        assert_eq!(shown_names::<&str>(&[]), "none");
    }
}
