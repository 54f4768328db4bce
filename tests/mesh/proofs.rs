//! Norm proofs under sums: honest members show what they are asked for and sums stay exact, a liar
//! is found and left out, and counted proofs decide as real ones do.

use crate::common::{THICKET, mesh, parsed, run_to};
use qres::mesh::Mesh;
use qres::mesh::snapshot::SECTIONS;
use qres::mesh::sums::{Collecting, SumsSummary};
use qres::scenario::{Integrity, Scenario};
use qres_core::privacy::sums::GROUP_IDS;

/// One sentinel, nineteen sleepers, nothing lost; every sum is followed by a demand.
const CLEAN: &str = r#"(
    title: "Groups", watch_for: "Proofs of parts that nobody sees.", seed: 3,
    nodes: (count: 20, layout: Grid(columns: 5, spacing_mm: 4000)),
    radio: (range_mm: 30000, collisions: false, loss_at_range_percent: 0, loss_floor_percent: 0),
    twt: (calm_ms: 12000, prestorm_ms: 8000, storm_ms: 6000, window_ms: 600, storm_window_ms: 600),
    protocol: (secure_aggregation: (members: 4, norm_bound: 2, proof_share: 1),
        commissioning: (limit_ticks: 100)),
    signals: [(modality: "heat", source: Synthetic(noise: 0.3, wander: 0.5, phase: ByNode))],
)"#;

fn figures(mesh: &mut Mesh) -> SumsSummary {
    mesh.summary().secure_aggregation.expect("a mesh that sums")
}

/// Node `liar` adds 3 to each of its weights from the start.
fn with_liar(text: &str, liar: u32) -> Scenario {
    let adversary = format!("adversaries: [(nodes: \"{liar}\", kind: Bias(bias: 3))],\n)");
    let body = text.trim_end().strip_suffix(')').expect("a scenario");
    parsed(&format!("{body}{adversary}"))
}

#[test]
fn honest_members_show_what_they_are_asked_for() {
    let mut mesh = mesh(&parsed(CLEAN), 1);
    run_to(&mut mesh, 400);
    let said = figures(&mut mesh);
    let proofs = said.proofs.expect("proofs are asked for");
    assert!(said.sums > 20 && said.wild == 0 && said.forged == 0, "{said:?}");
    assert!(proofs.shown > 5 && proofs.demands - proofs.shown <= 4, "one open each: {proofs:?}");
    assert_eq!([proofs.refused, proofs.unanswered, proofs.unopened], [0; 3], "{proofs:?}");
    // Each proof was sent whole at least once.
    assert!(proofs.bytes > proofs.shown * proofs.proof_bytes, "{proofs:?}");
}

/// Without proofs a liar of one group moves its mean for good; with them it is drawn, has nothing
/// to show, and the group sums without it.
#[test]
fn a_member_beyond_the_bound_is_left_out_once_it_is_drawn() {
    let plan = mesh(&parsed(CLEAN), 1);
    let group = &plan.plan().sums.as_ref().expect("groups").groups[0].0;
    let (liar, collector) = (group.members()[0], group.collector());
    let reach = |text: &str| {
        let mut mesh = mesh(&with_liar(text, liar.0), 1);
        let mut spoiled = [0_u32; 2];
        let mut last = 0;
        while mesh.ticks() < 800 {
            mesh.step();
            let late = usize::from(mesh.ticks() > 400);
            let world = mesh.world();
            let mut collectors = world.query::<&Collecting>();
            let sums: Vec<_> = collectors.iter(world).flat_map(Collecting::newest).collect();
            for (group, sum) in sums {
                if group.0 == GROUP_IDS && sum.epoch != last {
                    last = sum.epoch;
                    spoiled[late] += u32::from(sum.survivors.has(0));
                }
            }
        }
        let held = mesh.detail(collector, "").expect("a sentinel").neighbours;
        let of = held.iter().find(|(id, ..)| *id == liar.0);
        (spoiled, figures(&mut mesh), of.map(|(_, reputation, _)| *reputation))
    };
    let (spoiled, said, reputation) = reach(CLEAN);
    let proofs = said.proofs.expect("proofs are asked for");
    assert_eq!((proofs.refused, spoiled[1]), (1, 0), "{spoiled:?} {proofs:?}");
    assert!(spoiled[0] > 0, "not before it is drawn: {proofs:?}");
    assert!(reputation.is_some_and(|reputation| reputation < 0.4), "{reputation:?}");
    let (free, _, reputation) =
        reach(&CLEAN.replace("norm_bound: 2, proof_share: 1", "norm_bound: 0"));
    assert!(free[1] > 3, "nobody finds it without proofs: {free:?}");
    assert!(reputation.is_some_and(|reputation| reputation > 0.4), "{reputation:?}");
}

/// Many sleepers of two modalities, fragments, losses, batteries that run out, a storm, and a liar.
fn rough(integrity: Integrity, count: u32) -> Scenario {
    let mut scenario = with_liar(THICKET, 7);
    scenario.nodes.count = Some(count);
    scenario.nodes.on_demand_percent = 5;
    scenario.radio.range_mm = 30_000;
    scenario.radio.mtu_bytes = 128;
    scenario.protocol.integrity = integrity;
    scenario.protocol.secure_aggregation.members = 4;
    // A small bound makes short proofs, which take the debug build less time.
    scenario.protocol.secure_aggregation.norm_bound = 0.5;
    scenario.protocol.secure_aggregation.proof_share = 0.3;
    scenario
}

#[test]
fn real_proofs_decide_as_counted_ones_do() {
    let figures = [Integrity::Accounted, Integrity::Full].map(|integrity| {
        let mut mesh = mesh(&rough(integrity, 24), 1);
        run_to(&mut mesh, 160);
        let summary = mesh.summary();
        let energy = mesh.sections()[SECTIONS.len() - 1];
        let all = summary.secure_aggregation.expect("a mesh that sums");
        let proofs = all.proofs.expect("proofs are asked for");
        assert!(proofs.shown > 0 && proofs.demands > proofs.shown, "{proofs:?}");
        (all, summary.bytes_sent, energy, mesh.neurons())
    });
    assert_eq!(figures[0], figures[1]);
}

#[test]
fn a_mesh_that_proves_comes_back_from_a_snapshot() {
    let scenario = rough(Integrity::Accounted, 80);
    let mut straight = mesh(&scenario, 1);
    run_to(&mut straight, 110);
    let bytes = straight.snapshot();
    let mut restored = mesh(&scenario, 1);
    restored.restore(&bytes).expect("of the same plan");
    run_to(&mut straight, 190);
    run_to(&mut restored, 190);
    assert_eq!(straight.digest(), restored.digest());
    let said = figures(&mut straight);
    assert_eq!(said, figures(&mut restored));
    let proofs = said.proofs.expect("proofs are asked for");
    assert!(proofs.shown > 0, "{proofs:?}");
    assert_eq!(proofs.unopened, 0, "whoever drops out: {proofs:?}");
}
