//! Labels texts: `cargo run -p embert-predict --example predict -- FOLDER TEXT...`, from the repository's
//! root.
//!
//! Without arguments it makes a tiny model with random weights, so that there is something to see without
//! training.
#![allow(clippy::print_stdout, reason = "an example shows what it does")]

use std::error::Error;
use std::path::Path;

use burn::tensor::Device;
use embert_model::{BertConfig, BertForSequenceClassification, SaveDtype, save_pretrained};
use embert_predict::Predictor;
use embert_task::TextClassification;

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let Some((folder, texts)) = arguments.split_first() else {
        println!("the model is random and untrained: its labels mean nothing");
        let folder = tempfile::tempdir()?;
        random_checkpoint(folder.path())?;
        return label(folder.path(), &["An absolutely wonderful movie!", "Dull."]);
    };
    label(Path::new(folder), texts)
}

fn label<T: AsRef<str>>(folder: &Path, texts: &[T]) -> Result<(), Box<dyn Error>> {
    let predictor = Predictor::<TextClassification>::open(folder, &Device::default())?;
    for prediction in predictor.predict(texts)? {
        println!("{}  {:.3}  {}", prediction.label(), prediction.score(), prediction.text());
    }
    Ok(())
}

/// A checkpoint in the shape of the small BERT that the repository ships.
fn random_checkpoint(folder: &Path) -> Result<(), Box<dyn Error>> {
    let shipped = Path::new("datasets/sample/bert");
    let config = BertConfig::from_file(&shipped.join("config.json"))?.with_labels(["neg", "pos"]);
    let model = BertForSequenceClassification::from_config(&config, 0, &Device::default())?;
    save_pretrained(&model, &config, folder, SaveDtype::F32)?;
    for file in ["vocab.txt", "tokenizer_config.json"] {
        std::fs::copy(shipped.join(file), folder.join(file))?;
    }
    Ok(())
}
