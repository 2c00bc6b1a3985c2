//! From what the user named to local files: models, tokenizers and data sets.

use std::path::{Path, PathBuf};

use embert_data::tokenize::Tokenizer;
use embert_data::{Card, DataSet, DataSource, HubSource, LoadOptions, load};
use embert_hub::Hub;
use embert_model::BertConfig;
use embert_train::HubRepository;

use crate::error::Error;
use crate::output::{name, say, thousands};
use crate::terminal::Downloads;

/// Files of a repository without a card that can be read as a data set.
const TABLES: [&str; 5] = ["*.parquet", "*.jsonl", "*.ndjson", "*.csv", "*.tsv"];

/// The folder of a model: the one named, or where the hub's files are in the cache.
pub(crate) fn model_folder(name: &str) -> Result<PathBuf, Error> {
    if let Some(shipped) = shipped(name) {
        return Ok(shipped);
    }
    let mut downloads = Downloads::new();
    Ok(Hub::from_env()?.model(name, &mut |event| downloads.show(&event))?.folder)
}

/// The folder of a tokenizer. A model's weights may not be there: a folder with a vocabulary is enough.
pub(crate) fn tokenizer_folder(name: &str) -> Result<PathBuf, Error> {
    let folder = Path::new(name);
    if folder.is_dir() { Ok(folder.to_owned()) } else { model_folder(name) }
}

/// The hub's repository that a model's name stands for, unless it is a folder here.
pub(crate) fn repository_of(name: &str) -> Option<HubRepository> {
    shipped(name).is_none().then(|| HubRepository::new(name))
}

/// What the repository ships, named from its root, found from wherever `cargo run` was typed.
fn shipped(name: &str) -> Option<PathBuf> {
    let path = Path::new(name);
    if path.is_dir() {
        return Some(path.to_owned());
    }
    let path = repository()?.join(path);
    (name.starts_with("datasets/") && path.is_dir()).then_some(path)
}

/// The checkout that this program was built in, if it is still there.
fn repository() -> Option<PathBuf> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent()?.parent()?;
    root.join("datasets").is_dir().then(|| root.to_owned())
}

/// The folders that cards are looked up in: `datasets/` here or above, then the repository's.
fn card_folders() -> Vec<PathBuf> {
    let here = std::env::current_dir().unwrap_or_default();
    let above = here.ancestors().map(|folder| folder.join("datasets"));
    let repository = repository().map(|root| root.join("datasets"));
    let mut folders: Vec<PathBuf> = above.chain(repository).filter(|folder| folder.is_dir()).collect();
    folders.dedup();
    folders
}

/// The data set that the user named, from files here or from the hub, and its card.
pub(crate) fn data_set(name: &str, options: &LoadOptions) -> Result<(DataSet, Card), Error> {
    let mut downloads = Downloads::new();
    let (card, root) = match DataSource::resolve(name, &card_folders())? {
        DataSource::Local { card, root } => (card, root),
        DataSource::Hub { card } => {
            let Some(source) = &card.hub else { unreachable!("a card of the hub names its repository") };
            let files: Vec<String> =
                source.files.all().map(|file| file.to_string_lossy().into_owned()).collect();
            let local = Hub::from_env()?.dataset(
                &source.repository,
                source.revision.as_deref(),
                &files,
                &mut |event| downloads.show(&event),
            )?;
            (card, local.folder)
        }
        DataSource::HubRepository { name } => {
            let (repository, revision) = match name.split_once('@') {
                Some((repository, revision)) => (repository, Some(revision)),
                None => (name.as_str(), None),
            };
            let tables = TABLES.map(|pattern| format!("**/{pattern}"));
            let hub = Hub::from_env()?;
            let local = hub.dataset(repository, revision, &tables, &mut |event| downloads.show(&event))?;
            // The folder's name is the commit's.
            let mut card = Card { name: repository.to_owned(), ..Card::for_folder(&local.folder)? };
            card.hub = card.files.take().map(|files| HubSource {
                repository: repository.to_owned(),
                revision: revision.map(str::to_owned),
                files,
            });
            (Box::new(card), local.folder)
        }
    };
    Ok((load(&card, &root, options)?, *card))
}

/// Says what a data set holds and what the user should know of it.
pub(crate) fn print_facts(data: &DataSet) {
    for note in &data.notes {
        say!("{note}");
    }
    let splits = &data.splits;
    let labels: Vec<String> = data
        .labels
        .names()
        .iter()
        .zip(&data.facts.train_labels)
        .map(|(label, &count)| format!("{} {}", thousands(count), name(label)))
        .collect();
    say!(
        "data set {}: {} train ({}), {} validation, {} test",
        data.name,
        thousands(splits.train.len()),
        labels.join(", "),
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
        say!("skipped {} row(s) that can't be used; -v names them", thousands(data.facts.skipped));
    }
}

/// A data set's name as part of a folder's name.
pub(crate) fn short_name(dataset: &str) -> String {
    let name = dataset.split('@').next().unwrap_or(dataset).trim_end_matches('/');
    let stem = Path::new(name).file_stem().map(|stem| stem.to_string_lossy().into_owned());
    stem.filter(|stem| !stem.is_empty()).unwrap_or_else(|| "run".to_owned())
}

/// Where a checkpoint that isn't ours cuts texts: at its tokenizer's limit, or at the model's.
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
        let names = ["sample", "owner/name@v1", "/data/reviews.csv", "data/aclImdb/", ".."];
        assert_eq!(names.map(short_name), ["sample", "name", "reviews", "aclImdb", "run"]);
    }
}
