//! Layouts that are no object a row: spaCy's pairs of a text and its annotations, its documents with paragraphs of
//! sentences of tokens, and SQuAD's articles with paragraphs of questions.

use serde_json::{Map, Value as Json, json};

use super::super::bytes::Source;
use super::super::located::Notes;
use super::elements::{Raw, RawRows};
use super::squad::{Questions, is_article};
use crate::location::Location;

/// A layout that is turned into objects.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Layout {
    /// `["text", {"entities": [[0, 4, "PER"]]}]`.
    Pairs,
    /// `{"id": 0, "paragraphs": [{"raw": "...", "sentences": [{"tokens": [{"orth": "...", "ner": "O"}]}]}]}`.
    Documents,
    /// `{"title": "...", "paragraphs": [{"context": "...", "qas": [{"id": "...", "question": "...", "answers": []}]}]}`,
    /// or one of the paragraphs.
    Articles,
}

/// The rows, of which each pair, each paragraph of a document, and each question of an article, is an object. The
/// first row tells the layout of all, where it is not known.
pub(super) fn unfold(raw: RawRows, source: &Source, said: &Notes) -> Box<dyn Iterator<Item = Raw>> {
    let RawRows { mut rows, list, are_articles } = raw;
    let first = rows.next();
    let of_first = || first.as_ref().and_then(|first| Layout::of(&first.as_ref().ok()?.1));
    let layout = if are_articles { Some(Layout::Articles) } else { of_first() };
    let all = first.into_iter().chain(rows);
    let path = source.path.display();
    match layout {
        None => Box::new(all),
        Some(Layout::Pairs) => {
            said.add(format!("{path} has pairs of a text and its annotations, as spaCy writes them"));
            Box::new(all.map(|raw| raw.map(|(location, raw)| (location, pair(raw)))))
        }
        Some(Layout::Articles) => {
            said.add(format!("{path} has articles of SQuAD: each question is a row"));
            Box::new(Questions::new(Box::new(all), list, source.clone()))
        }
        Some(Layout::Documents) => {
            said.add(format!(
                "{path} has documents of spaCy: each paragraph is a row, with the tags of its tokens (ner)"
            ));
            let mut count = 0;
            Box::new(all.flat_map(move |raw| {
                count += 1;
                match raw {
                    Ok((location, raw)) => paragraphs(&location, raw, count - 1),
                    Err(error) => vec![Err(error)],
                }
            }))
        }
    }
}

/// True for a line that is a pair and not the beginning of an array of rows.
pub(super) fn is_pair(line: &[u8]) -> bool {
    as_pair(line).is_some()
}

fn as_pair(raw: &[u8]) -> Option<(String, Map<String, Json>)> {
    // Most rows are objects, which are not parsed twice.
    raw.trim_ascii_start().starts_with(b"[").then(|| serde_json::from_slice(raw).ok())?
}

impl Layout {
    fn of(raw: &[u8]) -> Option<Self> {
        if as_pair(raw).is_some() {
            return Some(Self::Pairs);
        }
        if is_article(raw) {
            return Some(Self::Articles);
        }
        let key = b"\"sentences\"";
        if !raw.windows(key.len()).any(|part| part == key) {
            return None;
        }
        let document: Json = serde_json::from_slice(raw).ok()?;
        let paragraphs = document.get("paragraphs").and_then(Json::as_array);
        let found = paragraphs.map_or(std::slice::from_ref(&document), Vec::as_slice);
        found.iter().any(|paragraph| tokens(paragraph).next().is_some()).then_some(Self::Documents)
    }
}

/// A pair as an object; anything else, and a pair whose annotations have a text of their own, as it is.
fn pair(raw: Vec<u8>) -> Vec<u8> {
    match as_pair(&raw) {
        Some((text, mut annotations)) if !annotations.contains_key("text") => {
            annotations.insert("text".to_owned(), Json::String(text));
            Json::Object(annotations).to_string().into_bytes()
        }
        _ => raw,
    }
}

/// The tokens of a paragraph, each an object with `orth`.
fn tokens(paragraph: &Json) -> impl Iterator<Item = &Json> {
    let sentences = paragraph.get("sentences").and_then(Json::as_array);
    let tokens = sentences.into_iter().flatten().filter_map(|sentence| sentence.get("tokens")?.as_array());
    tokens.flatten().filter(|token| token.get("orth").is_some())
}

/// The paragraphs of a document as objects with `tokens`, `tags`, `raw` and `document`. A paragraph without
/// tokens keeps its keys; anything else is left as it is.
fn paragraphs(location: &Location, raw: Vec<u8>, count: u64) -> Vec<Raw> {
    let Ok(Json::Object(mut document)) = serde_json::from_slice(&raw) else {
        return vec![Ok((location.clone(), raw))];
    };
    let id = document.get("id").filter(|id| !id.is_null()).cloned().unwrap_or_else(|| json!(count));
    let paragraphs = match document.remove("paragraphs") {
        Some(Json::Array(paragraphs)) => paragraphs,
        _ if document.contains_key("sentences") => vec![Json::Object(document)],
        _ => return vec![Ok((location.clone(), raw))],
    };
    let rows = paragraphs.into_iter().map(|paragraph| {
        let (mut words, mut tags, mut has_tags) = (Vec::new(), Vec::new(), false);
        for token in tokens(&paragraph) {
            words.push(token["orth"].clone());
            // spaCy writes `-` where it does not know whether the token is in an entity.
            let tag = token.get("ner").filter(|tag| **tag != "-").cloned();
            has_tags |= token.get("ner").is_some();
            tags.push(tag.unwrap_or(Json::Null));
        }
        let Json::Object(mut row) = paragraph else { return paragraph.to_string() };
        if !words.is_empty() {
            row.remove("sentences");
            row.insert("tokens".to_owned(), Json::Array(words));
            if has_tags {
                row.insert("tags".to_owned(), Json::Array(tags));
            }
        }
        row.entry("document").or_insert_with(|| id.clone());
        Json::Object(row).to_string()
    });
    rows.map(|row| Ok((location.clone(), row.into_bytes()))).collect()
}
