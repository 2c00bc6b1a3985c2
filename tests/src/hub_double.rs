//! A stand-in for the hub: serves repositories from memory the way the hub does, and misbehaves on demand.
//!
//! ```
//! use embert_tests::hub_double::{Fault, HubDouble, Repository};
//!
//! let hub = HubDouble::start([Repository::model("owner/name").file("config.json", "{}")]);
//! hub.set_fault(Fault::EveryNth { n: 3, status: 500 });
//! println!("HF_ENDPOINT={}", hub.endpoint());
//! ```
//!
//! As on the hub, a large kind of file (weights, Parquet) is answered with a redirect to a store under
//! another origin, and only the redirect carries its SHA-256; other files come from the hub itself, with
//! their git blob id. The HTTP is laid out by hand: a server that frames answers properly cannot cut one off.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::io::{self, Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::Duration;

use serde_json::json;
use sha1::Sha1;
use sha2::{Digest, Sha256};

/// Kinds of files that the hub keeps in its store.
const LARGE: [&str; 4] = [".safetensors", ".parquet", ".bin", ".onnx"];
/// The commit of a repository's `main`.
pub const COMMIT: &str = "0123456789abcdef0123456789abcdef01234567";
/// The commit of a repository's first other revision; the commit of the next one ends in 2.
pub const OTHER_COMMIT: &str = "0000000000000000000000000000000000000001";

/// A fault of the double. Faults of contents concern large kinds of files only.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// No fault.
    None,
    /// The connection is broken off half-way, the first `times` times for each file.
    Cut {
        /// The number of times.
        times: usize,
    },
    /// One byte in the middle of the file is flipped, the first `times` times that it is sent.
    Corrupt {
        /// The number of times.
        times: usize,
    },
    /// Half of the requested bytes are sent, then nothing more.
    Stall,
    /// Every request is accepted and never answered.
    Silence,
    /// Every `n`-th request is answered with `status`.
    EveryNth {
        /// The period; 1 is every request.
        n: usize,
        /// The HTTP status, such as 500.
        status: u16,
    },
    /// Every request is answered with `status` and this `X-Error-Code`.
    Refuse {
        /// The HTTP status, such as 401 or 403.
        status: u16,
        /// The error code, such as `GatedRepo`.
        code: &'static str,
    },
    /// Every request is answered with `status` and the reason in a body of JSON, as some proxies do.
    Explain {
        /// The HTTP status, such as 403.
        status: u16,
        /// The reason.
        reason: &'static str,
    },
    /// Bodies are sent in eight pieces with `pause` between them.
    Trickle {
        /// The pause.
        pause: Duration,
    },
    /// `Range` is ignored, as some proxies do.
    NoRange,
}

/// A repository and its files.
#[derive(Clone, Debug)]
pub struct Repository {
    kind: &'static str,
    id: String,
    alias: Option<String>,
    revisions: Vec<Revision>,
}

/// A branch and its one commit; the first is `main`.
#[derive(Clone, Debug)]
struct Revision {
    name: String,
    commit: String,
    files: BTreeMap<String, Vec<u8>>,
}

impl Repository {
    /// A model's repository, `name` or `owner/name`.
    pub fn model(id: &str) -> Self {
        let main = Revision { name: "main".to_owned(), commit: COMMIT.to_owned(), files: BTreeMap::new() };
        Self { kind: "models", id: id.to_owned(), alias: None, revisions: vec![main] }
    }

    /// A data set's repository.
    pub fn dataset(id: &str) -> Self {
        Self { kind: "datasets", ..Self::model(id) }
    }

    /// Adds an older name, which the hub redirects from.
    #[must_use]
    pub fn alias(mut self, alias: &str) -> Self {
        self.alias = Some(alias.to_owned());
        self
    }

    /// Adds a file to the last revision, `main` where there is no other.
    #[must_use]
    pub fn file(mut self, name: &str, content: impl Into<Vec<u8>>) -> Self {
        if let Some(revision) = self.revisions.last_mut() {
            revision.files.insert(name.to_owned(), content.into());
        }
        self
    }

    /// Adds a revision without files, such as `refs/convert/parquet`.
    #[must_use]
    pub fn revision(mut self, name: &str) -> Self {
        let commit = format!("{:040}", self.revisions.len());
        self.revisions.push(Revision { name: name.to_owned(), commit, files: BTreeMap::new() });
        self
    }

    /// The revision with this name or commit.
    fn at(&self, revision: &str) -> Option<&Revision> {
        self.revisions.iter().find(|known| known.name == revision || known.commit == revision)
    }
}

/// A request that the double has seen.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Seen {
    /// `GET` or `HEAD`.
    pub method: String,
    /// The path and query, from the first slash on.
    pub path: String,
    /// The `Range` header.
    pub range: Option<String>,
    /// The `Authorization` header.
    pub authorization: Option<String>,
    /// Whether the request came to the store instead of the hub.
    pub at_store: bool,
}

#[derive(Debug)]
struct State {
    repositories: Vec<Repository>,
    fault: Fault,
    seen: Vec<Seen>,
    /// The number of times that each path's content was sent.
    sent: BTreeMap<String, usize>,
    store: String,
}

/// The running double. It stops when dropped.
#[derive(Debug)]
pub struct HubDouble {
    endpoint: String,
    state: Arc<Mutex<State>>,
    stop: Arc<AtomicBool>,
}

impl HubDouble {
    /// Serves the repositories at a free port of this machine.
    ///
    /// # Panics
    /// No port is free.
    #[allow(clippy::expect_used)]
    pub fn start(repositories: impl IntoIterator<Item = Repository>) -> Self {
        let hub = TcpListener::bind("127.0.0.1:0").expect("a free port");
        let store = TcpListener::bind("127.0.0.1:0").expect("a free port");
        let address =
            |listener: &TcpListener| format!("http://{}", listener.local_addr().expect("an address"));
        let endpoint = address(&hub);
        let state = State {
            repositories: repositories.into_iter().collect(),
            fault: Fault::None,
            seen: Vec::new(),
            sent: BTreeMap::new(),
            store: address(&store),
        };
        let state = Arc::new(Mutex::new(state));
        let stop = Arc::new(AtomicBool::new(false));
        for (listener, at_store) in [(hub, false), (store, true)] {
            let (state, stop) = (Arc::clone(&state), Arc::clone(&stop));
            listener.set_nonblocking(true).expect("a listener that can be stopped");
            thread::spawn(move || accept(&listener, at_store, &state, &stop));
        }
        Self { endpoint, state, stop }
    }

    /// The double's address, for `HF_ENDPOINT`.
    pub fn endpoint(&self) -> &str {
        &self.endpoint
    }

    /// Sets the fault from now on; counts of earlier faults begin anew.
    pub fn set_fault(&self, fault: Fault) {
        let mut state = lock(&self.state);
        state.fault = fault;
        state.sent.clear();
    }

    /// All requests so far, or since [`HubDouble::forget`].
    pub fn seen(&self) -> Vec<Seen> {
        lock(&self.state).seen.clone()
    }

    /// Forgets the requests so far.
    pub fn forget(&self) {
        lock(&self.state).seen.clear();
    }
}

impl Drop for HubDouble {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Relaxed);
    }
}

fn lock(state: &Mutex<State>) -> MutexGuard<'_, State> {
    state.lock().unwrap_or_else(PoisonError::into_inner)
}

fn accept(listener: &TcpListener, at_store: bool, state: &Arc<Mutex<State>>, stop: &Arc<AtomicBool>) {
    while !stop.load(Ordering::Relaxed) {
        if let Ok((stream, _)) = listener.accept() {
            let (state, stop) = (Arc::clone(state), Arc::clone(stop));
            // A client that goes away is no error of the double's.
            thread::spawn(move || {
                stream.set_nonblocking(false).and_then(|()| serve(stream, at_store, &state, &stop))
            });
        } else {
            thread::sleep(Duration::from_millis(2));
        }
    }
}

/// Serves one request; each has a connection of its own.
fn serve(mut stream: TcpStream, at_store: bool, state: &Mutex<State>, stop: &AtomicBool) -> io::Result<()> {
    let seen = read_request(&mut stream, at_store)?;
    let (fault, number) = {
        let mut state = lock(state);
        state.seen.push(seen.clone());
        (state.fault, state.seen.len())
    };
    let answer = match fault {
        Fault::Silence => {
            hold(stop);
            return Ok(());
        }
        Fault::EveryNth { n, status } if number % n == 0 => {
            Answer::new(status).header("X-Error-Message", "fault injected")
        }
        Fault::Refuse { status, code } => Answer::new(status).header("X-Error-Code", code),
        Fault::Explain { status, reason } => {
            let mut answer = Answer::new(status);
            answer.body = json!({ "error": reason }).to_string().into_bytes();
            answer
        }
        _ => answer(&mut lock(state), &seen),
    };
    let body = if seen.method == "HEAD" { &[][..] } else { &answer.body };
    stream.write_all(answer.head().as_bytes())?;
    let end = if answer.broken { body.len() / 2 } else { body.len() };
    match fault {
        Fault::Trickle { pause } => {
            for piece in body[..end].chunks(end.div_ceil(8).max(1)) {
                thread::sleep(pause);
                stream.write_all(piece)?;
                stream.flush()?;
            }
        }
        _ => stream.write_all(&body[..end])?,
    }
    stream.flush()?;
    if answer.broken && fault == Fault::Stall && !body.is_empty() {
        hold(stop);
    }
    stream.shutdown(Shutdown::Both)
}

/// Keeps a connection open and silent.
fn hold(stop: &AtomicBool) {
    while !stop.load(Ordering::Relaxed) {
        thread::sleep(Duration::from_millis(10));
    }
}

fn read_request(stream: &mut TcpStream, at_store: bool) -> io::Result<Seen> {
    let mut bytes = Vec::new();
    let mut buffer = [0; 4096];
    loop {
        let count = stream.read(&mut buffer)?;
        bytes.extend_from_slice(&buffer[..count]);
        let mut headers = [httparse::EMPTY_HEADER; 32];
        let mut request = httparse::Request::new(&mut headers);
        let complete = request.parse(&bytes).map_err(io::Error::other)?.is_complete();
        if complete {
            let header = |name: &str| {
                let header = request.headers.iter().find(|header| header.name.eq_ignore_ascii_case(name))?;
                Some(String::from_utf8_lossy(header.value).into_owned())
            };
            return Ok(Seen {
                method: request.method.unwrap_or_default().to_owned(),
                path: request.path.unwrap_or_default().to_owned(),
                range: header("range"),
                authorization: header("authorization"),
                at_store,
            });
        }
        if count == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
    }
}

struct Answer {
    status: u16,
    headers: Vec<(&'static str, String)>,
    body: Vec<u8>,
    /// Whether the body is cut off half-way.
    broken: bool,
}

impl Answer {
    fn new(status: u16) -> Self {
        Self { status, headers: Vec::new(), body: Vec::new(), broken: false }
    }

    fn missing(code: &str) -> Self {
        Self::new(404).header("X-Error-Code", code)
    }

    fn redirect(status: u16, to: &str) -> Self {
        Self::new(status).header("Location", to)
    }

    fn header(mut self, name: &'static str, value: &str) -> Self {
        self.headers.push((name, value.to_owned()));
        self
    }

    fn head(&self) -> String {
        let mut head = format!(
            "HTTP/1.1 {} -\r\nConnection: close\r\nContent-Length: {}\r\n",
            self.status,
            self.body.len()
        );
        for (name, value) in &self.headers {
            // Writing to a string cannot fail.
            let _ = write!(head, "{name}: {value}\r\n");
        }
        head + "\r\n"
    }
}

fn answer(state: &mut State, seen: &Seen) -> Answer {
    let path = seen.path.split('?').next().unwrap_or_default().trim_start_matches('/');
    if let Some(path) = path.strip_prefix("api/") {
        let (kind, rest) = path.split_once('/').unwrap_or_default();
        let (id, revision) = rest.split_once("/revision/").unwrap_or((rest, "main"));
        let Some(repository) = find(&state.repositories, kind, id) else {
            return Answer::missing("RepoNotFound");
        };
        if repository.id != id {
            return Answer::redirect(307, &format!("/api/{kind}/{}/revision/{revision}", repository.id));
        }
        // The hub requires a revision as one part of the path.
        let Some(revision) = repository.at(&revision.replace("%2F", "/")).filter(|_| !revision.contains('/'))
        else {
            return Answer::missing("RevisionNotFound");
        };
        let files: Vec<_> = revision.files.keys().map(|name| json!({ "rfilename": name })).collect();
        let info = json!({
            "_id": "0", "id": repository.id, "sha": revision.commit, "siblings": files, "gated": false
        });
        let mut answer = Answer::new(200).header("Content-Type", "application/json");
        answer.body = info.to_string().into_bytes();
        return answer;
    }

    let (kind, path) = path.strip_prefix("datasets/").map_or(("models", path), |rest| ("datasets", rest));
    let Some((id, rest)) = path.split_once("/resolve/") else { return Answer::missing("RepoNotFound") };
    let (revision, file) = rest.split_once('/').unwrap_or_default();
    let Some(repository) = find(&state.repositories, kind, id) else {
        return Answer::missing("RepoNotFound");
    };
    if repository.id != id {
        let prefix = if kind == "datasets" { "/datasets" } else { "" };
        return Answer::redirect(307, &format!("{prefix}/{}/resolve/{rest}", repository.id));
    }
    let Some(revision) = repository.at(&revision.replace("%2F", "/")) else {
        return Answer::missing("RevisionNotFound");
    };
    let Some(content) = revision.files.get(file) else { return Answer::missing("EntryNotFound") };
    let commit = revision.commit.as_str();
    let large = LARGE.iter().any(|end| file.ends_with(end));
    if large && !seen.at_store {
        return Answer::redirect(302, &format!("{}{}", state.store, seen.path))
            .header("X-Repo-Commit", commit)
            .header("X-Linked-Etag", &format!("\"{}\"", hex(&Sha256::digest(content))))
            .header("X-Linked-Size", &content.len().to_string());
    }
    let mut body = content.clone();
    let mut answer = Answer::new(200);
    if large {
        answer = answer.header("ETag", "\"the-stores-own\"");
        if seen.method == "GET" {
            let sent = state.sent.entry(seen.path.clone()).or_default();
            *sent += 1;
            answer.broken =
                state.fault == Fault::Stall || matches!(state.fault, Fault::Cut { times } if *sent <= times);
            if matches!(state.fault, Fault::Corrupt { times } if *sent <= times) {
                let middle = body.len() / 2;
                body[middle] ^= 0x01;
            }
        }
    } else {
        let mut blob = Sha1::new_with_prefix(format!("blob {}\0", body.len()));
        blob.update(&body);
        answer =
            answer.header("X-Repo-Commit", commit).header("ETag", &format!("\"{}\"", hex(&blob.finalize())));
    }
    if let Some(start) = seen.range.as_deref().and_then(range_start)
        && state.fault != Fault::NoRange
    {
        if start >= body.len() {
            answer.status = 416;
            return answer;
        }
        answer.status = 206;
        answer = answer.header("Content-Range", &format!("bytes {start}-{}/{}", body.len() - 1, body.len()));
        body.drain(..start);
    }
    answer.body = body;
    answer
}

fn find<'a>(repositories: &'a [Repository], kind: &str, id: &str) -> Option<&'a Repository> {
    repositories.iter().find(|r| r.kind == kind && (r.id == id || r.alias.as_deref() == Some(id)))
}

fn range_start(range: &str) -> Option<usize> {
    range.strip_prefix("bytes=")?.split_once('-')?.0.parse().ok()
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}
