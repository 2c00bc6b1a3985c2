//! Texts from outside (labels, file names, settings, errors), made harmless for a terminal.
//!
//! A terminal obeys control characters: a label may clear the screen, set the title or paint over the line
//! above. Unicode's format characters reorder or hide what stands around them. Both are shown as Rust writes
//! them, `\u{1b}`.

use std::borrow::Cow;
use std::fmt::Write as _;

/// True for a character that a terminal obeys instead of showing it, or that reorders or hides its
/// neighbours: C0, DEL, C1, bidirectional controls, zero-width characters, line and paragraph separators.
///
/// The zero-width characters in emoji and in Persian (U+200D, U+200C) are hidden too: a terminal's columns
/// can't be counted otherwise.
pub fn is_hidden(character: char) -> bool {
    character.is_control()
        || matches!(
            character,
            '\u{ad}'
                | '\u{61c}'
                | '\u{180e}'
                | '\u{200b}'..='\u{200f}'
                | '\u{2028}'..='\u{202e}'
                | '\u{2060}'..='\u{206f}'
                | '\u{feff}'
                | '\u{fff9}'..='\u{fffb}'
                | '\u{e0000}'..='\u{e007f}'
        )
}

/// The text in one line, with every hidden character as Rust writes it: `\n`, `\u{1b}`.
pub fn escaped(text: &str) -> Cow<'_, str> {
    escape(text, is_hidden)
}

/// [`escaped`], but for newlines and tabs, which lay out the program's own texts.
pub fn escaped_lines(text: &str) -> Cow<'_, str> {
    escape(text, is_hidden_in_lines)
}

fn is_hidden_in_lines(character: char) -> bool {
    is_hidden(character) && !matches!(character, '\n' | '\t')
}

pub(crate) fn escape(text: &str, hidden: impl Fn(char) -> bool) -> Cow<'_, str> {
    if !text.contains(&hidden) {
        return Cow::Borrowed(text);
    }
    let mut out = String::with_capacity(text.len() + 16);
    for character in text.chars() {
        push(&mut out, character, &hidden);
    }
    Cow::Owned(out)
}

fn push(out: &mut String, character: char, hidden: &impl Fn(char) -> bool) {
    if hidden(character) {
        out.extend(character.escape_default());
    } else {
        out.push(character);
    }
}

/// [`escaped`] in at most `most` characters; `…` stands for the rest.
pub fn shortened(text: &str, most: usize) -> Cow<'_, str> {
    // Escaping never shortens a text.
    if text.chars().nth(most).is_none() {
        let escaped = escaped(text);
        if escaped.chars().nth(most).is_none() {
            return escaped;
        }
    }
    let mut out = take(text.chars(), most.saturating_sub(1), &is_hidden).0;
    out.push('…');
    Cow::Owned(out)
}

/// [`escaped_lines`] in about `most` characters: the beginning, the number of characters left out, and the
/// end. An error may quote a damaged file, and the remedy stands at its end.
pub fn excerpt(text: &str, most: usize) -> Cow<'_, str> {
    // An escaped character may have eight characters or more.
    if text.chars().nth(most).is_none() {
        let escaped = escaped_lines(text);
        if escaped.chars().nth(most).is_none() {
            return escaped;
        }
    }
    let (mut out, first) = take(text.chars(), most * 2 / 3, &is_hidden_in_lines);
    let rest = &text[first..];
    let (mut last, mut room) = (rest.len(), most / 3);
    for (start, character) in rest.char_indices().rev() {
        let length = escaped_length(character);
        if length > room {
            break;
        }
        (last, room) = (start, room - length);
    }
    let left_out = rest[..last].chars().count();
    if left_out > 0 {
        // A string takes all that is written to it.
        let _ = write!(out, " … ({left_out} characters left out) … ");
    }
    out.push_str(&escaped_lines(&rest[last..]));
    Cow::Owned(out)
}

fn escaped_length(character: char) -> usize {
    if is_hidden_in_lines(character) { character.escape_default().len() } else { 1 }
}

/// The beginning of a text in at most `most` characters, with complete escapes, and its length in bytes.
fn take(
    characters: impl Iterator<Item = char>,
    most: usize,
    hidden: &impl Fn(char) -> bool,
) -> (String, usize) {
    let (mut out, mut room, mut bytes) = (String::new(), most, 0);
    for character in characters {
        let length = if hidden(character) { character.escape_default().len() } else { 1 };
        if length > room {
            break;
        }
        push(&mut out, character, hidden);
        room -= length;
        bytes += character.len_utf8();
    }
    (out, bytes)
}

/// Escapes a name, setting or error for a page: control characters and directional marks become Rust escapes.
/// A text with right-to-left letters is put between isolates, so that it can't reorder the words around it.
pub(crate) fn named(text: &str) -> Cow<'_, str> {
    let hidden = |character: char| character.is_control() || is_directional(character);
    // A page repeats a label dozens of times, so a very long one is cut.
    let text = if text.chars().nth(MOST_IN_NAME).is_some() {
        Cow::Owned(take(text.chars(), MOST_IN_NAME, &hidden).0 + "…")
    } else {
        escape(text, hidden)
    };
    if text.contains(is_right_to_left) { Cow::Owned(format!("{FIRST_STRONG}{text}{POP}")) } else { text }
}

/// A text whose every character counts: control characters and directional marks become Rust escapes, but for
/// newlines and tabs.
pub(crate) fn visible(text: &str) -> Cow<'_, str> {
    escape(text, |character| {
        (character.is_control() && !matches!(character, '\n' | '\t')) || is_directional(character)
    })
}

/// The most characters of a name in a page.
const MOST_IN_NAME: usize = 1000;

/// A name without the isolates of [`named`], for a terminal.
pub(crate) fn without_isolates(text: &str) -> String {
    text.replace([FIRST_STRONG, POP], "")
}

/// FIRST STRONG ISOLATE: the following text has its own direction.
const FIRST_STRONG: char = '\u{2068}';
/// POP DIRECTIONAL ISOLATE.
const POP: char = '\u{2069}';

/// Unicode's `Bidi_Control`.
fn is_directional(character: char) -> bool {
    matches!(character, '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

/// The blocks of scripts from right to left: Hebrew, Arabic, Syriac and others.
fn is_right_to_left(character: char) -> bool {
    matches!(character, '\u{590}'..='\u{8ff}' | '\u{fb1d}'..='\u{fdff}' | '\u{fe70}'..='\u{fefe}'
        | '\u{10800}'..='\u{10fff}' | '\u{1e800}'..='\u{1efff}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_terminal_obeys_is_shown() {
        assert_eq!(escaped("good \u{1b}]0;owned\u{7}"), "good \\u{1b}]0;owned\\u{7}");
        assert_eq!(escaped("a\rb\nc\td\u{7f}\u{9b}2J"), "a\\rb\\nc\\td\\u{7f}\\u{9b}2J");
        assert_eq!(escaped("\u{202e}abc\u{2066}\u{200f}\u{feff}\u{2028}").matches("\\u{").count(), 5);
        for plain in ["", "plain", "naïve 日本語 עברית 🙂", "back\\slash \"quoted\""] {
            assert!(matches!(escaped(plain), Cow::Borrowed(text) if text == plain), "{plain}");
        }
        assert_eq!(escaped_lines("a\n\tb\r\u{1b}"), "a\n\tb\\r\\u{1b}");
    }

    /// Every character of Unicode, alone.
    #[test]
    fn no_control_character_is_left() {
        for character in '\0'..=char::MAX {
            let text = character.to_string();
            assert!(!escaped(&text).chars().any(is_hidden), "{character:?}");
            assert!(
                !escaped_lines(&text).chars().any(|left| left.is_control() && left != '\n' && left != '\t')
            );
        }
    }

    #[test]
    fn a_long_text_is_cut_and_no_escape_in_two() {
        assert_eq!(shortened("abcdef", 6), "abcdef");
        assert_eq!(shortened("abcdefg", 6), "abcde…");
        assert_eq!(shortened("ab\u{1b}cdefg", 6), "ab…");
        assert_eq!(shortened(&"\0".repeat(1 << 20), 12), "\\u{0}\\u{0}…");
        assert_eq!(shortened("äöü", 3), "äöü");
    }

    #[test]
    fn a_name_can_not_reorder_the_words_around_it() {
        assert_eq!(named("plain, naïve 👨\u{200d}👩"), "plain, naïve 👨\u{200d}👩");
        assert_eq!(named("a\u{202e}b\u{2069}\u{200f}\u{1b}"), "a\\u{202e}b\\u{2069}\\u{200f}\\u{1b}");
        assert_eq!(named("שלום"), "\u{2068}שלום\u{2069}");
        assert_eq!(named(&"long ".repeat(1 << 18)).chars().count(), 1001);
        // A mark that would end the isolate is escaped.
        assert_eq!(named("ש\u{2069}ל"), "\u{2068}ש\\u{2069}ל\u{2069}");
        assert_eq!(without_isolates(&named("ש\u{2069}ל")), "ש\\u{2069}ל");
    }

    #[test]
    fn an_excerpt_keeps_both_ends() {
        assert_eq!(excerpt("file a, line 3: x", 30), "file a, line 3: x");
        let long = format!("file a, line 3: {}: write it as UTF-8", "\0".repeat(3 << 20));
        let short = excerpt(&long, 120);
        assert!(short.starts_with("file a, line 3: \\u{0}\\u{0}"), "{short}");
        assert!(short.ends_with("\\u{0}: write it as UTF-8"), "{short}");
        assert!(short.contains("characters left out") && short.chars().count() < 160, "{short}");
        let exact: usize =
            short.split(['(', ' ']).find_map(|word| word.parse().ok().filter(|n| *n > 3)).unwrap();
        assert_eq!(exact + short.matches("\\u{0}").count(), 3 << 20);
    }
}
