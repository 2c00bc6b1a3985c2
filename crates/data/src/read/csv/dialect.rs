//! [`Dialect`]: the delimiter of a CSV file, and what its quotes mean.

/// The delimiter of a CSV file, and what its quotes mean.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Dialect {
    pub(super) delimiter: u8,
    pub(super) quotes: Quotes,
}

/// What a double quote in a CSV file means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Quotes {
    /// A quote is a character like any other.
    Text,
    /// Quotes stand around a field.
    Around,
    /// Quotes stand around a field that has neither a delimiter nor a line end. A quoted field with a
    /// delimiter or a line end is a problem: the file may as well have no quoting, and the rows between the
    /// two quotes would be lost.
    AroundPlain,
}
