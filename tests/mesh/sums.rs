//! Secure aggregation in the mesh: sums are exact whoever drops out, no single model is on the air,
//! and real keys decide as counted ones do.

use std::collections::BTreeMap;

use crate::common::{THICKET, mesh, parsed, run_to};
use qres::mesh::Mesh;
use qres::mesh::components::{Identity, Neuron};
use qres::mesh::snapshot::SECTIONS;
use qres::mesh::sums::{Collecting, Summing, SumsSummary};
use qres::scenario::{Integrity, Scenario};
use qres_core::id::NodeId;
use qres_core::neuron::TAPS;
use qres_core::packet::{Header, Message, SumPart, SumStep};
use qres_core::privacy::sums::Sum;
use qres_core::radio::Outgoing;

/// One sentinel, nineteen sleepers, nothing lost: three groups of five and one of four.
const CLEAN: &str = r#"(
    title: "Groups", watch_for: "Sums without parts.", seed: 3,
    nodes: (count: 20, layout: Grid(columns: 5, spacing_mm: 4000)),
    radio: (range_mm: 30000, collisions: false, loss_at_range_percent: 0, loss_floor_percent: 0),
    twt: (calm_ms: 12000, prestorm_ms: 8000, storm_ms: 6000, window_ms: 600, storm_window_ms: 600),
    protocol: (secure_aggregation: (members: 4), commissioning: (limit_ticks: 100)),
    signals: [(modality: "heat", source: Synthetic(noise: 0.3, wander: 0.5, phase: ByNode))],
)"#;

/// Many sleepers of two modalities, fragments, losses, batteries that run out, and a storm.
fn rough(integrity: Integrity) -> Scenario {
    let mut scenario = parsed(THICKET);
    scenario.nodes.count = Some(80);
    scenario.nodes.on_demand_percent = 5;
    scenario.radio.range_mm = 30_000;
    scenario.protocol.integrity = integrity;
    scenario.protocol.secure_aggregation.members = 4;
    scenario
}

type Given = BTreeMap<(NodeId, u32), [i32; TAPS]>;

/// Runs to a tick; `each` gets every new sum with what its members had put in.
fn follow(mesh: &mut Mesh, tick: u64, mut each: impl FnMut(&Given, NodeId, &Sum)) {
    let mut given = Given::new();
    let mut last: BTreeMap<NodeId, u32> = BTreeMap::new();
    while mesh.ticks() < tick {
        mesh.step();
        let world = mesh.world();
        let mut members = world.query::<(&Identity, &Summing)>();
        for (node, summing) in members.iter(world) {
            let (epoch, values) = summing.state.given();
            let known = *given.entry((node.id, epoch)).or_insert(*values);
            assert_eq!(known, *values, "node {} has one vector an epoch", node.id.0);
        }
        let mut collectors = world.query::<&Collecting>();
        let sums: Vec<_> = collectors.iter(world).flat_map(Collecting::newest).collect();
        for (group, sum) in sums {
            if last.insert(group, sum.epoch) != Some(sum.epoch) {
                each(&given, group, &sum);
            }
        }
    }
}

fn figures(mesh: &mut Mesh) -> SumsSummary {
    mesh.summary().secure_aggregation.expect("a mesh that sums")
}

/// Holds a sum against its parts; says whether everybody was in it.
fn check(mesh: &Mesh, given: &Given, group: NodeId, sum: &Sum) -> bool {
    let sums = mesh.plan().sums.as_ref().expect("groups");
    let (group, _) = &sums.groups[(group.0 - qres_core::privacy::sums::GROUP_IDS) as usize];
    let mut expected = [0; TAPS];
    for place in sum.survivors.places() {
        let part = given[&(group.members()[place], sum.epoch)];
        expected.iter_mut().zip(part).for_each(|(slot, part)| *slot += part);
    }
    assert_eq!(sum.total, expected, "epoch {} of {:?}", sum.epoch, group.members());
    assert!(sum.survivors.count() >= group.threshold());
    sum.survivors == group.all()
}

#[test]
fn sums_are_exact_with_everybody_and_with_dropouts() {
    let plan = mesh(&rough(Integrity::Off), 1);
    let mut whole = [0_u32; 2];
    let mut rough = mesh(&rough(Integrity::Off), 1);
    follow(&mut rough, 600, |given, group, sum| {
        whole[usize::from(check(&plan, given, group, sum))] += 1;
    });
    let said = figures(&mut rough);
    assert!(whole.iter().all(|count| *count > 5), "partial and whole {whole:?} {said:?}");
    assert_eq!(u64::from(whole[0]), said.partial, "{said:?}");
    assert!(said.thin > 0 && said.lost > 0, "groups that come to nothing say so: {said:?}");
    assert_eq!([said.wild, said.refused], [0; 2], "{said:?}");
    assert!(rough.summary().energy.brownouts > 0);
}

/// The message of a frame that came whole.
fn opened(frame: &[u8]) -> Option<(NodeId, Message)> {
    let (header, part) = Header::read(frame).ok()?;
    assert_eq!(header.count, 1);
    Some((header.sender, Message::from_bytes(header.kind, header.sender, part).ok()?))
}

#[test]
fn a_collector_hears_no_single_model() {
    let mut mesh = mesh(&parsed(CLEAN), 1);
    let sentinel = mesh.plan().sums.as_ref().expect("groups").groups[0].0.collector();
    mesh.tap([sentinel]);
    let (mut vectors, mut parts) = (BTreeMap::new(), 0);
    let mut given = Given::new();
    while mesh.ticks() < 200 {
        mesh.step();
        for (_, heard) in mesh.tapped() {
            match opened(&heard.frame) {
                Some((from, Message::Update(_))) => panic!("node {} speaks openly", from.0),
                Some((from, Message::Sum(part))) => {
                    parts += 1;
                    if let SumStep::Vector(_) = part.step {
                        vectors.insert((from, part.epoch), part);
                    } else {
                        unmask(&given, vectors[&(from, part.epoch)], &part, from);
                    }
                }
                _ => {}
            }
        }
        let world = mesh.world();
        let mut members = world.query::<(&Identity, &Summing)>();
        given.extend(members.iter(world).map(|(node, summing)| {
            let (epoch, values) = summing.state.given();
            ((node.id, epoch), *values)
        }));
    }
    assert!(parts > 100, "{parts}");
    let said = figures(&mut mesh);
    assert_eq!((said.groups, said.members, said.ungrouped), (4, 19, 0));
    assert_eq!((said.partial, said.lost), (0, 0), "nothing is lost here: {said:?}");
    assert!(said.sums > 20, "{said:?}");
    assert!(mesh.summary().aggregations > 0, "sleepers merge what groups and sentinel say");
}

/// What a collector can compute of one member is not its model, in any coordinate.
fn unmask(given: &Given, vector: SumPart, correction: &SumPart, from: NodeId) {
    let own = given[&(from, vector.epoch)];
    let used = usize::from(vector.taps);
    let values = vector.values.iter().zip(&correction.values).zip(own).take(used);
    for ((masked, mask), own) in values {
        assert!(*masked != own && masked.wrapping_sub(*mask) != own);
    }
}

#[test]
fn real_keys_decide_as_counted_ones_do() {
    let figures = [Integrity::Accounted, Integrity::Full].map(|integrity| {
        let mut mesh = mesh(&rough(integrity), 1);
        run_to(&mut mesh, 160);
        let summary = mesh.summary();
        let sections = mesh.sections();
        let energy = sections[SECTIONS.len() - 1];
        let neurons = mesh.neurons();
        let all = summary.secure_aggregation.expect("a mesh that sums");
        // Pieces of two messages can meet in one reassembly; a tag notices.
        assert!(all.sums > 100 && all.forged * 50 < all.sums, "{all:?}");
        (all, summary.bytes_sent, summary.integrity.verified, energy, neurons)
    });
    assert_eq!(figures[0], figures[1]);
}

/// Whoever is not the member cannot speak for it, and whoever is not the sentinel cannot call.
#[test]
fn forged_words_are_refused() {
    let run = |attacked: bool| {
        let mut mesh = mesh(&parsed(CLEAN), 1);
        let group = &mesh.plan().sums.as_ref().expect("groups").groups[0].0;
        let (member, to) = (group.members()[0], group.collector());
        while mesh.ticks() < 120 {
            if attacked && mesh.ticks().is_multiple_of(5) {
                let epoch = 1 + (mesh.ticks() / 20) as u32;
                let step = SumStep::Correction;
                let part = SumPart { to, epoch, step, taps: 4, values: [9; TAPS], tag: [1; 16] };
                let outgoing = Outgoing { message: Message::Sum(part), round: 1, at_us: 900_000 };
                mesh.inject(member, outgoing, None);
            }
            mesh.step();
        }
        (figures(&mut mesh), mesh.neurons())
    };
    let [(clean, before), (attacked, after)] = [run(false), run(true)];
    assert!(clean.sums > 10 && clean.forged == 0 && attacked.forged > 10, "{attacked:?}");
    assert_eq!(before, after, "and change nothing");
}

/// One liar decides its group's mean, unseen; the merge across groups bounds what comes of it.
#[test]
fn a_liar_is_one_voice_with_its_whole_group() {
    let mut mesh = mesh(&parsed(CLEAN), 1);
    let liar = mesh.plan().sums.as_ref().expect("groups").groups[0].0.members()[0];
    let mut moved = 0;
    while mesh.ticks() < 300 {
        let world = mesh.world();
        let mut nodes = world.query::<(&Identity, &mut Neuron)>();
        let mut nodes = nodes.iter_mut(world);
        let wild = [qres_core::q16::Q16::from_bits(2 << 16); TAPS];
        if let Some((_, mut neuron)) = nodes.find(|(node, _)| node.id == liar) {
            neuron.0.adopt(&wild);
        }
        mesh.step();
        let world = mesh.world();
        let mut collectors = world.query::<&Collecting>();
        let spoiled = |(group, sum): &(NodeId, Sum)| {
            *group == NodeId(qres_core::privacy::sums::GROUP_IDS) && sum.total[0] > 1 << 16
        };
        moved += collectors.iter(world).flat_map(Collecting::newest).filter(spoiled).count();
    }
    assert!(moved > 0, "its group's mean is what it likes");
    let far = mesh.neurons().into_iter().filter(|(id, neuron)| {
        *id != liar && neuron.weights().iter().any(|weight| weight.to_bits() > 3 << 15)
    });
    assert_eq!(far.count(), 0, "and no other node follows");
}

#[test]
fn a_mesh_that_sums_comes_back_from_a_snapshot() {
    let scenario = rough(Integrity::Accounted);
    let mut straight = mesh(&scenario, 1);
    run_to(&mut straight, 110);
    let bytes = straight.snapshot();
    let mut restored = mesh(&scenario, 1);
    restored.restore(&bytes).expect("of the same plan");
    run_to(&mut straight, 190);
    run_to(&mut restored, 190);
    assert_eq!(straight.digest(), restored.digest());
    assert_eq!(figures(&mut straight), figures(&mut restored));
}
