//! Signals. Ctrl-C, SIGTERM and a hang-up: the run stops at the next band or file and leaves no file behind; a second one
//! ends the program at once. A file that grows too large (`ulimit -f`): an error of the write, not the end of the program.

use std::panic;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::mpsc::{self, RecvTimeoutError};
use std::thread;
use std::time::Duration;

use signal_hook::consts::{SIGINT, SIGTERM};
use signal_hook::flag;

use crate::failure::Failure;

/// How often [`Interrupt::attend`] looks for a signal.
const LOOK: Duration = Duration::from_millis(20);

/// What signals have set so far.
pub(crate) struct Interrupt {
    stop: Arc<AtomicBool>,
    signal: Arc<AtomicUsize>,
}

impl Interrupt {
    /// Takes over the signals that ask a program to end.
    pub(crate) fn watch() -> Result<Self, Failure> {
        let (stop, signal) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicUsize::new(0)));
        for number in asking_to_end() {
            // In this order: the second signal finds the flag that the first has set.
            flag::register_conditional_shutdown(number, 128 + number, Arc::clone(&stop))
                .and_then(|_| flag::register_usize(number, Arc::clone(&signal), number as usize))
                .and_then(|_| flag::register(number, Arc::clone(&stop)))
                .map_err(|error| Failure::run(format!("signal {number} cannot be watched: {error}")))?;
        }
        Ok(Self { stop, signal })
    }

    /// True as soon as a signal has come.
    pub(crate) fn flag(&self) -> Arc<AtomicBool> {
        Arc::clone(&self.stop)
    }

    /// The failure, if a signal has come.
    pub(crate) fn explain(&self) -> Option<Failure> {
        match self.signal.load(Ordering::Relaxed) {
            0 => None,
            number => Some(Failure::Interrupted(number as u8)),
        }
    }

    /// Between two steps: an error if a signal has come.
    pub(crate) fn check(&self) -> Result<(), Failure> {
        self.explain().map_or(Ok(()), Err)
    }

    /// Does `work`, which makes no file, and leaves it alone as soon as a signal comes: the program ends then.
    pub(crate) fn attend<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> Result<T, Failure> {
        let (sender, receiver) = mpsc::channel();
        // Nobody receives once a signal has come.
        let worker = thread::spawn(move || drop(sender.send(work())));
        loop {
            match receiver.recv_timeout(LOOK) {
                Ok(result) => return self.check().map(|()| result),
                Err(RecvTimeoutError::Timeout) => self.check()?,
                Err(RecvTimeoutError::Disconnected) => break,
            }
        }
        match worker.join() {
            Err(panicked) => panic::resume_unwind(panicked),
            Ok(()) => Err(Failure::run("internal error, please report it: a worker left no result")),
        }
    }
}

/// Signals to watch. One that is ignored stays so: `nohup` and a shell's `&` mean it.
fn asking_to_end() -> Vec<i32> {
    #[cfg(unix)]
    let all = [SIGINT, SIGTERM, signal_hook::consts::SIGHUP];
    #[cfg(not(unix))]
    let all = [SIGINT, SIGTERM];
    let ignored = ignored().unwrap_or(0);
    all.into_iter().filter(|number| ignored & (1 << (number - 1)) == 0).collect()
}

/// Bit n - 1 is set where signal n is ignored; known on Linux only.
fn ignored() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let mask = status.lines().find_map(|line| line.strip_prefix("SigIgn:"))?;
    u64::from_str_radix(mask.trim(), 16).ok()
}

/// Lets a write beyond the limit on file sizes fail with an error, so that what was begun can be removed.
pub(crate) fn outlive_file_size_limit() {
    // Where the signal cannot be taken over, the program ends by it as it would have.
    #[cfg(unix)]
    let _ = flag::register(signal_hook::consts::SIGXFSZ, Arc::new(AtomicBool::new(false)));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn work_that_is_attended_gives_its_result_or_its_panic() {
        let interrupt = Interrupt::watch().unwrap();
        assert_eq!(interrupt.attend(|| 7), Ok(7));
        assert!(panic::catch_unwind(panic::AssertUnwindSafe(|| interrupt.attend(|| panic!("no")))).is_err());
        interrupt.signal.store(15, Ordering::Relaxed);
        assert_eq!(interrupt.attend(|| 7), Err(Failure::Interrupted(15)));
    }
}
