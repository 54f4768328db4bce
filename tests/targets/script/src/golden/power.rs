//! What a node pays and when its radio wakes.

use blake3::Hasher;
use qres_core::canonical::Canonical;
use qres_core::energy::{Activity, EnergyConfig, EnergyPool, Listen, PowerProfile};
use qres_core::id::{NodeId, Tick};
use qres_core::regime::Regime;
use qres_core::wake::{Role, Wake, WakeConfig};

use super::draws::Draws;

/// Small batteries under three profiles: they run dry and come back.
pub fn energy(ticks: u64, out: &mut Hasher) {
    let mut draws = Draws::new(6);
    let profiles =
        [PowerProfile::PUBLISHED, PowerProfile::ESP32_C6, PowerProfile::ESP32_C6_LONG_RANGE];
    let listens = [Listen::Never, Listen::Dtim1, Listen::Dtim3, Listen::Dtim10];
    for profile in profiles {
        let mut config = EnergyConfig {
            profile,
            capacity_uj: 900_000,
            start: draws.share(),
            harvest_uw: 60_000,
            listen: Listen::Never,
            ..EnergyConfig::default()
        };
        let mut pool = EnergyPool::new(&config);
        for tick in 0..ticks {
            config.listen = listens[draws.below(4) as usize];
            config.harvest_uw = if tick % 64 < 40 { draws.below(500_000) as u32 } else { 0 };
            let tick_us = 1_000_000;
            let did = Activity {
                tick_us,
                awake_us: draws.below(tick_us / 2),
                transmit_us: draws.below(40_000),
                ramps: draws.below(3) as u32,
                samples: draws.below(3) as u32,
                signature_us: draws.below(90_000),
                harvest_uw: draws.below(30_000) as u32,
            };
            pool.settle(&config, &did);
            pool.level_uj().encode(out);
            pool.share(&config).encode(out);
            let flags = [pool.is_critical(&config), pool.affords(&config, did.transmit_us)];
            flags.encode(out);
            if tick % 64 == 63 {
                pool.encode(out);
                config.ceiling_basis_points().encode(out);
            }
        }
    }
}

/// Every role through changing regimes, standings, emergencies and power cuts.
pub fn wake(ticks: u64, out: &mut Hasher) {
    let mut draws = Draws::new(7);
    let config = WakeConfig {
        interval_us: [20_000_000, 6_000_000, 1_500_000],
        window_us: [600_000, 700_000, 2_500_000],
        seed: 77,
        ..WakeConfig::default()
    };
    for (id, role) in (0..).map(NodeId).zip([Role::Scheduled, Role::OnDemand, Role::Sentinel]) {
        let mut wake = Wake::new(role, NodeId(2), draws.below(3_000_000), draws.share());
        let mut cadence = Regime::Storm;
        for tick in (0..ticks).map(Tick) {
            if draws.once_in(40) {
                cadence = Regime::ALL[draws.below(3) as usize];
            }
            match draws.below(128) {
                0 => wake.hasten(&config, tick),
                1 => wake.power_off(tick, config.tick_us),
                2 => wake.standing = draws.share(),
                _ => {}
            }
            wake.plan(&config, id, tick, cadence).encode(out);
            config.interval(cadence, wake.standing).encode(out);
            if tick.0 % 64 == 63 {
                wake.encode(out);
            }
        }
    }
}
