//! `predict`: labels for texts on the command line, or in a file of any size.

use std::cell::{Cell, RefCell};
use std::io::{self, BufReader, IsTerminal as _};
use std::iter;
use std::path::{Path, PathBuf};

use burn::tensor::Device;
use clap::Args;
use clap::builder::{PossibleValuesParser, TypedValueParser};
use embert_data::{DataError, Format, ReadOptions, Row, RowReader};
use embert_files::Output;
use embert_model::DeviceChoice;
use embert_predict::{PredictError, Predictor};
use embert_train::run_of_model;
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use serde::Serialize;

use crate::arguments::{InferenceArgs, JsonArgs, Stride};
use crate::error::Error;
use crate::output::say;
use crate::tasks::{PredictColumns, ShownTask, task_of_model, with_task};
use crate::{output, reads, sources};

#[derive(Debug, Args)]
pub(crate) struct PredictArgs {
    /// A run's model folder, or any classification checkpoint
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
    /// The column with the second text of a pair
    #[arg(long, value_name = "NAME")]
    pub(crate) text_pair_column: Option<String>,
    /// Write to this file, as JSON Lines; - is the standard output
    #[arg(long, value_name = "FILE", default_value = "-")]
    pub(crate) output: PathBuf,
    #[command(flatten)]
    pub(crate) inference: InferenceArgs,
    #[command(flatten)]
    pub(crate) json: JsonArgs,
}

/// The help of `--input`.
fn input_help() -> String {
    let endings = Format::usual_endings();
    format!("Read the texts from this file ({endings}; also .gz, .zst); - is the standard input")
}

/// The names of the formats.
fn format_names() -> impl TypedValueParser<Value = Format> {
    PossibleValuesParser::new(Format::ALL.iter().map(|format| format.name()))
        .try_map(|name| name.parse::<Format>())
}

pub(crate) fn run(args: &PredictArgs) -> Result<(), Error> {
    let (_, device) = args.inference.device.parse::<DeviceChoice>()?.resolve()?;
    // An output that can't be written is refused before anything is downloaded or loaded.
    let output = destination(args)?;
    let folder = sources::model_folder(&args.model)?;
    reads::of_model(&folder).iter().try_for_each(|file| output.differs_from(file))?;
    with_task!(task_of_model(&folder)?, T => predict::<T>(args, &folder, &output, &device))
}

/// Predicts with the checkpoint in `folder`.
fn predict<T: ShownTask>(
    args: &PredictArgs,
    folder: &Path,
    output: &Output,
    device: &Device,
) -> Result<(), Error> {
    let mut predictor =
        Predictor::<T>::open(folder, device)?.with_batch_size(args.inference.batch_size as usize);
    for note in predictor.notes() {
        say!("{note}");
    }
    if let Some(max_length) = args.inference.max_length {
        predictor = predictor.with_max_length(max_length)?;
    }
    // The maximum length is in the model's own files.
    if let Some(run) = run_of_model(folder)? {
        predictor = predictor.with_truncation(run.data.truncation).with_stride(run.data.stride);
    }
    if let Some(truncation) = args.inference.truncation {
        predictor = predictor.with_truncation(truncation);
    }
    if let Some(Stride(stride)) = args.inference.stride {
        predictor = predictor.with_stride(stride);
    }
    if let Some(warning) = predictor.task().warning() {
        say!("{warning}");
    }
    match &args.input {
        Some(input) => predict_rows(args, &predictor, input, output),
        None => predict_texts(args, &predictor, output),
    }
}

/// The output of the predictions, which must not be the input.
fn destination(args: &PredictArgs) -> Result<Output, Error> {
    let output = if is_stdout(&args.output) { Output::standard() } else { Output::new(&args.output)? };
    match &args.input {
        Some(input) if is_stdout(input) => output.differs_from_standard_input()?,
        Some(input) => output.differs_from(input)?,
        None => {}
    }
    Ok(output)
}

/// Labels the texts of the command line: JSON Lines in a pipe or a file, a table on a terminal.
fn predict_texts<T: ShownTask>(
    args: &PredictArgs,
    predictor: &Predictor<T>,
    output: &Output,
) -> Result<(), Error> {
    let examples =
        (0..).zip(&args.texts).map(|(id, text)| Ok::<_, PredictError>(T::example_of_text(id, text.clone())));
    let answers = predictor.stream(examples).collect::<Result<Vec<_>, _>>()?;
    if args.json.json || !is_stdout(&args.output) || !io::stdout().is_terminal() {
        return write_all(answers.into_iter().map(Ok), output);
    }
    let mut table = output::Table::new(T::ANSWER_HEADINGS);
    for answer in &answers {
        table.add_row(T::answer_cells(answer));
    }
    table.print()
}

/// Labels the rows of a file or of the standard input, a few batches at a time.
fn predict_rows<T: ShownTask>(
    args: &PredictArgs,
    predictor: &Predictor<T>,
    input: &Path,
    output: &Output,
) -> Result<(), Error> {
    if args.text_pair_column.is_some() {
        // A model that can't read pairs is reported before the first row is read.
        predictor.check_pairs()?;
    }
    let mut reader = reader(args, input)?;
    let mut said = 0;
    let mut say_notes = |notes: &[String]| {
        notes.iter().skip(said).for_each(|note| say!("{note}"));
        said = notes.len();
    };
    say_notes(reader.notes());
    let (skipped, first) = (Cell::new(0_u64), RefCell::new(None));
    let rows = reader.by_ref().filter_map(|row: Result<Row, DataError>| match row {
        Err(error) if args.inference.skip_bad_rows && error.is_bad_row() => {
            tracing::info!("skipped: {error}");
            skipped.set(skipped.get() + 1);
            first.borrow_mut().get_or_insert(error);
            None
        }
        row => Some(row),
    });
    let examples = (0..).zip(rows).map(|(id, row)| {
        let example = T::example_of_row(id, row?, columns(args));
        example.map_err(PredictError::from)
    });
    let (bar, done) = (rows_bar(), Cell::new(0_u64));
    let predictions = predictor.stream(examples).map(|prediction| {
        bar.inc(1);
        done.set(done.get() + 1);
        Ok(prediction?)
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
    write_all(predictions.chain(none_left.flatten()), output)?;
    bar.finish_and_clear();
    // Some notes are known only after the last row.
    say_notes(reader.notes());
    if skipped.get() > 0 {
        say!("skipped {} row(s) that can't be read; -v names them", skipped.get());
    }
    Ok(())
}

/// The columns of the input that are read.
fn columns(args: &PredictArgs) -> PredictColumns<'_> {
    PredictColumns { text: &args.text_column, text_pair: args.text_pair_column.as_deref() }
}

/// A reader of the input's rows.
fn reader(args: &PredictArgs, input: &Path) -> Result<RowReader, Error> {
    let columns = columns(args).wanted();
    let options = ReadOptions { format: args.input_format, ..args.inference.reading.options() };
    Ok(if is_stdout(input) {
        RowReader::from_reader(BufReader::new(io::stdin()), &options, &columns)?
    } else {
        RowReader::open(input, &options, &columns)?
    })
}

/// Writes predictions as JSON Lines.
fn write_all<A: Serialize>(
    predictions: impl Iterator<Item = Result<A, Error>>,
    output: &Output,
) -> Result<(), Error> {
    let for_terminal = output.is_terminal();
    output.write_with(|mut out| {
        for prediction in predictions {
            output::json_line(&mut out, &prediction?, for_terminal).map_err(|source| Error::Io {
                action: "write",
                path: output.path().to_owned(),
                source,
            })?;
        }
        Ok(())
    })
}

/// Whether a path is `-`, which stands for the standard input or output.
fn is_stdout(path: &Path) -> bool {
    path == Path::new("-")
}

fn rows_bar() -> ProgressBar {
    let terminal = io::stderr().is_terminal();
    let bar = ProgressBar::with_draw_target(
        None,
        if terminal { ProgressDrawTarget::stderr() } else { ProgressDrawTarget::hidden() },
    );
    if let Ok(style) = ProgressStyle::with_template("{spinner} {human_pos} texts  {per_sec}") {
        bar.set_style(style);
    }
    bar
}
