//! [`ShownTask`] for token classification.

use embert_data::{Columns, Row, Value as Cell, text_of};
use embert_metrics::{NamedMetric as _, TaggingMetric};
use embert_task::{
    Aggregation, ExampleProblem, TaggedText, Task as _, TokenClassification, TokenExample, TokenPrediction,
};
use embert_train::Evaluation;
use serde_json::{Value, json};

use super::report::{UndefinedMetrics, metrics_line, scores_table};
use super::{PredictColumns, ShownTask, unnamed_warning};
use crate::error::{ConllProblem, Error};

/// The column of words in a file of words, as readers of CoNLL columns name it.
const WORDS: &str = "tokens";

/// The token of a line of CoNLL columns that begins a document.
const DOCUMENT: &str = "-DOCSTART-";

impl ShownTask for TokenClassification {
    const ANSWER_HEADINGS: &'static [&'static str] = &["text", "entities"];
    const PASSES_COLUMNS: bool = true;

    const CUT: &'static str = "their other words have no tag of the model's and count as O";

    fn read_columns(_columns: PredictColumns<'_>) -> Columns {
        // A file has words or texts.
        Columns::new().with_all()
    }

    fn with_aggregation(self, aggregation: Aggregation) -> Option<Self> {
        Some(self.with_aggregation(aggregation))
    }

    fn example_of_texts(id: u64, text: String, _text_pair: Option<String>) -> TokenExample {
        TokenExample::of_text(id, text)
    }

    /// The words of the row, or its text, also where an annotation tool has it.
    fn example_of_row(
        id: u64,
        row: &mut Row,
        columns: PredictColumns<'_>,
    ) -> Result<TokenExample, ExampleProblem> {
        if matches!(row.get(WORDS), Some(Cell::List(_))) {
            let example = TokenExample::of_words(id, &row.words(WORDS)?);
            row.take(WORDS);
            return Ok(example);
        }
        let text = text_of(row, columns.text)?.to_owned();
        row.take(columns.text);
        Ok(TokenExample::of_text(id, text))
    }

    fn warning(&self) -> Option<String> {
        unnamed_warning(self.labels(), "tags")
    }

    fn answer_cells(answer: &TaggedText) -> Vec<String> {
        let entities = answer.entities.iter().map(|entity| {
            let kind = entity.entity_group.as_ref().or(entity.entity.as_ref());
            format!("{} ({} {:.4})", entity.word, kind.map_or("", String::as_str), entity.score)
        });
        vec![answer.text.clone(), entities.collect::<Vec<_>>().join(", ")]
    }

    fn conll(answer: &TaggedText) -> Option<Result<String, ConllProblem>> {
        let line = |(word, (text, tag)): (usize, &(String, Option<String>))| {
            let said = || format!("\"{}\"", text.escape_debug());
            // Readers split at white space, and take a line of this token for the beginning of a document.
            if text.is_empty() || text.chars().any(char::is_whitespace) || text.starts_with(DOCUMENT) {
                return Err(ConllProblem::Word { word, text: said() });
            }
            let tag = tag.as_ref().ok_or_else(|| ConllProblem::Unread { word, text: said() })?;
            Ok(format!("{text}\t{tag}\n"))
        };
        let lines: Result<String, _> = (1..).zip(&answer.words).map(line).collect();
        Some(lines.map(|lines| lines + "\n"))
    }

    fn is_cut(prediction: &TokenPrediction) -> bool {
        prediction.is_cut()
    }

    fn is_answer_cut(answer: &TaggedText) -> bool {
        answer.is_cut
    }

    fn print_report(evaluation: &Evaluation<Self>) -> Result<(), Error> {
        let report = &evaluation.report;
        let rows = report.types.iter().zip(&report.per_type);
        let rows = rows.map(|(name, scores)| (name.clone(), scores.named(), scores.support));
        let averages = report
            .averages()
            .map(|(name, scores)| (format!("{name} average"), scores.named(), report.entities));
        scores_table(rows.chain(averages), "entities")?;
        metrics_line(TaggingMetric::displayed().map(|metric| (metric.name(), metric.value(report))))?;
        let named = report.undefined.iter().map(|undefined| {
            (undefined.metric.name(), undefined.class.map(|kind| report.types[kind].as_str()))
        });
        UndefinedMetrics { as_zero: named.collect(), ..UndefinedMetrics::default() }.say();
        Ok(())
    }

    fn evaluated(&self, example: &TokenExample, prediction: &TokenPrediction) -> Value {
        let record = self.record("", example, prediction, 0);
        json!({
            "id": record.id,
            "text": record.text,
            "target": record.entities,
            "predicted": record.predicted,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written(words: &[(&str, Option<&str>)]) -> Result<String, String> {
        let word = |(text, tag): &(&str, Option<&str>)| ((*text).to_owned(), tag.map(str::to_owned));
        let answer = TaggedText {
            text: String::new(),
            entities: Vec::new(),
            words: words.iter().map(word).collect(),
            is_cut: false,
        };
        TokenClassification::conll(&answer).unwrap().map_err(|problem| problem.to_string())
    }

    #[test]
    fn words_that_columns_cannot_hold_are_refused() {
        assert_eq!(
            written(&[("Lagos", Some("B-LOC")), ("#1", Some("O"))]).unwrap(),
            "Lagos\tB-LOC\n#1\tO\n\n"
        );
        for word in ["New York", "a\nb", "a\u{a0}b", "-DOCSTART-", "\t", ""] {
            let error = written(&[("in", Some("O")), (word, Some("O"))]).unwrap_err();
            assert!(error.starts_with(&format!("word 2 is \"{}\", which", word.escape_debug())), "{error}");
        }
        let error = written(&[("in", Some("O")), ("Lagos", None)]).unwrap_err();
        assert!(error.starts_with("word 2, \"Lagos\", has no tag"), "{error}");
    }
}
