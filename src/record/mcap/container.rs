//! The container of `--mcap`: version 0 of MCAP (Foxglove, "MCAP file format specification", 2022).
//! Messages stand in chunks without compression, each with a CRC-32 and indexes; a summary ends the
//! file. Holds one chunk and must not know what messages say.

use std::io::{self, Write};

use crc::{CRC_32_ISO_HDLC, Crc, Digest};

/// Opens and closes a file.
pub(super) const MAGIC: [u8; 8] = *b"\x89MCAP0\r\n";
/// Bytes of messages that fill a chunk.
const CHUNK_BYTES: usize = 1 << 20;

static CRC: Crc<u32> = Crc::<u32>::new(&CRC_32_ISO_HDLC);

/// The kinds of record that are written, by their opcodes.
pub(super) mod opcode {
    pub const HEADER: u8 = 0x01;
    pub const FOOTER: u8 = 0x02;
    pub const SCHEMA: u8 = 0x03;
    pub const CHANNEL: u8 = 0x04;
    pub const MESSAGE: u8 = 0x05;
    pub const CHUNK: u8 = 0x06;
    pub const MESSAGE_INDEX: u8 = 0x07;
    pub const CHUNK_INDEX: u8 = 0x08;
    pub const STATISTICS: u8 = 0x0B;
    pub const SUMMARY_OFFSET: u8 = 0x0E;
    pub const DATA_END: u8 = 0x0F;
}

/// A topic and what its messages look like.
#[derive(Debug, Clone, Copy)]
pub(super) struct Channel {
    /// The topic.
    pub topic: &'static str,
    /// Name of the schema.
    pub schema: &'static str,
    /// The schema as JSON Schema.
    pub text: &'static str,
}

/// Fields of a record, little-endian, in the order in which they are added.
#[derive(Default)]
struct Fields(Vec<u8>);

impl Fields {
    fn short(mut self, value: u16) -> Self {
        self.0.extend(value.to_le_bytes());
        self
    }

    fn word(mut self, value: u32) -> Self {
        self.0.extend(value.to_le_bytes());
        self
    }

    fn long(mut self, value: u64) -> Self {
        self.0.extend(value.to_le_bytes());
        self
    }

    /// Bytes behind their number.
    fn bytes(self, bytes: &[u8]) -> Self {
        self.word(bytes.len() as u32).raw(bytes)
    }

    fn raw(mut self, bytes: &[u8]) -> Self {
        self.0.extend_from_slice(bytes);
        self
    }

    /// A map from channels to numbers.
    fn map(self, entries: impl Iterator<Item = (u16, u64)>) -> Self {
        let entries =
            entries.fold(Self::default(), |map, (channel, value)| map.short(channel).long(value));
        self.bytes(&entries.0)
    }

    /// The record of these fields.
    fn record(self, opcode: u8) -> Vec<u8> {
        let mut record = vec![opcode];
        record.extend((self.0.len() as u64).to_le_bytes());
        record.extend(self.0);
        record
    }
}

/// Where a chunk stands.
struct ChunkPlace {
    span_ns: (u64, u64),
    start: u64,
    length: u64,
    indexes: Vec<(u16, u64)>,
    indexes_length: u64,
    size: u64,
}

/// A file that is being written.
pub(super) struct Container<W: Write> {
    out: W,
    written: u64,
    crc: Digest<'static, u32>,
    channels: &'static [Channel],
    counts: Vec<u32>,
    /// The open chunk: its records, and time and place of each message by channel.
    chunk: Vec<u8>,
    places: Vec<Vec<(u64, u64)>>,
    span_ns: Option<(u64, u64)>,
    chunks: Vec<ChunkPlace>,
}

impl<W: Write> Container<W> {
    /// Begins a file with these channels, which are counted from 0.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn new(out: W, channels: &'static [Channel]) -> io::Result<Self> {
        let mut file = Self {
            out,
            written: 0,
            crc: CRC.digest(),
            channels,
            counts: vec![0; channels.len()],
            chunk: Vec::new(),
            places: vec![Vec::new(); channels.len()],
            span_ns: None,
            chunks: Vec::new(),
        };
        file.write(&MAGIC)?;
        let library = concat!("qres ", env!("CARGO_PKG_VERSION"));
        let header = Fields::default().bytes(b"").bytes(library.as_bytes());
        file.write(&header.record(opcode::HEADER))?;
        file.write(&schemas(channels))?;
        file.write(&topics(channels))?;
        Ok(file)
    }

    /// Adds a message; times never fall.
    ///
    /// # Errors
    /// When a chunk is full and cannot be written.
    pub fn message(&mut self, channel: u16, time_ns: u64, data: &[u8]) -> io::Result<()> {
        let at = self.chunk.len() as u64;
        let place = usize::from(channel);
        let (Some(places), Some(count)) = (self.places.get_mut(place), self.counts.get_mut(place))
        else {
            return Ok(());
        };
        places.push((time_ns, at));
        let fields = Fields::default().short(channel).word(*count).long(time_ns).long(time_ns);
        *count = count.wrapping_add(1);
        self.chunk.extend(fields.raw(data).record(opcode::MESSAGE));
        let (first, _) = self.span_ns.unwrap_or((time_ns, time_ns));
        self.span_ns = Some((first, time_ns));
        if self.chunk.len() < CHUNK_BYTES { Ok(()) } else { self.close_chunk() }
    }

    fn close_chunk(&mut self) -> io::Result<()> {
        let Some(span_ns) = self.span_ns.take() else { return Ok(()) };
        let records = std::mem::take(&mut self.chunk);
        let size = records.len() as u64;
        let fields = Fields::default().long(span_ns.0).long(span_ns.1).long(size);
        let fields = fields.word(CRC.checksum(&records)).bytes(b"").long(size).raw(&records);
        let (start, chunk) = (self.written, fields.record(opcode::CHUNK));
        self.write(&chunk)?;
        let after = self.written;
        let mut indexes = Vec::new();
        for (channel, places) in (0..).zip(&mut self.places) {
            if places.is_empty() {
                continue;
            }
            let entries = std::mem::take(places).into_iter();
            let entries =
                entries.fold(Fields::default(), |all, (time, at)| all.long(time).long(at));
            indexes.push((channel, Fields::default().short(channel).bytes(&entries.0)));
        }
        let mut starts = Vec::new();
        for (channel, index) in indexes {
            starts.push((channel, self.written));
            self.write(&index.record(opcode::MESSAGE_INDEX))?;
        }
        self.chunks.push(ChunkPlace {
            span_ns,
            start,
            length: after - start,
            indexes: starts,
            indexes_length: self.written - after,
            size,
        });
        Ok(())
    }

    /// Writes what is left, and the summary.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn finish(mut self) -> io::Result<()> {
        self.close_chunk()?;
        let data = self.crc.clone().finalize();
        self.write(&Fields::default().word(data).record(opcode::DATA_END))?;
        let begin = self.written;
        let groups = [
            (opcode::SCHEMA, schemas(self.channels)),
            (opcode::CHANNEL, topics(self.channels)),
            (opcode::STATISTICS, self.statistics()),
            (opcode::CHUNK_INDEX, self.chunk_indexes()),
        ];
        let mut crc = CRC.digest();
        let mut offsets = Vec::new();
        for (kind, group) in groups.iter().filter(|(_, group)| !group.is_empty()) {
            let offset = Fields::default().raw(&[*kind]).long(self.written);
            offsets.extend(offset.long(group.len() as u64).record(opcode::SUMMARY_OFFSET));
            crc.update(group);
            self.write(group)?;
        }
        let offsets_begin = self.written;
        crc.update(&offsets);
        self.write(&offsets)?;
        // The checksum reaches to itself, so the footer is made in two steps.
        let fields = Fields::default().long(begin).long(offsets_begin);
        let mut footer = fields.word(0).record(opcode::FOOTER);
        footer.truncate(footer.len() - 4);
        crc.update(&footer);
        footer.extend(crc.finalize().to_le_bytes());
        self.write(&footer)?;
        self.write(&MAGIC)?;
        self.out.flush()
    }

    fn statistics(&self) -> Vec<u8> {
        let all = self.counts.iter().map(|count| u64::from(*count)).sum();
        let channels = self.channels.len();
        let fields = Fields::default().long(all).short(channels as u16).word(channels as u32);
        let fields = fields.word(0).word(0).word(self.chunks.len() as u32);
        let first = self.chunks.first().map_or(0, |chunk| chunk.span_ns.0);
        let last = self.chunks.last().map_or(0, |chunk| chunk.span_ns.1);
        let counts = (0..).zip(&self.counts).map(|(channel, count)| (channel, u64::from(*count)));
        fields.long(first).long(last).map(counts).record(opcode::STATISTICS)
    }

    fn chunk_indexes(&self) -> Vec<u8> {
        let index = |chunk: &ChunkPlace| {
            let fields = Fields::default().long(chunk.span_ns.0).long(chunk.span_ns.1);
            let fields = fields.long(chunk.start).long(chunk.length);
            let fields = fields.map(chunk.indexes.iter().copied()).long(chunk.indexes_length);
            fields.bytes(b"").long(chunk.size).long(chunk.size).record(opcode::CHUNK_INDEX)
        };
        self.chunks.iter().flat_map(index).collect()
    }

    fn write(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.crc.update(bytes);
        self.written += bytes.len() as u64;
        self.out.write_all(bytes)
    }
}

/// A schema for each channel, counted from 1, for 0 means none.
fn schemas(channels: &[Channel]) -> Vec<u8> {
    let schema = |(id, channel): (u16, &Channel)| {
        let fields = Fields::default().short(id).bytes(channel.schema.as_bytes());
        fields.bytes(b"jsonschema").bytes(channel.text.as_bytes()).record(opcode::SCHEMA)
    };
    (1..).zip(channels).flat_map(schema).collect()
}

fn topics(channels: &[Channel]) -> Vec<u8> {
    let topic = |(id, channel): (u16, &Channel)| {
        let fields = Fields::default().short(id).short(id + 1).bytes(channel.topic.as_bytes());
        fields.bytes(b"json").bytes(b"").record(opcode::CHANNEL)
    };
    (0..).zip(channels).flat_map(topic).collect()
}
