//! [`DataSource`]: the data set that the user names.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use crate::card::Card;
use crate::discover::named::{Named, Place};
use crate::discover::pattern::Pattern;
use crate::discover::{self, walk};
use crate::error::DataError;
use crate::readme::Readme;
use crate::repository::choose::choose;
use crate::repository::expand::{self, There};
use crate::repository::name::RepositoryName;
use crate::task_name::TaskName;
use crate::text_files::TextFiles;

/// The cards that are built into the program.
const BUILT_IN: [(&str, &str); 19] = [
    ("bc5cdr", include_str!("../../../datasets/bc5cdr.toml")),
    ("cnn-dailymail", include_str!("../../../datasets/cnn-dailymail.toml")),
    ("conll2003", include_str!("../../../datasets/conll2003.toml")),
    ("glue:cola", include_str!("../../../datasets/glue/cola.toml")),
    ("glue:mrpc", include_str!("../../../datasets/glue/mrpc.toml")),
    ("glue:qqp", include_str!("../../../datasets/glue/qqp.toml")),
    ("glue:rte", include_str!("../../../datasets/glue/rte.toml")),
    ("glue:sst2", include_str!("../../../datasets/glue/sst2.toml")),
    ("glue:stsb", include_str!("../../../datasets/glue/stsb.toml")),
    ("go-emotions", include_str!("../../../datasets/go-emotions.toml")),
    ("imdb", include_str!("../../../datasets/imdb.toml")),
    ("sample", include_str!("../../../datasets/sample.toml")),
    ("scitldr", include_str!("../../../datasets/scitldr.toml")),
    ("squad", include_str!("../../../datasets/squad.toml")),
    ("squad-v2", include_str!("../../../datasets/squad-v2.toml")),
    ("squadshifts", include_str!("../../../datasets/squadshifts.toml")),
    ("wikitext", include_str!("../../../datasets/wikitext.toml")),
    ("wnut17", include_str!("../../../datasets/wnut17.toml")),
    ("xquad", include_str!("../../../datasets/xquad.toml")),
];

/// The folder from which the built-in cards' paths start: that of the checkout from which the program was
/// built.
const SHIPPED: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../datasets");

/// The data set that the user named, as far as it is known without a network.
#[derive(Clone, Debug, PartialEq)]
pub enum DataSource {
    /// Files on this machine.
    Local {
        /// The card of the files, in which each pattern is replaced by the files that match.
        card: Box<Card>,
        /// The folder that the card's paths start from.
        root: PathBuf,
        /// Sentences to show the user: what was decided, and what was passed over.
        notes: Vec<String>,
    },
    /// Files on the hub. The caller lists the files of the repository [`Card::hub`], makes a
    /// [`RepositoryPlan`](crate::RepositoryPlan), fetches the plan's files, and loads the plan's card from
    /// the folder of those files.
    Hub {
        /// The card of the data set.
        card: Box<Card>,
        /// Sentences to show the user: what was decided.
        notes: Vec<String>,
    },
}

impl DataSource {
    /// The data set's card.
    pub fn card(&self) -> &Card {
        match self {
            Self::Local { card, .. } | Self::Hub { card, .. } => card,
        }
    }

    /// The data set that `name` means, by the first of these rules that applies:
    /// 1. a folder or a file that exists; a `.toml` file is a card;
    /// 2. `folder:config`, one of several data sets in a folder that is there;
    /// 3. a card `NAME.toml` in one of the folders `cards`;
    /// 4. a built-in card: `imdb`, `glue:stsb` and others;
    /// 5. `owner/name[:config][@revision]`, a repository of the hub, with `hf://datasets/` before it in any
    ///    case.
    ///
    /// # Errors
    /// No rule applies, the files can't be assigned to splits, or the card can't be used.
    pub fn resolve(name: &str, cards: &[PathBuf]) -> Result<Self, DataError> {
        Self::resolve_for(name, cards, None)
    }

    /// As [`resolve`](Self::resolve), where the task is known before the data are: for token classification,
    /// `.txt` files are data as `.conll` files are.
    ///
    /// # Errors
    /// As [`resolve`](Self::resolve).
    pub fn resolve_for(name: &str, cards: &[PathBuf], task: Option<TaskName>) -> Result<Self, DataError> {
        let path = Path::new(name);
        if path.is_dir() {
            let (card, notes) = folder(path, None, task)?;
            return Ok(Self::Local { card: Box::new(card), root: path.to_owned(), notes });
        }
        if path.is_file() {
            if path.extension().is_some_and(|extension| extension.eq_ignore_ascii_case("toml")) {
                return Self::from_card(path, Vec::new(), task);
            }
            let file_name = path.file_name().unwrap_or_default().to_string_lossy();
            let notes = discover::shards::shard_note(&file_name).into_iter().collect();
            let card = Box::new(Card::for_file(path).read_for(task));
            return Ok(Self::Local { card, root: PathBuf::new(), notes });
        }
        if path.exists() {
            return Err(DataError::Special { path: path.to_owned() });
        }
        if let Some((outer, config)) = name.rsplit_once(':')
            && Path::new(outer).is_dir()
        {
            let (card, notes) = folder(Path::new(outer), Some(config), task)?;
            return Ok(Self::Local { card: Box::new(card), root: outer.into(), notes });
        }
        if let Some(source) = Self::named_card(name, cards, task)? {
            return Ok(source);
        }
        let is_url = name.starts_with("hf://");
        if is_path(name) && !is_url {
            let hint = if path.is_symlink() { ": it is a link to nothing" } else { "" };
            return Err(DataError::Missing { path: path.to_owned(), hint: hint.to_owned() });
        }
        let Some(repository) = RepositoryName::parse(name) else {
            return Err(DataError::Unknown { name: name.to_owned(), cards: known(cards) });
        };
        let owner = repository.repository.split('/').next().unwrap_or_default();
        if !is_url && Path::new(owner).is_dir() {
            let hint = format!(
                ", but there is a folder {owner}; for the hub's repository of that name, type hf://datasets/{repository}"
            );
            return Err(DataError::Missing { path: path.to_owned(), hint });
        }
        let notes = if is_url {
            Vec::new()
        } else {
            vec![format!("{repository} is no file or folder here, so it is the hub's data set of that name")]
        };
        Ok(Self::Hub { card: Box::new(Card::for_repository(&repository).read_for(task)), notes })
    }

    /// The file of the card called `name` in one of the folders `cards`. `None` for a built-in card, and for
    /// a name without a file.
    pub fn card_file(name: &str, cards: &[PathBuf]) -> Option<PathBuf> {
        if name.contains(['/', '\\']) {
            return None;
        }
        let path =
            cards.iter().map(|folder| folder.join(format!("{name}.toml"))).find(|path| path.is_file())?;
        // In the checkout, the file is the built-in card itself.
        let built_in = BUILT_IN.iter().find(|(known, _)| *known == name);
        let is_built_in =
            built_in.is_some_and(|(_, text)| std::fs::read_to_string(&path).is_ok_and(|own| own == *text));
        (!is_built_in).then_some(path)
    }

    /// The data set of the card called `name`, from a file or built in.
    fn named_card(name: &str, cards: &[PathBuf], task: Option<TaskName>) -> Result<Option<Self>, DataError> {
        let built_in = BUILT_IN.iter().find(|(known, _)| *known == name);
        if let Some(path) = Self::card_file(name, cards) {
            let hides = if built_in.is_some() { ", which hides the built-in one" } else { "" };
            let note = format!("the card of {name} is {}{hides}", path.display());
            return Self::from_card(&path, vec![note], task).map(Some);
        }
        let Some((_, text)) = built_in else { return Ok(None) };
        let card = Box::new(Card::parse(text, Path::new(&format!("{name}.toml")))?.read_for(task));
        if card.hub.is_some() {
            return Ok(Some(Self::Hub { card, notes: Vec::new() }));
        }
        let root = std::fs::canonicalize(SHIPPED).map_err(|source| {
            let path = PathBuf::from(SHIPPED);
            DataError::Read { path, source }
        })?;
        let notes =
            vec![format!("the data of {name} are those that ship with embert, in {}", root.display())];
        Ok(Some(Self::Local { card, root, notes }))
    }

    fn from_card(path: &Path, mut notes: Vec<String>, task: Option<TaskName>) -> Result<Self, DataError> {
        let mut card = Box::new(Card::from_file(path)?.read_for(task));
        if card.hub.is_some() {
            return Ok(Self::Hub { card, notes });
        }
        let root = path.parent().unwrap_or(Path::new("")).to_owned();
        notes.extend(expand(&mut card, &root, path)?);
        Ok(Self::Local { card, root, notes })
    }
}

/// A folder on this machine, as the user named it.
struct Folder<'a>(&'a Path);

impl Named for Folder<'_> {
    fn choose(&self, folder: &str) -> String {
        format!("--dataset {}:{folder}", self.0.display())
    }
}

impl Card {
    /// A card for a folder, made from the names of its files.
    /// [`DataSource::resolve`](crate::DataSource::resolve) also says what was decided and passed over.
    ///
    /// # Errors
    /// The folder can't be read, or its files can't be assigned to splits.
    pub fn for_folder(path: &Path) -> Result<Self, DataError> {
        Ok(folder(path, None, None)?.0)
    }
}

/// The card for a folder, or for one of several data sets in it, and what was decided and passed over.
fn folder(
    path: &Path,
    config: Option<&str>,
    task: Option<TaskName>,
) -> Result<(Card, Vec<String>), DataError> {
    let text_files = TextFiles::of(task);
    let refuse = |problem| DataError::Files { place: path.display().to_string(), problem: Box::new(problem) };
    let (files, passed_over) = walk::walk(path)?;
    // A clone of a repository of the hub has a README with front matter. A README that can't be parsed is
    // ignored.
    let readme = std::fs::read_to_string(path.join("README.md")).ok();
    let readme = readme.and_then(|text| Readme::parse(&text).ok()).unwrap_or_default();
    let found = choose(&readme, config, &files, passed_over, Place { named: &Folder(path), text_files })
        .map_err(refuse)?;
    let name = path.file_name().map(|name| name.to_string_lossy().into_owned());
    let name = name.or_else(|| {
        let absolute = std::fs::canonicalize(path).ok()?;
        Some(absolute.file_name()?.to_string_lossy().into_owned())
    });
    let name = name.unwrap_or_else(|| path.display().to_string());
    let mut card = Card::local(name, found.files).read_for(task);
    card.reading = found.reading;
    let mut notes = found.notes;
    if let Some(config) = &found.config {
        card.name = format!("{}:{config}", card.name);
    }
    card.class_names = readme.other_class_names(found.config.as_deref(), &card.columns.label);
    if let Some(names) = readme.class_names(found.config.as_deref(), &card.columns.label) {
        notes.push(format!("labels as README.md names them: {}", names.join(", ")));
        card.labels = names;
        card.class_numbers = true;
    }
    Ok((card, notes))
}

/// Replaces the patterns of a card's `[files]` by the files that match.
fn expand(card: &mut Card, root: &Path, path: &Path) -> Result<Vec<String>, DataError> {
    let Some(given) = &card.files else { return Ok(Vec::new()) };
    let mut walked: BTreeMap<String, Vec<String>> = BTreeMap::new();
    let mut files = Vec::new();
    for pattern in given.all().map(|file| file.to_string_lossy()) {
        let own = root.join(&*pattern);
        let base = if own.is_dir() {
            pattern.trim_end_matches('/')
        } else if !Pattern::is_pattern(&pattern) {
            continue;
        } else if own.exists() {
            // A file may be called `a[1].csv`.
            files.push(pattern.into_owned());
            continue;
        } else {
            Pattern::base(&pattern).0
        };
        if !walked.contains_key(base) {
            let (files, _) = walk::walk(&root.join(base))?;
            let below = |file: String| match base {
                "" => file,
                base => format!("{}/{file}", base.trim_end_matches('/')),
            };
            walked.insert(base.to_owned(), files.into_iter().map(below).collect());
        }
    }
    files.extend(walked.into_values().flatten());
    files.sort();
    files.dedup();
    let there = There {
        files: &files,
        any_format: card.reading.format.is_some(),
        text_files: card.text_files(),
        partial: true,
    };
    let found = expand::expand(given, &there).map_err(|problem| DataError::Files {
        place: path.display().to_string(),
        problem: Box::new(problem),
    })?;
    card.files = Some(found.files);
    Ok(found.notes)
}

/// Whether a name can only be a file's or a folder's.
fn is_path(name: &str) -> bool {
    let id = name.split(['@', ':']).next().unwrap_or(name);
    name.starts_with(['.', '/', '~'])
        || name.contains('\\')
        || id.ends_with('/')
        || id.matches('/').count() > 1
        || discover::names::is_file_name(id)
        || Path::new(id).extension().is_some_and(|extension| extension.eq_ignore_ascii_case("toml"))
}

/// The names of all cards, sorted.
fn known(folders: &[PathBuf]) -> Vec<String> {
    let mut names: Vec<String> = BUILT_IN.iter().map(|(name, _)| (*name).to_owned()).collect();
    for folder in folders {
        for entry in std::fs::read_dir(folder).into_iter().flatten().flatten() {
            if let Some(name) = entry.file_name().to_string_lossy().strip_suffix(".toml") {
                names.push(name.to_owned());
            }
        }
    }
    names.sort();
    names.dedup();
    names
}

#[cfg(test)]
mod tests;
