//! The scenarios and sample signals inside the binary, and how an argument becomes a scenario.
//! Must not search folders: an argument is a path or a name, nothing else.

use std::path::Path;

use super::{
    Problem, Scenario,
    problem::{clip, nearest},
};

const EMBEDDED: &[(&str, &str)] = &[
    ("air-quality", include_str!("../../scenarios/air-quality.ron")),
    ("calm-24h", include_str!("../../scenarios/calm-24h.ron")),
    ("cartel", include_str!("../../scenarios/cartel.ron")),
    ("city-10k", include_str!("../../scenarios/city-10k.ron")),
    ("energy-siege", include_str!("../../scenarios/energy-siege.ron")),
    ("false-cure", include_str!("../../scenarios/false-cure.ron")),
    ("fusion", include_str!("../../scenarios/fusion.ron")),
    ("intermittent-solar", include_str!("../../scenarios/intermittent-solar.ron")),
    ("mutation-cascade", include_str!("../../scenarios/mutation-cascade.ron")),
    ("partition", include_str!("../../scenarios/partition.ron")),
    ("solar-week", include_str!("../../scenarios/solar-week.ron")),
    ("storm-front", include_str!("../../scenarios/storm-front.ron")),
    ("stragglers", include_str!("../../scenarios/stragglers.ron")),
    ("sybil", include_str!("../../scenarios/sybil.ron")),
    ("toolbox", include_str!("../../scenarios/toolbox.ron")),
    ("under-the-hammer", include_str!("../../scenarios/under-the-hammer.ron")),
];

const SAMPLES: &[(&str, &str)] = &[("tide.csv", include_str!("../../assets/signals/tide.csv"))];

/// A scenario and where it came from.
#[derive(Debug, Clone, PartialEq)]
pub struct Resolved {
    /// The path as given, or the embedded name.
    pub name: String,
    /// The text of the file with everything that it includes.
    pub text: String,
    /// What it says.
    pub scenario: Scenario,
}

/// Names (without `.ron`) and texts of the scenarios in the binary, by name.
#[must_use]
pub const fn embedded() -> &'static [(&'static str, &'static str)] {
    EMBEDDED
}

/// The text of an embedded sample signal.
#[must_use]
pub fn sample(file: &str) -> Option<&'static str> {
    SAMPLES.iter().find(|(name, _)| *name == file).map(|(_, text)| *text)
}

/// The names of the embedded sample signals.
pub fn sample_names() -> impl Iterator<Item = &'static str> {
    SAMPLES.iter().map(|(name, _)| *name)
}

/// Whether `argument` names an embedded scenario, with or without `.ron`.
pub(super) fn is_embedded(argument: &str) -> bool {
    let name = argument.strip_suffix(".ron").unwrap_or(argument);
    EMBEDDED.iter().any(|(known, _)| *known == name)
}

/// Finds a scenario by path, or by the name of an embedded one with or without `.ron`.
///
/// A file wins over an embedded scenario of the same name.
///
/// # Errors
///
/// What is wrong with the file; or, when there is neither a file nor such a name, the names there
/// are and the nearest.
pub fn resolve(argument: &str) -> Result<Resolved, Problem> {
    let path = Path::new(argument);
    let name = argument.strip_suffix(".ron").unwrap_or(argument);
    let known = EMBEDDED.iter().find(|(known, _)| *known == name);
    if let Some((name, text)) = known
        && !path.is_file()
    {
        let (scenario, text) = Scenario::parse_whole(&format!("{name}.ron"), text, None)?;
        return Ok(Resolved { name: (*name).to_owned(), text, scenario });
    }
    if path.exists() {
        let (scenario, text) = Scenario::load(path)?;
        return Ok(Resolved { name: argument.to_owned(), text, scenario });
    }
    let names = || EMBEDDED.iter().map(|(name, _)| *name);
    let file_name = path.file_stem().and_then(|stem| stem.to_str()).unwrap_or(name);
    let hint = super::combine::meant(nearest(file_name, names()));
    let shown = clip(argument, 200);
    Err(Problem::of_file(
        shown,
        format!("no such file, and no embedded scenario of that name{hint}"),
        format!("embedded: {}", names().collect::<Vec<_>>().join(", ")),
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_embedded_scenario_is_good() {
        for (name, text) in embedded() {
            let scenario = Scenario::parse(name, text).unwrap_or_else(|p| panic!("{p:#}"));
            let again = Scenario::parse(name, &scenario.to_ron());
            assert_eq!(again.unwrap_or_else(|p| panic!("{p:#}")), scenario);
        }
    }

    #[test]
    fn resolves_names_and_says_what_there_is() {
        for argument in ["storm-front", "storm-front.ron"] {
            let resolved = resolve(argument).unwrap_or_else(|p| panic!("{p:#}"));
            assert_eq!(resolved.name, "storm-front");
        }
        let cases = [
            ("storm-frnot", "did you mean `storm-front`?"),
            ("no/where/calm-24.ron", "did you mean `calm-24h`?"),
            (
                "",
                "embedded: air-quality, calm-24h, cartel, city-10k, energy-siege, false-cure, \
                 fusion, intermittent-solar, mutation-cascade, partition, solar-week, \
                 storm-front, stragglers, sybil, toolbox, under-the-hammer",
            ),
            ("zzz", "embedded: air-quality"),
        ];
        for (argument, expected) in cases {
            let problem = resolve(argument).err().map(|p| p.to_string()).unwrap_or_default();
            assert!(problem.contains(expected), "{argument}: {problem}");
        }
        let folder = std::env::temp_dir();
        let problem = resolve(&folder.to_string_lossy()).err().map(|p| p.to_string());
        assert!(problem.unwrap_or_default().contains("is a folder"));
    }
}
