//! What needs curves: signatures, shared secrets, masks, noise with its account, and norm proofs.
//! Dear beside all else, so these sections take few steps a tick.

use blake3::Hasher;
use qres_core::canonical::Canonical;
use qres_core::id::NodeId;
use qres_core::integrity::commitment::commit_weights;
use qres_core::integrity::identity::{Identity, PublicIdentity};
use qres_core::integrity::norm::{Claim, PROOF_MAX, prove, verify};
use qres_core::packet::{SumCall, SumPart, SumStep};
use qres_core::privacy::account::{Account, Rho};
use qres_core::privacy::aggregation::{Member, unmask, voice};
use qres_core::privacy::clip::clip;
use qres_core::privacy::exchange::Exchange;
use qres_core::privacy::gaussian::{Variance, add_noise, sample};
use qres_core::privacy::roster::{Members, Roster, shuffle, span};
use qres_core::privacy::seed::{Seed, Share};
use qres_core::privacy::sums::{Collector, SumGroup, Summand, Ties, mean, tag_call, tag_part};
use qres_core::q16::Q16;
use qres_core::regime::Regime;
use qres_core::stream::Stream;

use super::air::update;
use super::draws::Draws;

fn entropy(draws: &mut Draws) -> [u8; 32] {
    let mut bytes = [0; 32];
    draws.fill(&mut bytes);
    bytes
}

/// Signed updates, some damaged on the way, and secrets that pairs of nodes share.
pub fn signatures(ticks: u64, out: &mut Hasher) {
    let mut draws = Draws::new(26);
    for tick in 0..ticks / 500 {
        let identity = Identity::from_seed(&entropy(&mut draws));
        let public = identity.public();
        out.update(&public.to_bytes());
        let signed = update(&mut draws, 5);
        let mut signature = identity.sign(tick, &signed);
        out.update(&signature);
        if draws.once_in(3) {
            draws.damage(&mut signature);
        }
        public.verify(tick, &signed, &signature).is_ok().encode(out);
        PublicIdentity::from_bytes(&entropy(&mut draws)).is_ok().encode(out);
        let pair = [(); 2].map(|()| Exchange::from_seed(&entropy(&mut draws)));
        for (one, other) in [(0, 1), (1, 0)] {
            out.update(&pair[one].public());
            pair[one].agree(&pair[other].public()).is_ok().encode(out);
        }
    }
}

/// Masks that cancel, and seeds rebuilt from some of their shares.
pub fn masks(ticks: u64, out: &mut Hasher) {
    let mut draws = Draws::new(27);
    for _ in 0..ticks / 100 {
        let seed = Seed::derive("golden mask", &[&entropy(&mut draws)]);
        out.update(&seed.seal());
        let mut vector: [i32; 8] = core::array::from_fn(|_| draws.whole());
        seed.mask(true, &mut vector);
        vector.encode(out);
        let threshold = draws.below(4) as u8 + 1;
        let dealt = entropy(&mut draws);
        let mut shares: [Share; 5] =
            core::array::from_fn(|holder| seed.share(threshold, holder as u8 + 1, &dealt));
        shares.rotate_left(draws.below(5) as usize);
        for share in &shares {
            out.update(&share.to_bytes());
        }
        if let Some(rebuilt) = Seed::rebuild(&shares, threshold) {
            rebuilt.mask(false, &mut vector);
            vector.encode(out);
        }
    }
}

/// Groups drawn by lot, sums by shares with dropouts, and what a group says as one voice.
pub fn aggregation(ticks: u64, out: &mut Hasher) {
    let mut draws = Draws::new(30);
    for round in 0..ticks / 2_500 {
        let mut nodes: [NodeId; 12] = core::array::from_fn(|node| NodeId(node as u32));
        shuffle(&entropy(&mut draws), &mut nodes);
        for index in 0..3 {
            let part = span(nodes.len(), 4 + draws.below(5) as usize, index);
            let Some(members) = part.and_then(|part| nodes.get(part)) else { continue };
            let threshold = Roster::usual_threshold(members.len());
            let Ok(roster) = Roster::new(3, round as u32, members, threshold) else { continue };
            out.update(roster.digest());
            let gone = draws.below(members.len() as u64) as usize;
            shared_sum(&mut draws, &roster, gone, out);
        }
    }
}

/// A sum by shares in which the member at `gone` drops out before its vector is there.
fn shared_sum(draws: &mut Draws, roster: &Roster, gone: usize, out: &mut Hasher) {
    let key = |node: &NodeId| Exchange::from_seed(&[node.0 as u8; 32]);
    let nodes = roster.members();
    let keys: heapless::Vec<_, 8> = nodes.iter().map(|node| key(node).public()).collect();
    let hedge = entropy(draws);
    let join = |node: &NodeId| Member::new(roster, *node, &key(node), &keys, &hedge).ok();
    let mut members: heapless::Vec<Member, 8> = nodes.iter().filter_map(join).collect();
    for from in 0..members.len() {
        for to in 0..members.len() {
            if let Some(hand) = members[from].deal(to) {
                out.update(&hand);
                members[to].take(from, &hand).is_ok().encode(out);
            }
        }
    }
    let present = Members::all(members.len());
    let survivors = present.without(gone);
    let (mut sum, mut reveals) = ([0_i32; 8], heapless::Vec::<_, 8>::new());
    for place in survivors.places() {
        let mut vector: [i32; 8] = core::array::from_fn(|_| draws.whole() >> 12);
        members[place].mask(present, &mut vector).is_ok().encode(out);
        vector.encode(out);
        sum.iter_mut().zip(vector).for_each(|(sum, value)| *sum = sum.wrapping_add(value));
    }
    for place in survivors.places() {
        if let Ok(reveal) = members[place].reveal(survivors) {
            reveal.shares().for_each(|(a, b, share)| {
                out.update(&[a as u8, b as u8]).update(&share.to_bytes());
            });
            let _ = reveals.push(reveal);
        }
    }
    let seals: heapless::Vec<_, 8> = members.iter().map(Member::seals).collect();
    unmask(roster, present, survivors, &reveals, &seals, &mut sum).is_ok().encode(out);
    sum.encode(out);
    if let Some(voice) = voice(roster, survivors, &sum) {
        voice.node.encode(out);
        voice.weights.encode(out);
    }
}

/// Sums in two messages: members, calls, corrections and a collector, with losses drawn.
pub fn sums(ticks: u64, out: &mut Hasher) {
    let mut draws = Draws::new(31);
    let collector = NodeId(40);
    let nodes: [NodeId; 5] = core::array::from_fn(|node| NodeId(node as u32));
    let Ok(group) = SumGroup::new(5, collector, &nodes) else { return };
    let key = |node: &NodeId| Exchange::simulated(5, *node);
    let keys = nodes.map(|node| key(&node).public());
    let own = key(&collector).public();
    let ties = nodes.map(|node| Ties::agree(&group, node, &key(&node), &keys, &own).ok());
    let (mut members, mut at) = ([Summand::default(); 5], Collector::default());
    for round in 0..ticks as u32 / 50 {
        for (place, (member, ties)) in members.iter_mut().zip(&ties).enumerate() {
            let Some(ties) = ties else { continue };
            let weights: [Q16; 8] = core::array::from_fn(|_| draws.within(60_000));
            let part = |epoch, step, values| SumPart {
                to: collector,
                epoch,
                step,
                taps: 8,
                values,
                tag: [0; 16],
            };
            let mut parts = heapless::Vec::<SumPart, 2>::new();
            let said = Some(&weights).filter(|_| draws.once_in(3));
            if let Some((epoch, mut values)) = member.contribute(said, Some(&weights)) {
                ties.vector(&group, epoch, &mut values);
                let _ = parts.push(part(epoch, SumStep::Vector(Regime::PreStorm), values));
            }
            if let Some((epoch, survivors)) = member.correct() {
                let values = ties.correction(&group, epoch, survivors, 8);
                let _ = parts.push(part(epoch, SumStep::Correction, values));
            }
            for part in parts.iter().filter(|_| !draws.once_in(9)) {
                out.update(&tag_part(ties.collector(), nodes[place], part));
                part.values.encode(out);
                at.take(&group, place, part, round);
                if let Some(sum) = at.advance(&group, round, 3) {
                    mean(&sum.total, sum.survivors.count()).encode(out);
                }
            }
            let (wanted, survivors) = at.asks(place);
            let (to, epoch) = (nodes[place], at.epoch());
            let call = SumCall { to, epoch, wanted, survivors, tag: [0; 16] };
            out.update(&tag_call(ties.collector(), collector, &call));
            if !draws.once_in(9) {
                member.called(&group, place, &call).encode(out);
            }
            member.encode(out);
        }
        at.advance(&group, round, 3).is_some().encode(out);
        at.encode(out);
    }
}

/// Exact noise, clipped weights and what they cost.
pub fn noise(ticks: u64, out: &mut Hasher) {
    let mut draws = Draws::new(28);
    let mut account = Account::new(Rho::for_epsilon(80 << 32, 6));
    for _ in 0..ticks / 20 {
        let numerator = draws.next() >> (24 + draws.below(40));
        let Ok(variance) = Variance::new(numerator + 1, draws.below(999) as u32 + 1) else {
            continue;
        };
        let mut stream = Stream::new("golden noise", &[&draws.next().to_le_bytes()]);
        sample(variance, &mut stream).encode(out);
        let mut weights: [Q16; 8] = core::array::from_fn(|_| draws.any());
        clip(&mut weights, draws.below(1 << 18) as u32).encode(out);
        weights.encode(out);
        let mut values = weights.map(Q16::to_bits);
        add_noise(variance, &mut stream, &mut values).encode(out);
        values.encode(out);
        if let Some(cost) = Rho::of(draws.below(1 << 30), variance) {
            out.update(&cost.epsilon(6).to_le_bytes());
            account.spend(cost).is_ok().encode(out);
        }
        account.spent().0.encode(out);
    }
}

/// Proofs that weights are short, answers to damaged ones, and refusals of false claims.
pub fn proofs(ticks: u64, out: &mut Hasher) {
    let mut draws = Draws::new(29);
    for tick in 0..ticks / 2_000 {
        let weights: [Q16; 4] = core::array::from_fn(|_| draws.within(3_000));
        let weights = &weights[..=draws.below(4) as usize];
        let bound = if tick % 3 == 2 { 9 } else { 65_536 };
        let nonce = entropy(&mut draws);
        let claim = Claim { mesh: tick, origin: NodeId(4), round: 7, nonce, bound };
        let (seed, hedge) = (entropy(&mut draws), entropy(&mut draws));
        let commitments = commit_weights(weights, &seed);
        out.update(commitments.as_flattened());
        let mut proof = [0; PROOF_MAX];
        match prove(&claim, weights, &seed, &hedge, &mut proof) {
            Ok(length) => {
                let proof = &mut proof[..length];
                out.update(proof);
                if draws.once_in(2) {
                    draws.damage(proof);
                }
                let verdict = verify(&claim, &commitments, proof);
                verdict.map_or_else(|why| why as u8, |()| u8::MAX).encode(out);
            }
            Err(why) => (why as u8).encode(out),
        }
    }
}
