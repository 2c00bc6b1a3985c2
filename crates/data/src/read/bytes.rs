//! From a file's bytes to UTF-8: decompressed, then decoded.

use std::io::{self, BufRead, BufReader, Cursor, Read};
use std::path::Path;
use std::sync::Arc;

use encoding_rs::{Decoder, DecoderResult, Encoding, UTF_8, UTF_16BE, UTF_16LE};

use super::content::{foreign, page};
use super::options::{Format, ReadOptions};
use crate::error::DataError;
use crate::row_problem::RowProblem;

/// Number of bytes at the beginning of a file that tell its compression, encoding and format.
const HEAD: u64 = 64 << 10;

/// The byte that the decoder writes in place of bytes that are invalid in their encoding: UTF-8 never has
/// this byte.
const MALFORMED: u8 = 0xff;

/// A file after decompression.
pub(super) struct Unpacked {
    /// The first bytes after decompression.
    pub(super) head: Vec<u8>,
    rest: Box<dyn BufRead>,
    /// Whether the file was compressed.
    pub(super) compressed: bool,
}

impl Unpacked {
    /// Decompresses a file, if its first bytes are those of gzip or Zstandard, whatever its name says.
    pub(super) fn new(reader: impl BufRead + 'static, path: &Path) -> Result<Self, DataError> {
        let failed = |source| DataError::Read { path: path.to_owned(), source };
        let (head, reader) = peek(reader).map_err(failed)?;
        let reader = Cursor::new(head.clone()).chain(reader);
        let unpacked: Box<dyn Read> = if head.starts_with(b"\x1f\x8b") {
            Box::new(flate2::bufread::MultiGzDecoder::new(reader))
        } else if head.starts_with(b"\x28\xb5\x2f\xfd") {
            Box::new(zstd::stream::read::Decoder::with_buffer(reader).map_err(failed)?)
        } else {
            let rest = reader.into_inner().1;
            return Ok(Self { head, rest: Box::new(rest), compressed: false });
        };
        let (head, rest) = peek(BufReader::new(unpacked)).map_err(failed)?;
        Ok(Self { head, rest: Box::new(rest), compressed: true })
    }
}

/// The first bytes, and the reader that goes on after them.
fn peek<R: BufRead>(mut reader: R) -> io::Result<(Vec<u8>, R)> {
    let mut head = Vec::new();
    reader.by_ref().take(HEAD).read_to_end(&mut head)?;
    Ok((head, reader))
}

/// True where the reader has nothing but white space left. Returns also the bytes that were read for this
/// check, and the reader, which goes on after them.
pub(super) fn ends_here<R: BufRead>(reader: R) -> io::Result<(bool, Vec<u8>, R)> {
    let (head, reader) = peek(reader)?;
    Ok(((head.len() as u64) < HEAD && head.trim_ascii().is_empty(), head, reader))
}

/// The file and the encoding of a text, for the locations and problems of its rows.
#[derive(Clone, Debug)]
pub(super) struct Source {
    pub(super) path: Arc<Path>,
    /// The byte that ends a line: `\n`, or `\r` in a file that has no other.
    pub(super) line_end: u8,
    /// The encoding from which the text was decoded, unless it is UTF-8.
    encoding: Option<&'static str>,
}

impl Source {
    /// The bytes as a string, or the problem of bytes that aren't UTF-8.
    pub(super) fn text(&self, bytes: Vec<u8>) -> Result<String, RowProblem> {
        String::from_utf8(bytes).map_err(|error| self.malformed(error.utf8_error()))
    }

    /// The problem of bytes that aren't UTF-8 after decoding.
    pub(super) fn malformed(&self, error: std::str::Utf8Error) -> RowProblem {
        let at = error.valid_up_to();
        self.encoding.map_or(RowProblem::Utf8 { at }, |encoding| RowProblem::Encoding { encoding })
    }

    /// Ends of lines in these bytes.
    pub(super) fn line_ends(&self, bytes: &[u8]) -> u64 {
        bytes.split(|byte| *byte == self.line_end).count() as u64 - 1
    }
}

/// A text in UTF-8, without a byte order mark.
pub(super) struct Text {
    pub(super) source: Source,
    /// The first bytes of the text.
    pub(super) head: Vec<u8>,
    /// The text after `head`.
    pub(super) rest: Box<dyn BufRead>,
}

impl Text {
    /// Decodes a file as `options` says, else as a byte order mark does, else as UTF-8.
    pub(super) fn new(
        file: Unpacked,
        path: &Path,
        format: Format,
        options: &ReadOptions,
        mut note: impl FnMut(String),
    ) -> Result<Self, DataError> {
        let Unpacked { mut head, mut rest, .. } = file;
        let other = foreign(&head).or_else(|| page(&head).filter(|_| format != Format::Lines));
        if let Some((what, remedy)) = other {
            let problem = format!("is {what}: {remedy}");
            return Err(DataError::Content { path: path.to_owned(), problem });
        }
        let mark = Encoding::for_bom(&head);
        let set = options.encoding.map(|encoding| encoding.0);
        if let (Some(set), Some((mark, _))) = (set, mark)
            && set != mark
        {
            let (mark, set) = (mark.name(), set.name().to_ascii_lowercase());
            let problem = format!(
                "begins with the byte order mark of {mark}, but encoding = \"{set}\" is set: leave encoding out"
            );
            return Err(DataError::Content { path: path.to_owned(), problem });
        }
        let encoding = set.or(mark.map(|(encoding, _)| encoding)).unwrap_or_else(|| without_mark(&head));
        head.drain(..mark.map_or(0, |(_, length)| length));
        if encoding != UTF_8 {
            if set.is_none() {
                let why = if mark.is_some() { "byte order mark tells" } else { "zero bytes tell" };
                note(format!("{} is read as {}, as its {why}", path.display(), encoding.name()));
            } else if encoding.is_single_byte() && !head.is_ascii() && is_utf8(&head) {
                note(format!(
                    "{} is valid UTF-8, but is read as {}, as encoding says",
                    path.display(),
                    encoding.name()
                ));
            }
            let decoded = Decoded {
                reader: Cursor::new(head).chain(rest),
                decoder: encoding.new_decoder_without_bom_handling(),
                ready: Vec::new(),
                taken: 0,
                ended: false,
            };
            let failed = |source| DataError::Read { path: path.to_owned(), source };
            let (begin, decoded) = peek(BufReader::new(decoded)).map_err(failed)?;
            (head, rest) = (begin, Box::new(decoded));
        }
        let line_end = if ends_in_cr(&head) { b'\r' } else { b'\n' };
        if line_end == b'\r' {
            note(format!("{}: its lines end in a carriage return alone", path.display()));
        }
        let encoding = (encoding != UTF_8).then(|| encoding.name());
        Ok(Self { source: Source { path: path.into(), line_end, encoding }, head, rest })
    }

    /// A reader of the whole text.
    pub(super) fn into_reader(self) -> impl BufRead {
        Cursor::new(self.head).chain(self.rest)
    }
}

/// The encoding of a text without a byte order mark. Of 16 bytes of ASCII in UTF-16 every second byte is 0
/// and no other byte is, which no other text has; all else counts as UTF-8.
fn without_mark(head: &[u8]) -> &'static Encoding {
    let Some(begin) = head.get(..16) else { return UTF_8 };
    let zeros = |parity: usize| begin.iter().enumerate().all(|(at, byte)| (*byte == 0) == (at % 2 == parity));
    if zeros(1) {
        UTF_16LE
    } else if zeros(0) {
        UTF_16BE
    } else {
        UTF_8
    }
}

/// True for first bytes of a file that are UTF-8; the last character may be incomplete.
fn is_utf8(head: &[u8]) -> bool {
    str::from_utf8(head).map_or_else(|error| error.error_len().is_none(), |_| true)
}

/// Whether lines end in a carriage return alone, as on old Macs.
fn ends_in_cr(head: &[u8]) -> bool {
    let at = head.iter().position(|byte| *byte == b'\r');
    at.is_some_and(|at| at + 1 < head.len()) && !head.contains(&b'\n')
}

/// Decodes a text to UTF-8, with [`MALFORMED`] in place of invalid bytes.
struct Decoded<R> {
    reader: R,
    decoder: Decoder,
    ready: Vec<u8>,
    /// Bytes of `ready` that were read.
    taken: usize,
    ended: bool,
}

impl<R: BufRead> Decoded<R> {
    fn decode(&mut self) -> io::Result<()> {
        self.taken = 0;
        self.ready.clear();
        while self.ready.is_empty() && !self.ended {
            let input = self.reader.fill_buf()?;
            let last = input.is_empty();
            self.ready.resize(8 << 10, 0);
            let (result, read, written) =
                self.decoder.decode_to_utf8_without_replacement(input, &mut self.ready, last);
            self.reader.consume(read);
            self.ready.truncate(written);
            match result {
                DecoderResult::InputEmpty => self.ended = last,
                DecoderResult::OutputFull => {}
                DecoderResult::Malformed(..) => self.ready.push(MALFORMED),
            }
        }
        Ok(())
    }
}

impl<R: BufRead> Read for Decoded<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if self.taken == self.ready.len() {
            self.decode()?;
        }
        let count = (&self.ready[self.taken..]).read(buffer)?;
        self.taken += count;
        Ok(count)
    }
}
