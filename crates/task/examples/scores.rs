//! From a head's outputs to predictions and metrics: `cargo run -p embert-task --example scores`

#![allow(clippy::print_stdout, reason = "an example shows what it does")]

use embert_task::{Scorer as _, Task as _, TaskError, TextClassification, TextExample};

fn main() -> Result<(), TaskError> {
    let task = TextClassification::new(["negative", "positive"].map(str::to_owned).into());
    let mut scorer = task.scorer()?;
    // The second example is long: its outputs are of two windows.
    let outputs = [vec![[1.5, -0.5]], vec![[0.2, 0.4], [-1.0, 2.0]], vec![[0.1, 0.0]]];
    for ((id, windows), label) in (0..).zip(outputs).zip([0, 1, 1]) {
        let example = TextExample {
            id,
            text: format!("text {id}"),
            text_pair: None,
            label: Some(label),
            document: None,
        };
        let parts = windows.iter().map(|outputs| task.decode(&(), outputs)).collect();
        let prediction = task.join(&example, parts);
        scorer.add(&example, &prediction)?;
        let answer = task.answer(example, prediction);
        println!("{}: {} ({:.3})", answer.text(), answer.label(), answer.score());
    }
    for (name, value) in task.logged(&scorer.finish()).iter() {
        println!("{name} {value:.4}");
    }
    Ok(())
}
