//! The sentences of a model card on a regression.

use embert_metrics::{NamedMetric as _, RegressionMetric};

use crate::card::{CardMetric, MEAN_OVER_WINDOWS, TaskCard};

/// The card's sentences.
pub(super) fn card() -> TaskCard {
    TaskCard {
        title: "Text Classification",
        purpose: "A BERT that gives a text, or a pair of texts, a number.".to_owned(),
        pipeline_call: "score = pipeline(\"text-classification\", model=\".\")\n\
                        print(score(\"Your text\", truncation=True))",
        pipeline_call_of_pairs: "score = pipeline(\"text-classification\", model=\".\")\n\
                        print(score({\"text\": \"Your text\", \"text_pair\": \"Another text\"}, truncation=True))",
        python: "",
        over_windows: MEAN_OVER_WINDOWS,
        metrics: RegressionMetric::displayed().map(CardMetric::of).collect(),
        about_metrics:
            "The number is on the scale of the data set; MSE is the mean squared error, which is the loss \
                        too."
                .to_owned(),
        about_loss: None,
    }
}
