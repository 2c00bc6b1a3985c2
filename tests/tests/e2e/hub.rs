//! `train --dataset` and `--model` against a double of the hub.

use std::fs;
use std::path::Path;
use std::process::Command;

use embert_tests::hub_double::{COMMIT, HubDouble, OTHER_COMMIT, Repository};
use embert_tests::program::{bert_train, fail, root, stderr};
use tempfile::TempDir;

/// A double, a cache and a working folder.
struct Setting {
    double: HubDouble,
    folder: TempDir,
}

impl Setting {
    fn new(repositories: impl IntoIterator<Item = Repository>) -> Self {
        Self { double: HubDouble::start(repositories), folder: TempDir::new().unwrap() }
    }

    /// `train` for a few seconds, in the working folder.
    fn train(&self, dataset: &str, output: &str) -> Command {
        let mut command = bert_train();
        command
            .current_dir(self.folder.path())
            .env("HF_ENDPOINT", self.double.endpoint())
            .env("HF_HOME", self.folder.path().join("home"))
            .args(["train", "--epochs", "1", "--max-length", "64", "--batch-size", "16"])
            .args(["--dataset", dataset, "--output", output]);
        command
    }

    fn run(&self, dataset: &str, output: &str) -> Command {
        let mut command = self.train(dataset, output);
        command.args(["--set", "from_scratch=true", "--model"]).arg(root().join("datasets/sample/bert"));
        command
    }

    /// Runs `train` to the end; returns the standard error.
    #[track_caller]
    fn succeed(&self, dataset: &str, output: &str) -> String {
        let output = self.run(dataset, output).output().unwrap();
        assert!(output.status.success(), "{}", stderr(&output));
        stderr(&output)
    }

    /// The paths of the files that were downloaded, from the revision on.
    fn downloaded(&self) -> Vec<String> {
        let seen = self.double.seen();
        let content = seen.iter().filter(|seen| seen.method == "GET");
        let mut paths: Vec<String> =
            content.filter_map(|seen| Some(seen.path.split_once("/resolve/")?.1.to_owned())).collect();
        paths.sort();
        paths
    }
}

/// Rows of the sample's training split, as JSON Lines.
fn rows(from: usize, count: usize) -> String {
    let all = fs::read_to_string(root().join("datasets/sample/train.jsonl")).unwrap();
    all.split_inclusive('\n').skip(from).take(count).collect()
}

fn reviews() -> Repository {
    Repository::dataset("me/reviews")
}

#[test]
fn a_repository_is_trained_on_by_its_name_and_then_without_the_hub() {
    let setting = Setting::new([reviews()
        .file("README.md", "---\nlicense: cc-by-4.0\n---\n# Reviews\n")
        .file("data/train-00000-of-00002.jsonl", rows(0, 30))
        .file("data/train-00001-of-00002.jsonl", rows(30, 30))
        .file("data/test-00000-of-00001.jsonl", rows(60, 20))
        .file("notes.csv", "text\n")]);
    let said = setting.succeed("me/reviews", "one");
    assert!(said.contains("60 train") && said.contains("20 test"), "{said}");
    assert!(
        said.contains("data/train-00000-of-00002.jsonl, data/train-00001-of-00002.jsonl as train"),
        "{said}"
    );
    assert!(said.contains("passed over notes.csv"), "{said}");
    let card = fs::read_to_string(setting.folder.path().join("one/model/README.md")).unwrap();
    assert!(card.contains("me/reviews") && card.contains("cc-by-4.0"), "{card}");
    let config = fs::read_to_string(setting.folder.path().join("one/config.toml")).unwrap();
    assert!(config.contains("dataset = \"me/reviews\""), "{config}");

    setting.double.forget();
    let mut offline = setting.run("me/reviews", "two");
    let output = offline.env("HF_HUB_OFFLINE", "1").output().unwrap();
    assert!(output.status.success(), "{}", stderr(&output));
    assert!(setting.double.seen().is_empty(), "{:?}", setting.double.seen());
    let model =
        |run: &str| fs::read(setting.folder.path().join(run).join("model/model.safetensors")).unwrap();
    assert_eq!(model("one"), model("two"));

    // A repository that is not in the cache is refused with the command that fetches it.
    let message = fail(setting.run("me/others", "three").env("HF_HUB_OFFLINE", "1"));
    assert!(message.contains("cargo xtask fetch --dataset me/others"), "{message}");
    assert!(!setting.folder.path().join("three").exists());
}

#[test]
fn one_of_several_data_sets_is_named_and_only_its_files_are_fetched() {
    let readme = "---\nconfigs:\n- config_name: short\n  data_files:\n  - split: train\n    path: s/*.jsonl\n\
                  - config_name: long\n  data_files:\n  - split: train\n    path: l/a.jsonl\n  - split: dev\n    path: l/b.jsonl\n---\n";
    let setting = Setting::new([reviews()
        .file("README.md", readme)
        .file("s/x.jsonl", rows(0, 20))
        .file("l/a.jsonl", rows(0, 40))
        .file("l/b.jsonl", rows(40, 20))]);
    let message = fail(&mut setting.run("me/reviews", "none"));
    assert!(message.contains("--dataset me/reviews:short, --dataset me/reviews:long"), "{message}");
    let message = fail(&mut setting.run("me/reviews:middle", "none"));
    assert!(message.contains("middle") && message.contains("short, long"), "{message}");
    let said = setting.succeed("me/reviews:long", "long");
    assert!(said.contains("40 train") && said.contains("20 validation"), "{said}");
    let expected = ["README.md", "l/a.jsonl", "l/b.jsonl"].map(|file| format!("{COMMIT}/{file}"));
    let mut downloaded = setting.downloaded();
    downloaded.dedup();
    assert_eq!(downloaded, expected);
}

#[test]
fn a_revision_is_read_as_the_hub_lays_it_out() {
    let setting = Setting::new([reviews()
        .file("reviews.py", "raise SystemExit")
        .revision("refs/convert/parquet")
        .file("default/train/0000.jsonl", rows(0, 30))
        .file("default/train/0001.jsonl", rows(30, 10))
        .file("default/validation/0000.jsonl", rows(40, 20))]);
    let said = setting.succeed("me/reviews@refs/convert/parquet", "run");
    assert!(said.contains("40 train") && said.contains("20 validation"), "{said}");
    assert!(
        setting.downloaded().iter().all(|path| path.starts_with(OTHER_COMMIT)),
        "{:?}",
        setting.downloaded()
    );
    let message = fail(&mut setting.run("me/reviews", "none"));
    assert!(message.contains("me/reviews") && message.contains("no file that looks like data"), "{message}");
    let message = fail(&mut setting.run("me/reviews@v7", "none"));
    assert!(message.contains("no revision `v7`"), "{message}");
    // A commit that is in the cache is not requested again.
    setting.double.forget();
    let pinned = format!("me/reviews@{OTHER_COMMIT}");
    let said = setting.succeed(&pinned, "pinned");
    assert!(
        said.contains("40 train") && setting.double.seen().is_empty(),
        "{said}{:?}",
        setting.double.seen()
    );
}

#[test]
fn patterns_of_a_card_match_files_of_the_hub() {
    let setting = Setting::new([reviews()
        .file("data/train-b.jsonl", rows(20, 20))
        .file("data/train-a.jsonl", rows(0, 20))
        .file("data/other.jsonl", rows(40, 20))]);
    let head = "name = \"r\"\ntask = \"sequence-classification\"\n[hub]\nrepository = \"me/reviews\"\n";
    let card = setting.folder.path().join("card.toml");
    fs::write(&card, format!("{head}[hub.files]\ntrain = [\"data/train-*.jsonl\"]\n")).unwrap();
    let said = setting.succeed("card.toml", "run");
    assert!(
        said.contains("40 train") && said.contains("data/train-a.jsonl, data/train-b.jsonl as train"),
        "{said}"
    );
    fs::write(&card, format!("{head}[hub.files]\ntrain = [\"data/test-*.jsonl\"]\n")).unwrap();
    let message = fail(&mut setting.run("card.toml", "none"));
    assert!(message.contains("data/test-*.jsonl") && message.contains("data/other.jsonl"), "{message}");
    // A card may leave the choice of files to the repository.
    fs::write(&card, format!("{head}[columns]\ntext = \"text\"\n")).unwrap();
    let message = fail(&mut setting.run("card.toml", "none"));
    assert!(message.contains("two readings of the train split"), "{message}");
}

#[test]
fn a_repository_of_which_a_shard_is_missing_is_refused_before_anything_is_fetched() {
    let setting = Setting::new([reviews()
        .file("data/train-00000-of-00003.jsonl", rows(0, 20))
        .file("data/train-00002-of-00003.jsonl", rows(20, 20))]);
    let message = fail(&mut setting.run("me/reviews", "run"));
    assert!(
        message.contains("00001 is missing") && message.contains("data/train-00002-of-00003.jsonl"),
        "{message}"
    );
    assert_eq!(setting.downloaded(), Vec::<String>::new());
    assert!(!setting.folder.path().join("run").exists());
}

/// Files of Python's hub client, which keeps no list of the repository.
#[test]
fn what_another_program_left_in_the_cache_is_taken() {
    let setting = Setting::new([]);
    let repository = setting.folder.path().join("home/hub/datasets--me--reviews");
    let file = repository.join("snapshots").join(COMMIT).join("data/train-00000-of-00001.jsonl");
    for (path, text) in [(&file, rows(0, 40).as_str()), (&repository.join("refs/main"), COMMIT)] {
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }
    let output = setting.run("me/reviews", "run").env("HF_HUB_OFFLINE", "1").output().unwrap();
    let said = stderr(&output);
    assert!(output.status.success() && said.contains("40 train") && said.contains("in the cache"), "{said}");
    let card = setting.folder.path().join("card.toml");
    let text = "name = \"r\"\ntask = \"sequence-classification\"\n[hub]\nrepository = \"me/reviews\"\n[hub.files]\ntrain = [\"data/x.jsonl\"]\n";
    fs::write(card, text).unwrap();
    let message = fail(setting.run("card.toml", "none").env("HF_HUB_OFFLINE", "1"));
    assert!(message.contains("data/x.jsonl") && message.contains("not in the cache"), "{message}");
}

#[test]
fn the_licence_of_the_base_model_reaches_the_result() {
    let mut model = Repository::model("me/tiny").file("README.md", "---\nlicense: apache-2.0\n---\n# tiny\n");
    for file in ["config.json", "vocab.txt", "tokenizer_config.json"] {
        model = model.file(file, fs::read(root().join("datasets/sample/bert").join(file)).unwrap());
    }
    let weights = crate::predict::model().join("model.safetensors");
    let setting = Setting::new([model.file("model.safetensors", fs::read(weights).unwrap())]);
    let sample = root().join("datasets/sample/train.jsonl");
    let mut command = setting.train(sample.to_str().unwrap(), "run");
    let output = command.args(["--model", "me/tiny", "--train-samples", "32"]).output().unwrap();
    assert!(output.status.success(), "{}", stderr(&output));
    let card = fs::read_to_string(setting.folder.path().join("run/model/README.md")).unwrap();
    assert!(card.contains("license: apache-2.0") && card.contains("base_model: me/tiny"), "{card}");
}

#[test]
fn a_run_means_the_same_files_from_every_working_folder() {
    let setting = Setting::new([]);
    let write = |folder: &str, from| {
        let folder = setting.folder.path().join(folder);
        fs::create_dir_all(&folder).unwrap();
        fs::write(folder.join("reviews.jsonl"), rows(from, 20)).unwrap();
        folder
    };
    let (one, other) = (write("one", 0), write("other", 30));
    let mut command = setting.run("reviews.jsonl", "run");
    let output = command.current_dir(&one).output().unwrap();
    assert!(output.status.success(), "{}", stderr(&output));
    let eval = |from: &Path| {
        let output = bert_train()
            .current_dir(from)
            .args(["eval", "--split", "train", "--json", "--model"])
            .arg(one.join("run/model"))
            .output()
            .unwrap();
        assert!(output.status.success(), "{}", stderr(&output));
        String::from_utf8(output.stdout).unwrap()
    };
    assert_eq!(eval(&one), eval(&other));
    fs::remove_file(one.join("reviews.jsonl")).unwrap();
    let message = fail(
        bert_train()
            .current_dir(&other)
            .args(["eval", "--split", "train", "--model"])
            .arg(one.join("run/model")),
    );
    assert!(message.contains("one/reviews.jsonl does not exist"), "{message}");
}

#[test]
fn cards_come_from_the_working_folder_and_from_no_other_above_it() {
    let setting = Setting::new([]);
    let inner = setting.folder.path().join("a/b");
    let cards = setting.folder.path().join("datasets");
    fs::create_dir_all(&inner).unwrap();
    fs::create_dir_all(&cards).unwrap();
    fs::write(cards.join("rows.jsonl"), rows(0, 20)).unwrap();
    let card = "name = \"imdb\"\ntask = \"sequence-classification\"\n[files]\ntrain = [\"rows.jsonl\"]\n";
    fs::write(cards.join("imdb.toml"), card).unwrap();
    let said = setting.succeed("imdb", "run");
    assert!(
        said.contains("datasets/imdb.toml, which hides the built-in one") && said.contains("20 train"),
        "{said}"
    );
    let message = fail(setting.run("imdb", "run").current_dir(&inner).env("HF_HUB_OFFLINE", "1"));
    assert!(message.contains("stanfordnlp/imdb"), "{message}");
    // The sample is found from everywhere.
    let mut command = setting.run("sample", "sample");
    let output = command.current_dir(&inner).args(["--train-samples", "16"]).output().unwrap();
    let said = stderr(&output);
    assert!(output.status.success() && said.contains("ship with embert"), "{said}");
}

#[test]
fn columns_of_other_names_are_listed_with_the_card_that_names_them() {
    let rows = "one,other,label\na cat,a dog,0\na cat,the cat,1\n";
    let setting = Setting::new([Repository::dataset("me/pairs")
        .file("mrpc/train.csv", rows)
        .file("rte/train.csv", rows)]);
    let message = fail(&mut setting.run("me/pairs:mrpc", "none"));
    for part in ["one, other, label", "repository = \"me/pairs\", config = \"mrpc\"", "text_pair"] {
        assert!(message.contains(part), "{part}: {message}");
    }
    let card = "name = \"mrpc\"\ntask = \"sequence-classification\"\n[hub]\nrepository = \"me/pairs\"\nconfig = \"mrpc\"\n\
                [columns]\ntext = \"one\"\ntext_pair = \"other\"\n";
    fs::write(setting.folder.path().join("mrpc.toml"), card).unwrap();
    let said = setting.succeed("mrpc.toml", "run");
    assert!(said.contains("2 train"), "{said}");
}

#[test]
fn a_built_in_card_of_a_part_of_glue_gives_way_to_a_folder_of_its_name() {
    let pairs = "sentence1,sentence2,label\na cat,a dog,0\na bird,the bird,1\n";
    let setting = Setting::new([Repository::dataset("nyu-mll/glue")
        .file("mrpc/train.csv", pairs)
        .file("mrpc/validation.csv", "sentence1,sentence2,label\na fish,the fish,1\na bee,a wasp,0\n")]);
    let said = setting.succeed("glue:mrpc", "hub");
    assert!(said.contains("2 train") && said.contains("2 validation"), "{said}");
    let folder = setting.folder.path().join("glue/mrpc");
    fs::create_dir_all(&folder).unwrap();
    fs::write(folder.join("train.csv"), "text,label\na cat,x\na dog,y\na bird,x\n").unwrap();
    let said = setting.succeed("glue:mrpc", "local");
    assert!(said.contains("3 train"), "{said}");
    let message = fail(&mut setting.run("glue:rte", "none"));
    assert!(message.contains("glue: it has no data set \"rte\""), "{message}");
}

#[test]
fn the_tags_of_a_built_in_card_are_numbers_with_names() {
    let sentence = |word: &str, tag: u8| {
        format!("{{\"tokens\": [\"{word}\", \"causes\", \"pain\"], \"tags\": [{tag}, 0, 2]}}\n")
    };
    let split = |words: [&str; 2]| words.iter().map(|word| sentence(word, 1)).collect::<String>();
    let setting = Setting::new([Repository::dataset("tner/bc5cdr")
        .file("dataset/train.json", split(["Aspirin", "Codeine"]))
        .file("dataset/valid.json", split(["Lithium", "Nicotine"]))
        .file("dataset/test.json", split(["Morphine", "Caffeine"]))]);
    let said = setting.succeed("bc5cdr", "run");
    assert!(said.contains("2 train") && said.contains("2 test"), "{said}");
    let config = fs::read_to_string(setting.folder.path().join("run/model/config.json")).unwrap();
    assert!(config.contains("BertForTokenClassification") && config.contains("B-Disease"), "{config}");
}
