//! What travels: messages, frames, fragments, airtime and what sentinels keep. Some of it arrives
//! damaged, cut, twice or never.

use blake3::Hasher;
use qres_core::canonical::Canonical;
use qres_core::fragment::{Reassembly, cut};
use qres_core::gene::GeneId;
use qres_core::id::{GroupId, NodeId, Tick};
use qres_core::neuron::{TAPS, WEIGHT_LIMIT};
use qres_core::packet::{Header, Kind, MESSAGE_MAX, Message, Update, Wire};
use qres_core::q16::Q16;
use qres_core::radio::{AirConfig, FRAME_MAX, Frame};
use qres_core::regime::Regime;
use qres_core::residual_stream::{STREAM_FRAME_MAX, StreamPart};
use qres_core::responder::{self, Route};
use qres_core::signature::SIGNATURE_BYTES;

use super::draws::Draws;
use super::learning::gene_of;
use super::optional::policy;

/// An update that some node could send.
pub fn update(draws: &mut Draws, origin: u32) -> Update {
    let taps = draws.below(TAPS as u64) as u8 + 1;
    let mut weights = [Q16::ZERO; TAPS];
    weights.iter_mut().take(usize::from(taps)).for_each(|w| *w = draws.within(WEIGHT_LIMIT));
    Update {
        origin: NodeId(origin),
        round: draws.below(1 << 20) as u32,
        group: GroupId(draws.below(3) as u8),
        regime: Regime::ALL[draws.below(3) as usize],
        polls: draws.once_in(2),
        wire: if draws.once_in(4) { Wire::Bfp16 } else { Wire::Q16 },
        taps,
        gene: GeneId(draws.below(4) as u32),
        weights,
    }
}

fn message(draws: &mut Draws, sender: u32) -> Message {
    let to = NodeId(draws.below(9) as u32);
    let emergency = draws.once_in(2);
    match draws.below(10) {
        0 => Message::Update(update(draws, sender)),
        1 => Message::Poll { to },
        2 => Message::Beacon { emergency },
        3 => Message::Grant { to, standing: draws.share(), emergency },
        4 => Message::Relay { to, update: update(draws, 7) },
        5 => {
            let gain_percent = draws.below(101) as u8;
            Message::Offer { to, gain_percent, gene: gene_of(draws) }
        }
        6 => Message::Request { to, gene: GeneId(draws.next() as u32) },
        7 => Message::Policy(policy(draws)),
        8 => {
            let mut frame = [0; STREAM_FRAME_MAX];
            draws.fill(&mut frame);
            let length = draws.below(STREAM_FRAME_MAX as u64) as usize + 1;
            StreamPart::new(&frame[..length])
                .map_or(Message::Poll { to }, |part| Message::Stream { to, part })
        }
        _ => Message::Digest { gene: GeneId(draws.next() as u32) },
    }
}

/// Airtimes and frames at many rates and sizes.
pub fn radio(ticks: u64, out: &mut Hasher) {
    let mut draws = Draws::new(8);
    for tick in (0..ticks).map(Tick) {
        let air = AirConfig {
            bitrate_bps: draws.next() as u32 >> draws.below(33).min(31),
            preamble_us: draws.below(40_000) as u32,
            mtu_bytes: draws.below(1_100) as u16,
            beacon_interval_us: draws.below(300_000) as u32,
            beacon_bytes: draws.below(256) as u16,
            signature_bytes: if draws.once_in(2) { SIGNATURE_BYTES as u8 } else { 0 },
        };
        let payload = draws.below(MESSAGE_MAX as u64 + 1) as usize;
        let mtu = air.mtu_bytes.max(14);
        let air = AirConfig { mtu_bytes: mtu, ..air };
        air.frame_us(payload).encode(out);
        air.message_us(payload).encode(out);
        (air.message_bytes(payload) as u64).encode(out);
        air.beacons_us(tick, 1_000_000).encode(out);
        let message = message(&mut draws, 4);
        air.airtime_us(&message).encode(out);
        let mut signature = [0; SIGNATURE_BYTES];
        draws.fill(&mut signature);
        let trailer = &signature[..usize::from(air.signature_bytes)];
        air.frames(NodeId(4), tick.0 as u32, &message, trailer, |frame| {
            out.update(frame);
        });
    }
}

/// Every kind of message through bytes and back, a third of them damaged.
pub fn packet(ticks: u64, out: &mut Hasher) {
    let mut draws = Draws::new(9);
    for tick in 0..ticks {
        let sender = NodeId(draws.below(100) as u32);
        let message = message(&mut draws, sender.0);
        let (round, kind) = (tick as u8, message.kind());
        let header = Header { kind, round, index: 0, count: 1, sender };
        let mut frame = Frame::new();
        let fits = header.write(&message.to_bytes(), &mut frame).is_some();
        fits.encode(out);
        out.update(&frame);
        match draws.below(6) {
            0 => draws.damage(&mut frame),
            1 => frame.truncate(draws.below(FRAME_MAX as u64) as usize),
            _ => {}
        }
        heard(&frame, out);
        // A body of noise, whatever checksum protects it.
        let mut noise = [0; 96];
        draws.fill(&mut noise);
        let length = draws.below(97) as usize;
        reread(kind, sender, &noise[..length], out);
    }
}

fn heard(frame: &[u8], out: &mut Hasher) {
    match Header::read(frame) {
        Ok((header, payload)) => {
            [header.kind as u8, header.round, header.index, header.count].encode(out);
            reread(header.kind, header.sender, payload, out);
        }
        Err(why) => (why as u8).encode(out),
    }
}

fn reread(kind: Kind, sender: NodeId, payload: &[u8], out: &mut Hasher) {
    match Message::from_bytes(kind, sender, payload) {
        Ok(message) => {
            message.destination().encode(out);
            out.update(&message.to_bytes());
        }
        Err(why) => (why as u8).encode(out),
    }
}

/// Fragments that come late, twice, damaged, for another MTU or not at all.
pub fn fragment(ticks: u64, out: &mut Hasher) {
    let mut draws = Draws::new(10);
    let mut table = Reassembly::default();
    for tick in (0..ticks).map(Tick) {
        let sender = NodeId(draws.below(6) as u32);
        let mtu = [14, 20, 32, 1_024][draws.below(4) as usize];
        let stated = if draws.once_in(30) { 24 } else { mtu };
        let message = message(&mut draws, sender.0);
        let mut frames: heapless::Vec<Frame, 64> = heapless::Vec::new();
        cut(message.kind(), sender, tick.0 as u32, &message.to_bytes(), mtu, |frame| {
            if let Ok(frame) = Frame::from_slice(frame) {
                let _ = frames.push(frame);
            }
        });
        if draws.once_in(4) {
            frames.reverse();
        }
        for frame in &mut frames {
            let times = [0, 1, 1, 1, 1, 1, 1, 2][draws.below(8) as usize];
            if draws.once_in(24) {
                draws.damage(frame);
            }
            for _ in 0..times {
                let Ok((header, part)) = Header::read(frame) else { continue };
                let whole = table.insert(&header, part, stated, tick);
                whole.encode(out);
            }
        }
        (table.expire(tick) as u32).encode(out);
        if tick.0 % 64 == 63 {
            table.encode(out);
        }
    }
}

/// Updates kept for clients and handed over.
pub fn responder(ticks: u64, out: &mut Hasher) {
    let mut draws = Draws::new(11);
    let mut routes: [Route; 8] =
        core::array::from_fn(|origin| Route::new(NodeId(2 * origin as u32), draws.next() >> 56));
    for tick in 0..ticks {
        let origin = draws.below(18) as u32;
        let kept = Update { round: (tick / 3) as u32, ..update(&mut draws, origin) };
        responder::keep(&mut routes, &kept);
        let (place, limit) = (draws.below(66) as usize % 9, draws.below(4) as usize);
        responder::serve(&mut routes, place, limit, |update| {
            update.origin.encode(out);
            out.update(&Message::Update(update).to_bytes());
        });
        if tick % 64 == 63 {
            routes.encode(out);
        }
    }
}
