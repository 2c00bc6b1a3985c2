//! [`ShownTask`] for text classification.

use embert_data::Row;
use embert_metrics::{Metric, NamedMetric as _};
use embert_task::{ClassScores, ExampleProblem, LabelledText, Task as _, TextClassification, TextExample};
use embert_train::Evaluation;
use serde_json::{Map, Value, json};

use super::report::UndefinedMetrics;
use super::{PredictColumns, ShownTask, texts_of_row, unnamed_warning};
use crate::error::Error;
use crate::output;

impl ShownTask for TextClassification {
    const ANSWER_HEADINGS: &'static [&'static str] = &["label", "score", "text"];

    fn example_of_texts(id: u64, text: String, text_pair: Option<String>) -> TextExample {
        TextExample { id, text, text_pair, label: None, document: None }
    }

    fn example_of_row(
        id: u64,
        row: &mut Row,
        columns: PredictColumns<'_>,
    ) -> Result<TextExample, ExampleProblem> {
        let (text, text_pair) = texts_of_row(row, columns)?;
        Ok(Self::example_of_texts(id, text, text_pair))
    }

    fn warning(&self) -> Option<String> {
        unnamed_warning(self.labels(), "labels")
    }

    fn answer_cells(answer: &LabelledText) -> Vec<String> {
        vec![answer.label().to_owned(), format!("{:.4}", answer.score()), answer.text().to_owned()]
    }

    fn print_report(evaluation: &Evaluation<Self>) -> Result<(), Error> {
        let report = &evaluation.report;
        let number = |value: f64| format!("{value:.4}");
        let row = |name: &str, figures: [(Metric, f64); 3], examples: usize| -> Vec<String> {
            let figures = figures.map(|(_, value)| number(value));
            [name.to_owned()].into_iter().chain(figures).chain([examples.to_string()]).collect()
        };
        let names = report.macro_average.named().map(|(metric, _)| metric.name());
        let headings: Vec<&str> = [""].into_iter().chain(names).chain(["examples"]).collect();
        let mut table = output::Table::new(&headings);
        for (label, class) in evaluation.task.labels().iter().zip(&report.per_class) {
            table.add_row(row(label, class.named(), class.support));
        }
        for (name, average) in
            [("macro average", &report.macro_average), ("weighted average", &report.weighted_average)]
        {
            table.add_row(row(name, average.named(), report.examples));
        }
        table.numbers_right();
        table.print()?;

        let headings: Vec<String> = std::iter::once("true \\ predicted".to_owned())
            .chain(evaluation.task.labels().iter().cloned())
            .collect();
        let mut confusion = output::Table::new(&headings);
        for (index, label) in evaluation.task.labels().iter().enumerate() {
            let counts = (0..evaluation.task.labels().len())
                .map(|predicted| report.confusion_matrix.count(index, predicted).to_string());
            confusion.add_row(std::iter::once(label.clone()).chain(counts));
        }
        confusion.numbers_right();
        confusion.print()?;
        // Metrics that neither table has.
        let others = Metric::displayed().filter(|metric| metric.is_headline() && !metric.is_averaged());
        let others: Vec<String> = others
            .map(|metric| {
                let value = metric.value(report).map_or_else(|| "undefined".to_owned(), number);
                format!("{} {value}", metric.name().replace('_', " "))
            })
            .collect();
        output::line(&others.join("  "))?;
        let mut undefined = UndefinedMetrics::default();
        for found in &report.undefined {
            let names = evaluation.task.labels();
            let metric = (found.metric.name(), found.class.map(|label| names[label].as_str()));
            // A metric without a value has "undefined" in the line above.
            if found.metric.value(report).is_some() {
                undefined.as_zero.push(metric);
            }
        }
        undefined.say();
        Ok(())
    }

    fn evaluated(&self, example: &TextExample, prediction: &ClassScores) -> Value {
        let labels = self.labels();
        let probabilities: Map<String, Value> =
            labels.iter().cloned().zip(prediction.scores().iter().map(|p| json!(p))).collect();
        let mut row = json!({
            "id": example.id,
            "text": example.text,
            "target": example.label.map(|label| &labels[label]),
            "predicted": labels[prediction.label_id()],
            "score": prediction.score(),
            "probabilities": probabilities,
        });
        if let Some(text_pair) = &example.text_pair {
            row["text_pair"] = text_pair.as_str().into();
        }
        row
    }
}
