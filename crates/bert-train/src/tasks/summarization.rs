//! [`ShownTask`] for summaries.

use embert_data::{Columns, Row, SummaryColumns, Value as Cell, unsummarized_of};
use embert_metrics::{NamedMetric as _, SummaryMetric};
use embert_task::{
    ExampleProblem, Summarization, SummarizedText, SummaryExample, SummaryPrediction, Task as _,
};
use embert_train::Evaluation;
use serde_json::{Value, json};

use super::report::{UndefinedMetrics, metrics_line};
use super::{PredictColumns, ShownTask};
use crate::error::Error;
use crate::output::say;

/// Columns in which files of texts with summaries have sentences, or the text, under other names.
const LISTS: [&str; 3] = ["sentences", "source", "src"];
const TEXTS: [&str; 2] = ["article", "document"];

impl ShownTask for Summarization {
    const ANSWER_HEADINGS: &'static [&'static str] = &["summary", "sentences", "scores"];
    const PASSES_COLUMNS: bool = true;

    const CUT: &'static str = "their last sentences are in no summary";

    fn read_columns(_columns: PredictColumns<'_>) -> Columns {
        // A file has sentences or texts.
        Columns::new().with_all()
    }

    fn with_sentences(self, sentences: Option<usize>, blocks_trigrams: bool) -> Option<Self> {
        let task = sentences.map_or(self.clone(), |sentences| self.with_sentences(sentences));
        Some(task.with_trigram_blocking(blocks_trigrams))
    }

    fn example_of_texts(id: u64, text: String, _text_pair: Option<String>) -> SummaryExample {
        SummaryExample::of_text(id, text)
    }

    /// The sentences of the row, or its text. Neither is passed on.
    fn example_of_row(
        id: u64,
        row: &mut Row,
        columns: PredictColumns<'_>,
    ) -> Result<SummaryExample, ExampleProblem> {
        let list = LISTS.into_iter().find(|name| matches!(row.get(name), Some(Cell::List(_))));
        let other = TEXTS.into_iter().find(|name| row.get(name).is_some());
        let text = if row.get(columns.text).is_some() { columns.text } else { other.unwrap_or(columns.text) };
        let sentences = list.filter(|_| row.get(columns.text).is_none());
        let columns = SummaryColumns {
            text: text.to_owned(),
            sentences: sentences.map(str::to_owned),
            ..SummaryColumns::default()
        };
        let summarized = unsummarized_of(row, &columns)?;
        row.take(sentences.unwrap_or(text));
        Ok(SummaryExample { id, summarized, document: None })
    }

    fn warning(&self) -> Option<String> {
        None
    }

    fn answer_cells(answer: &SummarizedText) -> Vec<String> {
        let of = |shown: fn(&embert_task::ChosenSentence) -> String| {
            answer.sentences.iter().map(shown).collect::<Vec<_>>().join(", ")
        };
        let numbers = of(|sentence| sentence.index.to_string());
        vec![answer.summary_text.clone(), numbers, of(|sentence| format!("{:.4}", sentence.score))]
    }

    fn is_cut(prediction: &SummaryPrediction) -> bool {
        prediction.is_cut
    }

    fn is_answer_cut(answer: &SummarizedText) -> bool {
        answer.is_cut
    }

    fn print_report(evaluation: &Evaluation<Self>) -> Result<(), Error> {
        let report = &evaluation.report;
        let values = SummaryMetric::displayed().map(|metric| (metric.name(), metric.value(report)));
        metrics_line(values.clone().filter(|(_, value)| value.is_some()))?;
        let absent = values.filter(|(_, value)| value.is_none()).map(|(name, _)| (name, None));
        UndefinedMetrics { absent: absent.collect(), ..UndefinedMetrics::default() }.say();
        if report.without_tokens > 0 {
            say!(
                "{} of {} summaries, or their true ones, have neither a Latin letter nor a digit: ROUGE knows no others, and is 0 \
                 there",
                report.without_tokens,
                report.examples
            );
        }
        Ok(())
    }

    fn evaluated(&self, example: &SummaryExample, prediction: &SummaryPrediction) -> Value {
        let answer = self.answer(example.clone(), prediction.clone());
        json!({
            "id": example.id,
            "target": example.references(),
            "oracle": example.oracle(),
            "summary_text": answer.summary_text,
            "sentences": answer.sentences,
        })
    }
}
