//! Aggregate and Trust: what a node makes of a round's offers. A phase of the tick, reached through
//! [`crate::phase`]; it must not know how a rule works.

use crate::aggregate::{Context, VOICES, Voice as Merged, aggregate};
use crate::audit::learner::{Blend, Heard};
use crate::carry::Carry;
use crate::config::NodeConfig;
use crate::id::NodeId;
use crate::inbox::Inbox;
use crate::neuron::SwarmNeuron;
use crate::q16::Q16;
use crate::regime::Regime;
use crate::residual::Residual;
use crate::trust::{Evidence, Neighbour, find, judge};

/// What a merge did.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct MergeReport {
    /// Models that came in this round.
    pub offered: u8,
    /// Models that were merged, the own one not counted.
    pub merged: u8,
    /// Models judged harmful.
    pub harmful: u8,
    /// Models of another form, neither judged nor merged.
    pub foreign: u8,
}

/// Who merges, and when.
#[derive(Clone, Copy, Debug)]
pub struct Merger {
    /// The node.
    pub id: NodeId,
    /// Its round.
    pub round: u32,
    /// Its own regime.
    pub regime: Regime,
}

/// [`merge_noted`] without a record.
pub fn merge(
    config: &NodeConfig,
    node: Merger,
    carry: Option<&mut Carry>,
    neuron: &mut SwarmNeuron,
    residual: &Residual,
    neighbours: &mut [Neighbour],
    inbox: &mut Inbox,
) -> MergeReport {
    merge_noted(config, node, carry, neuron, residual, neighbours, inbox, |_| ())
}

/// Aggregate and Trust, at the end of a round: judge each offer on the node's own recent samples,
/// move the senders' reputations, and adopt what the mesh's recipe makes of all that did no harm.
/// `record` gets what is about to become the node's model, if anything is.
pub fn merge_noted(
    config: &NodeConfig,
    node: Merger,
    carry: Option<&mut Carry>,
    neuron: &mut SwarmNeuron,
    residual: &Residual,
    neighbours: &mut [Neighbour],
    inbox: &mut Inbox,
    record: impl FnOnce(&Blend),
) -> MergeReport {
    let mut report = MergeReport { offered: inbox.offers().len() as u8, ..MergeReport::default() };
    let exam = if inbox.offers().is_empty() { None } else { neuron.exam() };
    let own = exam.as_ref().map(|exam| exam.error(neuron.weights()));
    let count = neighbours.len();
    let mut voices: heapless::Vec<Merged, VOICES> = heapless::Vec::new();
    let mut heard: heapless::Vec<Heard, VOICES> = heapless::Vec::new();
    let mut banned = false;
    for offer in inbox.offers() {
        let Some(neighbour) = find(neighbours, offer.origin) else { continue };
        // Weights mean nothing in a model of another form.
        if !offer.gene.is_akin(neuron.gene()) {
            report.foreign += 1;
            continue;
        }
        let offered = exam.as_ref().map(|exam| exam.error(&offer.weights));
        let mut harmful = false;
        if let (Some(own), Some(offered)) = (own, offered) {
            let evidence = judge(&config.trust, offered, own, residual.usual());
            harmful = evidence == Evidence::Harmful;
            // A model that says it was learned in a storm is left out when it does harm, but its
            // sender loses nothing: an honest node cannot help its weather.
            if !harmful || offer.regime == Regime::Calm {
                let before = neighbour.banned;
                neighbour.weigh(&config.trust, evidence);
                banned |= neighbour.banned && !before;
            }
        }
        report.harmful += u8::from(harmful);
        if !harmful && !neighbour.banned {
            report.merged += 1;
            let influence = config.trust.influence(neighbour.reputation, count);
            let (origin, weights) = (offer.origin, offer.weights);
            // One voice per offer: VOICES holds them.
            let _ = voices.push(Merged { node: origin, influence, loss: offered, weights });
            let (round, regime) = (neighbour.round, offer.regime);
            let _ = heard.push(Heard { origin, round, regime, influence, weights });
        }
    }
    inbox.clear();
    // Fewer than two strangers cannot be told from a liar: keep the own model.
    if report.merged >= 2 {
        let own = Merged {
            node: node.id,
            influence: config.trust.influence(Q16::ONE, count),
            loss: own,
            weights: *neuron.weights(),
        };
        record(&Blend {
            round: node.round,
            own_influence: own.influence,
            banned,
            taps: neuron.form().taps,
            voices: heard,
        });
        let mut context = Context {
            seed: config.wake.seed,
            round: node.round,
            regime: node.regime,
            banned,
            calm: carry.map(|carry| &mut carry.calm),
        };
        let taps = neuron.form().taps;
        if let Some(merged) = aggregate(&config.recipe, &own, &voices, taps, &mut context) {
            neuron.adopt(&merged);
        }
    } else {
        report.merged = 0;
    }
    report
}
