//! [`Target`].

use std::error::Error;

use crate::Folder;

/// A reader under test.
#[derive(Clone, Copy)]
pub struct Target {
    /// Its name on the command line.
    pub name: &'static str,
    /// What it reads.
    pub about: &'static str,
    /// Inputs to begin with: at least one of each kind that the reader accepts, and some that it refuses.
    pub seeds: fn() -> Vec<Vec<u8>>,
    /// What its inputs are made of, for the engine to put in: keys, marks, numbers at a limit.
    pub words: &'static [&'static str],
    /// Reads an input, and panics where something doesn't hold. Returns the bytes that there were to read, which is more than
    /// the input has where that is compressed.
    pub run: fn(&Folder, &[u8]) -> usize,
}

impl std::fmt::Debug for Target {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Target").field("name", &self.name).finish_non_exhaustive()
    }
}

/// What stands between the files of an input that is several.
const BETWEEN: &[u8] = b"\n-----8<-----\n";

/// The files of an input, at most `N`; those that it lacks are empty.
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
