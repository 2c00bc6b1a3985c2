use std::fs;

use super::*;
use crate::columns::Columns;
use crate::load::{LoadOptions, load_rows};
use crate::split_files::SplitFiles;
use crate::task_name::{ProblemType, TaskName};

fn write(folder: &Path, files: &[(&str, &str)]) {
    for (name, text) in files {
        let path = folder.join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }
}

fn local(name: &str) -> (Card, PathBuf, Vec<String>) {
    match DataSource::resolve(name, &[]) {
        Ok(DataSource::Local { card, root, notes }) => (*card, root, notes),
        other => panic!("{other:?}"),
    }
}

fn refused(name: &str) -> String {
    DataSource::resolve(name, &[]).unwrap_err().to_string()
}

#[test]
fn a_name_is_a_path_a_card_or_a_repository() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("rows.csv");
    fs::write(&file, "text,label\n").unwrap();
    assert!(matches!(DataSource::resolve(file.to_str().unwrap(), &[]), Ok(DataSource::Local { .. })));
    assert!(matches!(DataSource::resolve("imdb", &[]), Ok(DataSource::Hub { .. })));
    let (_, root, notes) = local("sample");
    assert!(root.join("sample/train.jsonl").is_file() && notes[0].contains("ship with"), "{notes:?}");
    for (name, config, revision) in [
        ("owner/name", None, None),
        ("owner/name@v1", None, Some("v1")),
        ("owner/name:en", Some("en"), None),
        ("owner/name:en@refs/convert/parquet", Some("en"), Some("refs/convert/parquet")),
        ("hf://datasets/owner/name", None, None),
    ] {
        let Ok(DataSource::Hub { card, .. }) = DataSource::resolve(name, &[]) else { panic!("{name}") };
        let hub = card.hub.unwrap();
        assert_eq!(
            (hub.repository.as_str(), hub.config.as_deref(), hub.revision.as_deref()),
            ("owner/name", config, revision)
        );
    }
    let message = refused("imbd");
    assert!(
        message.contains("imbd") && message.contains("imdb") && message.contains("owner/name"),
        "{message}"
    );
    for path in [
        "no/file.csv",
        "a/b/c.csv",
        "../x",
        "data/",
        "d/train.json",
        "d/x.csv.gz",
        "d/x.xlsx",
        "~/x",
        "x/card.toml",
        "x.csv",
    ] {
        let message = refused(path);
        assert!(message.contains(&format!("there is no file or folder {path}")), "{message}");
    }
}

#[test]
fn the_cards_that_are_built_in_are_found_by_their_names() {
    let mut names = Vec::new();
    for (name, text) in BUILT_IN {
        let card = Card::parse(text, Path::new(name)).unwrap();
        assert!(card.name == name && card.licence.is_some() && !card.description.is_empty(), "{name}");
        assert!(DataSource::resolve(name, &[]).is_ok(), "{name}");
        names.push(name);
    }
    assert!(names.is_sorted(), "{names:?}");
    let card = |name: &str| match DataSource::resolve(name, &[]) {
        Ok(DataSource::Hub { card, .. }) => card,
        other => panic!("{name}: {other:?}"),
    };
    let stsb = card("glue:stsb");
    assert_eq!(stsb.problem_type, Some(ProblemType::Regression));
    assert_eq!(stsb.columns.text_pair.as_deref(), Some("sentence2"));
    assert_eq!(card("glue:mrpc").metric.as_deref(), Some("f1"));
    assert_eq!(card("go-emotions").labels.len(), 28);
    assert_eq!(card("wnut17").columns.tags.as_deref(), Some("ner_tags"));
    // Those of questions have one list of files for a split that the authors call otherwise, or none to train on.
    let files = |name: &str| {
        let card = card(name);
        assert_eq!(card.task, Some(TaskName::QuestionAnswering), "{name}");
        let SplitFiles { train, validation, test } = card.split_files();
        (train.len(), validation.len(), test.len(), card.split_ratios.is_some())
    };
    assert_eq!((files("squad"), files("squad-v2")), ((1, 1, 0, false), (1, 1, 0, false)));
    assert_eq!((files("squadshifts"), files("xquad")), ((1, 0, 0, true), (0, 1, 0, false)));
    assert_eq!(card("wikitext").task, Some(TaskName::FillMask));
    let message = card("xquad").check_training().unwrap_err().to_string();
    assert!(message.contains("the data set xquad has no training split, only validation"), "{message}");
    // Whoever mistypes one sees them all.
    let message = refused("glue:sts");
    assert!(message.contains("glue:mrpc") && message.contains("wnut17"), "{message}");
}

#[test]
fn tag_numbers_have_the_names_that_the_readme_states() {
    let dir = tempfile::tempdir().unwrap();
    let readme = "---\ndataset_info:\n  features:\n  - name: ner_tags\n    sequence:\n      class_label:\n        names:\n          '0': O\n          '1': B-PER\n---\n";
    let rows = "{\"tokens\": [\"Okafor\"], \"ner_tags\": [1]}\n";
    write(dir.path(), &[("README.md", readme), ("train.jsonl", rows)]);
    let (card, root, _) = local(dir.path().to_str().unwrap());
    let columns = Columns::new().with("tokens").with("ner_tags");
    let loaded = load_rows(&card, &root, &LoadOptions::default(), &columns, Some("ner_tags")).unwrap();
    let names = loaded.splits[0].files[0].class_names.as_ref().unwrap();
    assert_eq!(*names, ["O", "B-PER"]);
}

/// `glue:stsb` is a built-in card, unless there is a folder `glue`: one that lacks `stsb` is said to lack it.
#[test]
fn a_folder_comes_before_a_built_in_card_of_its_name() {
    let dir = tempfile::tempdir().unwrap();
    write(dir.path(), &[("glue/stsb/train.csv", ""), ("glue/mrpc/train.csv", "")]);
    let name = |config: &str| format!("{}:{config}", dir.path().join("glue").display());
    let (card, ..) = local(&name("stsb"));
    assert_eq!((card.name.as_str(), card.task), ("glue:stsb", None));
    assert!(refused(&name("rte")).contains("stsb"));
    // Tests run in the crate's folder, where `src` is.
    let card = "name = \"src:none\"\n[files]\ntrain = [\"t.csv\"]\n";
    write(dir.path(), &[("cards/src:none.toml", card), ("cards/no-such-folder:none.toml", card)]);
    let cards = [dir.path().join("cards")];
    assert!(DataSource::resolve("no-such-folder:none", &cards).is_ok());
    let message = DataSource::resolve("src:none", &cards).unwrap_err().to_string();
    assert!(message.contains("src"), "{message}");
}

/// `data/reviews`, mistyped or moved away, is not looked for on the hub where there is a folder `data`.
#[test]
fn a_missing_file_of_a_folder_that_is_there_is_said_to_be_missing() {
    // Tests run in the crate's folder.
    let message = refused("src/reviews");
    assert!(message.contains("src/reviews") && message.contains("hf://datasets/src/reviews"), "{message}");
    assert!(matches!(DataSource::resolve("hf://datasets/src/reviews", &[]), Ok(DataSource::Hub { .. })));
}

#[test]
fn a_card_of_the_users_comes_before_a_built_in_one_and_is_said() {
    let dir = tempfile::tempdir().unwrap();
    let card = "name = \"imdb\"\ntask = \"sequence-classification\"\n[files]\ntrain = [\"t.csv\"]\n";
    fs::write(dir.path().join("imdb.toml"), card).unwrap();
    fs::write(dir.path().join("own.toml"), card).unwrap();
    let cards = [dir.path().to_owned()];
    for (name, hides) in [("imdb", true), ("own", false)] {
        let Ok(DataSource::Local { root, notes, .. }) = DataSource::resolve(name, &cards) else {
            panic!("{name}")
        };
        assert_eq!(root, dir.path());
        assert!(notes[0].contains(dir.path().to_str().unwrap()), "{notes:?}");
        assert_eq!(notes[0].contains("hides"), hides, "{notes:?}");
    }
    // The checkout's own folder of cards has the built-in ones.
    let shipped = [PathBuf::from(SHIPPED)];
    assert!(
        matches!(DataSource::resolve("imdb", &shipped), Ok(DataSource::Hub { notes, .. }) if notes.is_empty())
    );
    // A name does not lead out of the folder of cards.
    let inner = [dir.path().join("cards")];
    fs::create_dir(&inner[0]).unwrap();
    assert!(DataSource::resolve("../own", &inner).is_err());
}

#[test]
fn patterns_of_a_card_are_replaced_by_what_they_match() {
    let dir = tempfile::tempdir().unwrap();
    let card = "name = \"r\"\ntask = \"sequence-classification\"\n[files]\ntrain = [\"rows/train-*.csv\"]\nvalidation = [\"a[1].csv\"]\n";
    write(
        dir.path(),
        &[
            ("card.toml", card),
            ("a[1].csv", ""),
            ("a1.csv", ""),
            ("rows/train-2.csv", ""),
            ("rows/train-1.csv", ""),
            ("rows/train-x.md", ""),
            ("rows/.train-9.csv", ""),
        ],
    );
    let path = dir.path().join("card.toml");
    let (card, root, notes) = local(path.to_str().unwrap());
    let files = card.files.unwrap();
    assert_eq!(files.train, ["rows/train-1.csv", "rows/train-2.csv"].map(PathBuf::from));
    assert_eq!(files.validation, [PathBuf::from("a[1].csv")]);
    assert_eq!(root, dir.path());
    assert!(notes.join("\n").contains("rows/train-1.csv, rows/train-2.csv as train"), "{notes:?}");
    for (pattern, part) in [
        ("rows/test-*.csv", "rows/train-1.csv"),
        ("rows/a[.csv", "not a file name pattern"),
        ("no/*.csv", "no"),
    ] {
        let text =
            format!("name = \"r\"\ntask = \"sequence-classification\"\n[files]\ntrain = [\"{pattern}\"]\n");
        fs::write(&path, text).unwrap();
        let message = refused(path.to_str().unwrap());
        assert!(message.contains(part), "{message}");
    }
    // The shards that a pattern matches must be complete.
    write(dir.path(), &[("s/t-00000-of-00003.csv", ""), ("s/t-00002-of-00003.csv", "")]);
    fs::write(&path, "name = \"r\"\ntask = \"sequence-classification\"\n[files]\ntrain = [\"s/*.csv\"]\n")
        .unwrap();
    let message = refused(path.to_str().unwrap());
    assert!(message.contains("00001 is missing") && message.contains("s/t-00002-of-00003.csv"), "{message}");
}

/// Spark writes a folder for each table.
#[test]
fn a_cards_folder_of_parts_is_read_part_by_part() {
    let dir = tempfile::tempdir().unwrap();
    let card = "name = \"r\"\ntask = \"sequence-classification\"\n[files]\ntrain = [\"train.csv/\"]\ntest = [\"texts\"]\n";
    write(
        dir.path(),
        &[
            ("card.toml", card),
            ("train.csv/part-00001.csv", ""),
            ("train.csv/part-00000.csv", ""),
            ("train.csv/_SUCCESS", ""),
            ("train.csv/._part-00000.csv", ""),
            ("texts/pos/1.txt", ""),
        ],
    );
    let (card, ..) = local(dir.path().join("card.toml").to_str().unwrap());
    let files = card.files.unwrap();
    assert_eq!(files.train, ["train.csv/part-00000.csv", "train.csv/part-00001.csv"].map(PathBuf::from));
    assert_eq!(files.test, [PathBuf::from("texts")]);
}

#[test]
fn a_clone_of_a_repository_is_read_as_its_readme_says() {
    let dir = tempfile::tempdir().unwrap();
    let readme = "---\nconfigs:\n- config_name: en\n  data_files:\n  - split: train\n    path: x/one.csv\n  - split: dev\n    path: x/two.csv\n- config_name: de\n  data_files: de/*.csv\n---\n";
    write(
        dir.path(),
        &[("README.md", readme), ("x/one.csv", ""), ("x/two.csv", ""), ("de/a.csv", ""), ("de/b.csv", "")],
    );
    let path = dir.path().to_str().unwrap();
    let message = refused(path);
    assert!(message.contains(&format!("--dataset {path}:en, --dataset {path}:de")), "{message}");
    let (card, ..) = local(&format!("{path}:en"));
    let files = card.files.unwrap();
    assert_eq!((files.train, files.validation), (vec!["x/one.csv".into()], vec!["x/two.csv".into()]));
    let (card, ..) = local(&format!("{path}:de"));
    assert_eq!(card.files.unwrap().train, ["de/a.csv", "de/b.csv"].map(PathBuf::from));
    // A README that can't be parsed is ignored.
    fs::write(dir.path().join("README.md"), "---\nconfigs: [\n---\n").unwrap();
    fs::write(dir.path().join("train.csv"), "").unwrap();
    assert_eq!(local(path).0.files.unwrap().train, [PathBuf::from("train.csv")]);
}

#[test]
fn one_of_several_folders_is_named_after_a_colon() {
    let dir = tempfile::tempdir().unwrap();
    write(
        dir.path(),
        &[("en/train.csv", ""), ("en/test.csv", ""), ("de/train.csv", ""), ("de/test.csv", "")],
    );
    let path = dir.path().to_str().unwrap();
    let message = refused(path);
    assert!(message.contains(&format!("--dataset {path}:de, --dataset {path}:en")), "{message}");
    let (card, root, _) = local(&format!("{path}:de"));
    let files = card.files.unwrap();
    assert_eq!((root.as_path(), files.train), (dir.path(), vec!["de/train.csv".into()]));
    assert!(refused(&format!("{path}:fr")).contains("it has de, en"));
}

#[cfg(unix)]
#[test]
fn links_and_names_of_all_kinds_are_said() {
    use std::ffi::OsStr;
    use std::os::unix::ffi::OsStrExt as _;
    use std::os::unix::fs::symlink;

    let dir = tempfile::tempdir().unwrap();
    let outside = tempfile::tempdir().unwrap();
    write(outside.path(), &[("rows.csv", ""), ("more/test.csv", "")]);
    let root = dir.path();
    write(root, &[("versions/reviews.csv", ""), ("sub/notes.csv", "")]);
    symlink("versions/reviews.csv", root.join("train.csv")).unwrap();
    symlink(outside.path().join("rows.csv"), root.join("dev.csv")).unwrap();
    symlink(outside.path().join("more"), root.join("more")).unwrap();
    symlink(root, outside.path().join("more/back")).unwrap();
    symlink("..", root.join("sub/up")).unwrap();
    symlink("sub", root.join("again")).unwrap();
    symlink("nothing.csv", root.join("eval.csv")).unwrap();
    fs::write(root.join(OsStr::from_bytes(b"tr\xffain.csv")), "").unwrap();
    let (card, _, notes) = local(root.to_str().unwrap());
    let files = card.files.unwrap();
    assert_eq!(files.train, [PathBuf::from("train.csv")]);
    assert_eq!(files.validation, [PathBuf::from("dev.csv")]);
    assert_eq!(files.test, [PathBuf::from("more/test.csv")]);
    let notes = notes.join("\n");
    for part in [
        "versions/reviews.csv",
        "sub/up/",
        "again/",
        "eval.csv",
        "ain.csv: the name is not UTF-8",
        "more/back/",
        "sub/notes.csv",
    ] {
        assert!(notes.contains(part), "{part}: {notes}");
    }
    symlink("versions/reviews.csv", root.join("test.csv")).unwrap();
    let message = refused(root.to_str().unwrap());
    assert!(
        message.contains("test.csv and train.csv are links to the same file")
            || message.contains("train.csv and test.csv"),
        "{message}"
    );
    assert!(refused("/dev/null").contains("a pipe, a device or a socket"));
}

/// The task that the user or a card states says what `.txt` files are, wherever they are named.
#[test]
fn the_task_finds_texts_of_words() {
    let dir = tempfile::tempdir().unwrap();
    let card = |task: &str, train: &str| format!("name = \"w\"\n{task}\n[files]\ntrain = [\"{train}\"]\n");
    let readme = "---\nconfigs:\n- config_name: a\n  data_files:\n  - split: train\n    path: rows/*\n---\n";
    write(
        dir.path(),
        &[
            ("words/ner_train.txt", ""),
            ("words/ner_dev.txt", ""),
            ("own/rows/1.txt", ""),
            ("own/rows/2.txt", ""),
            ("own/open.toml", &card("", "rows/*.txt")),
            ("own/stated.toml", &card("task = \"token-classification\"", "rows/*.txt")),
            ("own/folder.toml", &card("task = \"token-classification\"", "rows")),
            ("clone/rows/1.txt", ""),
            ("clone/README.md", readme),
        ],
    );
    let of = |name: &str, task| {
        let name = dir.path().join(name);
        match DataSource::resolve_for(name.to_str().unwrap(), &[], task) {
            Ok(DataSource::Local { card, .. }) => Ok(card.files.unwrap()),
            Ok(other) => panic!("{other:?}"),
            Err(error) => Err(error.to_string()),
        }
    };
    let task = Some(TaskName::TokenClassification);
    let rows = ["rows/1.txt", "rows/2.txt"].map(PathBuf::from);
    assert!(of("words", None).unwrap_err().contains("set task = \"token-classification\""));
    assert_eq!(of("words", task).unwrap().train, [PathBuf::from("ner_train.txt")]);
    assert_eq!(of("words", task).unwrap().validation, [PathBuf::from("ner_dev.txt")]);
    assert!(of("own/open.toml", None).unwrap_err().contains("rows/*.txt"));
    assert_eq!(of("own/open.toml", task).unwrap().train, rows);
    assert_eq!(of("own/stated.toml", None).unwrap().train, rows);
    assert_eq!(of("own/folder.toml", None).unwrap().train, rows);
    assert!(of("clone", None).is_err());
    assert_eq!(of("clone", task).unwrap().train, [PathBuf::from("rows/1.txt")]);
}

/// A card of questions for evaluation alone is read: there is nothing to cut splits from.
#[test]
fn a_data_set_without_a_training_split_is_not_cut() {
    let dir = tempfile::tempdir().unwrap();
    let card = "name = \"x\"\ntask = \"question-answering\"\n[files]\nvalidation = [\"v.jsonl\"]\n";
    let row = "{\"question\": \"Who?\", \"context\": \"She.\", \"answers\": []}\n";
    write(dir.path(), &[("card.toml", card), ("v.jsonl", row)]);
    let (card, root, _) = local(dir.path().join("card.toml").to_str().unwrap());
    let columns = Columns::new().with_text("question").with("answers");
    for split_ratios in [None, Some([0.8, 0.1, 0.1])] {
        let options = LoadOptions { split_ratios, ..LoadOptions::default() };
        let loaded = load_rows(&card, &root, &options, &columns, Some("answers")).unwrap();
        assert_eq!((loaded.used(), loaded.ratios), ([true; 3], None));
        assert_eq!(loaded.splits.each_ref().map(|split| split.rows.len()), [0, 1, 0]);
        let is_said =
            loaded.notes.iter().any(|note| note == "x has no training files, so no splits are cut from them");
        assert_eq!(is_said, split_ratios.is_some(), "{:?}", loaded.notes);
    }
}
