//! The files that a command reads, none of which its output may replace.

use std::fs;
use std::path::{Path, PathBuf};

use embert_report::Sweep;

/// What is read of a checkpoint's folder, besides all that is named `*.safetensors`.
const MODEL_FILES: [&str; 9] = [
    "README.md",
    "added_tokens.json",
    "config.json",
    "model.safetensors.index.json",
    "special_tokens_map.json",
    "tokenizer.json",
    "tokenizer.model",
    "tokenizer_config.json",
    "vocab.txt",
];

/// What is read of a run's folder.
const RUN_FILES: [&str; 5] = ["config.toml", "facts.json", "metrics.jsonl", "examples.jsonl", "scores.json"];

/// What is read of a sweep's folder.
const SWEEP_FILES: [&str; 3] = ["sweep.toml", "sweep.json", "sweep.csv"];

/// Of the model in `folder`, and of the run that it is the result of.
pub(crate) fn of_model(folder: &Path) -> Vec<PathBuf> {
    let mut files = checkpoint(folder);
    if let Ok(folder) = folder.canonicalize()
        && let Some(run) = folder.parent().filter(|run| run.join(RUN_FILES[0]).is_file())
    {
        files.extend(RUN_FILES.map(|name| run.join(name)));
    }
    files
}

/// Of runs or a sweep, with the results and checkpoints that nobody wants a page in place of.
pub(crate) fn of_report(folders: &[PathBuf]) -> Vec<PathBuf> {
    let mut files = Vec::new();
    for folder in folders {
        if Sweep::is_in(folder) {
            files.extend(SWEEP_FILES.map(|name| folder.join(name)));
            for run in folders_in(&folder.join("runs")) {
                run_and_its_models(&run, &mut files);
            }
        } else {
            run_and_its_models(folder, &mut files);
        }
    }
    files
}

fn run_and_its_models(run: &Path, files: &mut Vec<PathBuf>) {
    files.extend(RUN_FILES.map(|name| run.join(name)));
    for folder in folders_in(&run.join("checkpoints")).into_iter().chain([run.join("model")]) {
        files.extend(checkpoint(&folder));
        files.push(folder.join("state.json"));
    }
}

fn checkpoint(folder: &Path) -> Vec<PathBuf> {
    let weights = entries(folder).filter(|path| path.extension().is_some_and(|end| end == "safetensors"));
    weights.chain(MODEL_FILES.map(|name| folder.join(name))).collect()
}

fn folders_in(folder: &Path) -> Vec<PathBuf> {
    entries(folder).filter(|path| path.is_dir()).collect()
}

/// What is in a folder; nothing where it can't be read, which whoever needs it says.
fn entries(folder: &Path) -> impl Iterator<Item = PathBuf> {
    fs::read_dir(folder).into_iter().flatten().flatten().map(|entry| entry.path())
}
