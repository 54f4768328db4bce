//! The machine's whole life by table, its edges, and what no sequence of events can bring about.

extern crate std;

use super::*;
use crate::canonical::{Canonical, Source};
use crate::q16::HALF;
use proptest::prelude::*;
use std::string::ToString;
use std::vec::Vec;

const BANS: BanConfig = BanConfig {
    first_ticks: 100,
    longest_ticks: 350,
    audit_failures: 2,
    probation_reputation: percent(30),
    probation_influence: percent(10),
    probation_good: 3,
};

fn fresh() -> Case {
    Case { reputation: HALF, record: Record::default() }
}

/// The case after each of `events`, one a tick from `from` on.
fn after(mut case: Case, from: u32, events: &[Event]) -> Case {
    for (now, event) in (from..).zip(events) {
        case = transition(&TrustConfig::default(), &BANS, case, *event, now);
    }
    case
}

fn told(evidence: Evidence) -> Event {
    Event::Evidence(evidence)
}

#[test]
fn what_bans_and_what_does_not() {
    use Evidence::{
        AuditFailed, AuditPassed, ComputationMismatch, Good, Harmful, Neutral, NoAnswer,
        NormRefused, Outlying,
    };
    let cases: [(&[Evidence], Cause); 12] = [
        (&[Harmful; 3], Cause::None),
        (&[Harmful; 4], Cause::LowReputation),
        (&[Outlying, Harmful, NoAnswer, Harmful], Cause::LowReputation),
        (&[AuditFailed], Cause::None),
        // Two failures leave 0.20001 of 0.5, so it is the rule of two that bans.
        (&[AuditFailed; 2], Cause::AuditFailures),
        (&[AuditFailed, NormRefused], Cause::AuditFailures),
        // A failed proof is not made good by service.
        (
            &[AuditFailed, Good, Good, Good, Good, Good, Good, Good, Good, AuditFailed],
            Cause::AuditFailures,
        ),
        (&[NoAnswer, NoAnswer, NoAnswer], Cause::None),
        (&[ComputationMismatch], Cause::Mismatch),
        (&[AuditFailed, ComputationMismatch], Cause::Mismatch),
        (&[Neutral, Good, AuditPassed], Cause::None),
        (&[Harmful, Harmful, Harmful, Good, Good, Good, Good, Good, Harmful], Cause::None),
    ];
    for (evidence, cause) in cases {
        let events: Vec<Event> = evidence.iter().copied().map(told).collect();
        let case = after(fresh(), 7, &events);
        assert_eq!(case.record.cause, cause, "{evidence:?}");
        let banned = case.record.status == Status::Banned;
        assert_eq!(banned, cause != Cause::None, "{evidence:?}");
        assert_eq!(case.record.bans, u8::from(banned), "{evidence:?}");
        let tick = if banned { 6 + events.len() as u32 } else { 0 };
        assert_eq!(case.record.banned_tick, tick, "{evidence:?}");
    }
}

#[test]
fn a_reputation_at_the_threshold_is_not_below_it() {
    let at = |bits| Case { reputation: Q16::from_bits(bits), record: Record::default() };
    // 13107 is 0.2; harm takes 5242.
    for (bits, status) in [(13_107 + 5_242, Status::Trusted), (13_106 + 5_242, Status::Banned)] {
        let case = after(at(bits), 0, &[told(Evidence::Harmful)]);
        assert_eq!(case.record.status, status, "{bits}");
    }
    let low = after(at(5_000), 0, &[told(Evidence::Good), told(Evidence::Neutral)]);
    assert_eq!(low.record.status, Status::Trusted, "nobody is banned for what is no fault");
}

#[test]
fn bans_double_up_to_the_longest_and_end_in_probation() {
    let lengths = [1, 2, 3, 4, 40, 255].map(|bans| BANS.length_ticks(bans));
    assert_eq!(lengths, [100, 200, 350, 350, 350, 350]);
    let banned = after(fresh(), u32::MAX - 10, &[told(Evidence::ComputationMismatch)]);
    let since = u32::MAX - 10;
    let early = after(banned, since.wrapping_add(99), &[Event::Time]);
    assert_eq!(early, banned, "over the end of the 32 bits, too");
    let tried = after(banned, since.wrapping_add(100), &[Event::Time]);
    assert_eq!((tried.record.status, tried.reputation), (Status::Probation, percent(30)));
    assert!(tried.record.gathering.is_empty());
    assert_eq!(tried.record.grounds.mismatches, 1, "why it was banned is still known");
    let again = after(tried, 5, &[told(Evidence::NormRefused)]);
    assert_eq!((again.record.status, again.record.bans), (Status::Banned, 2));
    assert_eq!(after(again, 204, &[Event::Time]).record.status, Status::Banned);
    assert_eq!(after(again, 205, &[Event::Time]).record.status, Status::Probation);
}

#[test]
fn probation_ends_after_enough_good_in_a_row_and_a_full_recovery() {
    let record = Record { status: Status::Probation, bans: 1, ..Record::default() };
    let at = |hundredths| Case { reputation: percent(hundredths), record };
    let good = told(Evidence::Good);
    assert_eq!(after(at(30), 0, &[good; 10]).record.status, Status::Probation, "0.4999 is less");
    assert_eq!(after(at(30), 0, &[good; 11]).record.status, Status::Trusted);
    assert_eq!(after(at(60), 0, &[good; 2]).record.status, Status::Probation);
    assert_eq!(after(at(60), 0, &[good; 3]).record.status, Status::Trusted);
    let bad = told(Evidence::Harmful);
    let broken = after(at(90), 0, &[good, good, bad, good, good]);
    assert_eq!(broken.record.status, Status::Probation, "the row begins anew");
    assert_eq!(after(at(60), 0, &[good; 3]).record.bans, 1, "the next ban is a second one");
}

#[test]
fn while_banned_nothing_but_time_counts() {
    let banned = after(fresh(), 3, &[told(Evidence::AuditFailed); 2]);
    for evidence in ALL {
        assert_eq!(after(banned, 50, &[told(evidence)]), banned, "{evidence:?}");
    }
}

#[test]
fn a_ban_says_why() {
    let events = [Evidence::Harmful, Evidence::AuditFailed, Evidence::NormRefused].map(told);
    let banned = after(fresh(), 40, &events);
    assert_eq!(
        banned.record.to_string(),
        "banned; ban 1 at tick 42 for failed audits (harmful models: 1, failed audits: 1, \
         refused norm proofs: 1)"
    );
    let tried = after(banned, 142, &[Event::Time]);
    assert!(tried.record.to_string().starts_with("on probation; ban 1 at tick 42"));
    assert_eq!(fresh().record.to_string(), "trusted");
}

const ALL: [Evidence; 9] = [
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

/// Any event, the mild ones more often, and ticks until it comes.
fn steps() -> impl Strategy<Value = Vec<(Event, u32)>> {
    let event = prop_oneof![
        4 => Just(told(Evidence::Good)),
        2 => Just(told(Evidence::Harmful)),
        2 => Just(Event::Time),
        3 => prop::sample::select(ALL.to_vec()).prop_map(told),
    ];
    proptest::collection::vec((event, 0_u32..60), 0..120)
}

/// What the grounds have cost, in 2^-16.
fn cost(config: &TrustConfig, grounds: Grounds) -> i32 {
    let soft = [grounds.harmful, grounds.outlying, grounds.unanswered].map(i32::from);
    let hard = i32::from(grounds.failures());
    soft.iter().sum::<i32>() * config.penalty.to_bits() + hard * config.audit_penalty.to_bits()
}

proptest! {
    #[test]
    fn every_ban_can_be_explained(steps in steps()) {
        let config = TrustConfig::default();
        let (mut case, mut now) = (fresh(), 0_u32);
        for (event, wait) in steps {
            now += wait;
            let before = case;
            case = transition(&config, &BANS, before, event, now);
            let (old, new) = (before.record, case.record);
            prop_assert!((Q16::ZERO..=Q16::ONE).contains(&case.reputation));
            match (old.status, new.status) {
                (Status::Trusted | Status::Probation, Status::Banned) => {
                    let Event::Evidence(evidence) = event else {
                        return Err(TestCaseError::fail("time alone never bans"));
                    };
                    prop_assert!(evidence.is_adverse());
                    prop_assert_eq!(new.bans, old.bans.saturating_add(1));
                    prop_assert_eq!(new.banned_tick, now);
                    prop_assert!(!new.grounds.is_empty());
                    let allowed = if old.status == Status::Trusted { 2 } else { 1 };
                    match new.cause {
                        Cause::Mismatch => prop_assert!(new.grounds.mismatches > 0),
                        Cause::AuditFailures => prop_assert!(new.grounds.failures() >= allowed),
                        Cause::LowReputation => {
                            prop_assert!(case.reputation < config.ban_below);
                            // From a clean slate it had at least the reputation of probation.
                            let start = BANS.probation_reputation.min(config.initial);
                            let least = start.to_bits() - config.ban_below.to_bits();
                            prop_assert!(cost(&config, new.grounds) > least, "{new:?}");
                        }
                        Cause::None => return Err(TestCaseError::fail("a ban without a cause")),
                    }
                }
                (Status::Banned, Status::Probation) => {
                    prop_assert_eq!(event, Event::Time);
                    prop_assert!(now - old.banned_tick >= BANS.length_ticks(old.bans));
                }
                (Status::Probation, Status::Trusted) => {
                    prop_assert!(case.reputation >= config.initial);
                }
                (a, b) => prop_assert_eq!(a, b, "no other way exists"),
            }
            let mut bytes: heapless::Vec<u8, 64> = heapless::Vec::new();
            new.encode(&mut bytes);
            prop_assert_eq!(Record::decode(&mut Source::new(&bytes)), Some(new));
        }
    }

    #[test]
    fn who_gives_no_cause_is_never_banned(
        kinds in proptest::collection::vec(0..3_usize, 0..200),
    ) {
        let harmless = [Evidence::Good, Evidence::Neutral, Evidence::AuditPassed];
        let events: Vec<Event> = kinds.iter().map(|kind| told(harmless[*kind])).collect();
        prop_assert_eq!(after(fresh(), 0, &events).record.bans, 0);
    }
}
