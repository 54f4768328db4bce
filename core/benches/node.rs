//! What a node can be asked to do beside predicting, one step of each: fusing what other sensors
//! say, trying a neighbour's gene on the own window, and streaming a reading. Beside each stands
//! plain floating point of the same size, where that says something. Run with
//! `cargo bench -p qres-core --bench node`.

#![expect(clippy::expect_used, reason = "a bench that cannot go on says so")]

use divan::{Bencher, black_box};
use qres_core::draw::{Purpose, below, draw};
use qres_core::evolution::{Evolution, TrialConfig};
use qres_core::fusion::{Fusion, FusionConfig, HEADS};
use qres_core::neuron::kernel::{self, State};
use qres_core::neuron::{Form, Kind, NeuronConfig, TAPS};
use qres_core::q16::{Q16, percent};
use qres_core::residual_stream::{StreamConfig, StreamReceiver, StreamSender};

/// Samples of a signal, which comes round and round.
const STEPS: usize = 1_000;
/// Other sensors that fusion listens to.
const SOURCES: usize = 3;

fn main() {
    divan::main();
}

/// A wave under noise; each sensor has its own noise.
fn sample(sensor: u32, n: usize) -> Q16 {
    let wave = (20 - (n as i32 % 40 - 20).abs()) * 32_768;
    let noise = below(draw(1, Purpose::Noise, sensor, n as u64, 0), 20_000) as i32;
    Q16::from_bits(wave + noise)
}

#[divan::bench]
fn fusion_step(bencher: Bencher<'_, '_>) {
    let config = FusionConfig::default();
    let rows: Vec<[Option<Q16>; SOURCES + 1]> =
        (0..STEPS).map(|n| std::array::from_fn(|sensor| Some(sample(sensor as u32, n)))).collect();
    let mut rows = rows.iter().cycle();
    let mut fusion: Fusion<SOURCES, HEADS> = Fusion::default();
    bencher.bench_local(|| {
        if let Some([own, others @ ..]) = rows.next() {
            fusion.step(&config, black_box(*own), black_box(others), None, false);
        }
        fusion.forecast(0)
    });
}

/// As many inputs and heads as the fusion has, learned by plain normalised least mean squares:
/// what the same forecast costs without attention, gate and fixed point.
#[divan::bench]
fn fusion_step_f64(bencher: Bencher<'_, '_>) {
    const INPUTS: usize = 10 + 5 * SOURCES;
    let mut weights = [[0.0_f64; INPUTS]; HEADS];
    let signal: Vec<f64> =
        (0..STEPS).map(|n| f64::from(sample(0, n).to_bits()) / 65_536.0).collect();
    let mut windows = signal.windows(INPUTS + 1).cycle();
    bencher.bench_local(|| {
        let mut sum = 0.0;
        if let Some([past @ .., now]) = black_box(windows.next()) {
            let power = past.iter().map(|x| x * x).sum::<f64>() + 1.0;
            for head in &mut weights {
                let forecast = head.iter().zip(past).map(|(w, x)| w * x).sum::<f64>();
                let gain = 0.02 * (now - forecast) / power;
                head.iter_mut().zip(past).for_each(|(w, x)| *w += gain * x);
                sum += forecast;
            }
        }
        sum
    });
}

/// The trial of an offered gene: its model replays the window of the node's own samples.
#[divan::bench(args = [Kind::Linear, Kind::Cascade, Kind::Spiking].map(Named))]
fn gene_trial(bencher: Bencher<'_, '_>, Named(kind): Named) {
    let mut evolution = Evolution::default();
    (0..STEPS).for_each(|n| evolution.observe(sample(0, n), percent(50)));
    assert!(evolution.is_ready());
    let lags = [2, 3, 4, 8, 16, 23, 24, 25];
    let form = Form { kind, taps: 8, lags, hyper: kernel::default_hyper(kind), ..Form::default() };
    let neuron = NeuronConfig::default();
    let trial =
        TrialConfig { neuron: &neuron, rate: percent(5), usual: Q16::ONE, inverse_scale: 1 << 17 };
    let state = State::with([percent(5); TAPS]);
    bencher.bench_local(|| evolution.replay(&trial, black_box(&form), state).error);
}

/// An argument that is shown by its name.
#[derive(Clone, Copy)]
struct Named(Kind);

impl std::fmt::Display for Named {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.write_str(self.0.name())
    }
}

fn readings() -> Vec<i32> {
    (0..STEPS).map(|n| 2_000 + sample(0, n).to_bits() / 6_554).collect()
}

/// One reading into the stream; every 64th closes a frame.
#[divan::bench]
fn stream_sample(bencher: Bencher<'_, '_>) {
    let config = StreamConfig::default();
    let mut sender = StreamSender::new(&config, &[percent(5); TAPS]);
    let readings = readings();
    let mut readings = readings.iter().cycle();
    bencher.bench_local(|| sender.push(&config, black_box(readings.next().copied().unwrap_or(0))));
}

/// A whole frame of 64 readings out of the stream, a keyframe at a receiver that waits for one.
#[divan::bench]
fn stream_frame_taken(bencher: Bencher<'_, '_>) {
    let config = StreamConfig::default();
    let mut sender = StreamSender::new(&config, &[percent(5); TAPS]);
    let mut frames = readings().into_iter().map(|reading| sender.push(&config, reading));
    let frame = frames.find_map(|frame| frame.expect("in range")).expect("a full frame");
    bencher.with_inputs(|| StreamReceiver::new(&config)).bench_local_refs(|receiver| {
        let mut sum = 0;
        receiver.take(&config, black_box(&frame), |_, reading| sum += reading).expect("whole");
        sum
    });
}
