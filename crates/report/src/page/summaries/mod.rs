//! The section of a split with summaries: where the chosen sentences stand, and texts with the sentences that were
//! chosen and those of the oracle marked.

mod marked;
mod positions;

use embert_metrics::{RougeScores, SummarizedExample};
use maud::{Markup, html};

use self::marked::{key, marked};
use self::positions::by_position;
use super::figure::figures;
use super::texts::CodePoints;
use crate::ReportError;
use crate::examples::Split;
use crate::number::{counted, figure, thousands};
use crate::text::shortened;

/// The number of texts in each of the two lists.
const SHOWN: usize = 8;
/// The most true summaries that are quoted, and the most characters of each.
const MOST_TRUE: usize = 3;
const QUOTED: usize = 400;

/// A text with the scores of its summary.
struct Summarized<'a> {
    example: &'a SummarizedExample,
    scores: RougeScores,
}

impl<'a> Summarized<'a> {
    fn of(example: &'a SummarizedExample) -> Self {
        let text = CodePoints::of(&example.text);
        let chosen = example.sentences.iter().filter(|sentence| sentence.is_chosen);
        // A sentence of several lines is one, as the run's own evaluation has it.
        let lines: Vec<String> =
            chosen.map(|sentence| text.cut(sentence.start, sentence.end).replace('\n', " ")).collect();
        Self { example, scores: RougeScores::of(&example.references, &lines.join("\n")) }
    }
}

/// The section about one split; nothing without examples.
pub(super) fn of_split(split: &Split<'_, SummarizedExample>) -> Result<Option<Markup>, ReportError> {
    if split.examples.is_empty() {
        return Ok(None);
    }
    let positions = by_position(&split.examples, &format!("-{}", split.name));
    let mut all: Vec<Summarized<'_>> = split.examples.iter().map(|example| Summarized::of(example)).collect();
    // The sort keeps the order of the file among equals.
    all.sort_by(|one, other| one.scores.rouge1.total_cmp(&other.scores.rouge1));
    let worst: Vec<&Summarized<'_>> = all.iter().take(SHOWN).collect();
    let best: Vec<&Summarized<'_>> = all.iter().rev().take(SHOWN).collect();
    let of = |shown: &[&Summarized<'_>]| {
        format!("{} of {}", counted(shown.len(), "text"), thousands(split.examples.len()))
    };
    Ok(Some(html! {
        (figures(&[positions])?)
        h3 class="after" { "Sentences in their texts" }
        (key())
        div class="columns wide" {
            div {
                h3 { "Lowest ROUGE-1" }
                p class="note" { (of(&worst)) ", the lowest first." }
                (list(&worst))
            }
            div {
                h3 { "Highest ROUGE-1" }
                p class="note" { (of(&best)) ", the highest first." }
                (list(&best))
            }
        }
    }))
}

fn list(all: &[&Summarized<'_>]) -> Markup {
    html! {
        ol class="examples" {
            @for Summarized { example, scores } in all {
                li {
                    p class="verdict" {
                        "ROUGE-1 " (figure(scores.rouge1)) ", ROUGE-2 " (figure(scores.rouge2)) ", ROUGE-L " (figure(scores.rouge_l))
                        small {
                            " · row " (example.id) " · " (counted(example.sentences.len(), "sentence"))
                            " · " (counted(example.tokens, "token"))
                        }
                    }
                    dl class="answers" { div { dt { "true" } dd { (references(&example.references)) } } }
                    (marked(example))
                }
            }
        }
    }
}

/// The true summaries.
fn references(references: &[String]) -> Markup {
    let left_out = references.len().saturating_sub(MOST_TRUE);
    html! {
        @for (place, reference) in references.iter().take(MOST_TRUE).enumerate() {
            @if place > 0 { " · " }
            "“" bdi { (shortened(reference, QUOTED)) } "”"
        }
        @if left_out > 0 { " and " (counted(left_out, "other")) }
    }
}

#[cfg(test)]
mod tests {
    use embert_metrics::ScoredSentence;

    use super::*;

    /// A text of the sentences `A bear.`, `A cub.` and `Rain.`, of which some are chosen.
    fn example(id: u64, chosen: &[usize], reference: &str) -> SummarizedExample {
        let places = [(0, 7), (8, 14), (15, 20)];
        let sentence = |(index, (start, end)): (usize, (usize, usize))| ScoredSentence {
            start,
            end,
            score: (index < 2).then_some(0.25),
            is_chosen: chosen.contains(&index),
            is_oracle: index == 0,
        };
        SummarizedExample {
            split: "test".to_owned(),
            id,
            text: "A bear. A cub. Rain.".to_owned(),
            sentences: places.into_iter().enumerate().map(sentence).collect(),
            references: vec![reference.to_owned()],
            tokens: 12,
        }
    }

    fn section(all: &[SummarizedExample]) -> String {
        let split = Split { name: "test", examples: all.iter().collect(), scores: None };
        of_split(&split).unwrap().map(Markup::into_string).unwrap_or_default()
    }

    #[test]
    fn texts_are_listed_by_their_scores() {
        let html =
            section(&[example(1, &[0], "a bear"), example(2, &[1], "a bear"), example(3, &[2], "a bear")]);
        let rows: Vec<&str> =
            html.split("row ").skip(1).map(|part| part.split(' ').next().unwrap_or_default()).collect();
        assert_eq!(rows, ["3", "2", "1", "1", "2", "3"]);
        for part in
            ["ROUGE-1 1.0000", "ROUGE-1 0.5000", "3 texts of 3, the lowest first", "3 sentences · 12 tokens"]
        {
            let part = part.replace(" · ", " · ");
            assert!(html.contains(&part), "{part}: {html}");
        }
        assert_eq!(section(&[]), "");
    }

    #[test]
    fn summaries_are_never_markup() {
        let mut one = example(0, &[0], "<b>\u{202e}");
        one.references.extend(["x".repeat(900), "y".to_owned(), "z".to_owned()]);
        one.text = "<i>\u{1b} b. A cub. Rain.".chars().take(20).collect();
        let html = section(&[one]);
        assert!(html.contains("&lt;b&gt;\\u{202e}") && html.contains("&lt;i&gt;\\u{1b}"), "{html}");
        assert!(html.contains("and 1 other") && !html.contains(&"x".repeat(500)), "{html}");
        for part in ["<b>", "<i>", "\u{202e}"] {
            assert!(!html.contains(part), "{part}: {html}");
        }
    }
}
