//! Plain lines: each is a text.

use super::bytes::Text;
use super::{Located, numbered_lines};
use crate::row::Row;

pub(super) fn rows(text: Text) -> impl Iterator<Item = Located> + use<> {
    let source = text.source.clone();
    numbered_lines(text.into_reader(), source.clone()).map(move |line| {
        let (location, line) = line?;
        let row = source.text(line).map(|text| Row { text, text_pair: None, label: None });
        Ok((location, row))
    })
}
