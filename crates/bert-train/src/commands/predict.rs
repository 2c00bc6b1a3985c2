//! `predict`: answers for texts on the command line, or in a file of any size.

mod texts;

use std::cell::{Cell, RefCell};
use std::collections::{BTreeSet, VecDeque};
use std::io::{self, BufReader, IsTerminal as _};
use std::iter;
use std::path::{Path, PathBuf};

use burn::tensor::Device;
use clap::builder::{PossibleValuesParser, TypedValueParser};
use clap::{Args, ValueEnum};
use embert_data::{Columns, DataError, Format, Location, ReadOptions, Row, RowReader, Value};
use embert_files::Output;
use embert_model::DeviceChoice;
use embert_predict::{PredictError, Predictor};
use embert_task::{Aggregation, ExampleProblem, Inputs, TaskError, TaskKind};
use embert_train::run_of_model;
use serde::{Serialize, Serializer};
use strum::VariantNames as _;

use crate::arguments::{InferenceArgs, JsonArgs, Stride, format_names, input_help, is_standard};
use crate::error::Error;
use crate::output::say;
use crate::rows::{is_bad_row, rows_bar};
use crate::tasks::{PredictColumns, ShownTask, check_truncation, cut_note, is, task_of_model, with_task};
use crate::{output, reads, sources};

#[derive(Debug, Args)]
pub(crate) struct PredictArgs {
    /// A run's model folder, or any checkpoint with a head for texts, tags or questions
    #[arg(long, value_name = "MODEL")]
    pub(crate) model: String,
    /// The texts
    #[arg(value_name = "TEXT", required_unless_present_any = ["input", "text"], conflicts_with_all = ["input", "text"])]
    pub(crate) texts: Vec<String>,
    /// A text, or the first text of a pair; a question
    #[arg(long, visible_alias = "question", value_name = "TEXT", conflicts_with = "input")]
    pub(crate) text: Option<String>,
    /// The second text of a pair; the context of a question
    #[arg(long, visible_alias = "context", value_name = "TEXT", requires = "text")]
    pub(crate) text_pair: Option<String>,
    #[arg(long, value_name = "FILE", help = input_help())]
    pub(crate) input: Option<PathBuf>,
    /// The input's format [default: by its extension; plain lines on the standard input]
    #[arg(long, value_name = "FORMAT", value_parser = format_names())]
    pub(crate) input_format: Option<Format>,
    /// The column with the text, or with the question [default: text, or question]; words of token
    /// classification are in the column tokens
    #[arg(long, visible_alias = "question-column", value_name = "NAME")]
    pub(crate) text_column: Option<String>,
    /// The column with the second text of a pair, or with the context [default: none, or context]
    #[arg(long, visible_alias = "context-column", value_name = "NAME")]
    pub(crate) text_pair_column: Option<String>,
    /// Write to this file, in the format of --format; - is the standard output
    #[arg(long, value_name = "FILE", default_value = "-")]
    pub(crate) output: PathBuf,
    /// How tokens become entities, in token classification: none, simple, first, average or max [default:
    /// simple]
    #[arg(long, value_name = "HOW", value_parser = aggregations())]
    pub(crate) aggregation: Option<Aggregation>,
    /// Write this number of each question's best answers, in question answering [default: 5]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=1000))]
    pub(crate) n_best: Option<u32>,
    /// Write JSON Lines, or, in token classification, a word a line with its tag
    #[arg(long, value_enum, value_name = "FORMAT", default_value = "jsonl")]
    pub(crate) format: OutputFormat,
    #[command(flatten)]
    pub(crate) inference: InferenceArgs,
    #[command(flatten)]
    pub(crate) json: JsonArgs,
}

/// The format of predictions.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum OutputFormat {
    /// A JSON object a line
    Jsonl,
    /// A word a line with its tag, and a blank line after each text
    Conll,
}

/// The words of `--aggregation`.
fn aggregations() -> impl TypedValueParser<Value = Aggregation> {
    PossibleValuesParser::new(Aggregation::VARIANTS).try_map(|name| name.parse::<Aggregation>())
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
    let task_name = || T::NAME;
    if let Some(aggregation) = args.aggregation {
        let Some(task) = predictor.task().clone().with_aggregation(aggregation) else {
            return Err(of_tokens("aggregation", task_name()));
        };
        if args.format == OutputFormat::Conll {
            return Err(Error::AggregatedWords);
        }
        predictor = predictor.map_task(|_| task);
    }
    if let Some(n_best) = args.n_best {
        let Some(task) = predictor.task().clone().with_n_best(n_best as usize) else {
            return Err(of_questions("n-best", task_name()));
        };
        predictor = predictor.map_task(|_| task);
    }
    if args.format == OutputFormat::Conll && !is_of_tokens::<T>() {
        return Err(of_tokens("format conll", task_name()));
    }
    let pair =
        [("text-pair", args.text_pair.is_some()), ("text-pair-column", args.text_pair_column.is_some())];
    if let Some((option, _)) = pair.into_iter().find(|(_, is_given)| *is_given && is_of_tokens::<T>()) {
        return Err(Error::OptionOfTask { option, tasks: "text-classification", model: task_name() });
    }
    if let Some(warning) = predictor.task().warning() {
        say!("{warning}");
    }
    let inputs = match (is_of_tokens::<T>(), is_of_questions::<T>()) {
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

/// Whether the task is token classification.
fn is_of_tokens<T: ShownTask>() -> bool {
    is::<T>(TaskKind::TokenClassification)
}

/// Whether the task is question answering.
fn is_of_questions<T: ShownTask>() -> bool {
    is::<T>(TaskKind::QuestionAnswering)
}

/// Whether the task compares two texts.
fn is_of_pairs<T: ShownTask>() -> bool {
    is::<T>(TaskKind::SentenceSimilarity)
}

/// The error on an option of token classification with another model.
fn of_tokens(option: &'static str, model: &'static str) -> Error {
    Error::OptionOfTask { option, tasks: "token-classification", model }
}

/// The error on an option of question answering with another model.
fn of_questions(option: &'static str, model: &'static str) -> Error {
    Error::OptionOfTask { option, tasks: "question-answering", model }
}

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
    if is_of_questions::<T>() && (args.text.is_none() || args.text_pair.is_none()) {
        return Err(Error::Missing { key: "the question with its context", hint: QUESTION_HINT.to_owned() });
    }
    if is_of_pairs::<T>() && (args.text.is_none() || args.text_pair.is_none()) {
        let hint = "add --text \"...\" and --text-pair \"...\", or --input with a file of pairs".to_owned();
        return Err(Error::Missing { key: "the text to compare with", hint });
    }
    if args.text_pair.is_some() && !is_of_pairs::<T>() {
        predictor.check_pairs()?;
    }
    let texts = args.texts.iter().chain(&args.text).cloned();
    let examples = (0..)
        .zip(texts)
        .map(|(id, text)| Ok::<_, PredictError>(T::example_of_texts(id, text, args.text_pair.clone())));
    let answers = predictor.stream(examples).collect::<Result<Vec<_>, _>>()?;
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
    if columns::<T>(args).text_pair.is_some() && !is_of_pairs::<T>() {
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
    let mut may_be_pairs = !is_of_tokens::<T>() && predictor.check_pairs().is_ok();
    let mut id = 0;
    let examples = iter::from_fn(|| reader.next_located()).filter_map(|located| {
        let example = located.map_err(PredictError::from).and_then(|(location, mut row)| {
            if std::mem::take(&mut may_be_pairs)
                && let Some(warning) = texts::unread_pair(columns::<T>(args), input, options.as_ref(), &row)
            {
                say!("{warning}");
            }
            match T::example_of_row(id, &mut row, columns::<T>(args)) {
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
    if is_of_tokens::<T>() && options.format.is_none() && Format::of(input) == Some(Format::Tsv) {
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
