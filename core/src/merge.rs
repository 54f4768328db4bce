//! Aggregate and Trust: what a node makes of a round's offers. A phase of the tick, reached through
//! [`crate::phase`]; it must not know how a rule works.

use crate::aggregate::{Calm, Context, VOICES, Voice as Merged, aggregate};
use crate::audit::learner::{Blend, Heard as Voiced};
use crate::carry::Carry;
use crate::config::NodeConfig;
use crate::id::{NodeId, Tick};
use crate::inbox::{Inbox, Offer};
use crate::neuron::{Exam, SwarmNeuron, TAPS};
use crate::q16::Q16;
use crate::regime::Regime;
use crate::residual::Residual;
use crate::trust::{Conduct, Evidence, Neighbour, Share, Status, bound, judge, weigh};

/// What a node takes on of what it hears.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Adoption {
    /// Offers that do no harm on its own recent samples, if what the recipe makes of them errs
    /// there no more than its own model. What was learned in bad weather has to be good there.
    #[default]
    Tested,
    /// Offers that do no harm there.
    Screened,
    /// Whatever comes from a neighbour that is not banned; nobody is judged by what it offers. It
    /// shows what a rule does alone.
    Blind,
}

impl Adoption {
    /// Whether an offer with this evidence, learned in this regime, has a voice.
    #[must_use]
    pub(crate) fn admits(self, evidence: Option<Evidence>, learned_in: Regime) -> bool {
        match (self, evidence) {
            (Self::Blind, _) | (_, Some(Evidence::Good) | None) => true,
            (_, Some(Evidence::Harmful)) => false,
            (Self::Screened, _) => true,
            (Self::Tested, _) => learned_in == Regime::Calm,
        }
    }

    /// Whether a node of this loss on its own recent samples takes `merged` on.
    #[must_use]
    pub(crate) fn takes(
        self,
        exam: Option<&Exam<'_>>,
        own: Option<Q16>,
        merged: &[Q16; TAPS],
    ) -> bool {
        let losses = exam.zip(own).filter(|_| self == Self::Tested);
        losses.is_none_or(|(exam, own)| exam.error(merged) <= own)
    }
}

/// What a merge did.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct MergeReport {
    /// Models that came in this round.
    pub offered: u8,
    /// Models that were merged, the own one not counted.
    pub merged: u8,
    /// Whether what they made together was worse than the own model, and left.
    pub declined: bool,
    /// Models judged harmful.
    pub harmful: u8,
    /// Models of another form, neither judged nor merged.
    pub foreign: u8,
    /// Models far from what all made together, and not good either.
    pub outlying: u8,
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
    /// The tick.
    pub now: Tick,
}

/// An offer that will be merged, and what is known of it.
#[derive(Clone, Copy, Debug)]
struct Heard {
    voice: Merged,
    reputation: Q16,
    evidence: Option<Evidence>,
    regime: Regime,
}

impl Heard {
    /// The same for the record of an audit, with what `voice` weighs in the merge.
    fn voiced(&self, voice: &Merged, neighbours: &[Neighbour]) -> Voiced {
        let Merged { node: origin, influence, weights, .. } = *voice;
        let place = neighbours.binary_search_by_key(&origin, |peer| peer.id).ok();
        let round = place.and_then(|place| neighbours.get(place)).map_or(0, |peer| peer.round);
        Voiced { origin, round, regime: self.regime, influence, weights }
    }
}

/// Fewer strangers cannot be told from a liar: the node keeps its own model.
pub(crate) const VOICES_LEAST: usize = 2;

type Crowd = heapless::Vec<Heard, VOICES>;

/// [`merge_noted`] without a record.
pub fn merge(
    config: &NodeConfig,
    node: Merger,
    carry: Option<&mut Carry>,
    neuron: &mut SwarmNeuron,
    residual: &Residual,
    neighbours: &mut [Neighbour],
    conduct: Option<Conduct<'_>>,
    inbox: &mut Inbox,
) -> MergeReport {
    merge_noted(config, node, carry, neuron, residual, neighbours, conduct, inbox, |_| ())
}

/// Aggregate and Trust, at the end of a round: judge each offer on the node's own recent samples,
/// move the senders' reputations, and adopt what the mesh's recipe makes of those with a voice, if
/// [`Adoption`] lets it. `record` gets what is about to become the node's model, if anything is.
pub fn merge_noted(
    config: &NodeConfig,
    node: Merger,
    carry: Option<&mut Carry>,
    neuron: &mut SwarmNeuron,
    residual: &Residual,
    neighbours: &mut [Neighbour],
    mut conduct: Option<Conduct<'_>>,
    inbox: &mut Inbox,
    record: impl FnOnce(&Blend),
) -> MergeReport {
    let mut report = MergeReport { offered: inbox.offers().len() as u8, ..MergeReport::default() };
    let exam = if inbox.offers().is_empty() { None } else { neuron.exam() };
    let own = exam.as_ref().map(|exam| exam.error(neuron.weights()));
    let judge =
        Judge { config, now: node.now, neuron, usual: residual.usual(), exam: exam.as_ref() };
    let (crowd, banned) =
        judge.hear(own, neighbours, conduct.as_mut(), inbox.offers(), &mut report);
    inbox.clear();
    if let Some(conduct) = &mut conduct {
        conduct.ledger.accepted |= report.merged > 0;
    }
    if usize::from(report.merged) < VOICES_LEAST {
        report.merged = 0;
        return report;
    }
    let influence = config.trust.influence(Q16::ONE, neighbours.len());
    let own = Merged { node: node.id, influence, loss: own, weights: *neuron.weights() };
    let mut calm = carry.as_ref().map(|carry| carry.calm);
    let (taps, exam) = (neuron.form().taps, exam.as_ref());
    let Some(merged) = blend(config, node, taps, own, &crowd, None, banned, calm.as_mut()) else {
        return report;
    };
    let look_back = LookBack { config, node, taps, exam, own, crowd: &crowd, merged: &merged };
    report.outlying = look_back.weigh(neighbours, conduct);
    report.declined = !config.adoption.takes(exam, own.loss, &merged);
    if report.declined {
        return report;
    }
    record(&recorded(config, node, taps, &own, banned, &crowd, neighbours));
    if let Some((carry, calm)) = carry.zip(calm) {
        carry.calm = calm;
    }
    neuron.adopt(&merged);
    report
}

/// What offers are judged by.
struct Judge<'a> {
    config: &'a NodeConfig,
    now: Tick,
    neuron: &'a SwarmNeuron,
    usual: Q16,
    exam: Option<&'a Exam<'a>>,
}

impl Judge<'_> {
    /// Judges each offer, moves the reputation of who made it, and gives those with a voice, and
    /// whether anybody was banned.
    fn hear(
        &self,
        own: Option<Q16>,
        neighbours: &mut [Neighbour],
        mut conduct: Option<&mut Conduct<'_>>,
        offers: &[Offer],
        report: &mut MergeReport,
    ) -> (Crowd, bool) {
        let mut crowd = Crowd::new();
        let mut banned = false;
        for offer in offers {
            let Ok(place) = neighbours.binary_search_by_key(&offer.origin, |peer| peer.id) else {
                continue;
            };
            // Weights mean nothing in a model of another form.
            if !offer.gene.is_akin(self.neuron.gene()) {
                report.foreign += 1;
                continue;
            }
            let offered = self.exam.map(|exam| exam.error(&offer.weights));
            let judged = |(own, offered)| judge(&self.config.trust, offered, own, self.usual);
            let is_judged = self.config.adoption != Adoption::Blind;
            let evidence = own.zip(offered).filter(|_| is_judged).map(judged);
            let harmful = evidence == Some(Evidence::Harmful);
            // A model that says it was learned in a storm is left out when it does harm, but its
            // sender loses nothing: an honest node cannot help its weather.
            if let Some(evidence) = evidence
                && (!harmful || offer.regime == Regime::Calm)
            {
                let conduct = conduct.as_deref_mut();
                banned |= weigh(
                    &self.config.trust,
                    neighbours,
                    conduct,
                    offer.origin,
                    evidence,
                    self.now,
                );
            }
            report.harmful += u8::from(harmful);
            let admitted = self.config.adoption.admits(evidence, offer.regime);
            let Some(neighbour) = neighbours.get(place).filter(|peer| admitted && !peer.banned)
            else {
                continue;
            };
            report.merged += 1;
            let status = conduct.as_ref().map_or(Status::Trusted, |conduct| conduct.status(place));
            let reputation = neighbour.reputation;
            let voice = Merged {
                node: offer.origin,
                influence: self.config.trust.influence_in(status, reputation, neighbours.len()),
                loss: offered,
                weights: offer.weights,
            };
            // One voice per offer: VOICES holds them.
            let _ = crowd.push(Heard { voice, reputation, evidence, regime: offer.regime });
        }
        (crowd, banned)
    }
}

/// The record of what is about to be merged.
fn recorded(
    config: &NodeConfig,
    node: Merger,
    taps: u8,
    own: &Merged,
    banned: bool,
    crowd: &Crowd,
    neighbours: &[Neighbour],
) -> Blend {
    let (own_influence, voices) = shares(config, own.influence, crowd, None);
    let heard = crowd.iter().zip(&voices);
    let voices = heard.map(|(heard, voice)| heard.voiced(voice, neighbours)).collect();
    Blend { round: node.round, own_influence, banned, taps, voices }
}

/// Whether influences are shares that the rule is to keep as they are. Rules that start from the
/// own model give it no weight among the others.
pub(crate) const fn keeps_shares(config: &NodeConfig) -> bool {
    config.trust.is_bounded && config.recipe.weighted && !config.recipe.rule.is_gossip()
}

/// What the own model and the crowd, `without` one of it, weigh in the merge.
fn shares(
    config: &NodeConfig,
    mut own: Q16,
    crowd: &Crowd,
    without: Option<NodeId>,
) -> (Q16, heapless::Vec<Merged, VOICES>) {
    let heard = || crowd.iter().filter(|heard| Some(heard.voice.node) != without);
    let mut voices: heapless::Vec<Merged, VOICES> = heard().map(|heard| heard.voice).collect();
    if keeps_shares(config) {
        let share =
            |heard: &Heard| Share { weight: heard.voice.influence, reputation: heard.reputation };
        let mut shares: heapless::Vec<Share, VOICES> = heard().map(share).collect();
        own = bound(own, &mut shares);
        let slots = voices.iter_mut().zip(&shares);
        slots.for_each(|(voice, share)| voice.influence = share.weight);
    }
    (own, voices)
}

/// What the recipe makes of the own model and the crowd, `without` one of it.
fn blend(
    config: &NodeConfig,
    node: Merger,
    taps: u8,
    mut own: Merged,
    crowd: &Crowd,
    without: Option<NodeId>,
    banned: bool,
    calm: Option<&mut Calm>,
) -> Option<[Q16; TAPS]> {
    let voices;
    (own.influence, voices) = shares(config, own.influence, crowd, without);
    let keeps_shares = keeps_shares(config);
    let (seed, round, regime) = (config.wake.seed, node.round, node.regime);
    let mut context = Context { seed, round, regime, banned, calm, keeps_shares };
    aggregate(&config.recipe, &own, &voices, taps, &mut context)
}

/// Evidence that only the aggregate gives, against offers of which nothing can be said by
/// themselves. None of it counts in bad weather, whose models lie far apart and do harm unasked.
struct LookBack<'a> {
    config: &'a NodeConfig,
    node: Merger,
    taps: u8,
    exam: Option<&'a Exam<'a>>,
    own: Merged,
    crowd: &'a Crowd,
    merged: &'a [Q16; TAPS],
}

/// Fewer distances than these have no median worth the name.
const DISTANCES_MIN: usize = 4;
/// Distances that differ by less than this, 2^-8 of a weight, are alike.
const ALIKE: i64 = 1 << 8;

impl LookBack<'_> {
    /// Moves reputations; returns how many models were outlying.
    fn weigh(&self, neighbours: &mut [Neighbour], mut conduct: Option<Conduct<'_>>) -> u8 {
        let trust = &self.config.trust;
        if self.node.regime != Regime::Calm || (trust.distance_mads == 0 && !trust.leaves_one_out) {
            return 0;
        }
        let limit = self.farthest_usual();
        let mut outlying = 0;
        for heard in self.crowd {
            if heard.evidence != Some(Evidence::Neutral) || heard.regime != Regime::Calm {
                continue;
            }
            let far = limit.is_some_and(|limit| self.distance(heard) > limit);
            outlying += u8::from(far);
            let evidence = if far { Evidence::Outlying } else { self.effect(heard) };
            let conduct = conduct.as_mut();
            weigh(trust, neighbours, conduct, heard.voice.node, evidence, self.node.now);
        }
        outlying
    }

    /// The sum of |differences| to the aggregate, as a Q16.16 bit pattern.
    fn distance(&self, heard: &Heard) -> i64 {
        let gap = |(a, b): (&Q16, &Q16)| i64::from(a.to_bits().abs_diff(b.to_bits()));
        heard.voice.weights.iter().zip(self.merged).map(gap).sum()
    }

    /// The median distance and so many median absolute deviations; `None` of too few.
    fn farthest_usual(&self) -> Option<i64> {
        let mads = i64::from(self.config.trust.distance_mads);
        if mads == 0 || self.crowd.len() < DISTANCES_MIN {
            return None;
        }
        let distances = self.crowd.iter().map(|heard| self.distance(heard));
        let usual = lower_median(distances.clone());
        let spread = lower_median(distances.map(|distance| (distance - usual).abs()));
        Some(usual + mads * spread.max(ALIKE))
    }

    /// The effect of one model on the aggregate's error on the node's own recent samples, against
    /// the aggregate of all others: good when it lowers it by 1 % or more, harmful when it raises
    /// it by 10 % or more.
    fn effect(&self, heard: &Heard) -> Evidence {
        if !self.config.trust.leaves_one_out {
            return Evidence::Neutral;
        }
        let without = Some(heard.voice.node);
        let (node, own, crowd) = (self.node, self.own, self.crowd);
        let rest = blend(self.config, node, self.taps, own, crowd, without, false, None);
        let Some((exam, rest)) = self.exam.zip(rest) else { return Evidence::Neutral };
        let (with, rest) = (exam.error(self.merged), exam.error(&rest));
        let (with, rest) = (i64::from(with.to_bits()), i64::from(rest.to_bits()));
        if 100 * with <= 99 * rest {
            Evidence::Good
        } else if 100 * with >= 110 * rest && rest > 0 {
            Evidence::Harmful
        } else {
            Evidence::Neutral
        }
    }
}

/// The lower median of at most [`VOICES`] values; 0 of none.
fn lower_median(values: impl Iterator<Item = i64>) -> i64 {
    let mut sorted: heapless::Vec<i64, VOICES> = values.take(VOICES).collect();
    sorted.sort_unstable();
    sorted.get(sorted.len().saturating_sub(1) / 2).copied().unwrap_or(0)
}

#[cfg(test)]
mod tests;
