//! Bans: every one has its reason on record, none is for ever, and no sequence of evidence, time
//! and probation leads out of the table that the code documents.

use qres_core::q16::percent;
use qres_core::trust::ban::{BanConfig, Case, Cause, Event, Record, Status, transition};
use qres_core::trust::{Evidence, TrustConfig};
use stateright::{Model, Property};

use super::explore;

/// All kinds of evidence.
const EVIDENCE: [Evidence; 9] = [
    Evidence::Good,
    Evidence::Neutral,
    Evidence::Harmful,
    Evidence::Outlying,
    Evidence::AuditPassed,
    Evidence::AuditFailed,
    Evidence::ComputationMismatch,
    Evidence::NormRefused,
    Evidence::NoAnswer,
];

/// What a step did to a case.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct State {
    case: Case,
    now: u32,
    /// The status before the step, and what the step was; none at the start.
    last: Option<(Status, usize)>,
}

struct Machine {
    trust: TrustConfig,
    bans: BanConfig,
}

impl Machine {
    fn new() -> Self {
        // Service pays more than by default, so that few steps lead from a ban back to trust.
        let trust = TrustConfig { reward: percent(10), ..TrustConfig::default() };
        let bans = BanConfig {
            first_ticks: 2,
            longest_ticks: 5,
            probation_good: 2,
            ..BanConfig::default()
        };
        Self { trust, bans }
    }

    fn step(&self, case: Case, event: Event, now: u32) -> Case {
        transition(&self.trust, &self.bans, case, event, now)
    }

    /// Whether the grounds on record are enough for the cause on record.
    fn is_explained(record: &Record) -> bool {
        let grounds = &record.grounds;
        match record.cause {
            Cause::None => record.bans == 0,
            Cause::Mismatch => grounds.mismatches > 0,
            Cause::AuditFailures => grounds.failures() > 0,
            Cause::LowReputation => !grounds.is_empty() && grounds.mismatches == 0,
        }
    }
}

impl Model for Machine {
    type State = State;
    /// Evidence by place in [`EVIDENCE`]; beyond it a tick passes.
    type Action = usize;

    fn init_states(&self) -> Vec<State> {
        let case = Case { reputation: self.trust.initial, record: Record::default() };
        vec![State { case, now: 0, last: None }]
    }

    fn actions(&self, _: &State, actions: &mut Vec<usize>) {
        actions.extend(0..=EVIDENCE.len());
    }

    fn next_state(&self, last: &State, action: usize) -> Option<State> {
        let (event, now) = match EVIDENCE.get(action) {
            Some(evidence) => (Event::Evidence(*evidence), last.now),
            None => (Event::Time, last.now + 1),
        };
        let case = self.step(last.case, event, now);
        Some(State { case, now, last: Some((last.case.record.status, action)) })
    }

    fn properties(&self) -> Vec<Property<Self>> {
        vec![
            Property::always("every ban is explained", |_, state: &State| {
                let record = &state.case.record;
                Self::is_explained(record)
                    && (record.status != Status::Banned || record.cause != Cause::None)
            }),
            Property::always("a mismatch convicts at once", |_, state: &State| {
                let mismatch = |(from, action): (Status, usize)| {
                    from != Status::Banned
                        && EVIDENCE.get(action) == Some(&Evidence::ComputationMismatch)
                };
                let convicted = state.case.record.status == Status::Banned;
                !state.last.is_some_and(mismatch) || convicted
            }),
            Property::always("good evidence never bans", |_, state: &State| {
                let good = |(from, action): (Status, usize)| {
                    let evidence = EVIDENCE.get(action);
                    let serves = matches!(evidence, Some(Evidence::Good | Evidence::AuditPassed));
                    serves && from != Status::Banned
                };
                !state.last.is_some_and(good) || state.case.record.status != Status::Banned
            }),
            Property::always("trust comes back by probation only", |_, state: &State| {
                let from = state.last.map_or(Status::Trusted, |(from, _)| from);
                match state.case.record.status {
                    Status::Trusted => from != Status::Banned,
                    Status::Probation => from != Status::Trusted,
                    Status::Banned => true,
                }
            }),
            Property::always(
                "every ban runs out, and service ends probation",
                |model: &Self, state: &State| {
                    let State { mut case, now, .. } = state.clone();
                    if case.record.status == Status::Banned {
                        case = model.step(case, Event::Time, now + model.bans.longest_ticks);
                    }
                    for _ in 0..60 {
                        case = model.step(case, Event::Evidence(Evidence::Good), now);
                    }
                    case.record.status == Status::Trusted
                },
            ),
            Property::always("reputations stay between 0 and 1", |_, state: &State| {
                (0..=1 << 16).contains(&state.case.reputation.to_bits())
            }),
            Property::sometimes("a neighbour is banned again on probation", |_, state: &State| {
                state.case.record.bans > 1
            }),
            Property::sometimes("a neighbour has served its time", |_, state: &State| {
                state.case.record.bans > 0 && state.case.record.status == Status::Trusted
            }),
        ]
    }
}

#[test]
fn every_ban_is_explained_and_runs_out() {
    explore(Machine::new(), Some(9), 10_000);
}
