//! [`question_of`]: a question with its context and its answers, from a row.

pub(crate) mod problem;

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::ops::Range;

use crate::card::Card;
use crate::columns::Columns;
use crate::location::Location;
use crate::row::{Row, Value};
use crate::row_problem::RowProblem;
use crate::shown::shown;

use self::problem::{Misplaced, Occurs, OffsetUnit, QuestionFault, QuestionProblem};

/// The column in which SQuAD 2.0 states that a question has no answer.
const IS_IMPOSSIBLE: &str = "is_impossible";

/// The default of [`QuestionColumns::id`].
const ID: &str = "id";

/// The columns of a question.
///
/// ```
/// use embert_data::{Card, QuestionColumns, Row, Value, question_of};
///
/// let answers = Row::from_iter([("text", Value::from(["Lagos"])), ("answer_start", Value::from([20]))]);
/// let row = Row::from_iter([
///     ("id", Value::from("q1")),
///     ("question", Value::from("From where?")),
///     ("context", Value::from("Ms Okafor flew from Lagos.")),
///     ("answers", Value::from(answers)),
/// ]);
/// let columns = QuestionColumns::of(&Card::for_file("questions.jsonl".as_ref()));
/// let question = question_of(&row, &columns)?;
/// assert_eq!(question.answers.unwrap()[0].characters(), 20..25);
/// # Ok::<(), embert_data::QuestionProblem>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct QuestionColumns {
    /// The column of the question.
    pub question: String,
    /// The column of the text that has the answer.
    pub context: String,
    /// The column of the answers; rows may lack it.
    pub answers: String,
    /// The column of the question's identifier; rows may lack it.
    pub id: String,
    /// The column whose value says which document a context is from; `None`: nobody says.
    pub document: Option<String>,
}

impl QuestionColumns {
    /// The columns that a card names; by default `question`, `context`, `answers` and `id`.
    pub fn of(card: &Card) -> Self {
        let columns = &card.columns;
        let named = |name: &Option<String>, default: &str| name.clone().unwrap_or_else(|| default.to_owned());
        Self {
            question: named(&columns.question, "question"),
            context: named(&columns.context, "context"),
            answers: named(&columns.answers, "answers"),
            id: named(&columns.id, ID),
            document: columns.document.clone(),
        }
    }

    /// The columns to read of a data set's files: those of the question, and all others, since a file may have an
    /// `id` and SQuAD 2.0's `is_impossible` or not. A file without the answers is refused, unless
    /// [`load_rows`](crate::load_rows) is given their column as the label's, which validation and test files may
    /// lack; to predict, leave it out ([`Columns::without`]): answers are then read where there are any.
    pub fn columns(&self) -> Columns {
        let columns = Columns::new().with_text(&self.question).with_text(&self.context).with(&self.answers);
        let columns = self.document.iter().fold(columns, Columns::with);
        // A card has named another column, so it must be there.
        let columns = if self.id == ID { columns } else { columns.with(&self.id) };
        columns.with_all()
    }
}

/// A question with its context.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Question {
    /// The identifier; `None`: the data set has none.
    pub id: Option<String>,
    /// The question, as it stands in the row.
    pub question: String,
    /// The text that has the answer, as it stands in the row.
    pub context: String,
    /// The true answers, in the order of the row: any of them is right, and two may be equal. Empty: the context
    /// has no answer. `None`: nobody has stated the answers, as of a question to predict.
    pub answers: Option<Vec<AnswerSpan>>,
}

/// A true answer: a part of its context, which has the text at the offset.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AnswerSpan {
    /// The answer's text.
    pub text: String,
    /// Its first character in the context, in Unicode code points from 0, as Python counts.
    pub start: usize,
}

impl AnswerSpan {
    /// The answer's characters in the context, in Unicode code points from 0.
    pub fn characters(&self) -> Range<usize> {
        self.start..self.start + self.text.chars().count()
    }
}

/// The question of a row.
///
/// Answers are a struct of lists, `{"text": ["Lagos"], "answer_start": [20]}`, as on the hub, or a list of
/// structs, `[{"text": "Lagos", "answer_start": 20}]`, as in SQuAD's own files. A null, and a row without the
/// column, states no answers. An empty list states that there is none, and so does `is_impossible`, which must
/// agree with the answers where a row has it. SQuAD 2.0's `plausible_answers`, which are wrong, are not read: its
/// official script does not read them either.
///
/// # Errors
/// The question or the context is missing, blank or no text; the identifier is neither a text nor an integer; or
/// the answers have another shape, or one is not at its offset in the context.
pub fn question_of(row: &Row, columns: &QuestionColumns) -> Result<Question, QuestionProblem> {
    let question = asked_of(row, columns)?;
    match answers_of(row, &columns.answers, &question.context) {
        Ok(answers) => Ok(Question { answers, ..question }),
        Err(fault) => Err(QuestionProblem { id: question.id, fault }),
    }
}

/// As [`question_of`], without the answers: to predict, a question needs none, and faults in them are not in its
/// way.
///
/// # Errors
/// The question or the context is missing, blank or no text; or the identifier is neither a text nor an integer.
pub fn asked_of(row: &Row, columns: &QuestionColumns) -> Result<Question, QuestionProblem> {
    let id = id_of(row, &columns.id).map_err(|fault| QuestionProblem { id: None, fault })?;
    let text = |column: &str| match row.text(column) {
        Ok(text) if is_blank(text) => {
            Err(QuestionFault::Blank { column: column.to_owned(), found: seen(text) })
        }
        Ok(text) => Ok(text.to_owned()),
        Err(problem) => Err(problem.into()),
    };
    match text(&columns.question).and_then(|question| Ok((question, text(&columns.context)?))) {
        Ok((question, context)) => Ok(Question { id, question, context, answers: None }),
        Err(fault) => Err(QuestionProblem { id, fault }),
    }
}

/// Whether a text has nothing of which a tokenizer makes a token: white space and control characters alone.
fn is_blank(text: &str) -> bool {
    text.chars().all(|c| c.is_whitespace() || c.is_control())
}

/// A blank text in a message.
fn seen(text: &str) -> String {
    shown(&text.escape_debug().to_string())
}

fn id_of(row: &Row, column: &str) -> Result<Option<String>, QuestionFault> {
    match row.get(column) {
        None | Some(Value::Null) => Ok(None),
        Some(Value::Integer(number)) => Ok(Some(number.to_string())),
        Some(Value::Text(text)) if is_blank(text) => {
            Err(QuestionFault::Blank { column: column.to_owned(), found: seen(text) })
        }
        Some(Value::Text(text)) => Ok(Some(text.clone())),
        Some(other) => Err(unlike(column, other, "a text or an integer")),
    }
}

fn unlike(column: &str, value: &Value, expected: &'static str) -> QuestionFault {
    let found = shown(&value.to_string());
    RowProblem::Type { column: column.to_owned(), found, expected }.into()
}

/// The answers of a row, which are checked against the context.
fn answers_of(row: &Row, column: &str, context: &str) -> Result<Option<Vec<AnswerSpan>>, QuestionFault> {
    let is_impossible = match row.get(IS_IMPOSSIBLE) {
        None | Some(Value::Null) => None,
        Some(Value::Boolean(is_impossible)) => Some(*is_impossible),
        Some(other) => return Err(unlike(IS_IMPOSSIBLE, other, "true or false")),
    };
    let stated = match row.get(column) {
        None | Some(Value::Null) => None,
        Some(Value::Struct(lists)) => Some(of_lists(lists, column)?),
        Some(Value::List(answers)) => Some(of_structs(answers, column)?),
        Some(other) => {
            let expected = "a struct of lists, {\"text\": [...], \"answer_start\": [...]}, or a list of structs, \
                            [{\"text\": ..., \"answer_start\": ...}], as JSON Lines, JSON and Parquet have them";
            return Err(unlike(column, other, expected));
        }
    };
    match (is_impossible, stated) {
        (Some(true), Some(stated)) if !stated.is_empty() => {
            Err(QuestionFault::Impossible { answers: stated.len() })
        }
        (Some(true), _) => Ok(Some(Vec::new())),
        (Some(false), Some(stated)) if stated.is_empty() => Err(QuestionFault::Possible),
        (_, None) => Ok(None),
        (_, Some(stated)) => {
            let spans = stated.into_iter().enumerate().map(|(at, stated)| stated.checked(at + 1, context));
            spans.collect::<Result<_, _>>().map(Some)
        }
    }
}

/// Answers of a struct of lists.
fn of_lists<'a>(lists: &'a Row, column: &str) -> Result<Vec<Stated<'a>>, QuestionFault> {
    let within = |problem| nested(problem, column);
    let texts = lists.texts("text").map_err(within)?;
    let starts = lists.integers("answer_start").map_err(within)?;
    if texts.len() != starts.len() {
        let (texts, starts) = (texts.len(), starts.len());
        return Err(QuestionFault::Lengths { column: column.to_owned(), texts, starts });
    }
    Ok(texts.into_iter().zip(starts).map(|(text, start)| Stated { text, start }).collect())
}

/// Answers of a list of structs.
fn of_structs<'a>(answers: &'a [Value], column: &str) -> Result<Vec<Stated<'a>>, QuestionFault> {
    let of_struct = |(index, answer): (usize, &'a Value)| {
        let name = format!("{column}[{index}]");
        let Value::Struct(answer) = answer else {
            return Err(unlike(&name, answer, "a struct, {\"text\": ..., \"answer_start\": ...}"));
        };
        let within = |problem| nested(problem, &name);
        let text = answer.text("text").map_err(within)?;
        let start = answer.integer("answer_start").map_err(within)?;
        Ok(Stated { text, start })
    };
    answers.iter().enumerate().map(of_struct).collect()
}

/// The problem of a value within `outer`, whose column then has the way to it.
fn nested(problem: RowProblem, outer: &str) -> RowProblem {
    let way = |column: String| format!("{outer}.{column}");
    match problem {
        RowProblem::MissingColumn { column, found } => {
            RowProblem::MissingColumn { column: way(column), found }
        }
        RowProblem::Null { column, expected } => RowProblem::Null { column: way(column), expected },
        RowProblem::Type { column, found, expected } => {
            RowProblem::Type { column: way(column), found, expected }
        }
        other => other,
    }
}

/// An answer as a row states it.
struct Stated<'a> {
    text: &'a str,
    start: i64,
}

impl Stated<'_> {
    /// The answer, which the context has at its offset.
    fn checked(&self, number: usize, context: &str) -> Result<AnswerSpan, QuestionFault> {
        let text = self.text;
        if is_blank(text) {
            return Err(QuestionFault::BlankAnswer { number, found: seen(text) });
        }
        let begin = usize::try_from(self.start).ok().and_then(|start| byte_of(context, start, |_| 1));
        if let Some(begin) = begin
            && context[begin..].starts_with(text)
        {
            return Ok(AnswerSpan { text: text.to_owned(), start: self.start as usize });
        }
        let length = context.chars().count();
        let there = begin.map(|begin| &context[begin..]).filter(|rest| !rest.is_empty());
        let found = there.map(|rest| shown(&rest.chars().take(text.chars().count()).collect::<String>()));
        Err(QuestionFault::Misplaced(Box::new(Misplaced {
            number,
            text: shown(text),
            start: self.start,
            length,
            found,
            occurs: occurs(context, text),
            unit: self.unit(context),
        })))
    }

    /// The unit in which the context has the answer at its offset.
    fn unit(&self, context: &str) -> Option<OffsetUnit> {
        let start = usize::try_from(self.start).ok()?;
        let fits = |size: fn(char) -> usize| {
            byte_of(context, start, size).is_some_and(|byte| context[byte..].starts_with(self.text))
        };
        if fits(char::len_utf16) {
            Some(OffsetUnit::Utf16)
        } else {
            fits(char::len_utf8).then_some(OffsetUnit::Utf8)
        }
    }
}

/// The byte of a text that is `start` units from its beginning, where a character has `size` units; `None` within
/// a character and beyond the text.
fn byte_of(text: &str, start: usize, size: impl Fn(char) -> usize) -> Option<usize> {
    let mut units = 0;
    for (byte, c) in text.char_indices() {
        if units >= start {
            return (units == start).then_some(byte);
        }
        units += size(c);
    }
    (units == start).then_some(text.len())
}

/// Where a context has a text, which is not empty.
fn occurs(context: &str, text: &str) -> Occurs {
    let Some(first) = context.find(text) else { return Occurs::Nowhere };
    let at = context[..first].chars().count();
    let next = first + context[first..].chars().next().map_or(1, char::len_utf8);
    if context[next..].contains(text) { Occurs::Often(at) } else { Occurs::Once(at) }
}

/// The identifiers of a data set's questions, of which each must be another.
#[derive(Clone, Debug, Default)]
pub struct QuestionIds(HashMap<String, Location>);

impl QuestionIds {
    /// No identifier yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds the identifier of the question at `location`. [`QuestionProblem::duplicate`] is the problem of a question
    /// whose identifier is there already.
    ///
    /// # Errors
    /// The place of the first question with the identifier, if there is one.
    pub fn insert(&mut self, id: &str, location: &Location) -> Result<(), Location> {
        match self.0.entry(id.to_owned()) {
            Entry::Occupied(first) => Err(first.get().clone()),
            Entry::Vacant(place) => {
                place.insert(location.clone());
                Ok(())
            }
        }
    }
}

#[cfg(test)]
mod tests;
