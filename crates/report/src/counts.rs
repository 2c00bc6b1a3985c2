//! [`Counts`]: precision, recall and F1 of parts of a split, which a run does not record.

use embert_metrics::names;

/// How many are true, are found, and are both.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Counts {
    pub(crate) truths: usize,
    pub(crate) found: usize,
    pub(crate) right: usize,
}

impl Counts {
    /// The counts of the class `class` of a matrix with a row for each true class and a column for each found
    /// one; `None` beyond the matrix.
    pub(crate) fn of_class(matrix: &[Vec<usize>], class: usize) -> Option<Self> {
        let row = matrix.get(class)?;
        let found = matrix.iter().map(|row| row.get(class)).sum::<Option<usize>>()?;
        Some(Self { truths: row.iter().sum(), found, right: *row.get(class)? })
    }

    /// The counts of all classes together, of which a matrix has `classes` and, for entities, one more row and
    /// column that stand for none.
    pub(crate) fn of_all(matrix: &[Vec<usize>], classes: usize) -> Option<Self> {
        let mut all = Self::default();
        for class in 0..classes {
            let Self { truths, found, right } = Self::of_class(matrix, class)?;
            all.truths += truths;
            all.found += found;
            all.right += right;
        }
        Some(all)
    }

    /// Precision, recall and F1 by name.
    pub(crate) fn named(self) -> [(&'static str, Option<f64>); 3] {
        [(names::PRECISION, self.precision()), (names::RECALL, self.recall()), (names::F1, self.f1())]
    }

    /// The share of what is found that is right; `None` if nothing is found.
    pub(crate) fn precision(self) -> Option<f64> {
        (self.found > 0).then(|| self.right as f64 / self.found as f64)
    }

    /// The share of what is true that is found; `None` if nothing is.
    pub(crate) fn recall(self) -> Option<f64> {
        (self.truths > 0).then(|| self.right as f64 / self.truths as f64)
    }

    /// The harmonic mean of precision and recall; `None` if nothing is true or found.
    pub(crate) fn f1(self) -> Option<f64> {
        let all = self.truths + self.found;
        (all > 0).then(|| 2.0 * self.right as f64 / all as f64)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_are_true_and_columns_found() {
        let matrix = [vec![5, 2, 1], vec![0, 0, 4], vec![3, 0, 0]];
        assert_eq!(Counts::of_class(&matrix, 0), Some(Counts { truths: 8, found: 8, right: 5 }));
        assert_eq!(Counts::of_class(&matrix, 1), Some(Counts { truths: 4, found: 2, right: 0 }));
        // The last is no entity.
        assert_eq!(Counts::of_all(&matrix, 2), Some(Counts { truths: 12, found: 10, right: 5 }));
        assert_eq!((Counts::of_class(&matrix, 3), Counts::of_all(&[vec![1], vec![]], 1)), (None, None));
    }
}
