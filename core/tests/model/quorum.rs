//! No storm without a quorum: what neighbours claim becomes an emergency only when enough of them
//! are trusted, and one who is called wakes.

use qres_core::id::{NodeId, Tick};
use qres_core::q16::{Q16, percent};
use qres_core::regime::Regime;
use qres_core::trust::{Evidence, Neighbour, TrustConfig, is_emergency};
use stateright::{Model, Property};

use super::{Part, explore};

/// Four neighbours, who can claim, earn and lose.
#[derive(Clone, Debug, PartialEq, Hash)]
struct State {
    neighbours: Vec<Part<Neighbour>>,
    /// What each last claimed, and when: kept beside the code.
    claims: Vec<Option<(Regime, u64)>>,
    now: u64,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Action {
    Claims(usize, Regime),
    Earns(usize),
    Loses(usize),
    Time,
}

struct Machine {
    trust: TrustConfig,
    start: [i32; 4],
}

impl Machine {
    fn emergency(&self, state: &State) -> bool {
        let table: Vec<Neighbour> = state.neighbours.iter().map(|part| part.0).collect();
        is_emergency(&self.trust, &table, Tick(state.now))
    }

    /// Neighbours whose vote counts, by the definition.
    fn voters(&self, state: &State) -> usize {
        let counts = |(part, claim): &(&Part<Neighbour>, &Option<(Regime, u64)>)| {
            let recent = claim.is_some_and(|(regime, at)| {
                regime == Regime::Storm && state.now - at <= self.trust.vote_ticks
            });
            recent && part.0.reputation >= self.trust.vote_reputation
        };
        state.neighbours.iter().zip(&state.claims).filter(counts).count()
    }
}

impl Model for Machine {
    type State = State;
    type Action = Action;

    fn init_states(&self) -> Vec<State> {
        let neighbour = |(id, percents): (usize, &i32)| {
            let mut neighbour = Neighbour::new(&self.trust, NodeId(id as u32));
            neighbour.reputation = percent(*percents);
            Part(neighbour)
        };
        let neighbours = self.start.iter().enumerate().map(neighbour).collect();
        vec![State { neighbours, claims: vec![None; 4], now: 0 }]
    }

    fn actions(&self, state: &State, actions: &mut Vec<Action>) {
        for who in 0..state.neighbours.len() {
            actions.extend([Regime::Calm, Regime::Storm].map(|regime| Action::Claims(who, regime)));
            actions.extend([Action::Earns(who), Action::Loses(who)]);
        }
        actions.push(Action::Time);
    }

    fn next_state(&self, last: &State, action: Action) -> Option<State> {
        let mut next = last.clone();
        match action {
            Action::Claims(who, regime) => {
                let neighbour = &mut next.neighbours.get_mut(who)?.0;
                let round = neighbour.round + 1;
                neighbour.hear(Tick(last.now), round, regime);
                *next.claims.get_mut(who)? = Some((regime, last.now));
            }
            Action::Earns(who) => {
                next.neighbours.get_mut(who)?.0.weigh(&self.trust, Evidence::Good);
            }
            Action::Loses(who) => {
                next.neighbours.get_mut(who)?.0.weigh(&self.trust, Evidence::Harmful);
            }
            Action::Time => next.now += 1,
        }
        Some(next)
    }

    fn properties(&self) -> Vec<Property<Self>> {
        vec![
            Property::always("an emergency has its quorum", |model: &Self, state: &State| {
                let quorum = usize::from(model.trust.quorum);
                model.emergency(state) == (model.voters(state) >= quorum)
            }),
            Property::always("a ban has its reason", |model: &Self, state: &State| {
                let explained = |part: &Part<Neighbour>| {
                    !part.0.banned
                        || (part.0.harmful > 0 && part.0.reputation < model.trust.readmit_at)
                };
                state.neighbours.iter().all(explained)
            }),
            Property::always("reputations stay between 0 and 1", |_, state: &State| {
                let within =
                    |part: &Part<Neighbour>| (Q16::ZERO..=Q16::ONE).contains(&part.0.reputation);
                state.neighbours.iter().all(within)
            }),
            Property::sometimes("an emergency is called", |model: &Self, state: &State| {
                model.emergency(state)
            }),
        ]
    }
}

/// Two votes count from the start, one just fails, one is far from it.
#[test]
fn no_emergency_without_a_quorum() {
    let trust = TrustConfig { vote_ticks: 1, ..TrustConfig::default() };
    explore(Machine { trust, start: [80, 81, 79, 26] }, Some(5), 10_000);
}
