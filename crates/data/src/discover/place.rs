//! [`Place`]: where files are.

/// Where the files are, for what a message tells the user to type.
pub(crate) trait Place {
    /// What chooses the data set in a folder of the place.
    fn choose(&self, folder: &str) -> String;
}
