//! What hysteresis is worth to the regime detector: false transitions with it and without it, on
//! labelled traces, beside what it costs in recall and delay. The forecasts, the entropy and the
//! detector are the core's own; nothing here may look at one trace alone.

use qres_core::config::NodeConfig;
use qres_core::draw::{Purpose, below, draw};
use qres_core::neuron::SwarmNeuron;
use qres_core::phase;
use qres_core::q16::{Q16, percent};
use qres_core::regime::{Regime, RegimeConfig, RegimeDetector};
use qres_core::residual::Residual;
use serde_json::{Value, json};

use super::Table;
use super::statistics::{Estimate, estimate};
use crate::world::signal::normal;

/// Traces.
const SEEDS: u64 = 100;
/// Samples before the first disturbance, and disturbances of a trace.
const QUIET: u64 = 1_000;
const EPISODES: u32 = 12;
/// The sensor's own noise, and its multiples in the phases before a storm and in it: errors are
/// then 2.6 and 6.1 times the usual. The former is the middle of what counts as PreStorm.
const NOISE: f64 = 0.2;
const BEFORE: f64 = 2.4;
const STORM: f64 = 6.0;
/// Recall of each class, and samples of delay on top, that the claim allows; and its size.
const RECALL: f64 = 0.9;
const ADDED_DELAY: f64 = 3.0;
const FEWER_PERCENT: f64 = 96.9;

/// Traces on which thresholds are tuned: none of those that are judged.
const TUNING: std::ops::RangeInclusive<u64> = 1_001..=1_010;
/// Thresholds that are tried, in percent: where a storm begins; the rise that tells of one; and
/// where a storm ends, of where it begins.
const BEGINS: [i32; 9] = [15, 20, 25, 30, 35, 40, 45, 50, 60];
const RISES: [i32; 4] = [2, 5, 10, 15];
const ENDS: [i32; 3] = [50, 67, 83];

/// A way to run the detector.
#[derive(Clone, Debug)]
struct Arm {
    name: &'static str,
    config: RegimeConfig,
    /// Whether false transitions of the arms from here on are compared with this one's.
    is_bare: bool,
}

fn arms() -> [Arm; 4] {
    let full = RegimeConfig::default();
    let one = one_sample(full);
    let arm = |name, config| Arm { name, config, is_bare: false };
    [
        Arm { is_bare: true, ..arm("none", no_band(one)) },
        arm("confirmations alone", no_band(full)),
        arm("lower exit and dwell alone", one),
        arm("all", full),
    ]
}

/// With confirmations of one sample.
fn one_sample(config: RegimeConfig) -> RegimeConfig {
    RegimeConfig { confirm_prestorm: 1, confirm_storm: 1, confirm_calm: 1, ..config }
}

/// A storm ends at the entropy at which it begins, and at once.
fn no_band(config: RegimeConfig) -> RegimeConfig {
    let level = Q16::from_bits(config.storm_entropy.to_bits() + 1);
    RegimeConfig { calm_entropy: level, dwell_samples: 0, ..config }
}

/// With thresholds tuned on other traces, without hysteresis and with all of it: for all classes,
/// and for Calm and Storm alone.
fn tuned_arms() -> [Arm; 4] {
    let traces: Vec<_> = TUNING.map(trace).collect();
    let tried = |config: RegimeConfig| {
        let scores = traces.iter().map(|(labels, samples)| score(labels, &said(&config, samples)));
        (config, scores.collect::<Vec<_>>())
    };
    let (mut bare, mut full) = (Vec::new(), Vec::new());
    for (begins, rise) in BEGINS.iter().flat_map(|begins| RISES.map(|rise| (*begins, rise))) {
        let config = RegimeConfig {
            storm_entropy: percent(begins),
            prestorm_derivative: percent(rise),
            ..RegimeConfig::default()
        };
        bare.push(tried(no_band(one_sample(config))));
        let ends = ENDS.map(|end| percent(begins * end / 100));
        full.extend(ends.map(|calm_entropy| tried(RegimeConfig { calm_entropy, ..config })));
    }
    let storms = [Regime::Calm, Regime::Storm];
    let arm = |name, config, is_bare| Arm { name, config, is_bare };
    [
        arm("none, tuned for all classes", best(&bare, &Regime::ALL), true),
        arm("all, tuned for all classes", best(&full, &Regime::ALL), false),
        arm("none, tuned for Calm and Storm", best(&bare, &storms), true),
        arm("all, tuned for Calm and Storm", best(&full, &storms), false),
    ]
}

/// The thresholds with the fewest false transitions of those whose recall of each of `classes` is
/// enough; where none is, those whose least recall is the largest. Of equal ones the first.
fn best(tried: &[(RegimeConfig, Vec<Score>)], classes: &[Regime]) -> RegimeConfig {
    let least = |scores: &[Score]| {
        let of = |class: &Regime| {
            estimate(&scores.iter().map(|score| score.recall(*class)).collect::<Vec<_>>()).mean
        };
        classes.iter().map(of).fold(f64::INFINITY, f64::min)
    };
    let mut best = None;
    for (config, scores) in tried {
        let least = least(scores);
        let wrong: u32 = scores.iter().map(|score| score.wrong).sum();
        // Recall that is enough counts alike, and then false transitions decide.
        let worth =
            if least >= RECALL { (RECALL, -f64::from(wrong)) } else { (least, f64::NEG_INFINITY) };
        if best.is_none_or(|(known, _)| worth > known) {
            best = Some((worth, *config));
        }
    }
    best.map_or_else(RegimeConfig::default, |(_, config)| config)
}

/// The table `hysteresis`.
pub(super) fn table() -> Table {
    let note = format!(
        "{SEEDS} traces of a sensor with noise, each with {EPISODES} disturbances by white noise: \
         50 to 80 samples at 2.4 times the sensor's own (labelled PreStorm), 80 to 160 at 6 times \
         (Storm), then 250 to 500 of Calm. A transition is true when it is the first into the \
         labelled class since the label changed, else false. Recall is the share of a class's \
         samples in which the detector says so, delay included. Delay is samples from a change of \
         label until the detector first agrees, over changes that it finds with hysteresis and \
         without; `missed` are those that it does not, in percent. `fewer` is the percentage of \
         false transitions that an arm has less than `none`, by trace, with a 95 % interval. \
         Wanted: {FEWER_PERCENT} % fewer, recall of each class at least {RECALL}, at most \
         {ADDED_DELAY} samples of delay added. Tuned arms have the thresholds with the fewest \
         false transitions on ten other traces of those with that recall, or, where there are \
         none, with the largest least recall; each is compared with its own arm without \
         hysteresis. Recall and delay have 95 % intervals over traces (`_half`)."
    );
    let columns = [
        "hysteresis",
        "false_transitions",
        "half_width",
        "fewer",
        "fewer_half_width",
        "fewer_least",
        "recall_calm",
        "recall_calm_half",
        "recall_prestorm",
        "recall_prestorm_half",
        "recall_storm",
        "recall_storm_half",
        "delay_added",
        "delay_added_half",
        "missed",
        "begins",
        "ends",
        "rise",
        "holds",
    ];
    let mut table = Table::new(&note, &columns);
    let arms: Vec<Arm> = arms().into_iter().chain(tuned_arms()).collect();
    let mut scores: Vec<Vec<Score>> = arms.iter().map(|_| Vec::new()).collect();
    for seed in 1..=SEEDS {
        let (labels, samples) = trace(seed);
        for (arm, scores) in arms.iter().zip(&mut scores) {
            scores.push(score(&labels, &said(&arm.config, &samples)));
        }
    }
    let mut bare = &Vec::new();
    for (arm, scores) in arms.iter().zip(&scores) {
        if arm.is_bare {
            bare = scores;
        }
        table.row(row(arm, scores, bare));
    }
    table
}

fn row(arm: &Arm, scores: &[Score], bare: &[Score]) -> [Value; 19] {
    let rounded = |value: f64| json!((value * 10_000.0).round() / 10_000.0);
    let mean = |of: &dyn Fn(&Score) -> f64| estimate(&scores.iter().map(of).collect::<Vec<_>>());
    let all = mean(&|score| f64::from(score.wrong));
    let pairs = || scores.iter().zip(bare);
    let less = |(one, other): (&Score, &Score)| {
        100.0 * (1.0 - f64::from(one.wrong) / f64::from(other.wrong.max(1)))
    };
    let less: Vec<f64> = pairs().map(less).collect();
    let fewer = estimate(&less);
    let least = less.iter().copied().reduce(f64::min).unwrap_or(f64::NAN);
    let recall = Regime::ALL.map(|class| mean(&|score| score.recall(class)));
    // A trace's mean first: delays of one trace are not independent.
    let added = pairs().map(|(one, other)| one.added_delays(other));
    let added: Vec<f64> =
        added.filter(|all| !all.is_empty()).map(|all| estimate(&all).mean).collect();
    let added = estimate(&added);
    let missed = mean(&|score| score.missed_percent()).mean;
    let holds = fewer.mean >= FEWER_PERCENT
        && recall.iter().all(|recall| recall.mean >= RECALL)
        && added.mean <= ADDED_DELAY;
    let [calm, prestorm, storm] = recall;
    let threshold = |value: Q16| rounded(f64::from(value.to_bits()) / 65_536.0);
    let Estimate { mean: wrong, half_width } = all;
    [
        json!(arm.name),
        rounded(wrong),
        rounded(half_width),
        rounded(fewer.mean),
        rounded(fewer.half_width),
        rounded(least),
        rounded(calm.mean),
        rounded(calm.half_width),
        rounded(prestorm.mean),
        rounded(prestorm.half_width),
        rounded(storm.mean),
        rounded(storm.half_width),
        rounded(added.mean),
        rounded(added.half_width),
        rounded(missed),
        threshold(arm.config.storm_entropy),
        threshold(arm.config.calm_entropy),
        threshold(arm.config.prestorm_derivative),
        json!(holds),
    ]
}

/// Labels and samples of a trace.
fn trace(seed: u64) -> (Vec<Regime>, Vec<Q16>) {
    let mut labels = vec![Regime::Calm; QUIET as usize];
    for episode in 0..EPISODES {
        let length = |slot: u32, least: u64, range: u64| {
            let bits = draw(seed, Purpose::Storm, episode, 0, slot);
            (least + below(bits, range + 1)) as usize
        };
        labels.extend(std::iter::repeat_n(Regime::PreStorm, length(0, 50, 30)));
        labels.extend(std::iter::repeat_n(Regime::Storm, length(1, 80, 80)));
        labels.extend(std::iter::repeat_n(Regime::Calm, length(2, 250, 250)));
    }
    let sample = |(index, label): (u64, &Regime)| {
        let turn = |period: f64| libm::sin(std::f64::consts::TAU * index as f64 / period);
        let noise = |purpose| f64::from(normal(draw(seed, purpose, 0, index, 0))) / 65_536.0;
        let disturbance = match label {
            Regime::Calm => 0.0,
            Regime::PreStorm => BEFORE,
            Regime::Storm => STORM,
        };
        let wave = 20.0 + 4.0 * turn(300.0) + 0.6 * turn(47.0);
        let own = noise(Purpose::Noise) + disturbance * noise(Purpose::Storm);
        Q16::from_num(wave + NOISE * own)
    };
    let samples = (0..).zip(&labels).map(sample).collect();
    (labels, samples)
}

/// What the detector says after each sample.
fn said(regime: &RegimeConfig, samples: &[Q16]) -> Vec<Regime> {
    let config = NodeConfig { regime: *regime, ..NodeConfig::default() };
    let mut neuron = SwarmNeuron::new(&config.neuron);
    let mut residual = Residual::default();
    let mut detector = RegimeDetector::default();
    let says = |sample: &Q16| {
        let residual = &mut residual;
        phase::predict(&config, &mut neuron, residual, &detector, None, false, *sample, None);
        detector.update(&config.regime, residual)
    };
    samples.iter().map(says).collect()
}

/// How what was said compares with the labels.
#[derive(Clone, Debug, Default, PartialEq)]
struct Score {
    /// False transitions.
    wrong: u32,
    /// By class: samples that were named right, and all.
    named: [[u32; 2]; 3],
    /// By change of label: samples until the detector agreed, if it did.
    delays: Vec<Option<u32>>,
}

impl Score {
    fn recall(&self, class: Regime) -> f64 {
        let [right, all] = self.named[class as usize];
        f64::from(right) / f64::from(all.max(1))
    }

    fn missed_percent(&self) -> f64 {
        let missed = self.delays.iter().filter(|delay| delay.is_none()).count();
        100.0 * missed as f64 / self.delays.len().max(1) as f64
    }

    /// By change of label that both found: samples more than the other took.
    fn added_delays(&self, other: &Self) -> Vec<f64> {
        let pairs = self.delays.iter().zip(&other.delays);
        let both =
            pairs.filter_map(|(one, other)| Some((f64::from((*one)?), f64::from((*other)?))));
        both.map(|(one, other)| one - other).collect()
    }
}

fn score(labels: &[Regime], said: &[Regime]) -> Score {
    let mut score = Score::default();
    let mut since = 0;
    // Nothing is asked before the first label and the first word.
    let mut entered = true;
    for (place, (label, word)) in labels.iter().zip(said).enumerate() {
        if place > 0 && labels[place - 1] != *label {
            since = place;
            entered = false;
            score.delays.push(None);
        }
        let [right, all] = &mut score.named[*label as usize];
        *right += u32::from(label == word);
        *all += 1;
        let moved = place > 0 && said[place - 1] != *word;
        let agrees = label == word && !entered;
        score.wrong += u32::from(moved && !agrees);
        if agrees {
            entered = true;
            if let Some(delay) = score.delays.last_mut() {
                *delay = Some((place - since) as u32);
            }
        }
    }
    score
}

#[cfg(test)]
mod tests {
    use super::*;

    fn regimes(text: &str) -> Vec<Regime> {
        let regime = |letter| match letter {
            'p' => Regime::PreStorm,
            's' => Regime::Storm,
            _ => Regime::Calm,
        };
        text.chars().map(regime).collect()
    }

    #[test]
    fn transitions_are_judged_as_by_hand() {
        let labels = regimes("cccppppssssccccc");
        let words = regimes("cpccpcpsssssspcc");
        let score = score(&labels, &words);
        // False: out and back in Calm, out of PreStorm and back, and PreStorm after the storm.
        assert_eq!(score.wrong, 5);
        assert_eq!(score.delays, [Some(1), Some(0), Some(3)]);
        assert_eq!(score.named, [[4, 8], [2, 4], [4, 4]]);
        let other = Score { delays: vec![Some(0), None, Some(3)], ..score.clone() };
        assert_eq!(score.added_delays(&other), [1.0, 0.0]);
    }

    #[test]
    fn tuning_takes_enough_recall_first_and_then_the_fewest_transitions() {
        let arm = |begins: i32, calm: u32, storm: u32, wrong: u32| {
            let config = RegimeConfig { storm_entropy: percent(begins), ..RegimeConfig::default() };
            let named = [[calm, 100], [1, 100], [storm, 100]];
            (config, vec![Score { wrong, named, ..Score::default() }])
        };
        let tried =
            [arm(10, 89, 99, 1), arm(20, 95, 91, 9), arm(30, 90, 95, 7), arm(40, 99, 99, 8)];
        let begins = |classes: &[Regime]| best(&tried, classes).storm_entropy;
        assert_eq!(begins(&[Regime::Calm, Regime::Storm]), percent(30));
        // Nobody recalls PreStorm: all are as bad, and the first is taken.
        assert_eq!(begins(&Regime::ALL), percent(10));
    }

    #[test]
    fn hysteresis_flutters_less_and_still_finds_storms() {
        let [none, _, _, all] = arms();
        for seed in [7, 8] {
            let (labels, samples) = trace(seed);
            let of = |arm: &Arm| score(&labels, &said(&arm.config, &samples));
            let (bare, full) = (of(&none), of(&all));
            assert!(2 * full.wrong < bare.wrong, "{} of {}", full.wrong, bare.wrong);
            assert!(full.recall(Regime::Storm) > bare.recall(Regime::Storm), "{:?}", full.named);
            assert!(full.recall(Regime::Calm) > 0.9, "{:?}", full.named);
        }
    }
}
