//! [`Failing`]: a disk on which one operation fails.

use std::io;

use embert_files::{Double, Fault, Operation};

/// How an operation fails.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Once, with `ENOSPC`: somebody made room at once.
    Full,
    /// With `ENOSPC`, as does everything after it that makes or writes something: the disk stays full.
    StaysFull,
    /// With `ENOSPC` after half of the bytes were written.
    Short,
    /// Once, with `EIO`.
    Broken,
    /// Once, with `EMFILE`.
    TooManyFiles,
}

impl Kind {
    /// All kinds.
    pub const ALL: [Self; 5] = [Self::Full, Self::StaysFull, Self::Short, Self::Broken, Self::TooManyFiles];

    /// The kind's name in messages and arguments.
    pub fn name(self) -> &'static str {
        match self {
            Self::Full => "full",
            Self::StaysFull => "stays-full",
            Self::Short => "short",
            Self::Broken => "broken",
            Self::TooManyFiles => "too-many-files",
        }
    }

    fn error(self) -> io::Error {
        // The error numbers of Linux, macOS and the BSDs.
        io::Error::from_raw_os_error(match self {
            Self::Full | Self::StaysFull | Self::Short => 28,
            Self::Broken => 5,
            Self::TooManyFiles => 24,
        })
    }
}

/// Lets one operation of a thread fail.
pub struct Failing {
    kind: Kind,
    /// The number of the operation, from 0.
    operation: usize,
    seen: usize,
    exchanges: bool,
}

impl Failing {
    /// Lets operation `operation`, from 0, fail. Without `exchanges`, the file system seems unable to
    /// exchange two names.
    pub fn new(kind: Kind, operation: usize, exchanges: bool) -> Self {
        Self { kind, operation, seen: 0, exchanges }
    }

    /// Lets no operation fail.
    pub fn never(exchanges: bool) -> Self {
        Self::new(Kind::Full, usize::MAX, exchanges)
    }
}

impl Double for Failing {
    fn before(&mut self, operation: Operation<'_>) -> Result<(), Fault> {
        let number = self.seen;
        self.seen += 1;
        let needs_room = matches!(
            operation,
            Operation::Write { .. } | Operation::CreateFile { .. } | Operation::CreateDir { .. }
        );
        let fails = number == self.operation
            || (number > self.operation && needs_room && self.kind == Kind::StaysFull);
        if !fails {
            let is_unknown = matches!(operation, Operation::Exchange { .. }) && !self.exchanges;
            return if is_unknown { Err(io::Error::from(io::ErrorKind::Unsupported).into()) } else { Ok(()) };
        }
        let written = match operation {
            Operation::Write { bytes, .. } if self.kind == Kind::Short => bytes.len() / 2,
            _ => 0,
        };
        Err(Fault { error: self.kind.error(), written })
    }
}
