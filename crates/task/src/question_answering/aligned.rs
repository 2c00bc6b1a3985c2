//! [`QuestionAlignment`], [`AnswerPart`] and [`QuestionPrediction`]: from a feature's outputs to a question's
//! answers, with their loss.

use embert_metrics::softmax;

use super::alignment::SpanAlignment;
use super::candidates::SpanCandidates;
use super::example::QuestionExample;
use super::options::AnswerOptions;
use super::post_process::post_process;
use super::prediction::AnswerPrediction;
use super::target::SpanTarget;

/// Where the tokens of a feature stand in the context, and which of them the true answer wants.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct QuestionAlignment {
    /// The tokens' characters.
    pub span: SpanAlignment,
    /// The target, for the loss of an evaluation; `None` where the answers are not known.
    pub target: Option<SpanTarget>,
    /// Whether the context was cut, so that its end is in no window.
    pub is_cut: bool,
}

/// The best answers of one window, with the window's loss.
#[derive(Clone, Debug, PartialEq)]
pub struct AnswerPart {
    candidates: SpanCandidates,
    /// In nats; `None` where the answers are not known.
    loss: Option<f64>,
    is_cut: bool,
}

impl AnswerPart {
    /// The part of a window from its logits, `[tokens, 2]`, special tokens included and padding not.
    pub(super) fn new(alignment: &QuestionAlignment, logits: &[f32], options: &AnswerOptions) -> Self {
        Self {
            candidates: SpanCandidates::new(&alignment.span, logits, options),
            loss: alignment.target.map(|target| span_loss(target, logits)),
            is_cut: alignment.is_cut,
        }
    }
}

/// The loss of a window in nats: the mean of the cross-entropies of the start and of the end, over all tokens of
/// the feature.
fn span_loss(target: SpanTarget, logits: &[f32]) -> f64 {
    let (logits, _) = logits.as_chunks::<2>();
    let of_end = |end: usize, token: usize| {
        let of_tokens: Vec<f32> = logits.iter().map(|logits| logits[end]).collect();
        let probability = softmax(&of_tokens).into_iter().nth(token).unwrap_or(f64::NAN);
        // `max` would make a number of NaN.
        -(if probability < f64::MIN_POSITIVE { f64::MIN_POSITIVE } else { probability }).ln()
    };
    f64::midpoint(of_end(0, target.start), of_end(1, target.end))
}

/// The answers to a question, with its loss.
#[derive(Clone, Debug, PartialEq)]
pub struct QuestionPrediction {
    /// The answers.
    pub answers: AnswerPrediction,
    /// The mean loss of the question's windows, in nats; `None` where the true answers are not known.
    pub loss: Option<f64>,
    /// Whether the model has read only a part of the context.
    pub is_cut: bool,
}

impl QuestionPrediction {
    /// The answers of all windows of the context, in their order.
    pub(super) fn join(example: &QuestionExample, parts: Vec<AnswerPart>, options: &AnswerOptions) -> Self {
        let windows = parts.len().max(1) as f64;
        let losses: Option<Vec<f64>> = parts.iter().map(|part| part.loss).collect();
        let loss = losses.filter(|losses| !losses.is_empty());
        // Windows are whole together.
        let is_cut = matches!(parts.as_slice(), [only] if only.is_cut);
        let candidates = parts.into_iter().map(|part| part.candidates);
        Self {
            answers: post_process(&example.question.context, candidates, options),
            loss: loss.map(|losses| losses.iter().sum::<f64>() / windows),
            is_cut,
        }
    }
}
