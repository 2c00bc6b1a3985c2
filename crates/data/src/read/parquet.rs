//! Parquet, row by row.

use std::fs::File;
use std::path::Path;
use std::sync::Arc;

use parquet::file::reader::{FileReader as _, SerializedFileReader};
use parquet::record::reader::RowIter;
use parquet::record::{Field, Row as ParquetRow};
use parquet::schema::types::Type;

use crate::error::{DataError, Location, RowProblem};
use crate::row::{Columns, RawLabel, Row};

pub(super) fn rows(
    file: File,
    path: &Path,
    columns: &Columns,
) -> Result<impl Iterator<Item = Result<Row, DataError>> + use<>, DataError> {
    let failed = {
        let path = path.to_owned();
        move |source| DataError::Parquet { path: path.clone(), source }
    };
    let reader = SerializedFileReader::new(file).map_err(&failed)?;
    let schema = reader.metadata().file_metadata().schema().clone();
    let fields = schema.get_fields();
    let wanted = columns
        .names()
        .map(|column| {
            fields.iter().find(|field| field.name() == column).map(Arc::clone).ok_or_else(|| {
                DataError::MissingColumn {
                    path: path.to_owned(),
                    column: column.to_owned(),
                    found: fields.iter().map(|field| field.name().to_owned()).collect(),
                }
            })
        })
        .collect::<Result<Vec<_>, _>>()?;
    // Only the columns that are needed are decoded.
    let projection = Type::group_type_builder(schema.name()).with_fields(wanted).build().map_err(&failed)?;
    let rows = RowIter::from_file_into(Box::new(reader)).project(Some(projection)).map_err(&failed)?;
    let (path, columns) = (path.to_owned(), columns.clone());
    let mut number = 0;
    let mut ended = false;
    Ok(rows.map_while(move |parquet_row| {
        if ended {
            return None;
        }
        number += 1;
        Some(match parquet_row {
            Ok(parquet_row) => row(&parquet_row, &columns).map_err(|problem| DataError::Row {
                location: Location { path: path.clone(), number, unit: "row" },
                problem,
            }),
            Err(error) => {
                ended = true;
                Err(failed(error))
            }
        })
    }))
}

fn row(row: &ParquetRow, columns: &Columns) -> Result<Row, RowProblem> {
    let field = |column: &str| {
        row.get_column_iter().find(|(name, _)| *name == column).map(|(_, field)| field).ok_or_else(|| {
            RowProblem::MissingColumn { column: column.to_owned(), found: Vec::new() }
        })
    };
    let text = |column: &String| match field(column)? {
        Field::Str(text) => Ok(text.clone()),
        Field::Bytes(bytes) => match str::from_utf8(bytes.data()) {
            Ok(text) => Ok(text.to_owned()),
            Err(error) => Err(RowProblem::Utf8 { at: error.valid_up_to() }),
        },
        Field::Null => Err(RowProblem::Null { column: column.clone(), expected: "a text" }),
        other => Err(wrong_type(column, other, "a text")),
    };
    let label = |column: &String| match field(column)? {
        Field::Str(name) => Ok(RawLabel::Text(name.clone())),
        Field::Bool(yes) => Ok(RawLabel::Integer(i64::from(*yes))),
        Field::Byte(number) => Ok(RawLabel::Integer((*number).into())),
        Field::Short(number) => Ok(RawLabel::Integer((*number).into())),
        Field::Int(number) => Ok(RawLabel::Integer((*number).into())),
        Field::Long(number) => Ok(RawLabel::Integer(*number)),
        Field::UByte(number) => Ok(RawLabel::Integer((*number).into())),
        Field::UShort(number) => Ok(RawLabel::Integer((*number).into())),
        Field::UInt(number) => Ok(RawLabel::Integer((*number).into())),
        Field::Null => Err(RowProblem::Null { column: column.clone(), expected: "a label" }),
        other => Err(wrong_type(column, other, "a text or an integer")),
    };
    Ok(Row {
        text: text(&columns.text)?,
        text_pair: columns.text_pair.as_ref().map(text).transpose()?,
        label: columns.label.as_ref().map(label).transpose()?,
    })
}

fn wrong_type(column: &str, field: &Field, expected: &'static str) -> RowProblem {
    RowProblem::Type { column: column.to_owned(), found: field.to_string(), expected }
}
