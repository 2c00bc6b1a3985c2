//! [`BertConfig`]: a BERT checkpoint's `config.json`.

mod activation_fn;
mod bert_config;
mod check;
mod head_function;
mod labels;
mod origin;
mod problem_type;
mod read;
mod restricted;
mod values;
mod write;

pub use self::bert_config::BertConfig;
pub use self::head_function::HeadFunction;
pub use self::problem_type::ProblemType;
pub(crate) use self::read::CheckpointConfig;
