//! BERT in Burn, with Hugging Face checkpoints in and out.
//!
//! - [`BertConfig`] is a checkpoint's `config.json`.
//! - [`BertModel`] is the encoder; [`BertForSequenceClassification`] adds a classifier. Fields have the
//!   checkpoint's names, so that a path of fields is the checkpoint's name but for a few exceptions
//!   ([`checkpoint_name`]).
//! - [`BertForSequenceClassification::from_pretrained`] reads a folder with `config.json` and
//!   `model.safetensors` through a memory map and reports which weights were loaded, are new and are left
//!   over; [`save_pretrained`] writes a folder of this format.
//! - [`named_parameters`], [`state_dict`] and [`load_state_dict`] give optimizers and checkpoints the
//!   parameters by name.
//! - [`Freeze`] names the frozen parts of a model, [`ModuleTree`] shows them.
//! - [`DeviceChoice`] turns `auto`, `cpu` or `cuda:1` into a device.
//!
//! Other crates download, tokenize, compute losses and train.
//!
//! ```
//! use burn::tensor::{Device, Int, Tensor};
//! use embert_model::{BertConfig, BertForSequenceClassification, BertInput};
//!
//! let device = Device::default();
//! let config = BertConfig {
//!     vocab_size: 100,
//!     hidden_size: 32,
//!     num_hidden_layers: 2,
//!     num_attention_heads: 4,
//!     intermediate_size: 64,
//!     ..BertConfig::default()
//! }
//! .with_labels(["negative", "positive"]);
//! let model = BertForSequenceClassification::from_config(&config, 0, &device)?;
//!
//! let input_ids = Tensor::<2, Int>::from_ints([[2, 7, 9, 3], [2, 8, 3, 0]], &device);
//! let attention_mask = Tensor::<2, Int>::from_ints([[1, 1, 1, 1], [1, 1, 1, 0]], &device);
//! let token_type_ids = Tensor::zeros([2, 4], &device);
//! let logits = model.forward(BertInput::new(input_ids, token_type_ids, attention_mask));
//! assert_eq!(logits.dims(), [2, 2]);
//! # Ok::<(), embert_model::ModelError>(())
//! ```

#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;

mod activation;
mod bert;
mod checkpoint;
mod config;
mod depth;
mod device;
mod dropout;
mod embeddings;
mod encoder;
mod error;
mod freeze;
mod head;
mod init;
mod layer_norm;
mod layout;
mod load;
mod masked_lm;
mod model_for;
mod module_path;
mod names;
pub mod ops;
mod other_files;
mod pooling;
mod prefix;
mod question_answering;
mod save;
mod sentence;
mod sequence_classification;
mod state;
mod summarization;
mod token_classification;
mod tree;
mod weight_file;

pub use activation::HiddenAct;
pub use bert::{BertInput, BertModel, BertOutput, BertPooler};
pub use config::{BertConfig, HeadFunction, ProblemType};
pub use depth::Depth;
pub use device::{Backend, DeviceChoice, DeviceError};
pub use dropout::DropoutKey;
pub use embeddings::BertEmbeddings;
pub use encoder::{
    BertAttention, BertEncoder, BertIntermediate, BertLayer, BertOutputBlock, BertSelfAttention,
};
pub use error::ModelError;
pub use freeze::{Freeze, FreezePatterns, Layers, unfreeze};
pub use head::{Head, HeadInput, Reads};
pub use init::Initializer;
pub use layer_norm::LayerNorm;
pub use layout::{Layout, Padded};
pub use load::{HeadSource, LoadOptions, LoadReport, NewHead, Pretrained};
pub use masked_lm::{
    BertForMaskedLM, BertLMPredictionHead, BertOnlyMLMHead, BertPredictionHeadTransform, MaskedLmHead,
};
pub use model_for::ModelFor;
pub use names::{HEAD_FILE, HEAD_KEY, checkpoint_name};
pub use pooling::{BertForSentenceEmbedding, PoolingHead};
pub use prefix::{FrozenPrefix, PrefixOutput};
pub use question_answering::{BertForQuestionAnswering, QuestionAnsweringHead};
pub use save::{PretrainedModel, SaveDtype, save_pretrained};
pub use sentence::{Pooling, SentenceConfig, Similarity};
pub use sequence_classification::{BertForSequenceClassification, SequenceClassificationHead};
pub use state::{NamedParameter, load_state_dict, named_parameters, state_dict};
pub use summarization::{BertForSummarization, SummarizationHead};
pub use token_classification::{BertForTokenClassification, TokenClassificationHead};
pub use tree::{ModuleTree, PartCount, module_tree, part_counts};
