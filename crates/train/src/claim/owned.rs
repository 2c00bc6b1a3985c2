//! Which entries of a folder a run or a sweep has written; all others are the user's, and never removed.

use std::fs::{self, DirEntry};
use std::path::{Path, PathBuf};

use embert_files::{LOCK, is_temporary};
use embert_run::{CheckpointName, FolderKind, RunFiles, SweepFiles, Thresholds};

use crate::TrainError;
use crate::error::IoContext as _;

/// The name of the file in a new folder that lists the names of the folders that it replaces, as JSON.
pub(super) const REPLACES: &str = ".replaces";

/// The owner of an entry of a folder.
enum Owner {
    /// A run or a sweep has written the entry and its whole content.
    Ours,
    /// A run or a sweep has made the folder; the user may have put files into it.
    Shared(Contents),
    /// The user has made the entry.
    Foreign,
}

/// The folders of a run or a sweep, by their content.
#[derive(Clone, Copy)]
enum Contents {
    Run,
    Checkpoints,
    Model,
    /// A folder of a module of sentence-transformers.
    Module,
    Events,
    Sweep,
    Runs,
}

/// The files and folders in `folder` that neither a run nor a sweep has written, by their paths from
/// `folder`, sorted.
pub(super) fn foreign(kind: FolderKind, folder: &Path) -> Result<Vec<PathBuf>, TrainError> {
    let contents = match kind {
        FolderKind::Run => Contents::Run,
        FolderKind::Sweep => Contents::Sweep,
    };
    let mut found = Vec::new();
    walk(folder, Path::new(""), contents, &mut found)?;
    found.sort_unstable();
    Ok(found)
}

fn walk(root: &Path, below: &Path, contents: Contents, found: &mut Vec<PathBuf>) -> Result<(), TrainError> {
    let folder = root.join(below);
    for entry in fs::read_dir(&folder).at("read", &folder)? {
        let entry = entry.at("read", &folder)?;
        let path = below.join(entry.file_name());
        match owner(contents, &entry) {
            Owner::Ours => {}
            Owner::Shared(contents) => walk(root, &path, contents, found)?,
            Owner::Foreign => found.push(path),
        }
    }
    Ok(())
}

fn owner(contents: Contents, entry: &DirEntry) -> Owner {
    let name = entry.file_name();
    // A link to a folder is the user's.
    let is_folder = entry.file_type().is_ok_and(|kind| kind.is_dir());
    let Some(text) = name.to_str() else { return Owner::Foreign };
    if is_temporary(&name) {
        return Owner::Ours;
    }
    let shared = match (contents, text) {
        (Contents::Run, RunFiles::CHECKPOINTS) => Some(Contents::Checkpoints),
        (Contents::Run, RunFiles::MODEL) => Some(Contents::Model),
        (Contents::Model, "1_Pooling" | "2_Normalize") => Some(Contents::Module),
        (Contents::Run, RunFiles::TENSORBOARD) => Some(Contents::Events),
        (Contents::Sweep, SweepFiles::RUNS) => Some(Contents::Runs),
        (Contents::Runs, name) if is_run_name(name) => Some(Contents::Run),
        _ => None,
    };
    let is_ours = match contents {
        Contents::Run => RunFiles::FILES.contains(&text) || [LOCK, REPLACES].contains(&text),
        Contents::Sweep => SweepFiles::FILES.contains(&text) || [LOCK, REPLACES].contains(&text),
        Contents::Model => {
            const FILES: [&str; 11] = [
                "config.json",
                "model.safetensors",
                "tokenizer.json",
                "tokenizer_config.json",
                "special_tokens_map.json",
                "vocab.txt",
                "README.md",
                "modules.json",
                "sentence_bert_config.json",
                "config_sentence_transformers.json",
                Thresholds::FILE,
            ];
            FILES.contains(&text)
        }
        Contents::Module => text == "config.json",
        Contents::Events => text.strip_prefix("events.out.tfevents.").is_some_and(is_number),
        Contents::Checkpoints => CheckpointName::parse(text).is_some(),
        Contents::Runs => false,
    };
    match (shared, is_folder) {
        (Some(contents), true) => Owner::Shared(contents),
        (None, _) if is_ours && is_folder == matches!(contents, Contents::Checkpoints) => Owner::Ours,
        _ => Owner::Foreign,
    }
}

/// True for `point-<number>-seed-<seed>` and `point-<number>`.
fn is_run_name(name: &str) -> bool {
    let Some(rest) = name.strip_prefix("point-") else { return false };
    let (point, seed) = rest.split_once("-seed-").unwrap_or((rest, "0"));
    is_number(point) && is_number(seed)
}

fn is_number(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit())
}

/// True if a folder is empty, but for files of a run or a sweep that was stopped before it began.
pub(super) fn is_free(kind: FolderKind, folder: &Path) -> Result<bool, TrainError> {
    for entry in fs::read_dir(folder).at("read", folder)? {
        let entry = entry.at("read", folder)?;
        let name = entry.file_name();
        let is_nothing = name == LOCK
            || is_temporary(&name)
            // Older versions made this folder before they wrote the settings.
            || kind == FolderKind::Run && name == RunFiles::CHECKPOINTS && is_empty(&entry.path());
        if !is_nothing {
            return Ok(false);
        }
    }
    Ok(true)
}

fn is_empty(folder: &Path) -> bool {
    fs::read_dir(folder).is_ok_and(|mut entries| entries.next().is_none())
}
