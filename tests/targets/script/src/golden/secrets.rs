//! What needs curves: signatures, shared secrets, masks, noise with its account, and norm proofs.
//! Dear beside all else, so these sections take few steps a tick.

use blake3::Hasher;
use qres_core::canonical::Canonical;
use qres_core::id::NodeId;
use qres_core::integrity::commitment::commit_weights;
use qres_core::integrity::identity::{Identity, PublicIdentity};
use qres_core::integrity::norm::{Claim, PROOF_MAX, prove, verify};
use qres_core::privacy::account::{Account, Rho};
use qres_core::privacy::clip::clip;
use qres_core::privacy::exchange::Exchange;
use qres_core::privacy::gaussian::{Variance, add_noise, sample};
use qres_core::privacy::seed::{Seed, Share};
use qres_core::q16::Q16;
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
