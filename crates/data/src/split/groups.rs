//! [`grouped`]: which examples have to stay in one split; and counts of repeated texts.

use std::borrow::Cow;
use std::collections::{HashMap, HashSet};

use crate::example::Texts;

/// The examples of a data set, in groups that a cut leaves whole.
pub(super) struct Grouped {
    /// The indices of each group's examples, ascending. The groups are in the order of their first examples.
    pub groups: Vec<Vec<usize>>,
    /// Whether keys joined examples with different texts.
    pub joined: bool,
}

/// Groups the examples with the same text, and those that share a key, also through other examples.
pub(super) fn grouped<E: Texts>(
    examples: &[E],
    keys: impl for<'a> Fn(&'a E) -> Vec<Cow<'a, str>>,
) -> Grouped {
    let texts = same_texts(examples);
    let mut sets = Sets::new(texts.len());
    let mut first_of: HashMap<Cow<str>, usize> = HashMap::new();
    for (number, group) in texts.iter().enumerate() {
        for key in group.iter().flat_map(|&index| keys(&examples[index])) {
            sets.join(*first_of.entry(key).or_insert(number), number);
        }
    }
    let mut groups: Vec<Vec<usize>> = Vec::new();
    let mut group_of: HashMap<usize, usize> = HashMap::new();
    let count = texts.len();
    for (number, indices) in texts.into_iter().enumerate() {
        let group = *group_of.entry(sets.first(number)).or_insert_with(|| {
            groups.push(Vec::new());
            groups.len() - 1
        });
        groups[group].extend(indices);
    }
    for group in &mut groups {
        group.sort_unstable();
    }
    Grouped { joined: groups.len() < count, groups }
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

/// Disjoint sets of the numbers from 0: a union-find with path halving.
struct Sets {
    parents: Vec<usize>,
}

impl Sets {
    /// `count` sets of one number each.
    fn new(count: usize) -> Self {
        Self { parents: (0..count).collect() }
    }

    /// The smallest number of the set that has `number`.
    fn first(&mut self, mut number: usize) -> usize {
        while self.parents[number] != number {
            self.parents[number] = self.parents[self.parents[number]];
            number = self.parents[number];
        }
        number
    }

    /// Makes one set of the sets of two numbers.
    fn join(&mut self, one: usize, other: usize) {
        let (one, other) = (self.first(one), self.first(other));
        self.parents[one.max(other)] = one.min(other);
    }
}
