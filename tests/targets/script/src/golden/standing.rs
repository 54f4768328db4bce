//! What is made of the models of others, how models are packed, what is thought of their senders,
//! and the canonical encoding that all digests rest on.

use blake3::Hasher;
use qres_core::aggregate::{
    Calm, Context, Preparation, Recipe, Rule, VOICES, Voice, aggregate as aggregated,
};
use qres_core::block_float::{BlockFloat, Residue};
use qres_core::canonical::{Canonical, Source};
use qres_core::id::{NodeId, Tick};
use qres_core::inbox::Inbox;
use qres_core::neuron::{TAPS, WEIGHT_LIMIT};
use qres_core::q16::{HALF, Q16, percent};
use qres_core::regime::Regime;
use qres_core::trust::{
    Evidence, Neighbour, OwnTrust, TrustConfig, find, influence, is_emergency, judge,
};

use super::air::update;
use super::draws::Draws;

/// An inbox that overflows.
pub fn inbox(ticks: u64, out: &mut Hasher) {
    let mut draws = Draws::new(12);
    let mut inbox = Inbox::default();
    for tick in 0..ticks {
        let origin = draws.below(40) as u32;
        inbox.push(&update(&mut draws, origin)).encode(out);
        if draws.once_in(100) {
            inbox.clear();
        }
        if tick % 16 == 15 {
            inbox.encode(out);
        }
    }
}

/// Every rule, behind every preparation by turns, over crowds with liars, ties and extremes.
pub fn aggregate(ticks: u64, out: &mut Hasher) {
    let mut draws = Draws::new(15);
    let (mut calm, mut turn) = (Calm::default(), 0);
    for round in 0..(ticks / 24) as u32 {
        let crowd = draws.below(VOICES as u64) as usize;
        let spread = [4, 1 << 12, WEIGHT_LIMIT][draws.below(3) as usize];
        let influential = !draws.once_in(10);
        let mut voices: heapless::Vec<Voice, VOICES> = (0..=crowd as u32)
            .map(|node| voice(&mut draws, NodeId(2 * node), spread, influential))
            .collect();
        if draws.once_in(3) {
            voices.reverse();
        }
        let Some((own, peers)) = voices.split_first() else { continue };
        let taps = draws.below(TAPS as u64) as u8 + 1;
        let faulty = draws.below(5) as u8;
        for rule in rules(faulty) {
            turn += 1;
            let preparation = match turn % 7 {
                0 => Preparation::Nnm { faulty },
                1 => Preparation::Arc { faulty },
                2 => Preparation::Bucketing { size: faulty + 1 },
                _ => Preparation::None,
            };
            let recipe = Recipe { preparation, rule, weighted: turn % 5 != 0 };
            let regime = Regime::ALL[(turn % 3) as usize];
            let banned = turn % 11 == 0;
            let calm = Some(&mut calm);
            let mut context =
                Context { seed: 5, round, regime, banned, calm, ..Context::default() };
            aggregated(&recipe, own, peers, taps, &mut context).encode(out);
        }
        calm.encode(out);
    }
}

fn rules(faulty: u8) -> [Rule; 15] {
    [
        Rule::Mean,
        Rule::TrimmedMean { trim: faulty },
        Rule::Median,
        Rule::Meamed { faulty },
        Rule::Krum { faulty },
        Rule::MultiKrum { faulty, select: faulty },
        Rule::Bulyan { faulty },
        Rule::GeometricMedian { smoothing: percent(1), steps: 4 },
        Rule::CentredClipping { radius: HALF, steps: 2 },
        Rule::ClippedGossip { faulty },
        Rule::CsPlus { faulty },
        Rule::Nna { faulty },
        Rule::Balance { radius: HALF, decay: Q16::ONE, horizon_rounds: 500, own_share: HALF },
        Rule::Ubar { keep: HALF, own_share: percent(30) },
        Rule::adaptive(faulty),
    ]
}

/// An honest voice near zero, or, once in five, one from anywhere.
pub fn voice(draws: &mut Draws, node: NodeId, spread: i32, influential: bool) -> Voice {
    let lies = draws.once_in(5);
    let weights = core::array::from_fn(|_| if lies { draws.any() } else { draws.within(spread) });
    let influence = if influential { draws.share() } else { Q16::ZERO };
    let loss = if draws.once_in(6) { None } else { Some(draws.share()) };
    Voice { node, influence, loss, weights }
}

/// Models as blocks with one exponent, and what rounding leaves behind.
pub fn block_float(ticks: u64, out: &mut Hasher) {
    let mut draws = Draws::new(16);
    let mut residue = Residue::default();
    for _ in 0..ticks {
        let values = core::array::from_fn(|_| draws.next() as i64 >> draws.below(64));
        let fraction_bits = draws.below(65) as u32;
        let block = BlockFloat::encode(&values, fraction_bits);
        block.exponent().to_be_bytes().encode(out);
        block.mantissas().encode(out);
        block.decode(fraction_bits).encode(out);
        let weights = core::array::from_fn(|_| draws.within(WEIGHT_LIMIT >> 3));
        let (sent, left) = residue.quantise(&weights);
        sent.encode(out);
        left.encode(out);
        residue = left;
        let mut bytes = BlockFloat::from_weights(&weights).to_bytes(draws.below(9) as u8);
        if draws.once_in(3) {
            draws.damage(&mut bytes);
        }
        match BlockFloat::from_bytes(&bytes) {
            Ok(block) => block.weights().encode(out),
            Err(why) => (why as u8).encode(out),
        }
    }
}

/// Neighbours that serve, harm, claim storms and are banned and readmitted.
pub fn trust(ticks: u64, out: &mut Hasher) {
    let mut draws = Draws::new(13);
    let config = TrustConfig::default();
    let mut table: [Neighbour; 8] =
        core::array::from_fn(|id| Neighbour::new(&config, NodeId(3 * id as u32)));
    let mut own = OwnTrust::new(Tick(5));
    for tick in (0..ticks).map(Tick) {
        let evidence = judge(&config, draws.any(), draws.share(), draws.share());
        let level = draws.share();
        let milder = judge(&config, level, draws.share(), draws.share());
        [evidence as u8, milder as u8].encode(out);
        let id = NodeId(draws.below(24) as u32);
        let regime = Regime::ALL[draws.below(3) as usize];
        if let Some(neighbour) = find(&mut table, id) {
            let round = (tick.0 / 2) as u32 + draws.below(4) as u32;
            neighbour.hear(tick, round, regime).encode(out);
            // Weeks of service and weeks of harm, so that both ends are reached.
            let kind = if tick.0 % 800 < 600 { Evidence::Good } else { Evidence::Harmful };
            neighbour.weigh(&config, if draws.once_in(6) { milder } else { kind });
            neighbour.encode(out);
            for crowd in [4, 20, 51] {
                influence(neighbour.reputation, crowd).encode(out);
            }
        }
        is_emergency(&config, &table, tick).encode(out);
        if draws.once_in(700) {
            own = OwnTrust::new(tick);
        }
        own.review(&config, &table, tick);
        own.encode(out);
    }
}

/// Decodes what was encoded, and what was damaged, and encodes it again.
pub fn canonical(ticks: u64, out: &mut Hasher) {
    let mut draws = Draws::new(14);
    let mut inbox = Inbox::default();
    for tick in 0..ticks {
        if tick % 16 == 0 {
            inbox.clear();
        }
        inbox.push(&update(&mut draws, tick as u32 % 5));
        let mut bytes: heapless::Vec<u8, 256> = heapless::Vec::new();
        inbox.encode(&mut bytes);
        let mut half = bytes.clone();
        half.truncate(draws.below(256) as usize);
        if draws.once_in(2) {
            draws.damage(&mut bytes);
        }
        for bytes in [&bytes[..], &half[..]] {
            let mut source = Source::new(bytes);
            Inbox::decode(&mut source).encode(out);
            (source.remaining() as u32).encode(out);
        }
    }
}
