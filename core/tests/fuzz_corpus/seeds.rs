//! The seeds of every corpus: valid encodings, made by the encoders themselves.

#![expect(clippy::expect_used, reason = "a seed that cannot be made says so")]

use qres_core::aggregate::Voice;
use qres_core::audit::learner::{Blend, Event, Heard, Learner};
use qres_core::audit::log::{Log, Sealed, Sent};
use qres_core::audit::reveal::show;
use qres_core::audit::wire::{Ask, AuditMessage, Commit, Part};
use qres_core::block_float::BlockFloat;
use qres_core::canonical::Canonical;
use qres_core::carry::Carry;
use qres_core::codec::packet::{PACKET_BYTES_MAX, PacketEncoder};
use qres_core::codec::{Column, Profile, Table, compress_table};
use qres_core::compress;
use qres_core::config::NodeConfig;
use qres_core::evolution::EvolutionConfig;
use qres_core::fragment::{MTU_MIN, Reassembly, cut};
use qres_core::fusion::NodeFusion;
use qres_core::gene::{Gene, GeneId, Lineage};
use qres_core::handover::{Handover, HandoverConfig};
use qres_core::id::{GroupId, NodeId, Tick};
use qres_core::inbox::Inbox;
use qres_core::integrity::norm::{proof_bytes, prove};
use qres_core::neuron::{Form, Kind, SwarmNeuron, TAPS, kernel};
use qres_core::node::Node;
use qres_core::packet::{
    Header, MTU, Message, ProofStep, ShownPart, SumCall, SumPart, SumProof, SumStep, Update, Wire,
};
use qres_core::q16::{HALF, Q16};
use qres_core::radio::MockRadio;
use qres_core::regime::{Regime, RegimeDetector};
use qres_core::residual::Residual;
use qres_core::residual_stream::{StreamConfig, StreamFeed, StreamReceiver, StreamSender};
use qres_core::responder::Route;
use qres_core::store::{FILLER, encode};
use qres_core::summary::SummaryGene;
use qres_core::trust::{Bucket, Entry, Ledger, Opinion, Opinions};
use qres_core::tuner::{Policy, Tuner};
use qres_core::wake::Role;

use crate::bodies::group::round;
use crate::bodies::proof::{CLAIM, SEED, WEIGHTS};

/// Bytes with a name.
pub type Seed = (String, Vec<u8>);

/// The seeds of a target.
pub fn of(target: &str) -> Vec<Seed> {
    match target {
        "header" => headers(),
        "message" => messages(),
        "fragment" => fragments(),
        "gene" => genes(),
        "block" => blocks(),
        "record" => records(),
        "file" => files(),
        "packets" => packets(),
        "proof" => proofs(),
        "aggregation" => aggregations(),
        "stream" => streams(),
        "summary" => summaries(),
        "reveal" => reveals(),
        "link" => links(),
        "canonical" => states(),
        _ => Vec::new(),
    }
}

fn update(taps: u8) -> Update {
    let mut weights = [Q16::ZERO; TAPS];
    let values = (0..i32::from(taps)).map(|tap| Q16::from_bits((tap - 3) << 15));
    weights.iter_mut().zip(values).for_each(|(weight, value)| *weight = value);
    Update {
        origin: NodeId(7),
        round: 258,
        group: GroupId(1),
        regime: Regime::Storm,
        polls: taps > 4,
        wire: if taps == 4 { Wire::Bfp16 } else { Wire::Q16 },
        taps,
        gene: GeneId(77),
        weights,
    }
}

fn sum(step: SumStep, taps: u8) -> Message {
    let mut values = [0; TAPS];
    values.iter_mut().take(usize::from(taps)).for_each(|value| *value = -77);
    Message::Sum(SumPart { to: NodeId(3), epoch: 5, step, taps, values, tag: [9; 16] })
}

fn said() -> Opinions {
    let mut opinions = Opinions::default();
    opinions.push(Opinion { of: NodeId(3), bucket: Bucket::Trusted });
    opinions.push(Opinion { of: NodeId(9), bucket: Bucket::Banned });
    opinions
}

fn examples() -> Vec<(&'static str, Message)> {
    let to = NodeId(3);
    let mut examples = vec![
        ("update", Message::Update(update(4))),
        ("update-long", Message::Update(update(8))),
        ("poll", Message::Poll { to }),
        ("beacon", Message::Beacon { emergency: true }),
        ("grant", Message::Grant { to, standing: HALF, emergency: false }),
        ("relay", Message::Relay { to, update: update(1) }),
        ("offer", Message::Offer { to, gain_percent: 12, gene: gene(Kind::Spiking, 8) }),
        ("request", Message::Request { to, gene: GeneId(5) }),
        ("digest", Message::Digest { gene: GeneId(5) }),
        ("summary-request", Message::SummaryRequest { to }),
        ("policy", Message::Policy(Policy::default())),
        ("audit-commit", Message::Audit(AuditMessage::Commit { to, commit: commit() })),
        (
            "audit-challenge",
            Message::Audit(AuditMessage::Challenge { to, epoch: 9, ask: Ask::Round(140), have: 5 }),
        ),
        ("audit-part", Message::Audit(AuditMessage::Part { to, epoch: 9, part: part() })),
    ];
    let summary = summary(8).map(|summary| Message::Summary { to, gene: GeneId(5), summary });
    examples.extend(summary.map(|message| ("summary", message)));
    examples.extend([
        ("sum-vector", sum(SumStep::Vector(Regime::Storm), 4)),
        ("sum-correction", sum(SumStep::Correction, 8)),
        (
            "call",
            Message::Call(SumCall { to, epoch: 5, wanted: true, survivors: 13, tag: [3; 16] }),
        ),
        ("opinions", Message::Opinions(said())),
        ("sum-pledge", proof(ProofStep::Pledge { commitment: [4; 32], blinding: [5; 32] })),
        ("sum-release", proof(ProofStep::Release { blinding: [5; 32] })),
        ("sum-shown", proof(ProofStep::Part(ShownPart::new(179, &[8; 46]).expect("a part")))),
        ("sum-demand", proof(ProofStep::Demand { next: 3, have: 0b110 })),
    ]);
    examples
}

fn proof(step: ProofStep) -> Message {
    Message::Proof(SumProof { to: NodeId(3), epoch: 5, step, tag: [9; 16] })
}

fn commit() -> Commit {
    let (rounds, stretches, named, root) = (16, 40, 0x9001, [0xA5; 20]);
    Commit { epoch: 9, first_round: 129, rounds, stretches, named, said: 7, root }
}

fn part() -> Part {
    Part::new(1, 2, &[3; 40]).expect("a short last part")
}

/// The answers to three questions of one life, with everything that a log can hold.
fn reveals() -> Vec<Seed> {
    let config = NodeConfig::default();
    let (neuron, residual) = (SwarmNeuron::new(&config.neuron), Residual::default());
    let detector = RegimeDetector::default();
    let mut learner = Learner { neuron, residual, detector, carry: None };
    let mut log = Log::new(learner.mind());
    let mut sealed: Option<Sealed> = None;
    let mut seeds = Vec::new();
    for round in 1..=4_u32 {
        for n in 0..24 {
            let value = Q16::from_bits((n - 12) * (n - 12) * 4_000 + round as i32 * 777);
            let critical = n > 20;
            let event = Event::Sample { critical, value };
            learner.step(&config, NodeId(7), &event).expect("a step");
            log.sample(critical, value, learner.mind());
        }
        let heard = |origin| Heard {
            origin: NodeId(origin),
            round,
            regime: Regime::Calm,
            influence: HALF,
            weights: *learner.neuron.weights(),
        };
        let voices = [heard(8), heard(9)].into_iter().collect();
        let blend = Blend { round, own_influence: HALF, banned: round == 3, taps: 4, voices };
        learner.step(&config, NodeId(7), &Event::Merged(blend.clone())).expect("a step");
        log.merging(&blend);
        log.cut(learner.mind());
        log.sent(false, Sent { queued: true, print: 0 }, round, learner.mind());
        if round % 2 == 0 {
            let next = log.seal(NodeId(7), round, learner.mind(), sealed.as_ref());
            let next = next.expect("it fits");
            for place in 0..3 {
                let ask = Ask::Stretch(place);
                let shown = show(&config, NodeId(7), &next, ask).0.expect("a stretch");
                seeds.push((format!("epoch-{}-{place}", next.commit.epoch), shown.to_vec()));
            }
            sealed = Some(next);
        }
    }
    seeds
}

fn headers() -> Vec<Seed> {
    let mut seeds = Vec::new();
    for (name, message) in examples() {
        cut(message.kind(), NodeId(7), 2, &message.to_bytes(), MTU, |frame| {
            seeds.push((name.to_owned(), frame.to_vec()));
        });
    }
    let piece = &examples()[1].1;
    cut(piece.kind(), NodeId(9), 2, &piece.to_bytes(), 32, |frame| {
        let place = seeds.len() - examples().len();
        seeds.push((format!("piece-{place}"), frame.to_vec()));
    });
    seeds
}

fn messages() -> Vec<Seed> {
    let bytes = |message: &Message| {
        let mut bytes = vec![message.kind() as u8, 7, 0, 0, 0];
        bytes.extend_from_slice(&message.to_bytes());
        bytes
    };
    examples().iter().map(|(name, message)| ((*name).to_owned(), bytes(message))).collect()
}

/// The long relay cut at several MTUs: in order, and with the halves exchanged.
fn fragments() -> Vec<Seed> {
    let message = Message::Relay { to: NodeId(3), update: update(8) };
    let mut seeds = Vec::new();
    for mtu in [MTU_MIN, 20, 40, MTU] {
        for half in [false, true] {
            let mut pieces: Vec<Vec<u8>> = Vec::new();
            cut(message.kind(), NodeId(7), 2, &message.to_bytes(), mtu, |frame| {
                let Ok((header, part)) = Header::read(frame) else { return };
                let kind = header.kind as u8;
                let mut piece = vec![7, kind, header.round, header.index, header.count];
                piece.push(part.len() as u8);
                piece.extend_from_slice(part);
                pieces.push(piece);
            });
            if half {
                let middle = pieces.len() / 2;
                pieces.rotate_left(middle);
            }
            let [low, high] = (mtu as u16).to_le_bytes();
            let order = if half { "turned" } else { "whole" };
            let bytes = [vec![low, high, u8::from(half)], pieces.concat()].concat();
            seeds.push((format!("{order}-{mtu}"), bytes));
        }
    }
    seeds
}

/// A model that has mutated once.
fn gene(kind: Kind, taps: u8) -> Gene {
    let mut lags = [0; TAPS];
    lags.iter_mut().zip(2..2 + taps).for_each(|(slot, lag)| *slot = lag);
    let hyper = kernel::default_hyper(kind);
    let form = Form { kind, taps, lags, hyper, ..Form::default() };
    let lineage = Lineage { origin: NodeId(3), generation: 1, parent: GeneId(9) };
    Gene { group: GroupId(taps), form, lineage, weights: update(taps).weights }
}

fn genes() -> Vec<Seed> {
    let mut seeds = Vec::new();
    for (kind, taps) in Kind::ALL.into_iter().zip([1, 4, 8]) {
        let bytes = gene(kind, taps).to_bytes();
        seeds.push((kind.name().to_owned(), bytes.to_vec()));
        // Without its checksum: the target seals it.
        seeds.push((format!("{}-open", kind.name()), bytes[..bytes.len() - 4].to_vec()));
    }
    seeds
}

fn blocks() -> Vec<Seed> {
    let block = |taps| BlockFloat::from_weights(&update(taps).weights).to_bytes(taps).to_vec();
    [1, 4, 8].map(|taps| (format!("{taps}-taps"), block(taps))).into()
}

fn records() -> Vec<Seed> {
    let record = |payload: &[u8], tail: &[u8]| {
        let mut bytes = Vec::new();
        let written = encode(7, payload, |piece| bytes.extend_from_slice(piece));
        assert!(written.is_ok(), "a short payload fits");
        [&bytes, tail].concat()
    };
    let open = record(b"calm", b"");
    vec![
        ("empty".to_owned(), record(b"", b"")),
        ("short".to_owned(), record(b"calm", b"")),
        ("filled".to_owned(), record(b"storm", &[FILLER; 9])),
        ("open".to_owned(), open[..open.len() - 4].to_vec()),
    ]
}

fn files() -> Vec<Seed> {
    let samples = |step: i32| (0..40).map(|row| 200 + row % 7 * step).collect();
    let column = |name: &str, max_error, step| Column {
        name: name.to_owned(),
        decimals: 2,
        decimals_min: 1,
        max_error,
        samples: samples(step),
    };
    let columns = vec![column("heat", 0, 3), column("hum", 4, 90)];
    let table = Table { columns, rest: b"# two".to_vec() };
    let mut seeds = vec![
        ("empty".to_owned(), compress(b"")),
        ("stored".to_owned(), compress(&[0x9C, 3, 0x77, 0xE1, 0x52])),
        ("bytes".to_owned(), compress(&b"storm calm ".repeat(12))),
    ];
    for (name, profile) in [("table-host", Profile::Host), ("table-mcu", Profile::Mcu)] {
        seeds.extend(compress_table(&table, profile).map(|file| (name.to_owned(), file)));
    }
    seeds
}

fn packets() -> Vec<Seed> {
    let mut seeds = Vec::new();
    for max_error in [0_u16, 5] {
        let mut encoder = PacketEncoder::new(max_error);
        let mut bytes = max_error.to_le_bytes().to_vec();
        for (turn, count) in [64, 64, 9].into_iter().enumerate() {
            let wave = |place: usize| 500 + (place * (turn + 3) % 11) as i32;
            let samples: Vec<i32> = (0..count).map(wave).collect();
            let mut packet = [0; PACKET_BYTES_MAX];
            let length = encoder.encode(&samples, &mut packet).unwrap_or(0);
            bytes.push(length as u8);
            bytes.extend_from_slice(&packet[..length]);
        }
        seeds.push((format!("error-{max_error}"), bytes));
    }
    seeds
}

/// The one proof that the target's claim has.
fn proofs() -> Vec<Seed> {
    let mut bytes = vec![0; proof_bytes(1, CLAIM.bound)];
    let length = prove(&CLAIM, &WEIGHTS, &SEED, &[6; 32], &mut bytes);
    assert_eq!(length, Ok(bytes.len()));
    vec![("one".to_owned(), bytes)]
}

/// A roster, the hands that one member gets, and what another reveals.
fn aggregations() -> Vec<Seed> {
    let round = round();
    let ids = [4_u32, 900, 17, 5, 1 << 31].map(u32::to_le_bytes).concat();
    let mut seeds = vec![("roster".to_owned(), [vec![0, 4], ids].concat())];
    for (from, hand) in round.hands.iter().enumerate().filter(|(_, hand)| !hand.is_empty()) {
        seeds.push((format!("hand-{from}"), [&[1, from as u8], &hand[..]].concat()));
    }
    let mut shares = vec![2, 3];
    for (a, b, share) in round.reveals[2].shares() {
        shares.extend_from_slice(&[a as u8, b as u8]);
        shares.extend_from_slice(&share.to_bytes());
    }
    seeds.push(("shares".to_owned(), shares));
    seeds
}

/// Every message of the link, alone and in its frame; a configuration and a newborn node.
fn links() -> Vec<Seed> {
    let bytes = |hex: &str| -> Vec<u8> {
        let digits = (0..hex.len() / 2).map(|at| u8::from_str_radix(&hex[2 * at..][..2], 16));
        digits.map(|byte| byte.expect("two digits")).collect()
    };
    let mut seeds = Vec::new();
    for row in include_str!("../../../tests/vectors/link.txt").lines().skip(1) {
        let [name, _, message, frame] = row.split(' ').collect::<Vec<_>>()[..] else { continue };
        seeds.push((name.to_owned(), bytes(message)));
        seeds.push((format!("{name}-frame"), bytes(frame)));
    }
    let config = NodeConfig::default();
    let node: Node<8> = Node::new(NodeId(0), Role::Scheduled, &config, &[NodeId(7)]);
    let mut state: heapless::Vec<u8, 8192> = heapless::Vec::new();
    node.encode_to(&mut state);
    seeds.push(("config".to_owned(), config.to_bytes().to_vec()));
    seeds.push(("state".to_owned(), state.to_vec()));
    seeds
}

/// Two frames of a stream, the first a keyframe.
fn streams() -> Vec<Seed> {
    let config = StreamConfig::default();
    let mut sender = StreamSender::new(&config, &update(4).weights);
    let mut bytes = Vec::new();
    for reading in 0..100 {
        if let Ok(Some(frame)) = sender.push(&config, 2_000 + reading % 9 * 5) {
            bytes.push(frame.len() as u8);
            bytes.extend_from_slice(&frame);
        }
    }
    let frame = sender.flush(&config).unwrap_or_default();
    bytes.push(frame.len() as u8);
    bytes.extend_from_slice(&frame);
    vec![("frames".to_owned(), bytes)]
}

fn summary(taps: u8) -> Option<SummaryGene> {
    let voice = |node: u8| Voice {
        node: NodeId(u32::from(node)),
        influence: HALF,
        loss: None,
        weights: update(node).weights,
    };
    let voices = [voice(3), voice(5), voice(8)];
    SummaryGene::of(9, GroupId(1), taps, [7; 32], &voices, 0)
}

fn summaries() -> Vec<Seed> {
    let seeds = [1, 4, 8].into_iter().filter_map(|taps| Some((taps, summary(taps)?)));
    seeds.map(|(taps, summary)| (format!("{taps}-taps"), summary.to_bytes().to_vec())).collect()
}

/// A node's parts after some ticks; the first byte is the part's place in `bodies/state.rs`.
fn states() -> Vec<Seed> {
    let config =
        NodeConfig { evolution: Some(EvolutionConfig::default()), ..NodeConfig::default() };
    let mut node: Node<4> = Node::new(NodeId(0), Role::Sentinel, &config, &[NodeId(7)]);
    let mut radio = MockRadio::default();
    for tick in 0..100_u64 {
        let sample = Q16::from_bits(20 << 16 | (tick as i32 % 7) << 10);
        node.tick(&config, Tick(tick), Some(sample), &mut radio);
    }
    let mut inbox = Inbox::default();
    inbox.push(&update(4));
    let offer = inbox.offers()[0];
    let part = cut_short();
    vec![
        state(0, "inbox", &inbox),
        state(1, "offer", &offer),
        state(2, "reassembly", &part),
        state(3, "neuron", &node.neuron),
        state(3, "neuron-new", &SwarmNeuron::new(&config.neuron)),
        state(4, "residual", &node.residual),
        state(5, "detector", &node.detector),
        state(6, "silence", &node.silence),
        state(7, "energy", &node.energy),
        state(8, "wake", &node.wake),
        state(9, "own-trust", &node.trust),
        state(10, "neighbour", &node.neighbours[0]),
        state(11, "route", &Route::new(NodeId(7), 3)),
        state(12, "carry", &Carry::default()),
        state(13, "evolution", &node.evolution.unwrap_or_default()),
        state(14, "fusion", &NodeFusion::default()),
        state(15, "tuner", &Tuner::default()),
        state(16, "feed", &StreamFeed::new(&StreamConfig::default())),
        state(17, "receiver", &StreamReceiver::new(&StreamConfig::default())),
        state(18, "handover", &Handover::new(&HandoverConfig::default())),
        state(19, "entry", &Entry::default()),
        state(20, "ledger", &Ledger::default()),
    ]
}

/// A reassembly that waits for the rest of a message.
fn cut_short() -> Reassembly {
    let mut table = Reassembly::default();
    let message = Message::Update(update(8));
    let mut first = true;
    cut(message.kind(), NodeId(7), 2, &message.to_bytes(), 32, |frame| {
        if let Ok((header, part)) = Header::read(frame)
            && first
        {
            table.insert(&header, part, 32, Tick(5));
            first = false;
        }
    });
    table
}

fn state(kind: u8, name: &str, state: &impl Canonical) -> Seed {
    let mut bytes: heapless::Vec<u8, 8192> = heapless::Vec::new();
    state.encode(&mut bytes);
    (name.to_owned(), [&[kind], &bytes[..]].concat())
}
