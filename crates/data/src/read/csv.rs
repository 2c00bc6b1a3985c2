//! CSV and TSV with a heading.
//!
//! The parser behind this takes what it gets: a quote that is never closed makes one field of the rest of the file, and
//! text after a closing quote is joined to what was within. Both are faults here, as they change texts or lose rows.

use std::io::{BufRead, ErrorKind};
use std::path::Path;
use std::sync::Arc;

use csv_core::{ReadRecordResult, ReaderBuilder};

use super::{Located, MAX_ROW, line_ends};
use crate::error::{DataError, Location, RowProblem};
use crate::row::{Columns, Row, Value};

pub(super) fn rows<R: BufRead>(
    reader: R,
    path: &Arc<Path>,
    delimiter: u8,
    columns: &Columns,
) -> Result<impl Iterator<Item = Located> + use<R>, DataError> {
    let mut records = Records::new(reader, Arc::clone(path), delimiter);
    match records.read()? {
        None => return Err(DataError::Empty { path: path.to_path_buf() }),
        Some((_, Ok(()))) => {}
        Some((location, Err(problem))) => return Err(DataError::Row { location, problem }),
    }
    let heading: Vec<String> =
        records.fields().map(|name| String::from_utf8_lossy(name).trim().to_owned()).collect();
    let index = |column: &String| {
        heading.iter().position(|name| name == column).ok_or_else(|| DataError::MissingColumn {
            path: path.to_path_buf(),
            column: column.clone(),
            found: heading.clone(),
        })
    };
    let text_index = index(&columns.text)?;
    let pair_index = columns.text_pair.as_ref().map(index).transpose()?;
    let label_index = columns.label.as_ref().map(index).transpose()?;

    Ok(std::iter::from_fn(move || {
        let (location, whole) = match records.read().transpose()? {
            Ok(record) => record,
            Err(error) => return Some(Err(error)),
        };
        let row = whole.and_then(|()| {
            let fields: Vec<&[u8]> = records.fields().collect();
            if fields.len() != heading.len() {
                return Err(RowProblem::Fields {
                    found: fields.len() as u64,
                    expected: heading.len() as u64,
                });
            }
            let text = |index: usize| match str::from_utf8(fields[index]) {
                Ok(text) => Ok(text.to_owned()),
                Err(error) => Err(RowProblem::Utf8 { at: error.valid_up_to() }),
            };
            let label = |index: usize| {
                let name = text(index)?.trim().to_owned();
                Ok(if name.is_empty() { Value::Null } else { Value::Text(name) })
            };
            Ok(Row {
                text: text(text_index)?,
                text_pair: pair_index.map(text).transpose()?,
                label: label_index.map(label).transpose()?,
            })
        });
        Some(Ok((location, row)))
    }))
}

/// Where a record begins, and what is wrong with its quotes.
type Record = (Location, Result<(), RowProblem>);

/// The records of a file, one at a time.
struct Records<R> {
    reader: R,
    path: Arc<Path>,
    parser: csv_core::Reader,
    delimiter: u8,
    /// The record as it stands in the file, after the ends of lines before it.
    raw: Vec<u8>,
    /// Its fields without their quotes, one after the other, and where each ends.
    text: Vec<u8>,
    ends: Vec<usize>,
    fields: usize,
    /// Ends of lines so far.
    lines: u64,
    /// Whether the end of the file was made to end a line.
    drained: bool,
}

impl<R: BufRead> Records<R> {
    fn new(reader: R, path: Arc<Path>, delimiter: u8) -> Self {
        Self {
            reader,
            path,
            parser: ReaderBuilder::new().delimiter(delimiter).build(),
            delimiter,
            raw: Vec::new(),
            text: vec![0; 4096],
            ends: vec![0; 32],
            fields: 0,
            lines: 0,
            drained: false,
        }
    }

    /// The next record. Its fields stay until the next call.
    fn read(&mut self) -> Result<Option<Record>, DataError> {
        self.raw.clear();
        self.fields = 0;
        let mut written = 0;
        let closed = loop {
            let input = match self.reader.fill_buf() {
                Ok(input) => input,
                Err(error) if error.kind() == ErrorKind::Interrupted => continue,
                Err(source) => return Err(DataError::Read { path: self.path.to_path_buf(), source }),
            };
            let at_end = input.is_empty();
            // One more end of a line ends the last record; what it doesn't end is within quotes.
            let input = if at_end && !self.drained { b"\n" } else { input };
            let (result, consumed, new_text, new_ends) =
                self.parser.read_record(input, &mut self.text[written..], &mut self.ends[self.fields..]);
            if at_end {
                self.drained |= consumed > 0;
            } else {
                self.raw.extend_from_slice(&input[..consumed]);
                self.reader.consume(consumed);
            }
            written += new_text;
            self.fields += new_ends;
            match result {
                ReadRecordResult::InputEmpty if self.raw.len() > MAX_ROW => {
                    return Err(DataError::TooLong { location: self.location() });
                }
                ReadRecordResult::InputEmpty => {}
                ReadRecordResult::OutputFull => self.text.resize(self.text.len() * 2, 0),
                ReadRecordResult::OutputEndsFull => self.ends.resize(self.ends.len() * 2, 0),
                ReadRecordResult::Record => break consumed > 0,
                ReadRecordResult::End => return Ok(None),
            }
        };
        let location = self.location();
        self.lines += line_ends(&self.raw);
        let problem = if closed { self.stray_quote() } else { Some(RowProblem::OpenQuote) };
        Ok(Some((location, problem.map_or(Ok(()), Err))))
    }

    /// Where the record begins.
    fn location(&self) -> Location {
        let blank = self.raw.len() - self.record().len();
        Location {
            path: Arc::clone(&self.path),
            number: self.lines + line_ends(&self.raw[..blank]) + 1,
            unit: "line",
        }
    }

    /// The record without the empty lines before it.
    fn record(&self) -> &[u8] {
        let begin = self.raw.iter().position(|byte| !is_line_end(*byte));
        &self.raw[begin.unwrap_or(self.raw.len())..]
    }

    fn fields(&self) -> impl Iterator<Item = &[u8]> {
        let begins = std::iter::once(0).chain(self.ends.iter().copied());
        begins.zip(&self.ends[..self.fields]).map(|(begin, end)| &self.text[begin..*end])
    }

    /// Whether the record is not what its fields are as CSV writes them, each with quotes around it or without.
    fn stray_quote(&self) -> Option<RowProblem> {
        let record = self.record();
        if !record.contains(&b'"') {
            return None;
        }
        let mut rest = record.strip_suffix(b"\n").or_else(|| record.strip_suffix(b"\r")).unwrap_or(record);
        for (index, field) in self.fields().enumerate() {
            let before = if index == 0 { &[][..] } else { &[self.delimiter] };
            let after = rest.strip_prefix(before).and_then(|rest| match rest.strip_prefix(b"\"") {
                Some(rest) => {
                    rest.strip_prefix(&*doubled_quotes(field)).and_then(|rest| rest.strip_prefix(b"\""))
                }
                None => rest.strip_prefix(field),
            });
            match after {
                Some(after) => rest = after,
                None => return Some(RowProblem::StrayQuote),
            }
        }
        (!rest.is_empty()).then_some(RowProblem::StrayQuote)
    }
}

fn doubled_quotes(field: &[u8]) -> Vec<u8> {
    let mut doubled = Vec::with_capacity(field.len() + 8);
    for &byte in field {
        doubled.push(byte);
        if byte == b'"' {
            doubled.push(byte);
        }
    }
    doubled
}

fn is_line_end(byte: u8) -> bool {
    matches!(byte, b'\n' | b'\r')
}
