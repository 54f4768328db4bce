//! The regime detector against the rules of docs/regime.tla: same rules, same regime, in every
//! state that the rules can reach and on every sign that a sample can give.

use std::hash::{Hash, Hasher};

use qres_core::q16::{Q16, percent};
use qres_core::regime::{Regime, RegimeConfig, RegimeDetector, Signs};
use stateright::{Model, Property};

use super::{Part, explore};

const TEXT: &str = include_str!("../../../docs/regime.tla");

/// What docs/regime.tla says.
#[derive(Debug, PartialEq, Eq)]
struct Rules {
    confirm_prestorm: u8,
    confirm_storm: u8,
    confirm_calm: u8,
    dwell: u8,
    cap: u8,
    list: Vec<(Regime, String, Regime)>,
    /// What each guard asks for: all of it.
    guards: Vec<(String, Vec<Condition>)>,
}

/// A counter of the text against a constant or a number, such as `als >= ConfirmStorm`.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Condition {
    counter: String,
    compares: String,
    with: String,
    /// Added to what it is compared with; 0 as the text has it.
    off: u8,
}

impl Condition {
    fn read(text: &str) -> Self {
        let words: Vec<&str> = text.split_whitespace().collect();
        let [counter, compares, with] = words[..] else {
            panic!("docs/regime.tla has a condition {text:?}")
        };
        let [counter, compares, with] = [counter, compares, with].map(str::to_owned);
        Self { counter, compares, with, off: 0 }
    }
}

fn regime_named(name: &str) -> Regime {
    match name {
        "Calm" => Regime::Calm,
        "PreStorm" => Regime::PreStorm,
        "Storm" => Regime::Storm,
        other => panic!("docs/regime.tla names a regime {other:?}"),
    }
}

impl Rules {
    fn read(text: &str) -> Self {
        let constant = |name: &str| {
            let line = text.lines().find(|line| line.starts_with(&format!("{name} == ")));
            let value = line.and_then(|line| line.split("== ").nth(1));
            value.and_then(|value| value.trim().parse().ok()).expect(name)
        };
        let row = |line: &str| {
            let inner = line.trim().strip_prefix("<<\"")?.split("\">>").next()?;
            let mut parts = inner.split("\", \"");
            let (from, guard, to) = (parts.next()?, parts.next()?, parts.next()?);
            Some((regime_named(from), guard.to_owned(), regime_named(to)))
        };
        let guard = |line: &str| {
            let (name, asks) = line.split_once("guard = \"")?.1.split_once("\" -> ")?;
            Some((name.to_owned(), asks.split("/\\").map(Condition::read).collect()))
        };
        Self {
            confirm_prestorm: constant("ConfirmPreStorm"),
            confirm_storm: constant("ConfirmStorm"),
            confirm_calm: constant("ConfirmCalm"),
            dwell: constant("Dwell"),
            cap: constant("Cap"),
            list: text.lines().filter_map(row).collect(),
            guards: text.lines().filter_map(guard).collect(),
        }
    }

    /// `Sample` of the text: the next state of the specified machine.
    fn sample(&self, last: Specified, sign: Regime) -> Specified {
        let up = |n: u8, holds: bool| if holds { (n + 1).min(self.cap) } else { 0 };
        let mut next = Specified {
            regime: last.regime,
            at_least_prestorm: up(last.at_least_prestorm, sign >= Regime::PreStorm),
            at_least_storm: up(last.at_least_storm, sign == Regime::Storm),
            at_most_prestorm: up(last.at_most_prestorm, sign <= Regime::PreStorm),
            at_most_calm: up(last.at_most_calm, sign == Regime::Calm),
            age: up(last.age, true),
        };
        let fits = |(from, guard, _): &&(Regime, String, Regime)| {
            *from == next.regime && self.holds(guard, next)
        };
        if let Some((_, _, to)) = self.list.iter().find(fits) {
            let changes = *to != next.regime;
            next.regime = *to;
            next.age = if changes { 0 } else { next.age };
        }
        next
    }

    /// `Holds` of the text.
    fn holds(&self, guard: &str, state: Specified) -> bool {
        let Some((_, asks)) = self.guards.iter().find(|(name, _)| name == guard) else {
            panic!("docs/regime.tla has no guard {guard:?}")
        };
        asks.iter().all(|condition| self.is_met(condition, state))
    }

    fn is_met(&self, condition: &Condition, state: Specified) -> bool {
        let counter = match condition.counter.as_str() {
            "alp" => state.at_least_prestorm,
            "als" => state.at_least_storm,
            "amp" => state.at_most_prestorm,
            "amc" => state.at_most_calm,
            "a" => state.age,
            other => panic!("docs/regime.tla compares {other:?}"),
        };
        let with = match condition.with.as_str() {
            "ConfirmPreStorm" => self.confirm_prestorm,
            "ConfirmStorm" => self.confirm_storm,
            "ConfirmCalm" => self.confirm_calm,
            "Dwell" => self.dwell,
            number => number.parse().expect("a number"),
        };
        let with = with + condition.off;
        match condition.compares.as_str() {
            ">=" => counter >= with,
            "<" => counter < with,
            "=" => counter == with,
            other => panic!("docs/regime.tla compares by {other:?}"),
        }
    }
}

/// The variables of docs/regime.tla.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
struct Specified {
    regime: Regime,
    at_least_prestorm: u8,
    at_least_storm: u8,
    at_most_prestorm: u8,
    at_most_calm: u8,
    age: u8,
}

/// The code beside the rules.
#[derive(Clone, Debug)]
struct Pair {
    specified: Specified,
    detector: Part<RegimeDetector>,
    /// Whether two states are one when the rules cannot tell them apart; else only when the code
    /// cannot either.
    by_rules: bool,
}

impl PartialEq for Pair {
    fn eq(&self, other: &Self) -> bool {
        self.specified == other.specified && (self.by_rules || self.detector == other.detector)
    }
}

impl Hash for Pair {
    fn hash<H: Hasher>(&self, hasher: &mut H) {
        self.specified.hash(hasher);
        if !self.by_rules {
            self.detector.hash(hasher);
        }
    }
}

struct Machine {
    rules: Rules,
    config: RegimeConfig,
    by_rules: bool,
}

impl Machine {
    fn new(by_rules: bool) -> Self {
        Self { rules: Rules::read(TEXT), config: RegimeConfig::default(), by_rules }
    }

    /// With other constants: PreStorm is so slow to confirm that calm can turn into storm at once.
    fn with_slow_prestorm() -> Self {
        let mut machine = Self::new(true);
        machine.rules.confirm_prestorm = 4;
        machine.config.confirm_prestorm = 4;
        machine
    }

    /// Every threshold, and one step of the number format above and below it.
    fn values(thresholds: &[Q16]) -> Vec<Q16> {
        let around = |at: &Q16| [*at - Q16::DELTA, *at, *at + Q16::DELTA];
        thresholds.iter().flat_map(around).chain([Q16::ZERO, Q16::ONE]).collect()
    }

    /// What the signs indicate, as the documentation says.
    fn indicated(&self, regime: Regime, signs: &Signs) -> Regime {
        let held = regime == Regime::Storm && signs.entropy >= self.config.calm_entropy;
        let near = self.config.storm_entropy.saturating_mul(percent(80));
        if signs.entropy > self.config.storm_entropy || held {
            Regime::Storm
        } else if signs.derivative > self.config.prestorm_derivative || signs.smoothed > near {
            Regime::PreStorm
        } else {
            Regime::Calm
        }
    }
}

impl Model for Machine {
    type State = Pair;
    type Action = [i32; 3];

    fn init_states(&self) -> Vec<Pair> {
        vec![Pair {
            specified: Specified::default(),
            detector: Part(RegimeDetector::default()),
            by_rules: self.by_rules,
        }]
    }

    fn actions(&self, _: &Pair, actions: &mut Vec<[i32; 3]>) {
        let config = &self.config;
        let near = config.storm_entropy.saturating_mul(percent(80));
        for entropy in Self::values(&[config.calm_entropy, near, config.storm_entropy]) {
            for derivative in Self::values(&[config.prestorm_derivative]) {
                for smoothed in Self::values(&[near]) {
                    actions.push([entropy, derivative, smoothed].map(Q16::to_bits));
                }
            }
        }
    }

    fn next_state(&self, last: &Pair, [entropy, derivative, smoothed]: [i32; 3]) -> Option<Pair> {
        let signs = Signs {
            entropy: Q16::from_bits(entropy),
            derivative: Q16::from_bits(derivative),
            smoothed: Q16::from_bits(smoothed),
        };
        let mut next = last.clone();
        let sign = self.indicated(last.specified.regime, &signs);
        next.specified = self.rules.sample(last.specified, sign);
        next.detector.0.take(&self.config, &signs);
        Some(next)
    }

    fn properties(&self) -> Vec<Property<Self>> {
        vec![
            Property::always("the code is where the rules are", |_, pair: &Pair| {
                pair.detector.0.regime() == pair.specified.regime
            }),
            Property::always("a storm just declared was confirmed", |model: &Self, pair: &Pair| {
                let fresh = pair.specified.regime == Regime::Storm && pair.specified.age == 0;
                !fresh || pair.specified.at_least_storm >= model.rules.confirm_storm
            }),
            Property::always("a calm signal ends every storm", |model: &Self, pair: &Pair| {
                let mut detector = pair.detector.0;
                for _ in 0..model.rules.confirm_calm.max(model.rules.dwell) {
                    detector.take(&model.config, &Signs::default());
                }
                detector.regime() == Regime::Calm
            }),
            Property::always("a node short of energy acts calm", |_, pair: &Pair| {
                pair.detector.0.effective(true) == Regime::Calm
            }),
            Property::sometimes("a storm eases", |_, pair: &Pair| {
                pair.detector.0.storms() > 0 && pair.detector.0.regime() == Regime::PreStorm
            }),
            Property::sometimes("a storm ends", |_, pair: &Pair| {
                pair.detector.0.storms() > 0 && pair.detector.0.regime() == Regime::Calm
            }),
        ]
    }
}

#[test]
fn the_text_has_the_constants_of_the_code() {
    let rules = Rules::read(TEXT);
    let config = RegimeConfig::default();
    assert_eq!(rules.confirm_prestorm, config.confirm_prestorm);
    assert_eq!(rules.confirm_storm, config.confirm_storm);
    assert_eq!(rules.confirm_calm, config.confirm_calm);
    assert_eq!(u16::from(rules.dwell), config.dwell_samples);
    let largest = [rules.confirm_prestorm, rules.confirm_storm, rules.confirm_calm, rules.dwell];
    assert_eq!(Some(&rules.cap), largest.iter().max());
    assert_eq!(rules.list.len(), 7, "{:?}", rules.list);
    assert_eq!(rules.guards.len(), 6, "{:?}", rules.guards);
    assert!(rules.list.iter().all(|(_, guard, _)| rules.guards.iter().any(|(g, _)| g == guard)));
}

/// All that the rules can reach: the search ends by itself.
#[test]
fn the_code_follows_the_rules_everywhere() {
    explore(Machine::new(true), None, 100);
    explore(Machine::with_slow_prestorm(), None, 100);
}

/// All sequences of signs up to a length, counters of the code included.
#[test]
fn the_code_follows_the_rules_on_all_short_sequences() {
    explore(Machine::new(false), Some(11), 1_000);
}

/// Whether the search finds the code elsewhere than the rules.
fn differs(machine: Machine) -> bool {
    let checker = stateright::Checker::join(machine.checker().spawn_bfs());
    stateright::Checker::discovery(&checker, "the code is where the rules are").is_some()
}

/// A wrong rule is found: the search can fail.
#[test]
fn a_rule_left_out_is_noticed() {
    for left_out in 0..7 {
        // With the defaults a storm always passes through PreStorm: two stormy samples confirm it.
        let mut machine =
            if left_out == 0 { Machine::with_slow_prestorm() } else { Machine::new(true) };
        machine.rules.list.remove(left_out);
        assert!(differs(machine), "rule {left_out}");
    }
}

/// So is a guard that asks for one sample more than the code does, or for less at once.
#[test]
fn a_guard_that_is_off_is_noticed() {
    for guard in 0..6 {
        let asks = Machine::new(true).rules.guards[guard].1.len();
        for condition in 0..asks {
            let mut machine = Machine::new(true);
            machine.rules.guards[guard].1[condition].off = 1;
            assert!(differs(machine), "guard {guard}, condition {condition}");
            if asks > 1 {
                let mut machine = Machine::new(true);
                machine.rules.guards[guard].1.remove(condition);
                assert!(differs(machine), "guard {guard} without condition {condition}");
            }
        }
    }
}
