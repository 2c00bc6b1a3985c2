//! Loads a checkpoint's folder as a classifier, and shows its modules and the report.
//!
//! `cargo run -p embert-model --example inspect -- FOLDER`

#![allow(clippy::print_stdout, reason = "an example shows things")]

use std::error::Error;
use std::path::Path;

use embert_model::{BertForSequenceClassification, DeviceChoice, LoadOptions, module_tree};

fn main() -> Result<(), Box<dyn Error>> {
    let folder = std::env::args().nth(1).ok_or("name the folder of a BERT checkpoint")?;
    let (_, device) = DeviceChoice::Auto.resolve()?;
    let options = LoadOptions::default();
    let loaded = BertForSequenceClassification::from_pretrained(Path::new(&folder), &options, &device)?;
    println!("{}{}", module_tree(&loaded.model), loaded.report);
    Ok(())
}
