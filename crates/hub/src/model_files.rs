//! The files of a model's repository that are needed: weights in one format, the configuration, the
//! tokenizer.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

use serde::Deserialize;

use crate::cache::RepositoryCache;
use crate::error::HubError;
use crate::source::{RepositoryId, is_plain_path};

const CONFIG: &str = "config.json";
const WEIGHTS: &str = "model.safetensors";
const INDEX: &str = "model.safetensors.index.json";

const TOKENIZER: &str = "tokenizer.json";

/// Files that are fetched if the repository has them: every file about the tokenizer; the head of a task for
/// which `transformers` has no class; the card, which states the licence; the description of an adapter, with
/// which the weights are not the whole model; and what sentence-transformers says of a text's vector, with the
/// names that it gives to the folders of its modules.
const OPTIONAL: &[&str] = &[
    "1_Pooling/config.json",
    "2_Normalize/config.json",
    "README.md",
    "adapter_config.json",
    "added_tokens.json",
    "config_sentence_transformers.json",
    "embert_head.safetensors",
    "modules.json",
    "sentence_bert_config.json",
    "special_tokens_map.json",
    TOKENIZER,
    "tokenizer_config.json",
    "vocab.txt",
];

/// Vocabularies of other model families. Without a `tokenizer.json`, `transformers` prefers them to
/// `vocab.txt`, so a reader of the folder has to see them.
const OTHER_VOCABULARIES: &[&str] = &["tekken.json", "tiktoken.model", "tokenizer.model"];

/// Extensions of weights in formats that embert does not read; the error for a repository without safetensors
/// lists them.
const OTHER_WEIGHTS: &[&str] = &["bin", "h5", "msgpack", "onnx", "ot", "pt", "ckpt", "gguf", "safetensors"];

/// Whether the weights are in one file or in shards.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Weights {
    Single,
    /// In the shards that the index names.
    Sharded,
}

/// The files that are fetched if the repository has them.
fn optional(has_tokenizer: bool) -> impl Iterator<Item = &'static str> {
    let others: &'static [&'static str] = if has_tokenizer { &[] } else { OTHER_VOCABULARIES };
    OPTIONAL.iter().chain(others).copied()
}

/// The optional files that are not among `available`.
pub(crate) fn absent(available: &[String]) -> impl Iterator<Item = &'static str> {
    OPTIONAL
        .iter()
        .chain(OTHER_VOCABULARIES)
        .copied()
        .filter(move |name| available.iter().all(|file| file != name))
}

/// The needed files among `available`. Of sharded weights they include only the index, which names the
/// shards.
pub(crate) fn needed(
    id: &RepositoryId,
    available: &[String],
) -> Result<(BTreeSet<String>, Weights), HubError> {
    let has = |name: &str| available.iter().any(|file| file == name);
    if !has(CONFIG) {
        return Err(HubError::FileNotFound {
            id: id.id().to_owned(),
            file: CONFIG.to_owned(),
            available: available.to_vec(),
        });
    }
    let (weights, file) = match (has(WEIGHTS), has(INDEX)) {
        (true, _) => (Weights::Single, WEIGHTS),
        (false, true) => (Weights::Sharded, INDEX),
        (false, false) => {
            let found: Vec<_> = available
                .iter()
                .map(String::as_str)
                .filter(|file| {
                    Path::new(file).extension().is_some_and(|e| OTHER_WEIGHTS.iter().any(|o| e == *o))
                })
                .collect();
            let found = if found.is_empty() { "none".to_owned() } else { found.join(", ") };
            return Err(HubError::NoSafetensors { id: id.id().to_owned(), found });
        }
    };
    let names = optional(has(TOKENIZER)).filter(|name| has(name)).chain([CONFIG, file]);
    Ok((names.map(str::to_owned).collect(), weights))
}

/// The shards that the index in `folder` names.
pub(crate) fn shards(folder: &Path) -> Result<Vec<String>, HubError> {
    #[derive(Deserialize)]
    struct Index {
        weight_map: BTreeMap<String, String>,
    }
    let path = folder.join(INDEX);
    let text = fs::read_to_string(&path).map_err(HubError::io("read", &path))?;
    let invalid = |source| HubError::InvalidIndex { path: path.clone(), source };
    let index: Index = serde_json::from_str(&text).map_err(invalid)?;
    let shards: BTreeSet<String> = index.weight_map.into_values().collect();
    if let Some(shard) = shards.iter().find(|shard| !is_plain_path(shard)) {
        return Err(invalid(serde::de::Error::custom(format!("`{shard}` is no file name"))));
    }
    Ok(shards.into_iter().collect())
}

/// The names of a commit's files, if all that a model needs are in the cache.
pub(crate) fn cached(cache: &RepositoryCache, commit: &str) -> Result<Option<BTreeSet<String>>, HubError> {
    let has = |name: &str| cache.file(commit, name).is_some();
    if !has(CONFIG) {
        return Ok(None);
    }
    let mut names: BTreeSet<String> =
        optional(has(TOKENIZER)).filter(|name| has(name)).map(str::to_owned).collect();
    names.insert(CONFIG.to_owned());
    if has(WEIGHTS) {
        names.insert(WEIGHTS.to_owned());
    } else if has(INDEX) {
        let shards = shards(&cache.snapshot(commit))?;
        if !shards.iter().all(|shard| has(shard)) {
            return Ok(None);
        }
        names.insert(INDEX.to_owned());
        names.extend(shards);
    } else {
        return Ok(None);
    }
    Ok(Some(names))
}

/// Whether the cache knows of each optional file if the commit has it, so that the hub need not be asked.
pub(crate) fn is_settled(cache: &RepositoryCache, commit: &str) -> bool {
    let has = |name: &str| cache.file(commit, name).is_some();
    optional(has(TOKENIZER)).all(|name| has(name) || cache.is_known_missing(commit, name))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn needed_of(files: &[&str]) -> Result<(BTreeSet<String>, Weights), HubError> {
        let id = RepositoryId::new("owner/name", None).unwrap();
        needed(&id, &files.iter().map(|file| (*file).to_owned()).collect::<Vec<_>>())
    }

    #[test]
    fn one_format_and_no_other_folder_is_taken() {
        let (names, weights) = needed_of(&[
            "README.md",
            "config.json",
            "model.safetensors",
            "pytorch_model.bin",
            "onnx/model.onnx",
            "1_Pooling/config.json",
            "2_Dense/config.json",
            "tokenizer.json",
            "vocab.txt",
            "model.safetensors.index.json",
        ])
        .unwrap();
        assert_eq!(
            names.into_iter().collect::<Vec<_>>(),
            [
                "1_Pooling/config.json",
                "README.md",
                "config.json",
                "model.safetensors",
                "tokenizer.json",
                "vocab.txt"
            ]
        );
        assert_eq!(weights, Weights::Single);
    }

    #[test]
    fn all_that_says_something_of_the_tokenizer_is_taken_and_another_family_only_where_it_counts() {
        let taken = |tokenizer: &[&str]| {
            let files = [&["config.json", "model.safetensors.index.json"][..], tokenizer].concat();
            let (mut names, weights) = needed_of(&files).unwrap();
            assert_eq!(weights, Weights::Sharded);
            assert!(names.remove("config.json") && names.remove("model.safetensors.index.json"));
            names.into_iter().collect::<Vec<_>>()
        };
        let files = ["added_tokens.json", "special_tokens_map.json", "tokenizer_config.json", "vocab.txt"];
        assert_eq!(taken(&files), files);
        assert_eq!(taken(&["tokenizer.model", "vocab.txt"]), ["tokenizer.model", "vocab.txt"]);
        assert_eq!(taken(&["tokenizer.model", "tokenizer.json", "tf_model.h5"]), ["tokenizer.json"]);
        // A file that the hub has but nobody fetches does not count as missing.
        let available = ["tokenizer.model", "tokenizer.json", "README.md"].map(str::to_owned);
        let absent: Vec<_> = absent(&available).collect();
        assert!(absent.contains(&"vocab.txt") && absent.contains(&"tekken.json"), "{absent:?}");
        assert!(!absent.iter().any(|name| available.iter().any(|file| file == name)), "{absent:?}");
    }

    #[test]
    fn other_formats_are_an_error_that_names_them() {
        let error = needed_of(&["config.json", "pytorch_model.bin", "vocab.txt"]).unwrap_err();
        assert!(
            matches!(&error, HubError::NoSafetensors { found, .. } if found == "pytorch_model.bin"),
            "{error}"
        );
        assert!(matches!(needed_of(&["model.safetensors"]), Err(HubError::FileNotFound { .. })));
    }

    #[test]
    fn an_index_names_each_shard_once_and_nothing_outside() {
        let folder = tempfile::tempdir().unwrap();
        let write = |text: &str| fs::write(folder.path().join(INDEX), text).unwrap();
        write(
            r#"{"metadata":{},"weight_map":{"a":"model-2.safetensors","b":"model-1.safetensors","c":"model-2.safetensors"}}"#,
        );
        assert_eq!(shards(folder.path()).unwrap(), ["model-1.safetensors", "model-2.safetensors"]);
        write(r#"{"weight_map":{"a":"../../etc/passwd"}}"#);
        assert!(matches!(shards(folder.path()), Err(HubError::InvalidIndex { .. })));
        write("[]");
        assert!(matches!(shards(folder.path()), Err(HubError::InvalidIndex { .. })));
    }
}
