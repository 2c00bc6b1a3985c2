//! The files of each split of a data set, as the README says or as names and folders do.

use std::collections::BTreeMap;
use std::path::PathBuf;

use super::expand::{Chosen, There, describe, expand_paths};
use crate::discover;
use crate::discover::named::Place;
use crate::discover::problem::{FilesProblem, PassedOver};
use crate::readme::{Config, Readme};
use crate::split_files::SplitFiles;

/// The files of the data set `config` or, without a name, of the only or default data set: as the README
/// says, else by the names of files and folders.
pub(crate) fn choose(
    readme: &Readme,
    config: Option<&str>,
    files: &[String],
    passed_over: PassedOver,
    place: Place<'_>,
) -> Result<Chosen, FilesProblem> {
    if readme.configs.is_empty() {
        return by_folders(config, files, passed_over, place);
    }
    let chosen = readme.config(config, place.named)?;
    let mut notes = Vec::new();
    if config.is_none() && readme.configs.len() > 1 {
        let others = readme.configs.iter().map(|other| other.name.as_str());
        let others: Vec<&str> = others.filter(|other| *other != chosen.name).collect();
        notes.push(format!(
            "takes {}, the default in README.md; there are also {} ({})",
            chosen.name,
            others.join(", "),
            place.named.choose(others.first().copied().unwrap_or_default())
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
        by_splits(chosen, files, place)?
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

/// The files of a data set where no README lists data sets: each folder that has splits is a data set.
fn by_folders(
    config: Option<&str>,
    files: &[String],
    passed_over: PassedOver,
    place: Place<'_>,
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
        // `datasets` calls a data set without a name `default`.
        Ok(found) if config == "default" => {
            return Ok(Chosen { files: found.files, notes: found.notes, ..Chosen::default() });
        }
        Err(FilesProblem::Configs { names, .. }) => names,
        _ => Vec::new(),
    };
    Err(FilesProblem::UnknownConfig { name: config.to_owned(), known })
}

/// The splits that are discovered in one folder.
fn below(folder: &str, files: &[String], place: Place<'_>) -> Result<discover::Discovered, FilesProblem> {
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
fn by_splits(config: &Config, files: &[String], place: Place<'_>) -> Result<Chosen, FilesProblem> {
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
    // A name that is exactly a split's comes first; a longer name (`validation_matched`) counts where no name
    // is exact.
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
    // A README's only split is the training split, whatever its name.
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
        let there = There { files, any_format: false, text_files: place.text_files, partial: false };
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
