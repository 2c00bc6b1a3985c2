//! `cargo xtask reference`: runs the scripts of `tests/reference/`, and compares their fixtures with those of
//! the repository.
//!
//! The same versions of the libraries add up in another order on another processor, so numbers may differ by
//! rounding; all other bytes must be equal.

use std::collections::BTreeSet;
use std::error::Error;
use std::ffi::OsStr;
use std::fmt;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use clap::Args;
use safetensors::{Dtype, SafeTensors};
use serde_json::Value;

use crate::{TaskResult, root};

/// The allowed difference between two runs of one script, relative to the number, or to the largest one of
/// its tensor: thirty units in the last place of f32. The tests' tolerances are wider.
const TOLERANCE: f64 = 4e-6;

/// The script that also loads checkpoints that embert writes.
const WRITTEN: &str = "written.py";

/// The script that also reads event files that embert writes.
const EVENT_FILES: &str = "event_files.py";

/// The script that also loads tokenizers that embert writes.
const CHECKPOINTS: &str = "checkpoints.py";

/// The script that also opens a model for questions that embert writes.
const ANSWERS: &str = "question_answering.py";

/// The script that also loads vocabularies that embert trains.
const VOCABULARY: &str = "vocabulary.py";

/// The script that also opens a model for masked words that embert writes.
const MASKED: &str = "masked_lm.py";

/// The script that also opens folders of sentence-transformers that embert writes.
const SENTENCES: &str = "sentences.py";

/// Fixtures that an older version of the program writes: `tests/reference/end_to_end/golden.py`.
const GOLDEN: &str = "tests/fixtures/golden";

/// Fixtures that are made from a folder: the environment variable that names it, what is in it, and a part of
/// the fixtures' paths. Without the variable these fixtures are left out.
const FOLDERS: [(&str, &str, &str); 4] = [
    ("EMBERT_MINILM", "all-MiniLM-L6-v2", "minilm"),
    ("EMBERT_QA_EXAMPLE", "examples/pytorch/question-answering in transformers' repository", "answer_spans"),
    ("EMBERT_TRANSFORMERS_5_2", "transformers 5.2, the last with SQuAD's metrics", "answers.json"),
    ("EMBERT_TRANSFORMERS_5_2", "transformers 5.2, the last with its pipeline", "question-pipeline"),
];

/// Make the fixtures of the tests anew with transformers, PyTorch and scikit-learn, and compare.
#[derive(Args)]
pub(crate) struct Arguments {
    /// A Python that has what tests/reference/requirements.txt names
    #[arg(long, default_value = "python3")]
    python: PathBuf,
    /// Run these scripts only, as in `model optim`
    #[arg(value_name = "NAME")]
    scripts: Vec<String>,
}

pub(crate) fn run(arguments: &Arguments) -> TaskResult {
    let scripts = scripts(&arguments.scripts)?;
    for (variable, what, _) in left_out() {
        println!("{variable} does not name the folder of {what}: what is made from it is left out");
    }
    let made = tempfile::tempdir()?;
    let mut differences = 0;
    for script in &scripts {
        println!("== {}", script.display());
        let before = files_below(made.path())?;
        succeed(Command::new(&arguments.python).arg(script).arg(made.path()))?;
        for file in files_below(made.path())?.difference(&before) {
            let comparison = compare(&root().join(file), &made.path().join(file))?;
            println!("{:60} {comparison}", file.display());
            differences += usize::from(!comparison.is_allowed());
        }
    }
    if arguments.scripts.is_empty() {
        differences += orphans(&files_below(made.path())?)?;
    }
    if scripts.iter().any(|script| script.ends_with(WRITTEN)) {
        load_with_transformers(&arguments.python, made.path())?;
    }
    if scripts.iter().any(|script| script.ends_with(EVENT_FILES)) {
        read_with_tensorboard(&arguments.python, made.path())?;
    }
    if scripts.iter().any(|script| script.ends_with(CHECKPOINTS)) {
        load_tokenizers(&arguments.python, made.path())?;
    }
    if scripts.iter().any(|script| script.ends_with(VOCABULARY)) {
        load_vocabularies(&arguments.python, made.path())?;
    }
    if scripts.iter().any(|script| script.ends_with(ANSWERS)) {
        load_answers(&arguments.python, made.path())?;
    }
    if scripts.iter().any(|script| script.ends_with(MASKED)) {
        load_masked(&arguments.python, made.path())?;
    }
    if scripts.iter().any(|script| script.ends_with(SENTENCES)) {
        load_sentences(&arguments.python, made.path())?;
    }
    if differences > 0 {
        return Err(format!("{differences} fixtures are not what the scripts make").into());
    }
    Ok(())
}

/// Lets transformers load the result of the run on the sample, in each dtype, and label the test split with
/// it.
fn load_with_transformers(python: &Path, folder: &Path) -> TaskResult {
    for dtype in ["f32", "f16", "bf16"] {
        println!("== a result in {dtype}, in transformers");
        let (run, predictions) = (folder.join(format!("run-{dtype}")), folder.join(format!("{dtype}.jsonl")));
        let model = run.join("model");
        let words = |text: &'static str| text.split(' ').map(OsStr::new);
        let train: Vec<&OsStr> = words("train --config configs/sample.toml --save-dtype")
            .chain([OsStr::new(dtype), OsStr::new("--output"), run.as_os_str()])
            .collect();
        program(&train)?;
        let predict: Vec<&OsStr> = words("predict --input datasets/sample/test.jsonl --model")
            .chain([model.as_os_str(), OsStr::new("--output"), predictions.as_os_str()])
            .collect();
        program(&predict)?;
        let script = root().join("tests/reference").join(WRITTEN);
        succeed(Command::new(python).arg(script).arg("--check").args([&model, &predictions]))?;
    }
    Ok(())
}

/// Lets TensorBoard read the event files of a run on the sample, and compares them with the run's other
/// files.
fn read_with_tensorboard(python: &Path, folder: &Path) -> TaskResult {
    println!("== event files, in TensorBoard");
    let run = folder.join("run-tensorboard");
    let train = ["train", "--config", "configs/sample.toml", "--log", "tensorboard", "--output"];
    program(&train.map(OsStr::new).into_iter().chain([run.as_os_str()]).collect::<Vec<_>>())?;
    let script = root().join("tests/reference").join(EVENT_FILES);
    succeed(Command::new(python).arg(script).arg("--check").arg(run))
}

/// Lets transformers load the tokenizers that embert saves from the folders of `checkpoints.py`.
fn load_tokenizers(python: &Path, folder: &Path) -> TaskResult {
    println!("== saved tokenizers, in transformers");
    let test = ["embert-tokenize", "--test=it", "saved_folders"];
    check_saved(python, test, ("EMBERT_SAVED_TOKENIZERS", &folder.join("saved-tokenizers")), CHECKPOINTS)
}

/// Lets transformers load the vocabularies that embert trains on the texts of `vocabulary.py`.
fn load_vocabularies(python: &Path, folder: &Path) -> TaskResult {
    println!("== trained vocabularies, in transformers");
    let test = ["embert-tokenize", "--test=it", "saved_vocabularies"];
    check_saved(python, test, ("EMBERT_SAVED_VOCABULARIES", &folder.join("saved-vocabularies")), VOCABULARY)
}

/// Lets transformers open the model for questions that embert saves from the checkpoint of
/// `question_answering.py`.
fn load_answers(python: &Path, folder: &Path) -> TaskResult {
    println!("== a saved model for questions, in transformers");
    let test = ["embert-model", "--test=it", "a_saved_folder"];
    check_saved(python, test, ("EMBERT_SAVED_ANSWERS", &folder.join("saved-answers")), ANSWERS)
}

/// Lets transformers open the model for masked words that embert saves from the checkpoint of `masked_lm.py`.
fn load_masked(python: &Path, folder: &Path) -> TaskResult {
    println!("== a saved model for masked words, in transformers");
    let test = ["embert-model", "--test=it", "masked_lm::a_saved_folder"];
    check_saved(python, test, ("EMBERT_SAVED_MASKED", &folder.join("saved-masked")), MASKED)
}

/// Lets sentence-transformers open the folders that embert saves from those of `sentences.py`.
fn load_sentences(python: &Path, folder: &Path) -> TaskResult {
    println!("== saved folders, in sentence-transformers");
    let test = ["embert-predict", "--lib", "saved_folders"];
    check_saved(python, test, ("EMBERT_SAVED_SENTENCES", &folder.join("saved-sentences")), SENTENCES)
}

/// Runs the test of a package that saves what the script checks, in the folder that the environment names.
fn check_saved(
    python: &Path,
    [package, target, test]: [&str; 3],
    (variable, saved): (&str, &Path),
    script: &str,
) -> TaskResult {
    let mut cargo = Command::new(env!("CARGO"));
    cargo.args(["test", "--quiet", "--package", package, target, test]);
    succeed(cargo.env(variable, saved))?;
    let script = root().join("tests/reference").join(script);
    succeed(Command::new(python).arg(script).arg("--check").arg(saved))
}

/// Runs `bert-train`.
fn program(arguments: &[&OsStr]) -> TaskResult {
    let mut cargo = Command::new(env!("CARGO"));
    succeed(cargo.args(["run", "--quiet", "--package", "bert-train", "--"]).args(arguments))
}

/// Runs a command in the repository's root.
fn succeed(command: &mut Command) -> TaskResult {
    let status = command.current_dir(root()).stdin(Stdio::null()).status();
    let status =
        status.map_err(|error| format!("can't start {}: {error}", command.get_program().display()))?;
    if status.success() { Ok(()) } else { Err(format!("{command:?} failed: {status}").into()) }
}

/// The scripts with these names, or all of them.
fn scripts(names: &[String]) -> Result<Vec<PathBuf>, Box<dyn Error>> {
    let folder = root().join("tests/reference");
    let mut all = Vec::new();
    for entry in fs::read_dir(&folder)? {
        let path = entry?.path();
        let name = path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
        if path.extension().is_some_and(|extension| extension == "py") && name != "common" {
            all.push((name, path));
        }
    }
    all.sort();
    if let Some(unknown) = names.iter().find(|name| all.iter().all(|(found, _)| found != *name)) {
        return Err(format!("there is no script {unknown}.py in {}", folder.display()).into());
    }
    let wanted = all.into_iter().filter(|(name, _)| names.is_empty() || names.contains(name));
    Ok(wanted.map(|(_, path)| path).collect())
}

/// Counts the fixtures in the repository that no script makes, which nobody could make again.
fn orphans(made: &BTreeSet<PathBuf>) -> Result<usize, Box<dyn Error>> {
    let mut count = 0;
    for folder in fixture_folders()? {
        for file in files_below(&folder)? {
            let file = folder.join(file);
            let file = file.strip_prefix(root())?;
            let name = file.to_string_lossy();
            let is_left_out = left_out().any(|(_, _, part)| name.contains(part));
            if !made.contains(file) && !is_left_out && !file.starts_with(GOLDEN) {
                println!("{:60} is made by no script", file.display());
                count += 1;
            }
        }
    }
    Ok(count)
}

/// The [`FOLDERS`] that no variable names.
fn left_out() -> impl Iterator<Item = (&'static str, &'static str, &'static str)> {
    FOLDERS.into_iter().filter(|(variable, ..)| std::env::var_os(variable).is_none())
}

fn fixture_folders() -> Result<Vec<PathBuf>, Box<dyn Error>> {
    let mut folders = vec![root().join("tests/fixtures")];
    for entry in fs::read_dir(root().join("crates"))? {
        folders.push(entry?.path().join("tests/fixtures"));
    }
    folders.retain(|folder| folder.is_dir());
    Ok(folders)
}

/// All files below a folder, relative to it.
fn files_below(folder: &Path) -> Result<BTreeSet<PathBuf>, Box<dyn Error>> {
    let mut found = BTreeSet::new();
    let mut open = vec![folder.to_owned()];
    while let Some(next) = open.pop() {
        for entry in fs::read_dir(next)? {
            let path = entry?.path();
            if path.is_dir() {
                open.push(path);
            } else {
                found.insert(path.strip_prefix(folder)?.to_owned());
            }
        }
    }
    Ok(found)
}

/// How a fixture compares with the newly made one.
#[derive(Debug, PartialEq)]
enum Comparison {
    Same,
    /// The largest relative difference of two numbers.
    Rounding(f64),
    Different(String),
}

impl Comparison {
    fn is_allowed(&self) -> bool {
        match self {
            Self::Same => true,
            Self::Rounding(difference) => *difference <= TOLERANCE,
            Self::Different(_) => false,
        }
    }
}

impl fmt::Display for Comparison {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Same => f.write_str("the same bytes"),
            Self::Rounding(difference) if self.is_allowed() => write!(f, "the same but for {difference:.1e}"),
            Self::Rounding(difference) => write!(f, "DIFFERS by {difference:.1e}, more than {TOLERANCE:.0e}"),
            Self::Different(what) => write!(f, "DIFFERS: {what}"),
        }
    }
}

fn compare(ours: &Path, made: &Path) -> Result<Comparison, Box<dyn Error>> {
    if !ours.is_file() {
        return Ok(Comparison::Different("it is not in the repository".into()));
    }
    let (ours_bytes, made_bytes) = (fs::read(ours)?, fs::read(made)?);
    if ours_bytes == made_bytes {
        return Ok(Comparison::Same);
    }
    let difference = match ours.extension().and_then(|extension| extension.to_str()) {
        Some("json") => {
            compare_json(&serde_json::from_slice(&ours_bytes)?, &serde_json::from_slice(&made_bytes)?, "")
        }
        Some("safetensors") => compare_tensors(&ours_bytes, &made_bytes)?,
        _ => Err("it has other bytes".to_owned()),
    };
    Ok(difference.map_or_else(Comparison::Different, Comparison::Rounding))
}

/// The largest difference of two numbers in the same place, or another difference.
fn compare_json(ours: &Value, made: &Value, place: &str) -> Result<f64, String> {
    match (ours, made) {
        (Value::Object(ours), Value::Object(made)) if ours.len() == made.len() => {
            ours.iter().try_fold(0.0_f64, |largest, (key, value)| {
                let place = format!("{place}/{key}");
                let other = made.get(key).ok_or_else(|| format!("{place} is gone"))?;
                Ok(largest.max(compare_json(value, other, &place)?))
            })
        }
        (Value::Array(ours), Value::Array(made)) if ours.len() == made.len() => {
            ours.iter().zip(made).enumerate().try_fold(0.0_f64, |largest, (index, (ours, made))| {
                Ok(largest.max(compare_json(ours, made, &format!("{place}/{index}"))?))
            })
        }
        (Value::Number(ours), Value::Number(made)) if ours.is_f64() && made.is_f64() => {
            let (ours, made) = (ours.as_f64().unwrap_or(f64::NAN), made.as_f64().unwrap_or(f64::NAN));
            Ok(relative(ours, made, ours.abs().max(made.abs())))
        }
        _ if ours == made => Ok(0.0),
        _ => Err(format!("{place} was {ours}, is {made}")),
    }
}

fn compare_tensors(ours: &[u8], made: &[u8]) -> Result<Result<f64, String>, Box<dyn Error>> {
    let (ours, made) = (SafeTensors::deserialize(ours)?, SafeTensors::deserialize(made)?);
    let names = |file: &SafeTensors<'_>| file.names().into_iter().map(str::to_owned).collect::<BTreeSet<_>>();
    if names(&ours) != names(&made) {
        return Ok(Err("it has tensors of other names".into()));
    }
    let mut largest = 0.0_f64;
    for (name, ours) in ours.iter() {
        let made = made.tensor(name)?;
        if (ours.dtype(), ours.shape()) != (made.dtype(), made.shape()) {
            return Ok(Err(format!("{name} has another type or shape")));
        }
        if ours.data() == made.data() {
            continue;
        }
        if ours.dtype() != Dtype::F32 {
            return Ok(Err(format!("{name} has other values")));
        }
        let floats = |bytes: &[u8]| -> Vec<f64> {
            bytes.as_chunks().0.iter().map(|value| f64::from(f32::from_le_bytes(*value))).collect()
        };
        let (ours, made) = (floats(ours.data()), floats(made.data()));
        let scale = ours.iter().chain(&made).fold(0.0_f64, |scale, value| scale.max(value.abs()));
        largest =
            ours.iter().zip(&made).fold(largest, |largest, (a, b)| largest.max(relative(*a, *b, scale)));
    }
    Ok(Ok(largest))
}

fn relative(a: f64, b: f64, scale: f64) -> f64 {
    if a.to_bits() == b.to_bits() || scale == 0.0 { 0.0 } else { (a - b).abs() / scale }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn numbers_may_differ_by_rounding_and_nothing_else_may() {
        let ours = json!({"name": "a", "steps": [1, {"loss": 0.5}]});
        let same_but = |path: &str, value: Value| {
            let mut made = ours.clone();
            *made.pointer_mut(path).unwrap() = value;
            compare_json(&ours, &made, "").map_or_else(Comparison::Different, Comparison::Rounding)
        };
        assert!(same_but("/steps/1/loss", json!(0.500_000_1)).is_allowed());
        assert!(!same_but("/steps/1/loss", json!(0.501)).is_allowed());
        assert!(!same_but("/steps/0", json!(2)).is_allowed());
        assert!(!same_but("/name", json!("b")).is_allowed());
        assert!(!same_but("/steps", json!([1])).is_allowed());
        let Comparison::Different(what) = same_but("/steps/1", json!({"losses": 0.5})) else { panic!() };
        assert!(what.contains("/steps/1/loss is gone"), "{what}");
    }

    #[test]
    fn tensors_are_compared_by_name_and_to_their_largest_number() {
        let file = |name: &str, values: [f32; 2]| {
            let bytes: Vec<u8> = values.iter().flat_map(|value| value.to_le_bytes()).collect();
            let view = safetensors::tensor::TensorView::new(Dtype::F32, vec![2], &bytes).unwrap();
            safetensors::serialize([(name, view)], None).unwrap()
        };
        let compared = |made: &[u8]| compare_tensors(&file("w", [100.0, 1e-6]), made).unwrap();
        assert!(compared(&file("w", [100.0, 2e-6])).unwrap() < 1e-7);
        assert!(compared(&file("w", [101.0, 1e-6])).unwrap() > TOLERANCE);
        assert!(compared(&file("v", [100.0, 1e-6])).is_err());
    }
}
