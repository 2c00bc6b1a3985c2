//! [`LabelSet`]: label names and their indices.

use crate::TaskError;

/// The labels of a data set, in its order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LabelSet {
    names: Vec<String>,
    positive: usize,
}

impl LabelSet {
    /// A set of these labels; `positive` is the positive class of binary metrics, by default the last label.
    pub fn new(names: Vec<String>, positive: Option<&str>) -> Self {
        let positive = positive
            .and_then(|positive| names.iter().position(|name| name == positive))
            .unwrap_or(names.len().saturating_sub(1));
        Self { names, positive }
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

    /// True without any label.
    pub fn is_empty(&self) -> bool {
        self.names.is_empty()
    }

    /// Numbers our labels as a classifier with the labels `checkpoint` does, whatever order it has them in. A classifier
    /// whose labels were never named (`LABEL_0`, `LABEL_1`, ...) takes ours in our order, which
    /// [`LabelMapping::pairing`] says.
    ///
    /// # Errors
    /// The names are others, or more, or fewer.
    pub fn reconcile(&self, checkpoint: &[String]) -> Result<LabelMapping, TaskError> {
        let conflict =
            || TaskError::LabelConflict { data: self.names.clone(), checkpoint: checkpoint.to_vec() };
        if checkpoint.len() != self.len() {
            return Err(conflict());
        }
        // By name first: our own labels may be LABEL_0, LABEL_1, LABEL_10, in this order.
        let ids: Option<Vec<usize>> =
            self.names.iter().map(|name| checkpoint.iter().position(|other| other == name)).collect();
        if let Some(ids) = ids {
            return Ok(LabelMapping { ids, pairing: None });
        }
        let pairing = self.pairing(checkpoint).ok_or_else(conflict)?;
        // LABEL_1 is what class number 1 is called where nobody named it.
        let are_class_numbers = self.names.iter().enumerate().all(|(index, name)| *name == index.to_string());
        let pairing = (!are_class_numbers).then_some(pairing);
        Ok(LabelMapping { ids: (0..self.len()).collect(), pairing })
    }

    /// What a user should know where these labels take the places of a classifier's that were never named; `None` where
    /// they have names.
    pub fn pairing(&self, checkpoint: &[String]) -> Option<String> {
        const SHOWN: usize = 20;
        if !is_unnamed(checkpoint) {
            return None;
        }
        let pairs = checkpoint.iter().zip(&self.names).map(|(theirs, ours)| format!("{theirs} = {ours}"));
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

/// True for a classifier with the labels `LABEL_0`, `LABEL_1`, ..., which `transformers` gives to labels without names.
pub fn is_unnamed(checkpoint: &[String]) -> bool {
    checkpoint.iter().enumerate().all(|(index, name)| *name == format!("LABEL_{index}"))
}

/// From a data set's label indices to a classifier's.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LabelMapping {
    ids: Vec<usize>,
    pairing: Option<String>,
}

impl LabelMapping {
    /// The classifier's index of the data set's label `index`.
    ///
    /// # Panics
    /// `index` is no label of the data set.
    pub fn id(&self, index: usize) -> usize {
        self.ids[index]
    }

    /// What a user should know where labels were paired by order alone: the pairing, and how to state it.
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
        // Class number 1 is what LABEL_1 stands for, and a label that is named is paired by its name.
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
