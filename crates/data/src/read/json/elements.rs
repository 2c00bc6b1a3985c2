//! JSON values that may go over several lines. `serde_json` says where a value ends; between values there is
//! a comma, a bracket or white space.

use std::io::{self, BufRead, Cursor, ErrorKind, Read};
use std::ops::Range;
use std::path::Path;
use std::sync::Arc;

use serde::Deserialize as _;
use serde::de::IgnoredAny;

use super::super::bytes::Source;
use crate::error::DataError;
use crate::limits::MAX_ROW;
use crate::location::Location;
use crate::shown::{shown, shown_names};

/// The location and the bytes of a row.
pub(super) type Raw = Result<(Location, Vec<u8>), DataError>;

/// The rows of a file as they stand in it.
pub(super) struct RawRows {
    pub(super) rows: Box<dyn Iterator<Item = Raw>>,
    /// The name of the list that has them, within the file's only object; otherwise empty.
    pub(super) list: String,
    /// Whether they are known to be articles of SQuAD.
    pub(super) are_articles: bool,
}

impl RawRows {
    pub(super) fn new(rows: impl Iterator<Item = Raw> + 'static) -> Self {
        Self { rows: Box::new(rows), list: String::new(), are_articles: false }
    }
}

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

/// The error of a file with more than one list of rows.
pub(super) fn several_lists(path: &Path, names: &str) -> DataError {
    let problem = format!("has more than one list of rows ({names}): write each to a file of its own");
    DataError::Content { path: path.to_owned(), problem }
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

    /// The name of the next member of an object, whose value comes next; `None` at the end of the object. `opening`
    /// is what stands before the member: a brace or a comma.
    fn member(&mut self, opening: u8) -> Result<Option<String>, DataError> {
        match self.token()? {
            Some(b'}') if opening == b',' => {
                self.advance(b'}');
                return Ok(None);
            }
            Some(found) if found == opening => self.advance(opening),
            found => {
                let expected = if opening == b'{' { "an object" } else { "a comma or the end of the object" };
                return Err(self.unexpected(found, expected));
            }
        }
        match self.token()? {
            Some(b'"') => {}
            Some(b'}') if opening == b'{' => {
                self.advance(b'}');
                return Ok(None);
            }
            found => return Err(self.unexpected(found, "a key")),
        }
        let location = self.location();
        let name = serde_json::from_slice(&self.value()?)
            .map_err(|error| DataError::Json { location, problem: shown(&error.to_string()) })?;
        match self.token()? {
            Some(b':') => self.advance(b':'),
            found => return Err(self.unexpected(found, "a colon")),
        }
        self.token()?;
        Ok(Some(name))
    }

    /// Passes over the value of the member `name`, which may be no list of rows beside the one called `list`.
    fn pass_over(&mut self, name: &str, list: &str) -> Result<(), DataError> {
        if is_list_of_objects(&self.value()?) {
            let names = shown_names(&[list, name]);
            return Err(several_lists(&self.source.path, &names));
        }
        Ok(())
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
    /// The array's name, where it is a member of the file's only object.
    member: Option<&'static str>,
    /// Number of values so far.
    count: u64,
    ended: bool,
}

impl<R: BufRead> Elements<R> {
    /// The elements of an array, after which the file must end. The location of an element is its number,
    /// since most writers put the whole array on one line.
    pub(super) fn array(framed: Framed<R>) -> Self {
        Self { framed, is_array: true, member: None, count: 0, ended: false }
    }

    /// The elements of the array `name` within an object, after which the file must end: they are read one by one,
    /// so that the file may be larger than a row. No other member may be a list of objects.
    pub(super) fn member(mut framed: Framed<R>, name: &'static str) -> Result<Self, DataError> {
        let mut opening = b'{';
        loop {
            match framed.member(opening)? {
                Some(found) if found == name => break,
                Some(found) => framed.pass_over(&found, name)?,
                None => return Err(framed.unexpected(Some(b'}'), &format!("the key {name:?}"))),
            }
            opening = b',';
        }
        Ok(Self { member: Some(name), ..Self::array(framed) })
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
                while let Some(list) = self.member
                    && let Some(name) = self.framed.member(b',')?
                {
                    self.framed.pass_over(&name, list)?;
                }
                return match self.framed.token()? {
                    None => Ok(None),
                    found if self.member.is_some() => {
                        Err(self.framed.unexpected(found, "nothing after the object"))
                    }
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
        if is_list_of_objects(value) {
            lists.push((name, at..at + value.len()));
        }
    });
    lists
}

fn is_list_of_objects(value: &[u8]) -> bool {
    value.strip_prefix(b"[").unwrap_or_default().trim_ascii_start().first() == Some(&b'{')
}

fn members(
    framed: &mut Framed<Cursor<&[u8]>>,
    mut each: impl FnMut(String, usize, &[u8]),
) -> Result<(), DataError> {
    let mut opening = b'{';
    while let Some(name) = framed.member(opening)? {
        opening = b',';
        let at = usize::try_from(framed.reader.position()).unwrap_or_default();
        each(name, at, &framed.value()?);
    }
    Ok(())
}
