//! Whole runs against PyTorch's (`tests/reference/training.py`).

use embert_model::{Backend, BertForSequenceClassification, LoadOptions, SaveDtype};
use embert_model::{load_state_dict, save_pretrained, state_dict};
use embert_train::optim::Decay;
use embert_train::{ClassWeights, DropoutConfig, Keep, ScheduleKind, TrainStep, evaluate_checkpoint};
use serde::Deserialize;

use super::*;

#[derive(Deserialize)]
pub(crate) struct Run {
    pub(crate) settings: Settings,
    pub(crate) steps: Vec<Step>,
    #[serde(default)]
    probabilities: Vec<Vec<f64>>,
}

#[derive(Deserialize)]
pub(crate) struct Settings {
    batch_size: usize,
    max_length: usize,
    learning_rate: f64,
    head_learning_rate: f64,
    weight_decay: f64,
    decay: String,
    schedule: String,
    warmup_steps: usize,
    max_grad_norm: f64,
    class_weights: Option<Vec<f64>>,
    label_smoothing: f64,
    #[serde(default)]
    pos_weight: Option<Vec<f64>>,
    #[serde(default)]
    stride: Option<usize>,
}

#[derive(Deserialize)]
pub(crate) struct Step {
    loss: f64,
    grad_norm: f64,
    learning_rate: f64,
}

impl Settings {
    /// The reference's settings as a config, for the folder with the checkpoint and the texts.
    pub(crate) fn config(&self, root: &Path, micro_batch: usize) -> TrainConfig {
        let mut config = TrainConfig {
            model: root.join("model").to_string_lossy().into_owned(),
            dataset: root.to_string_lossy().into_owned(),
            batch_size: micro_batch,
            gradient_accumulation_steps: self.batch_size / micro_batch,
            max_grad_norm: self.max_grad_norm,
            label_smoothing: self.label_smoothing,
            keep: Keep::Last,
            dropout: DropoutConfig { hidden: Some(0.0), attention: Some(0.0), classifier: Some(0.0) },
            ..TrainConfig::default()
        };
        if let Some(weights) = &self.class_weights {
            config.class_weights = ClassWeights::Given(weights.clone());
        }
        if let Some(weights) = &self.pos_weight {
            config.pos_weight = ClassWeights::Given(weights.clone());
        }
        config.data.max_length = self.max_length;
        config.data.stride = self.stride;
        config.data.order = embert_data::Order::Sequential;
        config.optimizer.learning_rate = self.learning_rate;
        config.optimizer.head_learning_rate = Some(self.head_learning_rate);
        config.optimizer.weight_decay = self.weight_decay;
        config.optimizer.decay = if self.decay == "all" { Decay::All } else { Decay::Standard };
        config.optimizer.schedule = match self.schedule.as_str() {
            "constant" => ScheduleKind::Constant,
            "linear" => ScheduleKind::Linear,
            "cosine" => ScheduleKind::Cosine,
            other => panic!("{other}"),
        };
        config.optimizer.warmup_steps = Some(self.warmup_steps);
        config
    }
}

fn data_of<T: Task>(config: &TrainConfig) -> TaskData<T> {
    let (root, options) = (Path::new(&config.dataset), config.load_options());
    let card = Card::for_folder(root).unwrap();
    let card = find_columns(card, root, &options, T::NAME.parse().ok()).unwrap().card;
    load(&card, root, &options, &config.label_options()).unwrap()
}

/// Trains as `config` says and returns the steps.
pub(crate) fn steps<T: Task>(config: &TrainConfig, run: &Path, device: &Device) -> Vec<TrainStep> {
    let task = Prepared::<T>::new(config, config.model.as_ref(), data_of(config), device).unwrap();
    let claim = Claim::run(run, Existing::Keep).unwrap();
    let events = Rc::new(RefCell::new(Vec::new()));
    let trainer = Trainer::begin(task, claim, device.clone()).unwrap();
    let trainer = trainer.observe(Record(Rc::clone(&events)));
    complete(trainer.run().unwrap());
    let events = events.take().into_iter();
    events
        .filter_map(|event| match event {
            Event::TrainStep(step) => Some(step),
            _ => None,
        })
        .collect()
}

/// Rounding grows from step to step; a wrong rate, norm or order shows at once.
pub(crate) fn assert_agree(found: &[TrainStep], expected: &[Step], tolerance: f64, what: &str) {
    assert_eq!(found.len(), expected.len(), "{what}");
    let mut worst = 0.0_f64;
    for (found, expected) in found.iter().zip(expected) {
        assert!((found.learning_rate - expected.learning_rate).abs() < 1e-12, "{what} step {}", found.step);
        for (name, a, b) in
            [("loss", found.loss, expected.loss), ("grad_norm", found.grad_norm, expected.grad_norm)]
        {
            let difference = (a - b).abs() / b.abs();
            assert!(difference <= tolerance, "{what} step {}: {name} {a} against {b}", found.step);
            worst = worst.max(difference);
        }
    }
    println!("{what}: {} steps, loss and gradient norm differ by at most {worst:.1e}", found.len());
}

pub(crate) fn backends() -> impl Iterator<Item = (Backend, Device, f64)> {
    [(Backend::Flex, 1e-4), (Backend::NdArray, 1e-3)].into_iter().flat_map(|(backend, tolerance)| {
        backend.devices().into_iter().map(move |device| (backend, device, tolerance))
    })
}

/// The largest difference between `expected` and the probabilities of a run's result on the validation split.
pub(crate) fn probabilities_of(
    config: &TrainConfig,
    run: &Path,
    device: &Device,
    expected: &[Vec<f64>],
) -> f64 {
    let data = data_of::<TextClassification>(config);
    let (labels, encode) = (&data.labels, config.window_options());
    let validation = data.splits.validation;
    let evaluation = evaluate_checkpoint::<TextClassification>(
        &run.join("model"),
        validation,
        labels,
        &encode,
        7,
        device,
        |_| {},
    )
    .unwrap();
    assert_eq!(evaluation.examples.len(), expected.len());
    let pairs = evaluation.examples.iter().zip(expected);
    let differences = pairs.flat_map(|((_, scored), expected)| {
        scored.scores().iter().zip(expected).map(|(found, expected)| (found - expected).abs())
    });
    differences.fold(0.0, f64::max)
}

#[test]
fn sixty_steps_and_what_came_of_them_agree() {
    let root = fixture("training");
    let text = fs::read_to_string(root.join("expected.json")).unwrap();
    let runs: Vec<Run> = serde_json::from_str(&text).unwrap();
    assert_eq!(runs.len(), 2);
    for (backend, device, tolerance) in backends() {
        for (number, expected) in runs.iter().enumerate() {
            for micro_batch in [8, 4] {
                let config = TrainConfig { epochs: 3, ..expected.settings.config(&root, micro_batch) };
                let dir = tempfile::tempdir().unwrap();
                let run = dir.path().join("run");
                let what = format!("run {number} on {backend}, micro-batches of {micro_batch}");
                assert_agree(
                    &steps::<TextClassification>(&config, &run, &device),
                    &expected.steps,
                    tolerance,
                    &what,
                );

                let worst = probabilities_of(&config, &run, &device, &expected.probabilities);
                assert!(worst <= tolerance, "{what}: a probability differs by {worst}");
                println!("{what}: probabilities differ by at most {worst:.1e}");
            }
        }
    }
}

/// Real weights: 22 million parameters, six layers.
#[test]
#[ignore = "needs the folder of all-MiniLM-L6-v2 in EMBERT_MINILM; `cargo xtask ci` runs it where there is a hub"]
fn twelve_steps_of_minilm_agree() {
    let source = PathBuf::from(std::env::var_os("EMBERT_MINILM").unwrap());
    let text = fs::read_to_string(fixture("training/minilm.json")).unwrap();
    let expected: Run = serde_json::from_str(&text).unwrap();
    let dir = tempfile::tempdir().unwrap();
    let (root, device) = (dir.path().join("reviews"), Device::flex());
    fs::create_dir(&root).unwrap();
    let all = fs::read_to_string(shipped("sample/train.jsonl")).unwrap();
    let part: String = all
        .lines()
        .take(expected.steps.len() * expected.settings.batch_size)
        .flat_map(|line| [line, "\n"])
        .collect();
    fs::write(root.join("train.jsonl"), part).unwrap();

    let options =
        LoadOptions { labels: Some(vec!["neg".to_owned(), "pos".to_owned()]), ..LoadOptions::default() };
    let loaded = BertForSequenceClassification::from_pretrained(&source, &options, &device).unwrap();
    let mut state = state_dict(&loaded.model);
    for (name, data) in &mut state {
        if name == "classifier.weight" {
            for (index, value) in data.as_mut_slice::<f32>().unwrap().iter_mut().enumerate() {
                *value = (0.05 * (index as f64).sin()) as f32;
            }
        }
    }
    let model = load_state_dict(loaded.model, state).unwrap();
    save_pretrained(&model, &loaded.config, &root.join("model"), SaveDtype::F32).unwrap();
    for entry in fs::read_dir(&source).unwrap() {
        let entry = entry.unwrap();
        let name = entry.file_name().into_string().unwrap();
        if name.starts_with("tokenizer") || name == "vocab.txt" {
            fs::copy(entry.path(), root.join("model").join(name)).unwrap();
        }
    }

    let mut config = TrainConfig { epochs: 1, ..expected.settings.config(&root, 16) };
    config.data.split_ratios = Some([1.0, 0.0, 0.0]);
    let found = steps::<TextClassification>(&config, &dir.path().join("run"), &device);
    assert_agree(&found, &expected.steps, 1e-4, "all-MiniLM-L6-v2");
}
