//! [`Sweep`]: a config and the points at which it is trained, from a file, from options, or from both.

use std::path::{Path, PathBuf};

use rand::{RngExt as _, SeedableRng as _};
use rand_chacha::ChaCha8Rng;
use serde::{Deserialize, Serialize};
use toml::{Table, Value};

use super::SweepError;
use crate::config::{KEYS, SWEEP, nearest, toml_value};
use crate::{ConfigBuilder, ConfigError, TrainConfig};

/// So many runs are a slip, not a plan.
const MOST_RUNS: usize = 10_000;

/// Keys that can't be swept, with the reason.
const RESERVED: [(&str, &str); 2] = [
    ("output", "each run has its own folder inside the sweep's"),
    ("seed", "say how many seeds each point is trained with: --seeds N, or seeds = N in [sweep]"),
];

/// A config, the points at which some of its keys have other values, and how many seeds each is trained with.
///
/// Built with [`SweepBuilder`]; every point's config has been checked.
#[derive(Clone, Debug, PartialEq)]
pub struct Sweep {
    base: TrainConfig,
    output: Option<PathBuf>,
    points: Vec<Point>,
    seeds: usize,
    keep_checkpoints: bool,
}

/// The settings in which a point differs from the sweep's config.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Point {
    /// Dotted keys with their values.
    pub settings: Vec<(String, Value)>,
}

impl Point {
    /// The value of a key; `None` where the config's own holds.
    pub fn get(&self, key: &str) -> Option<&Value> {
        self.settings.iter().find(|(found, _)| found == key).map(|(_, value)| value)
    }

    fn with(&self, more: impl IntoIterator<Item = (String, Value)>) -> Self {
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

/// The `[sweep]` table of a file.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct Section {
    seeds: Option<usize>,
    samples: Option<usize>,
    keep_checkpoints: Option<bool>,
    grid: Table,
    random: Table,
    points: Vec<Table>,
}

/// The values that a key is drawn from.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
struct Range {
    min: Value,
    max: Value,
    scale: Option<Scale>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Scale {
    Log,
    Uniform,
}

/// Lays files, settings, grids and ranges over each other, and makes a [`Sweep`] of them.
///
/// ```
/// use embert_train::{ConfigBuilder, SweepBuilder};
///
/// let sweep = SweepBuilder::new(ConfigBuilder::new())
///     .grid("freeze=none,encoder_below:6")?
///     .grid("optimizer.learning_rate=1e-5,5e-5")?
///     .seeds(3)
///     .build()?;
/// assert_eq!((sweep.points().len(), sweep.seeds()), (4, vec![0, 1, 2]));
/// # Ok::<(), embert_train::SweepError>(())
/// ```
#[derive(Clone, Debug, Default)]
pub struct SweepBuilder {
    base: ConfigBuilder,
    grid: Vec<(String, Vec<Value>)>,
    random: Vec<(String, Range)>,
    points: Vec<Point>,
    samples: Option<usize>,
    seeds: Option<usize>,
    keep_checkpoints: bool,
}

impl SweepBuilder {
    /// Sweeps over the config that `base` builds.
    pub fn new(base: ConfigBuilder) -> Self {
        Self { base, ..Self::default() }
    }

    /// Lays a TOML file over what is there: a run's config, and the `[sweep]` table if there is one.
    ///
    /// # Errors
    /// As [`ConfigBuilder::file`]; or the `[sweep]` table has a key that doesn't exist or a value that can't be used.
    pub fn file(self, path: &Path) -> Result<Self, SweepError> {
        let text = std::fs::read_to_string(path)
            .map_err(|source| ConfigError::Read { path: path.to_owned(), source })?;
        self.text(&text, path)
    }

    /// Lays the text of a TOML file over what is there; `path` names it in messages.
    ///
    /// # Errors
    /// As [`file`](Self::file), but for the reading.
    pub fn text(mut self, text: &str, path: &Path) -> Result<Self, SweepError> {
        /// The rest of the file is a config, read by itself.
        #[derive(Deserialize)]
        struct File {
            #[serde(default)]
            sweep: Section,
        }
        (self.base, _) = std::mem::take(&mut self.base).text_beside(SWEEP, text, path)?;
        let section = toml::from_str::<File>(text)
            .map_err(|source| ConfigError::Syntax { path: path.to_owned(), source: Box::new(source) })?
            .sweep;
        for (key, values) in flatten(section.grid)? {
            let Value::Array(values) = values else {
                let problem = format!("{values} is no list of values, as in [{values}]");
                return Err(SweepError::Values { key, problem });
            };
            self.set_grid(key, values)?;
        }
        for (key, range) in flatten(section.random)? {
            let range = range.try_into().map_err(|error: toml::de::Error| SweepError::Values {
                key: key.clone(),
                problem: format!(
                    "{}: expected {{ min = 1e-6, max = 1e-4, scale = \"log\" or \"uniform\" }}",
                    error.message()
                ),
            })?;
            self.set_random(key, range)?;
        }
        for point in section.points {
            self.points.push(Point { settings: flatten(point)? });
        }
        self.samples = section.samples.or(self.samples);
        self.seeds = section.seeds.or(self.seeds);
        self.keep_checkpoints = section.keep_checkpoints.unwrap_or(self.keep_checkpoints);
        Ok(self)
    }

    /// Changes the config that is swept over.
    ///
    /// # Errors
    /// What `change` says.
    pub fn config(
        mut self,
        change: impl FnOnce(ConfigBuilder) -> Result<ConfigBuilder, ConfigError>,
    ) -> Result<Self, SweepError> {
        self.base = change(self.base)?;
        Ok(self)
    }

    /// Adds a key of the grid from `key=value,value`, the values as in TOML; a bare word is a string.
    ///
    /// # Errors
    /// There is no `=`, the key doesn't exist or can't be swept, or a value isn't one.
    pub fn grid(mut self, assignment: &str) -> Result<Self, SweepError> {
        let (key, values) = assign(assignment, "freeze=none,encoder_below:6")?;
        self.set_grid(key.to_owned(), list(key, values)?)?;
        Ok(self)
    }

    /// Adds a key whose values are drawn, from `key=min..max`, `key=min..max:uniform` or `key=min..max:log`. What is said
    /// in neither way is drawn log-uniformly where both ends are above 0 and the key takes fractions.
    ///
    /// # Errors
    /// As [`grid`](Self::grid); or the ends are no numbers.
    pub fn random(mut self, assignment: &str) -> Result<Self, SweepError> {
        let (key, range) = assign(assignment, "optimizer.learning_rate=1e-6..1e-4")?;
        let problem = || SweepError::Values {
            key: key.to_owned(),
            problem: format!("{range} is no range: expected MIN..MAX, MIN..MAX:uniform or MIN..MAX:log"),
        };
        let (ends, scale) = match range.split_once(':') {
            Some((ends, "log")) => (ends, Some(Scale::Log)),
            Some((ends, "uniform")) => (ends, Some(Scale::Uniform)),
            Some(_) => return Err(problem()),
            None => (range, None),
        };
        let (min, max) = ends.split_once("..").ok_or_else(problem)?;
        let number = |text: &str| toml_value(text.trim()).ok_or_else(problem);
        let range = Range { min: number(min)?, max: number(max)?, scale };
        self.set_random(key.to_owned(), range)?;
        Ok(self)
    }

    /// How many points are drawn from the ranges.
    #[must_use]
    pub fn samples(mut self, samples: usize) -> Self {
        self.samples = Some(samples);
        self
    }

    /// How many seeds each point is trained with, from the config's `seed` on; 1 by default.
    #[must_use]
    pub fn seeds(mut self, seeds: usize) -> Self {
        self.seeds = Some(seeds);
        self
    }

    /// Whether complete runs keep their checkpoints, which take several times the space of their results; not by default.
    #[must_use]
    pub fn keep_checkpoints(mut self, keep: bool) -> Self {
        self.keep_checkpoints = keep;
        self
    }

    /// The sweep: every value of the grid with every point of the list and every drawn point.
    ///
    /// Splits are those of the config's `seed` unless `data.split_seed` says otherwise, so that all seeds see the same
    /// examples. What is drawn follows from `seed` too; more samples leave the first ones as they are.
    ///
    /// # Errors
    /// There is nothing to sweep, a key is swept twice, a point's config can't be used, or two are the same.
    pub fn build(self) -> Result<Sweep, SweepError> {
        let mut base = self.base.clone().build()?;
        let output = base.output.take();
        base.data.split_seed = Some(base.load_options().seed);
        let seeds = self.seeds.unwrap_or(1);
        let points = self.all_points(&base, seeds)?;
        if seeds == 0 {
            return Err(SweepError::Counts { problem: "seeds = 0: each point needs at least one" });
        }
        if points.len() * seeds < 2 {
            return Err(SweepError::Nothing);
        }
        let sweep = Sweep { base, output, points, seeds, keep_checkpoints: self.keep_checkpoints };
        sweep.check()?;
        Ok(sweep)
    }

    fn all_points(&self, base: &TrainConfig, seeds: usize) -> Result<Vec<Point>, SweepError> {
        let mut keys: Vec<&str> = self.grid.iter().map(|(key, _)| key.as_str()).collect();
        keys.extend(self.random.iter().map(|(key, _)| key.as_str()));
        let mut listed: Vec<&str> = self.points.iter().flat_map(Point::keys).collect();
        listed.sort_unstable();
        listed.dedup();
        keys.extend(listed);
        if let Some(twice) = keys.iter().enumerate().find(|(at, key)| keys[..*at].contains(key)) {
            return Err(SweepError::Twice { key: (*twice.1).to_owned() });
        }
        for key in keys {
            check_key(key)?;
        }
        let samples = match (self.samples, self.random.is_empty()) {
            (Some(0), false) => {
                return Err(SweepError::Counts { problem: "samples = 0: at least one is needed" });
            }
            (Some(_), true) => {
                return Err(SweepError::Counts {
                    problem: "samples are drawn from ranges, and there is none",
                });
            }
            (None, false) => {
                return Err(SweepError::Counts {
                    problem: "the ranges don't say how many points to draw: add --samples N, or samples = N in [sweep]",
                });
            }
            (samples, _) => samples.unwrap_or(1),
        };
        let counts = self.grid.iter().map(|(_, values)| values.len());
        let counts = counts.chain([self.points.len().max(1), samples, seeds]);
        let runs = counts.fold(1_usize, usize::saturating_mul);
        if runs > MOST_RUNS {
            return Err(SweepError::TooMany { runs, most: MOST_RUNS });
        }
        let mut points = vec![Point::default()];
        for (key, values) in &self.grid {
            let with = |point: &Point| -> Vec<Point> {
                values.iter().map(|value| point.with([(key.clone(), value.clone())])).collect()
            };
            points = points.iter().flat_map(with).collect();
        }
        if !self.points.is_empty() {
            let with = |point: &Point| -> Vec<Point> {
                self.points.iter().map(|more| point.with(more.settings.clone())).collect()
            };
            points = points.iter().flat_map(with).collect();
        }
        if !self.random.is_empty() {
            let drawn = self.draw(base, samples)?;
            let with = |point: &Point| -> Vec<Point> {
                drawn.iter().map(|more| point.with(more.settings.clone())).collect()
            };
            points = points.iter().flat_map(with).collect();
        }
        Ok(points)
    }

    /// Sample after sample, key after key.
    fn draw(&self, base: &TrainConfig, samples: usize) -> Result<Vec<Point>, SweepError> {
        let config = ConfigBuilder::new().text(&base.to_toml()?, Path::new("config.toml"))?;
        let ranges = self.random.iter().map(|(key, range)| Draw::new(key, range, &config));
        let ranges: Vec<Draw<'_>> = ranges.collect::<Result<_, _>>()?;
        let mut generator = ChaCha8Rng::seed_from_u64(base.seed);
        let mut points: Vec<Point> = Vec::new();
        // Of few whole numbers the same ones are soon drawn again.
        for _ in 0..samples * 100 {
            let point = Point { settings: ranges.iter().map(|range| range.draw(&mut generator)).collect() };
            if !points.contains(&point) {
                points.push(point);
            }
            if points.len() == samples {
                return Ok(points);
            }
        }
        Err(SweepError::Counts { problem: "samples: the ranges do not have so many different points" })
    }

    fn set_grid(&mut self, key: String, values: Vec<Value>) -> Result<(), SweepError> {
        check_key(&key)?;
        if values.is_empty() {
            return Err(SweepError::Values { key, problem: "there is no value to try".into() });
        }
        set(&mut self.grid, key, values);
        Ok(())
    }

    fn set_random(&mut self, key: String, range: Range) -> Result<(), SweepError> {
        check_key(&key)?;
        set(&mut self.random, key, range);
        Ok(())
    }
}

impl Point {
    fn keys(&self) -> impl Iterator<Item = &str> {
        self.settings.iter().map(|(key, _)| key.as_str())
    }
}

/// A range whose ends fit each other and the key.
struct Draw<'a> {
    key: &'a str,
    min: f64,
    max: f64,
    log: bool,
    whole: bool,
}

impl<'a> Draw<'a> {
    fn new(key: &'a str, range: &Range, config: &ConfigBuilder) -> Result<Self, SweepError> {
        let wrong = |problem: &str| SweepError::Values {
            key: key.to_owned(),
            problem: format!("{}..{}: {problem}", range.min, range.max),
        };
        let number = |value: &Value| match value {
            Value::Float(number) if number.is_finite() => Ok(*number),
            Value::Integer(number) => Ok(*number as f64),
            _ => Err(wrong("the ends of a range are numbers")),
        };
        let (min, max) = (number(&range.min)?, number(&range.max)?);
        if min >= max {
            return Err(wrong("the first end must be the smaller one"));
        }
        let whole = !config.takes(key, 0.5);
        if whole && !config.takes(key, 1) {
            return Err(wrong("the key takes no numbers"));
        }
        if whole && [min, max].iter().any(|end| end.fract() != 0.0) {
            return Err(wrong("the key takes whole numbers"));
        }
        let log = range.scale.map_or(min > 0.0 && !whole, |scale| scale == Scale::Log);
        if log && min <= 0.0 {
            return Err(wrong("a logarithmic scale begins above 0"));
        }
        Ok(Self { key, min, max, log, whole })
    }

    fn draw(&self, generator: &mut ChaCha8Rng) -> (String, Value) {
        let share: f64 = generator.random();
        // Each whole number stands for the half below and above it.
        let margin = if self.whole { 0.5 } else { 0.0 };
        let (low, high) = (self.min - margin, self.max + margin);
        let drawn = if self.log {
            (low.ln() + share * (high.ln() - low.ln())).exp()
        } else {
            low + share * (high - low)
        };
        let value = if self.whole {
            Value::Integer(drawn.round().clamp(self.min, self.max) as i64)
        } else {
            // Four digits say all that such a draw means, and can be read.
            let short = format!("{drawn:.3e}").parse().unwrap_or(drawn);
            Value::Float(short.clamp(self.min, self.max))
        };
        (self.key.to_owned(), value)
    }
}

impl Sweep {
    /// The definition that a sweep's folder holds.
    ///
    /// # Errors
    /// It isn't one.
    pub(super) fn read(path: &Path) -> Result<Self, SweepError> {
        SweepBuilder::new(ConfigBuilder::new()).file(path)?.build()
    }

    /// The definition as TOML, resolved: every setting and every point. It is a file for [`SweepBuilder::file`] again.
    ///
    /// # Errors
    /// A number that TOML can't hold.
    pub fn to_toml(&self) -> Result<String, SweepError> {
        let write = |source| SweepError::Config(ConfigError::Write { source });
        // Where there are only seeds there is no list.
        let points = self.points.iter().filter(|point| self.points.len() > 1 || !point.settings.is_empty());
        let section = Section {
            seeds: Some(self.seeds),
            keep_checkpoints: Some(self.keep_checkpoints),
            points: points.map(|point| point.settings.iter().cloned().collect()).collect(),
            ..Section::default()
        };
        let mut table = Table::try_from(&self.base).map_err(write)?;
        table.insert(SWEEP.into(), Table::try_from(section).map_err(write)?.into());
        toml::to_string(&table).map_err(write)
    }

    /// The config that is swept over, with `data.split_seed` set.
    pub fn base(&self) -> &TrainConfig {
        &self.base
    }

    /// The folder that the config names.
    pub fn output(&self) -> Option<&Path> {
        self.output.as_deref()
    }

    /// The points, in their order.
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

    /// A point's name: `point-01`, `point-02`, ..., as wide as the last one needs.
    pub fn name(&self, point: usize) -> String {
        let width = self.points.len().to_string().len().max(2);
        format!("point-{:0width$}", point + 1)
    }

    /// The config of a point with a seed.
    ///
    /// # Errors
    /// It can't be used. Not for a sweep that was built.
    pub fn config(&self, point: usize, seed: u64) -> Result<TrainConfig, ConfigError> {
        let mut builder = ConfigBuilder::new().text(&self.base.to_toml()?, Path::new("sweep.toml"))?;
        for (key, value) in &self.points[point].settings {
            builder = builder.set_value(key, value.clone())?;
        }
        Ok(TrainConfig { seed, ..builder.build()? })
    }

    fn check(&self) -> Result<(), SweepError> {
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

fn set<T>(list: &mut Vec<(String, T)>, key: String, value: T) {
    match list.iter_mut().find(|(found, _)| *found == key) {
        Some((_, old)) => *old = value,
        None => list.push((key, value)),
    }
}

fn check_key(key: &str) -> Result<(), SweepError> {
    if let Some((_, hint)) = RESERVED.iter().find(|(reserved, _)| *reserved == key) {
        return Err(SweepError::Reserved { key: key.to_owned(), hint });
    }
    if KEYS.contains(&key) {
        return Ok(());
    }
    Err(ConfigError::UnknownSetting { key: key.to_owned(), nearest: nearest(key) }.into())
}

/// The settings of a table by their dotted keys, whether they are written `"data.order" = ..` or `data.order = ..`.
fn flatten(table: Table) -> Result<Vec<(String, Value)>, SweepError> {
    let mut settings = Vec::new();
    for (key, value) in table {
        let inner = format!("{key}.");
        match value {
            Value::Table(table) if KEYS.iter().any(|known| known.starts_with(&inner)) => {
                settings.extend(table.into_iter().map(|(key, value)| (format!("{inner}{key}"), value)));
            }
            value => settings.push((key, value)),
        }
    }
    settings.iter().try_for_each(|(key, _)| check_key(key))?;
    Ok(settings)
}

fn assign<'a>(assignment: &'a str, example: &'static str) -> Result<(&'a str, &'a str), SweepError> {
    let (key, value) = assignment
        .split_once('=')
        .ok_or_else(|| SweepError::Assignment { found: assignment.to_owned(), example })?;
    Ok((key.trim(), value.trim()))
}

/// Values with commas between them. Which commas those are is TOML's to say: a value goes on until it is whole.
fn list(key: &str, text: &str) -> Result<Vec<Value>, SweepError> {
    let mut values = Vec::new();
    let mut value = String::new();
    for piece in text.split(',') {
        value.push_str(piece);
        let trimmed = value.trim();
        if let Some(whole) = toml_value(trimmed).filter(|_| !trimmed.is_empty()) {
            values.push(whole);
        } else if trimmed.is_empty() {
            let problem = format!("there is an empty value in \"{text}\"");
            return Err(SweepError::Values { key: key.to_owned(), problem });
        } else if trimmed.starts_with(['[', '{', '"', '\'']) {
            value.push(',');
            continue;
        } else {
            values.push(trimmed.into());
        }
        value.clear();
    }
    if value.is_empty() {
        return Ok(values);
    }
    let problem = format!("{} has no end", value.trim_end_matches(','));
    Err(SweepError::Values { key: key.to_owned(), problem })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file(text: &str) -> Result<Sweep, SweepError> {
        SweepBuilder::default().text(text, Path::new("sweep.toml"))?.build()
    }

    fn settings(sweep: &Sweep) -> Vec<String> {
        sweep.points().iter().map(ToString::to_string).collect()
    }

    #[test]
    fn values_are_split_where_toml_ends_them() {
        let values = list("k", r#"none, 1e-5,[0.8,0.1,0.1],"a,b",head_tail:128,true,3"#).unwrap();
        let shares = Value::Array([0.8, 0.1, 0.1].map(Value::Float).to_vec());
        let expected: [Value; 7] =
            ["none".into(), 1e-5.into(), shares, "a,b".into(), "head_tail:128".into(), true.into(), 3.into()];
        assert_eq!(values, expected);
        for wrong in ["a,,b", "", "a,", "[1,2", "\"a"] {
            assert!(list("k", wrong).is_err(), "{wrong}");
        }
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
        // Log-uniform: half of them below the geometric mean. 400 draws have a standard deviation of 10 there.
        let low = rates.iter().filter(|rate| **rate < 1e-5).count();
        assert!((150..=250).contains(&low), "{low}");
        let uniform = draw(1, 400, &format!("{range}:uniform")).unwrap();
        let low = uniform.points().iter().filter(|point| point.settings[0].1.as_float().unwrap() < 1e-5);
        assert!((10..=70).contains(&low.count()));

        assert_eq!(settings(&draw(1, 5, range).unwrap()), settings(&draw(1, 400, range).unwrap())[..5]);
        assert_ne!(settings(&draw(1, 5, range).unwrap()), settings(&draw(2, 5, range).unwrap()));

        // Each of the whole numbers once, and then there are no more.
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
