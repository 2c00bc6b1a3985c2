//! [`Candidate`]: a file, or a folder of texts, and the split that its path says.

use super::names::{self, Said, Word};
use super::path::{folder_of, folder_until, name_of};
use super::problem::FilesProblem;
use crate::read::Format;

/// A file, or a folder of texts by label, that is part of a split.
#[derive(Clone, Debug)]
pub(super) struct Candidate {
    pub(super) path: String,
    /// `None`: a folder of texts.
    pub(super) format: Option<Format>,
    pub(super) is_json: bool,
    pub(super) word: Option<Word>,
    /// The origin: equal for all files that are read together.
    pub(super) origin: String,
    /// The folder that the splits' files or folders are in.
    pub(super) home: String,
}

impl Candidate {
    /// A file that has rows.
    pub(super) fn of_file(file: &str, format: Format) -> Result<Self, FilesProblem> {
        let (folder, name) = (folder_of(file), name_of(file));
        let stem = names::stem(name);
        let by_name = format!("{folder}/{}", names::set_key(stem));
        let (word, origin, home) = match assign(file, folder, stem)? {
            Assigned::Folder(word, at) => {
                let split = folder_until(folder, at + 1);
                (Some(word), format!("{split}/"), folder_until(folder, at).to_owned())
            }
            Assigned::Name(word) => (Some(word), by_name, folder.to_owned()),
            Assigned::None => (None, by_name, folder.to_owned()),
        };
        let lower = name.to_lowercase();
        let is_json = lower.contains(".json") && !lower.contains(".jsonl");
        Ok(Self { path: file.to_owned(), format: Some(format), is_json, word, origin, home })
    }
}

pub(super) enum Assigned {
    None,
    /// A folder says the split: the component with this index of the file's folder.
    Folder(Word, usize),
    Name(Word),
}

/// The split of a file. First decides a folder that is named exactly like a split, then a file so named, then
/// a split's name among other words, in a folder's name or the file's.
pub(super) fn assign(file: &str, folder: &str, stem: &str) -> Result<Assigned, FilesProblem> {
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
pub(super) fn assign_folder(folder: &str) -> Result<Option<(Word, usize)>, FilesProblem> {
    match assign(folder, folder, "")? {
        Assigned::Folder(word, at) => Ok(Some((word, at))),
        Assigned::Name(_) | Assigned::None => Ok(None),
    }
}
