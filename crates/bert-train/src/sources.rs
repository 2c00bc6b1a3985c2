//! From the user's names to local files: models, tokenizers and data sets.

use std::path::{Path, PathBuf};

use embert_data::tokenize::Tokenizer;
use embert_data::{Card, DataError, DataSource, FilesProblem, RepositoryPlan, TaskName};
use embert_hub::{Hub, Source};
use embert_model::BertConfig;
use embert_task::{Task, TaskData};
use embert_train::HubRepository;

use crate::error::Error;
use crate::output::{name, say, thousands};
use crate::terminal::Downloads;

/// A model that was found by its name.
#[derive(Clone, Debug)]
pub(crate) struct Model {
    source: Source,
    repository: Option<HubRepository>,
}

/// Finds the model of a name, before anything is written: the output folder may have that name too.
pub(crate) fn find_model(name: &str) -> Result<Model, Error> {
    Ok(match shipped(name) {
        Some(folder) => Model { source: Source::Folder(folder), repository: None },
        None => Model { source: Source::parse(name)?, repository: repository_of(name) },
    })
}

impl Model {
    /// The model's folder: the named folder, or the folder of the hub's files in the cache.
    pub(crate) fn folder(&self) -> Result<PathBuf, Error> {
        if let Source::Folder(folder) = &self.source {
            return Ok(folder.clone());
        }
        let mut downloads = Downloads::new();
        Ok(Hub::from_env()?.model_of(&self.source, &mut |event| downloads.show(&event))?.folder)
    }

    /// The hub's repository; `None` for a local folder.
    pub(crate) fn repository(&self) -> Option<HubRepository> {
        self.repository.clone()
    }
}

/// The folder of a model: the named folder, or the folder of the hub's files in the cache.
pub(crate) fn model_folder(name: &str) -> Result<PathBuf, Error> {
    find_model(name)?.folder()
}

/// The folder of a tokenizer. A folder with a vocabulary and no weights is enough.
pub(crate) fn tokenizer_folder(name: &str) -> Result<PathBuf, Error> {
    let folder = Path::new(name);
    if folder.is_dir() { Ok(folder.to_owned()) } else { model_folder(name) }
}

/// The hub's repository that a model's name stands for; `None` for a local folder.
fn repository_of(name: &str) -> Option<HubRepository> {
    let is_shipped = || Some(name.starts_with("datasets/") && repository()?.join(name).is_dir());
    let is_folder = Path::new(name).is_dir() || is_shipped() == Some(true);
    (!is_folder).then(|| HubRepository::new(name))
}

/// The folder `name`, or the folder of that name that ships with embert: a shipped folder is named from the
/// repository's root, wherever `cargo run` was typed.
fn shipped(name: &str) -> Option<PathBuf> {
    let path = Path::new(name);
    if path.is_dir() {
        return Some(path.to_owned());
    }
    let path = repository()?.join(path);
    (name.starts_with("datasets/") && path.is_dir()).then(|| {
        say_notes(&[format!("{name} is the one that ships with embert, {}", path.display())]);
        path
    })
}

/// The checkout that this program was built in, if it still exists.
fn repository() -> Option<PathBuf> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent()?.parent()?;
    root.join("datasets").is_dir().then(|| root.to_owned())
}

/// The folder of cards, besides the built-in ones: `datasets/` in the working folder, and no folder above it.
fn card_folders() -> Vec<PathBuf> {
    vec![PathBuf::from("datasets")]
}

/// Finds the data set of a name, before anything is written: the output folder may have that name too.
/// `task` is the task, where the user or a checkpoint says it.
pub(crate) fn find_data(name: &str, task: Option<TaskName>) -> Result<DataSource, Error> {
    Ok(DataSource::resolve_for(name, &card_folders(), task)?)
}

/// The card of the data set that [`find_data`] has found, and the folder that its files start from: local
/// files, or files of the hub in the cache. Prints which files are read and which are left out.
pub(crate) fn fetch_data(source: DataSource) -> Result<(Card, PathBuf), Error> {
    match source {
        DataSource::Local { card, root, notes } => {
            say_notes(&notes);
            Ok((*card, root))
        }
        DataSource::Hub { card, notes } => {
            say_notes(&notes);
            fetched(&card)
        }
    }
}

/// Fetches the files that a card of the hub names; returns the card with its files, relative to the folder.
fn fetched(card: &Card) -> Result<(Card, PathBuf), Error> {
    let Some(source) = &card.hub else { unreachable!("a card of the hub names its repository") };
    let mut downloads = Downloads::new();
    let hub = Hub::from_env()?;
    let mut repository = hub.dataset_repository(&source.repository, source.revision.as_deref())?;
    if !repository.is_whole() {
        say_notes(&[format!(
            "the hub can't be asked what else {} has: takes what is in the cache",
            source.repository
        )]);
    }
    let readme = match repository.peek("README.md", &mut |event| downloads.show(&event)) {
        Ok(path) => {
            path.map(|path| std::fs::read(&path).map_err(|source| Error::Io { action: "read", path, source }))
        }
        // The card says which file is which split.
        Err(_) if source.files.all().next().is_some() => None,
        Err(error) => return Err(error.into()),
    };
    let readme = readme.transpose()?.map(|bytes| String::from_utf8_lossy(&bytes).into_owned());
    let plan = match RepositoryPlan::new(card, repository.files(), readme.as_deref()) {
        Err(DataError::Files { problem, place }) => match *problem {
            FilesProblem::NoMatch { pattern, .. } if !repository.is_whole() => {
                return Err(repository.missing(&pattern).into());
            }
            problem => return Err(DataError::Files { place, problem: Box::new(problem) }.into()),
        },
        plan => plan?,
    };
    say_notes(&plan.notes);
    let local = repository.fetch(&plan.fetch, &mut |event| downloads.show(&event))?;
    Ok((plan.card, local.folder))
}

/// Prints a line on the standard error for each note.
pub(crate) fn say_notes(notes: &[String]) {
    for note in notes {
        say!("{note}");
    }
}

/// A data set's name that means the same from every working folder: the absolute path of a file, a folder, or
/// a card in `datasets/`; the name of a built-in card or a repository of the hub.
pub(crate) fn absolute_dataset(name: &str) -> String {
    let absolute = |path: &Path| Some(std::path::absolute(path).ok()?.to_str()?.to_owned());
    let path = Path::new(name);
    if path.exists() {
        return absolute(path).unwrap_or_else(|| name.to_owned());
    }
    // One of several data sets in a folder.
    if let Some((folder, config)) = name.rsplit_once(':')
        && let Some(folder) = Path::new(folder).is_dir().then(|| absolute(Path::new(folder))).flatten()
    {
        return format!("{folder}:{config}");
    }
    if let Some(card) = DataSource::card_file(name, &card_folders()) {
        // The card is named here, since a card that is read by its path is not.
        let hides = DataSource::resolve(name, &[]).is_ok();
        let hides = if hides { ", which hides the built-in one" } else { "" };
        say!("the card of {name} is {}{hides}", card.display());
        return absolute(&card).unwrap_or_else(|| name.to_owned());
    }
    name.to_owned()
}

/// A model's name that means the same from every working folder: the absolute path of a folder; the name of a
/// shipped model or a repository of the hub.
pub(crate) fn absolute_model(name: &str) -> String {
    let path = Path::new(name);
    let is_shipped = || {
        let shipped = repository()?.join(path).canonicalize().ok()?;
        Some(name.starts_with("datasets/") && path.canonicalize().ok()? == shipped)
    };
    if !path.is_dir() || is_shipped() == Some(true) {
        return name.to_owned();
    }
    let absolute = std::path::absolute(path).ok().and_then(|path| Some(path.to_str()?.to_owned()));
    absolute.unwrap_or_else(|| name.to_owned())
}

/// Prints the sizes of a data set and what the user should know of it.
pub(crate) fn print_facts<T: Task>(data: &TaskData<T>) {
    for note in &data.notes {
        say!("{note}");
    }
    let splits = &data.splits;
    let labels = T::label_names(&data.labels).unwrap_or_default();
    let counts = T::count_labels(labels.len(), &splits.train);
    let labels = labels.iter().zip(counts);
    let labels: Vec<String> =
        labels.map(|(label, count)| format!("{} {}", thousands(count), name(label))).collect();
    let counted = if T::COUNTED == "examples" { String::new() } else { format!("{}: ", T::COUNTED) };
    let labels = if labels.is_empty() { String::new() } else { format!(" ({counted}{})", labels.join(", ")) };
    say!(
        "data set {}: {} train{labels}, {} validation, {} test",
        data.name,
        thousands(splits.train.len()),
        thousands(splits.validation.len()),
        thousands(splits.test.len())
    );
    if data.facts.train_duplicates > 0 {
        say!("{} training texts occur more than once", thousands(data.facts.train_duplicates));
    }
    if data.facts.shared > 0 {
        say!(
            "{} validation or test texts are in the training split too: their metrics flatter",
            thousands(data.facts.shared)
        );
    }
    if data.facts.skipped > 0 {
        let by_split = ["train", "validation", "test"].into_iter().zip(data.facts.skipped_by_split);
        let by_split: Vec<String> = by_split
            .filter(|(_, rows)| *rows > 0)
            .map(|(split, rows)| format!("{} of the {split} files", thousands(rows)))
            .collect();
        say!(
            "skipped {} row(s) that can't be used ({}); -v names them",
            thousands(data.facts.skipped),
            by_split.join(", ")
        );
    }
}

/// A data set's name as part of a folder's name.
pub(crate) fn short_name(dataset: &str) -> String {
    let name = dataset.split('@').next().unwrap_or(dataset).trim_end_matches('/');
    let stem = Path::new(name).file_stem().map(|stem| stem.to_string_lossy().replace(':', "-"));
    stem.filter(|stem| !stem.is_empty()).unwrap_or_else(|| "run".to_owned())
}

/// The length at which a checkpoint of another program cuts texts: the limit of its tokenizer or of the
/// model, whichever is smaller.
pub(crate) fn max_length(folder: &Path) -> Result<usize, Error> {
    let positions = BertConfig::from_file(&folder.join("config.json"))?.max_position_embeddings;
    let tokenizer = Tokenizer::from_folder(folder)?;
    Ok(tokenizer.model_max_length().map_or(positions, |length| length.min(positions)))
}

#[cfg(test)]
mod tests {
    use super::short_name;

    #[test]
    fn a_runs_name_is_the_data_sets_last_part() {
        let names =
            ["sample", "owner/name@v1", "owner/name:en@v1", "/data/reviews.csv", "data/aclImdb/", ".."];
        assert_eq!(names.map(short_name), ["sample", "name", "name-en", "reviews", "aclImdb", "run"]);
    }
}
