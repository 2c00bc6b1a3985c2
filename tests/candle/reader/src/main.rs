//! `candle-reader MODEL INPUT OUTPUT`: loads the checkpoint in the folder MODEL with candle's BERT, runs it
//! on the `input_ids`, `token_type_ids` and `attention_mask` (each u32 `[batch, seq]`) of INPUT, and writes
//! to OUTPUT the `last_hidden_state` and, where the checkpoint has a classifier, the `logits`. All are
//! safetensors files.

use std::collections::HashMap;
use std::error::Error;
use std::fs;
use std::path::Path;

use candle_core::{DType, Device, IndexOp as _, Module as _, safetensors};
use candle_nn::{VarBuilder, linear};
use candle_transformers::models::bert::{BertModel, Config};
use serde_json::Value;

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [model, input, output] = arguments.as_slice() else {
        return Err("expected MODEL INPUT OUTPUT".into());
    };
    let folder = Path::new(model);
    let mut config: Value = serde_json::from_str(&fs::read_to_string(folder.join("config.json"))?)?;
    let labels = config["num_labels"].as_u64().ok_or("config.json has no num_labels")? as usize;
    // Candle's name for the tanh form.
    if config["hidden_act"] == "gelu_new" {
        config["hidden_act"] = "geluapproximate".into();
    }
    let config: Config = serde_json::from_value(config)?;

    // The weights are read and not mapped, since mapping would take `unsafe`.
    let weights = fs::read(folder.join("model.safetensors"))?;
    let weights = VarBuilder::from_buffered_safetensors(weights, DType::F32, &Device::Cpu)?;
    let input = safetensors::load(input, &Device::Cpu)?;
    let bert = BertModel::load(weights.clone(), &config)?;
    let hidden =
        bert.forward(&input["input_ids"], &input["token_type_ids"], Some(&input["attention_mask"]))?;
    let mut outputs = HashMap::from([("last_hidden_state".to_owned(), hidden.clone())]);
    // Candle has no model with a classification head, only its parts.
    if weights.contains_tensor("classifier.weight") {
        let size = config.hidden_size;
        let pooled = linear(size, size, weights.pp("bert.pooler.dense"))?
            .forward(&hidden.i((.., 0))?.contiguous()?)?;
        let logits = linear(size, labels, weights.pp("classifier"))?.forward(&pooled.tanh()?)?;
        outputs.insert("logits".to_owned(), logits);
    }
    safetensors::save(&outputs, output)?;
    Ok(())
}
