//! [`ContentHash`]: the hash that the hub states for a file's content, and its check.

use std::fmt;
use std::fs::File;
use std::io::{self, Read};
use std::path::Path;

use sha1::Sha1;
use sha2::{Digest as _, Sha256};

/// The content hash that the hub gives as a file's `ETag`.
///
/// Large files carry the SHA-256 of their content, all others the id that git gives the blob: the SHA-1 of
/// `"blob <length>\0"` and the content.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum ContentHash {
    /// 64 hex digits.
    Sha256(String),
    /// 40 hex digits.
    GitBlob(String),
}

impl ContentHash {
    /// Reads an `ETag` header (`"..."`, also weak: `W/"..."`) or a blob's file name. `None` if the text is
    /// neither of the two hashes: such content can't be checked.
    pub fn parse(etag: &str) -> Option<Self> {
        let digits = etag.strip_prefix("W/").unwrap_or(etag).trim_matches('"');
        if !digits.bytes().all(|byte| byte.is_ascii_hexdigit()) {
            return None;
        }
        let digits = digits.to_ascii_lowercase();
        match digits.len() {
            64 => Some(Self::Sha256(digits)),
            40 => Some(Self::GitBlob(digits)),
            _ => None,
        }
    }

    /// The hex digits: also the blob's file name in the cache.
    pub fn as_str(&self) -> &str {
        match self {
            Self::Sha256(digits) | Self::GitBlob(digits) => digits,
        }
    }

    /// Computes the hash of the file at `path`, of the same kind as `self`.
    pub(crate) fn of_file(&self, path: &Path) -> io::Result<Self> {
        let mut file = File::open(path)?;
        let mut hasher = Hasher::new(self, file.metadata()?.len());
        let mut buffer = vec![0; 1 << 20];
        loop {
            match file.read(&mut buffer)? {
                0 => return Ok(hasher.finish()),
                n => hasher.update(&buffer[..n]),
            }
        }
    }
}

impl fmt::Display for ContentHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Sha256(digits) => write!(f, "sha256:{digits}"),
            Self::GitBlob(digits) => write!(f, "git:{digits}"),
        }
    }
}

/// Hashes content as it arrives.
pub(crate) enum Hasher {
    Sha256(Sha256),
    GitBlob(Sha1),
}

impl Hasher {
    /// A hasher of `expected`'s kind for content of `length` bytes. git's hash begins with the length.
    pub(crate) fn new(expected: &ContentHash, length: u64) -> Self {
        match expected {
            ContentHash::Sha256(_) => Self::Sha256(Sha256::new()),
            ContentHash::GitBlob(_) => Self::GitBlob(Sha1::new_with_prefix(format!("blob {length}\0"))),
        }
    }

    pub(crate) fn update(&mut self, bytes: &[u8]) {
        match self {
            Self::Sha256(hasher) => hasher.update(bytes),
            Self::GitBlob(hasher) => hasher.update(bytes),
        }
    }

    pub(crate) fn finish(self) -> ContentHash {
        match self {
            Self::Sha256(hasher) => ContentHash::Sha256(hex(&hasher.finalize())),
            Self::GitBlob(hasher) => ContentHash::GitBlob(hex(&hasher.finalize())),
        }
    }
}

fn hex(bytes: &[u8]) -> String {
    use fmt::Write as _;
    bytes.iter().fold(String::with_capacity(2 * bytes.len()), |mut text, byte| {
        // Writing to a string cannot fail.
        let _ = write!(text, "{byte:02x}");
        text
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_etag_is_told_by_its_length() {
        let sha = "a".repeat(64);
        assert_eq!(ContentHash::parse(&format!("\"{sha}\"")), Some(ContentHash::Sha256(sha.clone())));
        let git = "0123456789ABCDEF0123456789abcdef01234567";
        assert_eq!(
            ContentHash::parse(&format!("W/\"{git}\"")),
            Some(ContentHash::GitBlob(git.to_lowercase()))
        );
        assert_eq!(ContentHash::parse("\"5f36-1b2\""), None);
        assert_eq!(ContentHash::parse(&"g".repeat(40)), None);
    }

    #[test]
    fn the_two_hashes_are_those_of_git_and_sha256sum() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("hello");
        std::fs::write(&path, "hello\n").unwrap();
        // printf 'hello\n' | git hash-object --stdin; printf 'hello\n' | sha256sum
        let git = ContentHash::GitBlob("ce013625030ba8dba906f756967f9e9ca394464a".into());
        let sha =
            ContentHash::Sha256("5891b5b522d5df086d0ff0b110fbd9d21bb4fc7163af34d08286a2e846f6be03".into());
        assert_eq!(git.of_file(&path).unwrap(), git);
        assert_eq!(sha.of_file(&path).unwrap(), sha);
        std::fs::write(&path, "hellO\n").unwrap();
        assert_ne!(git.of_file(&path).unwrap(), git);
        assert_ne!(sha.of_file(&path).unwrap(), sha);
    }
}
