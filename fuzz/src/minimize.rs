//! [`minimize`]: makes an input shorter.

use std::time::{Duration, Instant};

/// Takes pieces out of `input` for as long as `still` holds of the rest and `time` lasts, and returns the
/// rest.
pub fn minimize(input: &[u8], time: Duration, mut still: impl FnMut(&[u8]) -> bool) -> Vec<u8> {
    let began = Instant::now();
    let mut best = input.to_vec();
    let mut piece = best.len().div_ceil(2);
    while piece > 0 {
        let before = best.len();
        let mut at = 0;
        while at < best.len() && began.elapsed() < time {
            let mut shorter = best.clone();
            shorter.drain(at..(at + piece).min(best.len()));
            if still(&shorter) {
                best = shorter;
            } else {
                at += piece;
            }
        }
        // A byte that was needed may be superfluous now that others are gone.
        piece = if piece == 1 && best.len() < before && began.elapsed() < time { 1 } else { piece / 2 };
    }
    best
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_does_not_matter_goes() {
        let text = b"some bytes { that \"matter\": not, but for the brace and the } later on";
        let still = |bytes: &[u8]| {
            let open = bytes.iter().position(|byte| *byte == b'{');
            open.is_some_and(|open| bytes[open..].contains(&b'}'))
        };
        assert_eq!(minimize(text, Duration::from_secs(10), still), b"{}");
    }
}
