//! [`Padding`]: the length to which the texts of a batch are padded.

/// The length to which the texts of a batch are padded.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Padding {
    /// To the length of the batch's longest text.
    #[default]
    Longest,
    /// To the length of the longest text, rounded up to a multiple of this number (at least 1).
    MultipleOf(usize),
    /// To this length, or to that of the longest text if it is larger.
    MaxLength(usize),
}

impl Padding {
    /// The length, in tokens, of a batch whose longest text has `longest` tokens.
    pub fn length(self, longest: usize) -> usize {
        match self {
            Self::Longest => longest,
            Self::MultipleOf(step) => longest.next_multiple_of(step.max(1)),
            Self::MaxLength(length) => length.max(longest),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn padding_never_cuts() {
        assert_eq!(Padding::Longest.length(7), 7);
        assert_eq!([Padding::MultipleOf(8).length(7), Padding::MultipleOf(8).length(8)], [8, 8]);
        assert_eq!([Padding::MaxLength(16).length(7), Padding::MaxLength(4).length(7)], [16, 7]);
    }
}
