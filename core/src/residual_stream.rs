//! The residual stream: a sensor's readings themselves, as what a shared predictor got wrong.
//!
//! Sender and receiver run the same fixed-point predictor from the same start, so a reading that
//! is predicted to the sensor's own step costs nearly nothing and is computed anew at the other
//! end, and any other costs its residual. Nothing is lost in between: what comes out is what went
//! in, reading for reading, or is reported as lost. **This channel carries raw data in effect.** It
//! is no part of gossip, must be asked for, and no update ever passes through here.
//!
//! Residuals are coded by run-lengths and Golomb-Rice codes that adapt backwards (H. Malvar,
//! "Adaptive run-length / Golomb-Rice encoding of quantized generalized Gaussian sources with
//! unknown statistics", 2006). Every so often a keyframe starts both ends afresh with the weights
//! learned so far, so that a lost frame costs the readings up to the next one.

mod bits;
mod feed;
mod rice;

use crate::canonical::{Canonical, Sink, Source};
use crate::neuron::{NeuronConfig, SwarmNeuron, TAPS, WEIGHT_LIMIT};
use crate::q16::Q16;
use crate::residual::Residual;
use bits::{BitReader, BitWriter};
pub use feed::{Extras, STREAM_BURST, STREAM_QUEUE, StreamFeed, StreamPart, send_stream};
use rice::Rice;

/// Longest frame of a stream, in bytes.
pub const STREAM_FRAME_MAX: usize = 56;
/// Readings that a frame can hold, at most.
pub const STREAM_SAMPLES_MAX: usize = 255;
/// A frame as bytes.
pub type StreamFrame = heapless::Vec<u8, STREAM_FRAME_MAX>;

const KEY: u8 = 1;
const SHORT: u8 = 2;
const CHECK: u8 = 4;
/// The most bits that one reading and the run before it can take.
const READING_BITS: usize = 96;
/// Sequence numbers this far behind are old news; the rest are ahead.
const STALE: u16 = 1 << 15;

const CRC: crc::Crc<u16, crc::Table<16>> =
    crc::Crc::<u16, crc::Table<16>>::new(&crc::CRC_16_IBM_SDLC);

/// What both ends agree on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct StreamConfig {
    /// The predictor.
    pub neuron: NeuronConfig,
    /// Its learning rate.
    pub rate: Q16,
    /// The sensor's step: a reading is a whole number of these. Above 0.
    pub step: Q16,
    /// Readings in a full frame, 1 to [`STREAM_SAMPLES_MAX`].
    pub frame_samples: u8,
    /// Frames from keyframe to keyframe, at least 1.
    pub key_every: u8,
    /// Frames from checksum to checksum, at least 1.
    pub check_every: u8,
}

impl Default for StreamConfig {
    fn default() -> Self {
        Self {
            neuron: NeuronConfig::default(),
            rate: Q16::from_bits(3_277),
            step: Q16::from_bits(655),
            frame_samples: 64,
            key_every: 32,
            check_every: 4,
        }
    }
}

impl StreamConfig {
    fn step_bits(&self) -> i64 {
        i64::from(self.step.to_bits().max(1))
    }

    /// A sample as whole steps, to nearest, halves up.
    #[must_use]
    pub fn reading(&self, sample: Q16) -> i32 {
        let step = self.step_bits();
        (2 * i64::from(sample.to_bits()) + step).div_euclid(2 * step) as i32
    }

    /// So many steps as a sample; `None` when that does not fit.
    #[must_use]
    pub fn sample(&self, reading: i32) -> Option<Q16> {
        i32::try_from(i64::from(reading) * self.step_bits()).ok().map(Q16::from_bits)
    }
}

/// Why a frame gave no readings, or a reading was not taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StreamError {
    /// The reading times the step is beyond 32,767: use a larger step, or scale the sensor.
    Range,
    /// The bytes are no frame of this stream.
    Malformed,
    /// A frame before this one was lost: wait for the next keyframe.
    Gap,
    /// A frame that was there before: nothing is to be done.
    Stale,
    /// The ends have come apart: wait for the next keyframe, and check that both have the same
    /// configuration.
    Diverged,
}

impl core::fmt::Display for StreamError {
    fn fmt(&self, out: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        out.write_str(match self {
            Self::Range => "the reading does not fit; use a larger step or scale the sensor",
            Self::Malformed => "the bytes are no frame of this stream",
            Self::Gap => "a frame was lost; waiting for the next keyframe",
            Self::Stale => "a frame that was there before",
            Self::Diverged => "the ends have come apart; waiting for the next keyframe",
        })
    }
}

impl core::error::Error for StreamError {}

/// What both ends hold alike.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Mirror {
    neuron: SwarmNeuron,
    residual: Residual,
    rice: Rice,
}
crate::canonical!(struct Mirror { neuron, residual, rice });

impl Mirror {
    /// The start that a keyframe gives: these weights, and nothing else known.
    fn fresh(config: &StreamConfig, weights: &[Q16; TAPS]) -> Self {
        let mut neuron = SwarmNeuron::new(&config.neuron);
        neuron.adopt(weights);
        Self { neuron, residual: Residual::default(), rice: Rice::default() }
    }

    /// The forecast in whole steps.
    fn forecast(&mut self, config: &StreamConfig) -> i64 {
        let bits = i64::from(self.neuron.predict().to_bits());
        let step = config.step_bits();
        (2 * bits + step).div_euclid(2 * step)
    }

    fn learn(&mut self, config: &StreamConfig, sample: Q16) {
        let usual = self.residual.usual();
        let error = self.neuron.adapt(&config.neuron, sample, config.rate, usual);
        if self.neuron.samples() > 1 {
            self.residual.observe(error, self.neuron.persistence_error(), false);
        }
    }

    /// 16 bits of what both ends hold.
    fn checksum(&self) -> u16 {
        let mut sum = Checksum(CRC.digest());
        self.encode(&mut sum);
        sum.0.finalize()
    }
}

struct Checksum(crc::Digest<'static, u16, crc::Table<16>>);

impl Sink for Checksum {
    fn put(&mut self, bytes: &[u8]) {
        self.0.update(bytes);
    }
}

/// The sending end.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StreamSender {
    mirror: Mirror,
    writer: BitWriter,
    /// The reading that opens a keyframe, and the weights that it carries.
    first: i32,
    weights: [Q16; TAPS],
    key: bool,
    count: u8,
    sequence: u16,
    frames: u32,
    /// Number of the frame's first reading.
    index: u32,
}
crate::canonical!(struct StreamSender {
    mirror, writer, first, weights, key, count, sequence, frames, index,
});

impl StreamSender {
    /// A stream that starts with these weights (all zero: persistence), such as a gene's.
    #[must_use]
    pub fn new(config: &StreamConfig, weights: &[Q16; TAPS]) -> Self {
        Self {
            mirror: Mirror::fresh(config, weights),
            writer: BitWriter::default(),
            first: 0,
            weights: [Q16::ZERO; TAPS],
            key: true,
            count: 0,
            sequence: 0,
            frames: 0,
            index: 0,
        }
    }

    /// Readings taken so far.
    #[must_use]
    pub const fn samples(&self) -> u32 {
        self.index.wrapping_add(self.count as u32)
    }

    /// Takes the next reading; gives a frame when one is full.
    ///
    /// # Errors
    /// [`StreamError::Range`] when the reading does not fit; it is then not part of the stream.
    pub fn push(
        &mut self,
        config: &StreamConfig,
        reading: i32,
    ) -> Result<Option<StreamFrame>, StreamError> {
        let sample = config.sample(reading).ok_or(StreamError::Range)?;
        if self.count == 0 {
            self.open(config, reading);
        }
        if !(self.key && self.count == 0) {
            let residual = i64::from(reading) - self.mirror.forecast(config);
            self.mirror.rice.put(residual, &mut self.writer);
        }
        self.mirror.learn(config, sample);
        self.count += 1;
        let room = STREAM_FRAME_MAX - header_bytes(config, self.key);
        let full = self.count >= config.frame_samples.max(1)
            || self.writer.length() + READING_BITS > 8 * room;
        Ok(if full { self.flush(config) } else { None })
    }

    fn open(&mut self, config: &StreamConfig, reading: i32) {
        self.key = self.frames.is_multiple_of(u32::from(config.key_every.max(1)));
        if self.key {
            self.weights = *self.mirror.neuron.weights();
            self.mirror = Mirror::fresh(config, &self.weights);
            self.first = reading;
        }
    }

    /// Closes the frame that is being filled; `None` when it is empty.
    pub fn flush(&mut self, config: &StreamConfig) -> Option<StreamFrame> {
        if self.count == 0 {
            return None;
        }
        self.mirror.rice.end(&mut self.writer);
        let short = self.count != config.frame_samples.max(1);
        let check = (self.frames + 1).is_multiple_of(u32::from(config.check_every.max(1)));
        let flag = |set: bool, bit: u8| if set { bit } else { 0 };
        let flags = flag(self.key, KEY) | flag(short, SHORT) | flag(check, CHECK);
        let mut frame = StreamFrame::new();
        frame.put(&[flags]);
        frame.put(&self.sequence.to_le_bytes());
        if short {
            frame.put(&[self.count]);
        }
        if self.key {
            frame.put(&self.index.to_le_bytes());
            frame.put(&self.first.to_le_bytes());
            let used = self.weights.iter().take(usize::from(config.neuron.form.taps));
            used.for_each(|weight| frame.put(&weight.to_bits().to_le_bytes()));
        }
        if check {
            frame.put(&self.mirror.checksum().to_le_bytes());
        }
        frame.put(self.writer.bytes());
        self.writer = BitWriter::default();
        self.index = self.index.wrapping_add(u32::from(self.count));
        self.count = 0;
        self.sequence = self.sequence.wrapping_add(1);
        self.frames = self.frames.wrapping_add(1);
        Some(frame)
    }
}

/// The longest header of a frame, in bytes.
fn header_bytes(config: &StreamConfig, key: bool) -> usize {
    6 + if key { 8 + 4 * usize::from(config.neuron.form.taps).min(TAPS) } else { 0 }
}

/// The receiving end.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StreamReceiver {
    mirror: Mirror,
    synced: bool,
    sequence: u16,
    index: u32,
    received: u32,
    lost: u32,
}
crate::canonical!(struct StreamReceiver { mirror, synced, sequence, index, received, lost });

/// A frame, taken apart.
struct Parsed<'a> {
    key: Option<(u32, i32, [Q16; TAPS])>,
    count: u8,
    sequence: u16,
    check: Option<u16>,
    bits: &'a [u8],
}

impl StreamReceiver {
    /// A receiver that waits for its first keyframe.
    #[must_use]
    pub fn new(config: &StreamConfig) -> Self {
        let mirror = Mirror::fresh(config, &[Q16::ZERO; TAPS]);
        Self { mirror, synced: false, sequence: 0, index: 0, received: 0, lost: 0 }
    }

    /// Readings rebuilt.
    #[must_use]
    pub const fn received(&self) -> u32 {
        self.received
    }

    /// Readings known to be lost: those that a keyframe showed to be missing.
    #[must_use]
    pub const fn lost(&self) -> u32 {
        self.lost
    }

    /// Whether the next frame can be read if it is not lost.
    #[must_use]
    pub const fn is_synced(&self) -> bool {
        self.synced
    }

    /// Takes a frame; `each` gets the number of each reading from the start of the stream, and the
    /// reading. Nothing is given before the whole frame has proved to be right.
    ///
    /// # Errors
    /// Says why there are no readings in it; the receiver then goes on with the next keyframe.
    pub fn take(
        &mut self,
        config: &StreamConfig,
        frame: &[u8],
        mut each: impl FnMut(u32, i32),
    ) -> Result<(), StreamError> {
        let parsed = parse(config, frame).ok_or(StreamError::Malformed)?;
        if parsed.key.is_none() && !self.synced {
            return Err(StreamError::Gap);
        }
        if self.received > 0 || self.synced {
            let behind = self.sequence.wrapping_sub(parsed.sequence);
            if behind != 0 && behind < STALE {
                return Err(StreamError::Stale);
            }
            if behind != 0 && parsed.key.is_none() {
                self.synced = false;
                return Err(StreamError::Gap);
            }
        }
        let mut mirror = match &parsed.key {
            Some((.., weights)) => Mirror::fresh(config, weights),
            None => self.mirror.clone(),
        };
        let readings = decode(config, &mut mirror, &parsed);
        let right = parsed.check.is_none_or(|check| check == mirror.checksum());
        let Some(readings) = readings.filter(|_| right) else {
            self.synced = false;
            return Err(StreamError::Diverged);
        };
        if let Some((index, ..)) = parsed.key {
            // Numbers that go back are a sender that started anew.
            let ahead = index.wrapping_sub(self.index);
            self.lost = self.lost.saturating_add(if ahead < 1 << 31 { ahead } else { 0 });
            self.index = index;
        }
        self.mirror = mirror;
        self.synced = true;
        self.sequence = parsed.sequence.wrapping_add(1);
        for reading in readings {
            each(self.index, reading);
            self.index = self.index.wrapping_add(1);
            self.received = self.received.saturating_add(1);
        }
        Ok(())
    }
}

fn parse<'a>(config: &StreamConfig, frame: &'a [u8]) -> Option<Parsed<'a>> {
    let mut source = Source::new(frame);
    let flags = u8::decode(&mut source)?;
    let sequence = u16::decode(&mut source)?;
    if frame.len() > STREAM_FRAME_MAX || flags > (KEY | SHORT | CHECK) {
        return None;
    }
    let full = config.frame_samples.max(1);
    let count = if flags & SHORT == 0 { full } else { u8::decode(&mut source)? };
    let key = if flags & KEY == 0 { None } else { Some(parse_key(config, &mut source)?) };
    let check = if flags & CHECK == 0 { None } else { Some(u16::decode(&mut source)?) };
    let bits = source.take(source.remaining())?;
    (1..=full).contains(&count).then_some(Parsed { key, count, sequence, check, bits })
}

fn parse_key(config: &StreamConfig, source: &mut Source<'_>) -> Option<(u32, i32, [Q16; TAPS])> {
    let index = u32::decode(source)?;
    let first = i32::decode(source)?;
    let mut weights = [Q16::ZERO; TAPS];
    for weight in weights.iter_mut().take(usize::from(config.neuron.form.taps)) {
        *weight = Q16::decode(source)?;
        if weight.to_bits().unsigned_abs() > WEIGHT_LIMIT.unsigned_abs() {
            return None;
        }
    }
    Some((index, first, weights))
}

/// The readings of a frame; `None` when its bits run out, are left over, or mean no reading.
fn decode(
    config: &StreamConfig,
    mirror: &mut Mirror,
    parsed: &Parsed<'_>,
) -> Option<heapless::Vec<i32, STREAM_SAMPLES_MAX>> {
    let mut readings = heapless::Vec::new();
    let mut reader = BitReader::new(parsed.bits);
    if let Some((_, first, _)) = parsed.key {
        mirror.learn(config, config.sample(first)?);
        readings.push(first).ok()?;
    }
    while readings.len() < usize::from(parsed.count) {
        let residual = mirror.rice.get(&mut reader)?;
        let reading = i32::try_from(mirror.forecast(config).checked_add(residual)?).ok()?;
        mirror.learn(config, config.sample(reading)?);
        readings.push(reading).ok()?;
    }
    mirror.rice.cut();
    reader.ends_here().then_some(readings)
}

#[cfg(test)]
mod tests;
