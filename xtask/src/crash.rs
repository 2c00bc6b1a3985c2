//! `cargo xtask crash`: runs with failing operations, killed processes and power cuts at every point.

use std::process::{Command, Stdio};

use crate::{TaskResult, root, target_folder};

/// Arguments of `cargo xtask crash`.
#[derive(clap::Args)]
pub(crate) struct Arguments {
    /// Check a random sample within this many seconds, instead of everything
    #[arg(long, value_name = "SECONDS")]
    pub(crate) sample: Option<u64>,
    /// Number of real processes to kill
    #[arg(long, default_value_t = 200)]
    pub(crate) kills: usize,
    /// Seed of all random choices
    #[arg(long, default_value_t = 0)]
    pub(crate) seed: u64,
}

/// Builds `embert-crash` and the program, and runs both parts, the second even if the first fails.
pub(crate) fn run(arguments: &Arguments) -> TaskResult {
    let mut cargo = Command::new(env!("CARGO"));
    cargo.args(["build", "--quiet", "--package", "embert-crash", "--package", "bert-train"]);
    let status = cargo.current_dir(root()).stdin(Stdio::null()).status()?;
    if !status.success() {
        return Err(format!("it doesn't build: {status}").into());
    }
    let program =
        |name: &str| target_folder().join("debug").join(format!("{name}{}", std::env::consts::EXE_SUFFIX));
    let seed = arguments.seed.to_string();
    let mut states = Command::new(program("embert-crash"));
    states.args(["states", "--seed", &seed]);
    if let Some(seconds) = arguments.sample {
        states.args(["--sample", &seconds.to_string()]);
    }
    let states = states.status()?.success();
    let mut real = Command::new(program("embert-crash"));
    real.arg("real").arg(program("bert-train")).args(["--seed", &seed]);
    real.args(["--kills", &arguments.kills.to_string()]);
    // Other systems have other signals and locks.
    let real = !cfg!(unix) || real.status()?.success();
    if states && real { Ok(()) } else { Err("something did not survive".into()) }
}
