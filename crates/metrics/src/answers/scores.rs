//! [`AnswerScores`]: how good one answer is.

use std::collections::HashMap;

use serde::Serialize;
use strum::{Display, IntoStaticStr};

use super::normalize::{normalize_answer, words};

/// The script whose rules count.
///
/// The two differ where a true or a predicted answer is empty when it is normalized (`The`, `?`, nothing).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Display, IntoStaticStr, Serialize)]
pub enum SquadVersion {
    /// `evaluate-v1.1.py`: the F1 of empty answers is 0, and empty true answers are compared like others.
    #[strum(serialize = "1.1")]
    #[serde(rename = "1.1")]
    V1_1,
    /// `evaluate-v2.0.py`: true answers that are empty are left out; where none is left, the empty answer is
    /// the true one. Two empty answers have an F1 of 1.
    #[strum(serialize = "2.0")]
    #[serde(rename = "2.0")]
    V2_0,
}

/// The scores of one predicted answer.
///
/// ```
/// use embert_metrics::{AnswerScores, SquadVersion};
///
/// let gold = ["Lagos", "Lagos, Nigeria"];
/// let scores = AnswerScores::of(SquadVersion::V1_1, &gold, "the city of Lagos");
/// assert_eq!((scores.exact_match, scores.f1), (false, 0.5));
/// // No answer is right for a question without one.
/// assert!(AnswerScores::of(SquadVersion::V2_0, &[""; 0], "").exact_match);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct AnswerScores {
    /// Whether the answer, normalized, is one of the true ones.
    pub exact_match: bool,
    /// F1 of the words, the greatest over the true answers, 0 to 1.
    pub f1: f64,
}

impl AnswerScores {
    /// The scores of `predicted` for a question whose true answers are `gold`. A question without true
    /// answers has version 2.0's rule in both versions: 1.1's script knows no such question.
    pub fn of(version: SquadVersion, gold: &[impl AsRef<str>], predicted: &str) -> Self {
        Self::of_normalized(version, &normalized(gold), &normalize_answer(predicted))
    }

    /// The scores by the rules of 1.1 and of 2.0.
    pub(super) fn of_both(gold: &[impl AsRef<str>], predicted: &str) -> [Self; 2] {
        let (gold, predicted) = (normalized(gold), normalize_answer(predicted));
        [SquadVersion::V1_1, SquadVersion::V2_0]
            .map(|version| Self::of_normalized(version, &gold, &predicted))
    }

    fn of_normalized(version: SquadVersion, gold: &[String], predicted: &str) -> Self {
        let counts = |answer: &&str| version == SquadVersion::V1_1 || !answer.is_empty();
        let mut gold: Vec<&str> = gold.iter().map(String::as_str).filter(counts).collect();
        if gold.is_empty() {
            gold.push("");
        }
        let f1 = gold.iter().map(|answer| f1(version, answer, predicted)).fold(0.0, f64::max);
        Self { exact_match: gold.contains(&predicted), f1 }
    }
}

fn normalized(gold: &[impl AsRef<str>]) -> Vec<String> {
    gold.iter().map(|answer| normalize_answer(answer.as_ref())).collect()
}

/// F1 of the words of two normalized answers; a word counts as often as both have it.
fn f1(version: SquadVersion, gold: &str, predicted: &str) -> f64 {
    if gold.is_empty() || predicted.is_empty() {
        return f64::from(version == SquadVersion::V2_0 && gold == predicted);
    }
    let mut left: HashMap<&str, usize> = HashMap::new();
    for word in words(gold) {
        *left.entry(word).or_default() += 1;
    }
    let mut shared = 0_usize;
    for word in words(predicted) {
        if let Some(count) = left.get_mut(word).filter(|count| **count > 0) {
            *count -= 1;
            shared += 1;
        }
    }
    if shared == 0 {
        return 0.0;
    }
    // The scripts' order of operations, for the same last bit.
    let precision = shared as f64 / words(predicted).count() as f64;
    let recall = shared as f64 / words(gold).count() as f64;
    2.0 * precision * recall / (precision + recall)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn scores(version: SquadVersion, gold: &[&str], predicted: &str) -> (bool, f64) {
        let AnswerScores { exact_match, f1 } = AnswerScores::of(version, gold, predicted);
        (exact_match, f1)
    }

    #[test]
    fn the_best_true_answer_counts_for_each_score() {
        for version in [SquadVersion::V1_1, SquadVersion::V2_0] {
            assert_eq!(scores(version, &["x y z", "The Cat.", "x"], "a cat"), (true, 1.0));
            assert_eq!(scores(version, &["x", "cat dog", "dog"], "cat mouse"), (false, 0.5));
        }
    }

    #[test]
    fn a_word_counts_as_often_as_both_have_it() {
        // Precision 2/4, recall 2/4.
        assert_eq!(scores(SquadVersion::V1_1, &["no no yes yes"], "no no no no"), (false, 0.5));
    }

    #[test]
    fn versions_differ_where_an_answer_is_empty() {
        use SquadVersion::{V1_1, V2_0};
        for (gold, predicted, first, second) in [
            (vec!["The"], "the", (true, 0.0), (true, 1.0)),
            (vec!["The"], "", (true, 0.0), (true, 1.0)),
            (vec!["the", "cat"], "a", (true, 0.0), (false, 0.0)),
            (vec!["?!"], "cat", (false, 0.0), (false, 0.0)),
            (vec!["cat"], "", (false, 0.0), (false, 0.0)),
            (vec![], "an", (true, 0.0), (true, 1.0)),
        ] {
            assert_eq!(scores(V1_1, &gold, predicted), first, "{gold:?} {predicted:?}");
            assert_eq!(scores(V2_0, &gold, predicted), second, "{gold:?} {predicted:?}");
        }
    }
}
