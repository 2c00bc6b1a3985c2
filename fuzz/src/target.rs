//! [`Target`]: a reader under test; inputs of several files.

use std::error::Error;

use crate::Folder;

/// A reader under test.
#[derive(Clone, Copy)]
pub struct Target {
    /// The target's name on the command line.
    pub name: &'static str,
    /// The files that the target reads.
    pub about: &'static str,
    /// Inputs to begin with: at least one of each kind that the reader accepts, and some that it refuses.
    pub seeds: fn() -> Vec<Vec<u8>>,
    /// Words of the inputs, for the engine to put in: keys, marks, numbers at a limit.
    pub words: &'static [&'static str],
    /// Reads an input, and panics where a check fails. Returns the number of bytes that there were to read:
    /// of a compressed input, the bytes after decompression.
    pub run: fn(&Folder, &[u8]) -> usize,
}

impl std::fmt::Debug for Target {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Target").field("name", &self.name).finish_non_exhaustive()
    }
}

/// The separator between the files of an input.
const BETWEEN: &[u8] = b"\n-----8<-----\n";

/// The files of an input, at most `N`; a missing file is empty.
pub fn parts<const N: usize>(input: &[u8]) -> [&[u8]; N] {
    let mut rest = Some(input);
    std::array::from_fn(|index| {
        let Some(bytes) = rest.take() else { return &[][..] };
        let end = bytes.windows(BETWEEN.len()).position(|window| window == BETWEEN);
        match end.filter(|_| index + 1 < N) {
            Some(end) => {
                rest = Some(&bytes[end + BETWEEN.len()..]);
                &bytes[..end]
            }
            None => bytes,
        }
    })
}

/// An input of several files.
pub fn join<T: AsRef<[u8]>>(files: &[T]) -> Vec<u8> {
    files.iter().map(AsRef::as_ref).collect::<Vec<_>>().join(BETWEEN)
}

/// An error as the program prints it: with its causes.
pub(crate) fn chain(error: &dyn Error) -> String {
    match error.source() {
        Some(cause) => format!("{error}: {}", chain(cause)),
        None => error.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_come_apart_as_they_were_joined() {
        let joined = join(&["a", "", "c\n"]);
        assert_eq!(parts::<3>(&joined), [&b"a"[..], b"", b"c\n"]);
        assert_eq!(parts::<4>(&joined), [&b"a"[..], b"", b"c\n", b""]);
        assert_eq!(parts::<2>(&joined)[1], join(&["", "c\n"]));
    }
}
