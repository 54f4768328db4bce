//! Trust in the mesh: liars are banned with reasons, serve their time and come back; slander is
//! marked and moves nothing; silence is noticed; and node, mesh and snapshot agree on all of it.

use std::sync::Arc;

use crate::common::{THICKET, mesh, parsed, run_to};
use crate::twin::hold_together;
use qres::mesh::Mesh;
use qres::mesh::components::Trust;
use qres::mesh::resources::Setup;
use qres::mesh::trusting::{Dossier, TrustSummary};
use qres::scenario::Scenario;
use qres_core::gene::GeneId;
use qres_core::id::{GroupId, NodeId};
use qres_core::packet::{Message, Update, Wire};
use qres_core::q16::Q16;
use qres_core::radio::Outgoing;
use qres_core::regime::Regime;
use qres_core::trust::{Bucket, Cause, Neighbour, Opinion, Opinions, Status};

/// All options at once, with times short enough for a test.
const ALL: &str = "protocol: (trust: (bans: On(first_ticks: 40, longest_ticks: 200,
    probation_good: 2), distance_mads: 4, leave_one_out: true, bounded_influence: true,
    quorum_percent: 15, opinions: true, gini_alarm: 0.5,
    watchdog: On(straggler_rounds: 3, limit_rounds: 6)), ";

fn thicket() -> Scenario {
    parsed(&THICKET.replace("protocol: (", ALL))
}

#[test]
fn a_thicket_with_all_of_it_is_the_same_in_node_and_mesh() {
    let (sent, heard) = hold_together(&thicket(), 500);
    assert!(sent > 2_000 && heard > sent, "sent {sent}, heard {heard}: the test must see traffic");
    let mut mesh = mesh(&thicket(), 1);
    run_to(&mut mesh, 500);
    let trust = mesh.summary().trust.expect("nodes keep records");
    assert!(trust.fallbacks_stragglers + trust.fallbacks_stall > 0, "{trust:?}");
    let spoken = voices(&mut mesh);
    assert!(spoken > 100, "{spoken} opinions are remembered: the test must see some");
}

#[test]
fn the_records_are_restored() {
    let mut straight = mesh(&thicket(), 1);
    run_to(&mut straight, 330);
    let bytes = straight.snapshot();
    let mut copy = mesh(&thicket(), 2);
    copy.restore(&bytes).expect("its own snapshot");
    assert_eq!(copy.sections(), straight.sections());
    run_to(&mut straight, 420);
    run_to(&mut copy, 420);
    assert_eq!(copy.digest(), straight.digest());
}

#[test]
fn who_never_speaks_of_trust_has_no_records() {
    let mut mesh = mesh(&parsed(THICKET), 1);
    run_to(&mut mesh, 30);
    assert!(mesh.summary().trust.is_none());
    let world = mesh.world();
    assert_eq!(world.query::<&Dossier>().iter(world).count(), 0);
}

/// Verdicts that neighbourhoods have reached.
fn voices(mesh: &mut Mesh) -> usize {
    let world = mesh.world();
    let mut query = world.query::<(&Trust, &Dossier)>();
    let verdicts = |(trust, dossier): (&Trust, &Dossier)| {
        let entries = dossier.entries.iter().enumerate();
        let reached = |(place, entry)| qres_core::trust::verdict(&trust.0, place, entry).is_some();
        entries.filter(|(place, entry)| reached((*place, entry))).count()
    };
    query.iter(world).map(verdicts).sum()
}

/// Sixteen neighbours that all hear each other, lose nothing and speak every 8 ticks.
fn field(trust: &str, more: &str) -> Scenario {
    parsed(&format!(
        r#"(title: "Field", watch_for: "Trust.", seed: 5,
        nodes: (count: 16, layout: Grid(columns: 4, spacing_mm: 3000), sentinels: Every(1),
            start: Together),
        radio: (collisions: false, loss_at_range_percent: 0, loss_floor_percent: 0),
        twt: (calm_ms: 8000, prestorm_ms: 8000, storm_ms: 8000, window_ms: 6000,
            storm_window_ms: 6000, jitter_percent: 0),
        protocol: (commissioning: (neighbours: 64, reputation: 1.0, limit_ticks: 100000),
            trust: ({trust})),
        signals: [(modality: "heat", source: Synthetic(noise: 0.4, wander: 0.3,
            phase: ByNode))]{more})"#
    ))
}

/// A model with all weights at their limit, in the name of `liar` and of its running round.
fn poison(mesh: &mut Mesh, liar: NodeId) {
    let round = mesh.detail(liar, "").expect("joined").rounds + 1;
    let gene = mesh.neurons()[liar.index()].1.gene();
    let update = update(liar, round, gene);
    mesh.inject(liar, Outgoing { message: Message::Update(update), round, at_us: 900_000 }, None);
}

fn update(origin: NodeId, round: u32, gene: GeneId) -> Update {
    let mut weights = [Q16::ZERO; 8];
    weights[..4].fill(Q16::from_num(4));
    let (group, regime, wire) = (GroupId(0), Regime::Calm, Wire::Q16);
    Update { origin, round, group, regime, polls: false, wire, taps: 4, gene, weights }
}

/// Everybody's opinion of node `of`: neighbour and record.
fn of(mesh: &mut Mesh, of: NodeId) -> Vec<(Neighbour, qres_core::trust::Record)> {
    let world = mesh.world();
    let mut query = world.query::<(&Trust, &Dossier)>();
    let pairs = |(trust, dossier): (&Trust, &Dossier)| {
        let place = trust.0.iter().position(|peer| peer.id == of)?;
        Some((trust.0[place], dossier.entries[place].record))
    };
    query.iter(world).filter_map(pairs).collect()
}

fn trust(mesh: &mut Mesh) -> TrustSummary {
    mesh.summary().trust.expect("nodes keep records")
}

#[test]
fn a_liar_is_banned_with_reasons_serves_its_time_and_returns() {
    let mut scenario = field("bans: On(first_ticks: 160, probation_good: 2)", "");
    // A node that its neighbours know speaks seldom, so that it takes long to earn much.
    scenario.protocol.initial_reputation = 0.33;
    let mut mesh = mesh(&scenario, 1);
    let liar = NodeId(5);
    run_to(&mut mesh, 200);
    assert_eq!(trust(&mut mesh).bans_low_reputation, 0);
    while mesh.ticks() < 400 {
        poison(&mut mesh, liar);
        mesh.step();
    }
    let opinions = of(&mut mesh, liar);
    assert_eq!(opinions.len(), 15);
    for (neighbour, record) in &opinions {
        assert_eq!((record.status, record.bans), (Status::Banned, 1), "{record}");
        assert!(neighbour.banned && record.cause == Cause::LowReputation);
        assert!(record.grounds.harmful >= 4, "{record}");
        assert!((200..400).contains(&record.banned_tick), "{record}");
    }
    let remarks = mesh.detail(NodeId(0), "").expect("joined").remarks;
    assert!(matches!(&remarks[..], [(5, why)] if why.contains("harmful models: ")), "{remarks:?}");
    run_to(&mut mesh, 2_000);
    let after = trust(&mut mesh);
    assert_eq!((after.bans_low_reputation, after.honest_ever_banned), (15, 1), "{after:?}");
    assert_eq!((after.probations, after.returns), (15, 15), "{after:?}");
    assert!(of(&mut mesh, liar).iter().all(|(peer, _)| !peer.banned));
}

#[test]
fn a_liar_that_goes_on_is_banned_for_longer_each_time() {
    let scenario = field("bans: On(first_ticks: 40, longest_ticks: 320)", "");
    let mut mesh = mesh(&scenario, 1);
    run_to(&mut mesh, 100);
    while mesh.ticks() < 1_500 {
        poison(&mut mesh, NodeId(5));
        mesh.step();
    }
    for (_, record) in of(&mut mesh, NodeId(5)) {
        // 40, 80, 160, 320, 320, 320 ticks, each with two lies or three in between, 8 ticks apart.
        assert!((6..=7).contains(&record.bans), "{record}");
        assert_ne!(record.status, Status::Trusted, "{record}");
    }
    assert_eq!(trust(&mut mesh).honest_ever_banned, 1);
}

#[test]
fn slander_is_marked_and_moves_nobodys_reputation() {
    let scenario = field("bans: On(), opinions: true", "");
    let (slanderer, victim) = (NodeId(3), NodeId(9));
    let run = |slanders: bool| {
        let mut mesh = mesh(&scenario, 1);
        // All that count as trusted must be so first.
        run_to(&mut mesh, 300);
        while mesh.ticks() < 700 {
            if slanders {
                let mut lie = Opinions::default();
                assert!(lie.push(Opinion { of: victim, bucket: Bucket::Banned }));
                let message = Message::Opinions(lie);
                // Before its own word in the same round, which then goes unheard.
                mesh.inject(slanderer, Outgoing { message, round: 9, at_us: 0 }, None);
            }
            mesh.step();
        }
        mesh
    };
    let (mut loud, mut quiet) = (run(true), run(false));
    let tables = |mesh: &mut Mesh| {
        let world = mesh.world();
        let mut query = world.query::<&Trust>();
        query.iter(world).map(|trust| trust.0.clone()).collect::<Vec<_>>()
    };
    assert_eq!(tables(&mut loud), tables(&mut quiet), "words are not evidence");
    let world = loud.world();
    let mut query = world.query::<(&Trust, &Dossier)>();
    let mut marked: Vec<u32> = query
        .iter(world)
        .flat_map(|(trust, dossier)| {
            let pairs = trust.0.iter().zip(&dossier.entries);
            pairs.filter(|(_, entry)| entry.is_slanderer).map(|(peer, _)| peer.id.0)
        })
        .collect();
    assert!(marked.len() >= 14, "{} marks", marked.len());
    marked.dedup();
    assert_eq!(marked, [slanderer.0]);
    assert_eq!(trust(&mut loud).bans_low_reputation, 0);
    assert_eq!(trust(&mut quiet).slander_flags_honest, 0);
}

/// Runs a field in which `percent` of the nodes fall silent for good at tick 200; fallbacks for
/// stragglers until they are noticed, later ones, and merges after that, declined ones too.
fn silenced(percent: u8) -> (u64, u64, u64) {
    let scenario = field(
        "watchdog: On(straggler_rounds: 3)",
        &format!(", adversaries: [(kind: Saturate, share_percent: {percent}, from_tick: 900000)]"),
    );
    let mut mesh = mesh(&scenario, 1);
    run_to(&mut mesh, 200);
    Arc::make_mut(&mut mesh.world().resource_mut::<Setup>().0).mute_adversaries();
    run_to(&mut mesh, 300);
    let tried = |mesh: &mut Mesh| mesh.summary().aggregations + mesh.summary().declined;
    let (noticed, merges) = (trust(&mut mesh), tried(&mut mesh));
    run_to(&mut mesh, 500);
    let later = trust(&mut mesh);
    assert_eq!(later.fallbacks_stall, 0);
    let first = noticed.fallbacks_stragglers;
    (first, later.fallbacks_stragglers - first, tried(&mut mesh) - merges)
}

#[test]
fn a_fifth_may_fall_silent_and_with_more_all_fall_back_once_and_go_on() {
    // 3 of 16: a fifth of the fifteen neighbours of those that still speak.
    let (first, later, merges) = silenced(19);
    assert_eq!((first, later), (0, 0));
    assert!(merges > 300, "{merges}");
    // 4 of 16: the twelve others write off 4 of 15; the silent miss only 3 each.
    let (first, later, merges) = silenced(25);
    assert_eq!((first, later), (12, 0));
    assert!(merges > 250, "{merges}: they all resume");
}

#[test]
fn three_liars_of_sixteen_are_banned_and_nobody_else() {
    let adversaries = ", adversaries: [(kind: Saturate, share_percent: 19, from_tick: 900000)]";
    let mut mesh = mesh(&field("bans: On(), bounded_influence: true", adversaries), 1);
    let nodes = mesh.plan().nodes.clone();
    let liars: Vec<NodeId> =
        (0..16).map(NodeId).filter(|id| nodes[id.index()].malice.is_some()).collect();
    run_to(&mut mesh, 100);
    while mesh.ticks() < 300 {
        for liar in &liars {
            poison(&mut mesh, *liar);
        }
        mesh.step();
    }
    let trust = trust(&mut mesh);
    assert_eq!((trust.adversaries_ever_banned, trust.honest_ever_banned), (3, 0), "{trust:?}");
    let agreed = mesh.summary().consensus.spread;
    assert!(agreed < 0.3, "no honest model was dragged along: spread {agreed}");
}

/// A field of which one node in five attacks from tick 150 on.
fn attacked(attack: &str) -> (TrustSummary, Vec<Neighbour>) {
    let text = format!(", adversaries: [(kind: {attack}, share_percent: 20, from_tick: 150)]");
    let mut mesh = mesh(&field("bans: On(), opinions: true, bounded_influence: true", &text), 1);
    run_to(&mut mesh, 700);
    let world = mesh.world();
    let tables = world.query::<&Trust>().iter(world).flat_map(|trust| trust.0.to_vec()).collect();
    (trust(&mut mesh), tables)
}

#[test]
fn attackers_are_banned_or_marked_and_the_honest_are_neither() {
    let (saturate, _) = attacked("Saturate");
    assert_eq!((saturate.adversaries_ever_banned, saturate.honest_ever_banned), (3, 0));
    let (slander, tables) = attacked("Slander");
    assert_eq!((slander.slander_flags, slander.slander_flags_honest), (3, 0), "{slander:?}");
    assert_eq!((slander.honest_ever_banned, slander.adversaries_ever_banned), (0, 0));
    assert!(tables.iter().all(|peer| !peer.banned), "words ban nobody");
}
