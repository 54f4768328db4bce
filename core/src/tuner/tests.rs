//! Rules by hand, agreement of nodes that see different things, and liars.

use proptest::prelude::*;

use super::*;
use crate::trust::TrustConfig;

extern crate std;
use std::vec::Vec;

fn q(thousandths: i32) -> Q16 {
    Q16::from_bits((i64::from(thousandths) * 65_536 / 1_000) as i32)
}

/// A node that sees this share of bans; all else is usual.
fn seen(ban_percent: i32) -> View {
    View { ban_rate: percent(ban_percent), margin: Q16::ONE, entropy: q(2_000), ..View::default() }
}

#[test]
fn rules_by_hand() {
    let from = Policy::default();
    let cases: [(View, usize, Policy); 6] = [
        // Many bans: x1.5, audits more often, a fifth of ten is two.
        (
            seen(20),
            10,
            Policy {
                gamma: Q16::from_bits(4_914),
                audit_interval: 40,
                trim: 2,
                confirmations: 3,
                ..from
            },
        ),
        // Few bans and no drift: x0.8.
        (seen(0), 10, Policy { gamma: Q16::from_bits(2_621), ..from }),
        // Few bans but drift: drawn to the centre, where it is.
        (View { drift: q(20), ..seen(0) }, 10, from),
        // A poor node audits less; both at once add up.
        (
            View { margin: q(100), ..seen(12) },
            30,
            Policy { audit_interval: 60, trim: 4, exponent_halves: 6, confirmations: 6, ..from },
        ),
        (
            View { entropy: q(2_600), drift: q(20), ..seen(0) },
            60,
            Policy { decay: percent(98), exponent_halves: 7, ..from },
        ),
        (
            View { entropy: q(900), drift: q(20), ..seen(0) },
            5,
            Policy { decay: percent(90), ..from },
        ),
    ];
    for (view, neighbours, expected) in cases {
        assert_eq!(propose(&view, neighbours, &from), expected, "{view:?}, {neighbours}");
    }
}

#[test]
fn clamps_end_every_rule() {
    let run =
        |view: &View| (0..200).fold(Policy::default(), |policy, _| propose(view, 12, &policy));
    let hard = run(&seen(90));
    assert_eq!((hard.gamma, hard.audit_interval, hard.trim), (GAMMA[1], 10, 4));
    assert_eq!(hard.confirmations, 4, "ceil of 0.3 times 12");
    let soft = run(&View { margin: Q16::ZERO, ..seen(0) });
    assert_eq!((soft.gamma, soft.audit_interval, soft.trim), (GAMMA[0], 100, 1));
}

#[test]
fn entropy_is_log2_of_the_voices_and_falls_with_inequality() {
    let table = |reputations: &[i32]| -> Vec<Neighbour> {
        let entry = |(id, r): (usize, &i32)| Neighbour {
            reputation: percent(*r),
            ..Neighbour::new(&TrustConfig::default(), NodeId(id as u32))
        };
        reputations.iter().enumerate().map(entry).collect()
    };
    let entropy = |reputations: &[i32]| reputation_entropy(&table(reputations)).to_bits();
    assert!((entropy(&[50; 8]) - 3 * 65_536).abs() <= 40, "{}", entropy(&[50; 8]));
    assert!(entropy(&[80]).abs() <= 2 && entropy(&[]) == 0 && entropy(&[0, 0]) == 0);
    // Shares 0.5, 0.25, 0.25: 1.5 bits.
    assert!((entropy(&[80, 40, 40]) - 98_304).abs() <= 60, "{}", entropy(&[80, 40, 40]));
}

/// A crowd in which everybody hears everybody that `hears` lets through.
struct Crowd {
    agreed: Vec<Policy>,
    views: Vec<View>,
}

impl Crowd {
    fn new(views: Vec<View>) -> Self {
        Self { agreed: views.iter().map(|_| Policy::default()).collect(), views }
    }

    fn round(&mut self, hears: impl Fn(usize, usize) -> bool) {
        let proposals: Vec<Policy> =
            self.views.iter().zip(&self.agreed).map(|(v, from)| propose(v, 15, from)).collect();
        for (me, agreed) in self.agreed.iter_mut().enumerate() {
            let others = (0..proposals.len()).filter(|other| *other == me || hears(me, *other));
            let voices: Vec<Policy> = others.map(|other| proposals[other]).collect();
            *agreed = median(&voices).expect("the own voice");
        }
    }

    /// Largest difference of the trust step, in 2^-16, and of the audit interval.
    fn spread(&self) -> (i32, u8) {
        let gammas = self.agreed.iter().map(|policy| policy.gamma.to_bits());
        let audits = self.agreed.iter().map(|policy| policy.audit_interval);
        let width = gammas.clone().max().unwrap_or(0) - gammas.min().unwrap_or(0);
        (width, audits.clone().max().unwrap_or(0) - audits.min().unwrap_or(0))
    }
}

#[test]
fn halves_that_see_different_things_agree_once_they_hear_each_other() {
    let half = |node: usize| node / 8;
    let views = (0..16).map(|node| seen([0, 30][half(node)])).collect();
    let mut crowd = Crowd::new(views);
    (0..30).for_each(|_| crowd.round(|me, other| half(me) == half(other)));
    let (apart, _) = crowd.spread();
    assert_eq!(apart, GAMMA[1].to_bits() - GAMMA[0].to_bits(), "split, they drift to the clamps");
    // They still see different things, but each takes the same median.
    crowd.round(|_, _| true);
    assert_eq!(crowd.spread(), (0, 0));
    (0..30).for_each(|_| crowd.round(|_, _| true));
    assert_eq!(crowd.spread(), (0, 0));
}

#[test]
fn nodes_in_a_line_that_see_the_same_meet_from_anywhere() {
    for ban_percent in [0, 12, 40] {
        let mut crowd = Crowd::new((0..24).map(|_| seen(ban_percent)).collect());
        for (node, agreed) in crowd.agreed.iter_mut().enumerate() {
            agreed.gamma = if node < 12 { GAMMA[0] } else { GAMMA[1] };
            agreed.audit_interval = if node < 12 { 10 } else { 100 };
        }
        let mut last = crowd.spread();
        for _ in 0..60 {
            crowd.round(|me, other| me.abs_diff(other) <= 2);
            let spread = crowd.spread();
            assert!(spread.1 <= last.1, "{last:?} to {spread:?}");
            last = spread;
        }
        assert_eq!(last, (0, 0), "{ban_percent} %");
    }
}

fn policies() -> impl Strategy<Value = Policy> {
    let [low, high] = GAMMA.map(Q16::to_bits);
    (low..=high, 58_982..=64_225_i32, 10..=100_u8, 1..=8_u8, 4..=7_u8, 2..=64_u8).prop_map(
        |(gamma, decay, audit_interval, trim, exponent_halves, confirmations)| Policy {
            gamma: Q16::from_bits(gamma),
            decay: Q16::from_bits(decay),
            audit_interval,
            trim,
            exponent_halves,
            confirmations,
        },
    )
}

fn parts(policy: &Policy) -> [i32; 6] {
    [
        policy.gamma.to_bits(),
        policy.decay.to_bits(),
        i32::from(policy.audit_interval),
        i32::from(policy.trim),
        i32::from(policy.exponent_halves),
        i32::from(policy.confirmations),
    ]
}

proptest! {
    /// Fewer liars than honest voices cannot move a parameter out of the honest range.
    #[test]
    fn a_minority_of_liars_is_bounded_by_the_honest(
        honest in proptest::collection::vec(policies(), 1..9),
        lies in proptest::collection::vec(policies(), 0..8),
        turn in 0..16_usize,
    ) {
        let lies = &lies[..lies.len().min(honest.len() - 1)];
        let mut voices: Vec<Policy> = honest.iter().chain(lies).copied().collect();
        let length = voices.len();
        voices.rotate_left(turn % length);
        let out = parts(&median(&voices).expect("voices"));
        for (place, value) in out.iter().enumerate() {
            let column = honest.iter().map(|policy| parts(policy)[place]);
            let (low, high) = (column.clone().min(), column.max());
            prop_assert!(low <= Some(*value) && Some(*value) <= high, "part {place}");
        }
    }

    /// Whatever bytes come and whatever is seen, nothing leaves the clamps.
    #[test]
    fn clamps_hold_for_any_bytes_and_any_view(
        bytes in any::<[u8; POLICY_BYTES]>(),
        figures in any::<[u16; 4]>(),
        neighbours in 0..300_usize,
        from in policies(),
    ) {
        if let Some(policy) = Policy::from_bytes(bytes) {
            prop_assert_eq!(policy, policy.clamped());
            prop_assert_eq!(policy.to_bytes(), bytes);
        }
        let [ban_rate, drift, entropy, margin] =
            figures.map(|figure| Q16::from_bits(i32::from(figure) * 3));
        let next = propose(&View { ban_rate, drift, entropy, margin }, neighbours, &from);
        prop_assert_eq!(next, next.clamped());
        prop_assert_eq!(Policy::from_bytes(next.to_bytes()), Some(next));
    }
}

/// A tuner after so many rounds among 20 neighbours, a share of which is banned, with so much left.
fn settled(banned: usize, energy: Q16, rounds: u32) -> Tuner {
    let mut table: Vec<Neighbour> =
        (0..20).map(|id| Neighbour::new(&TrustConfig::default(), NodeId(id))).collect();
    table.iter_mut().take(banned).for_each(|peer| peer.banned = true);
    let mut tuner = Tuner::default();
    for _ in 0..rounds {
        let (neighbours, weights) = (&table, &[Q16::ZERO; TAPS]);
        let regime = Regime::Calm;
        tuner.review(&Surroundings { neighbours, weights, regime, energy });
    }
    tuner
}

#[test]
fn audits_and_bans_go_by_what_was_agreed() {
    let audit = crate::audit::AuditConfig { rate_basis_points: 300, ..Default::default() };
    let bans = crate::trust::BanConfig::default();
    let trust = TrustConfig { bans: Some(bans), ..TrustConfig::default() };
    let config = NodeConfig { audit: Some(audit), trust, ..NodeConfig::default() };
    // Nothing special, many banned, poor: rounds between audits, their rate, and failures to a ban.
    // At most 0.3 of 20 neighbours confirm.
    let cases = [
        (settled(0, Q16::ONE, 50), 50, 300, 2),
        (settled(8, Q16::ONE, 50), 10, 1_500, 6),
        (settled(0, q(100), 50), 100, 150, 2),
        (settled(3, Q16::ONE, 1), 40, 375, 5),
    ];
    for (tuner, interval, rate, confirmations) in cases {
        let agreed = *tuner.agreed();
        assert_eq!((agreed.audit_interval, agreed.confirmations), (interval, confirmations));
        let tuned = tuner.apply(&config);
        assert_eq!(tuned.audit.map(|audit| audit.rate_basis_points), Some(rate));
        assert_eq!(tuned.trust.bans.map(|bans| bans.audit_failures), Some(confirmations));
        // Whoever computes again what this node computed does it by the mesh's own configuration.
        assert_eq!(tuned.recipe, config.recipe);
        assert_eq!(tuned.regime, config.regime);
        let alone = tuner.apply(&NodeConfig { audit: None, ..config });
        assert_ne!(alone.regime.learning_rate, config.regime.learning_rate);
    }
    assert_eq!([audits(5_000, 10), audits(1, 100)], [10_000, 1], "within what a rate may be");
}

#[test]
fn a_tuner_moves_what_it_may_and_never_the_ban() {
    let config = NodeConfig::default();
    let mut tuner = Tuner::default();
    assert_eq!(tuner.apply(&config), config, "before it has looked, nothing changes");
    let mut table: Vec<Neighbour> =
        (0..12).map(|id| Neighbour::new(&config.trust, NodeId(id))).collect();
    table.iter_mut().take(4).for_each(|peer| peer.banned = true);
    let weights = [Q16::ZERO; TAPS];
    for _ in 0..40 {
        tuner.review(&Surroundings {
            neighbours: &table,
            weights: &weights,
            regime: Regime::Calm,
            energy: Q16::ONE,
        });
    }
    let moved = tuner.apply(&config);
    // A third is banned: the step is at its cap, three times the centre.
    assert!(moved.trust.penalty > config.trust.penalty.saturating_mul(Q16::from_num(2)));
    assert_eq!(moved.recipe.rule, Rule::TrimmedMean { trim: 4 });
    assert_eq!(
        moved.regime.learning_rate[0],
        config.regime.learning_rate[0].saturating_mul(q(600))
    );
    let kept = |c: &NodeConfig| (c.trust.ban_below, c.trust.readmit_at, c.trust.initial);
    assert_eq!(kept(&moved), kept(&config));
    // Voices of the banned and of strangers do not count.
    let lie = Policy { gamma: GAMMA[0], ..Policy::default() };
    for id in [0, 1, 2, 3, 77] {
        tuner.hear(NodeId(id), &lie);
    }
    let around = Surroundings {
        neighbours: &table,
        weights: &weights,
        regime: Regime::Storm,
        energy: Q16::ONE,
    };
    tuner.review(&around);
    assert_eq!(tuner.agreed().gamma, GAMMA[1]);
    assert_eq!(tuner.apply(&config).regime.learning_rate, config.regime.learning_rate);
    for id in 0..12 {
        tuner.hear(NodeId(id), &lie);
    }
    tuner.review(&around);
    assert_eq!(tuner.agreed().gamma, GAMMA[0], "eight good neighbours outvote it");
}
