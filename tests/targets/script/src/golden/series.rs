//! What is made of samples beside the neuron: forecasts fused from several sensors, and packets.

use blake3::Hasher;
use qres_core::canonical::Canonical;
use qres_core::codec::packet::{PACKET_BYTES_MAX, PACKET_SAMPLES, PacketDecoder, PacketEncoder};
use qres_core::fusion::{Fusion, FusionConfig};
use qres_core::q16::Q16;

use super::draws::{Draws, sample};

/// One sensor foreseen from itself and two others, of which one stutters and one is stuck at times.
pub fn fusion(ticks: u64, out: &mut Hasher) {
    let mut draws = Draws::new(17);
    let config = FusionConfig::default();
    let mut fusion: Fusion<2, 3> = Fusion::default();
    for tick in 0..ticks / 2 {
        let own = (!draws.once_in(40)).then(|| sample(1, tick));
        let stutters = (!draws.once_in(4)).then(|| sample(1, tick + 2));
        let stuck = if tick % 400 < 300 { draws.within(1 << 20) } else { Q16::ONE };
        let frozen = tick % 1_000 >= 700 && tick % 1_000 < 820;
        fusion.step(&config, own, &[stutters, Some(stuck)], None, frozen);
        for head in 0..3 {
            fusion.forecast(head).encode(out);
            fusion.attention(&config, head, 0).encode(out);
        }
        if tick % 200 == 199 {
            fusion.encode(out);
        }
        if draws.once_in(3_000) {
            fusion.forget();
        }
    }
}

/// Packets of all lengths, lossless and not, some lost and some damaged on the way.
pub fn packets(ticks: u64, out: &mut Hasher) {
    for (lane, max_error) in [(18, 0), (19, 9)] {
        let mut draws = Draws::new(lane);
        let mut encoder = PacketEncoder::new(max_error);
        let mut decoder = PacketDecoder::new(max_error);
        for tick in 0..ticks / 64 {
            let count = if draws.once_in(4) { draws.below(64) as usize + 1 } else { 64 };
            let wild = draws.once_in(12);
            let samples: [i32; PACKET_SAMPLES] = core::array::from_fn(|place| {
                if wild {
                    draws.whole()
                } else {
                    sample(lane, 64 * tick + place as u64).to_bits() >> 8
                }
            });
            let mut packet = [0; PACKET_BYTES_MAX];
            let coded = encoder.encode(&samples[..count], &mut packet);
            let length = coded.unwrap_or(0);
            (length as u32).encode(out);
            let packet = &mut packet[..length];
            out.update(packet);
            match draws.below(24) {
                0 => continue,
                1 => draws.damage(packet),
                2 => encoder.restart(),
                _ => {}
            }
            let mut back = [0; PACKET_SAMPLES];
            match decoder.decode(packet, &mut back) {
                Ok(count) => back[..count].iter().for_each(|sample| sample.encode(out)),
                Err(why) => (why as u8).encode(out),
            }
        }
    }
}
