//! [`Aggregation`]: how tokens become entities, as `transformers`' `token-classification` pipeline does it.

use std::ops::Range;

use embert_data::tokenize::join_pieces;
use embert_metrics::argmax;
use serde::Serialize;
use strum::{Display, EnumString, VariantNames};

use super::prediction::{PredictedToken, TokenPrediction};

/// How the tags of tokens become entities: `aggregation_strategy` of `transformers`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Display, EnumString, VariantNames)]
#[strum(serialize_all = "snake_case")]
pub enum Aggregation {
    /// Each token that has a tag stands for itself.
    None,
    /// Neighbouring tokens of one type are one entity; `B-` begins another one.
    #[default]
    Simple,
    /// As [`Simple`](Self::Simple), of words; a word has the tag of its first token.
    First,
    /// As [`Simple`](Self::Simple), of words; a word has the most probable tag of the mean over its tokens.
    Average,
    /// As [`Simple`](Self::Simple), of words; a word has the tag of its surest token.
    Max,
}

/// An entity in a text, or, without aggregation, a token with its tag.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct FoundEntity {
    /// The entity's type.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub entity_group: Option<String>,
    /// The token's tag, without aggregation.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub entity: Option<String>,
    /// The mean of the probabilities of the tokens' or words' tags.
    pub score: f64,
    /// The token's index in the text with its special tokens, without aggregation.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub index: Option<usize>,
    /// The tokens as text: in lower case where the tokenizer lowercases.
    pub word: String,
    /// The first character, counted in Unicode code points from 0.
    pub start: usize,
    /// One past the last character.
    pub end: usize,
}

/// A token or a word with its most probable tag.
struct Tagged<'a> {
    tag: &'a str,
    score: f64,
    word: String,
    characters: Range<usize>,
    index: usize,
}

impl Aggregation {
    /// The entities of a prediction; `labels` are the tags in the order of the head's outputs.
    pub(super) fn entities(self, prediction: &TokenPrediction, labels: &[String]) -> Vec<FoundEntity> {
        let tokens = &prediction.tokens;
        match self {
            Self::None => tokens.iter().filter_map(|token| of_token(&tagged(token, labels))).collect(),
            Self::Simple => groups(tokens.iter().map(|token| tagged(token, labels))),
            Self::First | Self::Average | Self::Max => {
                let words = tokens.chunk_by(|_, next| next.token.is_subword);
                groups(words.map(|word| self.of_word(word, labels)))
            }
        }
    }

    /// A word's tag, from those of its tokens.
    fn of_word<'a>(self, tokens: &[PredictedToken], labels: &'a [String]) -> Tagged<'a> {
        let probabilities: Vec<f64> = match self {
            Self::Average => {
                let mean = |label: usize| {
                    tokens.iter().map(|token| token.probabilities[label]).sum::<f64>() / tokens.len() as f64
                };
                (0..labels.len()).map(mean).collect()
            }
            Self::Max => {
                let surest = |token: &PredictedToken| token.probabilities[argmax(&token.probabilities)];
                let mut best = &tokens[0];
                for token in &tokens[1..] {
                    if surest(token) > surest(best) {
                        best = token;
                    }
                }
                best.probabilities.to_vec()
            }
            Self::None | Self::Simple | Self::First => tokens[0].probabilities.to_vec(),
        };
        let label = argmax(&probabilities);
        let pieces: Vec<&str> = tokens.iter().map(|token| &*token.token.piece).collect();
        let (first, last) = (&tokens[0].token, &tokens[tokens.len() - 1].token);
        Tagged {
            tag: &labels[label],
            score: probabilities[label],
            word: join_pieces(&pieces),
            characters: first.characters.start..last.characters.end,
            index: first.index,
        }
    }
}

/// A token with its most probable tag.
fn tagged<'a>(token: &PredictedToken, labels: &'a [String]) -> Tagged<'a> {
    let label = argmax(&token.probabilities);
    Tagged {
        tag: &labels[label],
        score: token.probabilities[label],
        word: token.token.piece.to_string(),
        characters: token.token.characters.clone(),
        index: token.token.index,
    }
}

/// A token that is not outside of entities.
fn of_token(token: &Tagged<'_>) -> Option<FoundEntity> {
    (token.tag != OUTSIDE).then(|| FoundEntity {
        entity_group: None,
        entity: Some(token.tag.to_owned()),
        score: token.score,
        index: Some(token.index),
        word: token.word.clone(),
        start: token.characters.start,
        end: token.characters.end,
    })
}

/// The tag of words outside of entities.
pub(super) const OUTSIDE: &str = "O";

/// Groups neighbours of one type, and leaves out what is outside of entities.
fn groups<'a>(tagged: impl Iterator<Item = Tagged<'a>>) -> Vec<FoundEntity> {
    let mut groups: Vec<Vec<Tagged<'a>>> = Vec::new();
    for one in tagged {
        let (begins, kind) = begins_and_kind(one.tag);
        match groups.last_mut() {
            Some(group)
                if !begins && group.last().is_some_and(|last| begins_and_kind(last.tag).1 == kind) =>
            {
                group.push(one);
            }
            _ => groups.push(vec![one]),
        }
    }
    groups.iter().filter_map(|group| of_group(group)).collect()
}

fn of_group(group: &[Tagged<'_>]) -> Option<FoundEntity> {
    let (first, last) = (group.first()?, group.last()?);
    // The pipeline names a group by what follows the first hyphen.
    let kind = first.tag.split_once('-').map_or(first.tag, |(_, kind)| kind);
    let words: Vec<&str> = group.iter().map(|one| one.word.as_str()).collect();
    (kind != OUTSIDE).then(|| FoundEntity {
        entity_group: Some(kind.to_owned()),
        entity: None,
        score: group.iter().map(|one| one.score).sum::<f64>() / group.len() as f64,
        index: None,
        word: join_pieces(&words),
        start: first.characters.start,
        end: last.characters.end,
    })
}

/// Whether a tag begins an entity, and the entity's type. The pipeline knows `B-` and `I-` alone; the tags of
/// IOBES and BILOU that mean the same are read as these.
fn begins_and_kind(tag: &str) -> (bool, &str) {
    match tag.split_once('-') {
        Some(("B" | "S" | "U", kind)) => (true, kind),
        Some(("I" | "E" | "L", kind)) => (false, kind),
        _ => (false, tag),
    }
}
