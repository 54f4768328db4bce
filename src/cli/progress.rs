//! How far something long is: a bar on a terminal, elsewhere a line every half minute, so that
//! nobody takes it for dead.

use std::convert::Infallible;
use std::io::IsTerminal as _;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use crossbeam_channel::{Receiver, RecvTimeoutError, Sender, bounded};
use indicatif::{ProgressBar, ProgressStyle};

use super::output;
use crate::evidence::Progress;

/// How often the bar moves while an experiment says nothing.
const BEAT: Duration = Duration::from_millis(250);
/// How often there is a line where there is no bar.
const LINE: Duration = Duration::from_secs(30);

/// What is done, and all that there is; 0 as long as nobody has told.
#[derive(Debug, Default)]
struct Counts {
    done: AtomicU64,
    total: AtomicU64,
}

/// What shows how far the work on one table is, until it is dropped.
pub(super) struct Shown {
    bar: ProgressBar,
    counts: Arc<Counts>,
    /// The thread that prints lines ends with it.
    _ends: Sender<Infallible>,
}

impl Shown {
    /// Begins to show what is called `name`.
    pub(super) fn begin(name: &'static str) -> Self {
        let counts = Arc::new(Counts::default());
        let (ends, over) = bounded(0);
        if std::io::stderr().is_terminal() {
            return Self { bar: bar(name), counts, _ends: ends };
        }
        let told = Arc::clone(&counts);
        let tell = move || lines(LINE, &over, |beats| output::note(&line(name, beats, &told)));
        // Without the thread there are no lines, and that is all.
        let _ = std::thread::Builder::new().name("progress".to_owned()).spawn(tell);
        Self { bar: ProgressBar::hidden(), counts, _ends: ends }
    }

    /// Takes how much is done, once an experiment tells that of itself.
    pub(super) fn progress(&self) -> Progress {
        let (bar, counts) = (self.bar.clone(), Arc::clone(&self.counts));
        Progress::new(move |done, total| {
            counts.done.store(done, Ordering::Relaxed);
            counts.total.store(total, Ordering::Relaxed);
            if bar.length().is_none()
                && let Ok(style) =
                    ProgressStyle::with_template("{msg} {bar:40} {percent} %, {eta} left")
            {
                bar.set_style(style);
            }
            bar.set_length(total);
            bar.set_position(done);
        })
    }
}

impl Drop for Shown {
    fn drop(&mut self) {
        self.bar.finish_and_clear();
    }
}

/// Which table is being made and for how long.
fn bar(name: &'static str) -> ProgressBar {
    let bar = ProgressBar::no_length();
    if let Ok(style) = ProgressStyle::with_template("{spinner} {msg}, {elapsed}") {
        bar.set_style(style);
    }
    bar.set_message(name);
    bar.enable_steady_tick(BEAT);
    bar
}

/// Says something each time that `every` has passed, with how often it has, until it is over.
fn lines(every: Duration, over: &Receiver<Infallible>, mut say: impl FnMut(u64)) {
    for beats in 1.. {
        if over.recv_timeout(every) != Err(RecvTimeoutError::Timeout) {
            return;
        }
        say(beats);
    }
}

fn line(name: &str, beats: u64, counts: &Counts) -> String {
    let seconds = beats * LINE.as_secs();
    match counts.total.load(Ordering::Relaxed) {
        0 => format!("{name}: {seconds} s so far"),
        total => {
            format!("{name}: {} of {total}, {seconds} s", counts.done.load(Ordering::Relaxed))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_come_until_it_is_over() {
        let (ends, over) = bounded(0);
        let (said, heard) = bounded(0);
        let told = std::thread::spawn(move || {
            lines(Duration::from_millis(1), &over, |beats| {
                let _ = said.send(beats);
            });
        });
        assert_eq!((heard.recv(), heard.recv()), (Ok(1), Ok(2)));
        drop(ends);
        // What was about to be said is let go.
        heard.iter().for_each(drop);
        assert!(told.join().is_ok());
    }

    #[test]
    fn a_line_says_what_and_how_far() {
        let counts = Counts::default();
        assert_eq!(line("codec", 2, &counts), "codec: 60 s so far");
        counts.done.store(3, Ordering::Relaxed);
        counts.total.store(8, Ordering::Relaxed);
        assert_eq!(line("codec", 1, &counts), "codec: 3 of 8, 30 s");
    }
}
