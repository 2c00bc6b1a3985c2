//! SHA-256 fingerprints of a run's data, which show a resumed run whether its data have changed.

use std::fmt::Write as _;

use embert_data::EncodedDataset;
use embert_run::Fingerprint;
use embert_task::Target;
use sha2::{Digest as _, Sha256};

/// The fingerprints of a run's data: of `labels`, in the order of the model's outputs, and of each split that
/// the run has.
pub(crate) fn fingerprint<T: Target>(
    labels: &[String],
    train: &EncodedDataset<T>,
    validation: Option<&EncodedDataset<T>>,
    test: Option<&EncodedDataset<T>>,
) -> Fingerprint {
    let mut names = Sha256::new();
    for label in labels {
        // The length of each label is hashed too, so that ["ab", "c"] and ["a", "bc"] differ.
        names.update((label.len() as u64).to_le_bytes());
        names.update(label);
    }
    Fingerprint {
        labels: hex(names),
        train: of_split(train),
        validation: validation.map(of_split),
        test: test.map(of_split),
    }
}

/// The fingerprint in checkpoints of older versions, of the training split's token ids and labels alone.
pub(crate) fn of_training_tokens<T: Target>(train: &EncodedDataset<T>) -> String {
    let mut hash = Sha256::new();
    for feature in train.features() {
        update_ids(&mut hash, &feature.ids);
        hash.update(feature.target.to_bytes());
    }
    hex(hash)
}

fn of_split<T: Target>(data: &EncodedDataset<T>) -> String {
    let mut hash = Sha256::new();
    for (index, feature) in data.features().iter().enumerate() {
        hash.update((data.example_of(index) as u64).to_le_bytes());
        hash.update((feature.ids.len() as u64).to_le_bytes());
        update_ids(&mut hash, &feature.ids);
        update_ids(&mut hash, &feature.type_ids);
        hash.update(feature.target.to_bytes());
    }
    hex(hash)
}

fn update_ids(hash: &mut Sha256, ids: &[u32]) {
    for id in ids {
        hash.update(id.to_le_bytes());
    }
}

fn hex(hash: Sha256) -> String {
    hash.finalize().iter().fold(String::new(), |mut hex, byte| {
        // Writing to a string can't fail.
        let _ = write!(hex, "{byte:02x}");
        hex
    })
}

#[cfg(test)]
mod tests {
    use embert_data::EncodedFeature;

    use super::*;

    fn split(type_id: u32, label: usize) -> EncodedDataset<usize> {
        EncodedDataset::new(vec![EncodedFeature {
            id: 7,
            ids: vec![2, 5, 3],
            type_ids: vec![0, type_id, type_id],
            target: label,
            untruncated_length: 3,
        }])
    }

    #[test]
    fn whatever_the_model_reads_counts_and_row_numbers_do_not() {
        let names = ["a".to_owned(), "b".to_owned()];
        let of =
            |train, validation, test| fingerprint(&names, &train, Some(&validation), Option::as_ref(&test));
        let before = of(split(0, 0), split(0, 0), Some(split(0, 0)));
        let differs = |now: &Fingerprint| before.difference(now);
        assert_eq!(differs(&of(split(1, 0), split(0, 0), Some(split(0, 0)))), Some("training split"));
        assert_eq!(differs(&of(split(0, 0), split(0, 1), Some(split(0, 0)))), Some("validation split"));
        assert_eq!(differs(&of(split(0, 0), split(0, 0), Some(split(1, 1)))), Some("test split"));
        assert_eq!(differs(&of(split(0, 0), split(0, 0), None)), Some("test split"));
        let mut renumbered = split(0, 0).features().to_vec();
        renumbered[0].id = 8;
        assert_eq!(differs(&of(EncodedDataset::new(renumbered), split(0, 0), Some(split(0, 0)))), None);
        let turned = ["b".to_owned(), "a".to_owned()];
        let turned = fingerprint(&turned, &split(0, 0), Some(&split(0, 0)), Some(&split(0, 0)));
        assert_eq!(differs(&turned), Some("labels"));
    }

    /// The fingerprint that older versions wrote: with another value, their runs' data would look changed.
    #[test]
    fn the_old_sum_is_what_it_was() {
        assert_eq!(
            of_training_tokens(&split(1, 1)),
            "2050f4b8ec5616d7e0bb0a5712b4f3b56528f74c86ea95edf82f05dfb5af4685"
        );
    }
}
