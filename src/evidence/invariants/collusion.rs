//! Liars that work together: what a quarter of them achieves, against its share of the reputation
//! and against as many that do not. Must not tell the mesh how many there are.

use super::field::{self, ATTACK_TICK, Course, Trial};
use super::{Invariant, Reading, Scale, Wanted};
use crate::scenario::{Adversary, Attack};

pub(super) const INVARIANT: Invariant = Invariant {
    name: "graceful collusion",
    hypothesis: "A quarter of liars that push one way move honest models by no more than their \
                 share of the reputation times their push; colluding does less than five times the \
                 harm of lying alone; and the harm does not grow with time.",
    seeds: 10,
    run,
};

/// Liars among the nodes, in percent, and how hard each pushes.
const SHARE: u8 = 25;
const PUSH: f64 = 0.5;

fn run(seed: u64, scale: Scale) -> Result<Vec<Reading>, String> {
    let mut readings = Vec::new();
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
                "displacement over share times push",
                pushed.late / allowed,
                Wanted::AtMost(1.0),
            ),
            reading("harm together over harm alone", ratio, Wanted::Below(5.0)),
            reading("displacement late over early", growth, Wanted::AtMost(1.0)),
        ]);
    }
    Ok(readings)
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
