//! [`Draw`]: values of a key drawn from a range.

use embert_train::ConfigBuilder;
use rand::RngExt as _;
use rand_chacha::ChaCha8Rng;
use serde::Deserialize;
use toml::Value;

use crate::SweepError;

/// The range from which a key's values are drawn.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Range {
    pub(crate) min: Value,
    pub(crate) max: Value,
    pub(crate) scale: Option<Scale>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Scale {
    Log,
    Uniform,
}

/// A range whose ends fit each other and the key.
pub(crate) struct Draw<'a> {
    key: &'a str,
    min: f64,
    max: f64,
    log: bool,
    whole: bool,
}

impl<'a> Draw<'a> {
    pub(crate) fn new(key: &'a str, range: &Range, config: &ConfigBuilder) -> Result<Self, SweepError> {
        let wrong = |problem: &str| SweepError::Values {
            key: key.to_owned(),
            problem: format!("{}..{}: {problem}", range.min, range.max),
        };
        let number = |value: &Value| match value {
            Value::Float(number) if number.is_finite() => Ok(*number),
            Value::Integer(number) => Ok(*number as f64),
            _ => Err(wrong("the ends of a range are numbers")),
        };
        let (min, max) = (number(&range.min)?, number(&range.max)?);
        if min >= max {
            return Err(wrong("the first end must be the smaller one"));
        }
        let whole = !config.takes(key, 0.5);
        if whole && !config.takes(key, 1) {
            return Err(wrong("the key takes no numbers"));
        }
        if whole && [min, max].iter().any(|end| end.fract() != 0.0) {
            return Err(wrong("the key takes whole numbers"));
        }
        let log = range.scale.map_or(min > 0.0 && !whole, |scale| scale == Scale::Log);
        if log && min <= 0.0 {
            return Err(wrong("a logarithmic scale begins above 0"));
        }
        Ok(Self { key, min, max, log, whole })
    }

    pub(crate) fn draw(&self, generator: &mut ChaCha8Rng) -> (String, Value) {
        let share: f64 = generator.random();
        // A whole number n stands for the interval from n - 0.5 to n + 0.5.
        let margin = if self.whole { 0.5 } else { 0.0 };
        let (low, high) = (self.min - margin, self.max + margin);
        let drawn = if self.log {
            (low.ln() + share * (high.ln() - low.ln())).exp()
        } else {
            low + share * (high - low)
        };
        let value = if self.whole {
            Value::Integer(drawn.round().clamp(self.min, self.max) as i64)
        } else {
            // Four digits are precise enough for a draw, and readable.
            let short = format!("{drawn:.3e}").parse().unwrap_or(drawn);
            Value::Float(short.clamp(self.min, self.max))
        };
        (self.key.to_owned(), value)
    }
}
