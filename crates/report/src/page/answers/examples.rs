//! Questions with what is given and what is true.

use embert_run::AnsweredExample;
use maud::{Markup, html};

use super::marked::{key, marked};
use crate::answers::Answered;
use crate::number::{counted, figure, percent, short, thousands};
use crate::text::{shortened, visible, without_isolates};

/// The number of questions in each of the two lists.
const SHOWN: usize = 10;
/// The most true answers that are quoted.
const MOST_TRUE: usize = 4;
/// The most characters of an answer or an id that are quoted, and of a question.
const QUOTED: usize = 120;
const MOST_IN_QUESTION: usize = 400;

/// The lists of questions: those of which no word is right, the surest first, and those that are answered
/// with the lowest score.
pub(super) fn examples(answered: &[Answered<'_>]) -> Markup {
    let by_score = |one: &&Answered<'_>, other: &&Answered<'_>| one.score().total_cmp(&other.score());
    let mut worst: Vec<&Answered<'_>> = answered.iter().filter(|one| one.is_wrong()).collect();
    worst.sort_by(|one, other| by_score(other, one));
    let mut unsure: Vec<&Answered<'_>> = answered.iter().filter(|one| !one.given.is_empty()).collect();
    unsure.sort_by(by_score);
    let [all_worst, all_unsure] = [worst.len(), unsure.len()];
    worst.truncate(SHOWN);
    unsure.truncate(SHOWN);
    html! {
        h3 class="after" { "Answers in their contexts" }
        (key())
        div class="columns wide" {
            div {
                h3 { "Worst" }
                p class="note" {
                    @if all_worst == 0 { "No question has an F1 of 0." }
                    @else { (counted(worst.len(), "question")) " of " (thousands(all_worst)) " with an F1 of 0, the highest score first." }
                }
                (list(&worst))
            }
            div {
                h3 { "Least sure" }
                p class="note" {
                    @if all_unsure == 0 { "No question is given an answer." }
                    @else { (counted(unsure.len(), "question")) " of " (thousands(all_unsure)) " that are given an answer, the lowest score first." }
                }
                (list(&unsure))
            }
        }
    }
}

fn list(answered: &[&Answered<'_>]) -> Markup {
    html! {
        ol class="examples" {
            @for one in answered {
                li {
                    p class="verdict" {
                        (tag(one))
                        " F1 " (figure(one.words)) ", score " (percent(one.score()))
                        @if let Some(odds) = one.example.null_odds { ", null odds " (short(odds)) }
                        small {
                            " · row " (one.example.id) " · id "
                            bdi { (shortened(&without_isolates(&one.example.question_id), QUOTED)) }
                            " · " (counted(one.example.tokens, "token"))
                        }
                    }
                    p class="question" dir="auto" { (question(&one.example.question)) }
                    (answers(one))
                    (marked(one))
                }
            }
        }
    }
}

fn tag(one: &Answered<'_>) -> Markup {
    let (class, words) = if one.is_exact {
        ("right", "right")
    } else if one.is_wrong() {
        ("wrong", "wrong")
    } else {
        ("partly", "partly right")
    };
    html! { span class=(format!("tag {class}")) { (words) } }
}

/// The question, or its beginning.
fn question(question: &str) -> String {
    match question.char_indices().nth(MOST_IN_QUESTION) {
        Some((end, _)) => format!("{}…", visible(&question[..end])),
        None => visible(question).into_owned(),
    }
}

/// The given answer beside the true ones, each once.
fn answers(one: &Answered<'_>) -> Markup {
    let mut truths: Vec<&str> = Vec::new();
    for answer in &one.example.answers {
        if !truths.contains(&answer.text.as_str()) {
            truths.push(&answer.text);
        }
    }
    let left_out = truths.len().saturating_sub(MOST_TRUE);
    html! {
        dl class="answers" {
            div {
                dt { "given" }
                dd {
                    @if one.given.is_empty() { "no answer" (instead(one.example)) }
                    @else { (quoted(one.given)) }
                }
            }
            div {
                dt { "true" }
                dd {
                    @if truths.is_empty() { "no answer" }
                    @for (place, truth) in truths.iter().take(MOST_TRUE).enumerate() {
                        @if place > 0 { " · " }
                        (quoted(truth))
                    }
                    @if left_out > 0 { " and " (counted(left_out, "other")) }
                }
            }
        }
    }
}

/// The best answer of a question that is given none.
fn instead(example: &AnsweredExample) -> Markup {
    let text = &example.predicted.text;
    html! {
        @if !text.is_empty() { ", instead of " (quoted(text)) }
    }
}

/// An answer between quotation marks, which show white space too.
fn quoted(answer: &str) -> Markup {
    html! { "“" bdi { (shortened(answer, QUOTED)) } "”" }
}

#[cfg(test)]
mod tests {
    use embert_run::{PredictedAnswer, TrueAnswer};

    use super::*;

    const CONTEXT: &str = "Ms Okafor flew from Lagos.";

    fn example(
        id: u64,
        truths: &[&str],
        predicted: &str,
        score: f64,
        null_odds: Option<f64>,
    ) -> AnsweredExample {
        let place = |text: &str| {
            let start = CONTEXT.find(text).unwrap();
            (start, start + text.len())
        };
        let truth = |text: &&str| {
            let (start, end) = place(text);
            TrueAnswer { text: (*text).to_owned(), start, end }
        };
        let (start, end) = place(predicted);
        AnsweredExample {
            split: "test".to_owned(),
            id,
            question_id: format!("q{id}"),
            question: "Who flew?".to_owned(),
            context: CONTEXT.to_owned(),
            answers: truths.iter().map(truth).collect(),
            predicted: PredictedAnswer { text: predicted.to_owned(), score, start, end },
            null_odds,
            tokens: 9,
        }
    }

    fn rows(html: &str) -> Vec<u64> {
        html.split("row ").skip(1).map(|part| part.split(' ').next().unwrap().parse().unwrap()).collect()
    }

    /// The lists of the worst and of the least sure, by row.
    fn lists(all: &[AnsweredExample], threshold: Option<f64>) -> (Vec<u64>, Vec<u64>, String) {
        let answered: Vec<Answered<'_>> = all.iter().filter_map(|one| Answered::of(one, threshold)).collect();
        let html = examples(&answered).into_string();
        let (worst, unsure) = html.split_once("Least sure").unwrap();
        (rows(worst), rows(unsure), html.clone())
    }

    #[test]
    fn the_surest_mistakes_and_the_least_sure_answers_come_first() {
        let all = [
            example(0, &["Okafor"], "Lagos", 0.4, None),
            example(1, &["Okafor"], "Ms Okafor", 0.3, None),
            example(2, &["Okafor"], "from", 0.9, None),
            example(3, &["Okafor"], "Okafor", 0.6, None),
        ];
        let (worst, unsure, html) = lists(&all, None);
        assert_eq!((worst, unsure), (vec![2, 0], vec![1, 0, 3, 2]));
        for part in [
            "2 questions of 2 with an F1 of 0",
            "4 questions of 4 that are given an answer",
            "<span class=\"tag partly\">partly right</span> F1 0.6667, score 30.0 %",
            "<span class=\"tag right\">",
            "id <bdi>q3</bdi>",
        ] {
            assert!(html.contains(part), "{part}: {html}");
        }
        let many: Vec<AnsweredExample> =
            (0..30).map(|id| example(id, &["Okafor"], "Lagos", 0.5, None)).collect();
        let (worst, unsure, html) = lists(&many, None);
        assert_eq!((worst.len(), unsure.len()), (SHOWN, SHOWN));
        assert!(html.contains("10 questions of 30 with an F1 of 0"), "{html}");
    }

    #[test]
    fn who_is_given_no_answer_is_not_unsure_of_one() {
        let all = [
            example(0, &["Okafor"], "Okafor", 0.1, Some(2.0)),
            example(1, &[], "Okafor", 0.2, Some(2.0)),
            example(2, &[], "Lagos", 0.8, Some(-2.0)),
        ];
        let (worst, unsure, html) = lists(&all, Some(0.0));
        assert_eq!((worst, unsure), (vec![2, 0], vec![2]));
        assert!(html.contains("no answer, instead of “<bdi>Okafor</bdi>”"), "{html}");
        assert!(html.contains("<dt>true</dt><dd>no answer</dd>"), "{html}");
        let (_, unsure, html) = lists(&all[1..2], Some(0.0));
        assert!(unsure.is_empty() && html.contains("No question has an F1 of 0."), "{html}");
        assert!(html.contains("No question is given an answer."), "{html}");
    }

    #[test]
    fn true_answers_are_quoted_once_and_are_never_markup() {
        let mut one =
            example(0, &["Okafor", "Okafor", "Ms", "Ms Okafor", "flew", "Lagos"], "from", 0.5, None);
        one.question = format!("<b>\u{202e}{}", "x".repeat(500));
        one.question_id = "<i>\u{1b}".to_owned();
        one.answers[0].text = "<u>\u{202e}".to_owned();
        let html = lists(&[one], None).2;
        assert!(html.contains("and 2 others") && html.contains("&lt;u&gt;\\u{202e}"), "{html}");
        assert!(html.contains("&lt;b&gt;\\u{202e}") && html.contains("&lt;i&gt;\\u{1b}"), "{html}");
        for part in ["<b>", "<i>", "<u>", "\u{202e}"] {
            assert!(!html.contains(part), "{part}: {html}");
        }
        assert!(!html.contains(&"x".repeat(400)), "{html}");
    }
}
