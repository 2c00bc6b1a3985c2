//! Makes the page of a run that another program wrote, from the files that a run folder must have.
//!
//! `cargo run -p embert-report --example page`, or with `-- RUN` for the page of a run of yours.

#![allow(clippy::print_stdout, reason = "an example shows things")]

use std::error::Error;
use std::fs;
use std::path::{Path, PathBuf};

use embert_report::{PageOptions, Run, page, terminal};
use serde_json::json;

const STEPS: usize = 120;
const TEXTS: [&str; 4] = ["Lovely.", "Awful, and <b>long</b>.", "Neither here nor there.", "I slept well."];

fn main() -> Result<(), Box<dyn Error>> {
    let made = tempfile::tempdir()?;
    let folder = if let Some(run) = std::env::args_os().nth(1) {
        PathBuf::from(run)
    } else {
        let folder = made.path().join("made-up");
        fs::create_dir(&folder)?;
        write_run(&folder)?;
        folder
    };
    let run = Run::read(&folder)?;
    println!("{}", terminal(&run));
    let html = page(std::slice::from_ref(&run), &PageOptions::default())?;
    println!("the page has {} kB and {} plots", html.len() / 1000, html.matches("<figure").count());
    Ok(())
}

/// A classifier that learns quickly and is overconfident.
fn write_run(folder: &Path) -> Result<(), std::io::Error> {
    fs::write(folder.join("config.toml"), "epochs = 3\nmax_grad_norm = 1.0\nmetric = \"loss\"\n")?;

    let mut log = Vec::new();
    for step in 1..=STEPS {
        let done = step as f64 / STEPS as f64;
        let wiggle = (step as f64 * 1.7).sin();
        let loss = 0.15 + 0.55 * (-4.0 * done).exp() + 0.05 * wiggle;
        let epoch = step.div_ceil(40);
        log.push(json!({
            "event": "train_step", "step": step, "epoch": epoch, "loss": loss, "grad_norm": 0.8 + 0.4 * wiggle,
            "learning_rate": 2e-5 * (1.0 - done), "examples": 16, "tokens": 700, "seconds": 0.2 * step as f64,
        }));
        if step % 40 == 0 {
            let accuracy = 0.5 + 0.4 * done;
            log.push(json!({
                "event": "eval", "split": "validation", "step": step, "epoch": epoch, "loss": 0.8 - 0.5 * done,
                "accuracy": accuracy, "precision": accuracy, "recall": accuracy, "f1": accuracy, "examples": 200,
            }));
        }
    }
    log.push(json!({
        "event": "end", "step": STEPS, "metric": "loss", "best_step": STEPS, "best_metric": 0.3, "seconds": 24.0,
        "phases": {"prepare": 2.0, "train": 21.0, "evaluate": 2.0, "save": 1.0},
    }));
    fs::write(folder.join("metrics.jsonl"), lines(&log))?;

    let facts = json!({
        "model": "owner/name", "dataset": "reviews", "labels": ["neg", "pos"], "positive": "pos",
        "parameters": {"total": 22_713_602, "trainable": 22_713_602},
        "splits": {
            "train": {"examples": 640, "labels": [320, 320], "duplicates": 2},
            "validation": {"examples": 200, "labels": [100, 100], "duplicates": 0},
        },
        "shared": 0, "skipped": 0,
        "lengths": {"max_length": 64, "truncated": 40, "bin_width": 8, "counts": [40, 90, 160, 140, 90, 50, 25, 45]},
    });
    fs::write(folder.join("facts.json"), facts.to_string())?;

    let examples: Vec<_> = (0..200)
        .map(|id| {
            let score = 1.0 / (1.0 + (-8.0 * (f64::from(id) * 0.61).sin()).exp());
            let label = usize::from((f64::from(id) * 0.61).sin() + 0.5 * (f64::from(id) * 2.3).sin() > 0.0);
            json!({
                "split": "validation", "id": id, "text": TEXTS[id as usize % TEXTS.len()], "label": label,
                "probabilities": [1.0 - score, score], "tokens": 12,
            })
        })
        .collect();
    fs::write(folder.join("examples.jsonl"), lines(&examples))
}

fn lines(values: &[serde_json::Value]) -> String {
    values.iter().flat_map(|value| [value.to_string(), "\n".to_owned()]).collect()
}
