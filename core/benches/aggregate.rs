//! What aggregation costs, each rule beside the same work in 64-bit floats. The floats are the
//! plain textbook form, without heap; they are there to compare with and are not tested.
//!
//! Budgets, medians on one core of a desktop or server processor:
//!
//! | work | budget |
//! |---|---|
//! | the default rule, 8 neighbours and the own model, 8 weights | 1 us |
//! | trimmed mean, 20 voices, 8 weights | 1 us |
//! | Krum, 20 voices, 8 weights | 2 us |
//!
//! Run with `cargo bench -p qres-core --bench aggregate`; with `-- --pairs` rules and floats take
//! turns.

mod pairs;

use divan::{Bencher, black_box};
use qres_core::aggregate::{Context, Preparation, Recipe, Rule, Voice, aggregate};
use qres_core::draw::{Purpose, below, draw};
use qres_core::id::NodeId;
use qres_core::neuron::TAPS;
use qres_core::q16::{HALF, Q16};

const D: usize = TAPS;

fn main() {
    if !pairs::asked() {
        return divan::main();
    }
    let (nine, twenty) = (floats(9), floats(20));
    let (trim, steps) = (usize::from(FAULTY), 8);
    let rules = [
        ("trimmed-mean", Rule::TrimmedMean { trim: FAULTY }),
        ("krum", Rule::Krum { faulty: FAULTY }),
        ("geometric-median-8", Rule::GeometricMedian { smoothing: SMOOTHING, steps }),
    ];
    pairs::pair("aggregate/default_rule_9", merges(Recipe::default(), 9), || {
        black_box(float_trimmed(black_box(&nine), 1));
    });
    for (name, rule) in rules {
        let floats = || {
            let models = black_box(&twenty);
            black_box(match rule {
                Rule::Krum { .. } => float_krum(models, trim),
                Rule::GeometricMedian { .. } => float_geometric(models, 0.1, usize::from(steps)),
                _ => float_trimmed(models, trim),
            });
        };
        pairs::pair(&format!("aggregate/rule_20/{name}"), merges(plain(rule), 20), floats);
    }
}

/// Honest models around one point, and every fifth a liar.
fn voices(count: u32) -> Vec<Voice> {
    let noise = |node: u32, tap: usize, spread: u64| {
        below(draw(1, Purpose::Noise, node, 0, tap as u32), spread) as i32
    };
    (0..count)
        .map(|node| {
            let spread = if node % 5 == 4 { 400_000 } else { 6_000 };
            let weights = core::array::from_fn(|tap| Q16::from_bits(noise(node, tap, spread)));
            let influence = Q16::from_bits(20_000 + noise(node, D, 30_000));
            Voice { node: NodeId(node), influence, loss: None, weights }
        })
        .collect()
}

fn plain(rule: Rule) -> Recipe {
    Recipe { rule, ..Recipe::default() }
}

/// A merge of so many voices for each call.
fn merges(recipe: Recipe, count: u32) -> impl FnMut() {
    let voices = voices(count);
    move || {
        let Some((own, peers)) = voices.split_last() else { return };
        let mut context = Context::default();
        let merged =
            aggregate(black_box(&recipe), black_box(own), black_box(peers), 8, &mut context);
        black_box(merged);
    }
}

fn run(bencher: Bencher<'_, '_>, recipe: Recipe, count: u32) {
    bencher.bench_local(merges(recipe, count));
}

const FAULTY: u8 = 4;
const SMOOTHING: Q16 = Q16::from_bits(6_554);

#[divan::bench]
fn default_rule_9(bencher: Bencher<'_, '_>) {
    run(bencher, Recipe::default(), 9);
}

#[divan::bench]
fn nnm_and_default_rule_9(bencher: Bencher<'_, '_>) {
    let preparation = Preparation::Nnm { faulty: 1 };
    run(bencher, Recipe { preparation, ..Recipe::default() }, 9);
}

#[divan::bench(args = [
    ("mean", Rule::Mean),
    ("trimmed-mean", Rule::TrimmedMean { trim: FAULTY }),
    ("median", Rule::Median),
    ("meamed", Rule::Meamed { faulty: FAULTY }),
    ("krum", Rule::Krum { faulty: FAULTY }),
    ("multi-krum", Rule::MultiKrum { faulty: FAULTY, select: 0 }),
    ("bulyan", Rule::Bulyan { faulty: FAULTY }),
    ("geometric-median-8", Rule::GeometricMedian { smoothing: SMOOTHING, steps: 8 }),
    ("centred-clipping-3", Rule::CentredClipping { radius: SMOOTHING, steps: 3 }),
    ("ClippedGossip", Rule::ClippedGossip { faulty: FAULTY }),
    ("CS+", Rule::CsPlus { faulty: FAULTY }),
    ("NNA", Rule::Nna { faulty: FAULTY }),
    ("UBAR", Rule::Ubar { keep: HALF, own_share: HALF }),
    ("BALANCE", Rule::Balance {
        radius: Q16::ONE, decay: Q16::ONE, horizon_rounds: 100, own_share: HALF,
    }),
    ("adaptive", Rule::adaptive(FAULTY)),
].map(Named))]
fn rule_20(bencher: Bencher<'_, '_>, Named((_, rule)): Named) {
    run(bencher, plain(rule), 20);
}

#[divan::bench(args = [
    ("NNM", Preparation::Nnm { faulty: FAULTY }),
    ("ARC", Preparation::Arc { faulty: FAULTY }),
    ("bucketing", Preparation::Bucketing { size: 2 }),
].map(Named))]
fn preparation_and_mean_20(bencher: Bencher<'_, '_>, Named((_, preparation)): Named<Preparation>) {
    run(bencher, Recipe { preparation, rule: Rule::Mean, weighted: true }, 20);
}

/// An argument that is shown by its name.
#[derive(Clone, Copy)]
struct Named<T = Rule>((&'static str, T));

impl<T> std::fmt::Display for Named<T> {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.write_str(self.0.0)
    }
}

// --- the same in floats -----------------------------------------------------------------------

type Model = [f64; D];

fn floats(count: u32) -> Vec<(Model, f64)> {
    let float = |q: Q16| f64::from(q.to_bits()) / 65_536.0;
    voices(count).iter().map(|v| (v.weights.map(float), float(v.influence))).collect()
}

fn float_trimmed(models: &[(Model, f64)], trim: usize) -> Model {
    let mut column = [(0.0, 0.0); 24];
    core::array::from_fn(|tap| {
        let column = &mut column[..models.len()];
        for (slot, (model, weight)) in column.iter_mut().zip(models) {
            *slot = (model[tap], *weight);
        }
        column.sort_unstable_by(|a, b| a.0.total_cmp(&b.0));
        let kept = &column[trim..column.len() - trim];
        let total: f64 = kept.iter().map(|(_, weight)| weight).sum();
        kept.iter().map(|(value, weight)| value * weight).sum::<f64>() / total
    })
}

fn float_squared(a: &Model, b: &Model) -> f64 {
    a.iter().zip(b).map(|(a, b)| (a - b) * (a - b)).sum()
}

fn float_krum(models: &[(Model, f64)], faulty: usize) -> Model {
    let score = |own: usize| {
        let mut near = [0.0; 24];
        let near = &mut near[..models.len()];
        for (slot, (model, _)) in near.iter_mut().zip(models) {
            *slot = float_squared(&models[own].0, model);
        }
        near.sort_unstable_by(f64::total_cmp);
        // The first is the model itself.
        near[1..models.len() - faulty - 1].iter().sum::<f64>()
    };
    let scored = (0..models.len()).map(|own| (score(own), own));
    scored.min_by(|a, b| a.0.total_cmp(&b.0)).map_or([0.0; D], |(_, own)| models[own].0)
}

fn float_geometric(models: &[(Model, f64)], smoothing: f64, steps: usize) -> Model {
    let mut centre = float_trimmed(models, (models.len() - 1) / 2);
    for _ in 0..steps {
        let (mut sum, mut total) = ([0.0; D], 0.0);
        for (model, weight) in models {
            let weight = weight / float_squared(model, &centre).sqrt().max(smoothing);
            total += weight;
            sum.iter_mut().zip(model).for_each(|(sum, x)| *sum += weight * x);
        }
        centre = sum.map(|sum| sum / total);
    }
    centre
}

#[divan::bench]
fn float_default_rule_9(bencher: Bencher<'_, '_>) {
    let models = floats(9);
    bencher.bench_local(|| float_trimmed(black_box(&models), 1));
}

#[divan::bench]
fn float_trimmed_mean_20(bencher: Bencher<'_, '_>) {
    let models = floats(20);
    bencher.bench_local(|| float_trimmed(black_box(&models), usize::from(FAULTY)));
}

#[divan::bench]
fn float_krum_20(bencher: Bencher<'_, '_>) {
    let models = floats(20);
    bencher.bench_local(|| float_krum(black_box(&models), usize::from(FAULTY)));
}

#[divan::bench]
fn float_geometric_median_20(bencher: Bencher<'_, '_>) {
    let models = floats(20);
    bencher.bench_local(|| float_geometric(black_box(&models), 0.1, 8));
}
