//! The rows of the table: who lies, how well it hides that, and how often it is asked.

use crate::scenario::Attack;

/// What a row is held to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Goal {
    /// Nothing: a control.
    None,
    /// All are convicted, soon and cheaply.
    Convicts,
    /// Nobody is convicted, and drift is bounded.
    Spares,
}

/// One row.
#[derive(Clone, Debug)]
pub(super) struct Arm {
    pub members: &'static str,
    pub attack_name: &'static str,
    /// `None`: nobody lies.
    pub attack: Option<Attack>,
    pub covers_up: bool,
    pub every_rounds: u8,
    pub rate_percent: f64,
    pub goal: Goal,
}

/// Rounds of a commitment in most rows.
const EVERY: u8 = 64;

impl Arm {
    fn new(members: &'static str, named: (&'static str, Attack), rate_percent: f64) -> Self {
        let covers_up = members == "covered";
        let goal = if members == "poisoned" { Goal::Spares } else { Goal::Convicts };
        let (attack_name, attack) = (named.0, Some(named.1));
        Self { members, attack_name, attack, covers_up, every_rounds: EVERY, rate_percent, goal }
    }
}

const CARTEL: (&str, Attack) =
    ("cartel within 1.5 sigma", Attack::Cartel { sigmas: 1.5, ramp_rounds: 30 });
const SIGN_FLIP: (&str, Attack) = ("sign flip", Attack::SignFlip { scale: 1.0 });
const VOTE_SPOOF: (&str, Attack) = ("vote spoofing", Attack::VoteSpoof);
const FLOAT: (&str, Attack) = ("float cheater", Attack::FloatCheater { bits: 11 });
const LABEL_FLIP: (&str, Attack) = ("label flip", Attack::LabelFlip);

/// All rows.
pub(super) fn arms() -> Vec<Arm> {
    let naive = |attack, rate| Arm::new("naive", attack, rate);
    let covered = |attack, rate| Arm::new("covered", attack, rate);
    let mut arms = vec![
        Arm { every_rounds: 0, goal: Goal::None, ..naive(CARTEL, 2.0) },
        Arm { attack: None, attack_name: "none", goal: Goal::None, ..naive(CARTEL, 2.0) },
    ];
    arms.extend([0.5, 2.0, 10.0].map(|rate| naive(CARTEL, rate)));
    arms.extend([16, 32].map(|every_rounds| Arm { every_rounds, ..naive(CARTEL, 0.5) }));
    arms.extend([SIGN_FLIP, VOTE_SPOOF, FLOAT].map(|attack| naive(attack, 0.5)));
    arms.extend([0.2, 0.5, 1.0, 2.0, 5.0, 10.0].map(|rate| covered(CARTEL, rate)));
    arms.extend([16, 32].map(|every_rounds| Arm { every_rounds, ..covered(CARTEL, 2.0) }));
    arms.extend([SIGN_FLIP, VOTE_SPOOF, FLOAT].map(|attack| covered(attack, 2.0)));
    arms.extend([0.5, 2.0].map(|rate| Arm::new("poisoned", LABEL_FLIP, rate)));
    arms
}
