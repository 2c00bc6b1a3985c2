//! The section of a split with questions: scores by kind of question and by length, the null threshold, and
//! answers marked in their contexts.

mod examples;
mod groups;
mod marked;
mod threshold;

use embert_run::AnsweredExample;
use maud::{Markup, html};

use self::examples::examples;
use self::groups::{by_answer_length, by_context_length, by_question_word};
use self::threshold::Curve;
use super::figure::{Figure, figures};
use crate::ReportError;
use crate::answers::{Answered, NullThreshold};
use crate::examples::Split;
use crate::number::figure;

/// The section about one split; nothing without examples.
pub(super) fn of_split(split: &Split<'_, AnsweredExample>) -> Result<Option<Markup>, ReportError> {
    let all = &split.examples;
    if all.is_empty() {
        return Ok(None);
    }
    let key = format!("-{}", split.name);
    let fitted = NullThreshold::of(all, split.scores);
    let threshold = fitted.map(NullThreshold::value);
    let curve = fitted.and_then(|fitted| Curve::of(all, fitted));
    let drawn: Vec<Figure> = [
        by_question_word(all, threshold, &key),
        by_answer_length(all, threshold, &key),
        by_context_length(all, threshold, &key),
    ]
    .into_iter()
    .chain(curve.as_ref().map(|curve| curve.figure(&key)))
    .collect();
    let answered: Vec<Answered<'_>> =
        all.iter().filter_map(|example| Answered::of(example, threshold)).collect();
    Ok(Some(html! {
        @match fitted {
            Some(NullThreshold::Fitted(value)) => p class="note" {
                "Scores and answers are those with the null threshold that was fitted on the validation split, " (figure(value)) "."
            },
            Some(NullThreshold::Zero) => p class="note" { "Scores and answers are those with a null threshold of 0." },
            None => {},
        }
        (figures(&drawn)?)
        @if let Some(curve) = &curve { (curve.tables()) }
        (examples(&answered))
    }))
}
