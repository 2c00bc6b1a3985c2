//! JSON values that may go over several lines. `serde_json` says where a value ends; between values there is
//! a comma, a bracket or white space.

use std::io::{self, BufRead, Cursor, ErrorKind, Read};
use std::ops::Range;
use std::sync::Arc;

use serde::Deserialize as _;
use serde::de::IgnoredAny;

use super::super::bytes::Source;
use crate::error::DataError;
use crate::limits::MAX_ROW;
use crate::location::Location;
use crate::shown::shown;

/// The location and the bytes of a row.
pub(super) type Raw = Result<(Location, Vec<u8>), DataError>;

/// Why a value can't be read.
pub(super) enum ValueError {
    /// The value is malformed JSON.
    Syntax {
        /// The line in which the value begins.
        location: Location,
        /// The parser's message.
        problem: String,
    },
    /// The file can't be read, or the value is longer than a row may be.
    Fatal(DataError),
}

impl From<ValueError> for DataError {
    fn from(error: ValueError) -> Self {
        match error {
            ValueError::Syntax { location, problem } => Self::Json { location, problem },
            ValueError::Fatal(error) => error,
        }
    }
}

/// Reads one JSON value at a time, as bytes.
pub(super) struct Framed<R> {
    reader: R,
    source: Source,
    /// The bytes of the value that is read; after an error, of the malformed value.
    pub(super) raw: Vec<u8>,
    /// The byte after a number, which was read to see the end of the number.
    pushed: Option<u8>,
    /// Line ends so far.
    lines: u64,
}

impl<R: BufRead> Framed<R> {
    /// `lines`: line ends that were read before.
    pub(super) fn new(reader: R, source: Source, lines: u64) -> Self {
        Self { reader, source, raw: Vec::new(), pushed: None, lines }
    }

    /// The reader, which goes on after the last value.
    pub(super) fn into_reader(self) -> R {
        self.reader
    }

    fn location(&self) -> Location {
        Location { path: Arc::clone(&self.source.path), number: self.lines + 1, unit: "line" }
    }

    fn peek(&mut self) -> Result<Option<u8>, DataError> {
        if self.pushed.is_some() {
            return Ok(self.pushed);
        }
        loop {
            match self.reader.fill_buf() {
                Ok(bytes) => return Ok(bytes.first().copied()),
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(source) => {
                    return Err(DataError::Read { path: self.source.path.to_path_buf(), source });
                }
            }
        }
    }

    fn advance(&mut self, byte: u8) {
        if self.pushed.take().is_none() {
            self.reader.consume(1);
        }
        self.lines += u64::from(byte == self.source.line_end);
    }

    /// The next byte that is no white space. The byte stays in the reader.
    fn token(&mut self) -> Result<Option<u8>, DataError> {
        loop {
            match self.peek()? {
                Some(byte @ (b' ' | b'\t' | b'\n' | b'\r')) => self.advance(byte),
                byte => return Ok(byte),
            }
        }
    }

    /// The error for a byte that is not what was expected, in the current line.
    fn unexpected(&self, found: Option<u8>, expected: &str) -> DataError {
        let found = found.map_or("the end of the file".to_owned(), |byte| format!("{:?}", char::from(byte)));
        let problem = format!("expected {expected}, found {found}");
        DataError::Json { location: self.location(), problem }
    }

    /// The next value.
    #[allow(
        clippy::result_large_err,
        reason = "it is turned into the crate's error, which is as large, or ends the file"
    )]
    pub(super) fn value(&mut self) -> Result<Vec<u8>, ValueError> {
        self.raw.clear();
        let result = IgnoredAny::deserialize(&mut serde_json::Deserializer::from_reader(&mut *self));
        if let Err(error) = result {
            let location = self.location();
            return Err(if self.raw.len() > MAX_ROW {
                ValueError::Fatal(DataError::TooLong { location })
            } else if error.is_io() {
                ValueError::Fatal(DataError::Read {
                    path: self.source.path.to_path_buf(),
                    source: error.into(),
                })
            } else {
                let problem = error.to_string();
                let problem = problem.split(" at line ").next().unwrap_or(&problem);
                ValueError::Syntax { location, problem: shown(problem) }
            });
        }
        let is_number =
            self.raw.trim_ascii_start().first().is_some_and(|byte| matches!(byte, b'-' | b'0'..=b'9'));
        if is_number && let Some(last) = self.raw.pop_if(|last| !b"0123456789+-.eE".contains(last)) {
            self.pushed = Some(last);
        }
        self.lines += self.source.line_ends(&self.raw);
        Ok(std::mem::take(&mut self.raw))
    }
}

impl<R: BufRead> Read for Framed<R> {
    /// Reads one byte, so that nothing after the value is read.
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let Some(first) = buffer.first_mut() else { return Ok(0) };
        if self.raw.len() > MAX_ROW {
            return Err(ErrorKind::FileTooLarge.into());
        }
        let byte = if let Some(byte) = self.pushed.take() {
            byte
        } else {
            let Some(&byte) = self.reader.fill_buf()?.first() else { return Ok(0) };
            self.reader.consume(1);
            byte
        };
        *first = byte;
        self.raw.push(byte);
        Ok(1)
    }
}

/// The values of an array, or objects one after the other.
pub(super) struct Elements<R> {
    framed: Framed<R>,
    is_array: bool,
    /// Number of values so far.
    count: u64,
    ended: bool,
}

impl<R: BufRead> Elements<R> {
    /// The elements of an array, after which the file must end. The location of an element is its number,
    /// since most writers put the whole array on one line.
    pub(super) fn array(framed: Framed<R>) -> Self {
        Self { framed, is_array: true, count: 0, ended: false }
    }

    /// The objects up to the end of the file.
    pub(super) fn objects(framed: Framed<R>) -> Self {
        Self { is_array: false, ..Self::array(framed) }
    }

    fn read(&mut self) -> Result<Option<(Location, Vec<u8>)>, DataError> {
        let token = self.framed.token()?;
        if self.is_array {
            let is_first = self.count == 0;
            let (opening, expected) =
                if is_first { (b'[', "an array") } else { (b',', "a comma or the end of the array") };
            let ends = if token == Some(opening) {
                self.framed.advance(opening);
                is_first && self.framed.token()? == Some(b']')
            } else if !is_first && token == Some(b']') {
                true
            } else {
                return Err(self.framed.unexpected(token, expected));
            };
            if ends {
                self.framed.advance(b']');
                return match self.framed.token()? {
                    None => Ok(None),
                    found => Err(self.framed.unexpected(found, "nothing after the array")),
                };
            }
        } else if token.is_none() {
            return Ok(None);
        }
        self.count += 1;
        let mut location = self.framed.location();
        if self.is_array {
            (location.number, location.unit) = (self.count, "row");
        }
        let value = self.framed.value().map_err(|error| match error {
            ValueError::Syntax { problem, .. } => DataError::Json { location: location.clone(), problem },
            fatal @ ValueError::Fatal(_) => fatal.into(),
        })?;
        Ok(Some((location, value)))
    }
}

impl<R: BufRead> Iterator for Elements<R> {
    type Item = Raw;

    fn next(&mut self) -> Option<Raw> {
        if self.ended {
            return None;
        }
        let next = self.read().transpose();
        self.ended = !matches!(next, Some(Ok(_)));
        next
    }
}

/// The members of an object that are arrays of objects: their names, and the byte range of each array.
pub(super) fn lists_of_objects(object: &[u8], source: &Source) -> Vec<(String, Range<usize>)> {
    let mut lists = Vec::new();
    let mut framed = Framed::new(Cursor::new(object), source.clone(), 0);
    // A malformed object ends here; the members before the fault are kept.
    let _ = members(&mut framed, |name, at, value| {
        let first = value.strip_prefix(b"[").unwrap_or_default().trim_ascii_start().first();
        if first == Some(&b'{') {
            lists.push((name, at..at + value.len()));
        }
    });
    lists
}

fn members(
    framed: &mut Framed<Cursor<&[u8]>>,
    mut each: impl FnMut(String, usize, &[u8]),
) -> Result<(), DataError> {
    let mut opening = b'{';
    while framed.token()? == Some(opening) {
        framed.advance(opening);
        opening = b',';
        framed.token()?;
        let Ok(name) = serde_json::from_slice(&framed.value()?) else { break };
        if framed.token()? != Some(b':') {
            break;
        }
        framed.advance(b':');
        framed.token()?;
        let at = usize::try_from(framed.reader.position()).unwrap_or_default();
        each(name, at, &framed.value()?);
    }
    Ok(())
}
