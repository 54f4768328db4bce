//! The attacks that hands can give to nodes: their names, the one number of each that says how
//! strong it is, and how both become a command. What an attack does is docs/attacks.md.

use crate::scenario::{Attack, Direction};

/// An attack to choose.
#[derive(Clone, Copy)]
pub struct Choice {
    /// What it is called.
    pub name: &'static str,
    /// How strong it is, where it has a number for that.
    pub strength: Option<Strength>,
    make: fn(f64) -> Attack,
}

/// The number that says how strong an attack is.
#[derive(Clone, Copy)]
pub struct Strength {
    /// What is counted.
    pub name: &'static str,
    /// Least and greatest.
    pub range: (f64, f64),
    /// What it is at first, as in a scenario.
    pub usual: f64,
    /// Whether it is a whole number.
    pub is_whole: bool,
}

impl Choice {
    /// The attack at this strength; `None` for its usual one.
    #[must_use]
    pub fn attack(&self, strength: Option<f64>) -> Attack {
        let usual = self.strength.map_or(0.0, |strength| strength.usual);
        (self.make)(strength.unwrap_or(usual))
    }
}

const fn plain(name: &'static str, make: fn(f64) -> Attack) -> Choice {
    Choice { name, strength: None, make }
}

const fn with(
    name: &'static str,
    (what, low, high, usual): (&'static str, f64, f64, f64),
    make: fn(f64) -> Attack,
) -> Choice {
    let strength = Strength { name: what, range: (low, high), usual, is_whole: false };
    Choice { name, strength: Some(strength), make }
}

const BITS: Strength = Strength { name: "bits", range: (1.0, 16.0), usual: 11.0, is_whole: true };

/// All of them, in the order of the scenario format.
pub const ALL: [Choice; 25] = [
    with("Bias", ("by", -8.0, 8.0, 0.5), |bias| Attack::Bias { bias }),
    with("SignFlip", ("times", 0.0, 1_000.0, 1.0), |scale| Attack::SignFlip { scale }),
    with("Gaussian", ("deviation", 0.0, 1_000.0, 1.0), |deviation| Attack::Gaussian { deviation }),
    plain("Saturate", |_| Attack::Saturate),
    with("InnerProduct", ("epsilon", 0.0, 64.0, 2.0), |epsilon| Attack::InnerProduct {
        epsilon,
        search: false,
    }),
    with("LittleIsEnough", ("deviations", 0.0, 64.0, 1.5), |z| Attack::LittleIsEnough {
        z,
        search: false,
    }),
    plain("MinMax", |_| Attack::MinMax { direction: Direction::Deviation }),
    plain("MinSum", |_| Attack::MinSum { direction: Direction::Deviation }),
    plain("Mimic", |_| Attack::Mimic),
    with("Dissensus", ("epsilon", 0.0, 64.0, 2.0), |epsilon| Attack::Dissensus { epsilon }),
    with("Spectral", ("times", 0.0, 1_000.0, 1.0), |scale| Attack::Spectral { scale }),
    with("DirectedDeviation", ("times", -1_000.0, 1_000.0, -5.0), |factor| {
        Attack::DirectedDeviation { factor }
    }),
    with("TopologyLiar", ("times", -1_000.0, 1_000.0, -5.0), |factor| Attack::TopologyLiar {
        factor,
    }),
    plain("LabelFlip", |_| Attack::LabelFlip),
    plain("Replay", |_| Attack::Replay),
    plain("Stale", |_| Attack::Stale),
    plain("FreeRider", |_| Attack::FreeRider),
    plain("GenePoison", |_| Attack::GenePoison),
    with("FalseEntropy", ("noise", 0.0, 1_000.0, 20.0), |noise| Attack::FalseEntropy { noise }),
    plain("VoteSpoof", |_| Attack::VoteSpoof),
    with("OnOff", ("times", 0.0, 1_000.0, 1.0), |scale| Attack::OnOff {
        farm_rounds: 30,
        burst_rounds: 10,
        scale,
    }),
    plain("Slander", |_| Attack::Slander),
    with("AuditPrediction", ("by", -8.0, 8.0, 0.5), |bias| Attack::AuditPrediction {
        every_rounds: 50,
        bias,
    }),
    Choice {
        name: "FloatCheater",
        strength: Some(BITS),
        make: |bits| Attack::FloatCheater { bits: bits.clamp(1.0, 16.0) as u8 },
    },
    with("Cartel", ("deviations", 0.0, 64.0, 1.5), |sigmas| Attack::Cartel {
        sigmas,
        ramp_rounds: 50,
    }),
];

#[cfg(test)]
mod tests {
    use super::*;

    /// The place of an attack in the format. Another kind does not compile until it is here.
    fn place(attack: &Attack) -> usize {
        match attack {
            Attack::Bias { .. } => 0,
            Attack::SignFlip { .. } => 1,
            Attack::Gaussian { .. } => 2,
            Attack::Saturate => 3,
            Attack::InnerProduct { .. } => 4,
            Attack::LittleIsEnough { .. } => 5,
            Attack::MinMax { .. } => 6,
            Attack::MinSum { .. } => 7,
            Attack::Mimic => 8,
            Attack::Dissensus { .. } => 9,
            Attack::Spectral { .. } => 10,
            Attack::DirectedDeviation { .. } => 11,
            Attack::TopologyLiar { .. } => 12,
            Attack::LabelFlip => 13,
            Attack::Replay => 14,
            Attack::Stale => 15,
            Attack::FreeRider => 16,
            Attack::GenePoison => 17,
            Attack::FalseEntropy { .. } => 18,
            Attack::VoteSpoof => 19,
            Attack::OnOff { .. } => 20,
            Attack::Slander => 21,
            Attack::AuditPrediction { .. } => 22,
            Attack::FloatCheater { .. } => 23,
            Attack::Cartel { .. } => 24,
        }
    }

    #[test]
    fn every_attack_of_the_format_is_there_with_its_usual_strength() {
        for (number, choice) in ALL.iter().enumerate() {
            let attack = choice.attack(None);
            assert_eq!(place(&attack), number, "{}", choice.name);
            let brackets =
                if choice.strength.is_some() || choice.name.starts_with("Min") { "()" } else { "" };
            let usual: Attack = ron::from_str(&format!("{}{brackets}", choice.name)).expect("one");
            assert_eq!(attack, usual);
            if let Some(Strength { range: (low, high), .. }) = choice.strength {
                assert_ne!(choice.attack(Some(low)), choice.attack(Some(high)), "{}", choice.name);
            }
        }
    }
}
