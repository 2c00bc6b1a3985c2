//! [`Rates`]: the learning rate of each part of the model.

use std::collections::BTreeMap;
use std::fmt;

use embert_model::Depth;
use embert_optim::ParameterGroup;

/// A part of the model whose parameters share a learning rate. The order of the parts is that of the
/// optimizer's groups.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Part {
    /// Everything below the head, without layer-wise decay.
    Base,
    Embeddings,
    Layer(usize),
    Pooler,
    Head,
}

impl fmt::Display for Part {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Base => f.write_str("base"),
            Self::Embeddings => f.write_str("embeddings"),
            Self::Layer(layer) => write!(f, "layer {layer}"),
            Self::Pooler => f.write_str("pooler"),
            Self::Head => f.write_str("head"),
        }
    }
}

/// Layer-wise decay of the learning rate: the last encoder layer has the base rate, each layer `factor` times
/// the rate of the layer above it, and the embeddings `factor` times the rate of the first layer. A pooler
/// has the base rate.
///
/// "Discriminative fine-tuning" of Howard and Ruder (2018), with the geometric rates of Clark et al. (2020),
/// ELECTRA.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct LayerwiseDecay {
    /// Above 0; 1 changes nothing.
    pub(crate) factor: f64,
    /// The number of the model's encoder layers.
    pub(crate) layers: usize,
}

/// The highest learning rate of each part's schedule.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Rates {
    /// The rate of everything but the head.
    pub(crate) learning_rate: f64,
    /// The head's rate; `None` means `learning_rate`.
    pub(crate) head_learning_rate: Option<f64>,
    /// Rates that fall from layer to layer; `None` means one rate for all layers.
    pub(crate) layerwise: Option<LayerwiseDecay>,
}

impl Rates {
    /// The part to which a parameter belongs. A parameter that starts from new weights (`is_new`) is trained
    /// at the head's rate, whatever its depth.
    pub(crate) fn part(&self, depth: Depth, is_new: bool) -> Part {
        match depth {
            _ if is_new => Part::Head,
            Depth::Head => Part::Head,
            _ if self.layerwise.is_none() => Part::Base,
            Depth::Embeddings => Part::Embeddings,
            Depth::Layer(layer) => Part::Layer(layer),
            Depth::Pooler => Part::Pooler,
        }
    }

    /// The rate of a part.
    pub(crate) fn of(&self, part: Part) -> f64 {
        let below_top = |layers: usize| {
            let factor = self.layerwise.map_or(1.0, |layerwise| layerwise.factor);
            self.learning_rate * factor.powi(i32::try_from(layers).unwrap_or(i32::MAX))
        };
        let layers = self.layerwise.map_or(0, |layerwise| layerwise.layers);
        match part {
            Part::Base | Part::Pooler => self.learning_rate,
            Part::Head => self.head_learning_rate.unwrap_or(self.learning_rate),
            Part::Layer(layer) => below_top(layers.saturating_sub(layer + 1)),
            Part::Embeddings => below_top(layers),
        }
    }
}

/// The learning rate of each part of the model, with the schedule's `factor`; empty if base and head are the
/// only parts.
pub(crate) fn learning_rates(groups: &[ParameterGroup], factor: f64) -> BTreeMap<String, f64> {
    if groups.iter().all(|group| ["base", "head"].contains(&group.part.as_str())) {
        return BTreeMap::new();
    }
    groups.iter().map(|group| (group.part.clone(), group.learning_rate * factor)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const DEPTHS: [Depth; 4] = [Depth::Embeddings, Depth::Layer(0), Depth::Pooler, Depth::Head];

    fn rates(layerwise: Option<LayerwiseDecay>) -> Vec<(String, f64)> {
        let rates = Rates { learning_rate: 2e-5, head_learning_rate: Some(1e-3), layerwise };
        let mut parts = DEPTHS.map(|depth| rates.part(depth, false));
        parts.sort_unstable();
        parts.map(|part| (part.to_string(), rates.of(part))).to_vec()
    }

    /// Depths from the top: the pooler and the last layer 0, the first of three layers 2, the embeddings 3.
    #[test]
    fn rates_fall_from_layer_to_layer_down_to_the_embeddings() {
        let expected =
            [("embeddings", 2e-5 / 8.0), ("layer 0", 2e-5 / 4.0), ("pooler", 2e-5), ("head", 1e-3)];
        let expected = expected.map(|(name, rate)| (name.to_owned(), rate));
        assert_eq!(rates(Some(LayerwiseDecay { factor: 0.5, layers: 3 })), expected);
    }

    #[test]
    fn without_decay_there_are_a_base_and_a_head() {
        let expected = [("base", 2e-5), ("base", 2e-5), ("base", 2e-5), ("head", 1e-3)];
        assert_eq!(rates(None), expected.map(|(name, rate)| (name.to_owned(), rate)));
    }

    #[test]
    fn new_weights_are_trained_at_the_rate_of_the_head() {
        let rates = Rates {
            learning_rate: 2e-5,
            head_learning_rate: None,
            layerwise: Some(LayerwiseDecay { factor: 0.5, layers: 3 }),
        };
        assert_eq!(DEPTHS.map(|depth| rates.part(depth, true)), [Part::Head; 4]);
        assert_eq!(rates.of(Part::Head).to_bits(), 2e-5_f64.to_bits());
    }
}
