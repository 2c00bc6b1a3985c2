//! `examples.jsonl`: the predictions of the kept weights, one JSON object a line.

use std::fs::File;
use std::io::{BufRead as _, BufReader, Lines};
use std::iter::Zip;
use std::marker::PhantomData;
use std::ops::RangeFrom;
use std::path::{Path, PathBuf};

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use crate::RunError;
use crate::error::At as _;

/// A text with one label, and the model's prediction.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Example {
    /// `validation` or `test`.
    pub split: String,
    /// The example's row number.
    pub id: u64,
    /// The text.
    pub text: String,
    /// The second text of a pair.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub text_pair: Option<String>,
    /// The index of the true label.
    pub label: usize,
    /// The probability of each label; for a text with several windows, the mean over the windows.
    pub probabilities: Vec<f64>,
    /// The number of tokens after truncation.
    pub tokens: usize,
}

/// A text with any number of labels, and the model's prediction.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct MultiLabelExample {
    /// `validation` or `test`.
    pub split: String,
    /// The example's row number.
    pub id: u64,
    /// The text.
    pub text: String,
    /// The second text of a pair.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub text_pair: Option<String>,
    /// The indices of the true labels, ascending.
    pub labels: Vec<usize>,
    /// The probability of each label.
    pub probabilities: Vec<f64>,
    /// The number of tokens after truncation.
    pub tokens: usize,
}

/// A text with a number, and the model's prediction.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ScoredExample {
    /// `validation` or `test`.
    pub split: String,
    /// The example's row number.
    pub id: u64,
    /// The text.
    pub text: String,
    /// The second text of a pair.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub text_pair: Option<String>,
    /// The true number.
    pub score: f64,
    /// The predicted number, on the scale of the true one.
    pub predicted: f64,
    /// The number of tokens after truncation.
    pub tokens: usize,
}

/// A text with its entities, and the entities that the model finds.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct TaggedExample {
    /// `validation` or `test`.
    pub split: String,
    /// The example's row number.
    pub id: u64,
    /// The text; words of a file of words are joined by one space.
    pub text: String,
    /// The true entities, in the order of the text.
    pub entities: Vec<Entity>,
    /// The entities that the model finds, in the order of the text.
    pub predicted: Vec<PredictedEntity>,
    /// The number of words.
    pub words: usize,
    /// The number of tokens after truncation.
    pub tokens: usize,
}

/// An entity in a text.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Entity {
    /// The entity's type, as in `PER`.
    pub entity_group: String,
    /// The first character, counted in Unicode code points from 0.
    pub start: usize,
    /// One past the last character.
    pub end: usize,
}

/// An entity that a model finds in a text.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct PredictedEntity {
    /// The entity's type, as in `PER`.
    pub entity_group: String,
    /// The mean probability of the tags of the entity's words, in [0, 1].
    pub score: f64,
    /// The first character, counted in Unicode code points from 0.
    pub start: usize,
    /// One past the last character.
    pub end: usize,
}

/// A question about a context, with its true answers, and the model's answer.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct AnsweredExample {
    /// `validation` or `test`.
    pub split: String,
    /// The example's row number.
    pub id: u64,
    /// The data set's id of the question.
    pub question_id: String,
    /// The question.
    pub question: String,
    /// The text in which the answer stands.
    pub context: String,
    /// The true answers, in the data set's order; empty for a question without an answer.
    pub answers: Vec<TrueAnswer>,
    /// The best answer that is not null.
    pub predicted: PredictedAnswer,
    /// The score of the null answer less that of `predicted`, in logits; `None` unless questions may have no
    /// answer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub null_odds: Option<f64>,
    /// The number of tokens of question and context that the model read; a token that windows share counts
    /// once.
    pub tokens: usize,
}

/// A true answer to a question.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TrueAnswer {
    /// The answer, as the data set has it.
    pub text: String,
    /// The first character in the context, counted in Unicode code points from 0.
    pub start: usize,
    /// One past the last character.
    pub end: usize,
}

/// The answer that a model finds.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct PredictedAnswer {
    /// The answer, cut from the context; empty where the model finds none.
    pub text: String,
    /// The answer's probability among the model's best answers, in [0, 1].
    pub score: f64,
    /// The first character in the context, counted in Unicode code points from 0.
    pub start: usize,
    /// One past the last character.
    pub end: usize,
}

/// A text with masked tokens, and the words that the model finds behind them.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct MaskedExample {
    /// `validation` or `test`.
    pub split: String,
    /// The example's row number; of several texts in one block, the first one's.
    pub id: u64,
    /// The text as the model read it, decoded from its tokens: masked tokens are the mask, another word or
    /// themselves.
    pub text: String,
    /// The masked tokens, in the order of the text.
    pub masks: Vec<MaskedWord>,
    /// The number of tokens that the model read.
    pub tokens: usize,
}

/// A masked token with what the model finds behind it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct MaskedWord {
    /// The true token, as the vocabulary has it: `##` goes on with the token before it.
    pub token: String,
    /// The token that the model read in its place.
    pub shown: String,
    /// The most probable token.
    pub predicted: String,
    /// The probability of the most probable token, in [0, 1].
    pub score: f64,
    /// The probability of the true token, in [0, 1].
    pub probability: f64,
}

/// An iterator over the lines of `examples.jsonl`, with their numbers from 1: lines of the type `E`, which
/// the run's task decides. An item is an error if its line can't be read or is not what a run writes.
#[derive(Debug)]
pub struct Examples<E = Example> {
    path: PathBuf,
    lines: Zip<RangeFrom<usize>, Lines<BufReader<File>>>,
    of: PhantomData<E>,
}

impl<E: DeserializeOwned> Examples<E> {
    /// Opens `examples.jsonl`; `None` if there is no such file.
    ///
    /// # Errors
    /// The file can't be opened.
    pub fn open(path: &Path) -> Result<Option<Self>, RunError> {
        let file = match File::open(path) {
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
            file => file.at(path)?,
        };
        let lines = (1..).zip(BufReader::new(file).lines());
        Ok(Some(Self { path: path.to_owned(), lines, of: PhantomData }))
    }
}

impl<E: DeserializeOwned> Iterator for Examples<E> {
    type Item = Result<(usize, E), RunError>;

    fn next(&mut self) -> Option<Self::Item> {
        let (line, text) = self.lines.next()?;
        let damaged = |source| RunError::Damaged { path: self.path.clone(), line, source };
        let example = text.at(&self.path).and_then(|text| serde_json::from_str(&text).map_err(damaged));
        Some(example.map(|example| (line, example)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_is_what_it_was_and_a_damaged_one_is_named() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("examples.jsonl");
        assert!(Examples::<Example>::open(&path).unwrap().is_none());
        let line = r#"{"split":"test","id":7,"text":"a","label":1,"probabilities":[0.25,0.75],"tokens":3}"#;
        std::fs::write(&path, format!("{line}\n{}\n", &line[..20])).unwrap();
        let read: Vec<_> = Examples::<Example>::open(&path).unwrap().unwrap().collect();
        let (number, example) = read[0].as_ref().unwrap();
        assert_eq!((*number, serde_json::to_string(example).unwrap().as_str()), (1, line));
        let error = read[1].as_ref().unwrap_err().to_string();
        assert!(error.contains("examples.jsonl, line 2, can't be used"), "{error}");
    }

    #[test]
    fn a_question_has_null_odds_only_where_it_may_have_no_answer() {
        let line = r#"{"split":"test","id":7,"question_id":"q-1","question":"Who?","context":"Ms Okafor flew.","answers":[{"text":"Okafor","start":3,"end":9}],"predicted":{"text":"Ms Okafor","score":0.75,"start":0,"end":9},"tokens":9}"#;
        let mut example: AnsweredExample = serde_json::from_str(line).unwrap();
        assert_eq!((example.null_odds, serde_json::to_string(&example).unwrap().as_str()), (None, line));
        example.null_odds = Some(-1.5);
        let with = serde_json::to_string(&example).unwrap();
        assert_eq!(with, line.replace(r#","tokens""#, r#","null_odds":-1.5,"tokens""#));
        assert_eq!(serde_json::from_str::<AnsweredExample>(&with).unwrap(), example);
    }
}
