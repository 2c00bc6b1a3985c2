//! Masked language modelling: the words behind the masked tokens of a text.
//!
//! Some tokens of a text are masked, and the model predicts them from the others (Devlin et al. 2019, section
//! 3.1). The texts need no labels: any column of texts will do, as for going on with pretraining on texts of
//! one's own domain. [`FillMask`] is the task, [`MaskTarget`] the target of a feature before and after
//! masking.

mod alignment;
mod answer;
mod blocks;
mod card;
mod example;
mod loss;
mod masking;
pub(crate) mod options;
mod prediction;
mod scorer;
mod target;
mod task;
#[cfg(test)]
mod tests;
mod vocabulary;

pub use alignment::MaskAlignment;
pub use answer::{Filled, FilledText};
pub use example::MaskedText;
pub use options::MaskOptions;
pub use prediction::{MaskPrediction, PredictedMask};
pub use scorer::MaskScorer;
pub use target::{MaskTarget, MaskedToken, TokenKind};
pub use task::FillMask;
