//! The profile for microcontrollers: packets of up to 64 samples in a stream that carries
//! predictor and coder over, with a keyframe every 16 packets that decodes alone. No heap; encoder
//! and decoder are each smaller than 1 KiB.
//!
//! A packet has no checksum of its own: the frame that carries it has one, and gives its length.
//! Lost packets are noticed by the position in the header and by the ending that a running check
//! over all samples since the keyframe picks.

use super::error::CodecError;
use super::model::{Model, OWN_INPUTS};
use super::range::{Decoder, Encoder, TOTAL};

/// Samples of a full packet.
pub const PACKET_SAMPLES: usize = 64;
/// Largest packet, in bytes: its samples as they are, and a header of 3.
pub const PACKET_BYTES_MAX: usize = 4 * PACKET_SAMPLES + RAW_HEADER_BYTES;
/// From one keyframe to the next, in packets.
pub const KEYFRAME_PACKETS: u8 = 16;

const RAW_HEADER_BYTES: usize = 3;
/// What a keyframe owns of [`TOTAL`]; the rest is for the low bits of other positions.
const KEY_UNITS: u32 = TOTAL / KEYFRAME_PACKETS as u32;
/// Positions that the header tells apart beside the keyframe.
const POSITIONS: u32 = 8;
const POSITION_UNITS: u32 = (TOTAL - KEY_UNITS) / POSITIONS;
/// What a full, coded packet owns; the rest is for short and raw ones.
const USUAL_UNITS: u32 = TOTAL - TOTAL / 1024;

type Series = Model<OWN_INPUTS, 36>;

/// Where both ends stand in a group of packets.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Stream {
    model: Series,
    /// Running check over the values since the keyframe.
    check: u32,
    /// Distance of the values coded, in samples: twice the largest error and 1.
    step: i64,
    /// Packets since the keyframe; 0 if the next packet is one.
    position: u8,
}

/// Turns samples into packets.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PacketEncoder(Stream);

/// Turns packets into samples.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PacketDecoder {
    stream: Stream,
    /// Nothing can be decoded before the next keyframe.
    lost: bool,
}

impl Stream {
    const fn new(max_error: u16) -> Self {
        Self { model: Model::new(), check: 0, step: 2 * max_error as i64 + 1, position: 0 }
    }

    const fn restart(&mut self) {
        self.model = Model::new();
        self.check = 0;
        self.position = 0;
    }

    const fn absorb(&mut self, value: i32) {
        self.check = (self.check ^ value as u32).wrapping_mul(0x9E37_79B1).rotate_left(13);
    }

    const fn advance(&mut self) {
        self.position = (self.position + 1) % KEYFRAME_PACKETS;
    }

    /// The nearest multiple of the step, in steps: off by `max_error` samples at most.
    const fn coarse(&self, sample: i32) -> i32 {
        (sample as i64 + self.step / 2).div_euclid(self.step) as i32
    }

    fn fine(&self, value: i32) -> i32 {
        let sample = i64::from(value) * self.step;
        sample.clamp(i64::from(i32::MIN), i64::from(i32::MAX)) as i32
    }

    fn header(&self, coder: &mut Encoder<'_>, count: usize, raw: bool) {
        if self.position == 0 {
            coder.put(0, KEY_UNITS);
        } else {
            let from = KEY_UNITS + u32::from(self.position) % POSITIONS * POSITION_UNITS;
            coder.put(from, from + POSITION_UNITS);
        }
        if count == PACKET_SAMPLES && !raw {
            return coder.put(0, USUAL_UNITS);
        }
        coder.put(USUAL_UNITS, TOTAL);
        coder.put_bits(u32::from(raw), 1);
        coder.put_bits(count as u32 - 1, 6);
    }
}

impl PacketEncoder {
    /// A stream that starts with a keyframe. Decoded samples are off by `max_error` at most, in
    /// units of the samples; 0 is lossless.
    #[must_use]
    pub const fn new(max_error: u16) -> Self {
        Self(Stream::new(max_error))
    }

    /// Makes the next packet a keyframe: a receiver has asked for one.
    pub const fn restart(&mut self) {
        self.0.position = 0;
    }

    /// Codes 1 to [`PACKET_SAMPLES`] samples into `out`, which takes `4 * samples + 3` bytes at
    /// most, and returns the length of the packet.
    ///
    /// # Errors
    /// [`CodecError::Count`] and [`CodecError::Room`]; nothing has changed then.
    pub fn encode(&mut self, samples: &[i32], out: &mut [u8]) -> Result<usize, CodecError> {
        if !(1..=PACKET_SAMPLES).contains(&samples.len()) {
            return Err(CodecError::Count);
        }
        let limit = 4 * samples.len() + RAW_HEADER_BYTES;
        let out = out.get_mut(..limit).ok_or(CodecError::Room)?;
        let stream = &mut self.0;
        if stream.position == 0 {
            stream.restart();
        }
        let mut coder = Encoder::new(out);
        stream.header(&mut coder, samples.len(), false);
        for sample in samples {
            let value = stream.coarse(*sample);
            stream.model.encode(&mut coder, value, &[]);
            stream.absorb(value);
        }
        let length = match coder.finish(stream.check) {
            Some(length) => length,
            None => raw_packet(stream, samples, out).ok_or(CodecError::Room)?,
        };
        stream.advance();
        Ok(length)
    }
}

/// A packet that holds the samples as they are; the model has learnt them already.
fn raw_packet(stream: &Stream, samples: &[i32], out: &mut [u8]) -> Option<usize> {
    let mut coder = Encoder::new(out);
    stream.header(&mut coder, samples.len(), true);
    for sample in samples {
        coder.put_bits(stream.coarse(*sample) as u32, 32);
    }
    coder.finish(stream.check)
}

impl PacketDecoder {
    /// Waits for a keyframe of a stream with the same `max_error`.
    #[must_use]
    pub const fn new(max_error: u16) -> Self {
        Self { stream: Stream::new(max_error), lost: true }
    }

    /// Decodes one packet into the front of `samples` and returns how many there are.
    ///
    /// # Errors
    /// [`CodecError::Gap`] if packets are missing, [`CodecError::Damaged`] if these bytes are no
    /// packet: both last until the next keyframe. `samples` hold nothing of use then.
    pub fn decode(
        &mut self,
        packet: &[u8],
        samples: &mut [i32; PACKET_SAMPLES],
    ) -> Result<usize, CodecError> {
        let result = self.read(packet, samples);
        self.lost = result.is_err();
        result
    }

    fn read(
        &mut self,
        packet: &[u8],
        samples: &mut [i32; PACKET_SAMPLES],
    ) -> Result<usize, CodecError> {
        let mut coder = Decoder::new(packet);
        let stream = &mut self.stream;
        if coder.reaches(KEY_UNITS) {
            let position = (0..POSITIONS)
                .rfind(|position| coder.reaches(KEY_UNITS + position * POSITION_UNITS))
                .unwrap_or(0);
            let from = KEY_UNITS + position * POSITION_UNITS;
            coder.take(from, from + POSITION_UNITS);
            let expected = u32::from(stream.position);
            if self.lost || expected == 0 || expected % POSITIONS != position {
                return Err(CodecError::Gap);
            }
        } else {
            coder.take(0, KEY_UNITS);
            stream.restart();
        }
        let (mut raw, mut count) = (false, PACKET_SAMPLES);
        if coder.reaches(USUAL_UNITS) {
            coder.take(USUAL_UNITS, TOTAL);
            raw = coder.take_bits(1) == 1;
            count = coder.take_bits(6) as usize + 1;
        } else {
            coder.take(0, USUAL_UNITS);
        }
        for sample in samples.iter_mut().take(count) {
            let value = if raw {
                let value = coder.take_bits(32) as i32;
                stream.model.encode(&mut Encoder::new(&mut []), value, &[]);
                value
            } else {
                stream.model.decode(&mut coder, &[]).ok_or(CodecError::Damaged)?
            };
            stream.absorb(value);
            *sample = stream.fine(value);
        }
        if !coder.finished(stream.check) {
            return Err(CodecError::Damaged);
        }
        stream.advance();
        Ok(count)
    }
}

const _: () = assert!(size_of::<PacketEncoder>() < 1024 && size_of::<PacketDecoder>() < 1024);
