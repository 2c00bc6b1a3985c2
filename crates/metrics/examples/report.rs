//! All metrics over ten film reviews and a model's logits.
//!
//! `cargo run -p embert-metrics --example report`

#![allow(clippy::print_stdout, reason = "an example shows things")]

use std::error::Error;

use embert_metrics::{Accumulator, Average, Metric, NamedMetric as _, softmax};

const LABELS: [&str; 3] = ["negative", "neutral", "positive"];

/// The true label and the model's logits.
const EXAMPLES: [(usize, [f32; 3]); 10] = [
    (0, [2.1, 0.3, -1.0]),
    (0, [1.4, 0.2, 0.1]),
    (0, [-0.2, 0.3, 0.9]),
    (1, [0.4, 1.3, 0.2]),
    (1, [0.1, 0.6, 1.1]),
    (2, [-1.2, 0.1, 2.4]),
    (2, [-0.6, 0.4, 1.9]),
    (2, [0.2, -0.3, 1.2]),
    (2, [0.7, 0.1, 0.5]),
    (2, [-0.9, -0.1, 1.6]),
];

fn main() -> Result<(), Box<dyn Error>> {
    // Two halves are merged, as if two workers had evaluated them.
    let (left, right) = EXAMPLES.split_at(5);
    let mut accumulator = accumulate(left)?;
    accumulator.merge(accumulate(right)?)?;
    let report = accumulator.report();

    println!("{} examples\n", report.examples);
    for &metric in Metric::ALL {
        match metric.value(&report) {
            Some(value) => println!("{metric:<12} {value:.4}"),
            None => println!("{metric:<12} undefined"),
        }
    }

    println!("\n{:<12} {:>9} {:>9} {:>9} {:>9}", "", "precision", "recall", "f1", "support");
    for (label, class) in LABELS.iter().zip(&report.per_class) {
        println!(
            "{label:<12} {:>9.4} {:>9.4} {:>9.4} {:>9}",
            class.precision, class.recall, class.f1, class.support
        );
    }

    println!("\n{:<12} {:>9} {:>9} {:>9}", "true", LABELS[0], LABELS[1], LABELS[2]);
    for (target, label) in LABELS.iter().enumerate() {
        let count = |predicted| report.confusion_matrix.count(target, predicted);
        println!("{label:<12} {:>9} {:>9} {:>9}", count(0), count(1), count(2));
    }
    Ok(())
}

fn accumulate(examples: &[(usize, [f32; 3])]) -> Result<Accumulator, Box<dyn Error>> {
    let mut accumulator = Accumulator::new(LABELS.len(), Average::Macro)?;
    for (target, logits) in examples {
        let probabilities = softmax(logits);
        accumulator.add(*target, &probabilities, -probabilities[*target].ln())?;
    }
    Ok(accumulator)
}
