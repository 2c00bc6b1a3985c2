//! [`DataSource`]: what the user means by a data set's name.

use std::path::{Path, PathBuf};

use crate::card::Card;
use crate::error::DataError;

/// The cards that every program has, whatever folder it runs in.
const BUILT_IN: [(&str, &str); 1] = [("imdb", include_str!("../../../datasets/imdb.toml"))];

/// What the user named, as far as it is known without a network.
#[derive(Clone, Debug, PartialEq)]
pub enum DataSource {
    /// Files on this machine.
    Local {
        /// Their card.
        card: Box<Card>,
        /// The folder that the card's paths start from.
        root: PathBuf,
    },
    /// A card whose files are on the hub: fetch what [`Card::hub`] names, and load from the folder they are in.
    Hub {
        /// The card.
        card: Box<Card>,
    },
    /// A repository on the hub without a card: fetch its tables, and make a card with [`Card::for_folder`].
    HubRepository {
        /// `owner/name`, perhaps with `@revision`.
        name: String,
    },
}

impl DataSource {
    /// Looks for a folder or file, a card in one of the folders `cards`, a built-in card, and takes what looks like
    /// `owner/name` for a repository of the hub.
    ///
    /// # Errors
    /// It is none of these, or its card can't be used.
    pub fn resolve(name: &str, cards: &[PathBuf]) -> Result<Self, DataError> {
        let path = Path::new(name);
        if path.is_dir() {
            return Ok(Self::Local { card: Box::new(Card::for_folder(path)?), root: path.to_owned() });
        }
        if path.is_file() && path.extension().is_some_and(|extension| extension == "toml") {
            return Self::from_card(path);
        }
        if path.is_file() {
            return Ok(Self::Local { card: Box::new(Card::for_file(path)), root: PathBuf::new() });
        }
        for folder in cards {
            let card = folder.join(format!("{name}.toml"));
            if card.is_file() {
                return Self::from_card(&card);
            }
        }
        if let Some((_, text)) = BUILT_IN.iter().find(|(known, _)| *known == name) {
            let card = Card::parse(text, Path::new(&format!("{name}.toml")))?;
            return Ok(Self::Hub { card: Box::new(card) });
        }
        if is_repository(name) {
            return Ok(Self::HubRepository { name: name.to_owned() });
        }
        Err(DataError::Unknown { name: name.to_owned(), cards: known(cards) })
    }

    fn from_card(path: &Path) -> Result<Self, DataError> {
        let card = Box::new(Card::from_file(path)?);
        Ok(if card.hub.is_some() {
            Self::Hub { card }
        } else {
            Self::Local { card, root: path.parent().unwrap_or(Path::new("")).to_owned() }
        })
    }
}

/// `owner/name` with an optional `@revision`, and not the name of a file.
fn is_repository(name: &str) -> bool {
    let (name, _) = name.split_once('@').unwrap_or((name, ""));
    let part = |part: &str| {
        !part.is_empty()
            && !part.starts_with('.')
            && part.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.'))
    };
    name.split_once('/').is_some_and(|(owner, name)| part(owner) && part(name))
        && crate::read::Format::of(Path::new(name)).is_none()
}

/// The cards' names.
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
mod tests {
    use super::*;

    #[test]
    fn a_name_is_a_path_a_card_or_a_repository() {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("rows.csv");
        std::fs::write(&file, "text,label\n").unwrap();
        assert!(matches!(DataSource::resolve(file.to_str().unwrap(), &[]), Ok(DataSource::Local { .. })));
        assert!(matches!(DataSource::resolve("imdb", &[]), Ok(DataSource::Hub { .. })));
        assert!(matches!(DataSource::resolve("owner/name@v1", &[]), Ok(DataSource::HubRepository { .. })));
        for wrong in ["imbd", "no/file.csv", "a/b/c.csv", "../x"] {
            let message = DataSource::resolve(wrong, &[]).unwrap_err().to_string();
            assert!(message.contains(wrong) && message.contains("imdb"), "{message}");
        }
    }

    #[test]
    fn a_card_of_the_users_comes_before_a_built_in_one() {
        let dir = tempfile::tempdir().unwrap();
        let card = "name = \"imdb\"\ntask = \"sequence-classification\"\n[files]\ntrain = [\"t.csv\"]\n";
        std::fs::write(dir.path().join("imdb.toml"), card).unwrap();
        let source = DataSource::resolve("imdb", &[dir.path().to_owned()]).unwrap();
        assert!(matches!(source, DataSource::Local { root, .. } if root == dir.path()));
    }
}
