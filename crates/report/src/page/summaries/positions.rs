//! Where in their texts the chosen sentences stand, and those of the oracle.

use embert_metrics::{ScoredSentence, SummarizedExample};

use super::super::figure::{Figure, Table};
use super::super::lengths::{bin_of, name_of};
use super::super::roc::unit;
use crate::number::{percent, thousands};
use crate::plot::{Ink, Layer, Plot, Ticks};

/// The ends of the bins of a sentence's number in its text, from 1; the last bin is open.
const NUMBERS: [usize; 8] = [1, 2, 3, 4, 5, 10, 20, 40];

/// The share of texts' sentences at each place that are chosen, and that are the oracle's.
pub(super) fn by_position(examples: &[&SummarizedExample], key: &str) -> Figure {
    // Chosen, the oracle's, all.
    let mut counts = [[0_usize; 3]; NUMBERS.len() + 1];
    for example in examples {
        for (number, sentence) in (1..).zip(&example.sentences) {
            let ScoredSentence { is_chosen, is_oracle, .. } = *sentence;
            let bin = &mut counts[bin_of(number, &NUMBERS)];
            for (count, counts_here) in bin.iter_mut().zip([is_chosen, is_oracle, true]) {
                *count += usize::from(counts_here);
            }
        }
    }
    let share = |part: usize, all: usize| part as f64 / all.max(1) as f64;
    let filled: Vec<(String, [usize; 3])> = counts
        .into_iter()
        .enumerate()
        .filter(|(_, [.., all])| *all > 0)
        .map(|(bin, counts)| (name_of(bin, &NUMBERS), counts))
        .collect();
    let dots = |which: usize, up: f64| -> Vec<(f64, f64)> {
        let dot = |(row, (_, counts)): (usize, &(String, [usize; 3]))| {
            (share(counts[which], counts[2]), up - row as f64)
        };
        filled.iter().enumerate().map(dot).collect()
    };
    let (y, y_ticks) =
        Plot::rows(filled.iter().map(|(name, [.., all])| format!("{name} ({})", thousands(*all))));
    let shares = |[chosen, oracle, all]: [usize; 3]| [share(chosen, all), share(oracle, all)].map(percent);
    let told: Vec<String> = filled
        .iter()
        .map(|(name, counts)| {
            let [chosen, oracle] = shares(*counts);
            format!("{name}: {chosen} and {oracle}")
        })
        .collect();
    let rows = filled.iter().map(|(name, counts)| {
        let [chosen, oracle] = shares(*counts);
        vec![name.clone(), chosen, oracle, thousands(counts[2])]
    });
    Figure {
        key: key.to_owned(),
        title: "By place in the text".to_owned(),
        value: None,
        alt: format!(
            "Share of the sentences at each place that are chosen, and that are the oracle's: {}.",
            told.join(", ")
        ),
        plot: Plot {
            id: "sentence-places",
            x: unit(),
            y,
            x_title: "share of the sentences at this place".into(),
            x_ticks: Ticks::Numbers,
            y_ticks,
            layers: vec![
                Layer::Dots { points: dots(0, 0.14), ink: Ink::Series(0) },
                Layer::Dots { points: dots(1, -0.14), ink: Ink::Series(1) },
            ],
        },
        legend: vec![(Ink::Series(0), "chosen".to_owned()), (Ink::Series(1), "oracle".to_owned())],
        note: "By the number of the sentence in its text. The number of sentences is in brackets.".to_owned(),
        table: Table::new(["sentence", "chosen", "oracle", "sentences"], rows.collect()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sentences_are_counted_by_their_numbers() {
        let sentence = |is_chosen: bool, is_oracle: bool| ScoredSentence {
            start: 0,
            end: 1,
            score: None,
            is_chosen,
            is_oracle,
        };
        let example = |sentences: Vec<ScoredSentence>| SummarizedExample {
            split: "test".to_owned(),
            id: 0,
            text: "a".to_owned(),
            sentences,
            references: Vec::new(),
            tokens: 1,
        };
        let one = example(vec![sentence(true, false), sentence(false, true)]);
        let other = example([vec![sentence(true, true)], vec![sentence(false, false); 6]].concat());
        let figure = by_position(&[&one, &other], "");
        assert_eq!(figure.table.rows[0], ["1", "100.0 %", "50.0 %", "2"]);
        assert_eq!(figure.table.rows[1], ["2", "0.0 %", "50.0 %", "2"]);
        assert_eq!(figure.table.rows[5], ["6–10", "0.0 %", "0.0 %", "2"]);
        assert_eq!(figure.table.rows.len(), 6);
    }
}
