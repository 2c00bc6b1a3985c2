//! [`summarized_of`]: the sentences of a text with what its summary is, from a row.

pub(crate) mod problem;

use embert_tokenize::{Sentence, sentences};

use crate::card::Card;
use crate::columns::Columns;
use crate::row::{Row, Value};
use crate::row_problem::RowProblem;
use crate::shown::shown;

use self::problem::SummaryProblem;

/// The columns of a text and its summary.
///
/// ```
/// use embert_data::{Row, SummaryColumns, Value, summarized_of};
///
/// let row = Row::from_iter([
///     ("article", Value::from("A bear woke up. It was May.")),
///     ("highlights", Value::from("A bear woke up in May.")),
/// ]);
/// let columns = SummaryColumns {
///     text: "article".to_owned(),
///     summary: Some("highlights".to_owned()),
///     ..SummaryColumns::default()
/// };
/// let summarized = summarized_of(&row, &columns)?;
/// assert_eq!(summarized.sentence(1), "It was May.");
/// assert_eq!(summarized.references, ["A bear woke up in May."]);
/// # Ok::<(), embert_data::SummaryProblem>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SummaryColumns {
    /// The column of the text, where its sentences have no column.
    pub text: String,
    /// The column of the text's sentences.
    pub sentences: Option<String>,
    /// The column that says of each of those sentences whether it is in the summary.
    pub labels: Option<String>,
    /// The column of the summary.
    pub summary: Option<String>,
}

impl Default for SummaryColumns {
    /// The column `text`.
    fn default() -> Self {
        Self { text: "text".to_owned(), sentences: None, labels: None, summary: None }
    }
}

impl SummaryColumns {
    /// The columns that a card names. Where it names neither labels nor a summary, the summary is in `summary`.
    pub fn of(card: &Card) -> Self {
        let columns = &card.columns;
        let is_default = columns.sentence_labels.is_none() && columns.summary.is_none();
        Self {
            text: columns.text.clone(),
            sentences: columns.sentences.clone(),
            labels: columns.sentence_labels.clone(),
            summary: columns.summary.clone().or_else(|| is_default.then(|| "summary".to_owned())),
        }
    }

    /// The columns to read of a data set's files.
    pub fn columns(&self) -> Columns {
        let columns = match &self.sentences {
            Some(sentences) => Columns::new().with(sentences),
            None => Columns::new().with_text(&self.text),
        };
        [&self.labels, &self.summary].into_iter().flatten().fold(columns, Columns::with)
    }
}

/// A text as sentences, with what is known of its summary.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Summarized {
    /// The text; of given sentences, these with a space between them.
    pub text: String,
    /// Where the sentences stand in the text. One that is given without a character that can be seen is empty.
    pub sentences: Vec<Sentence>,
    /// Whether each sentence is in the summary; `None`: nobody says.
    pub labels: Option<Vec<bool>>,
    /// The true summaries, of which any is right. Empty: nobody says.
    pub references: Vec<String>,
}

impl Summarized {
    /// A text without a summary, cut into [`sentences`].
    pub fn of_text(text: String) -> Self {
        Self { sentences: sentences(&text), text, ..Self::default() }
    }

    /// Sentences without a summary. White space around them is left out.
    pub fn of_sentences(given: impl IntoIterator<Item = impl AsRef<str>>) -> Self {
        let (mut text, mut characters, mut sentences) = (String::new(), 0, Vec::new());
        for sentence in given {
            let sentence = sentence.as_ref().trim();
            if !text.is_empty() && !sentence.is_empty() {
                text.push(' ');
                characters += 1;
            }
            let (byte, character) = (text.len(), characters);
            text.push_str(sentence);
            characters += sentence.chars().count();
            sentences.push(Sentence { bytes: byte..text.len(), characters: character..characters });
        }
        Self { text, sentences, ..Self::default() }
    }

    /// The sentence of this index.
    ///
    /// # Panics
    /// There is no such sentence.
    pub fn sentence(&self, index: usize) -> &str {
        &self.text[self.sentences[index].bytes.clone()]
    }
}

/// The text of a row with its summary.
///
/// | column | value |
/// |---|---|
/// | `sentences` | a list of texts; or, as in BertSum's files, a list of lists of words, which are put together with spaces |
/// | `labels` | a list of 0 and 1, or of truth values: one for each sentence |
/// | `summary` | a text; a list of texts, each of which is a summary of its own; or a list of lists of words: the sentences of one summary |
///
/// A null and a missing column state nothing of labels and summary, and so does an empty list of summaries.
///
/// # Errors
/// The text is missing or blank, a value has another shape, there is a label more or less than sentences, or a
/// summary is blank.
pub fn summarized_of(row: &Row, columns: &SummaryColumns) -> Result<Summarized, SummaryProblem> {
    let summarized = unsummarized_of(row, columns)?;
    let labels = columns.labels.as_ref().map(|column| labels_of(row, column)).transpose()?.flatten();
    if let (Some(labels), Some(column)) = (&labels, &columns.labels)
        && labels.len() != summarized.sentences.len()
    {
        let (labels, sentences) = (labels.len(), summarized.sentences.len());
        return Err(SummaryProblem::Labels { column: column.clone(), labels, sentences });
    }
    let references = columns.summary.as_ref().map(|column| references_of(row, column)).transpose()?;
    Ok(Summarized { labels, references: references.unwrap_or_default(), ..summarized })
}

/// As [`summarized_of`], without labels and summary: to predict, a text needs none, and faults in them are not in
/// its way.
///
/// # Errors
/// The text is missing or blank, or has another shape.
pub fn unsummarized_of(row: &Row, columns: &SummaryColumns) -> Result<Summarized, SummaryProblem> {
    let (column, summarized) = match &columns.sentences {
        None => (&columns.text, Summarized::of_text(row.text(&columns.text)?.to_owned())),
        Some(column) => {
            let given = texts_of(row.list(column)?, column, "a text, or a list of words")?;
            (column, Summarized::of_sentences(given))
        }
    };
    let is_seen = |c: char| !c.is_whitespace() && !c.is_control();
    if !summarized.text.contains(is_seen) {
        let found = shown(&row.get(column).map(ToString::to_string).unwrap_or_default());
        return Err(SummaryProblem::Blank { column: column.clone(), found });
    }
    Ok(summarized)
}

/// Texts, or lists of words that are put together.
fn texts_of(values: &[Value], column: &str, expected: &'static str) -> Result<Vec<String>, RowProblem> {
    let text = |(index, value): (usize, &Value)| {
        let name = format!("{column}[{index}]");
        match value {
            Value::Text(text) => Ok(text.clone()),
            Value::List(words) => {
                let words = words.iter().enumerate().map(|(word, value)| match value {
                    Value::Text(text) => Ok(text.as_str()),
                    other => Err(unlike(&format!("{name}[{word}]"), other, "a text")),
                });
                Ok(words.collect::<Result<Vec<_>, _>>()?.join(" "))
            }
            other => Err(unlike(&name, other, expected)),
        }
    };
    values.iter().enumerate().map(text).collect()
}

fn labels_of(row: &Row, column: &str) -> Result<Option<Vec<bool>>, RowProblem> {
    let label = |(index, value): (usize, &Value)| match value {
        Value::Integer(0) | Value::Boolean(false) => Ok(false),
        Value::Integer(1) | Value::Boolean(true) => Ok(true),
        other => Err(unlike(&format!("{column}[{index}]"), other, "0 or 1")),
    };
    match row.get(column) {
        None | Some(Value::Null) => Ok(None),
        Some(_) => row.list(column)?.iter().enumerate().map(label).collect::<Result<_, _>>().map(Some),
    }
}

fn references_of(row: &Row, column: &str) -> Result<Vec<String>, SummaryProblem> {
    let references = match row.get(column) {
        None | Some(Value::Null) => return Ok(Vec::new()),
        Some(Value::Text(text)) => vec![text.clone()],
        Some(Value::List(values)) => {
            let texts = texts_of(values, column, "a text, or a list of words")?;
            // Sentences of words stand on lines of their own, as ROUGE-Lsum reads them.
            if matches!(values.first(), Some(Value::List(_))) { vec![texts.join("\n")] } else { texts }
        }
        Some(other) => {
            return Err(unlike(column, other, "a text, a list of texts, or a list of lists of words").into());
        }
    };
    match references.iter().find(|reference| reference.trim().is_empty()) {
        Some(blank) => {
            let found = format!("{:?}", shown(blank));
            Err(SummaryProblem::Blank { column: column.to_owned(), found })
        }
        None => Ok(references),
    }
}

fn unlike(column: &str, value: &Value, expected: &'static str) -> RowProblem {
    let column = column.to_owned();
    match value {
        Value::Null => RowProblem::Null { column, expected },
        other => RowProblem::Type { column, found: shown(&other.to_string()), expected },
    }
}

#[cfg(test)]
mod tests;
