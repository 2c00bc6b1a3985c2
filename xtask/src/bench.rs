//! `cargo xtask bench`: seconds of a training step of embert and, in turn, of another program.

use std::process::{Command, Stdio};

use serde::Deserialize;

use crate::{TaskResult, root};

/// A training step of random weights: forward, loss, backward, clipping, update.
#[derive(clap::Args)]
#[allow(clippy::doc_markdown, reason = "the docs of options are their help, which a terminal shows as it is")]
pub(crate) struct Arguments {
    /// bert-tiny, bert-mini, minilm-l6, bert-base or bert-large
    #[arg(long, default_value = "minilm-l6")]
    shape: String,
    /// Sequences in a batch
    #[arg(long, default_value_t = 16)]
    batch: usize,
    /// Tokens in a sequence
    #[arg(long, default_value_t = 256)]
    seq: usize,
    /// The freeze policy of embert: none, embeddings, encoder_below:N, embeddings+encoder_below:N, pooler or
    /// all_but_head
    #[arg(long, default_value = "none")]
    freeze: String,
    /// Compute the frozen part of embert's model before the steps, as `cache_frozen` does
    #[arg(long)]
    cached: bool,
    /// Measure this often, in turn; the median counts
    #[arg(long, default_value_t = 3, value_parser = clap::value_parser!(u32).range(1..))]
    rounds: u32,
    /// A shell command that measures another program; gets --shape, --batch and --seq, and prints a line of
    /// JSON with `engine` and `median_s`, the seconds of a step
    #[arg(long, value_name = "COMMAND")]
    against: Option<String>,
    /// The profile that embert is built with: dev is what `cargo run` uses
    #[arg(long, default_value = "dev")]
    profile: String,
    /// Cargo features of the program, as in cuda
    #[arg(long, default_value = "")]
    features: String,
    /// The device that embert runs on
    #[arg(long, default_value = "cpu")]
    device: String,
}

/// The line that both programs print.
#[derive(Deserialize)]
struct Measured {
    engine: String,
    /// Seconds a step.
    median_s: f64,
}

pub(crate) fn run(arguments: &Arguments) -> TaskResult {
    let options = [
        "--shape".to_owned(),
        arguments.shape.clone(),
        "--batch".to_owned(),
        arguments.batch.to_string(),
        "--seq".to_owned(),
        arguments.seq.to_string(),
    ];
    let (mut ours, mut theirs) = (Vec::new(), Vec::new());
    for round in 1..=arguments.rounds {
        let mut command = Command::new(env!("CARGO"));
        // bert-train is named for its features: with them Burn is not built anew.
        command
            .args(["bench", "--quiet", "-p", "embert-train", "-p", "bert-train", "--bench", "step"])
            .args(["--profile", &arguments.profile, "--features", &arguments.features, "--"])
            .args(&options)
            .args(["--device", &arguments.device, "--freeze", &arguments.freeze])
            .args(arguments.cached.then_some("--cached"))
            .current_dir(root());
        ours.push(measure(&mut command, round)?);
        if let Some(against) = &arguments.against {
            let mut command = Command::new("sh");
            command.args(["-c", &format!("{against} \"$@\""), "sh"]).args(&options);
            theirs.push(measure(&mut command, round)?);
        }
    }
    let ours = median(ours);
    println!("embert: {ours:.3} s a step, {:.1} sequences/s", arguments.batch as f64 / ours);
    if !theirs.is_empty() {
        let theirs = median(theirs);
        println!("the other: {theirs:.3} s a step, {:.1} sequences/s", arguments.batch as f64 / theirs);
        println!("embert takes {:.2} times as long", ours / theirs);
    }
    Ok(())
}

/// Runs a command and reads the last line that it prints.
fn measure(command: &mut Command, round: u32) -> Result<f64, Box<dyn std::error::Error>> {
    let output = command.stdin(Stdio::null()).stderr(Stdio::inherit()).output()?;
    let text = String::from_utf8(output.stdout)?;
    let line = text.lines().last().unwrap_or_default();
    if !output.status.success() {
        return Err(format!("{command:?} failed: {}", output.status).into());
    }
    let measured: Measured = serde_json::from_str(line).map_err(|error| {
        format!("{command:?} printed {line:?}, not JSON with engine and median_s: {error}")
    })?;
    println!("round {round}: {} {:.3} s", measured.engine, measured.median_s);
    Ok(measured.median_s)
}

fn median(mut times: Vec<f64>) -> f64 {
    times.sort_unstable_by(f64::total_cmp);
    times[times.len() / 2]
}

#[cfg(test)]
mod tests {
    use super::median;

    #[test]
    fn one_slow_round_does_not_count() {
        assert!((median(vec![9.0, 1.0, 2.0]) - 2.0).abs() < 1e-12);
    }
}
