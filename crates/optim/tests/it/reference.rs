//! Agreement with PyTorch and `transformers`, on the cases that `tests/reference/optim.py` wrote.

use std::collections::BTreeSet;

use burn::module::{Module, Param, ParamId};
use burn::tensor::{Device, Tensor, TensorData};
use embert_optim::{
    AdamW, AdamWConfig, Decay, GradientsParams, OptimizerState, Schedule, ScheduleConfig, TrainedParameter,
    Warmup, build_groups, clip_factor, global_norm,
};
use serde::Deserialize;

use crate::fixture::{Run, TOLERANCE};
use crate::values;

/// The parameters of a run, grouped by rank.
#[derive(Module, Debug)]
struct Net {
    matrices: Vec<Param<Tensor<2>>>,
    vectors: Vec<Param<Tensor<1>>>,
}

impl Net {
    fn new(run: &Run, values: impl Fn(usize) -> Vec<f32>, device: &Device) -> Self {
        let mut net = Self { matrices: Vec::new(), vectors: Vec::new() };
        for (index, parameter) in run.parameters.iter().enumerate() {
            let data = TensorData::new(values(index), parameter.shape.clone());
            match parameter.shape.len() {
                1 => net.vectors.push(Param::from_data(data, device)),
                _ => net.matrices.push(Param::from_data(data, device)),
            }
        }
        net
    }

    /// Maps the parameters in the order of the run.
    fn in_order<T>(
        &self,
        run: &Run,
        of_matrix: impl Fn(&Param<Tensor<2>>) -> T,
        of_vector: impl Fn(&Param<Tensor<1>>) -> T,
    ) -> Vec<T> {
        let (mut matrices, mut vectors) = (self.matrices.iter(), self.vectors.iter());
        let next =
            |rank| if rank == 1 { vectors.next().map(&of_vector) } else { matrices.next().map(&of_matrix) };
        run.parameters.iter().map(|parameter| parameter.shape.len()).map(next).map(Option::unwrap).collect()
    }

    fn ids(&self, run: &Run) -> Vec<ParamId> {
        self.in_order(run, |matrix| matrix.id, |vector| vector.id)
    }

    fn values(&self, run: &Run) -> Vec<Vec<f32>> {
        self.in_order(run, |matrix| values(matrix.val()), |vector| values(vector.val()))
    }

    fn optimizer(&self, run: &Run) -> AdamW {
        let names = run.parameters.iter().map(|parameter| parameter.name.clone());
        let trained = self.ids(run).into_iter().zip(names).filter(|(_, name)| *name != run.settings.frozen);
        let trained = trained.map(|(id, name)| TrainedParameter {
            id,
            part: if name.starts_with("classifier.") { "head" } else { "base" },
            name,
        });
        let rate = |part: &&str| match *part {
            "head" => run.settings.head_learning_rate,
            _ => run.settings.learning_rate,
        };
        let groups = build_groups(trained, rate, run.settings.weight_decay, run.settings.decay);
        AdamW::new(AdamWConfig { betas: run.settings.betas, epsilon: run.settings.epsilon }, groups).unwrap()
    }

    fn gradients(&self, run: &Run, step: usize, device: &Device) -> GradientsParams {
        let mut gradients = GradientsParams::new();
        for (index, id) in self.ids(run).into_iter().enumerate() {
            let Some(gradient) = run.gradient(step, index) else { continue };
            let data = TensorData::new(gradient, run.parameters[index].shape.clone());
            match run.parameters[index].shape.len() {
                1 => gradients.register(id, Tensor::<1>::from_data(data, device)),
                _ => gradients.register(id, Tensor::<2>::from_data(data, device)),
            }
        }
        gradients
    }
}

/// The schedule of each run, as in `runs()` of `tests/reference/optim.py`.
const SCHEDULES: [ScheduleConfig; 4] = [
    ScheduleConfig { schedule: Schedule::Linear, warmup: Warmup::Steps(3) },
    ScheduleConfig { schedule: Schedule::Cosine { cycles: 0.5 }, warmup: Warmup::Ratio(0.1) },
    ScheduleConfig {
        schedule: Schedule::Polynomial { power: 2.0, end_factor: 0.1 },
        warmup: Warmup::Steps(0),
    },
    ScheduleConfig { schedule: Schedule::Constant, warmup: Warmup::Steps(0) },
];

/// Asserts the agreement of every step of every run. Parameters are on `device`, gradients on `inner`, as
/// autodiff returns them.
fn assert_goes_where_pytorch_goes(device: &Device, inner: &Device, tolerance: f64) {
    let runs = Run::all();
    assert_eq!(runs.len(), SCHEDULES.len());
    for (which, (run, schedule)) in runs.iter().zip(SCHEDULES).enumerate() {
        assert_eq!(run.steps(), 25);
        let mut model = Net::new(run, |parameter| run.start(parameter), device);
        let mut optimizer = model.optimizer(run);
        for step in 0..run.steps() {
            let factor = schedule.factor(step, run.steps());
            let rate = run.settings.learning_rates[step];
            assert!(
                (run.settings.learning_rate * factor - rate).abs() <= 1e-12 * rate,
                "run {which}, step {step}"
            );

            let gradients = model.gradients(run, step, inner);
            let norm = global_norm(&model, &gradients);
            let expected = run.settings.norms[step];
            // PyTorch takes the norm of the parameters' norms in f32.
            assert!(
                (norm - expected).abs() <= tolerance * expected,
                "run {which}, step {step}: {norm} {expected}"
            );

            model = optimizer.step(model, gradients, factor, clip_factor(norm, run.settings.max_norm));
            for (index, (values, parameter)) in model.values(run).iter().zip(&run.parameters).enumerate() {
                let error = run.error(step, index, values);
                assert!(error <= tolerance, "run {which}, step {step}, {}: {error:e}", parameter.name);
                let moved = *values != run.start(index);
                let is_frozen = parameter.name == run.settings.frozen;
                assert!(!(moved && is_frozen), "run {which}, step {step}: the frozen parameter moved");
                assert!(moved || is_frozen || step < 5, "run {which}, step {step}: {} stays", parameter.name);
            }
        }
    }
}

#[test]
fn adamw_goes_where_pytorch_goes() {
    let device = Device::flex();
    assert_goes_where_pytorch_goes(&device, &device, TOLERANCE);
}

#[test]
fn it_does_on_an_autodiff_device_too() {
    let device = Device::flex();
    assert_goes_where_pytorch_goes(&device.clone().autodiff(), &device, TOLERANCE);
}

/// On ndarray, the update and the sum of squares are both tensor operations.
#[cfg(feature = "ndarray")]
#[test]
#[allow(deprecated, reason = "Burn's older CPU backend, which is offered as it is")]
fn it_does_on_ndarray_within_ten_times_the_tolerance() {
    let device = Device::ndarray();
    assert_goes_where_pytorch_goes(&device, &device, 10.0 * TOLERANCE);
    assert_goes_where_pytorch_goes(&device.clone().autodiff(), &device, 10.0 * TOLERANCE);
}

#[derive(Deserialize)]
struct Fixture {
    schedules: Vec<Scheduled>,
    warmups: Vec<(usize, f64, usize)>,
    decays: Vec<Decayed>,
}

#[derive(Deserialize)]
struct Scheduled {
    name: String,
    total: usize,
    base: f64,
    warmup: Option<usize>,
    ratio: Option<f64>,
    power: Option<f64>,
    lr_end: Option<f64>,
    num_cycles: Option<f64>,
    /// `None` where `transformers` divides by zero.
    rates: Vec<Option<f64>>,
}

#[derive(Deserialize)]
struct Decayed {
    name: String,
    decayed: bool,
}

fn fixture() -> Fixture {
    serde_json::from_str(include_str!("../fixtures/optim.json")).unwrap()
}

#[test]
fn schedules_are_those_of_transformers() {
    let cases = fixture().schedules;
    let kinds: BTreeSet<_> = cases.iter().map(|case| case.name.as_str()).collect();
    assert_eq!(kinds.len(), 5);
    assert_eq!(cases.len(), 103);
    for case in cases {
        let schedule = match case.name.as_str() {
            "constant" | "constant_with_warmup" => Schedule::Constant,
            "linear" => Schedule::Linear,
            "cosine" => Schedule::Cosine { cycles: case.num_cycles.unwrap_or(0.5) },
            // The defaults are those of `get_polynomial_decay_schedule_with_warmup`.
            "polynomial" => Schedule::Polynomial {
                power: case.power.unwrap_or(1.0),
                end_factor: case.lr_end.unwrap_or(1e-7) / case.base,
            },
            name => panic!("{name}"),
        };
        let warmup = case.ratio.map_or_else(|| Warmup::Steps(case.warmup.unwrap()), Warmup::Ratio);
        let config = ScheduleConfig { schedule, warmup };
        assert_eq!(case.rates.len(), case.total + 4, "each step, and three beyond the one after the last");
        for (step, expected) in case.rates.iter().enumerate() {
            let found = config.factor(step, case.total);
            let place = format!("{config:?}, step {step} of {}", case.total);
            match expected {
                Some(rate) => {
                    let difference = (case.base * found - rate).abs();
                    // Both sides compute in f64; the formulas are arranged differently.
                    assert!(difference <= 1e-12 * case.base, "{place}: {found} {rate}");
                }
                None => assert!((0.0..=1.0).contains(&found), "{place}: {found}"),
            }
        }
    }
}

#[test]
fn a_warm_up_by_ratio_has_as_many_steps_as_in_transformers() {
    let cases = fixture().warmups;
    assert_eq!(cases.len(), 99);
    for (total, ratio, steps) in cases {
        assert_eq!(Warmup::Ratio(ratio).steps(total), steps, "{ratio} of {total}");
    }
}

#[test]
fn what_is_decayed_is_what_the_trainer_of_transformers_decays() {
    let parameters = fixture().decays;
    assert!(parameters.iter().any(|parameter| parameter.name.starts_with("cls.predictions.")));
    assert_eq!(parameters.iter().filter(|parameter| parameter.decayed).count(), 13);
    for Decayed { name, decayed } in parameters {
        assert_eq!(Decay::Standard.applies_to(&name), decayed, "{name}");
        assert!(Decay::All.applies_to(&name), "{name}");
    }
}

#[test]
fn a_run_that_goes_on_gives_the_same_bits() {
    let run = &Run::all()[0];
    let (inner, half) = (Device::flex(), 11);
    let device = inner.clone().autodiff();
    let train = |mut model: Net, state: Option<OptimizerState>, steps| {
        let mut optimizer = model.optimizer(run);
        if let Some(state) = state {
            optimizer.load_state(&model, state).unwrap();
        }
        for step in steps {
            let gradients = model.gradients(run, step, &inner);
            model = optimizer.step(model, gradients, 1.0, 0.7);
        }
        (model.values(run), optimizer.state())
    };
    let start = || Net::new(run, |parameter| run.start(parameter), &device);
    let (whole, state) = train(start(), None, 0..run.steps());

    let (stopped, saved) = train(start(), None, 0..half);
    assert_ne!(stopped, whole);
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("optimizer.safetensors");
    saved.save(&path).unwrap();
    // The parameters have other ids, as in another process.
    let again = Net::new(run, |parameter| stopped[parameter].clone(), &device);
    let loaded = OptimizerState::load(&path).unwrap();
    let (resumed, resumed_state) = train(again, Some(loaded), half..run.steps());
    assert_eq!(resumed, whole);
    assert_eq!(resumed_state, state);
}
