//! The plots of a split with entities.

use super::super::figure::{Figure, Table};
use super::super::lengths::{bin_of, name_of};
use super::super::roc::unit;
use super::types::Types;
use crate::counts::Counts;
use crate::entities::{Compared, Outcome, Verdict};
use crate::number::{counted, or_dash, percent, thousands};
use crate::plot::{Ink, Layer, MOST_ROWS, Plot, Ticks, range};
use embert_metrics::names;

/// Precision, recall and F1 of each type as dots in a row of their own.
pub(super) fn by_type(types: &Types, key: &str) -> Option<Figure> {
    let shown = types.largest(MOST_ROWS);
    let left_out = types.rows.len() - shown.len();
    let named =
        [(names::F1, "F1", 0), (names::PRECISION, names::PRECISION, 1), (names::RECALL, names::RECALL, 2)];
    let dots = |name: &str, up: f64| -> Vec<(f64, f64)> {
        let dot =
            |(row, &index): (usize, &usize)| Some((types.rows[index].figures.get(name)?, up - row as f64));
        shown.iter().enumerate().filter_map(dot).collect()
    };
    let layers: Vec<Layer> = named
        .iter()
        .zip([0.0, 0.22, -0.22])
        .map(|((name, _, ink), up)| Layer::Dots { points: dots(name, up), ink: Ink::Series(*ink) })
        .collect();
    let (y, y_ticks) = Plot::rows(shown.iter().map(|&index| types.rows[index].name.clone()));
    let f1 = |&&index: &&usize| types.rows[index].figures.get(names::F1);
    let best = shown.iter().filter(|index| f1(index).is_some());
    let best = best.max_by(|one, other| f1(one).unwrap_or(0.0).total_cmp(&f1(other).unwrap_or(0.0)))?;
    let best = &types.rows[*best];
    let rows = types.rows.iter().map(|row| {
        let figures = named.iter().map(|(name, ..)| or_dash(row.figures.get(name)));
        std::iter::once(row.name.clone()).chain(figures).chain([thousands(row.support)]).collect()
    });
    let note = match left_out {
        0 => String::new(),
        left_out => format!(
            "The {} types with the most entities; {} left out, which the table has.",
            shown.len(),
            if left_out == 1 { "1 is".to_owned() } else { format!("{} are", thousands(left_out)) }
        ),
    };
    Some(Figure {
        key: key.to_owned(),
        title: "Scores by type".to_owned(),
        value: None,
        alt: format!(
            "Precision, recall and F1 of {}. {} has the best F1, {}.",
            counted(shown.len(), "type"),
            best.name,
            or_dash(best.figures.get(names::F1))
        ),
        plot: Plot {
            id: "types",
            x: unit(),
            y,
            x_title: "precision, recall and F1".into(),
            x_ticks: Ticks::Numbers,
            y_ticks,
            layers,
        },
        legend: named.iter().map(|(_, title, ink)| (Ink::Series(*ink), (*title).to_owned())).collect(),
        note,
        table: Table::new(["type", "F1", names::PRECISION, names::RECALL, "entities"], rows.collect()),
    })
}

/// The shares of the kinds of errors.
pub(super) fn errors(compared: &[Compared<'_>], key: &str) -> Option<Figure> {
    let of = |verdict| compared.iter().map(|one| one.count(verdict)).sum::<usize>();
    let counts = Verdict::ERRORS.map(of);
    let all = counts.iter().sum::<usize>();
    if all == 0 {
        return None;
    }
    let share = |count: usize| count as f64 / all as f64;
    let names = Verdict::ERRORS.map(|verdict| match verdict {
        Verdict::Right => "right",
        Verdict::OtherType => "type",
        Verdict::OtherBounds => "bounds",
        Verdict::OtherBoth => "both",
        Verdict::Missed => "missed",
        Verdict::Invented => "invented",
    });
    let rows = Verdict::ERRORS
        .iter()
        .zip(counts)
        .map(|(verdict, count)| vec![verdict.counted().to_owned(), thousands(count), percent(share(count))]);
    let told: Vec<String> = Verdict::ERRORS
        .iter()
        .zip(counts)
        .map(|(verdict, count)| format!("{} {}", percent(share(count)), verdict.counted()))
        .collect();
    let bars = counts.iter().enumerate().map(|(at, &count)| (at as f64 - 0.4, at as f64 + 0.4, share(count)));
    Some(Figure {
        key: key.to_owned(),
        title: "Errors by kind".to_owned(),
        value: Some(counted(all, "error")),
        alt: format!("The shares of the kinds of errors: {}.", told.join(", ")),
        plot: Plot {
            id: "errors",
            x: -0.5..counts.len() as f64 - 0.5,
            y: range(counts.map(share), true),
            x_title: "kind of error".into(),
            x_ticks: Ticks::names(names.into_iter().map(str::to_owned)),
            y_ticks: Ticks::Numbers,
            layers: vec![Layer::Bars { bars: bars.collect(), ink: Ink::Series(0) }],
        },
        legend: Vec::new(),
        note: "An entity that overlaps a true one has another type, other bounds, or both; one that overlaps none is invented."
            .to_owned(),
        table: Table::new(["errors", "number", "share"], rows.collect()),
    })
}

/// The ends of the bins of lengths; the last bin is open.
const WORDS: [usize; 4] = [1, 2, 3, 4];
const CHARACTERS: [usize; 5] = [1, 2, 4, 8, 16];
const TEXT_WORDS: [usize; 7] = [5, 10, 20, 40, 80, 160, 320];

/// F1 by the length of entities: in words, or in characters where no entity has a space, as in Chinese.
pub(super) fn by_entity_length(compared: &[Compared<'_>], key: &str) -> Option<Figure> {
    let lengths: Vec<Lengths> = compared.iter().map(Lengths::of).collect();
    let in_words = lengths.iter().any(|one| one.words.iter().any(|(truth, found)| truth.max(found) > &1));
    let ends: &[usize] = if in_words { &WORDS } else { &CHARACTERS };
    let mut bins = vec![Counts::default(); ends.len() + 1];
    for (one, lengths) in compared.iter().zip(&lengths) {
        let lengths = if in_words { &lengths.words } else { &lengths.characters };
        for (outcome, &(truth, found)) in one.outcomes.iter().zip(lengths) {
            if outcome.truth.is_some() {
                bins[bin_of(truth, ends)].truths += 1;
            }
            if outcome.found.is_some() {
                bins[bin_of(found, ends)].found += 1;
            }
            // Both have the same length then.
            bins[bin_of(truth, ends)].right += usize::from(outcome.is_right());
        }
    }
    let unit = if in_words { "words" } else { "characters" };
    let by_length =
        ByLength { id: "entity-lengths", title: "F1 by length of the entity", what: "entities", unit };
    by_length.figure(&bins, ends, key)
}

/// F1 by the number of words of the text.
pub(super) fn by_text_length(compared: &[Compared<'_>], key: &str) -> Option<Figure> {
    let mut bins = vec![Counts::default(); TEXT_WORDS.len() + 1];
    for one in compared {
        let bin = &mut bins[bin_of(one.example.words, &TEXT_WORDS)];
        one.outcomes.iter().for_each(|outcome| bin.add(outcome));
    }
    let by_length =
        ByLength { id: "text-lengths", title: "F1 by length of the text", what: "texts", unit: "words" };
    by_length.figure(&bins, &TEXT_WORDS, key)
}

/// The lengths of the true and the found entity of each outcome; 0 where there is none.
struct Lengths {
    words: Vec<(usize, usize)>,
    characters: Vec<(usize, usize)>,
}

impl Lengths {
    fn of(compared: &Compared<'_>) -> Self {
        let text = &compared.example.text;
        let starts: Vec<usize> = text.char_indices().map(|(at, _)| at).chain([text.len()]).collect();
        let places = |outcome: &Outcome<'_>| {
            let truth = outcome.truth.map_or((0, 0), |entity| (entity.start, entity.end));
            (truth, outcome.found.map_or((0, 0), |entity| (entity.start, entity.end)))
        };
        let words = |(start, end): (usize, usize)| {
            // An entity of spaces alone is one word too.
            let words = text[starts[start]..starts[end]].split_whitespace().count();
            if start == end { 0 } else { words.max(1) }
        };
        let places: Vec<_> = compared.outcomes.iter().map(places).collect();
        Self {
            words: places.iter().map(|&(truth, found)| (words(truth), words(found))).collect(),
            characters: places.iter().map(|(truth, found)| (truth.1 - truth.0, found.1 - found.0)).collect(),
        }
    }
}

/// A plot of F1 over lengths.
struct ByLength {
    id: &'static str,
    title: &'static str,
    /// What has the length.
    what: &'static str,
    /// What the length counts.
    unit: &'static str,
}

impl ByLength {
    fn figure(&self, bins: &[Counts], ends: &[usize], key: &str) -> Option<Figure> {
        let filled: Vec<(usize, Counts)> =
            bins.iter().copied().enumerate().filter(|(_, counts)| counts.truths + counts.found > 0).collect();
        let bars = filled
            .iter()
            .enumerate()
            .map(|(at, (_, counts))| (at as f64 - 0.4, at as f64 + 0.4, counts.f1().unwrap_or(0.0)));
        let name = |bin: usize| name_of(bin, ends);
        let told: Vec<String> = filled
            .iter()
            .map(|(bin, counts)| format!("{} with {} {}", or_dash(counts.f1()), name(*bin), self.unit))
            .collect();
        let rows = filled.iter().map(|(bin, counts)| {
            vec![
                name(*bin),
                or_dash(counts.f1()),
                or_dash(counts.precision()),
                or_dash(counts.recall()),
                thousands(counts.truths),
                thousands(counts.found),
            ]
        });
        (!filled.is_empty()).then(|| Figure {
            key: key.to_owned(),
            title: self.title.to_owned(),
            value: None,
            alt: format!("F1 by the length of {}: {}.", self.what, told.join(", ")),
            plot: Plot {
                id: self.id,
                x: -0.5..filled.len() as f64 - 0.5,
                y: 0.0..1.02,
                x_title: format!("{} of the {}", self.unit, self.what).into(),
                x_ticks: Ticks::names(filled.iter().map(|(bin, _)| name(*bin))),
                y_ticks: Ticks::Numbers,
                layers: vec![Layer::Bars { bars: bars.collect(), ink: Ink::Series(0) }],
            },
            legend: Vec::new(),
            note: String::new(),
            table: Table::new(
                [self.unit, "F1", names::PRECISION, names::RECALL, "true entities", "found"],
                rows.collect(),
            ),
        })
    }
}

#[cfg(test)]
mod tests {
    use embert_run::{Entity, PredictedEntity, TaggedExample};

    use super::*;

    fn example(text: &str, truth: (usize, usize), found: (usize, usize)) -> TaggedExample {
        let group = || "A".to_owned();
        TaggedExample {
            split: "test".to_owned(),
            id: 0,
            text: text.to_owned(),
            entities: vec![Entity { entity_group: group(), start: truth.0, end: truth.1 }],
            predicted: vec![PredictedEntity {
                entity_group: group(),
                score: 0.5,
                start: found.0,
                end: found.1,
            }],
            words: 3,
            tokens: 9,
        }
    }

    #[test]
    fn a_long_entity_found_short_counts_in_both_bins() {
        let right = example("äöü New York", (4, 12), (4, 12));
        let short = example("äöü New York", (4, 12), (4, 7));
        let compared = [Compared::of(&right), Compared::of(&short)];
        let figure = by_entity_length(&compared, "").unwrap();
        assert_eq!(figure.table.headings[0], "words");
        let rows: Vec<String> = figure.table.rows.iter().map(|row| row.join(" ")).collect();
        assert_eq!(rows, ["1 0.0000 0.0000 – 0 1", "2 0.6667 1.0000 0.5000 2 1"]);
        let text = by_text_length(&compared, "").unwrap();
        assert_eq!(text.table.rows, [["1–5", "0.5000", "0.5000", "0.5000", "2", "2"]]);
    }

    #[test]
    fn without_spaces_a_length_is_in_characters() {
        let found = example("東京都", (0, 2), (0, 3));
        let figure = by_entity_length(&[Compared::of(&found)], "").unwrap();
        assert_eq!(figure.table.headings[0], "characters");
        assert_eq!(figure.table.rows.len(), 2);
        assert!(errors(&[Compared::of(&found)], "").unwrap().alt.contains("100.0 % with other bounds"));
    }
}
