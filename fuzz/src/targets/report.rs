//! Targets for folders of runs and sweeps, as a report reads them.

use embert_report::{PageOptions, Run, Sweep, page, sweep_page, sweep_terminal, terminal};

use crate::Target;
use crate::target::{chain, join, parts};

pub(super) static RUN: Target = Target {
    name: "report-run",
    about: "A run's config.toml, metrics.jsonl, facts.json and examples.jsonl, to a page",
    seeds: || {
        vec![
            join(&[CONFIG, METRICS, FACTS, EXAMPLES]),
            join(&[CONFIG, METRICS, "", EXAMPLES]),
            join(&[CONFIG, METRICS, FACTS, ""]),
            join(&["epochs = 1\n", "", FACTS]),
        ]
    },
    words: METRICS_WORDS,
    run: |folder, input| {
        let [config, metrics, facts, examples] = parts(input);
        folder.with(&[
            ("config.toml", config),
            ("metrics.jsonl", metrics),
            ("facts.json", facts),
            ("examples.jsonl", examples),
        ]);
        match Run::read(folder.path()) {
            Ok(run) => {
                // The page of the run, and a page of the run beside itself.
                let pair = [run.clone(), run];
                for runs in [&pair[..1], &pair[..]] {
                    match page(runs, &PageOptions::default()) {
                        Ok(page) => check(&page, input),
                        Err(error) => drop(chain(&error)),
                    }
                }
                plain(&terminal(&pair[0]));
            }
            Err(error) => drop(chain(&error)),
        }
        input.len()
    },
};

pub(super) static SWEEP: Target = Target {
    name: "report-sweep",
    about: "A sweep's sweep.json, and the files of one of its runs, to a page",
    seeds: || {
        vec![
            join(&[SWEEP_JSON, CONFIG, METRICS, FACTS]),
            join(&[SWEEP_JSON]),
            join(&[&SWEEP_JSON.replace("higher", "lower"), CONFIG]),
        ]
    },
    words: &[
        "\"name\"",
        "\"metric\"",
        "\"better\"",
        "\"higher\"",
        "\"lower\"",
        "\"split\"",
        "\"keys\"",
        "\"seeds\"",
        "\"points\"",
        "\"point\"",
        "\"settings\"",
        "\"mean\"",
        "\"standard_deviation\"",
        "\"seconds\"",
        "\"trainable\"",
        "\"parameters\"",
        "\"runs\"",
        "\"run\"",
        "\"seed\"",
        "\"status\"",
        "\"complete\"",
        "\"failed\"",
        "\"missing\"",
        "\"value\"",
        "\"step\"",
        "\"error\"",
        "null",
        "1e308",
        "-1e308",
        "1e-320",
        "18446744073709551615",
    ],
    run: |folder, input| {
        let [sweep, config, metrics, facts] = parts(input);
        folder.with(&[
            ("sweep.json", sweep),
            ("runs/a/config.toml", config),
            ("runs/a/metrics.jsonl", metrics),
            ("runs/a/facts.json", facts),
        ]);
        match Sweep::read(folder.path()) {
            Ok(sweep) => {
                match sweep_page(&sweep, &PageOptions::default()) {
                    Ok(page) => check(&page, input),
                    Err(error) => drop(chain(&error)),
                }
                plain(&sweep_terminal(&sweep));
            }
            Err(error) => drop(chain(&error)),
        }
        input.len()
    },
};

/// Checks a page: whatever its texts are, it runs no script and shows no number that is NaN.
fn check(page: &str, input: &[u8]) {
    assert!(page.starts_with("<!DOCTYPE html>") && page.ends_with("</html>"), "half a page");
    assert!(!page.contains("<script"), "a script");
    // `NaN` may also be a word of the input, such as a setting's name.
    let is_text = input.windows(3).any(|part| part == b"NaN");
    assert!(is_text || !page.contains("NaN"), "a number that is none");
}

/// Checks that a text has no character that a terminal takes for a command.
fn plain(text: &str) {
    let control = text.chars().find(|letter| letter.is_control() && *letter != '\n');
    assert_eq!(control, None, "a control character for the terminal");
}

const CONFIG: &str = "model = \"owner/name\"\nepochs = 3\nmax_grad_norm = 1.0\nmetric = \"loss\"\nseed = 1\n[optimizer]\nlearning_rate = 2e-5\n";

pub(super) const METRICS: &str = concat!(
    r#"{"event":"stage","step":0,"stage":1,"freeze":"all_but_head","trainable":9}"#,
    "\n",
    r#"{"event":"train_step","step":1,"epoch":1,"loss":0.7,"grad_norm":1.5,"learning_rate":0.00002,"examples":16,"tokens":300,"seconds":1.5}"#,
    "\n",
    r#"{"event":"train_step","step":2,"epoch":1,"loss":0.5,"grad_norm":0.5,"learning_rate":0.00001,"head_learning_rate":0.001,"learning_rates":{"layer 0":1e-5,"head":2e-5},"examples":16,"tokens":300,"seconds":2.5}"#,
    "\n",
    r#"{"event":"eval","split":"validation","step":2,"epoch":1,"loss":0.6,"accuracy":0.75,"precision":0.5,"recall":0.5,"f1":0.5,"mcc":0.2,"roc_auc":0.8,"examples":4}"#,
    "\n",
    r#"{"event":"saved","step":2}"#,
    "\n",
    r#"{"event":"eval","split":"test","step":2,"epoch":1,"loss":0.6,"accuracy":0.5,"precision":0.5,"recall":0.5,"f1":0.5,"mcc":null,"roc_auc":null,"examples":4}"#,
    "\n",
    r#"{"event":"end","step":2,"metric":"loss","best_step":2,"best_metric":0.6,"early_stopped":false,"seconds":3.0,"peak_memory":123456,"phases":{"prepare":1.0,"train":1.0,"evaluate":0.5,"save":0.5}}"#,
    "\n",
);

const FACTS: &str = r#"{"model": "owner/name", "dataset": "reviews", "labels": ["neg", "pos"], "positive": "pos", "parameters": {"total": 22713602, "trainable": 1000}, "splits": {"train": {"examples": 640, "labels": [320, 320], "duplicates": 2}, "validation": {"examples": 4, "labels": [2, 2], "duplicates": 0}}, "shared": 1, "skipped": 2, "lengths": {"max_length": 64, "truncated": 40, "bin_width": 8, "counts": [40, 90, 160, 140, 90, 50, 25, 45], "uncut": {"bin_width": 16, "counts": [40, 600], "longest": 90}}}"#;

const EXAMPLES: &str = concat!(
    r#"{"split":"validation","id":0,"text":"Lovely.","label":1,"probabilities":[0.2,0.8],"tokens":4}"#,
    "\n",
    r#"{"split":"validation","id":1,"text":"<b>Awful</b>","text_pair":"b","label":0,"probabilities":[0.4,0.6],"tokens":5}"#,
    "\n",
    r#"{"split":"test","id":2,"text":"\u001b[31mx","label":0,"probabilities":[1.0,0.0],"tokens":4}"#,
    "\n",
    r#"{"split":"test","id":3,"text":"","label":1,"probabilities":[0.5,0.5],"tokens":2}"#,
    "\n",
);

pub(super) const METRICS_WORDS: &[&str] = &[
    "\"event\"",
    "\"train_step\"",
    "\"eval\"",
    "\"stage\"",
    "\"end\"",
    "\"split\"",
    "\"validation\"",
    "\"test\"",
    "\"step\"",
    "\"epoch\"",
    "\"loss\"",
    "\"grad_norm\"",
    "\"learning_rate\"",
    "\"head_learning_rate\"",
    "\"learning_rates\"",
    "\"examples\"",
    "\"tokens\"",
    "\"seconds\"",
    "\"freeze\"",
    "\"trainable\"",
    "\"accuracy\"",
    "\"precision\"",
    "\"recall\"",
    "\"f1\"",
    "\"mcc\"",
    "\"roc_auc\"",
    "\"metric\"",
    "\"best_step\"",
    "\"best_metric\"",
    "\"early_stopped\"",
    "\"peak_memory\"",
    "\"phases\"",
    "\"probabilities\"",
    "\"label\"",
    "\"labels\"",
    "\"text\"",
    "\"id\"",
    "\"counts\"",
    "\"bin_width\"",
    "\"max_length\"",
    "\"truncated\"",
    "\"longest\"",
    "null",
    "1e308",
    "-1e308",
    "1e-320",
    "0.0",
    "\\u001b",
    "18446744073709551615",
    "9223372036854775807",
];

const SWEEP_JSON: &str = r#"{"name": "rates", "metric": "accuracy", "better": "higher", "split": "validation",
"keys": ["optimizer.learning_rate", "freeze"], "seeds": [0, 1], "points": [
{"point": "point-02", "settings": {"optimizer.learning_rate": 5e-5, "freeze": "none"}, "mean": 0.8, "standard_deviation": 0.014, "seconds": 9.5, "trainable": 10, "parameters": 1000, "runs": [
{"run": "runs/a", "seed": 0, "status": "complete", "value": 0.79, "step": 2, "seconds": 9.0, "metrics": {"loss": 0.5}},
{"run": "runs/b", "seed": 1, "status": "complete", "value": 0.81, "step": 9, "seconds": 10.0, "metrics": null}]},
{"point": "point-01", "settings": {"optimizer.learning_rate": 2e-5, "freeze": null}, "mean": 0.9, "standard_deviation": 0.01, "seconds": 9.5, "trainable": 10, "parameters": 1000, "runs": [
{"run": "runs/c", "seed": 0, "status": "complete", "value": 0.9, "step": 9, "seconds": 9.0, "metrics": null},
{"run": "runs/d", "seed": 1, "status": "missing", "value": null, "step": null, "seconds": null, "metrics": null}]},
{"point": "point-03", "settings": {"optimizer.learning_rate": null}, "mean": null, "standard_deviation": null, "seconds": null, "trainable": null, "parameters": null, "runs": [
{"run": "runs/e", "seed": 0, "status": "failed", "error": "the loss is <not> a number", "value": null, "step": null, "seconds": null, "metrics": null}]}]}"#;
