//! The economics of invented identities: what more of them buy a liar in a whole mesh. Must not
//! give the newcomers any standing but what the mesh gives everybody.

use qres_core::trust::Neighbour;

use super::field::{self, ATTACK_TICK, Course, Trial};
use super::{Invariant, Reading, Scale, Wanted};
use crate::mesh::plan::Plan;
use crate::scenario::{Adversary, Attack, FaultEntry, FaultKind, Who};

pub(super) const INVARIANT: Invariant = Invariant {
    name: "Sybil economics",
    hypothesis: "k identities more raise the influence of all liars by at most k r0 / (n + k), and \
                 double the number of a quarter of liars without doubling the harm.",
    seeds: 10,
    run,
};

/// What each liar and each of its identities does.
const LIE: Attack = Attack::Bias { bias: 0.5 };
/// Liars among the nodes, in percent.
const SHARE: u8 = 25;
/// Ticks from one look to the next.
const LOOK: u64 = 50;

fn run(seed: u64, scale: Scale) -> Result<Vec<Reading>, String> {
    let mut readings = Vec::new();
    for (arm, is_defended) in [("defence", true), ("without", false)] {
        let Tried { influence, harm } = tried(seed, scale, is_defended)?;
        let reading = |measure, value, wanted| Reading { arm, measure, value, wanted };
        readings.push(reading(
            "influence gained over k r0 / (n + k)",
            influence,
            Wanted::AtMost(1.0),
        ));
        readings.push(reading("harm with identities over harm before", harm, Wanted::Below(2.0)));
    }
    Ok(readings)
}

struct Tried {
    /// The most that the identities gained at any look, over what they may.
    influence: f64,
    /// How far honest models are moved at the end, with identities over without.
    harm: f64,
}

fn tried(seed: u64, scale: Scale, is_defended: bool) -> Result<Tried, String> {
    let adversaries = vec![Adversary::drawn(LIE, SHARE, ATTACK_TICK)];
    let mut trial = Trial { adversaries, faults: Vec::new(), is_defended };
    let few = field::plan(&trial, seed, scale)?;
    let liars = few.nodes.iter().zip(0_u32..).filter(|(node, _)| node.malice.is_some());
    let invent = |(_, host)| FaultEntry {
        kind: FaultKind::Sybil { host, identities: 1, attack: LIE },
        from_tick: ATTACK_TICK,
        to_tick: 1_000_000_000,
        nodes: Who::All,
    };
    trial.faults = liars.map(invent).collect();
    let many = field::plan(&trial, seed, scale)?;
    let known = few.nodes.len();
    let (mut one, mut other) = (Course::new(few.clone()), Course::new(many.clone()));
    let mut influence = 0.0_f64;
    let end = field::end(scale);
    for tick in (ATTACK_TICK + LOOK..=end).step_by(LOOK as usize) {
        one.to(tick);
        other.to(tick);
        let before = one.mean_of_honest(|peers, lies| of_liars(&few, peers, lies));
        let after = other.mean_of_honest(|peers, lies| of_liars(&many, peers, lies));
        let allowed = other.mean_of_honest(|peers, _| {
            let newcomers = peers.iter().filter(|peer| peer.id.index() >= known).count() as f64;
            let initial = f64::from(many.config.trust.initial.to_bits()) / 65_536.0;
            newcomers * initial / (peers.len() + 1) as f64
        });
        influence = influence.max((after - before) / allowed);
    }
    let control = field::controls(&few, &[end]).concat();
    Ok(Tried {
        influence,
        harm: other.displacement(&control) / one.displacement(&control).max(1e-6),
    })
}

/// The share that liars have in a node's next average.
fn of_liars(plan: &Plan, peers: &[Neighbour], lies: &[bool]) -> f64 {
    let shares = field::shares(plan, peers);
    shares.iter().zip(lies).filter(|(_, lies)| **lies).map(|(share, _)| share).sum()
}
