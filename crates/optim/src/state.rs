//! The optimizer's state on disk.

use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::path::Path;

use safetensors::tensor::TensorView;
use safetensors::{Dtype, SafeTensors};

use crate::OptimError;

/// The state of an [`AdamW`](crate::AdamW) by parameter name: the moments and the number of updates.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct OptimizerState {
    /// The state of each parameter that has had a gradient.
    pub parameters: BTreeMap<String, ParameterState>,
}

/// The state of one parameter; the fields have PyTorch's names.
#[derive(Clone, Debug, PartialEq)]
pub struct ParameterState {
    /// The number of updates so far.
    pub step: usize,
    /// The first moment, flattened in row-major order.
    pub exp_avg: Vec<f32>,
    /// The second moment, flattened in row-major order.
    pub exp_avg_sq: Vec<f32>,
}

const EXP_AVG: &str = "exp_avg.";
const EXP_AVG_SQ: &str = "exp_avg_sq.";
const STEP: &str = "step.";

impl OptimizerState {
    /// Writes a safetensors file with `exp_avg.<name>`, `exp_avg_sq.<name>` and `step.<name>` for each
    /// parameter. The file appears under `path` once all of it is on the disk. Equal states give equal bytes.
    ///
    /// # Errors
    /// The file can't be written.
    pub fn save(&self, path: &Path) -> Result<(), OptimError> {
        let failed = |source: io::Error| OptimError::Io { action: "write", path: path.to_owned(), source };
        let steps: Vec<[u8; 8]> =
            self.parameters.values().map(|state| (state.step as u64).to_le_bytes()).collect();
        let mut views = Vec::with_capacity(3 * steps.len());
        for ((name, state), step) in self.parameters.iter().zip(&steps) {
            for (prefix, dtype, elements, bytes) in [
                (EXP_AVG, Dtype::F32, state.exp_avg.len(), bytemuck::cast_slice(&state.exp_avg)),
                (EXP_AVG_SQ, Dtype::F32, state.exp_avg_sq.len(), bytemuck::cast_slice(&state.exp_avg_sq)),
                (STEP, Dtype::U64, 1, &step[..]),
            ] {
                let view = TensorView::new(dtype, vec![elements], bytes)
                    .map_err(|error| failed(io::Error::other(error)))?;
                views.push((format!("{prefix}{name}"), view));
            }
        }
        let bytes = safetensors::serialize(views, None).map_err(|error| failed(io::Error::other(error)))?;
        Ok(embert_files::write(path, &bytes)?)
    }

    /// Reads a file that [`save`](Self::save) wrote.
    ///
    /// # Errors
    /// The file can't be read, is no safetensors file, or holds no optimizer state.
    pub fn load(path: &Path) -> Result<Self, OptimError> {
        let damaged = |problem: String| OptimError::Damaged { path: path.to_owned(), problem };
        let bytes = fs::read(path).map_err(|source| OptimError::Io {
            action: "read",
            path: path.to_owned(),
            source,
        })?;
        let file = SafeTensors::deserialize(&bytes).map_err(|error| damaged(error.to_string()))?;
        let floats = |name: String| {
            let view = file.tensor(&name).map_err(|error| damaged(error.to_string()))?;
            if view.dtype() != Dtype::F32 {
                return Err(damaged(format!("{name} is {:?}, expected F32", view.dtype())));
            }
            Ok(bytemuck::pod_collect_to_vec::<u8, f32>(view.data()))
        };
        let mut parameters = BTreeMap::new();
        for name in file.names().into_iter().filter_map(|name| name.strip_prefix(STEP)) {
            let view = file.tensor(&format!("{STEP}{name}")).map_err(|error| damaged(error.to_string()))?;
            let step = <[u8; 8]>::try_from(view.data())
                .map_err(|_| damaged(format!("{STEP}{name} has {} bytes, expected 8", view.data().len())))?;
            let state = ParameterState {
                step: u64::from_le_bytes(step) as usize,
                exp_avg: floats(format!("{EXP_AVG}{name}"))?,
                exp_avg_sq: floats(format!("{EXP_AVG_SQ}{name}"))?,
            };
            parameters.insert(name.to_owned(), state);
        }
        Ok(Self { parameters })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn state() -> OptimizerState {
        let one =
            ParameterState { step: 7, exp_avg: vec![0.1, -2.5, f32::MIN_POSITIVE], exp_avg_sq: vec![1.0; 3] };
        let other = ParameterState { step: 3, exp_avg: vec![4.0], exp_avg_sq: vec![0.25] };
        OptimizerState { parameters: [("a.weight".to_owned(), one), ("b.bias".to_owned(), other)].into() }
    }

    #[test]
    fn what_is_written_reads_back_bit_by_bit() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("optimizer.safetensors");
        state().save(&path).unwrap();
        assert_eq!(OptimizerState::load(&path).unwrap(), state());
        let first = fs::read(&path).unwrap();
        state().save(&path).unwrap();
        assert_eq!(fs::read(&path).unwrap(), first);
        assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 1, "a temporary file was left");
    }

    #[test]
    fn a_damaged_file_is_an_error_that_names_it() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("optimizer.safetensors");
        state().save(&path).unwrap();
        let bytes = fs::read(&path).unwrap();
        for cut in [0, 4, 40, bytes.len() - 1] {
            fs::write(&path, &bytes[..cut]).unwrap();
            let error = OptimizerState::load(&path).unwrap_err();
            assert!(matches!(error, OptimError::Damaged { .. }), "{error}");
            assert!(error.to_string().contains("optimizer.safetensors"), "{error}");
        }
        fs::remove_file(&path).unwrap();
        assert!(matches!(OptimizerState::load(&path), Err(OptimError::Io { .. })));
    }
}
