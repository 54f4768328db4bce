//! From what a scenario says of energy to the core's configuration. Nothing here spends.

use qres_core::energy::{EnergyConfig, Listen, PowerProfile};
use qres_core::q16::percent;

use crate::scenario::{self, EnergyProfile, Scenario};

/// The energy of a checked scenario.
pub(super) fn energy_config(scenario: &Scenario) -> EnergyConfig {
    let energy = &scenario.energy;
    EnergyConfig {
        profile: match energy.profile {
            EnergyProfile::Published => PowerProfile::PUBLISHED,
            EnergyProfile::Esp32C6 => PowerProfile::ESP32_C6,
            EnergyProfile::Esp32C6LongRange => PowerProfile::ESP32_C6_LONG_RANGE,
            EnergyProfile::RaspberryPiZero2W => PowerProfile::RASPBERRY_PI_ZERO_2_W,
            EnergyProfile::SpikingCore => PowerProfile::SPIKING_CORE,
        },
        capacity_uj: u64::from(energy.battery_mj) * 1_000,
        start: percent(i32::from(energy.start_percent)),
        harvest_uw: energy.harvest_uw,
        listen: match scenario.twt.listen {
            scenario::Listen::Dtim(1) => Listen::Dtim1,
            scenario::Listen::Dtim(3) => Listen::Dtim3,
            scenario::Listen::Dtim(_) => Listen::Dtim10,
            scenario::Listen::Never => Listen::Never,
        },
        brownout_percent: energy.brownout_percent,
        recover_percent: energy.recover_percent,
    }
}
