//! The range of each number of a config, and why it ends where it does.
//!
//! A number beyond its range is a typing error or another program's sentinel, and is refused before any work
//! begins. Numbers within their ranges can be multiplied without an overflow.

use embert_task::ClassWeights;

use super::error::ConfigError;
use super::train::TrainConfig;

/// The most optimizer steps of a run, and so the last step that a setting can name: a checkpoint's folder is
/// named by eight digits.
pub(crate) const MOST_STEPS: usize = 99_999_999;

/// The most passes over the training split.
pub(super) const MOST_EPOCHS: usize = 100_000;

/// The most examples in one optimizer step: up to here f32, in which a step's mean is taken, counts them
/// exactly.
pub(crate) const MOST_EXAMPLES_IN_A_STEP: usize = 16_777_216;

/// The weights that the loss can give a label: their sums, products and quotients are normal f32 numbers.
const WEIGHTS: std::ops::RangeInclusive<f64> = 1e-6..=1e6;

/// A key with whole numbers.
pub(super) struct Whole {
    pub(super) key: &'static str,
    least: u64,
    most: u64,
    pub(super) expected: &'static str,
    get: fn(&TrainConfig) -> Option<u64>,
}

/// A key with fractions.
pub(super) struct Fraction {
    pub(super) key: &'static str,
    holds: fn(f64) -> bool,
    pub(super) expected: &'static str,
    get: fn(&TrainConfig) -> Option<f64>,
}

/// Declares a [`Whole`], so that the message states the range that is checked.
macro_rules! whole {
    ($key:literal, $least:literal to $most:literal, $why:literal, $get:expr) => {
        Whole {
            key: $key,
            least: $least,
            most: $most,
            expected: concat!("a whole number from ", $least, " to ", $most, " (", $why, ")"),
            get: $get,
        }
    };
}

/// A `usize` as u64, the widest type of a key.
#[allow(clippy::unnecessary_wraps, reason = "the other keys' numbers may be absent")]
fn some(number: usize) -> Option<u64> {
    Some(number as u64)
}

fn wide(number: Option<usize>) -> Option<u64> {
    number.map(|number| number as u64)
}

/// Every key with whole numbers, but for those inside `stages` and `data.truncation`.
#[allow(clippy::unreadable_literal, reason = "messages show them as they stand here")]
pub(super) const WHOLE: &[Whole] = &[
    whole!("seed", 0 to 9223372036854775807, "the largest that TOML holds", |c| Some(c.seed)),
    whole!("epochs", 1 to 100000, "no fine-tuning makes more passes", |c| some(c.epochs)),
    whole!("batch_size", 1 to 65536, "no device holds more examples at a time", |c| some(c.batch_size)),
    whole!("eval_batch_size", 1 to 65536, "no device holds more examples at a time", |c| {
        some(c.eval_batch_size)
    }),
    whole!(
        "gradient_accumulation_steps",
        1 to 16777216,
        "a step's mean is taken in f32, which counts up to there",
        |c| some(c.gradient_accumulation_steps)
    ),
    whole!(
        "effective_batch_size",
        1 to 16777216,
        "a step's mean is taken in f32, which counts up to there",
        |c| wide(c.effective_batch_size)
    ),
    whole!("shards", 1 to 1024, "a power of two; each doubling keeps one more set of gradients", |c| {
        some(c.shards)
    }),
    whole!("unfreeze_every", 1 to 99999999, "no run has more steps", |c| wide(c.unfreeze_every)),
    whole!("cache_memory", 1 to 16777216, "in MiB: 16 TiB", |c| some(c.cache_memory)),
    whole!("reinit_layers", 0 to 1000, "no model has more layers", |c| some(c.reinit_layers)),
    whole!("evaluate_every", 1 to 99999999, "no run has more steps", |c| wide(c.evaluate_every)),
    whole!("save_every", 1 to 99999999, "no run has more steps", |c| wide(c.save_every)),
    whole!("keep_checkpoints", 1 to 99999999, "no run has more steps", |c| some(c.keep_checkpoints)),
    whole!(
        "data.max_length",
        3 to 65536,
        "[CLS], a token and [SEP] are the least; the model's max_position_embeddings is the most that a run can use",
        |c| some(c.data.max_length)
    ),
    whole!("data.stride", 0 to 65536, "less than data.max_length", |c| wide(c.data.stride)),
    whole!("data.train_stride", 0 to 65536, "less than data.max_length", |c| wide(c.data.train_stride)),
    whole!("data.max_windows", 2 to 4096, "the first and the last; no text has more", |c| {
        wide(c.data.max_windows)
    }),
    whole!("data.batch_tokens", 1 to 1073741824, "no split has more tokens in windows", |c| {
        wide(c.data.batch_tokens)
    }),
    whole!("data.train_samples", 1 to 1000000000, "no memory holds more examples", |c| {
        wide(c.data.train_samples)
    }),
    whole!("data.eval_samples", 1 to 1000000000, "no memory holds more examples", |c| {
        wide(c.data.eval_samples)
    }),
    whole!("data.split_seed", 0 to 9223372036854775807, "the largest that TOML holds", |c| {
        c.data.split_seed
    }),
    whole!("optimizer.warmup_steps", 0 to 99999999, "no run has more steps", |c| {
        wide(c.optimizer.warmup_steps)
    }),
    whole!("early_stopping.patience", 1 to 99999999, "no run has more evaluations", |c| {
        wide(c.early_stopping.patience)
    }),
];

/// Every key with fractions, but for those inside `stages`, and lists.
pub(super) const FRACTIONS: &[Fraction] = &[
    Fraction {
        key: "max_grad_norm",
        holds: |norm| norm == 0.0 || (1e-9..=1e9).contains(&norm),
        expected: "0 for no clipping, or a number from 1e-9 to 1e9 (beyond, gradients vanish or are never clipped)",
        get: |c| Some(c.max_grad_norm),
    },
    Fraction {
        key: "label_smoothing",
        holds: probability,
        expected: "a number from 0 to below 1",
        get: |c| Some(c.label_smoothing),
    },
    Fraction {
        key: "optimizer.learning_rate",
        holds: learning_rate,
        expected: LEARNING_RATE,
        get: |c| Some(c.optimizer.learning_rate),
    },
    Fraction {
        key: "optimizer.head_learning_rate",
        holds: learning_rate,
        expected: LEARNING_RATE,
        get: |c| c.optimizer.head_learning_rate,
    },
    Fraction {
        key: "optimizer.layerwise_lr_decay",
        holds: |factor| (0.001..=1.0).contains(&factor),
        expected: "a number from 0.001 to 1 (below, the lower layers' rates are 0)",
        get: |c| Some(c.optimizer.layerwise_lr_decay),
    },
    Fraction {
        key: "optimizer.weight_decay",
        holds: |decay| (0.0..=1e4).contains(&decay),
        expected: "a number from 0 to 1e4 (a step takes learning rate x decay of a weight, which is at most all of it)",
        get: |c| Some(c.optimizer.weight_decay),
    },
    Fraction {
        key: "optimizer.epsilon",
        holds: |epsilon| (1e-30..=1.0).contains(&epsilon),
        expected: "a number from 1e-30 to 1 (below, f32 divides by 0; above, gradients do not count)",
        get: |c| Some(c.optimizer.epsilon),
    },
    Fraction {
        key: "optimizer.warmup_ratio",
        holds: |ratio| (0.0..=1.0).contains(&ratio),
        expected: "a number from 0 to 1",
        get: |c| Some(c.optimizer.warmup_ratio),
    },
    Fraction {
        key: "optimizer.power",
        holds: |power| (0.001..=1000.0).contains(&power),
        expected: "a number from 0.001 to 1000 (beyond, the rate is constant or 0 from the start)",
        get: |c| Some(c.optimizer.power),
    },
    Fraction { key: "dropout.hidden", holds: probability, expected: PROBABILITY, get: |c| c.dropout.hidden },
    Fraction {
        key: "dropout.attention",
        holds: probability,
        expected: PROBABILITY,
        get: |c| c.dropout.attention,
    },
    Fraction {
        key: "dropout.classifier",
        holds: probability,
        expected: PROBABILITY,
        get: |c| c.dropout.classifier,
    },
    Fraction {
        key: "early_stopping.min_delta",
        holds: |delta| (0.0..=1000.0).contains(&delta),
        expected: "a number from 0 to 1000 (no metric improves by more)",
        get: |c| Some(c.early_stopping.min_delta),
    },
];

const LEARNING_RATE: &str = "a number above 0, from 1e-30 to 1e30 (beyond, a step in f32 is 0 or infinite)";

const PROBABILITY: &str = "a number from 0 to below 1 (1 would leave nothing)";

/// True for a learning rate with which a step in f32 is neither 0 nor infinite.
pub(super) fn learning_rate(rate: f64) -> bool {
    (1e-30..=1e30).contains(&rate)
}

/// True for a probability in [0, 1) that stays below 1 as f32.
pub(super) fn probability(p: f64) -> bool {
    (0.0..1.0).contains(&p) && (p as f32) < 1.0
}

/// The name and the range of a key with numbers, for messages; `None` for other keys.
pub(super) fn expected(key: &str) -> Option<(&'static str, &'static str)> {
    let whole = WHOLE.iter().map(|limit| (limit.key, limit.expected));
    let fraction = FRACTIONS.iter().map(|limit| (limit.key, limit.expected));
    whole.chain(fraction).find(|(known, _)| *known == key)
}

/// Checks each number by itself.
pub(super) fn check(config: &TrainConfig) -> Result<(), ConfigError> {
    for Whole { key, least, most, expected, get } in WHOLE {
        if let Some(found) = get(config).filter(|found| !(*least..=*most).contains(found)) {
            return Err(ConfigError::Invalid { key, found: found.to_string(), expected });
        }
    }
    for Fraction { key, holds, expected, get } in FRACTIONS {
        if let Some(found) = get(config).filter(|found| !holds(*found)) {
            return Err(ConfigError::Invalid { key, found: format!("{found:?}"), expected });
        }
    }
    let betas = config.optimizer.betas;
    if !betas.into_iter().all(probability) {
        let (key, found) = ("optimizer.betas", format!("{betas:?}"));
        return Err(ConfigError::Invalid { key, found, expected: "two numbers from 0 to below 1" });
    }
    for (key, weights, expected) in [
        (
            "class_weights",
            &config.class_weights,
            "a number for each label, 0 or from 1e-6 to 1e6 and not all of them 0 (only their ratios count, so they can be scaled)",
        ),
        (
            "pos_weight",
            &config.pos_weight,
            "a number for each label, 0 or from 1e-6 to 1e6 and not all of them 0",
        ),
    ] {
        let ClassWeights::Given(weights) = weights else { continue };
        let holds = |weight: &f64| *weight == 0.0 || WEIGHTS.contains(weight);
        if !weights.iter().all(holds) || weights.iter().all(|weight| *weight == 0.0) {
            return Err(ConfigError::Invalid { key, found: format!("{weights:?}"), expected });
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{ConfigBuilder, KEYS};

    fn refused(key: &str, value: &str) -> String {
        let built = ConfigBuilder::new().set(&format!("{key}={value}")).and_then(ConfigBuilder::build);
        match built {
            Err(error) => error.to_string(),
            Ok(_) => panic!("{key} = {value} was taken"),
        }
    }

    /// Finds a key that takes a number and has no range.
    #[test]
    fn every_key_with_a_number_has_a_range() {
        let builder = ConfigBuilder::new();
        for key in KEYS {
            let takes_numbers = builder.takes(key, 1) || builder.takes(key, 0.5);
            assert_eq!(expected(key).is_some(), takes_numbers, "{key}");
        }
    }

    #[test]
    fn a_number_beyond_its_range_names_key_and_range() {
        for limit in WHOLE {
            for value in ["-1", "0.5", "nan", "18446744073709551615", "1e3", "many"] {
                let error = refused(limit.key, value);
                assert_eq!(error, format!("{} = {value}: expected {}", limit.key, limit.expected));
            }
            if limit.most < i64::MAX as u64 {
                for beyond in [limit.most + 1, i64::MAX as u64] {
                    let error = refused(limit.key, &beyond.to_string());
                    assert_eq!(error, format!("{} = {beyond}: expected {}", limit.key, limit.expected));
                }
            }
            if let Some(below) = limit.least.checked_sub(1) {
                assert!(refused(limit.key, &below.to_string()).contains(limit.expected));
            }
            assert!(limit.expected.contains(&limit.most.to_string()), "{}", limit.key);
        }
        for limit in FRACTIONS {
            for value in ["-1.0", "nan", "inf", "-inf", "1e300", "many"] {
                let error = refused(limit.key, value);
                assert!(error.starts_with(&format!("{} = ", limit.key)), "{error}");
                assert!(error.ends_with(&format!("expected {}", limit.expected)), "{error}");
            }
        }
    }

    #[test]
    fn what_f32_would_take_for_another_number_is_refused() {
        for (key, value) in [
            ("optimizer.learning_rate", "1e-300"),
            ("optimizer.epsilon", "1e-300"),
            ("optimizer.betas", "[0.9, 0.99999999999]"),
            ("optimizer.betas", "[nan, 0.9]"),
            ("dropout.hidden", "0.99999999999"),
            ("label_smoothing", "0.99999999999"),
            ("optimizer.layerwise_lr_decay", "1e-300"),
            ("max_grad_norm", "1e-300"),
            ("class_weights", "[1e-300, 1e-300]"),
            ("class_weights", "[1e300, 1.0]"),
            ("class_weights", "[inf, 1.0]"),
            ("class_weights", "[-1.0, 1.0]"),
            ("class_weights", "[]"),
        ] {
            assert!(refused(key, value).starts_with(key), "{key} = {value}");
        }
        assert!(ConfigBuilder::new().set("class_weights=[0, 1e-6, 1e6]").unwrap().build().is_ok());
    }

    #[test]
    fn the_constants_are_those_of_the_messages() {
        let most = |key: &str| WHOLE.iter().find(|limit| limit.key == key).unwrap().most;
        assert_eq!(most("save_every"), MOST_STEPS as u64);
        assert_eq!(most("epochs"), MOST_EPOCHS as u64);
        assert_eq!(most("effective_batch_size"), MOST_EXAMPLES_IN_A_STEP as u64);
    }

    /// Each key of the table in the docs, and no key without a row.
    #[test]
    fn the_docs_have_each_key_with_its_range() {
        let docs = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/strategies.md");
        let docs = std::fs::read_to_string(docs).unwrap();
        let table = docs.split_once("## Numbers and their ranges").unwrap().1;
        let row = |key: &str| {
            let key = if key.starts_with("dropout.") { "dropout.*" } else { key };
            table.lines().find(|line| line.contains(&format!("`{key}`")) && line.starts_with('|'))
        };
        for Whole { key, most, .. } in WHOLE {
            let row = row(key).unwrap_or_else(|| panic!("{key} has no row"));
            let digits = most.to_string();
            let groups: Vec<&str> =
                digits.as_bytes().rchunks(3).rev().map(|group| std::str::from_utf8(group).unwrap()).collect();
            let most = if *most == i64::MAX as u64 { "2^63 - 1".to_owned() } else { groups.join(",") };
            // The ranges of these keys end at the model's size or at another key's value, which the row
            // states.
            assert!(
                row.contains(&most) || ["reinit_layers", "data.stride", "data.train_stride"].contains(key),
                "{key}: {row}"
            );
        }
        for Fraction { key, .. } in FRACTIONS {
            assert!(row(key).is_some(), "{key} has no row");
        }
    }

    /// The end-to-end test runs the built program and can't see the lists of this file: it has its own.
    #[test]
    fn the_end_to_end_test_has_each_key() {
        let test = concat!(env!("CARGO_MANIFEST_DIR"), "/../../tests/tests/e2e/limits.rs");
        let test = std::fs::read_to_string(test).unwrap();
        let keys = |list: &str| -> Vec<String> {
            let (_, array) = test.split_once(&format!("\nconst {list}: ")).unwrap();
            let (array, _) = array.split_once("\n];").unwrap();
            array.split('"').skip(1).step_by(2).map(str::to_owned).collect()
        };
        let (whole, fractions) = (keys("WHOLE"), keys("FRACTIONS"));
        for Whole { key, .. } in WHOLE {
            assert!(whole.iter().any(|known| known == key), "WHOLE lacks {key}");
        }
        for Fraction { key, .. } in FRACTIONS {
            assert!(fractions.iter().any(|known| known == key), "FRACTIONS lacks {key}");
        }
    }
}
