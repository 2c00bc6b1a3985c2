//! The output to the terminal: lines, tables and JSON on the standard output, messages on the standard error.
//!
//! Labels, texts, file names, settings and errors may contain control characters, so everything that the
//! program prints goes through this file: control characters are shown as Rust escapes, `\u{1b}`. JSON keeps
//! its value: on a terminal control characters are JSON escapes, `\u009b`; in a pipe or a file they are
//! unchanged.

use std::fmt::Display;
use std::io::{self, IsTerminal as _, Write};

use comfy_table::CellAlignment;
use comfy_table::presets::UTF8_BORDERS_ONLY;
pub(crate) use embert_report::{escaped, escaped_lines};
use embert_report::{excerpt, is_hidden, shortened};
use num_format::{Locale, ToFormattedString as _};
use serde::Serialize;
use serde_json::ser::Formatter;

use crate::error::Error;

/// The most characters of a table's cell, or of a name in a line.
const MOST_IN_CELL: usize = 120;

/// The most characters of a message: some thirty lines of a terminal.
const MOST_IN_MESSAGE: usize = 2400;

/// The command that starts this program, for messages that say what to type next: under `cargo run` the
/// program is not on the `PATH`.
pub(crate) fn program() -> &'static str {
    if std::env::var_os("CARGO").is_some() { "cargo run -p bert-train --" } else { "bert-train" }
}

/// A word of a command that is to be pasted into a shell, in quotes where it needs them.
pub(crate) fn argument(word: &impl Display) -> String {
    let word = word.to_string();
    if cfg!(windows) {
        return if word.contains(char::is_whitespace) { format!("\"{word}\"") } else { word };
    }
    match shlex::try_quote(&word) {
        Ok(quoted) => quoted.into_owned(),
        // A word with a NUL can't be an argument at all.
        Err(_) => word,
    }
}

/// Prints one line. A closed pipe is an error that the program takes for success.
pub(crate) fn line(text: &str) -> Result<(), Error> {
    print(&escaped(text))
}

/// Prints a text of several lines. Texts from outside must be one line each, as a table's cells are.
pub(crate) fn block(text: &str) -> Result<(), Error> {
    print(&escaped_lines(text))
}

fn print(text: &str) -> Result<(), Error> {
    writeln!(io::stdout().lock(), "{text}").map_err(|source| Error::Stdout { source })
}

/// Prints bytes unescaped.
pub(crate) fn bytes(bytes: &[u8]) -> Result<(), Error> {
    io::stdout().lock().write_all(bytes).map_err(|source| Error::Stdout { source })
}

/// Prints a value as one line of JSON.
pub(crate) fn json(value: &impl Serialize) -> Result<(), Error> {
    let mut out = io::stdout().lock();
    json_line(&mut out, value, io::stdout().is_terminal()).map_err(|source| Error::Stdout { source })
}

/// Writes a value as one line of JSON; with `for_terminal`, control characters are escaped, which keeps the
/// value.
pub(crate) fn json_line(out: &mut impl Write, value: &impl Serialize, for_terminal: bool) -> io::Result<()> {
    if for_terminal {
        value.serialize(&mut serde_json::Serializer::with_formatter(&mut *out, ForTerminal))?;
    } else {
        serde_json::to_writer(&mut *out, value)?;
    }
    out.write_all(b"\n")
}

/// Formats JSON in one line, with a `\u` escape for every hidden character. Serde itself escapes C0 alone.
struct ForTerminal;

impl Formatter for ForTerminal {
    fn write_string_fragment<W: Write + ?Sized>(&mut self, out: &mut W, fragment: &str) -> io::Result<()> {
        let mut rest = fragment;
        while let Some((at, hidden)) = rest.char_indices().find(|(_, character)| is_hidden(*character)) {
            out.write_all(&rest.as_bytes()[..at])?;
            for unit in hidden.encode_utf16(&mut [0; 2]) {
                write!(out, "\\u{unit:04x}")?;
            }
            rest = &rest[at + hidden.len_utf8()..];
        }
        out.write_all(rest.as_bytes())
    }
}

/// Prints a line on the standard error: [`say_line`] with the arguments of `format!`.
macro_rules! say {
    ($($argument:tt)*) => { $crate::output::say_line(&format!($($argument)*)) };
}
pub(crate) use say;

/// Prints a line on the standard error; a very long line is cut in its middle.
pub(crate) fn say_line(text: &str) {
    say_block(&escaped(&excerpt(text, MOST_IN_MESSAGE)));
}

/// Prints lines on the standard error. Texts from outside have gone through [`message`].
pub(crate) fn say_block(text: &str) {
    // A closed standard error can't be reported; `eprintln!` would panic.
    let _ = writeln!(io::stderr().lock(), "{}", escaped_lines(text));
}

/// A message from outside, with all lines but the first indented, so that no line can be taken for the
/// program's.
pub(crate) fn message(text: &impl Display) -> String {
    let text = text.to_string();
    excerpt(text.trim_end(), MOST_IN_MESSAGE).replace('\n', "\n    ")
}

/// Prints an error and its causes, each once, on the standard error.
pub(crate) fn error(error: &Error) {
    say_block(&told(error));
}

/// An error and its causes, a line each. A message may quote megabytes of a damaged file, so a long message
/// is cut in its middle.
fn told(error: &Error) -> String {
    let mut lines = vec![format!("error: {}", message(error))];
    let mut last = error.to_string();
    let mut cause = std::error::Error::source(error);
    while let Some(error) = cause {
        let text = error.to_string();
        // Transparent wrappers repeat their source's text.
        if text != last && !last.contains(&text) {
            lines.push(format!("  caused by: {}", message(&text)));
        }
        last = text;
        cause = error.source();
    }
    lines.join("\n")
}

/// A name from outside as part of a line: escaped, and cut if it is long.
pub(crate) fn name(text: &str) -> String {
    shortened(text, MOST_IN_CELL).into_owned()
}

/// Names from outside, separated by commas.
pub(crate) fn names<T: AsRef<str>>(texts: &[T]) -> String {
    texts.iter().map(|text| name(text.as_ref())).collect::<Vec<_>>().join(", ")
}

/// A table whose cells are one line each; long cells are cut.
pub(crate) struct Table(comfy_table::Table);

impl Table {
    pub(crate) fn new<T: AsRef<str>>(headings: &[T]) -> Self {
        let mut table = comfy_table::Table::new();
        table
            .load_preset(UTF8_BORDERS_ONLY)
            .set_header(headings.iter().map(|heading| name(heading.as_ref())));
        Self(table)
    }

    pub(crate) fn add_row<T: AsRef<str>>(&mut self, cells: impl IntoIterator<Item = T>) {
        self.0.add_row(cells.into_iter().map(|cell| name(cell.as_ref())));
    }

    /// Aligns every column but the first to the right, for numbers.
    pub(crate) fn numbers_right(&mut self) {
        for column in self.0.column_iter_mut().skip(1) {
            column.set_cell_alignment(CellAlignment::Right);
        }
    }

    pub(crate) fn print(&self) -> Result<(), Error> {
        block(&self.0.to_string())
    }
}

/// 22713216 as "22,713,216".
pub(crate) fn thousands(number: usize) -> String {
    number.to_formatted_string(&Locale::en)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A label that sets the terminal's title and colours, starts a new line and reverses the direction.
    const HOSTILE: &str = "x\u{1b}]0;owned\u{7}\nerror: \u{9b}31m\u{202e}\r\u{7f}";

    #[test]
    fn digits_are_grouped_from_the_right() {
        assert_eq!([0, 999, 1000, 22_713_216].map(thousands), ["0", "999", "1,000", "22,713,216"]);
    }

    #[cfg(unix)]
    #[test]
    fn an_argument_is_one_word_of_a_shell() {
        let words = ["runs/a-1/model", "my runs/a", "$HOME", "it's", ""];
        let quoted = words.map(|word| argument(&word));
        assert_eq!(quoted, ["runs/a-1/model", "'my runs/a'", "'$HOME'", "\"it's\"", "''"]);
    }

    #[test]
    fn a_cell_is_one_line_and_not_the_whole_file() {
        let mut table = Table::new(&["label", HOSTILE]);
        table.add_row([HOSTILE, &"long ".repeat(1 << 18)]);
        let drawn = table.0.to_string();
        assert_eq!(drawn.lines().count(), 5, "{drawn}");
        assert!(!drawn.contains(|character| is_hidden(character) && character != '\n'), "{drawn}");
        assert!(drawn.contains("\\u{1b}]0;owned\\u{7}\\nerror") && drawn.contains('…'), "{drawn}");
        assert!(drawn.lines().all(|line| line.chars().count() < 300), "{drawn}");
    }

    #[test]
    fn a_message_has_no_line_that_looks_like_ours() {
        assert_eq!(message(&"can't read\nerror: fake\u{1b}[2J\n"), "can't read\n    error: fake\\u{1b}[2J");
        assert!(message(&"\0".repeat(5 << 20)).chars().count() < 2500);
        assert_eq!(names(&["a", "b\n"]), "a, b\\n");
    }

    #[test]
    fn json_for_a_terminal_is_the_same_value() {
        let value = serde_json::json!({"label\u{9b}": [HOSTILE, "plain", "\u{e0001}", "naïve 日本"]});
        let [pipe, terminal] = [false, true].map(|for_terminal| {
            let mut out = Vec::new();
            json_line(&mut out, &value, for_terminal).unwrap();
            String::from_utf8(out).unwrap()
        });
        assert_eq!(pipe, format!("{value}\n"));
        assert!(!terminal.trim_end().contains(is_hidden) && terminal.contains("\\u009b"), "{terminal}");
        assert!(terminal.contains("\\udb40\\udc01") && terminal.contains("naïve 日本"), "{terminal}");
        assert_eq!(serde_json::from_str::<serde_json::Value>(&terminal).unwrap(), value);
    }

    #[test]
    fn an_error_is_short_and_nothing_in_it_is_obeyed() {
        let nuls = "\0".repeat(3 << 20);
        let source = std::io::Error::other(format!("found {nuls}\u{1b}[2J\nerror: all is well"));
        let error = Error::Io { action: "read", path: format!("a\n\u{9b}b{nuls}").into(), source };
        let told = told(&error);
        let lines: Vec<&str> = told.lines().collect();
        assert!(told.len() < 6000, "{}", told.len());
        assert!(!told.contains(|character: char| character.is_control() && character != '\n'), "{told}");
        assert!(
            lines[0].starts_with("error: can't read a") && lines[1].starts_with("    \\u{9b}b"),
            "{told}"
        );
        assert!(lines[2].starts_with("  caused by: found \\u{0}"), "{told}");
        assert_eq!(lines[3], "    error: all is well", "{told}");
    }
}
