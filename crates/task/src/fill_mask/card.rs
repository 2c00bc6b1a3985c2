//! The sentences of a model card on masked words.

use embert_metrics::{MaskedMetric, NamedMetric as _};

use super::options::MaskOptions;
use crate::card::{CardMetric, TaskCard};

/// The card's sentences on a task with these options.
pub(super) fn card(options: MaskOptions) -> TaskCard {
    let masked = if options.whole_word_mask { " (whole words)" } else { "" };
    let texts = if options.line_by_line { "each text by itself" } else { "blocks that texts fill" };
    TaskCard {
        title: "Fill-Mask",
        purpose: "A BERT that finds the words behind the masked tokens of a text. It can be fine-tuned for other tasks."
            .to_owned(),
        pipeline_call: "fill = pipeline(\"fill-mask\", model=\".\")\n\
                        print(fill(f\"Your text with a {fill.tokenizer.mask_token}.\"))",
        pipeline_call_of_pairs: "",
        python: "",
        over_windows: "each mask in the one with most context of windows",
        metrics: MaskedMetric::displayed().map(CardMetric::of).collect(),
        about_metrics: "The loss is the mean cross-entropy of a masked token in nats, the perplexity e to its power; the \
                        masked accuracy is the share of masked tokens whose most probable token is the true one. The masks of \
                        an evaluation are always the same."
            .to_owned(),
        about_loss: Some(format!(
            "Of {texts}, 15 % of the tokens{masked} were masked anew in each epoch: 80 % of these by the mask token, 10 % by a \
             random token, 10 % by themselves."
        )),
    }
}
