//! The section of a split of masked words: which words are found, and a few texts with their masks.

use std::collections::BTreeMap;

use embert_run::MaskedExample;
use maud::{Markup, html};

use super::figure::Table;
use super::texts::text;
use crate::examples::Split;
use crate::number::{counted, figure, percent, thousands};

/// The number of texts.
const SHOWN: usize = 10;
/// The number of words in each of the two tables.
const WORDS: usize = 20;
/// How often a word must be masked to be among those that are compared: a share of fewer says little.
const LEAST: usize = 5;

/// What a run finds behind the masks of one word.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
struct Word {
    masked: usize,
    found: usize,
    /// The sum of the true word's probabilities.
    probability: f64,
}

impl Word {
    fn share(self) -> f64 {
        self.found as f64 / self.masked as f64
    }
}

/// The section about one split; nothing without masks.
pub(super) fn of_split(split: &Split<'_, MaskedExample>) -> Option<Markup> {
    let words = words(&split.examples);
    if words.is_empty() {
        return None;
    }
    let mut often = words.clone();
    often.sort_by_key(|(_, word)| std::cmp::Reverse(word.masked));
    let least = LEAST.min(often[0].1.masked);
    let mut hard: Vec<(&str, Word)> =
        words.iter().copied().filter(|(_, word)| word.masked >= least).collect();
    hard.sort_by(|(_, one), (_, other)| {
        one.share().total_cmp(&other.share()).then(other.masked.cmp(&one.masked))
    });
    let found: usize = words.iter().map(|(_, word)| usize::from(word.found > 0)).sum();
    Some(html! {
        p class="note" {
            (thousands(found)) " of " (counted(words.len(), "word")) " that are masked are found at least once. A word is a token of the vocabulary."
        }
        div class="columns wide" {
            div { h3 { "Most often masked" } (table(&often).render("Most often masked")) }
            div { h3 { "Hardest to find" } (table(&hard).render("Hardest to find")) }
        }
        (texts(&split.examples))
    })
}

/// The words by what stands behind their masks, in the order of the alphabet.
fn words<'a>(examples: &[&'a MaskedExample]) -> Vec<(&'a str, Word)> {
    let mut words: BTreeMap<&str, Word> = BTreeMap::new();
    for mask in examples.iter().flat_map(|example| &example.masks) {
        let word = words.entry(&mask.token).or_default();
        word.masked += 1;
        word.found += usize::from(mask.predicted == mask.token);
        word.probability += mask.probability;
    }
    words.into_iter().collect()
}

fn table(words: &[(&str, Word)]) -> Table {
    let rows = words.iter().take(WORDS).map(|(token, word)| {
        let probability = figure(word.probability / word.masked as f64);
        vec![(*token).to_owned(), thousands(word.masked), percent(word.share()), probability]
    });
    Table::new(["word", "masked", "found", "mean probability"], rows.collect())
}

/// The first texts with their masks.
fn texts(examples: &[&MaskedExample]) -> Markup {
    let shown: Vec<&&MaskedExample> =
        examples.iter().filter(|example| !example.masks.is_empty()).take(SHOWN).collect();
    html! {
        div class="columns wide" {
            div {
                h3 { "Texts with their masks" }
                p class="note" { (counted(shown.len(), "text")) " of " (thousands(examples.len())) "." }
                ol class="examples" {
                    @for example in shown {
                        @let found = example.masks.iter().filter(|mask| mask.predicted == mask.token).count();
                        li {
                            p class="verdict" {
                                b { (found) " of " (example.masks.len()) } " found"
                                small { " · row " (example.id) " · " (counted(example.tokens, "token")) }
                            }
                            (text(&example.text))
                            p class="masks" dir="auto" {
                                @for (number, mask) in example.masks.iter().enumerate() {
                                    @if number > 0 { ", " }
                                    @if mask.predicted == mask.token {
                                        b { (mask.token) } " " (percent(mask.probability))
                                    } @else {
                                        (mask.predicted) " " (percent(mask.score)) " for " b { (mask.token) } " "
                                        (percent(mask.probability))
                                    }
                                    @if mask.shown == mask.token { " (left as it is)" }
                                }
                            }
                        }
                    }
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use embert_run::MaskedWord;

    use super::*;

    fn mask(token: &str, predicted: &str) -> MaskedWord {
        let probability = if token == predicted { 0.75 } else { 0.25 };
        MaskedWord {
            token: token.to_owned(),
            shown: "[MASK]".to_owned(),
            predicted: predicted.to_owned(),
            score: 0.75,
            probability,
        }
    }

    fn example(id: u64, masks: Vec<MaskedWord>) -> MaskedExample {
        MaskedExample { split: "test".to_owned(), id, text: format!("text {id}"), masks, tokens: 3 }
    }

    #[test]
    fn words_are_counted_over_all_texts() {
        let examples = [
            example(0, vec![mask("film", "film"), mask("soup", "film")]),
            example(1, vec![mask("film", "soup"), mask("film", "film")]),
        ];
        let examples: Vec<&MaskedExample> = examples.iter().collect();
        let film = Word { masked: 3, found: 2, probability: 1.75 };
        let soup = Word { masked: 1, found: 0, probability: 0.25 };
        assert_eq!(words(&examples), [("film", film), ("soup", soup)]);
        let split = Split { name: "test", examples, scores: None };
        let html = of_split(&split).unwrap().into_string();
        assert!(html.contains("1 of 2 words that are masked are found"), "{html}");
        let places = ["Most often masked", "Hardest to find", "Texts with their masks"];
        let places = places.map(|title| html.find(&format!("<h3>{title}")).unwrap());
        assert!(places.is_sorted() && html.contains("film 75.0 % for <b>soup</b> 25.0 %"), "{html}");
    }

    #[test]
    fn without_masks_there_is_no_section() {
        let empty = example(0, Vec::new());
        let split = |examples| Split { name: "test", examples, scores: None };
        assert!(of_split(&split(vec![&empty])).is_none());
        assert!(of_split(&split(Vec::new())).is_none());
    }
}
