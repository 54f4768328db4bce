//! The `.qres` file: bytes, or a table of integer columns with the text around it, in blocks that
//! decode on their own and have a CRC-32 each. Needs the heap (feature `alloc`). The reader
//! allocates no more than [`EXPANSION_MAX`] times its input, whatever a header claims.

use alloc::string::String;
use alloc::vec::Vec;

use super::bytes;
use super::columns::{self, Profile};
use super::error::CodecError;
use super::reader::{Reader, put_varint};
use crate::crc::{CRC32, crc32};

/// What a file begins with.
pub const MAGIC: [u8; 4] = *b"QRES";
/// Version of the format.
pub const VERSION: u8 = 1;
/// Bytes by which compressed bytes can be longer than their content, at most.
pub const OVERHEAD_BYTES_MAX: usize = 10;
/// Content that a byte of a file can stand for, at most.
pub const EXPANSION_MAX: u64 = 1 << 16;
/// Bytes of content in a block.
pub const BLOCK_BYTES: usize = 1 << 20;
/// Most columns of a table.
pub const COLUMNS_MAX: usize = 1024;
/// Longest name of a column, in bytes.
const NAME_BYTES_MAX: usize = 255;
/// Most decimals of a column.
pub const DECIMALS_MAX: u8 = 9;

/// What a file holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum Kind {
    /// Bytes as they are, because they do not shrink.
    Stored = 0,
    /// Bytes.
    Bytes = 1,
    /// Columns of integers, and the text around them.
    Table = 2,
}

/// A series of samples on its sensor's own scale.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Column {
    /// Its name, at most 255 bytes.
    pub name: String,
    /// A sample is this many decimal places of the quantity, at most [`DECIMALS_MAX`].
    pub decimals: u8,
    /// Decimal places that are written even if they are zero, at most `decimals`.
    pub decimals_min: u8,
    /// Samples may come back off by this, at most; 0 is lossless.
    pub max_error: u16,
    /// The samples.
    pub samples: Vec<i32>,
}

/// Columns of one length, and the text around them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Table {
    /// The columns.
    pub columns: Vec<Column>,
    /// The text, or nothing.
    pub rest: Vec<u8>,
}

/// A place in the index.
#[derive(Clone, Copy, Debug)]
struct Block<'a> {
    payload: &'a [u8],
    raw: bool,
    crc: u32,
}

/// A file that was opened: its header has been read and holds together, its blocks not yet.
#[derive(Clone, Debug)]
pub struct Archive<'a> {
    kind: Kind,
    profile: Profile,
    /// Bytes of content, or rows.
    length: usize,
    /// Without their samples.
    columns: Vec<Column>,
    blocks: Vec<Block<'a>>,
    rest: &'a [u8],
}

/// Compresses bytes into a `.qres` file, at most [`OVERHEAD_BYTES_MAX`] bytes longer than they.
#[must_use]
pub fn compress(content: &[u8]) -> Vec<u8> {
    let mut index = Vec::new();
    let mut payloads = Vec::new();
    for block in content.chunks(BLOCK_BYTES) {
        let coded = bytes::encode(block, block.len());
        let raw = coded.is_none();
        let payload = coded.unwrap_or_else(|| block.to_vec());
        put_varint(&mut index, (payload.len() as u64) << 1 | u64::from(raw));
        index.extend_from_slice(&crc32(block));
        payloads.extend_from_slice(&payload);
    }
    let mut file = begin(Kind::Bytes);
    put_varint(&mut file, content.len() as u64);
    file.extend_from_slice(&index);
    // One block has a checksum that a wrong header cannot pass; more need one for the index.
    if content.len() > BLOCK_BYTES {
        let crc = CRC32.checksum(&file);
        file.extend_from_slice(&crc.to_le_bytes());
    }
    file.extend_from_slice(&payloads);
    if file.len() < content.len() + OVERHEAD_BYTES_MAX {
        return file;
    }
    let mut file = begin(Kind::Stored);
    file.extend_from_slice(&crc32(content));
    file.extend_from_slice(content);
    file
}

/// Decompresses what [`compress`] made.
///
/// # Errors
/// [`CodecError::Kind`] for a table, another [`CodecError`] for what is no such file.
pub fn decompress(file: &[u8]) -> Result<Vec<u8>, CodecError> {
    Archive::open(file)?.bytes()
}

/// Compresses a table into a `.qres` file.
///
/// # Errors
/// [`CodecError::Count`] if columns differ in length, [`CodecError::Range`] if a column's options
/// or their number are out of range.
pub fn compress_table(table: &Table, profile: Profile) -> Result<Vec<u8>, CodecError> {
    let rows = table.columns.first().map_or(0, |column| column.samples.len());
    if table.columns.len() > COLUMNS_MAX || !table.columns.iter().all(sound) {
        return Err(CodecError::Range);
    }
    if table.columns.iter().any(|column| column.samples.len() != rows) {
        return Err(CodecError::Count);
    }
    let mut file = begin(Kind::Table);
    put_varint(&mut file, rows as u64);
    file.push(match profile {
        Profile::Host => 0,
        Profile::Mcu => 1,
    });
    put_varint(&mut file, table.columns.len() as u64);
    for column in &table.columns {
        file.push(column.name.len() as u8);
        file.extend_from_slice(column.name.as_bytes());
        file.extend_from_slice(&[column.decimals, column.decimals_min]);
        file.extend_from_slice(&column.max_error.to_le_bytes());
    }
    let rest = if table.rest.is_empty() { Vec::new() } else { compress(&table.rest) };
    put_varint(&mut file, rest.len() as u64);
    let errors: Vec<u16> = table.columns.iter().map(|column| column.max_error).collect();
    let mut payloads = Vec::new();
    let size = profile.block_rows();
    for start in (0..rows).step_by(size) {
        let cut = |column: &Column| -> Vec<i32> {
            let samples = column.samples.iter().skip(start).take(size);
            samples
                .map(|s| columns::fine(columns::coarse(*s, column.max_error), column.max_error))
                .collect()
        };
        let block: Vec<Vec<i32>> = table.columns.iter().map(cut).collect();
        let parts: Vec<&[i32]> = block.iter().map(Vec::as_slice).collect();
        let plain = plain(&block);
        let coded = columns::encode(profile, &parts, &errors);
        let raw = coded.is_none();
        let crc = CRC32.checksum(&plain);
        let payload = coded.unwrap_or(plain);
        put_varint(&mut file, (payload.len() as u64) << 1 | u64::from(raw));
        file.extend_from_slice(&crc.to_le_bytes());
        payloads.extend_from_slice(&payload);
    }
    let crc = CRC32.checksum(&file);
    file.extend_from_slice(&crc.to_le_bytes());
    file.extend_from_slice(&payloads);
    file.extend_from_slice(&rest);
    Ok(file)
}

fn begin(kind: Kind) -> Vec<u8> {
    let mut file = Vec::from(MAGIC);
    file.extend_from_slice(&[VERSION, kind as u8]);
    file
}

const fn sound(column: &Column) -> bool {
    column.name.len() <= NAME_BYTES_MAX
        && column.decimals <= DECIMALS_MAX
        && column.decimals_min <= column.decimals
}

/// Samples as they are: little-endian, column after column.
fn plain(columns: &[Vec<i32>]) -> Vec<u8> {
    columns.iter().flatten().flat_map(|sample| sample.to_le_bytes()).collect()
}

impl<'a> Archive<'a> {
    /// Reads the header and finds the blocks.
    ///
    /// # Errors
    /// Says what keeps the bytes from being a file of this version.
    pub fn open(file: &'a [u8]) -> Result<Self, CodecError> {
        let mut reader = Reader::new(file);
        if reader.take(MAGIC.len()) != Ok(&MAGIC) {
            return Err(CodecError::Magic);
        }
        if reader.byte()? != VERSION {
            return Err(CodecError::Version);
        }
        match reader.byte()? {
            0 => Self::open_stored(reader),
            1 => Self::open_bytes(reader),
            2 => Self::open_table(reader),
            _ => Err(CodecError::Range),
        }
    }

    fn open_stored(mut reader: Reader<'a>) -> Result<Self, CodecError> {
        let crc = reader.word()?;
        let payload = reader.rest();
        let blocks = Vec::from([Block { payload, raw: true, crc }]);
        let (kind, length) = (Kind::Stored, payload.len());
        let (profile, columns, rest) = (Profile::Host, Vec::new(), &[][..]);
        Ok(Self { kind, profile, length, columns, blocks, rest })
    }

    fn open_bytes(mut reader: Reader<'a>) -> Result<Self, CodecError> {
        let length = reader.bounded(reader.limit())?;
        let index = reader.index(length.div_ceil(BLOCK_BYTES))?;
        if length > BLOCK_BYTES {
            reader.check()?;
        }
        let blocks = blocks(&mut reader, &index)?;
        reader.end()?;
        let (profile, columns, rest) = (Profile::Host, Vec::new(), &[][..]);
        Ok(Self { kind: Kind::Bytes, profile, length, columns, blocks, rest })
    }

    fn open_table(mut reader: Reader<'a>) -> Result<Self, CodecError> {
        let limit = reader.limit();
        let length = reader.bounded(limit)?;
        let profile = match reader.byte()? {
            0 => Profile::Host,
            1 => Profile::Mcu,
            _ => return Err(CodecError::Range),
        };
        let count = reader.bounded(COLUMNS_MAX as u64)?;
        let samples = (length as u64).saturating_mul(4 * count as u64);
        if samples > limit || (count == 0 && length > 0) {
            return Err(CodecError::Range);
        }
        let mut columns = Vec::new();
        for _ in 0..count {
            let name_bytes = usize::from(reader.byte()?);
            let name = core::str::from_utf8(reader.take(name_bytes)?);
            let column = Column {
                name: name.map_err(|_| CodecError::Range)?.into(),
                decimals: reader.byte()?,
                decimals_min: reader.byte()?,
                max_error: u16::from_le_bytes([reader.byte()?, reader.byte()?]),
                samples: Vec::new(),
            };
            if !sound(&column) {
                return Err(CodecError::Range);
            }
            columns.push(column);
        }
        let rest_bytes = reader.bounded(limit)?;
        let index = reader.index(length.div_ceil(profile.block_rows()))?;
        reader.check()?;
        let blocks = blocks(&mut reader, &index)?;
        let rest = reader.take(rest_bytes)?;
        reader.end()?;
        Ok(Self { kind: Kind::Table, profile, length, columns, blocks, rest })
    }

    /// What the file holds.
    #[must_use]
    pub const fn kind(&self) -> Kind {
        self.kind
    }

    /// How its samples are coded; no meaning for bytes.
    #[must_use]
    pub const fn profile(&self) -> Profile {
        self.profile
    }

    /// Bytes of content, or rows of a table.
    #[must_use]
    pub const fn length(&self) -> usize {
        self.length
    }

    /// The columns of a table, without their samples.
    #[must_use]
    pub fn columns(&self) -> &[Column] {
        &self.columns
    }

    /// Bytes in the file of each block, in order.
    #[must_use]
    pub fn block_bytes(&self) -> impl ExactSizeIterator<Item = usize> {
        self.blocks.iter().map(|block| block.payload.len())
    }

    /// Bytes in the file of the text around a table.
    #[must_use]
    pub const fn rest_bytes(&self) -> usize {
        self.rest.len()
    }

    /// Content of block `number` alone, [`BLOCK_BYTES`] bytes but for the last (a stored file is
    /// one block).
    ///
    /// # Errors
    /// [`CodecError::Missing`], [`CodecError::Kind`] for a table, [`CodecError::Damaged`].
    pub fn block(&self, number: usize) -> Result<Vec<u8>, CodecError> {
        if self.kind == Kind::Table {
            return Err(CodecError::Kind);
        }
        let block = self.blocks.get(number).ok_or(CodecError::Missing)?;
        let content = if block.raw {
            block.payload.to_vec()
        } else {
            let length = self.length.saturating_sub(number * BLOCK_BYTES).min(BLOCK_BYTES);
            bytes::decode(block.payload, length).ok_or(CodecError::Damaged)?
        };
        if CRC32.checksum(&content) == block.crc { Ok(content) } else { Err(CodecError::Damaged) }
    }

    /// All content.
    ///
    /// # Errors
    /// As [`Archive::block`].
    pub fn bytes(&self) -> Result<Vec<u8>, CodecError> {
        if self.kind == Kind::Table {
            return Err(CodecError::Kind);
        }
        let mut content = Vec::new();
        for number in 0..self.blocks.len() {
            content.extend_from_slice(&self.block(number)?);
        }
        if content.len() == self.length { Ok(content) } else { Err(CodecError::Damaged) }
    }

    /// The samples of block `number` alone, column by column: [`Profile::block_rows`] rows but
    /// for the last block.
    ///
    /// # Errors
    /// [`CodecError::Missing`], [`CodecError::Kind`] for bytes, [`CodecError::Damaged`].
    pub fn rows(&self, number: usize) -> Result<Vec<Vec<i32>>, CodecError> {
        if self.kind != Kind::Table {
            return Err(CodecError::Kind);
        }
        let block = self.blocks.get(number).ok_or(CodecError::Missing)?;
        let size = self.profile.block_rows();
        let rows = self.length.saturating_sub(number * size).min(size);
        let columns = if block.raw {
            if block.payload.len() != 4 * rows * self.columns.len() {
                return Err(CodecError::Damaged);
            }
            let word = |bytes: &[u8; 4]| i32::from_le_bytes(*bytes);
            let words: Vec<i32> = block.payload.as_chunks().0.iter().map(word).collect();
            words.chunks(rows.max(1)).map(<[i32]>::to_vec).collect()
        } else {
            let errors: Vec<u16> = self.columns.iter().map(|column| column.max_error).collect();
            columns::decode(self.profile, block.payload, rows, &errors)?
        };
        let sound = CRC32.checksum(&plain(&columns)) == block.crc;
        if sound { Ok(columns) } else { Err(CodecError::Damaged) }
    }

    /// The whole table.
    ///
    /// # Errors
    /// As [`Archive::rows`].
    pub fn table(&self) -> Result<Table, CodecError> {
        if self.kind != Kind::Table {
            return Err(CodecError::Kind);
        }
        let mut columns = self.columns.clone();
        for number in 0..self.blocks.len() {
            for (column, part) in columns.iter_mut().zip(self.rows(number)?) {
                column.samples.extend_from_slice(&part);
            }
        }
        let rest = if self.rest.is_empty() { Vec::new() } else { decompress(self.rest)? };
        Ok(Table { columns, rest })
    }
}

/// Cuts the payloads that the index names.
fn blocks<'a>(
    reader: &mut Reader<'a>,
    index: &[(usize, bool, u32)],
) -> Result<Vec<Block<'a>>, CodecError> {
    let cut = |(bytes, raw, crc): &(usize, bool, u32)| {
        Ok(Block { payload: reader.take(*bytes)?, raw: *raw, crc: *crc })
    };
    index.iter().map(cut).collect()
}
