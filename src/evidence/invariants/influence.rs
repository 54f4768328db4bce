//! Bounded influence: what one peer's model can move in a merge, against its share of the
//! reputation. The merges are the core's own; nothing here may compute a share in its place.

use qres_core::aggregate::{Preparation, Recipe, Rule};
use qres_core::config::NodeConfig;
use qres_core::draw::{Purpose, below, draw};
use qres_core::id::{GroupId, NodeId, Tick};
use qres_core::inbox::Inbox;
use qres_core::neuron::{SwarmNeuron, TAPS};
use qres_core::packet::{Update, Wire};
use qres_core::phase::{Merger, merge};
use qres_core::q16::Q16;
use qres_core::regime::Regime;
use qres_core::residual::Residual;
use qres_core::trust::Neighbour;

use super::{Invariant, Reading, Scale, Wanted};

pub(super) const INVARIANT: Invariant = Invariant {
    name: "bounded influence",
    hypothesis: "A peer moves a merge by no more than its share of the reputation in the round, \
                 and by nothing as its reputation goes to nothing.",
    seeds: 100,
    run: |seed, scale| Ok(run(seed, scale)),
};

/// Crowds of each seed.
const CROWDS: u32 = 200;
/// The lie goes from one end of what decodes to the other.
const REACH: i32 = 4 << 16;
/// Merges round each weight to 2^-16; over a share of 1 % of the lie's way that is below this.
pub(super) const ROUNDING: f64 = 1.001;

/// Voices in a round: the reputation of each peer, and what it sends.
#[derive(Clone, Debug)]
pub(super) struct Crowd {
    pub reputations: Vec<Q16>,
    pub weights: Vec<Q16>,
}

/// Which parts of the defence are on.
#[derive(Clone, Copy, Debug)]
pub(super) struct Arm {
    pub name: &'static str,
    is_bounded: bool,
    weighted: bool,
    rule: Rule,
}

pub(super) const ARMS: [Arm; 4] = [
    Arm { name: "bounded, mean", is_bounded: true, weighted: true, rule: Rule::Mean },
    Arm {
        name: "bounded, trimmed mean",
        is_bounded: true,
        weighted: true,
        rule: Rule::TrimmedMean { trim: 1 },
    },
    Arm { name: "without: weighed only", is_bounded: false, weighted: true, rule: Rule::Mean },
    Arm { name: "without: all count alike", is_bounded: false, weighted: false, rule: Rule::Mean },
];

fn run(seed: u64, scale: Scale) -> Vec<Reading> {
    let crowds = if scale == Scale::Full { CROWDS } else { CROWDS / 10 };
    let readings = |arm: &Arm| {
        let (mut over, mut faded) = (0.0_f64, 0.0_f64);
        for n in 0..crowds {
            let mut crowd = crowd(seed, n);
            over = over.max(pull(arm, &crowd) / share(&crowd, 1));
            let mut pull_of = |reputation: Q16| {
                crowd.reputations[0] = reputation;
                pull(arm, &crowd)
            };
            let whole = pull_of(Q16::ONE);
            // A lie that is trimmed away moves nothing in either case.
            faded = faded.max(pull_of(Q16::from_bits(655)) / whole.max(1e-9));
        }
        let reading = |measure, value, wanted| Reading { arm: arm.name, measure, value, wanted };
        [
            reading("most pull over share of reputation", over, Wanted::AtMost(ROUNDING)),
            reading("pull at reputation 0.01 over that at 1", faded, Wanted::AtMost(0.02)),
        ]
    };
    ARMS.iter().flat_map(readings).collect()
}

/// 4 to 15 peers with reputations from 0.05 to 1 and models around zero; the first one lies.
pub(super) fn crowd(seed: u64, n: u32) -> Crowd {
    let lot = |slot: u32, range: u64| below(draw(seed, Purpose::Attack, n, 0, slot), range) as i32;
    let peers = 4 + lot(0, 12) as u32;
    let reputation = |peer: u32| Q16::from_bits(3_277 + lot(1 + 2 * peer, 62_260));
    let weight = |peer: u32| Q16::from_bits(lot(2 + 2 * peer, 40_000) - 20_000);
    Crowd {
        reputations: (0..peers).map(reputation).collect(),
        weights: (0..peers).map(weight).collect(),
    }
}

/// The share that the first `liars` peers have of the reputation in the round; the node's own
/// counts as 1.
pub(super) fn share(crowd: &Crowd, liars: usize) -> f64 {
    let sum = |peers: &[Q16]| peers.iter().map(|peer| f64::from(peer.to_bits())).sum::<f64>();
    let theirs = crowd.reputations.get(..liars).map_or(0.0, sum);
    theirs / (sum(&crowd.reputations) + 65_536.0)
}

/// How far the merge moves when the first peer goes from one end to the other, over the way.
fn pull(arm: &Arm, crowd: &Crowd) -> f64 {
    let mut crowd = crowd.clone();
    let ends = [-REACH, REACH].map(|lie| {
        crowd.weights[0] = Q16::from_bits(lie);
        f64::from(merged(arm, &crowd).to_bits())
    });
    (ends[1] - ends[0]) / f64::from(2 * REACH)
}

/// The first weight of a node that merges `crowd`. The node has no samples yet, so that nothing is
/// judged: what the bound does is seen by itself.
pub(super) fn merged(arm: &Arm, crowd: &Crowd) -> Q16 {
    let mut config = NodeConfig {
        recipe: Recipe { preparation: Preparation::None, rule: arm.rule, weighted: arm.weighted },
        ..NodeConfig::default()
    };
    config.trust.is_bounded = arm.is_bounded;
    let mut neuron = SwarmNeuron::new(&config.neuron);
    let (gene, taps) = (neuron.gene(), neuron.form().taps);
    let mut inbox = Inbox::default();
    let mut neighbours = Vec::new();
    for (peer, (reputation, weight)) in crowd.reputations.iter().zip(&crowd.weights).enumerate() {
        let origin = NodeId(peer as u32 + 1);
        let mut weights = [Q16::ZERO; TAPS];
        weights[0] = *weight;
        let (group, regime, wire) = (GroupId(0), Regime::Calm, Wire::Q16);
        let polls = false;
        inbox.push(&Update { origin, round: 1, group, regime, polls, wire, taps, gene, weights });
        neighbours
            .push(Neighbour { reputation: *reputation, ..Neighbour::new(&config.trust, origin) });
    }
    let merger = Merger { id: NodeId(0), round: 1, regime: Regime::Calm, now: Tick(1) };
    let residual = Residual::default();
    let peers = &mut neighbours;
    merge(&config, merger, None, &mut neuron, &residual, peers, None, &mut inbox);
    neuron.weights()[0]
}
