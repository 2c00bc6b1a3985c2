//! [`LabelSet`]: label names and their indices.

use std::sync::Arc;

use crate::TaskError;

/// The names of a data set's labels, in the data set's order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LabelSet {
    names: Arc<[String]>,
    positive: usize,
}

impl LabelSet {
    /// A set of the labels `names`; `positive` is the name of the positive label in binary metrics, by
    /// default the last label.
    pub fn new(names: Vec<String>, positive: Option<&str>) -> Self {
        let positive = positive
            .and_then(|positive| names.iter().position(|name| name == positive))
            .unwrap_or(names.len().saturating_sub(1));
        Self { names: names.into(), positive }
    }

    /// The labels' names, in the data set's order.
    pub fn names(&self) -> &[String] {
        &self.names
    }

    /// The index of the positive label.
    pub fn positive(&self) -> usize {
        self.positive
    }

    /// The names, shared.
    pub(crate) fn shared_names(&self) -> Arc<[String]> {
        Arc::clone(&self.names)
    }

    /// The number of labels.
    pub fn len(&self) -> usize {
        self.names.len()
    }

    /// Whether the set has no labels.
    pub fn is_empty(&self) -> bool {
        self.names.is_empty()
    }

    /// Pairs the data set's labels with a classifier's labels `checkpoint`, by name, whatever the order. A
    /// classifier that never named its labels (`LABEL_0`, `LABEL_1`, ...) is paired by order;
    /// [`LabelMapping::pairing`] is then a warning, unless the data set's names are the class numbers
    /// themselves.
    ///
    /// # Errors
    /// The classifier has other names, or more or fewer labels.
    pub fn reconcile(&self, checkpoint: &[String]) -> Result<LabelMapping, TaskError> {
        let conflict =
            || TaskError::LabelConflict { data: self.names.to_vec(), checkpoint: checkpoint.to_vec() };
        if checkpoint.len() != self.len() {
            return Err(conflict());
        }
        // By name first: the data set's labels may be LABEL_0, LABEL_1, LABEL_10, in this order.
        let ids: Option<Vec<usize>> =
            self.names.iter().map(|name| checkpoint.iter().position(|other| other == name)).collect();
        if let Some(ids) = ids {
            return Ok(LabelMapping { ids, pairing: None });
        }
        let pairing = self.pairing(checkpoint).ok_or_else(conflict)?;
        // LABEL_1 is the name that `transformers` gives to class number 1: this pairing needs no warning.
        let are_class_numbers = self.names.iter().enumerate().all(|(index, name)| *name == index.to_string());
        let pairing = (!are_class_numbers).then_some(pairing);
        Ok(LabelMapping { ids: (0..self.len()).collect(), pairing })
    }

    /// As [`reconcile`](Self::reconcile), but the classifier may have labels that the data set lacks: a data
    /// set need not have every type of entity that a checkpoint knows.
    ///
    /// # Errors
    /// The classifier lacks a label of the data set.
    pub fn reconcile_with_more(&self, checkpoint: &[String]) -> Result<LabelMapping, TaskError> {
        let ids: Option<Vec<usize>> =
            self.names.iter().map(|name| checkpoint.iter().position(|other| other == name)).collect();
        match ids {
            Some(ids) => Ok(LabelMapping { ids, pairing: None }),
            None => self.reconcile(checkpoint),
        }
    }

    /// The names of the labels in the order of the head's outputs: the checkpoint's, or this set's where the
    /// checkpoint's classifier never named its labels.
    pub(crate) fn names_of_head(&self, mapping: &LabelMapping, checkpoint: &[String]) -> Vec<String> {
        if mapping.pairing().is_some() { self.names.to_vec() } else { checkpoint.to_vec() }
    }

    /// The warning that the data set's labels are paired by order with a classifier that never named its
    /// labels; `None` for a classifier with names.
    pub fn pairing(&self, checkpoint: &[String]) -> Option<String> {
        const SHOWN: usize = 20;
        if !is_unnamed(checkpoint) {
            return None;
        }
        let pairs =
            checkpoint.iter().zip(self.names.iter()).map(|(theirs, ours)| format!("{theirs} = {ours}"));
        let mut pairs: Vec<String> = pairs.take(SHOWN).collect();
        if self.len() > SHOWN {
            pairs.push(format!("and {} more", self.len() - SHOWN));
        }
        Some(format!(
            "warning: the checkpoint's classifier doesn't name its labels; they are paired with the data set's by order: {}. \
             If the classifier was trained in another order, every result is wrong: state the pairing as \"id2label\" in the \
             checkpoint's config.json, or list the labels in the classifier's order in a card (labels = [...])",
            pairs.join(", ")
        ))
    }
}

/// True for a classifier with the labels `LABEL_0`, `LABEL_1`, ..., the names that `transformers` gives to
/// labels without names.
pub fn is_unnamed(checkpoint: &[String]) -> bool {
    checkpoint.iter().enumerate().all(|(index, name)| *name == format!("LABEL_{index}"))
}

/// The classifier's number of each label of a data set.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LabelMapping {
    ids: Vec<usize>,
    pairing: Option<String>,
}

impl LabelMapping {
    /// The head's number of the label with the data set's number `index`.
    ///
    /// # Panics
    /// The data set has no label with this number.
    pub fn id(&self, index: usize) -> usize {
        self.ids[index]
    }

    /// A warning if labels were paired by order alone: the pairing, and how to state the right one.
    pub fn pairing(&self) -> Option<&str> {
        self.pairing.as_deref()
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
    fn labels_without_names_are_paired_by_order_and_the_pairing_is_said() {
        let unnamed = strings(&["LABEL_0", "LABEL_1"]);
        let mapping = set(&["a_pos", "b_neg"]).reconcile(&unnamed).unwrap();
        assert_eq!([mapping.id(0), mapping.id(1)], [0, 1]);
        let pairing = mapping.pairing().unwrap();
        for part in ["LABEL_0 = a_pos, LABEL_1 = b_neg", "id2label", "labels = [...]"] {
            assert!(pairing.contains(part), "{pairing}");
        }
        // LABEL_1 stands for class number 1, and a named label is paired by name.
        assert_eq!(set(&["0", "1"]).reconcile(&unnamed).unwrap().pairing(), None);
        assert_eq!(set(&["neg", "pos"]).reconcile(&strings(&["pos", "neg"])).unwrap().pairing(), None);
        assert!(set(&["1", "2"]).reconcile(&unnamed).unwrap().pairing().is_some());
    }

    /// Sorted as texts, `LABEL_10` comes before `LABEL_2`.
    #[test]
    fn labels_that_are_called_like_unnamed_ones_are_paired_by_name() {
        let checkpoint: Vec<String> = (0..12).map(|index| format!("LABEL_{index}")).collect();
        let mut sorted = checkpoint.clone();
        sorted.sort();
        let mapping = LabelSet::new(sorted, None).reconcile(&checkpoint).unwrap();
        assert_eq!(mapping.pairing(), None);
        assert_eq!([0, 1, 2, 3, 4].map(|index| mapping.id(index)), [0, 1, 10, 11, 2]);
    }

    #[test]
    fn the_positive_label_is_named_or_the_last() {
        assert_eq!(set(&["neg", "pos"]).positive(), 1);
        assert_eq!(LabelSet::new(strings(&["spam", "ham"]), Some("spam")).positive(), 0);
    }
}
