//! [`QuestionAnswering`]: the answer to a question as a span of its context.

use std::borrow::Cow;
use std::path::Path;

use burn::tensor::Tensor;
use embert_data::tokenize::{Encoding, Tokenizer, Truncation};
use embert_data::{
    AnswerSpan, Card, Columns, EncodedDataset, LoadedRows, QuestionColumns, Row, Splits, Strata,
};
use embert_metrics::{
    AnswerAccumulator, AnswerMetric, AnswerReport, NamedMetric as _, sentence_with_shared_words,
};
use embert_model::{BertConfig, Layout, ProblemType, QuestionAnsweringHead};
use embert_run::{
    AnsweredExample, Baseline, Detail, FORMAT, MetricInfo, Metrics, PredictedAnswer, QUESTION_ANSWERING,
    Thresholds, TrueAnswer,
};

use super::aligned::{AnswerPart, QuestionAlignment, QuestionPrediction};
use super::alignment::SpanAlignment;
use super::answer::AnsweredQuestion;
use super::card;
use super::example::QuestionExample;
use super::labels::QuestionLabels;
use super::options::AnswerOptions;
use super::scorer::{AnswerOutcome, AnswerScorer};
use super::span_loss::span_loss;
use super::target::SpanTarget;
use crate::named_scores::{logged, logged_names, shown, values};
use crate::{ExampleProblem, Inputs, LabelOptions, LossSettings, Scorer, Task, TaskCard, TaskError};

/// The answer to a question as a span of its context (Rajpurkar et al. 2016; Devlin et al. 2019, section 4.2): a
/// linear layer over each token's state gives a logit for the answer's first token and one for its last.
///
/// A long context is read in windows, each with the question. Training wants the first true answer in each
/// window that holds it, and `[CLS]` in the others. Answers are those of `run_qa.py` of `transformers`'
/// examples ([`post_process`](super::post_process)), metrics those of SQuAD's official scripts.
///
/// Where a question of the data set has no answer (SQuAD 2.0), an answer may be null: [`thresholds`](Task::thresholds)
/// has the null threshold that is best for F1 on the validation split.
#[derive(Clone, Debug)]
pub struct QuestionAnswering {
    options: AnswerOptions,
    /// How many answers of a question are written.
    shown: usize,
    /// The fitted null threshold.
    fitted: Option<f64>,
}

impl QuestionAnswering {
    /// The number of answers that are written of a question, unless it is set.
    pub const SHOWN: usize = 5;

    /// The task; `with_null` where a question may have no answer in its context.
    pub fn new(with_null: bool) -> Self {
        let options = AnswerOptions { with_null, ..AnswerOptions::default() };
        Self { options, shown: Self::SHOWN, fitted: None }
    }

    /// Sets how many of its best answers are written of a question. Of more than 20, each window's as many
    /// greatest logits of both ends are combined.
    #[must_use]
    pub fn with_n_best(self, shown: usize) -> Self {
        let n_best = AnswerOptions::default().n_best.max(shown);
        Self { options: AnswerOptions { n_best, ..self.options }, shown, ..self }
    }

    /// Whether a question may have no answer in its context.
    pub fn with_null(&self) -> bool {
        self.options.with_null
    }

    /// The null threshold above which a question has no answer: the fitted one, else 0.
    pub fn null_threshold(&self) -> f64 {
        self.fitted.unwrap_or(self.options.null_threshold)
    }

    /// The metrics of a rule that gives each example an answer.
    fn baseline<'a>(
        name: &str,
        examples: &'a [QuestionExample],
        answer: impl Fn(&'a QuestionExample) -> &'a str,
    ) -> Result<Baseline, TaskError> {
        let mut scores = AnswerAccumulator::default();
        for (place, example) in examples.iter().enumerate() {
            let answers = example.question.answers.as_ref();
            let answers = answers.ok_or(TaskError::Unlabelled { id: example.id })?;
            let gold: Vec<&str> = answers.iter().map(|answer| answer.text.as_str()).collect();
            scores.add(place, &gold, answer(example), None, 0.0)?;
        }
        let metrics = AnswerMetric::displayed().filter(|metric| !metric.is_loss());
        Ok(Baseline { name: name.to_owned(), metrics: values(&scores.report(), metrics) })
    }
}

impl Task for QuestionAnswering {
    const NAME: &'static str = QUESTION_ANSWERING;
    const METRIC: &'static str = AnswerMetric::DEFAULT;
    const PROBLEM_TYPE: Option<ProblemType> = None;
    // A cut would lose the answer. As 128 of 384 tokens in `run_qa.py`.
    const SHARE_OF_WINDOWS: Option<usize> = Some(3);
    // A question is read whole.
    const TRUNCATION: Option<Truncation> = Some(Truncation::OnlySecond);
    const KEY: &'static str = "a context or a document";
    const LABEL_KEY: &'static str = "answers";

    type Head = QuestionAnsweringHead;
    type Example = QuestionExample;
    type Labels = QuestionLabels;
    type Target = SpanTarget;
    type Alignment = QuestionAlignment;
    type Part = AnswerPart;
    type Prediction = QuestionPrediction;
    type Answer = AnsweredQuestion;
    type Record = AnsweredExample;
    type Scorer = AnswerScorer;
    type Report = AnswerOutcome;

    fn inputs(_examples: &[QuestionExample]) -> Inputs {
        Inputs::Questions
    }

    fn columns(card: &Card) -> Columns {
        QuestionColumns::of(card).columns()
    }

    fn label_column(card: &Card) -> Option<&str> {
        Some(card.columns.answers.as_deref().unwrap_or("answers"))
    }

    fn read_labels(
        card: &Card,
        rows: &LoadedRows,
        _skip_bad_rows: bool,
        options: &LabelOptions,
    ) -> Result<(QuestionLabels, Vec<String>), TaskError> {
        options.refuse()?;
        Ok((QuestionLabels::read(card, rows), Vec::new()))
    }

    fn none_of_labels(_card: &Card) -> Option<String> {
        Some("a question without an answer has empty lists in its answers".to_owned())
    }

    fn example(
        labels: &QuestionLabels,
        _card: &Card,
        id: u64,
        row: Row,
    ) -> Result<QuestionExample, ExampleProblem> {
        labels.example(id, &row)
    }

    /// Questions with an answer, and questions without one.
    fn strata(_labels: &QuestionLabels, example: &QuestionExample) -> Strata {
        Strata::One(usize::from(example.has_no_answer()))
    }

    /// The context, and the document.
    fn keys(example: &QuestionExample) -> Vec<Cow<'_, str>> {
        let document = example.document.iter().map(|document| document.as_str().into());
        document.chain([example.question.context.as_str().into()]).collect()
    }

    fn data_notes(_labels: &QuestionLabels, splits: &Splits<QuestionExample>) -> Vec<String> {
        let parts = [("training", &splits.train), ("validation", &splits.validation), ("test", &splits.test)];
        let note = |(name, examples): (&str, &Vec<QuestionExample>)| {
            let without = examples.iter().filter(|example| example.has_no_answer()).count();
            (without > 0).then(|| {
                format!("{without} of {} questions of the {name} split have no answer", examples.len())
            })
        };
        let mut notes: Vec<String> = parts.into_iter().filter_map(note).collect();
        let is_several = |example: &&QuestionExample| {
            example.question.answers.as_ref().is_some_and(|answers| {
                answers.iter().any(|answer| answer.characters() != answers[0].characters())
            })
        };
        let several = splits.train.iter().filter(is_several).count();
        if several > 0 {
            notes.push(format!(
                "{several} of {} training questions have several answers: training wants the first one",
                splits.train.len()
            ));
        }
        notes
    }

    fn label_names(_labels: &QuestionLabels) -> Option<&[String]> {
        None
    }

    fn fit(labels: &QuestionLabels, _config: &BertConfig, _folder: &Path) -> Result<Self, TaskError> {
        Ok(Self::new(labels.has_unanswerable()))
    }

    fn of_checkpoint(_config: &BertConfig, folder: &Path) -> Result<Self, TaskError> {
        Self::new(false).with_thresholds_of(folder)
    }

    fn with_loss(
        self,
        settings: &LossSettings,
        _train: &EncodedDataset<SpanTarget>,
    ) -> Result<Self, TaskError> {
        let instead = "the ends of an answer are tokens, not classes";
        settings.class_weights.refuse("class_weights", instead)?;
        settings.pos_weight.refuse("pos_weight", instead)?;
        settings.refuse_label_smoothing(instead)?;
        Ok(self)
    }

    fn labels(&self) -> &[String] {
        &[]
    }

    fn metrics(&self) -> Vec<MetricInfo> {
        shown::<AnswerMetric>()
    }

    /// A threshold says where a score was reached, and the scores of questions without an answer need some.
    fn chooses_by(&self, metric: &str) -> bool {
        let is_of_all = |metric: AnswerMetric| {
            metric.is_loss() || matches!(metric, AnswerMetric::F1 | AnswerMetric::ExactMatch)
        };
        metric.parse().is_ok_and(|metric: AnswerMetric| {
            metric.is_score() && (self.options.with_null || is_of_all(metric))
        })
    }

    fn logged_metrics(&self) -> Vec<String> {
        logged_names::<AnswerMetric>()
    }

    fn card(&self, _escape: &dyn Fn(&str) -> String) -> TaskCard {
        card::card(self.options.with_null, self.fitted.is_some())
    }

    fn count_labels<'a>(
        _labels: usize,
        _examples: impl IntoIterator<Item = &'a QuestionExample>,
    ) -> Vec<usize> {
        Vec::new()
    }

    fn is_labelled(example: &QuestionExample) -> bool {
        example.question.answers.is_some()
    }

    fn align_label(&self, example: QuestionExample) -> QuestionExample {
        example
    }

    fn target(&self, example: &QuestionExample, encoding: &Encoding) -> Result<SpanTarget, TaskError> {
        if example.question.answers.is_none() {
            return Err(TaskError::Unlabelled { id: example.id });
        }
        let answer = example.first_answer().map(AnswerSpan::characters);
        Ok(SpanTarget::new(&SpanAlignment::new(encoding), answer.as_ref()))
    }

    fn alignment(
        &self,
        example: &QuestionExample,
        encoding: &Encoding,
        _tokenizer: &Tokenizer,
    ) -> QuestionAlignment {
        let target = self.target(example, encoding).ok();
        QuestionAlignment { span: SpanAlignment::new(encoding), target, is_cut: encoding.truncated() }
    }

    /// The number of features.
    fn weight(&self, targets: &[SpanTarget]) -> f64 {
        targets.len() as f64
    }

    fn loss(&self, outputs: Tensor<2>, layout: &Layout, targets: &[SpanTarget], divisor: f64) -> Tensor<1> {
        span_loss(outputs, layout, targets, divisor)
    }

    fn decode(&self, alignment: &QuestionAlignment, outputs: &[f32]) -> AnswerPart {
        AnswerPart::new(alignment, outputs, &self.options)
    }

    fn join(&self, example: &QuestionExample, parts: Vec<AnswerPart>) -> QuestionPrediction {
        QuestionPrediction::join(example, parts, &self.options)
    }

    fn baselines(&self, examples: &[QuestionExample]) -> Result<Vec<Baseline>, TaskError> {
        fn sentence(example: &QuestionExample) -> &str {
            let question = &example.question;
            sentence_with_shared_words(&question.question, &question.context)
                .map_or("", |sentence| &question.context[sentence])
        }
        let name = "the sentence of the context that shares most words with the question";
        let mut rules = vec![Self::baseline(name, examples, sentence)?];
        if self.options.with_null {
            rules.push(Self::baseline("no answer", examples, |_| "")?);
        }
        Ok(rules)
    }

    fn fit_thresholds(
        &self,
        validation: &[QuestionExample],
        predictions: &[QuestionPrediction],
    ) -> Option<Self> {
        // Without a question that has no answer, the best threshold would be to answer them all.
        if !self.options.with_null || !validation.iter().any(QuestionExample::has_no_answer) {
            return None;
        }
        let mut scorer = self.scorer().ok()?;
        for (example, prediction) in validation.iter().zip(predictions) {
            scorer.add(example, prediction).ok()?;
        }
        let fitted = scorer.finish().report.best_f1_thresh?;
        Some(Self { fitted: Some(fitted), ..self.clone() })
    }

    /// With a null threshold, answers may be null.
    fn with_thresholds_of(self, folder: &Path) -> Result<Self, TaskError> {
        let Some(thresholds) = Thresholds::read(folder)? else { return Ok(self) };
        let path = folder.join(Thresholds::FILE);
        match thresholds.null_score_diff_threshold {
            Some(fitted) if fitted.is_finite() => {
                let options = AnswerOptions { with_null: true, ..self.options };
                Ok(Self { options, fitted: Some(fitted), ..self })
            }
            _ => Err(TaskError::NoNullThreshold { path }),
        }
    }

    fn thresholds(&self) -> Option<Thresholds> {
        let null_score_diff_threshold = Some(self.fitted?);
        Some(Thresholds { format: FORMAT, labels: Metrics::default(), null_score_diff_threshold })
    }

    fn scorer(&self) -> Result<AnswerScorer, TaskError> {
        Ok(AnswerScorer::new(self.options.with_null, self.fitted))
    }

    fn logged(&self, report: &AnswerOutcome) -> Metrics {
        logged::<AnswerMetric>(&report.report)
    }

    fn scores(&self, report: &AnswerOutcome) -> (Metrics, Detail) {
        let with_threshold = |report: &AnswerReport| {
            values(report, AnswerMetric::displayed().filter(|metric| metric.depends_on_threshold()))
        };
        let detail = Detail {
            at_thresholds: report.at_threshold.as_ref().map(with_threshold).unwrap_or_default(),
            thresholds: report.at_threshold.iter().filter_map(|report| report.null_threshold).collect(),
            ..Detail::default()
        };
        (values(&report.report, AnswerMetric::displayed()), detail)
    }

    fn record(
        &self,
        split: &str,
        example: &QuestionExample,
        prediction: &QuestionPrediction,
        tokens: usize,
    ) -> AnsweredExample {
        let best = prediction.answers.best();
        let answers = example.question.answers.iter().flatten().map(|answer| {
            let characters = answer.characters();
            TrueAnswer { text: answer.text.clone(), start: characters.start, end: characters.end }
        });
        AnsweredExample {
            split: split.to_owned(),
            id: example.id,
            question_id: example.key(),
            question: example.question.question.clone(),
            context: example.question.context.clone(),
            answers: answers.collect(),
            predicted: PredictedAnswer {
                text: best.text.clone(),
                score: best.probability,
                start: best.start,
                end: best.end,
            },
            null_odds: prediction.answers.null_odds(),
            tokens,
        }
    }

    fn answer(&self, example: QuestionExample, prediction: QuestionPrediction) -> AnsweredQuestion {
        let answers = prediction.answers.with_null_threshold(self.null_threshold());
        AnsweredQuestion::new(example, QuestionPrediction { answers, ..prediction }, self.shown)
    }
}

impl Scorer<QuestionAnswering> for AnswerScorer {
    fn add(&mut self, example: &QuestionExample, prediction: &QuestionPrediction) -> Result<(), TaskError> {
        self.add_answer(example, prediction)
    }

    fn merge(&mut self, other: Self) -> Result<(), TaskError> {
        self.merge_answers(other)
    }

    fn finish(&self) -> AnswerOutcome {
        self.outcome()
    }
}
