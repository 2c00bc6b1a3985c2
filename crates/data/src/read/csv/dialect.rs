//! [`Dialect`]: how fields are written.

/// How fields are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Dialect {
    pub(super) delimiter: u8,
    pub(super) quotes: Quotes,
}

/// What quotes are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Quotes {
    /// Characters like any other.
    Text,
    /// Around a field.
    Around,
    /// Around a field that has neither a delimiter nor a line end: with one of them, it is as likely that the file has no
    /// quoting and the rows between two quotes would be lost.
    AroundPlain,
}
