//! The map between the path of a parameter in our modules and its name in a checkpoint.

/// Our field and the checkpoint's name for it, where they differ: `self` is a keyword, and fields are lower case.
const RENAMED: [(&str, &str); 2] = [("self_", "self"), ("layer_norm", "LayerNorm")];

/// Names that the first TensorFlow conversions gave to layer normalization's parameters, and today's.
const LEGACY: [(&str, &str); 2] = [("gamma", "weight"), ("beta", "bias")];

/// What `transformers` puts before the encoder's names in a checkpoint that has a head.
pub(crate) const PREFIX: &str = "bert.";

/// A module path of ours, as the checkpoint's name: `bert.encoder.layer.0.attention.self_.query.weight` becomes
/// `bert.encoder.layer.0.attention.self.query.weight`.
pub fn checkpoint_name(module_path: &str) -> String {
    rename(module_path, |part| RENAMED.iter().find(|(ours, _)| *ours == part).map(|(_, theirs)| *theirs))
}

/// A checkpoint's name, as a module path of ours: the inverse of [`checkpoint_name`].
pub fn module_path(checkpoint_name: &str) -> String {
    rename(checkpoint_name, |part| RENAMED.iter().find(|(_, theirs)| *theirs == part).map(|(ours, _)| *ours))
}

/// What PyTorch's data-parallel wrappers and `torch.compile` put before the names of what they wrap: the whole model, or
/// the encoder in it.
const WRAPPERS: [&str; 2] = ["module.", "_orig_mod."];

/// One spelling for the many that a weight has in checkpoints: without the prefixes, with today's names.
pub(crate) fn canonical(name: &str) -> String {
    let name = unwrapped(name);
    let name = name.strip_prefix(PREFIX).map_or(name, unwrapped);
    match name.rsplit_once('.') {
        Some((layer, last)) => {
            let last = LEGACY.iter().find(|(old, _)| *old == last).map_or(last, |(_, new)| new);
            format!("{layer}.{last}")
        }
        None => name.to_owned(),
    }
}

fn unwrapped(mut name: &str) -> &str {
    while let Some(inner) = WRAPPERS.iter().find_map(|wrapper| name.strip_prefix(wrapper)) {
        name = inner;
    }
    name
}

/// A buffer that old checkpoints hold beside the weights: 0, 1, 2, ...
pub(crate) fn is_buffer(canonical: &str) -> bool {
    canonical == "embeddings.position_ids"
}

fn rename(name: &str, new: impl Fn(&str) -> Option<&'static str>) -> String {
    let parts: Vec<&str> = name.split('.').map(|part| new(part).unwrap_or(part)).collect();
    parts.join(".")
}

/// Where a visitor or mapper stands in the module tree.
#[derive(Default)]
pub(crate) struct Place {
    path: Vec<String>,
    in_linear: bool,
}

impl Place {
    pub(crate) fn enter(&mut self, name: &str, container: &str) {
        self.path.push(name.to_owned());
        self.in_linear = container == "Struct:Linear";
    }

    pub(crate) fn leave(&mut self) {
        self.path.pop();
    }

    /// The checkpoint's name of the parameter that is here.
    pub(crate) fn name(&self) -> String {
        checkpoint_name(&self.path.join("."))
    }

    /// Whether the checkpoint has the transpose: it keeps a linear layer's weight as `[output, input]`.
    pub(crate) fn is_transposed(&self) -> bool {
        self.in_linear && self.path.last().is_some_and(|name| name == "weight")
    }

    /// The shape that the checkpoint has for a parameter of this shape here.
    pub(crate) fn checkpoint_shape(&self, shape: &[usize]) -> Vec<usize> {
        let mut shape = shape.to_vec();
        if self.is_transposed() {
            shape.reverse();
        }
        shape
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_go_both_ways() {
        for (ours, theirs) in [
            (
                "bert.encoder.layer.0.attention.self_.query.weight",
                "bert.encoder.layer.0.attention.self.query.weight",
            ),
            ("bert.encoder.layer.11.output.layer_norm.bias", "bert.encoder.layer.11.output.LayerNorm.bias"),
            ("classifier.weight", "classifier.weight"),
        ] {
            assert_eq!(checkpoint_name(ours), theirs);
            assert_eq!(module_path(theirs), ours);
        }
    }

    #[test]
    fn old_spellings_mean_the_same_weight() {
        for name in
            ["bert.embeddings.LayerNorm.gamma", "embeddings.LayerNorm.gamma", "embeddings.LayerNorm.weight"]
        {
            assert_eq!(canonical(name), "embeddings.LayerNorm.weight");
        }
        assert_eq!(canonical("bert.embeddings.LayerNorm.beta"), "embeddings.LayerNorm.bias");
        for prefix in ["module.", "_orig_mod.", "_orig_mod.module.", "module._orig_mod."] {
            for bert in ["", "bert.", "bert._orig_mod.", "bert.module."] {
                assert_eq!(canonical(&format!("{prefix}{bert}pooler.dense.bias")), "pooler.dense.bias");
            }
            assert_eq!(canonical(&format!("{prefix}classifier.weight")), "classifier.weight");
        }
        // Only the last part is a parameter's name.
        assert_eq!(canonical("bert.beta.weight"), "beta.weight");
        assert!(is_buffer(&canonical("bert.embeddings.position_ids")));
    }
}
