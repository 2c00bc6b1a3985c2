//! Estimates the width of text: a browser chooses the font, and a page has no script to measure it.

use std::borrow::Cow;

use unicode_width::UnicodeWidthChar as _;

/// The width of a character in parts of the font's size: of `DejaVu Sans`, the widest of the fonts that the
/// style sheet's `sans-serif` stands for, or a little more.
fn em(character: char) -> f64 {
    match character {
        'i' | 'j' | 'l' | '.' | ',' | ':' | ';' | '\'' | '|' | ' ' => 0.34,
        'f' | 'r' | 't' | '-' | '(' | ')' | '[' | ']' | '/' | 'I' | 'J' => 0.45,
        'm' | 'w' | 'M' | 'W' | '%' | '@' | '=' | '+' | '…' => 1.0,
        'A'..='Z' | '&' => 0.8,
        ' '..='~' => 0.65,
        other => match other.width() {
            Some(0) | None => 0.0,
            Some(1) => 0.85,
            Some(_) => 1.4,
        },
    }
}

/// An upper bound of a text's width in a font of this size.
pub(super) fn width(text: &str, size: u32) -> f64 {
    text.chars().map(em).sum::<f64>() * f64::from(size)
}

/// The part of a text that fits, with `…` for the rest.
pub(super) fn fitted(text: &str, size: u32, room: f64) -> Cow<'_, str> {
    // A text of a megabyte is wider than any plot, so its end is not measured.
    if text.len() < 4096 && width(text, size) <= room {
        return Cow::Borrowed(text);
    }
    let mut left = room - width("…", size);
    let mut out = String::new();
    for character in text.chars() {
        left -= em(character) * f64::from(size);
        if left < 0.0 {
            break;
        }
        out.push(character);
    }
    out.push('…');
    Cow::Owned(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn wide_letters_are_wider() {
        assert!(width("iii", 12) < width("000", 12) && width("000", 12) < width("WWW", 12));
        assert!(width("日本", 12) > 24.0 && width("", 12) == 0.0);
        // DejaVu Sans has 0.636 em for a digit and half of that for a point.
        assert!(width("0.7931", 12) >= 12.0 * 5.5 * 0.636);
    }

    #[test]
    fn what_does_not_fit_is_cut() {
        assert_eq!(fitted("seconds", 12, 100.0), "seconds");
        let long = "long ".repeat(1 << 18);
        let cut = fitted(&long, 12, 100.0);
        assert!(cut.ends_with('…') && cut.starts_with("long long") && width(&cut, 12) <= 100.0, "{cut}");
        assert_eq!(fitted("abc", 12, 0.0), "…");
    }
}
