//! JSON in four layouts: an object a line, objects one after the other, an array of objects, or an array of
//! objects within one object. A file's layout is told by its content and not by its name; so is a file of articles,
//! as those of SQuAD.

mod elements;
mod row;
mod squad;
mod strict;
mod unfold;

use std::collections::VecDeque;
use std::io::{BufRead, Cursor, Read as _};

use self::elements::{Elements, Framed, Raw, RawRows, ValueError, lists_of_objects, several_lists};
use self::row::Found;
use self::squad::{ARTICLES, has_articles};
use self::unfold::{is_pair, unfold};
use super::bytes::{Source, Text, ends_here};
use super::located::{LeftOut, Located, Notes};
use super::named::missing;
use super::numbered::numbered_lines;
use super::options::Format;
use super::shared_names::SharedNames;
use crate::columns::{Columns, Kind};
use crate::error::DataError;
use crate::location::Location;
use crate::row_problem::RowProblem;
use crate::shown::shown_names;

/// Rows, and their bytes, that are parsed at most before the first row is returned, to see whether the file
/// has the wanted columns.
const AHEAD: (usize, usize) = (256, 1 << 20);

/// A parsed row with its location.
type Parsed = Result<(Location, Result<Found, RowProblem>), DataError>;

pub(super) fn rows(
    text: Text,
    format: Format,
    columns: &Columns,
    said: &Notes,
) -> Result<impl Iterator<Item = Located> + use<>, DataError> {
    let source = text.source.clone();
    let mut raw = unfold(raw_rows(text, format, columns, said)?, &source, said);
    let mut ahead: VecDeque<Parsed> = VecDeque::new();
    let (mut bytes, mut seen, mut keys) = (0, vec![false; columns.wanted().len()], None);
    while ahead.is_empty() || (ahead.len() < AHEAD.0 && bytes < AHEAD.1 && seen.contains(&false)) {
        let Some(next) = raw.next() else { break };
        bytes += next.as_ref().map_or(usize::MAX / 2, |(_, raw)| raw.len());
        let parsed = parse(next, &source, columns);
        if let Ok((_, Ok(found))) = &parsed {
            for (seen, cell) in seen.iter_mut().zip(&found.cells) {
                *seen |= cell.is_some();
            }
            keys.get_or_insert_with(|| found.keys.clone());
        }
        ahead.push_back(parsed);
    }
    if let Some(keys) = keys {
        if let Some((column, _)) = columns.names().zip(seen).find(|(_, seen)| !seen) {
            return Err(missing(&source.path, column, keys, || None));
        }
    } else {
        // None of the first rows is an object: the file has another format, and is refused as a whole.
        match ahead.pop_front() {
            Some(Ok((location, Err(problem)))) => return Err(DataError::Row { location, problem }),
            Some(next) => ahead.push_front(next),
            None => {}
        }
    }
    let columns = columns.clone();
    let (mut names, mut left_out) = (SharedNames::default(), LeftOut::new(said));
    let mut raw = raw.fuse();
    Ok(std::iter::from_fn(move || {
        let next = || raw.next().map(|next| parse(next, &source, &columns));
        let parsed = ahead.pop_front().or_else(next)?;
        Some(parsed.map(|(location, found)| {
            let leave_out = |column: &str, problem| left_out.add(column, &location, &problem);
            let row = found.and_then(|found| found.into_row(&columns, &mut names, leave_out));
            (location, row)
        }))
    }))
}

/// Parses a row. The problem of a row that was found before is passed on.
fn parse(next: Raw, source: &Source, columns: &Columns) -> Parsed {
    match next {
        Ok((location, raw)) => Ok((location, Found::parse(raw, source, columns))),
        Err(DataError::Row { location, problem }) => Ok((location, Err(problem))),
        Err(error) => Err(error),
    }
}

fn raw_rows(mut text: Text, format: Format, columns: &Columns, said: &Notes) -> Result<RawRows, DataError> {
    let source = text.source.clone();
    let path = source.path.display();
    let begin = text.head.len() - text.head.trim_ascii_start().len();
    match text.head.get(begin) {
        // A line that is a pair of a text and its annotations: others follow.
        Some(b'[') if text.head.split(|byte| *byte == source.line_end).next().is_some_and(is_pair) => {
            return Ok(lines(text.into_reader(), source.clone()));
        }
        Some(b'[') => {
            if format == Format::JsonLines {
                said.add(format!("{path} is an array of JSON, and read as one"));
            }
            return Ok(RawRows::new(Elements::array(Framed::new(text.into_reader(), source.clone(), 0))));
        }
        Some(b'{') => {}
        _ => return Ok(lines(text.into_reader(), source.clone())),
    }
    let is_squad = has_articles(&text.head);
    let before: Vec<u8> = text.head.drain(..begin).collect();
    let line = source.line_ends(&before);
    let mut framed = Framed::new(text.into_reader(), source.clone(), line);
    if is_squad {
        let articles = Elements::member(framed, ARTICLES)?;
        return Ok(RawRows { list: ARTICLES.to_owned(), are_articles: true, ..RawRows::new(articles) });
    }
    let (object, is_whole) = match framed.value() {
        Ok(object) => (object, true),
        // The first object is malformed: a problem of its line, after which the next lines may be fine.
        Err(ValueError::Syntax { .. }) => (std::mem::take(&mut framed.raw), false),
        Err(ValueError::Fatal(error)) => return Err(error),
    };
    let rest = framed.into_reader();
    if !is_whole {
        return Ok(lines(Cursor::new([before, object].concat()).chain(rest), source.clone()));
    }
    let (only, after, rest) = ends_here(rest)
        .map_err(|error| DataError::Read { path: source.path.to_path_buf(), source: error })?;
    if only && let Some(rows) = within(&object, &source, columns, said)? {
        return Ok(rows);
    }
    let is_pretty = object.contains(&source.line_end);
    let all = |parts: Vec<Vec<u8>>| Cursor::new(parts.concat()).chain(rest);
    if !is_pretty {
        return Ok(lines(all(vec![before, object, after]), source.clone()));
    }
    if format == Format::JsonLines {
        said.add(format!("{path}: its objects go over several lines, and are read so"));
    }
    Ok(RawRows::new(Elements::objects(Framed::new(all(vec![object, after]), source.clone(), line))))
}

/// An object a line; empty lines are passed over.
fn lines(reader: impl BufRead + 'static, source: Source) -> RawRows {
    let is_blank = |line: &Raw| line.as_ref().is_ok_and(|(_, line)| line.trim_ascii().is_empty());
    RawRows::new(numbered_lines(reader, source).filter(move |line| !is_blank(line)))
}

/// The rows in an array within the only object of a file; `None` where the object is a row itself or has no
/// such array.
fn within(
    object: &[u8],
    source: &Source,
    columns: &Columns,
    said: &Notes,
) -> Result<Option<RawRows>, DataError> {
    let Ok(found) = Found::parse(object.to_vec(), source, columns) else { return Ok(None) };
    let path = &source.path;
    let first = found.cells.first().and_then(Option::as_ref);
    let is_text = columns.wanted().first().is_some_and(|wanted| wanted.kind == Kind::Text);
    if is_text && first.is_some_and(|text| text.is_object() || text.is_array()) {
        let problem = "has a list for each column, as pandas' to_json writes by default: write a list of rows, with orient=\"records\"";
        return Err(DataError::Content { path: path.to_path_buf(), problem: problem.to_owned() });
    }
    if first.is_some() || columns.wanted().is_empty() && found.is_annotated() {
        return Ok(None);
    }
    let lists = lists_of_objects(object, source);
    match lists.as_slice() {
        [] => Ok(None),
        [(name, at)] => {
            said.add(format!("{}: its rows are those of {name:?}", path.display()));
            let line = source.line_ends(&object[..at.start]);
            let rows = Cursor::new(object[at.clone()].to_vec());
            let rows = Elements::array(Framed::new(rows, source.clone(), line));
            let are_articles = has_articles(object);
            Ok(Some(RawRows { list: name.clone(), are_articles, ..RawRows::new(rows) }))
        }
        _ => {
            let names: Vec<&String> = lists.iter().map(|(name, _)| name).collect();
            Err(several_lists(path, &shown_names(&names)))
        }
    }
}
