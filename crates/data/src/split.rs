//! [`cut`] and [`sample`]: stratified, seeded splits and samples of a data set. [`cut`] never puts a text, or
//! examples that share a key, into two splits.

mod groups;
mod iterative;
mod report;

use std::borrow::Cow;
use std::collections::BTreeMap;

use rand::SeedableRng as _;
use rand::seq::SliceRandom as _;
use rand_chacha::ChaCha8Rng;

use crate::error::DataError;
use crate::example::Texts;

use self::groups::{Grouped, grouped};
use self::iterative::{Group, distribute};

pub use self::groups::{contradictions, duplicates, shared};
pub use self::report::CutReport;

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

/// An example's strata, numbered from 0: each has the same share of every split and sample.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Strata {
    /// One stratum: usually the only label; 0 in a task without labels.
    One(usize),
    /// Any number of strata, in any order: usually the labels of an example that may have several or none.
    Many(Vec<usize>),
}

impl Strata {
    /// Each stratum once.
    fn numbers(&self) -> Vec<usize> {
        match self {
            Self::One(stratum) => vec![*stratum],
            Self::Many(strata) => {
                let mut strata = strata.clone();
                strata.sort_unstable();
                strata.dedup();
                strata
            }
        }
    }
}

/// Cuts `examples` into train, validation and test with the shares `ratios`, and says how near it came.
///
/// Examples with the same text go to one split, and so do examples that share one of their `keys`, also
/// through other examples: with the pairs (A, B) and (B, C) and their sentences as keys, A and C are in one
/// split. Keys are compared as they are; an example without keys shares none. A group goes to train if
/// neither test nor validation has enough room, so both may be smaller than asked for, and never larger
/// ([`CutReport`]). Where many examples are joined, the single ones make up most of validation and test.
///
/// The splits have the data set's shares of `strata`:
/// - Where each example has one and keys join nothing, each stratum is cut alone, and its shares are exact to
///   within one example where no text repeats. Examples with the same text count for the first one's stratum.
/// - Otherwise by iterative stratification (Sechidis, Tsoumakas, Vlahavas 2011): the rarest stratum first, so
///   that rare ones keep their shares. Examples without strata make up the sizes.
///
/// The splits keep the order of `examples` and depend only on the examples, the ratios and the seed.
///
/// # Errors
/// The ratios aren't three shares with the sum 1, the first above 0.
pub fn cut<E: Texts>(
    examples: Vec<E>,
    ratios: [f64; 3],
    seed: u64,
    strata: impl Fn(&E) -> Strata,
    keys: impl for<'a> Fn(&'a E) -> Vec<Cow<'a, str>>,
) -> Result<(Splits<E>, CutReport), DataError> {
    check_ratios(ratios)?;
    let [validation, test] = [1, 2].map(|split| (examples.len() as f64 * ratios[split]).round() as usize);
    let wanted = [examples.len().saturating_sub(validation + test), validation, test];
    let Grouped { groups, joined } = grouped(&examples, keys);
    let strata: Vec<Strata> = examples.iter().map(strata).collect();
    // 0: train, 1: validation, 2: test.
    let group_parts = match only(&strata) {
        Some(strata) if !joined => cut_each(&groups, &strata, wanted, seed),
        _ => distribute(&with_strata(&groups, &strata), &wanted, seed),
    };
    let mut parts = vec![0; examples.len()];
    for (group, &part) in groups.iter().zip(&group_parts) {
        for &index in group {
            parts[index] = part;
        }
    }
    let mut splits = Splits::default();
    for (example, part) in examples.into_iter().zip(parts) {
        match part {
            0 => splits.train.push(example),
            1 => splits.validation.push(example),
            _ => splits.test.push(example),
        }
    }
    let found = [splits.train.len(), splits.validation.len(), splits.test.len()];
    let report = CutReport::new(wanted, found, &groups, joined);
    Ok((splits, report))
}

/// The only stratum of each example; `None` if an example may have several.
fn only(strata: &[Strata]) -> Option<Vec<usize>> {
    let only = |strata: &Strata| match strata {
        Strata::One(stratum) => Some(*stratum),
        Strata::Many(_) => None,
    };
    strata.iter().map(only).collect()
}

/// The part of each group, each stratum cut alone. A group counts for the stratum of its first example.
fn cut_each(groups: &[Vec<usize>], strata: &[usize], wanted: [usize; 3], seed: u64) -> Vec<usize> {
    let by_stratum = by_stratum(groups.iter().map(|group| strata[group[0]]));
    let sizes: Vec<usize> =
        by_stratum.iter().map(|numbers| numbers.iter().map(|&number| groups[number].len()).sum()).collect();
    let [_, validation_quotas, test_quotas] = wanted.map(|total| quotas(&sizes, total));
    let mut parts = vec![0; groups.len()];
    let mut generator = ChaCha8Rng::seed_from_u64(seed);
    for (stratum, mut numbers) in by_stratum.into_iter().enumerate() {
        numbers.shuffle(&mut generator);
        let (mut test, mut validation) = (test_quotas[stratum], validation_quotas[stratum]);
        for number in numbers {
            let size = groups[number].len();
            if size <= test {
                test -= size;
                parts[number] = 2;
            } else if size <= validation {
                validation -= size;
                parts[number] = 1;
            }
        }
    }
    parts
}

/// The numbers of what has each stratum, in their order.
fn by_stratum(strata: impl Iterator<Item = usize>) -> Vec<Vec<usize>> {
    let mut numbers: Vec<Vec<usize>> = Vec::new();
    for (number, stratum) in strata.enumerate() {
        if numbers.len() <= stratum {
            numbers.resize_with(stratum + 1, Vec::new);
        }
        numbers[stratum].push(number);
    }
    numbers
}

/// The groups with their sizes and with how many of their examples have each stratum.
fn with_strata(groups: &[Vec<usize>], strata: &[Strata]) -> Vec<Group> {
    let with_strata = |group: &Vec<usize>| {
        let mut labels = BTreeMap::new();
        for label in group.iter().flat_map(|&index| strata[index].numbers()) {
            *labels.entry(label).or_insert(0) += 1;
        }
        Group { size: group.len(), labels: labels.into_iter().collect() }
    };
    groups.iter().map(with_strata).collect()
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

/// Draws `count` examples with the data set's shares of `strata`; all examples if there are no more than
/// `count`. The sample keeps the order of `examples`.
///
/// Where each example has one stratum, its share is exact to within one example; otherwise shares are kept as
/// in [`cut`].
pub fn sample<E>(examples: Vec<E>, count: usize, seed: u64, strata: impl Fn(&E) -> Strata) -> Vec<E> {
    if count >= examples.len() {
        return examples;
    }
    let strata: Vec<Strata> = examples.iter().map(strata).collect();
    let taken = if let Some(strata) = only(&strata) {
        sample_each(&strata, count, seed)
    } else {
        let singles: Vec<Vec<usize>> = (0..examples.len()).map(|index| vec![index]).collect();
        let parts = distribute(&with_strata(&singles, &strata), &[examples.len() - count, count], seed);
        parts.into_iter().map(|part| part == 1).collect()
    };
    examples.into_iter().zip(taken).filter_map(|(example, taken)| taken.then_some(example)).collect()
}

/// Which examples are drawn, of each stratum alone.
fn sample_each(strata: &[usize], count: usize, seed: u64) -> Vec<bool> {
    let by_stratum = by_stratum(strata.iter().copied());
    let sizes: Vec<usize> = by_stratum.iter().map(Vec::len).collect();
    let mut generator = ChaCha8Rng::seed_from_u64(seed);
    let mut taken = vec![false; strata.len()];
    for (mut indices, quota) in by_stratum.into_iter().zip(quotas(&sizes, count)) {
        indices.shuffle(&mut generator);
        for index in indices.into_iter().take(quota) {
            taken[index] = true;
        }
    }
    taken
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
mod tests;
