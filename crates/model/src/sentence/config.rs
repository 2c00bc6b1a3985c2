//! [`SentenceConfig`] and its values.

use std::collections::BTreeMap;

use strum::{Display, EnumString, VariantNames};

/// How the states of a text's tokens become one vector.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Display, EnumString, VariantNames)]
#[strum(serialize_all = "lowercase")]
pub enum Pooling {
    /// The mean over the tokens, `[CLS]` and `[SEP]` among them.
    #[default]
    Mean,
    /// The state of the first token, `[CLS]`.
    Cls,
    /// The largest value of each dimension over the tokens.
    Max,
}

/// How two vectors are compared.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Display, EnumString, VariantNames)]
#[strum(serialize_all = "lowercase")]
pub enum Similarity {
    /// The cosine of the angle between them.
    #[default]
    Cosine,
    /// Their dot product.
    Dot,
    /// Their negative Euclidean distance.
    Euclidean,
    /// Their negative Manhattan distance.
    Manhattan,
}

/// What the files of a folder of sentence-transformers say of a text's vector: `modules.json`,
/// `1_Pooling/config.json`, `2_Normalize`, `sentence_bert_config.json` and `config_sentence_transformers.json`.
///
/// The default is what sentence-transformers assumes of a folder without `modules.json`: the mean of the tokens.
#[allow(clippy::struct_excessive_bools, reason = "each is a key of the files, or a file")]
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SentenceConfig {
    /// How the tokens' states become one vector.
    pub pooling: Pooling,
    /// Whether the tokens of a prompt are left out of the pooling, which is not implemented.
    pub excludes_prompt: bool,
    /// Whether vectors are scaled to length 1.
    pub normalize: bool,
    /// The length at which texts are cut, in tokens, the special ones included; `None` for the tokenizer's.
    pub max_seq_length: Option<usize>,
    /// Whether texts are lowercased, whatever the tokenizer does.
    pub do_lower_case: bool,
    /// Texts to put before each text, by name.
    pub prompts: BTreeMap<String, String>,
    /// The prompt that is used where none is asked for.
    pub default_prompt_name: Option<String>,
    /// How two vectors are compared; `None` where the folder does not say, which means the cosine.
    pub similarity: Option<Similarity>,
    /// The number of dimensions that are kept of each vector, from the first; `None` for all.
    pub truncate_dim: Option<usize>,
    /// Whether the folder has no `modules.json`, so that the pooling is assumed.
    pub is_assumed: bool,
}

impl SentenceConfig {
    /// A note for the user on [`is_assumed`](Self::is_assumed).
    pub fn assumed_note(&self) -> Option<String> {
        self.is_assumed.then(|| {
            "the checkpoint has no modules.json of sentence-transformers: a text's vector is taken to be the mean of \
             its tokens' states, not normalized, as sentence-transformers assumes"
                .to_owned()
        })
    }
}
