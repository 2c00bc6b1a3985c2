//! [`Provenance`]: where a run's model and data came from.

use std::fmt;
use std::fs;
use std::path::Path;

use embert_data::Card;
use serde::{Deserialize, Serialize};

/// Where a run's model and data came from, as far as their files don't say, for the model card. The card
/// leaves out unknown facts.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Provenance {
    /// The hub's repository that the base model was fetched from; `None` for a folder on this machine.
    pub model: Option<HubRepository>,
    /// The facts of the data set, if any are known.
    pub dataset: Option<DatasetFacts>,
}

/// A repository of the hub.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HubRepository {
    /// `name` or `owner/name`.
    pub id: String,
    /// A branch, tag or commit, where one was named.
    pub revision: Option<String>,
}

impl HubRepository {
    /// Parses `name`, `owner/name` or `owner/name@revision`.
    pub fn new(name: &str) -> Self {
        match name.split_once('@') {
            Some((id, revision)) => Self { id: id.to_owned(), revision: Some(revision.to_owned()) },
            None => Self { id: name.to_owned(), revision: None },
        }
    }
}

impl fmt::Display for HubRepository {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.id)?;
        self.revision.iter().try_for_each(|revision| write!(f, "@{revision}"))
    }
}

/// The model card's facts about a data set, made from the data set's own [`Card`].
#[derive(Clone, Debug, Default, PartialEq)]
pub struct DatasetFacts {
    /// The data set's common name.
    pub name: String,
    /// The data set's repository on the hub.
    pub repository: Option<HubRepository>,
    /// A sentence that describes the data set.
    pub description: String,
    /// The licence: an SPDX expression, or the authors' words.
    pub licence: Option<String>,
    /// The work to cite.
    pub citation: Option<String>,
    /// The data set's web page.
    pub homepage: Option<String>,
    /// Shares of train, validation and test that are cut from the training files unless the run's settings
    /// have others.
    pub split_ratios: Option<[f64; 3]>,
}

impl From<&Card> for DatasetFacts {
    fn from(card: &Card) -> Self {
        Self {
            name: card.name.clone(),
            repository: card
                .hub
                .as_ref()
                .map(|hub| HubRepository { id: hub.repository.clone(), revision: hub.revision.clone() }),
            description: card.description.clone(),
            licence: card.licence.clone(),
            citation: card.citation.clone(),
            homepage: card.homepage.clone(),
            // As in `embert_data::load_rows`: the card's ratios hold if the card names no validation files.
            split_ratios: card.split_ratios.filter(|_| card.split_files().validation.is_empty()),
        }
    }
}

/// A licence, with the keys of the hub's front matter.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Licence {
    /// The hub's identifier, as `apache-2.0`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) license: Option<String>,
    /// The name of a licence whose identifier is `other`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) license_name: Option<String>,
    /// The address of the licence's text.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) license_link: Option<String>,
}

impl Licence {
    /// The licence that the model card in a checkpoint's folder states. Empty if the card is missing or can't
    /// be read: a damaged README is no reason not to train.
    pub(crate) fn of_checkpoint(folder: &Path) -> Self {
        let read = || {
            let text = fs::read_to_string(folder.join("README.md")).ok()?;
            serde_saphyr::from_str(front_matter(&text)?).ok()
        };
        read().unwrap_or_default()
    }
}

/// The text between the two lines `---` at the top of a card.
pub(super) fn front_matter(text: &str) -> Option<&str> {
    let text = text.trim_start_matches('\u{feff}').trim_start().strip_prefix("---")?;
    Some(text.split_once("\n---")?.0)
}
