//! Bans with probation, opinions, shares of influence and the watchdog.

use blake3::Hasher;
use qres_core::canonical::Canonical;
use qres_core::id::{NodeId, Tick};
use qres_core::q16::Q16;
use qres_core::regime::Regime;
use qres_core::trust::{
    BanConfig, Bucket, Dossier, Evidence, Neighbour, Opinion, Opinions, Share, TrustConfig,
    WatchdogConfig, bound, gini, opinion, review, verdict, weigh,
};
use qres_core::wake::WakeConfig;

use super::draws::Draws;

const EVIDENCE: [Evidence; 9] = [
    Evidence::Good,
    Evidence::Neutral,
    Evidence::Harmful,
    Evidence::Outlying,
    Evidence::AuditPassed,
    Evidence::AuditFailed,
    Evidence::ComputationMismatch,
    Evidence::NormRefused,
    Evidence::NoAnswer,
];

/// Neighbours that serve, fail, slander, fall silent and come back.
pub fn conduct(ticks: u64, out: &mut Hasher) {
    let mut draws = Draws::new(33);
    let config = TrustConfig {
        bans: Some(BanConfig { first_ticks: 100, ..BanConfig::default() }),
        opinions: true,
        watchdog: Some(WatchdogConfig { straggler_rounds: 3, ..WatchdogConfig::default() }),
        ..TrustConfig::default()
    };
    let wake = WakeConfig { interval_us: [60_000_000; 3], ..WakeConfig::default() };
    let fresh = |id| Neighbour::new(&config, NodeId(2 * id as u32));
    let mut table: [Neighbour; 10] = core::array::from_fn(fresh);
    let Some(mut page) = Dossier::<10>::of(&config, table.len()) else { return };
    for now in (0..ticks).map(Tick) {
        let id = NodeId(draws.below(24) as u32);
        let mild = draws.below(8) > 0;
        let evidence = if mild { Evidence::Good } else { EVIDENCE[draws.below(9) as usize] };
        weigh(&config, &mut table, Some(&mut page.view()), id, evidence, now).encode(out);
        let mut words = Opinions::default();
        for _ in 0..draws.below(18) {
            let of = NodeId(draws.below(22) as u32);
            let number = if draws.once_in(4) { 0 } else { 3 };
            let bucket = Bucket::from_number(number).unwrap_or(Bucket::Medium);
            words.push(Opinion { of, bucket }).encode(out);
        }
        let sender = NodeId(draws.below(24) as u32);
        opinion::hear(&config, &table, &mut page.view(), sender, &words);
        // Everybody speaks, until half of them fall silent for a while.
        let speaking = if now.0 % 2_000 < 1_500 { 10 } else { 5 };
        if let Some(peer) = table[..speaking].get_mut(draws.below(10) as usize) {
            let regime = Regime::ALL[draws.below(4) as usize / 2 + 1];
            peer.hear(now, now.0 as u32 + 1, regime).encode(out);
        }
        if draws.once_in(10) {
            page.ledger.accepted = draws.once_in(2);
            let fallback = review(&config, &wake, &mut table, &mut page.view(), now);
            fallback.map(|fallback| fallback as u8).encode(out);
            let said = |place: usize| verdict(&table, place, &page.entries[place]);
            (0..10).for_each(|place| said(place).map(|bucket| bucket as u8).encode(out));
        }
        if now.0 % 64 == 63 {
            for peer in &table {
                peer.encode(out);
            }
            page.encode(out);
            shares(&mut draws, out);
        }
    }
}

/// Shares of a crowd, and how unevenly they are spread.
fn shares(draws: &mut Draws, out: &mut Hasher) {
    let voice = |draws: &mut Draws| Share { weight: draws.share(), reputation: draws.share() };
    let mut crowd: [Share; 12] = core::array::from_fn(|_| voice(draws));
    bound(draws.share(), &mut crowd).encode(out);
    let weights: [Q16; 12] = crowd.map(|share| share.weight);
    weights.encode(out);
    gini(weights.into_iter()).encode(out);
}
