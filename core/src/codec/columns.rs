//! Blocks of columns of integer samples: several series coded row by row, each seeing the newest
//! differences of those before it, or each on its own in packets. Needs the heap (feature
//! `alloc`).

use alloc::vec;
use alloc::vec::Vec;

use super::error::CodecError;
use super::model::{Model, OWN_INPUTS};
use super::packet::{
    KEYFRAME_PACKETS, PACKET_BYTES_MAX, PACKET_SAMPLES, PacketDecoder, PacketEncoder,
};
use super::range::{Decoder, Encoder};

/// Other series that a series sees.
const SIDE_INPUTS: usize = 8;
const INPUTS: usize = OWN_INPUTS + SIDE_INPUTS;
type Series = Model<INPUTS, { INPUTS * (INPUTS + 1) / 2 }>;

/// How samples are coded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Profile {
    /// Blocks of 8,192 rows, in which a column is predicted from those before it too.
    Host,
    /// Packets as a microcontroller makes them: blocks of 1,024 rows.
    Mcu,
}

impl Profile {
    /// Rows of a block that decodes on its own.
    #[must_use]
    pub const fn block_rows(self) -> usize {
        match self {
            Self::Host => 8192,
            Self::Mcu => PACKET_SAMPLES * KEYFRAME_PACKETS as usize,
        }
    }
}

/// Codes a block of columns of one length; `steps` are their values' distances, 1 for lossless.
/// `None` if the block would not be smaller than its samples.
pub(super) fn encode(profile: Profile, columns: &[&[i32]], errors: &[u16]) -> Option<Vec<u8>> {
    let rows = columns.first().map_or(0, |column| column.len());
    let mut out = vec![0; 4 * rows * columns.len()];
    let length = match profile {
        Profile::Host => encode_rows(columns, errors, &mut out)?,
        Profile::Mcu => encode_packets(columns, errors, &mut out)?,
    };
    out.truncate(length);
    Some(out)
}

/// Decodes a block of `rows` rows.
pub(super) fn decode(
    profile: Profile,
    payload: &[u8],
    rows: usize,
    errors: &[u16],
) -> Result<Vec<Vec<i32>>, CodecError> {
    match profile {
        Profile::Host => decode_rows(payload, rows, errors),
        Profile::Mcu => decode_packets(payload, rows, errors),
    }
}

/// The multiple of `2 * max_error + 1` nearest to a sample.
pub(super) fn coarse(sample: i32, max_error: u16) -> i32 {
    let step = 2 * i64::from(max_error) + 1;
    (i64::from(sample) + step / 2).div_euclid(step) as i32
}

/// The sample that stands for a multiple of the step.
pub(super) fn fine(value: i32, max_error: u16) -> i32 {
    let sample = i64::from(value) * (2 * i64::from(max_error) + 1);
    sample.clamp(i64::from(i32::MIN), i64::from(i32::MAX)) as i32
}

/// Newest differences of the series before one, nearest first.
fn sides(models: &[Series], column: usize) -> [i32; SIDE_INPUTS] {
    let mut side = [0; SIDE_INPUTS];
    let before = models.iter().take(column).rev();
    for (input, model) in side.iter_mut().zip(before) {
        *input = model.newest_difference();
    }
    side
}

fn encode_rows(columns: &[&[i32]], errors: &[u16], out: &mut [u8]) -> Option<usize> {
    let mut models = vec![Series::new(); columns.len()];
    let mut coder = Encoder::new(out);
    let rows = columns.first().map_or(0, |column| column.len());
    for row in 0..rows {
        for (index, (column, error)) in columns.iter().zip(errors).enumerate() {
            let value = coarse(column.get(row).copied()?, *error);
            let side = sides(&models, index);
            models.get_mut(index)?.encode(&mut coder, value, &side);
        }
    }
    coder.finish(0)
}

fn decode_rows(payload: &[u8], rows: usize, errors: &[u16]) -> Result<Vec<Vec<i32>>, CodecError> {
    let mut models = vec![Series::new(); errors.len()];
    let mut columns = vec![Vec::new(); errors.len()];
    let mut coder = Decoder::new(payload);
    for _ in 0..rows {
        for (index, (column, error)) in columns.iter_mut().zip(errors).enumerate() {
            let side = sides(&models, index);
            let model = models.get_mut(index).ok_or(CodecError::Damaged)?;
            let value = model.decode(&mut coder, &side).ok_or(CodecError::Damaged)?;
            column.push(fine(value, *error));
        }
        if coder.exhausted() {
            return Err(CodecError::Damaged);
        }
    }
    if coder.finished(0) { Ok(columns) } else { Err(CodecError::Damaged) }
}

/// Packets with their lengths before them, two bytes each, column after column.
fn encode_packets(columns: &[&[i32]], errors: &[u16], out: &mut [u8]) -> Option<usize> {
    let mut at = 0;
    for (column, error) in columns.iter().zip(errors) {
        let mut encoder = PacketEncoder::new(*error);
        for samples in column.chunks(PACKET_SAMPLES) {
            let mut packet = [0; PACKET_BYTES_MAX];
            let length = encoder.encode(samples, &mut packet).ok()?;
            let head = (length as u16).to_le_bytes();
            out.get_mut(at..at + 2)?.copy_from_slice(&head);
            out.get_mut(at + 2..at + 2 + length)?.copy_from_slice(packet.get(..length)?);
            at += 2 + length;
        }
    }
    Some(at)
}

fn decode_packets(
    payload: &[u8],
    rows: usize,
    errors: &[u16],
) -> Result<Vec<Vec<i32>>, CodecError> {
    let mut rest = payload;
    let mut columns = Vec::new();
    for error in errors {
        let mut decoder = PacketDecoder::new(*error);
        let mut column = Vec::new();
        while column.len() < rows {
            let (head, after) = rest.split_first_chunk::<2>().ok_or(CodecError::Damaged)?;
            let length = usize::from(u16::from_le_bytes(*head));
            let (packet, after) = after.split_at_checked(length).ok_or(CodecError::Damaged)?;
            let mut samples = [0; PACKET_SAMPLES];
            let count = decoder.decode(packet, &mut samples)?;
            column.extend(samples.iter().take(count));
            rest = after;
        }
        if column.len() != rows {
            return Err(CodecError::Damaged);
        }
        columns.push(column);
    }
    if rest.is_empty() { Ok(columns) } else { Err(CodecError::Damaged) }
}
