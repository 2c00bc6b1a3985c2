//! The state before the first step of a process: a new run's, or that of the newest whole checkpoint.

use std::path::{Path, PathBuf};
use std::time::Instant;

use burn::module::Module as _;
use embert_model::ModelFor;
use embert_optim::{AdamW, AdamWConfig, OptimizerState};
use embert_run::CheckpointState;
use embert_task::Task;

use super::job::Job;
use super::progress::Progress;
use crate::TrainError;
use crate::checkpoint::{Checkpoints, is_broken, read_optimizer, read_state};
use crate::events::Phases;
use crate::stages::Stages;
use crate::tracker::Tracker;

/// Checkpoints that can't be used, each with the error.
type PassedOver = Vec<(PathBuf, TrainError)>;

/// The state, the weights and the moments of a checkpoint.
type Read<H> = (CheckpointState, ModelFor<H>, OptimizerState);

impl<T: Task> Job<T> {
    /// The state before the process's first step: that of the newest whole checkpoint, or a new run's.
    pub(super) fn restore(
        &self,
        model: ModelFor<T::Head>,
        stages: &Stages,
        checkpoints: &Checkpoints,
    ) -> Result<Progress<T>, TrainError> {
        let settings = &self.config.early_stopping;
        let tracker = Tracker::new(self.setup.metric.better, settings.patience, settings.min_delta);
        let adamw =
            AdamWConfig { betas: self.config.optimizer.betas, epsilon: self.config.optimizer.epsilon };
        let began = Instant::now();
        let found = checkpoints.newest_first()?;
        if found.is_empty() {
            let (_, stage) = stages.at(0);
            let model = stage.apply(model.train())?;
            let optimizer = AdamW::new(adamw, self.setup.groups(&model, &self.config, stage))?;
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
                evaluated: None,
            });
        }
        // The initial weights need not be in memory beside the checkpoint's.
        drop(model);
        let ((state, model, moments), passed_over) = self.newest_whole(&found, checkpoints)?;
        let changed = match &state.data {
            Some(before) => before.difference(&self.setup.fingerprint),
            // A checkpoint of an older version has a fingerprint of the training split alone.
            None => (state.data_fingerprint != self.setup.training_tokens).then_some("training split"),
        };
        if let Some(what) = changed {
            return Err(TrainError::DataChanged { path: self.run.path().to_owned(), what });
        }
        checkpoints.pass_over(passed_over)?;
        // A process that was killed after a save has not pruned.
        checkpoints.prune(None)?;
        // The moments of frozen parameters are loaded too, for a stage that trains these parameters again.
        let (_, stage) = stages.at(state.step);
        let mut optimizer = AdamW::new(adamw, self.setup.groups(&model, &self.config, stage))?;
        optimizer.load_state(&model, moments)?;
        let model = stage.apply(model)?;
        optimizer.regroup(self.setup.groups(&model, &self.config, stage))?;
        let tracker = tracker.with_state(state.tracker.clone());
        let CheckpointState { step, seconds: seconds_before, phases, peak_memory: peak_before, .. } = state;
        let evaluated = None;
        Ok(Progress {
            model,
            optimizer,
            tracker,
            step,
            began,
            seconds_before,
            phases,
            peak_before,
            evaluated,
        })
    }

    /// The content of the newest whole checkpoint, and each newer checkpoint that was passed over, with its
    /// error.
    fn newest_whole(
        &self,
        newest_first: &[PathBuf],
        checkpoints: &Checkpoints,
    ) -> Result<(Read<T::Head>, PassedOver), TrainError> {
        let mut passed_over = Vec::new();
        for path in newest_first {
            match self.read_checkpoint(path, checkpoints) {
                Ok(read) => return Ok((read, passed_over)),
                // Another attempt may read the checkpoint: steps that are on the disk are not taken again
                // unasked.
                Err(error)
                    if !is_broken(&error)
                        && !matches!(error, TrainError::NewerFormat { .. } | TrainError::BestGone { .. }) =>
                {
                    return Err(TrainError::Unreadable { path: path.clone(), source: Box::new(error) });
                }
                Err(error) => {
                    tracing::warn!("{} can't be used and is passed over: {error}", path.display());
                    passed_over.push((path.clone(), error));
                }
            }
        }
        let source = passed_over.into_iter().next().map(|(_, error)| Box::new(error));
        Err(TrainError::NoCheckpoint { path: self.run.files().checkpoints(), source })
    }

    /// Reads a checkpoint: its state, its weights and the optimizer's moments.
    fn read_checkpoint(&self, path: &Path, checkpoints: &Checkpoints) -> Result<Read<T::Head>, TrainError> {
        let state = read_state(path)?;
        // The end of the run needs the best weights, so their absence is an error already here.
        if let Some(best) =
            state.tracker.best.map(|best| checkpoints.best(best.step)).filter(|best| !best.is_dir())
        {
            return Err(TrainError::BestGone { path: path.to_owned(), best });
        }
        let weights = self.setup.reload(path, &self.config, &self.device.clone().inner())?;
        Ok((state, weights.train(), read_optimizer(path)?))
    }
}
