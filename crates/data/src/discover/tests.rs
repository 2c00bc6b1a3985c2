use super::named::Named;
use super::shards::shard_note;
use super::*;

struct Here;

impl Named for Here {
    fn choose(&self, folder: &str) -> String {
        format!("d:{folder}")
    }
}

fn found(files: &[&str]) -> Result<Discovered, FilesProblem> {
    let mut files: Vec<String> = files.iter().map(|file| (*file).to_owned()).collect();
    files.sort();
    discover(&files, PassedOver::default(), Place { named: &Here, text_files: TextFiles::Texts })
}

/// The files of each split where the task is token classification, and the notes.
#[track_caller]
fn of_words(files: &[&str]) -> (SplitFiles, String) {
    let mut sorted: Vec<String> = files.iter().map(|file| (*file).to_owned()).collect();
    sorted.sort();
    let place = Place { named: &Here, text_files: TextFiles::Conll };
    let found = discover(&sorted, PassedOver::default(), place);
    let found = found.unwrap_or_else(|error| panic!("{files:?}: {error}"));
    (found.files, found.notes.join("\n"))
}

#[track_caller]
fn reads(files: &[&str], train: &[&str], validation: &[&str], test: &[&str]) -> String {
    let found = found(files).unwrap_or_else(|error| panic!("{files:?}: {error}"));
    let paths = |paths: &[&str]| paths.iter().map(PathBuf::from).collect::<Vec<_>>();
    let expected = SplitFiles { train: paths(train), validation: paths(validation), test: paths(test) };
    assert_eq!(found.files, expected, "{files:?}");
    found.notes.join("\n")
}

#[track_caller]
fn refuses(files: &[&str], parts: &[&str]) {
    let message = match found(files) {
        Ok(found) => panic!("{files:?}: {found:?}"),
        Err(error) => error.to_string(),
    };
    for part in parts {
        assert!(message.contains(part), "{part}: {message}");
    }
}

#[test]
fn file_names_say_the_split() {
    reads(&["train.csv", "dev.csv", "test.csv"], &["train.csv"], &["dev.csv"], &["test.csv"]);
    for name in ["validation", "valid", "val", "dev", "devel", "VAL", "imdb_valid"] {
        let file = format!("{name}.csv");
        reads(&["train.csv", &file], &["train.csv"], &[&file], &[]);
    }
    reads(&["Training.CSV", "testing.csv"], &["Training.CSV"], &[], &["testing.csv"]);
    let notes = reads(&["train.csv", "latest.csv", "holdout.csv"], &["train.csv"], &[], &[]);
    assert!(notes.contains("holdout.csv, latest.csv: its name says no split"), "{notes}");
}

/// As the authors of SQuAD call their files.
#[test]
fn the_names_of_files_of_questions_say_the_split() {
    let files = ["train-v1.1.json", "dev-v1.1.json"];
    reads(&files, &["train-v1.1.json"], &["dev-v1.1.json"], &[]);
    reads(&["train-v2.0.json.gz", "dev-v2.0.json"], &["train-v2.0.json.gz"], &["dev-v2.0.json"], &[]);
    reads(&["xquad.en.json"], &["xquad.en.json"], &[], &[]);
    reads(&["new_wiki_v1.0.json", "README.md"], &["new_wiki_v1.0.json"], &[], &[]);
    refuses(&["train-v1.1.json", "train-v2.0.json"], &["two readings of the train split"]);
    refuses(&["xquad.de.json", "xquad.en.json"], &["none of its files says by its name which split it is"]);
    refuses(&["dev-v1.1.json"], &["dev-v1.1.json", "recognised"]);
}

#[test]
fn conll_columns_are_tables() {
    let files = ["dev.conll", "test.conll", "train.conll"];
    reads(&files, &["train.conll"], &["dev.conll"], &["test.conll"]);
    reads(&["train.conll.gz", "valid.iob2.zst"], &["train.conll.gz"], &["valid.iob2.zst"], &[]);
    reads(
        &["emerging.dev.conll", "wnut17train.conll", "README.md"],
        &["wnut17train.conll"],
        &["emerging.dev.conll"],
        &[],
    );
    refuses(&["train.conll", "train.bio"], &["train.bio", "train.conll"]);
    let notes = reads(&["train.conll", "train.spacy", "dev.txt"], &["train.conll"], &[], &[]);
    assert!(notes.contains("train.spacy: spaCy's binary files are not read; write JSON Lines"), "{notes}");
    assert!(notes.contains("dev.txt: a file of plain text has no labels; if it has CoNLL"), "{notes}");
    refuses(&["train.spacy", "dev.spacy"], &["train.spacy", "entities"]);
}

/// The files of the shared task of 2003 are called so; which task reads them as columns is not known here.
#[test]
fn texts_named_like_splits_are_the_data_where_nothing_else_is() {
    let files = ["test.txt", "train.txt", "valid.txt"];
    reads(&files, &["train.txt"], &["valid.txt"], &["test.txt"]);
    let notes =
        reads(&["eng/train.txt", "eng/dev.txt", "notes.txt"], &["eng/train.txt"], &["eng/dev.txt"], &[]);
    assert!(!notes.contains("notes.txt"), "{notes}");
    let notes = reads(&["train.txt", "train.csv"], &["train.csv"], &[], &[]);
    assert!(notes.contains("train.txt: a file of plain text has no labels"), "{notes}");
    let notes = reads(&["train.txt", "train/pos/1.txt", "train/neg/1.txt"], &["train"], &[], &[]);
    assert!(notes.contains("train.txt"), "{notes}");
    refuses(&["my_train.txt", "test.txt"], &["recognised as a data set"]);
}

/// Where the task is token classification, `.txt` files are found as `.conll` files are.
#[test]
fn texts_are_tables_of_words_where_the_task_says_so() {
    let paths = |paths: &[&str]| paths.iter().map(PathBuf::from).collect::<Vec<_>>();
    for (files, train, test) in [
        (&["train.txt"][..], &["train.txt"][..], &[][..]),
        (&["train.txt", "test.txt"], &["train.txt"], &["test.txt"]),
        (&["train.txt.gz", "test.txt.zst"], &["train.txt.gz"], &["test.txt.zst"]),
        (&["wnut17_train.txt", "wnut17_test.txt"], &["wnut17_train.txt"], &["wnut17_test.txt"]),
        (&["eng.train.txt", "eng.test.txt"], &["eng.train.txt"], &["eng.test.txt"]),
        (&["train/a.txt", "train/b.txt", "test/c.txt"], &["train/a.txt", "train/b.txt"], &["test/c.txt"]),
        (&["corpus.txt"], &["corpus.txt"], &[]),
        (&["a/train.txt", "a/README.md"], &["a/train.txt"], &[]),
        // A description beside it, and files of the other formats.
        (&["train.txt", "label_map.json"], &["train.txt"], &[]),
        (&["corpus.txt", "label_map.json"], &["corpus.txt"], &[]),
        (&["train.txt", "meta.csv"], &["train.txt"], &[]),
        (&["train.conll", "test.txt"], &["train.conll"], &["test.txt"]),
        (&["train.jsonl", "train.txt"], &["train.jsonl"], &[]),
        (&["train.csv", "train.txt"], &["train.txt"], &[]),
        (&["corpus.conll", "notes.txt"], &["corpus.conll"], &[]),
        (&["train.csv"], &["train.csv"], &[]),
        (&["train.txt", "train (1).txt", "train-Copy1.txt"], &["train.txt"], &[]),
    ] {
        let (found, notes) = of_words(files);
        let expected = SplitFiles { train: paths(train), validation: Vec::new(), test: paths(test) };
        assert_eq!(found, expected, "{files:?}: {notes}");
    }
    assert!(of_words(&["train.jsonl", "train.txt"]).1.contains("train.txt: there is a table of its split"));
    assert!(of_words(&["train.csv", "train.txt"]).1.contains("train.csv: a CSV has no lists of words"));
    let folders = of_words(&["train.txt", "label_map.json"]).1;
    assert!(folders.contains("label_map.json: its name says no split"), "{folders}");
}

#[test]
fn eval_is_the_split_that_is_not_there_otherwise() {
    let notes = reads(&["train.csv", "eval.csv"], &["train.csv"], &["eval.csv"], &[]);
    assert!(notes.contains("takes eval.csv for the validation split"), "{notes}");
    reads(&["train.csv", "evaluation.csv", "test.csv"], &["train.csv"], &["evaluation.csv"], &["test.csv"]);
    reads(&["train.csv", "eval.csv", "dev.csv"], &["train.csv"], &["dev.csv"], &["eval.csv"]);
    refuses(&["train.csv", "eval.csv", "dev.csv", "test.csv"], &["test", "eval.csv"]);
}

#[test]
fn a_folder_wins_over_a_files_name() {
    reads(
        &["train/bees.csv", "train/test-drive.csv", "train/dev-notes.csv", "test/x.csv"],
        &["train/bees.csv", "train/dev-notes.csv", "train/test-drive.csv"],
        &[],
        &["test/x.csv"],
    );
    // A folder with a split's word among others does not win over a file that is named exactly like a split.
    reads(&["dev-kit/train.csv", "dev-kit/test.csv"], &["dev-kit/train.csv"], &[], &["dev-kit/test.csv"]);
    reads(&["train_data/x.csv", "test_data/x.csv"], &["train_data/x.csv"], &[], &["test_data/x.csv"]);
    reads(&["train/a/x.csv", "train/b/y.csv"], &["train/a/x.csv", "train/b/y.csv"], &[], &[]);
    refuses(&["train/test.csv"], &["train/test.csv", "two splits"]);
    refuses(&["train/test/x.csv"], &["two splits"]);
    refuses(&["dev-kit/my_train.csv"], &["dev-kit/my_train.csv"]);
    refuses(&["train_test.csv"], &["train_test.csv", "train", "test"]);
}

#[test]
fn the_hubs_layouts_are_understood() {
    reads(
        &["default/train/0001.parquet", "default/train/0000.parquet", "default/test/0000.parquet"],
        &["default/train/0000.parquet", "default/train/0001.parquet"],
        &[],
        &["default/test/0000.parquet"],
    );
    let notes = reads(
        &[
            "data/train-00000-of-00002-5b1d.parquet",
            "data/train-00001-of-00002-77aa.parquet",
            "raw/train.csv",
            "README.md",
        ],
        &["data/train-00000-of-00002-5b1d.parquet", "data/train-00001-of-00002-77aa.parquet"],
        &[],
        &[],
    );
    assert!(notes.contains("raw/train.csv"), "{notes}");
}

#[test]
fn shards_are_whole_or_refused() {
    let shard = |index: u32, total: u32| format!("train-{index:05}-of-{total:05}.csv");
    let [zero, one, two, three] = [0, 1, 2, 3].map(|index| shard(index, 3));
    reads(&[&two, &zero, &one], &[&zero, &one, &two], &[], &[]);
    reads(&[&one, &two, &three], &[&one, &two, &three], &[], &[]);
    refuses(&[&zero, &two], &["00001 is missing", &zero, &two, "3 files"]);
    refuses(&[&zero, &one, &two, &three], &["numbered 00003"]);
    refuses(&[&zero, &one, &two, &shard(0, 2)], &["or 3", "2 files"]);
    refuses(
        &[&one.replace(".csv", "-a.csv"), &one.replace(".csv", "-b.csv"), &zero, &two],
        &["00001 is there twice"],
    );
    refuses(&["train-00000-of-99999999999999999.csv"], &["00001 is missing"]);
    // So is a set whose names say no split.
    refuses(&["x-00001-of-00002.csv"], &["00000"]);
    assert!(shard_note("train-00001-of-00003.parquet").unwrap().contains("one of 3 shards"));
    assert_eq!(shard_note("train-00000-of-00001.parquet"), None);
}

#[test]
fn two_readings_are_listed_with_the_way_out() {
    refuses(&["train.csv", "train.jsonl"], &["train.csv, ", "train.jsonl", "card"]);
    refuses(&["train.csv", "train_clean.csv"], &["train.csv", "train_clean.csv"]);
    refuses(&["train_v1.csv", "train_v2.csv"], &["train_v1.csv"]);
    refuses(&["train.csv", "train/a.csv"], &["train.csv", "train/a.csv"]);
    refuses(&["train.csv", "raw/train.csv"], &["raw/train.csv", "card"]);
    refuses(&["train/a.csv", "train/a.jsonl"], &["different formats", "train/a.jsonl"]);
    refuses(&["train/a.csv", "train/pos/1.txt"], &["train/a.csv"]);
    refuses(&["a/train.csv", "b/train.csv", "b/test.csv"], &["2 data sets: a, b", "d:a, d:b"]);
    refuses(&["a/x.csv", "b/x.csv"], &["2 data sets: a, b"]);
    refuses(&["a.csv", "b.csv"], &["a.csv, b.csv", "name one of them"]);
    refuses(&["reviews.csv", "test.csv"], &["reviews.csv", "test.csv"]);
}

#[test]
fn the_only_file_or_set_is_the_training_split() {
    let notes = reads(&["reviews.csv", "README.md", "meta.json"], &["reviews.csv"], &[], &[]);
    assert!(notes.contains("reviews.csv as train") && notes.contains("meta.json"), "{notes}");
    reads(
        &["part-00001-x.snappy.parquet", "part-00000-x.snappy.parquet", "_SUCCESS"],
        &["part-00000-x.snappy.parquet", "part-00001-x.snappy.parquet"],
        &[],
        &[],
    );
    reads(
        &["train.parquet/part.0.parquet", "train.parquet/part.1.parquet", "test.parquet/part.0.parquet"],
        &["train.parquet/part.0.parquet", "train.parquet/part.1.parquet"],
        &[],
        &["test.parquet/part.0.parquet"],
    );
    reads(&["chunk_1.csv", "chunk_2.csv"], &["chunk_1.csv", "chunk_2.csv"], &[], &[]);
}

#[test]
fn what_hides_and_copies_are_left_out_and_said() {
    let notes = reads(
        &[
            "train.csv",
            ".ipynb_checkpoints/train-checkpoint.csv",
            "._train.csv",
            "__MACOSX/._train.csv",
            "__pycache__/x.csv",
            "_temporary/0/part-0.csv",
            "_old/train.csv",
            "train-Copy1.csv",
            "train (1).csv",
            "train.csv.crc",
            ".DS_Store",
            "train.zip",
            "train.csv.bak",
            "train.xlsx",
            "train.txt",
            "notes.txt",
        ],
        &["train.csv"],
        &[],
        &[],
    );
    for part in [
        "train-checkpoint.csv",
        "._train.csv",
        "__MACOSX",
        "__pycache__",
        "_temporary",
        "train-Copy1.csv",
        "train (1).csv",
        "train.zip",
        "train.csv.bak",
        "train.xlsx",
        "train.txt",
    ] {
        assert!(notes.contains(part), "{part}: {notes}");
    }
    for part in ["crc", "DS_Store", "notes.txt"] {
        assert!(!notes.contains(part), "{part}: {notes}");
    }
    // A file named like a copy is read where its original is missing.
    reads(&["train-Copy1.csv"], &["train-Copy1.csv"], &[], &[]);
}

#[test]
fn tables_and_partitions_are_refused_by_name() {
    refuses(&["label=pos/part-0.parquet", "label=neg/part-0.parquet"], &["label=neg", "partitionBy"]);
    refuses(&["_delta_log/0.json", "part-0.parquet"], &["Delta Lake"]);
    refuses(&[".hoodie/log", "part-0.parquet"], &["Hudi"]);
    refuses(&["metadata/v1.metadata.json", "data/a.parquet"], &["Iceberg"]);
    refuses(
        &["train/data-00000-of-00001.arrow", "dataset_dict.json"],
        &["train/data-00000-of-00001.arrow", "to_parquet"],
    );
    refuses(&["README.md"], &["no file that looks like data"]);
    refuses(&[], &["no file that looks like data"]);
}

#[test]
fn folders_of_texts_by_label_are_a_data_set() {
    let notes = reads(
        &[
            "train/pos/0_9.txt",
            "train/neg/0_1.TXT",
            "train/unsup/0_0.txt",
            "test/pos/1_8.txt",
            "test/neg/1_2.txt",
            "test/neg/old/3.txt",
        ],
        &["train"],
        &[],
        &["test"],
    );
    assert!(notes.contains("train/unsup") && notes.contains("test/neg/old/3.txt"), "{notes}");
    reads(&["pos/1.txt", "neg/1.txt"], &[""], &[], &[]);
    reads(&["aclImdb/pos/1.txt", "aclImdb/neg/1.txt"], &["aclImdb"], &[], &[]);
    refuses(&["1_8.txt", "2.txt"], &["train/pos/*.txt"]);
    // Notes beside the data do not make classes called "train" and "test".
    refuses(&["train/notes.txt", "test/notes.txt"], &["recognised as a data set"]);
}

#[test]
fn a_hundred_thousand_files_are_told_apart_quickly() {
    let texts = (0..50_000).map(|n| format!("train/{}/{n}.txt", if n % 2 == 0 { "pos" } else { "neg" }));
    let rows = (0..50_000).map(|n| format!("test/rows-{n:05}-of-50000.csv"));
    let mut files: Vec<String> = texts.chain(rows).collect();
    files.sort();
    let began = std::time::Instant::now();
    let place = Place { named: &Here, text_files: TextFiles::Texts };
    let found = discover(&files, PassedOver::default(), place).unwrap();
    assert_eq!((found.files.train.len(), found.files.test.len()), (1, 50_000));
    assert!(began.elapsed().as_secs() < 10, "{:?}", began.elapsed());
}
