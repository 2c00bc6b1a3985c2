//! [`Place`]: the folder or repository that the user named.

use crate::text_files::TextFiles;

/// The folder or repository that the user named, for messages that tell the user what to type.
pub(crate) trait Named {
    /// The argument that chooses the data set in `folder`, such as `--dataset owner/name:config`.
    fn choose(&self, folder: &str) -> String;
}

/// A folder or repository whose files are assigned to splits.
#[derive(Clone, Copy)]
pub(crate) struct Place<'a> {
    pub(crate) named: &'a dyn Named,
    /// What its files of plain text hold.
    pub(crate) text_files: TextFiles,
}
