//! What a node does with each sample and each tick but predicting: entropy, regime, energy, when to
//! wake and whether to speak. Run with `cargo bench -p qres-core --bench signal`.

use divan::{Bencher, Divan, black_box};
use qres_core::draw::{Purpose, below, draw};
use qres_core::energy::{Activity, EnergyConfig, EnergyPool};
use qres_core::id::{NodeId, Tick};
use qres_core::q16::{HALF, Q16};
use qres_core::regime::{Regime, RegimeConfig, RegimeDetector};
use qres_core::residual::Residual;
use qres_core::silence::{Circumstances, Silence, SilenceConfig};
use qres_core::wake::{Role, Wake, WakeConfig};

fn main() {
    // So many calls a sample: divan would settle on one where the first of all is interrupted.
    Divan::from_args().sample_size(1024).main();
}

/// Errors of a forecast in deviations; in each fifth hundred they are large.
fn errors() -> Vec<Q16> {
    let error = |n: u64| {
        let loud = if n / 100 % 5 == 4 { 8 } else { 1 };
        Q16::from_bits(loud * below(draw(1, Purpose::Noise, 0, n, 0), 60_000) as i32)
    };
    (0..1_000).map(error).collect()
}

#[divan::bench]
fn entropy_step(bencher: Bencher<'_, '_>) {
    let errors = errors();
    let mut errors = errors.iter().cycle();
    let mut residual = Residual::default();
    bencher.bench_local(|| {
        let error = errors.next().copied().unwrap_or_default();
        residual.observe(black_box(error), HALF, false);
        residual.entropy()
    });
}

/// Residuals of a life with storms; the detector goes through all regimes.
#[divan::bench]
fn regime_step(bencher: Bencher<'_, '_>) {
    let config = RegimeConfig::default();
    let mut residual = Residual::default();
    let after = |error: Q16| {
        residual.observe(error, HALF, false);
        residual
    };
    let residuals: Vec<Residual> = errors().into_iter().map(after).collect();
    let mut detector = RegimeDetector::default();
    for residual in &residuals {
        detector.update(&config, residual);
    }
    assert!(detector.storms() > 0, "a detector that sees no storm is half a bench");
    let mut residuals = residuals.iter().cycle();
    bencher.bench_local(|| residuals.next().map(|now| detector.update(&config, black_box(now))));
}

/// A tick's spending and harvest.
#[divan::bench]
fn energy_settled(bencher: Bencher<'_, '_>) {
    let config = EnergyConfig::default();
    let mut pool = EnergyPool::new(&config);
    let did = Activity {
        tick_us: 1_000_000,
        awake_us: 40_000,
        transmit_us: 900,
        ramps: 1,
        samples: 1,
        signature_us: 0,
        harvest_uw: 4_000_000,
    };
    bencher.bench_local(|| {
        pool.settle(&config, black_box(&did));
        pool.is_critical(&config)
    });
}

/// The question that stands before everything that is sent.
#[divan::bench]
fn energy_affords(bencher: Bencher<'_, '_>) {
    let config = EnergyConfig::default();
    let pool = EnergyPool::new(&config);
    bencher.bench_local(|| black_box(&pool).affords(&config, black_box(900)));
}

#[divan::bench]
fn silence_decision(bencher: Bencher<'_, '_>) {
    let config = SilenceConfig::default();
    let mut silence = Silence::default();
    let mut ages = (0..300).cycle();
    let entropies = errors();
    let mut entropies = entropies.iter().cycle();
    bencher.bench_local(|| {
        let now = Circumstances {
            regime: Regime::Calm,
            age_samples: ages.next().unwrap_or(0),
            entropy: entropies.next().copied().unwrap_or_default(),
            standing: HALF,
            energy: HALF,
            commissioning: false,
            trained: true,
        };
        silence.decide(&config, black_box(&now))
    });
}

/// The window of each tick: most of them are asleep.
#[divan::bench(args = [Role::Scheduled, Role::OnDemand, Role::Sentinel])]
fn wake_step(bencher: Bencher<'_, '_>, role: Role) {
    let config = WakeConfig::default();
    let mut wake = Wake::new(role, NodeId(1), 0, HALF);
    let mut ticks = 0..;
    bencher.bench_local(|| {
        let tick = ticks.next().unwrap_or(0);
        let cadence = if tick % 1_000 < 900 { Regime::Calm } else { Regime::Storm };
        wake.plan(&config, NodeId(7), Tick(tick), black_box(cadence))
    });
}
