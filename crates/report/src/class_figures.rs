//! [`ClassFigures`]: the figures of a label or a type, which have no value where they are 0 divided by 0.

use embert_run::Metrics;

use crate::counts::Counts;

/// The figures of a label or a type by name, in the order of display; `None` for an undefined one.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct ClassFigures(Vec<(String, Option<f64>)>);

impl ClassFigures {
    /// Precision, recall and F1 of these counts.
    pub(crate) fn of(counts: Counts) -> Self {
        counts.named().into_iter().map(|(name, value)| (name.to_owned(), value)).collect()
    }

    /// The figures that a run recorded. A run records 0 divided by 0 as 0, which only the counts tell from
    /// another 0; without them it stays 0.
    pub(crate) fn recorded(metrics: &Metrics, counts: Option<Counts>) -> Self {
        let known = counts.map(Self::of).unwrap_or_default();
        let figure = |(name, value): (&str, f64)| {
            let is_undefined =
                value == 0.0 && known.0.iter().any(|(other, value)| other == name && value.is_none());
            (name.to_owned(), (!is_undefined).then_some(value))
        };
        metrics.iter().map(figure).collect()
    }

    /// The figure `name`; `None` where there is none or it is undefined.
    pub(crate) fn get(&self, name: &str) -> Option<f64> {
        self.0.iter().find(|(known, _)| known == name).and_then(|(_, value)| *value)
    }

    /// The names of the figures that any of `rows` has, defined or not.
    pub(crate) fn names<'a>(rows: impl IntoIterator<Item = &'a Self>) -> Vec<&'a str> {
        let mut names: Vec<&str> = Vec::new();
        for (name, _) in rows.into_iter().flat_map(|row| &row.0) {
            if !names.contains(&name.as_str()) {
                names.push(name);
            }
        }
        names
    }
}

impl FromIterator<(String, Option<f64>)> for ClassFigures {
    fn from_iter<I: IntoIterator<Item = (String, Option<f64>)>>(figures: I) -> Self {
        Self(figures.into_iter().collect())
    }
}

impl Extend<(String, Option<f64>)> for ClassFigures {
    fn extend<I: IntoIterator<Item = (String, Option<f64>)>>(&mut self, figures: I) {
        self.0.extend(figures);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_zero_that_the_counts_explain_stays_and_another_is_undefined() {
        let metrics: Metrics =
            [("precision", 0.0), ("recall", 0.0), ("f1", 0.0), ("other", 0.0)].into_iter().collect();
        let values = |counts| {
            ClassFigures::recorded(&metrics, counts).0.into_iter().map(|(_, value)| value).collect::<Vec<_>>()
        };
        let counts = |truths, found| Some(Counts { truths, found, right: 0 });
        let zero = Some(0.0);
        assert_eq!(values(None), [zero; 4]);
        assert_eq!(values(counts(2, 3)), [zero; 4]);
        assert_eq!(values(counts(2, 0)), [None, zero, zero, zero]);
        assert_eq!(values(counts(0, 3)), [zero, None, zero, zero]);
        assert_eq!(values(counts(0, 0)), [None, None, None, zero]);
        // A figure of other examples than the counts is not hidden.
        let metrics: Metrics = [("precision", 0.5)].into_iter().collect();
        assert_eq!(ClassFigures::recorded(&metrics, counts(2, 0)).get("precision"), Some(0.5));
    }

    #[test]
    fn an_undefined_figure_has_a_column() {
        let of = |truths, found, right| ClassFigures::of(Counts { truths, found, right });
        let rows = [of(1, 0, 0), of(2, 2, 1)];
        assert_eq!(ClassFigures::names(&rows), ["precision", "recall", "f1"]);
        assert_eq!(
            (rows[0].get("precision"), rows[0].get("f1"), rows[1].get("f1")),
            (None, Some(0.0), Some(0.5))
        );
    }
}
