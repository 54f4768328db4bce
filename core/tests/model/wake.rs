//! Target Wake Time: whatever befalls a sleeper, it wakes again.

use qres_core::id::{NodeId, Tick};
use qres_core::q16::{Q16, percent};
use qres_core::regime::Regime;
use qres_core::wake::{Role, Wake, WakeConfig};
use stateright::{Model, Property};

use super::{Part, explore};

/// Ticks of the small table below that no sleeper may let pass without a round: its longest
/// interval, 12 ticks, a tenth more for jitter, and two for rounding to ticks.
const LONGEST: u64 = 16;

/// What befalls a node in a tick, before its schedule is planned.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Event {
    Nothing,
    Hasten,
    PowerOff,
    Standing(i32),
}

#[derive(Clone, Debug, PartialEq, Hash)]
struct State {
    wake: Part<Wake>,
    now: u64,
    /// When the last round began, and how many there were before this tick.
    last_round: (u64, u32),
}

struct Machine {
    role: Role,
    config: WakeConfig,
}

impl Machine {
    fn new(role: Role, jitter_percent: u32) -> Self {
        let config = WakeConfig {
            interval_us: [12_000_000, 4_000_000, 1_500_000],
            window_us: [500_000, 500_000, 1_200_000],
            jitter_percent,
            ..WakeConfig::default()
        };
        Self { role, config }
    }

    /// Ticks until the next round begins at an even cadence, up to [`LONGEST`].
    fn until_awake(&self, state: &State, cadence: Regime) -> Option<u64> {
        let mut wake = state.wake.0;
        (0..LONGEST).find(|ahead| {
            wake.plan(&self.config, NodeId(7), Tick(state.now + ahead), cadence).opens
        })
    }
}

impl Model for Machine {
    type State = State;
    type Action = (Event, Regime);

    fn init_states(&self) -> Vec<State> {
        let sentinel = if self.role == Role::Sentinel { NodeId::NONE } else { NodeId(1) };
        let new = |first_us| Wake::new(self.role, sentinel, first_us, percent(50));
        let state = |first_us| State { wake: Part(new(first_us)), now: 0, last_round: (0, 0) };
        [0, 700_000, 2_300_000].map(state).to_vec()
    }

    fn actions(&self, _: &State, actions: &mut Vec<(Event, Regime)>) {
        let events = [
            Event::Nothing,
            Event::Hasten,
            Event::PowerOff,
            Event::Standing(0),
            Event::Standing(1 << 16),
        ];
        for event in events {
            actions.extend(Regime::ALL.map(|cadence| (event, cadence)));
        }
    }

    fn next_state(&self, last: &State, (event, cadence): (Event, Regime)) -> Option<State> {
        let mut next = last.clone();
        let now = Tick(last.now);
        next.now += 1;
        let wake = &mut next.wake.0;
        match event {
            Event::Nothing => {}
            Event::Hasten => wake.hasten(&self.config, now),
            Event::Standing(bits) => wake.standing = Q16::from_bits(bits),
            Event::PowerOff => {
                wake.power_off(now, self.config.tick_us);
                return Some(next);
            }
        }
        let window = wake.plan(&self.config, NodeId(7), now, cadence);
        if window.opens {
            next.last_round = (last.now, wake.rounds());
        }
        Some(next)
    }

    fn properties(&self) -> Vec<Property<Self>> {
        vec![
            Property::always("every sleeper wakes", |model: &Self, state: &State| {
                // Who is on demand sleeps through calm by intent, until called.
                let calm = model.role == Role::OnDemand;
                let wakes = |cadence| model.until_awake(state, cadence).is_some();
                wakes(Regime::Storm) && wakes(Regime::PreStorm) && (calm || wakes(Regime::Calm))
            }),
            Property::always("a call wakes whoever sleeps", |model: &Self, state: &State| {
                let mut called = state.clone();
                called.wake.0.hasten(&model.config, Tick(state.now));
                called.now += 1;
                model.until_awake(&called, Regime::Calm).is_some()
            }),
            Property::always("a window lies within its tick", |model: &Self, state: &State| {
                let window = state.wake.0.window();
                window.from_us <= window.to_us && window.to_us <= model.config.tick_us
            }),
            Property::always("rounds are counted one by one", |_, state: &State| {
                state.wake.0.rounds() == state.last_round.1
            }),
            Property::sometimes("it sleeps through a tick", |_, state: &State| {
                state.now > 2 && !state.wake.0.window().is_awake()
            }),
        ]
    }
}

#[test]
fn every_sleeper_wakes() {
    for (role, jitter_percent) in
        [(Role::Scheduled, 0), (Role::Scheduled, 10), (Role::OnDemand, 10)]
    {
        explore(Machine::new(role, jitter_percent), Some(5), 1_000);
    }
}
