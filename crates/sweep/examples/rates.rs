//! Trains the shipped small BERT on the sample with two learning rates and prints the table:
//! `cargo run -p embert-sweep --example rates`, from the repository's root.
#![allow(clippy::print_stdout, reason = "an example shows what it does")]

use std::path::PathBuf;

use embert_data::{Card, DataSource};
use embert_sweep::{SweepBuilder, SweepEvent, SweepFolder, SweepHost, SweepOutcome};
use embert_task::{TaskData, TaskError, TextClassification, load};
use embert_train::{ConfigBuilder, Existing, StopSignal, TrainConfig};

/// Takes models and data sets from folders of this machine.
struct Local {
    card: Box<Card>,
    root: PathBuf,
}

impl SweepHost for Local {
    type Task = TextClassification;
    type Error = TaskError;

    fn model(&mut self, config: &TrainConfig) -> Result<PathBuf, TaskError> {
        Ok(config.model.clone().into())
    }

    fn data(&mut self, config: &TrainConfig) -> Result<TaskData<TextClassification>, TaskError> {
        load(&self.card, &self.root, &config.load_options(), &config.label_options())
    }

    fn on_event(&mut self, event: &SweepEvent<'_>) -> Result<(), TaskError> {
        if let SweepEvent::RunBegins { number, runs, point, seed, .. } = event {
            println!("run {number} of {runs}: {point}, seed {seed}");
        }
        Ok(())
    }
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let config = ConfigBuilder::new().file("configs/sample.toml".as_ref())?.set("epochs=1")?;
    let sweep = SweepBuilder::new(config).grid("optimizer.learning_rate=1e-4,1e-3")?.build()?;
    let DataSource::Local { card, root, .. } =
        DataSource::resolve(&sweep.base().dataset, &["datasets".into()])?
    else {
        return Err("the sample's card names a repository of the hub".into());
    };

    let place = tempfile::tempdir()?;
    let folder = SweepFolder::create(&place.path().join("rates"), Existing::Keep)?;
    let outcome = sweep.run(folder, &mut Local { card, root }, &StopSignal::default())?;
    let (SweepOutcome::Complete(table) | SweepOutcome::Interrupted(table)) = outcome;
    for point in &table.points {
        let (name, rate) = (&point.point, point.setting("optimizer.learning_rate"));
        println!("{name}: learning rate {rate}, {} {:.3}", table.metric, point.mean.unwrap_or_default());
    }
    Ok(())
}
