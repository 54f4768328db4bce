//! What becomes of each offer at a followed node, found by letting copies of its parts merge: the
//! node's own merge comes after, and knows nothing of this.

use bevy::ecs::prelude::*;
use qres_core::aggregate::{Preparation, Recipe, Rule};
use qres_core::audit::learner::Blend;
use qres_core::config::NodeConfig;
use qres_core::id::NodeId;
use qres_core::inbox::Offer;
use qres_core::phase::{Adoption, MergeReport, Merger, merge_noted};
use qres_core::q16::Q16;
use qres_core::regime::Regime;
use qres_core::trust::{Evidence, Neighbour, judge};

use super::Followed;
use crate::mesh::components::{
    Carried, Detector, Entropy, Identity, Memory, Neuron, Schedule, Trust, Tuning,
};
use crate::mesh::orders::Orders;
use crate::mesh::resources::{Clock, Setup};
use crate::mesh::trusting::Dossier;

/// Why an offer was not merged.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// Whoever made it is no neighbour of this modality.
    Stranger,
    /// It is of another form, so that its weights mean nothing here.
    Foreign,
    /// It would have done harm on the node's own samples.
    Harmful,
    /// Whoever made it is banned.
    Banned,
    /// It was learned in bad weather and is not good here.
    BadWeather,
    /// There were not enough others to tell it from a lie.
    Alone,
    /// What all made together would have erred more than the node's own model.
    SumWorse,
}

impl Refusal {
    /// In a few words.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Stranger => "no neighbour",
            Self::Foreign => "a model of another form",
            Self::Harmful => "would do harm here",
            Self::Banned => "banned",
            Self::BadWeather => "learned in a storm and not good here",
            Self::Alone => "too few voices",
            Self::SumWorse => "all together would err more than the own model",
        }
    }
}

/// What became of an offer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OfferFate {
    /// It was merged with this influence, 0 to 1. Of its weights so many were trimmed; `None` where
    /// the rule trims no single weights.
    Merged {
        /// Influence.
        influence: Q16,
        /// Trimmed weights, and weights.
        trimmed: Option<(u8, u8)>,
    },
    /// It was not.
    Refused(Refusal),
}

/// An offer that was looked at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Offered {
    /// Whose model it is.
    pub origin: u32,
    /// The tick in which it came.
    pub came_tick: u64,
    /// The tick in which it was judged.
    pub tick: u64,
    /// Its gene.
    pub gene: u32,
    /// The regime that its sender claimed.
    pub claims: Regime,
    /// Its mean |error| on the node's own samples, in deviations; `None` before there are enough.
    pub error: Option<Q16>,
    /// What became of it.
    pub fate: OfferFate,
}

/// Before a round ends: finds out what it will make of each offer.
pub fn weigh(
    clock: Res<Clock>,
    setup: Res<Setup>,
    orders: Res<Orders>,
    mut nodes: Query<(
        (&Identity, &Schedule, &Entropy, &Detector, &Neuron, &Trust, &Memory),
        (Option<&Carried>, Option<&Tuning>, Option<&Dossier>),
        &mut Followed,
    )>,
) {
    if nodes.is_empty() {
        return;
    }
    let config = &orders.config(&setup.0);
    for ((identity, schedule, entropy, detector, neuron, trust, memory), options, mut page) in
        &mut nodes
    {
        let (carried, tuning, dossier) = options;
        let Some(inbox) = memory.inbox.as_deref().filter(|_| schedule.0.window().closes) else {
            continue;
        };
        let tuned = tuning.map(|tuning| tuning.0.apply(config));
        let config = tuned.as_ref().unwrap_or(config);
        let (round, regime) = (schedule.0.rounds(), detector.0.regime());
        let merger = Merger { id: identity.id, round, regime, now: clock.now };
        let mut carry = carried.map(|carried| carried.0);
        let (mut model, mut neighbours) = (neuron.0, trust.0.clone());
        let (mut dossier, mut rest) = (dossier.cloned(), inbox.clone());
        let conduct = dossier.as_mut().map(Dossier::view);
        let mut blend = None;
        let report = merge_noted(
            config,
            merger,
            carry.as_mut(),
            &mut model,
            &entropy.0,
            &mut neighbours,
            conduct,
            &mut rest,
            |merged| blend = Some(merged.clone()),
        );
        let look = Look { config, neuron, entropy, neighbours: &neighbours, report, blend };
        for offer in inbox.offers() {
            page.0.offered(look.offered(clock.now.0, identity.id, offer));
        }
    }
}

/// What is known when a round has ended.
struct Look<'a> {
    config: &'a NodeConfig,
    neuron: &'a Neuron,
    entropy: &'a Entropy,
    neighbours: &'a [Neighbour],
    report: MergeReport,
    blend: Option<Blend>,
}

impl Look<'_> {
    fn offered(&self, tick: u64, own: NodeId, offer: &Offer) -> Offered {
        let origin = offer.origin;
        let place = self.neighbours.binary_search_by_key(&origin, |peer| peer.id).ok();
        let peer = place.and_then(|place| self.neighbours.get(place));
        let exam = self.neuron.0.exam();
        let is_akin = offer.gene.is_akin(self.neuron.0.gene());
        let error = exam.as_ref().filter(|_| is_akin).map(|exam| exam.error(&offer.weights));
        let ours = exam.as_ref().map(|exam| exam.error(self.neuron.0.weights()));
        let usual = self.entropy.0.usual();
        let evidence =
            ours.zip(error).map(|(ours, theirs)| judge(&self.config.trust, theirs, ours, usual));
        let voice = self
            .blend
            .as_ref()
            .and_then(|blend| blend.voices.iter().find(|voice| voice.origin == origin));
        let fate = match (peer, voice) {
            (None, _) => OfferFate::Refused(Refusal::Stranger),
            (Some(_), _) if !is_akin => OfferFate::Refused(Refusal::Foreign),
            (Some(_), Some(voice)) => {
                OfferFate::Merged { influence: voice.influence, trimmed: self.trimmed(own, origin) }
            }
            (Some(peer), None) => OfferFate::Refused(self.refusal(peer, evidence, offer.regime)),
        };
        Offered {
            origin: origin.0,
            came_tick: peer.map_or(tick, |peer| at(tick, peer.heard_tick)),
            tick,
            gene: offer.gene.0,
            claims: offer.regime,
            error,
            fate,
        }
    }

    fn refusal(&self, peer: &Neighbour, evidence: Option<Evidence>, learned_in: Regime) -> Refusal {
        let is_judged = self.config.adoption != Adoption::Blind;
        let tests = self.config.adoption == Adoption::Tested;
        let is_good = matches!(evidence, None | Some(Evidence::Good));
        if is_judged && evidence == Some(Evidence::Harmful) {
            Refusal::Harmful
        } else if tests && !is_good && learned_in != Regime::Calm {
            Refusal::BadWeather
        } else if peer.banned {
            Refusal::Banned
        } else if self.report.declined {
            Refusal::SumWorse
        } else {
            Refusal::Alone
        }
    }

    /// In how many coordinates the voice of `origin` was cut off, and how many there are.
    fn trimmed(&self, own: NodeId, origin: NodeId) -> Option<(u8, u8)> {
        let blend = self.blend.as_ref()?;
        let Recipe { preparation: Preparation::None, rule: Rule::TrimmedMean { trim }, .. } =
            self.config.recipe
        else {
            return None;
        };
        let voices = blend.voices.iter().map(|voice| (voice.origin, &voice.weights));
        let all: Vec<_> = voices.chain([(own, self.neuron.0.weights())]).collect();
        let cut = usize::from(trim).min(all.len().saturating_sub(1) / 2);
        let is_cut = |tap: usize| {
            let mut column: Vec<(Q16, NodeId)> = all
                .iter()
                .filter_map(|(node, weights)| Some((*weights.get(tap)?, *node)))
                .collect();
            column.sort_unstable();
            let rank = column.iter().position(|(_, node)| *node == origin);
            rank.is_some_and(|rank| rank < cut || rank >= column.len().saturating_sub(cut))
        };
        let trimmed = (0..usize::from(blend.taps)).filter(|tap| is_cut(*tap)).count();
        Some((trimmed as u8, blend.taps))
    }
}

/// The tick not after `now` that has these low 32 bits.
fn at(now: u64, low: u32) -> u64 {
    if low == Neighbour::NEVER {
        return now;
    }
    now.saturating_sub(u64::from((now as u32).wrapping_sub(low)))
}

#[cfg(test)]
mod tests {
    use super::at;

    #[test]
    fn low_bits_of_a_tick_are_taken_back_to_a_tick() {
        let table = [(100, 90, 90), ((1 << 32) + 5, 3, (1 << 32) + 3), ((1 << 32) + 5, 7, 7)];
        for (now, low, expected) in table {
            assert_eq!(at(now, low), expected);
        }
        assert_eq!(at(1 << 32, u32::MAX - 1), (1 << 32) - 2);
    }
}
