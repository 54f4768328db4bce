//! From the raw numbers of the chip's sensors to Q16.16, in integers. Must not read them.

use qres_core::q16::Q16;

/// Degrees Celsius of the chip's own sensor: 0.4386 raw - 27.88 range - 20.52, rounded down.
/// `range` is the offset of the range that the sensor is set to, -2 to 2.
///
/// Source: ESP32-C6 Technical Reference Manual (Espressif), chapter on-chip sensor, conversion of
/// the temperature sensor's output.
#[must_use]
pub const fn celsius(raw: u8, range: i8) -> Q16 {
    ten_thousandths(4_386 * raw as i64 - 278_800 * range as i64 - 205_200)
}

/// Volts, of a calibrated reading in millivolts, rounded down.
#[must_use]
pub const fn volts(millivolts: u16) -> Q16 {
    ten_thousandths(10 * millivolts as i64)
}

const fn ten_thousandths(value: i64) -> Q16 {
    // At most 0.4386 * 255 + 2 * 27.88 and 65.5: far inside the range.
    Q16::from_bits((value * 65_536).div_euclid(10_000) as i32)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn readings_are_the_formula_rounded_down() {
        // Each is the figure times 65,536, rounded down by hand.
        let table = [
            // 0.4386 * 100 + 27.88 - 20.52 = 51.22
            (celsius(100, -1), 3_356_753),
            // 27.88 - 20.52 = 7.36
            (celsius(0, -1), 482_344),
            (celsius(0, 0), -1_344_799),
            // 111.843 - 55.76 - 20.52 = 35.563
            (celsius(255, 2), 2_330_656),
            (volts(0), 0),
            (volts(3_300), 216_268),
            (volts(u16::MAX), 4_294_901),
        ];
        for (got, bits) in table {
            assert_eq!(got.to_bits(), bits);
        }
    }
}
