//! [`ShownTask`] for the similarity of two texts.

use embert_data::{Columns, Row};
use embert_metrics::{NamedMetric as _, SimilarityMetric};
use embert_task::{ExampleProblem, PairPrediction, ScoredText, SentenceSimilarity, Task as _, TextPair};
use embert_train::Evaluation;
use serde_json::{Value, json};

use super::report::{UndefinedMetrics, metrics_line};
use super::{PredictColumns, ShownTask};
use crate::error::Error;

impl ShownTask for SentenceSimilarity {
    const ANSWER_HEADINGS: &'static [&'static str] = &["score", "texts"];
    const PASSES_COLUMNS: bool = true;
    const TEXT_COLUMNS: (&'static str, Option<&'static str>) = ("text", Some("text_pair"));

    fn read_columns(columns: PredictColumns<'_>) -> Columns {
        columns.wanted().with_all()
    }

    fn example_of_texts(id: u64, text: String, text_pair: Option<String>) -> TextPair {
        TextPair::new(id, text, text_pair.unwrap_or_default())
    }

    fn example_of_row(
        id: u64,
        row: &mut Row,
        columns: PredictColumns<'_>,
    ) -> Result<TextPair, ExampleProblem> {
        let pair = columns.text_pair.unwrap_or("text_pair");
        let (text, text_pair) = (row.text(columns.text)?.to_owned(), row.text(pair)?.to_owned());
        row.take(columns.text);
        row.take(pair);
        Ok(TextPair::new(id, text, text_pair))
    }

    fn warning(&self) -> Option<String> {
        self.assumed().map(str::to_owned)
    }

    fn answer_cells(answer: &ScoredText) -> Vec<String> {
        let pair = answer.text_pair.as_deref().unwrap_or_default();
        vec![format!("{:.4}", answer.score), format!("{} / {pair}", answer.text)]
    }

    fn print_report(evaluation: &Evaluation<Self>) -> Result<(), Error> {
        let (report, task) = (&evaluation.report, &evaluation.task);
        let own = task.metrics();
        let is_own = |metric: &SimilarityMetric| own.iter().any(|info| info.name == metric.name());
        let values = SimilarityMetric::displayed().filter(is_own);
        let values: Vec<_> = values.map(|metric| (metric.name(), metric.value(report))).collect();
        metrics_line(values.iter().copied())?;
        let absent = values.into_iter().filter(|(_, value)| value.is_none());
        let absent = absent.map(|(name, _)| (name, None)).collect();
        UndefinedMetrics { absent, ..UndefinedMetrics::default() }.say();
        Ok(())
    }

    fn evaluated(&self, example: &TextPair, prediction: &PairPrediction) -> Value {
        let answer = self.answer(example.clone(), prediction.clone());
        let mut row = json!({"id": example.id});
        if let (Some(into), Ok(Value::Object(from))) = (row.as_object_mut(), serde_json::to_value(&answer)) {
            into.extend(from);
        }
        if let Some(score) = example.score {
            row["target"] = json!(score);
        }
        row
    }
}
