//! [`ShownTask`] for masked words.

use embert_data::{Columns, Row};
use embert_metrics::{MaskedMetric, NamedMetric as _};
use embert_task::fill_mask::{FilledText, MaskPrediction, MaskedText};
use embert_task::{ExampleProblem, FillMask, Task as _};
use embert_train::Evaluation;
use serde_json::{Value, json};

use super::report::{UndefinedMetrics, metrics_line};
use super::{PredictColumns, ShownTask, texts_of_row};
use crate::error::Error;
use crate::output::{self, say};

impl ShownTask for FillMask {
    const ANSWER_HEADINGS: &'static [&'static str] = &["words", "text"];
    const PASSES_COLUMNS: bool = true;

    const CUT: &'static str = "a mask in the rest of a text is not filled";

    fn with_n_best(self, n_best: usize) -> Option<Self> {
        Some(self.with_top_k(n_best))
    }

    fn read_columns(columns: PredictColumns<'_>) -> Columns {
        columns.wanted().with_all()
    }

    fn example_of_texts(id: u64, text: String, text_pair: Option<String>) -> MaskedText {
        MaskedText { id, text, text_pair, label: (), document: None }
    }

    fn example_of_row(
        id: u64,
        row: &mut Row,
        columns: PredictColumns<'_>,
    ) -> Result<MaskedText, ExampleProblem> {
        let (text, text_pair) = texts_of_row(row, columns)?;
        Ok(MaskedText { id, text, text_pair, label: (), document: None })
    }

    fn warning(&self) -> Option<String> {
        None
    }

    fn answer_cells(answer: &FilledText) -> Vec<String> {
        let words = answer.masks.iter().map(|mask| {
            let words = mask.iter().map(|filled| format!("{} {:.4}", filled.token_str, filled.score));
            words.collect::<Vec<_>>().join(", ")
        });
        vec![words.collect::<Vec<_>>().join(" | "), answer.text.clone()]
    }

    fn is_cut(prediction: &MaskPrediction) -> bool {
        prediction.is_cut
    }

    fn is_answer_cut(answer: &FilledText) -> bool {
        answer.is_cut
    }

    fn print_report(evaluation: &Evaluation<Self>) -> Result<(), Error> {
        let report = &evaluation.report;
        let values = MaskedMetric::displayed().map(|metric| (metric.name(), metric.value(report)));
        metrics_line(values.filter(|(_, value)| value.is_some()))?;
        output::line(&format!("{} masked tokens", report.masked))?;
        let absent = report.undefined().map(|metric| (metric.name(), None)).collect();
        UndefinedMetrics { absent, ..UndefinedMetrics::default() }.say();
        if let Some(overflow) = report.overflow() {
            say!("{overflow}");
        }
        Ok(())
    }

    fn evaluated(&self, example: &MaskedText, prediction: &MaskPrediction) -> Value {
        let record = self.record("", example, prediction, 0);
        json!({"id": record.id, "text": record.text, "masks": record.masks})
    }
}
