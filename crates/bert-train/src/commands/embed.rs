//! `embed`: the vectors of texts, on the command line or in a file of any size.

use std::cell::{Cell, RefCell};
use std::io::{self, BufReader, Write};
use std::iter;
use std::path::{Path, PathBuf};

use clap::Args;
use clap::builder::{PossibleValuesParser, TypedValueParser};
use embert_data::{Columns, DataError, Format, ReadOptions, RowProblem, RowReader, Value};
use embert_files::Output;
use embert_model::DeviceChoice;
use embert_predict::{Embedder, Embedding, PredictError, VectorFile, VectorFormat};
use embert_task::text_columns;
use serde::Serialize;
use strum::VariantNames as _;

use crate::arguments::{ReadingArgs, format_names, input_help, is_standard};
use crate::error::Error;
use crate::output::{argument, say, thousands};
use crate::rows::{is_bad_row, rows_bar};
use crate::{output, reads, sources};

#[derive(Debug, Args)]
pub(crate) struct EmbedArgs {
    /// A folder of sentence-transformers on BERT, a run's model folder, or any BERT
    #[arg(long, value_name = "MODEL")]
    pub(crate) model: String,
    /// The texts
    #[arg(value_name = "TEXT", required_unless_present = "input", conflicts_with = "input")]
    pub(crate) texts: Vec<String>,
    #[arg(long, value_name = "FILE", help = input_help())]
    pub(crate) input: Option<PathBuf>,
    /// The input's format [default: by its extension; plain lines on the standard input]
    #[arg(long, value_name = "FORMAT", value_parser = format_names())]
    pub(crate) input_format: Option<Format>,
    /// The column with the text
    #[arg(long, value_name = "NAME", default_value = "text")]
    pub(crate) text_column: String,
    /// Write the vectors to this file; - is the standard output
    #[arg(long, value_name = "FILE", default_value = "-")]
    pub(crate) output: PathBuf,
    /// Write safetensors, jsonl or parquet [default: by the output's extension; jsonl on the standard output]
    #[arg(long, value_name = "FORMAT", value_parser = vector_formats())]
    pub(crate) format: Option<VectorFormat>,
    /// Put the model's prompt of this name before each text, as in query [default: the model's default prompt]
    #[arg(long, value_name = "NAME", conflicts_with = "prompt")]
    pub(crate) prompt_name: Option<String>,
    /// Put this text before each text; "" puts nothing there
    #[arg(long, value_name = "TEXT")]
    pub(crate) prompt: Option<String>,
    /// Scale each vector to length 1 [default: as the model's folder says]
    #[arg(long)]
    pub(crate) normalize: bool,
    /// Tokens in a sequence [default: what the model's folder says]
    #[arg(long, value_name = "N")]
    pub(crate) max_length: Option<usize>,
    /// Texts in a batch
    #[arg(long, value_name = "N", default_value_t = 32, value_parser = clap::value_parser!(u32).range(1..=65_536))]
    pub(crate) batch_size: u32,
    /// auto, cpu, flex, ndarray, cuda, cuda:1, ...
    #[arg(long, value_name = "DEVICE", default_value = "auto")]
    pub(crate) device: String,
    /// Count rows that can't be read instead of stopping at the first; they have no vector
    #[arg(long)]
    pub(crate) skip_bad_rows: bool,
    #[command(flatten)]
    pub(crate) reading: ReadingArgs,
}

/// The names of the formats of vectors.
fn vector_formats() -> impl TypedValueParser<Value = VectorFormat> {
    PossibleValuesParser::new(VectorFormat::VARIANTS).try_map(|name| name.parse::<VectorFormat>())
}

pub(crate) fn run(args: &EmbedArgs) -> Result<(), Error> {
    let (_, device) = args.device.parse::<DeviceChoice>()?.resolve()?;
    // An output that can't be written is refused before anything is downloaded or loaded.
    let (output, format) = destination(args)?;
    let folder = sources::model_folder(&args.model)?;
    reads::of_model(&folder).iter().try_for_each(|file| output.differs_from(file))?;
    let mut embedder = Embedder::open(&folder, &device)?.with_batch_size(args.batch_size as usize);
    for note in embedder.notes() {
        say!("{note}");
    }
    if let Some(max_length) = args.max_length {
        embedder = embedder.with_max_length(max_length)?;
    }
    if let Some(name) = &args.prompt_name {
        embedder = embedder.with_prompt_name(name)?;
    }
    if let Some(prompt) = &args.prompt {
        embedder = embedder.with_prompt(prompt)?;
    }
    if args.normalize {
        embedder = embedder.with_normalization();
    }
    if let Some(input) = &args.input {
        return embed_rows(args, &embedder, input, &output, format).map_err(|error| with_hint(error, args));
    }
    let texts = args.texts.iter().cloned().map(Ok::<_, PredictError>);
    write_all(&embedder, embedder.stream(texts).map(|one| Ok(one?)), &output, format)
}

/// The output of the vectors, which must not be the input, and its format.
fn destination(args: &EmbedArgs) -> Result<(Output, VectorFormat), Error> {
    let is_standard_output = is_standard(&args.output);
    let output = if is_standard_output { Output::standard() } else { Output::new(&args.output)? };
    match &args.input {
        Some(input) if is_standard(input) => output.differs_from_standard_input()?,
        Some(input) => output.differs_from(input)?,
        None => {}
    }
    let by_name =
        || if is_standard_output { Some(VectorFormat::Jsonl) } else { VectorFormat::of(&args.output) };
    let format = args.format.or_else(by_name).ok_or_else(|| Error::VectorFormat {
        path: args.output.clone(),
        endings: VectorFormat::VARIANTS.iter().map(|name| format!(".{name}")).collect::<Vec<_>>().join(", "),
    })?;
    if format != VectorFormat::Jsonl && output.is_terminal() {
        return Err(Error::VectorsOnTerminal { format });
    }
    Ok((output, format))
}

/// Embeds the rows of a file or of the standard input, a few batches at a time.
fn embed_rows(
    args: &EmbedArgs,
    embedder: &Embedder,
    input: &Path,
    output: &Output,
    format: VectorFormat,
) -> Result<(), Error> {
    let options = ReadOptions { format: args.input_format, ..args.reading.options() };
    let wanted = Columns::new().with_text(&args.text_column);
    let mut reader = if is_standard(input) {
        RowReader::from_reader(BufReader::new(io::stdin()), &options, &wanted)?
    } else {
        RowReader::open(input, &options, &wanted)?
    };
    let mut said = 0;
    let mut say_notes = |notes: &[String]| {
        notes.iter().skip(said).for_each(|note| say!("{note}"));
        said = notes.len();
    };
    say_notes(reader.notes());
    let (skipped, first) = (Cell::new(0_u64), RefCell::new(None));
    let texts = iter::from_fn(|| reader.next_located()).filter_map(|located| {
        let text = located.and_then(|(location, mut row)| {
            let text = match row.take(&args.text_column) {
                Some(Value::Text(text)) => Ok(text),
                // The column may be one within another, or hold no text.
                _ => row.text(&args.text_column).map(str::to_owned),
            };
            text.map_err(|problem| DataError::Row { location, problem })
        });
        match text.map_err(PredictError::from) {
            Err(error) if args.skip_bad_rows && is_bad_row(&error) => {
                tracing::info!("skipped: {error}");
                skipped.set(skipped.get() + 1);
                first.borrow_mut().get_or_insert(error);
                None
            }
            text => Some(text),
        }
    });
    let (bar, done) = (rows_bar(), Cell::new(0_u64));
    let embeddings = embedder.stream(texts).map(|embedding| {
        bar.inc(1);
        done.set(done.get() + 1);
        Ok(embedding?)
    });
    // If no row can be read, the file or the options about it are wrong.
    let none_left = iter::once_with(|| match first.take() {
        Some(first) if done.get() == 0 => Some(Err(Error::AllSkipped {
            input: input.to_owned(),
            rows: skipped.get(),
            first: Box::new(first),
        })),
        _ => None,
    });
    write_all(embedder, embeddings.chain(none_left.flatten()), output, format)?;
    bar.finish_and_clear();
    // Some notes are known only after the last row.
    say_notes(reader.notes());
    if skipped.get() > 0 {
        say!("skipped {} row(s) that can't be read, which have no vector; -v names them", skipped.get());
    }
    Ok(())
}

/// A line of JSON.
#[derive(Serialize)]
struct Line<'a> {
    text: &'a str,
    embedding: &'a [f32],
}

/// Writes vectors in the order of their texts, and says how many texts were cut.
fn write_all(
    embedder: &Embedder,
    embeddings: impl Iterator<Item = Result<Embedding, Error>>,
    output: &Output,
    format: VectorFormat,
) -> Result<(), Error> {
    let failed = |source| Error::Io { action: "write", path: output.path().to_owned(), source };
    let (mut all, mut cut) = (0, 0);
    let counted = embeddings.inspect(|embedding| {
        if let Ok(embedding) = embedding {
            all += 1;
            cut += usize::from(embedding.is_cut);
        }
    });
    let file = match format {
        VectorFormat::Jsonl => None,
        VectorFormat::Safetensors => {
            Some(VectorFile::safetensors(embedder.dimensions(), output.scratch_file()?))
        }
        VectorFormat::Parquet => Some(VectorFile::parquet(output.scratch_file()?).map_err(failed)?),
    };
    match file {
        None => write_lines(counted, output)?,
        Some(mut file) => {
            for embedding in counted {
                let Embedding { text, vector, .. } = embedding?;
                file.push(&text, &vector).map_err(failed)?;
            }
            output.write_with(|mut out| file.finish(&mut out).map_err(failed))?;
        }
    }
    if cut > 0 {
        say!(
            "{} of {} texts were cut at {} tokens: their vectors are of what is left",
            thousands(cut),
            thousands(all),
            embedder.max_length()
        );
    }
    Ok(())
}

fn write_lines(
    embeddings: impl Iterator<Item = Result<Embedding, Error>>,
    output: &Output,
) -> Result<(), Error> {
    let for_terminal = output.is_terminal();
    let failed = |source| Error::Io { action: "write", path: output.path().to_owned(), source };
    output.write_with(|mut out: &mut dyn Write| {
        for embedding in embeddings {
            let Embedding { text, vector, .. } = embedding?;
            let line = Line { text: &text, embedding: &vector };
            output::json_line(&mut out, &line, for_terminal).map_err(failed)?;
        }
        Ok(())
    })
}

/// Adds to an error about a missing column the option that names it.
fn with_hint(error: Error, args: &EmbedArgs) -> Error {
    let (Error::Data(source) | Error::Predict(PredictError::Data(source))) = &error else { return error };
    let (DataError::MissingColumn { found, .. }
    | DataError::Row { problem: RowProblem::MissingColumn { found, .. }, .. }) = source
    else {
        return error;
    };
    let alike = |name: &&String| name.trim().to_lowercase() == args.text_column.trim().to_lowercase();
    let name = found.iter().find(alike).map(String::as_str).or_else(|| Some(text_columns(found)?.0));
    let hint = match name {
        Some(name) => format!("name the column of texts with --text-column {}", argument(&name)),
        None => "name the column of texts with --text-column".to_owned(),
    };
    match error {
        Error::Data(DataError::MissingColumn { path, column, found, .. })
        | Error::Predict(PredictError::Data(DataError::MissingColumn { path, column, found, .. })) => {
            let source = DataError::MissingColumn { path, column, found, hint: String::new() };
            Error::InputColumn { source, hint }
        }
        Error::Data(source) | Error::Predict(PredictError::Data(source)) => {
            Error::InputColumn { source, hint }
        }
        error => error,
    }
}
