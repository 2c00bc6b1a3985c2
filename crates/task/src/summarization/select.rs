//! [`select`]: the sentences of a summary, by their scores.

use std::collections::HashSet;

/// The indexes of at most `most` sentences with the greatest logits, in the order of the text; of equal ones the
/// first. Sentences without a logit, which were not read, are left out.
///
/// With `blocks_trigrams`, a sentence that has three words in a row with one that was chosen before is passed
/// over (Paulus et al. 2018; Liu 2019, section 3.3). Words are those between white space, in lower case, as
/// BertSum compares them; so it is without effect in a script without spaces.
pub(super) fn select<'a>(
    logits: &[Option<f64>],
    sentence: impl Fn(usize) -> &'a str,
    most: usize,
    blocks_trigrams: bool,
) -> Vec<usize> {
    let mut order: Vec<(f64, usize)> =
        logits.iter().enumerate().filter_map(|(index, logit)| Some(((*logit)?, index))).collect();
    order.sort_by(|(one, first), (other, second)| other.total_cmp(one).then(first.cmp(second)));
    let (mut chosen, mut seen) = (Vec::new(), HashSet::new());
    for (_, index) in order {
        if chosen.len() == most {
            break;
        }
        if blocks_trigrams {
            let trigrams = trigrams(sentence(index));
            if trigrams.iter().any(|trigram| seen.contains(trigram)) {
                continue;
            }
            seen.extend(trigrams);
        }
        chosen.push(index);
    }
    chosen.sort_unstable();
    chosen
}

fn trigrams(sentence: &str) -> Vec<[String; 3]> {
    let words: Vec<String> = sentence.split_whitespace().map(str::to_lowercase).collect();
    words.windows(3).map(|words| [words[0].clone(), words[1].clone(), words[2].clone()]).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const SENTENCES: [&str; 5] = ["a b c d", "A B  C e", "b c d", "x y", "x y"];

    fn chosen(logits: [f64; 5], most: usize, blocks: bool) -> Vec<usize> {
        select(&logits.map(Some), |index| SENTENCES[index], most, blocks)
    }

    #[test]
    fn the_greatest_are_chosen_in_the_order_of_the_text() {
        assert_eq!(chosen([0.1, 0.5, 0.2, 0.9, 0.3], 3, false), [1, 3, 4]);
        assert_eq!(chosen([0.5; 5], 2, false), [0, 1], "of equal ones the first");
        assert_eq!(chosen([-0.0, 0.0, -1.0, -1.0, -1.0], 9, false), [0, 1, 2, 3, 4]);
        assert_eq!(select(&[None, Some(-5.0), None], |index| SENTENCES[index], 3, true), [1]);
        assert!(chosen([0.5; 5], 0, true).is_empty());
    }

    #[test]
    fn three_words_in_a_row_come_once() {
        // The second sentence has the first one's `a b c`, the third its `b c d`; two words are no trigram.
        assert_eq!(chosen([0.9, 0.8, 0.7, 0.6, 0.5], 3, true), [0, 3, 4]);
        // What was passed over blocks nothing: the first one has `a b c` of the second, and not the third.
        assert_eq!(chosen([0.8, 0.9, 0.7, 0.1, 0.1], 2, true), [1, 2]);
    }
}
