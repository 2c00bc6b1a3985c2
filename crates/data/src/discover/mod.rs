//! From the names of a folder's or a repository's files to splits.
//!
//! The rules follow the `datasets` library wherever its rules leave no doubt:
//! 1. Hidden files (a name that begins with `.`, `_` or `~`, such as `.ipynb_checkpoints`, `__MACOSX`,
//!    `_SUCCESS`) and copies of files that are there are left out.
//! 2. Where there are files `data/<split>-00000-of-00001.*`, they are the data.
//! 3. A folder named like a split says what its files are; else a file's own name does.
//! 4. All files of a split's folder are read, one after the other, in the order of their names. Of files that
//!    only their names assign to a split, only the files of one set are read: shards (`-00000-of-00003`),
//!    parts and numbers.
//! 5. Without any split, the only file, set or folder of texts by label is the training split.
//!
//! Files that can be read in two ways are a [`FilesProblem`]; files that look like data and are not read are
//! in the notes.

mod candidate;
pub(crate) mod named;
pub(crate) mod names;
mod path;
pub(crate) mod pattern;
pub(crate) mod problem;
pub(crate) mod shards;
mod texts;
pub(crate) mod walk;

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

use self::candidate::{Assigned, Candidate, assign};
use self::named::Place;
use self::names::{Kind, Said, Word};
use self::path::{folder_of, name_of};
use self::problem::{FilesProblem, PassedOver, list};
use self::shards::{check_shards, is_data_shard};
use self::texts::{class_folders, with_conll};
use crate::folders::is_hidden;
use crate::read::Format;
use crate::split_files::SplitFiles;
use crate::text_files::TextFiles;

/// Folders that hold the log of a table format, with the name of the format.
const TABLE_LOGS: [(&str, &str); 2] = [("_delta_log", "Delta Lake"), (".hoodie", "Apache Hudi")];

const HIDDEN: &str = "hidden by its name";
const COPY: &str = "a copy of a file that is there";
const NO_SPLIT: &str = "its name says no split (train, validation or test)";
const DATA_FIRST: &str = "the files data/*-00000-of-* are the data set, as in `datasets`";

/// The files that were found for each split.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Discovered {
    pub(crate) files: SplitFiles,
    /// Sentences to show the user: what was decided, and what was passed over.
    pub(crate) notes: Vec<String>,
}

/// Assigns `files` (sorted paths with `/` between the components) to splits.
pub(crate) fn discover(
    files: &[String],
    mut passed_over: PassedOver,
    place: Place<'_>,
) -> Result<Discovered, FilesProblem> {
    let seen = visible(files, &mut passed_over)?;
    let mut candidates = candidates(&seen, &mut passed_over, place.text_files)?;
    let evaluation = settle_evaluation(&mut candidates);

    let mut splits: BTreeMap<Word, Vec<Candidate>> = BTreeMap::new();
    let mut unnamed = Vec::new();
    for candidate in candidates {
        match candidate.word {
            Some(word) => splits.entry(word).or_default().push(candidate),
            None => unnamed.push(candidate),
        }
    }
    if splits.is_empty() {
        splits.extend(only_set(unnamed, &mut passed_over, place)?.map(|set| (Word::Train, set)));
    } else if splits.contains_key(&Word::Train) {
        for candidate in unnamed {
            passed_over.add(NO_SPLIT, candidate.path);
        }
    }
    if !splits.contains_key(&Word::Train) {
        let files = seen.iter().filter(|file| Kind::of(name_of(file)).looks_like_data());
        return Err(FilesProblem::NoTrain {
            files: files.map(|file| (*file).to_owned()).collect(),
            passed_over: passed_over.notes(),
        });
    }
    let several: BTreeSet<&str> = splits
        .values()
        .filter(|split| origins(split).len() > 1)
        .flat_map(|split| split.iter().map(|candidate| candidate.home.as_str()))
        .collect();
    for (word, split) in &splits {
        check_readings(word.split(), split, &several, place)?;
        check_shards(word.split(), split.iter().map(|candidate| candidate.path.as_str()))?;
    }
    let paths = |word| -> Vec<String> {
        splits.get(&word).into_iter().flatten().map(|candidate| candidate.path.clone()).collect()
    };
    let [train, validation, test] = [Word::Train, Word::Validation, Word::Test].map(paths);
    let mut notes = vec![describe(&train, &validation, &test)];
    notes.extend(evaluation);
    notes.extend(passed_over.notes());
    let owned = |paths: Vec<String>| paths.into_iter().map(PathBuf::from).collect();
    let files = SplitFiles { train: owned(train), validation: owned(validation), test: owned(test) };
    Ok(Discovered { files, notes })
}

/// A note that lists the files of each split.
pub(crate) fn describe(train: &[String], validation: &[String], test: &[String]) -> String {
    let parts: Vec<String> = [("train", train), ("validation", validation), ("test", test)]
        .into_iter()
        .filter(|(_, files)| !files.is_empty())
        .map(|(split, files)| {
            let files = if files == [""] { "its folders by label".to_owned() } else { list(files) };
            format!("{files} as {split}")
        })
        .collect();
    format!("reads {}", parts.join(", "))
}

/// The files that are not hidden. A table with a log, and a table partitioned into folders, are refused.
fn visible<'a>(files: &'a [String], passed_over: &mut PassedOver) -> Result<Vec<&'a str>, FilesProblem> {
    let mut seen = Vec::new();
    for file in files {
        for (name, system) in TABLE_LOGS {
            if file.split('/').any(|part| part == name) {
                return Err(FilesProblem::TableLog { system });
            }
        }
        if file.starts_with("metadata/") && file.ends_with(".metadata.json") {
            return Err(FilesProblem::TableLog { system: "Apache Iceberg" });
        }
        if file.split('/').any(is_hidden) {
            if Kind::of(name_of(file)).looks_like_data() {
                passed_over.add(HIDDEN, file.clone());
            }
            continue;
        }
        let is_partition = |part: &&str| part.split_once('=').is_some_and(|(key, _)| !key.is_empty());
        if let Some(folder) = folder_of(file).split('/').find(is_partition)
            && matches!(Kind::of(name_of(file)), Kind::Table(_))
        {
            return Err(FilesProblem::Partition { folder: folder.to_owned() });
        }
        seen.push(file.as_str());
    }
    Ok(seen)
}

/// The files and the folders of texts that may be part of a split.
fn candidates(
    seen: &[&str],
    passed_over: &mut PassedOver,
    text_files: TextFiles,
) -> Result<Vec<Candidate>, FilesProblem> {
    let there: BTreeSet<(&str, &str)> =
        seen.iter().map(|file| (folder_of(file), names::stem(name_of(file)))).collect();
    let data_first = seen.iter().any(|file| is_data_shard(file));
    let mut texts = Vec::new();
    let mut candidates = Vec::new();
    for &file in seen {
        let (folder, name) = (folder_of(file), name_of(file));
        let stem = names::stem(name);
        match Kind::of(name) {
            Kind::Other => {}
            Kind::Unread(reason) => passed_over.add(reason, file.to_owned()),
            Kind::Text => texts.push(file),
            Kind::Table(_) if data_first && !is_data_shard(file) => {
                passed_over.add(DATA_FIRST, file.to_owned());
            }
            Kind::Table(format) => {
                if names::copied_from(stem).is_some_and(|base| there.contains(&(folder, base))) {
                    passed_over.add(COPY, file.to_owned());
                    continue;
                }
                candidates.push(Candidate::of_file(file, format)?);
            }
        }
    }
    if text_files == TextFiles::Conll {
        return with_conll(candidates, &texts, passed_over);
    }
    // Where there is no table, `train.txt` and its like may be the data: CoNLL columns, or texts without labels.
    let of_split = |file: &&str| matches!(names::said(names::stem(name_of(file))), Said::Exactly(_));
    let is_train = |file: &&str| names::said(names::stem(name_of(file))) == Said::Exactly(Word::Train);
    let may_be_data = candidates.is_empty() && texts.iter().any(is_train);
    let (named, others): (Vec<&str>, Vec<&str>) =
        texts.into_iter().partition(|file| may_be_data && of_split(file));
    candidates.extend(class_folders(&others, passed_over)?);
    if candidates.is_empty() {
        for file in named {
            let (folder, stem) = (folder_of(file), names::stem(name_of(file)));
            if let Assigned::Name(word) = assign(file, folder, stem)? {
                candidates.push(Candidate {
                    path: file.to_owned(),
                    format: Some(Format::Lines),
                    is_json: false,
                    word: Some(word),
                    origin: format!("{folder}/{}", names::set_key(stem)),
                    home: folder.to_owned(),
                });
            }
        }
    } else {
        class_folders(&named, passed_over)?;
    }
    Ok(candidates)
}

/// Takes `eval` for the validation split or, beside a validation split, for the test split. Returns a note on
/// the choice.
fn settle_evaluation(candidates: &mut [Candidate]) -> Option<String> {
    let has_validation = candidates.iter().any(|candidate| candidate.word == Some(Word::Validation));
    let mut eval = candidates.iter_mut().filter(|candidate| candidate.word == Some(Word::Eval)).peekable();
    let first = eval.peek()?.path.clone();
    eval.for_each(|candidate| {
        candidate.word = Some(if has_validation { Word::Test } else { Word::Validation });
    });
    // Beside a validation split `datasets`, too, takes `eval` for the test split.
    let differs = "`datasets` would call it test; a card can say so";
    (!has_validation).then(|| format!("takes {first} for the validation split: {differs}"))
}

/// The only set of files whose names say no split, if there is only one.
fn only_set(
    mut unnamed: Vec<Candidate>,
    passed_over: &mut PassedOver,
    place: Place<'_>,
) -> Result<Option<Vec<Candidate>>, FilesProblem> {
    // Beside tables, a JSON file is most often a description.
    if unnamed.iter().any(|candidate| !candidate.is_json) {
        unnamed.retain(|candidate| {
            if candidate.is_json {
                passed_over.add(NO_SPLIT, candidate.path.clone());
            }
            !candidate.is_json
        });
    }
    if unnamed.is_empty() {
        return Ok(None);
    }
    if origins(&unnamed).len() > 1 {
        let homes: BTreeSet<&str> = unnamed.iter().map(|candidate| candidate.home.as_str()).collect();
        if homes.len() == origins(&unnamed).len() && !homes.contains("") {
            return Err(configs(&homes, place));
        }
        let files = unnamed.into_iter().map(|candidate| candidate.path).collect();
        return Err(FilesProblem::NoSplit { files });
    }
    Ok(Some(unnamed))
}

fn origins(split: &[Candidate]) -> BTreeSet<&str> {
    split.iter().map(|candidate| candidate.origin.as_str()).collect()
}

fn configs(homes: &BTreeSet<&str>, place: Place<'_>) -> FilesProblem {
    FilesProblem::Configs {
        names: homes.iter().map(|home| (*home).to_owned()).collect(),
        commands: homes.iter().map(|home| place.named.choose(home)).collect(),
    }
}

/// Refuses files that can't be one split. `homes`: the folders of the splits that have several readings.
fn check_readings(
    split: &'static str,
    candidates: &[Candidate],
    homes: &BTreeSet<&str>,
    place: Place<'_>,
) -> Result<(), FilesProblem> {
    let mut readings: BTreeMap<&str, Vec<String>> = BTreeMap::new();
    for candidate in candidates {
        readings.entry(&candidate.origin).or_default().push(candidate.path.clone());
    }
    let refuse = |readings: Vec<String>, hint: &str| {
        Err(FilesProblem::Readings { split, readings, hint: hint.to_owned() })
    };
    let by_card = "write a card that lists the files of each split, or leave one of them out of the folder";
    if readings.len() > 1 {
        let own: BTreeSet<&str> = candidates.iter().map(|candidate| candidate.home.as_str()).collect();
        if own.len() == readings.len() && !own.contains("") {
            return Err(configs(homes, place));
        }
        return refuse(readings.values().map(|files| list(files)).collect(), by_card);
    }
    let mut formats: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for candidate in candidates {
        let format = format!("{:?}", candidate.format);
        formats.entry(format).or_default().push(candidate.path.clone());
    }
    if formats.len() > 1 {
        let hint = format!("they are in different formats: {by_card}");
        return refuse(formats.values().map(|files| list(files)).collect(), &hint);
    }
    // A file and its compressed copy have the same rows.
    let mut stems: BTreeMap<(&str, &str), &str> = BTreeMap::new();
    for candidate in candidates.iter().filter(|candidate| candidate.format.is_some()) {
        let path = candidate.path.as_str();
        if let Some(other) = stems.insert((folder_of(path), names::stem(name_of(path))), path) {
            return refuse(vec![other.to_owned(), path.to_owned()], by_card);
        }
    }
    Ok(())
}

/// The split that a name in a README stands for, and whether the name has no other word.
pub(crate) fn split_of(name: &str) -> Option<(&'static str, bool)> {
    match names::said(name) {
        Said::Exactly(word) => Some((word.split(), true)),
        Said::AmongOthers(word) => Some((word.split(), false)),
        Said::Nothing | Said::Two(..) => None,
    }
}

/// True for a file in a table format that can be read.
pub(crate) fn is_table(path: &str, text_files: TextFiles) -> bool {
    match Kind::of(name_of(path)) {
        Kind::Table(_) => true,
        Kind::Text => text_files == TextFiles::Conll,
        Kind::Unread(_) | Kind::Other => false,
    }
}

/// The tables below a folder, without hidden files.
pub(crate) fn tables_below(folder: &str, files: &[String], text_files: TextFiles) -> Vec<String> {
    let is_seen = |file: &&String| {
        let inner = file.strip_prefix(folder).and_then(|inner| inner.strip_prefix('/'));
        inner.is_some_and(|inner| is_table(inner, text_files) && !inner.split('/').any(is_hidden))
    };
    files.iter().filter(is_seen).cloned().collect()
}

/// True for a file of plain text.
pub(crate) fn is_text(path: &str) -> bool {
    Kind::of(name_of(path)) == Kind::Text
}

#[cfg(test)]
mod tests;
