//! The losses of pairs of texts: their cosine against a score, and in-batch negatives.

use std::ops::Range;

use burn::tensor::activation::log_softmax;
use burn::tensor::{Bool, Device, Int, Tensor, TensorData};

use super::target::PairTarget;

/// What cosines are multiplied with before the softmax, as in sentence-transformers.
pub(super) const SCALE: f64 = 20.0;

/// The smallest norm that a vector is divided by, as in PyTorch's `cosine_similarity`.
const SMALLEST_NORM: f64 = 1e-8;

/// The squared differences of each pair's cosine and its score, divided by `divisor` (sentence-transformers'
/// `CosineSimilarityLoss`).
///
/// # Shapes
/// - `vectors`: `[features, hidden]`
/// - `texts`: the features of each pair, `[pairs]` ranges
/// - `targets`: `[pairs]`
/// - output: `[1]`
pub(super) fn cosine_loss(
    vectors: Tensor<2>,
    texts: &[Range<usize>],
    targets: &[PairTarget],
    divisor: f64,
) -> Tensor<1> {
    let device = vectors.device();
    let vectors = normalized(vectors);
    let first = rows(&vectors, texts.iter().map(|texts| texts.start), &device);
    let second = rows(&vectors, texts.iter().map(|texts| texts.start + 1), &device);
    let cosines = (first * second).sum_dim(1);
    let scores: Vec<f32> = targets.iter().map(|target| target.score.unwrap_or_default() as f32).collect();
    let scores = Tensor::from_data(TensorData::new(scores, [targets.len(), 1]), &device);
    (cosines - scores).square().sum() / divisor.max(f64::MIN_POSITIVE)
}

/// The cross-entropy of each first text's partner among the partners and the other texts of all pairs, where the
/// logits are cosines times [`SCALE`] (Henderson et al. 2017, section 4.4; sentence-transformers'
/// `MultipleNegativesRankingLoss`), divided by `divisor`.
///
/// A text is no negative of a pair if it is the same as one of the pair's two texts, or if it is the partner of
/// the same first text.
///
/// Shapes as in [`cosine_loss`].
pub(super) fn in_batch_loss(
    vectors: Tensor<2>,
    texts: &[Range<usize>],
    targets: &[PairTarget],
    divisor: f64,
) -> Tensor<1> {
    let device = vectors.device();
    let vectors = normalized(vectors);
    let queries = rows(&vectors, texts.iter().map(|texts| texts.start), &device);
    // The partners first, so that a pair's own is in its own column.
    let candidates = Candidates::of(texts, targets);
    let documents = rows(&vectors, candidates.rows.iter().copied(), &device);
    let logits = queries.matmul(documents.transpose()).mul_scalar(SCALE);
    // A logit that no softmax sees.
    let logits = logits.mask_fill(candidates.left_out(targets, &device), f32::MIN);
    let own: Vec<i64> = (0..).take(texts.len()).collect();
    let own = Tensor::<2, Int>::from_data(TensorData::new(own, [texts.len(), 1]), &device);
    -log_softmax(logits, 1).gather(1, own).sum() / divisor.max(f64::MIN_POSITIVE)
}

/// The texts among which each first text looks for its partner.
struct Candidates {
    /// The features.
    rows: Vec<usize>,
    /// Their texts' numbers.
    texts: Vec<u64>,
}

impl Candidates {
    fn of(texts: &[Range<usize>], targets: &[PairTarget]) -> Self {
        let pairs = || texts.iter().zip(targets);
        let partners = pairs().map(|(texts, target)| (texts.start + 1, target.texts()[1]));
        let others = pairs().filter_map(|(texts, target)| Some((texts.start + 2, *target.texts().get(2)?)));
        let (rows, texts) = partners.chain(others).unzip();
        Self { rows, texts }
    }

    /// For each pair, whether a candidate is neither the pair's partner nor a negative, `[pairs, candidates]`.
    fn left_out(&self, targets: &[PairTarget], device: &Device) -> Tensor<2, Bool> {
        let mut left_out = Vec::with_capacity(targets.len() * self.texts.len());
        for (pair, target) in targets.iter().enumerate() {
            let [query, partner] = [target.texts()[0], target.texts()[1]];
            left_out.extend(self.texts.iter().enumerate().map(|(candidate, &text)| {
                let is_partner_of_same =
                    targets.get(candidate).is_some_and(|other| other.texts()[0] == query);
                candidate != pair && (text == partner || text == query || is_partner_of_same)
            }));
        }
        Tensor::from_data(TensorData::new(left_out, [targets.len(), self.texts.len()]), device)
    }
}

fn rows(vectors: &Tensor<2>, rows: impl Iterator<Item = usize>, device: &Device) -> Tensor<2> {
    let rows: Vec<i64> = rows.map(|row| row as i64).collect();
    let count = rows.len();
    vectors.clone().select(0, Tensor::<1, Int>::from_data(TensorData::new(rows, [count]), device))
}

fn normalized(vectors: Tensor<2>) -> Tensor<2> {
    let norms = vectors.clone().square().sum_dim(1).sqrt().clamp_min(SMALLEST_NORM);
    vectors / norms
}
