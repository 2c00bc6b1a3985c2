//! [`Named`]: the folder or repository that the user named.

/// The folder or repository that the user named, for messages that tell the user what to type.
pub(crate) trait Named {
    /// The argument that chooses the data set in `folder`, such as `--dataset owner/name:config`.
    fn choose(&self, folder: &str) -> String;
}
