//! Against what `tests/reference/optim.py` wrote.

use burn::module::Module as _;
use burn::tensor::{Device, Tensor, TensorData};
use embert_optim::{
    AdamWConfig, GradientsParams, OptimizerState, Schedule, ScheduleConfig, Warmup, clip_factor, global_norm,
};
use serde::Deserialize;

use crate::{Affine, distance};

#[derive(Deserialize)]
struct Fixture {
    adamw: Vec<Run>,
    schedules: Vec<Rates>,
}

#[derive(Deserialize)]
struct Run {
    decay: f64,
    betas: [f64; 2],
    epsilon: f64,
    max_norm: f64,
    weight: Vec<f32>,
    bias: Vec<f32>,
    steps: Vec<Step>,
}

#[derive(Deserialize)]
struct Step {
    learning_rate: f64,
    norm: f64,
    weight_gradient: Vec<f32>,
    bias_gradient: Vec<f32>,
    weight: Vec<f32>,
    bias: Vec<f32>,
}

#[derive(Deserialize)]
struct Rates {
    name: String,
    warmup: usize,
    total: usize,
    power: Option<f64>,
    lr_end: Option<f64>,
    num_cycles: Option<f64>,
    factors: Vec<f64>,
}

fn fixture() -> Fixture {
    serde_json::from_str(include_str!("../fixtures/optim.json")).unwrap()
}

/// Parameters of size 1 after six steps in f32: a few units in the last place.
const TOLERANCE: f32 = 2e-6;

#[test]
fn adamw_goes_where_pytorch_goes() {
    let schedule = ScheduleConfig { schedule: Schedule::Linear, warmup: Warmup::Steps(2) };
    for run in fixture().adamw {
        for device in [Device::flex(), Device::flex().autodiff()] {
            let mut model = Affine::new(&run.weight, &run.bias, &device);
            let config = AdamWConfig { betas: run.betas, epsilon: run.epsilon };
            let mut optimizer = model.optimizer(config, [0.01, 0.03], run.decay);
            for (done, step) in run.steps.iter().enumerate() {
                let factor = schedule.factor(done, run.steps.len());
                assert!((0.01 * factor - step.learning_rate).abs() < 1e-12);
                let gradients = gradients(&model, step);
                let norm = global_norm(&model, &gradients);
                if run.max_norm > 0.0 {
                    // PyTorch's norm is f32.
                    assert!((norm - step.norm).abs() < 1e-6 * step.norm, "{norm} {}", step.norm);
                }
                model = optimizer.step(model, gradients, factor, clip_factor(norm, run.max_norm));
                let (weight, bias) = model.values();
                assert!(distance(&weight, &step.weight) < TOLERANCE, "{weight:?} {:?}", step.weight);
                assert!(distance(&bias, &step.bias) < TOLERANCE, "{bias:?} {:?}", step.bias);
            }
        }
    }
}

fn gradients(model: &Affine, step: &Step) -> GradientsParams {
    let device = Device::flex();
    let columns = step.bias_gradient.len();
    let shape = [step.weight_gradient.len() / columns, columns];
    let mut gradients = GradientsParams::new();
    let weight = TensorData::new(step.weight_gradient.clone(), shape);
    gradients.register(model.weight.id, Tensor::<2>::from_data(weight, &device));
    let bias = TensorData::new(step.bias_gradient.clone(), [columns]);
    gradients.register(model.bias.id, Tensor::<1>::from_data(bias, &device));
    gradients
}

#[test]
fn schedules_are_those_of_transformers() {
    for case in fixture().schedules {
        let schedule = match case.name.as_str() {
            "constant_with_warmup" => Schedule::Constant,
            "linear" => Schedule::Linear,
            "cosine" => Schedule::Cosine { cycles: case.num_cycles.unwrap_or(0.5) },
            "polynomial" => {
                Schedule::Polynomial { power: case.power.unwrap(), end_factor: case.lr_end.unwrap() }
            }
            name => panic!("{name}"),
        };
        let config = ScheduleConfig { schedule, warmup: Warmup::Steps(case.warmup) };
        for (step, expected) in case.factors.iter().enumerate() {
            let found = config.factor(step, case.total);
            // Both in f64, the formulas arranged otherwise.
            assert!((found - expected).abs() < 1e-12, "{} step {step}: {found} {expected}", case.name);
        }
    }
}

#[test]
fn a_run_that_goes_on_gives_the_same_bits() {
    let run = &fixture().adamw[0];
    let device = Device::flex().autodiff();
    let config = AdamWConfig::default();
    let start = || Affine::new(&run.weight, &run.bias, &device);
    let train = |mut model: Affine, state: Option<OptimizerState>, steps: &[Step]| {
        let mut optimizer = model.optimizer(config, [0.01, 0.03], 0.1);
        if let Some(state) = state {
            optimizer.load_state(&model, state).unwrap();
        }
        for step in steps {
            let gradients = gradients(&model, step);
            model = optimizer.step(model, gradients, 1.0, 0.7);
        }
        (model.values(), optimizer.state())
    };
    let (whole, state) = train(start(), None, &run.steps);

    let (half, saved) = train(start(), None, &run.steps[..3]);
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("optimizer.safetensors");
    saved.save(&path).unwrap();
    // As in another process: the parameters have other ids.
    let again = Affine::new(&half.0, &half.1, &device);
    let (resumed, resumed_state) = train(again, Some(OptimizerState::load(&path).unwrap()), &run.steps[3..]);
    assert_eq!(resumed, whole);
    assert_eq!(resumed_state, state);
}

#[test]
fn a_state_of_another_model_is_refused() {
    let device = Device::flex();
    let model = Affine::new(&[0.5; 6], &[0.5; 3], &device);
    let optimizer = || model.optimizer(AdamWConfig::default(), [0.1, 0.1], 0.0);
    let other = Affine::new(&[0.5; 8], &[0.5; 4], &device);
    let mut trained = other.optimizer(AdamWConfig::default(), [0.1, 0.1], 0.0);
    let mut gradients = GradientsParams::new();
    gradients.register(other.bias.id, Tensor::<1>::ones([4], &device));
    let _ = trained.step(other.clone(), gradients, 1.0, 1.0);
    let message = optimizer().load_state(&model, trained.state()).unwrap_err().to_string();
    assert!(message.contains("bias has 4") && message.contains("has 3"), "{message}");

    let mut state = OptimizerState::default();
    state.parameters.insert("elsewhere".to_owned(), trained.state().parameters["bias"].clone());
    let message = optimizer().load_state(&model, state).unwrap_err().to_string();
    assert!(message.contains("elsewhere"), "{message}");
}

#[test]
fn what_is_in_no_group_and_what_has_no_gradient_stays() {
    let device = Device::flex().autodiff();
    let model = Affine::new(&[0.5; 6], &[0.5; 3], &device);
    let group = embert_optim::ParameterGroup {
        name: "head".to_owned(),
        parameters: vec![(model.bias.id, "bias".to_owned())],
        learning_rate: 0.1,
        weight_decay: 0.5,
    };
    let mut optimizer = embert_optim::AdamW::new(AdamWConfig::default(), vec![group]).unwrap();
    let before = model.values();
    let model = optimizer.step(model, GradientsParams::new(), 1.0, 1.0);
    assert_eq!(model.values(), before);
    let x = Tensor::ones([2, 2], &device);
    let loss = model.loss(x);
    let gradients = GradientsParams::from_grads(loss.backward(), &model);
    let model = optimizer.step(model, gradients, 1.0, 1.0);
    assert_eq!(model.values().0, before.0, "a frozen parameter moved");
    assert_ne!(model.values().1, before.1);
    assert_eq!(model.valid().values(), model.values());
}
