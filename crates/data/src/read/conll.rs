//! CoNLL columns: a token a line, with its tag in the last column, and a blank line between sentences.
//!
//! There is no standard: files have two columns or more, between tabs or spaces, comments, and lines
//! `-DOCSTART-` between documents. What one line says that the others do not (a missing tag, a token with a
//! space in it) is a problem of its sentence.

use std::sync::Arc;

use super::bytes::{Source, Text};
use super::located::{Located, Notes};
use super::named::index;
use super::numbered::numbered_lines;
use super::options::{Header, Quoting, ReadOptions};
use crate::columns::{Columns, Kind};
use crate::error::DataError;
use crate::limits::{MAX_ROW, MAX_SENTENCE};
use crate::location::Location;
use crate::row::{Row, Value};
use crate::row_problem::RowProblem;

/// The token of a line that begins a document.
const DOCUMENT: &str = "-DOCSTART-";

/// The names of the first and last column, and of the number of the document.
const NAMES: [&str; 3] = ["tokens", "tags", "document"];

/// Number of columns above which a file is no table of tokens.
const MOST_COLUMNS: usize = 256;

/// Number of tokens of a sentence above which a note asks for the blank lines.
const LONG: usize = 1000;

/// The sentences of a file, a row each.
pub(super) fn rows(
    text: Text,
    options: &ReadOptions,
    columns: &Columns,
    said: &Notes,
) -> Result<impl Iterator<Item = Located> + use<>, DataError> {
    let source = text.source.clone();
    let refuse = |problem: &str| {
        let path = source.path.to_path_buf();
        Err(DataError::Content { path, problem: format!("is read as conll, {problem}") })
    };
    if options.header == Some(Header::Present) {
        return refuse(
            "which has no heading: name the columns, as in header = [\"tokens\", \"pos\", \"tags\"]",
        );
    }
    if options.quoting == Some(Quoting::Csv) {
        return refuse("where a quote is a token like any other: leave quoting out");
    }
    let layout = Layout::of(&text, options);
    if layout.is_numbered && options.header.is_none() && layout.width.is_some_and(|(width, _)| width > 1) {
        return refuse(
            "but its first column counts the words of each sentence: name the columns, as in header = [\"index\", \
             \"tokens\", \"tags\"]",
        );
    }
    let mut sentences = Sentences {
        file: File { source: source.clone(), columns: columns.clone(), header: options.header.clone() },
        width: None,
        shape: None,
        separator: layout.separator,
        lines: numbered_lines(text.into_reader(), source.clone()),
        documents: layout.has_documents.then_some(0),
        said: said.clone(),
        open: Open::default(),
        any: false,
        skips: false,
        comments: 0,
        long: None,
        ended: false,
    };
    if let Some((width, line)) = layout.width {
        sentences.width = Some((width, line));
        sentences.shape = Some(sentences.file.shape(width, sentences.documents.is_some())?);
    }
    Ok(std::iter::from_fn(move || sentences.next()))
}

/// What separates the columns.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Separator {
    /// Each occurrence of one character.
    Each(char),
    /// Any number of spaces and tabs.
    White,
}

impl Separator {
    /// The fields of a line that is not blank. White space at the end of the line makes no column.
    fn fields(self, line: &str) -> impl Iterator<Item = &str> + Clone {
        let (each, white) = match self {
            Self::Each(separator) => {
                let line = line.trim_end_matches([separator, ' ', '\t']);
                (Some(line.split(separator).map(|field| field.trim_matches(' '))), None)
            }
            Self::White => (None, Some(line.split([' ', '\t']).filter(|field| !field.is_empty()))),
        };
        each.into_iter().flatten().chain(white.into_iter().flatten())
    }

    fn name(self) -> &'static str {
        match self {
            Self::Each('\t') => "tabs",
            Self::Each(_) => "the delimiter",
            Self::White => "white space",
        }
    }
}

/// What the beginning of a file tells of the whole.
struct Layout {
    separator: Separator,
    /// Number of columns, and the line that has them.
    width: Option<(usize, u64)>,
    has_documents: bool,
    /// Whether the first column counts the lines of each sentence.
    is_numbered: bool,
}

impl Layout {
    fn of(text: &Text, options: &ReadOptions) -> Self {
        let end = text.source.line_end;
        let mut lines: Vec<&[u8]> = text.head.split(|byte| *byte == end).collect();
        // The last line may go on after the head.
        if lines.len() > 1 {
            lines.pop();
        }
        let lines = lines.into_iter().map(|line| line.strip_suffix(b"\r").unwrap_or(line));
        let lines: Vec<_> = lines.map(String::from_utf8_lossy).collect();
        let is_token = |line: &&(usize, &str)| !is_blank(line.1) && !line.1.starts_with(DOCUMENT);
        let all: Vec<(usize, &str)> = lines.iter().map(|line| &**line).enumerate().collect();
        let all: Vec<(usize, &str)> = all.iter().filter(is_token).copied().collect();
        // Lines that begin with # may be comments.
        let mut sure: Vec<_> = all.iter().copied().filter(|(_, line)| !line.starts_with('#')).collect();
        if sure.is_empty() {
            sure = all;
        }
        let separator = match options.delimiter.map(|delimiter| char::from(delimiter.byte())) {
            Some(' ') => Separator::White,
            Some(delimiter) => Separator::Each(delimiter),
            None if sure.iter().all(|(_, line)| line.contains('\t')) => Separator::Each('\t'),
            None => Separator::White,
        };
        Self {
            separator,
            width: sure.first().map(|(at, line)| (separator.fields(line).count(), *at as u64 + 1)),
            has_documents: lines.iter().any(|line| line.starts_with(DOCUMENT)),
            is_numbered: is_numbered(separator, lines.iter().map(|line| &**line)),
        }
    }
}

/// Whether the first column counts the lines of each sentence from 1, as in `GermEval` 2014 and `CoNLL-U`.
fn is_numbered<'a>(separator: Separator, lines: impl Iterator<Item = &'a str>) -> bool {
    let (mut number, mut most) = (0, 0);
    for line in lines.filter(|line| !line.starts_with('#')) {
        if is_blank(line) || line.starts_with(DOCUMENT) {
            number = 0;
            continue;
        }
        number += 1;
        if separator.fields(line).next().and_then(|field| field.parse().ok()) != Some(number) {
            return false;
        }
        most = most.max(number);
    }
    most > 1
}

/// True for a line of white space alone: it ends a sentence.
fn is_blank(line: &str) -> bool {
    line.trim().is_empty()
}

/// What is asked of a file.
struct File {
    source: Source,
    columns: Columns,
    header: Option<Header>,
}

/// What a row of the file has.
struct Shape {
    names: Arc<[String]>,
    /// The column of the file of each name; `None` for the document's number.
    read: Vec<Option<usize>>,
}

impl File {
    /// The columns to read of a file of `width` columns.
    fn shape(&self, width: usize, has_documents: bool) -> Result<Shape, DataError> {
        let path = &self.source.path;
        if width > MOST_COLUMNS {
            let problem = format!(
                "is read as conll, but a line of it has {width} columns: expected a token a line, with at most {MOST_COLUMNS}"
            );
            return Err(DataError::Content { path: path.to_path_buf(), problem });
        }
        let mut names: Vec<String> = match &self.header {
            Some(Header::Names(names)) if names.len() == width => names.clone(),
            Some(Header::Names(names)) => {
                let problem = format!(
                    "has {width} column(s), but header names {} ({}): name each column, or leave header out",
                    names.len(),
                    crate::shown::shown_names(names)
                );
                return Err(DataError::Content { path: path.to_path_buf(), problem });
            }
            _ => (1..=width)
                .map(|number| match number {
                    1 => NAMES[0].to_owned(),
                    last if last == width => NAMES[1].to_owned(),
                    number => format!("column{number}"),
                })
                .collect(),
        };
        let has_document = has_documents && !names.iter().any(|name| name == NAMES[2]);
        names.extend(has_document.then(|| NAMES[2].to_owned()));
        let mut found = Vec::new();
        for wanted in self.columns.wanted() {
            // Of the files of one data set, some may have no documents.
            if wanted.name == NAMES[2] && wanted.kind != Kind::Text && !names.contains(&wanted.name) {
                found.push((wanted.name.clone(), None));
                continue;
            }
            let hint = || {
                let no_tags = (width == 1)
                    .then(|| format!("it has one column, {}, and no tags: it can be predicted on", names[0]));
                no_tags.or_else(|| {
                    Some("a CoNLL file is for the task token-classification; header names its columns".into())
                })
            };
            let at = index(path, &wanted.name, &names, hint)?;
            if wanted.kind == Kind::Text {
                let found = if at == width { "number" } else { "list of texts" }.to_owned();
                let expected = "a text in each row";
                let column = wanted.name.clone();
                return Err(DataError::ColumnType { path: path.to_path_buf(), column, found, expected });
            }
            found.push((wanted.name.clone(), (at < width).then_some(at)));
        }
        if self.columns.all() {
            let others = names.iter().enumerate();
            let others = others.filter(|(_, name)| !self.columns.names().any(|wanted| wanted == *name));
            found.extend(others.map(|(at, name)| (name.clone(), (at < width).then_some(at))));
        }
        let (names, read): (Vec<String>, _) = found.into_iter().unzip();
        Ok(Shape { names: names.into(), read })
    }
}

/// The sentence that is being read.
#[derive(Default)]
struct Open {
    /// The location of its first token.
    begin: Option<Location>,
    /// The values of each column that is read.
    columns: Vec<Vec<Value>>,
    tokens: usize,
    bytes: usize,
}

/// The sentences of a file, one at a time.
struct Sentences<I> {
    file: File,
    separator: Separator,
    /// Number of columns, and the line that has them.
    width: Option<(usize, u64)>,
    shape: Option<Shape>,
    lines: I,
    /// The number of the document; `None` in a file that has not begun one.
    documents: Option<i64>,
    said: Notes,
    open: Open,
    /// Whether a sentence came before.
    any: bool,
    /// Whether the rest of a sentence that can't be used is passed over.
    skips: bool,
    comments: u64,
    /// Number of long sentences, and the line of the first.
    long: Option<(u64, u64)>,
    ended: bool,
}

/// What a line means.
enum Line {
    /// It belongs to a sentence that goes on, or to none.
    Within,
    /// It ends a sentence.
    End,
    /// It ends a sentence and begins a document.
    Document,
}

impl<I: Iterator<Item = Result<(Location, Vec<u8>), DataError>>> Sentences<I> {
    fn next(&mut self) -> Option<Located> {
        while !self.ended {
            let Some(line) = self.lines.next() else {
                self.ended = true;
                let row = self.finish();
                self.say();
                return row;
            };
            let (location, line) = match line {
                Ok(line) => line,
                Err(error) => return Some(Err(error)),
            };
            match self.read(&location, line) {
                Ok(Ok(Line::Within)) => {}
                Ok(Ok(Line::End)) => {
                    if let Some(row) = self.finish() {
                        return Some(row);
                    }
                }
                Ok(Ok(Line::Document)) => {
                    let row = self.finish();
                    if let Err(error) = self.begin_document() {
                        return Some(Err(error));
                    }
                    if row.is_some() {
                        return row;
                    }
                }
                Ok(Err(problem)) => {
                    self.open = Open::default();
                    (self.skips, self.any) = (true, true);
                    return Some(Ok((location, Err(problem))));
                }
                Err(error) => return Some(Err(error)),
            }
        }
        None
    }

    /// Reads a line.
    fn read(&mut self, location: &Location, line: Vec<u8>) -> Result<Result<Line, RowProblem>, DataError> {
        let length = line.len();
        let line = match self.file.source.text(line) {
            Ok(line) => line,
            Err(_) if self.skips => return Ok(Ok(Line::Within)),
            Err(problem) => return Ok(Err(problem)),
        };
        if is_blank(&line) {
            return Ok(Ok(Line::End));
        }
        if line.starts_with(DOCUMENT) {
            return Ok(Ok(Line::Document));
        }
        if self.skips {
            return Ok(Ok(Line::Within));
        }
        let fields = self.separator.fields(&line);
        let found = fields.clone().count();
        let (expected, first) = *self.width.get_or_insert((found, location.number));
        // The comments of CoNLL-U (`# sent_id = 1`) and MultiCoNER (`# id 5239 domain=train`) may have as many
        // words as there are columns.
        let is_key = || line.starts_with("# id ") || fields.clone().nth(2) == Some("=");
        let is_comment = line.starts_with('#') && (found != expected || is_key());
        if is_comment && self.open.begin.is_none() {
            self.comments += 1;
            return Ok(Ok(Line::Within));
        }
        if found != expected {
            let between = self.separator.name();
            return Ok(Err(RowProblem::Columns { found, expected, first, between }));
        }
        if self.shape.is_none() {
            self.shape = Some(self.file.shape(expected, self.documents.is_some())?);
        }
        let Some(shape) = &self.shape else { return Ok(Ok(Line::Within)) };
        self.open.tokens += 1;
        self.open.bytes += length;
        if self.open.tokens * shape.read.len() > MAX_SENTENCE {
            return Ok(Err(RowProblem::TooManyTokens));
        }
        if self.open.bytes > MAX_ROW {
            return Ok(Err(RowProblem::TooLarge));
        }
        self.open.begin.get_or_insert_with(|| location.clone());
        self.open.columns.resize_with(shape.read.len(), Vec::new);
        for (at, field) in fields.enumerate() {
            let is_end = at == 0 || at + 1 == expected;
            if field.is_empty() && is_end {
                return Ok(Err(RowProblem::EmptyField { is_token: at == 0 }));
            }
            for (values, _) in
                self.open.columns.iter_mut().zip(&shape.read).filter(|(_, of)| **of == Some(at))
            {
                values.push(Value::from(field));
            }
        }
        Ok(Ok(Line::Within))
    }

    /// The sentence that ends here, if there is one.
    fn finish(&mut self) -> Option<Located> {
        self.skips = false;
        let Open { begin, columns, tokens, .. } = std::mem::take(&mut self.open);
        let (location, shape) = (begin?, self.shape.as_ref()?);
        self.any = true;
        if tokens > LONG {
            let (count, _) = self.long.get_or_insert((0, location.number));
            *count += 1;
        }
        let document = self.documents.map_or(Value::Null, Value::Integer);
        let values = columns.into_iter().zip(&shape.read);
        let values = values.map(|(values, of)| of.map_or(document.clone(), |_| Value::List(values)));
        Some(Ok((location, Ok(Row::new(Arc::clone(&shape.names), values.collect())))))
    }

    /// Counts a document, unless it is the first and no sentence came before.
    fn begin_document(&mut self) -> Result<(), DataError> {
        let was = self.documents.replace(self.documents.unwrap_or(0) + i64::from(self.any));
        if let (None, Some((width, _))) = (was, self.width) {
            self.shape = Some(self.file.shape(width, true)?);
        }
        Ok(())
    }

    /// Adds the notes that are known after the last line.
    fn say(&self) {
        let path = self.file.source.path.display();
        if self.comments > 0 {
            self.said.add(format!("{path}: {} comment line(s) were passed over", self.comments));
        }
        if let Some((count, line)) = self.long {
            self.said.add(format!(
                "{path}: {count} sentence(s) have more than {LONG} tokens, the first in line {line}; are the blank lines between sentences missing?"
            ));
        }
    }
}
