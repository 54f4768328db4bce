//! What a host counts of a board and its line. Must not decide anything.

use qres_core::link::frame::LineCount;
use serde::Serialize;

/// Everything that is counted of one board.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct BoardCounts {
    /// Bytes received.
    pub bytes_in: u64,
    /// Bytes given to the port.
    pub bytes_out: u64,
    /// Frames that arrived whole: the sum of the next four.
    pub frames: u64,
    /// Of these, frames that something was made of.
    pub used: u64,
    /// Of these, frames that nobody waited for: answers that came twice or too late.
    pub stale: u64,
    /// Of these, words for a person and signs of life.
    pub notes: u64,
    /// Of these, frames that hold no message of a board.
    pub meaningless: u64,
    /// Stretches of bytes that were no frame: noise, or a checksum that does not hold.
    pub crc_errors: u64,
    /// Frames that are missing between those that arrived.
    pub gaps: u64,
    /// Questions that were asked again.
    pub retries: u64,
    /// Times that the board had to be given its state again.
    pub resyncs: u64,
    /// Times that the board started anew.
    pub resets: u64,
    /// Times that the port was opened.
    pub opened: u64,
    /// Ticks that the board has done.
    pub ticks: u64,
    /// Ticks that the mesh ran without its answer.
    pub missed: u64,
    /// Of the ticks that it has done, those with another digest than the twin's.
    pub diverged: u64,
    /// Ticks whose words were refused by the mesh.
    pub refused: u64,
}

impl BoardCounts {
    /// Takes over what a reader has counted since `before`.
    pub(super) const fn add_line(&mut self, before: LineCount, after: LineCount) {
        self.frames += (after.taken - before.taken) as u64;
        self.crc_errors += (after.damaged - before.damaged) as u64;
        self.gaps += (after.lost - before.lost) as u64;
    }
}

/// How long answers take, in microseconds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Latency {
    /// The latest.
    pub last_us: u64,
    /// An average in which each new one has a share of a sixteenth.
    pub mean_us: u64,
    /// The longest so far.
    pub max_us: u64,
    /// Answers that were timed.
    pub answers: u64,
}

impl Latency {
    /// Takes one more.
    pub(super) fn add(&mut self, us: u64) {
        self.last_us = us;
        self.max_us = self.max_us.max(us);
        self.mean_us = if self.answers == 0 { us } else { (self.mean_us * 15 + us) / 16 };
        self.answers += 1;
    }
}

/// Bytes per second over the last whole second.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Throughput {
    from_us: u64,
    from_bytes: u64,
    pub bytes_per_s: u64,
}

impl Throughput {
    pub(super) const fn add(&mut self, now_us: u64, bytes: u64) {
        let passed_us = now_us.saturating_sub(self.from_us);
        if passed_us >= 1_000_000 {
            self.bytes_per_s = (bytes - self.from_bytes) * 1_000_000 / passed_us;
            (self.from_us, self.from_bytes) = (now_us, bytes);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn latency_remembers_the_longest_and_forgets_slowly() {
        let mut latency = Latency::default();
        for us in [1_600, 3_200, 0] {
            latency.add(us);
        }
        // 1600; (15 * 1600 + 3200) / 16 = 1700; 15 * 1700 / 16 = 1593.
        let expected = Latency { last_us: 0, mean_us: 1_593, max_us: 3_200, answers: 3 };
        assert_eq!(latency, expected);
    }

    #[test]
    fn throughput_is_of_whole_seconds() {
        let mut line = Throughput::default();
        line.add(500_000, 700);
        assert_eq!(line.bytes_per_s, 0);
        line.add(2_000_000, 3_000);
        assert_eq!(line.bytes_per_s, 1_500);
    }
}
