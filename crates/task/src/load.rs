//! [`load`]: a task's examples from the files of a card.

mod examples;

use std::path::{Path, PathBuf};

use embert_data::{
    Card, LoadOptions, LoadedRows, SplitRows, Splits, cut, duplicates, load_rows, sample, shared,
};

use self::examples::Examples;
use crate::{DataFacts, LabelOptions, Task, TaskData, TaskError};

/// Reads the files of a card, relative to `root`, decides what the labels mean, and returns the examples of
/// each split.
///
/// With `split_ratios`, splits are cut from the training files: validation files are not used, and test files
/// only where the share of test is 0. The card's own ratios apply where the card has no validation files.
///
/// Examples have the data set's label numbers. A validation or test split without a single label is left out,
/// with a note.
///
/// # Errors
/// A file or a row can't be used, a training row has no label, or the labels don't fit the task.
pub fn load<T: Task>(
    card: &Card,
    root: &Path,
    options: &LoadOptions,
    label_options: &LabelOptions,
) -> Result<TaskData<T>, TaskError> {
    let rows = load_rows(card, root, options, &T::columns(card), T::label_column(card))?;
    from_rows(card, root, options, label_options, rows)
}

/// The examples of rows that were read before, as [`load`] makes them. The rows have the columns that
/// [`Task::columns`] names.
///
/// # Errors
/// A row can't be used, a training row has no label, or the labels don't fit the task.
pub fn from_rows<T: Task>(
    card: &Card,
    root: &Path,
    options: &LoadOptions,
    label_options: &LabelOptions,
    mut loaded: LoadedRows,
) -> Result<TaskData<T>, TaskError> {
    let files = card.split_files();
    let (used, ratios) = (loaded.used(), loaded.ratios);
    let (labels, label_notes) = T::read_labels(card, &loaded, options.skip_bad_rows, label_options)?;
    let mut notes = std::mem::take(&mut loaded.notes);
    let LoadedRows { splits: [train, validation, test], skipped, .. } = loaded;
    let mut examples = Examples::<T> {
        card,
        labels: &labels,
        skip: options.skip_bad_rows,
        skipped,
        notes: Vec::new(),
        unlabelled: Vec::new(),
    };
    let train = examples.convert(train);
    examples.check(&train)?;
    notes.extend(label_notes);
    notes.extend(
        [&validation, &test].into_iter().zip(&used[1..]).filter_map(|(split, used)| unused(split, *used)),
    );
    let train = examples.of(train)?;
    // A row that can't be used may be the reason why there are no labels.
    let path = root.join(files.train.first().map_or(Path::new(""), PathBuf::as_path));
    T::check_labels(&labels, &path)?;
    let mut of = |split: SplitRows, used: bool| {
        if !used {
            return Ok(Vec::new());
        }
        let converted = examples.convert(split);
        examples.of(converted)
    };
    let given = Splits { train, validation: of(validation, used[1])?, test: of(test, used[2])? };

    let strata = |example: &T::Example| T::strata(&labels, example);
    let mut cut_note = None;
    let mut splits = match ratios {
        Some(ratios) => {
            let (parts, report) = cut(given.train, ratios, options.seed, strata, T::keys)?;
            cut_note = report.note(T::KEY);
            let test = if ratios[2] > 0.0 { parts.test } else { given.test };
            Splits { test, ..parts }
        }
        None => given,
    };
    if let Some(count) = options.train_samples {
        splits.train = sample(splits.train, count, options.seed, strata);
    }
    if let Some(count) = options.eval_samples {
        splits.validation = sample(splits.validation, count, options.seed, strata);
        splits.test = sample(splits.test, count, options.seed, strata);
    }
    let Examples { skipped, notes: of_splits, unlabelled, .. } = examples;
    notes.extend(of_splits);
    notes.extend(cut_note);
    notes.extend(T::data_notes(&labels, &splits));
    let skipped_by_split = std::array::from_fn(|split| if used[split] { skipped[split] } else { 0 });
    let facts = DataFacts {
        train_duplicates: duplicates(&splits.train),
        shared: shared(&splits.train, splits.validation.iter().chain(&splits.test)),
        skipped: skipped_by_split.iter().sum(),
        skipped_by_split,
    };
    let files = files.all().map(|file| root.join(file)).collect();
    Ok(TaskData { name: card.name.clone(), labels, splits, facts, unlabelled, files, notes })
}

/// A note on the files of a split that is cut from the training files instead; `None` if the split has no
/// files or its files are used.
fn unused(split: &SplitRows, used: bool) -> Option<String> {
    let file = split.files.first().filter(|_| !used)?;
    Some(format!(
        "the {} split is cut from the training files, as split_ratios say: {} is not used",
        split.split,
        file.path.display()
    ))
}

#[cfg(test)]
mod tests;
