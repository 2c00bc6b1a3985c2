//! [`Retry`]: how often a failed request is repeated, and after which wait.

use std::time::Duration;

/// The longest wait between two attempts.
const MAX_DELAY: Duration = Duration::from_secs(8);

/// How failed attempts are repeated.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Retry {
    /// How many failures in a row, without a new byte in between, are repeated.
    pub(crate) retries: u32,
    /// The wait after the first failure; each further failure doubles the wait.
    pub(crate) backoff: Duration,
}

impl Retry {
    /// The wait after so many failures in a row.
    pub(crate) fn delay(self, failures: u32) -> Duration {
        self.backoff.saturating_mul(1 << failures.saturating_sub(1).min(16)).min(MAX_DELAY)
    }
}
