//! `report`: a page about runs or a sweep, in a file, on the terminal, or served while they go on.

use std::path::{Path, PathBuf};

use clap::Args;
use embert_files::Output;
use embert_report::{PageOptions, ReportError, Run, Sweep, page, sweep_page, sweep_terminal, terminal};
use embert_run::RunFiles;

use super::watch::{Answer, serve};
use crate::error::Error;
use crate::output::say;
use crate::{output, reads};

/// The seconds after which the browser reloads a served page.
const REFRESH_SECONDS: u32 = 5;

/// The runs or the sweep of a report.
enum Subject {
    Runs(Vec<Run>),
    Sweep(Box<Sweep>),
}

impl Subject {
    /// Reads the folders: runs, or one sweep.
    fn read(paths: &[PathBuf]) -> Result<Self, Error> {
        match paths {
            [path] if Sweep::is_in(path) => Ok(Self::Sweep(Box::new(Sweep::read(path)?))),
            paths => {
                if let Some(path) = paths.iter().find(|path| Sweep::is_in(path)) {
                    return Err(Error::SweepAmongRuns { path: path.clone() });
                }
                Ok(Self::Runs(paths.iter().map(|path| Run::read(path)).collect::<Result<_, _>>()?))
            }
        }
    }

    /// Prints the damage of the files; the page has the rest.
    fn say_damage(&self) {
        match self {
            Self::Runs(runs) => {
                for (run, sentence) in
                    runs.iter().flat_map(|run| run.damage.iter().map(move |text| (run, text)))
                {
                    say!("{}: {sentence}", run.path.display());
                }
            }
            Self::Sweep(sweep) => {
                if let Some(sentence) = &sweep.damage {
                    say!("{}: {sentence}", sweep.path.display());
                }
            }
        }
    }

    fn page(&self, options: PageOptions) -> Result<String, ReportError> {
        match self {
            Self::Runs(runs) => page(runs, &options),
            Self::Sweep(sweep) => sweep_page(sweep, &options),
        }
    }

    /// Whether all runs have ended.
    fn has_ended(&self) -> bool {
        match self {
            Self::Runs(runs) => runs.iter().all(Run::has_ended),
            Self::Sweep(sweep) => sweep.has_ended(),
        }
    }
}

#[derive(Debug, Args)]
pub(crate) struct ReportArgs {
    /// Run folders, or the folder of one sweep; they may still go on
    #[arg(value_name = "RUN", required = true)]
    pub(crate) runs: Vec<PathBuf>,
    /// Write the page to this file [default: report.html in the run or sweep, or beside the first of several]
    #[arg(long, value_name = "FILE")]
    pub(crate) output: Option<PathBuf>,
    /// Draw the curves, or a sweep's table, with characters instead of writing a page
    #[arg(long, conflicts_with_all = ["output", "watch"])]
    pub(crate) terminal: bool,
    /// Serve the page at localhost, for this machine alone, always as new as the run, until Ctrl-C
    #[arg(long, conflicts_with = "output")]
    pub(crate) watch: bool,
    /// The port to serve on; 0 for one that is free
    #[arg(long, value_name = "PORT", default_value_t = 0, requires = "watch")]
    pub(crate) port: u16,
}

pub(crate) fn run(args: &ReportArgs) -> Result<(), Error> {
    if args.watch {
        // An unreadable folder is reported before serving begins.
        Subject::read(&args.runs)?;
        return serve(args.port, REFRESH_SECONDS, || answer(&args.runs));
    }
    let output = args.output.as_deref().map(|path| destination(path, &args.runs)).transpose()?;
    let subject = Subject::read(&args.runs)?;
    subject.say_damage();
    if args.terminal {
        return match &subject {
            Subject::Runs(runs) => runs.iter().try_for_each(|run| output::block(&terminal(run))),
            Subject::Sweep(sweep) => output::block(&sweep_terminal(sweep)),
        };
    }
    let output = output.map_or_else(|| Output::new(&default_output(&args.runs)), Ok)?;
    let html = subject.page(PageOptions::default())?;
    output.write_with(|out| {
        let failed = |source| Error::Io { action: "write", path: output.path().to_owned(), source };
        out.write_all(html.as_bytes()).map_err(failed)
    })?;
    output::line(&output.path().display().to_string())
}

/// The output that the user named, which must not be one of the files that are read.
fn destination(path: &Path, runs: &[PathBuf]) -> Result<Output, Error> {
    let output = Output::new(path)?;
    reads::of_report(runs).iter().try_for_each(|file| output.differs_from(file))?;
    Ok(output)
}

/// Writes the page of a run, or of a sweep, into its folder.
pub(crate) fn write_own(folder: &Path) -> Result<PathBuf, Error> {
    let paths = [folder.to_owned()];
    let path = default_output(&paths);
    let html = Subject::read(&paths)?.page(PageOptions::default())?;
    embert_files::write(&path, html.as_bytes())?;
    Ok(path)
}

fn default_output(runs: &[PathBuf]) -> PathBuf {
    match runs {
        [run] => run.join(RunFiles::REPORT),
        // If `a` is a link, `a/..` is another folder than the one with `a` in it; and `a` alone has no
        // parent.
        runs => runs.first().and_then(|run| run.parent()).unwrap_or(Path::new("")).join(RunFiles::REPORT),
    }
}

/// The answer with the page of the files as they are now.
fn answer(runs: &[PathBuf]) -> Answer {
    let html = Subject::read(runs).and_then(|subject| {
        // The page of ended runs stays as it is.
        let refresh_seconds = (!subject.has_ended()).then_some(REFRESH_SECONDS);
        Ok(subject.page(PageOptions { refresh_seconds })?)
    });
    match html {
        Ok(html) => Answer::page(html),
        // A file that is being replaced exists again in a moment.
        Err(error) => Answer::unavailable(&error.to_string()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_lies_in_its_run_or_beside_several() {
        let output = |runs: &[&str]| default_output(&runs.iter().map(PathBuf::from).collect::<Vec<_>>());
        assert_eq!(output(&["runs/a"]), Path::new("runs/a/report.html"));
        assert_eq!(output(&["runs/a", "runs/b"]), Path::new("runs/report.html"));
        assert_eq!(output(&["a", "b"]), Path::new("report.html"));
    }

    /// `<meta http-equiv="refresh">` while the run goes on, none once it has ended.
    #[test]
    fn the_page_is_renewed_until_the_run_ends() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("config.toml"), "epochs = 1\n").unwrap();
        let runs = [folder.path().to_owned()];
        let html = || answer(&runs).body;
        assert!(html().contains("http-equiv=\"refresh\""));
        let end = "{\"event\":\"end\",\"step\":1,\"metric\":\"loss\",\"seconds\":1.0}\n";
        std::fs::write(folder.path().join("metrics.jsonl"), end).unwrap();
        assert!(!html().contains("http-equiv=\"refresh\""));
        std::fs::remove_file(folder.path().join("config.toml")).unwrap();
        assert_eq!(answer(&runs).status, 503);
    }

    /// A sweep goes on while a run is missing.
    #[test]
    fn a_sweep_is_renewed_until_its_last_run_has_ended() {
        let folder = tempfile::tempdir().unwrap();
        let sweep = |status: &str| {
            let text = format!(
                r#"{{"name": "s", "metric": "loss", "better": "lower", "split": "validation", "keys": [], "seeds": [0],
                    "points": [{{"point": "point-01", "settings": {{}}, "runs": [{{"run": "runs/a", "seed": 0, "status": "{status}"}}]}}]}}"#
            );
            std::fs::write(folder.path().join("sweep.json"), text).unwrap();
            Subject::read(&[folder.path().to_owned()]).unwrap()
        };
        assert!(!sweep("missing").has_ended());
        assert!(sweep("failed").has_ended());
        let path = write_own(folder.path()).unwrap();
        assert_eq!(path, folder.path().join("report.html"));
        assert!(std::fs::read_to_string(path).unwrap().contains("No run has a result yet."));
        let both = [folder.path().to_owned(), folder.path().to_owned()];
        assert!(matches!(Subject::read(&both), Err(Error::SweepAmongRuns { .. })));
    }
}
