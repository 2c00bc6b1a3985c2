//! Loading: from the files of a checkpoint's folder to the library's tokenizer.

pub(crate) mod added;
pub(crate) mod build;
pub(crate) mod class;
pub(crate) mod files;
pub(crate) mod notes;
pub(crate) mod settings;
pub(crate) mod template;
pub(crate) mod vocab;
