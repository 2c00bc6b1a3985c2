//! A context with the true answers and the given one marked: a line below what is true, a dotted line above
//! what is given, and words after both.

use maud::{Markup, html};

use super::super::texts::{CodePoints, OPEN, shortened_between, text as plain_text};
use crate::answers::Answered;
use crate::number::{counted, percent, thousands};
use crate::text::{shortened, visible};

/// The characters around a mark that are shown before the context has to be opened, and of a marked piece at
/// either end.
const AROUND: usize = 100;
/// The most places of a context that its excerpt shows; the given answer is always shown.
const MOST_PLACES: usize = 4;
/// The most characters of a context that can be opened: of a longer one the excerpt is all.
const MOST_OPENED: usize = 10_000;
/// The most characters of an answer that a mark quotes.
const QUOTED: usize = 60;

/// From the first character to one past the last.
type Span = (usize, usize);

/// A stretch of the context that answers cover without a gap.
struct Place {
    start: usize,
    end: usize,
    /// The true answers, each once, in the order of the text.
    truths: Vec<Span>,
    given: Option<Span>,
}

/// The places of a context that are marked, in their order. Empty answers have none.
fn places(one: &Answered<'_>) -> Vec<Place> {
    let predicted = &one.example.predicted;
    let given = (!one.given.is_empty()).then_some((predicted.start, predicted.end));
    let truths = one.example.answers.iter().map(|answer| ((answer.start, answer.end), true));
    let mut spans: Vec<(Span, bool)> = truths.chain(given.map(|span| (span, false))).collect();
    spans.retain(|((start, end), _)| start < end);
    spans.sort_unstable();
    spans.dedup();
    let mut places: Vec<Place> = Vec::new();
    for (span, is_true) in spans {
        let overlaps = places.last().is_some_and(|place| span.0 < place.end);
        if !overlaps {
            places.push(Place { start: span.0, end: span.1, truths: Vec::new(), given: None });
        }
        if let Some(place) = places.last_mut() {
            place.end = place.end.max(span.1);
            if is_true {
                place.truths.push(span);
            } else {
                place.given = Some(span);
            }
        }
    }
    places
}

/// The context with its answers. Of a long context the parts around the marks are shown, and the context can
/// be opened, unless it is very long.
pub(super) fn marked(one: &Answered<'_>) -> Markup {
    let text = CodePoints::of(&one.example.context);
    let places = places(one);
    let score = percent(one.score());
    if text.len() <= OPEN {
        return html! { blockquote dir="auto" { (whole(&text, &places, &score)) } };
    }
    let excerpt = html! { blockquote dir="auto" { (excerpt(&text, &places, &score)) } };
    if text.len() > MOST_OPENED {
        return html! {
            (excerpt)
            p class="note" { "Cut from a context of " (counted(text.len(), "character")) "." }
        };
    }
    if places.is_empty() {
        return plain_text(&one.example.context);
    }
    html! {
        details class="text whole" {
            summary { (excerpt) small { "Whole context" } }
            blockquote dir="auto" { (whole(&text, &places, &score)) }
        }
    }
}

/// Each place, with the end of the place before it.
fn with_ends<'a>(places: &[&'a Place]) -> Vec<(usize, &'a Place)> {
    let ends = std::iter::once(0).chain(places.iter().map(|place| place.end));
    ends.zip(places.iter().copied()).collect()
}

fn whole(text: &CodePoints<'_>, places: &[Place], score: &str) -> Markup {
    let places: Vec<&Place> = places.iter().collect();
    let last = places.last().map_or(0, |place| place.end);
    html! {
        @for (before, place) in with_ends(&places) {
            (visible(text.cut(before, place.start)))
            (mark(text, place, score, false))
        }
        (visible(text.cut(last, text.len())))
    }
}

fn excerpt(text: &CodePoints<'_>, places: &[Place], score: &str) -> Markup {
    let shown: Vec<&Place> = places
        .iter()
        .enumerate()
        .filter(|(number, place)| *number < MOST_PLACES || place.given.is_some())
        .map(|(_, place)| place)
        .collect();
    let left_out = places.len() - shown.len();
    html! {
        @for (before, place) in with_ends(&shown) {
            (shortened_between(text.cut(before, place.start), AROUND, (before == 0, false)))
            (mark(text, place, score, true))
        }
        @match shown.last() {
            Some(last) => (shortened_between(text.cut(last.end, text.len()), AROUND, (false, true))),
            None => { (visible(text.cut(0, OPEN))) " …" },
        }
        @if left_out > 0 { " " small { "(" (thousands(left_out)) " more true)" } }
    }
}

/// The text of a place in pieces, each with the lines of the answers that cover it, and what the lines are.
fn mark(text: &CodePoints<'_>, place: &Place, score: &str, is_cut: bool) -> Markup {
    let mut cuts: Vec<usize> =
        place.truths.iter().chain(&place.given).flat_map(|&(start, end)| [start, end]).collect();
    cuts.sort_unstable();
    cuts.dedup();
    let class = |at: usize| {
        let covers = |span: &Span| span.0 <= at && at < span.1;
        match (place.truths.iter().any(covers), place.given.iter().any(covers)) {
            (true, true) => "true given",
            (true, false) => "true",
            (false, _) => "given",
        }
    };
    // Neighbours of one class are one piece.
    let mut pieces: Vec<(Span, &str)> = Vec::new();
    for pair in cuts.windows(2) {
        let (span, class) = ((pair[0], pair[1]), class(pair[0]));
        match pieces.last_mut() {
            Some((last, before)) if *before == class => last.1 = span.1,
            _ => pieces.push((span, class)),
        }
    }
    html! {
        mark class="answer" {
            @for ((start, end), class) in pieces {
                @let piece = text.cut(start, end);
                span class=(class) {
                    @if is_cut { (shortened_between(piece, AROUND, (false, false))) } @else { (visible(piece)) }
                }
            }
            small { " " bdi { (said(text, place, score)) } }
        }
    }
}

/// What the marks of a place are, in words. Answers are quoted where the given one is none of the true ones.
fn said(text: &CodePoints<'_>, place: &Place, score: &str) -> String {
    let quoted = |span: Span| format!(" “{}”", shortened(text.cut(span.0, span.1), QUOTED));
    match (place.truths.as_slice(), place.given) {
        ([], _) => format!("given, {score}"),
        (_, None) => "true".to_owned(),
        (truths, Some(given)) if truths.contains(&given) => format!("true and given, {score}"),
        ([first, others @ ..], Some(given)) => {
            let more = if others.is_empty() { String::new() } else { format!(" and {} more", others.len()) };
            format!("true{}{more}, given{}, {score}", quoted(*first), quoted(given))
        }
    }
}

/// What the marks mean.
pub(super) fn key() -> Markup {
    html! {
        p class="note key" {
            mark class="answer" { span class="true" { "a line below" } } " is a true answer, "
            mark class="answer" { span class="given" { "a dotted line above" } } " the answer that the question is given, and "
            mark class="answer" { span class="true given" { "both lines" } } " are what the two share. The percentage is the answer's score."
        }
    }
}

#[cfg(test)]
mod tests {
    use embert_run::{AnsweredExample, PredictedAnswer, TrueAnswer};

    use super::*;

    fn shown(context: &str, truths: &[Span], predicted: Span) -> String {
        let text = CodePoints::of(context);
        let cut = |span: Span| text.cut(span.0, span.1).to_owned();
        let example = AnsweredExample {
            split: "test".to_owned(),
            id: 0,
            question_id: String::new(),
            question: String::new(),
            context: context.to_owned(),
            answers: truths
                .iter()
                .map(|&span| TrueAnswer { text: cut(span), start: span.0, end: span.1 })
                .collect(),
            predicted: PredictedAnswer {
                text: cut(predicted),
                score: 0.5,
                start: predicted.0,
                end: predicted.1,
            },
            null_odds: None,
            tokens: 9,
        };
        marked(&Answered::of(&example, None).unwrap()).into_string()
    }

    /// The words of the page, without its markup.
    fn words(html: &str) -> String {
        let parts = html.split('<').map(|part| part.split_once('>').map_or(part, |part| part.1));
        parts.collect::<String>()
    }

    /// The marked pieces with their classes.
    fn pieces(html: &str) -> Vec<String> {
        let parts = html.split("<span class=\"").skip(1);
        parts.map(|part| part.split("</span>").next().unwrap().replace("\">", ": ")).collect()
    }

    #[test]
    fn true_and_given_answers_have_marks_of_their_own() {
        let html = shown("Ms Ökafor 👩‍✈️ flew <from> Lagos.", &[(3, 9)], (27, 32));
        assert_eq!(pieces(&html), ["true: Ökafor", "given: Lagos"]);
        assert_eq!(words(&html), "Ms Ökafor true 👩‍✈️ flew &lt;from&gt; Lagos given, 50.0 %.");
        let html = shown("Ms Okafor flew", &[(3, 9), (3, 9)], (3, 9));
        assert_eq!(pieces(&html), ["true given: Okafor"]);
        assert_eq!(words(&html), "Ms Okafor true and given, 50.0 % flew");
        // An empty answer has no mark, and neighbours do not overlap.
        assert_eq!(pieces(&shown("one two", &[(0, 3)], (3, 3))), ["true: one"]);
        assert_eq!(shown("onetwo", &[(0, 3)], (3, 6)).matches("<mark").count(), 2);
    }

    #[test]
    fn an_overlap_is_shown_and_no_letter_is_lost_or_twice() {
        let html = shown("one two three four", &[(0, 7), (4, 13)], (8, 18));
        assert_eq!(html.matches("<mark").count(), 1, "{html}");
        assert_eq!(pieces(&html), ["true: one two ", "true given: three", "given:  four"]);
        assert_eq!(words(&html), "one two three four true “one two” and 1 more, given “three four”, 50.0 %");
    }

    #[test]
    fn a_long_context_is_cut_around_its_marks_and_can_be_opened() {
        let long =
            format!("{}Lagos {}Kyoto {}", "word ".repeat(100), "more ".repeat(200), "last ".repeat(100));
        let html = shown(&long, &[(500, 505)], (1506, 1511));
        let (summary, whole) = html.split_once("</summary>").unwrap();
        let cut = words(summary);
        assert!(summary.starts_with(r#"<details class="text whole">"#), "{summary}");
        assert!(cut.starts_with("… word") && cut.contains("word Lagos true more"), "{cut}");
        assert!(
            cut.contains("more … more") && cut.contains("Kyoto given, 50.0 % last") && cut.contains("last …"),
            "{cut}"
        );
        assert!(cut.chars().count() < 600, "{cut}");
        assert_eq!(words(whole).replace(" true", "").replace(" given, 50.0 %", ""), long);
        // Without marks the beginning is shown.
        let none = shown(&long, &[], (0, 0));
        assert!(words(&none).starts_with("word word") && !none.contains("<mark"), "{none}");
    }

    #[test]
    fn the_excerpt_of_a_very_long_context_is_all_and_has_the_given_answer() {
        let long = "x ".repeat(50_000);
        let truths: Vec<Span> = (0..20).map(|place| (place * 4_000, place * 4_000 + 1_001)).collect();
        let html = shown(&long, &truths, (99_000, 99_001));
        assert!(html.len() < 5_000, "{}", html.len());
        let cut = words(&html);
        assert!(
            cut.contains("Cut from a context of 100,000 characters.") && cut.contains("(16 more true)"),
            "{cut}"
        );
        assert!(cut.contains("x given, 50.0 %"), "{cut}");
        assert_eq!(html.matches("<mark").count(), 5);
        let none = shown(&long, &[], (0, 0));
        assert!(none.len() < 1_000 && words(&none).contains("Cut from a context"), "{none}");
    }

    #[test]
    fn contexts_are_never_markup() {
        let html = shown("<b>\u{202e}a</mark>", &[(0, 2)], (2, 5));
        assert!(!html.contains("<b>") && !html.contains("a</mark>") && !html.contains('\u{202e}'), "{html}");
        assert!(html.contains("\\u{202e}") && html.contains("&lt;/mark&gt;"), "{html}");
    }
}
