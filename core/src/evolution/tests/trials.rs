//! What a node does with genes: which offers get a trial, what they cost their sender, and how
//! little energy stops it all.

use super::{Form, one_tap, quiet, tone};
use crate::config::NodeConfig;
use crate::evolution::{EvolutionConfig, EvolutionCounts};
use crate::gene::{Gene, Lineage};
use crate::id::{GroupId, NodeId, Tick};
use crate::neuron::TAPS;
use crate::node::Node;
use crate::packet::Message;
use crate::phase::EvolveReport;
use crate::q16::{Q16, percent};
use crate::radio::{Heard, MockRadio};
use crate::regime::Regime;
use crate::wake::Role;

extern crate std;
use std::vec::Vec;

/// Samples before the disturbance.
const QUIET: u64 = 300;
const SENDER: NodeId = NodeId(1);

/// An always-on node with one tap at lag 2, which a tone of period 4 is too much for.
struct Patient {
    config: NodeConfig,
    node: Node<4>,
    radio: MockRadio,
    now: u64,
    /// Charge before each tick, in percent.
    energy: i32,
    report: EvolveReport,
}

impl Patient {
    /// After 80 samples of a tone, in which its model did not mutate; `storms`: whether its
    /// detector calls that a storm.
    fn new(storms: bool) -> Self {
        let mut config = NodeConfig::default();
        config.neuron.form = one_tap(2);
        config.wake.interval_us = [1_000_000; 3];
        config.wake.window_us = [1_000_000; 3];
        config.wake.jitter_percent = 0;
        let mutation = false;
        config.evolution = Some(EvolutionConfig { mutation, ..EvolutionConfig::default() });
        if !storms {
            config.regime.storm_entropy = Q16::MAX;
            config.regime.prestorm_derivative = Q16::MAX;
        }
        let node = Node::new(NodeId(0), Role::Scheduled, &config, &[SENDER, NodeId(2)]);
        let (now, energy, report) = (0, 90, EvolveReport::default());
        let mut patient = Self { config, node, radio: MockRadio::default(), now, energy, report };
        patient.run(QUIET + 80);
        let expected = if storms { Regime::Storm } else { Regime::Calm };
        assert_eq!(patient.node.detector.regime(), expected);
        patient
    }

    /// Trials that `ticks` ticks made.
    fn run(&mut self, ticks: u64) -> u32 {
        let mut trials = 0;
        for _ in 0..ticks {
            let full_uj = self.config.energy.capacity_uj;
            self.node.energy.refill(&self.config.energy, full_uj * self.energy as u64 / 100);
            let n = self.now;
            let sample = if n < QUIET { quiet(n) } else { tone(n) };
            self.radio.sent.clear();
            let (config, radio) = (&self.config, &mut self.radio);
            self.report = self.node.tick(config, Tick(n), Some(sample), radio).evolve;
            trials += u32::from(self.report.trials);
            self.now += 1;
        }
        trials
    }

    /// Puts an offer on the air, to be heard in the next tick.
    fn hear(&mut self, from: NodeId, gain_percent: u8, gene: Gene) {
        let message = Message::Offer { to: NodeId::NONE, gain_percent, gene };
        let round = self.now as u32;
        self.config.air.frames(from, round, &message, &[], |frame| {
            let frame = heapless::Vec::from_slice(frame).expect("fits");
            self.radio.incoming.push_back(Heard { frame, at_us: 5 }).expect("room");
        });
    }

    /// What the patient thinks of the sender.
    fn reputation(&self) -> Q16 {
        self.node.neighbours[0].reputation
    }

    fn counts(&self) -> EvolutionCounts {
        self.node.evolution.as_ref().expect("evolves").counts
    }
}

fn gene(form: Form, weights: &[i32]) -> Gene {
    let mut slots = [Q16::ZERO; TAPS];
    for (slot, weight) in slots.iter_mut().zip(weights) {
        *slot = Q16::from_num(*weight);
    }
    Gene { group: GroupId(0), form, lineage: Lineage::default(), weights: slots }
}

/// The tone repeats after four samples: the whole cure.
fn cure() -> Gene {
    gene(one_tap(4), &[1])
}

/// Four times what it should be, with the wrong sign, and too sure to be retrained.
fn poison() -> Gene {
    gene(Form { clip_halves: 1, ..one_tap(4) }, &[-4])
}

#[test]
fn a_lie_costs_its_sender_in_a_storm_and_nothing_in_calm() {
    for (storms, lies) in [(true, 1), (false, 0)] {
        let mut patient = Patient::new(storms);
        let before = patient.reputation();
        patient.hear(SENDER, 90, poison());
        assert_eq!(patient.run(1), 1);
        let expected = EvolutionCounts { refusals: 1, lies, ..EvolutionCounts::default() };
        assert_eq!(patient.counts(), expected);
        let lost = if storms { percent(8) } else { Q16::ZERO };
        assert_eq!(patient.reputation(), before - lost, "storms: {storms}");
        assert_eq!(patient.node.neuron.form(), &one_tap(2), "and is not installed");
    }
}

#[test]
fn a_gene_that_helps_is_installed_in_any_regime_and_rewards_its_sender() {
    for storms in [true, false] {
        let mut patient = Patient::new(storms);
        let before = patient.reputation();
        patient.hear(SENDER, 5, cure());
        patient.run(1);
        assert!(patient.report.changed);
        assert_eq!(
            patient.counts(),
            EvolutionCounts { adoptions: 1, ..EvolutionCounts::default() }
        );
        assert_eq!(patient.reputation(), before + percent(2));
        assert_eq!(patient.node.neuron.form(), &one_tap(4));
    }
}

#[test]
fn only_offers_of_known_neighbours_that_claim_enough_are_tried_and_once() {
    let other_group = Gene { group: GroupId(1), ..cure() };
    let cases = [
        ("claims what is asked", SENDER, 5, cure(), 1),
        ("claims a percent too little", SENDER, 4, cure(), 0),
        ("claims nothing", SENDER, 0, cure(), 0),
        ("a stranger", NodeId(9), 90, cure(), 0),
        ("another modality", SENDER, 90, other_group, 0),
        ("the gene in service", SENDER, 90, gene(one_tap(2), &[1]), 0),
    ];
    for (name, from, gain_percent, gene, trials) in cases {
        let mut patient = Patient::new(true);
        patient.hear(from, gain_percent, gene);
        assert_eq!(patient.run(1), trials, "{name}");
    }
    let mut patient = Patient::new(true);
    patient.hear(SENDER, 90, poison());
    assert_eq!(patient.run(1), 1);
    patient.hear(NodeId(2), 90, poison());
    assert_eq!(patient.run(1), 0, "it has been tried");
    patient.node.neighbours[0].banned = true;
    patient.hear(SENDER, 90, cure());
    assert_eq!(patient.run(1), 0, "the banned have no say");
}

#[test]
fn mutants_come_in_storms_alone_where_models_may_mutate() {
    assert_eq!(Patient::new(true).run(80), 0, "no mutation");
    let mut calm = Patient::new(false);
    calm.config.evolution = Some(EvolutionConfig::default());
    assert_eq!(calm.run(80), 0, "no storm");
    let mut patient = Patient::new(true);
    patient.config.evolution = Some(EvolutionConfig::default());
    let trials = patient.run(16);
    assert!((1..=4).contains(&trials), "one in four samples at most: {trials}");
    // A change that comes to nothing is counted as a trial, since it is paid for, and as no mutant.
    assert!(patient.counts().mutants <= trials);
}

/// Words on genes in the air after the last tick.
fn words(radio: &MockRadio) -> usize {
    let is_word = |message: &Message| {
        matches!(message, Message::Offer { .. } | Message::Request { .. } | Message::Digest { .. })
    };
    radio.sent.iter().filter(|outgoing| is_word(&outgoing.message)).count()
}

#[test]
fn below_its_floor_of_energy_a_node_neither_speaks_of_genes_nor_tries_them() {
    for (energy, acts) in [(14, false), (15, true), (16, true), (90, true)] {
        let mut patient = Patient::new(true);
        let rumour = &mut patient.node.evolution.as_mut().expect("evolves").rumour;
        rumour.spread(patient.node.neuron.gene(), 40, 200);
        patient.energy = energy;
        let spoken: Vec<usize> = (0..4)
            .map(|_| {
                patient.run(1);
                words(&patient.radio)
            })
            .collect();
        assert_eq!(spoken, [usize::from(acts); 4], "words at {energy} %");

        let mut patient = Patient::new(true);
        patient.energy = energy;
        patient.hear(SENDER, 90, poison());
        assert_eq!(patient.run(1), u32::from(acts), "offers at {energy} %");

        let mut patient = Patient::new(true);
        patient.config.evolution = Some(EvolutionConfig::default());
        patient.energy = energy;
        assert_eq!(patient.run(1), u32::from(acts), "mutants at {energy} %");
    }
}
