//! What nodes are placed by, at the start and in mid-run: what the air does over a distance, what
//! there is to sense, and where in its phase a sensor stands. Nothing here ticks.

use qres_core::draw::{Purpose, draw};

use crate::scenario::{Phase, Scenario, Source};
use crate::world::graph::LossLaw;

/// Where a mesh stands.
#[derive(Clone, Debug)]
pub struct Site {
    /// What links lose.
    pub law: LossLaw,
    /// Names of the modalities, by group.
    pub modalities: Vec<String>,
    /// How phases are given, by group; `None` where there are none.
    phases: Vec<Option<Phase>>,
}

impl Site {
    /// The site of a checked scenario.
    #[must_use]
    pub fn new(scenario: &Scenario) -> Self {
        let radio = &scenario.radio;
        let phase = |source: &Source| match source {
            Source::Synthetic(synthetic) => Some(synthetic.phase),
            _ => None,
        };
        Self {
            law: LossLaw {
                range_mm: radio.range_mm,
                at_range_percent: radio.loss_at_range_percent,
                floor_percent: radio.loss_floor_percent,
            },
            modalities: scenario.signals.iter().map(|signal| signal.modality.clone()).collect(),
            phases: scenario.signals.iter().map(|signal| phase(&signal.source)).collect(),
        }
    }

    /// The lead of a node's sensor over the shared phase, in turns of 2^32.
    #[must_use]
    pub fn phase(&self, seed: u64, node: u32, group: u32, position_mm: [i32; 3]) -> u32 {
        match self.phases.get(group as usize).copied().flatten() {
            None | Some(Phase::Shared) => 0,
            Some(Phase::ByNode) => draw(seed, Purpose::Phase, node, 0, 0) as u32,
            Some(Phase::ByPosition) => {
                let turn_mm = i64::from(self.law.range_mm.max(1)) * 32;
                ((i64::from(position_mm[0]).rem_euclid(turn_mm) << 32) / turn_mm) as u32
            }
        }
    }
}
