//! `tensorboard/`: event files for TensorBoard.
//!
//! The messages are ours, encoded by `prost`, and the checksums are `crc32c`'s. The crates that write event
//! files have no hparams, and none is maintained: `tboard` and `tfrecord` stand on `prost` 0.12 of 2023 (and
//! need `protoc`, or an HTTP client, to be built), `tensorboard-rs` on `protobuf` 2 and `image`.

mod event_file;
mod messages;

use std::collections::BTreeMap;
use std::path::Path;
use std::time::{Instant, SystemTime, UNIX_EPOCH};

use embert_run::UntruncatedLengths;
use prost::Message as _;
use toml::{Table, Value as Toml};

use self::event_file::EventFile;
use self::messages::{
    Content, Experiment, HParams, HParamsData, Histogram, Metadata, MetricInfo, MetricName, MetricSplit,
    Plugin, RunStatus, SessionEnd, SessionLog, SessionStart, SessionStatus, Setting, SettingInfo,
    SettingType, SettingValue, Summary, Tensor, Value, What,
};
use crate::{Eval, Event, Observer, TrainConfig, TrainError, TrainStep};

/// Writes steps and evaluations as scalars, and the settings as hparams.
#[derive(Debug)]
pub(crate) struct TensorBoard {
    file: EventFile,
    /// When the last step, evaluation, checkpoint or batch of the frozen part's cache ended. The time from
    /// here to the end of a step is the step's.
    mark: Instant,
}

impl TensorBoard {
    /// Begins a file for a run that goes on after `step`, beside the files of earlier processes; TensorBoard
    /// then drops their events after `step`. `logged` are the names of each evaluation's metrics.
    pub(crate) fn open(
        folder: &Path,
        step: usize,
        config: &TrainConfig,
        logged: &[String],
        lengths: Option<&UntruncatedLengths>,
    ) -> Result<Self, TrainError> {
        let now = wall_time();
        let (file, goes_on) = EventFile::create(folder, now)?;
        let mut board = Self { file, mark: Instant::now() };
        if goes_on {
            let log = SessionLog { status: SessionStatus::Start.into() };
            board.file.write(now, step + 1, What::SessionLog(log))?;
        }
        let settings = settings(config)?;
        let experiment = experiment(&settings, logged, config.evaluate_test);
        board.write(now, 0, vec![hparams("experiment", HParamsData::Experiment(experiment))])?;
        let start = SessionStart { settings, start_time: now };
        board.write(now, 0, vec![hparams("session_start_info", HParamsData::Start(start))])?;
        if let Some(lengths) = lengths {
            board.write(now, 0, vec![histogram("train/lengths", lengths)])?;
        }
        Ok(board)
    }

    fn write(&mut self, now: f64, step: usize, value: Vec<Value>) -> Result<(), TrainError> {
        self.file.write(now, step, What::Summary(Summary { value }))
    }

    fn step(&mut self, step: &TrainStep) -> Result<(), TrainError> {
        let speed = step.tokens as f64 / self.mark.elapsed().as_secs_f64().max(1e-9);
        let mut values = vec![
            scalar("train/loss", step.loss),
            scalar("train/grad_norm", step.grad_norm),
            scalar("train/tokens_per_second", speed),
        ];
        values.extend(learning_rates(step));
        self.write(wall_time(), step.step, values)
    }

    fn eval(&mut self, eval: &Eval) -> Result<(), TrainError> {
        let values =
            eval.metrics.iter().map(|(metric, value)| scalar(&format!("{}/{metric}", eval.split), value));
        self.write(wall_time(), eval.step, values.collect())
    }
}

impl Observer for TensorBoard {
    fn on_event(&mut self, event: &Event) -> Result<(), TrainError> {
        match event {
            Event::TrainStep(step) => self.step(step)?,
            Event::Eval(eval) => self.eval(eval)?,
            Event::End(end) => {
                let now = wall_time();
                let end_info = SessionEnd { status: RunStatus::Success.into(), end_time: now };
                self.write(now, end.step, vec![hparams("session_end_info", HParamsData::End(end_info))])?;
            }
            Event::Saving { .. } | Event::Saved { .. } | Event::CacheProgress { .. } => {}
            _ => return Ok(()),
        }
        if event.comes_before_a_save() {
            self.file.sync()?;
        }
        self.mark = Instant::now();
        Ok(())
    }
}

/// Seconds since 1970, the time of an event.
fn wall_time() -> f64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0.0, |since| since.as_secs_f64())
}

fn scalar(tag: &str, value: f64) -> Value {
    Value { tag: tag.to_owned(), content: Some(Content::Scalar(value as f32)), metadata: None }
}

/// The learning rates of a step as scalars: the base group's, and those of parts, or of the head, that
/// differ.
fn learning_rates(step: &TrainStep) -> Vec<Value> {
    let mut values = vec![scalar("train/learning_rate", step.learning_rate)];
    let part = |part: &str, rate: f64| scalar(&format!("train/learning_rate/{part}"), rate);
    values.extend(step.learning_rates.iter().map(|(name, rate)| part(name, *rate)));
    // The head is one of the parts, where there are any.
    let head = step.head_learning_rate.filter(|_| step.learning_rates.is_empty());
    values.extend(head.map(|rate| part("head", rate)));
    values
}

/// A record of the plugin `hparams`, whose content lies in the metadata.
fn hparams(kind: &str, data: HParamsData) -> Value {
    let content = HParams { data: Some(data) }.encode_to_vec();
    Value {
        tag: format!("_hparams_/{kind}"),
        content: Some(Content::Tensor(Tensor::null())),
        metadata: Some(Metadata { plugin: Some(Plugin { name: "hparams".into(), content }) }),
    }
}

/// The columns of the table that TensorBoard makes of runs.
fn experiment(settings: &BTreeMap<String, Setting>, logged: &[String], evaluates_test: bool) -> Experiment {
    let info = |(name, setting): (&String, &Setting)| {
        let kind = match setting.value {
            Some(SettingValue::Number(_)) => SettingType::Number,
            Some(SettingValue::Text(_)) => SettingType::Text,
            Some(SettingValue::Bool(_)) => SettingType::Bool,
            None => SettingType::Unset,
        };
        SettingInfo { name: name.clone(), kind: kind.into() }
    };
    let metric =
        |tag: String, split: MetricSplit| MetricInfo { name: Some(MetricName { tag }), split: split.into() };
    let of = |split: &'static str| {
        logged.iter().map(move |name| metric(format!("{split}/{name}"), MetricSplit::Validation))
    };
    let mut metrics: Vec<MetricInfo> = of("validation").collect();
    if evaluates_test {
        metrics.extend(of("test"));
    }
    metrics.push(metric("train/loss".into(), MetricSplit::Training));
    Experiment { settings: settings.iter().map(info).collect(), metrics }
}

/// Every setting of `config.toml` by its dotted key. Lists are texts in TOML, since hparams are numbers,
/// texts and booleans.
fn settings(config: &TrainConfig) -> Result<BTreeMap<String, Setting>, TrainError> {
    let table = Table::try_from(config).map_err(|source| crate::ConfigError::Write { source })?;
    let mut settings = BTreeMap::new();
    flatten("", table, &mut settings);
    Ok(settings)
}

fn flatten(prefix: &str, table: Table, settings: &mut BTreeMap<String, Setting>) {
    for (key, value) in table {
        let key = format!("{prefix}{key}");
        let value = match value {
            Toml::Table(table) => {
                flatten(&format!("{key}."), table, settings);
                continue;
            }
            Toml::Boolean(value) => SettingValue::Bool(value),
            Toml::Float(value) => SettingValue::Number(value),
            // A seed that f64 would round becomes a text.
            Toml::Integer(value) if value.unsigned_abs() <= 1 << 53 => SettingValue::Number(value as f64),
            Toml::String(value) => SettingValue::Text(value),
            value => SettingValue::Text(value.to_string()),
        };
        settings.insert(key, Setting { value: Some(value) });
    }
}

/// A histogram of the texts' token counts. Its sums use the middles of the bins: the facts lack the lengths.
fn histogram(tag: &str, lengths: &UntruncatedLengths) -> Value {
    let UntruncatedLengths { bin_width, ref counts, longest } = *lengths;
    let mut histogram = Histogram::default();
    for (bin, &count) in counts.iter().enumerate() {
        let (least, most) = ((bin * bin_width + 1) as f64, ((bin + 1) * bin_width).min(longest) as f64);
        let (count, middle) = (count as f64, f64::midpoint(least, most));
        if count > 0.0 {
            histogram.min = if histogram.num > 0.0 { histogram.min } else { least };
            histogram.max = most;
        }
        histogram.num += count;
        histogram.sum += count * middle;
        histogram.sum_squares += count * middle * middle;
        histogram.bucket_limit.push(most);
        histogram.bucket.push(count);
    }
    Value { tag: tag.to_owned(), content: Some(Content::Histogram(histogram)), metadata: None }
}

#[cfg(test)]
mod tests {
    use super::event_file::record;
    use super::messages::Event as Message;
    use super::*;

    /// Written by TensorBoard, see `tests/reference/event_files.py`.
    const REFERENCE: &[u8] = include_bytes!("../../tests/fixtures/tensorboard/events");

    const TIME: f64 = 1.75e9;

    #[test]
    fn the_bytes_are_those_that_tensorboard_writes() {
        let setting = |value| Setting { value: Some(value) };
        let settings = BTreeMap::from([
            ("batch_size".to_owned(), setting(SettingValue::Number(16.0))),
            ("data.order".to_owned(), setting(SettingValue::Text("shuffled".into()))),
            ("evaluate_test".to_owned(), setting(SettingValue::Bool(false))),
            ("optimizer.learning_rate".to_owned(), setting(SettingValue::Number(2e-5))),
        ]);
        let lengths = UntruncatedLengths { bin_width: 4, counts: vec![0, 3, 2], longest: 10 };
        let summary = |value: Vec<Value>| What::Summary(Summary { value });
        let end = SessionEnd { status: RunStatus::Success.into(), end_time: TIME + 9.0 };
        let experiment = HParamsData::Experiment(experiment(
            &settings,
            &["loss", "accuracy", "precision", "recall", "f1", "mcc", "roc_auc"].map(str::to_owned),
            false,
        ));
        let start = HParamsData::Start(SessionStart { settings, start_time: TIME });
        let events = [
            (0.0, 0, What::FileVersion("brain.Event:2".into())),
            (0.0, 3, What::SessionLog(SessionLog { status: SessionStatus::Start.into() })),
            (0.0, 0, summary(vec![hparams("experiment", experiment)])),
            (0.0, 0, summary(vec![hparams("session_start_info", start)])),
            (0.0, 0, summary(vec![histogram("train/lengths", &lengths)])),
            (8.0, 3, summary(vec![scalar("train/loss", 0.7), scalar("test/mcc", 0.0)])),
            (9.0, 3, summary(vec![hparams("session_end_info", HParamsData::End(end))])),
        ];
        let mut rest = REFERENCE;
        for (seconds, step, what) in events {
            let event = Message { wall_time: TIME + seconds, step, what: Some(what) };
            let ours = record(&event.encode_to_vec());
            let theirs = rest.split_off(..ours.len()).unwrap();
            assert_eq!(ours, theirs, "{event:?}");
        }
        assert!(rest.is_empty());
    }

    #[test]
    fn each_part_of_the_model_has_its_rate() {
        let step = |rates: &[(&str, f64)]| TrainStep {
            step: 1,
            epoch: 1,
            loss: 0.5,
            grad_norm: 1.0,
            learning_rate: 2e-5,
            head_learning_rate: Some(1e-4),
            learning_rates: rates.iter().map(|(part, rate)| ((*part).to_owned(), *rate)).collect(),
            examples: 16,
            tokens: 300,
            seconds: 1.5,
        };
        let tags = |step: &TrainStep| -> Vec<String> {
            learning_rates(step).into_iter().map(|value| value.tag).collect()
        };
        assert_eq!(tags(&step(&[])), ["train/learning_rate", "train/learning_rate/head"]);
        let parts = ["train/learning_rate", "train/learning_rate/head", "train/learning_rate/layer 0"];
        assert_eq!(tags(&step(&[("layer 0", 1e-5), ("head", 1e-4)])), parts);
    }

    #[test]
    fn every_setting_is_an_hparam() {
        let config = TrainConfig { seed: (1 << 62) + 1, evaluate_test: true, ..TrainConfig::default() };
        let found = settings(&config).unwrap();
        let value = |key: &str| found[key].value.clone().unwrap();
        assert_eq!(value("seed"), SettingValue::Text("4611686018427387905".into()));
        assert_eq!(value("evaluate_test"), SettingValue::Bool(true));
        assert_eq!(value("optimizer.learning_rate"), SettingValue::Number(2e-5));
        assert_eq!(value("optimizer.betas"), SettingValue::Text("[0.9, 0.999]".into()));
        // `config.toml` leaves out unset keys.
        let file: Table = config.to_toml().unwrap().parse().unwrap();
        for key in crate::KEYS {
            let stated = match key.split_once('.') {
                Some((table, key)) => file.get(table).is_some_and(|table| table.get(key).is_some()),
                None => file.contains_key(*key),
            };
            assert_eq!(found.contains_key(*key), stated, "{key}");
        }
        assert!(found.len() > 30);
    }
}
