//! A tiny BERT with random weights: its modules, its logits, saving and loading.
//!
//! `cargo run -p embert-model --example forward`

#![allow(clippy::print_stdout, reason = "an example shows things")]

use std::error::Error;

use burn::tensor::{Int, Tensor};
use embert_model::{
    BertConfig, BertForSequenceClassification, BertInput, DeviceChoice, Freeze, Layers, LoadOptions,
    SaveDtype, module_tree, save_pretrained,
};

fn main() -> Result<(), Box<dyn Error>> {
    let (backend, device) = DeviceChoice::Auto.resolve()?;
    let config = BertConfig {
        vocab_size: 100,
        hidden_size: 32,
        num_hidden_layers: 4,
        num_attention_heads: 4,
        intermediate_size: 64,
        max_position_embeddings: 64,
        ..BertConfig::default()
    }
    .with_labels(["negative", "positive"]);
    let model = BertForSequenceClassification::from_config(&config, 0, &device)?;
    let model = Freeze::EmbeddingsAndEncoderBelow(Layers::Count(3)).apply(model)?;
    println!("on {backend}\n{}", module_tree(&model));

    // Two texts, the second one token shorter and padded.
    let input = BertInput::new(
        Tensor::<2, Int>::from_ints([[2, 17, 9, 3], [2, 8, 3, 0]], &device),
        Tensor::zeros([2, 4], &device),
        Tensor::<2, Int>::from_ints([[1, 1, 1, 1], [1, 1, 1, 0]], &device),
    );
    let logits = model.forward(input.clone());
    println!("logits {logits}");

    let folder = tempfile::tempdir()?;
    save_pretrained(&model, &config, folder.path(), SaveDtype::F32)?;
    let loaded =
        BertForSequenceClassification::from_pretrained(folder.path(), &LoadOptions::default(), &device)?;
    println!("{}", loaded.report);
    assert_eq!(loaded.model.forward(input).into_data(), logits.into_data());
    Ok(())
}
