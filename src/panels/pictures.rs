//! Small pictures of the scenarios in the binary, at their best moments.

macro_rules! pictures {
    ($($name:literal),* $(,)?) => {
        &[$((
            $name,
            include_bytes!(concat!("../../assets/thumbnails/", $name, ".png")).as_slice(),
        )),*]
    };
}

/// By name of the scenario: PNG files of 240 by 135 pixels.
const PICTURES: &[(&str, &[u8])] = pictures![
    "air-quality",
    "calm-24h",
    "cartel",
    "city-10k",
    "energy-siege",
    "false-cure",
    "fusion",
    "intermittent-solar",
    "mutation-cascade",
    "partition",
    "solar-week",
    "storm-front",
    "stragglers",
    "sybil",
    "toolbox",
    "under-the-hammer",
];

/// The picture of a scenario, if there is one.
#[must_use]
pub fn of(name: &str) -> Option<&'static [u8]> {
    PICTURES.iter().find(|(known, _)| *known == name).map(|(_, bytes)| *bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_scenario_in_the_binary_has_a_picture() {
        for (name, _) in crate::scenario::embedded() {
            assert!(of(name).is_some_and(|bytes| bytes.starts_with(b"\x89PNG")), "{name}");
        }
    }
}
