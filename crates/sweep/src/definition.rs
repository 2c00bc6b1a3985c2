//! [`Sweep`]: a config and the points at which it is trained.

use std::path::{Path, PathBuf};

use embert_train::{ConfigBuilder, ConfigError, TrainConfig};
use toml::{Table, Value};

use crate::SweepError;
use crate::section::Section;

/// A config, the points at which some of its keys have other values, and how many seeds each point is trained
/// with.
///
/// Built with [`SweepBuilder`](crate::SweepBuilder); every point's config has been checked.
#[derive(Clone, Debug, PartialEq)]
pub struct Sweep {
    pub(crate) base: TrainConfig,
    pub(crate) output: Option<PathBuf>,
    pub(crate) points: Vec<Point>,
    pub(crate) seeds: usize,
    pub(crate) keep_checkpoints: bool,
}

/// The settings in which a point differs from the sweep's config.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Point {
    /// Dotted keys with their values.
    pub settings: Vec<(String, Value)>,
}

impl Point {
    /// The value of a key; `None` if the point leaves the config's value.
    pub fn get(&self, key: &str) -> Option<&Value> {
        self.settings.iter().find(|(found, _)| found == key).map(|(_, value)| value)
    }

    pub(crate) fn with(&self, more: impl IntoIterator<Item = (String, Value)>) -> Self {
        Self { settings: self.settings.iter().cloned().chain(more).collect() }
    }
}

impl std::fmt::Display for Point {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        for (index, (key, value)) in self.settings.iter().enumerate() {
            let comma = if index == 0 { "" } else { ", " };
            write!(formatter, "{comma}{key} = {value}")?;
        }
        Ok(())
    }
}

impl Point {
    pub(crate) fn keys(&self) -> impl Iterator<Item = &str> {
        self.settings.iter().map(|(key, _)| key.as_str())
    }
}

impl Sweep {
    /// The sweep with another name for each model and data set, in the base config and in the points. `name`
    /// gets the key, `model` or `dataset`, and the name as it is; it returns the new name, such as an
    /// absolute path.
    ///
    /// # Errors
    /// Two points have the same settings under the new names.
    pub fn with_names(mut self, name: impl Fn(&str, &str) -> String) -> Result<Self, SweepError> {
        self.base.model = name("model", &self.base.model);
        self.base.dataset = name("dataset", &self.base.dataset);
        for (key, value) in self.points.iter_mut().flat_map(|point| &mut point.settings) {
            if let (true, Value::String(text)) = (["model", "dataset"].contains(&key.as_str()), &value) {
                *value = Value::String(name(key, text));
            }
        }
        self.check()?;
        Ok(self)
    }

    /// The sweep with the metric that a data set's card names, if any, unless the settings name one.
    #[must_use]
    pub fn with_default_metric(self, metric: Option<&str>) -> Self {
        Self { base: self.base.clone().with_default_metric(metric), ..self }
    }

    /// The definition as TOML, resolved: every setting and every point.
    /// [`SweepBuilder::file`](crate::SweepBuilder::file) reads it.
    ///
    /// # Errors
    /// A number that TOML can't hold.
    pub fn to_toml(&self) -> Result<String, SweepError> {
        let write = |source| SweepError::Config(ConfigError::Write { source });
        // A sweep over seeds alone has no list of points.
        let points = self.points.iter().filter(|point| self.points.len() > 1 || !point.settings.is_empty());
        let section = Section {
            seeds: Some(self.seeds),
            keep_checkpoints: Some(self.keep_checkpoints),
            points: points.map(|point| point.settings.iter().cloned().collect()).collect(),
            ..Section::default()
        };
        let mut table = Table::try_from(&self.base).map_err(write)?;
        table.insert(ConfigBuilder::SWEEP.into(), Table::try_from(section).map_err(write)?.into());
        toml::to_string(&table).map_err(write)
    }

    /// The base config, with `data.split_seed` set.
    pub fn base(&self) -> &TrainConfig {
        &self.base
    }

    /// The name of the metric that the points are ranked by; empty where the config leaves it to the task.
    pub(crate) fn metric(&self) -> &str {
        self.base.metric.as_deref().unwrap_or_default()
    }

    /// The folder that the config names.
    pub fn output(&self) -> Option<&Path> {
        self.output.as_deref()
    }

    /// The points, in the order of the definition.
    pub fn points(&self) -> &[Point] {
        &self.points
    }

    /// The swept keys, in the order of their first appearance.
    pub fn keys(&self) -> Vec<&str> {
        let mut keys = Vec::new();
        for key in self.points.iter().flat_map(Point::keys) {
            if !keys.contains(&key) {
                keys.push(key);
            }
        }
        keys
    }

    /// The seeds of each point.
    pub fn seeds(&self) -> Vec<u64> {
        (0..self.seeds as u64).map(|offset| self.base.seed.saturating_add(offset)).collect()
    }

    /// Whether complete runs keep their checkpoints.
    pub fn keeps_checkpoints(&self) -> bool {
        self.keep_checkpoints
    }

    /// A point's name: `point-01`, `point-02`, ..., with as many digits as the last point needs.
    pub fn name(&self, point: usize) -> String {
        let width = self.points.len().to_string().len().max(2);
        format!("point-{:0width$}", point + 1)
    }

    /// The config of a point with a seed.
    ///
    /// # Errors
    /// The point's config can't be used; never for a sweep that was built.
    pub fn config(&self, point: usize, seed: u64) -> Result<TrainConfig, ConfigError> {
        let mut builder = ConfigBuilder::new().text(&self.base.to_toml()?, Path::new("sweep.toml"))?;
        for (key, value) in &self.points[point].settings {
            builder = builder.set_value(key, value.clone())?;
        }
        Ok(TrainConfig { seed, ..builder.build()? })
    }

    pub(crate) fn check(&self) -> Result<(), SweepError> {
        let last = *self.seeds().last().unwrap_or(&0);
        let mut configs: Vec<TrainConfig> = Vec::new();
        for point in 0..self.points.len() {
            let config = self.config(point, last).and_then(|config| {
                config.validate()?;
                Ok(config)
            });
            let config = config.map_err(|source| SweepError::Point {
                point: self.name(point),
                settings: self.points[point].to_string(),
                source: Box::new(source),
            })?;
            if let Some(same) = configs.iter().position(|other| *other == config) {
                let (one, other) = (self.name(same), self.name(point));
                return Err(SweepError::Same { one, other, settings: self.points[point].to_string() });
            }
            configs.push(config);
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::SweepBuilder;

    fn file(text: &str) -> Result<Sweep, SweepError> {
        SweepBuilder::default().text(text, Path::new("sweep.toml"))?.build()
    }

    fn settings(sweep: &Sweep) -> Vec<String> {
        sweep.points().iter().map(ToString::to_string).collect()
    }

    #[test]
    fn grid_list_and_draws_are_combined() {
        let sweep = file(
            r#"
            seed = 5
            [sweep]
            seeds = 2
            samples = 2
            [sweep.grid]
            freeze = ["none", "all_but_head"]
            [sweep.random]
            dropout.classifier = { min = 0.1, max = 0.5 }
            [[sweep.points]]
            optimizer.learning_rate = 1e-5
            optimizer.head_learning_rate = 5e-5
            [[sweep.points]]
            "optimizer.learning_rate" = 2e-5
            "#,
        )
        .unwrap();
        assert_eq!(
            sweep.keys(),
            ["freeze", "optimizer.learning_rate", "optimizer.head_learning_rate", "dropout.classifier"]
        );
        assert_eq!((sweep.points().len(), sweep.seeds()), (8, vec![5, 6]));
        let of = |point: usize, key: &str| sweep.points()[point].get(key).cloned();
        assert_eq!(of(0, "optimizer.head_learning_rate"), Some(5e-5.into()));
        assert_eq!(of(2, "optimizer.head_learning_rate"), None);
        // The same draws at each value of the grid.
        assert_eq!(of(0, "dropout.classifier"), of(4, "dropout.classifier"));
        assert_ne!(of(0, "dropout.classifier"), of(1, "dropout.classifier"));
        let config = sweep.config(5, 6).unwrap();
        assert_eq!((config.seed, config.load_options().seed), (6, 5));
        assert_eq!(config.freeze, embert_model::Freeze::AllButHead);
        assert_eq!(config.optimizer.head_learning_rate, Some(5e-5));
    }

    #[test]
    fn what_is_written_reads_back_the_same() {
        let sweep = SweepBuilder::default()
            .random("optimizer.learning_rate=1e-6..1e-4")
            .unwrap()
            .grid("data.split_ratios=[0.8,0.1,0.1],[0.6,0.2,0.2]")
            .unwrap()
            .samples(5)
            .build()
            .unwrap();
        assert_eq!(file(&sweep.to_toml().unwrap()).unwrap(), sweep);
        let seeds = SweepBuilder::default().seeds(3).build().unwrap();
        assert_eq!(seeds.points(), [Point::default()]);
        assert_eq!(file(&seeds.to_toml().unwrap()).unwrap(), seeds);
    }

    #[test]
    fn draws_repeat_and_keep_to_their_range() {
        let draw = |seed: u64, samples: usize, range: &str| {
            SweepBuilder::default()
                .config(|config| config.set_value("seed", i64::try_from(seed).unwrap()))
                .unwrap()
                .random(range)
                .unwrap()
                .samples(samples)
                .build()
        };
        let range = "optimizer.learning_rate=1e-6..1e-4";
        let rates: Vec<f64> = draw(1, 400, range)
            .unwrap()
            .points()
            .iter()
            .map(|point| point.settings[0].1.as_float().unwrap())
            .collect();
        assert!(rates.iter().all(|rate| (1e-6..=1e-4).contains(rate)));
        // Log-uniform: half of the draws lie below the geometric mean; of 400 draws, 200 with a standard
        // deviation of 10.
        let low = rates.iter().filter(|rate| **rate < 1e-5).count();
        assert!((150..=250).contains(&low), "{low}");
        let uniform = draw(1, 400, &format!("{range}:uniform")).unwrap();
        let low = uniform.points().iter().filter(|point| point.settings[0].1.as_float().unwrap() < 1e-5);
        assert!((10..=70).contains(&low.count()));

        assert_eq!(settings(&draw(1, 5, range).unwrap()), settings(&draw(1, 400, range).unwrap())[..5]);
        assert_ne!(settings(&draw(1, 5, range).unwrap()), settings(&draw(2, 5, range).unwrap()));

        // Four draws give each of the four whole numbers once; a fifth different point does not exist.
        let mut sizes = settings(&draw(1, 4, "batch_size=1..4").unwrap());
        sizes.sort();
        assert_eq!(sizes, [1, 2, 3, 4].map(|size| format!("batch_size = {size}")));
        let error = draw(1, 5, "batch_size=1..4").unwrap_err();
        assert!(matches!(error, SweepError::Counts { .. }), "{error}");
        let steps = draw(1, 3, "optimizer.warmup_steps=1..1000").unwrap();
        assert!(steps.points().iter().all(|point| point.settings[0].1.is_integer()));
    }

    #[test]
    fn what_makes_no_sense_is_refused_by_name() {
        for (text, part) in [
            ("[sweep]\n", "nothing to sweep"),
            ("[sweep]\nseeds = 0\n", "seeds = 0"),
            ("[sweep]\nseed = 3\n", "unknown field `seed`"),
            ("[sweep.grid]\nepoch = [1, 2]\n", "\"epochs\""),
            ("[sweep.grid]\nseed = [1, 2]\n", "--seeds"),
            ("[sweep.grid]\noutput = [\"a\", \"b\"]\n", "its own folder"),
            ("[sweep.grid]\nepochs = []\n", "no value"),
            ("[sweep.grid]\nepochs = 3\n", "[3]"),
            ("[sweep.grid]\nepochs = [1, 0]\n", "point-02"),
            ("[sweep.grid]\nepochs = [1, \"two\"]\n", "point-02"),
            ("[sweep.grid]\nepochs = [1, 2, 1]\n", "point-01 and point-03"),
            ("[sweep.grid]\nepochs = [1, 2]\n[[sweep.points]]\nepochs = 3\n", "twice"),
            ("[sweep]\nsamples = 3\n[sweep.grid]\nepochs = [1, 2]\n", "ranges"),
            ("[sweep.random]\nepochs = { min = 1, max = 3 }\n", "--samples"),
            ("[sweep]\nsamples = 3\n[sweep.random]\nepochs = { min = 3, max = 1 }\n", "smaller"),
            ("[sweep]\nsamples = 3\n[sweep.random]\nepochs = { min = 0.5, max = 1 }\n", "whole"),
            ("[sweep]\nsamples = 3\n[sweep.random]\nfreeze = { min = 1, max = 3 }\n", "no numbers"),
            ("[sweep]\nsamples = 3\n[sweep.random]\nepochs = { min = 1 }\n", "missing field `max`"),
            (
                "[sweep]\nsamples = 3\n[sweep.random]\n\"dropout.hidden\" = { min = 0, max = 0.5, scale = \"log\" }\n",
                "above 0",
            ),
            (
                "[sweep]\nsamples = 20000\n[sweep.random]\n\"dropout.hidden\" = { min = 0, max = 0.5 }\n",
                "20000",
            ),
        ] {
            let error = file(text).unwrap_err();
            let mut said = error.to_string();
            let mut cause = std::error::Error::source(&error);
            while let Some(error) = cause {
                said = format!("{said}: {error}");
                cause = error.source();
            }
            assert!(said.contains(part), "{text}: {said}");
        }
        for wrong in ["dropout.hidden=0.1", "dropout.hidden=a..b", "dropout.hidden=0..1:flat"] {
            assert!(SweepBuilder::default().random(wrong).is_err(), "{wrong}");
        }
        let error = SweepBuilder::default().grid("optimizer.learning_rat=1").unwrap_err();
        assert!(error.to_string().contains("\"optimizer.learning_rate\""), "{error}");
    }

    #[test]
    fn the_shipped_sweeps_are_sweeps() {
        let configs = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../configs");
        let mut runs = Vec::new();
        for name in ["batch", "freeze", "rates"] {
            let file = configs.join(format!("sweep-{name}.toml"));
            let sweep = SweepBuilder::default().file(&file).unwrap().build().unwrap();
            runs.push((sweep.points().len(), sweep.seeds().len()));
        }
        assert_eq!(runs, [(3, 1), (4, 1), (4, 3)]);
    }

    #[test]
    fn a_mistake_in_a_sweeps_file_has_its_line() {
        let error = file("epochs = 2\nbatchsize = 4\n[sweep]\nseeds = 2\n").unwrap_err();
        assert!(error.to_string().contains("line 2"), "{error}");
        let error = file("epochs = 2\n[sweep]\nseeds = \"two\"\n").unwrap_err();
        let SweepError::Config(ConfigError::Syntax { source, .. }) = &error else { panic!("{error:?}") };
        assert!(source.to_string().contains("line 3"), "{source}");
    }
}
