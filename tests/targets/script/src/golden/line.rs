//! The link between a host and a board: messages into frames, over a line that damages and loses
//! bytes, and back.

use blake3::Hasher;
use qres_core::canonical::Canonical;
use qres_core::link::frame::{FrameReader, FrameWriter};
use qres_core::link::message::{
    Area, Beat, Greeting, Level, LinkMessage, Order, Post, Refusal, Rehearsal, Sample, Telemetry,
    Ticked, greeting_bytes,
};

use super::draws::Draws;

/// Kinds of messages.
const KINDS: u64 = 23;

/// Messages of all kinds, as one end writes and the other reads them.
pub fn link(ticks: u64, out: &mut Hasher) {
    let mut draws = Draws::new(40);
    let mut writer = FrameWriter::default();
    let mut reader = FrameReader::default();
    for tick in 0..ticks / 4 {
        let mut bytes = [0; 192];
        draws.fill(&mut bytes);
        let piece = &bytes[..draws.below(bytes.len() as u64 + 1) as usize];
        let message = match tick % KINDS {
            0..=9 => of_host(tick % KINDS, &mut draws, piece),
            21 => LinkMessage::Rehearse(rehearsal(&mut draws)),
            kind => of_board(kind, &mut draws, piece),
        };
        let Ok(mut frame) = writer.write(&message) else {
            0xFF_u8.encode(out);
            continue;
        };
        out.update(&frame);
        match draws.below(16) {
            0 => continue,
            1 => draws.damage(&mut frame),
            2 => frame.truncate(draws.below(frame.len() as u64) as usize),
            _ => {}
        }
        for byte in &frame {
            let Some(arrived) = reader.push(*byte) else { continue };
            u32::from(arrived.sequence).encode(out);
            match LinkMessage::read(arrived.message) {
                Ok(read) => (read == message).encode(out),
                Err(why) => (why as u8).encode(out),
            }
        }
    }
    let count = reader.count();
    [count.taken, count.damaged, count.lost].encode(out);
}

/// What only hosts say.
fn of_host<'a>(kind: u64, draws: &mut Draws, bytes: &'a [u8]) -> LinkMessage<'a> {
    let tick = draws.next() >> draws.below(64);
    let offset = draws.below(1 << 16) as u16;
    match kind {
        0 => LinkMessage::Hello { versions: (offset, offset.wrapping_add(1)), nonce: tick },
        1 => LinkMessage::Load { area: area(draws), offset, bytes },
        2 => LinkMessage::Post(post(draws)),
        3 => LinkMessage::Restore { tick },
        4 => LinkMessage::Hear {
            tick,
            index: draws.below(256) as u8,
            at_us: draws.next() as u32,
            frame: &bytes[..bytes.len().min(172)],
        },
        5 => LinkMessage::Tick(Order {
            tick,
            sample: [Sample::Own, Sample::Given(draws.whole()), Sample::Absent]
                [draws.below(3) as usize],
            disturbance: draws.whole(),
            storm: draws.below(256) as u8,
            harvest_uw: draws.next() as u32,
            heard: draws.below(256) as u8,
        }),
        6 => LinkMessage::Ping { host_us: tick },
        7 => LinkMessage::Fetch { offset },
        8 => LinkMessage::Release,
        _ => LinkMessage::Restart,
    }
}

/// What only boards say.
fn of_board<'a>(kind: u64, draws: &mut Draws, bytes: &'a [u8]) -> LinkMessage<'a> {
    let tick = draws.next() >> draws.below(64);
    let short = draws.below(1 << 16) as u16;
    let mut digest = [0; 32];
    draws.fill(&mut digest);
    match kind {
        10 => LinkMessage::Greeting(Greeting {
            version: short,
            nonce: tick,
            key: digest,
            proof: if draws.once_in(2) { &[] } else { &bytes[..bytes.len().min(64)] },
            capabilities: greeting_bytes(tick).map(u32::from).iter().sum(),
            profile: "esp32c6",
            build: "golden 1",
            neighbours: draws.below(256) as u8,
            inbox: draws.below(256) as u8,
            next: draws.once_in(2).then_some(tick),
        }),
        11 => LinkMessage::Loaded { area: area(draws), length: short },
        12 => LinkMessage::Ready { tick, digest, is_free: draws.once_in(2) },
        13 => LinkMessage::Say {
            tick,
            index: draws.below(256) as u8,
            at_us: draws.next() as u32,
            frame: &bytes[..bytes.len().min(180)],
        },
        14 => LinkMessage::Ticked(ticked(tick, digest, draws)),
        15 => LinkMessage::Missed { asked: tick, next: draws.next() },
        16 => LinkMessage::Pong { host_us: tick, board_us: draws.next() },
        17 => LinkMessage::Part { tick, total: short, offset: short / 2, bytes },
        18 => LinkMessage::Log {
            level: [Level::Info, Level::Warning, Level::Fatal][draws.below(3) as usize],
            text: "words for a person",
        },
        19 => LinkMessage::Nack { sequence: short, why: refusal(draws) },
        20 => LinkMessage::Beat(Beat {
            board_us: tick,
            next: draws.once_in(2).then_some(tick),
            is_free: draws.once_in(2),
            taken: draws.next() as u32,
            damaged: u32::from(short),
            lost: draws.below(9) as u32,
            stack_free: draws.next() as u32,
        }),
        _ => LinkMessage::Rehearsed {
            tick,
            raw: draws.once_in(2).then(|| draws.whole()),
            said: draws.below(256) as u8,
        },
    }
}

fn area(draws: &mut Draws) -> Area {
    if draws.once_in(2) { Area::Config } else { Area::State }
}

fn refusal(draws: &mut Draws) -> Refusal {
    let have = draws.below(256) as u8;
    let all = [
        Refusal::Version,
        Refusal::NoNode,
        Refusal::Config,
        Refusal::Unsupported,
        Refusal::State,
        Refusal::Frames { have },
        Refusal::Piece { length: u16::from(have) << 4 },
        Refusal::Message,
        Refusal::Direction,
    ];
    all[draws.below(all.len() as u64) as usize]
}

fn post(draws: &mut Draws) -> Post {
    let count = draws.below(33);
    Post {
        node: draws.next() as u32,
        group: draws.below(256) as u8,
        role: draws.below(3) as u8,
        sentinel: if draws.once_in(3) { u32::MAX } else { draws.below(40) as u32 },
        first_us: draws.next() >> draws.below(64),
        join: draws.below(1 << 20),
        config_bytes: draws.below(1 << 16) as u16,
        config_crc: draws.next() as u32,
        free_after_ms: draws.below(9_000) as u32,
        neighbours: (0..count).map(|_| draws.next() as u32 >> 20).collect(),
    }
}

fn rehearsal(draws: &mut Draws) -> Rehearsal {
    Rehearsal {
        tick: draws.next() >> draws.below(64),
        senses: draws.once_in(2),
        offset: draws.whole(),
        gain: draws.whole(),
        pivot: draws.whole(),
        storm: draws.below(256) as u8,
        harvest_uw: draws.next() as u32,
    }
}

fn ticked(tick: u64, digest: [u8; 32], draws: &mut Draws) -> Ticked {
    let telemetry = Telemetry {
        regime: draws.below(3) as u8,
        is_browned_out: draws.once_in(2),
        energy_uj: draws.next() >> draws.below(64),
        awake_us: draws.next() as u32,
        rounds: draws.below(1 << 20) as u32,
        weights: core::array::from_fn(|_| draws.whole()),
        work_us: draws.below(1 << 20) as u32,
    };
    Ticked {
        tick,
        raw: draws.once_in(2).then(|| draws.whole()),
        sample: draws.once_in(2).then(|| draws.whole()),
        heard: draws.below(256) as u8,
        heard_crc: draws.next() as u32,
        said: draws.below(256) as u8,
        digest,
        sections: Default::default(),
        telemetry,
    }
}
