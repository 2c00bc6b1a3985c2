//! [`load`]: from a card to examples.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use serde::Serialize;

use crate::card::Card;
use crate::error::{DataError, Location};
use crate::label::LabelSet;
use crate::read::RowReader;
use crate::row::{Columns, Example, RawLabel, Row};
use crate::split::{Splits, cut, duplicates, sample};

/// What to load of a data set.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct LoadOptions {
    /// Shares of train, validation and test to cut from the training files, in place of the card's.
    pub split_ratios: Option<[f64; 3]>,
    /// Seeds the cut and the samples.
    pub seed: u64,
    /// At most so many training examples.
    pub train_samples: Option<usize>,
    /// At most so many examples each of validation and test.
    pub eval_samples: Option<usize>,
    /// Count rows that can't be used instead of stopping at the first.
    pub skip_bad_rows: bool,
}

/// A data set in memory.
#[derive(Clone, Debug, PartialEq)]
pub struct DataSet {
    /// Its name.
    pub name: String,
    /// Its parts.
    pub splits: Splits,
    /// Its labels.
    pub labels: LabelSet,
    /// What there is to know about it.
    pub facts: DataFacts,
}

/// What there is to know about a data set.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct DataFacts {
    /// Examples of each label in the training split, in the order of the labels.
    pub train_labels: Vec<usize>,
    /// Training examples whose text another one before them has.
    pub train_duplicates: usize,
    /// Rows that could not be used and were passed over.
    pub skipped: usize,
}

/// Reads the files of a card, whose paths start from `root`, and cuts them into splits.
///
/// # Errors
/// A file or a row can't be used, a label is unknown, or there are fewer than two.
pub fn load(card: &Card, root: &Path, options: &LoadOptions) -> Result<DataSet, DataError> {
    let files = card.split_files();
    let mut reader = Reader { card, root, skip: options.skip_bad_rows, skipped: 0 };
    let train = reader.rows(&files.train)?;
    let validation = reader.rows(&files.validation)?;
    let test = reader.rows(&files.test)?;

    let labels = if card.labels.is_empty() {
        let found: BTreeSet<RawLabel> = train.iter().filter_map(|(_, row)| row.label.clone()).collect();
        let labels = LabelSet::discovered(&found);
        if labels.len() < 2 {
            let path = root.join(files.train.first().map_or(Path::new(""), PathBuf::as_path));
            return Err(DataError::TooFewLabels { path, found: labels.names().to_vec() });
        }
        labels
    } else {
        LabelSet::new(card.labels.clone(), card.positive.as_deref())
    };

    let mut id = 0;
    let train = reader.examples(train, &labels, &mut id)?;
    let validation = reader.examples(validation, &labels, &mut id)?;
    let test = reader.examples(test, &labels, &mut id)?;
    // A card's own ratios are for what its files leave out.
    let ratios = options.split_ratios.or(card.split_ratios.filter(|_| validation.is_empty()));
    let mut splits = match ratios {
        Some(ratios) => {
            let cut = cut(train, ratios, options.seed)?;
            // What isn't cut comes from its own file, if there is one.
            let or = |part: Vec<Example>, ratio: f64, file: Vec<Example>| if ratio > 0.0 { part } else { file };
            let no_validation = options.split_ratios.is_some();
            let file = if no_validation { Vec::new() } else { validation };
            Splits { train: cut.train, validation: or(cut.validation, ratios[1], file), test: or(cut.test, ratios[2], test) }
        }
        None => Splits { train, validation, test },
    };
    if let Some(count) = options.train_samples {
        splits.train = sample(splits.train, count, options.seed);
    }
    if let Some(count) = options.eval_samples {
        splits.validation = sample(splits.validation, count, options.seed);
        splits.test = sample(splits.test, count, options.seed);
    }
    let mut train_labels = vec![0; labels.len()];
    for label in splits.train.iter().filter_map(|example| example.label) {
        train_labels[label] += 1;
    }
    let facts =
        DataFacts { train_labels, train_duplicates: duplicates(&splits.train), skipped: reader.skipped };
    Ok(DataSet { name: card.name.clone(), splits, labels, facts })
}

struct Reader<'a> {
    card: &'a Card,
    root: &'a Path,
    skip: bool,
    skipped: usize,
}

impl Reader<'_> {
    /// The rows of some files, each with where it is.
    fn rows(&mut self, files: &[PathBuf]) -> Result<Vec<(Location, Row)>, DataError> {
        let columns = Columns::from(&self.card.columns);
        let mut rows = Vec::new();
        for file in files {
            let path = self.root.join(file);
            let before = rows.len();
            for (row, index) in RowReader::open(&path, None, &columns)?.zip(1..) {
                match row {
                    Ok(row) => rows.push((row_location(&path, index, &row), row)),
                    Err(error) if self.skip && error.is_bad_row() => self.skipped += 1,
                    Err(error) => return Err(error),
                }
            }
            if rows.len() == before {
                return Err(DataError::Empty { path });
            }
        }
        Ok(rows)
    }

    /// The rows with their labels' indices; `id` numbers them on.
    fn examples(
        &mut self,
        rows: Vec<(Location, Row)>,
        labels: &LabelSet,
        id: &mut u64,
    ) -> Result<Vec<Example>, DataError> {
        let mut examples = Vec::with_capacity(rows.len());
        for (location, row) in rows {
            let label = row.label.map(|label| labels.index(&label)).transpose();
            let label = match label {
                Ok(label) => label,
                Err(_) if self.skip => {
                    self.skipped += 1;
                    continue;
                }
                Err(problem) => return Err(DataError::Row { location, problem }),
            };
            examples.push(Example { id: *id, text: row.text, text_pair: row.text_pair, label });
            *id += 1;
        }
        Ok(examples)
    }
}

/// Where a row is that was read without a fault, in case its label turns out to be unknown.
fn row_location(path: &Path, index: u64, row: &Row) -> Location {
    let _ = row;
    Location { path: path.to_owned(), number: index, unit: "row" }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    fn card(dir: &Path, rest: &str) -> Card {
        let text = format!("name = \"t\"\ntask = \"sequence-classification\"\n{rest}");
        Card::parse(&text, &dir.join("card.toml")).unwrap()
    }

    #[test]
    fn ids_number_all_rows_and_labels_are_found() {
        let dir = tempfile::tempdir().unwrap();
        fs::write(dir.path().join("a.csv"), "text,label\none,2\ntwo,10\n").unwrap();
        fs::write(dir.path().join("b.csv"), "text,label\nthree,2\n").unwrap();
        let card = card(dir.path(), "[files]\ntrain = [\"a.csv\"]\ntest = [\"b.csv\"]\n");
        let data = load(&card, dir.path(), &LoadOptions::default()).unwrap();
        assert_eq!(data.labels.names(), ["2", "10"]);
        assert_eq!(data.splits.test[0].id, 2);
        assert_eq!(data.splits.train.iter().map(|example| example.label).collect::<Vec<_>>(), [Some(0), Some(1)]);
        assert!(data.splits.validation.is_empty());
        assert_eq!(data.facts.train_labels, [1, 1]);
    }

    #[test]
    fn bad_rows_stop_it_or_are_counted() {
        let dir = tempfile::tempdir().unwrap();
        let rows = "{\"text\":\"a\",\"label\":\"x\"}\n{\"text\":null,\"label\":\"x\"}\n{\"text\":\"b\",\"label\":\"q\"}\n{\"text\":\"c\",\"label\":\"y\"}\n";
        fs::write(dir.path().join("a.jsonl"), rows).unwrap();
        let card = card(dir.path(), "labels = [\"x\", \"y\"]\n[files]\ntrain = [\"a.jsonl\"]\n");
        let error = load(&card, dir.path(), &LoadOptions::default()).unwrap_err();
        assert!(error.to_string().contains("a.jsonl, line 2"), "{error}");
        let options = LoadOptions { skip_bad_rows: true, ..LoadOptions::default() };
        let data = load(&card, dir.path(), &options).unwrap();
        assert_eq!((data.splits.train.len(), data.facts.skipped), (2, 2));
    }

    #[test]
    fn a_cards_ratios_give_what_its_files_leave_out() {
        let dir = tempfile::tempdir().unwrap();
        let rows: String = (0..40).map(|n| format!("text {n},{}\n", n % 2)).collect();
        fs::write(dir.path().join("a.csv"), format!("text,label\n{rows}")).unwrap();
        fs::write(dir.path().join("b.csv"), "text,label\nlast,1\nleast,0\n").unwrap();
        let card = card(dir.path(), "split_ratios = [0.9, 0.1, 0.0]\n[files]\ntrain = [\"a.csv\"]\ntest = [\"b.csv\"]\n");
        let sizes = |options: &LoadOptions| {
            let splits = load(&card, dir.path(), options).unwrap().splits;
            [splits.train.len(), splits.validation.len(), splits.test.len()]
        };
        assert_eq!(sizes(&LoadOptions::default()), [36, 4, 2]);
        let asked = LoadOptions { split_ratios: Some([0.5, 0.25, 0.25]), ..LoadOptions::default() };
        assert_eq!(sizes(&asked), [20, 10, 10]);
        let none = LoadOptions { split_ratios: Some([1.0, 0.0, 0.0]), ..LoadOptions::default() };
        assert_eq!(sizes(&none), [40, 0, 2]);
        let few = LoadOptions { train_samples: Some(7), eval_samples: Some(2), ..LoadOptions::default() };
        assert_eq!(sizes(&few), [7, 2, 2]);
    }

    #[test]
    fn one_label_is_too_few() {
        let dir = tempfile::tempdir().unwrap();
        fs::write(dir.path().join("a.csv"), "text,label\none,x\n").unwrap();
        let card = card(dir.path(), "[files]\ntrain = [\"a.csv\"]\n");
        let message = load(&card, dir.path(), &LoadOptions::default()).unwrap_err().to_string();
        assert!(message.contains("a.csv") && message.contains('x'), "{message}");
    }
}
