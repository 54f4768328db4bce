//! Secure aggregation in the mesh: who is in which group, what a member puts on the air in the
//! place of its update, and how a collector turns a sum into one voice. The rules are in
//! [`qres_core::privacy::sums`]; nothing here decides what may be told.
//!
//! All of it exists only in meshes that ask for it, so that others weigh and hash as they did.

use std::collections::BTreeMap;

use bevy::ecs::prelude::*;
use qres_core::canonical::{Canonical, Sink, Source};
use qres_core::draw::{Purpose, below, draw};
use qres_core::id::{GroupId, NodeId, Tick};
use qres_core::neuron::TAPS;
use qres_core::packet::{Message, SUM_TAG_BYTES, SumCall, SumPart, SumStep};
use qres_core::phase::{OUTBOX, Outbox, Speaker};
use qres_core::privacy::exchange::{Exchange, PairSecret};
use qres_core::privacy::roster::{shuffle, span};
use qres_core::privacy::sums::pledge::NormTerms;
use qres_core::privacy::sums::{
    AGREE_US, Collector, Counts, GROUP_IDS, MASK_US, Sum, SumGroup, Summand, Ties, is_tag,
    tag_call, tag_part,
};
use qres_core::q16::Q16;
use qres_core::radio::Outgoing;
use qres_core::stream::derive;
use qres_core::trust::{Evidence, weigh};
use qres_core::wake::Role;
use serde::Serialize;

use super::components::{Identity, Neuron, Schedule, Trust, Tuning};
use super::for_nodes;
use super::plan::{NodePlan, Plan};
use super::resources::{Clock, Setup};
use super::trusting::Dossier;
use crate::scenario::{Integrity, SecureAggregation};

pub mod proofs;

use proofs::{Examining, Pledging, ProofsSummary, Said};

/// Pause between two messages of a node, in microseconds.
const GAP_US: u64 = 50;

/// Who sums with whom.
#[derive(Clone, Debug)]
pub struct SumsPlan {
    /// The groups, each with its modality.
    pub groups: Vec<(SumGroup, GroupId)>,
    /// Group of each node, by place in `groups`.
    of: BTreeMap<NodeId, usize>,
    /// Rounds of the collector that an epoch waits.
    pub patience: u32,
    /// What members are pledged to, where norms are proven.
    pub terms: Option<NormTerms>,
}

impl SumsPlan {
    /// The groups that a scenario asks for; `None` where it does not. The scheduled clients of one
    /// modality of a sentinel are shuffled by a beacon, here a function of the seed, and cut into
    /// groups; fewer than four make none.
    #[must_use]
    pub fn new(
        wish: &SecureAggregation,
        seed: u64,
        nodes: &[NodePlan],
        integrity: Integrity,
    ) -> Option<Self> {
        if wish.members == 0 {
            return None;
        }
        let mut crowds: BTreeMap<(NodeId, GroupId), Vec<NodeId>> = BTreeMap::new();
        for (id, node) in (0..).map(NodeId).zip(nodes) {
            if node.role == Role::Scheduled {
                crowds.entry((node.sentinel, node.group)).or_default().push(id);
            }
        }
        let beacon = derive("qres 2026 simulated group beacon v1", &[&seed.to_le_bytes()]);
        let (mut groups, mut of) = (Vec::new(), BTreeMap::new());
        for ((collector, modality), mut crowd) in crowds {
            shuffle(&beacon, &mut crowd);
            let size = usize::from(wish.members);
            for part in (0..).map_while(|index| span(crowd.len(), size, index)) {
                let members = crowd.get(part).unwrap_or_default();
                let Ok(group) = SumGroup::new(seed, collector, members) else { continue };
                of.extend(members.iter().map(|member| (*member, groups.len())));
                groups.push((group, modality));
            }
        }
        let terms = proofs::terms(wish, integrity);
        Some(Self { groups, of, patience: u32::from(wish.patience_rounds), terms })
    }

    /// The group that a node is in.
    #[must_use]
    pub fn group_of(&self, node: NodeId) -> Option<&SumGroup> {
        self.groups.get(*self.of.get(&node)?).map(|(group, _)| group)
    }

    /// What a group measures.
    #[must_use]
    pub fn modality_of(&self, group: NodeId) -> Option<GroupId> {
        let index = group.0.checked_sub(GROUP_IDS)? as usize;
        self.groups.get(index).map(|(_, modality)| *modality)
    }

    /// Ids of the groups that `collector` collects for, ascending.
    pub fn collected_by(&self, collector: NodeId) -> impl Iterator<Item = (NodeId, GroupId)> {
        let numbered = self.groups.iter().zip(GROUP_IDS..);
        numbered
            .filter(move |((group, _), _)| group.collector() == collector)
            .map(|((_, modality), id)| (NodeId(id), *modality))
    }

    /// Who answers for an origin: a group's collector, or the node itself.
    #[must_use]
    pub fn collectors(&self) -> Vec<NodeId> {
        self.groups.iter().map(|(group, _)| group.collector()).collect()
    }
}

/// A member's part; only on members.
#[derive(Component, Clone, Debug)]
pub struct Summing {
    /// What keeps it from saying too much.
    pub state: Summand,
    ties: Box<Ties>,
    /// What it is pledged to, where norms are proven.
    pledging: Option<Box<Pledging>>,
    /// Calls whose tag did not fit.
    refused: u32,
    /// Processor time that is not paid for yet, in microseconds.
    pub busy_us: u64,
}

/// A sentinel's part; only on sentinels with groups.
#[derive(Component, Clone, Debug)]
pub struct Collecting {
    gatherings: Vec<Gathering>,
    /// Processor time that is not paid for yet, in microseconds.
    pub busy_us: u64,
}

#[derive(Clone, Debug)]
struct Gathering {
    /// The group, by place in the plan.
    index: usize,
    state: Collector,
    links: Vec<PairSecret>,
    newest: Option<Sum>,
    /// Where norms are proven.
    examining: Option<Box<Examining>>,
}

/// Gives newborn nodes what their groups ask for.
pub(super) fn equip(world: &mut World, entities: &[Entity]) {
    let plan = world.resource::<Setup>().0.clone();
    let Some(sums) = &plan.sums else { return };
    for entity in entities {
        let Some(id) = world.get::<Identity>(*entity).map(|identity| identity.id) else { continue };
        if let Some(summing) = sums.group_of(id).and_then(|group| Summing::new(&plan, group, id)) {
            world.entity_mut(*entity).insert(summing);
        }
        let collecting = Collecting::new(&plan, sums, id);
        if !collecting.gatherings.is_empty() {
            world.entity_mut(*entity).insert(collecting);
        }
    }
}

impl Summing {
    fn new(plan: &Plan, group: &SumGroup, id: NodeId) -> Option<Self> {
        let ties = if plan.integrity == Integrity::Full {
            let public = |node: &NodeId| Exchange::simulated(plan.seed, *node).public();
            let keys: Vec<_> = group.members().iter().map(public).collect();
            let exchange = Exchange::simulated(plan.seed, id);
            Ties::agree(group, id, &exchange, &keys, &public(&group.collector())).ok()?
        } else {
            Ties::simulated(group, id)?
        };
        let busy_us = group.members().len() as u64 * u64::from(AGREE_US);
        let pledging = plan.sums.as_ref().and_then(|sums| sums.terms).map(Pledging::boxed);
        let (state, ties) = (Summand::default(), Box::new(ties));
        Some(Self { state, ties, pledging, refused: 0, busy_us })
    }

    /// Takes a call of the node's own sentinel.
    pub fn hear(&mut self, group: &SumGroup, call: &SumCall) {
        self.busy_us += u64::from(MASK_US);
        let known = tag_call(self.ties.collector(), group.collector(), call);
        if is_tag(&known, &call.tag) {
            self.state.called(group, self.ties.place(), call);
        } else {
            self.refused = self.refused.saturating_add(1);
        }
    }

    fn part(&mut self, node: &Speaker<'_>, epoch: u32, step: SumStep) -> SumPart {
        self.busy_us += u64::from(MASK_US);
        let (to, taps) = (node.wake.sentinel, node.neuron.form().taps);
        SumPart { to, epoch, step, taps, values: Default::default(), tag: Default::default() }
    }

    fn seal(&self, node: &Speaker<'_>, part: SumPart) -> Message {
        let tag = tag_part(self.ties.collector(), node.id, &part);
        Message::Sum(SumPart { tag, ..part })
    }

    /// The vector of this round, if there is one to give, and the pledge that goes before it.
    fn vector(
        &mut self,
        group: &SumGroup,
        node: &Speaker<'_>,
        said: Option<&[Q16; TAPS]>,
        own: Option<&[Q16; TAPS]>,
        lies: bool,
    ) -> Option<(Option<Message>, Message)> {
        let fit = |weights| self.pledging.as_ref().map(|pledging| pledging.fit(weights, lies));
        let fitted = [said.and_then(fit), own.and_then(fit)];
        let [said, own] = [fitted[0].as_ref().or(said), fitted[1].as_ref().or(own)];
        let (epoch, mut values) = self.state.contribute(said, own)?;
        let pledge = self.pledge(group, node, epoch, &values);
        let regime = node.detector.regime();
        let mut part = self.part(node, epoch, SumStep::Vector(regime));
        let used = values.get_mut(..usize::from(part.taps))?;
        self.ties.vector(group, epoch, used);
        part.values.iter_mut().zip(used).for_each(|(slot, value)| *slot = *value);
        Some((pledge, self.seal(node, part)))
    }

    /// The correction that is due, if one is, and the release that goes before it.
    fn correction(
        &mut self,
        group: &SumGroup,
        node: &Speaker<'_>,
    ) -> Option<(Option<Message>, Message)> {
        let (epoch, survivors) = self.state.correct()?;
        let release = self.release(group, node, epoch, survivors);
        let mut part = self.part(node, epoch, SumStep::Correction);
        part.values = self.ties.correction(group, epoch, survivors, usize::from(part.taps));
        Some((release, self.seal(node, part)))
    }

    /// Appends what outlives a tick.
    pub fn encode(&self, sink: &mut impl Sink) {
        self.state.encode(sink);
        self.refused.encode(sink);
        self.busy_us.encode(sink);
        if let Some(pledging) = &self.pledging {
            pledging.encode(sink);
        }
    }

    /// Reads it back into the same member.
    pub fn decode(&mut self, source: &mut Source<'_>) -> Option<()> {
        self.state = Canonical::decode(source)?;
        self.refused = Canonical::decode(source)?;
        self.busy_us = Canonical::decode(source)?;
        self.pledging.as_mut().map_or(Some(()), |pledging| pledging.decode(source))
    }
}

/// Speak, for meshes with secure aggregation: no sleeper's update leaves it in the clear. A
/// member's becomes a vector under masks; a node in no group only polls. A correction that is due
/// follows. Gives what norm proofs add; a member that `lies` keeps no bound.
pub(super) fn speak(
    plan: &Plan,
    now: Tick,
    node: &Speaker<'_>,
    summing: Option<&mut Summing>,
    lies: bool,
    outbox: &mut Outbox,
) -> Said {
    let mut also = Said::default();
    let Some(sums) = plan.sums.as_deref().filter(|_| node.wake.role != Role::Sentinel) else {
        return also;
    };
    let air = &plan.config.air;
    let affords = |us: u64| node.energy.affords(&plan.config.energy, us);
    let poll = Message::Poll { to: node.wake.sentinel };
    let mut said = None;
    let mut polls = None;
    for outgoing in outbox.iter_mut() {
        if let Message::Update(update) = outgoing.message {
            said = Some(update.weights);
            outgoing.message = poll;
        }
        if outgoing.message == poll {
            polls = Some(outgoing);
        }
    }
    let (Some(summing), Some(group)) = (summing, sums.group_of(node.id)) else { return also };
    // Where updates are private, nothing leaves a node but what its account has paid for.
    let own = plan.config.privacy.is_none().then_some(node.neuron.weights());
    // A vector polls as well. What cannot be paid for is asked for again.
    if let Some(slot) = polls.filter(|_| node.neuron.is_trained())
        && affords(air.message_us(PART_BYTES) + proofs::before_us(sums, air))
        && let Some((pledge, vector)) = summing.vector(group, node, said.as_ref(), own, lies)
    {
        if let Some(pledge) = pledge {
            slot.at_us = also.before(air, node, pledge, slot.at_us);
        }
        slot.message = vector;
    }
    if let Some((release, correction)) = summing.correction(group, node) {
        follow(plan, now, node, (release, correction), &mut also, outbox);
    }
    summing.show(plan, now, node, &mut also, outbox);
    also
}

/// Adds a correction, and the release that goes before it, where they fit.
fn follow(
    plan: &Plan,
    now: Tick,
    node: &Speaker<'_>,
    (release, message): (Option<Message>, Message),
    also: &mut Said,
    outbox: &mut Outbox,
) {
    let air = &plan.config.air;
    let window = node.wake.window();
    let bits = draw(plan.seed, Purpose::Backoff, node.id.0, now.0, OUTBOX as u32 + 2);
    let alone_us = window.from_us + below(bits, (window.length_us() / 2).max(1));
    let ends = |sent: &Outgoing| sent.at_us + air.airtime_us(&sent.message) + GAP_US;
    let at_us = outbox.iter().map(ends).max().unwrap_or(alone_us);
    let spent_us = also.spent_us(air, outbox);
    let airtime_us = air.airtime_us(&message);
    let before_us = release.as_ref().map_or(0, |release| air.airtime_us(release) + GAP_US);
    let affords = node.energy.affords(&plan.config.energy, spent_us + airtime_us + before_us);
    if at_us + airtime_us + before_us <= plan.config.wake.tick_us && affords {
        let at_us = release.map_or(at_us, |release| also.before(air, node, release, at_us));
        // Half a turn away from the vector, which tells them apart in reassembly.
        let round = node.wake.rounds().wrapping_add(128);
        let _ = outbox.push(Outgoing { message, round, at_us });
    }
}

/// Bytes of the longest message of a member.
const PART_BYTES: usize = 10 + 4 * TAPS + SUM_TAG_BYTES;

impl Collecting {
    fn new(plan: &Plan, sums: &SumsPlan, id: NodeId) -> Self {
        let own = (plan.integrity == Integrity::Full).then(|| Exchange::simulated(plan.seed, id));
        let link = |member: &NodeId| match &own {
            Some(own) => own.agree(&Exchange::simulated(plan.seed, *member).public()).ok(),
            None => Some(PairSecret::simulated(plan.seed, (id, *member))),
        };
        let gathering = |(index, (group, _)): (usize, &(SumGroup, GroupId))| {
            let links = group.members().iter().map(link).collect::<Option<Vec<_>>>()?;
            let examining = sums.terms.map(|terms| Examining::boxed(terms, plan.seed, id));
            let state = Collector::default();
            Some(Gathering { index, state, links, newest: None, examining })
        };
        let mine = sums.groups.iter().enumerate().filter(|(_, (g, _))| g.collector() == id);
        let gatherings: Vec<_> = mine.filter_map(gathering).collect();
        let links: usize = gatherings.iter().map(|gathering| gathering.links.len()).sum();
        Self { gatherings, busy_us: links as u64 * u64::from(AGREE_US) }
    }

    fn gathering(&mut self, sums: &SumsPlan, member: NodeId) -> Option<&mut Gathering> {
        let index = *sums.of.get(&member)?;
        self.gatherings.iter_mut().find(|gathering| gathering.index == index)
    }

    /// Takes a member's message; `round` is the collector's own, `taps` of its model. The sum that
    /// came out with it, and the id of its group; to `judge` go members with what they have shown.
    pub(super) fn take(
        &mut self,
        sums: &SumsPlan,
        sender: NodeId,
        part: &SumPart,
        (round, taps): (u32, u8),
        judge: impl FnMut(NodeId, Evidence),
    ) -> Option<(NodeId, Sum)> {
        self.busy_us += u64::from(MASK_US);
        let gathering = self.gathering(sums, sender)?;
        let (group, _) = sums.groups.get(gathering.index)?;
        let place = group.place(sender)?;
        let known = tag_part(gathering.links.get(place)?, sender, part);
        if !is_tag(&known, &part.tag) {
            gathering.state.counts.refused = gathering.state.counts.refused.saturating_add(1);
            return None;
        }
        let admits = |examining: &Examining| examining.state.admits(place, part);
        if gathering.examining.as_deref().is_none_or(admits) {
            gathering.state.take(group, place, part, round);
        }
        let (sum, busy_us) = gathering.advance(sums, group, (round, taps), judge);
        gathering.newest = sum.or(gathering.newest);
        let id = NodeId(GROUP_IDS + gathering.index as u32);
        self.busy_us += busy_us;
        sum.map(|sum| (id, sum))
    }

    /// Counts a sum that is none of weights.
    pub(super) fn drop_wild(&mut self, group: NodeId) {
        let index = (group.0 - GROUP_IDS) as usize;
        if let Some(gathering) = self.gatherings.iter_mut().find(|g| g.index == index) {
            gathering.state.counts.wild = gathering.state.counts.wild.saturating_add(1);
        }
    }

    /// What to ask of a member that has polled; `None` if it is in no group here.
    pub(super) fn call(&mut self, sums: &SumsPlan, own: NodeId, member: NodeId) -> Option<Message> {
        let gathering = self.gathering(sums, member)?;
        let (group, _) = sums.groups.get(gathering.index)?;
        let place = group.place(member)?;
        let (wanted, survivors) = gathering.state.asks(place);
        let barred = gathering.examining.as_ref().is_some_and(|e| e.state.is_barred(place));
        let wanted = wanted && !barred;
        let epoch = gathering.state.epoch();
        let call = SumCall { to: member, epoch, wanted, survivors, tag: Default::default() };
        let tag = tag_call(gathering.links.get(place)?, own, &call);
        self.busy_us += u64::from(MASK_US);
        Some(Message::Call(SumCall { tag, ..call }))
    }

    /// The newest sum of each group since the mesh was built or restored: for tests and panels.
    pub fn newest(&self) -> impl Iterator<Item = (NodeId, Sum)> {
        let id = |index: usize| NodeId(GROUP_IDS + index as u32);
        self.gatherings.iter().filter_map(move |g| Some((id(g.index), g.newest?)))
    }

    /// Appends what outlives a tick.
    pub fn encode(&self, sink: &mut impl Sink) {
        self.busy_us.encode(sink);
        for gathering in &self.gatherings {
            gathering.state.encode(sink);
            if let Some(examining) = &gathering.examining {
                examining.state.encode(sink);
            }
        }
    }

    /// Reads it back into the same collector.
    pub fn decode(&mut self, source: &mut Source<'_>) -> Option<()> {
        self.busy_us = Canonical::decode(source)?;
        for gathering in &mut self.gatherings {
            gathering.state = Canonical::decode(source)?;
            if let Some(examining) = &mut gathering.examining {
                examining.state = Canonical::decode(source)?;
            }
        }
        Some(())
    }
}

impl Gathering {
    /// A step of the collector and, where norms are proven, of the examiner: the sum that came out
    /// and may be used, and the processor time of opening it.
    fn advance(
        &mut self,
        sums: &SumsPlan,
        group: &SumGroup,
        (round, taps): (u32, u8),
        judge: impl FnMut(NodeId, Evidence),
    ) -> (Option<Sum>, u64) {
        let sum = self.state.advance(group, round, sums.patience);
        match &mut self.examining {
            Some(examining) => {
                examining.follow(group, &self.state, sum, (round, sums.patience), taps, judge)
            }
            None => (sum, 0),
        }
    }
}

/// At the end of a collector's round: gives up on what has waited too long.
pub(super) fn review(
    clock: Res<Clock>,
    setup: Res<Setup>,
    mut nodes: Query<(
        (&Schedule, &Neuron, Option<&Tuning>),
        &mut Collecting,
        &mut Trust,
        Option<&mut Dossier>,
    )>,
) {
    let Some(sums) = &setup.0.sums else { return };
    let (config, now) = (&setup.0.config, clock.now);
    for_nodes!(nodes, clock.parallel, |(
        (schedule, neuron, tuning),
        mut collecting,
        mut trust,
        mut dossier,
    )| {
        if !schedule.0.window().closes {
            return;
        }
        let tuned = tuning.map(|tuning| tuning.0.apply(config));
        let rules = &tuned.as_ref().unwrap_or(config).trust;
        let at = (schedule.0.rounds(), neuron.0.form().taps);
        for gathering in &mut collecting.gatherings {
            if let Some((group, _)) = sums.groups.get(gathering.index) {
                // A sum comes out with its last correction, never by waiting.
                let _ = gathering.advance(sums, group, at, |member, evidence| {
                    let conduct = &mut dossier.as_deref_mut().map(Dossier::view);
                    weigh(rules, &mut trust.0, conduct.as_mut(), member, evidence, now);
                });
            }
        }
    });
}

/// Secure aggregation over a run.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct SumsSummary {
    /// Groups.
    pub groups: u32,
    /// Nodes in them.
    pub members: u32,
    /// Sleepers in no group: they listen, and send no model.
    pub ungrouped: u32,
    /// Epochs that ended with a sum.
    pub sums: u64,
    /// Of these, with fewer survivors than members.
    pub partial: u64,
    /// Epochs given up, as fewer vectors came than the threshold.
    pub thin: u64,
    /// Epochs given up, as a correction did not come.
    pub lost: u64,
    /// Sums dropped, as no weights have them.
    pub wild: u64,
    /// Messages and calls whose tag did not fit.
    pub forged: u64,
    /// Calls that asked a member for what must not be told.
    pub refused: u64,
    /// Norm proofs; null where none are asked for.
    pub proofs: Option<ProofsSummary>,
}

/// The figures of the run so far; `None` where nobody sums.
pub(super) fn summary(world: &mut World) -> Option<SumsSummary> {
    let plan = world.resource::<Setup>().0.clone();
    let sums = plan.sums.as_ref()?;
    let sleepers = plan.nodes.iter().filter(|node| node.role != Role::Sentinel).count();
    let mut all = SumsSummary {
        groups: sums.groups.len() as u32,
        members: sums.of.len() as u32,
        ungrouped: (sleepers - sums.of.len()) as u32,
        ..SumsSummary::default()
    };
    let mut collectors = world.query::<&Collecting>();
    for gathering in collectors.iter(world).flat_map(|collecting| &collecting.gatherings) {
        let Counts { sums, partial, thin, lost, wild, refused } = gathering.state.counts;
        all.sums += u64::from(sums);
        all.partial += u64::from(partial);
        all.thin += u64::from(thin);
        all.lost += u64::from(lost);
        all.wild += u64::from(wild);
        all.forged += u64::from(refused);
    }
    all.proofs = proofs::summary(world, sums);
    let mut members = world.query::<&Summing>();
    for member in members.iter(world) {
        all.forged += u64::from(member.refused);
        all.refused += u64::from(member.state.refused);
    }
    Some(all)
}
