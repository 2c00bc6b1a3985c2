//! Entities and the metrics of taggers agree with seqeval, on what `tests/reference/tagging.py` computed.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod common;

use std::collections::BTreeMap;

use common::assert_close;
use embert_metrics::{
    Entity, Recognized, Scheme, TaggingAccumulator, TaggingReport, entities, from_iob2, strict_entities,
    to_iob2,
};
use proptest::prelude::*;
use serde::Deserialize;
use serde_json::{Value, json};

/// Both sides divide the same whole numbers. F1 from counts and from precision and recall, and means over at
/// most four types in another order, differ by a few units of 2^-53.
const TOLERANCE: f64 = 1e-12;

#[derive(Deserialize)]
struct Fixture {
    sequences: Vec<Sequence>,
    odd: Vec<Sequence>,
    reports: Vec<Case>,
}

type Span = (String, usize, usize);

#[derive(Deserialize)]
struct Sequence {
    tags: String,
    default: Vec<Span>,
    #[serde(default)]
    strict: BTreeMap<Scheme, Vec<Span>>,
}

#[derive(Deserialize)]
struct Case {
    name: String,
    scheme: Scheme,
    labels: Vec<String>,
    truth: Vec<Vec<usize>>,
    predicted: Vec<Vec<usize>>,
    averages: Option<Value>,
    types: BTreeMap<String, Value>,
    accuracy: f64,
    f1_strict: f64,
}

fn fixture() -> Fixture {
    serde_json::from_str(include_str!("fixtures/tagging.json")).unwrap()
}

fn spans(found: &[Entity<'_>]) -> Vec<Span> {
    found.iter().map(|entity| (entity.kind.to_owned(), entity.start, entity.end)).collect()
}

impl Sequence {
    fn tags(&self) -> Vec<&str> {
        self.tags.split(' ').collect()
    }
}

#[test]
fn entities_are_those_of_the_default_mode() {
    let Fixture { sequences, odd, .. } = fixture();
    for sequence in sequences.iter().chain(&odd) {
        assert_eq!(spans(&entities(&sequence.tags())), sequence.default, "{}", sequence.tags);
    }
}

#[test]
fn strict_entities_are_those_of_the_strict_mode() {
    for sequence in fixture().sequences {
        let tags = sequence.tags();
        for &scheme in Scheme::ALL {
            let found = strict_entities(&tags, scheme).map(|found| spans(&found)).ok();
            assert_eq!(found.as_ref(), sequence.strict.get(&scheme), "{scheme}: {}", sequence.tags);
        }
    }
}

/// Agreement says little unless every scheme, broken sequences and both modes' differences occur.
#[test]
fn the_sequences_have_what_can_go_wrong() {
    let Fixture { sequences, odd, reports } = fixture();
    assert_eq!((sequences.len(), odd.len(), reports.len()), (500, 60, 133));
    for &scheme in Scheme::ALL {
        let of_scheme: Vec<_> =
            sequences.iter().filter(|sequence| sequence.strict.contains_key(&scheme)).collect();
        let differ = of_scheme.iter().filter(|sequence| sequence.strict[&scheme] != sequence.default).count();
        let keep =
            of_scheme.iter().filter(|sequence| Scheme::of([sequence.tags()]).fit(scheme).breaks == 0).count();
        assert!(of_scheme.len() > 100 && differ > 50 && keep > 30, "{scheme}: {differ}, {keep}");
    }
    let alone = |case: &&Case| case.types.len() == 1;
    assert!(reports.iter().filter(|case| case.averages.is_none()).count() > 0);
    assert!(reports.iter().filter(alone).count() > 30);
    let differ = |case: &&Case| {
        case.averages
            .as_ref()
            .is_some_and(|averages| (averages["micro"]["f1"].as_f64().unwrap() - case.f1_strict).abs() > 1e-3)
    };
    assert!(reports.iter().filter(differ).count() > 60);
}

#[test]
fn a_text_that_is_no_tag_is_refused_with_its_place() {
    for sequence in fixture().odd {
        let tags = sequence.tags();
        let is_tag =
            |tag: &&str| matches!(*tag, "O" | "I" | "I-A" | "B-A" | "I-A-B" | "B--A" | "E-A" | "S-A");
        let first = tags.iter().position(|tag| !is_tag(tag));
        let found = strict_entities(&tags, Scheme::Iobes).err().map(|error| error.index);
        assert_eq!(found, first, "{}", sequence.tags);
    }
}

fn report(case: &Case, parts: &[usize]) -> TaggingReport {
    let new = || TaggingAccumulator::new(case.labels.clone(), case.scheme).unwrap();
    let mut whole = new();
    for &part in parts {
        let mut accumulator = new();
        let sequences = case.truth.iter().zip(&case.predicted);
        for (truth, predicted) in sequences.skip(part).step_by(parts.len()) {
            accumulator.add(truth, predicted, 0.25 * truth.len() as f64).unwrap();
        }
        whole.merge(accumulator).unwrap();
    }
    whole.report()
}

#[test]
fn reports_agree_with_seqeval() {
    for case in fixture().reports {
        for parts in [&[0][..], &[2, 0, 1]] {
            let report = report(&case, parts);
            let zeros = || json!({"precision": 0.0, "recall": 0.0, "f1": 0.0});
            let expected = case
                .averages
                .clone()
                .unwrap_or_else(|| json!({"micro": zeros(), "macro": zeros(), "weighted": zeros()}));
            let averages: serde_json::Map<String, Value> = report
                .averages()
                .into_iter()
                .map(|(name, scores)| (name.to_owned(), serde_json::to_value(scores).unwrap()))
                .collect();
            assert_close(&Value::Object(averages), &expected, TOLERANCE, &case.name);
            for (kind, scores) in report.types.iter().zip(&report.per_type) {
                let mut absent = zeros();
                absent["support"] = json!(0);
                let expected = case.types.get(kind).unwrap_or(&absent);
                let place = format!("{}: {kind}", case.name);
                assert_close(&serde_json::to_value(scores).unwrap(), expected, TOLERANCE, &place);
            }
            assert!(case.types.keys().all(|kind| report.types.contains(kind)), "{}", case.name);
            assert_close(
                &json!([report.accuracy, report.f1_strict, report.loss]),
                &json!([case.accuracy, case.f1_strict, 0.25]),
                TOLERANCE,
                &case.name,
            );
        }
    }
}

/// The types that tags are drawn with: one of them in all of a sequence's tags has no name.
fn tags(scheme: Scheme) -> impl Strategy<Value = Vec<String>> {
    let kinds = prop_oneof![Just(vec!["-A", "-B"]), Just(vec![""]), Just(vec!["-A-B", "-A"])];
    kinds.prop_flat_map(move |kinds| {
        let mut known = vec!["O".to_owned()];
        known.extend(
            scheme
                .prefixes()
                .iter()
                .flat_map(|prefix| kinds.iter().map(move |kind| format!("{prefix}{kind}"))),
        );
        prop::collection::vec(prop::sample::select(known), 0..12)
    })
}

fn scheme() -> impl Strategy<Value = Scheme> {
    prop::sample::select(Scheme::ALL)
}

/// The IOB2 tags with each entity begun by `B`: on the way through IOB1 they are written anew.
fn well_begun(iob2: &[String]) -> Vec<String> {
    to_iob2(&from_iob2(iob2, Scheme::Iob1).unwrap(), Scheme::Iob1).unwrap()
}

/// The true and the predicted labels of a sequence.
type Labelled = (Vec<usize>, Vec<usize>);

/// A scheme and sequences of its labels.
fn sequences() -> impl Strategy<Value = (Scheme, Vec<Labelled>)> {
    let sequence =
        prop::collection::vec((0_usize..5, 0_usize..5), 0..10).prop_map(|pairs| pairs.into_iter().unzip());
    (scheme(), prop::collection::vec(sequence, 0..8))
}

fn labels(scheme: Scheme) -> Vec<String> {
    let prefixes = scheme.prefixes().iter().cycle();
    let tags = prefixes.zip(["A", "A", "B", "B"]).map(|(prefix, kind)| format!("{prefix}-{kind}"));
    ["O".to_owned()].into_iter().chain(tags).collect()
}

fn accumulate(scheme: Scheme, sequences: &[Labelled]) -> TaggingAccumulator {
    let mut accumulator = TaggingAccumulator::new(labels(scheme), scheme).unwrap();
    for (truth, predicted) in sequences {
        // Quarters add up without rounding.
        accumulator.add(truth, predicted, truth.iter().sum::<usize>() as f64 / 4.0).unwrap();
    }
    accumulator
}

proptest! {
    #[test]
    fn merged_parts_are_one_pass_in_any_order((scheme, sequences) in sequences(), cut in 0_usize..8) {
        let (left, right) = sequences.split_at(cut.min(sequences.len()));
        let whole = accumulate(scheme, &sequences).report();
        for (first, second) in [(left, right), (right, left)] {
            let mut merged = accumulate(scheme, first);
            merged.merge(accumulate(scheme, second)).unwrap();
            prop_assert_eq!(merged.report(), whole.clone());
        }
        let reversed: Vec<_> = sequences.into_iter().rev().collect();
        prop_assert_eq!(accumulate(scheme, &reversed).report(), whole);
    }

    #[test]
    fn the_matrix_has_every_entity_once_a_side((scheme, sequences) in sequences()) {
        let report = accumulate(scheme, &sequences).report();
        let rows = report.confusion_matrix.rows();
        let none = report.types.len();
        prop_assert_eq!(rows[none][none], 0);
        prop_assert_eq!(rows[..none].iter().flatten().sum::<usize>(), report.entities);
        prop_assert_eq!(rows.iter().flat_map(|row| &row[..none]).sum::<usize>(), report.predicted_entities);
        let supports = report.per_type.iter().map(|kind| kind.support).sum::<usize>();
        prop_assert_eq!(supports, report.entities);
    }

    #[test]
    fn the_truth_as_prediction_is_all_right((scheme, sequences) in sequences()) {
        let same: Vec<_> = sequences.into_iter().map(|(truth, _)| (truth.clone(), truth)).collect();
        let report = accumulate(scheme, &same).report();
        let is_right = |value: f64, defined: bool| (value - f64::from(u8::from(defined))).abs() < TOLERANCE;
        prop_assert!(is_right(report.f1, report.entities > 0) && is_right(report.accuracy, report.words > 0));
    }

    #[test]
    fn what_a_scheme_writes_it_reads_again((from, to) in (scheme(), scheme()), drawn in tags(Scheme::Iob2)) {
        let iob2 = well_begun(&drawn);
        let written = from_iob2(&iob2, from).unwrap();
        prop_assert_eq!(entities(&written), entities(&iob2));
        prop_assert_eq!(&to_iob2(&written, from).unwrap(), &iob2);
        prop_assert_eq!(Scheme::of([&written]).fit(from).breaks, 0);
        let again = from_iob2(&to_iob2(&written, from).unwrap(), to).unwrap();
        prop_assert_eq!(from_iob2(&to_iob2(&again, to).unwrap(), from).unwrap(), written);
    }

    #[test]
    fn no_word_loses_its_type_however_broken_the_tags(
        (scheme, drawn) in scheme().prop_flat_map(|scheme| (Just(scheme), tags(scheme))),
    ) {
        let written = to_iob2(&drawn, scheme).unwrap();
        prop_assert_eq!(entities(&written), entities(&drawn));
        prop_assert!(drawn.iter().zip(&written).all(|(old, new)| old[1..] == new[1..]));
    }

    #[test]
    fn tags_that_keep_to_a_scheme_have_the_same_entities_in_both_modes(
        (scheme, drawn) in scheme().prop_flat_map(|scheme| (Just(scheme), tags(Scheme::Iob2))),
    ) {
        let written = from_iob2(&well_begun(&drawn), scheme).unwrap();
        prop_assert_eq!(strict_entities(&written, scheme).unwrap(), entities(&written));
    }

    #[test]
    fn a_scheme_is_recognized_by_what_it_wrote(
        (scheme, drawn) in (scheme(), prop::collection::vec(tags(Scheme::Iob2), 0..5)),
    ) {
        let written: Vec<Vec<String>> = drawn
            .iter()
            .map(|tags| from_iob2(&well_begun(tags), scheme).unwrap())
            .collect();
        let evidence = Scheme::of(&written);
        let has_entities = written.iter().flatten().any(|tag| tag != "O");
        let long = written.iter().flatten().any(|tag| !tag.starts_with(['O', 'B', 'I']));
        prop_assert!(evidence.valid().contains(&scheme));
        let expected = match (scheme, has_entities) {
            (_, false) => Recognized::Open,
            (scheme, true) => Recognized::One(scheme),
        };
        prop_assert!(long || !matches!(scheme, Scheme::Iobes | Scheme::Bilou) || !has_entities);
        prop_assert_eq!(evidence.recognized(), expected);
    }
}
