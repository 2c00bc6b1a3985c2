//! [`Source`]: a folder, or a repository of the hub at a revision.

use std::fmt;
use std::path::{Path, PathBuf};
use std::str::FromStr;

use crate::error::HubError;

/// The branch that is read if no revision is named.
pub const DEFAULT_REVISION: &str = "main";

/// The source of a model, parsed from the user's text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Source {
    /// A folder on disk, used as it is.
    Folder(PathBuf),
    /// A repository of the hub.
    Repository(RepositoryId),
}

impl Source {
    /// Parses `name`: an existing folder, else `name`, `owner/name` or `owner/name@revision`.
    ///
    /// # Errors
    /// [`HubError::FolderNotFound`] if `name` can only be a path and there is no such folder,
    /// [`HubError::InvalidId`] if it is neither a folder nor a repository's name.
    pub fn parse(name: &str) -> Result<Self, HubError> {
        let path = Path::new(name);
        if path.is_dir() {
            return Ok(Self::Folder(path.to_path_buf()));
        }
        let only_a_path = name.starts_with(['.', '/', '~', '\\'])
            || name.contains('\\')
            || path.exists()
            || name.split('@').next().is_some_and(|id| id.ends_with('/') || id.matches('/').count() > 1);
        if only_a_path {
            return Err(HubError::FolderNotFound { path: path.to_path_buf() });
        }
        name.parse().map(Self::Repository)
    }
}

impl FromStr for Source {
    type Err = HubError;

    fn from_str(name: &str) -> Result<Self, HubError> {
        Self::parse(name)
    }
}

/// A repository of the hub at a revision.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RepositoryId {
    id: String,
    revision: String,
}

impl RepositoryId {
    /// `id` is `name` or `owner/name`; `revision` a branch, tag, commit or `refs/pr/N`, by default
    /// [`DEFAULT_REVISION`].
    ///
    /// # Errors
    /// [`HubError::InvalidId`] if the hub can't have such a name or revision.
    pub fn new(id: &str, revision: Option<&str>) -> Result<Self, HubError> {
        let revision = revision.unwrap_or(DEFAULT_REVISION);
        let refuse = |reason| Err(HubError::InvalidId { name: id.to_owned(), reason });
        // The rules of huggingface_hub's `validate_repo_id`: the name becomes a folder's name in the cache.
        if id.matches('/').count() > 1 {
            return refuse("a repository is `name` or `owner/name`");
        }
        for part in id.split('/') {
            if part.is_empty() || part.len() > 96 {
                return refuse("each part of `owner/name` has 1 to 96 characters");
            }
            if !part.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.')) {
                return refuse("only letters, digits, `-`, `_` and `.` are allowed");
            }
            if part.starts_with(['-', '.']) || part.ends_with(['-', '.']) {
                return refuse("a name does not begin or end with `-` or `.`");
            }
        }
        if id.contains("--") || id.contains("..") {
            return refuse("`--` and `..` are not allowed");
        }
        if !is_plain_path(revision) {
            return Err(HubError::InvalidId {
                name: format!("{id}@{revision}"),
                reason: "a revision is a branch, a tag, a commit or `refs/pr/N`",
            });
        }
        Ok(Self { id: id.to_owned(), revision: revision.to_owned() })
    }

    /// `name` or `owner/name`, as the user wrote it.
    pub fn id(&self) -> &str {
        &self.id
    }

    /// Branch, tag, commit or `refs/pr/N`.
    pub fn revision(&self) -> &str {
        &self.revision
    }

    /// Whether the revision is a full commit id, whose files never change.
    pub fn is_pinned(&self) -> bool {
        is_commit(&self.revision)
    }
}

impl FromStr for RepositoryId {
    type Err = HubError;

    fn from_str(name: &str) -> Result<Self, HubError> {
        match name.split_once('@') {
            Some((id, revision)) => Self::new(id, Some(revision)),
            None => Self::new(name, None),
        }
    }
}

impl fmt::Display for RepositoryId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.id)?;
        if self.revision != DEFAULT_REVISION {
            write!(f, "@{}", self.revision)?;
        }
        Ok(())
    }
}

/// Whether the text is a full commit id.
pub(crate) fn is_commit(revision: &str) -> bool {
    revision.len() == 40 && revision.bytes().all(|byte| byte.is_ascii_hexdigit())
}

/// Whether the text is a relative path that stays below the folder that it is joined to. Names come from the
/// hub and from index files, so they are checked before anything is written.
pub(crate) fn is_plain_path(path: &str) -> bool {
    !path.is_empty()
        && !path.contains(['\\', '\0', ':'])
        && path.split('/').all(|part| !part.is_empty() && part != "." && part != "..")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_names_owners_and_revisions() {
        let id: RepositoryId = "bert-base-uncased".parse().unwrap();
        assert_eq!((id.id(), id.revision()), ("bert-base-uncased", "main"));
        let id: RepositoryId = "sentence-transformers/all-MiniLM-L6-v2@refs/pr/3".parse().unwrap();
        assert_eq!((id.id(), id.revision()), ("sentence-transformers/all-MiniLM-L6-v2", "refs/pr/3"));
        assert!(!id.is_pinned());
        assert_eq!(id.to_string(), "sentence-transformers/all-MiniLM-L6-v2@refs/pr/3");
        assert!(RepositoryId::new("a/b", Some(&"0".repeat(40))).unwrap().is_pinned());
    }

    #[test]
    fn refuses_what_no_repository_is_called() {
        for name in [
            "",
            "a b",
            "owner/",
            "/x",
            "a/b/c",
            "a--b",
            "a..b",
            "-a",
            "a.",
            "a@",
            "a@../../x",
            "a@/etc",
            "o/n@x//y",
        ] {
            assert!(name.parse::<RepositoryId>().is_err(), "{name:?} was accepted");
        }
    }

    #[test]
    fn an_existing_folder_wins_and_a_missing_path_is_named() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().to_str().unwrap();
        assert_eq!(Source::parse(path).unwrap(), Source::Folder(folder.path().to_path_buf()));
        let missing = format!("{path}/no/such");
        assert!(matches!(Source::parse(&missing), Err(HubError::FolderNotFound { .. })));
        assert!(matches!(Source::parse("./runs"), Err(HubError::FolderNotFound { .. })));
        assert!(matches!(Source::parse("runs/x/model"), Err(HubError::FolderNotFound { .. })));
        assert!(matches!(Source::parse("a/b@refs/pr/1"), Ok(Source::Repository(_))));
    }
}
