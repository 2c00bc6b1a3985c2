//! [`load`]: from a card to examples.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use serde::Serialize;

use crate::card::Card;
use crate::error::{DataError, Location};
use crate::label::{LabelSet, RawLabel};
use crate::read::{ReadOptions, RowReader};
use crate::row::{Columns, Example, Row};
use crate::split::{Splits, cut, duplicates, sample, shared};

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
    /// How the files are read: what is set here wins over the card's [`reading`](Card::reading).
    pub reading: ReadOptions,
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
    /// What was decided where the files leave it open, and what was passed over: sentences to show the user.
    pub notes: Vec<String>,
}

/// What there is to know about a data set.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct DataFacts {
    /// Examples of each label in the training split, in the order of the labels.
    pub train_labels: Vec<usize>,
    /// Training examples whose text another one before them has.
    pub train_duplicates: usize,
    /// Validation and test examples whose text the training split has too. 0 for parts that were cut from it; files may share
    /// texts, which makes an evaluation look better than it is.
    pub shared: usize,
    /// Rows that could not be used and were passed over.
    pub skipped: usize,
}

/// Reads the files of a card, whose paths start from `root`, and cuts them into splits.
///
/// With `split_ratios`, parts are cut from the training files: a test part of its own file is then used only where the share
/// of test is 0, and a validation file isn't used at all. A card's own ratios hold where it has no validation files.
///
/// # Errors
/// A file or a row can't be used, a label is unknown, or there are fewer than two.
pub fn load(card: &Card, root: &Path, options: &LoadOptions) -> Result<DataSet, DataError> {
    let files = card.split_files();
    let mut reader = Reader {
        card,
        root,
        reading: options.reading.or(&card.reading),
        skip: options.skip_bad_rows,
        skipped: 0,
        next_id: 0,
        notes: Vec::new(),
    };
    let named =
        (!card.labels.is_empty()).then(|| LabelSet::new(card.labels.clone(), card.positive.as_deref()));
    let (train, labels) = if let Some(labels) = named {
        (reader.examples(&files.train, &labels)?, labels)
    } else {
        let rows = reader.rows(&files.train)?;
        let found: BTreeSet<RawLabel> = rows.iter().filter_map(|(_, _, label)| label.clone()).collect();
        let labels = LabelSet::discovered(&found);
        if labels.len() < 2 {
            let path = root.join(files.train.first().map_or(Path::new(""), PathBuf::as_path));
            return Err(DataError::TooFewLabels { path, found: labels.names().to_vec() });
        }
        let examples =
            rows.into_iter().map(|(location, row, label)| reader.example(location, row, label, &labels));
        (examples.collect::<Result<_, _>>()?, labels)
    };
    let validation = reader.examples(&files.validation, &labels)?;
    let test = reader.examples(&files.test, &labels)?;

    let given = Splits { train, validation, test };
    let mut splits = match options.split_ratios.or(card.split_ratios.filter(|_| given.validation.is_empty()))
    {
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
    let mut train_labels = vec![0; labels.len()];
    for label in splits.train.iter().filter_map(|example| example.label) {
        train_labels[label] += 1;
    }
    let facts = DataFacts {
        train_labels,
        train_duplicates: duplicates(&splits.train),
        shared: shared(&splits.train, splits.validation.iter().chain(&splits.test)),
        skipped: reader.skipped,
    };
    Ok(DataSet { name: card.name.clone(), splits, labels, facts, notes: reader.notes })
}

struct Reader<'a> {
    card: &'a Card,
    root: &'a Path,
    reading: ReadOptions,
    skip: bool,
    skipped: usize,
    next_id: u64,
    notes: Vec<String>,
}

impl Reader<'_> {
    /// Calls `each` with the rows of some files, one after the other. A fault that is one row's alone is counted where that
    /// was asked for.
    fn read(
        &mut self,
        files: &[PathBuf],
        mut each: impl FnMut(&mut Self, Location, Row, Option<RawLabel>) -> Result<(), DataError>,
    ) -> Result<(), DataError> {
        let columns = Columns::from(&self.card.columns);
        for file in files {
            let path = self.root.join(file);
            let mut rows = RowReader::open(&path, &self.reading, &columns)?;
            let mut is_empty = true;
            while let Some(row) = rows.next_located() {
                is_empty = false;
                let row = row.and_then(|(location, mut row)| {
                    let label = row.label.take().map(|value| RawLabel::of(value, &self.card.columns.label));
                    match label.transpose() {
                        Ok(label) => each(self, location, row, label),
                        Err(problem) => Err(DataError::Row { location, problem }),
                    }
                });
                match row {
                    Ok(()) => {}
                    Err(error) if self.skip && error.is_bad_row() => self.skipped += 1,
                    Err(error) => return Err(error),
                }
            }
            if is_empty {
                return Err(DataError::Empty { path });
            }
            // Some of what there is to say is known only after the last row.
            self.notes.extend(rows.notes().iter().cloned());
        }
        Ok(())
    }

    fn rows(&mut self, files: &[PathBuf]) -> Result<Vec<(Location, Row, Option<RawLabel>)>, DataError> {
        let mut rows = Vec::new();
        self.read(files, |_, location, row, label| {
            rows.push((location, row, label));
            Ok(())
        })?;
        Ok(rows)
    }

    fn examples(&mut self, files: &[PathBuf], labels: &LabelSet) -> Result<Vec<Example>, DataError> {
        let mut examples = Vec::new();
        self.read(files, |reader, location, row, label| {
            examples.push(reader.example(location, row, label, labels)?);
            Ok(())
        })?;
        Ok(examples)
    }

    /// The row with its label's index, numbered on.
    fn example(
        &mut self,
        location: Location,
        row: Row,
        label: Option<RawLabel>,
        labels: &LabelSet,
    ) -> Result<Example, DataError> {
        let label = label.map(|label| labels.index(&label)).transpose();
        let label = label.map_err(|problem| DataError::Row { location, problem })?;
        let id = self.next_id;
        self.next_id += 1;
        Ok(Example { id, text: row.text, text_pair: row.text_pair, label })
    }
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
        assert_eq!(
            data.splits.train.iter().map(|example| example.label).collect::<Vec<_>>(),
            [Some(0), Some(1)]
        );
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
    fn an_unknown_label_is_named_with_its_line() {
        let dir = tempfile::tempdir().unwrap();
        let labelled = "labels = [\"x\", \"y\"]\n[files]\n";
        let cases = [
            (
                "a.jsonl",
                "{\"text\":\"a\",\"label\":\"x\"}\n{\"text\":\"b\",\"label\":\"z\"}\n",
                "a.jsonl, line 2: the label \"z\"",
            ),
            (
                "gap.jsonl",
                "\n{\"text\":\"a\",\"label\":1}\n\n{\"text\":\"b\",\"label\":2}\n",
                "gap.jsonl, line 4: the label 2 is none of x, y",
            ),
            ("b.csv", "text,label\r\n\"one\r\ntwo\",x\r\n\r\nthree,z\r\n", "b.csv, line 5: the label \"z\""),
        ];
        for (name, text, expected) in cases {
            fs::write(dir.path().join(name), text).unwrap();
            let card = card(dir.path(), &format!("{labelled}train = [\"{name}\"]\n"));
            let message = load(&card, dir.path(), &LoadOptions::default()).unwrap_err().to_string();
            assert!(message.contains(expected), "{message}");
        }
        // A label that only another split has.
        fs::write(dir.path().join("train.csv"), "text,label\na,1\nb,2\n").unwrap();
        fs::write(dir.path().join("test.csv"), "text,label\na,1\nb,0\n").unwrap();
        let card = Card::for_folder(dir.path()).unwrap();
        let message = load(&card, dir.path(), &LoadOptions::default()).unwrap_err().to_string();
        assert!(message.contains("test.csv, line 3: the label \"0\" is none of 1, 2"), "{message}");
        // A folder of texts by label.
        for label in ["x", "y", "z"] {
            fs::create_dir_all(dir.path().join(format!("texts/{label}"))).unwrap();
            fs::write(dir.path().join(format!("texts/{label}/0.txt")), "a text").unwrap();
        }
        let card = self::card(dir.path(), &format!("{labelled}train = [\"texts\"]\n"));
        let message = load(&card, dir.path(), &LoadOptions::default()).unwrap_err().to_string();
        assert!(message.contains("0.txt") && message.contains("\"z\""), "{message}");
    }

    #[test]
    fn a_file_without_rows_or_that_is_missing_is_named() {
        let dir = tempfile::tempdir().unwrap();
        fs::write(dir.path().join("a.csv"), "text,label\none,x\ntwo,y\n").unwrap();
        fs::write(dir.path().join("heading.csv"), "text,label\n").unwrap();
        for (test, part) in [("heading.csv", "heading.csv has no rows"), ("missing.csv", "can't read")] {
            let card = card(dir.path(), &format!("[files]\ntrain = [\"a.csv\"]\ntest = [\"{test}\"]\n"));
            let message = load(&card, dir.path(), &LoadOptions::default()).unwrap_err().to_string();
            assert!(message.contains(part) && message.contains(test), "{message}");
        }
    }

    #[test]
    fn facts_count_what_splits_share() {
        let dir = tempfile::tempdir().unwrap();
        fs::write(dir.path().join("train.csv"), "text,label\na,x\nb,y\na,y\nc,x\n").unwrap();
        fs::write(dir.path().join("dev.csv"), "text,label\nb,y\nd,x\n").unwrap();
        fs::write(dir.path().join("test.csv"), "text,label\na,x\na,x\n").unwrap();
        let card = Card::for_folder(dir.path()).unwrap();
        let facts = load(&card, dir.path(), &LoadOptions::default()).unwrap().facts;
        assert_eq!(facts, DataFacts { train_labels: vec![2, 2], train_duplicates: 1, shared: 3, skipped: 0 });
    }

    /// Only rows are passed over, never a file that can't be read.
    #[test]
    fn skipping_is_for_rows() {
        let dir = tempfile::tempdir().unwrap();
        fs::write(dir.path().join("a.parquet"), "PAR1 and no end").unwrap();
        let card = card(dir.path(), "labels = [\"x\", \"y\"]\n[files]\ntrain = [\"a.parquet\"]\n");
        let options = LoadOptions { skip_bad_rows: true, ..LoadOptions::default() };
        assert!(matches!(load(&card, dir.path(), &options), Err(DataError::Parquet { .. })));
    }

    #[test]
    fn pairs_and_folders_of_texts_load() {
        let dir = tempfile::tempdir().unwrap();
        fs::write(dir.path().join("a.tsv"), "id\tfirst\tsecond\tgold\n1\ta\tb\tsame\n2\tc\t\tother\n")
            .unwrap();
        let columns = "[columns]\ntext = \"first\"\ntext_pair = \"second\"\nlabel = \"gold\"\n";
        let card = card(dir.path(), &format!("[files]\ntrain = [\"a.tsv\"]\n{columns}"));
        let data = load(&card, dir.path(), &LoadOptions::default()).unwrap();
        let pairs: Vec<_> = data.splits.train.iter().map(|example| example.text_pair.as_deref()).collect();
        assert_eq!(pairs, [Some("b"), Some("")]);
        assert_eq!(data.labels.names(), ["other", "same"]);

        for (file, text) in
            [("train/pos/2.txt", "good"), ("train/neg/1.txt", "bad\nfilm"), ("train/unsup/0.txt", "?")]
        {
            let path = dir.path().join("imdb").join(file);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, text).unwrap();
        }
        let folder = dir.path().join("imdb");
        let data = load(&Card::for_folder(&folder).unwrap(), &folder, &LoadOptions::default()).unwrap();
        assert_eq!(data.labels.names(), ["neg", "pos"]);
        let texts: Vec<_> =
            data.splits.train.iter().map(|example| (example.text.as_str(), example.label)).collect();
        assert_eq!(texts, [("bad\nfilm", Some(0)), ("good", Some(1))]);
    }

    #[test]
    fn a_cards_ratios_give_what_its_files_leave_out() {
        let dir = tempfile::tempdir().unwrap();
        let rows = (0..40).map(|n| format!("text {n},{}", n % 2)).collect::<Vec<_>>().join("\n");
        fs::write(dir.path().join("a.csv"), format!("text,label\n{rows}")).unwrap();
        fs::write(dir.path().join("b.csv"), "text,label\nlast,1\nleast,0\n").unwrap();
        let card = card(
            dir.path(),
            "split_ratios = [0.9, 0.1, 0.0]\n[files]\ntrain = [\"a.csv\"]\ntest = [\"b.csv\"]\n",
        );
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
