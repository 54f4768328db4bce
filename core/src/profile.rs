//! What kinds of nodes draw: one set of power figures each, with the source of every figure.
//!
//! A figure is a data sheet's, somebody's published measurement, or an assumption, and says which.
//! Nothing here knows batteries, scenarios or radios on the air.

/// Electrical figures of one kind of node. The whole node is meant, radio and processor together,
/// so that sums need no case analysis.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PowerProfile {
    /// Radio listening or receiving, processor active.
    pub awake_uw: u32,
    /// Radio transmitting, processor active.
    pub transmit_uw: u32,
    /// Radio asleep and processor idle, no beacons heard.
    pub sleep_uw: u32,
    /// The same while waking for every first, third or tenth beacon.
    pub sleep_dtim_uw: [u32; 3],
    /// Processor active while the radio sleeps.
    pub cpu_uw: u32,
    /// From sleep until radio and processor are ready; drawn at `awake_uw`.
    pub wake_ramp_us: u32,
    /// Processor time to wake, sample, predict, learn and sleep again.
    pub sample_cpu_us: u32,
}

impl PowerProfile {
    /// The power pair that the QRES paper publishes: 230 mW awake (radio 80 idle, processor 150),
    /// 35 mW asleep (radio 5, processor 30), transmission at 220 mW (+150). It prices no beacons,
    /// so a DTIM listener is charged one 2 ms beacon window at 230 mW instead of 35 mW.
    /// Assumed: 2 ms of wake ramp, and 1 ms for a sample.
    pub const PUBLISHED: Self = Self {
        awake_uw: 230_000,
        transmit_uw: 370_000,
        sleep_uw: 35_000,
        sleep_dtim_uw: [38_809, 36_270, 35_381],
        cpu_uw: 155_000,
        wake_ramp_us: 2_000,
        sample_cpu_us: 1_000,
    };

    /// ESP32-C6 at 3.3 V and 160 MHz.
    ///
    /// Sources. ESP32-C6 Series Datasheet v1.5, tables 5-10 and 5-11: receive (HT20/HE20) 78 mA,
    /// transmit 802.11g at 19.5 dBm 300 mA, modem-sleep with the processor running 27 mA and idle
    /// 17 mA. Receive is measured with the processor idle, so an awake node adds the difference
    /// 27 - 17 mA; a transmitting one likewise. ESP-IDF programming guide, "Sleep current",
    /// ESP32-C6 light-sleep table, with Wi-Fi kept: 0.919, 0.368 and 0.172 mA on average at DTIM 1,
    /// 3 and 10, and 0.052 mA between beacons, which is what a node that hears none draws.
    /// ESP-IDF `sleep_modes.c`: 318 + 56 us to leave light sleep, to which the radio adds its
    /// calibration; 2 ms are charged.
    /// Assumed: 1 ms for a sample, waking and sensing included; a forecast is a hundredth of that.
    pub const ESP32_C6: Self = Self {
        awake_uw: 290_400,
        transmit_uw: 1_023_000,
        sleep_uw: 172,
        sleep_dtim_uw: [3_033, 1_214, 568],
        cpu_uw: 89_100,
        wake_ramp_us: 2_000,
        sample_cpu_us: 1_000,
    };

    /// ESP32-C6 with a Semtech SX1262 as its only radio, Wi-Fi off.
    ///
    /// Sources. SX1261/2 data sheet rev 2.2, tables 3-5 and 3-6: receive 4.6 mA, transmit at
    /// +14 dBm 90 mA with the +22 dBm amplifier, sleep with retention 0.6 uA. Processor as above:
    /// 27 mA running, 35 uA in light sleep with peripherals down (datasheet v1.5, table 5-11). The
    /// processor sleeps while the radio listens, and wakes for what it hears. A beacon of 128 bytes
    /// takes 0.2 s at 5.5 kbit/s: listening for each one, 1.024 s apart, costs a fifth of being
    /// awake. Wake ramp: "about 3.5 milliseconds" from sleep without retention (Arm Mbed OS, driver
    /// `COMPONENT_SX126X`, `SleepMode.txt`), the worse case, as leaving sleep with it is quicker.
    /// Assumed: 1 ms for a sample, as above.
    pub const ESP32_C6_LONG_RANGE: Self = Self {
        awake_uw: 15_296,
        transmit_uw: 386_100,
        sleep_uw: 118,
        sleep_dtim_uw: [3_127, 1_121, 419],
        cpu_uw: 89_100,
        wake_ramp_us: 3_500,
        sample_cpu_us: 1_000,
    };

    /// Raspberry Pi Zero 2 W at 5 V, its own Wi-Fi as the radio.
    ///
    /// Measured: J.-L. Aufranc, "A deep dive into Raspberry Pi Zero 2 W's power consumption", CNX
    /// Software, 2021: 120 mA idle as flashed, which is taken for listening; 75 mA with all that
    /// is not needed switched off, which is taken for sleep, since the board cannot suspend.
    /// Published: Raspberry Pi documentation, "Power supply", table of requirements: 350 mA for
    /// the active board, which is taken for transmitting and for computing.
    /// Assumed: a board that hears beacons keeps listening; the Wi-Fi needs 2 s to come back; a
    /// sample takes 1 ms.
    pub const RASPBERRY_PI_ZERO_2_W: Self = Self {
        awake_uw: 600_000,
        transmit_uw: 1_750_000,
        sleep_uw: 375_000,
        sleep_dtim_uw: [600_000; 3],
        cpu_uw: 1_750_000,
        wake_ramp_us: 2_000_000,
        sample_cpu_us: 1_000,
    };

    /// A thought experiment: the radio of [`PowerProfile::ESP32_C6_LONG_RANGE`] beside a digital
    /// spiking core. Nobody sells such a node, and the core does not run this crate's predictor.
    ///
    /// Radio: as there, from the same data sheet. Core, published: ODIN takes 15 nJ for an
    /// inference at 0.55 V (C. Frenkel and others, "A 0.086-mm2 12.7-pJ/SOP 64k-synapse
    /// 256-neuron online-learning digital spiking neuromorphic processor in 28-nm CMOS", 2018),
    /// and between 30 uW and 1 mW (Open Neuromorphic, hardware guide, "ODIN").
    /// Assumed: 30 uW at rest, 1 mW at work, so 15 us for each sample; a forecast costs what that
    /// inference costs; converters, clock and sensor cost nothing; 3.5 ms of wake ramp as there.
    pub const SPIKING_CORE: Self = Self {
        awake_uw: 15_210,
        transmit_uw: 298_000,
        sleep_uw: 32,
        sleep_dtim_uw: [3_041, 1_035, 333],
        cpu_uw: 1_000,
        wake_ramp_us: 3_500,
        sample_cpu_us: 15,
    };
}

#[cfg(test)]
mod tests {
    use super::*;

    const ALL: [PowerProfile; 5] = [
        PowerProfile::PUBLISHED,
        PowerProfile::ESP32_C6,
        PowerProfile::ESP32_C6_LONG_RANGE,
        PowerProfile::RASPBERRY_PI_ZERO_2_W,
        PowerProfile::SPIKING_CORE,
    ];

    #[test]
    fn sleep_is_below_listening_and_beacons_cost_in_order() {
        for profile in ALL {
            let [every, third, tenth] = profile.sleep_dtim_uw;
            assert!(profile.sleep_uw < profile.awake_uw && profile.awake_uw < profile.transmit_uw);
            assert!(profile.sleep_uw < tenth && tenth <= third && third <= every, "{profile:?}");
            assert!(every <= profile.awake_uw, "{profile:?}");
        }
    }

    #[test]
    fn the_spiking_core_takes_15_nj_for_a_sample() {
        let core = PowerProfile::SPIKING_CORE;
        assert_eq!(u64::from(core.cpu_uw) * u64::from(core.sample_cpu_us) / 1_000, 15);
    }

    #[test]
    fn currents_times_volts_are_the_figures() {
        // mA times mV.
        assert_eq!(PowerProfile::RASPBERRY_PI_ZERO_2_W.awake_uw, 120 * 5_000);
        assert_eq!(PowerProfile::RASPBERRY_PI_ZERO_2_W.sleep_uw, 75 * 5_000);
        assert_eq!(PowerProfile::RASPBERRY_PI_ZERO_2_W.transmit_uw, 350 * 5_000);
        assert_eq!(PowerProfile::SPIKING_CORE.awake_uw, 46 * 330 + 30);
        assert_eq!(PowerProfile::SPIKING_CORE.transmit_uw, 90 * 3_300 + 1_000);
    }
}
