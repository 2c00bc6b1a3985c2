//! Answers have the scores that the rules of SQuAD's scripts give, as `tests/reference/answers.py` computed
//! them.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::collections::BTreeMap;

use embert_metrics::{
    AnswerAccumulator, AnswerMetric, AnswerReport, AnswerScores, NamedMetric as _, SquadVersion,
    apply_null_threshold, normalize_answer,
};
use proptest::prelude::*;
use serde::Deserialize;

/// Both sides add the same numbers up to 1, at most 120, in another order; each sum is off by at most 2^-53 of
/// 120 at each of 120 additions.
const TOLERANCE: f64 = 1e-12;

type Ranges = Vec<(u32, u32)>;

#[derive(Deserialize)]
struct Fixture {
    characters: Characters,
    questions: Vec<Question>,
    sets: Vec<Set>,
}

#[derive(Deserialize)]
struct Characters {
    known: Ranges,
    words: Ranges,
    spaces: Ranges,
    lower: Vec<(String, String)>,
    sigma_after: Ranges,
    sigma_before: Ranges,
}

#[derive(Deserialize)]
struct Question {
    gold: Vec<String>,
    predicted: String,
    normalized: String,
    v1: (Option<f64>, Option<f64>),
    v2: (f64, f64),
}

#[derive(Deserialize)]
struct Set {
    kind: String,
    /// The number of a question and its null odds, in the order of the file with null odds.
    questions: Vec<(usize, f64)>,
    threshold: Option<f64>,
    v1: Option<BTreeMap<String, f64>>,
    v2: BTreeMap<String, f64>,
}

fn fixture() -> Fixture {
    serde_json::from_str(include_str!("fixtures/answers.json")).unwrap()
}

fn chars(ranges: &Ranges) -> Vec<char> {
    ranges.iter().flat_map(|&(first, last)| (first..=last).filter_map(char::from_u32)).collect()
}

/// The last bit may differ: t5 has 0 to 100, and dividing by 100 rounds.
fn assert_close(found: f64, expected: f64, place: &str) {
    assert!((found - expected).abs() <= TOLERANCE, "{place}: {found} against {expected}");
}

#[test]
fn each_answer_is_normalized_and_scored_as_by_the_scripts() {
    let questions = fixture().questions;
    assert_eq!(questions.len(), 500);
    for Question { gold, predicted, normalized, v1, v2 } in questions {
        let place = format!("{gold:?} {predicted:?}");
        assert_eq!(normalize_answer(&predicted), normalized, "{place}");
        let second = AnswerScores::of(SquadVersion::V2_0, &gold, &predicted);
        assert_close(f64::from(second.exact_match), v2.0, &place);
        assert_close(second.f1, v2.1, &place);
        let first = AnswerScores::of(SquadVersion::V1_1, &gold, &predicted);
        if let (Some(exact_match), Some(f1)) = v1 {
            assert_close(f64::from(first.exact_match), exact_match, &place);
            assert_close(first.f1, f1, &place);
        } else {
            assert!(gold.is_empty(), "{place}");
            assert_eq!(first.exact_match, second.exact_match, "{place}");
        }
    }
}

#[test]
fn every_character_is_what_python_takes_it_for() {
    let Characters { known, words, spaces, lower, sigma_after, sigma_before } = fixture().characters;
    let known = chars(&known);
    let those = |holds: fn(char) -> bool| -> Vec<char> {
        known.iter().copied().filter(|&character| holds(character)).collect()
    };
    assert_eq!(those(|character| normalize_answer(&format!("a{character}")).starts_with('a')), chars(&words));
    assert_eq!(those(|character| normalize_answer(&format!("x{character}x")).contains(' ')), chars(&spaces));
    let lower: BTreeMap<String, String> = lower.into_iter().collect();
    for character in known.iter().map(char::to_string).filter(|character| !character.trim().is_empty()) {
        // Beside letters, for an article and punctuation are nothing.
        let expected = format!("x{}x", lower.get(&character).unwrap_or(&character));
        let expected: String = expected.chars().filter(|char| !char.is_ascii_punctuation()).collect();
        let found = normalize_answer(&format!("x{character}x"));
        if !found.contains(' ') {
            assert_eq!(found, expected, "{character:?}");
        }
    }
    // Punctuation of ASCII is gone when the answer is normalized, and the sigma with it is not.
    let is_in = |ranges: &Ranges, character: char| {
        ranges.iter().any(|&(first, last)| (first..=last).contains(&u32::from(character)))
    };
    let ends = |text: String| normalize_answer(&text).contains('ς');
    let mut others = Vec::new();
    for &character in known.iter().filter(|character| !character.is_ascii_punctuation()) {
        let after = ends(format!("{character}Σ")) == is_in(&sigma_after, character);
        let is_sigma = ['Σ', 'ς'].contains(&character);
        let before = is_sigma || ends(format!("xΣ{character}")) == is_in(&sigma_before, character);
        if !after || !before {
            others.push(character);
        }
    }
    assert_eq!(others, ['ʕ'], "U+0295 is a letter with a case in Unicode 14, and later without");
}

fn accumulate<'a>(
    questions: &[Question],
    rows: impl IntoIterator<Item = (usize, &'a (usize, f64))>,
) -> AnswerAccumulator {
    let mut accumulator = AnswerAccumulator::default();
    for (place, &(number, null_odds)) in rows {
        let question = &questions[number];
        accumulator.add(place, &question.gold, &question.predicted, Some(null_odds), 0.5).unwrap();
    }
    accumulator
}

/// The report under the scripts' names, and whether it has others.
fn assert_report(report: &AnswerReport, expected: &BTreeMap<String, f64>, place: &str) {
    for &metric in AnswerMetric::ALL {
        let expected = expected.get(metric.name()).copied();
        match (metric.value(report), expected) {
            (Some(found), Some(expected)) if metric.is_score() => {
                assert_close(found, expected, &format!("{place}: {metric}"));
            }
            (found, _) if metric == AnswerMetric::Loss => assert_eq!(found, Some(0.5), "{place}"),
            // Thresholds are null odds, to the last bit.
            (found, expected) => assert_eq!(found, expected, "{place}: {metric}"),
        }
    }
}

#[test]
fn sets_of_questions_have_the_scripts_numbers_in_any_order() {
    let Fixture { questions, sets, .. } = fixture();
    for (index, set) in sets.iter().enumerate() {
        let place = format!("set {index}, {}", set.kind);
        let rows = || set.questions.iter().enumerate();
        let mut merged = accumulate(&questions, rows().skip(1).step_by(2));
        merged.merge(accumulate(&questions, rows().step_by(2))).unwrap();
        for accumulator in [accumulate(&questions, rows()), accumulate(&questions, rows().rev()), merged] {
            let report = match set.threshold {
                Some(threshold) => accumulator.report_at(threshold).unwrap(),
                None if set.v1.is_some() => accumulator.report_at(f64::INFINITY).unwrap(),
                None => accumulator.report(),
            };
            assert_report(&report, &set.v2, &place);
            assert_eq!(report.version, SquadVersion::V2_0, "{place}");
            let total = |name: &str| set.v2.get(name).copied().unwrap_or_default();
            assert_eq!(report.questions, set.questions.len(), "{place}");
            assert_close(report.has_ans as f64, total("HasAns_total"), &place);
            assert_close(report.no_ans as f64, total("NoAns_total"), &place);
            if let Some(first) = &set.v1 {
                let report = accumulator.report();
                assert_report(&report, first, &place);
                assert_eq!((report.version, report.has_ans), (SquadVersion::V1_1, report.questions));
            }
        }
    }
}

#[test]
fn the_fixture_has_what_can_go_wrong() {
    let Fixture { questions, sets, .. } = fixture();
    let of_questions = |holds: &dyn Fn(&Question) -> bool| questions.iter().filter(|one| holds(one)).count();
    let of_sets = |holds: &dyn Fn(&Set) -> bool| sets.iter().filter(|one| holds(one)).count();
    let empty = |text: &String| normalize_answer(text).is_empty();
    let best = |set: &Set, name: &str| set.v2[name];
    let ordered = |set: &Set| {
        let mut reversed = AnswerAccumulator::default();
        for (place, &(number, odds)) in set.questions.iter().rev().enumerate() {
            reversed
                .add(place, &questions[number].gold, &questions[number].predicted, Some(odds), 0.0)
                .unwrap();
        }
        let report = reversed.report_at(0.0).unwrap();
        report.best_f1.is_some_and(|f1| (f1 - best(set, "best_f1")).abs() > 1e-6)
    };
    for (what, found, least) in [
        ("no answer", of_questions(&|one| one.gold.is_empty()), 100),
        ("several", of_questions(&|one| one.gold.len() > 1), 100),
        ("an empty prediction", of_questions(&|one| one.predicted.is_empty()), 3),
        (
            "no answer and one of articles",
            of_questions(&|one| one.gold.is_empty() && !one.predicted.is_empty() && empty(&one.predicted)),
            10,
        ),
        ("empty answers alone", of_questions(&|one| !one.gold.is_empty() && one.gold.iter().all(empty)), 10),
        (
            "an empty answer and others",
            of_questions(&|one| one.gold.iter().any(empty) && !one.gold.iter().all(empty)),
            10,
        ),
        ("partly right", of_questions(&|one| one.v2.1 > 0.0 && one.v2.1 < 1.0), 100),
        (
            "exact, and not to the letter",
            of_questions(&|one| one.v2.0 > 0.0 && !one.gold.is_empty() && !one.gold.contains(&one.predicted)),
            30,
        ),
        (
            "other scores by the other version",
            of_questions(&|one| {
                one.v1.1.is_some_and(|f1| (f1 - one.v2.1).abs() > 1e-6)
                    || one.v1.0.is_some_and(|em| em > one.v2.0)
            }),
            10,
        ),
        (
            "of both kinds",
            of_sets(&|set| set.v2.contains_key("HasAns_f1") && set.v2.contains_key("NoAns_f1")),
            20,
        ),
        ("a threshold", of_sets(&|set| set.threshold.is_some()), 30),
        ("a best threshold below 0", of_sets(&|set| best(set, "best_f1_thresh") < 0.0), 10),
        (
            "two best thresholds",
            of_sets(&|set| (best(set, "best_f1_thresh") - best(set, "best_exact_thresh")).abs() > 0.0),
            5,
        ),
        ("ties whose order decides", of_sets(&ordered), 10),
    ] {
        assert!(found >= least, "{found} have {what}");
    }
}

/// A question with a hostile answer, and null odds of which many are equal.
fn questions() -> impl Strategy<Value = Vec<(Vec<String>, String, f64)>> {
    let answer = "(a|an|the|cat|Cat!|[.,?_]|\u{301}|İ|\u{a0}| ){0,4}";
    let question = (prop::collection::vec(answer, 0..3), answer, -2_i8..=2);
    let with_odds = question.prop_map(|(gold, predicted, odds)| (gold, predicted, f64::from(odds)));
    prop::collection::vec(with_odds, 0..12)
}

proptest! {
    #[test]
    fn normalizing_twice_is_normalizing_once(text in "\\PC{0,12}|(the|a|an|[ .,'_-]|Σ|İ|\u{301}|x){0,8}") {
        let once = normalize_answer(&text);
        prop_assert!(once.len() <= 3 * text.len() && once.trim() == once);
        // Not where an article is what is left: of `a the` nothing, and of `t`+`he` around a sign `the`.
        if !once.split(' ').any(|word| ["a", "an", "the"].contains(&word)) && !once.contains('Σ') {
            prop_assert_eq!(normalize_answer(&once).replace('ς', "σ"), once.replace('ς', "σ"));
        }
    }

    #[test]
    fn scores_are_shares_and_an_exact_answer_is_the_best(questions in questions()) {
        for (gold, predicted, _) in questions {
            let scores = AnswerScores::of(SquadVersion::V2_0, &gold, &predicted);
            prop_assert!((0.0..=1.0).contains(&scores.f1));
            prop_assert_eq!(scores.exact_match && scores.f1 < 1.0, false);
        }
    }

    #[test]
    fn a_threshold_reaches_no_more_than_the_best(questions in questions(), threshold in -3.0..3.0) {
        let mut accumulator = AnswerAccumulator::default();
        let mut by_hand = AnswerAccumulator::default();
        for (place, (gold, predicted, odds)) in questions.iter().enumerate() {
            // An answer of articles alone is right for a question without answers, but for the best threshold.
            let predicted = if gold.is_empty() && normalize_answer(predicted).is_empty() { "" } else { predicted };
            accumulator.add(place, gold, predicted, Some(*odds), 0.0).unwrap();
            by_hand.add(place, gold, apply_null_threshold(predicted, *odds, threshold), Some(*odds), 0.0).unwrap();
        }
        let (report, by_hand) = (accumulator.report_at(threshold).unwrap(), by_hand.report_at(9.0).unwrap());
        prop_assert!(report.best_f1.is_none_or(|best| best >= report.f1 - TOLERANCE));
        prop_assert!(report.best_exact.is_none_or(|best| best >= report.exact_match - TOLERANCE));
        prop_assert_eq!(report.null_threshold, Some(threshold));
        // No answer is right where nothing but articles was asked for; not so by the script's threshold.
        let of_articles = |gold: &Vec<String>| !gold.is_empty() && gold.iter().all(|one| normalize_answer(one).is_empty());
        if !questions.iter().any(|(gold, ..)| of_articles(gold)) {
            prop_assert!((report.f1 - by_hand.f1).abs() <= TOLERANCE);
            prop_assert!((report.exact_match - by_hand.exact_match).abs() <= TOLERANCE);
        }
    }
}
