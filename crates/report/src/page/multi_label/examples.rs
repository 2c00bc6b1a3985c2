//! Texts with the labels that are right, missed and invented.

use embert_run::{LOSS, MultiLabelExample};
use maud::{Markup, html};

use super::super::texts::text;
use crate::label_sets::{Thresholds, doubt, loss};
use crate::number::{counted, figure, percent, thousands};

/// The number of examples in each of the two lists.
const SHOWN: usize = 10;
/// The most labels of an example that are named.
const MOST_LABELS: usize = 12;

/// The lists of examples: those with the highest loss, and those that the model is least sure of.
pub(super) fn examples(examples: &[&MultiLabelExample], names: &[String], thresholds: &Thresholds) -> Markup {
    let first = |by: fn(&MultiLabelExample) -> f64| {
        let mut order: Vec<(f64, &MultiLabelExample)> =
            examples.iter().map(|&example| (by(example), example)).collect();
        order.sort_by(|one, other| other.0.total_cmp(&one.0));
        order.truncate(SHOWN);
        order
    };
    let (worst, unsure) = (first(loss), first(doubt));
    let of = format!("{} of {}", counted(worst.len(), "example"), thousands(examples.len()));
    html! {
        p class="note" {
            "Labels are predicted from " (if thresholds.are_fitted { "their fitted thresholds" } else { "0.5" })
            " on. Each has the model's probability."
        }
        div class="columns wide" {
            div {
                h3 { "Highest loss" }
                p class="note" { (of) ", by the mean of the cross-entropy over the labels." }
                (list(&worst, LOSS, figure, names, thresholds))
            }
            div {
                h3 { "Least sure" }
                p class="note" { (of) ", by the number of wrong labels to expect if the probabilities are right." }
                (list(&unsure, "wrong labels to expect", |number| format!("{number:.1}"), names, thresholds))
            }
        }
    }
}

fn list(
    examples: &[(f64, &MultiLabelExample)],
    what: &str,
    shown: fn(f64) -> String,
    names: &[String],
    thresholds: &Thresholds,
) -> Markup {
    html! {
        ol class="examples" {
            @for (value, example) in examples {
                @let predicted = thresholds.predicted(example);
                li {
                    p class="verdict" {
                        @if predicted == example.labels { span class="tag right" { "right" } }
                        @else { span class="tag wrong" { "wrong" } }
                        " " (labels(example, &predicted, names))
                        small { " · " (what) " " (shown(*value)) " · row " (example.id) " · " (counted(example.tokens, "token")) }
                    }
                    (text(&example.text))
                    @if let Some(pair) = &example.text_pair { (text(pair)) }
                }
            }
        }
    }
}

/// The true and the predicted labels, and what is right or wrong with each.
fn labels(example: &MultiLabelExample, predicted: &[usize], names: &[String]) -> Markup {
    let mut all: Vec<usize> = example.labels.iter().chain(predicted).copied().collect();
    all.sort_unstable();
    all.dedup();
    // Wrong ones first, since many labels are cut.
    let verdict = |label: &usize| match (example.labels.contains(label), predicted.contains(label)) {
        (true, true) => (2, "right", ""),
        (true, false) => (0, "missed", " missed"),
        (false, _) => (1, "invented", " invented"),
    };
    all.sort_by_key(|label| verdict(label).0);
    let left_out = all.len().saturating_sub(MOST_LABELS);
    html! {
        @if all.is_empty() { "no label, and none predicted" }
        @for label in all.iter().take(MOST_LABELS) {
            @let (_, class, words) = verdict(label);
            span class=(format!("label {class}")) {
                b { (names.get(*label).map_or("?", String::as_str)) } (words) " " (percent(example.probabilities[*label]))
            } " "
        }
        @if left_out > 0 { "and " (counted(left_out, "other label")) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_label_is_right_missed_or_invented() {
        let example = MultiLabelExample {
            split: "test".to_owned(),
            id: 3,
            text: "<b>".to_owned(),
            text_pair: None,
            labels: vec![0, 1],
            probabilities: vec![0.9, 0.2, 0.75],
            tokens: 1,
        };
        let names = ["joy", "anger", "grief"].map(str::to_owned);
        let html = examples(&[&example], &names, &Thresholds::of(None, 3)).into_string();
        let places: Vec<usize> =
            ["<b>anger</b> missed 20.0 %", "<b>grief</b> invented 75.0 %", "<b>joy</b> 90.0 %"]
                .iter()
                .map(|part| html.find(part).unwrap_or_else(|| panic!("{part}: {html}")))
                .collect();
        assert!(places.is_sorted(), "{html}");
        assert!(html.contains("1 example of 1") && html.contains("&lt;b&gt;"), "{html}");
    }
}
