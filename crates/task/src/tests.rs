//! Data sets for tests: small files in a folder of their own.

use std::fs;
use std::path::Path;

use embert_data::{Card, LoadOptions};

use crate::{FoundColumns, LabelOptions, Task, TaskData, find_columns};

/// A data set's folder.
pub(crate) struct DataFolder(tempfile::TempDir);

impl DataFolder {
    /// Writes files: each a name and its text.
    pub(crate) fn new(files: &[(&str, &str)]) -> Self {
        let folder = tempfile::tempdir().unwrap();
        for (name, text) in files {
            fs::write(folder.path().join(name), text).unwrap();
        }
        Self(folder)
    }

    pub(crate) fn path(&self) -> &Path {
        self.0.path()
    }

    /// The card of the folder's files with these lines of TOML.
    pub(crate) fn card(&self, lines: &str) -> Card {
        let files = Card::for_folder(self.path()).unwrap().files.unwrap();
        let files = format!(
            "train = {:?}\nvalidation = {:?}\ntest = {:?}\n",
            files.train, files.validation, files.test
        );
        let text = format!("name = \"t\"\n{lines}\n[files]\n{files}");
        Card::parse(&text, &self.path().join("card.toml")).unwrap()
    }

    /// The card with the columns that the files have.
    pub(crate) fn found<T: Task>(&self, lines: &str) -> FoundColumns {
        let options = LoadOptions::default();
        find_columns(self.card(lines), self.path(), &options, Some(T::NAME.parse().unwrap())).unwrap()
    }

    /// Loads the files as the program does; an error as its message, without the folder's path.
    pub(crate) fn load<T: Task>(&self, lines: &str) -> Result<TaskData<T>, String> {
        self.load_with(lines, false, LabelOptions::default())
    }

    /// As [`load`](Self::load), with `skip_bad_rows` and the options of labels.
    pub(crate) fn load_with<T: Task>(
        &self,
        lines: &str,
        skip_bad_rows: bool,
        label_options: LabelOptions,
    ) -> Result<TaskData<T>, String> {
        let card = self.found::<T>(lines).card;
        let options = LoadOptions { skip_bad_rows, ..LoadOptions::default() };
        let folder = format!("{}/", self.path().display());
        crate::load(&card, self.path(), &options, &label_options)
            .map_err(|error| error.to_string().replace(&folder, ""))
    }
}
