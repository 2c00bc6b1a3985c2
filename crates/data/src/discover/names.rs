//! Meanings of the name of a file or a folder: a split, a shard, a format that is not read, no data at all.

use std::path::Path;

use crate::read::{COMPRESSED, Format};

/// The split that a word of a name says.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Word {
    Train,
    Validation,
    Test,
    /// `eval` or `evaluation`: validation or test, as the other files leave it open.
    Eval,
}

impl Word {
    fn of(word: &str) -> Option<Self> {
        match word {
            "train" | "training" => Some(Self::Train),
            "validation" | "valid" | "val" | "dev" | "devel" => Some(Self::Validation),
            "test" | "testing" => Some(Self::Test),
            "eval" | "evaluation" => Some(Self::Eval),
            _ => None,
        }
    }

    pub(super) fn split(self) -> &'static str {
        match self {
            Self::Train => "train",
            Self::Validation => "validation",
            Self::Test => "test",
            Self::Eval => "eval",
        }
    }
}

/// The split, or splits, in a name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Said {
    Nothing,
    /// The word is all of the name but for digits and separators: `train`, `train-2.csv`.
    Exactly(Word),
    /// The word is one of several: `test-drive.csv`.
    AmongOthers(Word),
    /// Words of two splits: `train_test.csv`.
    Two(Word, Word),
}

/// The split that a folder's name, or a file's name without its endings, says. Letters make words; case does
/// not count.
pub(super) fn said(name: &str) -> Said {
    let name = shard(name).map_or(name, |shard| shard.base);
    let words = || name.split(|c: char| !c.is_alphabetic()).filter(|word| !word.is_empty());
    let mut found = words().filter_map(|word| Word::of(&word.to_lowercase()));
    match (found.next(), words().count()) {
        (None, _) => Said::Nothing,
        (Some(word), 1) => Said::Exactly(word),
        (Some(word), _) => {
            found.find(|other| *other != word).map_or(Said::AmongOthers(word), |other| Said::Two(word, other))
        }
    }
}

/// `name-00000-of-00003`, taken apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Shard<'a> {
    pub(super) base: &'a str,
    pub(super) index: u64,
    pub(super) total: u64,
}

pub(super) fn shard(stem: &str) -> Option<Shard<'_>> {
    let separators = stem.match_indices("-of-").chain(stem.match_indices("_of_"));
    separators.into_iter().find_map(|(at, separator)| {
        let (left, right) = (&stem[..at], &stem[at + separator.len()..]);
        let base = left.trim_end_matches(|c: char| c.is_ascii_digit());
        let index = left[base.len()..].parse().ok()?;
        let rest = right.trim_start_matches(|c: char| c.is_ascii_digit());
        let total = right[..right.len() - rest.len()].parse().ok().filter(|total| *total > 0)?;
        let bare = base.trim_end_matches(['-', '_', '.']);
        (bare.len() < base.len() || base.is_empty()).then_some(Shard { base: bare, index, total })
    })
}

/// A file's name without the endings of its format and compression: `part-0.snappy.parquet` is `part-0`.
pub(super) fn stem(name: &str) -> &str {
    const OTHERS: [&str; 8] = ["bz2", "xz", "lz4", "br", "brotli", "snappy", "c000", "bak"];
    let formats = Format::ALL.iter().flat_map(|format| format.endings());
    let known: Vec<&str> = formats.chain(&COMPRESSED).chain(&OTHERS).copied().collect();
    let mut stem = name;
    while let Some((before, ending)) = stem.rsplit_once('.') {
        if before.is_empty() || !known.iter().any(|known| ending.eq_ignore_ascii_case(known)) {
            break;
        }
        stem = before;
    }
    stem
}

/// Words before a number that does not count parts: versions and folds have rows in common.
const NO_PARTS: [&str; 9] = ["v", "ver", "version", "rev", "fold", "seed", "run", "cv", "k"];

/// The key of the set that a file belongs to: files of one folder with equal keys are parts of one set, files
/// with other keys are another reading.
pub(super) fn set_key(stem: &str) -> String {
    if let Some(shard) = shard(stem) {
        return format!("{}-of", shard.base);
    }
    // Spark names parts `part-00000-<id>-c000`, Dask `part.0`.
    let is_part = ["part-", "part."].iter().any(|start| {
        stem.strip_prefix(start).is_some_and(|rest| rest.starts_with(|c: char| c.is_ascii_digit()))
    });
    if is_part {
        return "part".to_owned();
    }
    let base = stem.trim_end_matches(|c: char| c.is_ascii_digit());
    let last_word = base.trim_end_matches(|c: char| !c.is_alphabetic());
    let last_word = last_word.rsplit(|c: char| !c.is_alphabetic()).next().unwrap_or_default();
    if base.len() == stem.len() || NO_PARTS.iter().any(|word| last_word.eq_ignore_ascii_case(word)) {
        return stem.to_owned();
    }
    format!("{base}#")
}

/// The name that a copy was made of: `train-Copy1`, `train (1)`, `train copy 2`, `train - Copy`,
/// `train-checkpoint`.
pub(super) fn copied_from(stem: &str) -> Option<&str> {
    let digits = |text: &str| text.chars().all(|c| c.is_ascii_digit());
    for marker in ["-checkpoint", " - Copy", "-Copy", " copy", "_copy"] {
        if let Some((base, rest)) = stem.rsplit_once(marker)
            && digits(rest.trim())
        {
            return Some(base);
        }
    }
    let (base, number) = stem.strip_suffix(')')?.rsplit_once('(')?;
    (digits(number) && !number.is_empty()).then(|| base.trim_end())
}

/// The kind of a file, by its name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// A table of rows.
    Table(Format),
    /// A text file: a text in a label's folder, or no data.
    Text,
    /// Data in a format that is not read, with the reason.
    Unread(&'static str),
    /// No data.
    Other,
}

pub(super) const ARCHIVE: &str = "an archive is not read; unpack it";
pub(super) const FORMAT: &str = "this format is not read; convert it to CSV, JSON Lines or Parquet";
const ARROW: &str =
    "Arrow files, as `save_to_disk` of datasets writes them, are not read; write Parquet (`to_parquet`)";
const SPACY: &str = "spaCy's binary files are not read; write JSON Lines of {\"text\": doc.text, \"entities\": [[start_char, end_char, label_], ...]}, or name the JSON that `spacy convert` was given";
const UNFINISHED: &str = "it is a temporary or backup file by its name";

impl Kind {
    pub(super) fn of(name: &str) -> Self {
        // Descriptions of data, known to `datasets` and `transformers`; none has rows.
        const DESCRIPTIONS: [&str; 12] = [
            "config.json",
            "dataset_info.json",
            "dataset_infos.json",
            "dataset_dict.json",
            "state.json",
            "package.json",
            "package-lock.json",
            "tokenizer.json",
            "tokenizer_config.json",
            "special_tokens_map.json",
            "vocab.txt",
            "requirements.txt",
        ];
        if DESCRIPTIONS.contains(&name) {
            return Self::Other;
        }
        match Format::of(Path::new(name)) {
            Some(Format::Lines) => return Self::Text,
            Some(format) => return Self::Table(format),
            None => {}
        }
        let lower = name.to_lowercase();
        let ends = |endings: &[&str]| endings.iter().any(|ending| lower.ends_with(ending));
        if ends(&[".zip", ".tar", ".tgz", ".tar.gz", ".tar.bz2", ".tar.xz", ".tar.zst", ".7z", ".rar"]) {
            return Self::Unread(ARCHIVE);
        }
        if ends(&[".spacy"]) {
            return Self::Unread(SPACY);
        }
        if ends(&[".arrow", ".feather"]) {
            return Self::Unread(ARROW);
        }
        if ends(&[
            ".json",
            ".xlsx",
            ".xls",
            ".ods",
            ".xml",
            ".orc",
            ".avro",
            ".pkl",
            ".pickle",
            ".sqlite",
            ".sqlite3",
            ".db",
            ".h5",
            ".hdf5",
            ".tfrecord",
            ".gz",
            ".bz2",
            ".xz",
            ".zst",
            ".lz4",
            ".msgpack",
            ".dta",
            ".sav",
            ".lance",
            ".npy",
            ".npz",
        ]) {
            return Self::Unread(FORMAT);
        }
        let inner = lower.strip_suffix('~').or_else(|| {
            let unfinished =
                ["bak", "tmp", "temp", "swp", "old", "orig", "part", "partial", "crdownload", "incomplete"];
            lower.rsplit_once('.').filter(|(_, ending)| unfinished.contains(ending)).map(|(inner, _)| inner)
        });
        match inner.and_then(|inner| Format::of(Path::new(inner))) {
            Some(_) => Self::Unread(UNFINISHED),
            None => Self::Other,
        }
    }

    pub(super) fn looks_like_data(self) -> bool {
        self != Self::Other
    }
}

/// Why a file is not read, by its name, where its data would be lost without a reason.
pub(crate) fn unread(name: &str) -> Option<&'static str> {
    match Kind::of(name) {
        Kind::Unread(reason) if reason != FORMAT => Some(reason),
        _ => None,
    }
}

/// True for a name with the ending of a data file: such a name is no repository.
pub(crate) fn is_file_name(name: &str) -> bool {
    Kind::of(name.rsplit('/').next().unwrap_or(name)).looks_like_data()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_say_the_split_whatever_stands_around_them() {
        use Said::{AmongOthers, Exactly, Nothing, Two};
        use Word::{Eval, Test, Train, Validation};
        for (name, expected) in [
            ("train", Exactly(Train)),
            ("Training", Exactly(Train)),
            ("train-00001-of-00002-5b1d7a", Exactly(Train)),
            ("train2", Exactly(Train)),
            ("imdb_train", AmongOthers(Train)),
            ("VAL", Exactly(Validation)),
            ("dev.notes", AmongOthers(Validation)),
            ("testing", Exactly(Test)),
            ("eval", Exactly(Eval)),
            ("evaluation", Exactly(Eval)),
            ("train_test", Two(Train, Test)),
            ("latest", Nothing),
            ("trainé", Nothing),
            ("contest", Nothing),
            ("holdout", Nothing),
            ("", Nothing),
        ] {
            assert_eq!(said(name), expected, "{name}");
        }
    }

    #[test]
    fn shards_and_parts_are_sets() {
        assert_eq!(shard("train-00001-of-00003"), Some(Shard { base: "train", index: 1, total: 3 }));
        assert_eq!(shard("x-of-y-0-of-2-abc"), Some(Shard { base: "x-of-y", index: 0, total: 2 }));
        for none in
            ["out-of-10", "best-of-5", "1-of-", "train-1-of-0", "-of-", "99999999999999999999999-of-2"]
        {
            assert_eq!(shard(none), None, "{none}");
        }
        assert_eq!(set_key("train-0-of-2"), set_key("train-1-of-2"));
        assert_eq!(set_key("part-00000-1f2e-c000"), set_key("part-00001-9a9a-c000"));
        assert_eq!(set_key("part.0"), set_key("part.11"));
        assert_eq!(set_key("train_1"), set_key("train_20"));
        for (one, other) in [("train", "train_2"), ("train_v1", "train_v2"), ("train-fold0", "train-fold1")] {
            assert_ne!(set_key(one), set_key(other), "{one} {other}");
        }
        assert_eq!(stem("part-0.snappy.parquet"), "part-0");
        assert_eq!(stem("train.CSV.GZ"), "train");
        assert_eq!(stem(".csv"), ".csv");
    }

    #[test]
    fn copies_name_what_they_are_of() {
        for copy in
            ["train-Copy1", "train (1)", "train copy", "train copy 2", "train - Copy", "train-checkpoint"]
        {
            assert_eq!(copied_from(copy), Some("train"), "{copy}");
        }
        for none in ["train", "train (a)", "copy", "carbon copy edited", "train ()"] {
            assert_eq!(copied_from(none), None, "{none}");
        }
    }

    #[test]
    fn what_looks_like_data_is_told_from_what_does_not() {
        for name in [
            "a.zip",
            "a.TAR.GZ",
            "data-0.arrow",
            "a.xlsx",
            "train.csv.bak",
            "train.csv~",
            "a.csv.part",
            "a.spacy",
        ] {
            assert!(matches!(Kind::of(name), Kind::Unread(_)), "{name}");
        }
        for name in ["README.md", "LICENSE", "dataset_info.json", "a.py", "vocab.txt", "a.bak", ""] {
            assert_eq!(Kind::of(name), Kind::Other, "{name}");
        }
        assert_eq!(Kind::of("A.CSV"), Kind::Table(Format::Csv));
    }
}
