//! The sentences of a model card on sentence similarity.

use embert_metrics::{NamedMetric as _, SimilarityMetric};

use crate::card::{CardMetric, TaskCard};

/// Python that compares two texts.
const PYTHON: &str = "from sentence_transformers import SentenceTransformer\n\n\
                      model = SentenceTransformer(\".\")\n\
                      vectors = model.encode([\"Your text\", \"Another text\"])\n\
                      print(model.similarity(vectors, vectors))";

/// The card's sentences, for pairs with or without scores.
pub(super) fn card(has_scores: bool) -> TaskCard {
    let (metrics, about_loss) = if has_scores {
        (
            SimilarityMetric::OF_SCORES,
            "The loss is the mean squared difference of the cosine and the scaled score.",
        )
    } else {
        (
            SimilarityMetric::OF_PAIRS,
            "The loss is the cross-entropy of a text's partner among all partners of a step (in-batch negatives).",
        )
    };
    let about_metrics = if has_scores {
        "The metrics are the correlations of the cosine of two texts' vectors with their score."
    } else {
        "For each first text, all second texts of the split are ranked by the cosine of their vectors."
    };
    TaskCard {
        title: "Sentence Similarity",
        purpose: "A BERT that gives a text a vector: texts that mean alike have vectors that point alike."
            .to_owned(),
        pipeline_call: "",
        pipeline_call_of_pairs: "",
        python: PYTHON,
        over_windows: "",
        metrics: metrics.into_iter().filter(|metric| !metric.is_loss()).map(CardMetric::of).collect(),
        about_metrics: about_metrics.to_owned(),
        about_loss: Some(about_loss.to_owned()),
    }
}
