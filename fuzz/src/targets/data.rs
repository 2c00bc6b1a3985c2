//! Targets for files of texts and labels.

use std::io::{Cursor, Read, Write};
use std::path::Path;

use embert_data::{
    Card, CardColumns, Columns, DataError, Format, Header, LoadOptions, QuestionColumns, Quoting,
    ReadOptions, Row, RowReader, question_of, spans_of,
};
use embert_task::{LabelOptions, TextClassification, load};
use flate2::Compression;
use flate2::read::{GzEncoder, MultiGzDecoder};
use parquet::basic::{BrotliLevel, Compression as Codec, GzipLevel, ZstdLevel};

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

pub(super) static JSON: Target = Target {
    name: "json",
    about: "JSON that is an array, or an object with one, likewise",
    seeds: || {
        [
            "[{\"text\": \"a\", \"label\": 0}, {\"label\": \"x\", \"text\": \"b\", \"text_pair\": \"c\"}]",
            "{\"version\": \"1\", \"data\": [{\"text\": \"a\", \"label\": null}, {\"text\": \"\\ud83c\"}]}",
            "{\"text\": \"a\", \"label\": 1.0}\n{\"text\": \"b\", \"label\": [1, {}]}\n",
            "{\"text\": [\"a\", \"b\"], \"label\": [0, 1]}",
            "[]",
            "[{\"text\": \"a\", \"label\": 0},\n {\"text\": 1}, 3,]",
        ]
        .into_iter()
        .flat_map(|text| [seeds::chosen(2, text), seeds::chosen(3, text)])
        .collect()
    },
    words: CELLS,
    run: |_, input| rows(Format::Json, input),
};

pub(super) static CONLL: Target = Target {
    name: "conll",
    about: "CoNLL columns, likewise",
    seeds: || {
        let texts = [
            "-DOCSTART- -X- O\n\nEU NNP B-ORG\nrejects VBZ O\n\nPeter NNP B-PER\n",
            "\u{feff}Ms\tO\r\nNew York\tB-LOC\r\n\t\r\n.\tO",
            "# id 1\na O\nb\n\n# c\nd O O\n-DOCSTART- O\ne O\n",
            "one\ntwo\n\n#three\n",
        ];
        let wide: Vec<u8> = texts[1].encode_utf16().flat_map(u16::to_le_bytes).collect();
        let texts = texts.iter().map(|text| text.as_bytes().to_vec()).chain([wide]);
        texts.flat_map(|text| [seeds::chosen(2, &text), seeds::chosen(3, &text)]).collect()
    },
    words: &["-DOCSTART-", "\tO\n", " B-PER\n", "\n\n", "\r\n", "# id ", "#", "\u{feff}", "\u{a0}", "\0"],
    run: |_, input| {
        let columns = Columns::new().with("tokens");
        rows_of(Format::Conll, input, |choice| {
            if choice & 2 == 0 {
                columns.clone().with("tags").with("document")
            } else {
                columns.clone().with_all()
            }
        })
    },
};

pub(super) static SPANS: Target = Target {
    name: "spans",
    about: "JSON of annotation tools, to texts and spans",
    seeds: || {
        [
            "{\"text\": \"Ms Okafor\", \"entities\": [[3, 9, \"PER\"]]}\n{\"text\": \"b\", \"label\": []}\n",
            "{\"text\": \"\u{1d11e} a\", \"label\": [{\"start\": 3, \"end\": 4, \"text\": \"a\", \"labels\": [\"X\"]}]}",
            "[{\"data\": {\"text\": \"a\"}, \"annotations\": [{\"was_cancelled\": false, \"result\": [{\"type\": \"labels\", \"value\": {\"start\": 0, \"end\": 1, \"labels\": [\"X\"]}}, {\"type\": \"relation\"}]}]}]",
            "[{\"id\": 0, \"paragraphs\": [{\"raw\": \"a\", \"sentences\": [{\"tokens\": [{\"orth\": \"a\", \"ner\": \"U-X\"}]}]}]}]",
            "[[\"a b\", {\"entities\": [[0, 1, \"X\"], [-1, 9, \"X\"]]}]]",
        ]
        .into_iter()
        .map(|text| text.as_bytes().to_vec())
        .collect()
    },
    words: &[
        "text",
        "entities",
        "label",
        "labels",
        "start",
        "start_offset",
        "end",
        "data",
        "annotations",
        "result",
        "value",
        "paragraphs",
        "sentences",
        "tokens",
        "orth",
        "ner",
        "\u{1d11e}",
        "-1",
        "9223372036854775807",
        "[",
        "]",
    ],
    run: |_, input| {
        let options = ReadOptions { format: Some(Format::Json), ..ReadOptions::default() };
        let reader =
            RowReader::from_reader(Cursor::new(input.to_vec()), &options, &Columns::new().with_all());
        for row in reader.into_iter().flatten().filter_map(Result::ok) {
            let Ok(Some(found)) = spans_of(&row, &CardColumns::default()) else { continue };
            let length = found.text.chars().count();
            for span in found.spans.unwrap_or_default() {
                assert!(span.start < span.end && span.end <= length, "{span:?} in {length} characters");
            }
        }
        size(input)
    },
};

pub(super) static QUESTIONS: Target = Target {
    name: "questions",
    about: "JSON of questions, SQuAD's own too, to contexts and answers",
    seeds: || {
        [
            "{\"version\": \"1.1\", \"data\": [{\"title\": \"t\", \"paragraphs\": [{\"context\": \"Ms \u{1d11e} flew.\", \"qas\": [{\"id\": \"a\", \"question\": \"Who?\", \"answers\": [{\"text\": \"\u{1d11e}\", \"answer_start\": 3}]}]}]}], \"n\": 1}",
            "[{\"paragraphs\": [{\"qas\": [{\"question\": \"Who?\", \"is_impossible\": true, \"answers\": [], \"plausible_answers\": []}], \"context\": \"a\"}]}]",
            "[{\"context\": \"a b\", \"qas\": [{\"question\": \"Who?\", \"answers\": null}, {\"question\": 3}]}]",
            "{\"question\": \"Who?\", \"context\": \"e\u{301} a\", \"id\": 3, \"answers\": {\"text\": [\"a\", \"e\"], \"answer_start\": [3, 0]}}",
            "{\"question\": \"Who?\", \"context\": \"a\", \"answers\": [{\"text\": \"a\", \"answer_start\": -1}]}\n{\"question\": \"\", \"context\": \" \"}\n",
        ]
        .into_iter()
        .map(|text| text.as_bytes().to_vec())
        .collect()
    },
    words: &[
        "data",
        "title",
        "paragraphs",
        "qas",
        "context",
        "question",
        "answers",
        "text",
        "answer_start",
        "is_impossible",
        "plausible_answers",
        "id",
        "\u{1d11e}",
        "-1",
        "9223372036854775807",
        "null",
        "[",
        "]",
        "{",
        "}",
    ],
    run: |_, input| {
        let options = ReadOptions { format: Some(Format::Json), ..ReadOptions::default() };
        let columns = QuestionColumns::of(&Card::for_file(Path::new("questions.json")));
        let reader =
            RowReader::from_reader(Cursor::new(input.to_vec()), &options, &Columns::new().with_all());
        for row in reader.into_iter().flatten().filter_map(Result::ok) {
            let Ok(question) = question_of(&row, &columns) else { continue };
            for answer in question.answers.iter().flatten() {
                let characters = answer.characters();
                let found: String =
                    question.context.chars().skip(characters.start).take(characters.len()).collect();
                assert_eq!(found, answer.text, "{characters:?} of {:?}", question.context);
            }
        }
        size(input)
    },
};

pub(super) static COMPRESSED: Target = Target {
    name: "compressed",
    about: "Files in gzip and in Zstandard",
    seeds: || {
        let table = "text,label\nlovely,pos\nawful,neg\n";
        let json = "{\"text\": \"a\", \"label\": 1}\n";
        let large = format!("text,label\n{}", "the same again,pos\n".repeat(5000));
        let columns = "a\tO\n\nb\tO\n";
        [(0, table), (2, json), (1, &large.replace(',', "\t")), (0, &large), (4, columns)]
            .into_iter()
            .flat_map(|(choice, text)| {
                [seeds::chosen(choice, gzip(text)), seeds::chosen(choice + 8, zstandard(text))]
            })
            .collect()
    },
    words: &["\x1f", "text,label\n", "\n", "\0"],
    run: |folder, input| {
        let Some((&choice, bytes)) = input.split_first() else { return 0 };
        let format = ["csv", "tsv", "jsonl", "json", "conll"][usize::from(choice & 7) % 5];
        let ending = if choice & 8 == 0 { "gz" } else { "zst" };
        folder.clear();
        let path = folder.write(&format!("rows.{format}.{ending}"), bytes);
        let columns = if format == "conll" { Columns::new().with("tokens") } else { columns(2) };
        read(RowReader::open(&path, &ReadOptions::default(), &columns));
        size(bytes)
    },
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

/// Words of tables.
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
        Codec::UNCOMPRESSED,
        Codec::SNAPPY,
        Codec::GZIP(GzipLevel::default()),
        Codec::ZSTD(ZstdLevel::default()),
        Codec::BROTLI(BrotliLevel::default()),
        Codec::LZ4_RAW,
        Codec::LZ4,
    ];
    let mut files: Vec<_> =
        codecs.into_iter().map(|codec| seeds::chosen(2, seeds::parquet(schema, codec, None))).collect();
    files.push(seeds::chosen(2, seeds::parquet(schema, Codec::UNCOMPRESSED, Some(names))));
    files.extend(
        seeds::folder("crates/data/tests/fixtures", ".parquet").iter().map(|file| seeds::chosen(2, file)),
    );
    files
}

fn columns(choice: u8) -> Columns {
    let columns = Columns::new().with_text("text");
    let columns = if choice & 1 == 0 { columns } else { columns.with_text("text_pair") };
    if choice & 2 == 0 { columns } else { columns.with_label("label") }
}

fn gzip(text: &str) -> Vec<u8> {
    let mut bytes = Vec::new();
    GzEncoder::new(text.as_bytes(), Compression::default()).read_to_end(&mut bytes).unwrap();
    bytes
}

fn zstandard(text: &str) -> Vec<u8> {
    zstd::encode_all(text.as_bytes(), 3).unwrap()
}

/// The number of bytes to read. A compressed file, which readers, too, tell by its first bytes, counts by its
/// content, as far as the file can be unpacked.
fn size(bytes: &[u8]) -> usize {
    let mut counted = Counted(0);
    // A damaged file ends early, for the reader too.
    let _ = if bytes.starts_with(b"\x1f\x8b") {
        std::io::copy(&mut MultiGzDecoder::new(bytes), &mut counted)
    } else if bytes.starts_with(b"\x28\xb5\x2f\xfd") {
        zstd::Decoder::new(bytes).and_then(|mut unpacked| std::io::copy(&mut unpacked, &mut counted))
    } else {
        Ok(0)
    };
    counted.0.max(bytes.len())
}

struct Counted(usize);

impl Write for Counted {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0 += bytes.len();
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

/// Each row with its line, or the row's error.
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
                // A carriage return amid line feeds ends a row, and no line: two rows may have one line.
                assert!(location.number >= last, "{} comes after {last}", location.number);
                last = location.number;
                Ok((location.number, row))
            }
            Err(error) => Err(chain(&error)),
        });
    }
    found
}

/// A pipe that gives one byte at a time.
struct ByteByByte(Cursor<Vec<u8>>);

impl Read for ByteByByte {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        let most = buffer.len().min(1);
        self.0.read(&mut buffer[..most])
    }
}

fn rows(format: Format, input: &[u8]) -> usize {
    rows_of(format, input, columns)
}

/// Reads rows of the columns that the first byte of the input chooses, in one piece and byte by byte.
fn rows_of(format: Format, input: &[u8], columns: impl Fn(u8) -> Columns) -> usize {
    let Some((&choice, bytes)) = input.split_first() else { return 0 };
    let flag = |bit: u8| choice & bit != 0;
    let options = ReadOptions {
        format: Some(format),
        delimiter: flag(8).then(|| ";".parse().unwrap()),
        quoting: flag(16).then_some(Quoting::None),
        encoding: flag(32).then(|| if flag(64) { "windows-1252" } else { "gb18030" }.parse().unwrap()),
        header: flag(128).then(|| Header::Names(["text", "label", "text_pair"].map(str::to_owned).into())),
    };
    let columns = columns(choice);
    let whole = Cursor::new(bytes.to_vec());
    let at_once = read(RowReader::from_reader(whole.clone(), &options, &columns));
    if flag(4) {
        return size(bytes);
    }
    let slowly = read(RowReader::from_reader(ByteByByte(whole), &options, &columns));
    // NaN does not equal itself, so unequal rows are compared again as texts.
    if at_once != slowly {
        assert_eq!(format!("{at_once:?}"), format!("{slowly:?}"), "the same bytes, in other pieces");
    }
    size(bytes)
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
    match load::<TextClassification>(
        &Card::for_file(&path),
        Path::new(""),
        &options,
        &LabelOptions::default(),
    ) {
        Ok(data) => {
            let labels = data.labels.set.len();
            let splits = [&data.splits.train, &data.splits.validation, &data.splits.test];
            for example in splits.into_iter().flatten() {
                assert!(example.label.is_none_or(|label| label < labels), "a label that there isn't");
            }
            assert!(!data.splits.train.is_empty(), "nothing to train on");
        }
        Err(error) => drop(chain(&error)),
    }
    size(bytes)
}
