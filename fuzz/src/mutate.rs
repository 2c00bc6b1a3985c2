//! [`Mutator`]: changes seeds into other inputs, without knowing which code they reach.

use rand::RngExt as _;
use rand::seq::IndexedRandom as _;
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::SeedableRng as _;

use crate::Target;

/// Numbers that are often edge cases.
const NUMBERS: [&str; 8] =
    ["-1", "0", "1e308", "NaN", "2147483648", "4294967296", "18446744073709551615", "-9223372036854775808"];

/// Changes the seeds of a target at random; equal random seeds give equal inputs.
#[derive(Debug)]
pub struct Mutator {
    seeds: Vec<Vec<u8>>,
    words: &'static [&'static str],
    random: ChaCha8Rng,
}

impl Mutator {
    /// A mutator of `target`'s seeds; `seed` is that of the random numbers.
    pub fn new(target: &Target, seed: u64) -> Self {
        Self { seeds: (target.seeds)(), words: target.words, random: ChaCha8Rng::seed_from_u64(seed) }
    }

    /// The next input: a seed with one to eight changes.
    pub fn input(&mut self) -> Vec<u8> {
        let mut input = self.seeds.choose(&mut self.random).cloned().unwrap_or_default();
        for _ in 0..self.random.random_range(1..=8) {
            self.change(&mut input);
        }
        input
    }

    fn change(&mut self, input: &mut Vec<u8>) {
        let random = &mut self.random;
        let at = random.random_range(0..=input.len());
        let end = (at + random.random_range(1..=32)).min(input.len());
        match random.random_range(0..7) {
            0 => {
                if let Some(byte) = input.get_mut(at) {
                    *byte ^= 1 << random.random_range(0..8);
                }
            }
            1 => input.insert(at, random.random()),
            2 => drop(input.drain(at..end)),
            3 => input.truncate(at),
            4 => {
                let piece = input[at..end].to_vec();
                let to = random.random_range(0..=input.len());
                input.splice(to..to, piece);
            }
            5 => {
                let word = self.words.iter().chain(&NUMBERS).copied().collect::<Vec<_>>();
                let word = word.choose(random).copied().unwrap_or_default();
                // The word replaces bytes or is inserted.
                let end = if random.random() { end } else { at };
                input.splice(at..end, word.bytes());
            }
            _ => {
                let other = self.seeds.choose(random).map_or(&[][..], Vec::as_slice);
                let from = random.random_range(0..=other.len());
                let to = (from + random.random_range(1..=256)).min(other.len());
                input.splice(at..at, other[from..to].iter().copied());
            }
        }
    }
}
