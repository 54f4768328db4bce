//! Ctrl-C, SIGTERM and a terminal that is closed: the first ends a run after the tick in hand, so
//! that every file has its end, and work that writes none at once; the second ends the program.

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

#[cfg(unix)]
use signal_hook::consts::SIGHUP;
use signal_hook::consts::{SIGINT, SIGTERM};
use signal_hook::flag;

use super::output::{self, Failure};

/// What shells say of a program that Ctrl-C has ended.
pub(super) const STOPPED: u8 = 130;

/// What asks a program to end.
#[cfg(unix)]
const SIGNALS: [i32; 3] = [SIGINT, SIGTERM, SIGHUP];
#[cfg(not(unix))]
const SIGNALS: [i32; 2] = [SIGINT, SIGTERM];

/// How often it is looked whether work that does not look itself is to end.
const LOOK: Duration = Duration::from_millis(50);

/// From now on a signal ends the program at once with `line`: for work that leaves no file without
/// its end, wherever it is.
pub(super) fn ends(line: &'static str) {
    let stop = Stop::listen();
    let watch = move || {
        while !stop.is_wanted() {
            std::thread::sleep(LOOK);
        }
        output::complain(&Failure::Stopped(line.to_owned()));
        std::process::exit(i32::from(STOPPED));
    };
    // Without the thread the second signal ends the program.
    let _ = std::thread::Builder::new().name("stop".to_owned()).spawn(watch);
}

/// Whether somebody wants the run to end.
#[derive(Clone, Default)]
pub(super) struct Stop(Arc<AtomicBool>);

impl Stop {
    /// Listens from now on. Where the system has no such signals, nobody ever stops the run.
    pub(super) fn listen() -> Self {
        let stop = Self::default();
        let _ = SIGNALS.into_iter().try_for_each(|signal| -> io::Result<()> {
            // In this order: the first signal finds the flag down, the second finds it up.
            flag::register_conditional_shutdown(signal, i32::from(STOPPED), Arc::clone(&stop.0))?;
            flag::register(signal, Arc::clone(&stop.0)).map(|_| ())
        });
        stop
    }

    /// The run is to end here.
    pub(super) fn is_wanted(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }

    /// What is to be told of a run of `ticks` that came to `reached`.
    pub(super) fn verdict(&self, reached: u64, ticks: u64) -> Result<(), Failure> {
        if !self.is_wanted() || reached >= ticks {
            return Ok(());
        }
        Err(Failure::Stopped(format!(
            "stopped at tick {reached} of {ticks}; figures and files are whole up to there"
        )))
    }
}
