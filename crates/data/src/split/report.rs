//! [`CutReport`]: how near a cut came to the shares that were asked for.

/// The sizes that a cut was to have and has, in examples, and the groups that it left whole.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct CutReport {
    /// The sizes of train, validation and test by the ratios.
    pub wanted: [usize; 3],
    /// The sizes of train, validation and test.
    pub found: [usize; 3],
    /// The number of groups: examples that share a text or a key are one group.
    pub groups: usize,
    /// The number of examples in the largest group.
    pub largest: usize,
    /// Whether keys joined examples with different texts.
    pub joined: bool,
}

impl CutReport {
    pub(super) fn new(wanted: [usize; 3], found: [usize; 3], groups: &[Vec<usize>], joined: bool) -> Self {
        let largest = groups.iter().map(Vec::len).max().unwrap_or(0);
        Self { wanted, found, groups: groups.len(), largest, joined }
    }

    /// Whether validation or test lacks all of its wanted size, or more than one example and a twentieth of
    /// it. Neither is ever larger than wanted.
    pub fn is_off(&self) -> bool {
        self.wanted.into_iter().zip(self.found).skip(1).any(|(wanted, found)| {
            let lacks = wanted.saturating_sub(found);
            lacks > 1.max(wanted / 20) || (found == 0 && lacks > 0)
        })
    }

    /// A sentence for the user where keys kept the cut from its shares; `shared` is what a key stands for, as
    /// in "a sentence". `None` where the cut has its shares ([`is_off`](Self::is_off)), and where texts alone
    /// joined examples.
    pub fn note(&self, shared: &str) -> Option<String> {
        if !self.joined || !self.is_off() {
            return None;
        }
        let all: usize = self.found.iter().sum();
        let [train, validation, test] = self.found;
        let [_, wanted_validation, wanted_test] = self.wanted;
        let reason = if self.largest > self.wanted[0] {
            format!(
                "{} of {all} examples are joined in one group, which is in train, so that validation and test can \
                 have no more than the other {}",
                self.largest,
                all - self.largest
            )
        } else {
            format!("the {all} examples are {} groups, the largest of {}", self.groups, self.largest)
        };
        Some(format!(
            "validation has {validation} and test {test} of the {wanted_validation} and {wanted_test} examples that \
             split_ratios ask for, and train has {train}: examples that share {shared} stay in one split; {reason}. \
             For other sizes change split_ratios, or give files for validation and test"
        ))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_note_names_the_sizes_the_group_and_the_remedy() {
        let wanted = [80, 10, 10];
        let report = CutReport { wanted, found: [95, 3, 2], groups: 6, largest: 95, joined: true };
        assert_eq!(
            report.note("a sentence").unwrap(),
            "validation has 3 and test 2 of the 10 and 10 examples that split_ratios ask for, and train has 95: \
             examples that share a sentence stay in one split; 95 of 100 examples are joined in one group, which is \
             in train, so that validation and test can have no more than the other 5. For other sizes change \
             split_ratios, or give files for validation and test"
        );
        let report = CutReport { found: [90, 10, 0], groups: 9, largest: 12, ..report };
        let note = report.note("a document").unwrap();
        assert!(note.contains("the 100 examples are 9 groups, the largest of 12"), "{note}");
        assert_eq!(CutReport { joined: false, ..report }.note("a document"), None);
    }

    #[test]
    fn one_example_or_a_twentieth_is_no_reason_for_a_note() {
        let report = |wanted, found| CutReport { wanted, found, groups: 9, largest: 9, joined: true };
        assert!(!report([6, 2, 2], [7, 1, 2]).is_off() && !report([800, 100, 100], [805, 95, 100]).is_off());
        assert!(report([6, 2, 2], [8, 2, 0]).is_off() && report([800, 100, 100], [806, 100, 94]).is_off());
        assert!(report([8, 1, 1], [9, 0, 1]).is_off() && !report([9, 1, 0], [9, 1, 0]).is_off());
    }
}
