//! What the first step of a process needs: of a new run, or of its newest whole checkpoint.

use std::path::{Path, PathBuf};
use std::time::Instant;

use burn::module::Module as _;
use embert_model::BertForSequenceClassification;
use embert_optim::{AdamW, AdamWConfig, OptimizerState};

use super::{Job, Progress};
use crate::TrainError;
use crate::checkpoint::{Checkpoints, State, read_optimizer, read_state};
use crate::events::Phases;
use crate::stages::Stages;
use crate::tracker::Tracker;

impl Job {
    /// The state that the first step needs: that of the newest whole checkpoint, or of a new run.
    pub(super) fn begin(
        &self,
        model: BertForSequenceClassification,
        stages: &Stages,
        checkpoints: &Checkpoints,
    ) -> Result<Progress, TrainError> {
        let settings = &self.config.early_stopping;
        let tracker = Tracker::new(self.config.metric, settings.patience, settings.min_delta);
        let adamw =
            AdamWConfig { betas: self.config.optimizer.betas, epsilon: self.config.optimizer.epsilon };
        let began = Instant::now();
        let found = checkpoints.newest_first()?;
        if found.is_empty() {
            let (_, stage) = stages.at(0);
            let model = stage.apply(model.train())?;
            let optimizer = AdamW::new(adamw, self.task.groups(&model, &self.config, stage))?;
            let (seconds_before, phases) = (0.0, Phases::default());
            return Ok(Progress {
                model,
                optimizer,
                tracker,
                step: 0,
                began,
                seconds_before,
                phases,
                peak_before: None,
                scored: None,
            });
        }
        // Not needed any more, so not in memory beside the checkpoint's.
        drop(model);
        let (state, model, moments) = self.newest_whole(&found, checkpoints)?;
        let changed = match &state.data {
            Some(before) => before.difference(&self.task.fingerprint),
            // All that an older version's checkpoint can tell.
            None => (state.data_fingerprint != self.task.training_tokens).then_some("training split"),
        };
        if let Some(what) = changed {
            return Err(TrainError::DataChanged { path: self.run.path().to_owned(), what });
        }
        checkpoints.remove_after(state.step)?;
        // Moments of what is frozen now are loaded too: they count again when it is trained again.
        let (_, stage) = stages.at(state.step);
        let mut optimizer = AdamW::new(adamw, self.task.groups(&model, &self.config, stage))?;
        optimizer.load_state(&model, moments)?;
        let model = stage.apply(model)?;
        optimizer.regroup(self.task.groups(&model, &self.config, stage))?;
        let tracker = tracker.with_state(state.tracker.clone());
        let State { step, seconds: seconds_before, phases, peak_memory: peak_before, .. } = state;
        let scored = None;
        Ok(Progress { model, optimizer, tracker, step, began, seconds_before, phases, peak_before, scored })
    }

    /// The first of these checkpoints that can be read.
    fn newest_whole(
        &self,
        newest_first: &[PathBuf],
        checkpoints: &Checkpoints,
    ) -> Result<(State, BertForSequenceClassification, OptimizerState), TrainError> {
        let mut problem = None;
        for path in newest_first {
            match self.read_checkpoint(path, checkpoints) {
                Ok(read) => return Ok(read),
                Err(error) => {
                    tracing::warn!("{} can't be read and is passed over: {error}", path.display());
                    problem.get_or_insert(error);
                }
            }
        }
        Err(TrainError::NoCheckpoint { path: self.run.checkpoints(), source: problem.map(Box::new) })
    }

    /// What a checkpoint holds.
    fn read_checkpoint(
        &self,
        path: &Path,
        checkpoints: &Checkpoints,
    ) -> Result<(State, BertForSequenceClassification, OptimizerState), TrainError> {
        let state = read_state(path)?;
        // Found out now rather than at the end of the run, which needs them.
        if let Some(best) =
            state.tracker.best.map(|best| checkpoints.best(best.step)).filter(|best| !best.is_dir())
        {
            let problem = format!("the best weights so far, {}, are gone", best.display());
            return Err(TrainError::Checkpoint { path: path.to_owned(), problem });
        }
        let weights = self.task.reload(path, &self.config, &self.device.clone().inner())?;
        Ok((state, weights.train(), read_optimizer(path)?))
    }
}
