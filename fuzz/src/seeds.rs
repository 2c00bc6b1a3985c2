//! Inputs to begin with (seeds), from the repository's own files.

use std::fs::File;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use parquet::basic::Compression;
use parquet::data_type::{ByteArray, ByteArrayType, Int64Type};
use parquet::file::metadata::KeyValue;
use parquet::file::properties::WriterProperties;
use parquet::file::writer::SerializedFileWriter;
use parquet::schema::parser::parse_message_type;

/// Bytes to which a larger file is cut: with inputs that take long an engine makes no progress.
const MOST: usize = 1 << 10;

fn repository() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

/// A file of the repository, cut where it is large.
pub(crate) fn file(name: &str) -> Vec<u8> {
    let path = repository().join(name);
    let mut bytes = std::fs::read(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    if bytes.len() > MOST {
        bytes.truncate(MOST);
        // Cut after a whole line, where there is one.
        let end = bytes.iter().rposition(|byte| *byte == b'\n').unwrap_or(MOST - 1);
        bytes.truncate(end + 1);
    }
    bytes
}

/// A file of the repository, whole.
pub(crate) fn whole(name: &str) -> Vec<u8> {
    let path = repository().join(name);
    std::fs::read(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// The files of a folder of the repository whose names end with `ending`.
pub(crate) fn folder(name: &str, ending: &str) -> Vec<Vec<u8>> {
    let mut paths: Vec<PathBuf> = std::fs::read_dir(repository().join(name))
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.to_string_lossy().ends_with(ending))
        .collect();
    paths.sort();
    paths.iter().map(|path| std::fs::read(path).unwrap()).collect()
}

/// An input that is a byte to choose options, then a file.
pub(crate) fn chosen(choice: u8, bytes: impl AsRef<[u8]>) -> Vec<u8> {
    [&[choice], bytes.as_ref()].concat()
}

/// A Parquet file of texts and numbers of classes.
pub(crate) fn parquet(schema: &str, compression: Compression, metadata: Option<&str>) -> Vec<u8> {
    let place = tempfile::tempdir().unwrap();
    let path = place.path().join("rows.parquet");
    let schema = Arc::new(parse_message_type(schema).unwrap());
    let metadata = metadata.map(|value| vec![KeyValue::new("huggingface".to_owned(), value.to_owned())]);
    let properties =
        WriterProperties::builder().set_compression(compression).set_key_value_metadata(metadata).build();
    let file = File::create(&path).unwrap();
    let mut writer = SerializedFileWriter::new(file, schema, Arc::new(properties)).unwrap();
    let texts = ["Lovely.", "Awful, and long.", "", "Lovely."].map(ByteArray::from);
    for _ in 0..2 {
        let mut group = writer.next_row_group().unwrap();
        let mut column = group.next_column().unwrap().unwrap();
        column.typed::<ByteArrayType>().write_batch(&texts, Some(&[1, 1, 0, 1, 1]), None).unwrap();
        column.close().unwrap();
        let mut column = group.next_column().unwrap().unwrap();
        column.typed::<Int64Type>().write_batch(&[0, 1, 0, 1], Some(&[1, 1, 1, 0, 1]), None).unwrap();
        column.close().unwrap();
        group.close().unwrap();
    }
    writer.close().unwrap();
    std::fs::read(&path).unwrap()
}
