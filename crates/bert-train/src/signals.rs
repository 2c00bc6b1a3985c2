//! The signals that end a run: the first lets the run finish its step and save, the second stops the program
//! at once.

use std::process::ExitCode;
use std::sync::{Arc, OnceLock};
use std::time::{Duration, Instant};

use embert_train::StopSignal;

use crate::error::Error;
use crate::output::say;

/// A signal that is repeated within this time is the same request: `timeout` sends SIGTERM to the process and
/// to its group.
#[cfg_attr(not(unix), allow(dead_code, reason = "only Ctrl-C comes there"))]
const SAME_REQUEST: Duration = Duration::from_millis(500);

/// A signal that ends a run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(not(unix), allow(dead_code, reason = "only Ctrl-C comes there"))]
enum Signal {
    /// SIGINT, or Ctrl-C on systems without signals.
    Interrupt,
    /// SIGTERM.
    Terminate,
    /// SIGHUP.
    HangUp,
}

impl Signal {
    /// The exit status that a shell reports for the signal: 128 plus its number.
    const fn status(self) -> u8 {
        match self {
            Self::Interrupt => 130,
            Self::Terminate => 143,
            Self::HangUp => 129,
        }
    }

    /// The message for the user when the signal arrives.
    const fn message(self) -> &'static str {
        match self {
            Self::Interrupt => "stopping: finishes this step and saves; press Ctrl-C again to stop at once",
            Self::Terminate => {
                "stopping, since it was asked to end (SIGTERM): finishes this step and saves; another SIGTERM stops at once"
            }
            Self::HangUp => "stopping, since its terminal is gone (SIGHUP): finishes this step and saves",
        }
    }

    /// Whether the signal, `since` the first one, is a second request and not part of the first. SIGHUP never
    /// is: closing a terminal sends it more than once (by the shell and by the system), and a service manager
    /// may send it after SIGTERM.
    fn insists(self, since: Duration) -> bool {
        match self {
            Self::Interrupt => true,
            Self::Terminate => since > SAME_REQUEST,
            Self::HangUp => false,
        }
    }
}

/// The signal that interrupted a run.
#[derive(Clone, Debug, Default)]
pub(crate) struct Interruption(Arc<OnceLock<(Signal, Instant)>>);

impl Interruption {
    /// The program's exit status: 130 after Ctrl-C, 143 after SIGTERM, 129 after SIGHUP.
    pub(crate) fn exit_code(&self) -> ExitCode {
        ExitCode::from(self.0.get().map_or(Signal::Interrupt, |(signal, _)| *signal).status())
    }

    fn arrive(&self, signal: Signal, stop: &StopSignal) {
        if self.0.set((signal, Instant::now())).is_ok() {
            // The stop is requested before the message: the terminal may be closed.
            stop.request();
            say!("{}", signal.message());
        } else if self.0.get().is_some_and(|(_, since)| signal.insists(since.elapsed())) {
            #[allow(
                clippy::exit,
                reason = "the user asked twice; a checkpoint appears at once or not at all"
            )]
            std::process::exit(i32::from(signal.status()));
        }
    }
}

/// Makes Ctrl-C and SIGTERM stop the run after its current step, and SIGHUP too, unless SIGHUP was ignored
/// when the program began, as under `nohup`. Only Linux tells whether SIGHUP was ignored; on other systems
/// SIGHUP ends the program at once, as by default.
///
/// # Errors
/// The system refuses the handler.
pub(crate) fn stop_on_signals(stop: StopSignal) -> Result<Interruption, Error> {
    let interruption = Interruption::default();
    let arrived = interruption.clone();
    listen(move |signal| arrived.arrive(signal, &stop)).map_err(|source| Error::Signal { source })?;
    Ok(interruption)
}

#[cfg(unix)]
fn listen(on_signal: impl Fn(Signal) + Send + 'static) -> std::io::Result<()> {
    use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};

    let mut handled = vec![SIGINT, SIGTERM];
    if is_ignored(SIGHUP) == Some(false) {
        handled.push(SIGHUP);
    }
    let mut signals = signal_hook::iterator::Signals::new(handled)?;
    let wait = move || {
        for number in signals.forever() {
            on_signal(match number {
                SIGTERM => Signal::Terminate,
                SIGHUP => Signal::HangUp,
                _ => Signal::Interrupt,
            });
        }
    };
    std::thread::Builder::new().name("signals".to_owned()).spawn(wait)?;
    Ok(())
}

#[cfg(not(unix))]
fn listen(on_signal: impl Fn(Signal) + Send + 'static) -> std::io::Result<()> {
    ctrlc::set_handler(move || on_signal(Signal::Interrupt)).map_err(std::io::Error::other)
}

/// Whether this process ignores a signal; `None` if the system does not tell.
#[cfg(unix)]
fn is_ignored(number: i32) -> Option<bool> {
    in_mask(&std::fs::read_to_string("/proc/self/status").ok()?, number)
}

/// Whether a signal is in the mask of ignored signals of `/proc/PID/status`: hexadecimal, signal 1 in the
/// lowest bit.
#[cfg(unix)]
fn in_mask(status: &str, number: i32) -> Option<bool> {
    let mask = status.lines().find_map(|line| line.strip_prefix("SigIgn:"))?;
    let mask = u64::from_str_radix(mask.trim(), 16).ok()?;
    Some(mask >> (number - 1) & 1 == 1)
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;

    #[test]
    fn the_mask_of_ignored_signals_is_read_from_its_lowest_bit() {
        let status =
            |mask: &str| format!("Name:\tx\nSigBlk:\tffffffffffffffff\nSigIgn:\t{mask}\nSigCgt:\tffff\n");
        assert_eq!(in_mask(&status("0000000000000001"), 1), Some(true));
        assert_eq!(in_mask(&status("0000000000001006"), 1), Some(false));
        assert_eq!(in_mask(&status("0000000000004000"), 15), Some(true));
        assert_eq!(in_mask("Name:\tx\n", 1), None);
    }

    #[test]
    fn a_closed_terminal_never_stops_at_once_and_one_request_is_one() {
        let (soon, later) = (Duration::from_millis(1), Duration::from_secs(1));
        assert!(Signal::Interrupt.insists(soon));
        assert!(!Signal::Terminate.insists(soon) && Signal::Terminate.insists(later));
        assert!(!Signal::HangUp.insists(later));
    }
}
