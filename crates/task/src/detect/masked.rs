//! The columns of texts for masked words, of any data set.

use embert_data::{Card, CardColumns, Row, TaskName};

use super::texts::text_columns;

/// Makes the card of another task one for masked words, and says so. Its metric is one of the other task.
pub(super) fn of_other_task(card: &mut Card) -> Option<String> {
    let other = card.task.filter(|task| *task != TaskName::FillMask)?;
    card.metric = None;
    Some(format!("the card of {} is for {other}: its texts are read, and no labels", card.name))
}

/// Names the column of the texts, or of both texts of pairs, where the card leaves it open and the file has a
/// well-known name.
pub(super) fn name_texts(card: &mut Card, row: &Row, notes: &mut Vec<String>) {
    let columns = &mut card.columns;
    if columns.text != CardColumns::default().text || columns.text_pair.is_some() {
        return;
    }
    match text_columns(row.names()) {
        Some((one, Some(other))) => {
            notes.push(format!("the pairs of texts are in the columns \"{one}\" and \"{other}\""));
            one.clone_into(&mut columns.text);
            columns.text_pair = Some(other.to_owned());
        }
        Some((text, None)) if text != columns.text => {
            notes.push(format!("the texts are in the column \"{text}\""));
            text.clone_into(&mut columns.text);
        }
        _ => {}
    }
}
