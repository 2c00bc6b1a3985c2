//! [`Layout`]: the dialect of a CSV file, the names of its columns and the beginning of its rows.

use std::io::Cursor;

use super::super::bytes::{Source, Text};
use super::super::located::Notes;
use super::super::named::alike;
use super::super::options::{Delimiter, Format, Header, Quoting, ReadOptions};
use super::dialect::{Dialect, Quotes};
use super::records::Records;
use crate::columns::{Columns, Kind};
use crate::error::DataError;

/// Delimiters that the heading is tried with.
const DELIMITERS: [u8; 4] = [b',', b';', b'\t', b'|'];

/// The dialect of a CSV file, the names of its columns and the beginning of its rows.
pub(super) struct Layout {
    pub(super) dialect: Dialect,
    /// Bytes of a first line `sep=;`, which only states the delimiter; 0 without such a line.
    pub(super) begin: usize,
    /// The names of the columns, from the option `header`; `None` where the file's heading has them.
    pub(super) names: Option<Vec<String>>,
}

impl Layout {
    pub(super) fn of(
        text: &Text,
        format: Format,
        options: &ReadOptions,
        columns: &Columns,
        said: &Notes,
    ) -> Result<Self, DataError> {
        let path = &text.source.path;
        let refuse = |problem: String| Err(DataError::Content { path: path.to_path_buf(), problem });
        let set = options.delimiter.map(Delimiter::byte);
        let default = if format == Format::Tsv { b'\t' } else { b',' };
        let (stated, begin) = stated(&text.head).map_or((None, 0), |(byte, end)| (Some(byte), end));
        let head = &text.head[begin..];
        let delimiter = match (set, stated) {
            (Some(set), Some(stated)) if set != stated => {
                let (set, stated) = (char::from(set), char::from(stated));
                return refuse(format!("begins with sep={stated}, but delimiter = {set:?} is set"));
            }
            (Some(delimiter), _) | (None, Some(delimiter)) => delimiter,
            (None, None) if matches!(options.header, None | Some(Header::Present)) => {
                let found = detected(head, &text.source, default, columns, options);
                if found != default {
                    said.add(format!(
                        "{} is read with the delimiter {:?}, which its heading has",
                        path.display(),
                        char::from(found)
                    ));
                }
                found
            }
            (None, None) => default,
        };
        let dialect = dialect(delimiter, options);
        let first = || first(head, &text.source, dialect);
        let names = match &options.header {
            None | Some(Header::Present) => None,
            Some(Header::Absent) => Some((1..=first().len()).map(|number| number.to_string()).collect()),
            Some(Header::Names(names)) => {
                let first = first();
                if first.len() == names.len()
                    && first.iter().zip(names).all(|(found, name)| alike(found, name))
                {
                    return refuse("has the heading that header names: leave header out".to_owned());
                }
                Some(names.clone())
            }
        };
        Ok(Self { dialect, begin, names })
    }
}

/// The delimiter in a first line `sep=;`, which Excel understands, and the index of the byte after that line.
fn stated(head: &[u8]) -> Option<(u8, usize)> {
    let end = head.iter().position(|byte| matches!(byte, b'\r' | b'\n'))?;
    let line = head[..end].trim_ascii_end();
    let line = line.strip_prefix(b"\"").and_then(|line| line.strip_suffix(b"\"")).unwrap_or(line);
    let next = end + if head[end..].starts_with(b"\r\n") { 2 } else { 1 };
    match line {
        [s, e, p, b'=', delimiter] if [s, e, p].map(u8::to_ascii_lowercase) == *b"sep" => {
            Some((*delimiter, next))
        }
        // The line's end was trimmed: the delimiter is a tab.
        [s, e, p, b'=']
            if [s, e, p].map(u8::to_ascii_lowercase) == *b"sep" && head[4..].starts_with(b"\t") =>
        {
            Some((b'\t', next))
        }
        _ => None,
    }
}

fn dialect(delimiter: u8, options: &ReadOptions) -> Dialect {
    let quotes = match options.quoting {
        Some(Quoting::None) => Quotes::Text,
        None if delimiter == b'\t' => Quotes::AroundPlain,
        Some(Quoting::Csv) | None => Quotes::Around,
    };
    Dialect { delimiter, quotes }
}

/// The fields of the first row that isn't blank.
fn first(head: &[u8], source: &Source, dialect: Dialect) -> Vec<String> {
    let mut records = Records::new(Cursor::new(head), source.clone(), dialect, 0);
    match records.read() {
        Ok(Some(_)) => records.names(),
        _ => Vec::new(),
    }
}

/// A test of the names in a heading.
type Holds<'a> = &'a dyn Fn(&[String]) -> bool;

/// The default delimiter, unless the heading has the wanted columns with exactly one other delimiter and not
/// with the default one.
fn detected(head: &[u8], source: &Source, default: u8, columns: &Columns, options: &ReadOptions) -> u8 {
    let headings = |delimiter: u8| (delimiter, first(head, source, dialect(delimiter, options)));
    let mut others: Vec<(u8, Vec<String>)> =
        DELIMITERS.into_iter().filter(|other| *other != default).map(headings).collect();
    others.retain(|(_, names)| names.len() > 1);
    let default = headings(default);
    let exact = |names: &[String], column: &String| names.contains(column);
    let caseless = |names: &[String], column: &String| names.iter().any(|name| alike(name, column));
    // From the strictest test to the weakest. A heading that has only some of the columns still makes the
    // message about the missing column clearer.
    let holds: [Holds<'_>; 4] = [
        &|names| columns.names().all(|column| exact(names, column)),
        &|names| columns.of_kind(Kind::Text).all(|column| exact(names, column)),
        &|names| columns.names().all(|column| caseless(names, column)),
        &|names| columns.names().any(|column| caseless(names, column)),
    ];
    for holds in holds {
        let mut fitting = others.iter().filter(|(_, names)| holds(names));
        match (holds(&default.1), fitting.next(), fitting.next()) {
            (true, ..) => return default.0,
            (false, Some((delimiter, _)), None) => return *delimiter,
            _ => {}
        }
    }
    default.0
}
