//! The texts of examples.

use maud::{Markup, html};

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
