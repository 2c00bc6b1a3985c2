//! The runs of `torch.optim.AdamW` that `tests/reference/optim.py` wrote. The unit tests of `kernels` read
//! them too.

use std::ops::Range;

use safetensors::SafeTensors;
use serde::Deserialize;

use embert_optim::Decay;

/// One unit in an f32's last place is at most 1.2e-7 of the number. Twenty-five steps have about ten
/// roundings each, in both directions; they differ from PyTorch's where PyTorch multiplies first or fuses two
/// operations, and add up to a few units.
pub(crate) const TOLERANCE: f64 = 1e-6;

#[derive(Deserialize)]
struct Fixture {
    parameters: Vec<Parameter>,
    runs: Vec<Settings>,
}

#[derive(Clone, Deserialize)]
pub(crate) struct Parameter {
    pub(crate) name: String,
    pub(crate) shape: Vec<usize>,
}

#[derive(Deserialize)]
pub(crate) struct Settings {
    pub(crate) decay: Decay,
    pub(crate) learning_rate: f64,
    pub(crate) head_learning_rate: f64,
    pub(crate) weight_decay: f64,
    pub(crate) betas: [f64; 2],
    pub(crate) epsilon: f64,
    pub(crate) max_norm: f64,
    pub(crate) frozen: String,
    /// The parameters that have no gradient in every fourth step.
    absent: Vec<String>,
    /// The norm of the gradients before clipping, for each step.
    pub(crate) norms: Vec<f64>,
    /// The learning rate of all parameters but the head's, for each step.
    pub(crate) learning_rates: Vec<f64>,
}

/// Twenty-five steps of the parameters of a BERT with a classifier, with given gradients.
pub(crate) struct Run {
    pub(crate) settings: Settings,
    pub(crate) parameters: Vec<Parameter>,
    start: Vec<f32>,
    /// `[steps, elements]`, the parameters one after the other.
    gradients: Vec<f32>,
    /// `[steps, elements]`, the values after each step.
    values: Vec<f32>,
}

impl Run {
    pub(crate) fn all() -> Vec<Self> {
        let Fixture { parameters, runs } =
            serde_json::from_str(include_str!("../fixtures/optim.json")).unwrap();
        let file = SafeTensors::deserialize(include_bytes!("../fixtures/adamw.safetensors")).unwrap();
        let load = |(index, settings)| {
            let floats = |name| {
                let tensor = file.tensor(&format!("{index}.{name}")).unwrap();
                bytemuck::pod_collect_to_vec::<u8, f32>(tensor.data())
            };
            let (start, gradients, values) = (floats("start"), floats("gradients"), floats("values"));
            Self { settings, parameters: parameters.clone(), start, gradients, values }
        };
        runs.into_iter().enumerate().map(load).collect()
    }

    pub(crate) fn steps(&self) -> usize {
        self.values.len() / self.start.len()
    }

    /// The range of a parameter's elements in a list of all parameters.
    fn place(&self, parameter: usize) -> Range<usize> {
        let elements = |parameter: &Parameter| parameter.shape.iter().product::<usize>();
        let start = self.parameters[..parameter].iter().map(elements).sum();
        start..start + elements(&self.parameters[parameter])
    }

    pub(crate) fn start(&self, parameter: usize) -> Vec<f32> {
        self.start[self.place(parameter)].to_vec()
    }

    /// The gradient of a parameter; `None` where PyTorch has none either.
    pub(crate) fn gradient(&self, step: usize, parameter: usize) -> Option<Vec<f32>> {
        let name = &self.parameters[parameter].name;
        let absent = *name == self.settings.frozen || self.settings.absent.contains(name) && step % 4 == 3;
        let gradients = &self.gradients[step * self.start.len()..];
        (!absent).then(|| gradients[self.place(parameter)].to_vec())
    }

    /// The largest difference from PyTorch among the values of a parameter after a step. A difference is
    /// relative to the largest size that the element has had so far: the rounding error of a large value
    /// remains when the value comes near 0.
    pub(crate) fn error(&self, step: usize, parameter: usize, found: &[f32]) -> f64 {
        let place = self.place(parameter);
        assert_eq!(found.len(), place.len());
        let error = |(found, element): (&f32, usize)| {
            let of_step = |step: usize| self.values[step * self.start.len() + element];
            let largest =
                (0..=step).map(of_step).fold(self.start[element].abs(), |most, value| most.max(value.abs()));
            let difference = (f64::from(*found) - f64::from(of_step(step))).abs();
            if difference == 0.0 { 0.0 } else { difference / f64::from(largest) }
        };
        // `f64::max` ignores a NaN, which would then agree with everything.
        found
            .iter()
            .zip(place)
            .map(error)
            .fold(0.0, |most, error| if error > most || error.is_nan() { error } else { most })
    }
}
