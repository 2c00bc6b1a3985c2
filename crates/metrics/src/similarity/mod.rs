//! Pairs of texts as vectors: how well cosines follow scores, and how well a text finds its partner.

mod accumulator;
mod metric;
mod report;
mod retrieval;

pub use accumulator::{SimilarityAccumulator, cosine};
pub use metric::SimilarityMetric;
pub use report::SimilarityReport;
pub use retrieval::{Retrieval, RetrievalReport};
