//! CSV and TSV, with a heading or without.
//!
//! The parser accepts any input: a quote that is never closed makes one field of the rest of the file, and
//! text after a closing quote is joined to the quoted text. Here both are problems of the row, as they change
//! texts or lose rows.

mod dialect;
mod layout;
mod records;

use std::sync::Arc;

use self::dialect::Quotes;
use self::layout::Layout;
use self::records::Records;
use super::bytes::Text;
use super::located::{Located, Notes};
use super::named::{alike, index};
use super::options::{Format, Header, ReadOptions};
use crate::columns::{Columns, Kind};
use crate::error::DataError;
use crate::row::{Row, Value};
use crate::row_problem::RowProblem;

pub(super) fn rows(
    mut text: Text,
    format: Format,
    options: &ReadOptions,
    columns: &Columns,
    said: &Notes,
) -> Result<impl Iterator<Item = Located> + use<>, DataError> {
    let layout = Layout::of(&text, format, options, columns, said)?;
    text.head.drain(..layout.begin);
    let source = text.source.clone();
    let mut records =
        Records::new(text.into_reader(), source.clone(), layout.dialect, u64::from(layout.begin > 0));
    let names = match layout.names {
        Some(names) => names,
        None => heading(&mut records, columns)?,
    };
    let has_heading = !matches!(options.header, Some(Header::Absent | Header::Names(_)));
    let find = |column: &String| {
        index(&source.path, column, &names, || has_heading.then(|| headless(&names, columns)).flatten())
    };
    let mut read = Vec::new();
    for wanted in columns.wanted() {
        read.push((find(&wanted.name)?, wanted.kind));
    }
    let full = names.len();
    let wanted = read.iter().map(|(index, _)| index + 1).max().unwrap_or(0);
    if columns.all() {
        for (index, name) in names.iter().enumerate().filter(|(_, name)| !name.is_empty()) {
            if !columns.names().any(|wanted| wanted == name) {
                read.push((self::index(&source.path, name, &names, || None).map(|_| index)?, Kind::Any));
            }
        }
    }
    let read_names: Arc<[String]> = read.iter().map(|(index, _)| names[*index].clone()).collect();
    let least = if has_heading || layout.dialect.quotes != Quotes::Text {
        // Spreadsheets pad rows, the heading among them, to the widest.
        names.iter().rposition(|name| !name.is_empty()).map_or(0, |last| last + 1).max(wanted)
    } else {
        // Without quotes no cell can swallow others, and names may be given for the longest rows, as those of
        // STS-B.
        wanted
    };
    let mut padded = 0_u64;
    let said = said.clone();
    Ok(std::iter::from_fn(move || {
        let (location, whole) = match records.read() {
            Ok(Some(record)) => record,
            Ok(None) => {
                let path = source.path.display();
                for (count, what) in [
                    (std::mem::take(&mut records.blank), "blank line(s) were passed over"),
                    (
                        std::mem::take(&mut padded),
                        "row(s) end in empty cells that the heading does not have; they were left out",
                    ),
                ] {
                    if count > 0 {
                        said.add(format!("{path}: {count} {what}"));
                    }
                }
                return None;
            }
            Err(error) => return Some(Err(error)),
        };
        let row = whole.and_then(|()| {
            let fields: Vec<&[u8]> = records.fields().collect();
            let beyond = fields.get(full..).unwrap_or_default();
            if fields.len() < least || beyond.iter().any(|field| !field.is_empty()) {
                return Err(RowProblem::Fields { found: fields.len() as u64, expected: full as u64 });
            }
            // Files that were joined with their headings, as by `cat a.csv b.csv`.
            if has_heading && full > 1 && fields.iter().zip(&names).all(|(field, name)| is_name(field, name))
            {
                return Err(RowProblem::RepeatedHeading);
            }
            padded += u64::from(!beyond.is_empty());
            let mut values = Vec::with_capacity(read.len());
            for (index, kind) in &read {
                // Without a heading, a row may lack columns that nobody asked for by name.
                let Some(field) = fields.get(*index) else {
                    values.push(Value::Null);
                    continue;
                };
                let text = source.text(field.to_vec())?;
                values.push(if *kind == Kind::Label { Value::of_label(text) } else { Value::Text(text) });
            }
            Ok(Row::new(Arc::clone(&read_names), values))
        });
        Some(Ok((location, row)))
    }))
}

/// Whether a field is the name of its column, as a heading has it.
fn is_name(field: &[u8], name: &str) -> bool {
    let field = field.strip_prefix("\u{feff}".as_bytes()).unwrap_or(field);
    field.trim_ascii() == name.as_bytes()
}

/// The names in the first record; the names of the wanted columns where there is no record.
fn heading<R: std::io::BufRead>(
    records: &mut Records<R>,
    columns: &Columns,
) -> Result<Vec<String>, DataError> {
    let Some((location, whole)) = records.read()? else {
        // No row will come that would need a column.
        return Ok(columns.names().cloned().collect());
    };
    let malformed = records.fields().find_map(|name| str::from_utf8(name).err());
    let names = records.names();
    let missing = columns.names().any(|column| !names.contains(column));
    match (whole, malformed.filter(|_| missing)) {
        (Err(problem), _) => Err(DataError::Row { location, problem }),
        (Ok(()), Some(error)) => Err(DataError::Row { location, problem: records.source.malformed(error) }),
        (Ok(()), None) => Ok(names),
    }
}

/// The hint for a file whose first row is no heading: none of its fields is like a wanted column's name.
fn headless(names: &[String], columns: &Columns) -> Option<String> {
    let any = columns.names().any(|column| names.iter().any(|name| alike(name, column)));
    let example: Vec<String> = columns.names().map(|column| format!("{column:?}")).collect();
    (!any).then(|| {
        format!(
            "if these are data, the file has no heading: name its {} column(s) in their order with header, as in header = [{}]; if they are not apart, set delimiter",
            names.len(),
            example.join(", ")
        )
    })
}
