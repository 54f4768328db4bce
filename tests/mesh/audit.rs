//! Audits in the mesh: honest nodes pass through sleep, loss and empty batteries, a model that was
//! not computed is found, and twins, restored meshes and meshes without audits agree.

use crate::common::{THICKET, mesh, parsed, run_to};
use qres::mesh::components::Neuron;
use qres::scenario::{Integrity, Scenario};
use qres_core::audit::AuditPage;
use qres_core::id::{NodeId, Tick};
use qres_core::neuron::TAPS;
use qres_core::q16::Q16;
use qres_core::radio::MockRadio;

/// The thicket, with as many audits as there can be.
fn audited() -> Scenario {
    let mut scenario = parsed(THICKET);
    scenario.nodes.on_demand_percent = 0;
    scenario.protocol.audit.every_rounds = 8;
    scenario.protocol.audit.rate_percent = 20.0;
    scenario.protocol.audit.outliers = true;
    scenario
}

#[test]
fn honest_nodes_pass_through_sleep_loss_storm_and_want() {
    let mut mesh = mesh(&audited(), 1);
    run_to(&mut mesh, 600);
    let summary = mesh.summary();
    let audit = summary.audit.expect("a mesh that audits");
    assert!(audit.commits > 200 && audit.passes > 50, "{audit:?}");
    assert_eq!(audit.gaps + audit.mismatches + audit.bad_proofs + audit.disputes, 0, "{audit:?}");
    assert_eq!((audit.convictions, audit.honest_convicted), (0, 0), "{audit:?}");
    assert!(audit.bytes > 0 && audit.bytes_basis_points < 7_000 && audit.replayed > 0, "{audit:?}");
    assert!(summary.energy.brownouts > 0 && summary.regimes.ever_storm > 0);
}

/// Good links and sleepers that speak in every round, a fifth of them a cartel from the start: one
/// sentinel of three, and clients of the other two.
pub const CARTEL: &str = r#"(
    title: "Cartel",
    watch_for: "Who does not compute what it sends is found.",
    seed: 4,
    nodes: (count: 25, layout: Grid(columns: 5, spacing_mm: 8000)),
    radio: (range_mm: 20000),
    twt: (calm_ms: 8000, prestorm_ms: 4000, storm_ms: 2000, window_ms: 600,
        storm_window_ms: 1000),
    protocol: (commissioning: (neighbours: 64, reputation: 1.0, limit_ticks: 100000),
        audit: (every_rounds: 8, rate_percent: 50)),
    signals: [(modality: "heat", source: Synthetic(noise: 0.3, wander: 0.5, phase: ByNode))],
    adversaries: [(kind: SignFlip(), nodes: "4 5 12 18 24", from_tick: 0, collude: true)],
)"#;

#[test]
fn every_member_of_a_cartel_that_sends_what_it_did_not_compute_is_convicted() {
    let kinds = ["SignFlip()", "FloatCheater(bits: 6)", "FreeRider", "AuditPrediction()"];
    for (kind, covers_up) in kinds.iter().flat_map(|kind| [(kind, false), (kind, true)]) {
        let mut scenario = parsed(&CARTEL.replace("SignFlip()", kind));
        scenario.adversaries[0].cover_up = covers_up;
        let mut mesh = mesh(&scenario, 1);
        run_to(&mut mesh, 480);
        let summary = mesh.summary();
        let audit = summary.audit.expect("a mesh that audits");
        assert_eq!((summary.adversaries.count, audit.convicted), (5, 5), "{kind}: {audit:?}");
        assert_eq!(audit.honest_convicted, 0, "{kind}: {audit:?}");
        // Without a question, unless commitments name the lies.
        let found = if covers_up { audit.mismatches } else { audit.contradictions };
        assert!(found >= 5 && audit.passes > 50, "{kind}: {audit:?}");
        assert!(covers_up != (audit.contradictions > 0), "{kind}: {audit:?}");
    }
}

#[test]
fn audits_go_with_bans_that_run_out_bounded_shares_and_the_watchdog() {
    let options = "protocol: (trust: (bans: On(first_ticks: 60), bounded_influence: true,
        watchdog: On(straggler_rounds: 2, straggler_percent: 0, limit_rounds: 3)),";
    let text = CARTEL.replace("protocol: (", options);
    let mut mesh = mesh(&parsed(&text), 1);
    run_to(&mut mesh, 480);
    let summary = mesh.summary();
    let (audit, trust) = (summary.audit.expect("audits"), summary.trust.expect("records"));
    assert_eq!((audit.convicted, audit.honest_convicted), (5, 0), "{audit:?}");
    assert!(audit.passes > 50 && audit.bad_proofs == 0, "{audit:?}");
    assert!(trust.bans_mismatch > 5 && trust.probations > 0, "{trust:?}");
    assert!(trust.fallbacks_stragglers + trust.fallbacks_stall > 0, "{trust:?}");
    // Convicted again after probation.
    assert!(audit.convictions > u64::from(trust.adversaries_ever_banned), "{audit:?}");
}

#[test]
fn another_defence_in_mid_run_convicts_nobody() {
    let commands = "commands: [(at_tick: 90, command: SetDefence(aggregation: Median)),
        (at_tick: 150, command: SetDefence(aggregation: Adaptive(calm_rounds: 2)))],";
    let hostile = CARTEL.lines().find(|line| line.contains("adversaries")).expect("a line");
    let text = CARTEL.replace(hostile, commands);
    let mut mesh = mesh(&parsed(&text), 1);
    run_to(&mut mesh, 240);
    let audit = mesh.summary().audit.expect("a mesh that audits");
    assert_eq!(audit.mismatches + audit.bad_proofs + audit.convictions, 0, "{audit:?}");
    assert!(audit.passes > 50, "{audit:?}");
}

/// Small fragments, every fifth of them lost, and everybody is asked for every epoch.
#[test]
fn honest_nodes_stay_unconvicted_where_a_fifth_of_all_frames_is_lost() {
    let hostile = CARTEL.lines().find(|line| line.contains("adversaries")).expect("a line");
    let mut scenario = parsed(&CARTEL.replace(hostile, ""));
    (scenario.radio.loss_floor_percent, scenario.radio.loss_at_range_percent) = (20, 20);
    scenario.radio.mtu_bytes = 64;
    scenario.protocol.audit.rate_percent = 100.0;
    let mut mesh = mesh(&scenario, 1);
    run_to(&mut mesh, 800);
    let audit = mesh.summary().audit.expect("a mesh that audits");
    assert_eq!(audit.mismatches + audit.bad_proofs + audit.skips, 0, "{audit:?}");
    assert_eq!((audit.convictions, audit.disputes), (0, 0), "{audit:?}");
    assert!(audit.passes > 300 && audit.cut_short > 50, "the air was bad: {audit:?}");
}

#[test]
fn a_model_that_was_not_computed_is_found_by_its_neighbours_only() {
    let mut mesh = mesh(&audited(), 1);
    let liar = NodeId(8);
    while mesh.ticks() < 600 {
        mesh.step();
        let world = mesh.world();
        let mut nodes = world.query::<(&qres::mesh::components::Identity, &mut Neuron)>();
        for (node, mut neuron) in nodes.iter_mut(world) {
            if node.id == liar {
                neuron.0.adopt(&[Q16::from_bits(12_345); TAPS]);
            }
        }
    }
    let audit = mesh.summary().audit.expect("a mesh that audits");
    // The plan knows of no adversary, so the only one convicted counts as honest.
    assert!(audit.convictions > 0 && audit.honest_convicted == 1, "{audit:?}");
    let convicts = |page: &AuditPage| page.peers().iter().any(|p| p.convicted && p.id == liar);
    let judges = (0..36).filter(|id| mesh.audits(NodeId(*id)).is_some_and(convicts)).count();
    assert!(judges > 0);
}

#[test]
fn twins_agree_on_nodes_that_audit() {
    let ids = [NodeId(0), NodeId(7), NodeId(14), NodeId(21)];
    let mut scenario = audited();
    // The mock has room for 64 frames a tick.
    scenario.radio.mtu_bytes = 96;
    let mut mesh = mesh(&scenario, 1);
    let config = mesh.plan().config;
    let mut twins: Vec<_> = ids.iter().map(|id| mesh.twin(*id).expect("planned")).collect();
    let mut pages: Vec<_> = twins.iter().map(qres_core::node::Node::audit_page).collect();
    let mut radios = vec![MockRadio::default(); ids.len()];
    mesh.tap(ids);
    for tick in 0..400 {
        mesh.step();
        for (node, heard) in mesh.tapped() {
            let place = ids.iter().position(|id| *id == node).expect("tapped");
            radios[place].incoming.push_back(heard).expect("room");
        }
        for (((id, twin), page), radio) in
            ids.iter().zip(&mut twins).zip(&mut pages).zip(&mut radios)
        {
            let sample = mesh.sensed(*id);
            twin.harvest_uw = mesh.light_uw(*id, Tick(tick));
            twin.tick_audited(&config, Tick(tick), sample, None, Some(page), radio);
            radio.sent.clear();
            assert_eq!(Some(twin.digest()), mesh.node_digest(*id), "tick {tick}, node {}", id.0);
            assert_eq!(Some(&*page), mesh.audits(*id), "tick {tick}, node {}", id.0);
        }
    }
    assert!(pages.iter().any(|page| page.counts.passes > 0));
    assert!(pages.iter().any(|page| page.counts.reveals > 0));
}

#[test]
fn a_restored_mesh_audits_on() {
    let scenario = audited();
    let mut straight = mesh(&scenario, 1);
    run_to(&mut straight, 250);
    let bytes = straight.snapshot();
    let mut copy = mesh(&scenario, 1);
    copy.restore(&bytes).expect("its own snapshot");
    run_to(&mut copy, 400);
    run_to(&mut straight, 400);
    assert_eq!(copy.sections(), straight.sections());
    assert!(straight.summary().audit.expect("a mesh that audits").passes > 0);
}

#[test]
fn signed_updates_are_audited_too_and_both_forms_decide_alike() {
    let run = |integrity| {
        let mut scenario = audited();
        scenario.protocol.integrity = integrity;
        let mut mesh = mesh(&scenario, 1);
        run_to(&mut mesh, 120);
        mesh.summary().audit.expect("a mesh that audits")
    };
    let [full, accounted] = [Integrity::Full, Integrity::Accounted].map(run);
    assert_eq!(format!("{full:?}"), format!("{accounted:?}"));
    assert!(full.passes > 0 && full.convictions == 0, "{full:?}");
}
