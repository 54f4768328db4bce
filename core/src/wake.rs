//! Target Wake Time: when a node's radio is awake.
//!
//! A round is one wake window (for an always-on sentinel: one interval). Intervals follow the
//! regime, are shortened by low standing, and are jittered by the node's own id, so that no two
//! nodes keep step by accident.

use crate::draw::{Purpose, below, draw};
use crate::id::{NodeId, Tick};
use crate::q16::Q16;
use crate::regime::Regime;

/// What a node's radio does between rounds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[repr(u8)]
pub enum Role {
    /// Sleeps, and wakes by the interval table.
    #[default]
    Scheduled = 0,
    /// Sleeps through calm; wakes when its own signal or an emergency says so.
    OnDemand = 1,
    /// Always on: beacons, and keeps frames for sleepers.
    Sentinel = 2,
}
crate::canonical!(
    enum Role {
        Scheduled = 0,
        OnDemand = 1,
        Sentinel = 2,
    }
);

/// The interval table and the windows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct WakeConfig {
    /// Interval between rounds in each regime at full standing, in microseconds.
    pub interval_us: [u64; 3],
    /// Length of a wake window in each regime, in microseconds.
    pub window_us: [u64; 3],
    /// Largest deviation of an interval, in hundredths.
    pub jitter_percent: u32,
    /// Share of the interval that a node of no standing gets; full standing gets all of it.
    pub weight_floor: Q16,
    /// Length of a tick, in microseconds.
    pub tick_us: u64,
    /// Seeds the jitter.
    pub seed: u64,
}

impl Default for WakeConfig {
    fn default() -> Self {
        Self {
            interval_us: [14_400_000_000, 600_000_000, 30_000_000],
            window_us: [500_000, 500_000, 5_000_000],
            jitter_percent: 10,
            weight_floor: Q16::from_bits(13_107),
            tick_us: 1_000_000,
            seed: 0,
        }
    }
}

impl WakeConfig {
    /// The interval for `regime` at `standing`, before jitter, in microseconds:
    /// `base * (floor + (1 - floor) * standing)`.
    #[must_use]
    pub fn interval(&self, regime: Regime, standing: Q16) -> u64 {
        let base = self.interval_us[regime as usize];
        let kept = Q16::ONE.saturating_sub(self.weight_floor);
        let weight = self.weight_floor.saturating_add(kept.saturating_mul(standing));
        let bits = weight.to_bits().clamp(0, 1 << 16) as u128;
        ((u128::from(base) * bits) >> 16).max(1) as u64
    }
}

/// When the radio is awake within one tick, in microseconds from the tick's start.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Window {
    /// First microsecond awake.
    pub from_us: u64,
    /// First microsecond asleep again; equal to `from_us` when asleep throughout.
    pub to_us: u64,
    /// A round begins in this tick.
    pub opens: bool,
    /// A round ends in this tick.
    pub closes: bool,
}
crate::canonical!(struct Window { from_us, to_us, opens, closes });

impl Window {
    /// Whether the radio is awake at all in the tick.
    #[must_use]
    pub const fn is_awake(&self) -> bool {
        self.to_us > self.from_us
    }

    /// Whether the radio is awake for all of `start_us .. start_us + length_us`.
    #[must_use]
    pub const fn covers(&self, start_us: u64, length_us: u64) -> bool {
        self.from_us <= start_us && start_us + length_us <= self.to_us
    }

    /// Microseconds awake.
    #[must_use]
    pub const fn length_us(&self) -> u64 {
        self.to_us - self.from_us
    }
}

/// A node's wake schedule.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Wake {
    /// What the radio does between rounds.
    pub role: Role,
    /// The sentinel that serves this node, or [`NodeId::NONE`].
    pub sentinel: NodeId,
    /// The reputation that its sentinel grants it, 0 to 1.
    pub standing: Q16,
    next_us: u64,
    opened_us: u64,
    until_us: u64,
    rounds: u32,
    regime: Regime,
    window: Window,
}
crate::canonical!(struct Wake {
    role, sentinel, standing, next_us, opened_us, until_us, rounds, regime, window,
});

/// Stands for "not before something happens".
const NEVER: u64 = u64::MAX;

impl Wake {
    /// A schedule whose first round begins at `first_us`. A sentinel has nobody who could shorten
    /// its intervals and stands at 1; the others begin at `standing`.
    #[must_use]
    pub fn new(role: Role, sentinel: NodeId, first_us: u64, standing: Q16) -> Self {
        Self {
            role,
            sentinel,
            standing: if role == Role::Sentinel { Q16::ONE } else { standing },
            next_us: first_us,
            opened_us: 0,
            until_us: 0,
            rounds: 0,
            regime: Regime::Storm,
            window: Window::default(),
        }
    }

    /// The same schedule of a node that counts its rounds from `rounds` on. After a restart a node
    /// must begin above what it has used before, or its neighbours take its updates for old ones;
    /// the number of the tick will do, since no node begins more than one round in a tick.
    #[must_use]
    pub const fn counting_from(mut self, rounds: u32) -> Self {
        self.rounds = rounds;
        self
    }

    /// Rounds begun so far.
    #[must_use]
    pub const fn rounds(&self) -> u32 {
        self.rounds
    }

    /// The window of the tick last planned.
    #[must_use]
    pub const fn window(&self) -> Window {
        self.window
    }

    /// When the next round begins, in microseconds since the start; `u64::MAX` means not before
    /// something happens.
    #[must_use]
    pub const fn next_us(&self) -> u64 {
        self.next_us
    }

    /// An emergency was heard: the next round comes as soon as storm cadence allows.
    pub fn hasten(&mut self, config: &WakeConfig, now: Tick) {
        let soonest_us = now.0.saturating_add(1).saturating_mul(config.tick_us);
        let spacing = config.interval(Regime::Storm, self.standing);
        let due_us = if self.rounds == 0 { 0 } else { self.opened_us.saturating_add(spacing) };
        self.next_us = self.next_us.min(due_us.max(soonest_us));
    }

    /// Moves the next round by `by_us` microseconds, where one is planned: a clock that runs wrong,
    /// or a node that does not keep up.
    pub const fn shift(&mut self, by_us: i64) {
        if self.next_us != NEVER {
            self.next_us = self.next_us.saturating_add_signed(by_us);
        }
    }

    /// Forgets the radio's plans while the node is without power; it wakes when power is back.
    pub fn power_off(&mut self, now: Tick, tick_us: u64) {
        self.until_us = 0;
        self.next_us = now.0.saturating_add(1).saturating_mul(tick_us);
        self.window = Window::default();
    }

    /// Plans this tick's window. `cadence` is the regime whose interval applies.
    pub fn plan(&mut self, config: &WakeConfig, id: NodeId, now: Tick, cadence: Regime) -> Window {
        let start_us = now.0.saturating_mul(config.tick_us);
        let end_us = start_us.saturating_add(config.tick_us);
        if cadence != self.regime {
            let urgent = cadence > self.regime;
            self.regime = cadence;
            if urgent && self.until_us <= start_us {
                self.next_us = self.next_us.min(start_us);
            } else if self.rounds > 0 && self.until_us > start_us {
                self.next_us = self.following(config, id);
            }
        }
        self.window = match self.role {
            Role::Sentinel => self.stay_on(config, id, start_us, end_us),
            Role::Scheduled | Role::OnDemand => self.doze(config, id, start_us, end_us),
        };
        self.window
    }

    fn stay_on(&mut self, config: &WakeConfig, id: NodeId, start_us: u64, end_us: u64) -> Window {
        let opens = self.next_us < end_us;
        if opens {
            self.open(config, id, self.next_us.max(start_us));
            // One round a tick at most: the rest of a short interval is merged into it.
            self.next_us = self.next_us.max(end_us);
        }
        Window { from_us: 0, to_us: config.tick_us, opens, closes: opens }
    }

    fn doze(&mut self, config: &WakeConfig, id: NodeId, start_us: u64, end_us: u64) -> Window {
        let opens = self.until_us <= start_us && self.next_us < end_us;
        if opens {
            self.open(config, id, self.next_us.max(start_us));
            self.until_us = self.opened_us + config.window_us[self.regime as usize];
        } else if self.until_us <= start_us {
            return Window::default();
        }
        Window {
            from_us: self.opened_us.max(start_us) - start_us,
            to_us: self.until_us.min(end_us) - start_us,
            opens,
            closes: self.until_us <= end_us,
        }
    }

    fn open(&mut self, config: &WakeConfig, id: NodeId, at_us: u64) {
        self.rounds = self.rounds.saturating_add(1);
        self.opened_us = at_us;
        self.next_us = self.following(config, id);
    }

    fn following(&self, config: &WakeConfig, id: NodeId) -> u64 {
        if self.role == Role::OnDemand && self.regime == Regime::Calm {
            return NEVER;
        }
        let interval = config.interval(self.regime, self.standing);
        let window = match self.role {
            Role::Sentinel => 1,
            _ => config.window_us[self.regime as usize],
        };
        let jittered = jitter(config, id, self.rounds, interval).max(window);
        self.opened_us.saturating_add(jittered)
    }
}

/// `interval_us` moved by up to the configured share either way; unmoved when jitter is off.
fn jitter(config: &WakeConfig, id: NodeId, round: u32, interval_us: u64) -> u64 {
    let reach = interval_us / 100 * u64::from(config.jitter_percent.min(100));
    if reach == 0 {
        return interval_us;
    }
    let bits = draw(config.seed, Purpose::Jitter, id.0, u64::from(round), 0);
    interval_us - reach + below(bits, 2 * reach + 1)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::q16::{HALF, percent};

    fn walk(
        wake: &mut Wake,
        config: &WakeConfig,
        ticks: core::ops::Range<u64>,
        regime: Regime,
    ) -> (u64, u32) {
        let mut awake_us = 0;
        let mut opened = 0;
        for tick in ticks {
            let window = wake.plan(config, NodeId(3), Tick(tick), regime);
            awake_us += window.length_us();
            opened += u32::from(window.opens);
        }
        (awake_us, opened)
    }

    #[test]
    fn the_published_intervals() {
        let config = WakeConfig::default();
        let minutes = |standing: i32| config.interval(Regime::Calm, percent(standing)) / 60_000_000;
        assert_eq!(config.interval(Regime::Calm, Q16::ONE), 14_400_000_000);
        // 3 h 40 min, 2 h 24 min, 1 h 26 min, 48 min; truncation may take a minute.
        let expected = [(90, 220), (50, 144), (20, 86), (0, 48)];
        for (standing, want) in expected {
            assert!(minutes(standing).abs_diff(want) <= 1, "{standing}: {}", minutes(standing));
        }
    }

    #[test]
    fn a_storm_round_every_thirty_seconds_for_five() {
        let config = WakeConfig { jitter_percent: 0, ..WakeConfig::default() };
        let mut wake = Wake::new(Role::Scheduled, NodeId(0), 0, HALF);
        wake.standing = Q16::ONE;
        let (awake_us, rounds) = walk(&mut wake, &config, 0..300, Regime::Storm);
        assert_eq!((awake_us, rounds), (50_000_000, 10));
    }

    #[test]
    fn urgency_wakes_at_once_and_calm_sleeps_long() {
        let config = WakeConfig::default();
        let mut wake = Wake::new(Role::Scheduled, NodeId(0), 0, HALF);
        walk(&mut wake, &config, 0..10, Regime::Calm);
        assert_eq!(walk(&mut wake, &config, 10..1_000, Regime::Calm).1, 0);
        assert!(wake.plan(&config, NodeId(3), Tick(1_000), Regime::Storm).opens);
    }

    #[test]
    fn a_sentinel_is_always_awake_and_counts_rounds() {
        let config = WakeConfig { jitter_percent: 0, ..WakeConfig::default() };
        let mut wake = Wake::new(Role::Sentinel, NodeId::NONE, 0, HALF);
        wake.standing = Q16::ONE;
        let (awake_us, rounds) = walk(&mut wake, &config, 0..60, Regime::Storm);
        assert_eq!((awake_us, rounds), (60_000_000, 2));
    }

    #[test]
    fn an_on_demand_node_sleeps_through_calm_until_hastened() {
        let config = WakeConfig::default();
        let mut wake = Wake::new(Role::OnDemand, NodeId(0), 0, HALF);
        walk(&mut wake, &config, 0..5, Regime::Calm);
        assert_eq!(wake.next_us(), NEVER);
        wake.hasten(&config, Tick(90));
        assert_eq!(walk(&mut wake, &config, 91..100, Regime::Calm).1, 1);
    }

    #[test]
    fn a_shift_moves_a_planned_round_and_wakes_nobody() {
        let config = WakeConfig { jitter_percent: 0, ..WakeConfig::default() };
        let mut wake = Wake::new(Role::Scheduled, NodeId(0), 5_000_000, HALF).counting_from(9);
        wake.shift(2_500_000);
        assert_eq!((wake.next_us(), wake.rounds()), (7_500_000, 9));
        wake.shift(-8_000_000);
        assert_eq!(wake.next_us(), 0);
        let mut called = Wake::new(Role::OnDemand, NodeId(0), 0, HALF);
        walk(&mut called, &config, 0..5, Regime::Calm);
        called.shift(-1);
        assert_eq!(called.next_us(), NEVER);
    }

    #[test]
    fn jitter_differs_by_node_and_stays_in_reach() {
        let config = WakeConfig::default();
        let base = 30_000_000;
        let one = jitter(&config, NodeId(1), 5, base);
        assert_ne!(one, jitter(&config, NodeId(2), 5, base));
        for id in 0..500 {
            let length = jitter(&config, NodeId(id), 1, base);
            assert!((27_000_000..=33_000_000).contains(&length));
        }
        let off = WakeConfig { jitter_percent: 0, ..config };
        assert_eq!(jitter(&off, NodeId(1), 5, base), base);
    }
}
