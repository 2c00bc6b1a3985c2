//! SQuAD's own JSON: articles with paragraphs with questions, of which each question becomes a row.

use std::cell::Cell;
use std::fmt;
use std::sync::Arc;

use serde::Serializer as _;
use serde::de::{DeserializeSeed, Error as _, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Value as Json};

use super::super::bytes::Source;
use super::elements::Raw;
use super::strict::Strict;
use crate::error::DataError;
use crate::limits::MAX_ROW;
use crate::location::Location;
use crate::row_problem::RowProblem;
use crate::shown::shown;

/// The member of SQuAD's object that has the articles.
pub(super) const ARTICLES: &str = "data";

/// Keys of a question that an article or a paragraph can't state for it.
const OF_QUESTION: [&str; 6] = ["id", "question", "answers", "plausible_answers", "is_impossible", "qas"];

/// The question's own keys that come first in its row.
const FIRST: [&str; 4] = ["id", "question", "answers", "is_impossible"];

/// True for an object, or for its beginning, with a list of articles.
pub(super) fn has_articles(json: &[u8]) -> bool {
    Seek::finds(&[ARTICLES, "paragraphs"], &["qas", "context"], json)
}

/// True for an article, or for a paragraph that stands for itself.
pub(super) fn is_article(json: &[u8]) -> bool {
    Seek::finds(&["paragraphs"], &["qas", "context"], json) || Seek::finds(&["qas"], &["question"], json)
}

/// Looks for a key, at the end of a way through objects and lists of objects.
#[derive(Clone, Copy)]
struct Seek<'a> {
    /// The keys of the objects on the way.
    way: &'a [&'a str],
    /// The keys that are looked for.
    keys: &'a [&'a str],
    found: &'a Cell<bool>,
}

impl Seek<'_> {
    /// Whether one of `keys` is there before the JSON ends or is malformed.
    fn finds(way: &[&str], keys: &[&str], json: &[u8]) -> bool {
        let found = Cell::new(false);
        let seek = Seek { way, keys, found: &found };
        // The parser stops with an error once the key is found.
        let _ = seek.deserialize(&mut serde_json::Deserializer::from_slice(json));
        found.get()
    }
}

impl<'de> DeserializeSeed<'de> for Seek<'_> {
    type Value = ();

    fn deserialize<D: serde::Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Seek<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object, or a list of objects")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<(), A::Error> {
        while list.next_element_seed(self)?.is_some() {}
        Ok(())
    }

    fn visit_map<A: MapAccess<'de>>(self, mut object: A) -> Result<(), A::Error> {
        while let Some(key) = object.next_key::<String>()? {
            match self.way.split_first() {
                None if self.keys.contains(&key.as_str()) => {
                    self.found.set(true);
                    return Err(A::Error::custom("found"));
                }
                Some((next, way)) if *next == key => object.next_value_seed(Seek { way, ..self })?,
                _ => {
                    object.next_value::<IgnoredAny>()?;
                }
            }
        }
        Ok(())
    }
}

/// The questions of articles, each as an object with `id`, `context`, `question` and `answers`, a struct of lists,
/// where the question has them, and with the other keys of the question, of its paragraph and of its article. Of a
/// key that two of them have, the inner one counts. `plausible_answers` are left out.
///
/// A question with a fault is the problem of a row. An article or a paragraph with a fault is an error of the file,
/// as nobody knows how many questions it has.
pub(super) struct Questions {
    articles: Box<dyn Iterator<Item = Raw>>,
    /// The name of the list of articles in their file; empty for a file that is the list.
    list: String,
    source: Source,
    /// Questions so far.
    count: u64,
    /// Articles so far.
    begun: usize,
    article: Option<Article>,
}

impl Questions {
    pub(super) fn new(articles: Box<dyn Iterator<Item = Raw>>, list: String, source: Source) -> Self {
        Self { articles, list, source, count: 0, begun: 0, article: None }
    }

    /// The row of the next question, with its place.
    fn located(&mut self, row: Result<Vec<u8>, RowProblem>) -> Raw {
        self.count += 1;
        let location = Location { path: Arc::clone(&self.source.path), number: self.count, unit: "question" };
        match row {
            Ok(row) if row.len() > MAX_ROW => Err(DataError::TooLong { location }),
            Ok(row) => Ok((location, row)),
            Err(problem) => Err(DataError::Row { location, problem }),
        }
    }

    /// The error of an article or a paragraph.
    fn refuse(&self, problem: &RowProblem) -> DataError {
        let problem = format!("has an article that can't be used: {problem}");
        DataError::Content { path: self.source.path.to_path_buf(), problem }
    }
}

impl Iterator for Questions {
    type Item = Raw;

    fn next(&mut self) -> Option<Raw> {
        loop {
            if let Some(next) = self.article.as_mut().and_then(Article::next) {
                return Some(match next {
                    Ok(row) => self.located(row),
                    Err(problem) => Err(self.refuse(&problem)),
                });
            }
            let raw = match self.articles.next()? {
                Ok((_, raw)) => raw,
                Err(error) => return Some(Err(error)),
            };
            let way = format!("{}[{}]", self.list, self.begun);
            self.begun += 1;
            match self.source.text(raw).and_then(|text| Article::of(&text, way)) {
                Ok(article) => self.article = Some(article),
                Err(problem) => return Some(Err(self.refuse(&problem))),
            }
        }
    }
}

/// An article: the part of it that was not read yet.
struct Article {
    /// The article's keys besides its paragraphs.
    keys: Map<String, Json>,
    paragraphs: Elements,
    /// The keys besides the questions of the paragraph that is read, and its questions.
    paragraph: Option<(Map<String, Json>, Elements)>,
}

/// The elements of a list, each with the way to it, for messages.
struct Elements {
    way: String,
    left: std::iter::Enumerate<std::vec::IntoIter<Json>>,
    /// Whether the way is that of the only element, and not of a list.
    is_one: bool,
}

impl Elements {
    /// The list called `name` of the object at `way`, which is taken out of the object's `keys`.
    fn take(keys: &mut Map<String, Json>, name: &str, way: &str) -> Result<Self, RowProblem> {
        let way = format!("{way}.{name}");
        match keys.shift_remove(name) {
            Some(Json::Array(list)) => Ok(Self { way, left: list.into_iter().enumerate(), is_one: false }),
            Some(other) => Err(unlike(&way, &other, "a list of objects")),
            None => Err(lacks(&way, keys)),
        }
    }

    fn next(&mut self) -> Option<(String, Json)> {
        let (index, element) = self.left.next()?;
        let way = if self.is_one { self.way.clone() } else { format!("{}[{index}]", self.way) };
        Some((way, element))
    }
}

impl Article {
    fn of(text: &str, way: String) -> Result<Self, RowProblem> {
        let Strict(article) = serde_json::from_str(text).map_err(|error| {
            let problem = error.to_string();
            let problem = problem.split(" at line ").next().unwrap_or(&problem);
            RowProblem::Json { problem: format!("\"{way}\": {}", shown(problem)) }
        })?;
        let mut keys = object(article, &way)?;
        // A paragraph may stand for an article of its own.
        let paragraphs = if keys.contains_key("qas") && !keys.contains_key("paragraphs") {
            let paragraph = vec![Json::Object(std::mem::take(&mut keys))];
            Elements { way, left: paragraph.into_iter().enumerate(), is_one: true }
        } else {
            Elements::take(&mut keys, "paragraphs", &way)?
        };
        Ok(Self { keys, paragraphs, paragraph: None })
    }

    /// The row of the next question, or the question's problem; or the problem of a paragraph.
    fn next(&mut self) -> Option<Result<Result<Vec<u8>, RowProblem>, RowProblem>> {
        loop {
            if let Some((keys, questions)) = &mut self.paragraph
                && let Some((way, question)) = questions.next()
            {
                return Some(Ok(row(&self.keys, keys, question, &way)));
            }
            let (way, paragraph) = self.paragraphs.next()?;
            let questions = object(paragraph, &way).and_then(|mut keys| {
                let questions = Elements::take(&mut keys, "qas", &way)?;
                check_text(&keys, "context", &way)?;
                Ok((keys, questions))
            });
            match questions {
                Ok(paragraph) => self.paragraph = Some(paragraph),
                Err(problem) => return Some(Err(problem)),
            }
        }
    }
}

/// The row of a question, as JSON.
fn row(
    article: &Map<String, Json>,
    paragraph: &Map<String, Json>,
    question: Json,
    way: &str,
) -> Result<Vec<u8>, RowProblem> {
    let mut keys = object(question, way)?;
    check_text(&keys, "question", way)?;
    if let Some(found) = keys.get_mut("answers") {
        *found = answers(found.take(), &format!("{way}.answers"))?;
    }
    keys.shift_remove("plausible_answers");
    keys.shift_remove("context");
    let is_own = |key: &str| OF_QUESTION.contains(&key) || keys.contains_key(key);
    let of_article = |key: &str| !is_own(key) && !paragraph.contains_key(key) && key != "context";
    let of_paragraph = |key: &str| !is_own(key);
    let rest = |key: &str| !FIRST.contains(&key);
    let own = |key: &'static str| keys.get_key_value(key).into_iter();
    let all = own("id")
        .chain(article.iter().filter(|(key, _)| of_article(key)))
        .chain(paragraph.iter().filter(|(key, _)| of_paragraph(key)))
        .chain(FIRST[1..].iter().flat_map(|key| own(key)))
        .chain(keys.iter().filter(|(key, _)| rest(key)));
    let mut row = Vec::new();
    let mut serializer = serde_json::Serializer::new(&mut row);
    serializer.collect_map(all).map_err(|error| RowProblem::Json { problem: shown(&error.to_string()) })?;
    Ok(row)
}

/// A list of answers as a struct of lists, as on the hub; null stays null.
fn answers(found: Json, way: &str) -> Result<Json, RowProblem> {
    const EXPECTED: &str = "a list of answers, each {\"text\": ..., \"answer_start\": ...}";
    let found = match found {
        Json::Null => return Ok(Json::Null),
        Json::Array(found) => found,
        other => return Err(unlike(way, &other, EXPECTED)),
    };
    let (mut texts, mut starts) = (Vec::with_capacity(found.len()), Vec::with_capacity(found.len()));
    for (index, answer) in found.into_iter().enumerate() {
        let way = format!("{way}[{index}]");
        let mut answer = object(answer, &way)?;
        let mut value =
            |key: &str, fits: fn(&Json) -> bool, expected| match answer.get_mut(key).map(Json::take) {
                Some(value) if fits(&value) => Ok(value),
                Some(value) => Err(unlike(&format!("{way}.{key}"), &value, expected)),
                None => Err(lacks(&format!("{way}.{key}"), &answer)),
            };
        texts.push(value("text", Json::is_string, "a text")?);
        starts.push(value("answer_start", Json::is_i64, "an integer")?);
    }
    let lists = [("text", texts), ("answer_start", starts)];
    Ok(Json::Object(lists.map(|(key, list)| (key.to_owned(), Json::Array(list))).into_iter().collect()))
}

fn object(json: Json, way: &str) -> Result<Map<String, Json>, RowProblem> {
    match json {
        Json::Object(object) => Ok(object),
        other => Err(unlike(way, &other, "an object")),
    }
}

/// Checks a text that an object must have.
fn check_text(keys: &Map<String, Json>, key: &str, way: &str) -> Result<(), RowProblem> {
    match keys.get(key) {
        Some(Json::String(_)) => Ok(()),
        Some(other) => Err(unlike(&format!("{way}.{key}"), other, "a text")),
        None => Err(lacks(&format!("{way}.{key}"), keys)),
    }
}

fn unlike(way: &str, found: &Json, expected: &'static str) -> RowProblem {
    let column = way.to_owned();
    match found {
        Json::Null => RowProblem::Null { column, expected },
        found => RowProblem::Type { column, found: shown(&found.to_string()), expected },
    }
}

fn lacks(way: &str, keys: &Map<String, Json>) -> RowProblem {
    RowProblem::MissingColumn { column: way.to_owned(), found: keys.keys().cloned().collect() }
}
