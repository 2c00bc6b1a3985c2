//! `report`: a page about runs or a sweep, in a file, on the terminal, or served while they go on.

use std::path::{Path, PathBuf};

use embert_report::{PageOptions, ReportError, Run, Sweep, page, sweep_page, sweep_terminal, terminal};
use tiny_http::{Header, Method, Response, Server};

use crate::cli::ReportArgs;
use crate::error::Error;
use crate::output;

/// How often a served page is fetched again.
const REFRESH_SECONDS: u32 = 5;

/// What a report is about.
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

    fn page(&self, options: PageOptions) -> Result<String, ReportError> {
        match self {
            Self::Runs(runs) => page(runs, &options),
            Self::Sweep(sweep) => sweep_page(sweep, &options),
        }
    }

    /// Whether nothing in it changes any more.
    fn has_ended(&self) -> bool {
        match self {
            Self::Runs(runs) => runs.iter().all(Run::has_ended),
            Self::Sweep(sweep) => sweep.has_ended(),
        }
    }
}

pub(crate) fn run(args: &ReportArgs) -> Result<(), Error> {
    if args.watch {
        return serve(&args.runs, args.port);
    }
    let subject = Subject::read(&args.runs)?;
    if args.terminal {
        return match &subject {
            Subject::Runs(runs) => runs.iter().try_for_each(|run| output::line(&terminal(run))),
            Subject::Sweep(sweep) => output::line(&sweep_terminal(sweep)),
        };
    }
    let path = args.output.clone().unwrap_or_else(|| default_output(&args.runs));
    write(&subject, &path)?;
    output::line(&path.display().to_string())
}

fn write(subject: &Subject, path: &Path) -> Result<(), Error> {
    let html = subject.page(PageOptions::default())?;
    output::file(path, |out| {
        out.write_all(html.as_bytes()).map_err(|source| Error::Io {
            action: "write",
            path: path.to_owned(),
            source,
        })
    })
}

/// Writes the page of a run, or of a sweep, into its folder.
pub(crate) fn write_own(folder: &Path) -> Result<PathBuf, Error> {
    let paths = [folder.to_owned()];
    let path = default_output(&paths);
    write(&Subject::read(&paths)?, &path)?;
    Ok(path)
}

fn default_output(runs: &[PathBuf]) -> PathBuf {
    const NAME: &str = "report.html";
    match runs {
        [run] => run.join(NAME),
        // `a/..` would be another folder than the one that holds `a` where `a` is a link, and `a` alone has no parent.
        runs => runs.first().and_then(|run| run.parent()).unwrap_or(Path::new("")).join(NAME),
    }
}

/// Answers with the page as it is at that moment, on the loopback address alone: the texts in it are nobody else's business.
fn serve(runs: &[PathBuf], port: u16) -> Result<(), Error> {
    // What can't be read at all is better said now.
    Subject::read(runs)?;
    let server = Server::http(("127.0.0.1", port)).map_err(|source| Error::Serve { port, source })?;
    if let Some(address) = server.server_addr().to_ip() {
        output::line(&format!("http://{address}/"))?;
    }
    eprintln!("serves the report, renewed every {REFRESH_SECONDS} seconds; stop with Ctrl-C");
    for request in server.incoming_requests() {
        let response = answer(runs, request.method(), request.url());
        // A reader that went away is no reason to stop.
        if let Err(error) = request.respond(response) {
            tracing::debug!("a reader went away: {error}");
        }
    }
    Ok(())
}

fn answer(runs: &[PathBuf], method: &Method, url: &str) -> Response<std::io::Cursor<Vec<u8>>> {
    if *method != Method::Get && *method != Method::Head || url.split('?').next() != Some("/") {
        return Response::from_string("not here\n").with_status_code(404);
    }
    let html = Subject::read(runs).and_then(|subject| {
        // What has ended stays as it is.
        let refresh_seconds = (!subject.has_ended()).then_some(REFRESH_SECONDS);
        Ok(subject.page(PageOptions { refresh_seconds })?)
    });
    let headers = ["Content-Type: text/html; charset=utf-8", "Cache-Control: no-store"];
    let headers = headers.iter().filter_map(|header| header.parse::<Header>().ok());
    match html {
        Ok(html) => headers.fold(Response::from_string(html), Response::with_header),
        // A file that is being replaced is there again in a moment.
        Err(error) => Response::from_string(format!("{error}\n")).with_status_code(503),
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

    #[test]
    fn only_the_page_is_served() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("config.toml"), "epochs = 1\n").unwrap();
        let runs = [folder.path().to_owned()];
        let status = |method: &Method, url: &str| answer(&runs, method, url).status_code().0;
        assert_eq!(status(&Method::Get, "/"), 200);
        assert_eq!(status(&Method::Get, "/config.toml"), 404);
        assert_eq!(status(&Method::Get, "/../../etc/passwd"), 404);
        assert_eq!(status(&Method::Post, "/"), 404);
        std::fs::remove_file(folder.path().join("config.toml")).unwrap();
        assert_eq!(status(&Method::Get, "/"), 503);
    }

    /// `<meta http-equiv="refresh">` while the run goes on, none once it has ended.
    #[test]
    fn the_page_is_renewed_until_the_run_ends() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("config.toml"), "epochs = 1\n").unwrap();
        let runs = [folder.path().to_owned()];
        let html = || {
            let mut text = String::new();
            let mut body = answer(&runs, &Method::Get, "/").into_reader();
            std::io::Read::read_to_string(&mut body, &mut text).unwrap();
            text
        };
        assert!(html().contains("http-equiv=\"refresh\""));
        let end = "{\"event\":\"end\",\"step\":1,\"metric\":\"loss\",\"seconds\":1.0}\n";
        std::fs::write(folder.path().join("metrics.jsonl"), end).unwrap();
        assert!(!html().contains("http-equiv=\"refresh\""));
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
