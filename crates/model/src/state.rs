//! A module's parameters by the checkpoint's names.

use std::collections::HashMap;

use burn::module::{Module, ModuleMapper, ModuleVisitor, Param, ParamId};
use burn::tensor::{Tensor, TensorData};
use rayon::prelude::*;

use crate::module_path::ModulePath;
use crate::{Depth, ModelError};

/// One parameter: its name, shape and depth in the model.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NamedParameter {
    /// The checkpoint's name, as in `bert.encoder.layer.0.attention.self.query.weight`.
    pub name: String,
    /// Burn's identifier, which differs between processes.
    pub id: ParamId,
    /// The shape in the checkpoint: `[output, input]` for a linear layer's weight.
    pub shape: Vec<usize>,
    /// The part of the model that the parameter belongs to.
    pub depth: Depth,
    /// Whether training changes the parameter.
    pub trainable: bool,
}

impl NamedParameter {
    /// The number of elements of the parameter.
    pub fn elements(&self) -> usize {
        self.shape.iter().product()
    }
}

/// Every parameter, in the checkpoint's order: from the embeddings up to the head.
pub fn named_parameters<M: Module>(model: &M) -> Vec<NamedParameter> {
    let mut visitor = Named::default();
    model.visit(&mut visitor);
    visitor.parameters
}

#[derive(Default)]
struct Named {
    path: ModulePath,
    parameters: Vec<NamedParameter>,
}

impl ModuleVisitor for Named {
    fn enter_module(&mut self, name: &str, container_type: &str) {
        self.path.enter(name, container_type);
    }

    fn exit_module(&mut self, _name: &str, _container_type: &str) {
        self.path.leave();
    }

    fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<D>>) {
        self.parameters.push(NamedParameter {
            name: self.path.name(),
            id: param.id,
            shape: self.path.checkpoint_shape(&param.lazy_shape()),
            depth: self.path.depth(),
            trainable: is_trainable(param),
        });
    }
}

/// Whether training changes the parameter. Outside of training no tensor requires a gradient, so that the
/// setting that `train()` would restore counts.
fn is_trainable<const D: usize>(param: &Param<Tensor<D>>) -> bool {
    if param.val().is_autodiff() { param.is_require_grad() } else { param.clone().train().is_require_grad() }
}

/// Every parameter's values with the checkpoint's names and shapes, in the checkpoint's order.
///
/// This copies the model to the host.
pub fn state_dict<M: Module>(model: &M) -> Vec<(String, TensorData)> {
    stored(model).into_iter().map(|stored| (stored.name.clone(), stored.data())).collect()
}

/// A parameter that is copied to the host when [`data`](Self::data) is called, so that saving needs memory
/// for one parameter at a time.
pub(crate) struct Stored {
    pub(crate) name: String,
    pub(crate) shape: Vec<usize>,
    fetch: Box<dyn Fn() -> TensorData>,
}

impl Stored {
    /// The values in the checkpoint's layout and the model's dtype.
    pub(crate) fn data(&self) -> TensorData {
        (self.fetch)()
    }
}

pub(crate) fn stored<M: Module>(model: &M) -> Vec<Stored> {
    let mut visitor = Collect::default();
    model.visit(&mut visitor);
    visitor.stored
}

#[derive(Default)]
struct Collect {
    path: ModulePath,
    stored: Vec<Stored>,
}

impl ModuleVisitor for Collect {
    fn enter_module(&mut self, name: &str, container_type: &str) {
        self.path.enter(name, container_type);
    }

    fn exit_module(&mut self, _name: &str, _container_type: &str) {
        self.path.leave();
    }

    fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<D>>) {
        let value = param.val();
        let transposed = self.path.is_transposed();
        self.stored.push(Stored {
            name: self.path.name(),
            shape: self.path.checkpoint_shape(&value.shape()),
            fetch: Box::new(move || {
                let data = value.to_data();
                if transposed { transpose_data(data) } else { data }
            }),
        });
    }
}

/// Loads values that [`state_dict`] returned, bit by bit. The parameters' ids in `model`, and whether they
/// are trainable, do not change.
///
/// # Errors
/// `tensors` lacks a parameter, has a name that the model lacks, has a name twice, or has a parameter of
/// another shape.
pub fn load_state_dict<M: Module>(
    model: M,
    tensors: impl IntoIterator<Item = (String, TensorData)>,
) -> Result<M, ModelError> {
    let mut by_name = HashMap::new();
    for (name, data) in tensors {
        if by_name.contains_key(&name) {
            return Err(ModelError::StateUnexpected { name });
        }
        by_name.insert(name, data);
    }
    let mut mapper = Fill::new(|path: &ModulePath, expected: &[usize]| {
        let name = path.name();
        let Some(data) = by_name.remove(&name) else { return Err(ModelError::StateMissing { name }) };
        if data.shape().as_slice() == expected {
            Ok(Some(data))
        } else {
            Err(ModelError::Shape {
                origin: "the state dict".to_owned(),
                name,
                found: data.shape().to_vec(),
                expected: expected.to_vec(),
            })
        }
    });
    let model = model.map(&mut mapper);
    mapper.finish()?;
    match by_name.into_keys().min() {
        Some(name) => Err(ModelError::StateUnexpected { name }),
        None => Ok(model),
    }
}

/// Sets each parameter to the values that `source` returns for its path and its shape in the checkpoint; for
/// `None` the parameter does not change. After the first error `source` is not called again.
pub(crate) struct Fill<F> {
    path: ModulePath,
    source: F,
    error: Option<ModelError>,
}

impl<F: FnMut(&ModulePath, &[usize]) -> Result<Option<TensorData>, ModelError>> Fill<F> {
    pub(crate) fn new(source: F) -> Self {
        Self { path: ModulePath::default(), source, error: None }
    }

    /// The first error, if any. After an error the module must not be used.
    pub(crate) fn finish(self) -> Result<(), ModelError> {
        self.error.map_or(Ok(()), Err)
    }
}

impl<F: FnMut(&ModulePath, &[usize]) -> Result<Option<TensorData>, ModelError>> ModuleMapper for Fill<F> {
    fn enter_module(&mut self, name: &str, container_type: &str) {
        self.path.enter(name, container_type);
    }

    fn exit_module(&mut self, _name: &str, _container_type: &str) {
        self.path.leave();
    }

    fn map_float<const D: usize>(&mut self, param: Param<Tensor<D>>) -> Param<Tensor<D>> {
        if self.error.is_some() {
            return param;
        }
        let expected = self.path.checkpoint_shape(&param.lazy_shape());
        match (self.source)(&self.path, &expected) {
            Ok(Some(data)) => {
                let data = if self.path.is_transposed() { transpose_data(data) } else { data };
                let value = Tensor::from_data(data, &param.lazy_device());
                let id = param.id;
                param.transform_for_load(value, id)
            }
            Ok(None) => param,
            Err(error) => {
                self.error = Some(error);
                param
            }
        }
    }
}

/// The transpose of a matrix, as f32.
fn transpose_data(data: TensorData) -> TensorData {
    let (rows, columns) = (data.shape()[0], data.shape()[1]);
    let data = data.convert::<f32>();
    match data.as_slice::<f32>() {
        Ok(values) => TensorData::new(transpose(values, rows, columns), [columns, rows]),
        // Unreachable: `convert` made the data f32.
        Err(_) => data,
    }
}

/// Transposes `values`, `[rows, columns]`, to `[columns, rows]`.
fn transpose(values: &[f32], rows: usize, columns: usize) -> Vec<f32> {
    /// The number of columns transposed together: a cache line of f32, so that each line of the source is
    /// read once.
    const BLOCK: usize = 16;
    let mut result = vec![0.0; values.len()];
    result.par_chunks_mut(rows * BLOCK).enumerate().for_each(|(block, result)| {
        let first = block * BLOCK;
        let width = BLOCK.min(columns - first);
        for row in 0..rows {
            let source = &values[row * columns + first..][..width];
            for (offset, value) in source.iter().enumerate() {
                result[offset * rows + row] = *value;
            }
        }
    });
    result
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn transposing_handles_every_remainder() {
        for (rows, columns) in [(1, 1), (3, 16), (5, 17), (2, 40), (33, 1)] {
            let values: Vec<f32> = (0..rows * columns).map(|value| value as f32).collect();
            let transposed = transpose(&values, rows, columns);
            for row in 0..rows {
                for column in 0..columns {
                    assert_eq!(
                        transposed[column * rows + row].to_bits(),
                        values[row * columns + column].to_bits()
                    );
                }
            }
            assert_eq!(transpose(&transposed, columns, rows), values);
        }
    }
}
