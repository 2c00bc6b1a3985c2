//! A text with its entities marked: each mark names the true type and says what is wrong, in words too.

use maud::{Markup, html};

use super::super::texts::{CodePoints, OPEN, shortened_between};
use crate::entities::{Compared, Outcome, Verdict};
use crate::number::percent;
use crate::text::{shortened, visible, without_isolates};

/// The characters of a text that are shown between two marks before the text has to be opened.
const BETWEEN: usize = 60;
/// The most characters of an entity that a mark quotes, and of a type's name.
const QUOTED: usize = 60;

/// A part of a text.
enum Part<'a> {
    Plain(&'a str),
    /// Entities that overlap each other, in the order of the text.
    Entities(Vec<Outcome<'a>>),
}

/// The parts of a text with these entities.
fn parts<'a>(text: &CodePoints<'a>, outcomes: &[Outcome<'a>]) -> Vec<Part<'a>> {
    let mut parts = Vec::new();
    let mut at = 0;
    let mut rest = outcomes;
    while let Some(first) = rest.first() {
        let (start, mut end) = first.range();
        let mut count = 1;
        while let Some(next) = rest.get(count).filter(|next| next.range().0 < end) {
            end = end.max(next.range().1);
            count += 1;
        }
        if at < start {
            parts.push(Part::Plain(text.cut(at, start)));
        }
        parts.push(Part::Entities(rest[..count].to_vec()));
        (at, rest) = (end, &rest[count..]);
    }
    if at < text.len() {
        parts.push(Part::Plain(text.cut(at, text.len())));
    }
    parts
}

/// The text with its entities. Of a long text the parts around the first errors are shown, and the text can
/// be opened.
pub(super) fn marked(compared: &Compared<'_>) -> Markup {
    let text = CodePoints::of(&compared.example.text);
    let parts = parts(&text, &compared.outcomes);
    let whole = html! {
        blockquote dir="auto" {
            @for part in &parts {
                @match part {
                    Part::Plain(plain) => (visible(plain)),
                    Part::Entities(outcomes) => (mark(&text, outcomes)),
                }
            }
        }
    };
    if text.len() <= OPEN {
        return whole;
    }
    html! {
        details class="text whole" {
            summary { (excerpt(&text, &parts)) small { "Whole text" } }
            (whole)
        }
    }
}

/// The parts around the first errors, until they are [`OPEN`] characters.
fn excerpt(text: &CodePoints<'_>, parts: &[Part<'_>]) -> Markup {
    let is_wrong = |part: &Part<'_>| match part {
        Part::Plain(_) => false,
        Part::Entities(outcomes) => outcomes.iter().any(|outcome| !outcome.is_right()),
    };
    let first = parts.iter().position(is_wrong).unwrap_or(0).saturating_sub(1);
    let mut room = OPEN;
    let mut shown = Vec::new();
    for (at, part) in parts.iter().enumerate().skip(first) {
        if room == 0 {
            break;
        }
        match part {
            Part::Plain(plain) => {
                let ends = (at == first, at + 1 == parts.len());
                shown.push(html! { (shortened_between(plain, BETWEEN, ends)) });
                room = room.saturating_sub(plain.chars().count().min(2 * BETWEEN));
            }
            Part::Entities(outcomes) => {
                shown.push(mark(text, outcomes));
                room = room.saturating_sub(length(outcomes));
            }
        }
    }
    let has_more = first + shown.len() < parts.len();
    html! {
        blockquote dir="auto" {
            @if first > 0 { "… " }
            @for part in &shown { (part) }
            @if has_more { " …" }
        }
    }
}

fn length(outcomes: &[Outcome<'_>]) -> usize {
    let (start, end) = around(outcomes);
    end - start
}

/// From the first character of the entities to one past the last.
fn around(outcomes: &[Outcome<'_>]) -> (usize, usize) {
    let ends = outcomes.iter().map(|outcome| outcome.range().1);
    (outcomes.first().map_or(0, |first| first.range().0), ends.max().unwrap_or(0))
}

const fn class(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::Right => "right",
        Verdict::OtherType => "type",
        Verdict::OtherBounds => "bounds",
        Verdict::OtherBoth => "both",
        Verdict::Missed => "missed",
        Verdict::Invented => "invented",
    }
}

/// The text of entities that overlap each other, and what is said of each.
fn mark(text: &CodePoints<'_>, outcomes: &[Outcome<'_>]) -> Markup {
    let verdicts: Vec<Verdict> = outcomes.iter().map(Outcome::verdict).collect();
    // The worst of several.
    let worst = verdicts.iter().copied().max().unwrap_or(Verdict::Right);
    html! {
        mark class=(format!("entity {}", class(worst))) {
            @for (part, of) in pieces(text, outcomes) {
                @match of {
                    Some(class) => span class=(class) { (visible(part)) },
                    None => (visible(part)),
                }
            }
            @for outcome in outcomes {
                small class=(class(outcome.verdict())) { " " bdi { (said(text, outcome, outcomes.len() > 1)) } }
            }
        }
    }
}

/// The text of entities in pieces: those that only a true entity covers (`lost`), that only a found one covers
/// (`extra`), and others.
fn pieces<'a>(text: &CodePoints<'a>, outcomes: &[Outcome<'_>]) -> Vec<(&'a str, Option<&'static str>)> {
    let truths: Vec<(usize, usize)> = outcomes
        .iter()
        .filter_map(|outcome| outcome.truth.map(|entity| (entity.start, entity.end)))
        .collect();
    let found: Vec<(usize, usize)> = outcomes
        .iter()
        .filter_map(|outcome| outcome.found.map(|entity| (entity.start, entity.end)))
        .collect();
    let mut cuts: Vec<usize> = truths.iter().chain(&found).flat_map(|&(start, end)| [start, end]).collect();
    cuts.sort_unstable();
    cuts.dedup();
    let covers =
        |places: &[(usize, usize)], at: usize| places.iter().any(|place| place.0 <= at && at < place.1);
    let piece = |pair: &[usize]| {
        let class = match (covers(&truths, pair[0]), covers(&found, pair[0])) {
            (true, false) => Some("lost"),
            (false, true) => Some("extra"),
            _ => None,
        };
        (text.cut(pair[0], pair[1]), class)
    };
    cuts.windows(2).map(piece).collect()
}

/// A type's name, which is escaped already, or its beginning; a mark is an element with its own direction.
fn name(group: &str) -> String {
    let whole = without_isolates(group);
    match whole.char_indices().nth(QUOTED) {
        Some((end, _)) => format!("{}…", &whole[..end]),
        None => whole,
    }
}

/// What is right or wrong with an entity, in words. `quotes` are needed where others overlap it.
fn said(text: &CodePoints<'_>, outcome: &Outcome<'_>, quotes: bool) -> String {
    let quoted = |(start, end): (usize, usize)| format!("“{}”", shortened(text.cut(start, end), QUOTED));
    let truth = outcome.truth.map(|entity| (name(&entity.entity_group), (entity.start, entity.end)));
    let found = outcome
        .found
        .map(|entity| (name(&entity.entity_group), (entity.start, entity.end), percent(entity.score)));
    let before = |place| if quotes { format!("{} ", quoted(place)) } else { String::new() };
    match (truth, found) {
        (Some((group, place)), None) => format!("{}{group} missed", before(place)),
        (None, Some((group, place, score))) => format!("{}{group} invented, {score}", before(place)),
        (Some((group, place)), Some((other, found, score))) => match outcome.verdict() {
            Verdict::OtherType => format!("{}{group} taken for {other}, {score}", before(place)),
            Verdict::OtherBounds => format!("{}{group} found as {}, {score}", before(place), quoted(found)),
            Verdict::OtherBoth => {
                format!("{}{group} found as {other} {}, {score}", before(place), quoted(found))
            }
            Verdict::Right | Verdict::Missed | Verdict::Invented => format!("{}{group}", before(place)),
        },
        (None, None) => String::new(),
    }
}

/// What the marks mean.
pub(super) fn key() -> Markup {
    let meanings = [
        (Verdict::Right, "right"),
        (Verdict::OtherType, "another type"),
        (Verdict::OtherBounds, "other bounds"),
        (Verdict::OtherBoth, "other type and bounds"),
        (Verdict::Missed, "missed"),
        (Verdict::Invented, "invented"),
    ];
    html! {
        p class="note key" {
            "A mark says the true type, then what was found: "
            @for (place, (verdict, words)) in meanings.into_iter().enumerate() {
                @if place > 0 { " " }
                mark class=(format!("entity {}", class(verdict))) { (words) }
            }
            ". In a mark, " span class="lost" { "what was lost" } " of the true entity, and "
            span class="extra" { "what was added" } " to it. The percentage is the model's score."
        }
    }
}

#[cfg(test)]
mod tests {
    use embert_run::{Entity, PredictedEntity, TaggedExample};

    use super::*;

    fn shown(text: &str, truths: &[(&str, usize, usize)], found: &[(&str, usize, usize)]) -> String {
        let example = TaggedExample {
            split: "test".to_owned(),
            id: 0,
            text: text.to_owned(),
            entities: truths
                .iter()
                .map(|&(group, start, end)| Entity { entity_group: group.to_owned(), start, end })
                .collect(),
            predicted: found
                .iter()
                .map(|&(group, start, end)| PredictedEntity {
                    entity_group: group.to_owned(),
                    score: 0.5,
                    start,
                    end,
                })
                .collect(),
            words: 3,
            tokens: 9,
        };
        marked(&Compared::of(&example)).into_string()
    }

    /// The words of the page, without its markup.
    fn words(html: &str) -> String {
        let parts = html.split('<').map(|part| part.split_once('>').map_or(part, |part| part.1));
        parts.collect::<String>()
    }

    #[test]
    fn every_mark_says_what_it_means() {
        let html = shown("Ms Ökafor in <Lagos>.", &[("PER", 3, 9), ("LOC", 14, 19)], &[("LOC", 14, 19)]);
        assert_eq!(words(&html), "Ms Ökafor PER missed in &lt;Lagos LOC&gt;.");
        assert!(html.contains(r#"<mark class="entity missed"><span class="lost">Ökafor</span>"#), "{html}");
        for (found, expected) in [
            (("LOC", 0, 8), "New York PER taken for LOC, 50.0 % is"),
            (("PER", 4, 8), "New York PER found as “York”, 50.0 % is"),
            (("LOC", 4, 11), "New York is PER found as LOC “York is”, 50.0 %"),
        ] {
            assert_eq!(words(&shown("New York is", &[("PER", 0, 8)], &[found])), expected);
        }
        assert_eq!(words(&shown("a b", &[], &[("X", 2, 3)])), "a b X invented, 50.0 %");
    }

    #[test]
    fn entities_that_overlap_are_one_mark_and_no_letter_is_lost_or_twice() {
        let html = shown("one two three", &[("A", 0, 7), ("B", 4, 13)], &[("A", 0, 13), ("C", 8, 13)]);
        assert_eq!(html.matches("<mark").count(), 1, "{html}");
        let letters: String = html.split("<small").next().map(words).unwrap();
        assert_eq!(letters, "one two three");
        assert!(words(&html).contains("“one two” A found as “one two three”, 50.0 %"), "{html}");
        // Neighbours are two marks.
        assert_eq!(shown("onetwo", &[("A", 0, 3), ("A", 3, 6)], &[]).matches("<mark").count(), 2);
    }

    #[test]
    fn a_long_text_is_cut_around_its_first_error_and_is_all_there() {
        let long = format!("{}Lagos {}", "word ".repeat(300), "more ".repeat(300));
        let html = shown(&long, &[("LOC", 1500, 1505)], &[]);
        let (summary, whole) = html.split_once("</summary>").unwrap();
        assert!(summary.starts_with(r#"<details class="text whole">"#), "{summary}");
        assert!(
            words(summary).starts_with("…") && words(summary).contains("word Lagos LOC missed more"),
            "{summary}"
        );
        assert!(words(summary).chars().count() < 400);
        assert_eq!(words(whole).replace(" LOC missed", ""), long);
    }

    #[test]
    fn texts_and_types_are_never_markup() {
        let html = shown("<b>\u{202e}a", &[("<i>", 0, 5)], &[("\"'>", 0, 5)]);
        assert!(!html.contains("<b>") && !html.contains("<i>") && !html.contains('\u{202e}'), "{html}");
        assert!(html.contains("\\u{202e}"), "{html}");
        let long = shown("a", &[(&"x".repeat(1000), 0, 1)], &[]);
        assert!(words(&long).chars().count() < 80, "{long}");
    }
}
