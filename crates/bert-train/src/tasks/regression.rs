//! [`ShownTask`] for a number for each text.

use embert_data::{Columns, Row};
use embert_metrics::{NamedMetric as _, RegressionMetric};
use embert_task::{ExampleProblem, NumberedText, ScoredText, Task as _, TextRegression};
use embert_train::Evaluation;
use serde_json::{Value, json};

use super::report::{UndefinedMetrics, metrics_line};
use super::{PredictColumns, ShownTask, texts_of_row};
use crate::error::Error;

impl ShownTask for TextRegression {
    const ANSWER_HEADINGS: &'static [&'static str] = &["score", "text"];
    const PASSES_COLUMNS: bool = true;

    fn read_columns(columns: PredictColumns<'_>) -> Columns {
        columns.wanted().with_all()
    }

    fn example_of_texts(id: u64, text: String, text_pair: Option<String>) -> NumberedText {
        NumberedText { id, text, text_pair, label: None, document: None }
    }

    fn example_of_row(
        id: u64,
        row: &mut Row,
        columns: PredictColumns<'_>,
    ) -> Result<NumberedText, ExampleProblem> {
        let (text, text_pair) = texts_of_row(row, columns)?;
        Ok(Self::example_of_texts(id, text, text_pair))
    }

    fn warning(&self) -> Option<String> {
        None
    }

    fn answer_cells(answer: &ScoredText) -> Vec<String> {
        let texts = [Some(&answer.text), answer.text_pair.as_ref()].into_iter().flatten();
        let texts: Vec<&str> = texts.map(String::as_str).collect();
        vec![format!("{:.4}", answer.score), texts.join(" / ")]
    }

    fn print_report(evaluation: &Evaluation<Self>) -> Result<(), Error> {
        let report = &evaluation.report;
        metrics_line(RegressionMetric::displayed().map(|metric| (metric.name(), metric.value(report))))?;
        let absent = report.undefined().map(|metric| (metric.name(), None)).collect();
        UndefinedMetrics { absent, ..UndefinedMetrics::default() }.say();
        Ok(())
    }

    fn evaluated(&self, example: &NumberedText, prediction: &f64) -> Value {
        let answer = self.answer(example.clone(), *prediction);
        let mut row = json!({"id": example.id});
        if let (Some(into), Ok(Value::Object(from))) = (row.as_object_mut(), serde_json::to_value(&answer)) {
            into.extend(from);
        }
        row["target"] = json!(example.label);
        row
    }
}
