//! Writes the log and the scores of a made-up run, and reads them again.
//!
//! `cargo run -p embert-run --example files`

#![allow(clippy::print_stdout, reason = "an example shows things")]

use std::error::Error;
use std::fs;

use embert_run::{Detail, Eval, FORMAT, Log, LogLine, Metrics, RunFiles, Scores, SplitScores};

fn main() -> Result<(), Box<dyn Error>> {
    let folder = tempfile::tempdir()?;
    let run = RunFiles::new(folder.path());
    let metrics: Metrics = [("loss", 0.41), ("exact_match", 0.75)].into_iter().collect();

    let eval = Eval { split: "validation".into(), step: 9, epoch: 1, metrics: metrics.clone(), examples: 8 };
    let line = serde_json::to_string(&LogLine::Eval(eval))?;
    // The second line is damaged, the third one is being written.
    fs::write(run.metrics(), format!("{line}\n{{\"event\":\n{{\"event\":\"train_st"))?;
    let (detail, baselines) = (Detail::default(), Vec::new());
    let splits = vec![SplitScores { split: "validation".into(), examples: 8, metrics, detail, baselines }];
    fs::write(run.scores(), serde_json::to_vec_pretty(&Scores { format: FORMAT, step: 9, splits })?)?;

    let log = Log::read(&run.metrics())?;
    println!("{} evaluation, damaged lines: {:?}", log.evals.len(), log.damaged);
    for split in Scores::read(&run.scores())?.iter().flat_map(|scores| &scores.splits) {
        for (name, value) in split.metrics.iter() {
            println!("{} {name}: {value}", split.split);
        }
    }
    Ok(())
}
