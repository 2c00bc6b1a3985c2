//! Files of texts and labels, folders of them, and cards.

use std::io::{Cursor, Read};
use std::path::{Component, Path};

use embert_data::{
    Card, Columns, DataError, DataSource, Format, LoadOptions, ReadOptions, Row, RowReader, load,
};
use parquet::basic::{BrotliLevel, Compression, GzipLevel, ZstdLevel};

use crate::target::chain;
use crate::{Folder, Target, seeds};

pub(super) static CSV: Target = Target {
    name: "csv",
    about: "CSV, in one piece and byte by byte",
    seeds: || csv_seeds(','),
    words: CELLS,
    run: |_, input| rows(Format::Csv, input),
};

pub(super) static TSV: Target = Target {
    name: "tsv",
    about: "TSV, likewise",
    seeds: || csv_seeds('\t'),
    words: CELLS,
    run: |_, input| rows(Format::Tsv, input),
};

pub(super) static JSON_LINES: Target = Target {
    name: "json-lines",
    about: "JSON Lines, likewise",
    seeds: || {
        let texts = [
            "{\"text\": \"a\\nb\", \"label\": \"pos\", \"id\": 3}\r\n\n{\"label\": 1, \"text\": \"\"}",
            "\u{feff}{\"text\": \"\\ud83c\\udfac\", \"text_pair\": \"b\", \"label\": null}\n",
            "{\"text\": \"a\", \"label\": [0, 1.5, true]}\n{\"text\": 12, \"label\": {}}\n{\"text\": \"\\ud83c\"}",
            "{\"text\": \"a\", \"text\": \"b\", \"label\": -1e400}\n{\"txt\": \"a\"}\n[1]\nnonsense\n",
        ];
        let mut inputs: Vec<_> = texts.iter().map(|text| seeds::chosen(3, text)).collect();
        inputs.push(seeds::chosen(2, seeds::file("datasets/sample/train.jsonl")));
        inputs
    },
    words: CELLS,
    run: |_, input| rows(Format::JsonLines, input),
};

pub(super) static LINES: Target = Target {
    name: "lines",
    about: "Plain lines, likewise",
    seeds: || {
        vec![
            seeds::chosen(0, "one\r\ntwo\n\nnaïve \u{1f3ac}"),
            seeds::chosen(0, [b"\xef\xbb\xbfa\0b\xff".as_slice()].concat()),
        ]
    },
    words: &["\r\n", "\u{feff}", "\0"],
    run: |_, input| rows(Format::Lines, input),
};

pub(super) static PARQUET: Target = Target {
    name: "parquet",
    about: "Parquet with each codec",
    seeds: parquet_seeds,
    words: &["PAR1", "text", "label", "text_pair", "huggingface", "schema"],
    run: |folder, input| {
        let Some((&choice, bytes)) = input.split_first() else { return 0 };
        let path = folder.write("rows.parquet", bytes);
        read(RowReader::open(&path, &ReadOptions::default(), &columns(choice)));
        bytes.len()
    },
};

pub(super) static LOAD: Target = Target {
    name: "load",
    about: "A file by its name, through labels and splits",
    seeds: || {
        let mut inputs = vec![
            seeds::chosen(0, "text,label\nlovely,pos\nawful,neg\nlovely,pos\nfine,pos\n"),
            seeds::chosen(1, "label\ttext\n0\tx\n1\ty\n-1\tz\n1.0\tz\n"),
            seeds::chosen(2, seeds::file("datasets/sample/validation.jsonl")),
            seeds::chosen(2, "{\"text\": \"a\", \"label\": true}\n{\"text\": \"b\", \"label\": false}\n"),
            seeds::chosen(2, "{\"text\": \"a\", \"label\": 0.5}\n{\"text\": \"b\", \"label\": [\"x\"]}\n"),
        ];
        inputs.extend(parquet_seeds().into_iter().map(|input| seeds::chosen(3, &input[1..])));
        inputs
    },
    words: CELLS,
    run: load_file,
};

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
                // Its files aren't there, which is an error; only what it says of them matters.
                folder.clear();
                let files = card.split_files();
                let outside = |path: &Path| {
                    path.is_absolute() || path.components().any(|part| part == Component::ParentDir)
                };
                if !files.all().any(|path| outside(path)) {
                    let _ =
                        load(&card, folder.path(), &LoadOptions::default()).map_err(|error| chain(&error));
                }
            }
            Err(error) => drop(chain(&error)),
        }
        input.len()
    },
};

/// What tables are made of.
const CELLS: &[&str] = &[
    "text",
    "label",
    "text_pair",
    "\"",
    "\"\"",
    "\r\n",
    "\n",
    "\t",
    ",",
    ";",
    "|",
    "\u{feff}",
    "\u{fffe}",
    "\0",
    "null",
    "true",
    "-1",
    "1.0",
    "1e400",
    "\\ud800",
    "\\u0000",
    "[",
    "{",
    "}",
    "]",
    ":",
];

fn csv_seeds(delimiter: char) -> Vec<Vec<u8>> {
    [
        "id,text,label\n1,\"a, \"\"b\"\"\nc\",pos\n2,plain,neg\n\n3,last,pos",
        "\u{feff}text,text_pair,label\r\nx,y,pos\r\n\"\",\" z\",\r\n",
        "text,label\na,pos\nb,neg,more\n\"b\" c,neg\nd\n\"never closed,neg\n",
        "Text;Label\n5\" vinyl;1\nb;0\n",
        "text,label,,\na,0,,\nb,1,,\n\n,,,\n",
    ]
    .into_iter()
    .flat_map(|text| {
        let text = text.replace(',', &delimiter.to_string());
        let wide: Vec<u8> = text.encode_utf16().flat_map(u16::to_le_bytes).collect();
        [seeds::chosen(2, &text), seeds::chosen(3, [b"\xff\xfe", &*wide].concat())]
    })
    .collect()
}

fn parquet_seeds() -> Vec<Vec<u8>> {
    let schema = "message m { optional binary text (UTF8); optional int64 label; }";
    let names = r#"{"info": {"features": {"text": {"dtype": "string", "_type": "Value"}, "label": {"names": ["neg", "pos"], "_type": "ClassLabel"}}}}"#;
    let codecs = [
        Compression::UNCOMPRESSED,
        Compression::SNAPPY,
        Compression::GZIP(GzipLevel::default()),
        Compression::ZSTD(ZstdLevel::default()),
        Compression::BROTLI(BrotliLevel::default()),
        Compression::LZ4_RAW,
        Compression::LZ4,
    ];
    let mut files: Vec<_> =
        codecs.into_iter().map(|codec| seeds::chosen(2, seeds::parquet(schema, codec, None))).collect();
    files.push(seeds::chosen(2, seeds::parquet(schema, Compression::UNCOMPRESSED, Some(names))));
    files
}

fn columns(choice: u8) -> Columns {
    Columns {
        text: "text".into(),
        text_pair: (choice & 1 != 0).then(|| "text_pair".into()),
        label: (choice & 2 != 0).then(|| "label".into()),
    }
}

/// Each row, or what is said of it.
fn read(reader: Result<RowReader, DataError>) -> Vec<Result<(u64, Row), String>> {
    let mut reader = match reader {
        Ok(reader) => reader,
        Err(error) => return vec![Err(chain(&error))],
    };
    let mut found = Vec::new();
    let mut last = 0;
    while let Some(row) = reader.next_located() {
        found.push(match row {
            Ok((location, row)) => {
                assert!(location.number > last, "{} comes after {last}", location.number);
                last = location.number;
                Ok((location.number, row))
            }
            Err(error) => Err(chain(&error)),
        });
    }
    found
}

/// A pipe that gives as little as it may.
struct ByteByByte(Cursor<Vec<u8>>);

impl Read for ByteByByte {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        let most = buffer.len().min(1);
        self.0.read(&mut buffer[..most])
    }
}

fn rows(format: Format, input: &[u8]) -> usize {
    let Some((&choice, bytes)) = input.split_first() else { return 0 };
    let options = ReadOptions { format: Some(format), ..ReadOptions::default() };
    let columns = columns(choice);
    let bytes = Cursor::new(bytes.to_vec());
    let at_once = read(RowReader::from_reader(bytes.clone(), &options, &columns));
    if choice & 4 != 0 {
        return input.len();
    }
    let slowly = read(RowReader::from_reader(ByteByByte(bytes), &options, &columns));
    // Debug, so that a number that isn't one equals itself.
    assert_eq!(format!("{at_once:?}"), format!("{slowly:?}"), "the same bytes, in other pieces");
    input.len()
}

fn load_file(folder: &Folder, input: &[u8]) -> usize {
    let Some((&choice, bytes)) = input.split_first() else { return 0 };
    folder.clear();
    let ending = ["csv", "tsv", "jsonl", "parquet"][usize::from(choice & 3)];
    let path = folder.write(&format!("rows.{ending}"), bytes);
    let options = LoadOptions {
        split_ratios: (choice & 4 != 0).then_some([0.5, 0.25, 0.25]),
        skip_bad_rows: choice & 8 != 0,
        train_samples: (choice & 16 != 0).then_some(2),
        ..LoadOptions::default()
    };
    match load(&Card::for_file(&path), Path::new(""), &options) {
        Ok(data) => {
            let labels = data.labels.len();
            let splits = [&data.splits.train, &data.splits.validation, &data.splits.test];
            for example in splits.into_iter().flatten() {
                assert!(example.label.is_none_or(|label| label < labels), "a label that there isn't");
            }
            assert!(!data.splits.train.is_empty(), "nothing to train on");
        }
        Err(error) => drop(chain(&error)),
    }
    bytes.len()
}

/// Files for one input: a folder takes time to make.
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
                Some("tsv") => "text\tlabel\na\tx\nb\ty\n",
                _ => "text,label\na,x\nb,y\n",
            };
            let _ = std::fs::write(path, content);
        }
    }
    match DataSource::resolve(folder.path().to_str().unwrap(), &[]) {
        Ok(DataSource::Local { card, root, .. }) => {
            let _ = load(&card, &root, &LoadOptions::default()).map_err(|error| chain(&error));
        }
        Ok(_) => panic!("a folder is on this machine"),
        Err(error) => drop(chain(&error)),
    }
    input.len()
}
