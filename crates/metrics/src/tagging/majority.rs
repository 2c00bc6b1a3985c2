//! [`MajorityTags`]: the baseline of taggers.

use std::collections::BTreeMap;

/// The tag that each word form has most often in training; a word that did not occur has the tag that is most
/// frequent over all words. Words are compared to the letter, upper and lower case too.
///
/// ```
/// use embert_metrics::MajorityTags;
///
/// let words = ["Paris", "is", "Paris", "in", "Paris", "Texas"];
/// let tags = [1, 0, 1, 0, 2, 1];
/// let majority = MajorityTags::fit(words.into_iter().zip(tags)).unwrap();
/// assert_eq!(["Paris", "is", "Lagos"].map(|word| majority.tag(word)), [1, 0, 1]);
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MajorityTags {
    words: BTreeMap<String, usize>,
    overall: usize,
}

impl MajorityTags {
    /// Counts the tags of all words, each given with the number of its tag. Of tags that are equally frequent
    /// for a word, the one that is more frequent over all words counts, and then the one of the lower number.
    /// `None` without words.
    pub fn fit(tagged: impl IntoIterator<Item = (impl AsRef<str>, usize)>) -> Option<Self> {
        let mut of_words: BTreeMap<String, BTreeMap<usize, usize>> = BTreeMap::new();
        let mut overall: BTreeMap<usize, usize> = BTreeMap::new();
        for (word, tag) in tagged {
            let word = word.as_ref();
            if !of_words.contains_key(word) {
                of_words.insert(word.to_owned(), BTreeMap::new());
            }
            if let Some(counts) = of_words.get_mut(word) {
                *counts.entry(tag).or_default() += 1;
            }
            *overall.entry(tag).or_default() += 1;
        }
        let frequency = |tag: usize| overall.get(&tag).copied().unwrap_or_default();
        let most = |counts: &BTreeMap<usize, usize>| {
            let rank = |(&tag, &count): (&usize, &usize)| (count, frequency(tag), std::cmp::Reverse(tag));
            counts.iter().map(rank).max().map(|(_, _, tag)| tag.0)
        };
        let words =
            of_words.iter().filter_map(|(word, counts)| Some((word.clone(), most(counts)?))).collect();
        Some(Self { words, overall: most(&overall)? })
    }

    /// The tag of a word.
    pub fn tag(&self, word: &str) -> usize {
        self.words.get(word).copied().unwrap_or(self.overall)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_equal_counts_the_more_frequent_tag_overall_and_then_the_lower_number_counts() {
        let majority = MajorityTags::fit([("a", 1), ("a", 2), ("b", 2), ("c", 4), ("c", 3)]).unwrap();
        assert_eq!(["a", "b", "c", "d", "A"].map(|word| majority.tag(word)), [2, 2, 3, 2, 2]);
        assert_eq!(MajorityTags::fit([("x", 7), ("y", 5)]).unwrap().tag("z"), 5);
    }

    #[test]
    fn without_words_there_is_no_majority() {
        assert_eq!(MajorityTags::fit(std::iter::empty::<(&str, usize)>()), None);
    }
}
