//! The texts that a vocabulary is trained on: which files and columns they are in, and reading them.

use std::io::{self, BufReader};
use std::path::{Path, PathBuf};

use clap::Args;
use embert_data::{
    Card, Columns, DataError, Format, LoadOptions, ReadOptions, Row, RowProblem, RowReader, TaskName, Value,
};
use embert_task::{find_columns, text_columns};

use crate::arguments::{format_names, input_help, is_standard};
use crate::error::Error;
use crate::output::{argument, say, thousands};
use crate::rows::rows_bar;
use crate::sources;

/// How many characters of texts are counted at once: enough for all cores.
const BATCH: usize = 4 << 20;

/// Which texts are read.
#[derive(Debug, Args)]
pub(crate) struct TextArgs {
    #[arg(long, value_name = "FILE", num_args = 1.., help = input_help(), required_unless_present = "dataset", conflicts_with = "dataset")]
    pub(crate) input: Vec<PathBuf>,
    /// Read the training files of this data set: a card's name, a card file, a hub repository, a folder or a file
    #[arg(long, value_name = "NAME")]
    pub(crate) dataset: Option<String>,
    /// The input's format [default: by its extension; plain lines on the standard input]
    #[arg(long, value_name = "FORMAT", value_parser = format_names())]
    pub(crate) input_format: Option<Format>,
    /// A column of texts, or of lists of words; may be repeated [default: the card's, else by the columns' names]
    #[arg(long, value_name = "NAME")]
    pub(crate) text_column: Vec<String>,
    /// Count rows that can't be read instead of stopping at the first
    #[arg(long)]
    pub(crate) skip_bad_rows: bool,
}

/// A file of texts.
pub(super) struct TextFile {
    /// The file, a folder of texts, or `-`, the standard input.
    pub(super) path: PathBuf,
    reading: ReadOptions,
    /// The columns with the texts.
    columns: Vec<String>,
}

/// The files that the arguments name. Prints what was decided.
pub(super) fn files(args: &TextArgs, reading: &ReadOptions) -> Result<Vec<TextFile>, Error> {
    let reading = ReadOptions { format: args.input_format, ..reading.clone() };
    if let Some(name) = &args.dataset {
        let (card, root) = sources::fetch_data(sources::find_data(name, None)?)?;
        card.check_training()?;
        let files = of_card(args, card, &root, &reading)?;
        say!(
            "reads {} training file(s) of {name}; its validation and test files stay unread",
            thousands(files.len())
        );
        return Ok(files);
    }
    let mut files = Vec::new();
    for path in &args.input {
        if is_standard(path) {
            let columns =
                if args.text_column.is_empty() { vec!["text".to_owned()] } else { args.text_column.clone() };
            files.push(TextFile { path: path.clone(), reading: reading.clone(), columns });
        } else {
            files.extend(of_card(args, Card::for_file(path), Path::new(""), &reading)?);
        }
    }
    Ok(files)
}

/// The training files of a card, relative to `root`.
fn of_card(args: &TextArgs, card: Card, root: &Path, reading: &ReadOptions) -> Result<Vec<TextFile>, Error> {
    let (card, columns) = if args.text_column.is_empty() {
        let options = LoadOptions { reading: reading.clone(), ..LoadOptions::default() };
        let found = find_columns(card, root, &options, None)?;
        let columns = columns_of(&found.card, found.task);
        if columns != ["text"] {
            let names: Vec<String> = columns.iter().map(|name| format!("\"{name}\"")).collect();
            say!("reads the column(s) {}; --text-column names others", names.join(" and "));
        }
        (found.card, columns)
    } else {
        (card, args.text_column.clone())
    };
    let files = card.split_files().train;
    Ok(files
        .into_iter()
        .map(|file| TextFile {
            reading: card.reading_of(&file, reading),
            path: root.join(file),
            columns: columns.clone(),
        })
        .collect())
}

/// The columns of texts of a data set for a task.
fn columns_of(card: &Card, task: TaskName) -> Vec<String> {
    let columns = &card.columns;
    let or = |name: &Option<String>, default: &str| name.clone().unwrap_or_else(|| default.to_owned());
    if task == TaskName::QuestionAnswering {
        return vec![or(&columns.question, "question"), or(&columns.context, "context")];
    }
    if task == TaskName::TokenClassification && columns.entities.is_none() {
        return vec![or(&columns.tokens, "tokens")];
    }
    std::iter::once(columns.text.clone()).chain(columns.text_pair.clone()).collect()
}

/// Reads the texts of all files, some at a time. Returns the number of rows that can't be read and were skipped.
pub(super) fn read(
    files: &[TextFile],
    skip_bad_rows: bool,
    mut take: impl FnMut(&[String]) -> Result<(), Error>,
) -> Result<u64, Error> {
    let bar = rows_bar();
    let mut skipped = 0;
    let (mut batch, mut characters) = (Vec::new(), 0);
    for file in files {
        let mut reader = file.open().map_err(with_options)?;
        let mut said = 0;
        let mut say_notes = |notes: &[String]| {
            notes.iter().skip(said).for_each(|note| say!("{note}"));
            said = notes.len();
        };
        say_notes(reader.notes());
        let mut is_empty = true;
        while let Some(row) = reader.next_located() {
            is_empty = false;
            let texts = row.and_then(|(location, row)| {
                let texts = file.columns.iter().map(|column| text_of(&row, column));
                texts.collect::<Result<Vec<_>, _>>().map_err(|problem| DataError::Row { location, problem })
            });
            match texts {
                Ok(texts) => {
                    bar.inc(1);
                    characters += texts.iter().map(String::len).sum::<usize>();
                    batch.extend(texts);
                }
                Err(error) if skip_bad_rows && error.is_bad_row() => {
                    tracing::info!("skipped: {error}");
                    skipped += 1;
                }
                Err(error) => return Err(with_options(error)),
            }
            if characters >= BATCH {
                take(&batch)?;
                batch.clear();
                characters = 0;
            }
        }
        // Some notes are known only after the last row.
        say_notes(reader.notes());
        if is_empty {
            return Err(DataError::Empty { path: file.path.clone() }.into());
        }
    }
    take(&batch)?;
    bar.finish_and_clear();
    Ok(skipped)
}

impl TextFile {
    fn open(&self) -> Result<RowReader, DataError> {
        let format = self.reading.format.or_else(|| Format::of(&self.path));
        // A line or a file of text has no columns: the first that is asked for as a text is what it is called.
        let is_plain = self.path.is_dir() || format == Some(Format::Lines);
        let is_standard = is_standard(&self.path);
        let of_texts = is_plain || (is_standard && format.is_none());
        let columns = self.columns.iter().fold(Columns::new(), |columns, name| {
            if of_texts { columns.with_text(name) } else { columns.with(name) }
        });
        if is_standard {
            return RowReader::from_reader(BufReader::new(io::stdin()), &self.reading, &columns);
        }
        RowReader::open(&self.path, &self.reading, &columns)
    }
}

/// The text in a column, or its list of words as a text.
fn text_of(row: &Row, column: &str) -> Result<String, RowProblem> {
    match row.get(column) {
        Some(Value::List(_)) => Ok(row.texts(column)?.join(" ")),
        _ => row.text(column).map(str::to_owned),
    }
}

/// Adds to an error about a missing column the option that names columns.
fn with_options(error: DataError) -> Error {
    let (DataError::MissingColumn { found, .. }
    | DataError::Row { problem: RowProblem::MissingColumn { found, .. }, .. }) = &error
    else {
        return error.into();
    };
    let hint = match text_columns(found) {
        Some((text, None)) => format!("name the column of texts with --text-column {}", argument(&text)),
        Some((text, Some(pair))) => format!(
            "name the columns of texts with --text-column {} --text-column {}",
            argument(&text),
            argument(&pair)
        ),
        None => "name the column of texts, or of lists of words, with --text-column".to_owned(),
    };
    let source = match error {
        DataError::MissingColumn { path, column, found, .. } => {
            DataError::MissingColumn { path, column, found, hint: String::new() }
        }
        error => error,
    };
    Error::InputColumn { source, hint }
}
