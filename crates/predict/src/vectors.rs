//! [`VectorFile`]: vectors of texts as a safetensors or a Parquet file.

use std::fs::File;
use std::io::{self, BufWriter, Seek as _, Write};
use std::path::Path;
use std::sync::Arc;

use parquet::basic::{Compression, ConvertedType, LogicalType, Repetition, Type as Physical};
use parquet::data_type::{ByteArray, ByteArrayType, FloatType};
use parquet::errors::ParquetError;
use parquet::file::properties::WriterProperties;
use parquet::file::writer::SerializedFileWriter;
use parquet::schema::types::{Type, TypePtr};
use safetensors::Dtype;
use safetensors::tensor::{Metadata, TensorInfo};
use strum::{Display, EnumString, VariantNames};

/// The name of the tensor, or of the column, with the vectors.
const VECTORS: &str = "embedding";

/// The number of rows of a Parquet file that are in memory together.
const GROUP: usize = 4096;

/// The format of a file of vectors.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Display, EnumString, VariantNames)]
#[strum(serialize_all = "lowercase")]
pub enum VectorFormat {
    /// One tensor `embedding`, `[texts, dimensions]` in f32, of safetensors.
    Safetensors,
    /// An object a line: `{"text": .., "embedding": [..]}`.
    Jsonl,
    /// The columns `text` and `embedding`, a list of floats, of Parquet.
    Parquet,
}

impl VectorFormat {
    /// The format that a file's ending says; `None` for any other ending.
    pub fn of(path: &Path) -> Option<Self> {
        path.extension()?.to_str()?.parse().ok()
    }
}

/// A file of vectors while it is written. The beginning of a safetensors file and the end of a Parquet file state
/// the number of rows, so rows go into a scratch file first: any number of them needs constant memory.
#[derive(Debug)]
pub struct VectorFile(Rows);

enum Rows {
    Safetensors { scratch: BufWriter<File>, rows: usize, dimensions: usize },
    Parquet { writer: SerializedFileWriter<File>, scratch: File, texts: Vec<ByteArray>, vectors: Vec<f32> },
}

impl std::fmt::Debug for Rows {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Safetensors { .. } => "Safetensors",
            Self::Parquet { .. } => "Parquet",
        })
    }
}

impl VectorFile {
    /// A safetensors file of vectors with `dimensions` numbers each. `scratch` is an empty file, open for reading
    /// and writing.
    pub fn safetensors(dimensions: usize, scratch: File) -> Self {
        Self(Rows::Safetensors { scratch: BufWriter::new(scratch), rows: 0, dimensions })
    }

    /// A Parquet file of texts with their vectors. `scratch` as in [`safetensors`](Self::safetensors).
    ///
    /// # Errors
    /// The scratch file can't be written.
    pub fn parquet(scratch: File) -> io::Result<Self> {
        let properties = WriterProperties::builder()
            .set_compression(Compression::SNAPPY)
            // Numbers hardly repeat.
            .set_column_dictionary_enabled(format!("{VECTORS}.list.element").as_str().into(), false)
            .build();
        let schema = schema().map_err(failed)?;
        let writer = SerializedFileWriter::new(scratch.try_clone()?, schema, Arc::new(properties));
        let writer = writer.map_err(failed)?;
        Ok(Self(Rows::Parquet { writer, scratch, texts: Vec::new(), vectors: Vec::new() }))
    }

    /// Adds a row. All vectors of a file have the same number of dimensions.
    ///
    /// # Errors
    /// The scratch file can't be written.
    pub fn push(&mut self, text: &str, vector: &[f32]) -> io::Result<()> {
        match &mut self.0 {
            Rows::Safetensors { scratch, rows, .. } => {
                *rows += 1;
                vector.iter().try_for_each(|value| scratch.write_all(&value.to_le_bytes()))
            }
            Rows::Parquet { writer, texts, vectors, .. } => {
                texts.push(text.into());
                vectors.extend_from_slice(vector);
                if texts.len() == GROUP { write_group(writer, texts, vectors) } else { Ok(()) }
            }
        }
    }

    /// Writes the whole file to `out`.
    ///
    /// # Errors
    /// The scratch file can't be read, or `out` can't be written.
    pub fn finish(self, out: &mut dyn Write) -> io::Result<()> {
        let mut scratch = match self.0 {
            Rows::Safetensors { scratch, rows, dimensions } => {
                out.write_all(&header(rows, dimensions)?)?;
                scratch.into_inner().map_err(io::IntoInnerError::into_error)?
            }
            Rows::Parquet { mut writer, scratch, mut texts, mut vectors } => {
                write_group(&mut writer, &mut texts, &mut vectors)?;
                writer.close().map_err(failed)?;
                scratch
            }
        };
        scratch.rewind()?;
        io::copy(&mut scratch, out)?;
        Ok(())
    }
}

/// What stands before the numbers of a safetensors file: the length of the header, and the header, filled up with
/// spaces so that the numbers are aligned.
fn header(rows: usize, dimensions: usize) -> io::Result<Vec<u8>> {
    let end = rows * dimensions * size_of::<f32>();
    let info = TensorInfo { dtype: Dtype::F32, shape: vec![rows, dimensions], data_offsets: (0, end) };
    let metadata = Metadata::new(None, vec![(VECTORS.to_owned(), info)]).map_err(io::Error::other)?;
    let mut header = serde_json::to_vec(&metadata)?;
    header.resize(header.len().next_multiple_of(size_of::<u64>()), b' ');
    Ok([(header.len() as u64).to_le_bytes().as_slice(), &header].concat())
}

/// `text`, and `embedding`, a list as the Parquet format describes lists.
fn schema() -> Result<TypePtr, ParquetError> {
    let text = Type::primitive_type_builder("text", Physical::BYTE_ARRAY)
        .with_repetition(Repetition::REQUIRED)
        .with_logical_type(Some(LogicalType::String))
        .build()?;
    let element = Type::primitive_type_builder("element", Physical::FLOAT)
        .with_repetition(Repetition::REQUIRED)
        .build()?;
    let list = Type::group_type_builder("list")
        .with_repetition(Repetition::REPEATED)
        .with_fields(vec![Arc::new(element)])
        .build()?;
    let vectors = Type::group_type_builder(VECTORS)
        .with_repetition(Repetition::REQUIRED)
        .with_converted_type(ConvertedType::LIST)
        .with_logical_type(Some(LogicalType::List))
        .with_fields(vec![Arc::new(list)])
        .build()?;
    let fields: Vec<TypePtr> = vec![Arc::new(text), Arc::new(vectors)];
    Ok(Arc::new(Type::group_type_builder("schema").with_fields(fields).build()?))
}

/// Writes the rows as a row group, and takes them out.
fn write_group(
    writer: &mut SerializedFileWriter<File>,
    texts: &mut Vec<ByteArray>,
    vectors: &mut Vec<f32>,
) -> io::Result<()> {
    if texts.is_empty() {
        return Ok(());
    }
    let dimensions = vectors.len() / texts.len();
    // A number is in its list (1), and begins a row (0) or goes on with it (1).
    let definition = vec![1; vectors.len()];
    let repetition: Vec<i16> = (0..vectors.len()).map(|index| i16::from(index % dimensions != 0)).collect();
    let mut write = || {
        let mut group = writer.next_row_group()?;
        if let Some(mut column) = group.next_column()? {
            column.typed::<ByteArrayType>().write_batch(texts, None, None)?;
            column.close()?;
        }
        if let Some(mut column) = group.next_column()? {
            let column_writer = column.typed::<FloatType>();
            column_writer.write_batch(vectors, Some(&definition), Some(&repetition))?;
            column.close()?;
        }
        group.close().map(drop)
    };
    write().map_err(failed)?;
    texts.clear();
    vectors.clear();
    Ok(())
}

fn failed(error: ParquetError) -> io::Error {
    match error {
        ParquetError::External(source) => match source.downcast::<io::Error>() {
            Ok(error) => *error,
            Err(source) => io::Error::other(source),
        },
        error => io::Error::other(error),
    }
}

#[cfg(test)]
mod tests {
    use embert_data::{Columns, ReadOptions, RowReader, Value};
    use safetensors::SafeTensors;

    use super::*;

    fn written(mut file: VectorFile, rows: &[(&str, [f32; 3])]) -> Vec<u8> {
        for (text, vector) in rows {
            file.push(text, vector).unwrap();
        }
        let mut out = Vec::new();
        file.finish(&mut out).unwrap();
        out
    }

    const ROWS: [(&str, [f32; 3]); 2] = [("a", [1.0, 2.0, 3.0]), ("", [4.0, -5.0, 0.5])];

    #[test]
    fn a_safetensors_file_has_a_row_for_each_text() {
        let scratch = || tempfile::tempfile().unwrap();
        for rows in [&ROWS[..], &[]] {
            let bytes = written(VectorFile::safetensors(3, scratch()), rows);
            let file = SafeTensors::deserialize(&bytes).unwrap();
            let tensor = file.tensor("embedding").unwrap();
            assert_eq!((tensor.dtype(), tensor.shape()), (Dtype::F32, &[rows.len(), 3][..]));
            let values: Vec<f32> =
                tensor.data().as_chunks().0.iter().map(|value| f32::from_le_bytes(*value)).collect();
            assert_eq!(values, rows.iter().flat_map(|(_, vector)| *vector).collect::<Vec<_>>());
        }
    }

    #[test]
    fn a_parquet_file_has_texts_and_lists_in_any_number_of_groups() {
        let place = tempfile::tempdir().unwrap();
        let path = place.path().join("v.parquet");
        for count in [0, 2, 2 * GROUP + 1] {
            let rows: Vec<_> = ROWS.into_iter().cycle().take(count).collect();
            let bytes = written(VectorFile::parquet(tempfile::tempfile().unwrap()).unwrap(), &rows);
            std::fs::write(&path, bytes).unwrap();
            let columns = Columns::new().with_text("text").with("embedding");
            let read = RowReader::open(&path, &ReadOptions::default(), &columns).unwrap();
            let read: Vec<_> = read.map(Result::unwrap).collect();
            assert_eq!(read.len(), count);
            for (row, (text, vector)) in read.iter().zip(&rows) {
                let number = |value: &Value| match value {
                    Value::Float(number) => *number,
                    other => panic!("{other:?}"),
                };
                let numbers: Vec<f64> = row.list("embedding").unwrap().iter().map(number).collect();
                assert_eq!((row.text("text").unwrap(), numbers), (*text, vector.map(f64::from).to_vec()));
            }
        }
    }

    #[test]
    fn the_ending_says_the_format() {
        let of = |name: &str| VectorFormat::of(Path::new(name));
        assert_eq!(of("a.safetensors"), Some(VectorFormat::Safetensors));
        assert_eq!(
            (of("a.jsonl"), of("a.parquet")),
            (Some(VectorFormat::Jsonl), Some(VectorFormat::Parquet))
        );
        assert_eq!((of("a.npy"), of("-")), (None, None));
    }
}
