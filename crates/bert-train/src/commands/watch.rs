//! `report --watch`: the page over HTTP, for browsers on this machine alone.
//!
//! The texts in a page are private. A page of any site may make the browser ask 127.0.0.1, and through a
//! domain that resolves to 127.0.0.1 (DNS rebinding) the site could read the answer, so a request must name
//! this server in its `Host`. A connection serves one request and is closed. Each connection has a thread and
//! a deadline, so that none keeps others waiting.

use std::io::{self, Read, Write};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use crate::error::Error;
use crate::output::{self, say};

/// The most bytes of a request's head: browsers send some hundreds.
const MOST_BYTES: usize = 16 << 10;
/// The most fields of a request's head.
const MOST_FIELDS: usize = 64;
/// The time limit for a request.
const REQUEST_DEADLINE: Duration = Duration::from_secs(10);
/// The time limit for sending a page.
const ANSWER_DEADLINE: Duration = Duration::from_mins(1);
/// The most connections at a time; a browser opens six.
const MOST_CONNECTIONS: usize = 32;

/// The fields of every answer: the page needs only its own style, and no other site may frame or read it.
const FIELDS: &str = "Cache-Control: no-store\r\n\
    Content-Security-Policy: default-src 'none'; style-src 'unsafe-inline'; img-src data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'\r\n\
    Cross-Origin-Resource-Policy: same-origin\r\n\
    Referrer-Policy: no-referrer\r\n\
    X-Content-Type-Options: nosniff\r\n\
    Connection: close\r\n";

/// The answer to a request.
pub(super) struct Answer {
    pub(super) status: u16,
    reason: &'static str,
    content_type: &'static str,
    pub(super) body: String,
}

impl Answer {
    pub(super) fn page(html: String) -> Self {
        Self { status: 200, reason: "OK", content_type: "text/html; charset=utf-8", body: html }
    }

    /// An answer with a line of text instead of the page.
    fn refusal(status: u16, reason: &'static str, body: &str) -> Self {
        Self { status, reason, content_type: "text/plain; charset=utf-8", body: format!("{body}\n") }
    }

    /// The answer while the page can't be made.
    pub(super) fn unavailable(error: &str) -> Self {
        Self::refusal(503, "Service Unavailable", error)
    }
}

/// Serves the result of `page` on the loopback address until the program is stopped. Only one call of `page`
/// runs at a time.
pub(super) fn serve(port: u16, renewed: u32, page: impl Fn() -> Answer + Send) -> Result<(), Error> {
    let failed = |source: io::Error| Error::Serve { port, source: source.into() };
    let listener = TcpListener::bind(("127.0.0.1", port)).map_err(failed)?;
    let address = listener.local_addr().map_err(failed)?;
    output::line(&format!("http://{address}/"))?;
    say!("serves the report, renewed every {renewed} seconds; stop with Ctrl-C");
    let page = Mutex::new(page);
    let open = AtomicUsize::new(0);
    std::thread::scope(|scope| {
        for stream in listener.incoming() {
            let stream = match stream {
                Ok(stream) => stream,
                Err(error) => {
                    // For example, no descriptor is free: in a moment there may be one.
                    tracing::debug!("a connection failed: {error}");
                    std::thread::sleep(Duration::from_millis(100));
                    continue;
                }
            };
            if open.fetch_add(1, Ordering::Relaxed) >= MOST_CONNECTIONS {
                open.fetch_sub(1, Ordering::Relaxed);
                continue;
            }
            let (page, open) = (&page, &open);
            scope.spawn(move || {
                let make = || page.lock().unwrap_or_else(PoisonError::into_inner)();
                // A closed connection is no reason to stop.
                if let Err(error) = converse(&stream, address, make) {
                    tracing::debug!("a reader went away: {error}");
                }
                open.fetch_sub(1, Ordering::Relaxed);
            });
        }
    });
    Ok(())
}

/// Reads a request and answers it.
fn converse(stream: &TcpStream, address: SocketAddr, page: impl FnOnce() -> Answer) -> io::Result<()> {
    let (answer, is_head) = request(stream, address.port(), page)?;
    let head = format!(
        "HTTP/1.1 {} {}\r\nContent-Type: {}\r\nContent-Length: {}\r\n{}{FIELDS}\r\n",
        answer.status,
        answer.reason,
        answer.content_type,
        answer.body.len(),
        if answer.status == 405 { "Allow: GET, HEAD\r\n" } else { "" },
    );
    let until = Instant::now() + ANSWER_DEADLINE;
    write_until(stream, head.as_bytes(), until)?;
    if !is_head {
        write_until(stream, answer.body.as_bytes(), until)?;
    }
    stream.shutdown(Shutdown::Write)?;
    // Unread bytes of a refused request would make the system reset the connection before the answer is read.
    let (mut rest, mut left) = ([0; 4096], 64_usize << 10);
    stream.set_read_timeout(Some(Duration::from_secs(1)))?;
    while left > 0 {
        match (&*stream).read(&mut rest) {
            Ok(0) | Err(_) => break,
            Ok(read) => left = left.saturating_sub(read),
        }
    }
    Ok(())
}

/// The answer to a request, and whether only its head is requested.
fn request(stream: &TcpStream, port: u16, page: impl FnOnce() -> Answer) -> io::Result<(Answer, bool)> {
    let until = Instant::now() + REQUEST_DEADLINE;
    let mut bytes = Vec::new();
    loop {
        let mut part = [0; 4096];
        stream.set_read_timeout(Some(time_left(until)?))?;
        let read = (&*stream).read(&mut part)?;
        if read == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        bytes.extend_from_slice(&part[..read]);
        let mut fields = [httparse::EMPTY_HEADER; MOST_FIELDS];
        let mut request = httparse::Request::new(&mut fields);
        match request.parse(&bytes) {
            Ok(httparse::Status::Complete(_)) => {
                let answer = refused(&request, port).unwrap_or_else(page);
                return Ok((answer, request.method == Some("HEAD")));
            }
            Ok(httparse::Status::Partial) if bytes.len() < MOST_BYTES => {}
            Ok(httparse::Status::Partial) | Err(httparse::Error::TooManyHeaders) => {
                let why = "the request's head is too large";
                return Ok((Answer::refusal(431, "Request Header Fields Too Large", why), false));
            }
            Err(_) => return Ok((Answer::refusal(400, "Bad Request", "this is not HTTP"), false)),
        }
    }
}

/// The refusal of a request; `None` if the request gets the page.
fn refused(request: &httparse::Request<'_, '_>, port: u16) -> Option<Answer> {
    let mut hosts = request.headers.iter().filter(|field| field.name.eq_ignore_ascii_case("host"));
    let (Some(host), None) = (hosts.next(), hosts.next()) else {
        return Some(Answer::refusal(400, "Bad Request", "a request names one Host"));
    };
    let is_ours = std::str::from_utf8(host.value).is_ok_and(|host| is_own_name(host, port));
    if !is_ours {
        let why = format!("this server answers http://localhost:{port}/ alone");
        return Some(Answer::refusal(421, "Misdirected Request", &why));
    }
    if !matches!(request.method, Some("GET" | "HEAD")) {
        return Some(Answer::refusal(405, "Method Not Allowed", "this page can be read, no more"));
    }
    if request.path.is_none_or(|path| path.split('?').next() != Some("/")) {
        return Some(Answer::refusal(404, "Not Found", "not here: the page is /"));
    }
    None
}

/// Whether a `Host` is a name that a person on this machine uses for this server.
fn is_own_name(host: &str, port: u16) -> bool {
    let (name, named) = match host.rsplit_once(':') {
        Some((name, digits)) if !digits.ends_with(']') => (name, digits.parse().ok()),
        // A browser does not send HTTP's default port.
        _ => (host, Some(80)),
    };
    named == Some(port)
        && ["localhost", "127.0.0.1", "[::1]"].iter().any(|own| name.eq_ignore_ascii_case(own))
}

fn time_left(until: Instant) -> io::Result<Duration> {
    let left = until.saturating_duration_since(Instant::now());
    if left.is_zero() { Err(io::ErrorKind::TimedOut.into()) } else { Ok(left) }
}

/// `write_all` with a deadline, against a reader who takes a byte at a time.
fn write_until(mut stream: &TcpStream, bytes: &[u8], until: Instant) -> io::Result<()> {
    let mut rest = bytes;
    while !rest.is_empty() {
        stream.set_write_timeout(Some(time_left(until)?))?;
        match stream.write(rest) {
            Ok(0) => return Err(io::ErrorKind::WriteZero.into()),
            Ok(written) => rest = &rest[written..],
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_its_own_name_and_port_are_this_server() {
        for host in ["localhost:8765", "127.0.0.1:8765", "[::1]:8765", "LocalHost:8765"] {
            assert!(is_own_name(host, 8765), "{host}");
        }
        for host in [
            "evil.example:8765",
            "evil.example",
            "localhost",
            "localhost:8766",
            "localhost.evil.example:8765",
            "127.0.0.1.evil.example:8765",
            "127.0.0.1",
            "[::1]",
            "[::1",
            "::1:8765",
            "",
            ":8765",
            "localhost:8765:8765",
            "localhost:",
            "localhost:-1",
            "localhost :8765",
            "0.0.0.0:8765",
        ] {
            assert!(!is_own_name(host, 8765), "{host}");
        }
        assert!(is_own_name("localhost", 80) && is_own_name("[::1]", 80) && !is_own_name("localhost", 8080));
    }

    fn status(request: &str) -> u16 {
        let mut fields = [httparse::EMPTY_HEADER; MOST_FIELDS];
        let mut parsed = httparse::Request::new(&mut fields);
        assert!(parsed.parse(request.as_bytes()).unwrap().is_complete());
        refused(&parsed, 8765).map_or(200, |answer| answer.status)
    }

    #[test]
    fn only_the_page_is_served() {
        const HOST: &str = "Host: localhost:8765\r\n\r\n";
        for (line, expected) in [
            ("GET / HTTP/1.1", 200),
            ("HEAD /?x=1 HTTP/1.1", 200),
            ("POST / HTTP/1.1", 405),
            ("OPTIONS * HTTP/1.1", 405),
            ("GET /config.toml HTTP/1.1", 404),
            ("GET /../../etc/passwd HTTP/1.1", 404),
            ("GET //evil.example/ HTTP/1.1", 404),
            ("GET http://evil.example/ HTTP/1.1", 404),
        ] {
            assert_eq!(status(&format!("{line}\r\n{HOST}")), expected, "{line}");
        }
        assert_eq!(status("GET / HTTP/1.0\r\n\r\n"), 400);
        assert_eq!(status("GET / HTTP/1.1\r\nHost: localhost:8765\r\nHOST: evil.example\r\n\r\n"), 400);
        assert_eq!(status("GET / HTTP/1.1\r\nHost: evil.example:8765\r\n\r\n"), 421);
    }
}
