//! The names of parameters in checkpoints.

/// Fields whose names differ from the checkpoint's, with the checkpoint's names: `self` is a keyword, and
/// fields are lower case.
const RENAMED: [(&str, &str); 2] = [("self_", "self"), ("layer_norm", "LayerNorm")];

/// The field that holds a model's head. Checkpoints have the head's parts beside the encoder, without this
/// prefix.
const HEAD: &str = "head.";

/// The names that the first TensorFlow conversions gave to the parameters of layer normalization, and their
/// names today.
const LEGACY: [(&str, &str); 2] = [("gamma", "weight"), ("beta", "bias")];

/// The prefix of the encoder's names in a checkpoint with a head.
pub(crate) const ENCODER: &str = "bert.";

/// The key of a `config.json` with the name of a head that no class in `transformers` has ([`Head::OWN_NAME`](crate::Head::OWN_NAME)).
pub const HEAD_KEY: &str = "embert_head";

/// The file with the weights of such a head, beside the encoder's.
pub const HEAD_FILE: &str = "embert_head.safetensors";

/// The checkpoint's name for the parameter at a path of fields:
/// `bert.encoder.layer.0.attention.self_.query.weight` becomes
/// `bert.encoder.layer.0.attention.self.query.weight`, and `head.classifier.weight` becomes
/// `classifier.weight`.
pub fn checkpoint_name(module_path: &str) -> String {
    let theirs = |field: &str| RENAMED.iter().find(|(ours, _)| *ours == field).map(|(_, theirs)| *theirs);
    let fields = module_path.strip_prefix(HEAD).unwrap_or(module_path).split('.');
    fields.map(|field| theirs(field).unwrap_or(field)).collect::<Vec<_>>().join(".")
}

/// The prefixes that PyTorch's data-parallel wrappers and `torch.compile` add to the names of a model, or of
/// an encoder.
const WRAPPERS: [&str; 2] = ["module.", "_orig_mod."];

/// The canonical name of a weight, for all of its spellings in checkpoints: without prefixes, and with
/// today's names.
pub(crate) fn canonical(name: &str) -> String {
    let name = unwrapped(name);
    let name = name.strip_prefix(ENCODER).map_or(name, unwrapped);
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

/// Whether the name is a buffer of old checkpoints: the position ids 0, 1, 2, ...
pub(crate) fn is_buffer(canonical: &str) -> bool {
    canonical == "embeddings.position_ids"
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_get_the_names_of_the_checkpoint() {
        for (ours, theirs) in [
            (
                "bert.encoder.layer.0.attention.self_.query.weight",
                "bert.encoder.layer.0.attention.self.query.weight",
            ),
            ("bert.encoder.layer.11.output.layer_norm.bias", "bert.encoder.layer.11.output.LayerNorm.bias"),
            ("embeddings.layer_norm.weight", "embeddings.LayerNorm.weight"),
            ("head.classifier.weight", "classifier.weight"),
        ] {
            assert_eq!(checkpoint_name(ours), theirs);
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
        // Only the last part of a name is the parameter's name.
        assert_eq!(canonical("bert.beta.weight"), "beta.weight");
        assert!(is_buffer(&canonical("bert.embeddings.position_ids")));
    }
}
