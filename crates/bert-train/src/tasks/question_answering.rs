//! [`ShownTask`] for question answering.

use embert_data::{Columns, QuestionColumns, Row, asked_of};
use embert_metrics::{AnswerMetric, AnswerReport, NamedMetric as _};
use embert_task::question_answering::{AnsweredQuestion, QuestionExample, QuestionPrediction};
use embert_task::{ExampleProblem, QuestionAnswering, Task as _};
use embert_train::Evaluation;
use serde_json::{Map, Value, json};

use super::report::{UndefinedMetrics, metrics_line};
use super::{PredictColumns, ScriptFile, ShownTask};
use crate::error::Error;
use crate::output;

/// The column of a question's id.
const ID: &str = "id";

impl ShownTask for QuestionAnswering {
    const ANSWER_HEADINGS: &'static [&'static str] = &["answer", "score", "characters", "question"];
    const PASSES_COLUMNS: bool = true;
    const TEXT_COLUMNS: (&'static str, Option<&'static str>) = ("question", Some("context"));

    const CUT: &'static str = "what stands in the rest of a context is no answer there";

    fn read_columns(columns: PredictColumns<'_>) -> Columns {
        columns.wanted().with_all()
    }

    fn with_n_best(self, n_best: usize) -> Option<Self> {
        Some(self.with_n_best(n_best))
    }

    fn example_of_texts(id: u64, text: String, text_pair: Option<String>) -> QuestionExample {
        QuestionExample::of_texts(id, text, text_pair.unwrap_or_default())
    }

    /// The question, its context and its id. The context is not passed on.
    fn example_of_row(
        id: u64,
        row: &mut Row,
        columns: PredictColumns<'_>,
    ) -> Result<QuestionExample, ExampleProblem> {
        let context = columns.text_pair.unwrap_or("context");
        let columns = QuestionColumns {
            question: columns.text.to_owned(),
            context: context.to_owned(),
            answers: String::new(),
            id: ID.to_owned(),
            document: None,
        };
        let question = asked_of(row, &columns)?;
        for column in [&columns.context, &columns.id] {
            row.take(column);
        }
        Ok(QuestionExample { id, question, document: None })
    }

    fn warning(&self) -> Option<String> {
        None
    }

    fn answer_cells(answer: &AnsweredQuestion) -> Vec<String> {
        let found = &answer.answer;
        let text = if found.is_empty() { "(no answer)" } else { found.as_str() };
        let characters = format!("{}..{}", answer.start, answer.end);
        let score = format!("{:.4}", answer.score);
        vec![text.to_owned(), score, characters, answer.question.clone()]
    }

    fn is_cut(prediction: &QuestionPrediction) -> bool {
        prediction.is_cut
    }

    fn is_answer_cut(answer: &AnsweredQuestion) -> bool {
        answer.is_cut
    }

    fn print_report(evaluation: &Evaluation<Self>) -> Result<(), Error> {
        let outcome = &evaluation.report;
        let line = |report: &AnswerReport, is_shown: fn(&AnswerMetric) -> bool| {
            let values = AnswerMetric::displayed().filter(is_shown);
            let values = values.map(|metric| (metric.name(), metric.value(report)));
            metrics_line(values.filter(|(_, value)| value.is_some()))
        };
        line(&outcome.report, |_| true)?;
        let absent = outcome.report.undefined().map(|metric| (metric.name(), None)).collect();
        UndefinedMetrics { absent, ..UndefinedMetrics::default() }.say();
        if let Some(fitted) = &outcome.at_threshold {
            let threshold = evaluation.task.null_threshold();
            output::line(&format!("with the null threshold of the validation split ({threshold:.4}):"))?;
            line(fitted, |metric| metric.depends_on_threshold())?;
        }
        Ok(())
    }

    fn squad_files(evaluation: &Evaluation<Self>) -> Vec<ScriptFile> {
        let threshold = evaluation.task.null_threshold();
        let (mut answers, mut n_best, mut odds) = (Map::new(), Map::new(), Map::new());
        for (example, prediction) in &evaluation.examples {
            let prediction = prediction.answers.clone().with_null_threshold(threshold);
            answers.insert(example.key(), json!(prediction.answer().text));
            n_best.insert(example.key(), json!(prediction.n_best()));
            if let Some(of_null) = prediction.null_odds() {
                odds.insert(example.key(), json!(of_null));
            }
        }
        let files =
            [("predictions.json", answers), ("nbest_predictions.json", n_best), ("null_odds.json", odds)];
        let with_null = evaluation.task.with_null();
        let files = files.into_iter().filter(|(name, _)| with_null || *name != "null_odds.json");
        files.map(|(name, values)| (name, Value::Object(values))).collect()
    }

    fn evaluated(&self, example: &QuestionExample, prediction: &QuestionPrediction) -> Value {
        let truth = self.record("", example, prediction, 0);
        let answer = self.answer(example.clone(), prediction.clone());
        let mut row = json!({"question": truth.question, "target": truth.answers});
        if let Some(odds) = truth.null_odds {
            row["null_odds"] = json!(odds);
        }
        if let (Ok(Value::Object(mut into)), Value::Object(from)) = (serde_json::to_value(&answer), row) {
            into.extend(from);
            return Value::Object(into);
        }
        Value::Null
    }
}
