//! [`find_columns`] and [`find_problem_type`]: the task of a data set whose card leaves it open.

mod pairs;

use std::collections::{BTreeMap, BTreeSet};
use std::iter;
use std::path::{Path, PathBuf};

use embert_data::{
    Card, CardColumns, Columns, Format, LoadOptions, LoadedRows, Location, Row, RowReader, SplitKind,
    TaskName, Value, shown, shown_names, spans_of,
};
use embert_model::ProblemType;

pub use self::pairs::text_columns;
use self::pairs::{are_partners, name_pairs, with_metric};
use crate::kind::problem_type;
use crate::labels::problem::{SEPARATOR, quoted};
use crate::multi_label::{SEPARATORS, indicator, is_no_indicator};
use crate::regression::is_number;
use crate::{LabelColumn, LabelProblem, TaskError};

/// Names of a label's column besides `label`.
const LABELS: [&str; 3] = ["labels", "score", "similarity_score"];

/// Names of the column of spans of characters.
const SPANS: [&str; 7] = ["entities", "label", "labels", "spans", "ents", "annotations", "completions"];

/// Names of a column that numbers the rows; pandas calls its index `Unnamed: 0`, or nothing.
const ROW_NUMBERS: [&str; 5] = ["id", "idx", "index", "Unnamed: 0", ""];

/// How many rows are looked at for spans, and for columns of 0 and 1.
const LOOKED_AT: usize = 100;

/// A data set's task, with the columns that its files have.
#[derive(Clone, Debug)]
pub struct FoundColumns {
    /// The card with the names of its columns.
    pub card: Card,
    /// The task.
    pub task: TaskName,
    /// Whether the user, the card, the files' format or the columns tell the task. Otherwise the task is text
    /// classification for want of a better one, and a checkpoint may know better.
    pub is_told: bool,
    /// Sentences to show the user: what was decided.
    pub notes: Vec<String>,
}

/// The task and the columns of a data set. What the card states holds; what it leaves open, the names of the
/// columns in its first training file decide. `wanted` is the task that the user asks for.
///
/// # Errors
/// The user asks for another task than the card states, or annotations of Label Studio have no spans.
pub fn find_columns(
    mut card: Card,
    root: &Path,
    options: &LoadOptions,
    wanted: Option<TaskName>,
) -> Result<FoundColumns, TaskError> {
    if let (Some(wanted), Some(stated)) = (wanted, card.task)
        && wanted != stated
    {
        if card.other_tasks.contains(&wanted) {
            // What the card says of the labels is said for its first task.
            (card.task, card.problem_type, card.metric) = (Some(wanted), None, None);
            return find_columns(card, root, options, None);
        }
        return Err(TaskError::OtherTask {
            key: "task",
            wanted: wanted.to_string(),
            stated: stated.to_string(),
            dataset: card.name,
        });
    }
    let is_of_pairs = card.task.is_none() && (card.score_range.is_some() || card.columns.negative.is_some());
    let stated = wanted.or(card.task).or(is_of_pairs.then_some(TaskName::SentenceSimilarity));
    card = card.read_for(stated);
    // A row that can't be read, or has no tags, is reported as one of this task.
    let is_conll = format_of(&card, options) == Some(Format::Conll);
    let mut notes = read_as_conll(&card, options);
    let columns = &card.columns;
    let of_tokens = columns.tokens.is_some() || columns.tags.is_some() || columns.entities.is_some();
    let of_questions = columns.question.is_some() || columns.context.is_some() || columns.answers.is_some();
    // A column of documents says nothing of the others.
    let is_default = CardColumns { document: None, ..columns.clone() } == CardColumns::default();
    let is_open = is_default || (of_tokens && columns.tags.is_none());
    let rows = if is_open { first_rows(&card, root, options) } else { Vec::new() };
    // Rows without a single span don't show what they are.
    let with_spans = rows.iter().find(|(_, row)| spans_column(row, &card).is_some());
    let Some((_, row)) = with_spans.or(rows.first()) else {
        let task = stated.unwrap_or(if of_questions {
            TaskName::QuestionAnswering
        } else if of_tokens || is_conll {
            TaskName::TokenClassification
        } else {
            TaskName::TextClassification
        });
        let is_told = stated.is_some() || of_questions || of_tokens || is_conll || !is_open;
        return Ok(FoundColumns { card: with_metric(card, task), task, is_told, notes });
    };
    if with_spans.is_none() {
        check_results(&rows)?;
    }
    let told = stated.or_else(|| of_columns(row, &card));
    let task =
        told.unwrap_or(if is_conll { TaskName::TokenClassification } else { TaskName::TextClassification });
    match task {
        TaskName::TokenClassification => {
            let is_cut = options.split_ratios.or(card.split_ratios).is_some();
            name_tokens(&mut card, row, is_cut, &mut notes);
        }
        TaskName::TextClassification => name_texts(&mut card, row, &rows, &mut notes),
        // Their columns have the same names everywhere; a card may state others.
        TaskName::QuestionAnswering => {}
        TaskName::SentenceSimilarity => name_pairs(&mut card, row, &mut notes),
    }
    // Lines of text have no labels: they may as well be columns of tokens.
    let is_of_lines = format_of(&card, options) == Some(Format::Lines);
    let are_texts = || row.get(&card.columns.text).is_some() && !is_of_lines;
    let is_told = told.is_some() || is_conll || are_texts();
    Ok(FoundColumns { card: with_metric(card, task), task, is_told, notes })
}

/// A note on the first file that is read as CoNLL columns because of the task alone.
fn read_as_conll(card: &Card, options: &LoadOptions) -> Vec<String> {
    if options.reading.format.or(card.reading.format).is_some() {
        return Vec::new();
    }
    let is_conll = |file: &&PathBuf| card.reading_of(file, &options.reading).format == Some(Format::Conll);
    let files = card.split_files();
    let first = files.all().find(is_conll).map(|first| {
        format!("{} is read as columns of tokens and tags (format = \"conll\")", first.display())
    });
    first.into_iter().collect()
}

/// The format of the first training file, as the settings, the card, the task or its name says.
fn format_of(card: &Card, options: &LoadOptions) -> Option<Format> {
    let files = card.split_files();
    let first = files.all().next()?;
    card.reading_of(first, &options.reading).format.or_else(|| Format::of(first))
}

/// The first rows of the first training file with all of its columns; none where a row can't be read: reading
/// the file whole says why.
fn first_rows(card: &Card, root: &Path, options: &LoadOptions) -> Vec<(Location, Row)> {
    let files = card.split_files();
    let Some(first) = files.all().next() else { return Vec::new() };
    let reading = card.reading_of(first, &options.reading);
    match RowReader::open(&root.join(first), &reading, &Columns::new().with_all()) {
        Ok(mut reader) => {
            iter::from_fn(|| reader.next_located()).take(LOOKED_AT).map_while(Result::ok).collect()
        }
        Err(_) => Vec::new(),
    }
}

/// The task that a row's columns tell.
fn of_columns(row: &Row, card: &Card) -> Option<TaskName> {
    let of_tokens =
        row.get("tokens").is_some() && ["ner_tags", "tags"].iter().any(|name| row.get(name).is_some());
    let is_spans = || spans_column(row, card).is_some();
    // A pair of texts may have these names too, but has no answers that say where they begin.
    let is_question = ["question", "context"].iter().all(|name| row.get(name).is_some())
        && (row.get("answers.answer_start").is_some() || row.get("answers").is_some_and(are_answers));
    if !is_question && are_partners(row) {
        return Some(TaskName::SentenceSimilarity);
    }
    match (is_question, of_tokens || is_spans()) {
        (true, _) => Some(TaskName::QuestionAnswering),
        (false, true) => Some(TaskName::TokenClassification),
        (false, false) => None,
    }
}

/// Whether a value is a list of answers as SQuAD's own files have it.
fn are_answers(value: &Value) -> bool {
    let Value::List(answers) = value else { return false };
    answers
        .iter()
        .all(|answer| matches!(answer, Value::Struct(answer) if answer.get("answer_start").is_some()))
}

/// The column of spans, where the row has spans of characters.
fn spans_column(row: &Row, card: &Card) -> Option<String> {
    // A list of labels may be empty as well as a list of spans.
    let is_list_of_labels = |name: &str| {
        matches!(name, "label" | "labels")
            && !matches!(row.get(name), Some(Value::List(values)) if !values.is_empty())
    };
    // Annotations of Label Studio may be choices alone.
    let has_spans = |name: &str| results(row, name).next().is_none() || results(row, name).any(is_span);
    let is_of_spans = |name: &str| {
        let columns = CardColumns { entities: Some(name.to_owned()), ..card.columns.clone() };
        matches!(row.get(name), Some(Value::List(_)))
            && !is_list_of_labels(name)
            && has_spans(name)
            && match spans_of(row, &columns) {
                Ok(found) => found.is_some(),
                Err(_) => row.get(name).is_some_and(is_marked),
            }
    };
    SPANS.iter().find(|name| is_of_spans(name)).map(|name| (*name).to_owned())
}

/// Refuses annotations of Label Studio that are all of another type than spans, such as choices.
fn check_results(rows: &[(Location, Row)]) -> Result<(), TaskError> {
    let results = rows.iter().flat_map(|(location, row)| {
        let results = ["annotations", "completions"].into_iter().flat_map(move |name| results(row, name));
        results.map(move |result| (location, result))
    });
    let text = |result: &Row, name: &str| match result.get(name) {
        Some(Value::Text(text)) => Some(text.clone()),
        _ => None,
    };
    let mut others = results.filter_map(|(location, result)| Some((location, text(result, "type")?, result)));
    match others.find(|(_, kind, _)| kind != "relation") {
        None => Ok(()),
        Some((location, kind, result)) => Err(TaskError::NoSpans {
            location: location.clone(),
            kind,
            column: text(result, "from_name").unwrap_or_else(|| "...".to_owned()),
        }),
    }
}

/// The results of Label Studio's annotations of a row in the column `name`.
fn results<'a>(row: &'a Row, name: &str) -> impl Iterator<Item = &'a Row> {
    let annotations = match (row.get("data"), row.get(name)) {
        (Some(Value::Struct(_)), Some(Value::List(annotations))) => annotations.as_slice(),
        _ => &[],
    };
    let of_annotation = |annotation: &'a Value| match annotation {
        Value::Struct(annotation) => match annotation.get("result") {
            Some(Value::List(results)) => results.as_slice(),
            _ => &[],
        },
        _ => &[],
    };
    annotations.iter().flat_map(of_annotation).filter_map(|result| match result {
        Value::Struct(result) => Some(&**result),
        _ => None,
    })
}

/// Whether a result of Label Studio is a span.
fn is_span(result: &Row) -> bool {
    matches!(result.get("type"), Some(Value::Text(kind)) if kind == "labels" || kind == "hypertextlabels")
}

/// Whether a value looks like spans, or like Label Studio's annotations, although it can't be read.
fn is_marked(value: &Value) -> bool {
    let Value::List(values) = value else { return false };
    match values.first() {
        Some(Value::List(parts)) => parts.len() >= 2 && matches!(parts[0], Value::Integer(_)),
        Some(Value::Struct(object)) => {
            ["start", "start_offset", "result"].iter().any(|name| object.get(name).is_some())
        }
        _ => false,
    }
}

/// Names the columns of tokens and tags, or of spans, and that of documents, which matters where splits are
/// cut.
fn name_tokens(card: &mut Card, row: &Row, is_cut: bool, notes: &mut Vec<String>) {
    let tokens = card.columns.tokens.as_deref().unwrap_or("tokens");
    if row.get(tokens).is_some() {
        let tokens = tokens.to_owned();
        let tags = ["ner_tags", "tags"].iter().find(|name| row.get(name).is_some());
        if let Some(&tags) = tags
            && card.columns.tags.is_none()
        {
            if tags != "tags" {
                notes.push(format!("the words are in the column \"{tokens}\", their tags in \"{tags}\""));
            }
            card.columns.tags = Some(tags.to_owned());
        }
        card.columns.tokens = Some(tokens);
    } else if card.columns.entities.is_none() {
        card.columns.entities = spans_column(row, card);
        if let Some(column) = &card.columns.entities {
            notes.push(format!("the entities are spans of characters in the column \"{column}\""));
        }
    }
    if row.get("document").is_some() && card.columns.document.is_none() {
        card.columns.document = Some("document".to_owned());
        if is_cut {
            notes.push(
                "the documents are in the column \"document\": texts of one document stay in one split"
                    .to_owned(),
            );
        }
    }
}

/// Names the columns of texts and labels, where the file has not the usual names. `rows` are the rows that
/// are looked at.
fn name_texts(card: &mut Card, row: &Row, rows: &[(Location, Row)], notes: &mut Vec<String>) {
    let has = |name: &str| row.names().iter().any(|other| other == name);
    let default = CardColumns::default();
    match text_columns(row.names()) {
        Some((one, Some(other))) => {
            notes.push(format!("the pairs of texts are in the columns \"{one}\" and \"{other}\""));
            one.clone_into(&mut card.columns.text);
            card.columns.text_pair = Some(other.to_owned());
        }
        Some((text, None)) if text != default.text => {
            notes.push(format!("the texts are in the column \"{text}\""));
            text.clone_into(&mut card.columns.text);
        }
        _ => {}
    }
    if has(&default.label) || !card.label_columns.is_empty() {
        return;
    }
    if let Some(&label) = LABELS.iter().find(|name| has(name)) {
        notes.push(format!("the labels are in the column \"{label}\""));
        label.clone_into(&mut card.columns.label);
        return;
    }
    let (indicators, others) = indicators(card, row, rows);
    if indicators.len() > 1 {
        let labels = shown_names(&indicators);
        notes.push(format!("the labels are columns of 0 and 1, one a label: {labels}{}", others.concat()));
        card.label_columns = indicators;
    }
}

/// The columns that have 0 or 1 in each row; and, of the others that have them in the first row, what else
/// they have.
fn indicators(card: &Card, row: &Row, rows: &[(Location, Row)]) -> (Vec<String>, Vec<String>) {
    let columns = &card.columns;
    let of_card = [Some(&columns.text), columns.text_pair.as_ref(), columns.document.as_ref()];
    let is_other = |name: &str| {
        of_card.iter().flatten().any(|other| *other == name)
            || ROW_NUMBERS.iter().any(|other| name.eq_ignore_ascii_case(other))
    };
    let (mut found, mut others) = (Vec::new(), Vec::new());
    for name in row.names().iter().filter(|name| !is_other(name)) {
        let values = || {
            let values = rows.iter().filter_map(move |(location, row)| Some((location, row.get(name)?)));
            values.filter(|(_, value)| !is_no_indicator(value))
        };
        if values().next().is_none_or(|(_, value)| indicator(value).is_none()) {
            continue;
        }
        match values().find(|(_, value)| indicator(value).is_none()) {
            None => found.push(name.clone()),
            Some((location, value)) => others.push(format!(
                "; {} is none, since it has {} in {location}",
                quoted(name),
                shown(&value.to_string())
            )),
        }
    }
    (found, others)
}

/// The kind of labels of a text classification data set. What the user asks for or the card states holds;
/// what they leave open, the labels decide: lists are several labels a text, numbers with fractions are a
/// measure. Where they could be anything, `checkpoint`, the kind that the checkpoint's head is for, decides;
/// for a regression all labels are numbers.
/// Returns a sentence to show the user as well, where something was decided.
///
/// # Errors
/// The user asks for another kind than the card states.
pub fn find_problem_type(
    card: &Card,
    rows: &LoadedRows,
    skip_bad_rows: bool,
    wanted: Option<embert_data::ProblemType>,
    checkpoint: Option<ProblemType>,
) -> Result<(ProblemType, Option<String>), TaskError> {
    if let (Some(wanted), Some(stated)) = (wanted, card.problem_type)
        && wanted != stated
    {
        return Err(TaskError::OtherTask {
            key: "problem_type",
            wanted: wanted.to_string(),
            stated: stated.to_string(),
            dataset: card.name.clone(),
        });
    }
    if let Some(stated) = wanted.or(card.problem_type) {
        return Ok((problem_type(stated), None));
    }
    let several = ProblemType::MultiLabelClassification;
    if !card.label_columns.is_empty() || card.label_separator.is_some() {
        return Ok((several, None));
    }
    let used = || rows.splits.iter().zip(rows.used()).filter(|(_, used)| *used);
    let values =
        || used().flat_map(|(split, _)| &split.rows).filter_map(|row| row.row.get(&card.columns.label));
    let lists = || values().filter(|value| **value != Value::Null);
    let is_list = |value: &Value| matches!(value, Value::List(_));
    let has_several = |value: &Value| matches!(value, Value::List(values) if values.len() != 1);
    if lists().all(is_list) && lists().any(has_several) {
        let note = format!("each row has a list of labels: {several}");
        return Ok((several, Some(note)));
    }
    let has_names = used().flat_map(|(split, _)| &split.files).any(|file| file.class_names.is_some());
    // A head for numbers says nothing of names.
    let fits = |checkpoint| checkpoint != ProblemType::Regression || (!has_names && values().all(is_number));
    if let Some(checkpoint) = checkpoint
        && checkpoint != ProblemType::SingleLabelClassification
        && card.labels.is_empty()
        && fits(checkpoint)
    {
        let note = format!("the checkpoint's head is for {checkpoint}, and the labels don't say otherwise");
        return Ok((checkpoint, Some(note)));
    }
    if card.labels.is_empty() && !has_names {
        let mut column = LabelColumn::default();
        for (split, _) in used() {
            for row in &split.rows {
                let is_train = split.split == SplitKind::Train;
                column.add(row.row.get(&card.columns.label), &row.location, is_train);
            }
        }
        if let Err(TaskError::Labels { problem, .. }) = column.decide(card, skip_bad_rows)
            && let LabelProblem::Measures { distinct, rows, ref examples } = *problem
            && examples.iter().any(|example| example.contains('.'))
        {
            let note = format!(
                "the column \"{}\" has {distinct} different numbers in {rows} rows, such as {}: {}",
                card.columns.label,
                examples.join(", "),
                ProblemType::Regression
            );
            return Ok((ProblemType::Regression, Some(note)));
        }
    }
    // A card's labels are said to be labels.
    let note = if card.labels.is_empty() { separated(values()) } else { None };
    Ok((ProblemType::SingleLabelClassification, note))
}

/// The parts of a text between separators.
fn parts(text: &str, separator: char) -> Vec<&str> {
    text.split(separator).map(str::trim).filter(|part| !part.is_empty()).collect()
}

/// A note on texts that look like several labels with a separator between them, where each is taken for one.
fn separated<'a>(values: impl Iterator<Item = &'a Value>) -> Option<String> {
    let mut rows: BTreeMap<&str, usize> = BTreeMap::new();
    for value in values {
        if let Value::Text(text) = value {
            *rows.entry(text.trim()).or_default() += 1;
        }
    }
    SEPARATORS.into_iter().find_map(|separator| {
        // The number of labels that have each part.
        let mut shared: BTreeMap<&str, usize> = BTreeMap::new();
        for &name in rows.keys() {
            let distinct: BTreeSet<&str> = parts(name, separator).into_iter().collect();
            for part in distinct {
                *shared.entry(part).or_default() += 1;
            }
        }
        // A comma or a semicolon may be within a name; a bar hardly ever is.
        let is_several = |name: &'a str| {
            let parts = parts(name, separator);
            let is_shared = || separator == SEPARATOR || parts.iter().any(|part| shared[part] > 1);
            parts.len() > 1 && is_shared()
        };
        let several: Vec<&str> = rows.keys().copied().filter(|name| is_several(name)).collect();
        let count: usize = several.iter().map(|name| rows[name]).sum();
        let example = several.first()?;
        let by_card = if separator == SEPARATOR {
            String::new()
        } else {
            format!(", and label_separator = {:?} in a card", separator.to_string())
        };
        Some(format!(
            "{count} row(s) have a label with {separator:?} in it, such as {}: each is taken for one label; for several labels a \
             text set problem_type=multi_label_classification{by_card}",
            quoted(example)
        ))
    })
}

#[cfg(test)]
mod tests;
