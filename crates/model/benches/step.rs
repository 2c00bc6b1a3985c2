//! Times one fine-tuning step without its optimizer: forward, cross-entropy, backward. Random weights, random
//! ids, dropout on. Prints one line of JSON.
//!
//! ```text
//! cargo bench -p embert-model --bench step -- --shape minilm-l6 --batch 16 --seq 256 --steps 5
//! ```

#![allow(clippy::print_stdout, clippy::unwrap_used, reason = "a program whose result is what it prints")]

use std::time::Instant;

use burn::nn::loss::CrossEntropyLossConfig;
use burn::tensor::{Device, Distribution, Int, Tensor};
use embert_model::{BertConfig, BertForSequenceClassification, BertInput, DropoutKey};
use serde_json::json;

struct Options {
    shape: String,
    batch: usize,
    seq: usize,
    steps: usize,
    warmup: usize,
    forward_only: bool,
    padding: usize,
}

impl Options {
    fn from_args() -> Self {
        let args: Vec<String> = std::env::args().skip(1).collect();
        let value =
            |name: &str| args.iter().position(|arg| arg == name).and_then(|at| args.get(at + 1)).cloned();
        let number = |name: &str, default| value(name).map_or(default, |text| text.parse().unwrap());
        let flag = |name: &str| args.iter().any(|arg| arg == name);
        Self {
            shape: value("--shape").unwrap_or_else(|| "minilm-l6".into()),
            batch: number("--batch", 16),
            seq: number("--seq", 256),
            steps: number("--steps", 5),
            warmup: number("--warmup", 1),
            forward_only: flag("--forward-only"),
            padding: number("--padding", 0),
        }
    }

    fn config(&self) -> BertConfig {
        let (hidden, layers, heads, inner) = match self.shape.as_str() {
            "bert-tiny" => (128, 2, 2, 512),
            "bert-mini" => (256, 4, 4, 1024),
            "minilm-l6" => (384, 6, 12, 1536),
            "bert-base" => (768, 12, 12, 3072),
            "bert-large" => (1024, 24, 16, 4096),
            other => panic!("unknown shape {other}"),
        };
        BertConfig {
            hidden_size: hidden,
            num_hidden_layers: layers,
            num_attention_heads: heads,
            intermediate_size: inner,
            ..BertConfig::default()
        }
        .with_labels(["negative", "positive"])
    }
}

fn main() {
    let options = Options::from_args();
    let device = Device::default();
    let device = if options.forward_only { device } else { device.autodiff() };
    device.seed(0);
    let model = BertForSequenceClassification::from_config(&options.config(), 0, &device).unwrap();
    let size = [options.batch, options.seq];

    let (mut times, mut forward_times) = (Vec::new(), Vec::new());
    for step in 0..options.warmup + options.steps {
        let ids = Tensor::<2, Int>::random(size, Distribution::Uniform(1000.0, 30000.0), &device);
        let real = options.seq - options.padding;
        let mask = Tensor::<2, Int>::zeros(size, &device)
            .slice_assign([0..options.batch, 0..real], Tensor::ones([options.batch, real], &device));
        let input =
            BertInput::new(ids, Tensor::zeros(size, &device), mask).with_dropout(DropoutKey::new(0, step, 0));
        let labels = Tensor::<1, Int>::zeros([options.batch], &device);

        let start = Instant::now();
        let logits = model.forward(input);
        let forward = start.elapsed().as_secs_f64();
        if !options.forward_only {
            let loss = CrossEntropyLossConfig::new().init(&device).forward(logits, labels);
            drop(loss.backward());
        }
        let total = start.elapsed().as_secs_f64();
        if step >= options.warmup {
            times.push(total);
            forward_times.push(forward);
        }
    }
    times.sort_by(f64::total_cmp);
    forward_times.sort_by(f64::total_cmp);
    println!(
        "{}",
        json!({
            "engine": "embert",
            "device": format!("{device:?}"),
            "shape": options.shape,
            "batch": options.batch,
            "seq": options.seq,
            "forward_only": options.forward_only,
            "median_s": times[times.len() / 2],
            "min_s": times[0],
            "max_s": times[times.len() - 1],
            "median_forward_s": forward_times[times.len() / 2],
        })
    );
}
