//! [`SpanCandidates`]: the best answers of one window.

use super::alignment::{CLS, SpanAlignment};
use super::options::AnswerOptions;
use super::span::{Span, descending, keep_best};

/// The best spans of one window, and the null answer's logits there: what
/// [`post_process`](super::post_process) needs of the window.
#[derive(Clone, Debug, PartialEq)]
pub struct SpanCandidates {
    /// The greatest score first.
    pub(super) spans: Vec<Span>,
    /// `None` for a feature without tokens.
    pub(super) null: Option<Span>,
}

impl SpanCandidates {
    /// The best answers in a window. `logits` are a start and an end logit of each token of the feature,
    /// `[tokens, 2]`, special tokens included and padding not.
    ///
    /// Of the `n_best` greatest start logits and the `n_best` greatest end logits, each pair is an answer
    /// whose tokens are of the context, whose end is not before its start, and that has at most
    /// `max_answer_length` tokens. Special tokens and the question's count among the greatest. Of equal
    /// logits the later token's comes first: numpy's stable `argsort`, read from its end. (The unstable one,
    /// which `utils_qa.py` uses, orders them as the processor's instructions have it. With padding it also
    /// counts the logits there.)
    pub fn new(alignment: &SpanAlignment, logits: &[f32], options: &AnswerOptions) -> Self {
        let (logits, _) = logits.as_chunks::<2>();
        let [starts, ends] = [0, 1].map(|end| greatest(logits, end, options.n_best));
        let characters = |token: usize| alignment.tokens().get(token).and_then(Option::as_ref);
        let mut spans = Vec::new();
        for &start in &starts {
            for &end in &ends {
                if end < start || end - start >= options.max_answer_length {
                    continue;
                }
                let (Some(first), Some(last)) = (characters(start), characters(end)) else { continue };
                spans.push(Span {
                    characters: first.start..last.end,
                    start_logit: logits[start][0],
                    end_logit: logits[end][1],
                });
            }
        }
        // More than `n_best` of one window are never among the `n_best` of all.
        keep_best(&mut spans, options.n_best);
        Self { spans, null: logits.get(CLS).map(|logits| Span::null(*logits)) }
    }
}

/// The tokens with the `n` greatest start (`end` = 0) or end logits (`end` = 1), the greatest first; of equal
/// ones the later token.
fn greatest(logits: &[[f32; 2]], end: usize, n: usize) -> Vec<usize> {
    let mut tokens: Vec<usize> = (0..logits.len()).rev().collect();
    tokens.sort_by(|a, b| descending(logits[*a][end], logits[*b][end]));
    tokens.truncate(n);
    tokens
}
