//! Checks that a config can make a model, and that it fits a tokenizer and labels.

use std::path::Path;

use super::bert_config::BertConfig;
use super::head_function::HeadFunction;
use super::labels::HeadLabels;
use super::origin::Origin;
use super::problem_type::ProblemType;
use crate::ModelError;

/// The largest number of layers accepted; the deepest published BERT has 48.
const MAX_LAYERS: usize = 1000;

/// The largest number of parameters accepted: 64 GiB of f32, fifty times the largest published BERT.
const MAX_PARAMETERS: u128 = 1 << 34;

impl BertConfig {
    /// Checks that the values can make a model.
    ///
    /// # Errors
    /// A value is out of its range, or two contradict each other.
    pub fn validate(&self) -> Result<(), ModelError> {
        self.check(&Origin("config"))
    }

    pub(super) fn check(&self, origin: &Origin<'_>) -> Result<(), ModelError> {
        for (key, value) in [
            ("vocab_size", self.vocab_size),
            ("hidden_size", self.hidden_size),
            ("num_hidden_layers", self.num_hidden_layers),
            ("num_attention_heads", self.num_attention_heads),
            ("intermediate_size", self.intermediate_size),
            ("max_position_embeddings", self.max_position_embeddings),
            ("type_vocab_size", self.type_vocab_size),
        ] {
            // The bound keeps every product of two sizes far below 2^64.
            if !(1..=1 << 28).contains(&value) {
                return Err(origin.bad(key, value, "a number of at least 1 and at most 2^28"));
            }
        }
        // Each layer makes about a hundred allocations, whatever its width.
        if self.num_hidden_layers > MAX_LAYERS {
            let expected = format!("at most {MAX_LAYERS}");
            return Err(origin.bad("num_hidden_layers", self.num_hidden_layers, &expected));
        }
        let parameters = self.parameters();
        if parameters > MAX_PARAMETERS {
            return Err(ModelError::TooLarge {
                origin: origin.0.to_owned(),
                parameters,
                most: MAX_PARAMETERS,
            });
        }
        if !self.hidden_size.is_multiple_of(self.num_attention_heads) {
            let expected = format!("a multiple of \"num_attention_heads\" ({})", self.num_attention_heads);
            return Err(origin.bad("hidden_size", self.hidden_size, &expected));
        }
        for (key, value) in [
            ("hidden_dropout_prob", self.hidden_dropout_prob),
            ("attention_probs_dropout_prob", self.attention_probs_dropout_prob),
            ("classifier_dropout", self.classifier_dropout.unwrap_or(0.0)),
        ] {
            if !(0.0..1.0).contains(&value) {
                return Err(origin.bad(key, value, "a probability of at least 0 and below 1"));
            }
        }
        if !(self.initializer_range.is_finite() && self.initializer_range >= 0.0) {
            return Err(origin.bad(
                "initializer_range",
                self.initializer_range,
                "a finite number of at least 0",
            ));
        }
        if !(self.layer_norm_eps.is_finite() && self.layer_norm_eps > 0.0) {
            return Err(origin.bad("layer_norm_eps", self.layer_norm_eps, "a finite number above 0"));
        }
        if let Some(pad) = self.pad_token_id.filter(|pad| *pad >= self.vocab_size) {
            return Err(origin.bad(
                "pad_token_id",
                pad,
                &format!("a token below \"vocab_size\" ({})", self.vocab_size),
            ));
        }
        HeadLabels { labels: self.id2label.clone(), problem_type: self.problem_type }.check(origin)
    }

    /// The number of the encoder's parameters, without biases and normalizations. The sizes are at most 2^28,
    /// so that the sum can't overflow.
    fn parameters(&self) -> u128 {
        let [hidden, inner, layers] =
            [self.hidden_size, self.intermediate_size, self.num_hidden_layers].map(|size| size as u128);
        let rows = (self.vocab_size + self.max_position_embeddings + self.type_vocab_size) as u128;
        rows * hidden + layers * (4 * hidden * hidden + 2 * hidden * inner) + hidden * hidden
    }

    /// Checks that a tokenizer that gives a text, or a pair of texts, `types` token types fits the model in
    /// `dir`.
    ///
    /// # Errors
    /// `types` is more than `type_vocab_size`.
    pub fn check_token_types(&self, dir: &Path, is_pair: bool, types: usize) -> Result<(), ModelError> {
        if types <= self.type_vocab_size {
            return Ok(());
        }
        let what = if is_pair { "pairs of texts" } else { "a text" };
        Err(ModelError::TokenTypes {
            dir: dir.to_owned(),
            what,
            types,
            type_vocab_size: self.type_vocab_size,
        })
    }

    /// Checks that the head's outputs are those of the problem `wanted`, for data with the labels `labels`;
    /// `None` stands for any labels, and for one number where `wanted` is a regression.
    ///
    /// A checkpoint that names no problem type fits several: a single output counts as a regression or as
    /// one label, several outputs as single-label or multi-label classification.
    ///
    /// # Errors
    /// The head of the checkpoint in `dir` is for another problem, or, for a regression without `labels`, has
    /// several outputs. Names and numbers of labels are not compared.
    pub fn check_problem(
        &self,
        dir: &Path,
        wanted: ProblemType,
        labels: Option<&[String]>,
    ) -> Result<(), ModelError> {
        let outputs = self.num_labels();
        let fits = match wanted {
            ProblemType::SingleLabelClassification => {
                return self.check_classes(dir, labels.unwrap_or_default());
            }
            ProblemType::MultiLabelClassification => match self.problem_type {
                Some(ProblemType::MultiLabelClassification) => true,
                None => outputs > 1 || self.head_function() == HeadFunction::Sigmoid,
                Some(_) => false,
            },
            ProblemType::Regression => match self.problem_type {
                Some(ProblemType::Regression) => labels.is_some() || outputs == 1,
                None => outputs == 1,
                Some(_) => false,
            },
        };
        if fits { Ok(()) } else { Err(self.other_problem(dir, wanted, labels)) }
    }

    /// The error for a head that is not for the problem `wanted`.
    pub(crate) fn other_problem(
        &self,
        dir: &Path,
        wanted: ProblemType,
        labels: Option<&[String]>,
    ) -> ModelError {
        let one_number = usize::from(wanted == ProblemType::Regression);
        ModelError::OtherProblem {
            dir: dir.to_owned(),
            problem_type: self.problem_type,
            outputs: self.num_labels(),
            function: self.head_function(),
            wanted,
            wanted_outputs: labels.map_or(one_number, <[String]>::len),
        }
    }

    /// Checks that the head chooses one of several classes, as data with the labels `labels` need.
    ///
    /// # Errors
    /// The head of the checkpoint in `dir` does not choose one of several classes.
    pub fn check_classes(&self, dir: &Path, labels: &[String]) -> Result<(), ModelError> {
        match self.head_function() {
            HeadFunction::Softmax => Ok(()),
            function => Err(ModelError::NoClasses {
                dir: dir.to_owned(),
                outputs: self.num_labels(),
                function,
                wanted: labels.to_vec(),
            }),
        }
    }
}
