//! [`Interned`]: numbers for words and for n-grams, which are compared faster than strings.

use std::collections::HashMap;
use std::hash::Hash;

/// Gives equal values equal numbers, from 0 on.
pub(super) struct Interned<T> {
    numbers: HashMap<T, usize>,
}

impl<T> Default for Interned<T> {
    fn default() -> Self {
        Self { numbers: HashMap::new() }
    }
}

impl<T: Eq + Hash> Interned<T> {
    /// The value's number, the next one for a new value.
    pub(super) fn number(&mut self, value: T) -> usize {
        let next = self.numbers.len();
        *self.numbers.entry(value).or_insert(next)
    }

    /// The numbers of values, in their order.
    pub(super) fn numbers_of(&mut self, values: impl IntoIterator<Item = T>) -> Vec<usize> {
        values.into_iter().map(|value| self.number(value)).collect()
    }

    /// How many different values there are.
    pub(super) fn len(&self) -> usize {
        self.numbers.len()
    }
}
