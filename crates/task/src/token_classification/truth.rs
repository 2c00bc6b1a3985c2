//! True tags beside predicted ones: which words there are, and which tags they have.

use std::ops::Range;

use embert_data::Splits;
use embert_data::tokenize::Encoding;
use embert_metrics::{argmax, entities};
use embert_run::{Entity, PredictedEntity, TaggedExample};

use super::example::{Tags, TokenExample};
use super::prediction::{PredictedToken, TokenPrediction};
use super::tags::TagLabels;
use crate::labels::problem::few;

/// The ranges of bytes of the words of a text, as BERT's tokenizer splits it: runs of letters and digits, and
/// every other character that is not white space by itself.
pub(super) fn words(text: &str) -> Vec<Range<usize>> {
    let mut words: Vec<Range<usize>> = Vec::new();
    let mut in_word = false;
    for (start, character) in text.char_indices() {
        let is_letter = character.is_alphanumeric();
        match words.last_mut() {
            Some(last) if in_word && is_letter => last.end = start + character.len_utf8(),
            _ if character.is_whitespace() => {}
            _ => words.push(start..start + character.len_utf8()),
        }
        in_word = is_letter;
    }
    words
}

/// The ranges of characters of the [`words`] of a text.
pub(super) fn word_characters(text: &str) -> Vec<Range<usize>> {
    let (mut byte, mut character) = (0, 0);
    let mut count = |to: usize| {
        character += text[byte..to].chars().count();
        byte = to;
        character
    };
    words(text).into_iter().map(|word| count(word.start)..count(word.end)).collect()
}

/// The range of characters of each word of an encoded text, by the number of the word. A given word has its
/// whole range, also where the encoding has none of its tokens; a word of the tokenizer's split has the range
/// of its tokens that are there.
pub(super) fn encoded_words(example: &TokenExample, encoding: &Encoding) -> Vec<Range<usize>> {
    if let Some(words) = example.word_characters() {
        return words;
    }
    let mut words: Vec<Range<usize>> = Vec::new();
    for (word, &(start, end)) in encoding.word_ids.iter().zip(&encoding.offsets) {
        let Some(word) = word.map(|word| word as usize) else { continue };
        if words.len() <= word {
            words.resize(word + 1, 0..0);
        }
        let range = &mut words[word];
        *range =
            if range.start == range.end { start..end } else { range.start.min(start)..range.end.max(end) };
    }
    words
}

/// The tag of each word, given the words' ranges of characters.
pub(super) fn tags(tags: &Tags, words: &[Range<usize>], outside: usize) -> Vec<usize> {
    let spans = match tags {
        Tags::Unknown => return vec![outside; words.len()],
        Tags::OfWords(tags) => return tags.clone(),
        Tags::Spans { spans, .. } => spans,
    };
    // A window that begins within a text has no words before its first one.
    let first = words.iter().position(|word| !word.is_empty()).unwrap_or_default();
    let (mut next, mut is_begun) = (0, false);
    let tag = |(index, word): (usize, &Range<usize>)| {
        while spans.get(next).is_some_and(|span| span.end <= word.start) {
            (next, is_begun) = (next + 1, false);
        }
        let Some(span) = spans.get(next).filter(|span| span.start < word.end && !word.is_empty()) else {
            return outside;
        };
        let is_inside = is_begun || (index == first && first > 0 && span.start < word.start);
        is_begun = true;
        if is_inside { span.inside } else { span.begin }
    };
    words.iter().enumerate().map(tag).collect()
}

/// A word of a text with its true tag and, unless the word was cut off, its first token.
pub(super) struct Judged<'a> {
    pub(super) characters: Range<usize>,
    pub(super) truth: usize,
    pub(super) token: Option<&'a PredictedToken>,
}

impl Judged<'_> {
    /// The most probable tag; `outside` for a word that was cut off.
    pub(super) fn predicted(&self, outside: usize) -> usize {
        self.token.map_or(outside, |token| argmax(&token.probabilities))
    }
}

/// The words of an example with their first tokens.
pub(super) fn judged<'a>(
    example: &TokenExample,
    prediction: &'a TokenPrediction,
    outside: usize,
) -> Vec<Judged<'a>> {
    let mut found: Vec<(Range<usize>, Option<&PredictedToken>)> = Vec::new();
    for token in &prediction.tokens {
        let word = token.token.word as usize;
        if found.len() <= word {
            found.resize(word + 1, (0..0, None));
        }
        let (characters, first) = &mut found[word];
        let start = first.get_or_insert(token).token.characters.start;
        *characters = start..token.token.characters.end;
    }
    if let Some(words) = example.word_characters() {
        found.resize(words.len(), (0..0, None));
        found = words.into_iter().zip(found).map(|(word, (_, first))| (word, first)).collect();
    } else {
        found.retain(|(_, first)| first.is_some());
        if prediction.is_cut {
            add_unread(&mut found, &example.text);
        }
    }
    let (words, first): (Vec<_>, Vec<_>) = found.into_iter().unzip();
    let truths = tags(&example.tags, &words, outside);
    let word = |((characters, truth), token)| Judged { characters, truth, token };
    words.into_iter().zip(truths).zip(first).map(word).collect()
}

/// Adds the words of a text that the model has not read: they are none of `read`, which are in the text's order.
fn add_unread(read: &mut Vec<(Range<usize>, Option<&PredictedToken>)>, text: &str) {
    let is_unread = |word: &Range<usize>| {
        let next = read.partition_point(|(read, _)| read.end <= word.start);
        read.get(next).is_none_or(|(read, _)| word.end <= read.start)
    };
    let unread: Vec<_> =
        word_characters(text).into_iter().filter(is_unread).map(|word| (word, None)).collect();
    read.extend(unread);
    read.sort_by_key(|(word, _)| word.start);
}

/// The line of `examples.jsonl`: entities as the scorer counts them.
pub(super) fn record(
    outside: usize,
    labels: &[String],
    split: &str,
    example: &TokenExample,
    prediction: &TokenPrediction,
    tokens: usize,
) -> TaggedExample {
    let words = judged(example, prediction, outside);
    let truths: Vec<&str> = words.iter().map(|word| labels[word.truth].as_str()).collect();
    let predicted: Vec<&str> = words.iter().map(|word| labels[word.predicted(outside)].as_str()).collect();
    let true_entities = entities(&truths).into_iter().map(|entity| Entity {
        entity_group: entity.kind.to_owned(),
        start: words[entity.start].characters.start,
        end: words[entity.end - 1].characters.end,
    });
    let found = entities(&predicted).into_iter().map(|entity| {
        let of_words = &words[entity.start..entity.end];
        let probability = |word: &Judged<'_>| {
            word.token.map_or(0.0, |token| token.probabilities[argmax(&token.probabilities)])
        };
        PredictedEntity {
            entity_group: entity.kind.to_owned(),
            score: of_words.iter().map(probability).sum::<f64>() / of_words.len() as f64,
            start: of_words[0].characters.start,
            end: of_words[of_words.len() - 1].characters.end,
        }
    });
    TaggedExample {
        split: split.to_owned(),
        id: example.id,
        text: example.text.clone(),
        entities: true_entities.collect(),
        predicted: found.collect(),
        words: words.len(),
        tokens,
    }
}

/// Notes on tags that the training split lacks.
pub(super) fn notes(labels: &TagLabels, splits: &Splits<TokenExample>) -> Vec<String> {
    let mut is_there = vec![false; labels.set.len()];
    for example in &splits.train {
        match &example.tags {
            Tags::Unknown => {}
            Tags::OfWords(tags) => tags.iter().for_each(|tag| is_there[*tag] = true),
            Tags::Spans { spans, outside } => {
                // The words beside the spans have it.
                is_there[*outside] = true;
                for span in spans {
                    (is_there[span.begin], is_there[span.inside]) = (true, true);
                }
            }
        }
    }
    let lacking: Vec<&String> =
        labels.set.names().iter().zip(is_there).filter(|(_, there)| !there).map(|(name, _)| name).collect();
    (!lacking.is_empty() && !splits.train.is_empty())
        .then(|| format!("the training split has no word with the tag(s) {}", few(&lacking)))
        .into_iter()
        .collect()
}

#[cfg(test)]
mod tests {
    use super::super::example::TagSpan;
    use super::*;

    #[test]
    fn a_text_is_split_at_white_space_and_punctuation() {
        let text = "Ms Ünïs-Ray, 3.5€";
        let found: Vec<&str> = words(text).into_iter().map(|word| &text[word]).collect();
        assert_eq!(found, ["Ms", "Ünïs", "-", "Ray", ",", "3", ".", "5", "€"]);
        assert_eq!(word_characters(text)[1..4], [3..7, 7..8, 8..11]);
    }

    #[test]
    fn spans_tag_the_words_that_they_cover() {
        let span = |start, end| TagSpan { start, end, begin: 1, inside: 2 };
        let spans = Tags::Spans { spans: vec![span(0, 7), span(8, 11), span(11, 13)], outside: 0 };
        let words = [0..3, 4..7, 8..11, 11..13, 14..20];
        assert_eq!(tags(&spans, &words, 0), [1, 2, 1, 1, 0]);
        // The words of a later window.
        assert_eq!(tags(&spans, &[0..0, 4..7, 8..11], 0), [0, 2, 1]);
    }
}
