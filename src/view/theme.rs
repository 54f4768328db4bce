//! The scene's colours, in one place: what each light in the picture means.
//!
//! The panels read the same table, so the legend cannot disagree with the scene. Nothing outside
//! this file and `panels/theme.rs` may write a colour as a literal.

use bevy::math::Vec4;
use bevy::prelude::{Color, LinearRgba};
use serde::{Deserialize, Serialize};

/// A colour as people write it: gamma-encoded red, green and blue.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Tint(pub u8, pub u8, pub u8);

impl Tint {
    /// The same colour as linear light, for the shaders.
    #[must_use]
    pub fn linear(self) -> Vec4 {
        let linear = LinearRgba::from(Color::srgb_u8(self.0, self.1, self.2));
        Vec4::new(linear.red, linear.green, linear.blue, 1.0)
    }
}

/// Which set of meaningful colours is in use.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum Palette {
    /// Deep blue, amber, red.
    #[default]
    Standard,
    /// Told apart by people with any of the common colour deficiencies.
    Safe,
}

impl Palette {
    /// The other palette.
    #[must_use]
    pub fn toggled(self) -> Self {
        match self {
            Self::Standard => Self::Safe,
            Self::Safe => Self::Standard,
        }
    }

    /// What people call it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Standard => "standard",
            Self::Safe => "colour-blind safe",
        }
    }

    const fn meanings(self) -> &'static Meanings {
        match self {
            Self::Standard => &STANDARD,
            Self::Safe => &SAFE,
        }
    }

    /// Calm, `PreStorm`, Storm.
    #[must_use]
    pub const fn regimes(self) -> [Tint; 3] {
        self.meanings().regimes
    }

    /// Update, Poll, Beacon, Grant, Relay, and talk of genes.
    #[must_use]
    pub const fn packets(self) -> [Tint; 6] {
        self.meanings().packets
    }

    /// Modality groups, in order; more than these share the last.
    #[must_use]
    pub const fn groups(self) -> [Tint; 5] {
        self.meanings().groups
    }

    /// What sets a node of one world apart from the same node of the other.
    #[must_use]
    pub const fn difference(self) -> Tint {
        match self {
            Self::Standard => Tint(190, 255, 84),
            Self::Safe => Tint(255, 246, 196),
        }
    }

    /// A board that is not as its twin.
    #[must_use]
    pub const fn parted(self) -> Tint {
        match self {
            Self::Standard => Tint(255, 40, 214),
            Self::Safe => Tint(255, 96, 222),
        }
    }

    /// Lines of evolved genes run between these; apart from the colours of alarm.
    #[must_use]
    pub const fn lineage(self) -> [Tint; 3] {
        self.meanings().lineage
    }
}

/// The colours of a palette, by what they mean.
struct Meanings {
    regimes: [Tint; 3],
    packets: [Tint; 6],
    groups: [Tint; 5],
    lineage: [Tint; 3],
}

const STANDARD: Meanings = Meanings {
    regimes: [Tint(46, 118, 255), Tint(255, 166, 33), Tint(255, 50, 44)],
    packets: [
        Tint(158, 226, 255),
        Tint(186, 140, 255),
        Tint(104, 245, 178),
        Tint(255, 138, 214),
        Tint(214, 238, 112),
        Tint(255, 250, 240),
    ],
    groups: [
        Tint(72, 190, 255),
        Tint(160, 126, 255),
        Tint(84, 226, 168),
        Tint(255, 190, 92),
        Tint(255, 122, 160),
    ],
    lineage: [Tint(64, 236, 196), Tint(150, 120, 255), Tint(255, 120, 236)],
};

const SAFE: Meanings = Meanings {
    regimes: [Tint(63, 115, 166), Tint(246, 226, 64), Tint(232, 102, 22)],
    packets: [
        Tint(207, 241, 255),
        Tint(138, 116, 231),
        Tint(53, 172, 150),
        Tint(215, 150, 218),
        Tint(181, 195, 142),
        Tint(250, 237, 222),
    ],
    groups: [
        Tint(135, 187, 231),
        Tint(161, 126, 255),
        Tint(65, 252, 184),
        Tint(255, 194, 90),
        Tint(255, 104, 154),
    ],
    lineage: [Tint(70, 235, 196), Tint(152, 115, 255), Tint(255, 138, 217)],
};

/// Reputation ring.
pub const RING: Tint = Tint(206, 226, 255);
/// What is selected.
pub const SELECTION: Tint = Tint(255, 255, 255);
/// Links at rest.
pub const LINK: Tint = Tint(92, 132, 196);
/// Ground grid.
pub const GRID: Tint = Tint(84, 120, 176);
/// Background straight up.
pub const SKY_TOP: Tint = Tint(5, 8, 16);
/// Background at the horizon.
pub const SKY_HORIZON: Tint = Tint(17, 25, 43);
/// Background straight down.
pub const SKY_FLOOR: Tint = Tint(4, 6, 11);
/// Storm: thin outer cloud.
pub const STORM_DEEP: Tint = Tint(92, 22, 96);
/// Storm: body.
pub const STORM_BODY: Tint = Tint(226, 34, 44);
/// Storm: hottest filaments.
pub const STORM_CORE: Tint = Tint(255, 120, 44);
/// A packet that is lost.
pub const LOST: Tint = Tint(255, 92, 60);
/// Low end of a scale.
pub const RAMP_LOW: Tint = Tint(58, 44, 120);
/// High end of a scale.
pub const RAMP_HIGH: Tint = Tint(120, 246, 214);
/// A board's link that stands. It is no light of the scene.
pub const LINK_UP: Tint = Tint(104, 245, 178);
/// A recording that runs. It is no light of the scene.
pub const RECORDING: Tint = Tint(255, 84, 84);
/// A sleeping node when coloured by sleep.
pub const ASLEEP: Tint = Tint(74, 84, 112);

/// How many colours the shaders know; the order is that of `assets/shaders/common.wgsl`.
pub const SLOTS: usize = 33;

/// The table as the shaders read it.
#[must_use]
pub fn table(palette: Palette) -> [Vec4; SLOTS] {
    let mut table = [Vec4::ZERO; SLOTS];
    let fixed = [
        RING,
        SELECTION,
        LINK,
        GRID,
        SKY_TOP,
        SKY_HORIZON,
        SKY_FLOOR,
        STORM_DEEP,
        STORM_BODY,
        STORM_CORE,
        LOST,
        RAMP_LOW,
        RAMP_HIGH,
        ASLEEP,
    ];
    let all = palette.regimes().into_iter().chain(palette.packets()).chain(fixed);
    let all = all.chain(palette.groups()).chain(palette.lineage());
    let all = all.chain([palette.difference(), palette.parted()]);
    for (slot, tint) in table.iter_mut().zip(all) {
        *slot = tint.linear();
    }
    table
}

/// What lies behind everything until the first frame is drawn.
#[must_use]
pub fn clear() -> Color {
    Color::srgb_u8(SKY_FLOOR.0, SKY_FLOOR.1, SKY_FLOOR.2)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_slot_is_filled() {
        let table = table(Palette::Standard);
        assert_eq!(table.iter().filter(|slot| slot.w > 0.0).count(), SLOTS);
    }

    #[test]
    fn palettes_toggle() {
        assert_eq!(Palette::Standard.toggled().toggled(), Palette::Standard);
    }
}
