//! Names of files and folders with a special meaning, for readers and discovery alike.

/// Folders beside the labels' that hold texts without a label, as in the original files of IMDB.
pub(crate) const UNLABELLED: [&str; 2] = ["unsup", "unlabeled"];

/// True for a name that systems and tools put beside data: `.ipynb_checkpoints`, `._train.csv`, `__MACOSX`,
/// `_SUCCESS`.
pub(crate) fn is_hidden(component: &str) -> bool {
    component.starts_with(['.', '_', '~'])
}
