//! Margins, lies and mutants by hand; a replay is what service would have been. What a node does
//! with them is in [`trials`].

use proptest::prelude::*;

use super::*;
use crate::gene::GeneId;
use crate::id::GroupId;
use crate::neuron::Kind;

extern crate std;

mod trials;

/// Uniform in +-1/2 around 20.
fn quiet(n: u64) -> Q16 {
    let noise = (draw(1, Purpose::Noise, 0, n, 0) >> 48) as i32 - 32_768;
    Q16::from_num(20).saturating_add(Q16::from_bits(noise))
}

/// 20, 22.25, 20, 17.75 and again: each sample is the one four before it.
fn tone(n: u64) -> Q16 {
    let away = [0, 147_456, 0, -147_456];
    Q16::from_num(20).saturating_add(Q16::from_bits(away[n as usize % 4]))
}

/// One linear tap.
fn one_tap(lag: u8) -> Form {
    Form { taps: 1, clip_halves: 0, lags: [lag, 0, 0, 0, 0, 0, 0, 0], ..Form::default() }
}

fn verdict(error: i32, persistence: i32) -> Verdict {
    Verdict {
        error: Q16::from_bits(error),
        persistence: Q16::from_bits(persistence),
        trained: State::default(),
        errors: [Q16::ZERO; JUDGED],
    }
}

#[test]
fn a_gene_is_better_at_the_margin_and_not_one_bit_above_it() {
    let config = EvolutionConfig::default();
    // 0.95 is 62,259 / 65,536: the margin is on the safe side of five in a hundred.
    let cases = [
        (65_536, 62_259, true),
        (65_536, 62_260, false),
        (20 << 16, 1_245_180, true),
        (20 << 16, 1_245_181, false),
        (100, 94, true),
        (100, 95, false),
        (1, 0, true),
        (0, 0, false),
        (i32::MAX, 2_040_102_911, true),
        (i32::MAX, 2_040_102_912, false),
    ];
    for (own, error, expected) in cases {
        let [own, error] = [own, error].map(Q16::from_bits);
        assert_eq!(is_better(&config, error, own), expected, "{error} beside {own}");
    }
    let any = EvolutionConfig { adopt_below: Q16::ONE, ..config };
    assert!(!is_better(&any, Q16::ONE, Q16::ONE), "no worse is not better");
    assert!(is_better(&any, Q16::from_bits(65_535), Q16::ONE));
}

#[test]
fn a_lie_errs_more_than_twice_the_worst_of_own_persistence_and_a_hundredth() {
    let config = EvolutionConfig::default();
    let cases = [
        // Own error, the gene's, persistence's.
        (65_536, 131_072, 9, false),
        (65_536, 131_073, 9, true),
        (9, 131_072, 65_536, false),
        (9, 131_073, 65_536, true),
        // A hundredth is 655 / 65,536.
        (0, 1_310, 0, false),
        (0, 1_311, 0, true),
        // The limit saturates, so nothing is above it.
        (1 << 30, i32::MAX, 0, false),
    ];
    for (own, error, persistence, expected) in cases {
        let found = is_lie(&config, &verdict(error, persistence), Q16::from_bits(own));
        assert_eq!(found, expected, "{error} beside {own} and {persistence}");
    }
}

#[test]
fn the_gain_that_an_offer_must_claim_is_the_rest_to_a_hundred() {
    for share in 0..=100 {
        let config = EvolutionConfig { adopt_below: percent(share), ..EvolutionConfig::default() };
        assert_eq!(i32::from(config.least_gain_percent()), 100 - share);
    }
    let gain = |error, before| gain_percent(Q16::from_bits(error), Q16::from_bits(before));
    let gains = [gain(95, 100), gain(951, 1_000), gain(0, 7), gain(200, 100), gain(0, 0)];
    assert_eq!(gains, [5, 4, 100, 0, 0], "truncated, never negative, nothing of nothing");
}

#[test]
fn two_offers_wait_the_newest_of_each_neighbour_and_the_oldest_goes() {
    let offer = |from: u32, gain_percent| {
        let form = one_tap(2);
        let gene =
            Gene { group: GroupId(0), form, lineage: Lineage::default(), weights: [Q16::ONE; 8] };
        Pending { from: NodeId(from), gain_percent, gene }
    };
    let drain = |offers: &[Pending]| -> std::vec::Vec<(u32, u8)> {
        let mut evolution = Evolution::default();
        for pending in offers {
            evolution.offer(*pending);
        }
        core::iter::from_fn(|| evolution.next_pending())
            .map(|pending| (pending.from.0, pending.gain_percent))
            .collect()
    };
    assert_eq!(drain(&[offer(1, 10), offer(2, 20)]), [(1, 10), (2, 20)]);
    assert_eq!(drain(&[offer(1, 10), offer(2, 20), offer(3, 30)]), [(2, 20), (3, 30)]);
    // One that offers without end takes no place but its own.
    let again = [offer(1, 10), offer(2, 20), offer(2, 21), offer(2, 22)];
    assert_eq!(drain(&again), [(1, 10), (2, 22)]);
}

#[test]
fn a_mutant_is_due_once_the_window_is_full_and_then_every_so_many_samples() {
    let mut evolution = Evolution::default();
    let mut due = std::vec::Vec::new();
    for n in 1..=80_u64 {
        evolution.observe(quiet(n), Q16::ZERO);
        // Asked twice: the first answer restarts the wait.
        if evolution.is_mutant_due(7) {
            due.push(n);
            assert!(!evolution.is_mutant_due(7));
        }
    }
    assert_eq!(due, [64, 71, 78]);
}

#[test]
fn what_was_tried_is_forgotten_when_the_regime_changes_and_only_then() {
    let mut evolution = Evolution::default();
    let gene = GeneId(9);
    evolution.rumour.remember(gene);
    evolution.weather(Regime::Calm);
    assert!(evolution.rumour.has_tried(gene));
    evolution.weather(Regime::Storm);
    assert!(!evolution.rumour.has_tried(gene));
}

/// A neuron of `form` after `count` quiet samples.
fn trained(form: Form, count: u64) -> SwarmNeuron {
    let config = NeuronConfig { form, ..NeuronConfig::default() };
    let mut neuron = SwarmNeuron::new(&config);
    for n in 0..count {
        neuron.forecast_and_adapt(&config, quiet(n), percent(2), Q16::ONE);
    }
    neuron
}

#[test]
fn mutants_are_golden_and_name_their_parent() {
    let neuron = trained(Form::default(), 200);
    let parent = *neuron.state();
    let mut seen = std::string::String::new();
    for tick in 0..6 {
        let (gene, start) = mutant(7, NodeId(3), Tick(tick), &neuron, GroupId(2));
        assert_eq!((gene.lineage.origin, gene.lineage.generation), (NodeId(3), 1));
        assert_eq!((gene.lineage.parent, gene.group), (neuron.gene(), GroupId(2)));
        assert_eq!(gene.weights, start.shared);
        let Form { kind, limit_log2, clip_halves, .. } = gene.form;
        // A tap that looks elsewhere starts from nothing; the others keep what they have learned.
        let kept = (0..TAPS_IN_USE).filter(|tap| start.shared[*tap] == parent.shared[*tap]).count();
        let lags = gene.form.active();
        let line = std::format!("{kind:?} {lags:?} {limit_log2} {clip_halves} keeps {kept}\n");
        seen.push_str(&line);
    }
    assert_eq!(seen, MUTANTS);
}

const TAPS_IN_USE: usize = 4;
const MUTANTS: &str = "\
Linear [2, 3, 4, 8] 3 8 keeps 4
Linear [2, 3, 4, 8, 3] 3 4 keeps 4
Linear [2, 3, 3, 8] 3 4 keeps 3
Linear [2, 20, 4, 8] 3 4 keeps 3
Linear [2, 8, 4, 8] 3 4 keeps 3
Linear [2, 3, 4, 8, 3] 3 4 keeps 4
";

#[test]
fn a_verdict_is_golden() {
    let mut evolution = Evolution::default();
    for n in 0..WINDOW as u64 {
        evolution.observe(tone(n).saturating_add(quiet(n) >> 4), Q16::ONE);
    }
    let config = NeuronConfig::default();
    let trial =
        TrialConfig { neuron: &config, rate: percent(20), usual: Q16::ONE, inverse_scale: 3 << 16 };
    let mut found = std::vec::Vec::new();
    for kind in Kind::ALL {
        let form = Form { kind, hyper: kernel::default_hyper(kind), ..Form::default() };
        let verdict = evolution.replay(&trial, &form, State::default());
        let weights: i64 = verdict.trained.shared.iter().map(|w| i64::from(w.to_bits())).sum();
        found.push((verdict.error.to_bits(), verdict.persistence.to_bits(), weights));
    }
    let linear = (74_887, 439_952, 47_014);
    assert_eq!(found, [linear, (6_814, 439_952, 62_809), (279_522, 439_952, -87_996)]);
}

#[test]
fn what_is_installed_is_in_service_judged_by_its_replay_and_spread() {
    let mut evolution = Evolution::default();
    for n in 0..WINDOW as u64 {
        evolution.observe(tone(n), Q16::from_num(4));
    }
    let mut neuron = trained(one_tap(2), 100);
    let weights = [Q16::ONE, Q16::ZERO, Q16::ZERO, Q16::ZERO, Q16::ZERO, Q16::ZERO, Q16::ZERO];
    let mut shared = [Q16::ZERO; 8];
    shared[..7].copy_from_slice(&weights);
    let gene =
        Gene { group: GroupId(0), form: one_tap(4), lineage: Lineage::default(), weights: shared };
    let config = NeuronConfig::default();
    let trial = TrialConfig {
        neuron: &config,
        rate: percent(10),
        usual: Q16::ONE,
        inverse_scale: neuron.inverse_scale(),
    };
    let verdict = evolution.replay(&trial, &gene.form, State::with(shared));
    assert_eq!(verdict.error, Q16::ZERO, "weight 1 at lag 4 is the tone itself");
    assert!(!evolution.changed_at(Tick(9)));
    evolution.counts.adoptions += 1;
    evolution.install(&mut neuron, &gene, &verdict, Tick(9), &EvolutionConfig::default());
    assert_eq!((neuron.form(), neuron.state()), (&gene.form, &verdict.trained));
    assert_eq!(evolution.own_error(), verdict.error, "the next trial is against the new model");
    assert!(evolution.changed_at(Tick(9)) && !evolution.changed_at(Tick(10)));
    assert!(evolution.rumour.is_hot() && evolution.rumour.has_tried(gene.id()));
}

proptest! {
    /// The trial's forecasts are those that the model would have made in service, sample for
    /// sample, and so is what it has learned at the end.
    #[test]
    fn a_replay_is_what_service_would_have_been(
        samples in prop::collection::vec(-400_i32..400, WINDOW),
        weights in prop::array::uniform8(-4_i32 << 16..4 << 16),
        steps in 0_u64..40, seed in any::<u64>(),
        rate in 0_i32..60, usual in 0_i32..5 << 16,
    ) {
        let config = NeuronConfig::default();
        let (rate, usual) = (percent(rate), Q16::from_bits(usual));
        let forms = (0..steps).map(|n| draw(seed, Purpose::Mutation, 0, n, 0));
        let form = forms.fold(Form::default(), |form, bits| form.mutate(bits).0);
        let sample = |n: usize| Q16::from_bits(samples[n] * 997);
        let mut shared = weights.map(Q16::from_bits);
        shared.iter_mut().skip(usize::from(form.taps)).for_each(|weight| *weight = Q16::ZERO);

        let mut evolution = Evolution::default();
        (0..WINDOW).for_each(|n| evolution.observe(sample(n), Q16::ONE));
        let mut neuron = trained(Form::default(), 40);
        neuron.freeze_scale(true);
        let inverse_scale = neuron.inverse_scale();
        let trial = TrialConfig { neuron: &config, rate, usual, inverse_scale };
        let before = evolution.clone();
        let verdict = evolution.replay(&trial, &form, State::with(shared));
        prop_assert_eq!(&evolution, &before, "a trial changes nothing");

        let first = usize::from(LAG_MAX);
        (0..first).for_each(|n| {
            neuron.forecast_and_adapt(&config, sample(n), Q16::ZERO, usual);
        });
        neuron.evolve(form, Lineage::default(), State::with(shared));
        let made: std::vec::Vec<Q16> = (first..WINDOW)
            .map(|n| neuron.forecast_and_adapt(&config, sample(n), rate, usual))
            .collect();
        prop_assert_eq!(&made[made.len() - JUDGED..], &verdict.errors[..]);
        prop_assert_eq!(neuron.state(), &verdict.trained);

        // Persistence is the forecast of a model without weights that never learns.
        let idle = TrialConfig { rate: Q16::ZERO, ..trial };
        let naive = evolution.replay(&idle, &one_tap(2), State::default());
        prop_assert_eq!(naive.error, verdict.persistence);
    }
}
