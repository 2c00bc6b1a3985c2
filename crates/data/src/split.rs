//! [`cut`] and [`sample`]: stratified, seeded splits and samples of a data set. [`cut`] never puts a text
//! into two splits.

use std::collections::{HashMap, HashSet};

use rand::SeedableRng as _;
use rand::seq::SliceRandom as _;
use rand_chacha::ChaCha8Rng;

use crate::error::DataError;
use crate::example::Texts;

/// The splits of a data set; each may be empty.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Splits<E> {
    /// The examples to train on.
    pub train: Vec<E>,
    /// The examples by which a checkpoint is chosen.
    pub validation: Vec<E>,
    /// The examples by which the chosen checkpoint is judged.
    pub test: Vec<E>,
}

impl<E> Default for Splits<E> {
    /// Three splits without examples.
    fn default() -> Self {
        Self { train: Vec::new(), validation: Vec::new(), test: Vec::new() }
    }
}

/// Cuts `examples` into train, validation and test with the shares `ratios`.
///
/// `stratum` gives the number of an example's stratum, from 0: usually its label; a task without labels has
/// one stratum. Each stratum is cut alone, so that each split has the data set's shares of strata, to within
/// one example where no text repeats. Examples with the same text go to one split and count for the stratum
/// of the first example; they go to train if neither test nor validation has enough room. The splits keep
/// the order of `examples` and depend only on the examples, the ratios and the seed.
///
/// # Errors
/// The ratios aren't three shares with the sum 1, the first above 0.
pub fn cut<E: Texts>(
    examples: Vec<E>,
    ratios: [f64; 3],
    seed: u64,
    stratum: impl Fn(&E) -> usize,
) -> Result<Splits<E>, DataError> {
    check_ratios(ratios)?;
    let mut groups_by_stratum: Vec<Vec<Vec<usize>>> = Vec::new();
    for group in same_texts(&examples) {
        let stratum = stratum(&examples[group[0]]);
        if groups_by_stratum.len() <= stratum {
            groups_by_stratum.resize_with(stratum + 1, Vec::new);
        }
        groups_by_stratum[stratum].push(group);
    }
    let sizes: Vec<usize> =
        groups_by_stratum.iter().map(|groups| groups.iter().map(Vec::len).sum()).collect();
    let test_quotas = quotas(&sizes, (examples.len() as f64 * ratios[2]).round() as usize);
    let validation_quotas = quotas(&sizes, (examples.len() as f64 * ratios[1]).round() as usize);

    // 0: train, 1: validation, 2: test.
    let mut part = vec![0_u8; examples.len()];
    let mut generator = ChaCha8Rng::seed_from_u64(seed);
    for (stratum, mut groups) in groups_by_stratum.into_iter().enumerate() {
        groups.shuffle(&mut generator);
        let (mut test, mut validation) = (test_quotas[stratum], validation_quotas[stratum]);
        for group in groups {
            let target = if group.len() <= test {
                test -= group.len();
                2
            } else if group.len() <= validation {
                validation -= group.len();
                1
            } else {
                0
            };
            for index in group {
                part[index] = target;
            }
        }
    }
    let mut splits = Splits::default();
    for (example, part) in examples.into_iter().zip(part) {
        match part {
            0 => splits.train.push(example),
            1 => splits.validation.push(example),
            _ => splits.test.push(example),
        }
    }
    Ok(splits)
}

/// Checks that `ratios` are three shares with the sum 1, the first above 0.
pub(crate) fn check_ratios(ratios: [f64; 3]) -> Result<(), DataError> {
    let in_range = ratios.iter().all(|ratio| (0.0..=1.0).contains(ratio));
    if in_range && (ratios.iter().sum::<f64>() - 1.0).abs() <= 1e-6 && ratios[0] > 0.0 {
        Ok(())
    } else {
        Err(DataError::Ratios { found: ratios })
    }
}

/// Draws `count` examples with the data set's shares of strata, to within one example; all examples if there
/// are no more than `count`. The sample keeps the order of `examples`. `stratum` gives the number of an
/// example's stratum, from 0.
pub fn sample<E>(examples: Vec<E>, count: usize, seed: u64, stratum: impl Fn(&E) -> usize) -> Vec<E> {
    if count >= examples.len() {
        return examples;
    }
    let mut by_stratum: Vec<Vec<usize>> = Vec::new();
    for (index, example) in examples.iter().enumerate() {
        let stratum = stratum(example);
        if by_stratum.len() <= stratum {
            by_stratum.resize_with(stratum + 1, Vec::new);
        }
        by_stratum[stratum].push(index);
    }
    let sizes: Vec<usize> = by_stratum.iter().map(Vec::len).collect();
    let mut generator = ChaCha8Rng::seed_from_u64(seed);
    let mut taken = vec![false; examples.len()];
    for (mut indices, quota) in by_stratum.into_iter().zip(quotas(&sizes, count)) {
        indices.shuffle(&mut generator);
        for index in indices.into_iter().take(quota) {
            taken[index] = true;
        }
    }
    examples.into_iter().zip(taken).filter_map(|(example, taken)| taken.then_some(example)).collect()
}

/// The number of examples with the text of an earlier example.
pub fn duplicates<E: Texts>(examples: &[E]) -> usize {
    examples.len() - same_texts(examples).len()
}

/// The number of texts whose examples differ in their `label`.
pub fn contradictions<E: Texts, L: PartialEq>(examples: &[E], label: impl Fn(&E) -> L) -> usize {
    let differ =
        |group: &Vec<usize>| group.iter().any(|&index| label(&examples[index]) != label(&examples[group[0]]));
    same_texts(examples).iter().filter(|group| differ(group)).count()
}

/// The number of examples in `others` whose text an example in `train` has.
pub fn shared<'a, E: Texts + 'a>(train: &'a [E], others: impl Iterator<Item = &'a E>) -> usize {
    let texts: HashSet<_> = train.iter().map(text_of).collect();
    others.filter(|example| texts.contains(&text_of(*example))).count()
}

fn text_of<E: Texts>(example: &E) -> (&str, Option<&str>) {
    (example.text(), example.text_pair())
}

/// The indices of the examples with each text, in the order in which the texts first occur.
fn same_texts<E: Texts>(examples: &[E]) -> Vec<Vec<usize>> {
    let mut groups: Vec<Vec<usize>> = Vec::new();
    let mut seen: HashMap<(&str, Option<&str>), usize> = HashMap::with_capacity(examples.len());
    for (index, example) in examples.iter().enumerate() {
        let group = *seen.entry(text_of(example)).or_insert_with(|| {
            groups.push(Vec::new());
            groups.len() - 1
        });
        groups[group].push(index);
    }
    groups
}

/// Divides `total` in proportion to `sizes` by the method of largest remainders.
fn quotas(sizes: &[usize], total: usize) -> Vec<usize> {
    let sum: usize = sizes.iter().sum::<usize>().max(1);
    let mut quotas: Vec<usize> = sizes.iter().map(|size| size * total / sum).collect();
    let mut order: Vec<usize> = (0..sizes.len()).collect();
    order.sort_by_key(|&index| std::cmp::Reverse(sizes[index] * total % sum));
    let rest = total.min(sum) - quotas.iter().sum::<usize>();
    for index in order.into_iter().take(rest) {
        quotas[index] += 1;
    }
    quotas
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::example::Example;

    type Labelled = Example<usize>;

    fn label(example: &Labelled) -> usize {
        example.label
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
}
