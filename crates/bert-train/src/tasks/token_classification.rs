//! [`ShownTask`] for token classification.

use embert_data::{Columns, Row, RowProblem, Value as Cell, text_of};
use embert_metrics::TaggingMetric;
use embert_task::{Aggregation, TaggedText, Task as _, TokenClassification, TokenExample, TokenPrediction};
use embert_train::Evaluation;
use serde_json::{Value, json};

use super::report::{UndefinedMetrics, metrics_line, scores_table};
use super::{PredictColumns, ShownTask, unnamed_warning};
use crate::error::Error;

/// The column of words in a file of words, as readers of CoNLL columns name it.
const WORDS: &str = "tokens";

impl ShownTask for TokenClassification {
    const ANSWER_HEADINGS: &'static [&'static str] = &["text", "entities"];
    const PASSES_COLUMNS: bool = true;

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
    ) -> Result<TokenExample, RowProblem> {
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

    fn conll(answer: &TaggedText) -> Option<String> {
        let lines = answer.words.iter().map(|(word, tag)| format!("{word}\t{tag}\n"));
        Some(lines.chain(["\n".to_owned()]).collect())
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
