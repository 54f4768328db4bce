//! What the lamp shows: a colour for each regime, and the pulses that a WS2812 wants for it. Must
//! not know what drives the pin.

use qres_core::regime::Regime;
use qres_firmware::{Activity, Light};

/// Bits of a colour on the wire.
pub const BITS: usize = 24;

/// Brightness in calm weather, and at most; a WS2812 hurts the eye long before 255.
const CALM_LEVEL: u16 = 16;
const STORM_LEVEL: u16 = 80;

/// How bright each of the lamp's three lights is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Glow {
    /// Red, 0 to 255.
    pub red: u8,
    /// Green, 0 to 255.
    pub green: u8,
    /// Blue, 0 to 255.
    pub blue: u8,
}

/// The glow for a light. A board that waits is dim white; a node is blue in calm, amber before a
/// storm and red in one, the brighter the stronger the storm that its host reports; without power
/// it is a faint violet. While it blinks it is off every other moment. A free node
/// flickers: `odd` says whether this is every second tick, in which it is a quarter as bright.
#[must_use]
pub fn glow(light: Light, odd: bool) -> Glow {
    if light.is_dark {
        return Glow::default();
    }
    let full = CALM_LEVEL + u16::from(light.storm) * (STORM_LEVEL - CALM_LEVEL) / 255;
    let level = if light.activity == Activity::Free && odd { full / 4 } else { full };
    // Parts in 16.
    let (red, green, blue) = match (light.activity, light.is_browned_out, light.regime) {
        (Activity::Waiting, ..) => (4, 4, 4),
        (_, true, _) => (2, 0, 2),
        (_, _, Regime::Calm) => (0, 0, 16),
        (_, _, Regime::PreStorm) => (16, 6, 0),
        (_, _, Regime::Storm) => (16, 0, 0),
    };
    let part = |sixteenths: u16| (level * sixteenths / 16) as u8;
    Glow { red: part(red), green: part(green), blue: part(blue) }
}

/// How long the wire is high and then low for each bit, in nanoseconds: green, red, blue, highest
/// bit first. Source: WS2812B data sheet (Worldsemi), table of data transfer times.
#[must_use]
pub fn pulses(glow: Glow) -> [(u32, u32); BITS] {
    const ZERO_NS: (u32, u32) = (400, 850);
    const ONE_NS: (u32, u32) = (800, 450);
    let word = u32::from_be_bytes([0, glow.green, glow.red, glow.blue]);
    core::array::from_fn(|bit| {
        let is_one = word >> (BITS - 1 - bit) & 1 == 1;
        if is_one { ONE_NS } else { ZERO_NS }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const MIRRORED: Light = Light {
        activity: Activity::Mirrored,
        regime: Regime::Calm,
        storm: 0,
        is_browned_out: false,
        is_dark: false,
    };

    #[test]
    fn each_state_has_its_glow() {
        let waiting = Light { activity: Activity::Waiting, ..MIRRORED };
        let dark = Light { is_browned_out: true, ..MIRRORED };
        let before = Light { regime: Regime::PreStorm, ..MIRRORED };
        let storm = Light { regime: Regime::Storm, ..MIRRORED };
        let wild = Light { storm: 255, ..storm };
        let blinks = Light { is_dark: true, ..wild };
        let free = Light { activity: Activity::Free, ..MIRRORED };
        let table = [
            (waiting, false, (4, 4, 4)),
            (waiting, true, (4, 4, 4)),
            (MIRRORED, false, (0, 0, 16)),
            (MIRRORED, true, (0, 0, 16)),
            (before, false, (16, 6, 0)),
            (storm, false, (16, 0, 0)),
            (wild, false, (80, 0, 0)),
            (dark, false, (2, 0, 2)),
            (blinks, false, (0, 0, 0)),
            (blinks, true, (0, 0, 0)),
            (free, false, (0, 0, 16)),
            (free, true, (0, 0, 4)),
        ];
        for (light, odd, (red, green, blue)) in table {
            assert_eq!(glow(light, odd), Glow { red, green, blue }, "{light:?} {odd}");
        }
    }

    #[test]
    fn pulses_are_green_red_blue_from_the_highest_bit() {
        let pulses = pulses(Glow { red: 0x01, green: 0x80, blue: 0xA5 });
        let bits = pulses.map(|pulse| if pulse == (800, 450) { '1' } else { '0' });
        let text: heapless::String<BITS> = bits.into_iter().collect();
        assert_eq!(text, "100000000000000110100101");
        assert!(pulses.iter().all(|(high, low)| high + low == 1_250));
    }
}
