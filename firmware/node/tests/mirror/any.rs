//! Whatever comes on the line, in whatever pieces and order, and whatever happens to clock and
//! power meanwhile: the loop goes on, and answers a greeting in the end.

use proptest::prelude::*;
use proptest::sample::Index;
use qres_core::link::frame::{checksum, frame_of};
use qres_core::link::message::{Area, LinkMessage, Order, PIECE_MAX, Post, Rehearsal, Sample};
use qres_core::node::Node;
use qres_firmware::NEIGHBOURS;

use super::{Bench, Host, post, read, talkative, twin};

/// Something that happens to a board.
#[derive(Clone, Debug)]
enum Event {
    /// Bytes, in pieces of this size.
    Bytes(Vec<u8>, usize),
    /// A frame that holds, around bytes that mean nothing.
    Frame(Vec<u8>),
    /// A configuration with a byte that was changed, and a node of it.
    Post(Index, u8, u8),
    /// A state with a byte that was changed, and what the board makes of it.
    Restore(Index, u8, u64),
    /// Something on the air.
    Hear(Vec<u8>, u32),
    Tick(u64, Option<i32>, i32, u32),
    Rehearse(u64, [i32; 3], u32),
    Wait(u64),
    Release,
    PowerLoss,
}

fn event() -> impl Strategy<Value = Event> {
    let bytes = |most| prop::collection::vec(any::<u8>(), 1..most);
    // Mostly the tick that is next.
    let ahead = || prop_oneof![8 => Just(0_u64), 1 => any::<u64>()];
    prop_oneof![
        (bytes(600), 1_usize..300).prop_map(|(bytes, piece)| Event::Bytes(bytes, piece)),
        bytes(200).prop_map(Event::Frame),
        any::<(Index, u8, u8)>().prop_map(|(at, byte, peers)| Event::Post(at, byte, peers)),
        any::<(Index, u8, u64)>().prop_map(|(at, byte, tick)| Event::Restore(at, byte, tick)),
        (bytes(172), any::<u32>()).prop_map(|(frame, at_us)| Event::Hear(frame, at_us)),
        (ahead(), any::<(Option<i32>, i32, u32)>())
            .prop_map(|(ahead, (given, bent, power))| Event::Tick(ahead, given, bent, power)),
        (ahead(), any::<([i32; 3], u32)>())
            .prop_map(|(ahead, (bends, power))| Event::Rehearse(ahead, bends, power)),
        (0_u64..20_000_000).prop_map(Event::Wait),
        Just(Event::Release),
        Just(Event::PowerLoss),
    ]
}

/// The tick that the board stands before.
fn next(host: &mut Host) -> u64 {
    let answers = host.ask(&LinkMessage::Hello { versions: (1, 1), nonce: 9 });
    let mut next = answers.iter().filter_map(|answer| match read(answer) {
        LinkMessage::Greeting(greeting) if greeting.nonce == 9 => Some(greeting.next),
        _ => None,
    });
    next.next_back().expect("it answers a greeting").unwrap_or(0)
}

/// Bytes into an area, whatever becomes of them.
fn load(host: &mut Host, area: Area, bytes: &[u8]) {
    for (place, piece) in bytes.chunks(PIECE_MAX).enumerate() {
        host.ask(&LinkMessage::Load { area, offset: (place * PIECE_MAX) as u16, bytes: piece });
    }
}

fn change(mut bytes: Vec<u8>, at: Index, byte: u8) -> Vec<u8> {
    let place = at.index(bytes.len());
    bytes[place] = byte;
    bytes
}

fn happen(mut host: Host, event: Event) -> Host {
    let tick = next(&mut host);
    match event {
        Event::Bytes(bytes, piece) => {
            for piece in bytes.chunks(piece) {
                host.firmware.board().to_board.extend(piece);
                host.turn();
            }
            // A zero ends what may be left of a frame.
            host.firmware.board().to_board.push_back(0);
            host.turn();
        }
        Event::Frame(bytes) => {
            host.firmware.board().to_board.extend(frame_of(7, &bytes).expect("it fits"));
            host.turn();
        }
        Event::Post(at, byte, peers) => {
            let bytes = change(talkative().to_bytes().to_vec(), at, byte);
            load(&mut host, Area::Config, &bytes);
            let (config_bytes, config_crc) = (bytes.len() as u16, checksum([&bytes[..]]));
            let neighbours = (1..=u32::from(peers % 18)).collect();
            host.ask(&LinkMessage::Post(Post { config_bytes, config_crc, neighbours, ..post() }));
        }
        Event::Restore(at, byte, tick) => {
            let own = host.firmware.node().cloned();
            let node: Node<NEIGHBOURS> = own.unwrap_or_else(|| twin(&talkative()));
            let mut state: heapless::Vec<u8, 8192> = heapless::Vec::new();
            node.encode_to(&mut state);
            load(&mut host, Area::State, &change(state.to_vec(), at, byte));
            host.ask(&LinkMessage::Restore { tick });
        }
        Event::Hear(frame, at_us) => {
            host.ask(&LinkMessage::Hear { tick, index: 0, at_us, frame: &frame });
        }
        Event::Tick(ahead, given, disturbance, harvest_uw) => {
            let sample = given.map_or(Sample::Own, Sample::Given);
            let tick = tick.wrapping_add(ahead);
            let order = Order { tick, sample, disturbance, harvest_uw, ..Order::default() };
            host.ask(&LinkMessage::Tick(order));
        }
        Event::Rehearse(ahead, [offset, gain, pivot], harvest_uw) => {
            let tick = tick.wrapping_add(ahead);
            let (senses, storm) = (true, 0);
            let asked = Rehearsal { tick, senses, offset, gain, pivot, storm, harvest_uw };
            host.ask(&LinkMessage::Rehearse(asked));
        }
        Event::Wait(us) => {
            for _ in 0..8 {
                host.firmware.board().now_us += us / 8;
                host.firmware.step();
            }
        }
        Event::Release => drop(host.ask(&LinkMessage::Release)),
        Event::PowerLoss => host = Host::new(host.firmware.into_board()),
    }
    host
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, ..ProptestConfig::default() })]

    #[test]
    fn no_bytes_and_no_events_end_the_loop(events in prop::collection::vec(event(), 1..40)) {
        let mut host = Host::new(Bench::default());
        host.ask(&LinkMessage::Post(post()));
        for event in events {
            host = happen(host, event);
        }
        next(&mut host);
    }
}
