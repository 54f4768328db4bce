//! Operations counted, and what they cost under two tables that say where they are from. Must not
//! measure anything: the figures are as good as their assumptions.

use std::ops::AddAssign;

use qres_core::energy::PowerProfile;
use qres_core::tally::Tally;

/// What was done.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Counts {
    pub adds: u64,
    pub multiplications: u64,
    /// Products of two 8-bit numbers.
    pub small_multiplications: u64,
    pub divisions: u64,
    pub comparisons: u64,
    pub shifts: u64,
    pub bytes: u64,
    pub spikes: u64,
}

impl Tally for Counts {
    fn add(&mut self, times: usize) {
        self.adds += times as u64;
    }
    fn multiply(&mut self, times: usize) {
        self.multiplications += times as u64;
    }
    fn divide(&mut self, times: usize) {
        self.divisions += times as u64;
    }
    fn compare(&mut self, times: usize) {
        self.comparisons += times as u64;
    }
    fn shift(&mut self, times: usize) {
        self.shifts += times as u64;
    }
    fn load(&mut self, words: usize) {
        self.bytes += 4 * words as u64;
    }
    fn store(&mut self, words: usize) {
        self.bytes += 4 * words as u64;
    }
    fn spike(&mut self, times: usize) {
        self.spikes += times as u64;
    }
}

impl AddAssign for Counts {
    fn add_assign(&mut self, other: Self) {
        self.adds += other.adds;
        self.multiplications += other.multiplications;
        self.small_multiplications += other.small_multiplications;
        self.divisions += other.divisions;
        self.comparisons += other.comparisons;
        self.shifts += other.shifts;
        self.bytes += other.bytes;
        self.spikes += other.spikes;
    }
}

impl Counts {
    /// Everything but products, divisions and memory.
    pub fn simple(&self) -> u64 {
        self.adds + self.comparisons + self.shifts
    }

    /// Picojoules in 45 nm silicon at 0.9 V, arithmetic alone and with memory.
    ///
    /// Horowitz, "Computing's energy problem (and what we can do about it)", ISSCC 2014: addition
    /// of 32-bit integers 0.1, their product 3.1, product of 8-bit integers 0.2, and 10 for 64 bits
    /// out of a memory of 8 KiB. The paper has no figure for comparisons and shifts, charged as an
    /// addition, nor for divisions, charged as 64 additions, one a bit. Memory is charged by the
    /// byte, 10 / 8; a store costs what a load does.
    pub fn silicon_pj(&self) -> (f64, f64) {
        let arithmetic = 0.1 * self.simple() as f64
            + 3.1 * self.multiplications as f64
            + 0.2 * self.small_multiplications as f64
            + 6.4 * self.divisions as f64;
        (arithmetic, arithmetic + 1.25 * self.bytes as f64)
    }

    /// Instructions of a 32-bit RISC-V processor with multiplier, taken as cycles, by assumption:
    /// an addition or a comparison is 4 (accumulators have 64 bits), a shift or a product of 32
    /// bits 6, a product of 8 bits 2, a division of 64 bits in software 220, and 4 bytes moved 3.
    ///
    /// With these figures the sums are within 15 % of what an emulator counted for the three
    /// kinds with 8 taps on RV32IMAC; loads that wait and branches that miss are not in them.
    pub fn cycles(&self) -> f64 {
        let each = 4 * (self.adds + self.comparisons)
            + 6 * (self.shifts + self.multiplications)
            + 2 * self.small_multiplications
            + 220 * self.divisions;
        each as f64 + 0.75 * self.bytes as f64
    }

    /// Nanojoules on an ESP32-C6 at 160 MHz: [`Counts::cycles`] at the power that its data sheet
    /// gives for a running processor, peripherals and all.
    pub fn esp32_c6_nj(&self) -> f64 {
        let cycle_nj = f64::from(PowerProfile::ESP32_C6.cpu_uw) * 1e-6 / 160e6 * 1e9;
        self.cycles() * cycle_nj
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn costs_by_hand() {
        let counts = Counts {
            adds: 10,
            multiplications: 2,
            small_multiplications: 5,
            divisions: 1,
            comparisons: 4,
            shifts: 6,
            bytes: 16,
            spikes: 3,
        };
        let (arithmetic, all) = counts.silicon_pj();
        assert!((arithmetic - (2.0 + 6.2 + 1.0 + 6.4)).abs() < 1e-9, "{arithmetic}");
        assert!((all - arithmetic - 20.0).abs() < 1e-9, "{all}");
        assert!((counts.cycles() - (56.0 + 48.0 + 10.0 + 220.0 + 12.0)).abs() < 1e-9);
        // 89.1 mW over 160 MHz: 0.556875 nJ a cycle.
        assert!((counts.esp32_c6_nj() - 346.0 * 0.556_875).abs() < 1e-9);
        let mut twice = counts;
        twice += counts;
        assert_eq!((twice.bytes, twice.spikes, twice.simple()), (32, 6, 40));
    }
}
