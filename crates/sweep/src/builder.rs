//! [`SweepBuilder`]: files, settings, grids and ranges laid over each other.

use std::path::Path;

use embert_train::{ConfigBuilder, ConfigError, TrainConfig, toml_value};
use rand::SeedableRng as _;
use rand_chacha::ChaCha8Rng;
use serde::Deserialize;
use toml::Value;

use crate::SweepError;
use crate::definition::{Point, Sweep};
use crate::draw::{Draw, Range, Scale};
use crate::section::{Section, check_key, flatten};

/// The most runs of a sweep; a definition of more runs is taken for a typing error.
const MOST_RUNS: usize = 10_000;

/// Lays files, settings, grids and ranges over each other, and makes a [`Sweep`] of them.
///
/// ```
/// use embert_sweep::SweepBuilder;
/// use embert_train::ConfigBuilder;
///
/// let sweep = SweepBuilder::new(ConfigBuilder::new())
///     .grid("freeze=none,encoder_below:6")?
///     .grid("optimizer.learning_rate=1e-5,5e-5")?
///     .seeds(3)
///     .build()?;
/// assert_eq!((sweep.points().len(), sweep.seeds()), (4, vec![0, 1, 2]));
/// # Ok::<(), embert_sweep::SweepError>(())
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

    /// Lays a TOML file over the earlier settings: a run's config, and the `[sweep]` table if there is one.
    ///
    /// # Errors
    /// As [`ConfigBuilder::file`]; or the `[sweep]` table has a key that doesn't exist or a value that can't
    /// be used.
    pub fn file(self, path: &Path) -> Result<Self, SweepError> {
        let text = std::fs::read_to_string(path)
            .map_err(|source| ConfigError::Read { path: path.to_owned(), source })?;
        self.text(&text, path)
    }

    /// Lays the text of a TOML file over the earlier settings; `path` names the file in messages.
    ///
    /// # Errors
    /// As [`file`](Self::file), but no file is read.
    pub fn text(mut self, text: &str, path: &Path) -> Result<Self, SweepError> {
        /// The `[sweep]` table; the config builder reads the rest of the file.
        #[derive(Deserialize)]
        struct File {
            #[serde(default)]
            sweep: Section,
        }
        (self.base, _) = std::mem::take(&mut self.base).text_beside(ConfigBuilder::SWEEP, text, path)?;
        let section = toml::from_str::<File>(text)
            .map_err(|source| ConfigError::Syntax { path: path.to_owned(), source: Box::new(source) })?
            .sweep;
        for (key, values) in flatten(section.grid)? {
            let Value::Array(values) = values else {
                let problem = format!("{values} is no list of values, as in [{values}]");
                return Err(SweepError::Values { key, problem });
            };
            self.set_grid(&key, values)?;
        }
        for (key, range) in flatten(section.random)? {
            let range = range.try_into().map_err(|error: toml::de::Error| SweepError::Values {
                key: key.clone(),
                problem: format!(
                    "{}: expected {{ min = 1e-6, max = 1e-4, scale = \"log\" or \"uniform\" }}",
                    error.message()
                ),
            })?;
            self.set_random(&key, range)?;
        }
        for point in section.points {
            self.points.push(Point { settings: flatten(point)? });
        }
        self.samples = section.samples.or(self.samples);
        self.seeds = section.seeds.or(self.seeds);
        self.keep_checkpoints = section.keep_checkpoints.unwrap_or(self.keep_checkpoints);
        Ok(self)
    }

    /// Changes the base config.
    ///
    /// # Errors
    /// `change` returns an error.
    pub fn config(
        self,
        change: impl FnOnce(ConfigBuilder) -> Result<ConfigBuilder, ConfigError>,
    ) -> Result<Self, SweepError> {
        Ok(self.lay(change)?)
    }

    /// Changes the base config, like [`config`](Self::config), with the caller's own error type.
    ///
    /// # Errors
    /// `change` returns an error.
    pub fn lay<E>(
        mut self,
        change: impl FnOnce(ConfigBuilder) -> Result<ConfigBuilder, E>,
    ) -> Result<Self, E> {
        self.base = change(self.base)?;
        Ok(self)
    }

    /// Adds a key of the grid from `key=value,value`, the values as in TOML; a bare word is a string.
    ///
    /// # Errors
    /// There is no `=`, the key doesn't exist or can't be swept, or a value is empty or unclosed.
    pub fn grid(mut self, assignment: &str) -> Result<Self, SweepError> {
        let (key, values) = assign(assignment, "freeze=none,encoder_below:6")?;
        self.set_grid(key, list(key, values)?)?;
        Ok(self)
    }

    /// Adds a key whose values are drawn, from `key=min..max`, `key=min..max:uniform` or `key=min..max:log`.
    /// Without a scale, values are drawn log-uniformly where both ends are above 0 and the key takes
    /// fractions, and uniformly elsewhere.
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
        self.set_random(key, range)?;
        Ok(self)
    }

    /// Sets how many points are drawn from the ranges.
    #[must_use]
    pub fn samples(mut self, samples: usize) -> Self {
        self.samples = Some(samples);
        self
    }

    /// Sets how many seeds each point is trained with, from the config's `seed` on; 1 by default.
    #[must_use]
    pub fn seeds(mut self, seeds: usize) -> Self {
        self.seeds = Some(seeds);
        self
    }

    /// Sets whether complete runs keep their checkpoints, which take several times the space of their
    /// results; false by default.
    #[must_use]
    pub fn keep_checkpoints(mut self, keep: bool) -> Self {
        self.keep_checkpoints = keep;
        self
    }

    /// The sweep: every value of the grid with every point of the list and every drawn point.
    ///
    /// `data.split_seed` is the config's `seed` if unset, so that all seeds see the same examples. The drawn
    /// points depend on `seed` too; more samples leave the first points as they are.
    ///
    /// # Errors
    /// There is nothing to sweep, there are too many runs, a key is swept twice, the number of seeds or
    /// samples doesn't fit, a range can't be drawn from, a point's config can't be used, or two points are
    /// the same.
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

    /// Draws `samples` different points from the ranges.
    fn draw(&self, base: &TrainConfig, samples: usize) -> Result<Vec<Point>, SweepError> {
        let config = ConfigBuilder::new().text(&base.to_toml()?, Path::new("config.toml"))?;
        let ranges = self.random.iter().map(|(key, range)| Draw::new(key, range, &config));
        let ranges: Vec<Draw<'_>> = ranges.collect::<Result<_, _>>()?;
        let mut generator = ChaCha8Rng::seed_from_u64(base.seed);
        let mut points: Vec<Point> = Vec::new();
        // Short ranges of whole numbers repeat points: up to 100 draws for each sample.
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

    fn set_grid(&mut self, key: &str, values: Vec<Value>) -> Result<(), SweepError> {
        let key = check_key(key)?.to_owned();
        if values.is_empty() {
            return Err(SweepError::Values { key, problem: "there is no value to try".into() });
        }
        set(&mut self.grid, key, values);
        Ok(())
    }

    fn set_random(&mut self, key: &str, range: Range) -> Result<(), SweepError> {
        let key = check_key(key)?.to_owned();
        set(&mut self.random, key, range);
        Ok(())
    }
}

fn set<T>(list: &mut Vec<(String, T)>, key: String, value: T) {
    match list.iter_mut().find(|(found, _)| *found == key) {
        Some((_, old)) => *old = value,
        None => list.push((key, value)),
    }
}

fn assign<'a>(assignment: &'a str, example: &'static str) -> Result<(&'a str, &'a str), SweepError> {
    let (key, value) = assignment
        .split_once('=')
        .ok_or_else(|| SweepError::Assignment { found: assignment.to_owned(), example })?;
    Ok((key.trim(), value.trim()))
}

/// Splits values at the commas between them. A comma inside a TOML list, table or string does not end its
/// value.
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
}
