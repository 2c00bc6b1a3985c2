//! `report --watch` serves the page to browsers on this machine, and to nobody else.

use std::fmt::Write as _;
use std::fs;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpStream;
use std::path::Path;
use std::process::{Child, Stdio};
use std::time::{Duration, Instant};

use embert_tests::program::bert_train;

/// A server of a run's page, for as long as this value lives.
struct Server {
    child: Child,
    /// The address, `127.0.0.1:PORT`.
    address: String,
}

impl Server {
    fn of(run: &Path) -> Self {
        let mut child = bert_train()
            .arg("report")
            .arg(run)
            .arg("--watch")
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let mut said = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut said).unwrap();
        let address = said.trim().trim_start_matches("http://").trim_end_matches('/').to_owned();
        assert!(address.starts_with("127.0.0.1:"), "{said}");
        Self { child, address }
    }

    fn port(&self) -> &str {
        self.address.rsplit_once(':').unwrap().1
    }

    /// Sends these bytes and reads to the end.
    fn send(&self, bytes: &[u8]) -> String {
        let mut stream = TcpStream::connect(&self.address).unwrap();
        stream.set_read_timeout(Some(Duration::from_secs(30))).unwrap();
        stream.write_all(bytes).unwrap();
        let mut answer = Vec::new();
        stream.read_to_end(&mut answer).unwrap();
        String::from_utf8(answer).unwrap()
    }

    fn ask(&self, line: &str, host: &str) -> String {
        self.send(format!("{line} HTTP/1.1\r\n{host}\r\n\r\n").as_bytes())
    }

    fn page(&self) -> String {
        self.ask("GET /", &format!("Host: {}", self.address))
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // The server may have ended already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// A run that has only begun.
fn begun(folder: &Path) -> Server {
    fs::write(folder.join("config.toml"), "epochs = 1\nmodel = \"secret\"\n").unwrap();
    Server::of(folder)
}

#[test]
fn a_run_can_be_watched() {
    let run = tempfile::tempdir().unwrap();
    let server = begun(run.path());
    assert!(server.page().contains("Nothing has happened yet"));
    let mut log = String::new();
    for step in 1..=3 {
        writeln!(log, "{{\"event\":\"train_step\",\"step\":{step},\"epoch\":1,\"loss\":0.5,\"grad_norm\":1.0,\"learning_rate\":0.1,\"examples\":1,\"tokens\":1,\"seconds\":1.0}}").unwrap();
    }
    fs::write(run.path().join("metrics.jsonl"), log + "{\"event\":\"train_st").unwrap();
    let answer = server.page();
    assert!(answer.contains("3 steps done") && answer.contains("http-equiv=\"refresh\""), "{answer}");
}

#[test]
fn a_watched_run_is_shown_under_its_own_name_alone() {
    let run = tempfile::tempdir().unwrap();
    let server = begun(run.path());
    let port = server.port();
    for host in ["localhost", "127.0.0.1", "[::1]", "LOCALHOST"] {
        let answer = server.ask("GET /", &format!("Host: {host}:{port}"));
        assert!(answer.starts_with("HTTP/1.1 200 ") && answer.contains("secret"), "{host}: {answer}");
    }
    let refusals = [
        ("GET /", format!("Host: evil.example:{port}"), "421"),
        ("GET /", "Host: evil.example".to_owned(), "421"),
        ("GET /", "Host: localhost".to_owned(), "421"),
        ("GET /", format!("Host: localhost.evil.example:{port}"), "421"),
        ("GET /", "Accept: */*".to_owned(), "400"),
        ("GET /", format!("Host: localhost:{port}\r\nHost: evil.example"), "400"),
        ("POST /", format!("Host: localhost:{port}\r\nContent-Length: 2\r\n\r\nhi"), "405"),
        ("DELETE /", format!("Host: localhost:{port}"), "405"),
        ("GET /config.toml", format!("Host: localhost:{port}"), "404"),
        ("GET /../config.toml", format!("Host: localhost:{port}"), "404"),
        ("GET /%2e%2e/config.toml", format!("Host: localhost:{port}"), "404"),
        ("nonsense", String::new(), "400"),
    ];
    for (line, host, status) in refusals {
        let answer = server.ask(line, &host);
        assert!(answer.starts_with(&format!("HTTP/1.1 {status} ")), "{line} {host}: {answer}");
        assert!(!answer.contains("secret") && answer.contains("nosniff"), "{line} {host}: {answer}");
    }
}

#[test]
fn the_watched_page_may_load_and_be_framed_by_nothing() {
    let run = tempfile::tempdir().unwrap();
    let server = begun(run.path());
    let answer = server.page();
    let (head, body) = answer.split_once("\r\n\r\n").unwrap();
    for field in [
        "Content-Security-Policy: default-src 'none';",
        "frame-ancestors 'none'",
        "X-Content-Type-Options: nosniff",
        "Cross-Origin-Resource-Policy: same-origin",
        "Referrer-Policy: no-referrer",
        "Content-Type: text/html; charset=utf-8",
    ] {
        assert!(head.contains(field), "{field}: {head}");
    }
    assert!(head.contains(&format!("Content-Length: {}", body.len())), "{head}");
    let head_alone = server.ask("HEAD /", &format!("Host: {}", server.address));
    assert!(head_alone.starts_with("HTTP/1.1 200 ") && head_alone.ends_with("\r\n\r\n"), "{head_alone}");
}

/// Half a request, an endless head and a client that doesn't read keep no other client waiting.
#[test]
fn a_slow_or_endless_request_keeps_nobody_waiting() {
    let run = tempfile::tempdir().unwrap();
    let server = begun(run.path());
    let half: Vec<TcpStream> = (0..8)
        .map(|_| {
            let mut stream = TcpStream::connect(&server.address).unwrap();
            stream.write_all(b"GET / HT").unwrap();
            stream
        })
        .collect();
    let mut deaf = TcpStream::connect(&server.address).unwrap();
    write!(deaf, "GET / HTTP/1.1\r\nHost: {}\r\n\r\n", server.address).unwrap();
    let began = Instant::now();
    assert!(server.page().starts_with("HTTP/1.1 200 "));
    assert!(began.elapsed() < Duration::from_secs(5), "{:?}", began.elapsed());
    for head in [
        format!("GET / HTTP/1.1\r\nX: {}", "x".repeat(64 << 10)),
        format!("GET /{} HTTP/1.1\r\n", "x".repeat(20 << 10)),
        format!("GET / HTTP/1.1\r\n{}\r\n", "X: y\r\n".repeat(200)),
    ] {
        let answer = server.send(head.as_bytes());
        assert!(answer.starts_with("HTTP/1.1 431 "), "{answer}");
    }
    drop(half);
    assert!(server.page().starts_with("HTTP/1.1 200 "));
}
