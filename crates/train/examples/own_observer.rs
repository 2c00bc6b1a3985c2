//! Trains the shipped small BERT on the sample for four epochs, with a custom observer:
//! `cargo run -p embert-train --example own_observer`, from the repository's root.
#![allow(clippy::print_stdout, reason = "an example shows what it does")]

use embert_data::DataSource;
use embert_model::DeviceChoice;
use embert_task::{TextClassification, load};
use embert_train::{Claim, ConfigBuilder, Event, Existing, Observer, Outcome, Prepared, TrainError, Trainer};

/// Prints the mean loss of every `every` steps, and each evaluation.
struct Losses {
    every: usize,
    sum: f64,
}

impl Observer for Losses {
    fn on_event(&mut self, event: &Event) -> Result<(), TrainError> {
        match event {
            Event::Start(start) => println!("{} steps in {} epochs", start.total_steps, start.epochs),
            Event::TrainStep(step) => {
                self.sum += step.loss;
                if step.step.is_multiple_of(self.every) {
                    println!("step {:>3}  loss {:.4}", step.step, self.sum / self.every as f64);
                    self.sum = 0.0;
                }
            }
            Event::Eval(eval) => {
                for (name, value) in eval.metrics.iter() {
                    println!("{} after step {}: {name} {value:.3}", eval.split, eval.step);
                }
            }
            _ => {}
        }
        Ok(())
    }
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let config = ConfigBuilder::new().file("configs/sample.toml".as_ref())?.set("epochs=4")?.build()?;
    let (backend, device) = DeviceChoice::Auto.resolve()?;
    let DataSource::Local { card, root, .. } = DataSource::resolve(&config.dataset, &["datasets".into()])?
    else {
        return Err("the sample's card names a repository of the hub".into());
    };
    let data = load(&card, &root, &config.load_options(), &config.label_options())?;
    let prepared = Prepared::<TextClassification>::new(&config, config.model.as_ref(), data, &device)?;
    for note in prepared.notes() {
        println!("{note}");
    }

    let folder = tempfile::tempdir()?;
    let claim = Claim::run(&folder.path().join("run"), Existing::Keep)?;
    println!("trains on {backend}");
    let trainer = Trainer::begin(prepared, claim, device)?.observe(Losses { every: 32, sum: 0.0 });
    let model = trainer.run_folder().files().model();
    if let Outcome::Complete(end) = trainer.run()? {
        let value = end.best_metric.unwrap_or_default();
        println!("best {} {value:.3}, {:.1} s in all", end.metric, end.seconds);
    }
    let weights = model.join("model.safetensors").metadata()?.len();
    println!("model/ holds {weights} bytes of weights; gone with the temporary folder");
    Ok(())
}
