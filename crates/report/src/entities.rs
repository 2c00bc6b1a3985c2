//! The true entities of a text against those that a model finds: each pair, what is wrong with it, and counts.

use std::cmp::Reverse;
use std::collections::BTreeMap;

use embert_run::{Entity, PredictedEntity, TaggedExample};

use crate::counts::Counts;

/// What is right or wrong with an entity.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Verdict {
    /// Type and bounds are right.
    Right,
    /// The bounds are right, the type is another.
    OtherType,
    /// The type is right; the two overlap, but not to the character.
    OtherBounds,
    /// The two overlap, and neither type nor bounds are right.
    OtherBoth,
    /// No found entity overlaps the true one.
    Missed,
    /// No true entity overlaps the found one.
    Invented,
}

impl Verdict {
    /// The kinds of errors.
    pub(crate) const ERRORS: [Self; 5] =
        [Self::OtherType, Self::OtherBounds, Self::OtherBoth, Self::Missed, Self::Invented];

    /// The kind of error after a number: `2 missed`.
    pub(crate) const fn counted(self) -> &'static str {
        match self {
            Self::Right => "right",
            Self::OtherType => "of another type",
            Self::OtherBounds => "with other bounds",
            Self::OtherBoth => "with other type and bounds",
            Self::Missed => "missed",
            Self::Invented => "invented",
        }
    }
}

/// A true entity, the entity found in its place, or both. At least one of them is there.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Outcome<'a> {
    pub(crate) truth: Option<&'a Entity>,
    pub(crate) found: Option<&'a PredictedEntity>,
}

impl Outcome<'_> {
    pub(crate) fn verdict(&self) -> Verdict {
        match (self.truth, self.found) {
            (Some(truth), Some(found)) => {
                match (truth.entity_group == found.entity_group, is_same_place(truth, found)) {
                    (true, true) => Verdict::Right,
                    (false, true) => Verdict::OtherType,
                    (true, false) => Verdict::OtherBounds,
                    (false, false) => Verdict::OtherBoth,
                }
            }
            (_, None) => Verdict::Missed,
            (None, Some(_)) => Verdict::Invented,
        }
    }

    pub(crate) fn is_right(&self) -> bool {
        self.verdict() == Verdict::Right
    }

    /// From the first character of either entity to one past the last.
    pub(crate) fn range(&self) -> (usize, usize) {
        let starts = self.places().map(|place| place.0);
        (starts.min().unwrap_or(0), self.places().map(|place| place.1).max().unwrap_or(0))
    }

    fn places(&self) -> impl Iterator<Item = (usize, usize)> {
        let truth = self.truth.map(|entity| (entity.start, entity.end));
        truth.into_iter().chain(self.found.map(|entity| (entity.start, entity.end)))
    }
}

fn is_same_place(truth: &Entity, found: &PredictedEntity) -> bool {
    (truth.start, truth.end) == (found.start, found.end)
}

/// Pairs each true entity with at most one found entity: the one with its bounds, else one that overlaps it,
/// of its own type before others and with a longer overlap before a shorter one. In the order of the text.
pub(crate) fn compare(example: &TaggedExample) -> Vec<Outcome<'_>> {
    let TaggedExample { entities, predicted, .. } = example;
    let mut partners: Vec<Option<usize>> = vec![None; entities.len()];
    let mut is_free = vec![true; predicted.len()];
    let mut by_place: BTreeMap<(usize, usize), Vec<usize>> = BTreeMap::new();
    for (index, found) in predicted.iter().enumerate() {
        by_place.entry((found.start, found.end)).or_default().push(index);
    }
    for of_same_type in [true, false] {
        for (truth, partner) in entities.iter().zip(&mut partners).filter(|(_, partner)| partner.is_none()) {
            let fits = |&index: &usize| {
                is_free[index] && (!of_same_type || predicted[index].entity_group == truth.entity_group)
            };
            let here = by_place.get(&(truth.start, truth.end));
            *partner = here.and_then(|here| here.iter().copied().find(fits));
            if let Some(index) = *partner {
                is_free[index] = false;
            }
        }
    }
    for (truth, index) in overlaps(entities, &partners, predicted, &is_free) {
        if partners[truth].is_none() && is_free[index] {
            partners[truth] = Some(index);
            is_free[index] = false;
        }
    }
    let of_truths = entities.iter().zip(&partners).map(|(truth, partner)| Outcome {
        truth: Some(truth),
        found: partner.map(|index| &predicted[index]),
    });
    let invented = predicted.iter().zip(&is_free).filter(|(_, is_free)| **is_free);
    let invented = invented.map(|(found, _)| Outcome { truth: None, found: Some(found) });
    let mut outcomes: Vec<Outcome<'_>> = of_truths.chain(invented).collect();
    outcomes.sort_by_key(Outcome::range);
    outcomes
}

/// The pairs of a true and a found entity that overlap, by their numbers, in the order in which they are
/// considered. Entities that have a partner are left out.
fn overlaps(
    entities: &[Entity],
    partners: &[Option<usize>],
    predicted: &[PredictedEntity],
    is_free: &[bool],
) -> Vec<(usize, usize)> {
    let mut free: Vec<usize> = (0..predicted.len()).filter(|&index| is_free[index]).collect();
    free.sort_by_key(|&index| predicted[index].start);
    let longest = free.iter().map(|&index| predicted[index].end - predicted[index].start).max().unwrap_or(0);
    let mut pairs = Vec::new();
    for (number, truth) in entities.iter().enumerate().filter(|(number, _)| partners[*number].is_none()) {
        let before_end = free.partition_point(|&index| predicted[index].start < truth.end);
        let near = free[..before_end].iter().rev();
        for &index in near.take_while(|&&index| predicted[index].start + longest > truth.start) {
            let found = &predicted[index];
            let overlap = truth.end.min(found.end).saturating_sub(truth.start.max(found.start));
            if overlap > 0 {
                pairs.push((truth.entity_group != found.entity_group, Reverse(overlap), number, index));
            }
        }
    }
    pairs.sort_unstable();
    pairs.into_iter().map(|(_, _, number, index)| (number, index)).collect()
}

impl Counts {
    /// Adds an entity, which is right if type and bounds are.
    pub(crate) fn add(&mut self, outcome: &Outcome<'_>) {
        self.truths += usize::from(outcome.truth.is_some());
        self.found += usize::from(outcome.found.is_some());
        self.right += usize::from(outcome.is_right());
    }
}

/// An example with the comparison of its entities.
#[derive(Clone, Debug)]
pub(crate) struct Compared<'a> {
    pub(crate) example: &'a TaggedExample,
    pub(crate) outcomes: Vec<Outcome<'a>>,
}

impl<'a> Compared<'a> {
    pub(crate) fn of(example: &'a TaggedExample) -> Self {
        Self { example, outcomes: compare(example) }
    }

    pub(crate) fn errors(&self) -> usize {
        self.outcomes.iter().filter(|outcome| !outcome.is_right()).count()
    }

    pub(crate) fn count(&self, verdict: Verdict) -> usize {
        self.outcomes.iter().filter(|outcome| outcome.verdict() == verdict).count()
    }

    /// The highest score of an entity that is not right; `None` if all that were found are.
    pub(crate) fn surest_error(&self) -> Option<f64> {
        let wrong = self.outcomes.iter().filter(|outcome| !outcome.is_right());
        wrong.filter_map(|outcome| Some(outcome.found?.score)).max_by(f64::total_cmp)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn example(truths: &[(&str, usize, usize)], found: &[(&str, usize, usize)]) -> TaggedExample {
        let entity = |&(group, start, end): &(&str, usize, usize)| Entity {
            entity_group: group.to_owned(),
            start,
            end,
        };
        let predicted = |(number, &(group, start, end)): (usize, &(&str, usize, usize))| PredictedEntity {
            entity_group: group.to_owned(),
            score: 0.5 + 0.01 * number as f64,
            start,
            end,
        };
        TaggedExample {
            split: "test".to_owned(),
            id: 1,
            text: "x".repeat(100),
            entities: truths.iter().map(entity).collect(),
            predicted: found.iter().enumerate().map(predicted).collect(),
            words: 9,
            tokens: 9,
        }
    }

    fn verdicts(truths: &[(&str, usize, usize)], found: &[(&str, usize, usize)]) -> Vec<Verdict> {
        compare(&example(truths, found)).iter().map(Outcome::verdict).collect()
    }

    #[test]
    fn each_kind_of_error_has_its_name() {
        let truths = [("A", 0, 4), ("A", 5, 9), ("A", 10, 14), ("A", 15, 19), ("A", 20, 24)];
        let found = [("A", 0, 4), ("B", 5, 9), ("A", 10, 12), ("B", 16, 19), ("C", 30, 31)];
        let expected = [
            Verdict::Right,
            Verdict::OtherType,
            Verdict::OtherBounds,
            Verdict::OtherBoth,
            Verdict::Missed,
            Verdict::Invented,
        ];
        assert_eq!(verdicts(&truths, &found), expected);
        assert!(verdicts(&[], &[]).is_empty());
        // Neighbours do not overlap.
        assert_eq!(verdicts(&[("A", 0, 4)], &[("A", 4, 8)]), [Verdict::Missed, Verdict::Invented]);
    }

    #[test]
    fn an_entity_is_paired_once_and_with_the_best() {
        // Two halves of one entity: the longer one is its pair, the other is invented.
        assert_eq!(
            verdicts(&[("A", 0, 9)], &[("A", 0, 3), ("A", 4, 9)]),
            [Verdict::Invented, Verdict::OtherBounds]
        );
        // One of the right type is a pair before a longer one of another type.
        assert_eq!(
            verdicts(&[("A", 0, 9)], &[("B", 0, 6), ("A", 7, 9)]),
            [Verdict::Invented, Verdict::OtherBounds]
        );
        // The same place with two types.
        assert_eq!(
            verdicts(&[("A", 0, 9)], &[("B", 0, 9), ("A", 0, 9)]),
            [Verdict::Right, Verdict::Invented]
        );
        // Found across two true ones.
        assert_eq!(
            verdicts(&[("A", 0, 4), ("A", 5, 9)], &[("A", 1, 9)]),
            [Verdict::Missed, Verdict::OtherBounds]
        );
    }

    #[test]
    fn counts_are_of_entities_with_type_and_bounds_right() {
        let example = example(&[("A", 0, 4), ("A", 5, 9)], &[("A", 0, 4), ("B", 5, 9), ("A", 20, 21)]);
        let compared = Compared::of(&example);
        let mut counts = Counts::default();
        compared.outcomes.iter().for_each(|outcome| counts.add(outcome));
        assert_eq!(counts, Counts { truths: 2, found: 3, right: 1 });
        assert_eq!(
            (counts.precision(), counts.recall(), counts.f1()),
            (Some(1.0 / 3.0), Some(0.5), Some(0.4))
        );
        assert_eq!((compared.errors(), compared.count(Verdict::Invented)), (2, 1));
        assert_eq!(compared.surest_error(), Some(0.52));
        assert_eq!(Counts::default().f1(), None);
    }
}
