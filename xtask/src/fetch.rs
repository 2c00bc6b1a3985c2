//! `cargo xtask fetch`: downloads models and data sets into the hub's cache.

use std::error::Error as _;
use std::fs;
use std::io::IsTerminal as _;
use std::time::Duration;

use embert_data::{Card, DataSource, RepositoryPlan};
use embert_hub::{Event, Hub, LocalFiles};
use indicatif::{HumanBytes, ProgressBar, ProgressStyle};

use crate::TaskResult;

const MODEL: &str = "bert-base-uncased";
const DATASET: &str = "imdb";

/// Without arguments: bert-base-uncased and imdb. With one of them, what it names and nothing else.
#[derive(clap::Args)]
pub(crate) struct Arguments {
    /// A model of the hub: `name`, `owner/name` or `owner/name@revision`; may be repeated
    #[arg(long, value_name = "ID")]
    model: Vec<String>,
    /// A data set of the hub as `train --dataset` names it: `owner/name[:config][@revision]`, a card's name
    /// or path; may be repeated
    #[arg(long, value_name = "NAME")]
    dataset: Vec<String>,
}

pub(crate) fn run(arguments: &Arguments) -> TaskResult {
    let (mut models, mut datasets) = (arguments.model.clone(), arguments.dataset.clone());
    if models.is_empty() && datasets.is_empty() {
        models.push(MODEL.to_owned());
        datasets.push(DATASET.to_owned());
    }
    // Names first: a wrong one is reported before anything is downloaded.
    let cards = datasets.iter().map(|name| card_of(name)).collect::<Result<Vec<_>, _>>()?;
    let hub = Hub::builder()?.verify_cache(true).build();
    let mut report = Report::new();
    for model in &models {
        let files = hub.model(model, &mut |event| report.event(&event))?;
        done(model, &files);
    }
    for (name, card) in datasets.iter().zip(&cards) {
        let files = fetch(&hub, card, &mut report)?;
        done(name, &files);
    }
    Ok(())
}

fn done(name: &str, files: &LocalFiles) {
    println!("{name}: {}", files.folder.display());
}

/// The card of a data set of the hub, or of a card's file.
fn card_of(name: &str) -> Result<Card, Box<dyn std::error::Error>> {
    match DataSource::resolve(name, &[crate::root().join("datasets")])? {
        DataSource::Hub { card, .. } => Ok(*card),
        DataSource::Local { .. } => {
            Err(format!("{name} is on this machine: there is nothing to fetch").into())
        }
    }
}

/// Fetches the files of a data set that its card, its README or their names choose.
fn fetch(hub: &Hub, card: &Card, report: &mut Report) -> Result<LocalFiles, Box<dyn std::error::Error>> {
    let Some(source) = &card.hub else { unreachable!("the card of a repository names it") };
    let mut repository = hub.dataset_repository(&source.repository, source.revision.as_deref())?;
    let readme = repository.peek("README.md", &mut |event| report.event(&event))?;
    let readme = readme.map(fs::read).transpose()?.map(|bytes| String::from_utf8_lossy(&bytes).into_owned());
    let plan = RepositoryPlan::new(card, repository.files(), readme.as_deref())?;
    for note in &plan.notes {
        report.line(note);
    }
    Ok(repository.fetch(&plan.fetch, &mut |event| report.event(&event))?)
}

/// Progress on stderr: a bar on a terminal, else a line for each event.
struct Report {
    bar: Option<ProgressBar>,
    is_terminal: bool,
}

impl Report {
    fn new() -> Self {
        Self { bar: None, is_terminal: std::io::stderr().is_terminal() }
    }

    fn event(&mut self, event: &Event<'_>) {
        match event {
            Event::Started { file, resumed, total } => {
                if self.is_terminal {
                    self.bar = Some(bar(file, *resumed, *total));
                } else {
                    let size = total
                        .map_or_else(|| "size not known".to_owned(), |total| HumanBytes(total).to_string());
                    let from = if *resumed > 0 {
                        format!(", going on at {}", HumanBytes(*resumed))
                    } else {
                        String::new()
                    };
                    eprintln!("fetching {file} ({size}{from})");
                }
            }
            Event::Progress { done, .. } => {
                if let Some(bar) = &self.bar {
                    bar.set_position(*done);
                }
            }
            Event::Retrying { file, error, delay } => {
                let mut causes = error.to_string();
                let mut cause = error.source();
                while let Some(error) = cause {
                    causes = format!("{causes}: {error}");
                    cause = error.source();
                }
                self.line(&format!("{file}: {causes}; trying again in {:.1} s", delay.as_secs_f32()));
            }
            Event::Waiting { file } => {
                self.line(&format!("{file}: waiting for another process that fetches it"));
            }
            Event::Cached { file } => self.line(&format!("{file}: in the cache")),
            Event::Finished { file, bytes } => {
                if let Some(bar) = self.bar.take() {
                    bar.finish_and_clear();
                }
                self.line(&format!("{file}: {}, verified", HumanBytes(*bytes)));
            }
            _ => {}
        }
    }

    /// Prints a line above the bar.
    fn line(&self, text: &str) {
        match &self.bar {
            Some(bar) => bar.suspend(|| eprintln!("{text}")),
            None => eprintln!("{text}"),
        }
    }
}

fn bar(file: &str, resumed: u64, total: Option<u64>) -> ProgressBar {
    const BAR: &str = "{msg} [{bar:30}] {bytes}/{total_bytes} {bytes_per_sec} {eta}";
    const SPINNER: &str = "{msg} {spinner} {bytes} {bytes_per_sec}";
    let (bar, template) = match total {
        Some(total) => (ProgressBar::new(total), BAR),
        None => (ProgressBar::new_spinner(), SPINNER),
    };
    let style = ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_bar());
    let bar = bar.with_style(style.progress_chars("=> ")).with_message(file.to_owned());
    bar.set_position(resumed);
    bar.reset_eta();
    bar.enable_steady_tick(Duration::from_millis(200));
    bar
}
