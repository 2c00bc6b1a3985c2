//! CSV and TSV with a heading.

use std::io::BufRead;
use std::path::PathBuf;

use csv::{ByteRecord, ErrorKind, ReaderBuilder};

use crate::error::{DataError, Location, RowProblem};
use crate::row::{Columns, RawLabel, Row};

pub(super) fn rows(
    reader: impl BufRead,
    path: PathBuf,
    delimiter: u8,
    columns: Columns,
) -> Result<impl Iterator<Item = Result<Row, DataError>>, DataError> {
    let mut reader = ReaderBuilder::new().delimiter(delimiter).from_reader(reader);
    let problem = {
        let path = path.clone();
        move |error: csv::Error| to_error(error, &path)
    };
    let heading: Vec<String> = reader
        .byte_headers()
        .map_err(&problem)?
        .iter()
        .map(|name| String::from_utf8_lossy(name).trim().to_owned())
        .collect();
    if heading.is_empty() {
        return Err(DataError::Empty { path });
    }
    let index = |column: &String| {
        heading.iter().position(|name| name == column).ok_or_else(|| DataError::MissingColumn {
            path: path.clone(),
            column: column.clone(),
            found: heading.clone(),
        })
    };
    let text_index = index(&columns.text)?;
    let pair_index = columns.text_pair.as_ref().map(index).transpose()?;
    let label_index = columns.label.as_ref().map(index).transpose()?;

    let mut record = ByteRecord::new();
    let mut ended = false;
    Ok(std::iter::from_fn(move || {
        if ended {
            return None;
        }
        match reader.read_byte_record(&mut record) {
            Ok(false) => None,
            Ok(true) => {
                let number = record.position().map_or(0, csv::Position::line);
                let row = (|| {
                    let field = |index: usize| match str::from_utf8(&record[index]) {
                        Ok(text) => Ok(text.to_owned()),
                        Err(error) => Err(RowProblem::Utf8 { at: error.valid_up_to() }),
                    };
                    let label = |index: usize| match field(index)? {
                        empty if empty.trim().is_empty() => {
                            Err(RowProblem::Null { column: heading[index].clone(), expected: "a label" })
                        }
                        name => Ok(RawLabel::Text(name.trim().to_owned())),
                    };
                    Ok(Row {
                        text: field(text_index)?,
                        text_pair: pair_index.map(field).transpose()?,
                        label: label_index.map(label).transpose()?,
                    })
                })();
                Some(row.map_err(|problem| DataError::Row {
                    location: Location { path: path.clone(), number, unit: "line" },
                    problem,
                }))
            }
            Err(error) => {
                let error = problem(error);
                ended = !error.is_bad_row();
                Some(Err(error))
            }
        }
    }))
}

fn to_error(error: csv::Error, path: &std::path::Path) -> DataError {
    if let ErrorKind::UnequalLengths { pos, expected_len, len } = error.kind() {
        let number = pos.as_ref().map_or(0, csv::Position::line);
        return DataError::Row {
            location: Location { path: path.to_owned(), number, unit: "line" },
            problem: RowProblem::Fields { found: *len, expected: *expected_len },
        };
    }
    DataError::Csv { path: path.to_owned(), source: error }
}
