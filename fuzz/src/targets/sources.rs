//! Targets for folders of data, repositories, and cards.

use std::path::{Component, Path};

use embert_data::{Card, DataSource, LoadOptions, RepositoryPlan};
use embert_task::{LabelOptions, TextClassification, load};

use crate::target::{chain, join, parts};
use crate::{Folder, Target, seeds};

pub(super) static FOLDER: Target = Target {
    name: "folder",
    about: "A folder with files of these names, through what is found to splits",
    seeds: || {
        [
            "train.csv\ntest.csv\nvalidation.csv",
            "train-00000-of-00002.jsonl\ntrain-00001-of-00002.jsonl\ndev.jsonl\nREADME.md\n.hidden.csv",
            "train/pos/0.txt\ntrain/neg/1.txt\ntest/pos/2.txt\ntest/neg/3.txt\ntrain/unsup/4.txt",
            "default/train/0000.parquet\ndefault/test/0000.parquet",
            "data/train.csv.gz\ndata/test.csv.zst\nother.zip\ntrain.json",
            "_SUCCESS\npart-00000.csv\n_temporary/part-1.csv\nlabel=0/part.csv\nlabel=1/part.csv",
            "train.conll\ndev.conll.gz\ntest.iob2\ntrain.spacy",
            "config-a/train.csv\nconfig-b/train.csv\nen/train-00001-of-00003.csv\nRésumé train.CSV",
        ]
        .map(|text| text.as_bytes().to_vec())
        .into()
    },
    words: &[
        "train",
        "test",
        "validation",
        "dev",
        "-00000-of-00002",
        "/",
        ".csv",
        ".tsv",
        ".jsonl",
        ".conll",
        ".json",
        ".txt",
        ".parquet",
        ".gz",
        ".zst",
        "README.md",
        ".",
        "pos/",
        "neg/",
        "label=",
    ],
    run: folder,
};

pub(super) static REPOSITORY: Target = Target {
    name: "repository",
    about: "A repository's README and the names of its files, to a plan of what is which split",
    seeds: || {
        let readmes = [
            "---\nlicense: mit\nconfigs:\n- config_name: default\n  data_files:\n  - split: train\n    path: data/train-*\n  - split: test\n    path: [\"data/test-*\", other.csv]\n---\n# A title\n",
            "---\nconfigs:\n- config_name: a\n  data_dir: a\n  default: true\n- config_name: b\n  data_files: \"b/*.csv\"\n  sep: \";\"\ndataset_info:\n- config_name: a\n  features:\n  - name: label\n    dtype:\n      class_label:\n        names:\n          '0': neg\n          '1': pos\n---\n",
            "",
            "---\nconfigs: &a [*a]\n---\n",
        ];
        let files = "README.md\ndata/train-00000-of-00002.parquet\ndata/train-00001-of-00002.parquet\ndata/test-00000-of-00001.parquet\na/train.csv\nb/x.csv\nother.csv\n";
        readmes
            .into_iter()
            .flat_map(|readme| ["", ":a"].map(|config| join(&[readme, files, config])))
            .collect()
    },
    words: &[
        "---\n",
        "configs",
        "config_name",
        "data_files",
        "data_dir",
        "default",
        "split",
        "path",
        "dataset_info",
        "features",
        "class_label",
        "names",
        "license",
        "*",
        "**",
        "?",
        "[",
        "{a,b}",
        "..",
        "train",
        "test",
        "validation",
        "-00000-of-00002",
        ".parquet",
        ".csv.gz",
        "&a",
        "*a",
        "!!",
        "|",
        ">",
        "  ",
        "- ",
    ],
    run: |_, input| {
        let [readme, files, config] = parts(input);
        let text = String::from_utf8_lossy;
        let config = text(config);
        let config = config.strip_prefix(':').map(|name| format!("config = {name:?}\n")).unwrap_or_default();
        let card = format!(
            "name = \"n\"\ntask = \"sequence-classification\"\n[hub]\nrepository = \"o/n\"\n{config}"
        );
        let Ok(card) = Card::parse(&card, Path::new("card.toml")) else { return input.len() };
        let files: Vec<String> = text(files).lines().take(64).map(str::to_owned).collect();
        match RepositoryPlan::new(&card, &files, Some(&*text(readme))) {
            Ok(plan) => {
                assert!(plan.fetch.iter().all(|name| files.contains(name)), "a file that isn't there");
            }
            Err(error) => drop(chain(&error)),
        }
        input.len()
    },
};

pub(super) static CARD: Target = Target {
    name: "card",
    about: "A data set's card",
    seeds: || {
        let mut inputs = seeds::folder("datasets", ".toml");
        inputs.push(
            b"name = \"x\"\ntask = \"sequence-classification\"\nlabels = [\"a\", \"b\"]\nsplit_ratios = [0.8, 0.1, 0.1]\n[files]\ntrain = [\"a.csv\", \"b/*.csv\"]\n[columns]\ntext = \"t\"\ntext_pair = \"u\"\nlabel = \"l\"\n[reading]\nformat = \"csv\"\n"
                .to_vec(),
        );
        inputs
    },
    words: &[
        "name",
        "task",
        "description",
        "licence",
        "citation",
        "homepage",
        "labels",
        "problem_type",
        "token-classification",
        "multi_label_classification",
        "label_columns",
        "label_separator",
        "scheme",
        "tokens",
        "tags",
        "entities",
        "document",
        "positive",
        "split_ratios",
        "[hub]",
        "repository",
        "revision",
        "[files]",
        "[hub.files]",
        "train",
        "validation",
        "test",
        "[columns]",
        "text",
        "text_pair",
        "label",
        "[reading]",
        "format",
        "\"sequence-classification\"",
        "\"\"\"",
        "*",
        "..",
    ],
    run: |folder, input| {
        let Ok(text) = str::from_utf8(input) else { return 0 };
        match Card::parse(text, Path::new("card.toml")) {
            Ok(card) => {
                // The card's files don't exist, so loading fails: with an error, not with a panic.
                folder.clear();
                let files = card.split_files();
                let outside = |path: &Path| {
                    path.is_absolute() || path.components().any(|part| part == Component::ParentDir)
                };
                if !files.all().any(|path| outside(path)) {
                    let _ = load::<TextClassification>(
                        &card,
                        folder.path(),
                        &LoadOptions::default(),
                        &LabelOptions::default(),
                    )
                    .map_err(|error| chain(&error));
                }
            }
            Err(error) => drop(chain(&error)),
        }
        input.len()
    },
};

/// Most files of one input: a folder takes time to make.
const MOST_FILES: usize = 12;

fn folder(folder: &Folder, input: &[u8]) -> usize {
    let Ok(text) = str::from_utf8(input) else { return 0 };
    folder.clear();
    for name in text.lines().take(MOST_FILES) {
        let plain = |part: Component<'_>| matches!(part, Component::Normal(part) if part.len() < 100);
        let path = Path::new(name);
        if name.is_empty()
            || name.ends_with('/')
            || name.contains('\0')
            || path.components().count() > 6
            || !path.components().all(plain)
        {
            continue;
        }
        let path = folder.path().join(path);
        // A file may stand where another name wants a folder.
        if std::fs::create_dir_all(path.parent().unwrap()).is_ok() {
            let content = match path.extension().and_then(|ending| ending.to_str()) {
                Some("jsonl") => "{\"text\": \"a\", \"label\": 0}\n{\"text\": \"b\", \"label\": 1}\n",
                Some("json") => "[{\"text\": \"a\", \"label\": 0}, {\"text\": \"b\", \"label\": 1}]",
                Some("conll") => "a\tO\n\nb\tB-X\n",
                Some("tsv") => "text\tlabel\na\tx\nb\ty\n",
                _ => "text,label\na,x\nb,y\n",
            };
            let _ = std::fs::write(path, content);
        }
    }
    match DataSource::resolve(folder.path().to_str().unwrap(), &[]) {
        Ok(DataSource::Local { card, root, .. }) => {
            let _ =
                load::<TextClassification>(&card, &root, &LoadOptions::default(), &LabelOptions::default())
                    .map_err(|error| chain(&error));
        }
        Ok(_) => panic!("a folder is on this machine"),
        Err(error) => drop(chain(&error)),
    }
    input.len()
}
