//! Audits between a sentinel and a sleeper: whatever the air does to commitments, questions and
//! answers, nobody honest is convicted; who lies is; and every question comes to an end.

use std::hash::{Hash, Hasher};
use std::sync::Arc;

use qres_core::audit::learner::Mind;
use qres_core::audit::page::AuditEar;
use qres_core::audit::queue::{AuditOut, sent};
use qres_core::audit::wire::{AuditMessage, Commit};
use qres_core::audit::{AuditConfig, AuditPage};
use qres_core::config::NodeConfig;
use qres_core::id::{NodeId, Tick};
use qres_core::node::Node;
use qres_core::packet::Message;
use qres_core::phase::{self, Outbox, Speaker};
use qres_core::q16::Q16;
use qres_core::wake::{Role, Wake};
use stateright::{Model, Property};

use super::{Part, explore};

const SENTINEL: NodeId = NodeId(0);
const CLIENT: NodeId = NodeId(1);
/// Good ticks before the search begins: the predictors are trained, an epoch is about to end.
const BEFORE: u64 = 81;
/// Good ticks within which every question has its end.
const ENOUGH: u64 = 16;
/// Good ticks within which a liar is convicted: a question for each epoch, of which seven in
/// sixteen at most miss the lie by chance, and three strikes where its commitments are disputed.
const CONVICTED: u64 = 40;

/// How the client lies.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Lie {
    None,
    /// It sends other weights than its log has.
    Naive,
    /// Its commitments name what it sends.
    Covered,
    /// So they do, and it disputes each of them itself.
    Disputed,
}

/// What the air does in a tick.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Air {
    Good,
    /// Nothing of the client's arrives.
    LosesWords,
    /// No question arrives.
    LosesQuestions,
    /// Everything of the client's arrives twice.
    Repeats,
    /// What the client says arrives in reverse.
    Reverses,
    /// It arrives behind that of the next tick.
    Delays,
    /// Behind each commitment comes another one that somebody has forged.
    Disputes,
    /// Before it.
    Forestalls,
}

const AIR: [Air; 8] = [
    Air::Good,
    Air::LosesWords,
    Air::LosesQuestions,
    Air::Repeats,
    Air::Reverses,
    Air::Delays,
    Air::Disputes,
    Air::Forestalls,
];

/// A commitment to the same rounds that nobody can open.
fn forged(message: &Message) -> Option<Message> {
    let Message::Audit(AuditMessage::Commit { to, commit }) = message else { return None };
    let root = commit.root.map(|byte| !byte);
    Some(Message::Audit(AuditMessage::Commit { to: *to, commit: Commit { root, ..*commit } }))
}

/// What is said, and what somebody puts behind or before it.
fn disputed(said: &[Message], before: bool) -> Vec<Message> {
    let both = said.iter().flat_map(|message| {
        let (first, second) = if before {
            (forged(message), Some(*message))
        } else {
            (Some(*message), forged(message))
        };
        [first, second]
    });
    both.flatten().collect()
}

/// A node and its page.
#[derive(Clone, Debug)]
struct Side {
    node: Node<1>,
    page: Part<AuditPage>,
}

impl Side {
    fn new(config: &NodeConfig, id: NodeId, peer: NodeId) -> Self {
        let role = if id == SENTINEL { Role::Sentinel } else { Role::Scheduled };
        let mut node = Node::new(id, role, config, &[peer]);
        if role == Role::Sentinel {
            node.clients.push(peer).expect("room");
        } else {
            node.wake = Wake::new(role, peer, 0, config.trust.initial);
        }
        let page = Part(node.audit_page());
        Self { node, page }
    }

    /// Senses and speaks; gives what it says.
    fn act(&mut self, config: &NodeConfig, now: Tick, lie: Lie) -> Vec<Message> {
        let Self { node, page } = self;
        let swing = ((now.0 as i32 + 9 * node.id.0 as i32) % 40 - 20).abs();
        let sample = Q16::from_bits(20 * 65_536 + swing * 4_000);
        let (neuron, residual) = (&mut node.neuron, &mut node.residual);
        phase::predict(config, neuron, residual, &node.detector, None, false, sample, None);
        node.detector.update(&config.regime, &node.residual);
        page.0.sensed(false, sample, mind(node));
        let regime = node.detector.effective(false);
        phase::plan(config, node.id, now, regime, &node.trust, &mut node.wake);
        let speaker = Speaker {
            id: node.id,
            group: node.group,
            neuron: &node.neuron,
            residual: &node.residual,
            detector: &node.detector,
            energy: &node.energy,
            wake: &node.wake,
            trust: &node.trust,
            neighbours: &node.neighbours,
            policy: None,
        };
        let mut outbox = Outbox::new();
        let silence = &mut node.silence;
        phase::speak(config, now, &speaker, silence, &mut [], None, None, None, &mut outbox);
        let honest = outbox.clone();
        for outgoing in outbox.iter_mut().filter(|_| lie != Lie::None) {
            if let Message::Update(update) = &mut outgoing.message {
                update.weights[0] = Q16::from_bits(!update.weights[0].to_bits());
            }
        }
        let logged = if matches!(lie, Lie::None | Lie::Naive) { &honest } else { &outbox };
        let state = mind(node);
        page.0.spoke(config, &speaker, sent(node.id, u32::MAX, &[], logged), state);
        let mut out = AuditOut::new();
        page.0.speak(config, now, &speaker, state, &node.clients, &outbox, &mut out);
        let said: Vec<Message> =
            outbox.iter().chain(&out).map(|outgoing| outgoing.message).collect();
        if lie == Lie::Disputed { disputed(&said, false) } else { said }
    }

    /// Listens; gives its answers.
    fn hear(
        &mut self,
        config: &NodeConfig,
        now: Tick,
        from: NodeId,
        said: &[Message],
    ) -> Vec<Message> {
        let Self { node, page } = self;
        let ear = AuditEar {
            id: node.id,
            wake: &node.wake,
            energy: &node.energy,
            neuron: &node.neuron,
            neighbours: &node.neighbours,
            clients: &node.clients,
        };
        let (mut busy_us, mut answers) = (0, Vec::new());
        for message in said {
            let answer = |outgoing: qres_core::radio::Outgoing| answers.push(outgoing.message);
            page.0.hear(config, now, &ear, from, message, 1_000, &mut busy_us, answer);
        }
        page.0.attend(config, now, &ear, &mut busy_us, |outgoing| answers.push(outgoing.message));
        answers
    }

    fn convicts(&self) -> bool {
        self.page.0.peers().iter().any(|peer| peer.convicted)
    }
}

fn mind(node: &Node<1>) -> Mind<'_> {
    let (neuron, residual, detector) = (&node.neuron, &node.residual, &node.detector);
    Mind { neuron, residual, detector, carry: None }
}

/// Both, and what is still on its way from the client.
#[derive(Clone, Debug)]
struct State {
    sides: Arc<[Side; 2]>,
    late: Vec<Message>,
    now: u64,
    steps: usize,
}

impl State {
    fn digests(&self) -> [[u8; 32]; 4] {
        let [sentinel, client] = &*self.sides;
        let nodes = [sentinel.node.digest(), client.node.digest()];
        [nodes[0], nodes[1], sentinel.page.digest(), client.page.digest()]
    }
}

impl PartialEq for State {
    fn eq(&self, other: &Self) -> bool {
        self.now == other.now && self.late == other.late && self.digests() == other.digests()
    }
}

impl Hash for State {
    fn hash<H: Hasher>(&self, hasher: &mut H) {
        (self.now, self.late.len(), self.digests()).hash(hasher);
    }
}

struct Machine {
    config: NodeConfig,
    lie: Lie,
    steps: usize,
    start: State,
}

impl Machine {
    fn new(lie: Lie, steps: usize) -> Self {
        // Everything is asked for, an epoch is two rounds, and each tick has a round and an update.
        let audit = AuditConfig { every_rounds: 2, rate_basis_points: 10_000, outliers: false };
        let mut config = NodeConfig { audit: Some(audit), ..NodeConfig::default() };
        config.wake.interval_us = [1_000_000; 3];
        config.wake.window_us = [1_000_000; 3];
        config.wake.jitter_percent = 0;
        config.silence.surplus_every = 1;
        config.trust.commission_ticks = u64::MAX;
        let sides = [(SENTINEL, CLIENT), (CLIENT, SENTINEL)];
        let sides = sides.map(|(id, peer)| Side::new(&config, id, peer));
        let start = State { sides: Arc::new(sides), late: Vec::new(), now: 0, steps: 0 };
        let mut machine = Self { config, lie: Lie::None, steps, start };
        machine.start = machine.run(&machine.start, BEFORE);
        machine.start.steps = 0;
        machine.lie = lie;
        machine
    }

    fn run(&self, from: &State, ticks: u64) -> State {
        (0..ticks).fold(from.clone(), |state, _| self.tick(&state, Air::Good))
    }

    fn tick(&self, last: &State, air: Air) -> State {
        let (now, config) = (Tick(last.now), &self.config);
        let mut next = last.clone();
        let [sentinel, client] = Arc::make_mut(&mut next.sides);
        let called = sentinel.act(config, now, Lie::None);
        let mut said = client.act(config, now, self.lie);
        let late = core::mem::take(&mut next.late);
        match air {
            Air::Good | Air::LosesQuestions => {}
            Air::LosesWords => said.clear(),
            Air::Repeats => said.extend(said.clone()),
            Air::Reverses => said.reverse(),
            Air::Delays => next.late = core::mem::take(&mut said),
            Air::Disputes => said = disputed(&said, false),
            Air::Forestalls => said = disputed(&said, true),
        }
        said.extend(late);
        let asked = sentinel.hear(config, now, CLIENT, &said);
        let mut heard = called;
        if air != Air::LosesQuestions {
            heard.extend(asked);
        }
        // A sleeper's answers go out with its next words.
        client.hear(config, now, SENTINEL, &heard);
        next.now += 1;
        next.steps += 1;
        next
    }
}

impl Model for Machine {
    type State = State;
    type Action = Air;

    fn init_states(&self) -> Vec<State> {
        vec![self.start.clone()]
    }

    fn actions(&self, state: &State, actions: &mut Vec<Air>) {
        if state.steps < self.steps {
            actions.extend(AIR);
        }
    }

    fn next_state(&self, last: &State, air: Air) -> Option<State> {
        Some(self.tick(last, air))
    }

    fn properties(&self) -> Vec<Property<Self>> {
        let mut all = vec![
            Property::always("nobody honest is convicted", |model: &Self, state: &State| {
                let [sentinel, client] = &*state.sides;
                let counts = &sentinel.page.0.counts;
                let faults = counts.mismatches + counts.contradictions + counts.bad_proofs;
                let is_liar = model.lie != Lie::None;
                !client.convicts() && (is_liar || faults == 0 && !sentinel.convicts())
            }),
            Property::always("every question ends", |model: &Self, state: &State| {
                let open = |state: &State| -> Vec<(u32, u32)> {
                    let cases = state.sides[0].page.0.cases().iter();
                    cases.map(|case| (case.target.0, case.epoch)).collect()
                };
                let asked = open(state);
                // Looked at where the search ends: what is open before is open there, or over.
                if state.steps < model.steps || asked.is_empty() {
                    return true;
                }
                let after = open(&model.run(state, ENOUGH));
                asked.iter().all(|case| !after.contains(case))
            }),
            Property::always("a lie that was shown convicts", |_, state: &State| {
                let counts = &state.sides[0].page.0.counts;
                counts.mismatches + counts.contradictions == 0 || state.sides[0].convicts()
            }),
            Property::sometimes("a question is asked", |_, state: &State| {
                !state.sides[0].page.0.cases().is_empty()
            }),
        ];
        if self.lie == Lie::None {
            all.push(Property::sometimes("an audit is passed", |model: &Self, state: &State| {
                let passes = |state: &State| state.sides[0].page.0.counts.passes;
                passes(state) > passes(&model.start)
            }));
        } else {
            all.push(Property::always(
                "after any weather a good link convicts the liar",
                |model: &Self, state: &State| {
                    state.steps < model.steps || model.run(state, CONVICTED).sides[0].convicts()
                },
            ));
        }
        all
    }
}

#[test]
fn nobody_honest_is_convicted_by_the_air() {
    explore(Machine::new(Lie::None, 4), None, 300);
}

#[test]
fn who_lies_is_convicted_after_any_weather() {
    for lie in [Lie::Naive, Lie::Covered, Lie::Disputed] {
        let steps = if lie == Lie::Covered { 3 } else { 2 };
        explore(Machine::new(lie, steps), None, 30);
    }
}
