//! The serial lines: what waits to be sent, and which of two lines the board speaks on. Must not
//! know the hardware behind them.

use heapless::Deque;

/// A host that says nothing for so long has gone; microseconds.
const GONE_US: u64 = 3_000_000;

/// Bytes that wait for a line.
///
/// A line that nobody reads fills it. Then all that waits is dropped, since it is the oldest: who
/// comes later hears what is said now, and finds the next frame by the zero before it.
#[derive(Debug, Default)]
pub struct Queue<const N: usize> {
    bytes: Deque<u8, N>,
}

impl<const N: usize> Queue<N> {
    /// An empty queue.
    #[must_use]
    pub const fn new() -> Self {
        Self { bytes: Deque::new() }
    }

    /// Puts a frame at the end. One that has no room in an empty queue is dropped.
    pub fn put(&mut self, frame: &[u8]) {
        if frame.len() >= N {
            return;
        }
        if self.bytes.len() + frame.len() > N {
            self.bytes.clear();
            // Ends what was sent by half.
            let _ = self.bytes.push_back(0);
        }
        for byte in frame {
            let _ = self.bytes.push_back(*byte);
        }
    }

    /// Hands bytes to `send` until it takes no more; returns how many it took.
    pub fn drain(&mut self, mut send: impl FnMut(u8) -> bool) -> usize {
        let waiting = self.bytes.len();
        while self.bytes.front().is_some_and(|byte| send(*byte)) {
            self.bytes.pop_front();
        }
        waiting - self.bytes.len()
    }
}

/// A line of the board.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Line {
    /// The chip's own USB port.
    Usb,
    /// UART0, behind the board's other USB port.
    Uart,
}

/// Which line the host is on. At the start it may be on any; then it is where it was heard, until
/// it is silent for 3 s and heard elsewhere.
#[derive(Clone, Copy, Debug, Default)]
pub struct Choice {
    current: Option<Line>,
    heard_us: u64,
}

impl Choice {
    /// A byte has come on `line`; whether it counts.
    pub fn hear(&mut self, line: Line, now_us: u64) -> bool {
        let free = self.current.is_none() || now_us.saturating_sub(self.heard_us) >= GONE_US;
        if self.current != Some(line) && !free {
            return false;
        }
        *self = Self { current: Some(line), heard_us: now_us };
        true
    }

    /// Whether the board speaks on `line`.
    #[must_use]
    pub fn speaks(&self, line: Line) -> bool {
        self.current.is_none_or(|current| current == line)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn take<const N: usize>(queue: &mut Queue<N>, most: usize) -> heapless::Vec<u8, 64> {
        let mut taken = heapless::Vec::new();
        queue.drain(|byte| taken.len() < most && taken.push(byte).is_ok());
        taken
    }

    #[test]
    fn a_queue_keeps_order_and_what_the_line_does_not_take() {
        let mut queue = Queue::<8>::default();
        queue.put(&[1, 2, 3, 0]);
        queue.put(&[4, 5, 0]);
        assert_eq!(take(&mut queue, 2), [1, 2]);
        queue.put(&[6, 7, 0]);
        assert_eq!(take(&mut queue, 64), [3, 0, 4, 5, 0, 6, 7, 0]);
        assert!(take(&mut queue, 64).is_empty());
    }

    #[test]
    fn a_full_queue_drops_the_old_and_ends_it_with_a_zero() {
        let mut queue = Queue::<8>::default();
        queue.put(&[1, 2, 3, 4, 0]);
        assert_eq!(take(&mut queue, 1), [1]);
        queue.put(&[5, 6, 7, 8, 0]);
        assert_eq!(take(&mut queue, 64), [0, 5, 6, 7, 8, 0]);
        queue.put(&[9; 8]);
        assert!(take(&mut queue, 64).is_empty());
    }

    #[test]
    fn the_host_is_where_it_was_heard_until_it_is_silent() {
        let mut choice = Choice::default();
        assert!(choice.speaks(Line::Usb) && choice.speaks(Line::Uart));
        let table = [
            (Line::Uart, 0, true),
            (Line::Usb, 10, false),
            (Line::Uart, 2_000_000, true),
            (Line::Usb, 4_999_999, false),
            (Line::Usb, 5_000_000, true),
            (Line::Uart, 5_000_001, false),
        ];
        for (line, now_us, counts) in table {
            assert_eq!(choice.hear(line, now_us), counts, "{line:?} at {now_us}");
        }
        assert!(choice.speaks(Line::Usb) && !choice.speaks(Line::Uart));
    }
}
