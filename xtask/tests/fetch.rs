//! `cargo xtask fetch` as a user runs it, against a double of the hub.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::fs;
use std::path::PathBuf;
use std::process::{Child, Command, Output, Stdio};

use embert_tests::hub_double::{COMMIT, Fault, HubDouble, Repository};
use tempfile::TempDir;

const CARD: &str = "name = \"reviews\"\ntask = \"sequence-classification\"\n[hub]\nrepository = \"owner/reviews\"\n\
                    [hub.files]\ntrain = [\"plain_text/train.parquet\"]\n[columns]\ntext = \"text\"\n";

/// The double of the hub, with a home and a card for the program.
struct Setting {
    double: HubDouble,
    folder: TempDir,
}

impl Setting {
    fn new() -> Self {
        let model = Repository::model("owner/bert")
            .file("config.json", "{}")
            .file("vocab.txt", "[PAD]\n")
            .file("model.safetensors", weights());
        let data = Repository::dataset("owner/reviews").file("plain_text/train.parquet", weights());
        let folder = TempDir::new().unwrap();
        fs::write(folder.path().join("reviews.toml"), CARD).unwrap();
        Self { double: HubDouble::start([model, data]), folder }
    }

    fn start(&self, variables: &[(&str, &str)]) -> Child {
        Command::new(env!("CARGO_BIN_EXE_xtask"))
            .args(["fetch", "--model", "owner/bert", "--dataset"])
            .arg(self.folder.path().join("reviews.toml"))
            .env_remove("HF_TOKEN")
            .env_remove("HF_HUB_CACHE")
            .env_remove("HF_HUB_OFFLINE")
            .env("HF_ENDPOINT", self.double.endpoint())
            .env("HF_HOME", self.folder.path().join("home"))
            .env("HF_HUB_DOWNLOAD_TIMEOUT", "1")
            .envs(variables.iter().copied())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap()
    }

    fn run(&self, variables: &[(&str, &str)]) -> (bool, String, String) {
        text(&self.start(variables).wait_with_output().unwrap())
    }

    fn snapshot(&self, repository: &str) -> PathBuf {
        self.folder.path().join("home/hub").join(repository).join("snapshots").join(COMMIT)
    }

    fn assert_right(&self) {
        let model = self.snapshot("models--owner--bert").join("model.safetensors");
        let data = self.snapshot("datasets--owner--reviews").join("plain_text/train.parquet");
        assert_eq!(fs::read(model).unwrap(), weights());
        assert_eq!(fs::read(data).unwrap(), weights());
    }
}

fn weights() -> Vec<u8> {
    (0..200_000_u32).flat_map(u32::to_le_bytes).collect()
}

fn text(output: &Output) -> (bool, String, String) {
    let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).unwrap();
    (output.status.success(), text(&output.stdout), text(&output.stderr))
}

#[test]
fn fetches_and_says_where() {
    let setting = Setting::new();
    let (success, stdout, stderr) = setting.run(&[]);
    assert!(success, "{stderr}");
    assert!(stdout.contains(setting.snapshot("models--owner--bert").to_str().unwrap()), "{stdout}");
    assert!(stderr.contains("model.safetensors: 781.25 KiB, verified"), "{stderr}");
    setting.assert_right();
    let (success, _, stderr) = setting.run(&[("HF_HUB_OFFLINE", "1")]);
    assert!(success && stderr.contains("model.safetensors: in the cache"), "{stderr}");
}

#[test]
fn ends_with_the_right_bytes_under_each_passing_fault() {
    for fault in [Fault::Cut { times: 2 }, Fault::Corrupt { times: 2 }, Fault::EveryNth { n: 3, status: 500 }]
    {
        let setting = Setting::new();
        setting.double.set_fault(fault);
        let (success, _, stderr) = setting.run(&[]);
        assert!(success, "{fault:?}: {stderr}");
        assert!(stderr.contains("trying again"), "{fault:?}: {stderr}");
        setting.assert_right();
    }
}

#[test]
fn a_lasting_fault_is_an_error_with_its_cause_and_no_such_file() {
    let faults = [
        (Fault::Corrupt { times: usize::MAX }, "arrived damaged"),
        (Fault::Stall, "sent nothing for 1 s"),
        (Fault::Refuse { status: 401, code: "RepoNotFound" }, "has no model `owner/bert`"),
        (Fault::Refuse { status: 403, code: "GatedRepo" }, "is gated"),
        (Fault::EveryNth { n: 1, status: 500 }, "not in the cache"),
    ];
    for (fault, message) in faults {
        let setting = Setting::new();
        setting.double.set_fault(fault);
        let (success, stdout, stderr) = setting.run(&[]);
        assert!(!success && stdout.is_empty(), "{fault:?}: {stdout}");
        assert!(stderr.contains(message), "{fault:?}: {stderr}");
        assert!(!setting.snapshot("models--owner--bert").join("model.safetensors").exists());
    }
}

#[test]
fn two_processes_at_once_both_succeed() {
    let setting = Setting::new();
    let children = [setting.start(&[]), setting.start(&[])];
    for child in children {
        let (success, _, stderr) = text(&child.wait_with_output().unwrap());
        assert!(success, "{stderr}");
    }
    setting.assert_right();
}

#[test]
fn a_data_set_is_fetched_under_the_name_that_train_takes() {
    let data = Repository::dataset("owner/reviews")
        .file("README.md", "---\nconfigs:\n- config_name: en\n  data_files: en/*.csv\n- config_name: de\n  data_files: de.csv\n---\n")
        .file("en/a.csv", "text,label\n")
        .file("de.csv", "text,label\n");
    let (double, folder) = (HubDouble::start([data]), TempDir::new().unwrap());
    let fetch = |name: &str| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_xtask"));
        command.args(["fetch", "--dataset", name]).env_remove("HF_TOKEN").env_remove("HF_HUB_CACHE");
        command.env_remove("HF_HUB_OFFLINE").env("HF_ENDPOINT", double.endpoint());
        text(&command.env("HF_HOME", folder.path()).output().unwrap())
    };
    let (success, _, stderr) = fetch("owner/reviews");
    assert!(
        !success && stderr.contains("--dataset owner/reviews:en, --dataset owner/reviews:de"),
        "{stderr}"
    );
    let (success, stdout, stderr) = fetch("owner/reviews:en");
    assert!(success && stdout.contains(COMMIT) && stderr.contains("en/a.csv as train"), "{stderr}");
    let snapshot = folder.path().join("hub/datasets--owner--reviews/snapshots").join(COMMIT);
    assert!(snapshot.join("en/a.csv").is_file() && !snapshot.join("de.csv").exists());
}
