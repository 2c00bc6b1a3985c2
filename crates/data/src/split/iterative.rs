//! [`distribute`]: iterative stratification (Sechidis, Tsoumakas, Vlahavas 2011, "On the Stratification of
//! Multi-Label Data", algorithm 1), of groups.
//!
//! The label with the fewest examples that are left is distributed first, each group to the part that wants
//! most of the label, then most examples, then by chance. What differs from the paper, where a group is one
//! example: a part takes no more than its quota, so that sizes are exact and only the most frequent labels
//! give way; and the groups are in random order, where the paper leaves their order open.

use rand::SeedableRng as _;
use rand::seq::{IndexedRandom as _, SliceRandom as _};
use rand_chacha::ChaCha8Rng;

/// Examples that stay together.
pub(super) struct Group {
    /// The number of examples.
    pub size: usize,
    /// Labels, each once, with the number of the group's examples that have it.
    pub labels: Vec<(usize, usize)>,
}

/// The part of each group. `quotas` are the sizes of the parts, in examples. Part 0 also takes the groups for
/// which no part has room, beginning with those that are larger than each other part's quota.
pub(super) fn distribute(groups: &[Group], quotas: &[usize], seed: u64) -> Vec<usize> {
    let largest_quota = quotas[1..].iter().copied().max().unwrap_or(0);
    let (too_large, mut order): (Vec<usize>, Vec<usize>) =
        (0..groups.len()).partition(|&group| groups[group].size > largest_quota);
    let mut generator = ChaCha8Rng::seed_from_u64(seed);
    order.shuffle(&mut generator);
    // What is left of each label, and the groups that have it.
    let labels = groups.iter().flat_map(|group| &group.labels).map(|&(label, _)| label + 1).max();
    let mut left = vec![0; labels.unwrap_or(0)];
    let mut with_label = vec![Vec::new(); left.len()];
    for &group in &order {
        for &(label, count) in &groups[group].labels {
            left[label] += count;
            with_label[label].push(group);
        }
    }

    let mut distribution = Distribution::new(groups, quotas, &too_large, &left);
    let mut parts: Vec<Option<usize>> = vec![None; groups.len()];
    for group in too_large {
        parts[group] = Some(0);
    }
    let rarest =
        |left: &[usize]| (0..left.len()).filter(|&label| left[label] > 0).min_by_key(|&label| left[label]);
    while let Some(label) = rarest(&left) {
        for &group in &with_label[label] {
            if parts[group].is_none() {
                let part = distribution.choose(&groups[group], Some(label), &mut generator);
                distribution.put(&groups[group], part);
                parts[group] = Some(part);
                for &(label, count) in &groups[group].labels {
                    left[label] -= count;
                }
            }
        }
    }
    for group in order {
        if parts[group].is_none() {
            let part = distribution.choose(&groups[group], None, &mut generator);
            distribution.put(&groups[group], part);
            parts[group] = Some(part);
        }
    }
    parts.into_iter().map(Option::unwrap_or_default).collect()
}

/// What each part still has room for, and what it still wants.
struct Distribution {
    room: Vec<usize>,
    examples: Wanted,
    labels: Vec<Wanted>,
}

impl Distribution {
    /// The groups `too_large` are in part 0; `left` of each label is in the others.
    fn new(groups: &[Group], quotas: &[usize], too_large: &[usize], left: &[usize]) -> Self {
        let mut labels_taken = vec![0; left.len()];
        for &(label, count) in too_large.iter().flat_map(|&group| &groups[group].labels) {
            labels_taken[label] += count;
        }
        let taken: usize = too_large.iter().map(|&group| groups[group].size).sum();
        let size: usize = groups.iter().map(|group| group.size).sum();
        let mut room = quotas.to_vec();
        room[0] = room[0].saturating_sub(taken);
        let labels =
            labels_taken.iter().zip(left).map(|(&taken, &left)| Wanted::new(taken, left, quotas)).collect();
        Self { room, examples: Wanted::new(taken, size - taken, quotas), labels }
    }

    /// Of the parts that have room, the one that wants most of the label, then most examples, then by chance.
    fn choose(&self, group: &Group, label: Option<usize>, generator: &mut ChaCha8Rng) -> usize {
        let wants =
            |part: usize| (label.map(|label| self.labels[label].parts[part]), self.examples.parts[part]);
        let with_room = || (0..self.room.len()).filter(|&part| group.size <= self.room[part]);
        let most = with_room().map(wants).max();
        let best: Vec<usize> = with_room().filter(|&part| Some(wants(part)) == most).collect();
        best.choose(generator).copied().unwrap_or(0)
    }

    /// Puts a group into a part.
    fn put(&mut self, group: &Group, part: usize) {
        self.room[part] = self.room[part].saturating_sub(group.size);
        self.examples.take(part, group.size);
        for &(label, count) in &group.labels {
            self.labels[label].take(part, count);
        }
    }
}

/// How much of a label, or how many examples, each part still wants: less than 0 where it has too much.
struct Wanted {
    parts: Vec<i128>,
    /// What one example counts: whole numbers compare alike on all machines.
    unit: i128,
}

impl Wanted {
    /// Shares in proportion to `quotas`, where part 0 has `taken` already and `left` is left. Where that is
    /// more than the share of part 0, the other parts divide what is left, lest the largest take it all.
    fn new(taken: usize, left: usize, quotas: &[usize]) -> Self {
        let [taken, left] = [taken as i128, left as i128];
        let mut parts: Vec<i128> = quotas.iter().map(|&quota| quota as i128).collect();
        let all: i128 = parts.iter().sum();
        let is_over = taken * all > (taken + left) * parts[0];
        if is_over {
            parts[0] = 0;
        }
        let unit: i128 = parts.iter().sum();
        let total = if is_over { left } else { taken + left };
        for part in &mut parts {
            *part *= total;
        }
        if !is_over {
            parts[0] -= taken * unit;
        }
        Self { parts, unit }
    }

    fn take(&mut self, part: usize, count: usize) {
        self.parts[part] -= self.unit * count as i128;
    }
}

#[cfg(test)]
mod tests;
