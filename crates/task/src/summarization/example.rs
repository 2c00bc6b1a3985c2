//! [`SummaryExample`]: a text as sentences.

use embert_data::{Summarized, Texts};
use embert_metrics::greedy_oracle;

/// A text as sentences, with what its summary is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SummaryExample {
    /// The number of the example's row, from 0, among the rows of all files.
    pub id: u64,
    /// The text with its sentences. The labels are the data set's or, where there is only a summary, the oracle's;
    /// `None` for a text to predict.
    pub summarized: Summarized,
    /// The document that the text is from, where the data set says so.
    pub document: Option<String>,
}

impl SummaryExample {
    /// A text to predict.
    pub fn of_text(id: u64, text: String) -> Self {
        Self { id, summarized: Summarized::of_text(text), document: None }
    }

    /// The example with the oracle's labels, at most `most` sentences, where the data set has a summary but says
    /// of no sentence whether it is in it.
    pub(super) fn with_oracle(mut self, most: usize) -> Self {
        let summarized = &mut self.summarized;
        if summarized.labels.is_none() && !summarized.references.is_empty() {
            let sentences: Vec<&str> =
                summarized.sentences.iter().map(|one| &summarized.text[one.bytes.clone()]).collect();
            let chosen = greedy_oracle(&sentences, &summarized.references, most);
            summarized.labels = Some((0..sentences.len()).map(|index| chosen.contains(&index)).collect());
        }
        self
    }

    /// The indexes of the sentences that are in the summary; `None` where nobody says.
    pub fn oracle(&self) -> Option<Vec<usize>> {
        let labels = self.summarized.labels.as_ref()?;
        Some((0..labels.len()).filter(|index| labels[*index]).collect())
    }

    /// The true summaries: the data set's or, where it has none, the sentences that it says are in the summary.
    pub fn references(&self) -> Vec<String> {
        match &self.summarized.references {
            references if !references.is_empty() => references.clone(),
            _ => self.oracle().map(|oracle| self.lines(&oracle)).into_iter().collect(),
        }
    }

    /// The sentences of these indexes, a line each, as ROUGE-Lsum reads them.
    pub fn lines(&self, indexes: &[usize]) -> String {
        // A sentence of several lines is one.
        let sentence = |index: &usize| self.summarized.sentence(*index).replace('\n', " ");
        indexes.iter().map(sentence).collect::<Vec<_>>().join("\n")
    }

    /// The indexes of the first sentences that have a character, `count` at most.
    pub(super) fn lead(&self, count: usize) -> Vec<usize> {
        let sentences = self.summarized.sentences.iter().enumerate();
        sentences.filter(|(_, one)| !one.bytes.is_empty()).map(|(index, _)| index).take(count).collect()
    }
}

impl Texts for SummaryExample {
    fn id(&self) -> u64 {
        self.id
    }

    fn text(&self) -> &str {
        &self.summarized.text
    }

    fn text_pair(&self) -> Option<&str> {
        None
    }

    fn sentences(&self) -> Option<Vec<&str>> {
        let Self { summarized, .. } = self;
        Some(summarized.sentences.iter().map(|one| &summarized.text[one.bytes.clone()]).collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_oracle_labels_what_nobody_has_labelled() {
        let summarized = Summarized {
            references: vec!["A bear woke in May.".to_owned()],
            ..Summarized::of_sentences(["It rained.", "", "A bear woke.", "In May."])
        };
        let example = SummaryExample { id: 0, summarized, document: None };
        assert_eq!(example.clone().with_oracle(3).oracle(), Some(vec![2, 3]));
        assert_eq!(example.clone().with_oracle(1).oracle(), Some(vec![2]));
        assert_eq!((example.oracle(), example.lead(2)), (None, vec![0, 2]));
        let labels = Some(vec![true, false, false, true]);
        let labelled = Summarized { labels, references: Vec::new(), ..example.summarized };
        let labelled = SummaryExample { summarized: labelled, ..example }.with_oracle(3);
        assert_eq!(labelled.references(), ["It rained.\nIn May."]);
        assert_eq!(labelled.sentences().unwrap(), ["It rained.", "", "A bear woke.", "In May."]);
    }
}
