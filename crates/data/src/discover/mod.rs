//! Which file is what: from the names of a folder's or a repository's files to splits.
//!
//! The rules are those of the `datasets` library, as far as they leave no doubt:
//! 1. What hides (a name that begins with `.`, `_` or `~`, such as `.ipynb_checkpoints`, `__MACOSX`, `_SUCCESS`) and copies
//!    of files that are there are left out.
//! 2. Where there are files `data/<split>-00000-of-00001.*`, they are the data.
//! 3. A folder named like a split says what its files are; else a file's own name does.
//! 4. All files of a split's folder are read, one after the other, in the order of their names. Of files that only their names
//!    assign to a split, those of one set are: shards (`-00000-of-00003`), parts and numbers.
//! 5. Without any split, the only file, set or folder of texts by label is the training split.
//!
//! What can be read in two ways is a [`FilesProblem`]; what looks like data and is not taken is in the notes.

mod names;
mod pattern;
mod problem;
mod walk;

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

use self::names::{Kind, Said, Word};
pub(crate) use self::names::{is_file_name, is_hidden};
pub(crate) use self::pattern::Pattern;
pub use self::problem::FilesProblem;
pub(crate) use self::problem::{PassedOver, list};
pub(crate) use self::walk::walk;
use crate::card::SplitFiles;
use crate::read::{Format, UNLABELLED};

/// Folders that a table's log is in.
const TABLE_LOGS: [(&str, &str); 2] = [("_delta_log", "Delta Lake"), (".hoodie", "Apache Hudi")];

const HIDDEN: &str = "hidden by its name";
const COPY: &str = "a copy of a file that is there";
const NO_SPLIT: &str = "its name says no split (train, validation or test)";
const NO_LABELS: &str = "a file of plain text has no labels";
const UNSUPERVISED: &str = "its texts have no labels";
const TOO_DEEP: &str = "it is deeper than a label's folder";
const DATA_FIRST: &str = "the files data/*-00000-of-* are the data set, as in `datasets`";

/// What was found of each split.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Discovered {
    pub(crate) files: SplitFiles,
    /// What was decided and passed over.
    pub(crate) notes: Vec<String>,
}

/// Where the files are, for what a message tells the user to type.
pub(crate) trait Place {
    /// What chooses the data set in a folder of the place.
    fn choose(&self, folder: &str) -> String;
}

/// A file, or a folder of texts by label, that is part of a split.
#[derive(Clone, Debug)]
struct Candidate {
    path: String,
    /// `None`: a folder of texts.
    format: Option<Format>,
    is_json: bool,
    word: Option<Word>,
    /// What is read together has the same.
    origin: String,
    /// The folder that the splits' files or folders are in.
    home: String,
}

/// Tells which of `files` (paths with `/` between, sorted) are which split.
pub(crate) fn discover(
    files: &[String],
    mut passed_over: PassedOver,
    place: &dyn Place,
) -> Result<Discovered, FilesProblem> {
    let seen = visible(files, &mut passed_over)?;
    let mut candidates = candidates(&seen, &mut passed_over)?;
    settle_evaluation(&mut candidates);

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
    notes.extend(passed_over.notes());
    let owned = |paths: Vec<String>| paths.into_iter().map(PathBuf::from).collect();
    let files = SplitFiles { train: owned(train), validation: owned(validation), test: owned(test) };
    Ok(Discovered { files, notes })
}

/// What is read as which split.
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

/// The files that do not hide.
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
        if file.split('/').any(names::is_hidden) {
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

/// The data among the files.
fn candidates(seen: &[&str], passed_over: &mut PassedOver) -> Result<Vec<Candidate>, FilesProblem> {
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
                let by_name = format!("{folder}/{}", names::set_key(stem));
                let (word, origin, home) = match assign(file, folder, stem)? {
                    Assigned::Folder(word, at) => {
                        let split = folder_until(folder, at + 1);
                        (Some(word), format!("{split}/"), folder_until(folder, at).to_owned())
                    }
                    Assigned::Name(word) => (Some(word), by_name, folder.to_owned()),
                    Assigned::None => (None, by_name, folder.to_owned()),
                };
                let is_json =
                    name.to_lowercase().contains(".json") && !name.to_lowercase().contains(".jsonl");
                candidates.push(Candidate {
                    path: file.to_owned(),
                    format: Some(format),
                    is_json,
                    word,
                    origin,
                    home,
                });
            }
        }
    }
    candidates.extend(class_folders(&texts, passed_over)?);
    Ok(candidates)
}

/// Folders of texts by label among text files; other text files are passed over.
fn class_folders(texts: &[&str], passed_over: &mut PassedOver) -> Result<Vec<Candidate>, FilesProblem> {
    // By the folder that has a folder for each label.
    let mut found: BTreeMap<&str, BTreeMap<&str, usize>> = BTreeMap::new();
    for file in texts {
        let folder = folder_of(file);
        if !folder.is_empty() {
            *found.entry(folder_of(folder)).or_default().entry(name_of(folder)).or_default() += 1;
        }
    }
    let mut candidates: Vec<Candidate> = Vec::new();
    let mut taken: Vec<String> = Vec::new();
    for (&folder, labels) in &found {
        let is_nested = taken.iter().any(|outer: &String| {
            outer.is_empty() || folder == outer || folder.starts_with(&format!("{outer}/"))
        });
        let unlabelled = |label: &str| UNLABELLED.contains(&label);
        let assigned = assign_folder(folder)?;
        let of_labels = labels.keys().filter(|label| {
            // `train/notes.txt` is no text of the label "train".
            !unlabelled(label) && (assigned.is_some() || !matches!(names::said(label), Said::Exactly(_)))
        });
        let enough = if assigned.is_some() { 1 } else { 2 };
        if is_nested || of_labels.count() < enough {
            continue;
        }
        for label in labels.keys().filter(|label| unlabelled(label)) {
            passed_over.add(UNSUPERVISED, join(folder, label));
        }
        let (word, origin, home) = match assigned {
            Some((word, at)) => {
                let split = folder_until(folder, at + 1);
                (Some(word), format!("{split}/"), folder_until(folder, at).to_owned())
            }
            None => (None, format!("{folder}/"), folder.to_owned()),
        };
        // A second folder of texts below the same split's folder is another reading.
        let origin =
            if candidates.iter().any(|other| other.origin == origin) { folder.to_owned() } else { origin };
        taken.push(folder.to_owned());
        let path = folder.to_owned();
        candidates.push(Candidate { path, format: None, is_json: false, word, origin, home });
    }
    for file in texts {
        let folder = folder_of(file);
        let class_folder = if folder.is_empty() { None } else { Some(folder_of(folder)) };
        if class_folder.is_some_and(|folder| taken.iter().any(|taken| taken == folder)) {
            continue;
        }
        let below =
            |taken: &String| file.starts_with(&format!("{taken}/")) || taken.is_empty() && file.contains('/');
        if taken.iter().any(below) {
            passed_over
                .add(if folder.matches('/').count() > 1 { TOO_DEEP } else { NO_LABELS }, (*file).to_owned());
        } else if names::said(names::stem(name_of(file))) != Said::Nothing || assign_folder(folder)?.is_some()
        {
            passed_over.add(NO_LABELS, (*file).to_owned());
        }
    }
    Ok(candidates)
}

enum Assigned {
    None,
    /// By the component of its folder with this index.
    Folder(Word, usize),
    Name(Word),
}

/// The split of a file: a folder that is named like a split decides, then a file so named, then what either says among other
/// words.
fn assign(file: &str, folder: &str, stem: &str) -> Result<Assigned, FilesProblem> {
    let two = |one: Word, other: Word| FilesProblem::TwoSplits {
        file: file.to_owned(),
        one: one.split(),
        other: other.split(),
    };
    let own = names::said(stem);
    let parts: Vec<Said> =
        if folder.is_empty() { Vec::new() } else { folder.split('/').map(names::said).collect() };
    let exact = |at: usize| match parts[at] {
        Said::Exactly(word) => Some((word, at)),
        _ => None,
    };
    if let Some((word, at)) = (0..parts.len()).find_map(exact) {
        let others = parts.iter().copied().chain([own]).filter_map(|said| match said {
            Said::Exactly(other) if other != word => Some(other),
            _ => None,
        });
        return others
            .into_iter()
            .next()
            .map_or(Ok(Assigned::Folder(word, at)), |other| Err(two(word, other)));
    }
    if let Said::Exactly(word) = own {
        return Ok(Assigned::Name(word));
    }
    let among = parts.iter().enumerate().find_map(|(at, said)| match said {
        Said::AmongOthers(word) => Some((*word, at)),
        _ => None,
    });
    match (among, own) {
        (Some((word, _)), Said::AmongOthers(other)) if word != other => Err(two(word, other)),
        (Some((word, at)), _) => Ok(Assigned::Folder(word, at)),
        (None, Said::Two(one, other)) => Err(two(one, other)),
        (None, Said::AmongOthers(word)) => Ok(Assigned::Name(word)),
        (None, _) => Ok(Assigned::None),
    }
}

/// The split that a folder's path says, and the index of the component that says it.
fn assign_folder(folder: &str) -> Result<Option<(Word, usize)>, FilesProblem> {
    match assign(folder, folder, "")? {
        Assigned::Folder(word, at) => Ok(Some((word, at))),
        Assigned::Name(_) | Assigned::None => Ok(None),
    }
}

/// `eval` is what is not there otherwise: the validation split, or the test split beside a validation split.
fn settle_evaluation(candidates: &mut [Candidate]) {
    let has_validation = candidates.iter().any(|candidate| candidate.word == Some(Word::Validation));
    for candidate in candidates {
        if candidate.word == Some(Word::Eval) {
            candidate.word = Some(if has_validation { Word::Test } else { Word::Validation });
        }
    }
}

/// The one set of files that names no split, if there is one.
fn only_set(
    mut unnamed: Vec<Candidate>,
    passed_over: &mut PassedOver,
    place: &dyn Place,
) -> Result<Option<Vec<Candidate>>, FilesProblem> {
    // JSON beside tables is most often a description.
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

fn configs(homes: &BTreeSet<&str>, place: &dyn Place) -> FilesProblem {
    FilesProblem::Configs {
        names: homes.iter().map(|home| (*home).to_owned()).collect(),
        commands: homes.iter().map(|home| place.choose(home)).collect(),
    }
}

/// Refuses what can't be one split. `homes`: the folders of the splits that have several readings.
fn check_readings(
    split: &'static str,
    candidates: &[Candidate],
    homes: &BTreeSet<&str>,
    place: &dyn Place,
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
    // The same rows, compressed and not.
    let mut stems: BTreeMap<(&str, &str), &str> = BTreeMap::new();
    for candidate in candidates.iter().filter(|candidate| candidate.format.is_some()) {
        let path = candidate.path.as_str();
        if let Some(other) = stems.insert((folder_of(path), names::stem(name_of(path))), path) {
            return refuse(vec![other.to_owned(), path.to_owned()], by_card);
        }
    }
    Ok(())
}

/// Refuses shards of which one is missing or there twice.
pub(crate) fn check_shards<'a>(
    split: &'static str,
    files: impl Iterator<Item = &'a str>,
) -> Result<(), FilesProblem> {
    let mut sets: BTreeMap<(&str, &str), Vec<(u64, u64, &str)>> = BTreeMap::new();
    for file in files {
        if let Some(shard) = names::shard(names::stem(name_of(file))) {
            sets.entry((folder_of(file), shard.base)).or_default().push((shard.index, shard.total, file));
        }
    }
    for ((_, base), shards) in sets {
        let total = shards[0].1;
        let refuse = |what: String| {
            let files = shards.iter().map(|(_, _, file)| (*file).to_owned()).collect();
            Err(FilesProblem::Shards { split, base: base.to_owned(), total, what, files })
        };
        if let Some((_, other, _)) = shards.iter().find(|(_, other, _)| *other != total) {
            return refuse(format!("or {other}, by the names"));
        }
        let mut indices = BTreeSet::new();
        if let Some((twice, ..)) = shards.iter().find(|(index, ..)| !indices.insert(*index)) {
            return refuse(format!("but {twice:05} is there twice"));
        }
        // Most count from 0, some from 1.
        let first = u64::from(!indices.contains(&0) && indices.contains(&total));
        if let Some(missing) = (first..first.saturating_add(total)).find(|index| !indices.contains(index)) {
            return refuse(format!("but {missing:05} is missing"));
        }
        if let Some(beyond) = indices.iter().find(|index| **index >= first.saturating_add(total)) {
            return refuse(format!("but there is one numbered {beyond:05}"));
        }
    }
    Ok(())
}

/// One shard of several, where only it is read.
pub(crate) fn shard_note(name: &str) -> Option<String> {
    let shard = names::shard(names::stem(name)).filter(|shard| shard.total > 1)?;
    Some(format!("reads only {name}, one of {} shards; name its folder to read all", shard.total))
}

/// The split that a README means by a name, and whether the name is nothing else.
pub(crate) fn split_of(name: &str) -> Option<(&'static str, bool)> {
    match names::said(name) {
        Said::Exactly(word) => Some((word.split(), true)),
        Said::AmongOthers(word) => Some((word.split(), false)),
        Said::Nothing | Said::Two(..) => None,
    }
}

/// Whether a file's rows can be read.
pub(crate) fn is_table(path: &str) -> bool {
    matches!(Kind::of(name_of(path)), Kind::Table(_))
}

/// Whether a file is plain text.
pub(crate) fn is_text(path: &str) -> bool {
    Kind::of(name_of(path)) == Kind::Text
}

/// As `push_to_hub` writes them.
fn is_data_shard(file: &str) -> bool {
    folder_of(file) == "data"
        && matches!(Kind::of(name_of(file)), Kind::Table(_))
        && names::shard(names::stem(name_of(file)))
            .is_some_and(|shard| !matches!(names::said(shard.base), Said::Nothing))
}

fn name_of(path: &str) -> &str {
    path.rsplit('/').next().unwrap_or(path)
}

fn folder_of(path: &str) -> &str {
    path.rsplit_once('/').map_or("", |(folder, _)| folder)
}

/// The first components of a folder's path.
fn folder_until(folder: &str, count: usize) -> &str {
    let end = folder.match_indices('/').nth(count.wrapping_sub(1)).map_or(folder.len(), |(at, _)| at);
    if count == 0 { "" } else { &folder[..end] }
}

fn join(folder: &str, name: &str) -> String {
    if folder.is_empty() { name.to_owned() } else { format!("{folder}/{name}") }
}

#[cfg(test)]
mod tests;
