//! `predict`: answers for texts on the command line, or in a file of any size.

mod args;
mod options;
mod texts;

use std::cell::{Cell, RefCell};
use std::collections::{BTreeSet, VecDeque};
use std::io::{self, BufReader, IsTerminal as _};
use std::iter;
use std::path::Path;

use burn::tensor::Device;
use embert_data::{Columns, DataError, Format, Location, ReadOptions, Row, RowReader, Value};
use embert_files::Output;
use embert_model::DeviceChoice;
use embert_predict::{PredictError, Predictor};
use embert_task::{ExampleProblem, Inputs, TaskError};
use embert_train::run_of_model;
use serde::{Serialize, Serializer};

use self::args::OutputFormat;
pub(crate) use self::args::PredictArgs;
use crate::arguments::{Stride, is_standard};
use crate::error::Error;
use crate::output::say;
use crate::rows::{is_bad_row, rows_bar};
use crate::tasks::{PredictColumns, ShownTask, check_truncation, cut_note, task_of_model, with_task};
use crate::{output, reads, sources};

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
        predictor = predictor.with_truncation(run.data.truncation);
        let stride = run.data.evaluated_stride();
        if stride.is_some() {
            predictor = predictor.with_stride(stride);
        }
    }
    check_truncation::<T>(args.inference.truncation)?;
    if let Some(truncation) = args.inference.truncation {
        predictor = predictor.with_truncation(truncation);
    }
    if let Some(Stride(stride)) = args.inference.stride {
        predictor = predictor.with_stride(stride);
    }
    let predictor = options::of_task(args, predictor)?;
    if let Some(warning) = predictor.task().warning() {
        say!("{warning}");
    }
    let inputs = match (options::is_of_tokens::<T>(), options::is_of_questions::<T>()) {
        (true, _) => Inputs::Words,
        (false, true) => Inputs::Questions,
        (false, false) => Inputs::Pairs,
    };
    match &args.input {
        Some(input) => predict_rows(args, &predictor, input, output)
            .map_err(|error| texts::with_options(error, columns::<T>(args), inputs)),
        None => predict_texts(args, &predictor, output),
    }
}

/// What to do where a question has no context.
const QUESTION_HINT: &str = "add --question \"...\" and --context \"...\", the text in which the answer stands, or --input with \
                             a file of questions";

/// The output of the predictions, which must not be the input.
fn destination(args: &PredictArgs) -> Result<Output, Error> {
    let output = if is_standard(&args.output) { Output::standard() } else { Output::new(&args.output)? };
    match &args.input {
        Some(input) if is_standard(input) => output.differs_from_standard_input()?,
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
    if options::is_of_questions::<T>() && (args.text.is_none() || args.text_pair.is_none()) {
        return Err(Error::Missing { key: "the question with its context", hint: QUESTION_HINT.to_owned() });
    }
    if args.text_pair.is_some() {
        predictor.check_pairs()?;
    }
    let texts = args.texts.iter().chain(&args.text).cloned();
    let examples: Vec<T::Example> =
        (0..).zip(texts).map(|(id, text)| T::example_of_texts(id, text, args.text_pair.clone())).collect();
    for (number, example) in (1..).zip(&examples) {
        let checked = predictor.task().check_example(example);
        checked.map_err(|problem| Error::TypedText { number, of: examples.len(), problem })?;
    }
    let answers =
        predictor.stream(examples.into_iter().map(Ok::<_, PredictError>)).collect::<Result<Vec<_>, _>>()?;
    let is_conll = args.format == OutputFormat::Conll;
    if args.json.json || is_conll || !is_standard(&args.output) || !io::stdout().is_terminal() {
        let lines = answers.into_iter().map(|answer| Ok(Line::<T> { answer, fields: None, place: None }));
        return write_all(args, lines, output, predictor.max_length());
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
    if columns::<T>(args).text_pair.is_some() {
        // A model that can't read pairs is reported before the first row is read.
        predictor.check_pairs()?;
    }
    let mut reader = reader::<T>(args, input)?;
    let mut said = 0;
    let mut say_notes = |notes: &[String]| {
        notes.iter().skip(said).for_each(|note| say!("{note}"));
        said = notes.len();
    };
    say_notes(reader.notes());
    let (skipped, first) = (Cell::new(0_u64), RefCell::new(None));
    // The predictor reads ahead: the rows wait for their answers.
    let waiting = RefCell::new(VecDeque::new());
    let options = (!is_standard(input)).then(|| read_options(args));
    // Words have no pairs, and some models can't read them.
    let mut may_be_pairs = options::has_pairs::<T>() && predictor.check_pairs().is_ok();
    let mut id = 0;
    let examples = iter::from_fn(|| reader.next_located()).filter_map(|located| {
        let example = located.map_err(PredictError::from).and_then(|(location, mut row)| {
            if std::mem::take(&mut may_be_pairs)
                && let Some(warning) = texts::unread_pair(columns::<T>(args), input, options.as_ref(), &row)
            {
                say!("{warning}");
            }
            let example = T::example_of_row(id, &mut row, columns::<T>(args));
            match example.and_then(|example| predictor.task().check_example(&example).map(|()| example)) {
                Ok(example) => Ok((example, location, row)),
                Err(ExampleProblem::Row(problem)) => Err(DataError::Row { location, problem }.into()),
                Err(problem) => Err(TaskError::Row { location, problem }.into()),
            }
        });
        match example {
            Ok((example, location, row)) => {
                id += 1;
                if T::PASSES_COLUMNS {
                    waiting.borrow_mut().push_back((location, row));
                }
                Some(Ok(example))
            }
            Err(error) if args.inference.skip_bad_rows && is_bad_row(&error) => {
                tracing::info!("skipped: {error}");
                skipped.set(skipped.get() + 1);
                first.borrow_mut().get_or_insert(error);
                None
            }
            Err(error) => Some(Err(error)),
        }
    });
    let (bar, done) = (rows_bar(), Cell::new(0_u64));
    let left_out = RefCell::new(BTreeSet::new());
    let predictions = predictor.stream(examples).map(|prediction| {
        bar.inc(1);
        done.set(done.get() + 1);
        let row = waiting.borrow_mut().pop_front();
        Ok(Line::<T>::new(prediction?, row, args.format, &mut left_out.borrow_mut()))
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
    write_all(args, predictions.chain(none_left.flatten()), output, predictor.max_length())?;
    bar.finish_and_clear();
    // Some notes are known only after the last row.
    say_notes(reader.notes());
    say_left_out(args, &left_out.take());
    if skipped.get() > 0 {
        say!("skipped {} row(s) that can't be read; -v names them", skipped.get());
    }
    Ok(())
}

/// Says which columns of the input are in no answer.
fn say_left_out(args: &PredictArgs, columns: &BTreeSet<String>) {
    let names: Vec<&String> = columns.iter().collect();
    match (names.is_empty(), args.format) {
        (true, _) => {}
        (false, OutputFormat::Conll) => say!(
            "left out of the output: the input's column(s) {}; --format conll has words and tags alone",
            output::names(&names)
        ),
        (false, OutputFormat::Jsonl) => say!(
            "left out of the output: the input's column(s) {}, since the answers have fields of that name; rename a \
             column to have it beside the answers",
            output::names(&names)
        ),
    }
}

/// The columns of the input that are read.
fn columns<T: ShownTask>(args: &PredictArgs) -> PredictColumns<'_> {
    let (text, text_pair) = T::TEXT_COLUMNS;
    PredictColumns {
        text: args.text_column.as_deref().unwrap_or(text),
        text_pair: args.text_pair_column.as_deref().or(text_pair),
    }
}

/// How the input is read.
fn read_options(args: &PredictArgs) -> ReadOptions {
    ReadOptions { format: args.input_format, ..args.inference.reading.options() }
}

/// A reader of the input's rows.
fn reader<T: ShownTask>(args: &PredictArgs, input: &Path) -> Result<RowReader, Error> {
    let wanted = T::read_columns(columns::<T>(args));
    let mut options = read_options(args);
    if is_standard(input) {
        return Ok(RowReader::from_reader(BufReader::new(io::stdin()), &options, &wanted)?);
    }
    if options::is_of_tokens::<T>() && options.format.is_none() && Format::of(input) == Some(Format::Tsv) {
        // As a data set for this task is read, unless it is a table of texts.
        let of_texts = Columns::new().with_text(columns::<T>(args).text);
        if RowReader::open(input, &options, &of_texts).is_err() {
            options.format = Some(Format::Conll);
            say!("{} is read as columns of tokens and tags (--input-format conll)", input.display());
        }
    }
    Ok(RowReader::open(input, &options, &wanted)?)
}

/// An answer, or its fields and those that its input has besides.
struct Line<T: ShownTask> {
    answer: T::Answer,
    fields: Option<serde_json::Map<String, serde_json::Value>>,
    /// Where the input is; `None` for a text that was typed.
    place: Option<Location>,
}

impl<T: ShownTask> Line<T> {
    /// The answer to a row of which `input` is left: its other columns come after the answer's fields. A column
    /// that has the name of one of these is left out, and all are in columns of words and tags; `left_out`
    /// gets their names.
    fn new(
        answer: T::Answer,
        input: Option<(Location, Row)>,
        format: OutputFormat,
        left_out: &mut BTreeSet<String>,
    ) -> Self {
        let (place, row) = input.unzip();
        let columns = || row.iter().flat_map(Row::iter).filter(|(_, value)| **value != Value::Null);
        if format == OutputFormat::Conll {
            left_out.extend(columns().map(|(name, _)| name.to_owned()));
            return Self { answer, fields: None, place };
        }
        if columns().next().is_none() {
            return Self { answer, fields: None, place };
        }
        let Ok(serde_json::Value::Object(mut fields)) = serde_json::to_value(&answer) else {
            return Self { answer, fields: None, place };
        };
        let known: BTreeSet<String> = fields.keys().cloned().collect();
        for (name, value) in columns() {
            if known.contains(name) {
                left_out.insert(name.to_owned());
            } else {
                fields.insert(name.to_owned(), json_of(value));
            }
        }
        Self { answer, fields: Some(fields), place }
    }
}

impl<T: ShownTask> Serialize for Line<T> {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        match &self.fields {
            Some(fields) => fields.serialize(to),
            None => self.answer.serialize(to),
        }
    }
}

/// A value of a row as JSON; a number that JSON can't state is null.
fn json_of(value: &Value) -> serde_json::Value {
    match value {
        Value::Null => serde_json::Value::Null,
        Value::Boolean(truth) => (*truth).into(),
        Value::Integer(number) => (*number).into(),
        Value::Float(number) => (*number).into(),
        Value::Text(text) => text.as_str().into(),
        Value::List(values) => values.iter().map(json_of).collect::<Vec<_>>().into(),
        Value::Struct(row) => row
            .iter()
            .map(|(name, value)| (name.to_owned(), json_of(value)))
            .collect::<serde_json::Map<_, _>>()
            .into(),
    }
}

/// Writes predictions, as JSON Lines or as CoNLL columns, and says how many texts were cut at `max_length`.
fn write_all<T: ShownTask>(
    args: &PredictArgs,
    predictions: impl Iterator<Item = Result<Line<T>, Error>>,
    output: &Output,
    max_length: usize,
) -> Result<(), Error> {
    let (mut cut, mut all) = (0, 0);
    let for_terminal = output.is_terminal();
    let failed = |source| Error::Io { action: "write", path: output.path().to_owned(), source };
    output.write_with(|mut out| {
        for prediction in predictions {
            let line = prediction?;
            all += 1;
            cut += usize::from(T::is_answer_cut(&line.answer));
            match T::conll(&line.answer).filter(|_| args.format == OutputFormat::Conll) {
                Some(columns) => {
                    let place =
                        || line.place.as_ref().map_or_else(|| format!("text {all}"), ToString::to_string);
                    let columns = columns.map_err(|problem| Error::Conll { place: place(), problem })?;
                    out.write_all(columns.as_bytes()).map_err(failed)?;
                }
                None => output::json_line(&mut out, &line, for_terminal).map_err(failed)?,
            }
        }
        Ok::<_, Error>(())
    })?;
    if let Some(note) = cut_note::<T>(cut, all, max_length) {
        say!("{note}");
    }
    Ok(())
}
