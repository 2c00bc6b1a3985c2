//! [`LabelSet`]: label names and their indices.

use std::collections::BTreeSet;
use std::fmt;

use crate::error::{DataError, RowProblem};
use crate::row::{Example, Value};

/// A label as a file has it, once it is known that it can be one.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum RawLabel {
    /// A number.
    Integer(i64),
    /// A name, or a number in a format that has only text.
    Text(String),
}

impl RawLabel {
    /// The label that a cell of `column` holds.
    pub(crate) fn of(value: Value, column: &str) -> Result<Self, RowProblem> {
        let refuse =
            |found| RowProblem::Type { column: column.to_owned(), found, expected: "a text or an integer" };
        match value {
            Value::Integer(number) => Ok(Self::Integer(number)),
            Value::Boolean(value) => Ok(Self::Integer(value.into())),
            Value::Text(name) => Ok(Self::Text(name)),
            Value::Null => Err(RowProblem::Null { column: column.to_owned(), expected: "a label" }),
            Value::Float(_) | Value::List(_) => Err(refuse(value.to_string())),
        }
    }
}

impl fmt::Display for RawLabel {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Integer(number) => number.fmt(f),
            Self::Text(text) => write!(f, "\"{text}\""),
        }
    }
}

/// The labels of a data set, in its order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LabelSet {
    names: Vec<String>,
    positive: usize,
}

impl LabelSet {
    /// These labels; `positive` is the one that binary metrics are about, by default the last.
    pub fn new(names: Vec<String>, positive: Option<&str>) -> Self {
        let positive = positive
            .and_then(|positive| names.iter().position(|name| name == positive))
            .unwrap_or(names.len().saturating_sub(1));
        Self { names, positive }
    }

    /// The labels that occur: numbers in their order, else names in theirs.
    pub(crate) fn discovered(found: &BTreeSet<RawLabel>) -> Self {
        let distinct: BTreeSet<String> = found.iter().map(name).collect();
        let mut names: Vec<String> = distinct.into_iter().collect();
        if names.iter().all(|name| name.parse::<i64>().is_ok()) {
            names.sort_by_key(|name| name.parse::<i64>().unwrap_or_default());
        }
        Self::new(names, None)
    }

    /// The names, by index.
    pub fn names(&self) -> &[String] {
        &self.names
    }

    /// The index of the positive label.
    pub fn positive(&self) -> usize {
        self.positive
    }

    /// The number of labels.
    pub fn len(&self) -> usize {
        self.names.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.names.is_empty()
    }

    /// The index that a file's label means: it is a name, or a number that is an index. Where names are numbers themselves, a
    /// number is only ever a name.
    pub(crate) fn index(&self, label: &RawLabel) -> Result<usize, RowProblem> {
        let name = name(label);
        let position = self.names.iter().position(|known| *known == name).or_else(|| {
            let index = name.parse().ok().filter(|index| *index < self.names.len())?;
            self.names.iter().all(|known| known.parse::<i64>().is_err()).then_some(index)
        });
        position
            .ok_or_else(|| RowProblem::UnknownLabel { found: label.to_string(), known: self.names.clone() })
    }

    /// Numbers our labels as a classifier with the labels `checkpoint` does, whatever order it has them in. A classifier
    /// whose labels were never named (`LABEL_0`, `LABEL_1`, ...) takes ours in our order.
    ///
    /// # Errors
    /// The names are others, or more, or fewer.
    pub fn reconcile(&self, checkpoint: &[String]) -> Result<LabelMapping, DataError> {
        let unnamed = checkpoint.iter().enumerate().all(|(index, name)| *name == format!("LABEL_{index}"));
        if checkpoint.len() == self.len() && unnamed {
            return Ok(LabelMapping((0..self.len()).collect()));
        }
        let ids: Option<Vec<usize>> =
            self.names.iter().map(|name| checkpoint.iter().position(|other| other == name)).collect();
        match ids {
            Some(ids) if checkpoint.len() == self.len() => Ok(LabelMapping(ids)),
            _ => Err(DataError::LabelConflict { data: self.names.clone(), checkpoint: checkpoint.to_vec() }),
        }
    }
}

fn name(label: &RawLabel) -> String {
    match label {
        RawLabel::Integer(number) => number.to_string(),
        RawLabel::Text(name) => name.clone(),
    }
}

/// From a data set's label indices to a classifier's.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LabelMapping(Vec<usize>);

impl LabelMapping {
    /// The classifier's index of the data set's label `index`.
    ///
    /// # Panics
    /// `index` is no label of the data set.
    pub fn id(&self, index: usize) -> usize {
        self.0[index]
    }

    /// The examples, their labels numbered as the classifier does.
    pub fn apply(&self, mut examples: Vec<Example>) -> Vec<Example> {
        for example in &mut examples {
            example.label = example.label.map(|label| self.id(label));
        }
        examples
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn set(names: &[&str]) -> LabelSet {
        LabelSet::new(names.iter().map(|&name| name.to_owned()).collect(), None)
    }

    fn strings(names: &[&str]) -> Vec<String> {
        names.iter().map(|&name| name.to_owned()).collect()
    }

    #[test]
    fn a_checkpoints_order_wins() {
        let mapping =
            set(&["neg", "neutral", "pos"]).reconcile(&strings(&["pos", "neg", "neutral"])).unwrap();
        assert_eq!([mapping.id(0), mapping.id(1), mapping.id(2)], [1, 2, 0]);
    }

    #[test]
    fn unnamed_labels_take_our_names_and_others_conflict() {
        let labels = set(&["neg", "pos"]);
        assert_eq!(labels.reconcile(&strings(&["LABEL_0", "LABEL_1"])).unwrap().id(1), 1);
        for other in
            [&["LABEL_0", "LABEL_1", "LABEL_2"][..], &["no", "yes"], &["neg", "pos", "mixed"], &["neg"]]
        {
            let message = labels.reconcile(&strings(other)).unwrap_err().to_string();
            assert!(message.contains("neg") && message.contains(other[0]), "{message}");
        }
    }

    #[test]
    fn integers_are_indices_and_names_are_names() {
        let labels = set(&["neg", "pos"]);
        assert_eq!(labels.index(&RawLabel::Integer(1)), Ok(1));
        assert_eq!(labels.index(&RawLabel::Text("0".into())), Ok(0));
        assert_eq!(labels.index(&RawLabel::Text("pos".into())), Ok(1));
        for unknown in [RawLabel::Integer(2), RawLabel::Integer(-1), RawLabel::Text("Pos".into())] {
            assert!(labels.index(&unknown).is_err(), "{unknown}");
        }
    }

    #[test]
    fn where_names_are_numbers_a_number_is_no_index() {
        let stars = set(&["1", "2", "3"]);
        assert_eq!(stars.index(&RawLabel::Integer(1)), Ok(0));
        assert_eq!(stars.index(&RawLabel::Text("3".into())), Ok(2));
        assert!(stars.index(&RawLabel::Integer(0)).is_err());
        assert!(stars.index(&RawLabel::Text("0".into())).is_err());
        let padded = LabelSet::discovered(&["10", "01", "02"].map(|name| RawLabel::Text(name.into())).into());
        assert_eq!(padded.names(), ["01", "02", "10"]);
        assert_eq!(padded.index(&RawLabel::Text("01".into())), Ok(0));
        // The same number, once with quotes around it.
        let both = LabelSet::discovered(
            &[RawLabel::Integer(1), RawLabel::Text("1".into()), RawLabel::Integer(0)].into(),
        );
        assert_eq!(both.names(), ["0", "1"]);
    }

    #[test]
    fn discovered_integers_are_in_their_order() {
        let found = [RawLabel::Integer(10), RawLabel::Integer(2), RawLabel::Integer(-1)].into();
        assert_eq!(LabelSet::discovered(&found).names(), ["-1", "2", "10"]);
        let found = [RawLabel::Text("b".into()), RawLabel::Text("a".into())].into();
        assert_eq!(LabelSet::discovered(&found).names(), ["a", "b"]);
    }

    #[test]
    fn the_positive_label_is_named_or_the_last() {
        assert_eq!(set(&["neg", "pos"]).positive(), 1);
        assert_eq!(LabelSet::new(strings(&["spam", "ham"]), Some("spam")).positive(), 0);
    }
}
