//! Texts with one label: the predictions of the kept weights, and the examples that a page shows.

use embert_metrics::{Accumulator, Average, Metric, MetricsError, NamedMetric as _, Report, argmax};
use embert_run::{ClassScores, Detail, Example, Metrics, Scores, SplitScores};

/// An example's predicted label and how sure the model is of that label.
pub(crate) trait Decision {
    /// The label with the highest probability; the first of several.
    fn predicted(&self) -> usize;
    /// The probability of the predicted label.
    fn confidence(&self) -> f64;
    fn is_right(&self) -> bool;
    /// The predicted label's probability less the second highest.
    fn margin(&self) -> f64;
}

impl Decision for Example {
    fn predicted(&self) -> usize {
        argmax(&self.probabilities)
    }

    fn confidence(&self) -> f64 {
        self.probabilities[self.predicted()]
    }

    fn is_right(&self) -> bool {
        self.predicted() == self.label
    }

    fn margin(&self) -> f64 {
        let first = self.predicted();
        let others = self.probabilities.iter().enumerate().filter(|(label, _)| *label != first);
        self.confidence() - others.map(|(_, probability)| *probability).fold(0.0, f64::max)
    }
}

/// The examples of one split, with their metrics.
#[derive(Clone, Debug)]
pub(crate) struct Predictions<'a> {
    pub(crate) split: &'a str,
    /// The examples; empty if the run has no `examples.jsonl`.
    pub(crate) examples: Vec<&'a Example>,
    pub(crate) scores: SplitScores,
}

/// The examples by split, validation first, with the metrics that the run's own evaluation wrote. If the run
/// wrote none, as in format 1, the metrics are computed from the examples.
pub(crate) fn by_split<'a>(
    examples: &'a [Example],
    scores: Option<&Scores>,
    labels: usize,
    positive: usize,
) -> Result<Vec<Predictions<'a>>, MetricsError> {
    let average = if labels == 2 { Average::Binary { positive } } else { Average::Macro };
    let mut found = Vec::new();
    for split in ["validation", "test"] {
        let examples: Vec<&Example> = examples.iter().filter(|example| example.split == split).collect();
        let written = scores.and_then(|scores| scores.split(split)).filter(|scores| {
            scores.detail.classes.len() == labels
                && (examples.is_empty() || examples.len() == scores.examples)
        });
        let scores = match written {
            Some(scores) => scores.clone(),
            None if examples.is_empty() => continue,
            None => {
                let mut accumulator = Accumulator::new(labels, average)?;
                for example in &examples {
                    // The loss as in the run's own evaluation.
                    let loss = -example.probabilities[example.label].max(f64::MIN_POSITIVE).ln();
                    accumulator.add(example.label, &example.probabilities, loss)?;
                }
                computed(split, &accumulator.report())
            }
        };
        found.push(Predictions { split, examples, scores });
    }
    Ok(found)
}

fn computed(split: &str, report: &Report) -> SplitScores {
    let named = |figures: [(Metric, f64); 3]| -> Metrics {
        figures.into_iter().map(|(metric, value)| (metric.name(), value)).collect()
    };
    let class = |class: &embert_metrics::ClassScores| ClassScores {
        name: None,
        metrics: named(class.named()),
        examples: class.support,
    };
    let average = |(name, scores): (&str, embert_metrics::Scores)| embert_run::Average {
        name: name.to_owned(),
        metrics: named(scores.named()),
    };
    SplitScores {
        split: split.to_owned(),
        examples: report.examples,
        metrics: Metric::values(report, Metric::displayed()).collect(),
        detail: Detail {
            classes: report.per_class.iter().map(class).collect(),
            averages: report.averages().map(average).into(),
            confusion_matrix: report.confusion_matrix.rows().to_vec(),
            ..Detail::default()
        },
        baselines: Vec::new(),
    }
}

impl<'a> Predictions<'a> {
    /// The wrongly predicted examples, the most confident first.
    pub(crate) fn most_wrong(&self, count: usize) -> Vec<&'a Example> {
        let mut wrong: Vec<&Example> =
            self.examples.iter().copied().filter(|example| !example.is_right()).collect();
        wrong.sort_by(|one, other| other.confidence().total_cmp(&one.confidence()));
        wrong.truncate(count);
        wrong
    }

    /// The examples with the smallest margin, right or wrong, the smallest first.
    pub(crate) fn least_sure(&self, count: usize) -> Vec<&'a Example> {
        let mut examples = self.examples.clone();
        examples.sort_by(|one, other| one.margin().total_cmp(&other.margin()));
        examples.truncate(count);
        examples
    }

    /// Each example's probability of `label`, and whether `label` is its true label.
    pub(crate) fn against_the_rest(&self, label: usize) -> Vec<(f64, bool)> {
        self.examples.iter().map(|example| (example.probabilities[label], example.label == label)).collect()
    }

    /// The accuracy of always predicting `label`.
    pub(crate) fn share_of(&self, label: usize) -> f64 {
        let count = self.examples.iter().filter(|example| example.label == label).count();
        count as f64 / self.examples.len() as f64
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn example(id: u64, label: usize, positive: f64) -> Example {
        Example {
            split: "validation".to_owned(),
            id,
            text: String::new(),
            text_pair: None,
            label,
            probabilities: vec![1.0 - positive, positive],
            tokens: 3,
        }
    }

    #[test]
    fn the_surest_mistakes_and_the_closest_calls_come_first() {
        let examples = [
            example(0, 0, 0.9),
            example(1, 1, 0.2),
            example(2, 1, 0.55),
            example(3, 0, 0.99),
            example(4, 0, 0.01),
        ];
        let splits = by_split(&examples, None, 2, 1).unwrap();
        let ids =
            |examples: Vec<&Example>| -> Vec<u64> { examples.iter().map(|example| example.id).collect() };
        assert_eq!(splits.len(), 1);
        assert_eq!(ids(splits[0].most_wrong(2)), [3, 0]);
        assert_eq!(ids(splits[0].most_wrong(9)), [3, 0, 1]);
        assert_eq!(ids(splits[0].least_sure(2)), [2, 1]);
        assert!(
            (splits[0].scores.metrics.get("accuracy").unwrap() - 0.4).abs() < 1e-12
                && (splits[0].share_of(0) - 0.6).abs() < 1e-12
        );
    }
}
