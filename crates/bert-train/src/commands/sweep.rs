//! `sweep`: from settings and their variations to a folder of runs and a table.

mod found;

use std::collections::HashMap;
use std::marker::PhantomData;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::Args;
use embert_run::{Baseline, PointResult, RunFiles, Status, SweepTable};
use embert_sweep::{Sweep, SweepBuilder, SweepEvent, SweepFolder, SweepHost, SweepOutcome};
use embert_task::{Task, TaskData, TaskKind};
use embert_train::{ConfigBuilder, DatasetFacts, Observer, Provenance, StopSignal, TrainConfig};

use self::found::Found;
use super::eval::line_of;
use super::train::{Base, SAMPLE, SAMPLE_PATH, say_how_to_undo, say_replaced};
use crate::arguments::{RunArgs, names, option_of};
use crate::error::Error;
use crate::output::{Table, say, thousands};
use crate::paths::names_of_sweep;
use crate::signals::stop_on_signals;
use crate::tasks::with_task;
use crate::terminal::Terminal;
use crate::{output, sources};

/// Options of `sweep`: those of `train` for the config that is swept over, and what to sweep.
#[derive(Debug, Default, Args)]
pub(crate) struct SweepArgs {
    #[command(flatten)]
    pub(crate) run: RunArgs,
    /// Train with each of these values, as in freeze=none,encoder_below:6 (may be repeated)
    #[arg(long, value_name = "KEY=V1,V2", help_heading = "Sweep")]
    pub(crate) grid: Vec<String>,
    /// Draw values from MIN..MAX, log-uniformly where both are above 0; MIN..MAX:uniform (may be repeated)
    #[arg(long, value_name = "KEY=MIN..MAX", help_heading = "Sweep")]
    pub(crate) random: Vec<String>,
    /// Draw so many points from the ranges
    #[arg(long, value_name = "N", help_heading = "Sweep")]
    pub(crate) samples: Option<usize>,
    /// Train each point with so many seeds, from the config's on [default: 1]
    #[arg(long, value_name = "N", help_heading = "Sweep")]
    pub(crate) seeds: Option<usize>,
    /// Go on with the sweep in this folder: complete runs stay, failed ones are tried again
    #[arg(long, value_name = "SWEEP", conflicts_with_all = ["config", "settings", "grid", "random", "samples", "seeds", "overwrite"])]
    pub(crate) resume: Option<PathBuf>,
}

pub(crate) fn run(args: &SweepArgs) -> Result<ExitCode, Error> {
    let mut found = Found::default();
    let (sweep, claimed, task) = if let Some(folder) = &args.resume {
        if let Some((key, _)) = args.run.options.settings().first() {
            return Err(Error::ResumeSetting { option: option_of(key) });
        }
        let claimed = SweepFolder::open(folder)?;
        let sweep = names_of_sweep(folder, Sweep::open(folder)?)?;
        found.find(&sweep)?;
        let task = found.task_of_resumed(&sweep, &claimed)?;
        (sweep, claimed, task)
    } else {
        let sweep = sweep(args)?;
        let name = name(args, &sweep);
        let output = sweep.output().map(Path::to_owned);
        let sweep = sweep.with_names(same_everywhere)?;
        found.find(&sweep)?;
        // The folder is claimed before anything is downloaded; from here on no other process takes it.
        let claimed = match output {
            Some(folder) => SweepFolder::create(&folder, args.run.existing())?,
            None => SweepFolder::create_free(Path::new("runs"), &name)?,
        };
        let task = found.task(&sweep)?;
        (sweep, claimed, task)
    };
    let sweep = sweep.with_default_metric(task.metric.as_deref());
    with_task!(task.kind, T => train_all::<T>(args, &sweep, claimed, (found, task.kind)))
}

/// Trains the runs of a sweep.
fn train_all<T: Task>(
    args: &SweepArgs,
    sweep: &Sweep,
    claimed: SweepFolder,
    (found, kind): (Found, TaskKind),
) -> Result<ExitCode, Error> {
    let mut host = Host::<T>::new(found, kind);
    let folder = claimed.path().to_owned();
    say!(
        "{} point(s) with {} seed(s) each into {}",
        sweep.points().len(),
        sweep.seeds().len(),
        folder.display()
    );
    let stop = StopSignal::default();
    let interruption = stop_on_signals(stop.clone())?;
    let outcome = sweep.run(claimed, &mut host, &stop);
    let is_complete =
        matches!(&outcome, Ok(SweepOutcome::Complete(table)) if table.count(Status::Failed) == 0);
    if !is_complete {
        say_how_to_undo(&folder, host.replaced.as_deref());
    }
    let outcome = outcome?;
    let (SweepOutcome::Complete(table) | SweepOutcome::Interrupted(table)) = &outcome;
    // A process that was killed just after a run did not write its page.
    for run in table.runs().filter(|run| run.status == Status::Complete) {
        let run = folder.join(&run.run);
        if !RunFiles::new(&run).report().exists()
            && let Err(error) = super::report::write_own(&run)
        {
            say!("no report: {error}");
        }
    }
    // The table is written, even if the page fails.
    let report = super::report::write_own(&folder);
    if let Err(error) = &report {
        say!("no report: {error}");
    }
    let shown = show(table, &folder, report.ok().as_deref(), args.run.json.json);
    if matches!(outcome, SweepOutcome::Interrupted(_)) {
        say!(
            "stopped with {} of {} runs complete; go on with: {} sweep --resume {}",
            table.count(Status::Complete),
            table.runs().count(),
            output::program(),
            output::argument(&folder.display())
        );
        // A closed terminal is no failure.
        return Ok(interruption.exit_code());
    }
    shown?;
    match table.runs().find_map(|run| run.error.clone()) {
        Some(error) if table.count(Status::Complete) == 0 => {
            Err(Error::AllFailed { runs: table.runs().count(), path: folder, error })
        }
        _ => Ok(ExitCode::SUCCESS),
    }
}

/// The sweep: the file (or the sample if nothing is named), then `--set`, the options, and the variations.
fn sweep(args: &SweepArgs) -> Result<Sweep, Error> {
    let builder = SweepBuilder::new(ConfigBuilder::new());
    let tried = |key: &str| args.run.sets(key) || names(&args.grid, key);
    let mut builder = match Base::of(args.run.config.as_deref(), tried)? {
        Base::File(path) => builder.file(path)?,
        Base::Sample => builder.text(SAMPLE, SAMPLE_PATH.as_ref())?,
        Base::Defaults => builder,
    };
    builder = builder.lay(|config| args.run.lay(config))?;
    once("--grid", &args.grid)?;
    once("--random", &args.random)?;
    for grid in &args.grid {
        builder = builder.grid(grid)?;
    }
    for random in &args.random {
        builder = builder.random(random)?;
    }
    if let Some(samples) = args.samples {
        builder = builder.samples(samples);
    }
    if let Some(seeds) = args.seeds {
        builder = builder.seeds(seeds);
    }
    if args.run.options.keep_checkpoints.is_some() {
        builder = builder.keep_checkpoints(true);
    }
    let sweep = builder.build()?;
    // The point's value would silently win.
    match sweep.keys().into_iter().find(|key| args.run.sets(key)) {
        Some(key) => Err(Error::SweptSetting { key: key.to_owned() }),
        None => Ok(sweep),
    }
}

/// The name of a model or a data set that means the same from every working folder.
fn same_everywhere(key: &str, name: &str) -> String {
    if key == "model" { sources::absolute_model(name) } else { sources::absolute_dataset(name) }
}

/// Refuses an option that names the same key twice: the earlier one would be ignored.
fn once(option: &str, assignments: &[String]) -> Result<(), Error> {
    let key = |assignment: &str| assignment.split('=').next().unwrap_or_default().trim().to_owned();
    for (index, other) in assignments.iter().enumerate() {
        if let Some(one) = assignments[..index].iter().find(|one| key(one) == key(other)) {
            let key = key(other);
            return Err(Error::SweptTwice {
                key,
                one: format!("{option} {one}"),
                other: format!("{option} {other}"),
            });
        }
    }
    Ok(())
}

/// The name of the sweep's folder, after the config file or the data set.
fn name(args: &SweepArgs, sweep: &Sweep) -> String {
    let stem = args.run.config.as_deref().and_then(Path::file_stem);
    let name = stem.map_or_else(
        || sources::short_name(&sweep.base().dataset),
        |stem| stem.to_string_lossy().into_owned(),
    );
    if name.contains("sweep") { name } else { format!("{name}-sweep") }
}

/// Fetches the models and data of the runs, and shows their progress.
struct Host<T> {
    found: Found,
    /// The folders of models, by name.
    models: HashMap<String, PathBuf>,
    /// The facts of the data sets' cards, by name.
    data_sets: HashMap<String, DatasetFacts>,
    /// The new place of the sweep that this one replaces.
    replaced: Option<PathBuf>,
    kind: TaskKind,
    task: PhantomData<T>,
}

impl<T> Host<T> {
    fn new(found: Found, kind: TaskKind) -> Self {
        let (models, data_sets) = (HashMap::new(), HashMap::new());
        Self { found, models, data_sets, replaced: None, kind, task: PhantomData }
    }
}

impl<T: Task> SweepHost for Host<T> {
    type Task = T;
    type Error = Error;

    fn model(&mut self, config: &TrainConfig) -> Result<PathBuf, Error> {
        if let Some(folder) = self.models.get(&config.model) {
            return Ok(folder.clone());
        }
        let folder = self.found.model(&config.model)?.folder()?;
        self.models.insert(config.model.clone(), folder.clone());
        Ok(folder)
    }

    fn data(&mut self, config: &TrainConfig) -> Result<TaskData<T>, Error> {
        let (data, card) = self.found.data_set(config, self.kind)?.load::<T>(config)?;
        sources::print_facts(&data);
        self.data_sets.insert(config.dataset.clone(), DatasetFacts::from(&card));
        Ok(data)
    }

    fn provenance(&self, config: &TrainConfig) -> Provenance {
        Provenance {
            model: self.found.model(&config.model).ok().and_then(|model| model.repository()),
            dataset: self.data_sets.get(&config.dataset).cloned(),
        }
    }

    fn observer(&mut self) -> Option<Box<dyn Observer>> {
        Some(Box::new(Terminal::new()))
    }

    fn on_event(&mut self, event: &SweepEvent<'_>) -> Result<(), Error> {
        match event {
            SweepEvent::Replaces { old } => {
                say_replaced(Some(old));
                self.replaced = Some((*old).to_owned());
            }
            SweepEvent::Start { runs, complete } if *complete > 0 => {
                say!("{complete} of {runs} runs are complete");
            }
            SweepEvent::RunBegins { number, runs, point, seed, .. } => {
                output::say_line("");
                say!("run {number} of {runs}: {point}{}seed {seed}", comma(&point.to_string()));
            }
            SweepEvent::Notes(notes) => notes.iter().for_each(|line| say!("{line}")),
            SweepEvent::RunEnds { run, end } => {
                if let (Some(value), Some(step)) = (end.best_metric, end.best_step) {
                    say!("best {} {value:.4} after step {step}; {:.1} s", end.metric, end.seconds);
                }
                // The result is there, whatever becomes of the page about it.
                if let Err(error) = super::report::write_own(run.folder()) {
                    say!("no report: {error}");
                }
            }
            SweepEvent::RunFailed { error, .. } => {
                output::say_block(&format!("failed: {}", output::message(error)));
            }
            _ => {}
        }
        Ok(())
    }
}

fn comma(before: &str) -> &'static str {
    if before.is_empty() { "" } else { ", " }
}

/// Prints the table, and the failures on the standard error.
fn show(table: &SweepTable, folder: &Path, report: Option<&Path>, json: bool) -> Result<(), Error> {
    for run in table.runs() {
        if let Some(error) = &run.error {
            output::say_block(&format!("{} failed: {}", output::name(&run.run), output::message(error)));
        }
    }
    if json {
        return output::json(table);
    }
    draw(table).print()?;
    for rule in rules(table) {
        output::line(&line_of(rule))?;
    }
    output::line(&format!("table   {}", folder.join("sweep.csv").display()))?;
    if let Some(report) = report {
        output::line(&format!("report  {}", report.display()))?;
    }
    // The first run of the best point stands for the point.
    let best = table.points.first().filter(|point| point.mean.is_some());
    let run = best.and_then(|point| point.runs.iter().find(|run| run.status == Status::Complete));
    match run {
        Some(run) => output::line(&format!("best    {}", folder.join(&run.run).join("model").display())),
        None => Ok(()),
    }
}

/// What rules without a model get, beside the first run of the best point that has any.
fn rules(table: &SweepTable) -> &[Baseline] {
    let mut runs = table.points.first().into_iter().flat_map(|point| &point.runs);
    runs.find(|run| !run.baselines.is_empty()).map_or(&[], |run| &run.baselines)
}

fn draw(table: &SweepTable) -> Table {
    // Keys without their table's name, as long as they differ.
    let last = |key: &str| key.rsplit('.').next().unwrap_or_default().to_owned();
    let lasts: Vec<String> = table.keys.iter().map(|key| last(key)).collect();
    let told_apart = (1..lasts.len()).all(|index| !lasts[..index].contains(&lasts[index]));
    let metric = table.metric.clone();
    let mut headings = vec!["point"];
    headings.extend(if told_apart { &lasts } else { &table.keys }.iter().map(String::as_str));
    let has_baseline = table.points.iter().any(|point| point.baseline.is_some());
    headings.push(metric.as_str());
    headings.extend(has_baseline.then_some("no model"));
    headings.extend(["runs", "time", "trainable"]);
    let mut drawn = Table::new(&headings);
    for point in &table.points {
        let mut row = vec![point.point.clone()];
        let setting = |key| Some(point.setting(key)).filter(|text| !text.is_empty());
        row.extend(table.keys.iter().map(|key| setting(key).unwrap_or_else(|| "-".to_owned())));
        row.push(value(point));
        row.extend(
            has_baseline.then(|| point.baseline.map_or_else(String::new, |value| format!("{value:.4}"))),
        );
        row.extend([
            runs(point),
            point.seconds.map_or_else(String::new, |seconds| format!("{seconds:.1} s")),
            point.trainable.map_or_else(String::new, thousands),
        ]);
        drawn.add_row(row);
    }
    drawn.numbers_right();
    drawn
}

fn value(point: &PointResult) -> String {
    match (point.mean, point.standard_deviation) {
        (Some(mean), Some(deviation)) => format!("{mean:.4} ± {deviation:.4}"),
        (Some(mean), None) => format!("{mean:.4}"),
        (None, _) => "-".to_owned(),
    }
}

/// The number of complete runs, and of all runs if that differs.
fn runs(point: &PointResult) -> String {
    let count = |status| point.runs.iter().filter(|run| run.status == status).count();
    let (complete, failed) = (count(Status::Complete), count(Status::Failed));
    match (point.runs.len(), failed) {
        (runs, 0) if runs == complete => runs.to_string(),
        (runs, 0) => format!("{complete} of {runs}"),
        (runs, failed) => format!("{complete} of {runs}, {failed} failed"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::arguments::parsed;

    fn sweep_of(arguments: &[&str]) -> Result<Sweep, Error> {
        sweep(&parsed::<SweepArgs>(arguments))
    }

    #[test]
    fn options_lie_under_what_is_swept() {
        let sweep =
            sweep_of(&["--epochs", "1", "--grid", "freeze=none,all_but_head", "--seeds", "2"]).unwrap();
        assert_eq!((sweep.points().len(), sweep.seeds()), (2, vec![0, 1]));
        assert!(sweep.base().from_scratch && sweep.base().epochs == 1);
        assert!(!sweep.keeps_checkpoints());
        let keeps = sweep_of(&["--keep-checkpoints", "1", "--seeds", "2"]).unwrap();
        assert!(keeps.keeps_checkpoints());
    }

    #[test]
    fn a_sweeps_folder_is_named_after_its_file_or_its_data() {
        let sweep = sweep_of(&["--seeds", "2"]).unwrap();
        let name = |config: Option<&str>| {
            let run = RunArgs { config: config.map(PathBuf::from), ..RunArgs::default() };
            name(&SweepArgs { run, ..SweepArgs::default() }, &sweep)
        };
        let names = [None, Some("configs/sweep-freeze.toml"), Some("imdb.toml")].map(name);
        assert_eq!(names, ["sample-sweep", "sweep-freeze", "imdb-sweep"]);
    }

    #[test]
    fn a_key_that_is_swept_and_set_is_refused() {
        for arguments in [["--set", "epochs=3"], ["--epochs", "3"]] {
            let error = sweep_of(&[&["--grid", "epochs=1,2"], &arguments[..]].concat()).unwrap_err();
            assert!(error.to_string().contains("epochs is swept"), "{error}");
        }
    }

    #[test]
    fn a_swept_model_is_named() {
        let sweep = sweep_of(&["--grid", "model=a,b", "--dataset", "d"]).unwrap();
        assert_eq!(sweep.config(1, 0).unwrap().model, "b");
        let error = sweep_of(&["--grid", "model=a,b"]).unwrap_err().to_string();
        assert!(error.contains("--dataset"), "{error}");
    }
}
