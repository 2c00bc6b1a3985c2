//! Summaries have the scores that `rouge_score` gives, and the oracle takes BertSum's sentences, as
//! `tests/reference/summaries.py` computed them.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::collections::BTreeMap;

use embert_metrics::{
    NamedMetric as _, RougeScores, SummaryAccumulator, SummaryMetric, greedy_oracle, oracle_score,
};
use proptest::prelude::*;
use serde::Deserialize;

/// One F-measure has the same operations in the same order here and there; a mean of 60 of them is added up in
/// another way, which is off by at most 2^-53 of 60 at each of 60 additions.
const TOLERANCE: f64 = 1e-12;

#[derive(Deserialize)]
struct Fixture {
    rouge: Vec<Rouge>,
    sets: Vec<Set>,
    oracle: Vec<Oracle>,
}

#[derive(Deserialize)]
struct Rouge {
    references: Vec<String>,
    summary: String,
    scores: BTreeMap<String, f64>,
}

#[derive(Deserialize)]
struct Set {
    numbers: Vec<usize>,
    mean: BTreeMap<String, f64>,
}

#[derive(Deserialize)]
struct Oracle {
    sentences: Vec<String>,
    summary: String,
    most: usize,
    chosen: Vec<usize>,
    score: f64,
    best: f64,
}

fn fixture() -> Fixture {
    serde_json::from_str(include_str!("fixtures/summaries.json")).unwrap()
}

#[test]
fn each_summary_has_the_scores_of_rouge_score() {
    let cases = fixture().rouge;
    assert_eq!(cases.len(), 300);
    for Rouge { references, summary, scores } in cases {
        let found = serde_json::to_value(RougeScores::of(&references, &summary)).unwrap();
        for (name, expected) in scores {
            let found = found[&name].as_f64().unwrap();
            assert!(
                (found - expected).abs() <= 1e-15,
                "{name}: {found}, {expected}: {summary:?} {references:?}"
            );
        }
    }
}

#[test]
fn a_set_of_summaries_has_the_plain_mean() {
    let Fixture { rouge, sets, .. } = fixture();
    for Set { numbers, mean } in sets {
        let add = |accumulator: &mut SummaryAccumulator, number: &usize| {
            let Rouge { references, summary, .. } = &rouge[*number];
            accumulator.add(references, summary, &[], &[], 0.0, 1).unwrap();
        };
        let (mut first, mut second) = (SummaryAccumulator::default(), SummaryAccumulator::default());
        for (index, number) in numbers.iter().enumerate() {
            add(if index % 2 == 0 { &mut second } else { &mut first }, number);
        }
        first.merge(second);
        let report = first.report();
        for metric in
            [SummaryMetric::Rouge1, SummaryMetric::Rouge2, SummaryMetric::RougeL, SummaryMetric::RougeLsum]
        {
            let (found, expected) = (metric.value(&report).unwrap(), mean[metric.name()]);
            assert!((found - expected).abs() <= TOLERANCE, "{metric}: {found} against {expected}");
        }
        assert_eq!((report.examples, report.oracle_hits), (numbers.len(), None));
    }
}

#[test]
fn the_oracle_takes_the_sentences_of_bertsum() {
    let cases = fixture().oracle;
    assert_eq!(cases.len(), 400);
    for Oracle { sentences, summary, most, chosen, score, best } in cases {
        let place = format!("{sentences:?} {summary:?}");
        let references = [&summary];
        assert_eq!(greedy_oracle(&sentences, &references, most), chosen, "{place}");
        // Sets have no order: the same counts, the same bits.
        let found = oracle_score(&sentences, &references, &chosen);
        assert_eq!(found.to_bits(), score.to_bits(), "{place}");
        assert!(found <= best, "{place}");
    }
}

#[test]
fn the_fixture_has_what_can_go_wrong() {
    let Fixture { rouge, oracle, .. } = fixture();
    let of_rouge = |holds: &dyn Fn(&Rouge) -> bool| rouge.iter().filter(|case| holds(case)).count();
    let of_oracle = |holds: &dyn Fn(&Oracle) -> bool| oracle.iter().filter(|case| holds(case)).count();
    // A sentence whose place another one could have taken with the same score.
    let is_tied = |case: &Oracle| {
        let reversed: Vec<&String> = case.sentences.iter().rev().collect();
        let other = greedy_oracle(&reversed, &[&case.summary], case.most);
        let mut mirrored: Vec<usize> = other.iter().map(|index| reversed.len() - 1 - index).collect();
        mirrored.sort_unstable();
        mirrored != case.chosen
    };
    for (what, found, least) in [
        ("several references", of_rouge(&|case| case.references.len() > 1), 80),
        ("another score by lines", of_rouge(&|case| case.scores["rougeL"] < case.scores["rougeLsum"]), 30),
        ("nothing in common", of_rouge(&|case| case.scores["rouge1"] <= 0.0), 10),
        ("an empty summary", of_rouge(&|case| case.summary.is_empty()), 5),
        ("ties whose order decides", of_oracle(&is_tied), 80),
        ("no sentence", of_oracle(&|case| case.chosen.is_empty()), 30),
        (
            "a gain that ends early",
            of_oracle(&|case| case.chosen.len() < case.most.min(case.sentences.len())),
            100,
        ),
        ("three sentences", of_oracle(&|case| case.chosen.len() >= 3), 30),
        ("a choice that is not the best", of_oracle(&|case| case.score < case.best), 4),
    ] {
        assert!(found >= least, "{found} have {what}");
    }
}

/// Sentences of few different words, so that ties are common.
fn texts() -> impl Strategy<Value = (Vec<String>, String)> {
    (prop::collection::vec("([a-d] ){0,5}", 0..7), "([a-e][ \n]){0,9}")
}

/// The best score of any choice of up to `most` sentences.
fn exhaustive(sentences: &[String], summary: &str, most: usize) -> f64 {
    let choices = 0_u32..1 << sentences.len();
    let of_bits = |bits: u32| (0..sentences.len()).filter(|index| bits >> index & 1 == 1).collect::<Vec<_>>();
    let choices = choices.map(of_bits).filter(|choice| choice.len() <= most);
    choices.map(|choice| oracle_score(sentences, &[summary], &choice)).fold(0.0, f64::max)
}

proptest! {
    #[test]
    fn an_exhaustive_search_never_scores_lower((sentences, summary) in texts(), most in 0_usize..4) {
        let chosen = greedy_oracle(&sentences, &[&summary], most);
        let score = oracle_score(&sentences, &[&summary], &chosen);
        prop_assert!(chosen.len() <= most && chosen.is_sorted());
        prop_assert!(exhaustive(&sentences, &summary, most) >= score);
        // One sentence more never makes the greedy choice worse; none of its own is of no use.
        let more = greedy_oracle(&sentences, &[&summary], most + 1);
        prop_assert!(oracle_score(&sentences, &[&summary], &more) >= score);
        // The best single sentence is what the first step takes.
        let first = greedy_oracle(&sentences, &[&summary], 1);
        let best = exhaustive(&sentences, &summary, 1);
        prop_assert_eq!(oracle_score(&sentences, &[&summary], &first).to_bits(), best.to_bits());
    }

    #[test]
    fn scores_are_shares_and_a_text_is_its_own_best_summary(
        summary in "([a-d]|[ \n.я]){0,12}",
        references in prop::collection::vec("([a-d]|[ \n.я]){0,12}", 0..4),
    ) {
        let scores = RougeScores::of(&references, &summary);
        for score in [scores.rouge1, scores.rouge2, scores.rouge_l, scores.rouge_lsum] {
            prop_assert!((0.0..=1.0).contains(&score));
        }
        prop_assert!(scores.rouge_l <= scores.rouge1 + TOLERANCE);
        let itself = RougeScores::of(&[&summary], &summary);
        let has_words = summary.contains(|character: char| character.is_ascii_alphanumeric());
        prop_assert_eq!((itself.rouge1, itself.rouge_lsum), (f64::from(has_words), f64::from(has_words)));
        let reversed: Vec<&String> = references.iter().rev().collect();
        prop_assert_eq!(RougeScores::of(&reversed, &summary), scores);
    }
}
