//! Audits between a sentinel and its client, whole nodes with a radio in between: who computes what
//! it sends passes on any link, and who does not is convicted by the other.

#![expect(clippy::expect_used, reason = "a test that cannot go on says so")]

use qres_core::audit::learner::Mind;
use qres_core::audit::wire::AuditMessage;
use qres_core::audit::{AuditConfig, AuditPage};
use qres_core::draw::{Purpose, below, draw};
use qres_core::packet::Message;
use qres_core::prelude::*;
use qres_core::radio::{Heard, Outgoing};
use qres_core::wake::Wake;

const SENTINEL: NodeId = NodeId(0);
const CLIENT: NodeId = NodeId(1);
const TICKS: u64 = 260;

/// What becomes of a message on its way: changed, or lost.
type Way = fn(NodeId, u64, Outgoing) -> Option<Outgoing>;

struct Side {
    node: Node<4>,
    page: AuditPage,
    radio: MockRadio,
}

fn side(config: &NodeConfig, id: NodeId, peer: NodeId) -> Side {
    let role = if id == SENTINEL { Role::Sentinel } else { Role::Scheduled };
    let mut node = Node::new(id, role, config, &[peer]);
    if role == Role::Sentinel {
        node.clients.push(peer).expect("room");
    } else {
        node.wake = Wake::new(role, peer, 0, config.trust.initial);
    }
    let page = node.audit_page();
    Side { node, page, radio: MockRadio::default() }
}

/// Runs both; `way` is what all messages go through.
fn run(way: Way) -> Box<[Side]> {
    run_with(way, |_, _| ())
}

/// The same; `before` is called before each tick.
fn run_with(way: Way, mut before: impl FnMut(u64, &mut [Side])) -> Box<[Side]> {
    let audit = AuditConfig { every_rounds: 8, rate_basis_points: 10_000, outliers: false };
    let mut config = NodeConfig { audit: Some(audit), ..NodeConfig::default() };
    config.wake.interval_us = [1_000_000; 3];
    config.wake.window_us = [1_000_000; 3];
    config.wake.jitter_percent = 0;
    config.trust.commission_ticks = TICKS;
    // Updates are what is audited.
    config.silence.surplus_every = 1;
    let both = [(SENTINEL, CLIENT), (CLIENT, SENTINEL)];
    let mut sides: Vec<Side> = both.into_iter().map(|(id, peer)| side(&config, id, peer)).collect();
    for tick in 0..TICKS {
        before(tick, &mut sides);
        for side in &mut sides {
            let id = side.node.id;
            let noise = below(draw(3, Purpose::Noise, id.0, tick, 0), 30_000) as i32;
            let phase = (tick as i32 + 9 * id.0 as i32) % 40 - 20;
            let sample = Q16::from_bits(20 * 65_536 + phase.abs() * 4_000 + noise);
            let (now, page) = (Tick(tick), Some(&mut side.page));
            side.node.tick_audited(&config, now, Some(sample), None, page, &mut side.radio);
        }
        let [first, second] = &mut sides[..] else { continue };
        cross(&config, tick, way, first, second);
        cross(&config, tick, way, second, first);
    }
    sides.into_boxed_slice()
}

fn cross(config: &NodeConfig, tick: u64, way: Way, from: &mut Side, to: &mut Side) {
    let sender = from.node.id;
    for outgoing in &from.radio.sent {
        let Some(outgoing) = way(sender, tick, *outgoing) else { continue };
        config.air.frames(sender, outgoing.round, &outgoing.message, &[], |frame| {
            let frame = heapless::Vec::from_slice(frame).expect("fits");
            let heard = Heard { frame, at_us: outgoing.at_us };
            to.radio.incoming.push_back(heard).expect("room");
        });
    }
    from.radio.sent.clear();
}

fn lossy(sender: NodeId, tick: u64, outgoing: Outgoing) -> Option<Outgoing> {
    let lot = draw(5, Purpose::Loss, sender.0, tick, outgoing.at_us as u32);
    (below(lot, 100) >= 25).then_some(outgoing)
}

fn flipped(liar: NodeId, sender: NodeId, mut outgoing: Outgoing) -> Outgoing {
    if let Message::Update(update) | Message::Relay { update, .. } = &mut outgoing.message
        && sender == liar
    {
        update.weights = update.weights.map(|weight| -weight);
    }
    outgoing
}

fn stormy(sender: NodeId, mut outgoing: Outgoing) -> Outgoing {
    if let Message::Update(update) = &mut outgoing.message
        && sender == CLIENT
    {
        update.regime = Regime::Storm;
    }
    outgoing
}

fn without(sender: NodeId, outgoing: Outgoing, part: bool) -> Option<Outgoing> {
    let dropped = match &outgoing.message {
        Message::Audit(AuditMessage::Part { .. }) => part,
        Message::Audit(AuditMessage::Commit { .. }) => !part,
        _ => false,
    };
    (sender != CLIENT || !dropped).then_some(outgoing)
}

fn mute(sender: NodeId, _: u64, outgoing: Outgoing) -> Option<Outgoing> {
    without(sender, outgoing, false)
}

fn convicts(side: &Side) -> bool {
    side.page.peers()[0].convicted
}

#[test]
fn honest_nodes_pass_on_a_good_link_and_on_a_bad_one() {
    let ways: [(&str, Way, u32); 2] = [("good", |_, _, sent| Some(sent), 8), ("bad", lossy, 2)];
    for (name, way, least) in ways {
        let sides = run(way);
        for side in &*sides {
            let counts = &side.page.counts;
            assert!(counts.passes >= least, "{name}: {counts:?}");
            assert_eq!(counts.mismatches + counts.bad_proofs + counts.convictions, 0, "{name}");
            assert!(counts.gaps == 0 && counts.bytes > 0 && counts.replayed > 0, "{counts:?}");
            assert!(!side.node.neighbours[0].banned, "{name}");
        }
    }
}

#[test]
fn liars_are_convicted_by_whoever_heard_them_and_the_others_are_not() {
    let ways: [(&str, Way, NodeId); 5] = [
        (
            "a client that turns signs",
            |sender, _, sent| Some(flipped(CLIENT, sender, sent)),
            CLIENT,
        ),
        ("a sentinel that does", |sender, _, sent| Some(flipped(SENTINEL, sender, sent)), SENTINEL),
        ("a storm that is none", |sender, _, sent| Some(stormy(sender, sent)), CLIENT),
        ("no answers", |sender, _, sent| without(sender, sent, true), CLIENT),
        ("no commitments", |sender, _, sent| without(sender, sent, false), CLIENT),
    ];
    for (name, way, liar) in ways {
        let sides = run(way);
        let (judge, other) =
            if liar == CLIENT { (&sides[0], &sides[1]) } else { (&sides[1], &sides[0]) };
        assert!(convicts(judge), "{name}: {:?}", judge.page.counts);
        assert!(!convicts(other), "{name}: {:?}", other.page.counts);
        let neighbour = &judge.node.neighbours[0];
        assert!(neighbour.banned && neighbour.reputation == Q16::ZERO, "{name}");
    }
}

/// Begins the running epoch anew under another number.
fn renew(side: &mut Side) {
    let Node { neuron, residual, detector, .. } = &side.node;
    side.page.renew(Mind { neuron, residual, detector, carry: None });
}

#[test]
fn numbers_are_left_out_together_or_at_ones_own_cost() {
    let renewing = |who: core::ops::Range<usize>| {
        run_with(lossy, move |tick, sides| {
            if tick % 40 == 20 {
                sides[who.clone()].iter_mut().for_each(renew);
            }
        })
    };
    for side in &*renewing(0..2) {
        let counts = &side.page.counts;
        assert_eq!((counts.skips, counts.convictions), (0, 0), "{counts:?}");
        assert!(counts.passes > 0, "{counts:?}");
    }
    let sides = renewing(1..2);
    assert!(sides[0].page.counts.skips > 1, "{:?}", sides[0].page.counts);
    assert_eq!(sides[1].page.counts.skips, 0);
}

/// Neither has clients; only the other one can miss its commitments. Two strikes are what so many
/// ticks give: it says little after its first hundred.
#[test]
fn a_sentinel_without_clients_that_commits_to_nothing_is_blamed_by_another_one() {
    for (way, unanswered) in [((|_, _, sent| Some(sent)) as Way, 0), (mute, 2)] {
        let sides = run_with(way, |tick, sides| {
            if let ([sentinel, other], 0) = (sides, tick) {
                sentinel.node.clients.clear();
                other.node.wake = sentinel.node.wake;
            }
        });
        let (page, strikes) = (&sides[0].page, sides[0].page.peers()[0].strikes);
        assert_eq!((page.counts.unanswered, strikes), (unanswered, 8 * unanswered as u8));
        assert!(unanswered > 0 || page.counts.passes > 4, "{:?}", page.counts);
        assert_eq!(sides[1].page.counts.unanswered, 0);
    }
}

#[test]
fn a_page_is_what_it_encodes_to() {
    use qres_core::canonical::{Canonical, Source};
    let sentinel = &run(|_, _, sent| Some(sent))[0];
    let mut bytes: heapless::Vec<u8, 65_536> = heapless::Vec::new();
    sentinel.page.encode(&mut bytes);
    let mut source = Source::new(&bytes);
    assert_eq!(AuditPage::decode(&mut source), Some(sentinel.page.clone()));
    assert_eq!(source.remaining(), 0);
    // Two logs, four audits that run, sixty-four neighbours: what a node must have room for.
    assert!(size_of::<AuditPage>() < 48 << 10, "{}", size_of::<AuditPage>());
}
