//! [`load`]: from a card to examples.

mod classes;
mod data_set;
mod facts;
mod rows;

use std::path::{Path, PathBuf};

use self::classes::Examples;
pub use self::data_set::{DataFacts, DataSet, LoadOptions};
pub use self::rows::{LoadedRows, LocatedRow, SourceFile, SplitRows, load_rows};
use crate::card::Card;
use crate::columns::Columns;
use crate::error::DataError;
use crate::split::{Splits, cut, duplicates, sample, shared};

/// Reads the files of a card, whose paths start from `root`, decides what their labels mean, and cuts them into splits.
///
/// With `split_ratios`, parts are cut from the training files: a test part of its own file is then used only where the share
/// of test is 0, and a validation file isn't used at all. A card's own ratios hold where it has no validation files.
///
/// A validation or test split without a single label is left out, and said to be.
///
/// # Errors
/// A file or a row can't be used, a training row has no label, the labels are no classes, a label is unknown, or there are
/// fewer than two.
pub fn load(card: &Card, root: &Path, options: &LoadOptions) -> Result<DataSet, DataError> {
    let files = card.split_files();
    let columns = Columns::from(&card.columns);
    let mut loaded = load_rows(card, root, options, &columns, &card.columns.label)?;
    let (used, ratios) = (loaded.used(), loaded.ratios);

    let labels = classes::decide(&loaded, card, options.skip_bad_rows)?;
    let mut examples = Examples {
        columns: &card.columns,
        labels: &labels,
        skip: options.skip_bad_rows,
        skipped: loaded.skipped,
        notes: std::mem::take(&mut loaded.notes),
        unlabelled: Vec::new(),
    };
    if labels.set.len() < 2 {
        examples.check(&loaded.splits[0])?;
        let path = root.join(files.train.first().map_or(Path::new(""), PathBuf::as_path));
        return Err(DataError::TooFewLabels { path, found: labels.set.names().to_vec() });
    }
    examples.notes.extend(labels.notes.iter().cloned());
    for (split, _) in loaded.splits.iter().zip(used).filter(|(_, used)| !used) {
        examples.notes.extend(classes::unused_note(split));
    }
    let [train, validation, test] = loaded.splits;
    let mut of = |split, used: bool| if used { examples.of(split) } else { Ok(Vec::new()) };
    let given =
        Splits { train: of(train, used[0])?, validation: of(validation, used[1])?, test: of(test, used[2])? };

    let mut splits = match ratios {
        Some(ratios) => {
            let parts = cut(given.train, ratios, options.seed)?;
            let test = if ratios[2] > 0.0 { parts.test } else { given.test };
            Splits { test, ..parts }
        }
        None => given,
    };
    if let Some(count) = options.train_samples {
        splits.train = sample(splits.train, count, options.seed);
    }
    if let Some(count) = options.eval_samples {
        splits.validation = sample(splits.validation, count, options.seed);
        splits.test = sample(splits.test, count, options.seed);
    }
    let Examples { skipped, mut notes, unlabelled, .. } = examples;
    let labels = labels.set;
    let mut train_labels = vec![0; labels.len()];
    for label in splits.train.iter().filter_map(|example| example.label) {
        train_labels[label] += 1;
    }
    let skipped_by_split = std::array::from_fn(|split| if used[split] { skipped[split] } else { 0 });
    let facts = DataFacts {
        train_labels,
        train_duplicates: duplicates(&splits.train),
        shared: shared(&splits.train, splits.validation.iter().chain(&splits.test)),
        skipped: skipped_by_split.iter().sum(),
        skipped_by_split,
    };
    let files = files.all().map(|file| root.join(file)).collect();
    notes.extend(facts::notes(&splits, &labels));
    Ok(DataSet { name: card.name.clone(), splits, labels, facts, unlabelled, files, notes })
}

#[cfg(test)]
mod tests;
