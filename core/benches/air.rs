//! What goes on the air and comes from it: checksums, frames, fragments, blocks of weights, genes,
//! rumours and summaries. Run with `cargo bench -p qres-core --bench air`.

#![expect(clippy::expect_used, reason = "a bench that cannot go on says so")]

mod lived;

use divan::{Bencher, Divan, black_box, counter::BytesCount};
use lived::{PEERS, SELF, busy, node, updates};
use qres_core::aggregate::Voice;
use qres_core::block_float::{BlockFloat, Residue};
use qres_core::evolution::mutant;
use qres_core::evolution::rumour::Rumour;
use qres_core::fragment::Reassembly;
use qres_core::gene::{Gene, GeneId};
use qres_core::id::{GroupId, NodeId, Tick};
use qres_core::link::frame::checksum;
use qres_core::neuron::TAPS;
use qres_core::packet::{Header, Message, Update};
use qres_core::q16::{HALF, Q16};
use qres_core::radio::{AirConfig, Frame};
use qres_core::summary::{SummaryGene, extend_history};
use qres_core::wake::Role;

fn main() {
    // So many calls a sample: divan would settle on one where the first of all is interrupted.
    Divan::from_args().sample_size(64).main();
}

/// The CRC-32 of frames, genes, records and the serial link.
#[divan::bench(args = [32, 1_024])]
fn crc32(bencher: Bencher<'_, '_>, length: usize) {
    let bytes: Vec<u8> = (0..length).map(|n| (n * 37) as u8).collect();
    bencher.counter(BytesCount::new(length)).bench_local(|| checksum([black_box(&bytes[..])]));
}

fn update() -> Update {
    updates(&node(&busy(), Role::Scheduled), 9, false).remove(0)
}

/// A gene with all its weights, offered to all: the longest message of a mesh that evolves.
fn offer() -> Message {
    let weights = core::array::from_fn(|tap| Q16::from_bits(tap as i32 * 5_000 - 17_000));
    let gene = Gene { weights, ..gene() };
    Message::Offer { to: NodeId::NONE, gain_percent: 40, gene }
}

fn gene() -> Gene {
    let mut node = node(&busy(), Role::Scheduled);
    // As many lags as a model can have: each mutation may add one.
    for tick in 0.. {
        let (gene, state) = mutant(1, SELF, Tick(tick), &node.neuron, GroupId(0));
        if usize::from(gene.form.taps) == TAPS {
            return gene;
        }
        if gene.form.taps > node.neuron.form().taps {
            node.neuron.evolve(gene.form, gene.lineage, state);
        }
    }
    unreachable!("mutations add lags")
}

fn frames(air: &AirConfig, message: &Message) -> Vec<Frame> {
    let mut frames = Vec::new();
    air.frames(NodeId(3), 9, message, &[], |frame| frames.push(frame.iter().copied().collect()));
    frames
}

#[divan::bench]
fn update_written(bencher: Bencher<'_, '_>) {
    let (air, message) = (AirConfig::default(), Message::Update(update()));
    bencher.bench_local(|| {
        air.frames(NodeId(3), 9, black_box(&message), &[], |frame| {
            black_box(frame);
        });
    });
}

#[divan::bench]
fn update_read(bencher: Bencher<'_, '_>) {
    let frame = frames(&AirConfig::default(), &Message::Update(update())).remove(0);
    bencher.bench_local(|| {
        let (header, part) = Header::read(black_box(&frame))?;
        Message::from_bytes(header.kind, header.sender, part)
    });
}

/// A gene in frames of 32 bytes.
#[divan::bench]
fn offer_cut(bencher: Bencher<'_, '_>) {
    let air = AirConfig { mtu_bytes: 32, ..AirConfig::default() };
    let offer = offer();
    assert!(frames(&air, &offer).len() >= 4, "it takes several frames");
    bencher.bench_local(|| {
        air.frames(NodeId(3), 9, black_box(&offer), &[], |frame| {
            black_box(frame);
        });
    });
}

/// The same gene out of its frames, the last one first.
#[divan::bench]
fn offer_joined(bencher: Bencher<'_, '_>) {
    let air = AirConfig { mtu_bytes: 32, ..AirConfig::default() };
    let mut frames = frames(&air, &offer());
    frames.reverse();
    bencher.bench_local(|| {
        let mut table = Reassembly::default();
        let mut insert = |frame: &Frame| {
            let (header, part) = Header::read(black_box(frame)).ok()?;
            table.insert(&header, part, 32, Tick(1))
        };
        frames.iter().find_map(&mut insert).expect("a whole message")
    });
}

fn weights() -> [Q16; TAPS] {
    core::array::from_fn(|tap| Q16::from_bits((tap as i32 * 7_919 - 30_000) * 3))
}

/// Weights to a block, with what was lost before made good: what is kept is the new loss.
#[divan::bench]
fn block_with_feedback(bencher: Bencher<'_, '_>) {
    let (mut residue, weights) = (Residue::default(), weights());
    bencher.bench_local(|| {
        let (sent, left) = residue.quantise(black_box(&weights));
        residue = left;
        sent
    });
}

#[divan::bench]
fn block_encode(bencher: Bencher<'_, '_>) {
    let weights = weights();
    bencher.bench_local(|| BlockFloat::from_weights(black_box(&weights)).to_bytes(TAPS as u8));
}

#[divan::bench]
fn block_decode(bencher: Bencher<'_, '_>) {
    let bytes = BlockFloat::from_weights(&weights()).to_bytes(TAPS as u8);
    bencher.bench_local(|| BlockFloat::from_bytes(black_box(&bytes)).map(|block| block.weights()));
}

#[divan::bench]
fn gene_encode(bencher: Bencher<'_, '_>) {
    let gene = gene();
    bencher.bench_local(|| black_box(&gene).to_bytes());
}

#[divan::bench]
fn gene_decode(bencher: Bencher<'_, '_>) {
    let bytes = gene().to_bytes();
    bencher.bench_local(|| Gene::from_bytes(black_box(&bytes)).expect("a gene"));
}

#[divan::bench]
fn gene_mutated(bencher: Bencher<'_, '_>) {
    let node = node(&busy(), Role::Scheduled);
    let mut ticks = 0..;
    bencher.bench_local(|| {
        let now = Tick(ticks.next().unwrap_or(0));
        mutant(1, SELF, black_box(now), &node.neuron, GroupId(0))
    });
}

/// A neighbour names a gene, and a node in trouble asks for it: digest and request.
#[divan::bench]
fn rumour_asked_for(bencher: Bencher<'_, '_>) {
    let mut genes = 1..;
    let mut rumour = Rumour::default();
    bencher.bench_local(|| {
        let gene = GeneId(genes.next().unwrap_or(1));
        let rumour = black_box(&mut rumour);
        rumour.notice(NodeId(3), gene, GeneId(0), true, 3);
        rumour.word(true, true, 8)
    });
}

/// A neighbour asks for the gene in service, and is offered it.
#[divan::bench]
fn rumour_answered(bencher: Bencher<'_, '_>) {
    let mut rumour = Rumour::default();
    bencher.bench_local(|| {
        let rumour = black_box(&mut rumour);
        rumour.ask(NodeId(3), GeneId(7), GeneId(7));
        rumour.word(true, true, 8)
    });
}

fn summary() -> SummaryGene {
    SummaryGene::of(9, GroupId(0), 4, [7; 32], &voices(), 1).expect("voices")
}

fn voices() -> Vec<Voice> {
    let node = node(&busy(), Role::Scheduled);
    let voice = |update: Update| Voice {
        node: update.origin,
        influence: HALF,
        loss: None,
        weights: update.weights,
    };
    updates(&node, 9, false).into_iter().map(voice).collect()
}

/// A mesh's past out of eight voices.
#[divan::bench]
fn summary_of_eight(bencher: Bencher<'_, '_>) {
    let voices = voices();
    assert_eq!(voices.len(), PEERS as usize);
    bencher.bench_local(|| SummaryGene::of(9, GroupId(0), 4, [7; 32], black_box(&voices), 1));
}

#[divan::bench]
fn summary_history(bencher: Bencher<'_, '_>) {
    let (mut history, update) = ([0; 32], update());
    bencher.bench_local(|| history = extend_history(&history, black_box(&update)));
}

#[divan::bench]
fn summary_encode(bencher: Bencher<'_, '_>) {
    let summary = summary();
    bencher.bench_local(|| black_box(&summary).to_bytes());
}

#[divan::bench]
fn summary_decode(bencher: Bencher<'_, '_>) {
    let bytes = summary().to_bytes();
    bencher.bench_local(|| SummaryGene::from_bytes(black_box(&bytes)).expect("a summary"));
}

/// A newcomer takes it over, and weighs its own word against it.
#[divan::bench]
fn summary_applied(bencher: Bencher<'_, '_>) {
    let summary = summary();
    let neuron = node(&busy(), Role::Scheduled).neuron;
    bencher.with_inputs(|| neuron).bench_local_refs(|neuron| {
        let onboarding = black_box(&summary).install(GroupId(0), neuron).expect("of this mesh");
        onboarding.blend(neuron.weights(), 40)
    });
}
