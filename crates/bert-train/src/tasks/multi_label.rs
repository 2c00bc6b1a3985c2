//! [`ShownTask`] for several labels a text.

use embert_data::{Columns, Row};
use embert_metrics::{Metric, MultiLabelMetric, MultiLabelReport, NamedMetric as _};
use embert_task::{ExampleProblem, LabelledTexts, MultiLabelClassification, MultiLabelText, Task as _};
use embert_train::Evaluation;
use serde_json::{Value, json};

use super::report::{UndefinedMetrics, metrics_line, scores_table};
use super::{PredictColumns, ShownTask, texts_of_row, unnamed_warning};
use crate::error::Error;
use crate::output;
use crate::output::say;

impl ShownTask for MultiLabelClassification {
    const ANSWER_HEADINGS: &'static [&'static str] = &["labels", "text"];
    const PASSES_COLUMNS: bool = true;

    fn read_columns(columns: PredictColumns<'_>) -> Columns {
        columns.wanted().with_all()
    }

    fn example_of_texts(id: u64, text: String, text_pair: Option<String>) -> MultiLabelText {
        MultiLabelText { id, text, text_pair, label: None, document: None }
    }

    fn example_of_row(
        id: u64,
        row: &mut Row,
        columns: PredictColumns<'_>,
    ) -> Result<MultiLabelText, ExampleProblem> {
        let (text, text_pair) = texts_of_row(row, columns)?;
        Ok(Self::example_of_texts(id, text, text_pair))
    }

    fn warning(&self) -> Option<String> {
        unnamed_warning(self.labels(), "labels")
    }

    fn answer_cells(answer: &LabelledTexts) -> Vec<String> {
        let labels = answer.labels().map(|(name, probability)| format!("{name} {probability:.4}"));
        vec![labels.collect::<Vec<_>>().join(", "), answer.text().to_owned()]
    }

    fn print_report(evaluation: &Evaluation<Self>) -> Result<(), Error> {
        let outcome = &evaluation.report;
        let names = evaluation.task.labels();
        let rows = names.iter().zip(&outcome.report.per_label);
        scores_table(rows.map(|(name, scores)| (name.clone(), scores.named(), scores.support)), "examples")?;
        let values =
            |report| MultiLabelMetric::displayed().map(move |metric| (metric.name(), metric.value(report)));
        metrics_line(values(&outcome.report))?;
        undefined(&outcome.report, names).say();
        if outcome.report.empty_examples > 0 {
            say!(
                "samples f1 and jaccard count {} example(s) as 0 that have no label and were given none",
                outcome.report.empty_examples
            );
        }
        if let Some(fitted) = &outcome.at_thresholds {
            let thresholds = names.iter().zip(&fitted.thresholds);
            let thresholds: Vec<String> = thresholds
                .map(|(name, threshold)| format!("{} {threshold:.4}", output::name(name)))
                .collect();
            output::line(&format!(
                "with the thresholds of the validation split ({}):",
                thresholds.join(", ")
            ))?;
            metrics_line(values(fitted))?;
        }
        Ok(())
    }

    fn evaluated(&self, example: &MultiLabelText, prediction: &Vec<f64>) -> Value {
        let labels = self.labels();
        let answer = self.answer(example.clone(), prediction.clone());
        let truth: Vec<&String> = example.label.iter().flatten().map(|label| &labels[*label]).collect();
        let mut row = json!({"id": example.id});
        if let (Some(into), Ok(Value::Object(from))) = (row.as_object_mut(), serde_json::to_value(&answer)) {
            into.extend(from);
        }
        row["target"] = json!(truth);
        row
    }
}

/// What is undefined in the report.
fn undefined<'a>(report: &MultiLabelReport, names: &'a [String]) -> UndefinedMetrics<'a> {
    let mut found = UndefinedMetrics::default();
    for undefined in &report.undefined {
        let metric = (undefined.metric.name(), undefined.class.map(|label| names[label].as_str()));
        let list = if undefined.metric == Metric::RocAuc { &mut found.absent } else { &mut found.as_zero };
        list.push(metric);
    }
    found
}
