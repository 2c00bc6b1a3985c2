//! Made-up run folders: every kind of axis, and names that could do harm.

use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};

use serde_json::json;

/// A run whose steps have these losses and gradient norms; `None` is a loss that is no number, which the log
/// has as null. Every tenth step is evaluated.
fn of_numbers(
    folder: &Path,
    name: &str,
    steps: usize,
    numbers: impl Fn(usize) -> (Option<f64>, f64),
) -> PathBuf {
    let run = folder.join(name);
    fs::create_dir(&run).unwrap();
    fs::write(run.join("config.toml"), "max_grad_norm = 1.0\nmetric = \"loss\"\n").unwrap();
    let mut log = String::new();
    for step in 1..=steps {
        let (loss, norm) = numbers(step);
        let line = json!({
            "event": "train_step", "step": step, "epoch": 1, "loss": loss, "grad_norm": norm, "examples": 16, "tokens": 700,
            "learning_rate": 1e-5 * step as f64 / steps as f64, "seconds": step as f64,
        });
        writeln!(log, "{line}").unwrap();
        if step % 10 == 0 || steps == 1 {
            let score = 0.5 + 1e-6 * step as f64;
            let line = json!({
                "event": "eval", "split": "validation", "step": step, "loss": loss, "accuracy": score, "precision": score,
                "recall": score, "f1": score, "mcc": -score, "examples": 200,
            });
            writeln!(log, "{line}").unwrap();
        }
    }
    fs::write(run.join("metrics.jsonl"), log).unwrap();
    run
}

/// Runs with: a narrow range, one value throughout, one step, losses that are no numbers, billions in ten
/// thousand steps, numbers below zero, and twelve stages.
pub(crate) fn axes(folder: &Path) -> Vec<PathBuf> {
    let wave = |step: usize, size: f64| (step as f64 / 9.0).sin() * size;
    let mut runs = vec![
        of_numbers(folder, "narrow", 60, |step| {
            (Some(0.793_147 + wave(step, 1e-5)), 22_713_986.0 + wave(step, 3.0))
        }),
        of_numbers(folder, "equal", 60, |_| (Some(0.5), 1e-7)),
        of_numbers(folder, "one-step", 1, |_| (Some(0.793_1), 686_210.0)),
        of_numbers(folder, "not-numbers", 30, |step| ((step % 7 != 0).then_some(0.5), 1e38 / step as f64)),
        of_numbers(folder, "many", 10_000, |step| (Some(1e9 + wave(step, 9e8)), 4e9 + wave(step, 4e9))),
        of_numbers(folder, "negative", 60, |step| (Some(-3.0 + wave(step, 0.5)), wave(step, 1e12))),
    ];
    let staged = of_numbers(folder, "many-stages", 100, |step| (Some(1.0 / step as f64), 2.0));
    let stages = [0, 1, 2, 3, 30, 40, 50, 60, 70, 80, 90, 99].iter().enumerate().map(|(stage, step)| {
        json!({"event": "stage", "step": step, "stage": stage + 1, "freeze": "none", "trainable": 686_210})
            .to_string()
            + "\n"
    });
    let log = stages.collect::<String>() + &fs::read_to_string(staged.join("metrics.jsonl")).unwrap();
    fs::write(staged.join("metrics.jsonl"), log).unwrap();
    runs.push(staged);
    runs
}

/// Markup for every place that a page has, control characters, marks that reverse what follows, and their
/// ends.
pub(crate) const HOSTILE: &str = "x\u{1b}[31m\0\u{7f}</title></style></script><script>document.title='taken'</script><img src=x onerror=alert(1)>\"'&]]>--><svg/onload=alert(1)>javascript:alert(1)\u{202e}\u{2066}\u{2069}\u{202c}";

/// A run that has [`HOSTILE`] in every string, beside labels in Hebrew and Japanese.
pub(crate) fn hostile_run(folder: &Path) -> PathBuf {
    // The folder's name leaves out the characters that a file's name can't have.
    let run = of_numbers(folder, "<b>'\u{1b}[31m\u{202e}run\"", 20, |step| (Some(1.0 / step as f64), 0.5));
    let setting = serde_json::to_string(HOSTILE).unwrap().replace('\u{7f}', "\\u007f");
    fs::write(
        run.join("config.toml"),
        format!("metric = \"loss\"\nmodel = {setting}\ndataset = {setting}\nhomepage = \"javascript:alert(1)\"\n{setting} = {setting}\n"),
    )
    .unwrap();
    let split = |examples: usize| json!({"examples": examples, "labels": [examples / 2, examples / 4, examples / 4], "duplicates": 0});
    let facts = json!({
        "model": HOSTILE, "dataset": HOSTILE, "labels": [HOSTILE, "שלום", "日本語".repeat(40)], "positive": null,
        "parameters": {"total": 686_210, "trainable": 686_210},
        "splits": {"train": split(64), "validation": split(40)},
        "lengths": {"max_length": 64, "truncated": 4, "bin_width": 8, "counts": [4, 9, 16, 14]},
    });
    fs::write(run.join("facts.json"), facts.to_string()).unwrap();
    let example = |id: usize| {
        let text = if id.is_multiple_of(2) {
            format!("{HOSTILE} number {id}")
        } else {
            format!("שלום עולם {id}\r\n\u{202e}reversed")
        };
        let probabilities = if id.is_multiple_of(4) { [0.1, 0.2, 0.7] } else { [0.5, 0.3, 0.2] };
        json!({
            "split": "validation", "id": id, "text": text, "label": id % 3, "probabilities": probabilities, "tokens": 12,
        })
        .to_string()
            + "\n"
    };
    fs::write(run.join("examples.jsonl"), (0..40).map(example).collect::<String>()).unwrap();
    run
}

/// A sweep over [`HOSTILE`] keys and values, two of whose runs failed with such an error.
pub(crate) fn hostile_sweep(folder: &Path) -> PathBuf {
    let sweep = folder.join("hostile-sweep");
    fs::create_dir(&sweep).unwrap();
    let point = |n: usize, value: serde_json::Value| {
        let failed = n > 3;
        let mean = (!failed).then_some(0.912_34 - n as f64 * 1e-5);
        json!({
            "point": format!("{HOSTILE}{n}"), "settings": {HOSTILE: value, "batch_size": 686_210 * n}, "mean": mean,
            "standard_deviation": null, "seconds": mean.map(|_| 1e5 + n as f64), "trainable": 686_210 + n, "parameters": 22_713_986,
            "runs": [{"run": format!("runs/{n}"), "seed": 0, "status": if failed { "failed" } else { "complete" },
                "error": failed.then_some(HOSTILE), "value": mean, "step": 9, "seconds": 1.0}],
        })
    };
    let values = [json!(HOSTILE), json!("שלום"), json!("plain"), json!(null), json!([HOSTILE])];
    let points: Vec<_> = values.into_iter().enumerate().map(|(n, value)| point(n + 1, value)).collect();
    let text = json!({
        "name": HOSTILE, "metric": "accuracy", "better": "higher", "split": HOSTILE, "keys": [HOSTILE, "batch_size"], "seeds": [0],
        "points": points,
    });
    fs::write(sweep.join("sweep.json"), text.to_string()).unwrap();
    sweep
}
