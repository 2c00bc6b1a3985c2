//! The records of a file, one at a time.

use std::io::{BufRead, ErrorKind};
use std::sync::Arc;

use csv_core::{ReadRecordResult, ReaderBuilder};

use super::super::bytes::Source;
use super::dialect::{Dialect, Quotes};
use crate::error::DataError;
use crate::limits::MAX_ROW;
use crate::location::Location;
use crate::row_problem::RowProblem;

/// The location where a record begins, and the problem of its quotes, if any.
type Record = (Location, Result<(), RowProblem>);

/// The records of a file, one at a time.
pub(super) struct Records<R> {
    reader: R,
    pub(super) source: Source,
    parser: csv_core::Reader,
    dialect: Dialect,
    /// The bytes of the record, and of the empty lines before it.
    raw: Vec<u8>,
    /// The record's fields without their quotes, one after the other, and where each ends.
    text: Vec<u8>,
    ends: Vec<usize>,
    fields: usize,
    /// Line ends so far.
    lines: u64,
    /// Blank lines so far: empty lines, and lines of delimiters alone.
    pub(super) blank: u64,
    /// Whether the parser was given the line end that closes the last record.
    drained: bool,
}

impl<R: BufRead> Records<R> {
    /// `lines`: line ends that were read before.
    pub(super) fn new(reader: R, source: Source, dialect: Dialect, lines: u64) -> Self {
        let quoting = dialect.quotes != Quotes::Text;
        Self {
            reader,
            source,
            parser: ReaderBuilder::new().delimiter(dialect.delimiter).quoting(quoting).build(),
            dialect,
            raw: Vec::new(),
            text: vec![0; 4096],
            ends: vec![0; 32],
            fields: 0,
            lines,
            blank: 0,
            drained: false,
        }
    }

    /// The next record that isn't blank. Its fields stay until the next call.
    pub(super) fn read(&mut self) -> Result<Option<Record>, DataError> {
        loop {
            // A carriage return ended the last record, so a line feed that follows belongs to it.
            let dos = self.raw.ends_with(b"\r") && self.source.line_end == b'\n';
            let Some(record) = self.read_any()? else { return Ok(None) };
            let before = &self.raw[..self.raw.len() - self.record().len()];
            let own = u64::from(dos && before.starts_with(b"\n"));
            self.blank += self.source.line_ends(before).saturating_sub(own);
            let content = trim_line_end(self.record());
            if content.iter().any(|byte| *byte != self.dialect.delimiter) {
                return Ok(Some(record));
            }
            self.blank += 1;
        }
    }

    fn read_any(&mut self) -> Result<Option<Record>, DataError> {
        self.raw.clear();
        self.fields = 0;
        let mut written = 0;
        let closed = loop {
            let input = match self.reader.fill_buf() {
                Ok(input) => input,
                Err(error) if error.kind() == ErrorKind::Interrupted => continue,
                Err(error) => {
                    return Err(DataError::Read { path: self.source.path.to_path_buf(), source: error });
                }
            };
            let at_end = input.is_empty();
            // At the end of the file one more line end closes the last record. If it does not, a quote is
            // open.
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
        self.lines += self.source.line_ends(&self.raw);
        let problem = if closed { self.quote_problem() } else { Some(RowProblem::OpenQuote) };
        Ok(Some((location, problem.map_or(Ok(()), Err))))
    }

    /// The location where the record begins.
    fn location(&self) -> Location {
        let blank = self.raw.len() - self.record().len();
        Location {
            path: Arc::clone(&self.source.path),
            number: self.lines + self.source.line_ends(&self.raw[..blank]) + 1,
            unit: "line",
        }
    }

    /// The record without the empty lines before it.
    fn record(&self) -> &[u8] {
        let begin = self.raw.iter().position(|byte| !is_line_end(*byte));
        &self.raw[begin.unwrap_or(self.raw.len())..]
    }

    pub(super) fn fields(&self) -> impl Iterator<Item = &[u8]> {
        let begins = std::iter::once(0).chain(self.ends.iter().copied());
        begins.zip(&self.ends[..self.fields]).map(|(begin, end)| &self.text[begin..*end])
    }

    /// The fields as names of columns, without white space and byte order marks around them.
    pub(super) fn names(&self) -> Vec<String> {
        let name = |name: &[u8]| {
            let name = String::from_utf8_lossy(name);
            name.trim_matches(|c: char| c.is_whitespace() || c == '\u{feff}').to_owned()
        };
        self.fields().map(name).collect()
    }

    /// The problem of a record that is not its fields as CSV writes them, each in quotes or without.
    fn quote_problem(&self) -> Option<RowProblem> {
        let record = self.record();
        if self.dialect.quotes == Quotes::Text || !record.contains(&b'"') {
            return None;
        }
        let delimiter = self.dialect.delimiter;
        let mut rest = trim_line_end(record);
        for (index, field) in self.fields().enumerate() {
            let before = if index == 0 { &[][..] } else { &[delimiter] };
            let Some(begin) = rest.strip_prefix(before) else { return Some(RowProblem::StrayQuote) };
            let after = match begin.strip_prefix(b"\"") {
                Some(quoted) => {
                    quoted.strip_prefix(&*doubled_quotes(field)).and_then(|rest| rest.strip_prefix(b"\""))
                }
                None => begin.strip_prefix(field),
            };
            let Some(after) = after else { return Some(RowProblem::StrayQuote) };
            let plain = !field.iter().any(|byte| *byte == delimiter || is_line_end(*byte));
            if self.dialect.quotes == Quotes::AroundPlain && begin.starts_with(b"\"") && !plain {
                return Some(RowProblem::QuotedBreak);
            }
            rest = after;
        }
        (!rest.is_empty()).then_some(RowProblem::StrayQuote)
    }
}

fn trim_line_end(record: &[u8]) -> &[u8] {
    record.strip_suffix(b"\n").or_else(|| record.strip_suffix(b"\r")).unwrap_or(record)
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
