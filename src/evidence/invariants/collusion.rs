//! Liars that work together: what a quarter of them achieves, against its share of the reputation
//! and against as many that do not. Must not tell the mesh how many there are.

use qres_core::q16::Q16;

use super::field::{self, ATTACK_TICK, Course, Trial};
use super::influence::{self, ARMS, Arm};
use super::{Invariant, Reading, Scale, Wanted};
use crate::scenario::{Adversary, Attack};

pub(super) const INVARIANT: Invariant = Invariant {
    name: "graceful collusion",
    hypothesis: "A quarter of liars that push one way move an honest model by no more than their \
                 share of the reputation times their push, in a merge and in a run; colluding does \
                 less than five times the harm of lying alone; and the harm does not grow with \
                 time.",
    seeds: 10,
    run,
};

/// Liars among the nodes, in percent, and how hard each pushes.
const SHARE: u8 = 25;
const PUSH: f64 = 0.5;

/// A quarter of the push: all that liars could claim if reputations were equal.
const SHARE_OF_PUSH: f64 = PUSH * SHARE as f64 / 100.0;
/// Crowds in which single merges are tried.
const CROWDS: u32 = 50;

fn run(seed: u64, scale: Scale) -> Result<Vec<Reading>, String> {
    let mut readings: Vec<Reading> = ARMS.iter().map(|arm| in_a_merge(arm, seed)).collect();
    for (arm, is_defended) in [("defence", true), ("without", false)] {
        let one_way = Attack::Bias { bias: PUSH };
        let noise = Attack::Gaussian { deviation: PUSH };
        let pushed = tried(one_way, true, is_defended, seed, scale)?;
        let alone = tried(noise, false, is_defended, seed, scale)?;
        let together = tried(noise, true, is_defended, seed, scale)?;
        let reading = |measure, value, wanted| Reading { arm, measure, value, wanted };
        let allowed = (pushed.share * PUSH).max(1e-6);
        let ratio = together.late / alone.late.max(1e-6);
        let growth = pushed.late / pushed.early.max(1e-6);
        readings.extend([
            reading(
                "moved in a run over share times push",
                pushed.late / allowed,
                Wanted::AtMost(1.0),
            ),
            reading("moved in a run, in weights", pushed.late, Wanted::AtMost(SHARE_OF_PUSH)),
            reading("harm together over harm alone", ratio, Wanted::Below(5.0)),
            reading("moved late over early", growth, Wanted::AtMost(1.0)),
        ]);
    }
    Ok(readings)
}

/// How far a quarter of a crowd moves one merge together, over what its share of the reputation
/// allows: the most over many crowds.
fn in_a_merge(arm: &Arm, seed: u64) -> Reading {
    let moved = |n: u32| {
        let honest = influence::crowd(seed, n);
        let liars = honest.weights.len().div_ceil(4);
        let mut pushed = honest.clone();
        let push = Q16::from_num(PUSH);
        pushed.weights.iter_mut().take(liars).for_each(|weight| *weight += push);
        let [before, after] = [&honest, &pushed].map(|crowd| influence::merged(arm, crowd));
        let way = f64::from(after.to_bits() - before.to_bits()) / 65_536.0;
        way / (influence::share(&honest, liars) * PUSH)
    };
    let value = (0..CROWDS).map(moved).fold(0.0, f64::max);
    let measure = "moved in a merge over share times push";
    Reading { arm: arm.name, measure, value, wanted: Wanted::AtMost(influence::ROUNDING) }
}

struct Tried {
    /// How far honest models are moved a third into the attack, and at its end.
    early: f64,
    late: f64,
    /// The share of the reputation that liars have with honest nodes at the end.
    share: f64,
}

fn tried(
    lie: Attack,
    collude: bool,
    is_defended: bool,
    seed: u64,
    scale: Scale,
) -> Result<Tried, String> {
    let liars = Adversary { collude, ..Adversary::drawn(lie, SHARE, ATTACK_TICK) };
    let trial = Trial { adversaries: vec![liars], faults: Vec::new(), is_defended };
    let plan = field::plan(&trial, seed, scale)?;
    let end = field::end(scale);
    let looks = [ATTACK_TICK + (end - ATTACK_TICK) / 3, end];
    let controls = field::controls(&plan, &looks);
    let mut course = Course::new(plan);
    let mut moved = Vec::new();
    for (tick, control) in looks.iter().zip(&controls) {
        course.to(*tick);
        moved.push(course.displacement(control));
    }
    let share = course.mean_of_honest(|peers, lies| {
        let reputation = |counts: &dyn Fn(bool) -> bool| {
            let told = peers.iter().zip(lies).filter(|(_, lies)| counts(**lies));
            told.map(|(peer, _)| f64::from(peer.reputation.to_bits()) / 65_536.0).sum::<f64>()
        };
        reputation(&|lies| lies) / (1.0 + reputation(&|_| true))
    });
    let at = |place: usize| moved.get(place).copied().unwrap_or(f64::NAN);
    Ok(Tried { early: at(0), late: at(1), share })
}
