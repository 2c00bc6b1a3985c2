//! [`RepositoryPlan`]: the files to fetch from a repository of the hub.

pub(crate) mod choose;
pub(crate) mod expand;
pub(crate) mod name;

use self::choose::choose;
use self::expand::{There, expand};
use self::name::RepositoryName;
use crate::card::{Card, HubSource};
use crate::discover;
use crate::discover::named::Place;
use crate::discover::problem::{FilesProblem, PassedOver};
use crate::error::DataError;
use crate::readme::Readme;
use crate::split_files::SplitFiles;

/// The files to fetch from a repository, and the card that reads them.
#[derive(Clone, Debug, PartialEq)]
pub struct RepositoryPlan {
    /// The card, with the files of each split.
    pub card: Card,
    /// The names of the files to fetch, sorted.
    pub fetch: Vec<String>,
    /// Sentences to show the user: what was decided, and what was passed over.
    pub notes: Vec<String>,
}

impl RepositoryPlan {
    /// Assigns a repository's `files` (the names of all its files) to the splits of the card's data set: as
    /// the card says in `[hub.files]`, else as the repository's README says in `configs`, else by the names
    /// of folders and files. Names of classes and the licence come from the README where the card has none.
    ///
    /// # Errors
    /// The files can't be assigned to splits, a pattern matches nothing, or the front matter of the README
    /// can't be read.
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
            // The card names the files: only the names of classes and the licence would come from the README.
            Some(Err(_)) if is_given => Readme::default(),
            Some(Err(problem)) => return Err(refuse(FilesProblem::FrontMatter { problem })),
        };
        let found = if is_given {
            let there = There {
                files: &files,
                any_format: card.reading.format.is_some(),
                text_files: card.text_files(),
                partial: false,
            };
            let mut found = expand(&source.files, &there).map_err(refuse)?;
            found.config.clone_from(&source.config);
            found
        } else {
            let place = Place { named: &name, text_files: card.text_files() };
            choose(&readme, source.config.as_deref(), &files, PassedOver::default(), place).map_err(refuse)?
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
        card.class_names = readme.other_class_names(found.config.as_deref(), &card.columns.label);
        card.reading = card.reading.or(&found.reading);
        if card.licence.is_none() {
            card.licence.clone_from(&readme.licence);
        }
        let fetch = fetched(&found.files, &files);
        card.hub = Some(HubSource { files: found.files, config: found.config, ..source.clone() });
        Ok(Self { card, fetch, notes })
    }
}

/// The repository's files that the splits' paths stand for: a folder of texts stands for the files in it.
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
        let readme = readme.replace("name: label\n    dtype:", "name: ner_tags\n    sequence:");
        let made = plan("o/n", &["train.jsonl"], Some(&readme)).unwrap();
        assert_eq!(made.card.class_names("ner_tags").unwrap(), ["bad", "good"]);
        assert!(made.card.labels.is_empty() && made.card.class_names("label").is_none());
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
