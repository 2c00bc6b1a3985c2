//! [`Nested`]: a column of any type, read through the parquet crate's records: structs, lists of anything,
//! dates and the like.

use std::path::Path;
use std::sync::Arc;

use parquet::bloom_filter::Sbbf;
use parquet::column::page::PageReader;
use parquet::errors::{ParquetError, Result as ParquetResult};
use parquet::file::metadata::RowGroupMetaData;
use parquet::file::reader::RowGroupReader;
use parquet::record::Field;
use parquet::record::reader::{ReaderIter, RowIter, TreeBuilder};
use parquet::schema::types::{SchemaDescPtr, SchemaDescriptor, Type};

use super::column::field;
use super::pages::{CHUNK, Checked};
use crate::error::DataError;
use crate::read::shared_names::SharedNames;
use crate::row::{Row, Value};
use crate::row_problem::RowProblem;

/// A column of any type.
pub(super) struct Nested {
    /// The column's name. Dots separate the names on the path from a field of the file to the column.
    name: String,
    /// A schema with the column's field of the file alone.
    schema: SchemaDescPtr,
    /// The records of the current row group.
    records: Option<ReaderIter>,
    names: SharedNames,
}

impl Nested {
    /// The column called `name`.
    ///
    /// # Errors
    /// The file has no such column, or has it twice.
    pub(super) fn find(schema: &SchemaDescriptor, name: &str, path: &Path) -> Result<Self, DataError> {
        let (_, parts) = field(schema, name, path)?;
        let fields = schema.root_schema().get_fields();
        let fields = fields.iter().filter(|field| field.name() == parts[0]).take(1).cloned().collect();
        let schema = Type::group_type_builder(schema.root_schema().name()).with_fields(fields).build();
        let schema = schema.map_err(|source| DataError::Parquet { path: path.to_owned(), source })?;
        Ok(Self {
            name: name.to_owned(),
            schema: Arc::new(SchemaDescriptor::new(Arc::new(schema))),
            records: None,
            names: SharedNames::default(),
        })
    }

    /// Goes on with the next row group.
    pub(super) fn begin(&mut self, group: &dyn RowGroupReader) -> ParquetResult<()> {
        let builder = TreeBuilder::new().with_batch_size(CHUNK);
        self.records = Some(builder.as_iter(Arc::clone(&self.schema), &CheckedGroup(group))?);
        Ok(())
    }

    /// The value of the next row, or the row's problem.
    pub(super) fn next(&mut self) -> ParquetResult<Result<Value, RowProblem>> {
        let record = self.records.as_mut().and_then(Iterator::next).ok_or_else(|| {
            ParquetError::EOF("a column has fewer values than its row group has rows".to_owned())
        })??;
        let found = record.get_column_iter().next();
        let Some((root, found)) = found else { return Ok(Ok(Value::Null)) };
        Ok(value(found, &mut self.names).map(|value| within(value, root, &self.name)).map_err(|problem| {
            let column = self.name.clone();
            match problem {
                Problem::Large(found) => RowProblem::Type {
                    column,
                    found: found.to_string(),
                    expected: "a text, or a number of at most 64 bits",
                },
                Problem::Utf8(at) => RowProblem::Utf8 { at },
            }
        }))
    }
}

/// The value that `name` stands for within the value of the field `root`.
fn within(value: Value, root: &str, name: &str) -> Value {
    let Some(rest) = name.strip_prefix(root).and_then(|rest| rest.strip_prefix('.')) else { return value };
    match value {
        Value::Struct(row) => row.get(rest).cloned().unwrap_or(Value::Null),
        _ => Value::Null,
    }
}

/// Why a value has no counterpart in [`Value`].
enum Problem {
    /// An unsigned integer beyond `i64::MAX`.
    Large(u64),
    /// Bytes that are not UTF-8 from this index on.
    Utf8(usize),
}

/// Converts a value of the parquet crate. Dates, times and decimals become texts.
fn value(field: &Field, names: &mut SharedNames) -> Result<Value, Problem> {
    Ok(match field {
        Field::Null => Value::Null,
        Field::Bool(truth) => Value::Boolean(*truth),
        Field::Byte(number) => Value::Integer((*number).into()),
        Field::Short(number) => Value::Integer((*number).into()),
        Field::Int(number) => Value::Integer((*number).into()),
        Field::Long(number) => Value::Integer(*number),
        Field::UByte(number) => Value::Integer((*number).into()),
        Field::UShort(number) => Value::Integer((*number).into()),
        Field::UInt(number) => Value::Integer((*number).into()),
        Field::ULong(number) => Value::Integer(i64::try_from(*number).map_err(|_| Problem::Large(*number))?),
        Field::Float16(number) => Value::Float(number.to_f64()),
        Field::Float(number) => Value::Float((*number).into()),
        Field::Double(number) => Value::Float(*number),
        Field::Str(text) => Value::Text(text.clone()),
        Field::Bytes(bytes) => match str::from_utf8(bytes.data()) {
            Ok(text) => Value::Text(text.to_owned()),
            Err(error) => return Err(Problem::Utf8(error.valid_up_to())),
        },
        Field::Decimal(_)
        | Field::Date(_)
        | Field::TimeMillis(_)
        | Field::TimeMicros(_)
        | Field::TimestampMillis(_)
        | Field::TimestampMicros(_) => Value::Text(field.to_string()),
        Field::Group(record) => {
            let own: Vec<&str> = record.get_column_iter().map(|(name, _)| name.as_str()).collect();
            let shared = names.shared(own.into_iter());
            let values = record.get_column_iter().map(|(_, field)| value(field, names));
            Value::from(Row::new(shared, values.collect::<Result<_, _>>()?))
        }
        Field::ListInternal(list) => {
            let values = list.elements().iter().map(|field| value(field, names));
            Value::List(values.collect::<Result<_, _>>()?)
        }
        Field::MapInternal(map) => {
            let shared = names.shared(["key", "value"].into_iter());
            let mut entries = Vec::with_capacity(map.len());
            for (key, entry) in map.entries() {
                let values = vec![value(key, names)?, value(entry, names)?];
                entries.push(Value::from(Row::new(Arc::clone(&shared), values)));
            }
            Value::List(entries)
        }
    })
}

/// A row group whose pages are checked.
struct CheckedGroup<'a>(&'a dyn RowGroupReader);

impl RowGroupReader for CheckedGroup<'_> {
    fn metadata(&self) -> &RowGroupMetaData {
        self.0.metadata()
    }

    fn num_columns(&self) -> usize {
        self.0.num_columns()
    }

    fn get_column_page_reader(&self, leaf: usize) -> ParquetResult<Box<dyn PageReader>> {
        Ok(Box::new(Checked::new(self.0, leaf)?))
    }

    fn get_column_bloom_filter(&self, leaf: usize) -> Option<&Sbbf> {
        self.0.get_column_bloom_filter(leaf)
    }

    fn get_row_iter(&self, projection: Option<Type>) -> ParquetResult<RowIter<'_>> {
        RowIter::from_row_group(projection, self)
    }
}
