use proptest::prelude::*;

use std::collections::{BTreeSet, HashSet};

use super::*;
use crate::example::Example;

type Labelled = Example<usize>;

fn label(example: &Labelled) -> Strata {
    Strata::One(example.label)
}

fn no_keys<E>(_: &E) -> Vec<Cow<'_, str>> {
    Vec::new()
}

fn own_key(example: &Labelled) -> Vec<Cow<'_, str>> {
    vec![Cow::Owned(example.id.to_string())]
}

fn sentences(example: &Labelled) -> Vec<Cow<'_, str>> {
    [Some(example.text()), example.text_pair()].into_iter().flatten().map(Cow::from).collect()
}

/// The first 90 examples are of one document, each other of its own.
fn document(example: &Labelled) -> Vec<Cow<'_, str>> {
    vec![if example.id < 90 { Cow::Borrowed("one") } else { Cow::Owned(example.id.to_string()) }]
}

fn cut(
    examples: Vec<Labelled>,
    ratios: [f64; 3],
    seed: u64,
    strata: impl Fn(&Labelled) -> Strata,
) -> Result<Splits<Labelled>, DataError> {
    super::cut(examples, ratios, seed, strata, no_keys).map(|(splits, _)| splits)
}

fn ids<L>(part: &[Example<L>]) -> Vec<u64> {
    part.iter().map(|example| example.id).collect()
}

fn examples(labels: &[usize], copies: usize) -> Vec<Labelled> {
    labels
        .iter()
        .enumerate()
        .map(|(index, &label)| Example {
            id: index as u64,
            text: format!("text {}", index / copies.max(1)),
            text_pair: None,
            label,
            document: None,
        })
        .collect()
}

fn counts(part: &[Labelled]) -> [usize; 3] {
    let mut counts = [0; 3];
    for example in part {
        counts[example.label] += 1;
    }
    counts
}

proptest! {
    #[test]
    fn parts_are_disjoint_stratified_and_seeded(
        labels in prop::collection::vec(0_usize..3, 1..400), seed in 0_u64..1000,
    ) {
        let all = examples(&labels, 1);
        let splits = cut(all.clone(), [0.7, 0.2, 0.1], seed, label).unwrap();
        let mut ids: Vec<u64> =
            splits.train.iter().chain(&splits.validation).chain(&splits.test).map(|example| example.id).collect();
        ids.sort_unstable();
        prop_assert_eq!(ids, (0..labels.len() as u64).collect::<Vec<_>>());
        let whole = counts(&all);
        for (part, ratio) in [(&splits.validation, 0.2), (&splits.test, 0.1)] {
            prop_assert_eq!(part.len(), (labels.len() as f64 * ratio).round() as usize);
            for (found, size) in counts(part).into_iter().zip(whole) {
                let share = (size * part.len()) as f64 / labels.len() as f64;
                prop_assert!((found as f64 - share).abs() <= 1.0, "{found} of {size}");
            }
        }
        prop_assert_eq!(&splits, &cut(all, [0.7, 0.2, 0.1], seed, label).unwrap());
    }

    #[test]
    fn one_text_is_never_on_two_sides(labels in prop::collection::vec(0_usize..2, 1..200), seed in 0_u64..100) {
        let splits = cut(examples(&labels, 3), [0.5, 0.25, 0.25], seed, label).unwrap();
        let texts = |part: &[Labelled]| part.iter().map(|example| example.text.clone()).collect::<HashSet<_>>();
        let (train, validation, test) = (texts(&splits.train), texts(&splits.validation), texts(&splits.test));
        prop_assert!(train.is_disjoint(&validation) && train.is_disjoint(&test) && validation.is_disjoint(&test));
        prop_assert_eq!(splits.train.len() + splits.validation.len() + splits.test.len(), labels.len());
    }

    #[test]
    fn a_sample_has_its_size_and_the_wholes_shares(
        labels in prop::collection::vec(0_usize..3, 1..300), count in 0_usize..300, seed in 0_u64..100,
    ) {
        let all = examples(&labels, 1);
        let whole = counts(&all);
        let part = sample(all, count, seed, label);
        prop_assert_eq!(part.len(), count.min(labels.len()));
        for (found, size) in counts(&part).into_iter().zip(whole) {
            let share = size as f64 * part.len() as f64 / labels.len() as f64;
            prop_assert!((found as f64 - share).abs() <= 1.0, "{found} of {size}");
        }
    }
}

#[test]
fn the_recipe_of_imdb_gives_its_sizes() {
    let labels: Vec<usize> = (0..25_000).map(|index| index / 12_500).collect();
    let splits = cut(examples(&labels, 1), [0.8, 0.1, 0.1], 0, label).unwrap();
    assert_eq!([splits.train.len(), splits.validation.len(), splits.test.len()], [20_000, 2_500, 2_500]);
    assert_eq!(counts(&splits.test), [1_250, 1_250, 0]);
}

#[test]
fn other_seeds_cut_elsewhere_and_a_share_may_be_nothing() {
    let all = examples(&[0; 50], 1);
    let one = cut(all.clone(), [0.5, 0.5, 0.0], 1, label).unwrap();
    assert_ne!(one, cut(all.clone(), [0.5, 0.5, 0.0], 2, label).unwrap());
    assert!(one.test.is_empty() && one.validation.len() == 25);
    for wrong in [[0.5, 0.1, 0.1], [0.0, 0.5, 0.5], [1.5, -0.5, 0.0], [f64::NAN, 0.5, 0.5]] {
        assert!(cut(all.clone(), wrong, 0, label).is_err(), "{wrong:?}");
    }
}

/// Numbers of the rows that an earlier version of the program put into the splits: whoever cuts again gets
/// the same ones.
#[test]
fn one_stratum_without_keys_gives_the_splits_that_it_always_gave() {
    let labels: Vec<usize> = (0..60).map(|index| [0, 0, 1, 0, 2][index % 5]).collect();
    let splits = cut(examples(&labels, 1), [0.6, 0.2, 0.2], 7, label).unwrap();
    assert_eq!(ids(&splits.validation), [1, 6, 11, 13, 23, 32, 34, 42, 44, 51, 52, 58]);
    assert_eq!(ids(&splits.test), [3, 4, 12, 19, 27, 30, 36, 41, 43, 45, 53, 57]);
    let splits = cut(examples(&labels, 3), [0.6, 0.2, 0.2], 7, label).unwrap();
    assert_eq!(ids(&splits.validation), [6, 7, 8, 21, 22, 23, 42, 43, 44]);
    assert_eq!(ids(&splits.test), [0, 1, 2, 27, 28, 29, 51, 52, 53]);
    let drawn = sample(examples(&labels, 1), 12, 7, label);
    assert_eq!(ids(&drawn), [3, 4, 12, 19, 27, 30, 36, 41, 43, 45, 53, 57]);
}

#[test]
fn keys_that_join_nothing_change_nothing() {
    let labels: Vec<usize> = (0..90).map(|index| index % 3).collect();
    let (splits, report) = super::cut(examples(&labels, 1), [0.6, 0.2, 0.2], 5, label, own_key).unwrap();
    assert_eq!(splits, cut(examples(&labels, 1), [0.6, 0.2, 0.2], 5, label).unwrap());
    let wanted = [54, 18, 18];
    assert_eq!((report.wanted, report.found, report.groups, report.largest), (wanted, wanted, 90, 1));
    assert!(!report.joined);
}

#[test]
fn a_pair_joins_the_pairs_of_both_its_sentences() {
    let pair = |id, text: &str, other: &str| Example {
        id,
        text: text.to_owned(),
        text_pair: Some(other.to_owned()),
        label: 0,
        document: None,
    };
    let pairs =
        [pair(0, "a", "b"), pair(1, "c", "d"), pair(2, "e", "f"), pair(3, "b", "c"), pair(4, "f", "g")];
    let Grouped { groups, joined } = grouped(&pairs, sentences);
    assert!(joined);
    assert_eq!(groups, [vec![0, 1, 3], vec![2, 4]]);
    let (splits, report) = super::cut(pairs.to_vec(), [0.6, 0.4, 0.0], 0, label, sentences).unwrap();
    assert_eq!((ids(&splits.train), ids(&splits.validation)), (vec![0, 1, 3], vec![2, 4]));
    assert_eq!((report.groups, report.largest, report.is_off()), (2, 3, false));
}

#[test]
fn a_group_larger_than_train_leaves_the_rest_to_the_others() {
    let (splits, report) = super::cut(examples(&[0; 100], 1), [0.6, 0.2, 0.2], 0, label, document).unwrap();
    assert_eq!(ids(&splits.train), (0..90).collect::<Vec<_>>());
    assert_eq!((report.wanted, report.found, report.largest), ([60, 20, 20], [90, 5, 5], 90));
    assert!(report.note("a document").unwrap().contains("90 of 100 examples are joined in one group"));
}

type Keyed = Example<(Vec<usize>, Vec<u8>)>;

fn keyed(rows: Vec<(Vec<usize>, Vec<u8>)>) -> Vec<Keyed> {
    let example = |(id, label): (usize, _)| Example {
        id: id as u64,
        text: id.to_string(),
        text_pair: None,
        label,
        document: None,
    };
    rows.into_iter().enumerate().map(example).collect()
}

fn labels_of(example: &Keyed) -> Strata {
    Strata::Many(example.label.0.clone())
}

fn keys_of(example: &Keyed) -> Vec<Cow<'_, str>> {
    example.label.1.iter().map(|key| Cow::Owned(key.to_string())).collect()
}

fn labels_and_keys(keys: u8) -> impl Strategy<Value = Vec<(Vec<usize>, Vec<u8>)>> {
    let row = (prop::collection::vec(0_usize..6, 0..4), prop::collection::vec(0..keys, 0..3));
    prop::collection::vec(row, 0..200)
}

fn check_whole(all: &[Keyed], splits: &Splits<Keyed>, wanted: [usize; 3]) -> Result<(), TestCaseError> {
    let parts = [&splits.train, &splits.validation, &splits.test];
    prop_assert!(parts.iter().all(|part| part.is_sorted_by_key(|example| example.id)));
    let found: BTreeSet<u64> = parts.iter().flat_map(|part| ids(part)).collect();
    prop_assert_eq!(found, (0..all.len() as u64).collect::<BTreeSet<_>>());
    prop_assert_eq!(parts.iter().map(|part| part.len()).sum::<usize>(), all.len());
    prop_assert!(parts.iter().zip(wanted).skip(1).all(|(part, wanted)| part.len() <= wanted));
    Ok(())
}

proptest! {
    #[test]
    fn keys_are_never_on_two_sides(rows in labels_and_keys(200), seed in 0_u64..100) {
        let all = keyed(rows);
        let (splits, report) = super::cut(all.clone(), [0.5, 0.3, 0.2], seed, labels_of, keys_of).unwrap();
        check_whole(&all, &splits, report.wanted)?;
        let keys = |part: &[Keyed]| part.iter().flat_map(|example| example.label.1.clone()).collect::<HashSet<_>>();
        let [train, validation, test] = [keys(&splits.train), keys(&splits.validation), keys(&splits.test)];
        prop_assert!(train.is_disjoint(&validation) && train.is_disjoint(&test) && validation.is_disjoint(&test));
        prop_assert_eq!(report.found, [splits.train.len(), splits.validation.len(), splits.test.len()]);
        let again = super::cut(all, [0.5, 0.3, 0.2], seed, labels_of, keys_of).unwrap();
        prop_assert_eq!((splits, report), again);
    }

    #[test]
    fn groups_are_the_connected_components(rows in labels_and_keys(150)) {
        let all = keyed(rows);
        let mut component: Vec<usize> = (0..all.len()).collect();
        // The smallest number spreads to all that share a key, until nothing changes.
        loop {
            let mut changed = false;
            for one in 0..all.len() {
                for other in 0..one {
                    let share = all[one].label.1.iter().any(|key| all[other].label.1.contains(key));
                    if share && component[one] != component[other] {
                        let smaller = component[one].min(component[other]);
                        (component[one], component[other], changed) = (smaller, smaller, true);
                    }
                }
            }
            if !changed {
                break;
            }
        }
        let firsts: BTreeSet<usize> = component.iter().copied().collect();
        let expected: Vec<Vec<usize>> =
            firsts.iter().map(|first| (0..all.len()).filter(|&index| component[index] == *first).collect()).collect();
        prop_assert_eq!(grouped(&all, keys_of).groups, expected);
    }

    #[test]
    fn single_examples_with_several_labels_give_exact_sizes(
        rows in labels_and_keys(1), count in 0_usize..200, seed in 0_u64..100,
    ) {
        let all = keyed(rows);
        let (splits, report) = super::cut(all.clone(), [0.7, 0.2, 0.1], seed, labels_of, no_keys).unwrap();
        check_whole(&all, &splits, report.wanted)?;
        prop_assert_eq!(report.found, report.wanted);
        let drawn = sample(all.clone(), count, seed, labels_of);
        prop_assert_eq!(drawn.len(), count.min(all.len()));
        prop_assert!(drawn.is_sorted_by_key(|example| example.id));
        prop_assert_eq!(drawn, sample(all, count, seed, labels_of));
    }

    /// Of one label each, only the labels that come last give way to the sizes, which rounding moves by less
    /// than one example for each label.
    #[test]
    fn one_of_several_labels_keeps_its_share(
        labels in prop::collection::vec(0_usize..3, 1..400), seed in 0_u64..100,
    ) {
        let many = |example: &Labelled| Strata::Many(vec![example.label, example.label]);
        let all = examples(&labels, 1);
        let whole = counts(&all);
        let splits = cut(all.clone(), [0.7, 0.2, 0.1], seed, many).unwrap();
        let drawn = sample(all, labels.len() / 3, seed, many);
        for part in [&splits.train, &splits.validation, &splits.test, &drawn] {
            for (found, size) in counts(part).into_iter().zip(whole) {
                let share = (size * part.len()) as f64 / labels.len() as f64;
                prop_assert!((found as f64 - share).abs() <= 3.0, "{found} of {size}");
            }
        }
    }
}

#[test]
fn other_seeds_cut_and_draw_several_labels_elsewhere() {
    let all = keyed((0..60).map(|index| (vec![index % 4, 4 + index % 3], Vec::new())).collect());
    let at = |seed| super::cut(all.clone(), [0.6, 0.2, 0.2], seed, labels_of, no_keys).unwrap().0;
    assert_ne!(at(1), at(2));
    assert_ne!(sample(all.clone(), 20, 1, labels_of), sample(all.clone(), 20, 2, labels_of));
}
