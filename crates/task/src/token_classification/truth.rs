//! True tags beside predicted ones: which words there are, and which tags they have.

use std::ops::Range;

use embert_data::Splits;
use embert_data::tokenize::{Encoding, words};
use embert_metrics::{argmax, entities};
use embert_run::{Entity, PredictedEntity, TaggedExample};

use super::aggregation::OUTSIDE;
use super::example::{TagSpan, Tags, TokenExample};
use super::prediction::{PredictedToken, TokenPrediction};
use super::tags::TagLabels;
use crate::labels::problem::few;

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
pub(super) fn tags(tags: &Tags, words: &[Range<usize>]) -> Vec<usize> {
    let (spans, outside) = match tags {
        // Nobody asks for them.
        Tags::Unknown => return vec![0; words.len()],
        Tags::OfWords(tags) => return tags.clone(),
        Tags::Spans { spans, outside } => (spans, *outside),
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

/// A span that no tags of `words` say: it begins or ends within a word, or, where the words are those of the
/// whole text, it has no word.
pub(super) fn unsaid<'a>(tags: &'a Tags, words: &[Range<usize>], are_all: bool) -> Option<&'a TagSpan> {
    let Tags::Spans { spans, .. } = tags else { return None };
    let words: Vec<&Range<usize>> = words.iter().filter(|word| !word.is_empty()).collect();
    spans.iter().find(|span| {
        let first = words.partition_point(|word| word.end <= span.start);
        let last = words.partition_point(|word| word.start < span.end);
        if first >= last {
            return are_all;
        }
        // The first word of a window may be the rest of a word, and its last one a beginning.
        let begins_within = words[first].start < span.start;
        begins_within || words[last - 1].end > span.end
    })
}

/// A word of a text with its true tag and, unless the word was cut off, its first token.
pub(super) struct Judged<'a> {
    pub(super) characters: Range<usize>,
    pub(super) truth: usize,
    pub(super) token: Option<&'a PredictedToken>,
}

impl Judged<'_> {
    /// The most probable tag; `None` for a word without a token, which was cut off.
    pub(super) fn predicted(&self) -> Option<usize> {
        self.token.map(|token| argmax(&token.probabilities))
    }
}

/// The words of an example with their first tokens.
pub(super) fn judged<'a>(example: &TokenExample, prediction: &'a TokenPrediction) -> Vec<Judged<'a>> {
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
        let words = words(&example.text);
        make_whole(&mut found, &words);
        if prediction.is_cut {
            add_unread(&mut found, &words);
        }
    }
    let (words, first): (Vec<_>, Vec<_>) = found.into_iter().unzip();
    let truths = tags(&example.tags, &words);
    let word = |((characters, truth), token)| Judged { characters, truth, token };
    words.into_iter().zip(truths).zip(first).map(word).collect()
}

/// Gives each word that was read the range of the word in the text: tokens lack what the tokenizer removes, as
/// an accent at the word's end, and what was cut off. `words` are the text's.
fn make_whole(read: &mut [(Range<usize>, Option<&PredictedToken>)], words: &[Range<usize>]) {
    let mut before = 0;
    for index in 0..read.len() {
        let after = read.get(index + 1).map_or(usize::MAX, |(next, _)| next.start);
        let range = &mut read[index].0;
        let first = words.partition_point(|word| word.end <= range.start);
        let last = words.partition_point(|word| word.start < range.end);
        // An added token may be a part of a word, or several words.
        if first < last {
            range.start = words[first].start.max(before).min(range.start);
            range.end = words[last - 1].end.min(after).max(range.end);
        }
        before = range.end;
    }
}

/// Adds the words of a text that the model has not read: they are none of `read`, which are in the text's order.
fn add_unread(read: &mut Vec<(Range<usize>, Option<&PredictedToken>)>, words: &[Range<usize>]) {
    let is_unread = |word: &&Range<usize>| {
        let next = read.partition_point(|(read, _)| read.end <= word.start);
        read.get(next).is_none_or(|(read, _)| word.end <= read.start)
    };
    let unread: Vec<_> = words.iter().filter(is_unread).map(|word| (word.clone(), None)).collect();
    read.extend(unread);
    read.sort_by_key(|(word, _)| word.start);
}

/// The line of `examples.jsonl`: entities as the scorer counts them. The true ones are the data's own spans.
pub(super) fn record(
    outside: Option<usize>,
    labels: &[String],
    split: &str,
    example: &TokenExample,
    prediction: &TokenPrediction,
    tokens: usize,
) -> TaggedExample {
    let words = judged(example, prediction);
    let truths: Vec<&str> = words.iter().map(|word| labels[word.truth].as_str()).collect();
    let tag = |word: &Judged<'_>| word.predicted().or(outside).map_or(OUTSIDE, |tag| labels[tag].as_str());
    let predicted: Vec<&str> = words.iter().map(tag).collect();
    let true_entities: Vec<Entity> = if let Tags::Spans { spans, .. } = &example.tags {
        spans.iter().map(|span| of_span(span, labels)).collect()
    } else {
        let of_words = entities(&truths).into_iter().map(|entity| Entity {
            entity_group: entity.kind.to_owned(),
            start: words[entity.start].characters.start,
            end: words[entity.end - 1].characters.end,
        });
        of_words.collect()
    };
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
        entities: true_entities,
        predicted: found.collect(),
        words: words.len(),
        tokens,
    }
}

/// A span of the data as an entity.
fn of_span(span: &TagSpan, labels: &[String]) -> Entity {
    let tag = labels[span.begin].as_str();
    let kind = tag.split_once('-').map_or(tag, |(_, kind)| kind);
    Entity { entity_group: kind.to_owned(), start: span.start, end: span.end }
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
    use super::*;

    #[test]
    fn spans_tag_the_words_that_they_cover() {
        let span = |start, end| TagSpan { start, end, begin: 1, inside: 2 };
        let spans = Tags::Spans { spans: vec![span(0, 7), span(8, 11), span(11, 13)], outside: 0 };
        let words = [0..3, 4..7, 8..11, 11..13, 14..20];
        assert_eq!(tags(&spans, &words), [1, 2, 1, 1, 0]);
        assert_eq!(unsaid(&spans, &words, true), None);
        // The words of a later window.
        assert_eq!(tags(&spans, &[0..0, 4..7, 8..11]), [0, 2, 1]);
        assert_eq!(unsaid(&spans, &[0..0, 4..7, 8..11], false), None);
        assert_eq!(unsaid(&spans, &[0..0, 4..7, 8..11], true), Some(&span(11, 13)));
        // A tokenizer that takes two spans for one word.
        assert_eq!(unsaid(&spans, &[0..3, 4..7, 8..13], true), Some(&span(8, 11)));
        assert_eq!(unsaid(&spans, &[0..5, 5..11, 11..13], true), Some(&span(0, 7)));
    }

    #[test]
    fn words_are_whole_also_where_tokens_lack_a_part() {
        let of = |ranges: &[Range<usize>]| -> Vec<Range<usize>> {
            let mut read: Vec<_> = ranges.iter().map(|range| (range.clone(), None)).collect();
            make_whole(&mut read, &[0..5, 6..9, 9..12, 14..20]);
            read.into_iter().map(|(range, _)| range).collect()
        };
        assert_eq!(of(&[0..4, 7..9, 14..16]), [0..5, 6..9, 14..20]);
        // A token of two words, and two tokens of one word.
        assert_eq!(of(&[6..12, 14..16, 16..18, 18..19]), [6..12, 14..16, 16..18, 18..20]);
    }
}
