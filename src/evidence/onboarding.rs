//! What a summary gene gives a newcomer: each station in turn joins the others of its modality,
//! with their summary and without.

use qres_core::aggregate::Voice;
use qres_core::config::NodeConfig;
use qres_core::id::{GroupId, NodeId};
use qres_core::neuron::SwarmNeuron;
use qres_core::q16::Q16;
use qres_core::summary::SummaryGene;
use serde_json::json;

use super::statistics::estimate;
use super::{Context, Table};
use crate::mesh::plan::Plan;
use crate::scenario;
use crate::world::dataset;
use crate::world::signal::{GAP, Signal};

/// Samples that veterans have seen, and a joiner's first ones.
const LEARNED: usize = 5_000;
const FIRST: [usize; 2] = [100, 500];
/// Samples that fill a joiner's memory and settle its scale, with and without a summary.
const SETTLING: usize = 32;
/// What goes before a summary in its message, its receiver and its gene; and a request for one.
const NAMED_BYTES: usize = 8;
const REQUEST_BYTES: usize = 4;
/// Samples from update to update when a history is replayed.
const UPDATE_EVERY: usize = 6;

/// The table `onboarding`.
pub(super) fn table(context: &Context) -> Result<Table, String> {
    let mut table = Table::new(
        "air-quality.ron: each of twelve stations joins eleven others that have learned alone for \
         5,000 samples; it sees the samples after those. first_100 and first_500: its summed \
         |residual| with their summary against none, in percent, with its 95 % interval over \
         stations (negative: the summary helps), 32 samples of settling left out. bytes: the \
         summary alone; on the air, the message that carries it and the request for it, both with \
         headers as sent; and the updates of the eleven, one in six samples, with theirs.",
        &[
            "modality",
            "first_100_percent",
            "first_100_half_width",
            "first_500_percent",
            "first_500_half_width",
            "summary_bytes",
            "summary_on_air_bytes",
            "replay_on_air_bytes",
        ],
    );
    let folder = context.data.clone().ok_or("needs `--data DIR` with the set of air-quality")?;
    let resolved = scenario::resolve("air-quality").map_err(|problem| problem.to_string())?;
    let scenario = resolved.scenario;
    let series = dataset::load_all(&folder, &scenario).map_err(|problem| problem.to_string())?;
    let plan = Plan::new(&scenario, scenario.seed, &series).map_err(|error| error.to_string())?;
    let kinds = scenario.signals.len();
    for (kind, signal) in scenario.signals.iter().enumerate() {
        let records: Vec<Vec<i32>> =
            plan.signals.iter().skip(kind).step_by(kinds).map(|s| record(&s.signal)).collect();
        let group = GroupId(kind as u8);
        let (effects, bytes) = leave_one_out(&plan.config, group, &records)?;
        let part = |at: usize| estimate(&effects.iter().map(|e| e[at]).collect::<Vec<_>>());
        let air = &plan.config.air;
        let update = air.message_bytes(12 + 4 * usize::from(plan.config.neuron.form.taps));
        let on_air = air.message_bytes(NAMED_BYTES + bytes) + air.message_bytes(REQUEST_BYTES);
        let updates = (records.len() - 1) * (LEARNED / UPDATE_EVERY);
        table.row([
            json!(signal.modality),
            json!(part(0).mean),
            json!(part(0).half_width),
            json!(part(1).mean),
            json!(part(1).half_width),
            json!(bytes),
            json!(on_air),
            json!(update * updates),
        ]);
    }
    Ok(table)
}

/// The values of a recorded signal, gaps left out.
fn record(signal: &Signal) -> Vec<i32> {
    match signal {
        Signal::Series(values) => values.iter().copied().filter(|value| *value != GAP).collect(),
        Signal::Waves { .. } => Vec::new(),
    }
}

/// For each record as the joiner, what the summary changes, in percent; and the summary's bytes.
fn leave_one_out(
    config: &NodeConfig,
    group: GroupId,
    records: &[Vec<i32>],
) -> Result<(Vec<[f64; 2]>, usize), String> {
    let learned: Vec<Voice> = records
        .iter()
        .enumerate()
        .map(|(node, record)| {
            let mut neuron = SwarmNeuron::new(&config.neuron);
            live(config, &mut neuron, record.iter().take(LEARNED));
            Voice {
                node: NodeId(node as u32),
                influence: Q16::ONE,
                loss: None,
                weights: *neuron.weights(),
            }
        })
        .collect();
    let (mut effects, mut bytes) = (Vec::new(), 0);
    for (joiner, record) in records.iter().enumerate() {
        let others: Vec<Voice> =
            learned.iter().filter(|voice| voice.node.index() != joiner).copied().collect();
        let taps = config.neuron.form.taps;
        let trim = 1;
        let gene = SummaryGene::of(1, group, taps, [0; 32], &others, trim).ok_or("no stations")?;
        let sent = gene.to_bytes();
        bytes = sent.len();
        let read = SummaryGene::from_bytes(&sent).map_err(|error| error.to_string())?;
        let mut warm = SwarmNeuron::new(&config.neuron);
        read.install(group, &mut warm).map_err(|error| error.to_string())?;
        let cold = SwarmNeuron::new(&config.neuron);
        effects.push(FIRST.map(|first| {
            let joined = || record.iter().skip(LEARNED);
            let summed = |neuron: &SwarmNeuron| {
                let mut neuron = *neuron;
                live(config, &mut neuron, joined().take(SETTLING));
                live(config, &mut neuron, joined().skip(SETTLING).take(first))
            };
            100.0 * (summed(&warm) as f64 / summed(&cold).max(1) as f64 - 1.0)
        }));
    }
    Ok((effects, bytes))
}

/// Lets a neuron see samples at the rate of Calm; the sum of |sample - prediction|, raw.
fn live<'a>(
    config: &NodeConfig,
    neuron: &mut SwarmNeuron,
    samples: impl Iterator<Item = &'a i32>,
) -> u64 {
    let rate = config.regime.learning_rate[0];
    let mut sum = 0;
    for sample in samples {
        neuron.forecast_and_adapt(&config.neuron, Q16::from_bits(*sample), rate, Q16::ZERO);
        sum += u64::from(sample.abs_diff(neuron.prediction().to_bits()));
    }
    sum
}
