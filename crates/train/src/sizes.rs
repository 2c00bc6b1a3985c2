//! Checks before any work: whether the model has enough positions, and the disk enough space.

use std::path::Path;

use embert_model::{BertConfig, SaveDtype};
use embert_run::{Parameters, RunFiles};

use crate::TrainError;

/// Checks that the model in `folder` has a position for each token of a sequence of `max_length` tokens.
///
/// # Errors
/// The model has fewer positions, or its `config.json` can't be used.
pub fn check_max_length(folder: &Path, max_length: usize) -> Result<(), TrainError> {
    check_positions(&BertConfig::from_file(&folder.join("config.json"))?, max_length)
}

/// [`check_max_length`] for a config that has been read.
pub(crate) fn check_positions(model: &BertConfig, max_length: usize) -> Result<(), TrainError> {
    let positions = model.max_position_embeddings;
    if max_length <= positions {
        return Ok(());
    }
    Err(TrainError::Setting {
        key: "data.max_length",
        found: max_length.to_string(),
        expected: format!("at most {positions}, the model's max_position_embeddings"),
    })
}

/// The files of a run that are as large as the model.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Written {
    /// The number of checkpoints at a time, each with the weights and the two moments of the trained
    /// parameters.
    pub(crate) checkpoints: usize,
    /// Whether the best weights are written.
    pub(crate) best: bool,
    pub(crate) save_dtype: SaveDtype,
}

impl Written {
    /// The least space that the files take at a time, in bytes: the checkpoints, the best weights and the
    /// result.
    fn bytes(self, parameters: Parameters) -> u64 {
        let (total, trainable) = (parameters.total as u64, parameters.trainable as u64);
        let checkpoints = self.checkpoints as u64 * (4 * total + 8 * trainable);
        let best = if self.best { 4 * total } else { 0 };
        let result = if self.save_dtype == SaveDtype::F32 { 4 * total } else { 2 * total };
        checkpoints + best + result
    }

    /// Refuses a disk that has less space left than the run needs, if the system says how much is left.
    pub(crate) fn check(self, run: &RunFiles, parameters: Parameters) -> Result<(), TrainError> {
        let needed = self.bytes(parameters);
        match embert_files::free_space(run.folder()) {
            Some(free) if free < needed => {
                Err(TrainError::NoSpace { path: run.folder().to_owned(), free, needed })
            }
            _ => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_disk_that_is_too_full_is_found_at_once() {
        let place = tempfile::tempdir().unwrap();
        let run = RunFiles::new(place.path());
        let written = Written { checkpoints: 2, best: true, save_dtype: SaveDtype::F16 };
        let parameters = Parameters { total: 100, trainable: 10 };
        assert_eq!(written.bytes(parameters), 2 * 480 + 400 + 200);
        written.check(&run, parameters).unwrap();
        let all = Parameters { total: 1 << 55, trainable: 1 << 55 };
        let error = written.check(&run, all).unwrap_err().to_string();
        assert!(error.contains("MB left") && error.contains("free some"), "{error}");
    }

    #[test]
    fn positions_beyond_the_models_are_refused() {
        let model = BertConfig { max_position_embeddings: 128, ..BertConfig::default() };
        check_positions(&model, 128).unwrap();
        let error = check_positions(&model, 129).unwrap_err().to_string();
        assert_eq!(error, "data.max_length = 129: expected at most 128, the model's max_position_embeddings");
    }
}
