//! [`Fingerprint`]: tells whether a run that goes on has the data that it had.

use std::fmt::Write as _;

use embert_data::{EncodedDataset, EncodedExample};
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

/// SHA-256 sums of the labels and of each split as the model reads it: token ids, token types, labels, and which windows are one
/// text. A checkpoint holds them.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Fingerprint {
    /// The labels' names in the order of the model's outputs.
    labels: String,
    train: String,
    /// Absent where the run has no validation split.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    validation: Option<String>,
    /// Absent where the run evaluates no test split.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    test: Option<String>,
}

impl Fingerprint {
    pub(crate) fn of(
        labels: &[String],
        train: &EncodedDataset,
        validation: Option<&EncodedDataset>,
        test: Option<&EncodedDataset>,
    ) -> Self {
        let mut names = Sha256::new();
        for label in labels {
            // With their lengths, so that ["ab", "c"] is not ["a", "bc"].
            names.update((label.len() as u64).to_le_bytes());
            names.update(label);
        }
        Self {
            labels: hex(names),
            train: of_split(train),
            validation: validation.map(of_split),
            test: test.map(of_split),
        }
    }

    /// What differs, if anything does: the first of them.
    pub(crate) fn difference(&self, now: &Self) -> Option<&'static str> {
        [
            ("labels", self.labels != now.labels),
            ("training split", self.train != now.train),
            ("validation split", self.validation != now.validation),
            ("test split", self.test != now.test),
        ]
        .into_iter()
        .find_map(|(what, differs)| differs.then_some(what))
    }
}

/// The sum that checkpoints of older versions have: of the training split's token ids and labels alone.
pub(crate) fn of_training_tokens(train: &EncodedDataset) -> String {
    let mut hash = Sha256::new();
    for example in train.examples() {
        update_ids(&mut hash, &example.ids);
        update_label(&mut hash, example);
    }
    hex(hash)
}

fn of_split(data: &EncodedDataset) -> String {
    let mut hash = Sha256::new();
    for (index, example) in data.examples().iter().enumerate() {
        hash.update((data.text_of(index) as u64).to_le_bytes());
        hash.update((example.ids.len() as u64).to_le_bytes());
        update_ids(&mut hash, &example.ids);
        update_ids(&mut hash, &example.type_ids);
        update_label(&mut hash, example);
    }
    hex(hash)
}

fn update_ids(hash: &mut Sha256, ids: &[u32]) {
    for id in ids {
        hash.update(id.to_le_bytes());
    }
}

fn update_label(hash: &mut Sha256, example: &EncodedExample) {
    hash.update((example.label.unwrap_or(usize::MAX) as u64).to_le_bytes());
}

fn hex(hash: Sha256) -> String {
    hash.finalize().iter().fold(String::new(), |mut hex, byte| {
        // A string takes all that is written to it.
        let _ = write!(hex, "{byte:02x}");
        hex
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn split(type_id: u32, label: usize) -> EncodedDataset {
        EncodedDataset::new(vec![EncodedExample {
            id: 7,
            ids: vec![2, 5, 3],
            type_ids: vec![0, type_id, type_id],
            label: Some(label),
            uncut: 3,
        }])
    }

    #[test]
    fn whatever_the_model_reads_counts_and_row_numbers_do_not() {
        let names = ["a".to_owned(), "b".to_owned()];
        let of = |train, validation, test| {
            Fingerprint::of(&names, &train, Some(&validation), Option::as_ref(&test))
        };
        let before = of(split(0, 0), split(0, 0), Some(split(0, 0)));
        let differs = |now: &Fingerprint| before.difference(now);
        assert_eq!(differs(&of(split(1, 0), split(0, 0), Some(split(0, 0)))), Some("training split"));
        assert_eq!(differs(&of(split(0, 0), split(0, 1), Some(split(0, 0)))), Some("validation split"));
        assert_eq!(differs(&of(split(0, 0), split(0, 0), Some(split(1, 1)))), Some("test split"));
        assert_eq!(differs(&of(split(0, 0), split(0, 0), None)), Some("test split"));
        let mut renumbered = split(0, 0).examples().to_vec();
        renumbered[0].id = 8;
        assert_eq!(differs(&of(EncodedDataset::new(renumbered), split(0, 0), Some(split(0, 0)))), None);
        let turned = ["b".to_owned(), "a".to_owned()];
        let turned = Fingerprint::of(&turned, &split(0, 0), Some(&split(0, 0)), Some(&split(0, 0)));
        assert_eq!(differs(&turned), Some("labels"));
    }

    /// What older versions wrote: a change here would make their runs look as if their data had changed.
    #[test]
    fn the_old_sum_is_what_it_was() {
        assert_eq!(
            of_training_tokens(&split(1, 1)),
            "2050f4b8ec5616d7e0bb0a5712b4f3b56528f74c86ea95edf82f05dfb5af4685"
        );
    }
}
