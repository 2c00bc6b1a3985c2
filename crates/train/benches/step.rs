//! Seconds of one fine-tuning step: forward, cross-entropy, backward, global norm, clipping, AdamW. Random
//! weights, random ids, dropout on, each sequence full. Prints one line of JSON.
//!
//! ```text
//! cargo bench -p embert-train --bench step -- --shape minilm-l6 --batch 16 --seq 256
//! ```
#![allow(missing_docs, clippy::print_stdout, reason = "a program whose result is what it prints")]

use std::error::Error;
use std::time::Instant;

use burn::tensor::{Device, Distribution, Int, Tensor};
use clap::{Parser, ValueEnum};
use embert_model::{
    BertConfig, BertForSequenceClassification, BertInput, DeviceChoice, DropoutKey, Freeze, PrefixOutput,
    named_parameters,
};
use embert_optim::{
    AdamW, AdamWConfig, Decay, GradientsParams, TrainedParameter, build_groups, clip_factor, global_norm,
};
use embert_task::CrossEntropy;
use serde_json::json;

#[derive(Parser)]
#[allow(clippy::doc_markdown, reason = "the docs of options are their help, which a terminal shows as it is")]
struct Arguments {
    /// The shape of the model
    #[arg(long, value_enum, default_value = "minilm-l6")]
    shape: Shape,
    /// Sequences in a batch
    #[arg(long, default_value_t = 16)]
    batch: usize,
    /// Tokens in a sequence
    #[arg(long, default_value_t = 256)]
    seq: usize,
    /// Steps that are measured
    #[arg(long, default_value_t = 8)]
    steps: usize,
    /// Steps before those
    #[arg(long, default_value_t = 2)]
    warmup: usize,
    /// auto, cpu, flex, ndarray, cuda, ...
    #[arg(long, default_value = "cpu")]
    device: String,
    /// Inference instead of a training step
    #[arg(long)]
    forward_only: bool,
    /// What is frozen: none, embeddings, encoder_below:N, embeddings+encoder_below:N, pooler or all_but_head
    #[arg(long, default_value = "none")]
    freeze: Freeze,
    /// The frozen part is computed before, as `cache_frozen` does
    #[arg(long)]
    cached: bool,
    /// What `cargo bench` passes to every benchmark
    #[arg(long, hide = true)]
    bench: bool,
}

#[derive(Clone, Copy, ValueEnum)]
enum Shape {
    BertTiny,
    BertMini,
    #[value(name = "minilm-l6")]
    MiniLmL6,
    BertBase,
    BertLarge,
}

impl Shape {
    /// Hidden size, layers, heads, intermediate size.
    fn sizes(self) -> [usize; 4] {
        match self {
            Self::BertTiny => [128, 2, 2, 512],
            Self::BertMini => [256, 4, 4, 1024],
            Self::MiniLmL6 => [384, 6, 12, 1536],
            Self::BertBase => [768, 12, 12, 3072],
            Self::BertLarge => [1024, 24, 16, 4096],
        }
    }
}

fn main() -> Result<(), Box<dyn Error>> {
    let arguments = Arguments::parse();
    let [hidden_size, num_hidden_layers, num_attention_heads, intermediate_size] = arguments.shape.sizes();
    let config = BertConfig {
        hidden_size,
        num_hidden_layers,
        num_attention_heads,
        intermediate_size,
        ..BertConfig::default()
    }
    .with_labels(["neg", "pos"]);
    let (backend, device) = arguments.device.parse::<DeviceChoice>()?.resolve()?;
    let device = if arguments.forward_only { device } else { device.autodiff() };
    device.seed(0);
    let mut model = BertForSequenceClassification::from_config(&config, 0, &device)?;
    model = arguments.freeze.apply(model)?;
    let parameters = named_parameters(&model)
        .into_iter()
        .filter(|parameter| parameter.trainable)
        .map(|parameter| TrainedParameter { id: parameter.id, name: parameter.name, part: "base" });
    let groups = build_groups(parameters, |_| 2e-5, 0.01, Decay::All);
    let mut optimizer = AdamW::new(AdamWConfig::default(), groups)?;
    let cross_entropy = CrossEntropy::new(vec![1.0; 2], 0.0);

    let cached = match (arguments.cached, model.frozen_prefix()) {
        (false, _) => None,
        (true, None) => return Err("--cached needs a --freeze that begins with the embeddings".into()),
        (true, Some(prefix)) => {
            Some(on(&device, model.forward_prefix(random_input(&arguments, &device), prefix)))
        }
    };
    let mut times = Vec::new();
    for step in 0..arguments.warmup + arguments.steps {
        let key = DropoutKey::new(0, step, 0);
        let began = Instant::now();
        let logits = match &cached {
            None => model.forward(random_input(&arguments, &device).with_dropout(key)),
            Some(output) => model.forward_from(output.clone().with_dropout(key)),
        };
        if arguments.forward_only {
            logits.sum().into_scalar::<f32>();
        } else {
            let targets: Vec<usize> = (0..arguments.batch).map(|example| example % 2).collect();
            let loss = cross_entropy.forward(logits, &targets, cross_entropy.total_weight(&targets));
            let gradients = GradientsParams::from_grads(loss.backward(), &model);
            let clip = clip_factor(global_norm(&model, &gradients), 1.0);
            model = optimizer.step(model, gradients, 1.0, clip);
            // Waits for the device, which works asynchronously.
            loss.into_scalar::<f32>();
            device.sync()?;
        }
        if step >= arguments.warmup {
            times.push(began.elapsed().as_secs_f64());
        }
    }
    times.sort_unstable_by(f64::total_cmp);
    let median = times[times.len() / 2];
    println!(
        "{}",
        json!({
            "engine": "embert",
            "shape": arguments.shape.to_possible_value().map(|value| value.get_name().to_owned()),
            "batch": arguments.batch,
            "seq": arguments.seq,
            "device": backend.to_string(),
            "forward_only": arguments.forward_only,
            "freeze": arguments.freeze,
            "cached": arguments.cached,
            "median_s": median,
            "min_s": times[0],
            "max_s": times[times.len() - 1],
            "sequences_per_s": arguments.batch as f64 / median,
        })
    );
    Ok(())
}

/// The output of a frozen prefix, on a device that records operations.
fn on(device: &Device, output: PrefixOutput) -> PrefixOutput {
    PrefixOutput { states: Tensor::from_data(output.states.into_data(), device), ..output }
}

fn random_input(arguments: &Arguments, device: &Device) -> BertInput {
    let size = [arguments.batch, arguments.seq];
    BertInput::new(
        Tensor::<2, Int>::random(size, Distribution::Uniform(1000.0, 30000.0), device),
        Tensor::zeros(size, device),
        Tensor::ones(size, device),
    )
}
