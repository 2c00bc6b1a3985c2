//! [`RepositoryName`]: the name of a data set of the hub, as a user types it.

use std::fmt;

use crate::discover::named::Named;

/// `owner/name[:config][@revision]`, as in `nyu-mll/glue:mrpc` and `leondz/wnut_17@refs/convert/parquet`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RepositoryName {
    /// `owner/name`.
    pub repository: String,
    /// The name of one of the repository's data sets.
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

impl Named for RepositoryName {
    fn choose(&self, config: &str) -> String {
        let config = config.strip_prefix("data/").unwrap_or(config);
        format!("--dataset {}", Self { config: Some(config.to_owned()), ..self.clone() })
    }
}
