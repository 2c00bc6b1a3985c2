//! [`AdamW`].

use std::collections::HashMap;

use burn::module::{Module, ModuleMapper, ModuleVisitor, Param, ParamId};
use burn::optim::GradientsParams;
use burn::tensor::{Tensor, TensorData};

use crate::kernels::{self, Update};
use crate::moments::Moments;
use crate::{OptimError, OptimizerState, ParameterGroup, ParameterState};

/// The hyperparameters that all groups of an [`AdamW`] share. The defaults are PyTorch's.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct AdamWConfig {
    /// The decay rates of the first and the second moment.
    pub betas: [f64; 2],
    /// Added to the square root of the bias-corrected second moment.
    pub epsilon: f64,
}

impl Default for AdamWConfig {
    fn default() -> Self {
        Self { betas: [0.9, 0.999], epsilon: 1e-8 }
    }
}

/// Adam with decoupled weight decay (Loshchilov and Hutter 2019), as `torch.optim.AdamW` computes it:
///
/// ```text
/// p <- p - lr wd p
/// m <- b1 m + (1 - b1) g        v <- b2 v + (1 - b2) g^2
/// p <- p - lr / (1 - b1^t) m / (sqrt(v) / sqrt(1 - b2^t) + epsilon)
/// ```
///
/// Parameters in no group and parameters without a gradient stay as they are. [`regroup`](Self::regroup)
/// changes the groups between steps.
#[derive(Debug)]
pub struct AdamW {
    config: AdamWConfig,
    groups: Vec<ParameterGroup>,
    /// The position of each parameter in `groups`.
    positions: HashMap<ParamId, Position>,
    moments: HashMap<ParamId, Moments>,
    /// The names of the parameters that have moments and have left their group.
    former_names: HashMap<ParamId, String>,
}

/// The position of a parameter in the groups.
#[derive(Clone, Copy, Debug)]
struct Position {
    group: usize,
    parameter: usize,
}

impl AdamW {
    /// An optimizer that has seen no gradient yet.
    ///
    /// # Errors
    /// A hyperparameter out of its range, a parameter in two groups, or no parameter at all.
    pub fn new(config: AdamWConfig, groups: Vec<ParameterGroup>) -> Result<Self, OptimError> {
        for beta in config.betas {
            check((0.0..1.0).contains(&beta), "betas", beta, "from 0 to below 1")?;
        }
        check(config.epsilon > 0.0, "epsilon", config.epsilon, "a number above 0")?;
        let positions = positions(&groups)?;
        Ok(Self { config, groups, positions, moments: HashMap::new(), former_names: HashMap::new() })
    }

    /// Changes the groups from the next step on, for example when more layers are unfrozen. Parameters keep
    /// their moments while they are in no group, as PyTorch's optimizer keeps the state of a parameter
    /// without a gradient. A parameter that is trained for the first time starts from zero moments.
    ///
    /// # Errors
    /// As [`new`](Self::new). On an error the optimizer is unchanged.
    pub fn regroup(&mut self, groups: Vec<ParameterGroup>) -> Result<(), OptimError> {
        let positions = positions(&groups)?;
        for (id, position) in &self.positions {
            if !positions.contains_key(id) && self.moments.contains_key(id) {
                self.former_names
                    .insert(*id, self.groups[position.group].parameters[position.parameter].1.clone());
            }
        }
        self.former_names.retain(|id, _| !positions.contains_key(id));
        self.groups = groups;
        self.positions = positions;
        Ok(())
    }

    /// The groups that the next step uses.
    pub fn groups(&self) -> &[ParameterGroup] {
        &self.groups
    }

    /// The model after one update.
    ///
    /// Each group's learning rate is multiplied by `lr_factor` (from a
    /// [`ScheduleConfig`](crate::ScheduleConfig)), all gradients by `clip` (from
    /// [`clip_factor`](crate::clip_factor)). A parameter whose tensor is not shared is updated in place.
    #[must_use]
    pub fn step<M: Module>(&mut self, model: M, gradients: GradientsParams, lr_factor: f64, clip: f64) -> M {
        model.map(&mut Step { optimizer: self, gradients, lr_factor, clip })
    }

    /// The moments by parameter name, on the host.
    pub fn state(&self) -> OptimizerState {
        let entry = |(id, moments): (&ParamId, &Moments)| {
            let name = self.positions.get(id).map_or_else(
                || &self.former_names[id],
                |position| &self.groups[position.group].parameters[position.parameter].1,
            );
            let state = ParameterState {
                step: moments.step,
                exp_avg: to_host(&moments.exp_avg),
                exp_avg_sq: to_host(&moments.exp_avg_sq),
            };
            (name.clone(), state)
        };
        OptimizerState { parameters: self.moments.iter().map(entry).collect() }
    }

    /// Replaces the moments by a state that [`state`](Self::state) returned, perhaps in another process. The
    /// tensors go to the devices of `model`'s parameters.
    ///
    /// # Errors
    /// The state has a parameter that isn't in the groups, or moments of another size than the model's
    /// parameter.
    pub fn load_state<M: Module>(&mut self, model: &M, state: OptimizerState) -> Result<(), OptimError> {
        let mut visitor = Load { optimizer: self, state, loaded: HashMap::new(), error: None };
        model.visit(&mut visitor);
        let Load { state, loaded, error, .. } = visitor;
        match (error, state.parameters.into_keys().next()) {
            (Some(error), _) => Err(error),
            (None, Some(name)) => Err(OptimError::Unknown { name }),
            (None, None) => {
                self.moments = loaded;
                Ok(())
            }
        }
    }
}

/// The position of each parameter in the groups. Checks the groups' hyperparameters, too.
fn positions(groups: &[ParameterGroup]) -> Result<HashMap<ParamId, Position>, OptimError> {
    let mut positions = HashMap::new();
    for (group, settings) in groups.iter().enumerate() {
        let (rate, decay) = (settings.learning_rate, settings.weight_decay);
        check(rate >= 0.0 && rate.is_finite(), "learning_rate", rate, "a number from 0 on")?;
        check(decay >= 0.0 && decay.is_finite(), "weight_decay", decay, "a number from 0 on")?;
        for (parameter, (id, name)) in settings.parameters.iter().enumerate() {
            if positions.insert(*id, Position { group, parameter }).is_some() {
                return Err(OptimError::Twice { name: name.clone() });
            }
        }
    }
    if positions.is_empty() { Err(OptimError::Empty) } else { Ok(positions) }
}

fn check(holds: bool, name: &'static str, value: f64, expected: &'static str) -> Result<(), OptimError> {
    if holds { Ok(()) } else { Err(OptimError::Hyperparameter { name, value, expected }) }
}

fn to_host(tensor: &Tensor<1>) -> Vec<f32> {
    tensor.to_data().iter::<f32>().collect()
}

struct Step<'a> {
    optimizer: &'a mut AdamW,
    gradients: GradientsParams,
    lr_factor: f64,
    clip: f64,
}

impl ModuleMapper for Step<'_> {
    fn map_float<const D: usize>(&mut self, param: Param<Tensor<D>>) -> Param<Tensor<D>> {
        let Some(position) = self.optimizer.positions.get(&param.id) else { return param };
        let Some(gradient) = self.gradients.remove::<D>(param.id) else { return param };
        let (id, tensor, mapper) = param.consume();
        let autodiff = tensor.is_autodiff();
        let value = if autodiff { tensor.inner() } else { tensor };

        let before = self.optimizer.moments.remove(&id).unwrap_or_else(|| {
            let zeros = Tensor::zeros([value.shape().num_elements()], &value.device());
            Moments { step: 0, exp_avg: zeros.clone(), exp_avg_sq: zeros }
        });
        let group = &self.optimizer.groups[position.group];
        let update = Update {
            learning_rate: group.learning_rate * self.lr_factor,
            weight_decay: group.weight_decay,
            betas: self.optimizer.config.betas,
            epsilon: self.optimizer.config.epsilon,
            gradient_scale: self.clip,
            step: before.step + 1,
        };
        let (value, after) = kernels::adamw(value, before, gradient, &update);
        self.optimizer.moments.insert(id, after);

        let value = if autodiff { Tensor::from_inner(value).require_grad() } else { value };
        Param::from_mapped_value(id, value, mapper)
    }
}

struct Load<'a> {
    optimizer: &'a AdamW,
    state: OptimizerState,
    loaded: HashMap<ParamId, Moments>,
    error: Option<OptimError>,
}

impl ModuleVisitor for Load<'_> {
    fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<D>>) {
        let Some(position) = self.optimizer.positions.get(&param.id) else { return };
        let name = &self.optimizer.groups[position.group].parameters[position.parameter].1;
        let Some(state) = self.state.parameters.remove(name) else { return };
        let value = param.val();
        let device = if value.is_autodiff() { value.device().inner() } else { value.device() };
        let expected = value.shape().num_elements();
        for moment in [&state.exp_avg, &state.exp_avg_sq] {
            if moment.len() != expected {
                self.error = Some(OptimError::Size { name: name.clone(), found: moment.len(), expected });
                return;
            }
        }
        let tensor = |values: Vec<f32>| {
            Tensor::from_data(TensorData::new(values, [expected]), (&device, value.dtype()))
        };
        let moments = Moments {
            step: state.step,
            exp_avg: tensor(state.exp_avg),
            exp_avg_sq: tensor(state.exp_avg_sq),
        };
        self.loaded.insert(param.id, moments);
    }
}
