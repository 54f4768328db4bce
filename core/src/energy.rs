//! The energy pool: what a node has, what each thing costs, and when it browns out.
//!
//! Power is in microwatts, time in microseconds, energy in nanojoules inside and microjoules
//! outside. Costs follow from what the radio and the processor did in a tick.

pub use crate::profile::PowerProfile;
use crate::q16::Q16;

/// How a sleeping node keeps an ear on its sentinel's beacons.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Listen {
    /// Not at all: an emergency wake finds nobody.
    #[default]
    Never,
    /// Every beacon.
    Dtim1,
    /// Every third beacon.
    Dtim3,
    /// Every tenth beacon.
    Dtim10,
}

/// The pool's fixed figures.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct EnergyConfig {
    /// What things cost.
    pub profile: PowerProfile,
    /// Capacity in microjoules.
    pub capacity_uj: u64,
    /// Charge at the start, 0 to 1.
    pub start: Q16,
    /// Power harvested at all times, in microwatts.
    pub harvest_uw: u32,
    /// Beacon listening while asleep.
    pub listen: Listen,
    /// At this share of the capacity or below the node is off, in percent; below
    /// [`CRITICAL_PERCENT`].
    pub brownout_percent: u8,
    /// From this share on it is on again, in percent; at least twice `brownout_percent`, so that
    /// it does not flutter.
    pub recover_percent: u8,
}

/// Below this share of the capacity a node acts calm and keeps silent, in percent.
pub const CRITICAL_PERCENT: u8 = 10;

impl Default for EnergyConfig {
    fn default() -> Self {
        Self {
            profile: PowerProfile::ESP32_C6,
            capacity_uj: 23_760_000_000,
            start: Q16::ONE,
            harvest_uw: 0,
            listen: Listen::Never,
            brownout_percent: 0,
            recover_percent: 5,
        }
    }
}

impl EnergyConfig {
    /// Power of a sleeping node, its beacon listening included, in microwatts.
    #[must_use]
    pub const fn asleep_uw(&self) -> u32 {
        let [every, third, tenth] = self.profile.sleep_dtim_uw;
        match self.listen {
            Listen::Never => self.profile.sleep_uw,
            Listen::Dtim1 => every,
            Listen::Dtim3 => third,
            Listen::Dtim10 => tenth,
        }
    }
}

impl EnergyConfig {
    /// The most that sleeping can save, beacon listening included, in hundredths of a percent:
    /// `1 - asleep / awake`.
    #[must_use]
    pub const fn ceiling_basis_points(&self) -> u32 {
        let asleep = (self.asleep_uw() as u64 * 10_000).div_ceil(self.profile.awake_uw as u64);
        10_000_u32.saturating_sub(asleep as u32)
    }
}

/// What radio and processor did in one tick; everything else in the tick was sleep.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Activity {
    /// Length of the tick, in microseconds.
    pub tick_us: u64,
    /// Radio awake, transmissions included.
    pub awake_us: u64,
    /// Transmitting, beacons included.
    pub transmit_us: u64,
    /// Wake ramps.
    pub ramps: u32,
    /// Samples taken.
    pub samples: u32,
    /// Processor time of signatures, in microseconds.
    pub signature_us: u64,
    /// Power that the world gave in this tick, on top of the constant one, in microwatts.
    pub harvest_uw: u32,
}

/// Where the energy of a run went, in nanojoules.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Spending {
    /// Transmission.
    pub transmit_nj: u64,
    /// Listening and receiving.
    pub listen_nj: u64,
    /// Sleep, beacon listening included.
    pub sleep_nj: u64,
    /// Sampling and predicting.
    pub cpu_nj: u64,
    /// Wake ramps.
    pub ramp_nj: u64,
    /// What the same traffic would have cost with the radio always on.
    pub always_on_nj: u64,
}
crate::canonical!(struct Spending {
    transmit_nj, listen_nj, sleep_nj, cpu_nj, ramp_nj, always_on_nj,
});

impl Spending {
    /// The sum of all that was spent.
    #[must_use]
    pub const fn total_nj(&self) -> u64 {
        self.transmit_nj + self.listen_nj + self.sleep_nj + self.cpu_nj + self.ramp_nj
    }
}

/// A node's battery.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct EnergyPool {
    level_nj: u64,
    browned_out: bool,
    brownouts: u16,
    /// Where the energy went.
    pub spending: Spending,
}
crate::canonical!(struct EnergyPool { level_nj, browned_out, brownouts, spending });

impl EnergyPool {
    /// A pool charged as `config` says.
    #[must_use]
    pub fn new(config: &EnergyConfig) -> Self {
        let start = u128::from(config.start.to_bits().clamp(0, 1 << 16) as u32);
        let level_nj = (u128::from(config.capacity_uj) * 1_000 * start) >> 16;
        Self { level_nj: level_nj as u64, ..Self::default() }
    }

    /// Energy left, in microjoules.
    #[must_use]
    pub const fn level_uj(&self) -> u64 {
        self.level_nj / 1_000
    }

    /// Energy left, 0 to 1.
    #[must_use]
    pub fn share(&self, config: &EnergyConfig) -> Q16 {
        // Microjoules below 2^48 leave room for the shift; validation keeps capacity there.
        let share = (self.level_uj() << 16) / config.capacity_uj.max(1);
        Q16::from_bits(share.min(1 << 16) as i32)
    }

    /// Whether less than a tenth is left, so that the node acts calm.
    #[must_use]
    pub fn is_critical(&self, config: &EnergyConfig) -> bool {
        self.level_uj() < config.capacity_uj / 10
    }

    /// Whether the node is off for want of energy.
    #[must_use]
    pub const fn is_browned_out(&self) -> bool {
        self.browned_out
    }

    /// How often the node has browned out.
    #[must_use]
    pub const fn brownouts(&self) -> u16 {
        self.brownouts
    }

    /// Whether `transmit_us` on the air can be paid for.
    #[must_use]
    pub fn affords(&self, config: &EnergyConfig, transmit_us: u64) -> bool {
        let cost_nj = u64::from(config.profile.transmit_uw).saturating_mul(transmit_us) / 1_000;
        let kept_nj = share_nj(config.capacity_uj, config.brownout_percent);
        !self.browned_out && self.level_nj > cost_nj.saturating_add(kept_nj)
    }

    /// Pays for a tick and takes in what was harvested, as far as there is room for it. At
    /// `brownout_percent` the node browns out; it comes back at `recover_percent`. What is left
    /// is exactly what there was, and was taken in, less what was spent.
    pub fn settle(&mut self, config: &EnergyConfig, did: &Activity) {
        let profile = &config.profile;
        let nj = |power_uw: u32, time_us: u64| u64::from(power_uw).saturating_mul(time_us) / 1_000;
        // What was sent is paid for, even where it ran past the window's end.
        let transmit_us = did.transmit_us.min(did.tick_us);
        let awake_us = did.awake_us.clamp(transmit_us, did.tick_us);
        let ramp_us = u64::from(did.ramps) * u64::from(profile.wake_ramp_us);
        let transmit_nj = nj(profile.transmit_uw, transmit_us);
        let listen_nj = nj(profile.awake_uw, awake_us - transmit_us);
        let sleep_nj = nj(config.asleep_uw(), did.tick_us - awake_us);
        let cpu_us = u64::from(did.samples) * u64::from(profile.sample_cpu_us);
        let cpu_nj = if awake_us == did.tick_us { 0 } else { nj(profile.cpu_uw, cpu_us) };
        let ramp_nj = nj(profile.awake_uw, ramp_us);
        let gained_nj = nj(config.harvest_uw.saturating_add(did.harvest_uw), did.tick_us);
        let full_nj = config.capacity_uj.saturating_mul(1_000);
        let mut left_nj = self.level_nj.saturating_add(gained_nj).min(full_nj);
        // Nobody spends what is not there: a pool that runs dry pays what it can.
        let mut pay = |part: &mut u64, cost_nj: u64| {
            let paid_nj = cost_nj.min(left_nj);
            left_nj -= paid_nj;
            *part += paid_nj;
        };
        let spending = &mut self.spending;
        pay(&mut spending.transmit_nj, transmit_nj);
        pay(&mut spending.listen_nj, listen_nj);
        pay(&mut spending.sleep_nj, sleep_nj);
        pay(&mut spending.cpu_nj, cpu_nj + nj(profile.cpu_uw, did.signature_us));
        pay(&mut spending.ramp_nj, ramp_nj);
        if !self.browned_out {
            spending.always_on_nj += transmit_nj + nj(profile.awake_uw, did.tick_us - transmit_us);
        }
        self.level_nj = left_nj;
        self.switch(config);
    }

    /// Puts the charge to `level_uj` microjoules, at most what fits: what a hand with a charger, or
    /// a drill, does. No figure of spending has it.
    pub fn refill(&mut self, config: &EnergyConfig, level_uj: u64) {
        self.level_nj = level_uj.min(config.capacity_uj).saturating_mul(1_000);
        self.switch(config);
    }

    /// Off at the one threshold, on again at the other.
    fn switch(&mut self, config: &EnergyConfig) {
        let at = |percent| share_nj(config.capacity_uj, percent);
        if !self.browned_out && self.level_nj <= at(config.brownout_percent) {
            self.browned_out = true;
            self.brownouts = self.brownouts.saturating_add(1);
        } else if self.browned_out && self.level_nj >= at(config.recover_percent) {
            self.browned_out = false;
        }
    }
}

/// So many percent of a capacity, in nanojoules: exact, since a microjoule is ten hundreds of them.
const fn share_nj(capacity_uj: u64, percent: u8) -> u64 {
    capacity_uj.saturating_mul(10).saturating_mul(percent as u64)
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: u64 = 1_000_000;

    fn config() -> EnergyConfig {
        EnergyConfig { profile: PowerProfile::PUBLISHED, ..EnergyConfig::default() }
    }

    fn spent_nj(did: &Activity) -> u64 {
        let mut pool = EnergyPool::new(&config());
        pool.settle(&config(), did);
        pool.spending.total_nj()
    }

    #[test]
    fn a_second_awake_costs_230_mj_and_asleep_35_mj() {
        let awake = Activity { tick_us: SECOND, awake_us: SECOND, ..Activity::default() };
        let asleep = Activity { tick_us: SECOND, ..Activity::default() };
        assert_eq!(spent_nj(&awake), 230_000_000);
        assert_eq!(spent_nj(&asleep), 35_000_000);
        assert_eq!(config().ceiling_basis_points(), 8_478);
    }

    #[test]
    fn transmissions_ramps_and_samples_add_up() {
        let did = Activity {
            tick_us: SECOND,
            awake_us: 500_000,
            transmit_us: 2_000,
            ramps: 1,
            samples: 1,
            ..Activity::default()
        };
        // 2 ms at 370 mW, 498 ms at 230, 500 ms at 35, 1 ms at 155, 2 ms at 230.
        assert_eq!(spent_nj(&did), 740_000 + 114_540_000 + 17_500_000 + 155_000 + 460_000);
    }

    #[test]
    fn an_empty_pool_browns_out_and_recovers_at_a_twentieth() {
        let config = EnergyConfig { capacity_uj: 1_000_000, harvest_uw: 100_000, ..config() };
        let mut pool = EnergyPool::new(&config);
        let awake = Activity { tick_us: SECOND, awake_us: SECOND, ..Activity::default() };
        for _ in 0..12 {
            pool.settle(&config, &awake);
        }
        assert!(pool.is_browned_out() && pool.is_critical(&config));
        assert!(!pool.affords(&config, 1));
        let asleep = Activity { tick_us: SECOND, ..Activity::default() };
        pool.settle(&config, &asleep);
        assert!(!pool.is_browned_out(), "65 mJ of 1 J is above a twentieth");
        assert_eq!(pool.brownouts(), 1);
    }

    #[test]
    fn energy_is_conserved_through_a_brownout() {
        let half = crate::q16::HALF;
        let config =
            EnergyConfig { capacity_uj: 500_000, start: half, harvest_uw: 3_000, ..config() };
        let mut pool = EnergyPool::new(&config);
        let start_nj = pool.level_nj;
        let awake = Activity { tick_us: SECOND, awake_us: SECOND, ..Activity::default() };
        for _ in 0..40 {
            pool.settle(&config, &awake);
        }
        assert!(pool.is_browned_out());
        let stored_nj = 40 * 3_000_000;
        assert_eq!(pool.level_nj + pool.spending.total_nj(), start_nj + stored_nj);
        assert!(pool.spending.always_on_nj < 4 * 230_000_000, "the dead need no baseline");
    }

    #[test]
    fn thresholds_of_brownout_and_recovery_are_where_they_are_set() {
        let config = EnergyConfig {
            capacity_uj: 1_000_000,
            brownout_percent: 4,
            recover_percent: 8,
            start: crate::q16::percent(50),
            ..config()
        };
        let mut pool = EnergyPool::new(&config);
        let asleep = Activity { tick_us: SECOND, ..Activity::default() };
        let mut before_nj = pool.level_nj;
        while !pool.is_browned_out() {
            before_nj = pool.level_nj;
            pool.settle(&config, &asleep);
        }
        assert!(before_nj > 40_000_000 && pool.level_nj <= 40_000_000, "{}", pool.level_nj);
        let sun = Activity { harvest_uw: 45_000, ..asleep };
        while pool.is_browned_out() {
            before_nj = pool.level_nj;
            pool.settle(&config, &sun);
        }
        assert!(before_nj < 80_000_000 && pool.level_nj >= 80_000_000, "{}", pool.level_nj);
        assert_eq!(pool.brownouts(), 1);
        let scarce = EnergyPool { level_nj: 41_000_000, ..pool };
        // 1 mJ above the threshold is 2,702 us at 370 mW.
        assert!(scarce.affords(&config, 2_702) && !scarce.affords(&config, 2_703));
    }

    proptest::proptest! {
        /// Start and what was taken in are what is left and what was spent, to the nanojoule,
        /// through full and empty pools alike.
        #[test]
        fn nothing_is_lost_over_a_long_run(
            days in proptest::collection::vec((0..900_000_u32, 0..1_000_001_u64, 0..4_u32), 1..400),
            brownout_percent in 0..10_u8,
        ) {
            let config = EnergyConfig {
                capacity_uj: 2_000_000,
                start: crate::q16::HALF,
                harvest_uw: 1_000,
                brownout_percent,
                recover_percent: 20,
                ..config()
            };
            let mut pool = EnergyPool::new(&config);
            let full_nj = 2_000_000_000_u64;
            let mut sum_nj = pool.level_nj;
            for (harvest_uw, awake_us, ramps) in days {
                let offered_nj = u64::from(harvest_uw + 1_000) * 1_000;
                let taken_nj = offered_nj.min(full_nj - pool.level_nj);
                sum_nj += taken_nj;
                let awake_us = if pool.is_browned_out() { 0 } else { awake_us };
                let did = Activity {
                    tick_us: SECOND,
                    awake_us,
                    transmit_us: awake_us / 10,
                    ramps,
                    samples: 1,
                    harvest_uw,
                    ..Activity::default()
                };
                pool.settle(&config, &did);
                proptest::prop_assert_eq!(pool.level_nj + pool.spending.total_nj(), sum_nj);
            }
        }
    }

    #[test]
    fn a_refill_switches_as_a_tick_would() {
        let config = EnergyConfig { capacity_uj: 1_000, ..config() };
        let mut pool = EnergyPool::new(&config);
        pool.refill(&config, 0);
        assert!(pool.is_browned_out() && pool.brownouts() == 1);
        pool.refill(&config, 49);
        assert!(pool.is_browned_out(), "below a twentieth");
        pool.refill(&config, 5_000);
        assert!(!pool.is_browned_out());
        assert_eq!((pool.level_uj(), pool.spending.total_nj()), (1_000, 0));
    }

    #[test]
    fn share_is_exact_at_the_ends() {
        let pool = EnergyPool::new(&config());
        assert_eq!(pool.share(&config()), Q16::ONE);
        assert_eq!(EnergyPool::default().share(&config()), Q16::ZERO);
    }
}
