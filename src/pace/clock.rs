//! Real time to whole ticks, in integer nanoseconds: the only place that reads a clock.

use std::time::{Duration, Instant};

/// Slowest speed, in thousandths of real time.
pub const SPEED_MIN_MILLI: u32 = 10;
/// Fastest speed, in thousandths of real time.
pub const SPEED_MAX_MILLI: u32 = 100_000_000;
/// The most real time that can be owed: a driver that was held up does not race after it.
const DEBT_MAX_NS: u128 = 250_000_000;

/// Decides when a tick is due.
#[derive(Debug)]
pub(super) struct TickClock {
    tick_ns: u128,
    speed_milli: u32,
    paused: bool,
    /// Simulated nanoseconds, times 1000, that are owed.
    owed_milli: u128,
    last: Instant,
    window: (Instant, u64),
    achieved_milli: u32,
    ticks: u64,
}

impl TickClock {
    pub(super) fn new(tick_us: u64, speed_milli: u32) -> Self {
        let now = now();
        Self {
            tick_ns: u128::from(tick_us.max(1)) * 1_000,
            speed_milli: speed_milli.clamp(SPEED_MIN_MILLI, SPEED_MAX_MILLI),
            paused: false,
            owed_milli: 0,
            last: now,
            window: (now, 0),
            achieved_milli: 0,
            ticks: 0,
        }
    }

    pub(super) const fn is_paused(&self) -> bool {
        self.paused
    }

    pub(super) const fn speed_milli(&self) -> u32 {
        self.speed_milli
    }

    pub(super) const fn achieved_milli(&self) -> u32 {
        self.achieved_milli
    }

    pub(super) fn pause(&mut self, paused: bool) {
        self.advance();
        self.paused = paused;
        self.owed_milli = 0;
    }

    pub(super) fn change_speed(&mut self, faster: bool) {
        let speed = if faster { self.speed_milli.saturating_mul(2) } else { self.speed_milli / 2 };
        self.set_speed(speed);
    }

    pub(super) fn set_speed(&mut self, speed_milli: u32) {
        self.speed_milli = speed_milli.clamp(SPEED_MIN_MILLI, SPEED_MAX_MILLI);
    }

    /// Adds the real time since the last call to what is owed.
    pub(super) fn advance(&mut self) {
        let now = now();
        let passed = now.duration_since(self.last).as_nanos().min(DEBT_MAX_NS);
        self.last = now;
        if !self.paused {
            self.owed_milli += passed * u128::from(self.speed_milli);
            let most = DEBT_MAX_NS * u128::from(self.speed_milli) + self.tick_ns * 1_000;
            self.owed_milli = self.owed_milli.min(most);
        }
        let elapsed = now.duration_since(self.window.0);
        if elapsed >= Duration::from_secs(1) {
            let simulated = u128::from(self.ticks - self.window.1) * self.tick_ns * 1_000;
            let achieved = simulated / elapsed.as_nanos().max(1);
            self.achieved_milli = achieved.min(u128::from(u32::MAX)) as u32;
            self.window = (now, self.ticks);
        }
    }

    /// Whether a whole tick is owed.
    pub(super) const fn is_due(&self) -> bool {
        !self.paused && self.owed_milli >= self.tick_ns * 1_000
    }

    /// Real time that a tick takes at the wanted speed, in microseconds.
    pub(super) fn tick_real_us(&self) -> u64 {
        let real = self.tick_ns / u128::from(self.speed_milli.max(1));
        real.min(u128::from(u64::MAX)) as u64
    }

    /// Takes one tick off what is owed, if a whole one is.
    pub(super) fn take_tick(&mut self) -> bool {
        let due = self.is_due();
        if due {
            self.owed_milli -= self.tick_ns * 1_000;
            self.ticks += 1;
        }
        due
    }

    /// Forgets what is owed: time went into something else than ticks.
    pub(super) const fn forgive(&mut self) {
        self.owed_milli = 0;
    }

    /// Counts a tick that was asked for by hand.
    pub(super) const fn count_step(&mut self) {
        self.ticks += 1;
    }

    /// How long until the next tick is due; at most a few milliseconds, so that intents are heard.
    pub(super) fn wait(&self) -> Duration {
        let missing = (self.tick_ns * 1_000).saturating_sub(self.owed_milli);
        let real = missing / u128::from(self.speed_milli.max(1));
        Duration::from_nanos(real.min(4_000_000) as u64)
    }

    /// The moment as it is to be shown.
    pub(super) fn shown(&self) -> Shown {
        let price = (self.tick_ns * 1_000).max(1);
        Shown {
            since: self.last,
            done_milli: ((self.owed_milli.min(price) * 1_000) / price) as u32,
            tick_real_ns: (price / u128::from(self.speed_milli.max(1))).max(1) as u64,
            frozen: self.paused,
        }
    }
}

/// Where real time stands inside the latest tick.
#[derive(Clone, Copy, Debug)]
pub(super) struct Shown {
    since: Instant,
    done_milli: u32,
    tick_real_ns: u64,
    frozen: bool,
}

impl Shown {
    /// 0 at the tick's start, 1 at its end and beyond.
    pub(super) fn progress(&self) -> f32 {
        let done = f64::from(self.done_milli) / 1_000.0;
        let passed = now().saturating_duration_since(self.since).as_nanos() as f64;
        let moved = if self.frozen { 0.0 } else { passed / self.tick_real_ns as f64 };
        (done + moved).clamp(0.0, 1.0) as f32
    }
}

/// Real time that ticks may take before the screen gets its turn.
#[derive(Debug)]
pub(super) struct Budget {
    until: Instant,
}

impl Budget {
    pub(super) fn start(length: Duration) -> Self {
        Self { until: now() + length }
    }

    pub(super) fn is_spent(&self) -> bool {
        now() >= self.until
    }
}

#[expect(clippy::disallowed_methods, reason = "the driver is where real time enters")]
fn now() -> Instant {
    Instant::now()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn owed_time_becomes_whole_ticks() {
        let mut clock = TickClock::new(1_000, 1_000);
        clock.owed_milli = 2_500_000 * 1_000;
        let ran = (0..10).filter(|_| clock.take_tick()).count();
        assert_eq!(ran, 2);
        assert_eq!(clock.owed_milli, 500_000 * 1_000);
    }

    #[test]
    fn a_paused_clock_owes_nothing() {
        let mut clock = TickClock::new(1, 1_000);
        clock.pause(true);
        clock.advance();
        assert!(!clock.take_tick());
    }

    #[test]
    fn debt_is_bounded_and_speed_too() {
        let mut clock = TickClock::new(1_000_000, 1_000);
        (0..80).for_each(|_| clock.change_speed(true));
        assert_eq!(clock.speed_milli(), SPEED_MAX_MILLI);
        (0..80).for_each(|_| clock.change_speed(false));
        assert_eq!(clock.speed_milli(), SPEED_MIN_MILLI);
        clock.owed_milli = u128::from(u64::MAX);
        clock.advance();
        assert!(clock.owed_milli <= DEBT_MAX_NS * 10 + clock.tick_ns * 1_000);
    }
}
