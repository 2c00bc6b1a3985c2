//! Data sets of the hub: the name that a user types, and what a repository's files and README make of it.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::path::PathBuf;

use crate::card::{Card, HubSource, SplitFiles};
use crate::discover::{self, FilesProblem, PassedOver, Pattern, Place};
use crate::error::DataError;
use crate::read::ReadOptions;
use crate::readme::{Config, Readme};

/// `owner/name[:config][@revision]`, as in `nyu-mll/glue:mrpc` and `leondz/wnut_17@refs/convert/parquet`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RepositoryName {
    /// `owner/name`.
    pub repository: String,
    /// Which of several data sets in it.
    pub config: Option<String>,
    /// A branch, tag or commit; by default `main`.
    pub revision: Option<String>,
}

impl RepositoryName {
    /// Reads a name, with or without `hf://datasets/` before it. `None` where it can't be a repository's.
    pub fn parse(name: &str) -> Option<Self> {
        let name = name.strip_prefix("hf://datasets/").unwrap_or(name);
        let (name, revision) = match name.split_once('@') {
            Some((name, revision)) => (name, Some(revision)),
            None => (name, None),
        };
        let (repository, config) = match name.split_once(':') {
            Some((repository, config)) => (repository, Some(config)),
            None => (name, None),
        };
        let part = |part: &str| {
            !part.is_empty()
                && !part.starts_with('.')
                && part.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.'))
        };
        let (owner, last) = repository.split_once('/')?;
        let is_name = part(owner) && part(last) && config != Some("") && revision != Some("");
        is_name.then(|| Self {
            repository: repository.to_owned(),
            config: config.map(str::to_owned),
            revision: revision.map(str::to_owned),
        })
    }
}

impl fmt::Display for RepositoryName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.repository)?;
        self.config.iter().try_for_each(|config| write!(f, ":{config}"))?;
        self.revision.iter().try_for_each(|revision| write!(f, "@{revision}"))
    }
}

impl Place for RepositoryName {
    fn choose(&self, config: &str) -> String {
        let config = config.strip_prefix("data/").unwrap_or(config);
        format!("--dataset {}", Self { config: Some(config.to_owned()), ..self.clone() })
    }
}

/// What to fetch of a repository, and the card that reads it.
#[derive(Clone, Debug, PartialEq)]
pub struct RepositoryPlan {
    /// The card, with the files of each split.
    pub card: Card,
    /// The names of the files to fetch, sorted.
    pub fetch: Vec<String>,
    /// What was decided and passed over: sentences to show the user.
    pub notes: Vec<String>,
}

impl RepositoryPlan {
    /// Decides which of a repository's `files` (all that it has, by their names in it) are which split of the card's data set:
    /// as the card says in `[hub.files]`, else as the repository's README says in `configs`, else as folders and names say.
    /// Names of classes and the licence come from the README where the card has none.
    ///
    /// # Errors
    /// It can't be told which file is what, or a pattern matches nothing.
    pub fn new(card: &Card, files: &[String], readme: Option<&str>) -> Result<Self, DataError> {
        let Some(source) = &card.hub else {
            return Ok(Self { card: card.clone(), fetch: Vec::new(), notes: Vec::new() });
        };
        let name = RepositoryName {
            repository: source.repository.clone(),
            config: source.config.clone(),
            revision: source.revision.clone(),
        };
        let refuse = |problem| DataError::Files { place: name.to_string(), problem: Box::new(problem) };
        let mut files = files.to_vec();
        files.sort();
        let is_given = source.files.all().next().is_some();
        let readme = match readme.map(Readme::parse) {
            None => Readme::default(),
            Some(Ok(readme)) => readme,
            // Nothing but descriptions would be taken from it.
            Some(Err(_)) if is_given => Readme::default(),
            Some(Err(problem)) => return Err(refuse(FilesProblem::FrontMatter { problem })),
        };
        let found = if is_given {
            let there = There { files: &files, any_format: card.reading.format.is_some(), partial: false };
            let mut found = expand(&source.files, &there).map_err(refuse)?;
            found.config.clone_from(&source.config);
            found
        } else {
            choose(&readme, source.config.as_deref(), &files, PassedOver::default(), &name).map_err(refuse)?
        };

        let mut card = card.clone();
        let mut notes = found.notes;
        if card.labels.is_empty()
            && let Some(names) = readme.class_names(found.config.as_deref(), &card.columns.label)
        {
            notes.push(format!(
                "labels as the README of {} names them: {}",
                name.repository,
                names.join(", ")
            ));
            card.labels = names;
            card.class_numbers = true;
        }
        card.reading = card.reading.or(&found.reading);
        if card.licence.is_none() {
            card.licence.clone_from(&readme.licence);
        }
        let fetch = fetched(&found.files, &files);
        card.hub = Some(HubSource { files: found.files, config: found.config, ..source.clone() });
        Ok(Self { card, fetch, notes })
    }
}

/// The files of each split of one data set.
#[derive(Debug, Default)]
pub(crate) struct Chosen {
    pub(crate) files: SplitFiles,
    pub(crate) notes: Vec<String>,
    /// The name of the data set, where it has one.
    pub(crate) config: Option<String>,
    /// How its README says that the files are read.
    pub(crate) reading: ReadOptions,
}

/// The data set `config`, or the only or default one, as the README says, else as names and folders do.
pub(crate) fn choose(
    readme: &Readme,
    config: Option<&str>,
    files: &[String],
    passed_over: PassedOver,
    place: &dyn Place,
) -> Result<Chosen, FilesProblem> {
    if readme.configs.is_empty() {
        return by_folders(config, files, passed_over, place);
    }
    let chosen = readme.config(config, place)?;
    let mut notes = Vec::new();
    if config.is_none() && readme.configs.len() > 1 {
        let others = readme.configs.iter().map(|other| other.name.as_str());
        let others: Vec<&str> = others.filter(|other| *other != chosen.name).collect();
        notes.push(format!(
            "takes {}, the default in README.md; there are also {} ({})",
            chosen.name,
            others.join(", "),
            place.choose(others.first().copied().unwrap_or_default())
        ));
    }
    if !chosen.settings.is_empty() {
        notes.push(format!(
            "README.md sets {} for {}, which is not read from there: set what the files need in a card's [reading]",
            chosen.settings.join(", "),
            chosen.name
        ));
    }
    let found = if chosen.splits.is_some() {
        by_splits(chosen, files)?
    } else {
        let found = match chosen.folder.as_deref().map(|folder| folder.trim_matches('/')) {
            Some(folder) if !folder.is_empty() && folder != "." => below(folder, files, place)?,
            _ => discover::discover(files, passed_over, place)?,
        };
        Chosen { files: found.files, notes: found.notes, ..Chosen::default() }
    };
    notes.extend(found.notes);
    if !chosen.reading.is_default() {
        notes.push(format!("reads the files of {} as README.md sets it", chosen.name));
    }
    let reading = chosen.reading.clone();
    Ok(Chosen { files: found.files, notes, config: Some(chosen.name.clone()), reading })
}

/// Where no README says what there is: a data set for each folder that has splits.
fn by_folders(
    config: Option<&str>,
    files: &[String],
    passed_over: PassedOver,
    place: &dyn Place,
) -> Result<Chosen, FilesProblem> {
    let Some(config) = config else {
        let found = discover::discover(files, passed_over, place)?;
        return Ok(Chosen { files: found.files, notes: found.notes, ..Chosen::default() });
    };
    for folder in [config.to_owned(), format!("data/{config}")] {
        if files.iter().any(|file| file.starts_with(&format!("{folder}/"))) {
            let found = below(&folder, files, place)?;
            return Ok(Chosen {
                files: found.files,
                notes: found.notes,
                config: Some(config.to_owned()),
                ..Chosen::default()
            });
        }
    }
    let known = match discover::discover(files, passed_over, place) {
        // The name that `datasets` gives to what has none.
        Ok(found) if config == "default" => {
            return Ok(Chosen { files: found.files, notes: found.notes, ..Chosen::default() });
        }
        Err(FilesProblem::Configs { names, .. }) => names,
        _ => Vec::new(),
    };
    Err(FilesProblem::UnknownConfig { name: config.to_owned(), known })
}

/// What is discovered in one folder of the files.
fn below(folder: &str, files: &[String], place: &dyn Place) -> Result<discover::Discovered, FilesProblem> {
    let prefix = format!("{folder}/");
    let inner: Vec<String> =
        files.iter().filter_map(|file| file.strip_prefix(&prefix)).map(str::to_owned).collect();
    let mut found = discover::discover(&inner, PassedOver::default(), place)?;
    let outer = |paths: &mut Vec<PathBuf>| {
        for path in paths {
            *path =
                if path.as_os_str().is_empty() { folder.into() } else { PathBuf::from(folder).join(&path) };
        }
    };
    outer(&mut found.files.train);
    outer(&mut found.files.validation);
    outer(&mut found.files.test);
    found.notes.insert(0, format!("takes what is in {prefix}"));
    Ok(found)
}

/// The files that a README's `data_files` name.
fn by_splits(config: &Config, files: &[String]) -> Result<Chosen, FilesProblem> {
    let declared = config.splits.as_deref().unwrap_or_default();
    let folder =
        config.folder.as_deref().map(|folder| folder.trim_matches('/')).filter(|folder| !folder.is_empty());
    let mut patterns: BTreeMap<&'static str, Vec<(&str, Vec<String>)>> = BTreeMap::new();
    let mut others = Vec::new();
    for (name, paths) in declared {
        let paths = paths.iter().map(|path| path.strip_prefix("./").unwrap_or(path));
        let paths = paths.map(|path| folder.map_or(path.to_owned(), |folder| format!("{folder}/{path}")));
        others.push((name.as_str(), paths.collect::<Vec<_>>()));
    }
    // What is named like a split is one; a longer name (`validation_matched`) is where there is no such.
    for only_exact in [true, false] {
        let is_split = |name: &str, patterns: &BTreeMap<&'static str, _>| {
            let (split, is_exact) = discover::split_of(name)?;
            let has_validation = patterns.contains_key("validation");
            let split = if split != "eval" {
                split
            } else if has_validation {
                "test"
            } else {
                "validation"
            };
            (is_exact == only_exact && (only_exact || !patterns.contains_key(split))).then_some(split)
        };
        let before = patterns.clone();
        for (name, paths) in std::mem::take(&mut others) {
            match is_split(name, &before) {
                Some(split) => patterns.entry(split).or_default().push((name, paths)),
                None => others.push((name, paths)),
            }
        }
    }
    // Whatever the only split is called, it is what there is to train on.
    if patterns.is_empty() && others.len() == 1 {
        patterns.insert("train", vec![others.remove(0)]);
    }
    let mut chosen = Chosen::default();
    let mut take = |split: &'static str| -> Result<Vec<PathBuf>, FilesProblem> {
        let named = patterns.remove(split).unwrap_or_default();
        if named.len() > 1 {
            return Err(FilesProblem::Readings {
                split,
                readings: named
                    .iter()
                    .map(|(name, paths)| format!("{name} ({})", paths.join(", ")))
                    .collect(),
                hint: "write a card with [hub.files] that names the files of each split".to_owned(),
            });
        }
        let Some((name, paths)) = named.into_iter().next() else { return Ok(Vec::new()) };
        if name != split {
            chosen.notes.push(format!("takes the split {name} of README.md as the {split} split"));
        }
        let there = There { files, any_format: false, partial: false };
        expand_paths(split, &paths, &there, &mut chosen.notes)
    };
    chosen.files = SplitFiles { train: take("train")?, validation: take("validation")?, test: take("test")? };
    if chosen.files.train.is_empty() {
        let names = declared.iter().map(|(name, paths)| format!("{name} ({})", paths.join(", "))).collect();
        return Err(FilesProblem::NoTrainSplit { splits: names });
    }
    if !others.is_empty() {
        let names: Vec<&str> = others.iter().map(|(name, _)| *name).collect();
        chosen.notes.push(format!(
            "passed over the split(s) {} of README.md: not named train, validation or test",
            names.join(", ")
        ));
    }
    chosen.notes.insert(0, describe(&chosen.files));
    Ok(chosen)
}

/// The files of each split with every pattern replaced by what it matches among `files`.
pub(crate) fn expand(given: &SplitFiles, there: &There<'_>) -> Result<Chosen, FilesProblem> {
    let mut notes = Vec::new();
    let mut has_pattern = false;
    let mut paths = |split, paths: &[PathBuf]| {
        let paths: Vec<String> = paths.iter().map(|path| path.to_string_lossy().into_owned()).collect();
        has_pattern |= paths.iter().any(|path| Pattern::is_pattern(path));
        expand_paths(split, &paths, there, &mut notes)
    };
    let files = SplitFiles {
        train: paths("train", &given.train)?,
        validation: paths("validation", &given.validation)?,
        test: paths("test", &given.test)?,
    };
    if has_pattern {
        notes.insert(0, describe(&files));
    }
    Ok(Chosen { files, notes, ..Chosen::default() })
}

/// What patterns are matched against.
#[derive(Clone, Copy, Debug)]
pub(crate) struct There<'a> {
    /// The files.
    pub(crate) files: &'a [String],
    /// Whether files are read whatever their names say of the format.
    pub(crate) any_format: bool,
    /// Whether there may be other files than these, so that a name without magic is taken as it is.
    pub(crate) partial: bool,
}

fn expand_paths(
    split: &'static str,
    patterns: &[String],
    there: &There<'_>,
    notes: &mut Vec<String>,
) -> Result<Vec<PathBuf>, FilesProblem> {
    let files = there.files;
    let mut taken: Vec<String> = Vec::new();
    let mut seen: BTreeSet<String> = BTreeSet::new();
    for text in patterns {
        let name = text.trim_end_matches('/');
        let is_file = files.iter().any(|file| file == text);
        let is_pattern = Pattern::is_pattern(text);
        let tables = if is_file { Vec::new() } else { discover::tables_below(name, files) };
        let is_folder = || files.iter().any(|file| file.starts_with(&format!("{name}/")));
        let matches = if !tables.is_empty() {
            // A folder of parts, as Spark writes one for each table.
            discover::check_shards(split, tables.iter().map(String::as_str))?;
            notes.push(format!("reads {} from the folder {name}", discover::list(&tables)));
            tables
        } else if is_file || is_folder() || (there.partial && !is_pattern) {
            vec![name.to_owned()]
        } else if is_pattern {
            let pattern = Pattern::new(text)
                .map_err(|problem| FilesProblem::Pattern { pattern: text.clone(), problem })?;
            let all: Vec<&String> = files.iter().filter(|file| pattern.matches(file)).collect();
            let is_read = |file: &&&String| there.any_format || discover::is_table(file);
            let matches: Vec<String> = all.iter().filter(is_read).map(|file| (*file).clone()).collect();
            let unread: Vec<String> =
                all.iter().filter(|file| !is_read(file)).map(|file| (*file).clone()).collect();
            if !unread.is_empty() && !matches.is_empty() {
                notes.push(format!("`{text}` matches {} too, which can't be read", discover::list(&unread)));
            }
            discover::check_shards(split, matches.iter().map(String::as_str))?;
            matches
        } else {
            Vec::new()
        };
        if matches.is_empty() {
            let files = files.iter().filter(|file| discover::is_file_name(file)).cloned().collect();
            return Err(FilesProblem::NoMatch { pattern: text.clone(), files });
        }
        for file in matches {
            if seen.insert(file.clone()) {
                taken.push(file);
            }
        }
    }
    Ok(taken.into_iter().map(PathBuf::from).collect())
}

fn describe(files: &SplitFiles) -> String {
    let names = |paths: &[PathBuf]| -> Vec<String> {
        paths.iter().map(|path| path.to_string_lossy().into_owned()).collect()
    };
    discover::describe(&names(&files.train), &names(&files.validation), &names(&files.test))
}

/// The repository's files that the splits' paths stand for: a folder of texts stands for what is in it.
fn fetched(splits: &SplitFiles, files: &[String]) -> Vec<String> {
    let mut fetch: Vec<String> = Vec::new();
    for path in splits.all() {
        let path = path.to_string_lossy();
        if files.binary_search_by(|file| file.as_str().cmp(&path)).is_ok() {
            fetch.push(path.into_owned());
        } else {
            let folder = if path.is_empty() { String::new() } else { format!("{path}/") };
            let inner = files.iter().filter(|file| file.starts_with(&folder) && discover::is_text(file));
            fetch.extend(inner.cloned());
        }
    }
    fetch.sort();
    fetch.dedup();
    fetch
}

#[cfg(test)]
mod tests {
    use super::*;

    fn plan(name: &str, files: &[&str], readme: Option<&str>) -> Result<RepositoryPlan, DataError> {
        let card = Card::for_repository(&RepositoryName::parse(name).unwrap());
        let files: Vec<String> = files.iter().map(|file| (*file).to_owned()).collect();
        RepositoryPlan::new(&card, &files, readme)
    }

    #[test]
    fn a_name_may_have_a_config_and_a_revision() {
        let name = RepositoryName::parse("o/n:c@refs/convert/parquet").unwrap();
        assert_eq!(name.to_string(), "o/n:c@refs/convert/parquet");
        assert_eq!(name.config.as_deref(), Some("c"));
        for wrong in ["n", "o/n/x", "o/n:", "o/n@", "/n", "o/", ".o/n", "o n/x", "", "hf://models/o/n"] {
            assert_eq!(RepositoryName::parse(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn the_readme_says_which_files_are_which() {
        let readme = "---\nlicense: mit\nconfigs:\n- config_name: a\n  data_files:\n  - split: train\n    path: a/t-*\n  - split: validation_matched\n    path: a/vm.csv\n  - split: unsupervised\n    path: a/u.csv\n- config_name: b\n  data_files: b.csv\ndataset_info:\n  config_name: a\n  features:\n  - name: label\n    dtype:\n      class_label:\n        names:\n          '0': no\n          '1': yes\n---\n";
        let files = ["a/t-0.csv", "a/t-1.csv", "a/t-1.md", "a/u.csv", "a/vm.csv", "b.csv", "README.md"];
        let made = plan("o/n:a", &files, Some(readme)).unwrap();
        assert_eq!(made.fetch, ["a/t-0.csv", "a/t-1.csv", "a/vm.csv"]);
        assert_eq!(made.card.name, "o/n:a");
        assert_eq!(made.card.licence.as_deref(), Some("mit"));
        let notes = made.notes.join("\n");
        for part in ["validation_matched", "unsupervised", "a/t-1.md"] {
            assert!(notes.contains(part), "{part}: {notes}");
        }
        let message = plan("o/n@v1", &files, Some(readme)).unwrap_err().to_string();
        assert!(message.contains("--dataset o/n:a@v1, --dataset o/n:b@v1"), "{message}");
        let two = readme.replace("unsupervised", "validation_mismatched");
        let message = plan("o/n:a", &files, Some(&two)).unwrap_err().to_string();
        assert!(
            message.contains("validation_matched (a/vm.csv)") && message.contains("[hub.files]"),
            "{message}"
        );
        let message = plan("o/n:a", &files[3..], Some(readme)).unwrap_err().to_string();
        assert!(message.contains("a/t-*") && message.contains("b.csv"), "{message}");
    }

    #[test]
    fn the_names_of_classes_come_from_the_readme() {
        let readme = "---\ndataset_info:\n  features:\n  - name: label\n    dtype:\n      class_label:\n        names: {'0': bad, '1': good}\n---\n";
        let made = plan("o/n", &["train.csv"], Some(readme)).unwrap();
        assert_eq!(made.card.labels, ["bad", "good"]);
        assert!(made.notes.iter().any(|note| note.contains("bad, good")), "{:?}", made.notes);
    }

    #[test]
    fn without_configs_folders_are_the_data_sets() {
        let files = [
            "cola/train-00000-of-00001.parquet",
            "mrpc/train-00000-of-00001.parquet",
            "mrpc/test-00000-of-00001.parquet",
        ];
        let made = plan("o/n:mrpc", &files, Some("# no front matter")).unwrap();
        assert_eq!(made.fetch, ["mrpc/test-00000-of-00001.parquet", "mrpc/train-00000-of-00001.parquet"]);
        let message = plan("o/n", &files, None).unwrap_err().to_string();
        assert!(message.contains("--dataset o/n:cola, --dataset o/n:mrpc"), "{message}");
        let message = plan("o/n:rte", &files, None).unwrap_err().to_string();
        assert!(message.contains("rte") && message.contains("cola, mrpc"), "{message}");
        assert!(plan("o/n:default", &["train.csv"], None).is_ok());
    }

    #[test]
    fn a_folder_of_texts_is_fetched_file_by_file() {
        let files = ["train/neg/1.txt", "train/pos/1.txt", "train/pos/1.md"];
        assert_eq!(plan("o/n", &files, None).unwrap().fetch, &files[..2]);
    }
}
