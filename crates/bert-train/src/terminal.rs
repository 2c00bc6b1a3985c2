//! The progress of a run: a bar if the standard error is a terminal, else a line every 15 seconds.

use std::fmt;
use std::io::IsTerminal as _;
use std::time::{Duration, Instant};

use embert_hub::Event as Download;
use embert_train::{Eval, Event, LOSS, Observer, Stage, Start, TrainError, TrainStep};
use indicatif::{
    FormattedDuration, HumanBytes, HumanDuration, ProgressBar, ProgressDrawTarget, ProgressStyle,
};

use crate::output::{self, escaped, say};

/// Shows a run on the standard error.
pub(crate) struct Terminal {
    bar: ProgressBar,
    /// Whether the bar is drawn; plain lines otherwise.
    draws: bool,
    start: Option<Start>,
    /// The time of the last plain line.
    last_line: Option<Instant>,
    /// The sum of the training loss since the last plain line, and its number of examples.
    loss: (f64, usize),
    /// The training since the epoch began.
    epoch: Epoch,
    /// The evaluation of the validation split that has no row yet.
    eval: Option<Eval>,
    /// Whether the heading of the rows was printed.
    headed: bool,
    began: Instant,
    /// The time of the steps in this process, without evaluations: with `examples`, the speed.
    training: Duration,
    mark: Instant,
    examples: usize,
}

/// The training of an epoch so far, in this process.
#[derive(Clone, Copy, Debug, Default)]
struct Epoch {
    number: usize,
    step: usize,
    loss: f64,
    examples: usize,
    tokens: usize,
    time: Duration,
    /// Whether a row shows all of this training.
    shown: bool,
}

/// A row of the table that grows with the run: 80 columns with the longest name of a metric.
struct Row {
    epoch: usize,
    step: usize,
    train_loss: Option<f64>,
    validation_loss: Option<f64>,
    /// The values of the two metrics with columns.
    metrics: [Option<f64>; 2],
    /// The widths of the columns of the two metrics.
    widths: [usize; 2],
    time: Duration,
    tokens_per_second: Option<f64>,
    is_best: bool,
}

impl Row {
    /// The widths of two metrics' columns, 20 together unless their names are longer: the second name has at
    /// least two spaces before it.
    fn widths([first, second]: [&str; 2]) -> [usize; 2] {
        let of_second = second.len().saturating_add(2).max(8);
        [first.len().saturating_add(1).max(20_usize.saturating_sub(of_second)), of_second]
    }

    fn heading(metrics: [&str; 2]) -> String {
        let ([first, second], [one, other]) = (metrics, Self::widths(metrics));
        format!(
            "epoch{:>7}{:>12}{:>12}{first:>one$}{second:>other$}{:>10}{:>9} best",
            "step", "train loss", "valid loss", "time", "tokens/s"
        )
    }
}

impl fmt::Display for Row {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let figure = |value: Option<f64>| value.map_or_else(|| "–".to_owned(), |value| format!("{value:.4}"));
        let speed = self.tokens_per_second.map_or_else(|| "–".to_owned(), |speed| format!("{speed:.0}"));
        let (train_loss, validation_loss) = (figure(self.train_loss), figure(self.validation_loss));
        let ([first, second], [one, other]) = (self.metrics.map(figure), self.widths);
        let time = FormattedDuration(self.time).to_string();
        write!(
            f,
            "{:>5}{:>7}{train_loss:>12}{validation_loss:>12}{first:>one$}{second:>other$}{time:>10}{speed:>9}{}",
            self.epoch,
            self.step,
            if self.is_best { "    *" } else { "" }
        )
    }
}

/// The time between two plain lines.
const LINE_EVERY: Duration = Duration::from_secs(15);

impl Terminal {
    pub(crate) fn new() -> Self {
        let draws = std::io::stderr().is_terminal();
        Self {
            bar: ProgressBar::with_draw_target(None, ProgressDrawTarget::hidden()),
            draws,
            start: None,
            last_line: None,
            loss: (0.0, 0),
            epoch: Epoch::default(),
            eval: None,
            headed: false,
            began: Instant::now(),
            training: Duration::ZERO,
            mark: Instant::now(),
            examples: 0,
        }
    }

    fn line(&self, text: &str) {
        // Printed through the bar, so that the line stands above it.
        if self.draws {
            self.bar.println(escaped(text));
        } else {
            output::say_line(text);
        }
    }

    fn begin(&mut self, start: &Start) {
        let validation = match start.validation_examples {
            0 => "no validation split, so the run is not evaluated and ends with its last weights".to_owned(),
            examples => format!("{examples} to validate"),
        };
        let from = match start.step {
            0 => String::new(),
            step => format!("; goes on after step {step}"),
        };
        let windows = match start.train_features {
            features if features == start.train_examples => String::new(),
            features => format!(" ({features} windows)"),
        };
        self.line(&format!(
            "{} examples{windows} to train on, {validation}; {} steps in {} epoch(s){from}",
            start.train_examples, start.total_steps, start.epochs
        ));
        self.bar = ProgressBar::with_draw_target(
            Some(start.total_steps as u64),
            if self.draws { ProgressDrawTarget::stderr() } else { ProgressDrawTarget::hidden() },
        );
        if let Ok(style) = ProgressStyle::with_template("{bar:24} {pos}/{len} steps  {msg}") {
            self.bar.set_style(style);
        }
        self.bar.set_position(start.step as u64);
        self.start = Some(start.clone());
        self.mark = Instant::now();
        self.began = Instant::now();
        self.last_line = Some(Instant::now());
    }

    fn step(&mut self, step: &TrainStep) {
        self.rest_of_epoch();
        let time = self.mark.elapsed();
        self.training += time;
        self.mark = Instant::now();
        self.examples += step.examples;
        if self.epoch.number != step.epoch {
            self.epoch = Epoch { number: step.epoch, ..Epoch::default() };
        }
        self.epoch.step = step.step;
        self.epoch.loss += step.loss * step.examples as f64;
        self.epoch.examples += step.examples;
        self.epoch.tokens += step.tokens;
        self.epoch.time += time;
        self.epoch.shown = false;
        self.loss.0 += step.loss * step.examples as f64;
        self.loss.1 += step.examples;
        let Some(start) = &self.start else { return };
        let speed = self.examples as f64 / self.training.as_secs_f64().max(1e-9);
        let left =
            self.training.div_f64((step.step - start.step) as f64) * (start.total_steps - step.step) as u32;
        self.bar.set_position(step.step as u64);
        self.bar.set_message(format!(
            "epoch {}/{}  loss {:.4}  lr {:.2e}  {speed:.1} examples/s  {:#} left",
            step.epoch,
            start.epochs,
            step.loss,
            step.learning_rate,
            HumanDuration(left)
        ));
        let due = self.last_line.is_none_or(|last| last.elapsed() >= LINE_EVERY);
        if !self.draws && due {
            self.line(&format!(
                "step {}/{}  epoch {}  loss {:.4}  lr {:.2e}  {speed:.1} examples/s  {:#} left",
                step.step,
                start.total_steps,
                step.epoch,
                self.loss.0 / self.loss.1 as f64,
                step.learning_rate,
                HumanDuration(left)
            ));
            self.loss = (0.0, 0);
            self.last_line = Some(Instant::now());
        }
    }

    /// Computing the cache of the frozen part is no step, so its time is left out of the speed.
    fn caching(&mut self, split: &str, done: usize, total: usize) {
        let message = format!("frozen part, {split}: {done}/{total} examples");
        let due = self.last_line.is_none_or(|last| last.elapsed() >= LINE_EVERY);
        if self.draws {
            self.bar.set_message(escaped(&message).into_owned());
        } else if due || done == total {
            self.line(&message);
            self.last_line = Some(Instant::now());
        }
        self.mark = Instant::now();
    }

    fn eval(&mut self, eval: &Eval) {
        // The evaluation of the validation split is printed once the trainer has compared it.
        if eval.split == "validation" {
            self.eval = Some(eval.clone());
        } else {
            self.rest_of_epoch();
            let figures: Vec<String> = [LOSS]
                .into_iter()
                .chain(self.headlines())
                .filter_map(|name| Some(format!("{name} {:.4}", eval.metrics.get(name)?)))
                .collect();
            self.line(&format!(
                "{}: {} of {} examples, after step {}",
                eval.split,
                figures.join(", "),
                eval.examples,
                eval.step
            ));
        }
        self.mark = Instant::now();
    }

    fn monitored(&mut self, value: Option<f64>, is_best: bool) {
        let Some(eval) = self.eval.take() else { return };
        // `value` is the metric that chooses the best weights: the evaluation may lack it.
        let of = |name: &str| if self.chosen() == Some(name) { value } else { eval.metrics.get(name) };
        self.row(&Row {
            epoch: eval.epoch,
            step: eval.step,
            validation_loss: eval.metrics.get(LOSS),
            metrics: self.columns().map(of),
            is_best,
            ..self.trained()
        });
    }

    /// The metric that chooses the best weights.
    fn chosen(&self) -> Option<&str> {
        self.start.as_ref().map(|start| start.metric.as_str())
    }

    /// The first two metrics that sum up an evaluation, besides the loss.
    fn headlines(&self) -> impl Iterator<Item = &str> {
        let metrics = self.start.iter().flat_map(|start| &start.metrics);
        metrics
            .filter(|metric| metric.headline && metric.name != LOSS)
            .map(|metric| metric.name.as_str())
            .take(2)
    }

    /// The metrics with columns beside the loss: the first two, but the metric that chooses the best weights
    /// takes the place of the first.
    fn columns(&self) -> [&str; 2] {
        let mut headlines = self.headlines();
        let (first, second) = (headlines.next().unwrap_or(""), headlines.next().unwrap_or(""));
        [self.chosen().filter(|metric| ![LOSS, second].contains(metric)).unwrap_or(first), second]
    }

    /// The row of an epoch that ended without an evaluation.
    fn rest_of_epoch(&mut self) {
        let ended = self.start.as_ref().is_some_and(|start| {
            self.epoch.step > 0 && self.epoch.step.is_multiple_of(start.steps_per_epoch)
        });
        if ended && !self.epoch.shown {
            self.row(&self.trained());
        }
    }

    /// The columns of the training in a row.
    fn trained(&self) -> Row {
        let Epoch { number, step, loss, examples, tokens, time, .. } = self.epoch;
        let before = self.start.as_ref().map_or(0.0, |start| start.seconds);
        Row {
            epoch: number,
            step,
            train_loss: (examples > 0).then(|| loss / examples as f64),
            validation_loss: None,
            metrics: [None; 2],
            widths: Row::widths(self.columns()),
            time: self.began.elapsed() + Duration::try_from_secs_f64(before).unwrap_or_default(),
            tokens_per_second: (!time.is_zero()).then(|| tokens as f64 / time.as_secs_f64()),
            is_best: false,
        }
    }

    fn row(&mut self, row: &Row) {
        if !self.headed {
            self.line(&Row::heading(self.columns()));
            self.headed = true;
        }
        self.line(&row.to_string());
        self.epoch.shown = true;
        self.last_line = Some(Instant::now());
    }
}

impl Observer for Terminal {
    fn on_event(&mut self, event: &Event) -> Result<(), TrainError> {
        match event {
            Event::Start(start) => self.begin(start),
            Event::TrainStep(step) => self.step(step),
            Event::EvalProgress { split, done, total } => {
                self.bar.set_message(format!("evaluating {}: {done}/{total}", output::name(split)));
            }
            Event::CacheProgress { split, done, total } => self.caching(split, *done, *total),
            Event::Eval(eval) => self.eval(eval),
            Event::Monitored { value, is_best, .. } => self.monitored(*value, *is_best),
            Event::Stage(Stage { step, stage, freeze, trainable }) => {
                self.rest_of_epoch();
                self.line(&format!(
                    "stage {stage} from step {}: freeze = {freeze}, {} parameters are trained",
                    step + 1,
                    output::thousands(*trainable)
                ));
            }
            Event::EarlyStop { step, evaluations } => {
                self.line(&format!(
                    "stops early after step {step}: {evaluations} evaluation(s) without an improvement"
                ));
            }
            Event::Saved { step, path } => {
                tracing::debug!("saved step {step} in {}", path.display());
                self.mark = Instant::now();
            }
            Event::End(_) => {
                self.rest_of_epoch();
                self.bar.finish_and_clear();
            }
            _ => {}
        }
        Ok(())
    }
}

/// Shows downloads on the standard error: on a terminal a bar for each file, elsewhere a line. Prints nothing
/// for cached files.
pub(crate) struct Downloads {
    bar: Option<ProgressBar>,
    is_terminal: bool,
}

impl Downloads {
    pub(crate) fn new() -> Self {
        Self { bar: None, is_terminal: std::io::stderr().is_terminal() }
    }

    pub(crate) fn show(&mut self, event: &Download<'_>) {
        match event {
            Download::Started { file, resumed, total } if self.is_terminal => {
                let bar = ProgressBar::new(total.unwrap_or_default()).with_position(*resumed);
                let template = "{msg} [{bar:24}] {bytes}/{total_bytes}  {bytes_per_sec}  {eta} left";
                if let Ok(style) = ProgressStyle::with_template(template) {
                    bar.set_style(style);
                }
                bar.set_message(output::name(file));
                self.bar = Some(bar);
            }
            Download::Started { file, .. } => say!("fetching {file}"),
            Download::Progress { done, .. } => {
                if let Some(bar) = &self.bar {
                    bar.set_position(*done);
                }
            }
            Download::Retrying { file, error, delay } => {
                self.line(&format!("{file}: {error}; trying again in {:.1} s", delay.as_secs_f32()));
            }
            Download::Waiting { file } => {
                self.line(&format!("{file}: waiting for another process that fetches it"));
            }
            Download::Finished { file, bytes } => {
                if let Some(bar) = self.bar.take() {
                    bar.finish_and_clear();
                }
                self.line(&format!("{file}: {}, verified", HumanBytes(*bytes)));
            }
            _ => {}
        }
    }

    fn line(&self, text: &str) {
        match &self.bar {
            Some(bar) => bar.suspend(|| output::say_line(text)),
            None => output::say_line(text),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_stand_under_their_heading_and_fit_a_terminal() {
        let row = Row {
            epoch: 10,
            step: 99_999,
            train_loss: Some(0.123_45),
            validation_loss: Some(12.5),
            metrics: [Some(0.875), None],
            widths: Row::widths(["weighted_f1", "f1"]),
            time: Duration::from_secs(3661),
            tokens_per_second: Some(123_456.7),
            is_best: true,
        };
        let (heading, row) = (Row::heading(["weighted_f1", "f1"]), row.to_string());
        assert_eq!(
            heading,
            "epoch   step  train loss  valid loss weighted_f1      f1      time tokens/s best"
        );
        assert_eq!(row, "   10  99999      0.1235     12.5000      0.8750       –  01:01:01   123457    *");
        assert!(heading.chars().count() <= 80 && row.chars().count() <= 80);
    }
}
