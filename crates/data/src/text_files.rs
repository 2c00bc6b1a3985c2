//! [`TextFiles`]: what files of plain text hold.

use crate::task_name::TaskName;

/// What files of plain text (`.txt`) hold, as far as the task of the data set tells.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum TextFiles {
    /// Texts without labels: one a line, or one a file in the folder of a label.
    #[default]
    Texts,
    /// CoNLL columns. So do tab-separated files: no table of them has lists of words.
    Conll,
}

impl TextFiles {
    /// What they hold in a data set for `task`.
    pub(crate) fn of(task: Option<TaskName>) -> Self {
        if task == Some(TaskName::TokenClassification) { Self::Conll } else { Self::Texts }
    }
}
