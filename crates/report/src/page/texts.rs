//! The texts of examples.

use maud::{Markup, html};

use crate::text::visible;

/// The characters of a text that are shown before the text has to be opened.
pub(super) const OPEN: usize = 320;

/// A text as it is, in its own direction; a long text can be opened.
pub(super) fn text(text: &str) -> Markup {
    let text = &text.replace("\r\n", "\n");
    let Some((end, _)) = text.char_indices().nth(OPEN) else {
        return html! { blockquote dir="auto" { (text) } };
    };
    // Cut between words, if possible.
    let end = text[..end].rfind(char::is_whitespace).filter(|&space| space > end / 2).unwrap_or(end);
    html! {
        details class="text" {
            summary { blockquote dir="auto" { (text[..end]) "…" } }
            blockquote dir="auto" { (text[end..].trim_start()) }
        }
    }
}

/// A text of which code points can be cut out.
pub(super) struct CodePoints<'a> {
    text: &'a str,
    /// The first byte of each code point, and the length in bytes.
    starts: Vec<usize>,
}

impl<'a> CodePoints<'a> {
    pub(super) fn of(text: &'a str) -> Self {
        Self { text, starts: text.char_indices().map(|(at, _)| at).chain([text.len()]).collect() }
    }

    /// The number of code points.
    pub(super) fn len(&self) -> usize {
        self.starts.len() - 1
    }

    /// The code points from `start` to before `end`.
    pub(super) fn cut(&self, start: usize, end: usize) -> &'a str {
        &self.text[self.starts[start]..self.starts[end]]
    }
}

/// The beginning and the end of a stretch of a text, each of `most` characters, where the stretch is longer
/// than both; of the first stretch only the end, of the last only the beginning.
pub(super) fn shortened_between(stretch: &str, most: usize, (is_first, is_last): (bool, bool)) -> String {
    let count = stretch.chars().count();
    if count <= 2 * most {
        return visible(stretch).into_owned();
    }
    let byte = |at: usize| stretch.char_indices().nth(at).map_or(stretch.len(), |(byte, _)| byte);
    let begin = &stretch[..byte(most)];
    let end = &stretch[byte(count - most)..];
    let begin = begin.rfind(char::is_whitespace).map_or(begin, |space| &begin[..space]);
    let end = end.find(char::is_whitespace).map_or(end, |space| &end[space..]);
    match (is_first, is_last) {
        (true, _) => format!("…{}", visible(end)),
        (false, true) => format!("{} …", visible(begin)),
        (false, false) => format!("{} …{}", visible(begin), visible(end)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_are_never_markup() {
        let short = text("<script>alert(1)</script>").into_string();
        assert_eq!(short, "<blockquote dir=\"auto\">&lt;script&gt;alert(1)&lt;/script&gt;</blockquote>");
        let long = text(&format!("<script>{}", "ä b ".repeat(200))).into_string();
        assert!(
            long.starts_with("<details") && long.contains("&lt;script&gt;") && !long.contains("<script"),
            "{long}"
        );
    }

    #[test]
    fn a_long_text_is_all_there() {
        let words: Vec<String> = (0..200).map(|n| format!("w{n}")).collect();
        let html = text(&words.join(" ")).into_string();
        for word in &words {
            let found = html
                .split(|character: char| !character.is_alphanumeric())
                .filter(|part| part == word)
                .count();
            assert_eq!(found, 1, "{word}");
        }
        assert!(text(&"x".repeat(1000)).into_string().contains(&"x".repeat(OPEN)));
    }
}
