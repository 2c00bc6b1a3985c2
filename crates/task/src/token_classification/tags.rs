//! [`TagLabels`]: the tags of a data set, and the rule by which a row's values are tags of its words.

use std::collections::BTreeSet;
use std::sync::Arc;

use embert_data::tokenize::words;
use embert_data::{
    Card, LeftOut, LoadedRows, LocatedRow, Location, Row, Span, SpannedText, SplitRows, Value, shown,
    spans_of,
};
use embert_metrics::{Place, Recognized, Scheme, SchemeEvidence, SchemeFit, to_iob2};

use super::example::{TagSpan, Tags, TokenExample};
use crate::card_keys;
use crate::labels::problem::quoted;
use crate::pairs::document;
use crate::{ExampleProblem, LabelOptions, LabelProblem, LabelSet, TaskError};

/// The tags of a data set in the data set's order: `O`, then each type's tags.
#[derive(Clone, Debug)]
pub struct TagLabels {
    /// The tags.
    pub set: LabelSet,
    /// The scheme of [`set`](Self::set): the data's, but IOB2 where the data have IOB1.
    pub scheme: Scheme,
    /// The scheme of the tags in the files.
    pub(super) of_files: Scheme,
    /// The names of the files' tag numbers.
    names: Option<Arc<[String]>>,
    /// Whether tags have types, as `B-PER` has; where all entities are of one kind, `B` may have none.
    have_types: bool,
    pub(super) options: LabelOptions,
}

impl TagLabels {
    /// Decides the scheme of the tags, and which tags there are.
    pub(super) fn read(
        card: &Card,
        rows: &LoadedRows,
        skip: bool,
        options: LabelOptions,
    ) -> Result<(Self, Vec<String>), TaskError> {
        let keys = [("positive", card.positive.is_some()), ("class_numbers", card.class_numbers)];
        card_keys::refuse(card, &keys, "that is for text-classification")?;
        check_options(card, options)?;
        let column = column(card);
        let refuse = |problem| TaskError::Labels { column: column.to_owned(), problem: Box::new(problem) };
        let stated = match (options.scheme, &card.scheme) {
            (Some(scheme), _) => Some(scheme),
            // The card's reader has checked the word.
            (None, Some(name)) => name.parse().ok(),
            (None, None) => None,
        };
        let names = names_of_numbers(card, rows).map_err(refuse)?;
        let used = || rows.splits.iter().zip(rows.used()).filter(|(_, used)| *used);
        let located = || used().flat_map(|(split, _)| split.rows.iter().map(move |row| (split, row)));

        if card.columns.entities.is_some() {
            let (mut kinds, mut left_out) = (BTreeSet::new(), LeftOut::default());
            for (_, row) in located() {
                // A row with a problem is reported, or skipped, where the row becomes an example.
                if let Ok(Some(found)) = spans_of(&row.row, &card.columns) {
                    kinds.extend(found.spans.into_iter().flatten().map(|span| span.label));
                    left_out += found.left_out;
                }
            }
            let scheme = Scheme::Iob2;
            let of_kinds = |kinds: &BTreeSet<String>| -> Vec<String> {
                kinds.iter().flat_map(|kind| [format!("B-{kind}"), format!("I-{kind}")]).collect()
            };
            // A card names the types, or the tags.
            let is_tag =
                |label: &String| label == super::OUTSIDE || (label.contains('-') && scheme.has(label));
            // A type may look like a tag, as "B-cell" does.
            let are_tags =
                card.labels.iter().all(is_tag) && card.labels.iter().all(|label| !kinds.contains(label));
            let stated = if are_tags {
                card.labels.clone()
            } else {
                of_kinds(&card.labels.iter().filter(|label| *label != super::OUTSIDE).cloned().collect())
            };
            let set = set(&stated, of_kinds(&kinds));
            let labels = Self { set, scheme, of_files: scheme, names, have_types: true, options };
            return Ok((labels, left_out.notes()));
        }

        let (mut evidence, mut places) = (SchemeEvidence::default(), Vec::new());
        for (split, row) in located() {
            match tags_of(row.row.get(column), names.as_deref()) {
                Ok(Some(tags)) => {
                    evidence.add(&tags);
                    places.push((split, row));
                }
                Err(ExampleProblem::TagNumber { .. }) if !skip && names.is_none() => {
                    return Err(refuse(LabelProblem::TagNumbers { location: row.location.clone() }));
                }
                // A row with another problem is reported, or skipped, where it becomes an example.
                Ok(None) | Err(_) => {}
            }
        }
        let tag_of = |row: &Row, index: usize| {
            let tags = tags_of(row.get(column), names.as_deref()).ok().flatten();
            tags.and_then(|tags| Some(quoted(tags.get(index)?))).unwrap_or_default()
        };
        let of_files = scheme(stated, &evidence, &places, skip, &tag_of).map_err(refuse)?;
        let mut notes = Vec::new();
        let scheme = if of_files == Scheme::Iob1 { Scheme::Iob2 } else { of_files };
        if of_files != scheme {
            notes.push("the tags are in the scheme IOB1: they are turned into IOB2".to_owned());
        }
        let mut found = BTreeSet::new();
        // Rows with a tag that the scheme does not have are reported, or skipped, later.
        let (mut evidence, mut places) = (SchemeEvidence::default(), Vec::new());
        for (split, row) in located() {
            if let Ok(Some(tags)) = tags_of(row.row.get(column), names.as_deref())
                && of_files.check(&tags).is_ok()
            {
                evidence.add(&tags);
                places.push((split, row));
                found.extend(in_scheme(tags, of_files).unwrap_or_default());
            }
        }
        notes.extend(misplaced(&evidence, of_files, &places, &tag_of));
        let have_types = found.iter().any(|tag| tag.contains('-'));
        found.retain(|tag| !have_types || tag == super::OUTSIDE || tag.contains('-'));
        // Names that a file or a card states are all labels, in their order.
        let set = match &names {
            Some(names) if of_files == scheme => LabelSet::new(names.to_vec(), None),
            names => set(names.as_deref().unwrap_or_default(), found.into_iter().collect()),
        };
        Ok((Self { set, scheme, of_files, names, have_types, options }, notes))
    }

    /// The example of a row.
    pub(super) fn example(&self, card: &Card, id: u64, row: &Row) -> Result<TokenExample, ExampleProblem> {
        let document = document(card, row);
        if card.columns.entities.is_some() {
            let found = spans_of(row, &card.columns)?;
            let Some(SpannedText { text, spans: Some(spans), .. }) = found else {
                return Err(ExampleProblem::NoLabel { minus_one: false });
            };
            let outside = self.position(super::OUTSIDE).unwrap_or_default();
            let tags = Tags::Spans { spans: self.spans(&text, &spans)?, outside };
            return Ok(TokenExample { tags, document, ..TokenExample::of_text(id, text) });
        }
        let words = row.words(tokens_column(card))?;
        if words.is_empty() {
            return Err(ExampleProblem::NoWords);
        }
        let Some(tags) = tags_of(row.get(column(card)), self.names.as_deref())? else {
            return Err(ExampleProblem::NoLabel { minus_one: is_minus_one(row.get(column(card))) });
        };
        if tags.len() != words.len() {
            return Err(ExampleProblem::WordsAndTags { words: words.len(), tags: tags.len() });
        }
        let tags = in_scheme(tags, self.of_files).map_err(|error| ExampleProblem::Tag {
            word: error.index + 1,
            text: quoted(words[error.index]),
            tag: quoted(&error.tag),
            scheme: error.scheme,
        })?;
        let is_typeless = |tag: &String| self.have_types && tag != super::OUTSIDE && !tag.contains('-');
        if let Some(index) = tags.iter().position(is_typeless) {
            let (text, tag) = (quoted(words[index]), quoted(&tags[index]));
            return Err(ExampleProblem::NoType { word: index + 1, text, tag });
        }
        let position = |(index, tag): (usize, &String)| {
            self.position(tag).ok_or_else(|| ExampleProblem::UnknownTag {
                word: index + 1,
                text: quoted(words[index]),
                tag: quoted(tag),
                known: self.set.shared_names(),
            })
        };
        let tags = tags.iter().enumerate().map(position).collect::<Result<_, _>>()?;
        Ok(TokenExample { tags: Tags::OfWords(tags), document, ..TokenExample::of_words(id, &words) })
    }

    fn position(&self, tag: &str) -> Option<usize> {
        self.set.names().iter().position(|known| known == tag)
    }

    /// The spans of a text in its order, with their tags.
    fn spans(&self, text: &str, spans: &[Span]) -> Result<Vec<TagSpan>, ExampleProblem> {
        let characters: Vec<char> = text.chars().collect();
        let words = words(text);
        let mut found = Vec::with_capacity(spans.len());
        for span in spans {
            let said = || said(span, &characters);
            // A span without what is no word's at its ends: annotators often select the space after a word.
            let first = words.partition_point(|word| word.end <= span.start);
            let last = words.partition_point(|word| word.start < span.end);
            if first >= last {
                return Err(ExampleProblem::EmptySpan { span: said() });
            }
            let (start, end) = (words[first].start, words[last - 1].end);
            if (start < span.start || span.end < end) && !self.options.widen_spans {
                let counts_differ = characters.iter().any(|character| character.len_utf16() > 1);
                let word = words.iter().find(|word| {
                    let is_cut = |border| word.start < border && border < word.end;
                    is_cut(span.start) || is_cut(span.end)
                });
                let word = word.map(|word| quoted(&characters[word.clone()].iter().collect::<String>()));
                return Err(ExampleProblem::CutSpan {
                    span: said(),
                    word: word.unwrap_or_default(),
                    counts_differ,
                });
            }
            let position = |prefix: &str| self.position(&format!("{prefix}-{}", span.label));
            let (Some(begin), Some(inside)) = (position("B"), position("I")) else {
                let kinds = self.set.names().iter().filter_map(|tag| tag.strip_prefix("B-"));
                return Err(ExampleProblem::UnknownLabel {
                    found: quoted(&span.label),
                    known: kinds.map(str::to_owned).collect(),
                    similar: None,
                });
            };
            found.push((TagSpan { start, end, begin, inside }, said()));
        }
        found.sort_by_key(|(span, _)| (span.start, span.end));
        if let Some([(_, one), (_, other)]) =
            found.array_windows().find(|[(one, _), (next, _)]| next.start < one.end)
        {
            return Err(ExampleProblem::Overlap { one: one.clone(), other: other.clone() });
        }
        Ok(found.into_iter().map(|(span, _)| span).collect())
    }
}

/// The column of words.
pub(super) fn tokens_column(card: &Card) -> &str {
    card.columns.tokens.as_deref().unwrap_or("tokens")
}

/// The column of tags, or of spans.
pub(super) fn column(card: &Card) -> &str {
    card.columns.entities.as_deref().or(card.columns.tags.as_deref()).unwrap_or("tags")
}

/// A span with its text, for messages: `PER 3..9 "Okafor"`.
fn said(span: &Span, characters: &[char]) -> String {
    let text: String = characters[span.start..span.end].iter().collect();
    format!("{} {}..{} {}", quoted(&span.label), span.start, span.end, quoted(&text))
}

/// The names of tag numbers, as the files or the card state them.
fn names_of_numbers(card: &Card, rows: &LoadedRows) -> Result<Option<Arc<[String]>>, LabelProblem> {
    let files = rows.splits.iter().flat_map(|split| &split.files);
    let mut stated = files.filter_map(|file| Some((&file.path, file.class_names.as_ref()?)));
    let Some((path, names)) = stated.next() else {
        return Ok((!card.labels.is_empty()).then(|| card.labels.as_slice().into()));
    };
    if let Some((other, other_names)) = stated.find(|(_, other)| *other != names) {
        return Err(LabelProblem::FileNames {
            path: path.clone(),
            names: names.clone(),
            other: other.clone(),
            other_names: other_names.clone(),
        });
    }
    if !card.labels.is_empty() && card.labels != *names {
        let (card, file) = (card.labels.clone(), names.clone());
        return Err(LabelProblem::CardNames { card, path: path.clone(), file });
    }
    Ok(Some(names.as_slice().into()))
}

/// The tags of a row as names; `None` for a row without tags.
fn tags_of(value: Option<&Value>, names: Option<&[String]>) -> Result<Option<Vec<String>>, ExampleProblem> {
    let values = match value {
        None | Some(Value::Null) => return Ok(None),
        Some(Value::List(values)) => values,
        Some(other) => return Err(ExampleProblem::NoTags { found: shown(&other.to_string()) }),
    };
    if !values.is_empty() && values.iter().all(|value| matches!(value, Value::Null | Value::Integer(-1))) {
        return Ok(None);
    }
    let tag = |(index, value): (usize, &Value)| match value {
        Value::Text(text) => Ok(text.trim().to_owned()),
        Value::Integer(number) => {
            let known = names.unwrap_or_default();
            let name = usize::try_from(*number).ok().and_then(|number| known.get(number));
            name.cloned().ok_or(ExampleProblem::TagNumber {
                word: index + 1,
                number: *number,
                known: known.len(),
            })
        }
        other => Err(ExampleProblem::NoTag { word: index + 1, found: shown(&other.to_string()) }),
    };
    values.iter().enumerate().map(tag).collect::<Result<_, _>>().map(Some)
}

fn is_minus_one(value: Option<&Value>) -> bool {
    matches!(value, Some(Value::List(values)) if values.contains(&Value::Integer(-1)))
}

/// The tags as they are, checked, or turned from IOB1 into IOB2.
fn in_scheme(tags: Vec<String>, scheme: Scheme) -> Result<Vec<String>, embert_metrics::TagError> {
    match scheme {
        Scheme::Iob1 => to_iob2(&tags, scheme),
        Scheme::Iob2 | Scheme::Iobes | Scheme::Bilou => scheme.check(&tags).map(|()| tags),
    }
}

/// The scheme of the files' tags.
fn scheme(
    stated: Option<Scheme>,
    evidence: &SchemeEvidence,
    places: &[(&SplitRows, &LocatedRow)],
    skip: bool,
    tag_of: &impl Fn(&Row, usize) -> String,
) -> Result<Scheme, LabelProblem> {
    let at = |place: Place| located(places, place);
    if let Some(stated) = stated {
        let Some(found) = others(evidence, stated) else { return Ok(stated) };
        let Some(place) = evidence.fit(stated).first else { return Ok(stated) };
        let tag = tag_of(&places[place.sequence].1.row, place.index);
        let (location, word) = at(place);
        return Err(LabelProblem::OtherScheme { stated, found, place: (location, word, tag) });
    }
    match evidence.recognized() {
        Recognized::One(scheme) => Ok(scheme),
        Recognized::Open => Ok(Scheme::Iob2),
        Recognized::Contradictory { against_iob1, against_iob2 } => {
            Err(LabelProblem::Schemes { iob2: at(against_iob1), iob1: at(against_iob2) })
        }
        // A tag of no scheme is reported with its row, which may be skipped.
        Recognized::No(Some(_)) if skip => Ok(Scheme::Iob2),
        Recognized::No(place) => {
            let with_tag = |place: Place| {
                let (location, word) = at(place);
                (location, word, tag_of(&places[place.sequence].1.row, place.index))
            };
            Err(LabelProblem::NoScheme { place: place.map(with_tag) })
        }
    }
}

/// Where a tag is: the row, or in CoNLL columns the word's own line, and the number of the word, from 1.
fn located(places: &[(&SplitRows, &LocatedRow)], place: Place) -> (Location, usize) {
    let (split, row) = places[place.sequence];
    (split.word_location(&row.location, place.index + 1), place.index + 1)
}

/// The schemes that the tags are in, where they contradict the stated one: another scheme is kept to
/// throughout, or no tag has a prefix that only the stated one has.
fn others(evidence: &SchemeEvidence, stated: Scheme) -> Option<Vec<Scheme>> {
    let fit = evidence.fit(stated);
    // A tag that the stated scheme does not have is reported with its row.
    if fit.breaks == 0 || fit.foreign > 0 {
        return None;
    }
    let mut found = evidence.valid();
    let is_long = matches!(stated, Scheme::Iobes | Scheme::Bilou);
    if found.is_empty() && is_long && evidence.fit(Scheme::Iob2).foreign == 0 {
        found = vec![Scheme::Iob1, Scheme::Iob2];
    }
    (!found.is_empty()).then_some(found)
}

/// A note on tags that the scheme has, and does not allow where they stand.
fn misplaced(
    evidence: &SchemeEvidence,
    scheme: Scheme,
    places: &[(&SplitRows, &LocatedRow)],
    tag_of: &impl Fn(&Row, usize) -> String,
) -> Option<String> {
    let SchemeFit { breaks, first, .. } = evidence.fit(scheme);
    let first = first?;
    let (location, word) = located(places, first);
    let tag = tag_of(&places[first.sequence].1.row, first.index);
    Some(format!(
        "the tags break their scheme, {scheme}, in {breaks} place(s), with {} words in entities; the first is {location} \
         (word {word}, {tag}): they are kept as they are, and f1_strict counts no such entity",
        evidence.labelled()
    ))
}

/// Refuses options that mean nothing for the form of the data.
fn check_options(card: &Card, options: LabelOptions) -> Result<(), TaskError> {
    let refuse = |key, found: String, expected: &str| {
        Err(TaskError::Setting { key, found, expected: expected.to_owned() })
    };
    match (&card.columns.entities, options.scheme) {
        (Some(_), Some(scheme)) => {
            refuse("data.scheme", scheme.to_string(), "none: the data have spans of characters, and no tags")
        }
        (None, _) if options.widen_spans => {
            refuse("data.widen_spans", "true".to_owned(), "false: the data have tags of words, and no spans")
        }
        _ => Ok(()),
    }
}

/// The stated tags in their order, with what follows from them: each type's further tags, and `O`. Without
/// stated tags those that were found, in the usual order: `O`, then each type's tags.
fn set(stated: &[String], mut tags: Vec<String>) -> LabelSet {
    let key = |tag: &String| match tag.split_once('-') {
        None => (0, String::new(), tag.clone()),
        Some((prefix, kind)) => (1, kind.to_owned(), prefix.to_owned()),
    };
    tags.sort_by_key(key);
    if !tags.iter().any(|tag| tag == super::OUTSIDE) {
        tags.insert(0, super::OUTSIDE.to_owned());
    }
    if stated.is_empty() {
        return LabelSet::new(tags, None);
    }
    // Tags of other types are reported with their rows.
    let kind = |tag: &str| tag.split_once('-').map(|(_, kind)| kind.to_owned());
    let kinds: BTreeSet<_> = stated.iter().map(|tag| kind(tag)).collect();
    tags.retain(|tag| !stated.contains(tag) && (tag == super::OUTSIDE || kinds.contains(&kind(tag))));
    let (outside, more): (Vec<String>, Vec<String>) = tags.into_iter().partition(|tag| tag == super::OUTSIDE);
    LabelSet::new([outside.as_slice(), stated, more.as_slice()].concat(), None)
}
