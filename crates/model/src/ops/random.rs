//! [`Dropout`]: masks from a seed, drawn again in the backward pass instead of being kept.
//!
//! Each piece of an operation's work (some rows, or a head) has its own generator, seeded by the operation's
//! seed and the piece's number: the mask does not depend on the number of threads or on their order.

#![allow(clippy::inline_always, reason = "what isn't inlined is compiled for the default instruction set")]

/// The number of random numbers that a generator gives at a time: one AVX-512 register.
const LANES: usize = 16;

/// Dropout of one operation: its probability, and the seed of the random numbers that decide which elements
/// are dropped.
#[derive(Clone, Copy, Debug)]
pub struct Dropout {
    seed: u64,
    /// An element is kept if its 32 random bits are below the threshold.
    threshold: u32,
    /// The factor on kept elements.
    scale: f32,
}

impl Dropout {
    /// Dropout with probability `p`; `None` for a probability of 0. Equal seeds give equal masks.
    pub fn new(p: f64, seed: u64) -> Option<Self> {
        (p > 0.0).then(|| Self {
            seed,
            threshold: ((1.0 - p) * (f64::from(u32::MAX) + 1.0)) as u32,
            scale: if p < 1.0 { (1.0 / (1.0 - p)) as f32 } else { 0.0 },
        })
    }

    /// The factor on kept elements, `1 / (1 - p)`.
    pub(super) fn scale(self) -> f32 {
        self.scale
    }

    /// The mask of one piece of the work.
    pub(super) fn piece(self, number: usize) -> Mask {
        Mask {
            generator: Generator::new(self.seed, number as u64),
            threshold: self.threshold,
            scale: self.scale,
        }
    }
}

/// The mask's values, in the order in which they are drawn.
pub(super) struct Mask {
    generator: Generator,
    threshold: u32,
    scale: f32,
}

impl Mask {
    /// Fills `row` with the next factors: 0 or the scale.
    #[inline(always)]
    pub(super) fn fill(&mut self, row: &mut [f32]) {
        for chunk in row.chunks_mut(LANES) {
            let bits = self.generator.next();
            for (factor, bits) in chunk.iter_mut().zip(bits) {
                *factor = if bits < self.threshold { self.scale } else { 0.0 };
            }
        }
    }
}

/// [`LANES`] xoshiro128++ generators side by side (Blackman and Vigna 2019), so that they run in vector
/// registers. Their states come from `SplitMix64`, as the authors of xoshiro advise.
struct Generator([[u32; LANES]; 4]);

impl Generator {
    fn new(seed: u64, number: u64) -> Self {
        let mut state = split_mix(seed ^ split_mix(number));
        let mut words = [[0; LANES]; 4];
        for word in words.iter_mut().flatten() {
            state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
            *word = (split_mix(state) >> 32) as u32;
        }
        Self(words)
    }

    #[inline(always)]
    fn next(&mut self) -> [u32; LANES] {
        let [s0, s1, s2, s3] = &mut self.0;
        let mut bits = [0; LANES];
        for i in 0..LANES {
            bits[i] = s0[i].wrapping_add(s3[i]).rotate_left(7).wrapping_add(s0[i]);
            let t = s1[i] << 9;
            s2[i] ^= s0[i];
            s3[i] ^= s1[i];
            s1[i] ^= s2[i];
            s0[i] ^= s3[i];
            s2[i] ^= t;
            s3[i] = s3[i].rotate_left(11);
        }
        bits
    }
}

/// The output function of `SplitMix64` (Steele et al. 2014).
pub(crate) fn split_mix(x: u64) -> u64 {
    let x = (x ^ (x >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let x = (x ^ (x >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    x ^ (x >> 31)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The expected numbers are the first outputs of `rand_xoshiro`'s `Xoshiro128PlusPlus` from the state 1,
    /// 2, 3, 4.
    #[test]
    fn generator_is_xoshiro128_plus_plus() {
        let mut generator = Generator([[1; LANES], [2; LANES], [3; LANES], [4; LANES]]);
        for expected in [641, 1_573_767, 3_222_811_527, 3_517_856_514, 836_907_274] {
            assert_eq!(generator.next(), [expected; LANES]);
        }
    }

    #[test]
    fn mask_keeps_the_right_share_and_scales_it() {
        for p in [0.1, 0.5, 0.9] {
            let dropout = Dropout::new(p, 11).unwrap();
            let mut row = vec![0.0; 100_000];
            dropout.piece(3).fill(&mut row);
            let kept = row.iter().filter(|&&factor| factor != 0.0).count() as f64 / 1e5;
            // Five standard deviations.
            assert!((kept - (1.0 - p)).abs() < 5.0 * (p * (1.0 - p) / 1e5).sqrt(), "{kept} kept at p = {p}");
            let scale = (1.0 / (1.0 - p)) as f32;
            assert!(row.iter().all(|&factor| factor == 0.0 || factor.to_bits() == scale.to_bits()));
        }
        assert!(Dropout::new(0.0, 11).is_none());
    }

    #[test]
    fn pieces_have_different_masks_and_repeat_themselves() {
        let dropout = Dropout { seed: 1, threshold: 1 << 31, scale: 2.0 };
        let draw = |number| {
            let mut row = [0.0; 64];
            dropout.piece(number).fill(&mut row);
            row.map(f32::to_bits)
        };
        assert_eq!(draw(0), draw(0));
        assert_ne!(draw(0), draw(1));
    }
}
