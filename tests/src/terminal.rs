//! A pseudo-terminal for a program, and the text that a person would see on it.

use std::fs::File;
use std::io::Read as _;
use std::process::{Command, Stdio};

/// Runs a command to the end with the standard output on a terminal, and the standard error too where
/// `errors_too`. Returns the output, with the terminal's line ends.
///
/// # Panics
/// No terminal can be opened, the program can't be started, or the program fails.
pub fn on_a_terminal(command: &mut Command, errors_too: bool) -> String {
    let terminal = nix::pty::openpty(None, None).expect("a pseudo-terminal");
    let theirs = File::from(terminal.slave);
    if errors_too {
        command.stderr(theirs.try_clone().expect("a second descriptor"));
    } else {
        command.stderr(Stdio::null());
    }
    let mut child = command.stdout(theirs).spawn().expect("the program starts");
    // Our own copies would keep the terminal open.
    command.stdout(Stdio::null()).stderr(Stdio::null());
    let mut ours = File::from(terminal.master);
    let (mut said, mut part) = (Vec::new(), [0; 4096]);
    // Reading from a terminal to which nobody can write any more is an error.
    while let Ok(read @ 1..) = ours.read(&mut part) {
        said.extend_from_slice(&part[..read]);
    }
    let status = child.wait().expect("the program ends");
    let said = String::from_utf8(said).expect("text on the terminal");
    assert!(status.success(), "{command:?}: {status}\n{said}");
    said
}

/// A text without the codes that move the cursor and clear lines, as of a progress bar; colours, titles and
/// all else stay.
pub fn without_cursor_moves(text: &str) -> String {
    let mut parts = text.split("\u{1b}[");
    let mut out = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let end = part.find(|letter: char| !letter.is_ascii_digit() && letter != ';' && letter != '?');
        match end.map(|end| part.split_at(end)) {
            Some((_, rest)) if rest.starts_with(['A', 'B', 'C', 'D', 'G', 'J', 'K', 'h', 'l']) => {
                out.push_str(&rest[1..]);
            }
            _ => {
                out.push_str("\u{1b}[");
                out.push_str(part);
            }
        }
    }
    out.replace('\r', "")
}
