//! What a board does on its own: its clock, its radio, its lamp, and a loss of power.

use qres_core::config::NodeConfig;
use qres_core::fragment::Reassembly;
use qres_core::id::Tick;
use qres_core::link::message::{Greeting, LinkMessage, Order, Post, Rehearsal, Sample};
use qres_core::packet::Header;
use qres_firmware::Activity;

use super::{Bench, Host, Letter, post, read, talkative, wave};

#[test]
fn a_board_without_a_host_runs_free_and_outlives_a_loss_of_power() {
    let mut host = Host::new(Bench::default());
    host.post(&in_small_frames(), Post { free_after_ms: 5_000, ..post() });
    let order = Order { storm: 200, ..Order::default() };
    host.ask(&LinkMessage::Tick(order));
    assert_eq!(host.firmware.board().light.storm, 200, "the lamp shows it");
    assert_eq!(host.firmware.board().light.activity, Activity::Mirrored);
    let run = |host: &mut Host, seconds: u64| {
        for _ in 0..seconds * 10 {
            host.firmware.board().now_us += 100_000;
            host.firmware.step();
        }
        host.letters()
    };
    let letters = run(&mut host, 4);
    let beats = |letters: &[Letter]| {
        letters.iter().filter(|letter| matches!(read(letter), LinkMessage::Beat(_))).count()
    };
    assert_eq!(beats(&letters), 4, "it waits, and says that it lives");
    let letters = run(&mut host, 60);
    assert_eq!(host.firmware.board().light.activity, Activity::Free);
    let ticks: Vec<u64> = letters
        .iter()
        .filter_map(|letter| match read(letter) {
            LinkMessage::Ticked(ticked) => Some(ticked.tick),
            _ => None,
        })
        .collect();
    assert_eq!(ticks, (1..=60).collect::<Vec<u64>>());
    assert!(!host.firmware.board().sent.is_empty(), "on its own radio");
    put_together(&host.firmware.board().sent, &letters);
    // The power goes: what was kept is the node as it was set free.
    let kept = Host::new(host.firmware.into_board());
    let mut host = kept;
    let letters = host.letters();
    assert!(
        matches!(read(&letters[0]), LinkMessage::Greeting(greeting) if greeting.next == Some(1))
    );
    assert!(!run(&mut host, 3).is_empty());
    // A host's tick makes it a mirror again; a restart makes it nobody.
    let answer = host.ask(&LinkMessage::Hello { versions: (1, 1), nonce: 3 });
    let LinkMessage::Greeting(Greeting { next: Some(next), .. }) = read(&answer[0]) else {
        panic!("it is a node: {answer:?}")
    };
    assert!(next > 3, "it ran on");
    let answer = host.ask(&LinkMessage::Tick(Order { tick: next, ..Order::default() }));
    assert!(answer.iter().any(|letter| matches!(read(letter), LinkMessage::Ticked(_))));
    assert_eq!(host.firmware.board().light.activity, Activity::Mirrored);
    host.ask(&LinkMessage::Restart);
    let host = Host::new(host.firmware.into_board());
    assert!(host.firmware.node().is_none());
}

/// A mesh whose frames hold eight bytes of a message each.
fn in_small_frames() -> NodeConfig {
    let mut config = talkative();
    config.air.mtu_bytes = 20;
    config
}

/// What went on the air is what was said: in frames that the mesh takes, each whole, and all there.
fn put_together(sent: &[Vec<u8>], letters: &[Letter]) {
    let mtu = usize::from(in_small_frames().air.mtu_bytes);
    let mut reassembly = Reassembly::default();
    let mut heard = Vec::new();
    for (place, frame) in (0..).zip(sent) {
        assert!(frame.len() <= mtu, "{} bytes in a frame of {mtu}", frame.len());
        let (header, part) = Header::read(frame).expect("a frame");
        if let Some(whole) = reassembly.insert(&header, part, mtu, Tick(place / 100)) {
            heard.push(whole.to_vec());
        }
    }
    let said = letters.iter().filter_map(|letter| match read(letter) {
        LinkMessage::Say { frame, .. } => Some(Header::read(frame).expect("a frame").1.to_vec()),
        _ => None,
    });
    assert_eq!(heard, said.collect::<Vec<_>>());
    assert!(sent.len() > heard.len(), "some took more than one frame");
}

#[test]
fn a_lamp_blinks_while_something_bends_what_the_sensor_reads() {
    let mut host = Host::new(Bench::default());
    host.ask(&LinkMessage::Post(post()));
    // Shares of the next second in which the lamp is off.
    let dark = |host: &mut Host| {
        let looks = (0..40).map(|_| {
            host.firmware.board().now_us += 25_000;
            host.firmware.step();
            host.firmware.board().light.is_dark
        });
        looks.filter(|dark| *dark).count()
    };
    let rehearse = |tick, offset, gain| {
        LinkMessage::Rehearse(Rehearsal { tick, offset, gain, ..Rehearsal::default() })
    };
    let tick = |tick, sample, disturbance| {
        LinkMessage::Tick(Order { tick, sample, disturbance, ..Order::default() })
    };
    assert_eq!(dark(&mut host), 0);
    let given = Sample::Given(0);
    let table = [
        ("an offset", rehearse(0, 5, 0), true),
        ("its tick", tick(0, given, 0), true),
        ("a gain alone", rehearse(1, 0, -9), true),
        ("nothing", rehearse(1, 0, 0), false),
        ("its tick", tick(1, given, 0), false),
        ("an order that bends the own sensor", tick(2, Sample::Own, -1), true),
        ("one that does not", tick(3, Sample::Own, 0), false),
        ("a rehearsal", rehearse(4, 1, 1), true),
        ("its tick", tick(4, given, 0), true),
        ("a tick without one", tick(5, given, 0), false),
        ("a rehearsal again", rehearse(6, 1, 1), true),
        ("a release", LinkMessage::Release, false),
    ];
    for (name, message, blinks) in table {
        let answers = host.ask(&message);
        assert!(!answers.iter().any(|it| matches!(read(it), LinkMessage::Nack { .. })), "{name}");
        let off = dark(&mut host);
        // Four times a second: off for as long as it is on.
        assert!(if blinks { (19..=21).contains(&off) } else { off == 0 }, "{name}: {off} of 40");
    }
}

#[test]
fn clocks_are_answered_and_free_ticks_are_released() {
    let mut host = Host::new(Bench::default());
    host.letters();
    host.firmware.board().now_us = 77;
    let answer = host.ask(&LinkMessage::Ping { host_us: 5 });
    assert_eq!(read(&answer[0]), LinkMessage::Pong { host_us: 5, board_us: 77 });
    host.ask(&LinkMessage::Post(post()));
    let answer = host.ask(&LinkMessage::Release);
    assert!(answer.iter().any(|l| matches!(read(l), LinkMessage::Ready { is_free: true, .. })));
    let order = Order { tick: 1, sample: Sample::Given(65_536), ..Order::default() };
    let answer = host.ask(&LinkMessage::Tick(order));
    let ticked = answer.iter().find_map(|letter| match read(letter) {
        LinkMessage::Ticked(ticked) => Some(ticked),
        _ => None,
    });
    let ticked = ticked.expect("an answer");
    assert_eq!(
        (ticked.tick, ticked.sample, ticked.raw),
        (1, Some(65_536), Some(wave(1).to_bits()))
    );
}
