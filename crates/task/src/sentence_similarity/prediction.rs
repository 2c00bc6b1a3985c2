//! [`PairPrediction`].

/// How alike the model takes the texts of a pair to be.
#[derive(Clone, Debug, PartialEq)]
pub struct PairPrediction {
    /// The cosine of the angle between the vectors of the two texts, from -1 to 1.
    pub cosine: f64,
    /// The vector of each text, where pairs have no scores: a text's partner is looked for among all others.
    pub vectors: Vec<Vec<f32>>,
}
