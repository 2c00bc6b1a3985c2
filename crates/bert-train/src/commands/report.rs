//! `report`: a page about runs, in a file, on the terminal, or served while they go on.

use std::path::{Path, PathBuf};

use embert_report::{PageOptions, Run, page, terminal};
use tiny_http::{Header, Method, Response, Server};

use crate::cli::ReportArgs;
use crate::error::Error;
use crate::output;

/// How often a served page is fetched again.
const REFRESH_SECONDS: u32 = 5;

pub(crate) fn run(args: &ReportArgs) -> Result<(), Error> {
    if args.watch {
        return serve(&args.runs, args.port);
    }
    let runs = read(&args.runs)?;
    if args.terminal {
        return runs.iter().try_for_each(|run| output::line(&terminal(run)));
    }
    let path = args.output.clone().unwrap_or_else(|| default_output(&args.runs));
    write(&runs, &path)?;
    output::line(&path.display().to_string())
}

/// Writes the page of some runs.
pub(crate) fn write(runs: &[Run], path: &Path) -> Result<(), Error> {
    let html = page(runs, &PageOptions::default())?;
    output::file(path, |out| {
        out.write_all(html.as_bytes()).map_err(|source| Error::Io {
            action: "write",
            path: path.to_owned(),
            source,
        })
    })
}

/// Writes a run's own page.
pub(crate) fn write_own(run: &Path) -> Result<PathBuf, Error> {
    let path = default_output(&[run.to_owned()]);
    write(&[Run::read(run)?], &path)?;
    Ok(path)
}

fn read(paths: &[PathBuf]) -> Result<Vec<Run>, Error> {
    paths.iter().map(|path| Run::read(path).map_err(Error::from)).collect()
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
    read(runs)?;
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
    let html = read(runs).and_then(|runs| {
        // What has ended stays as it is.
        let refresh_seconds = runs.iter().any(|run| !run.has_ended()).then_some(REFRESH_SECONDS);
        Ok(page(&runs, &PageOptions { refresh_seconds })?)
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
}
