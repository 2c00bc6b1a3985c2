//! How much of each text is kept where texts are too long.

use tokenizers::utils::truncation::TruncationDirection;

use crate::encoding::EncodeOptions;
use crate::error::TokenizeError;
use crate::truncation::Truncation;

/// The library's name for the side from which a text is cut, and on which its last window lies.
pub(crate) fn direction(truncation: Truncation) -> TruncationDirection {
    match truncation {
        Truncation::Tail => TruncationDirection::Left,
        _ => TruncationDirection::Right,
    }
}

/// The number of tokens, `room` together, that each text may keep: 0 for a missing second text.
///
/// # Errors
/// The text that may be cut is missing, or would lose all its tokens.
pub(crate) fn shares(
    first: usize,
    second: Option<usize>,
    room: usize,
    options: &EncodeOptions,
) -> Result<(usize, usize), TokenizeError> {
    let EncodeOptions { max_length, truncation } = *options;
    let excess = (first + second.unwrap_or(0)).saturating_sub(room);
    if excess == 0 {
        return Ok((first, second.unwrap_or(0)));
    }
    let less = |length: usize, tokens: usize| {
        let left = length.checked_sub(excess).filter(|left| *left > 0);
        let special = max_length - room;
        left.ok_or(TokenizeError::Truncation { max_length, truncation, tokens, special })
    };
    match (truncation, second) {
        (Truncation::OnlySecond, None) => Err(TokenizeError::NoPair { max_length }),
        (_, None) => Ok((room, 0)),
        (Truncation::OnlyFirst, Some(second)) => Ok((less(first, second)?, second)),
        (Truncation::OnlySecond, Some(second)) => Ok((first, less(second, first)?)),
        (_, Some(second)) => {
            let shorter = first.min(second).min(room / 2);
            Ok(if first > second { (room - shorter, shorter) } else { (shorter, room - shorter) })
        }
    }
}
