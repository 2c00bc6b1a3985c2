//! [`Found`]: the models and data sets of a sweep's names, and the task that all its runs train for.

use std::collections::{BTreeMap, HashMap};

use embert_data::DataSource;
use embert_run::SweepFiles;
use embert_sweep::{Sweep, SweepFolder};
use embert_task::TaskKind;
use embert_train::{DataConfig, TrainConfig};

use crate::data_set::DataSet;
use crate::error::Error;
use crate::sources::{self, Model};
use crate::tasks::task_of_run;

/// The models and data sets of a sweep's names, found before anything is written.
#[derive(Default)]
pub(super) struct Found {
    models: HashMap<String, Model>,
    sources: BTreeMap<String, DataSource>,
    /// The data sets with their tasks, by the settings that these depend on.
    data_sets: Vec<(TrainConfig, DataSet)>,
}

/// The task of a sweep's runs.
pub(super) struct SweptTask {
    pub(super) kind: TaskKind,
    /// The metric that the card of the first run's data set names.
    pub(super) metric: Option<String>,
}

impl Found {
    /// Finds the models and data sets of a sweep's settings. A missing one is reported when a run needs it.
    pub(super) fn find(&mut self, sweep: &Sweep) -> Result<(), Error> {
        for config in configs(sweep)? {
            if !self.models.contains_key(&config.model)
                && let Ok(model) = sources::find_model(&config.model)
            {
                self.models.insert(config.model.clone(), model);
            }
            if !self.sources.contains_key(&config.dataset)
                && let Ok(data) = sources::find_data(&config.dataset, config.task)
            {
                self.sources.insert(config.dataset, data);
            }
        }
        Ok(())
    }

    /// The task that the runs of a new sweep train for, each found as `train` finds it.
    ///
    /// # Errors
    /// A run's model or data set can't be had, or its data are not for the task that its settings name; or two
    /// runs train for different tasks, whose metrics can't be compared.
    pub(super) fn task(&mut self, sweep: &Sweep) -> Result<SweptTask, Error> {
        let mut first: Option<SweptTask> = None;
        for (point, config) in configs(sweep)?.into_iter().enumerate() {
            let named = || match sweep.points()[point].to_string() {
                settings if settings.is_empty() => sweep.name(point),
                settings => format!("{} ({settings})", sweep.name(point)),
            };
            let data = match self.open(&config) {
                Ok(data) => data,
                // What is wrong with the first point is rarely in its own settings.
                Err(error) if point == 0 => return Err(error),
                Err(error) => return Err(Error::SweptPoint { point: named(), source: Box::new(error) }),
            };
            match &first {
                None => first = Some(SweptTask { kind: data.kind, metric: data.card.metric.clone() }),
                Some(task) if task.kind == data.kind => {}
                Some(task) => {
                    let (one, other) = (sweep.name(0), named());
                    return Err(Error::SweptTasks { one, one_task: task.kind, other, other_task: data.kind });
                }
            }
        }
        Ok(first.unwrap_or(SweptTask { kind: TaskKind::TextClassification, metric: None }))
    }

    /// The task that the runs of a resumed sweep train for: as the facts of its runs say, else as
    /// [`task`](Self::task).
    pub(super) fn task_of_resumed(
        &mut self,
        sweep: &Sweep,
        folder: &SweepFolder,
    ) -> Result<SweptTask, Error> {
        let files = SweepFiles::new(folder.path());
        for point in 0..sweep.points().len() {
            for seed in sweep.seeds() {
                let run = files.run(&SweepFiles::run_name(&sweep.name(point), seed));
                if let Some(kind) = task_of_run(run.folder())? {
                    return Ok(SweptTask { kind, metric: None });
                }
            }
        }
        self.task(sweep)
    }

    /// The data set of a run's settings, with its task.
    fn open(&mut self, config: &TrainConfig) -> Result<&DataSet, Error> {
        let key = key(config);
        if let Some(index) = self.data_sets.iter().position(|(other, _)| *other == key) {
            return Ok(&self.data_sets[index].1);
        }
        let folder = self.model(&config.model)?.folder()?;
        let data = DataSet::open(self.source(config)?, config, &folder)?.without_rows();
        self.data_sets.push((key, data));
        Ok(&self.data_sets[self.data_sets.len() - 1].1)
    }

    /// The data set of a run's settings, for the task `kind`.
    pub(super) fn data_set(&self, config: &TrainConfig, kind: TaskKind) -> Result<DataSet, Error> {
        let key = key(config);
        match self.data_sets.iter().find(|(other, _)| *other == key) {
            Some((_, data)) => Ok(data.clone()),
            None => DataSet::of_task(self.source(config)?, config, kind),
        }
    }

    pub(super) fn model(&self, name: &str) -> Result<Model, Error> {
        self.models.get(name).cloned().map_or_else(|| sources::find_model(name), Ok)
    }

    fn source(&self, config: &TrainConfig) -> Result<DataSource, Error> {
        let found = self.sources.get(&config.dataset).cloned();
        found.map_or_else(|| sources::find_data(&config.dataset, config.task), Ok)
    }
}

/// The settings of each point, with the first seed: no data set and no task depends on the seed.
fn configs(sweep: &Sweep) -> Result<Vec<TrainConfig>, Error> {
    let seed = sweep.seeds().first().copied().unwrap_or_default();
    let configs = (0..sweep.points().len()).map(|point| sweep.config(point, seed));
    Ok(configs.collect::<Result<_, _>>()?)
}

/// The settings that a data set and its task depend on.
fn key(config: &TrainConfig) -> TrainConfig {
    let mut data = DataConfig { skip_bad_rows: config.data.skip_bad_rows, ..DataConfig::default() };
    data.set_reading(config.data.reading());
    TrainConfig {
        model: config.model.clone(),
        dataset: config.dataset.clone(),
        task: config.task,
        problem_type: config.problem_type,
        new_head: config.new_head,
        from_scratch: config.from_scratch,
        data,
        ..TrainConfig::default()
    }
}
