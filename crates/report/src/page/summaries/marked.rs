//! A text with its sentences marked: a line below those of the oracle, a dotted line above those that are chosen,
//! and words after both.

use embert_metrics::{ScoredSentence, SummarizedExample};
use maud::{Markup, html};

use super::super::texts::{CodePoints, OPEN, shortened_between};
use crate::number::percent;
use crate::text::visible;

/// The characters of a stretch without marks that are shown at either end before the text has to be opened, and of
/// a marked sentence.
const AROUND: usize = 80;
/// The most characters of a text that can be opened: of a longer one the excerpt is all.
const MOST_OPENED: usize = 20_000;

/// The text with its marks. A long text has to be opened; before, its marks are shown with what is around them.
pub(super) fn marked(example: &SummarizedExample) -> Markup {
    let text = CodePoints::of(&example.text);
    if text.len() <= OPEN {
        return html! { blockquote dir="auto" { (sentences(&text, example, false)) } };
    }
    let excerpt = html! { blockquote dir="auto" { (sentences(&text, example, true)) } };
    if text.len() > MOST_OPENED {
        return excerpt;
    }
    html! {
        details class="text whole" {
            summary { (excerpt) small { "Whole text" } }
            blockquote dir="auto" { (sentences(&text, example, false)) }
        }
    }
}

fn sentences(text: &CodePoints<'_>, example: &SummarizedExample, is_cut: bool) -> Markup {
    let marked = || example.sentences.iter().filter(|one| is_marked(one));
    let ends = std::iter::once(0).chain(marked().map(|sentence| sentence.end));
    let last = marked().next_back().map_or(0, |sentence| sentence.end);
    let between = |start: usize, end: usize| {
        let stretch = text.cut(start, end);
        if is_cut {
            shortened_between(stretch, AROUND, (start == 0, end == text.len()))
        } else {
            visible(stretch).into_owned()
        }
    };
    html! {
        @for (before, sentence) in ends.zip(marked()) {
            (between(before, sentence.start))
            (mark(text, sentence, is_cut))
        }
        (between(last, text.len()))
    }
}

fn is_marked(sentence: &ScoredSentence) -> bool {
    sentence.start < sentence.end && (sentence.is_chosen || sentence.is_oracle)
}

fn mark(text: &CodePoints<'_>, sentence: &ScoredSentence, is_cut: bool) -> Markup {
    let (class, words) = match (sentence.is_oracle, sentence.is_chosen) {
        (true, true) => ("true given", "oracle and chosen"),
        (true, false) => ("true", "oracle"),
        (false, _) => ("given", "chosen"),
    };
    let piece = text.cut(sentence.start, sentence.end);
    let score = sentence.score.map_or_else(|| "not read".to_owned(), percent);
    html! {
        mark class="answer" {
            span class=(class) {
                @if is_cut { (shortened_between(piece, AROUND, (false, false))) } @else { (visible(piece)) }
            }
            small { " " bdi { (words) ", " (score) } }
        }
    }
}

/// What the marks mean.
pub(super) fn key() -> Markup {
    html! {
        p class="note key" {
            mark class="answer" { span class="true" { "A line below" } } " is a sentence of the oracle, or of the data set's own summary, "
            mark class="answer" { span class="given" { "a dotted line above" } } " one that the model has chosen, and "
            mark class="answer" { span class="true given" { "both lines" } } " one that is both. The percentage is the sentence's score."
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sentence(start: usize, end: usize, is_chosen: bool, is_oracle: bool) -> ScoredSentence {
        ScoredSentence { start, end, score: Some(0.5), is_chosen, is_oracle }
    }

    fn shown(text: &str, sentences: Vec<ScoredSentence>) -> String {
        let (split, references) = ("test".to_owned(), vec!["a".to_owned()]);
        marked(&SummarizedExample { split, id: 0, text: text.to_owned(), sentences, references, tokens: 3 })
            .into_string()
    }

    #[test]
    fn each_kind_of_sentence_has_its_line_and_its_words() {
        let sentences = vec![
            sentence(0, 3, true, true),
            sentence(4, 6, false, false),
            sentence(7, 9, true, false),
            ScoredSentence { score: None, ..sentence(10, 12, false, true) },
        ];
        let html = shown("Ünï b. c. d.", sentences);
        for part in [
            "<span class=\"true given\">Ünï</span><small> <bdi>oracle and chosen, 50.0 %</bdi></small>",
            "</mark> b. <mark",
            "<span class=\"given\">c.</span>",
            "<span class=\"true\">d.</span><small> <bdi>oracle, not read</bdi>",
        ] {
            assert!(html.contains(part), "{part}: {html}");
        }
    }

    #[test]
    fn a_long_text_can_be_opened() {
        let words = "word ".repeat(100);
        let text = format!("{words}Chosen. {words}");
        let html = shown(&text, vec![sentence(0, 0, true, true), sentence(500, 507, true, false)]);
        let (excerpt, whole) = html.split_once("Whole text").unwrap();
        let count = |html: &str| html.matches("word").count();
        assert!(count(excerpt) < 50 && count(whole) == 200, "{html}");
        assert_eq!(html.matches(">Chosen.<").count(), 2, "{html}");
        let longer = shown(&"word ".repeat(5000), Vec::new());
        assert!(!longer.contains("<details") && count(&longer) < 50, "{longer}");
    }
}
