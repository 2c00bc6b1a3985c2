//! What a person sees of a run: a bar where the standard error is a terminal, now and then a plain line where it isn't.

use std::io::IsTerminal as _;
use std::time::{Duration, Instant};

use embert_hub::Event as Download;
use embert_train::{Eval, Event, Observer, Start, TrainError, TrainStep};
use indicatif::{HumanBytes, HumanDuration, ProgressBar, ProgressDrawTarget, ProgressStyle};

/// Shows a run on the standard error.
pub(crate) struct Terminal {
    bar: ProgressBar,
    /// Whether the bar is drawn; plain lines otherwise.
    draws: bool,
    start: Option<Start>,
    /// When the last plain line was printed.
    last_line: Option<Instant>,
    /// Training loss since the last plain line or evaluation, and its number of examples.
    loss: (f64, usize),
    /// The moment, step and examples from which the speed is measured: this process, without evaluations.
    training: Duration,
    mark: Instant,
    examples: usize,
}

/// How often a plain line is printed.
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
            training: Duration::ZERO,
            mark: Instant::now(),
            examples: 0,
        }
    }

    fn line(&self, text: &str) {
        // Through the bar, so that the line stands above it instead of in it.
        if self.draws {
            self.bar.println(text);
        } else {
            eprintln!("{text}");
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
        self.line(&format!(
            "{} examples to train on, {validation}; {} steps in {} epoch(s){from}",
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
        self.last_line = Some(Instant::now());
    }

    fn step(&mut self, step: &TrainStep) {
        self.training += self.mark.elapsed();
        self.mark = Instant::now();
        self.examples += step.examples;
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

    fn eval(&mut self, eval: &Eval) {
        self.line(&format!(
            "{:<10} step {:>5}  loss {:.4}  accuracy {:.4}  precision {:.4}  recall {:.4}  f1 {:.4}  ({} examples)",
            eval.split, eval.step, eval.loss, eval.accuracy, eval.precision, eval.recall, eval.f1, eval.examples
        ));
        self.mark = Instant::now();
    }
}

impl Observer for Terminal {
    fn on_event(&mut self, event: &Event) -> Result<(), TrainError> {
        match event {
            Event::Start(start) => self.begin(start),
            Event::TrainStep(step) => self.step(step),
            Event::EvalProgress { split, done, total } => {
                self.bar.set_message(format!("evaluating {split}: {done}/{total}"));
            }
            Event::Eval(eval) => self.eval(eval),
            Event::EarlyStop { step, evaluations } => {
                self.line(&format!(
                    "stops early after step {step}: {evaluations} evaluation(s) without an improvement"
                ));
            }
            Event::Saved { step, path } => {
                tracing::debug!("saved step {step} in {}", path.display());
                self.mark = Instant::now();
            }
            Event::End(_) => self.bar.finish_and_clear(),
            _ => {}
        }
        Ok(())
    }
}

/// Shows downloads on the standard error: a bar a file on a terminal, a line each elsewhere. Silent where all is cached.
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
                bar.set_message((*file).to_owned());
                self.bar = Some(bar);
            }
            Download::Started { file, .. } => eprintln!("fetching {file}"),
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
            Some(bar) => bar.suspend(|| eprintln!("{text}")),
            None => eprintln!("{text}"),
        }
    }
}
