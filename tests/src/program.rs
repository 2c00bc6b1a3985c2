//! Runs the `bert-train` binary as a user does.

use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::sync::OnceLock;

use serde_json::Value;

/// A command that runs the built program. The program is built on the first call, since Cargo does not build
/// a binary for another package's tests.
///
/// # Panics
/// The build fails.
pub fn bert_train() -> Command {
    let mut command = Command::new(binary("bert-train"));
    // Variables that a user has set must not reach into the tests.
    for variable in ["HF_HOME", "HF_HUB_CACHE", "HF_TOKEN", "HF_HUB_OFFLINE", "HF_ENDPOINT", "RUST_LOG"] {
        command.env_remove(variable);
    }
    command.current_dir(root()).stdin(Stdio::null());
    command
}

/// The path of a binary of the workspace, built with the profile of these tests.
///
/// # Panics
/// The build fails.
pub fn binary(package: &str) -> PathBuf {
    static BUILT: OnceLock<std::sync::Mutex<Vec<String>>> = OnceLock::new();
    let mut built =
        BUILT.get_or_init(Default::default).lock().unwrap_or_else(std::sync::PoisonError::into_inner);
    let test = std::env::current_exe().expect("the test knows its own path");
    let folder = test.ancestors().nth(2).expect("target/<profile>/deps/<test>").to_owned();
    if !built.iter().any(|name| name == package) {
        let release = folder.file_name().is_some_and(|name| name == "release");
        let target = folder.parent().expect("a profile's folder is in the target folder");
        let status = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()))
            .args(["build", "--quiet", "--package", package, "--target-dir"])
            .arg(target)
            .args(release.then_some("--release"))
            .current_dir(root())
            .status()
            .expect("cargo runs");
        assert!(status.success(), "building {package}: {status}");
        built.push(package.to_owned());
    }
    folder.join(package)
}

/// The repository's root: that of the checkout whose tests Cargo runs, since one target folder may serve
/// several.
///
/// # Panics
/// There is no `Cargo.lock` above the package.
pub fn root() -> PathBuf {
    let package = std::env::var_os("CARGO_MANIFEST_DIR").unwrap_or_else(|| env!("CARGO_MANIFEST_DIR").into());
    let root = Path::new(&package).ancestors().find(|folder| folder.join("Cargo.lock").is_file());
    root.expect("a package is below the workspace's root").to_owned()
}

/// Runs a command to the end and demands success; returns the standard output. A failure's message has the
/// standard error.
///
/// # Panics
/// The program can't be started, or fails.
pub fn succeed(command: &mut Command) -> String {
    let output = command.output().expect("the program starts");
    assert!(output.status.success(), "{command:?}: {}\n{}", output.status, stderr(&output));
    String::from_utf8(output.stdout).expect("text on the standard output")
}

/// Runs a command to the end and demands success; returns the standard error.
///
/// # Panics
/// The program can't be started, or fails.
pub fn said(command: &mut Command) -> String {
    let output = command.output().expect("the program starts");
    let said = stderr(&output);
    assert!(output.status.success(), "{command:?}\n{said}");
    said
}

/// Asserts that a text has each of these parts.
///
/// # Panics
/// A part is missing.
#[track_caller]
pub fn assert_says(said: &str, parts: &[&str]) {
    for part in parts {
        assert!(said.contains(part), "\"{part}\" is not said:\n{said}");
    }
}

/// Runs a command to the end and demands a failure with exit status 1 and no panic; returns the standard
/// error.
///
/// # Panics
/// The program can't be started, succeeds, or ends in another way.
pub fn fail(command: &mut Command) -> String {
    let output = command.output().expect("the program starts");
    let text = stderr(&output);
    assert_eq!(output.status.code(), Some(1), "{command:?}\n{text}");
    assert!(!text.contains("panicked"), "{command:?}\n{text}");
    assert!(text.contains("error: "), "{command:?}\n{text}");
    text
}

/// The standard error as text.
pub fn stderr(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

/// The objects of a JSON Lines file.
///
/// # Panics
/// The file can't be read, or a line isn't JSON.
pub fn json_lines(path: &Path) -> Vec<Value> {
    std::fs::read_to_string(path)
        .unwrap_or_else(|error| panic!("{}: {error}", path.display()))
        .lines()
        .map(|line| serde_json::from_str(line).unwrap_or_else(|error| panic!("{line}: {error}")))
        .collect()
}

/// A small run on the sample: 64 examples, 2 epochs of 8 steps, from random weights.
pub fn small_run(output: &Path, seed: u64) -> Command {
    let mut command = bert_train();
    command
        .args(["train", "--config", "configs/sample.toml", "--train-samples", "64", "--eval-samples", "32"])
        .args(["--batch-size", "8", "--epochs", "2", "--set", "save_every=3", "--set", "evaluate_test=false"])
        .args(["--seed", &seed.to_string()])
        .arg("--output")
        .arg(output);
    command
}
