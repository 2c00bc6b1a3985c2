//! The options of `predict` that are for one task.

use embert_predict::Predictor;
use embert_task::TaskKind;

use super::args::{OutputFormat, PredictArgs};
use crate::error::Error;
use crate::tasks::{ShownTask, is};

/// The predictor with the options of its task.
///
/// # Errors
/// An option is for another task.
pub(super) fn of_task<T: ShownTask>(
    args: &PredictArgs,
    mut predictor: Predictor<T>,
) -> Result<Predictor<T>, Error> {
    let of = |option, tasks| Error::OptionOfTask { option, tasks, model: T::NAME };
    if let Some(aggregation) = args.aggregation {
        let task = predictor.task().clone().with_aggregation(aggregation);
        let task = task.ok_or_else(|| of("aggregation", TOKENS))?;
        if args.format == OutputFormat::Conll {
            return Err(Error::AggregatedWords);
        }
        predictor = predictor.map_task(|_| task);
    }
    if let Some(n_best) = args.n_best {
        let task = predictor.task().clone().with_n_best(n_best as usize);
        let task = task.ok_or_else(|| of("n-best", "question-answering"))?;
        predictor = predictor.map_task(|_| task);
    }
    if args.sentences.is_some() || args.no_trigram_blocking {
        let sentences = args.sentences.map(|sentences| sentences as usize);
        let task = predictor.task().clone().with_sentences(sentences, !args.no_trigram_blocking);
        let option = if sentences.is_some() { "sentences" } else { "no-trigram-blocking" };
        let task = task.ok_or_else(|| of(option, "summarization"))?;
        predictor = predictor.map_task(|_| task);
    }
    if args.format == OutputFormat::Conll && !is_of_tokens::<T>() {
        return Err(of("format conll", TOKENS));
    }
    let pair =
        [("text-pair", args.text_pair.is_some()), ("text-pair-column", args.text_pair_column.is_some())];
    match pair.into_iter().find(|(_, is_given)| *is_given && !has_pairs::<T>()) {
        Some((option, _)) => Err(of(option, "text-classification")),
        None => Ok(predictor),
    }
}

const TOKENS: &str = "token-classification";

/// Whether texts may be pairs.
pub(super) fn has_pairs<T: ShownTask>() -> bool {
    !is_of_tokens::<T>() && !is::<T>(TaskKind::Summarization)
}

/// Whether the task is token classification.
pub(super) fn is_of_tokens<T: ShownTask>() -> bool {
    is::<T>(TaskKind::TokenClassification)
}

/// Whether the task is question answering.
pub(super) fn is_of_questions<T: ShownTask>() -> bool {
    is::<T>(TaskKind::QuestionAnswering)
}
