//! Targets for settings, sweeps, and the files that a resumed run reads in its folder.

use std::path::Path;

use embert_optim::OptimizerState;
use embert_sweep::{Sweep, SweepBuilder, SweepError};
use embert_train::{ConfigBuilder, KEYS, TrainConfig, inside};

use crate::target::{chain, join, parts};
use crate::{Folder, Target, seeds};

pub(super) static CONFIG: Target = Target {
    name: "config",
    about: "A run's config.toml",
    seeds: || {
        let mut inputs = seeds::folder("configs", ".toml");
        inputs.push(TrainConfig::default().to_toml().unwrap().into_bytes());
        inputs
    },
    words: KEYS,
    run: |_, input| {
        let Ok(text) = str::from_utf8(input) else { return 0 };
        check(ConfigBuilder::new().text(text, Path::new("config.toml")).and_then(ConfigBuilder::build));
        input.len()
    },
};

pub(super) static SET: Target = Target {
    name: "set",
    about: "Settings as --set gives them, one a line",
    seeds: || {
        let values =
            ["1", "0.5", "true", "\"none\"", "head_tail:16", "[0.8, 0.1, 0.1]", "-1", "1e308", "nan", ""];
        let all = |value: &&str| {
            let lines: Vec<String> = KEYS.iter().step_by(6).map(|key| format!("{key}={value}")).collect();
            lines.join("\n").into_bytes()
        };
        let mut inputs: Vec<Vec<u8>> = values.iter().map(all).collect();
        for key in KEYS {
            inputs.push(format!("{key}=1").into_bytes());
        }
        inputs
    },
    words: KEYS,
    run: |_, input| {
        let Ok(text) = str::from_utf8(input) else { return 0 };
        check(
            text.lines()
                .take(64)
                .try_fold(ConfigBuilder::new(), ConfigBuilder::set)
                .and_then(ConfigBuilder::build),
        );
        input.len()
    },
};

pub(super) static SWEEP: Target = Target {
    name: "sweep",
    about: "A sweep: its file, --grid, --random",
    seeds: || {
        let mut inputs: Vec<_> = seeds::folder("configs", ".toml").iter().map(|file| join(&[file])).collect();
        let random = "[sweep]\nseeds = 2\nsamples = 3\n[sweep.random]\nbatch_size = { min = 4, max = 32 }\n\"optimizer.learning_rate\" = { min = 1e-6, max = 1e-4, scale = \"log\" }\n";
        inputs.push(join(&[random, "freeze=none,encoder_below:50%", "data.max_length=16..64:uniform"]));
        inputs.push(join(&["[sweep.grid]\nepochs = [1, 2]\n", "optimizer.betas=[0.9, 0.99],[0.8, 0.9]", ""]));
        inputs
    },
    words: &[
        "[sweep]",
        "[sweep.grid]",
        "[sweep.random]",
        "[[sweep.points]]",
        "seeds",
        "samples",
        "keep_checkpoints",
        "min",
        "max",
        "scale",
        "\"log\"",
        "\"uniform\"",
        "..",
        "epochs",
        "batch_size",
        "seed",
        "output",
        "optimizer.learning_rate",
        "data.max_length",
        "data.split_ratios",
        "freeze",
        "none",
        "encoder_below:50%",
    ],
    run: sweep,
};

pub(super) static STATE: Target = Target {
    name: "state",
    about: "A checkpoint's state.json",
    seeds: || {
        vec![
            br#"{"step": 4, "seconds": 1.5, "phases": {"prepare": 0.1, "train": 1.0, "evaluate": 0.2, "save": 0.1}, "tracker": {"best": {"step": 3, "value": 0.5}, "reference": 0.5, "stale": 1}, "data_fingerprint": "0f"}"#.to_vec(),
            br#"{"step": 0, "seconds": 0, "tracker": {"best": null, "reference": null, "stale": 0}, "data_fingerprint": ""}"#.to_vec(),
        ]
    },
    words: &[
        "step",
        "seconds",
        "phases",
        "tracker",
        "best",
        "value",
        "reference",
        "stale",
        "data_fingerprint",
        "null",
    ],
    run: |folder, input| {
        folder.write("state.json", input);
        let _ = inside::read_state(folder.path()).map_err(|error| chain(&error));
        input.len()
    },
};

pub(super) static LOG: Target = Target {
    name: "log",
    about: "metrics.jsonl, as a run that goes on reads it",
    seeds: || {
        vec![
            seeds::chosen(2, super::report::METRICS),
            seeds::chosen(0, "{\"event\":\"end\",\"step\":2}\n{\"ev"),
        ]
    },
    words: super::report::METRICS_WORDS,
    run: |folder, input| {
        let Some((&step, bytes)) = input.split_first() else { return 0 };
        let path = folder.write("metrics.jsonl", bytes);
        let _ = inside::read_log(&path, usize::from(step)).map_err(|error| chain(&error));
        input.len()
    },
};

pub(super) static OPTIMIZER: Target = Target {
    name: "optimizer",
    about: "A checkpoint's optimizer.safetensors",
    seeds: || {
        let folder = Folder::new().unwrap();
        let path = folder.path().join("optimizer.safetensors");
        let one =
            |step| embert_optim::ParameterState { step, exp_avg: vec![0.5, -1.0], exp_avg_sq: vec![1.0; 2] };
        let parameters = [("a.weight".to_owned(), one(3)), ("b.bias".to_owned(), one(usize::MAX))].into();
        OptimizerState { parameters }.save(&path).unwrap();
        vec![std::fs::read(path).unwrap(), seeds::whole("tests/fixtures/model-legacy/model.safetensors")]
    },
    words: &[
        "step.",
        "exp_avg.",
        "exp_avg_sq.",
        "\"dtype\"",
        "\"F32\"",
        "\"I64\"",
        "\"shape\"",
        "\"data_offsets\"",
    ],
    run: |folder, input| {
        let path = folder.write("optimizer.safetensors", input);
        let _ = OptimizerState::load(&path).map_err(|error| chain(&error));
        input.len()
    },
};

/// Checks that settings which are accepted are equal after they were written and read.
fn check(config: Result<TrainConfig, embert_train::ConfigError>) {
    match config {
        Ok(config) => {
            let text = config.to_toml().unwrap();
            let again =
                ConfigBuilder::new().text(&text, Path::new("config.toml")).and_then(ConfigBuilder::build);
            assert_eq!(again.map_err(|error| chain(&error)).as_ref(), Ok(&config), "what it wrote:\n{text}");
        }
        Err(error) => drop(chain(&error)),
    }
}

fn sweep(_: &Folder, input: &[u8]) -> usize {
    let [file, grid, random] = parts(input);
    let text = String::from_utf8_lossy;
    let build = || -> Result<Sweep, SweepError> {
        let mut builder =
            SweepBuilder::new(ConfigBuilder::new()).text(&text(file), Path::new("sweep.toml"))?;
        for line in text(grid).lines().take(8) {
            builder = builder.grid(line)?;
        }
        for line in text(random).lines().take(8) {
            builder = builder.random(line)?.samples(3);
        }
        builder.build()
    };
    match build() {
        Ok(sweep) => {
            for point in 0..sweep.points().len().min(3) {
                let _ = sweep.config(point, sweep.seeds()[0]).map_err(|error| chain(&error));
                assert!(!sweep.name(point).is_empty());
            }
            let written = sweep.to_toml().unwrap();
            let again = SweepBuilder::new(ConfigBuilder::new())
                .text(&written, Path::new("sweep.toml"))
                .and_then(SweepBuilder::build);
            let again =
                again.unwrap_or_else(|error| panic!("{}, of what it wrote:\n{written}", chain(&error)));
            assert_eq!(again.points(), sweep.points(), "what it wrote:\n{written}");
            assert_eq!(again.seeds(), sweep.seeds());
        }
        Err(error) => drop(chain(&error)),
    }
    input.len()
}
