//! Norm proofs under sums: pledges, releases, demands and what is shown, over an air that loses,
//! with a member that keeps no bound.

use blake3::Hasher;
use qres_core::canonical::Canonical;
use qres_core::id::NodeId;
use qres_core::integrity::vector::{SHOWN_MAX, Scheme};
use qres_core::neuron::TAPS;
use qres_core::packet::{Message, ProofStep, SumPart, SumProof, SumStep};
use qres_core::privacy::exchange::Exchange;
use qres_core::privacy::sums::examiner::Examiner;
use qres_core::privacy::sums::pledge::{Due, NormTerms, Pledger, tag_proof};
use qres_core::privacy::sums::{Collector, SumGroup, Ties};
use qres_core::q16::Q16;
use qres_core::regime::Regime;

use super::draws::Draws;

const MEMBERS: usize = 4;
const COLLECTOR: NodeId = NodeId(40);
/// Values of a vector that are in use.
const USED: u8 = 2;

/// Members and collector of one group.
struct Circle {
    draws: Draws,
    group: SumGroup,
    ties: [Option<Ties>; MEMBERS],
    pledgers: [Pledger; MEMBERS],
    terms: NormTerms,
    collector: Collector,
    examiner: Examiner,
    round: u32,
}

/// Real proofs are slow, so there are few of them; counted ones go through the same steps.
pub fn pledges(ticks: u64, out: &mut Hasher) {
    for (lane, scheme, epochs) in
        [(40, Scheme::Curve, ticks / 2_500), (41, Scheme::Counted, ticks / 100)]
    {
        let nodes: [NodeId; MEMBERS] = core::array::from_fn(|node| NodeId(node as u32));
        let Ok(group) = SumGroup::new(5, COLLECTOR, &nodes) else { return };
        let key = |node: &NodeId| Exchange::simulated(5, *node);
        let keys = nodes.map(|node| key(&node).public());
        let own = key(&COLLECTOR).public();
        let ties = nodes.map(|node| Ties::agree(&group, node, &key(&node), &keys, &own).ok());
        let mut circle = Circle {
            draws: Draws::new(lane),
            group,
            ties,
            pledgers: [Pledger::default(); MEMBERS],
            terms: NormTerms { norm: 1 << 14, share: 1 << 15, scheme },
            collector: Collector::default(),
            examiner: Examiner::default(),
            round: 0,
        };
        for _ in 0..epochs {
            circle.epoch(out);
        }
        circle.examiner.encode(out);
        circle.collector.encode(out);
    }
}

impl Circle {
    fn epoch(&mut self, out: &mut Hasher) {
        let epoch = self.collector.epoch();
        for place in 0..MEMBERS {
            if self.draws.once_in(6) {
                continue;
            }
            self.give(place, epoch, out);
        }
        self.round += 4;
        self.advance(out);
        let survivors = self.collector.survivors();
        for place in survivors.places() {
            let Some(ties) = &self.ties[place] else { continue };
            let release = ties.release(&self.group, epoch, survivors);
            let values = ties.correction(&self.group, epoch, survivors, USED.into());
            self.say(place, epoch, release, out);
            self.sum(place, epoch, SumStep::Correction, values);
        }
        self.advance(out);
        (0..8).for_each(|_| self.show(out));
    }

    /// A pledge and a vector; member 2 keeps no bound, and member 3 sums now and then what it is
    /// not pledged to.
    fn give(&mut self, place: usize, epoch: u32, out: &mut Hasher) {
        let own: [Q16; TAPS] = core::array::from_fn(|tap| {
            let limit = if place == 2 { 90_000 } else { 20_000 };
            if tap < usize::from(USED) { self.draws.within(limit) } else { Q16::ZERO }
        });
        let given = if place == 2 { NormTerms::near(&own) } else { self.terms.fit(&own) };
        let mut values = given.map(Q16::to_bits);
        let Some(ties) = &self.ties[place] else { return };
        self.pledgers[place].keep(epoch, &values);
        let used = &given[..usize::from(USED)];
        let pledge = ties.pledge(&self.terms, &self.group, epoch, used);
        values[0] += if place == 3 && self.draws.once_in(4) { 256 } else { 0 };
        ties.vector(&self.group, epoch, &mut values[..usize::from(USED)]);
        self.say(place, epoch, pledge, out);
        self.sum(place, epoch, SumStep::Vector(Regime::Calm), values);
    }

    fn say(&mut self, place: usize, epoch: u32, step: ProofStep, out: &mut Hasher) {
        let (Some(ties), Some(from)) = (&self.ties[place], self.group.members().get(place)) else {
            return;
        };
        let proof = SumProof { to: COLLECTOR, epoch, step, tag: [0; 16] };
        out.update(&tag_proof(ties.collector(), *from, &proof));
        out.update(&Message::Proof(proof).to_bytes());
        if self.draws.once_in(9) {
            return;
        }
        let Self { examiner, terms, group, round, .. } = self;
        let evidence = examiner.take(terms, group, place, (epoch, &step), USED, *round);
        evidence.map(|evidence| evidence as u8).encode(out);
    }

    fn sum(&mut self, place: usize, epoch: u32, step: SumStep, values: [i32; TAPS]) {
        let part = SumPart { to: COLLECTOR, epoch, step, taps: USED, values, tag: [0; 16] };
        if self.examiner.admits(place, &part) {
            self.collector.take(&self.group, place, &part, self.round);
        }
    }

    fn advance(&mut self, out: &mut Hasher) {
        if let Some(sum) = self.collector.advance(&self.group, self.round, 3) {
            sum.total.encode(out);
            self.examiner.opens(&self.terms, &sum, USED).encode(out);
        }
        let (terms, waits) = (&self.terms, (self.round, 3, USED));
        let late = self.examiner.follow(terms, &self.group, &self.collector, &[7; 32], waits);
        late.map(|place| place as u8).encode(out);
    }

    /// One demand, and what the member that is asked shows.
    fn show(&mut self, out: &mut Hasher) {
        let asked = (0..MEMBERS).find_map(|place| Some((place, self.examiner.asks(place)?)));
        let Some((place, (epoch, ProofStep::Demand { next, have }))) = asked else { return };
        self.pledgers[place].demanded(epoch, next, have).encode(out);
        let Some(due) = self.pledgers[place].due() else { return };
        let mut shown = [0; SHOWN_MAX];
        self.prove(place, &due, &mut shown, out);
        for part in due.parts(&shown[..self.terms.shown_bytes(USED)]) {
            self.say(place, epoch, ProofStep::Part(part), out);
        }
    }

    fn prove(&self, place: usize, due: &Due, shown: &mut [u8], out: &mut Hasher) {
        let (Some(ties), weights) = (&self.ties[place], &due.weights[..usize::from(USED)]) else {
            return;
        };
        let made = ties.show(&self.terms, &self.group, due.epoch, weights, shown);
        made.map_or_else(|why| why as u32, |length| length as u32).encode(out);
    }
}
