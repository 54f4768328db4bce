//! Evidence from the aggregate, bounded voices and probation, on a neuron that has learned.

extern crate std;

use super::*;
use crate::aggregate::{Recipe, Rule};
use crate::id::GroupId;
use crate::neuron::NeuronConfig;
use crate::packet::{Update, Wire};
use crate::q16::percent;
use crate::trust::{BanConfig, Dossier, TrustConfig};
use std::vec::Vec;

/// A triangle wave of period 40 and height 10, which a linear model predicts well.
fn triangle(n: u32) -> Q16 {
    let phase = (n % 40) as i32;
    Q16::from_bits((20 - (phase - 20).abs()) << 15)
}

fn trained() -> SwarmNeuron {
    let config = NeuronConfig::default();
    let mut neuron = SwarmNeuron::new(&config);
    for n in 0..2_000 {
        neuron.forecast_and_adapt(&config, triangle(n), percent(5), Q16::ONE);
    }
    neuron
}

/// The own weights with `shift` hundredths on the first.
fn shifted(neuron: &SwarmNeuron, shift: i32) -> [Q16; TAPS] {
    let mut weights = *neuron.weights();
    weights[0] = weights[0].saturating_add(percent(shift));
    weights
}

fn offers(neuron: &SwarmNeuron, models: &[[Q16; TAPS]]) -> Inbox {
    let mut inbox = Inbox::default();
    for (origin, weights) in (1..).zip(models) {
        inbox.push(&Update {
            origin: NodeId(origin),
            round: 1,
            group: GroupId(0),
            regime: Regime::Calm,
            polls: false,
            wire: Wire::Q16,
            taps: neuron.form().taps,
            gene: neuron.gene(),
            weights: *weights,
        });
    }
    inbox
}

/// One merge of these models from neighbours 1, 2 ... of these reputations in percent; what it
/// did, the first weight after it, and the table.
fn merged(
    config: &NodeConfig,
    models: impl Fn(&SwarmNeuron) -> Vec<[Q16; TAPS]>,
    reputations: &[i32],
    prepare: impl Fn(&mut Dossier<16>),
) -> (MergeReport, i32, Vec<Neighbour>) {
    let mut neuron = trained();
    let before = neuron.weights()[0];
    let mut inbox = offers(&neuron, &models(&neuron));
    let mut table: Vec<Neighbour> = (1..)
        .zip(reputations)
        .map(|(id, r)| Neighbour {
            reputation: percent(*r),
            ..Neighbour::new(&config.trust, NodeId(id))
        })
        .collect();
    let mut page: Option<Dossier<16>> = Dossier::of(&config.trust, table.len());
    page.iter_mut().for_each(prepare);
    let node = Merger { id: NodeId(0), round: 1, regime: Regime::Calm, now: Tick(5) };
    let view = page.as_mut().map(Dossier::view);
    // A usual error so large that nothing does harm by itself.
    let mut residual = Residual::default();
    (0..600).for_each(|_| residual.observe(Q16::from_num(50), Q16::ONE, false));
    let report = merge(config, node, None, &mut neuron, &residual, &mut table, view, &mut inbox);
    let moved = neuron.weights()[0].saturating_sub(before).to_bits();
    (report, moved, table)
}

fn mesh(trust: TrustConfig, rule: Rule) -> NodeConfig {
    let recipe = Recipe { rule, ..Recipe::default() };
    NodeConfig { trust, recipe, adoption: Adoption::Screened, ..NodeConfig::default() }
}

/// Seven models close to the own one, and one far away.
fn outlier(neuron: &SwarmNeuron) -> Vec<[Q16; TAPS]> {
    [0, 1, -1, 2, -2, 1, 0, 300].iter().map(|shift| shifted(neuron, *shift)).collect()
}

#[test]
fn a_model_far_from_the_aggregate_is_outlying_where_distance_counts() {
    let trim = Rule::TrimmedMean { trim: 2 };
    let trust = |distance_mads| TrustConfig { distance_mads, ..TrustConfig::default() };
    let (report, _, table) = merged(&mesh(trust(5), trim), outlier, &[50; 8], |_| ());
    assert_eq!((report.merged, report.harmful, report.outlying), (8, 0, 1));
    let lost: Vec<u32> =
        table.iter().filter(|n| n.reputation < percent(50)).map(|n| n.id.0).collect();
    assert_eq!(lost, [8]);
    let (report, _, table) = merged(&mesh(trust(0), trim), outlier, &[50; 8], |_| ());
    assert_eq!(report.outlying, 0);
    assert!(table.iter().all(|n| n.reputation >= percent(50)));
}

#[test]
fn what_a_model_does_to_the_aggregate_is_measured_against_the_others() {
    let trust = |leaves_one_out| TrustConfig { leaves_one_out, ..TrustConfig::default() };
    // Under a plain mean the far model drags everything along.
    let (_, _, table) = merged(&mesh(trust(true), Rule::Mean), outlier, &[50; 8], |_| ());
    assert_eq!((table[7].harmful, table[7].reputation < percent(50)), (1, true));
    assert!(table[..7].iter().all(|n| n.harmful == 0), "{table:?}");
    let (_, _, table) = merged(&mesh(trust(false), Rule::Mean), outlier, &[50; 8], |_| ());
    assert_eq!(table[7].harmful, 0);
    // A trimmed mean leaves nothing of it to measure: no harm was done.
    let trim = Rule::TrimmedMean { trim: 2 };
    let (_, _, table) = merged(&mesh(trust(true), trim), outlier, &[50; 8], |_| ());
    assert_eq!(table[7].harmful, 0);
}

#[test]
fn what_a_bounded_trimmed_mean_cuts_off_stays_with_the_own_model() {
    let trust =
        |is_bounded| TrustConfig { is_bounded, reward: Q16::ZERO, ..TrustConfig::default() };
    let models = |neuron: &SwarmNeuron| -> Vec<[Q16; TAPS]> {
        [40, 60, 80, 100].iter().map(|shift| shifted(neuron, *shift)).collect()
    };
    let trim = Rule::TrimmedMean { trim: 1 };
    let moved = |bounded| merged(&mesh(trust(bounded), trim), models, &[50; 4], |_| ()).1;
    // All peers weigh 0.25 and the node 0.8, of 1.8; reputations are 0.5 of 3. So a peer's share is
    // 0.25 / 1.8 = 0.1389. The node itself and the one at 1.0 are cut off: free, the other three
    // share all, which is 0.6; bounded, each keeps its share, which is 0.1389 * 1.8 = 0.25.
    assert!((moved(false) - 39_321).abs() <= 3, "{}", moved(false));
    assert!((moved(true) - 16_384).abs() <= 6, "{}", moved(true));
}

/// Two models 0.8 away, which is neither good nor bad enough to be left out.
fn pair(neuron: &SwarmNeuron) -> Vec<[Q16; TAPS]> {
    [80, 0].iter().map(|shift| shifted(neuron, *shift)).collect()
}

#[test]
fn a_bounded_voice_moves_the_mean_by_no_more_than_its_share_of_reputation() {
    let trust = |is_bounded| TrustConfig {
        is_bounded,
        exponent_halves: 7,
        reward: Q16::ZERO,
        ..TrustConfig::default()
    };
    let moved = |bounded, reputations: &[i32]| {
        merged(&mesh(trust(bounded), Rule::Mean), pair, reputations, |_| ()).1
    };
    // At 0.93 and 0.3, the own one 1: 0.93^3.5 = 0.7757 of 0.8 + 0.7757 + 0.0148, which is 0.4877;
    // the share of reputation is 0.93 / 2.23 = 0.41704. 0.8 of that, in 2^-16:
    let (free, bound) = (moved(false, &[93, 30]), moved(true, &[93, 30]));
    assert!((25_500..25_640).contains(&free), "{free}");
    assert!((21_850..=21_865).contains(&bound), "{bound}");
    let faint = moved(true, &[1, 30]);
    assert!(faint.abs() <= 1, "influence goes to zero with reputation: {faint}");
}

#[test]
fn probation_has_little_influence_and_the_banned_none() {
    let bans = Some(BanConfig::default());
    let config = mesh(TrustConfig { bans, ..TrustConfig::default() }, Rule::Mean);
    let moved =
        |status| merged(&config, pair, &[90, 90], |page| page.entries[0].record.status = status).1;
    let (free, tried) = (moved(Status::Trusted), moved(Status::Probation));
    // 0.8 / 2.4 of 0.8 against 0.1 / 1.7 of it.
    assert!((17_200..17_600).contains(&free), "{free}");
    assert!((3_000..3_200).contains(&tried), "{tried}");
}

#[test]
fn an_accepted_update_is_noted_even_when_it_is_too_few_to_merge() {
    let bans = Some(BanConfig::default());
    let config = mesh(TrustConfig { bans, ..TrustConfig::default() }, Rule::Mean);
    let mut neuron = trained();
    let mut inbox = offers(&neuron, &[*neuron.weights()]);
    let mut table = [Neighbour::new(&config.trust, NodeId(1))];
    let mut page: Dossier<1> = Dossier::of(&config.trust, 1).expect("bans are on");
    let node = Merger { id: NodeId(0), round: 1, regime: Regime::Calm, now: Tick(5) };
    let residual = Residual::default();
    let view = Some(page.view());
    let report = merge(&config, node, None, &mut neuron, &residual, &mut table, view, &mut inbox);
    assert_eq!((report.offered, report.merged), (1, 0));
    assert!(page.ledger.accepted);
}

#[test]
fn a_merge_that_serves_less_is_declined_and_leaves_no_trace() {
    let near =
        |neuron: &SwarmNeuron| [40, 60, 80, 100].map(|shift| shifted(neuron, shift)).to_vec();
    let merged_under = |adoption| {
        let config = NodeConfig { adoption, ..mesh(TrustConfig::default(), Rule::Mean) };
        let (report, moved, _) = merged(&config, near, &[50; 4], |_| ());
        (report.declined, moved != 0)
    };
    assert_eq!(merged_under(Adoption::Tested), (true, false));
    assert_eq!(merged_under(Adoption::Screened), (false, true));
    let same = |neuron: &SwarmNeuron| [0; 4].map(|shift| shifted(neuron, shift)).to_vec();
    let tested =
        NodeConfig { adoption: Adoption::Tested, ..mesh(TrustConfig::default(), Rule::Mean) };
    assert!(!merged(&tested, same, &[50; 4], |_| ()).0.declined, "no worse is good enough");
}

#[test]
fn blind_merging_lets_everything_in_and_blames_nobody() {
    let wild = |neuron: &SwarmNeuron| [300; 4].map(|shift| shifted(neuron, shift)).to_vec();
    let config =
        NodeConfig { adoption: Adoption::Blind, ..mesh(TrustConfig::default(), Rule::Mean) };
    let (report, moved, table) = merged(&config, wild, &[50; 4], |_| ());
    assert_eq!((report.merged, report.harmful, report.declined), (4, 0, false));
    assert!(moved > 0 && table.iter().all(|n| n.reputation == percent(50)));
}

#[test]
fn what_was_learned_in_a_storm_has_to_be_good() {
    for (adoption, calm, storm) in [
        (Adoption::Tested, true, false),
        (Adoption::Screened, true, true),
        (Adoption::Blind, true, true),
    ] {
        let admits = |evidence, regime| adoption.admits(evidence, regime);
        assert_eq!(admits(Some(Evidence::Neutral), Regime::Calm), calm);
        assert_eq!(admits(Some(Evidence::Neutral), Regime::Storm), storm);
        assert!(admits(Some(Evidence::Good), Regime::Storm) && admits(None, Regime::Storm));
    }
}
