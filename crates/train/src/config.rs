//! The settings of a run, from TOML, checked once where they are built.

mod as_text;
mod builder;
mod data;
mod error;
mod keys;
mod limits;
mod optimizer;
mod parts;
mod setting;
mod skip;
mod train;
mod validate;

pub use self::builder::ConfigBuilder;
pub use self::data::{DataConfig, PaddingConfig};
pub use self::error::ConfigError;
pub use self::keys::{KEYS, known_key, renamed};
pub(crate) use self::limits::MOST_STEPS;
pub use self::optimizer::{OptimizerConfig, ScheduleKind};
pub use self::parts::{DropoutConfig, EarlyStoppingConfig, Keep, LogFormat, StageConfig};
pub use self::setting::{Setting, toml_value};
pub use self::train::TrainConfig;
