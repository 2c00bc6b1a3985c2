//! [`Row`] and [`Value`]: a row of a file as named values, nested ones too.

use std::fmt;
use std::sync::Arc;

use crate::row_problem::RowProblem;
use crate::shown::shown;

/// A row of a file, or a struct within a row: named values. Columns that [`Columns`](crate::Columns) names
/// come first, then all others in the order of the file.
///
/// Rows of one reader share their names, so a row costs its values alone. A lookup compares names one by one:
/// rows have few columns.
///
/// ```
/// use embert_data::{Row, Value};
///
/// let answers = Row::from_iter([("text", Value::from(["Paris"])), ("answer_start", Value::from([17]))]);
/// let row = Row::from_iter([("question", Value::from("Where?")), ("answers", Value::from(answers))]);
/// assert_eq!(row.text("question")?, "Where?");
/// assert_eq!(row.row("answers")?.texts("text")?, ["Paris"]);
/// assert_eq!(row.integers("answers.answer_start")?, [17]);
/// # Ok::<(), embert_data::RowProblem>(())
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct Row {
    names: Arc<[String]>,
    values: Box<[Value]>,
}

/// A value of a row.
#[derive(Clone, Debug, PartialEq)]
pub enum Value {
    /// A null of JSON or Parquet, or a key that an object of JSON lacks. In a column that is read as a label,
    /// an empty text and white space too.
    Null,
    /// True or false, in a format that has truth values.
    Boolean(bool),
    /// An integer, in a format that has numbers.
    Integer(i64),
    /// A number with a fraction or an exponent, in a format that has numbers.
    Float(f64),
    /// A text, white space around it included. In CSV every cell is a text.
    Text(String),
    /// A list, in a format that has lists.
    List(Vec<Value>),
    /// A struct of Parquet or an object of JSON: named values, as in a row.
    Struct(Box<Row>),
}

impl Row {
    /// A row of `values` under `names`, which other rows may share.
    ///
    /// # Panics
    /// There are more values than names, or fewer.
    pub fn new(names: Arc<[String]>, values: Vec<Value>) -> Self {
        assert_eq!(names.len(), values.len(), "a row has a value for each name");
        Self { names, values: values.into() }
    }

    /// The names of the columns, in the order of the values.
    pub fn names(&self) -> &[String] {
        &self.names
    }

    /// The names with their values, in order.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = (&str, &Value)> {
        self.names.iter().map(String::as_str).zip(&self.values)
    }

    /// The value of `column`; `None` where the row has no such column. A name with dots is a column's own
    /// name, or else the way to a value within structs: `answers.text`.
    pub fn get(&self, column: &str) -> Option<&Value> {
        if let Some(index) = self.names.iter().position(|name| name == column) {
            return Some(&self.values[index]);
        }
        self.iter().find_map(|(name, value)| {
            let rest = column.strip_prefix(name)?.strip_prefix('.')?;
            let Value::Struct(row) = value else { return None };
            row.get(rest)
        })
    }

    /// Takes the value of `column` out of the row, which has [`Value::Null`] there from then on. `None` where
    /// the row has no column of exactly that name.
    pub fn take(&mut self, column: &str) -> Option<Value> {
        let index = self.names.iter().position(|name| name == column)?;
        Some(std::mem::replace(&mut self.values[index], Value::Null))
    }

    /// The value of a column that every row must have.
    fn value(&self, column: &str) -> Result<&Value, RowProblem> {
        self.get(column).ok_or_else(|| RowProblem::MissingColumn {
            column: column.to_owned(),
            found: self.names.to_vec(),
        })
    }

    /// The text in `column`.
    ///
    /// # Errors
    /// The row has no such column, or the value is null or no text.
    pub fn text(&self, column: &str) -> Result<&str, RowProblem> {
        self.value(column)?.as_text(column)
    }

    /// The integer in `column`.
    ///
    /// # Errors
    /// The row has no such column, or the value is null or no integer.
    pub fn integer(&self, column: &str) -> Result<i64, RowProblem> {
        self.value(column)?.as_integer(column)
    }

    /// The number in `column`: a float or an integer.
    ///
    /// # Errors
    /// The row has no such column, or the value is null or no number.
    pub fn number(&self, column: &str) -> Result<f64, RowProblem> {
        self.value(column)?.as_number(column)
    }

    /// The list in `column`.
    ///
    /// # Errors
    /// The row has no such column, or the value is null or no list.
    pub fn list(&self, column: &str) -> Result<&[Value], RowProblem> {
        self.value(column)?.as_list(column)
    }

    /// The texts of the list in `column`.
    ///
    /// # Errors
    /// As [`list`](Self::list), or an element is null or no text; the problem's column has the element's
    /// index from 0.
    pub fn texts(&self, column: &str) -> Result<Vec<&str>, RowProblem> {
        self.elements(column, Value::as_text)
    }

    /// The words of the list in `column`.
    ///
    /// # Errors
    /// As [`texts`](Self::texts), or a word is empty or has nothing but white space: a tokenizer never makes a
    /// token of it.
    pub fn words(&self, column: &str) -> Result<Vec<&str>, RowProblem> {
        let words = self.texts(column)?;
        match words.iter().position(|word| word.trim().is_empty()) {
            None => Ok(words),
            Some(index) => {
                let found = shown(&words[index].escape_debug().to_string());
                Err(RowProblem::BlankWord { word: index + 1, found })
            }
        }
    }

    /// The integers of the list in `column`.
    ///
    /// # Errors
    /// As [`texts`](Self::texts), of integers.
    pub fn integers(&self, column: &str) -> Result<Vec<i64>, RowProblem> {
        self.elements(column, Value::as_integer)
    }

    /// The numbers of the list in `column`: floats or integers.
    ///
    /// # Errors
    /// As [`texts`](Self::texts), of numbers.
    pub fn numbers(&self, column: &str) -> Result<Vec<f64>, RowProblem> {
        self.elements(column, Value::as_number)
    }

    /// The struct in `column`.
    ///
    /// # Errors
    /// The row has no such column, or the value is null or no struct.
    pub fn row(&self, column: &str) -> Result<&Self, RowProblem> {
        self.value(column)?.as_row(column)
    }

    /// The structs of the list in `column`.
    ///
    /// # Errors
    /// As [`texts`](Self::texts), of structs.
    pub fn rows(&self, column: &str) -> Result<Vec<&Self>, RowProblem> {
        self.elements(column, Value::as_row)
    }

    /// The elements of a list, each read by `element`, which is also given the element's name for a message.
    fn elements<'a, T>(
        &'a self,
        column: &str,
        element: impl Fn(&'a Value, &str) -> Result<T, RowProblem>,
    ) -> Result<Vec<T>, RowProblem> {
        let list = self.list(column)?;
        let mut elements = Vec::with_capacity(list.len());
        for (index, value) in list.iter().enumerate() {
            // The name of the element is needed for a problem alone.
            match element(value, column) {
                Ok(value) => elements.push(value),
                Err(_) => elements.push(element(value, &format!("{column}[{index}]"))?),
            }
        }
        Ok(elements)
    }
}

impl<N: Into<String>> FromIterator<(N, Value)> for Row {
    fn from_iter<I: IntoIterator<Item = (N, Value)>>(columns: I) -> Self {
        let (names, values): (Vec<String>, Vec<Value>) =
            columns.into_iter().map(|(name, value)| (name.into(), value)).unzip();
        Self::new(names.into(), values)
    }
}

impl Value {
    /// A text as a label's cell: [`Value::Null`] where it is empty or has nothing but white space, as in CSV,
    /// where a cell can't be null.
    pub(crate) fn of_label(text: String) -> Self {
        if text.trim().is_empty() { Self::Null } else { Self::Text(text) }
    }

    /// The problem of a value that is not what was expected in `column`.
    fn problem(&self, column: &str, expected: &'static str) -> RowProblem {
        let column = column.to_owned();
        match self {
            Self::Null => RowProblem::Null { column, expected },
            other => RowProblem::Type { column, found: shown(&other.to_string()), expected },
        }
    }

    fn as_text(&self, column: &str) -> Result<&str, RowProblem> {
        if let Self::Text(text) = self { Ok(text) } else { Err(self.problem(column, "a text")) }
    }

    fn as_integer(&self, column: &str) -> Result<i64, RowProblem> {
        if let Self::Integer(number) = self { Ok(*number) } else { Err(self.problem(column, "an integer")) }
    }

    fn as_number(&self, column: &str) -> Result<f64, RowProblem> {
        match self {
            Self::Integer(number) => Ok(*number as f64),
            Self::Float(number) => Ok(*number),
            _ => Err(self.problem(column, "a number")),
        }
    }

    fn as_list(&self, column: &str) -> Result<&[Self], RowProblem> {
        if let Self::List(values) = self { Ok(values) } else { Err(self.problem(column, "a list")) }
    }

    fn as_row(&self, column: &str) -> Result<&Row, RowProblem> {
        if let Self::Struct(row) = self { Ok(row) } else { Err(self.problem(column, "a struct")) }
    }

    /// Bytes of the texts in the value, nested ones included.
    pub(crate) fn text_bytes(&self) -> usize {
        match self {
            Self::Text(text) => text.len(),
            Self::List(values) => values.iter().map(Self::text_bytes).sum(),
            Self::Struct(row) => row.values.iter().map(Self::text_bytes).sum(),
            _ => 0,
        }
    }
}

impl From<&str> for Value {
    fn from(text: &str) -> Self {
        Self::Text(text.to_owned())
    }
}

impl From<String> for Value {
    fn from(text: String) -> Self {
        Self::Text(text)
    }
}

impl From<i64> for Value {
    fn from(number: i64) -> Self {
        Self::Integer(number)
    }
}

impl From<f64> for Value {
    fn from(number: f64) -> Self {
        Self::Float(number)
    }
}

impl From<bool> for Value {
    fn from(truth: bool) -> Self {
        Self::Boolean(truth)
    }
}

impl From<Row> for Value {
    fn from(row: Row) -> Self {
        Self::Struct(Box::new(row))
    }
}

impl<T: Into<Value>> From<Vec<T>> for Value {
    fn from(values: Vec<T>) -> Self {
        Self::List(values.into_iter().map(Into::into).collect())
    }
}

impl<T: Into<Value>, const N: usize> From<[T; N]> for Value {
    fn from(values: [T; N]) -> Self {
        Self::List(values.into_iter().map(Into::into).collect())
    }
}

impl fmt::Display for Value {
    /// Writes the value as JSON does.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Null => f.write_str("null"),
            Self::Boolean(value) => value.fmt(f),
            Self::Integer(number) => number.fmt(f),
            // A float has a fraction, so that 1.0 does not read like an integer.
            Self::Float(number) => write!(f, "{number:?}"),
            Self::Text(text) => write!(f, "{text:?}"),
            Self::List(values) => f.debug_list().entries(values.iter().map(DisplayAsDebug)).finish(),
            Self::Struct(row) => row.fmt(f),
        }
    }
}

impl fmt::Display for Row {
    /// Writes the row as JSON writes an object.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_map().entries(self.iter().map(|(name, value)| (name, DisplayAsDebug(value)))).finish()
    }
}

struct DisplayAsDebug<'a>(&'a Value);

impl fmt::Debug for DisplayAsDebug<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self.0, f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn squad() -> Row {
        let answers = Row::from_iter([
            ("text", Value::from(["Saint", "a saint"])),
            ("answer_start", Value::from([515, 520])),
        ]);
        Row::from_iter([
            ("id", Value::from("5733be")),
            ("context", Value::from("")),
            ("answers", Value::from(answers)),
            ("score", Value::from(0.5)),
            ("title", Value::Null),
        ])
    }

    #[test]
    fn values_are_found_by_name_and_within_structs() {
        let row = squad();
        assert_eq!((row.text("id"), row.text("context")), (Ok("5733be"), Ok("")));
        assert_eq!(row.number("score"), Ok(0.5));
        assert_eq!(row.integers("answers.answer_start"), Ok(vec![515, 520]));
        assert_eq!(row.row("answers").unwrap().texts("text"), Ok(vec!["Saint", "a saint"]));
        assert_eq!(row.numbers("answers.answer_start"), Ok(vec![515.0, 520.0]));
        assert_eq!((row.get("answers.start"), row.get("id.x"), row.get("")), (None, None, None));
        let dotted = Row::from_iter([("a", Value::from(squad())), ("a.id", Value::from("own name"))]);
        assert_eq!(dotted.text("a.id"), Ok("own name"));
    }

    #[test]
    fn a_value_that_is_not_what_was_asked_for_is_a_problem_with_its_column() {
        let row = squad();
        let said = |problem: Result<(), RowProblem>| problem.unwrap_err().to_string();
        for (problem, expected) in [
            (row.text("title").map(drop), "\"title\" is null, expected a text"),
            (row.text("score").map(drop), "\"score\" is 0.5, expected a text"),
            (row.integer("score").map(drop), "\"score\" is 0.5, expected an integer"),
            (row.number("id").map(drop), "\"id\" is \"5733be\", expected a number"),
            (row.list("id").map(drop), "\"id\" is \"5733be\", expected a list"),
            (
                row.row("answers.text").map(drop),
                "\"answers.text\" is [\"Saint\", \"a saint\"], expected a struct",
            ),
            (row.integers("answers.text").map(drop), "\"answers.text[0]\" is \"Saint\", expected an integer"),
            (
                row.text("question").map(drop),
                "there is no \"question\"; found id, context, answers, score, title",
            ),
        ] {
            assert_eq!(said(problem), expected);
        }
        let nested = Row::from_iter([("list", Value::from(vec![Value::from(squad()), Value::Null]))]);
        assert_eq!(said(nested.rows("list").map(drop)), "\"list[1]\" is null, expected a struct");
    }

    #[test]
    fn a_word_has_a_character() {
        let words = |words: [&str; 3]| {
            let row = Row::from_iter([("tokens", Value::from(words))]);
            row.words("tokens").map(|words| words.len()).map_err(|problem| problem.to_string())
        };
        // A character without width is no white space.
        assert_eq!(words([" a", "b\tc", "\u{200b}"]), Ok(3));
        for blank in ["", " ", "\t \n", "\u{a0}", "\u{3000}"] {
            let message = words(["a", blank, ""]).unwrap_err();
            assert!(message.starts_with("word 2 is \"") && message.contains("take it out"), "{message}");
        }
    }

    #[test]
    fn a_value_is_written_as_json_writes_it() {
        let json = r#"{"id": "5733be", "context": "", "answers": {"text": ["Saint", "a saint"], "answer_start": [515, 520]}, "score": 0.5, "title": null}"#;
        assert_eq!(squad().to_string(), json);
    }

    #[test]
    fn what_is_taken_is_gone() {
        let mut row = squad();
        assert_eq!(row.take("id"), Some(Value::from("5733be")));
        assert_eq!(row.get("id"), Some(&Value::Null));
        assert_eq!(row.take("other"), None);
        assert_eq!(row.take("answers.text"), None);
    }
}
