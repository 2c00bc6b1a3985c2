//! [`QuestionProblem`]: why a row is no question that can be used.

use std::fmt;

use crate::location::Location;
use crate::row_problem::RowProblem;
use crate::shown::shown;

/// Why a row is no question that can be used: the question's identifier and its fault.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{}{fault}", id.as_ref().map_or_else(String::new, |id| format!("question \"{}\": ", shown(id))))]
pub struct QuestionProblem {
    /// The question's identifier; `None` where the row has none that can be used.
    pub id: Option<String>,
    /// What is wrong.
    pub fault: QuestionFault,
}

impl QuestionProblem {
    /// The problem of a question whose identifier an earlier one has, which is at `first`.
    pub fn duplicate(id: &str, first: Location) -> Self {
        Self { id: Some(id.to_owned()), fault: QuestionFault::DuplicateId { first } }
    }
}

/// What is wrong with a question. Answers are counted from 1, offsets in Unicode code points from 0.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum QuestionFault {
    /// A value is missing, or has another type.
    #[error(transparent)]
    Row(#[from] RowProblem),
    /// A question, a context or an identifier without a character that can be seen.
    #[error(
        "\"{}\" is \"{found}\", expected a character that is no white space: complete the row, or take it out",
        shown(column)
    )]
    Blank {
        /// The column.
        column: String,
        /// The text, as messages show it.
        found: String,
    },
    /// More answers than offsets, or fewer.
    #[error(
        "\"{}\" has {texts} text(s), but {starts} answer_start(s): expected one for each text",
        shown(column)
    )]
    Lengths {
        /// The column of the answers.
        column: String,
        /// The number of texts.
        texts: usize,
        /// The number of offsets.
        starts: usize,
    },
    /// An answer of no characters, or of white space alone.
    #[error(
        "answer {number} is \"{found}\", expected a character that is no white space: a question without an answer has an \
         empty list of answers"
    )]
    BlankAnswer {
        /// The answer's number.
        number: usize,
        /// The answer, as messages show it.
        found: String,
    },
    /// An answer that the context does not have at its offset.
    #[error("{0}")]
    Misplaced(Box<Misplaced>),
    /// A question that is stated to have no answer, and has one.
    #[error(
        "\"is_impossible\" is true, but there are {answers} answer(s): take them out (an answer that only seems to be one is a \
         plausible answer), or set is_impossible to false"
    )]
    Impossible {
        /// The number of answers.
        answers: usize,
    },
    /// A question that is stated to have an answer, and has none.
    #[error("\"is_impossible\" is false, but there is no answer: add one, or set is_impossible to true")]
    Possible,
    /// An identifier that an earlier question has.
    #[error(
        "the question at {first} has the same identifier, by which predictions are told apart: expected another"
    )]
    DuplicateId {
        /// The place of the first question with the identifier.
        first: Location,
    },
}

/// An answer that the context does not have at its offset.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Misplaced {
    /// The answer's number.
    pub number: usize,
    /// The answer's text, as messages show it.
    pub text: String,
    /// The offset that the row states.
    pub start: i64,
    /// The number of the context's characters.
    pub length: usize,
    /// What the context has at the offset, as messages show it; `None`: the offset lies outside of the context.
    pub found: Option<String>,
    /// Where the context has the answer.
    pub occurs: Occurs,
    /// The unit in which the offset is right, where it is another than code points.
    pub unit: Option<OffsetUnit>,
}

/// Where a context has an answer's text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Occurs {
    /// Nowhere.
    Nowhere,
    /// At this offset alone.
    Once(usize),
    /// At this offset first, and at others.
    Often(usize),
}

/// A unit of offsets that is no code point.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OffsetUnit {
    /// Bytes of UTF-8, as Rust and Go count.
    Utf8,
    /// Units of UTF-16, as JavaScript and Java count.
    Utf16,
}

impl fmt::Display for Misplaced {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { number, text, start, length, .. } = self;
        write!(f, "answer {number} (\"{text}\") is not at its answer_start {start}: ")?;
        match &self.found {
            Some(found) => write!(f, "the context has \"{found}\" there")?,
            None => write!(f, "the context has {length} characters")?,
        }
        match self.occurs {
            Occurs::Nowhere => {
                f.write_str(", and the answer nowhere: an answer is a part of the context as it stands")?;
            }
            Occurs::Once(at) => write!(f, ", and the answer at {at} alone")?,
            Occurs::Often(at) => write!(f, ", and the answer at {at} and at other places")?,
        }
        match self.unit {
            Some(OffsetUnit::Utf8) => write!(f, "; {start} is right in bytes of UTF-8")?,
            Some(OffsetUnit::Utf16) => write!(f, "; {start} is right in units of UTF-16")?,
            None => {}
        }
        f.write_str("; offsets count characters (Unicode code points) from 0")
    }
}
