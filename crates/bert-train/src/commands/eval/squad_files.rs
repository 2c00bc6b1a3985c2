//! [`SquadFiles`]: the files of an evaluation that SQuAD's official scripts read.

use std::path::{Path, PathBuf};

use embert_files::{FileError, Output};

use crate::error::Error;
use crate::output::say;
use crate::tasks::ScriptFile;

/// The names of the files.
const NAMES: [&str; 3] = ["predictions.json", "nbest_predictions.json", "null_odds.json"];

/// The folder of `--squad-files`.
pub(super) struct SquadFiles {
    folder: PathBuf,
    /// The files, where the folder exists.
    files: Vec<Output>,
}

impl SquadFiles {
    /// A folder that exists, or that can be made.
    ///
    /// # Errors
    /// Nothing can be written there.
    pub(super) fn new(folder: &Path) -> Result<Self, Error> {
        let files = if folder.is_dir() {
            NAMES.iter().map(|name| Output::new(&folder.join(name))).collect::<Result<_, _>>()?
        } else {
            // Where a file can be made, a folder can.
            if folder.exists() {
                return Err(Error::NoFolder { option: "squad-files", path: folder.to_owned() });
            }
            Output::new(folder)?;
            Vec::new()
        };
        Ok(Self { folder: folder.to_owned(), files })
    }

    /// Refuses to replace what is read.
    ///
    /// # Errors
    /// One of the files is `input`.
    pub(super) fn differ_from(&self, input: &Path) -> Result<(), Error> {
        Ok(self.files.iter().try_for_each(|file| file.differs_from(input))?)
    }

    /// Writes the files, and says which one of an earlier evaluation stays.
    ///
    /// # Errors
    /// A file can't be written.
    pub(super) fn write(&self, files: &[ScriptFile]) -> Result<(), Error> {
        let write = |folder: &Path| {
            let mut files = files.iter();
            files.try_for_each(|(name, content)| embert_files::write_json(&folder.join(name), content))
        };
        if !self.folder.exists() {
            return Ok(embert_files::folder::<FileError>(&self.folder, write)?);
        }
        write(&self.folder)?;
        let stays = |name: &&&str| {
            files.iter().all(|(written, _)| written != *name) && self.folder.join(name).exists()
        };
        if let Some(name) = NAMES.iter().find(stays) {
            let path = self.folder.join(name);
            say!(
                "{} is of an earlier evaluation and stays: here each question has an answer",
                path.display()
            );
        }
        Ok(())
    }
}
