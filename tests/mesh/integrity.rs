//! Signed meshes: forgeries have no effect, and the accounted form decides as the full one does.

use crate::common::{THICKET, mesh, parsed, run_to};
use qres::mesh::Mesh;
use qres::scenario::{Integrity, Scenario};
use qres::world::keyring::Keyring;
use qres_core::id::NodeId;
use qres_core::neuron::TAPS;
use qres_core::packet::{Header, Message, Update};
use qres_core::q16::Q16;
use qres_core::radio::{Heard, Outgoing};
use qres_core::signature::{SignatureBytes, split};

/// Always awake, and no frame harms another: so what is refused changes nothing.
const OPEN: &str = r#"(
    title: "Open", watch_for: "Forged updates.", seed: 5,
    nodes: (count: 12, layout: Grid(columns: 4, spacing_mm: 8000), sentinels: Every(1)),
    radio: (range_mm: 20000, collisions: false, loss_at_range_percent: 0,
        loss_floor_percent: 0),
    twt: (calm_ms: 4000, prestorm_ms: 4000, storm_ms: 2000, window_ms: 600, storm_window_ms: 600),
    signals: [(modality: "heat", source: Synthetic(noise: 0.3, wander: 0.5, phase: ByNode))],
)"#;

const FORGER: NodeId = NodeId(5);

fn scenario(text: &str, integrity: Integrity) -> Scenario {
    let mut scenario = parsed(text);
    scenario.protocol.integrity = integrity;
    scenario
}

/// The update in a frame, with its signature.
fn opened(length: usize, heard: &Heard) -> Option<(Update, Option<SignatureBytes>)> {
    let (header, part) = Header::read(&heard.frame).ok()?;
    let (body, trailer) = split(length, header.kind, part).ok()?;
    match Message::from_bytes(header.kind, header.sender, body).ok()? {
        Message::Update(update) => Some((update, trailer.try_into().ok())),
        _ => None,
    }
}

/// What a forger makes of an update that it has heard: changed weights, another's name, its own
/// signature under a wrong name, no real signature, and the plain replay.
fn forgeries(
    keys: &Keyring,
    update: &Update,
    signature: Option<SignatureBytes>,
) -> [(Update, Option<SignatureBytes>); 5] {
    let wild = [Q16::from_bits(4 << 16); TAPS];
    let bent = Update { round: update.round + 1, weights: wild, ..*update };
    let own = keys.sign(&Update { origin: FORGER, ..bent });
    let stranger = Update { origin: NodeId(6), round: update.round + 2, ..bent };
    [
        (bent, signature),
        (Update { round: update.round + 3, ..*update }, signature),
        (stranger, signature.map(|_| own)),
        (Update { round: update.round + 4, ..bent }, signature.map(|_| [0x5A; 64])),
        (*update, signature),
    ]
}

/// Runs for 160 ticks; `attacked`: what the forger heard in a tick it turns against all in the
/// next, in the names of those whom it hears.
fn run(integrity: Integrity, attacked: bool) -> Mesh {
    let scenario = scenario(OPEN, integrity);
    let keys = match integrity {
        Integrity::Full => Keyring::full(scenario.seed, 12),
        _ => Keyring::accounted(scenario.seed, 12),
    };
    let mut mesh = mesh(&scenario, 1);
    let length = usize::from(mesh.plan().config.air.signature_bytes);
    mesh.tap([FORGER]);
    while mesh.ticks() < 160 {
        mesh.step();
        let heard = mesh.tapped();
        let Some((update, signature)) = heard.iter().find_map(|(_, heard)| opened(length, heard))
        else {
            continue;
        };
        if !attacked {
            continue;
        }
        for (place, (update, signature)) in
            forgeries(&keys, &update, signature).into_iter().enumerate()
        {
            let at_us = 700_000 + 10_000 * place as u64;
            let message = Message::Update(update);
            // An update's origin is its sender: the forger sets the header.
            mesh.inject(update.origin, Outgoing { message, round: update.round, at_us }, signature);
        }
    }
    mesh
}

#[test]
fn forged_and_changed_updates_have_no_effect_where_updates_are_signed() {
    let weights = |integrity, attacked| run(integrity, attacked).neurons();
    assert_ne!(weights(Integrity::Off, false), weights(Integrity::Off, true), "they work");
    assert_eq!(weights(Integrity::Accounted, false), weights(Integrity::Accounted, true));
}

#[test]
fn accounted_and_full_decide_the_same() {
    let mut meshes = [Integrity::Accounted, Integrity::Full].map(|mode| run(mode, true));
    let figures = meshes.each_mut().map(|mesh| {
        let summary = mesh.summary();
        let integrity = summary.integrity;
        let counts = [integrity.signed, integrity.verified, integrity.refused];
        assert!(counts.iter().all(|count| *count > 100), "{counts:?}: there is something to see");
        assert!(integrity.refused < integrity.verified);
        let [_, _, nodes, trust, energy] = mesh.sections();
        let traffic = [summary.frames, summary.bytes_sent, summary.aggregations];
        (counts, traffic, [nodes, trust, energy])
    });
    assert_eq!(figures[0], figures[1]);
    let weights = meshes.each_mut().map(Mesh::neurons);
    assert_eq!(weights[0], weights[1]);
    let [accounted, full] = meshes.each_mut().map(|mesh| mesh.summary().integrity.mode);
    assert_eq!([accounted, full], ["accounted", "full"], "and each says what it is");
}

/// Relays by sentinels, brownouts, fragments of which pieces of two relays meet in one reassembly:
/// every signature that an honest mesh sends fits what came with it.
#[test]
fn honest_meshes_refuse_nothing_and_pay_for_everything() {
    let figures = [(Integrity::Off, 32), (Integrity::Accounted, 32), (Integrity::Accounted, 1_024)]
        .map(|(mode, mtu)| {
            let mut scenario = scenario(THICKET, mode);
            scenario.radio.mtu_bytes = mtu;
            let mut mesh = mesh(&scenario, 1);
            run_to(&mut mesh, 400);
            mesh.summary()
        });
    let [plain, signed, whole] = figures;
    assert_eq!((plain.integrity.mode, plain.integrity.signed), ("off", 0));
    assert!(signed.energy.brownouts > 0 && signed.integrity.verified > 1_000);
    assert!(whole.integrity.verified > 1_000);
    assert_eq!((signed.integrity.refused, whole.integrity.refused), (0, 0));
    assert!(signed.bytes_sent > 2 * plain.bytes_sent, "64 bytes, and more fragments for them");
    let cpu = |summary: &qres::mesh::summary::RunSummary| summary.energy.all.parts_j[3];
    assert!(cpu(&signed) > cpu(&plain), "{} and {} J", cpu(&signed), cpu(&plain));
}

#[test]
fn a_signed_mesh_comes_back_from_a_snapshot() {
    let scenario = scenario(THICKET, Integrity::Accounted);
    let mut straight = mesh(&scenario, 1);
    run_to(&mut straight, 150);
    let bytes = straight.snapshot();
    let mut restored = mesh(&scenario, 1);
    restored.restore(&bytes).expect("of the same plan");
    run_to(&mut straight, 250);
    run_to(&mut restored, 250);
    assert_eq!(straight.digest(), restored.digest());
    let mut unsigned = mesh(&parsed(THICKET), 1);
    assert!(unsigned.restore(&bytes).is_err(), "of another plan");
}
