//! The section of a split with entities: types against types, scores by type and length, and texts with their
//! entities marked.

mod marked;
mod plots;
mod types;

use embert_run::{MetricInfo, TaggedExample};
use maud::{Markup, html};

use self::marked::{key, marked};
use self::plots::{by_entity_length, by_text_length, by_type, errors};
use self::types::Types;
use super::figure::{Figure, figures};
use crate::ReportError;
use crate::entities::{Compared, Verdict};
use crate::examples::Split;
use crate::number::{counted, percent, thousands};

/// The number of examples in each of the two lists.
const SHOWN: usize = 10;

/// The section about one split.
pub(super) fn of_split(
    split: &Split<'_, TaggedExample>,
    metrics: &[MetricInfo],
) -> Result<Markup, ReportError> {
    let compared: Vec<Compared<'_>> = split.examples.iter().map(|&example| Compared::of(example)).collect();
    let types = Types::of(split, &compared);
    let key = format!("-{}", split.name);
    let drawn: Vec<Figure> = [
        by_type(&types, &key),
        errors(&compared, &key),
        by_entity_length(&compared, &key),
        by_text_length(&compared, &key),
    ]
    .into_iter()
    .flatten()
    .collect();
    Ok(html! {
        @if types.rows.is_empty() {
            p { "There are no entities in this split, and none is found." }
        } @else {
            div class="columns" {
                div { h3 { "Types against types" } (types.matrix()) }
                div { h3 { "By type" } (types.table(metrics)) }
            }
        }
        @if !drawn.is_empty() { (figures(&drawn)?) }
        @if !compared.is_empty() && !types.rows.is_empty() { (examples(&compared)) }
    })
}

fn examples(compared: &[Compared<'_>]) -> Markup {
    let mut wrong: Vec<&Compared<'_>> = compared.iter().filter(|one| one.errors() > 0).collect();
    let all = wrong.len();
    let mut surest: Vec<(f64, &Compared<'_>)> =
        wrong.iter().filter_map(|one| Some((one.surest_error()?, *one))).collect();
    surest.sort_by(|one, other| other.0.total_cmp(&one.0));
    wrong.sort_by_key(|one| std::cmp::Reverse(one.errors()));
    let [most, sure] = [wrong.len(), surest.len()].map(|count| count.min(SHOWN));
    html! {
        h3 class="after" { "Entities in their texts" }
        (key())
        div class="columns wide" {
            div {
                h3 { "Most errors" }
                @if all == 0 { p class="note" { "All entities are found, and nothing else." } }
                @else { p class="note" { (counted(most, "example")) " of " (thousands(all)) " that have errors." } }
                (list(wrong.iter().take(most).copied()))
            }
            div {
                h3 { "Surest errors" }
                @if sure == 0 { p class="note" { "Nothing wrong is found." } }
                @else { p class="note" { (counted(sure, "example")) " of " (thousands(surest.len())) " in which an entity is found that is not right, by its score." } }
                (list(surest.iter().take(sure).map(|(_, one)| *one)))
            }
        }
    }
}

fn list<'a>(examples: impl Iterator<Item = &'a Compared<'a>>) -> Markup {
    html! {
        ol class="examples" {
            @for compared in examples {
                li {
                    p class="verdict" {
                        span class="tag wrong" { (counted(compared.errors(), "error")) }
                        " " (told(compared))
                        @if let Some(score) = compared.surest_error() { ", the surest with " (percent(score)) }
                        small { " · row " (compared.example.id) " · " (counted(compared.example.words, "word")) }
                    }
                    (marked(compared))
                }
            }
        }
    }
}

/// The errors of an example by kind: `2 missed, 1 invented`.
fn told(compared: &Compared<'_>) -> String {
    let kinds = Verdict::ERRORS.iter().map(|&verdict| (compared.count(verdict), verdict.counted()));
    let kinds = kinds.filter(|(count, _)| *count > 0);
    kinds.map(|(count, words)| format!("{} {words}", thousands(count))).collect::<Vec<_>>().join(", ")
}
