//! Keys of a card that mean nothing for a task.

use embert_data::Card;

use crate::TaskError;

/// Refuses the keys that say how a row states several labels.
///
/// # Errors
/// The card has one of these keys.
pub(crate) fn refuse_keys_of_several(card: &Card) -> Result<(), TaskError> {
    let keys = [
        ("label_columns", !card.label_columns.is_empty()),
        ("label_separator", card.label_separator.is_some()),
    ];
    refuse(card, &keys, "that is for several labels a text (problem_type = \"multi_label_classification\")")
}

/// Refuses the keys that are set; `instead` says why they mean nothing.
///
/// # Errors
/// One of the keys is set.
pub(crate) fn refuse(
    card: &Card,
    keys: &[(&'static str, bool)],
    instead: &'static str,
) -> Result<(), TaskError> {
    match keys.iter().find(|(_, is_set)| *is_set) {
        None => Ok(()),
        Some((key, _)) => Err(TaskError::UnusedKey { key, dataset: card.name.clone(), instead }),
    }
}
