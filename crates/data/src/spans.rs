//! [`spans_of`]: a text and its spans of characters, from a row of an annotation tool.

use crate::card::CardColumns;
use crate::row::{Row, Value};
use crate::row_problem::RowProblem;
use crate::shown::shown;

/// The columns of spans that are looked for where the card names none.
const NAMES: [&str; 5] = ["entities", "label", "labels", "spans", "ents"];

/// A span of a text's characters that somebody marked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Span {
    /// The first character, in Unicode code points from 0.
    pub start: usize,
    /// The character after the last, in Unicode code points; above `start`.
    pub end: usize,
    /// The span's label.
    pub label: String,
    /// The span's own text, where the tool states it; it is what the text has from `start` to `end`, but for
    /// white space around it.
    pub text: Option<String>,
}

/// A text with its spans.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SpannedText {
    /// The text.
    pub text: String,
    /// The spans, in the order of the row; they may overlap. `None`: nobody has annotated the text.
    pub spans: Option<Vec<Span>>,
    /// What the row has beside the spans.
    pub left_out: LeftOut,
}

/// What was left out of rows with spans, or decided about them: counts over rows.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct LeftOut {
    /// Relations between spans.
    pub relations: usize,
    /// Annotations of a text beyond the first that was not cancelled.
    pub annotations: usize,
    /// Results of Label Studio that are neither spans nor relations, such as choices.
    pub results: usize,
    /// Texts whose spans were counted in UTF-16 units, as their own texts show.
    pub utf_16: usize,
    /// Rows of Label Studio's JSON-MIN that have an annotation and no spans, as its export leaves the key out.
    pub unmarked: usize,
}

impl std::ops::AddAssign for LeftOut {
    fn add_assign(&mut self, other: Self) {
        self.relations += other.relations;
        self.annotations += other.annotations;
        self.results += other.results;
        self.utf_16 += other.utf_16;
        self.unmarked += other.unmarked;
    }
}

impl LeftOut {
    /// Sentences to show the user.
    pub fn notes(&self) -> Vec<String> {
        [
            (self.relations, "relation(s) between spans were left out"),
            (
                self.annotations,
                "annotation(s) were left out: of several of one text, the first that was not cancelled counts",
            ),
            (self.results, "result(s) of Label Studio that are no spans were left out"),
            (self.utf_16, "text(s) have spans that count UTF-16 units, as the spans' own texts show"),
            (
                self.unmarked,
                "text(s) with an annotation_id have no spans: nothing is marked in them, as Label Studio leaves the key out",
            ),
        ]
        .into_iter()
        .filter(|(count, _)| *count > 0)
        .map(|(count, what)| format!("{count} {what}"))
        .collect()
    }
}

/// The text and the spans of a row, in any of these layouts:
/// - a list of spans beside a text, each `[start, end, label]` or an object with `start` (or `start_offset`),
///   `end` (or `end_offset`) and `label` (or a list `labels`): doccano's exports, Label Studio's JSON-MIN,
///   spaCy's, Prodigy's. The list is in the column that `columns` names, else in the first of `entities`,
///   `label`, `labels`, `spans` and `ents` that has such a list;
/// - Label Studio's JSON: the text within `data`, the spans within `annotations`.
///
/// The text is in the column that `columns` names, else (in older exports of doccano) in `data`. `None`: the
/// row has none of these layouts. A row that lacks the column, in a file whose other rows have it, is not
/// annotated, unless it has an `annotation_id`: Label Studio's JSON-MIN has one row for each annotation, and
/// none of the keys in which nothing was marked.
///
/// Offsets count Unicode code points. Where spans have texts of their own that all agree with offsets in
/// UTF-16 units, and not all with code points, the offsets are converted.
///
/// # Errors
/// The text is missing, a span has no offsets or no label, lies outside of the text, is empty, or is not its
/// own text; or the column that `columns` names has no spans.
pub fn spans_of(row: &Row, columns: &CardColumns) -> Result<Option<SpannedText>, RowProblem> {
    if let Some(found) = label_studio(row, columns)? {
        return Ok(Some(found));
    }
    let named = columns.entities.as_deref();
    let column = match named {
        Some(name) => Some(name),
        None => NAMES.into_iter().find(|name| row.get(name).is_some_and(is_spans)),
    };
    let Some(column) = column else { return Ok(None) };
    let mut left_out = LeftOut::default();
    let is_annotated = || row.get("annotation_id").is_some_and(|id| *id != Value::Null);
    let spans = match row.get(column) {
        None | Some(Value::Null) if is_annotated() => {
            left_out.unmarked = 1;
            Some(Vec::new())
        }
        None | Some(Value::Null) => None,
        Some(Value::List(values)) => {
            let mut spans = Vec::with_capacity(values.len());
            for (index, value) in values.iter().enumerate() {
                read_span(value, &format!("{column}[{index}]"), &mut spans)?;
            }
            Some(spans)
        }
        Some(other) => {
            let found = shown(&other.to_string());
            let expected = "a list of spans, as in [[0, 4, \"PER\"]]";
            return Err(RowProblem::Type { column: column.to_owned(), found, expected });
        }
    };
    let text = text_of(row, &columns.text)?.to_owned();
    if let Some(Value::List(relations)) = row.get("relations") {
        left_out.relations = relations.len();
    }
    checked(text, spans, left_out).map(Some)
}

/// The text of a row, also where an annotation tool has it: in `column`, else in `data`, as older exports of
/// doccano have it, or within `data`, as Label Studio does.
///
/// # Errors
/// There is no text, or its value is none.
pub fn text_of<'a>(row: &'a Row, column: &str) -> Result<&'a str, RowProblem> {
    match (row.get(column), row.get("data")) {
        (None | Some(Value::Null), Some(Value::Text(text))) => Ok(text),
        (None | Some(Value::Null), Some(Value::Struct(data))) => text_in(data, column),
        _ => row.text(column),
    }
}

/// The text of a task of Label Studio: the one in `column`, else the only one.
fn text_in<'a>(data: &'a Row, column: &str) -> Result<&'a str, RowProblem> {
    let texts: Vec<&str> =
        data.iter().filter(|(_, value)| matches!(value, Value::Text(_))).map(|(name, _)| name).collect();
    match texts.as_slice() {
        [only] if data.get(column).is_none() => data.text(only),
        _ => data.text(column),
    }
}

/// Whether a value is a list of spans, or could be one.
fn is_spans(value: &Value) -> bool {
    let Value::List(values) = value else { return false };
    values.iter().all(|value| match value {
        Value::List(parts) => matches!(parts.as_slice(), [start, ..] if is_number(start)),
        Value::Struct(span) => START.iter().any(|name| span.get(name).is_some()),
        _ => false,
    })
}

fn is_number(value: &Value) -> bool {
    matches!(value, Value::Integer(_) | Value::Float(_))
}

const START: [&str; 2] = ["start", "start_offset"];
const END: [&str; 2] = ["end", "end_offset"];

/// A span as it stands in a row: its offsets are not checked yet.
struct Marked {
    start: i64,
    end: i64,
    label: String,
    text: Option<String>,
}

/// Reads a span; one with several labels is several spans.
fn read_span(value: &Value, name: &str, spans: &mut Vec<Marked>) -> Result<(), RowProblem> {
    let refuse = |expected| {
        let found = shown(&value.to_string());
        Err(RowProblem::Type { column: name.to_owned(), found, expected })
    };
    let (start, end, labels, text) = match value {
        // spaCy may add an identifier of a knowledge base.
        Value::List(parts) => match parts.as_slice() {
            [start, end, label] | [start, end, label, Value::Text(_)] => (start, end, label, None),
            _ => return refuse("a span as in [0, 4, \"PER\"]"),
        },
        Value::Struct(span) => {
            let first = |names: &[&str]| {
                let column = || format!("{name}.{}", names[0]);
                names.iter().find_map(|name| span.get(name)).ok_or_else(|| RowProblem::MissingColumn {
                    column: column(),
                    found: span.names().to_vec(),
                })
            };
            // The `word` of a prediction is the tokenizer's, not the text's.
            let text = span.get("text");
            let labels = first(&["label", "labels", "entity_group"])?;
            (first(&START)?, first(&END)?, labels, text)
        }
        _ => return refuse("a span as in [0, 4, \"PER\"]"),
    };
    let offset = |value: &Value| match value {
        Value::Integer(number) => Some(*number),
        Value::Float(number) if number.fract() == 0.0 && number.abs() < 9e15 => Some(*number as i64),
        _ => None,
    };
    let (Some(start), Some(end)) = (offset(start), offset(end)) else {
        return refuse("a span whose start and end are whole numbers");
    };
    let labels = match labels {
        Value::List(labels) => labels.as_slice(),
        label => std::slice::from_ref(label),
    };
    if labels.is_empty() {
        return refuse("a span with a label");
    }
    let text = match text {
        Some(Value::Text(text)) => Some(text.clone()),
        _ => None,
    };
    for label in labels {
        match label {
            Value::Text(label) if !label.trim().is_empty() => {
                spans.push(Marked { start, end, label: label.trim().to_owned(), text: text.clone() });
            }
            _ => return refuse("a span whose label is a text"),
        }
    }
    Ok(())
}

/// A task of Label Studio's JSON; `None` for another row.
fn label_studio(row: &Row, columns: &CardColumns) -> Result<Option<SpannedText>, RowProblem> {
    let Some(Value::Struct(data)) = row.get("data") else { return Ok(None) };
    let Some((name, Value::List(annotations))) =
        ["annotations", "completions"].into_iter().find_map(|name| Some((name, row.get(name)?)))
    else {
        return Ok(None);
    };
    let text = text_in(data, &columns.text)?;
    let mut left_out = LeftOut::default();
    let mut spans = None;
    for (at, annotation) in annotations.iter().enumerate() {
        let name = format!("{name}[{at}]");
        let Value::Struct(annotation) = annotation else {
            let found = shown(&annotation.to_string());
            return Err(RowProblem::Type { column: name, found, expected: "an annotation of Label Studio" });
        };
        if annotation.get("was_cancelled") == Some(&Value::Boolean(true)) {
            continue;
        }
        if spans.is_some() {
            left_out.annotations += 1;
            continue;
        }
        let mut own = Vec::new();
        for (index, result) in annotation.rows("result")?.into_iter().enumerate() {
            match (result.get("type"), result.get("value")) {
                (Some(Value::Text(kind)), Some(value)) if kind == "labels" => {
                    read_span(value, &format!("{name}.result[{index}].value"), &mut own)?;
                }
                (Some(Value::Text(kind)), Some(Value::Struct(_))) if kind == "hypertextlabels" => {
                    return Err(RowProblem::Type {
                        column: format!("{name}.result[{index}]"),
                        found: "a span of a page of HTML (hypertextlabels)".to_owned(),
                        expected: "a span of a plain text (labels)",
                    });
                }
                (Some(Value::Text(kind)), _) if kind == "relation" => left_out.relations += 1,
                _ => left_out.results += 1,
            }
        }
        spans = Some(own);
    }
    checked(text.to_owned(), spans, left_out).map(Some)
}

/// The byte at which each unit of a text begins, and its end. `None` within a character of two units.
struct Units(Vec<Option<usize>>);

impl Units {
    fn code_points(text: &str) -> Self {
        Self(text.char_indices().map(|(at, _)| Some(at)).chain([Some(text.len())]).collect())
    }

    fn utf_16(text: &str) -> Self {
        let units = text.char_indices().flat_map(|(at, c)| [Some(at), None].into_iter().take(c.len_utf16()));
        Self(units.chain([Some(text.len())]).collect())
    }

    /// The byte range of a span; `None` where the span is empty or lies outside of the text.
    fn bytes(&self, span: &Marked) -> Option<std::ops::Range<usize>> {
        let at = |offset: i64| *self.0.get(usize::try_from(offset).ok()?)?;
        let (start, end) = (at(span.start)?, at(span.end)?);
        (start < end).then_some(start..end)
    }

    /// Whether a span lies in the text, and is its own text where it has one.
    fn fit(&self, text: &str, span: &Marked) -> bool {
        self.bytes(span)
            .is_some_and(|bytes| span.text.as_ref().is_none_or(|own| own.trim() == text[bytes].trim()))
    }
}

/// A text with spans that lie in it.
fn checked(
    text: String,
    spans: Option<Vec<Marked>>,
    mut left_out: LeftOut,
) -> Result<SpannedText, RowProblem> {
    let Some(marked) = spans.as_ref().filter(|spans| !spans.is_empty()) else {
        return Ok(SpannedText { text, spans: spans.map(|_| Vec::new()), left_out });
    };
    let mut units = Units::code_points(&text);
    let misfit = marked.iter().position(|span| !units.fit(&text, span));
    if let Some(misfit) = misfit {
        let utf_16 = Units::utf_16(&text);
        let have_texts = marked.iter().all(|span| span.text.is_some());
        if !have_texts || !marked.iter().all(|span| utf_16.fit(&text, span)) {
            return Err(problem(&text, &units, &marked[misfit]));
        }
        left_out.utf_16 = 1;
        units = utf_16;
    }
    // Byte offsets rise, so their ranks among the characters' are found by search.
    let characters: Vec<usize> = text.char_indices().map(|(at, _)| at).chain([text.len()]).collect();
    let rank = |byte: usize| characters.binary_search(&byte).unwrap_or_else(|rank| rank);
    let found = marked.iter().filter_map(|span| {
        let bytes = units.bytes(span)?;
        let (label, own) = (span.label.clone(), span.text.clone());
        Some(Span { start: rank(bytes.start), end: rank(bytes.end), label, text: own })
    });
    let spans = Some(found.collect());
    Ok(SpannedText { text, spans, left_out })
}

/// The problem of a span that does not fit a text.
fn problem(text: &str, units: &Units, span: &Marked) -> RowProblem {
    let length = units.0.len() - 1;
    let problem = match units.bytes(span) {
        Some(bytes) => {
            let (found, own) = (shown(&text[bytes]), shown(span.text.as_deref().unwrap_or_default()));
            format!("is \"{found}\" in the text, but \"{own}\" by its own text")
        }
        None if span.start >= span.end => "is empty: expected an end above its start".to_owned(),
        None => format!("lies outside of the text, which has {length} characters"),
    };
    let units = text.encode_utf16().count();
    let problem = if units > length {
        format!(
            "{problem}; the text has {units} UTF-16 units: if the offsets count these, let each span state its own text"
        )
    } else {
        problem
    };
    let span = shown(&format!("[{}, {}, \"{}\"]", span.start, span.end, span.label));
    RowProblem::Span { span, problem }
}

#[cfg(test)]
mod tests;
