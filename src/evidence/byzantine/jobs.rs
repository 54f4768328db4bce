//! The rows of the table as work to do: those of a default run, and all of them. Each has an id
//! that names it among all, and belongs to a group that shares its controls.

use super::arms::{
    AGAINST_ALL, Arm, BY_ITSELF, CLOSEST, Defence, GATED_PERCENT, IN_OTHERS_NAMES, ON_GRAPHS, OURS,
    SIGNED, Trouble, attacks, ours, rules,
};
use super::ground::Ground;
use crate::scenario::Attack;

/// What a row measures.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Measure {
    /// Drift at the arm's share.
    Drift,
    /// The largest share at which drift stays within the gate.
    Breakdown,
}

impl Measure {
    pub const fn name(self) -> &'static str {
        match self {
            Self::Drift => "drift",
            Self::Breakdown => "breakdown",
        }
    }
}

/// One row.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Job {
    pub measure: Measure,
    pub arm: Arm,
    /// Seeds 1 to this.
    pub seeds: u64,
    /// Rows of one group share controls; a shard has all of a group or none.
    pub group: usize,
}

/// Rows of a group at most.
const GROUP_MOST: usize = 6;
/// When all rows are judged.
pub(super) const END_TICK: u64 = 2_400;
/// Runs that a bisection takes for each seed.
const PROBES: u64 = 5;

impl Job {
    /// Names the row among all rows: what it measures, where, against what and how often.
    pub fn id(&self) -> String {
        let arm = &self.arm;
        let weather = if arm.storm { "storm" } else { "calm" };
        let share = match self.measure {
            Measure::Drift => format!("{} percent", arm.share_percent),
            Measure::Breakdown => "any share".to_owned(),
        };
        format!(
            "{} {} {} {weather} {share} {} {} {} seeds",
            self.measure.name(),
            arm.ground.name(),
            arm.nodes,
            arm.defence.name,
            arm.attack_name,
            self.seeds
        )
    }

    /// How much work it is, in runs of 100 nodes.
    pub fn weight(&self) -> u64 {
        let runs = match self.measure {
            Measure::Drift => self.seeds,
            Measure::Breakdown => self.seeds * PROBES * 2,
        };
        runs * u64::from(self.arm.nodes).div_ceil(100)
    }
}

/// Seeds of each kind of row.
struct Seeds {
    ours: u64,
    ours_at_1000: u64,
    rules: u64,
    graphs: u64,
    rules_on_graphs: u64,
    breakdown: u64,
    breakdown_of_rules: u64,
}

const SEEDS: Seeds = Seeds {
    ours: 10,
    ours_at_1000: 3,
    rules: 5,
    graphs: 5,
    rules_on_graphs: 3,
    breakdown: 5,
    breakdown_of_rules: 3,
};
/// More where the figures that are quoted come from.
const FULL: Seeds = Seeds { ours: 20, ours_at_1000: 10, rules: 10, ..SEEDS };

/// The rows of a default run.
pub(super) fn usual() -> Vec<Job> {
    let mut list = List::default();
    list.ours(Ground::Field, 100, SEEDS.ours, None);
    list.signed(100, SEEDS.ours);
    list.ours(Ground::Field, 1_000, SEEDS.ours_at_1000, None);
    list.by_itself(100, SEEDS.ours);
    list.by_itself(1_000, SEEDS.ours_at_1000);
    list.troubles(100, SEEDS.rules);
    list.rules(Ground::Field, 100, &[false], SEEDS.rules);
    for (ground, nodes) in GRAPHS {
        list.ours(ground, nodes, SEEDS.graphs, Some(&ON_GRAPHS));
    }
    list.breakdown(&OURS, &AGAINST_ALL, &[false, true], SEEDS.breakdown);
    list.jobs
}

/// All rows.
pub(super) fn all() -> Vec<Job> {
    let mut list = List::default();
    let every: Vec<&str> = attacks().into_iter().map(|(name, ..)| name).collect();
    list.ours(Ground::Field, 100, FULL.ours, None);
    list.signed(100, FULL.ours);
    list.by_itself(100, FULL.ours);
    list.troubles(100, FULL.rules);
    list.rules(Ground::Field, 100, &[false, true], FULL.rules);
    for (ground, nodes) in GRAPHS {
        list.ours(ground, nodes, FULL.graphs, Some(&every));
        list.rules(ground, nodes, &[false], FULL.rules_on_graphs);
    }
    list.breakdown(&OURS, &every, &[false, true], FULL.breakdown);
    for rule in rules(Ground::Field) {
        list.breakdown(&rule, &AGAINST_ALL, &[false], FULL.breakdown_of_rules);
    }
    // Those that take longest come last.
    list.ours(Ground::Field, 1_000, FULL.ours_at_1000, None);
    list.by_itself(1_000, FULL.ours_at_1000);
    list.troubles(1_000, FULL.ours_at_1000);
    list.jobs
}

/// Graphs beside the field, and their nodes.
const GRAPHS: [(Ground, u32); 3] =
    [(Ground::Ring, 100), (Ground::Grid, 100), (Ground::TwoWorlds, 26)];

#[derive(Default)]
struct List {
    jobs: Vec<Job>,
    group: usize,
    in_group: usize,
}

impl List {
    fn push(&mut self, measure: Measure, arm: Arm, seeds: u64) {
        let is_new = self.jobs.last().is_none_or(|last| {
            let of = |arm: &Arm| (arm.defence.name, arm.storm, arm.nodes, arm.ground);
            last.measure != measure || of(&last.arm) != of(&arm) || self.in_group == GROUP_MOST
        });
        if is_new && !self.jobs.is_empty() {
            (self.group, self.in_group) = (self.group + 1, 0);
        }
        self.in_group += 1;
        self.jobs.push(Job { measure, arm, seeds, group: self.group });
    }

    /// Our defence under all attacks or some, in calm and in a storm.
    fn ours(&mut self, ground: Ground, nodes: u32, seeds: u64, only: Option<&[&str]>) {
        for storm in [false, true] {
            self.against(Measure::Drift, &OURS, (ground, nodes, storm), only, seeds);
        }
    }

    /// Our defence where updates are signed, under attacks that speak in others' names.
    fn signed(&mut self, nodes: u32, seeds: u64) {
        for storm in [false, true] {
            let place = (Ground::Field, nodes, storm);
            self.against(Measure::Drift, &SIGNED, place, Some(&IN_OTHERS_NAMES), seeds);
        }
    }

    /// Our defence that judges offers by themselves only, under the attacks that come closest.
    fn by_itself(&mut self, nodes: u32, seeds: u64) {
        for storm in [false, true] {
            let place = (Ground::Field, nodes, storm);
            self.against(Measure::Drift, &BY_ITSELF, place, Some(&CLOSEST), seeds);
        }
    }

    /// Each rule alone under the six attacks that meet every rule.
    fn rules(&mut self, ground: Ground, nodes: u32, storms: &[bool], seeds: u64) {
        for rule in rules(ground) {
            for storm in storms {
                let place = (ground, nodes, *storm);
                self.against(Measure::Drift, &rule, place, Some(&AGAINST_ALL), seeds);
            }
        }
    }

    fn breakdown(&mut self, defence: &Defence, only: &[&str], storms: &[bool], seeds: u64) {
        for storm in storms {
            let place = (Ground::Field, 100, *storm);
            self.against(Measure::Breakdown, defence, place, Some(only), seeds);
        }
    }

    fn against(
        &mut self,
        measure: Measure,
        defence: &Defence,
        (ground, nodes, storm): (Ground, u32, bool),
        only: Option<&[&str]>,
        seeds: u64,
    ) {
        let is_asked = |name: &str| only.is_none_or(|names| names.contains(&name));
        for (name, attack, collude) in attacks().into_iter().filter(|(name, ..)| is_asked(name)) {
            let arm = Arm {
                attack_name: name,
                trouble: Trouble::Lies { attack, collude },
                defence: if *defence == OURS { ours(&attack) } else { defence.clone() },
                share_percent: GATED_PERCENT,
                storm,
                nodes,
                ground,
                end_tick: END_TICK,
            };
            self.push(measure, arm, seeds);
        }
    }

    /// What the gate is not for: jamming, eclipses and Sybils that join.
    fn troubles(&mut self, nodes: u32, seeds: u64) {
        let bias = Attack::Bias { bias: 0.5 };
        let little = Attack::LittleIsEnough { z: 0.0, search: true };
        let troubles = [
            ("jamming", Trouble::Jamming),
            ("eclipse, constant bias", Trouble::Eclipse { attack: bias, collude: false }),
            ("eclipse, a little is enough", Trouble::Eclipse { attack: little, collude: true }),
            ("Sybil joins, constant bias", Trouble::Sybils { attack: bias }),
            ("Sybil joins, a little is enough", Trouble::Sybils { attack: little }),
        ];
        for storm in [false, true] {
            for (attack_name, trouble) in troubles {
                let arm = Arm {
                    attack_name,
                    trouble,
                    defence: OURS,
                    share_percent: GATED_PERCENT,
                    storm,
                    nodes,
                    ground: Ground::Field,
                    end_tick: END_TICK,
                };
                self.push(Measure::Drift, arm, seeds);
            }
        }
    }
}
