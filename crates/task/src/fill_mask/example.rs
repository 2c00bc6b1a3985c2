//! [`MaskedText`]: a text to mask, or to fill.

use embert_data::Example;

/// A text, or a pair of texts; or a block of texts, whose `text` has the ending token between them.
pub type MaskedText = Example<()>;
