//! [`Destination`]: the folder of a new vocabulary.

use std::fs;
use std::path::{Path, PathBuf};

use crate::error::Error;
use crate::paths::absolute;

/// The files of a vocabulary's folder.
const FILES: [&str; 5] =
    ["config.json", "special_tokens_map.json", "tokenizer.json", "tokenizer_config.json", "vocab.txt"];

/// A folder that is free for a vocabulary, or has one that is to be replaced.
#[derive(Debug)]
pub(super) struct Destination {
    /// The folder as the user names it.
    named: PathBuf,
    /// The folder, with links resolved where it exists.
    path: PathBuf,
}

impl Destination {
    /// Checks that the folder can be made or replaced, before any work.
    ///
    /// # Errors
    /// The folder is a file, or has other files than a vocabulary's, or a vocabulary that is not to be replaced;
    /// or no folder can be made there.
    pub(super) fn new(named: &Path, overwrite: bool) -> Result<Self, Error> {
        let path = named.canonicalize().unwrap_or_else(|_| absolute(named));
        if path.symlink_metadata().is_ok() && !path.is_dir() {
            return Err(Error::NoFolder { option: "output", path: named.to_owned() });
        }
        let mut is_free = true;
        if path.is_dir() {
            let failed = |source| Error::Io { action: "read", path: named.to_owned(), source };
            for entry in fs::read_dir(&path).map_err(failed)? {
                let name = entry.map_err(failed)?.file_name();
                if !FILES.iter().any(|file| name == *file) {
                    let name = name.to_string_lossy().into_owned();
                    return Err(Error::NotOfVocabulary { path: named.to_owned(), name });
                }
                is_free = false;
            }
        }
        if !is_free && !overwrite {
            return Err(Error::VocabularyExists { path: named.to_owned() });
        }
        let above = path.ancestors().skip(1).find(|above| above.symlink_metadata().is_ok());
        match above {
            Some(above) if !above.is_dir() => {
                return Err(Error::NoFolder { option: "output", path: named.to_owned() });
            }
            Some(above) => embert_files::check_writable(above)?,
            None => {}
        }
        Ok(Self { named: named.to_owned(), path })
    }

    /// Checks that writing does not replace a file that is read.
    ///
    /// # Errors
    /// The file is in the folder, or is the folder.
    pub(super) fn differs_from(&self, input: &Path) -> Result<(), Error> {
        match input.canonicalize() {
            Ok(input) if input.starts_with(&self.path) => {
                Err(Error::VocabularyIsRead { path: self.named.clone(), input })
            }
            _ => Ok(()),
        }
    }

    /// Writes the folder whole: `fill` gets the path of a temporary one.
    ///
    /// # Errors
    /// The folder can't be written, or an error of `fill`.
    pub(super) fn write(&self, fill: impl FnOnce(&Path) -> Result<(), Error>) -> Result<(), Error> {
        if let Some(above) = self.path.parent() {
            embert_files::create_dir_all(above)?;
        }
        embert_files::folder(&self.path, fill)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_an_old_vocabulary_is_replaced() {
        let place = tempfile::tempdir().unwrap();
        let path = place.path().join("a/vocabulary");
        let write = |text: &str| {
            Destination::new(&path, true)?
                .write(|folder| Ok(embert_files::write(&folder.join("vocab.txt"), text.as_bytes())?))
        };
        write("one").unwrap();
        let error = Destination::new(&path, false).unwrap_err().to_string();
        assert!(error.contains("--overwrite"), "{error}");
        write("two").unwrap();
        assert_eq!(fs::read_to_string(path.join("vocab.txt")).unwrap(), "two");
        let destination = Destination::new(&path, true).unwrap();
        let error = destination.differs_from(&path.join("vocab.txt")).unwrap_err().to_string();
        assert!(error.contains("vocab.txt") && error.contains("which is read"), "{error}");
        assert!(destination.differs_from(place.path()).is_ok());

        fs::write(path.join("model.safetensors"), "weights").unwrap();
        let error = Destination::new(&path, true).unwrap_err().to_string();
        assert!(error.contains("model.safetensors") && error.contains("another output"), "{error}");
        for file in [path.join("vocab.txt"), path.join("vocab.txt/in/it")] {
            let error = Destination::new(&file, true).unwrap_err().to_string();
            assert!(error.contains("expected a folder"), "{error}");
        }
        assert!(Destination::new(&place.path().join("empty"), false).is_ok());
    }
}
