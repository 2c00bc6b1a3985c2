//! The files that a command reads; its output may replace none of them.

use std::fs;
use std::path::{Path, PathBuf};

use embert_report::Sweep;
use embert_run::{RunFiles, SweepFiles, Thresholds};

/// The files that are read of a checkpoint's folder, besides `*.safetensors`.
const MODEL_FILES: [&str; 16] = [
    "1_Pooling/config.json",
    "2_Normalize/config.json",
    "README.md",
    "adapter_config.json",
    "added_tokens.json",
    "config.json",
    "config_sentence_transformers.json",
    "model.safetensors.index.json",
    "modules.json",
    "sentence_bert_config.json",
    "special_tokens_map.json",
    Thresholds::FILE,
    "tokenizer.json",
    "tokenizer.model",
    "tokenizer_config.json",
    "vocab.txt",
];

/// The files of the model in `folder`, and of the run that the model is the result of.
pub(crate) fn of_model(folder: &Path) -> Vec<PathBuf> {
    let mut files = checkpoint(folder);
    if let Ok(folder) = folder.canonicalize()
        && let Some(run) = folder.parent().map(RunFiles::new).filter(|run| run.config().is_file())
    {
        files.extend(own(&run));
    }
    files
}

/// The files of runs or a sweep, with the results and checkpoints, which a page must not replace.
pub(crate) fn of_report(folders: &[PathBuf]) -> Vec<PathBuf> {
    let mut files = Vec::new();
    for folder in folders {
        if Sweep::is_in(folder) {
            let sweep = SweepFiles::new(folder);
            files.extend(files_but_page(SweepFiles::FILES, folder));
            for run in folders_in(&sweep.runs()) {
                run_and_its_models(&RunFiles::new(run), &mut files);
            }
        } else {
            run_and_its_models(&RunFiles::new(folder), &mut files);
        }
    }
    files
}

fn run_and_its_models(run: &RunFiles, files: &mut Vec<PathBuf>) {
    files.extend(own(run));
    for folder in folders_in(&run.checkpoints()).into_iter().chain([run.model()]) {
        files.extend(checkpoint(&folder));
        files.push(folder.join("state.json"));
    }
}

/// The files of a run, but for its page.
fn own(run: &RunFiles) -> impl Iterator<Item = PathBuf> {
    files_but_page(RunFiles::FILES, run.folder())
}

fn files_but_page(names: &[&str], folder: &Path) -> impl Iterator<Item = PathBuf> {
    names.iter().filter(|name| **name != RunFiles::REPORT).map(move |name| folder.join(name))
}

fn checkpoint(folder: &Path) -> Vec<PathBuf> {
    let weights = entries(folder).filter(|path| path.extension().is_some_and(|end| end == "safetensors"));
    weights.chain(MODEL_FILES.map(|name| folder.join(name))).collect()
}

fn folders_in(folder: &Path) -> Vec<PathBuf> {
    entries(folder).filter(|path| path.is_dir()).collect()
}

/// The entries of a folder; none if it can't be read, which the command that needs it reports.
fn entries(folder: &Path) -> impl Iterator<Item = PathBuf> {
    fs::read_dir(folder).into_iter().flatten().flatten().map(|entry| entry.path())
}
