//! [`BertConfig`]: a BERT checkpoint's `config.json`.

mod bert_config;
mod check;
mod head_function;
mod labels;
mod origin;
mod read;
mod restricted;
mod values;
mod write;

pub use self::bert_config::BertConfig;
pub use self::head_function::HeadFunction;
pub(crate) use self::read::CheckpointConfig;
