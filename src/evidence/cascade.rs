//! Whether models evolve their way out of a storm: the same disturbance with and without mutation,
//! and with nodes that offer false cures.

use serde_json::{Value, json};

use super::statistics::{Estimate, estimate};
use super::{Context, Table};
use crate::mesh::Mesh;
use crate::mesh::plan::Plan;
use crate::scenario::{self, Adversary, Attack, Evolution, Scenario, Source, Spectrum, Wave};

/// Tick at which the disturbance begins, and ticks that it lasts.
const ONSET: u64 = 400;
const LASTS: u64 = 1_200;
/// Its last ticks, over which the end is judged.
const TAIL: u64 = 100;
/// Runs of each arm.
const SEEDS: u64 = 10;
/// Nodes of each run.
const NODES: u32 = 144;

/// A disturbance and the signal that it disturbs.
struct Weather {
    name: &'static str,
    spectrum: Spectrum,
    intensity: f64,
    wave: Wave,
    noise: f64,
}

/// What the nodes may do about it.
struct Arm {
    name: &'static str,
    mutation: bool,
    poison: bool,
}

const ARMS: [Arm; 3] = [
    Arm { name: "without mutation", mutation: false, poison: false },
    Arm { name: "with mutation", mutation: true, poison: false },
    Arm { name: "and false cures from a tenth", mutation: true, poison: true },
];

fn weathers() -> [Weather; 4] {
    let slow = Wave { period_samples: 300, amplitude: 4.0 };
    let tone = Spectrum::Tone { period_samples: 5 };
    let band = Spectrum::Coloured { period_samples: 4, coherence_samples: 120 };
    let of =
        |name, spectrum| Weather { name, spectrum, intensity: 8.0, wave: slow.clone(), noise: 0.2 };
    let quick = Wave { period_samples: 6, amplitude: 1.0 };
    [
        of("tone, 5 samples", tone),
        Weather { intensity: 30.0, ..of("coloured, 4 samples", band) },
        Weather { intensity: 7.0, wave: quick, noise: 0.02, ..of("gain, times 8", Spectrum::Gain) },
        of("white (no structure)", Spectrum::White),
    ]
}

/// What came of one run.
struct Outcome {
    /// Nodes in Storm, mean over the first 100 ticks after the onset has been noticed.
    early: f64,
    /// The same over the last 100 ticks of the disturbance.
    late: f64,
    /// Ticks from the onset until at most a tenth of the early nodes is in Storm and stays so.
    ended: Option<u64>,
    genes: crate::mesh::summary::Genes,
    false_bans: u32,
}

/// The table `cascade`.
pub(super) fn table(_: &Context) -> Result<Table, String> {
    let mut table = Table::new(
        "A disturbance sits over the middle of 144 nodes for 1,200 ticks (a sample a tick). All \
         start with a linear model of one tap, two samples back. `early` and `late` are nodes in \
         Storm (mean, 95 % interval over 10 seeds) in ticks 50 to 150 of the disturbance and in \
         its last 100; `ended` is in how many of the runs at most a tenth of the early nodes was \
         in Storm at some time and from then on, and `ticks` the median until then. Without \
         structure there is nothing to predict, and the storm has to stay.",
        &[
            "disturbance",
            "arm",
            "early",
            "late",
            "ended",
            "ticks",
            "mutations",
            "adoptions",
            "largest_cascade",
            "lies",
            "false_bans",
        ],
    );
    for weather in weathers() {
        for arm in &ARMS {
            let scenario = compose(&weather, arm, NODES)?;
            let outcomes: Vec<Outcome> =
                (1..=SEEDS).map(|seed| run(&scenario, seed, LASTS)).collect::<Result<_, _>>()?;
            table.row(row(&weather, arm, &outcomes));
        }
    }
    Ok(table)
}

fn row(weather: &Weather, arm: &Arm, outcomes: &[Outcome]) -> [Value; 11] {
    let figures = |of: &dyn Fn(&Outcome) -> f64| outcomes.iter().map(of).collect::<Vec<f64>>();
    let interval = |of: &dyn Fn(&Outcome) -> f64| {
        let Estimate { mean, half_width, .. } = estimate(&figures(of));
        json!(format!("{mean:.1} +- {half_width:.1}"))
    };
    let mean =
        |of: &dyn Fn(&Outcome) -> f64| json!((estimate(&figures(of)).mean * 10.0).round() / 10.0);
    let mut ends: Vec<u64> = outcomes.iter().filter_map(|outcome| outcome.ended).collect();
    ends.sort_unstable();
    [
        json!(weather.name),
        json!(arm.name),
        interval(&|outcome| outcome.early),
        interval(&|outcome| outcome.late),
        json!(format!("{} of {}", ends.len(), outcomes.len())),
        json!(ends.get(ends.len() / 2)),
        mean(&|outcome| f64::from(outcome.genes.mutations)),
        mean(&|outcome| f64::from(outcome.genes.adoptions)),
        mean(&|outcome| f64::from(outcome.genes.largest_cascade)),
        mean(&|outcome| f64::from(outcome.genes.lies)),
        mean(&|outcome| f64::from(outcome.false_bans)),
    ]
}

/// The bundled scenario with this disturbance, for this arm.
fn compose(weather: &Weather, arm: &Arm, nodes: u32) -> Result<Scenario, String> {
    let resolved = scenario::resolve("mutation-cascade").map_err(|problem| problem.to_string())?;
    let mut scenario = resolved.scenario;
    scenario.protocol.evolution =
        Evolution::On { mutation: arm.mutation, mutate_every_samples: 200, gain_percent: 5 };
    scenario.nodes.count = Some(nodes);
    scenario.adversaries.clear();
    if arm.poison {
        let kind = Attack::GenePoison;
        scenario.adversaries.push(Adversary::drawn(kind, 10, ONSET));
    }
    scenario.storms.truncate(1);
    for storm in &mut scenario.storms {
        (storm.from_tick, storm.to_tick) = (ONSET, ONSET + LASTS);
        storm.spectrum = weather.spectrum;
        storm.intensity = weather.intensity;
    }
    for signal in &mut scenario.signals {
        if let Source::Synthetic(synthetic) = &mut signal.source {
            synthetic.waves = vec![weather.wave.clone()];
            synthetic.noise = weather.noise;
        }
    }
    scenario.validate().map_err(|fault| fault.to_string())?;
    Ok(scenario)
}

/// Runs until the disturbance has lasted for `lasts` ticks.
fn run(scenario: &Scenario, seed: u64, lasts: u64) -> Result<Outcome, String> {
    let plan = Plan::new(scenario, seed, &Vec::new()).map_err(|error| error.to_string())?;
    let mut mesh = Mesh::new(plan, 1);
    let mut stormy = Vec::with_capacity(lasts as usize);
    while mesh.ticks() < ONSET + lasts {
        mesh.step();
        if mesh.ticks() > ONSET {
            stormy.push(f64::from(mesh.in_storm()));
        }
    }
    let mean = |part: &[f64]| part.iter().sum::<f64>() / part.len().max(1) as f64;
    let early = mean(stormy.get(50..150).unwrap_or(&[]));
    let late = mean(stormy.get(stormy.len() - TAIL as usize..).unwrap_or(&[]));
    let limit = early.max(1.0) / 10.0;
    let last_above = stormy.iter().rposition(|nodes| *nodes > limit);
    let ended = last_above.map_or(0, |place| place as u64 + 1);
    let summary = mesh.summary();
    Ok(Outcome {
        early,
        late,
        ended: (ended < lasts).then_some(ended),
        genes: summary.genes,
        false_bans: summary.adversaries.false_positives,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A storm with structure ends where models mutate, and does not where they may not; false
    /// cures do not stop that. One without structure does not end.
    #[test]
    fn only_structure_can_be_learned_and_only_by_evolving() {
        let [tone, coloured, gain, white] = weathers();
        let of = |weather: &Weather, arm: usize, lasts: u64| {
            run(&compose(weather, &ARMS[arm], 64).expect("composes"), 3, lasts).expect("runs")
        };
        // A narrow band of noise takes longer to be learned than what repeats itself.
        for (weather, lasts) in [(&tone, 500), (&coloured, 900), (&gain, 300)] {
            let name = weather.name;
            let without = of(weather, 0, 300);
            assert!(without.early > 5.0, "{name}: {} in storm", without.early);
            assert!(without.ended.is_none(), "{name}: ended without mutation");
            let with = of(weather, 1, lasts);
            assert!(with.ended.is_some(), "{name}: {} still in storm", with.late);
            assert!(with.genes.largest_cascade > 10, "{name}: {:?}", with.genes);
            let poisoned = of(weather, 2, lasts);
            assert!(poisoned.ended.is_some(), "{name}: {} still in storm", poisoned.late);
            assert!(poisoned.genes.lies > 0, "{name}: {:?}", poisoned.genes);
            assert_eq!(poisoned.false_bans, 0, "{name}");
        }
        assert!(of(&white, 1, 300).ended.is_none());
    }
}
