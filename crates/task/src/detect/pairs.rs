//! The columns of texts, of pairs of texts, and of their scores.

use embert_data::{Card, CardColumns, Row, TaskName};
use embert_metrics::{NamedMetric as _, SimilarityMetric};

/// The columns of pairs of texts, as well-known data sets call them.
const PAIRS: [(&str, &str); 6] = [
    ("sentence1", "sentence2"),
    ("premise", "hypothesis"),
    ("question", "sentence"),
    ("question1", "question2"),
    ("text1", "text2"),
    ("text", "text_pair"),
];

/// The columns of texts and their partners, which no other task has.
const PARTNERS: [(&str, &str); 3] = [("anchor", "positive"), ("query", "positive"), ("query", "document")];

/// The name of the column of texts that are no partners.
const NEGATIVE: &str = "negative";

/// Names of a text's column besides `text`.
const TEXTS: [&str; 1] = ["sentence"];

/// Whether a row has a text and its partner under names that no other task has.
pub(super) fn are_partners(row: &Row) -> bool {
    let has = |name: &str| row.get(name).is_some();
    PARTNERS.iter().any(|(one, other)| has(one) && has(other)) && !has("label")
}

/// Names the columns of pairs of texts, of their scores, and of texts that are no partners.
pub(super) fn name_pairs(card: &mut Card, row: &Row, notes: &mut Vec<String>) {
    let has = |name: &str| row.names().iter().any(|other| other == name);
    let found = PARTNERS.iter().chain(&PAIRS).find(|(one, other)| has(one) && has(other));
    if let Some(&(one, other)) = found {
        notes.push(format!("the pairs of texts are in the columns \"{one}\" and \"{other}\""));
        one.clone_into(&mut card.columns.text);
        card.columns.text_pair = Some(other.to_owned());
    }
    if has(NEGATIVE) && card.columns.negative.is_none() {
        notes.push(format!("texts that are no partners of the first ones are in the column \"{NEGATIVE}\""));
        card.columns.negative = Some(NEGATIVE.to_owned());
    }
    let default = CardColumns::default().label;
    match ["score", "similarity_score", &default, "labels"].into_iter().find(|name| has(name)) {
        Some(label) => {
            notes.push(format!("the scores are in the column \"{label}\""));
            label.clone_into(&mut card.columns.label);
        }
        None => card.columns.label = String::new(),
    }
}

/// The columns of texts by their well-known names, in a file with the columns `names`: the column of the texts,
/// and, where they are pairs, the column of the second texts. `None` where no column has such a name.
pub fn text_columns(names: &[String]) -> Option<(&'static str, Option<&'static str>)> {
    let has = |name: &str| names.iter().any(|other| other == name);
    let has_text = has("text");
    let pair = PAIRS.iter().find(|(one, other)| has(one) && has(other) && (*one == "text" || !has_text));
    match pair {
        Some(&(one, other)) => Some((one, Some(other))),
        None if has_text => Some(("text", None)),
        None => TEXTS.iter().find(|name| has(name)).map(|&name| (name, None)),
    }
}

/// The card with the metric of pairs without scores, where it is for them and names none.
pub(super) fn with_metric(card: Card, task: TaskName) -> Card {
    if task != TaskName::SentenceSimilarity || !card.columns.label.is_empty() || card.metric.is_some() {
        return card;
    }
    let [metric, ..] = SimilarityMetric::OF_PAIRS;
    let mut card = card;
    card.metric = Some(metric.name().to_owned());
    card
}
