//! Files: round trips, random access, size, damage, hostile headers.

use alloc::string::ToString;
use alloc::vec;
use alloc::vec::Vec;

use proptest::prelude::*;

use super::series;
use crate::codec::*;

const PROFILES: [Profile; 2] = [Profile::Host, Profile::Mcu];

fn column(name: &str, max_error: u16, samples: Vec<i32>) -> Column {
    Column { name: name.to_string(), decimals: 2, decimals_min: 1, max_error, samples }
}

fn table(rows: usize) -> Table {
    let columns = (0..6).map(|kind| column("c", 0, series(kind, rows, 5).collect())).collect();
    Table { columns, rest: b"text around".to_vec() }
}

#[test]
fn tables_come_back_block_by_block() {
    for (profile, kinds, most) in
        [(Profile::Host, 6, 70), (Profile::Host, 1, 8193), (Profile::Mcu, 6, 1025)]
    {
        for rows in [0, 1, 65, most] {
            let mut table = table(rows);
            table.columns.truncate(kinds);
            let file = compress_table(&table, profile).unwrap();
            let archive = Archive::open(&file).unwrap();
            assert_eq!(archive.table().unwrap(), table, "{profile:?}, {rows} rows");
            let size = profile.block_rows();
            for number in 0..rows.div_ceil(size) {
                let part = archive.rows(number).unwrap();
                for (column, part) in table.columns.iter().zip(part) {
                    let whole = column.samples.chunks(size).nth(number).unwrap();
                    assert_eq!(part, whole);
                }
            }
            assert_eq!(archive.rows(rows.div_ceil(size)), Err(CodecError::Missing));
            assert_eq!(archive.bytes(), Err(CodecError::Kind));
        }
    }
}

#[test]
fn a_column_that_follows_another_costs_little() {
    let base: Vec<i32> = series(1, 1500, 3).collect();
    let twin: Vec<i32> = base.iter().map(|sample| 2 * sample + 11).collect();
    let size = |columns: Vec<Column>| {
        compress_table(&Table { columns, rest: vec![] }, Profile::Host).unwrap().len()
    };
    let alone = size(vec![column("a", 0, base.clone())]);
    let both = size(vec![column("a", 0, base), column("b", 0, twin)]);
    assert!(both < alone * 3 / 2, "{alone} alone, {both} with its twin");
}

#[test]
fn unsound_tables_are_refused() {
    let uneven = vec![column("a", 0, vec![1]), column("b", 0, vec![])];
    let refused = |columns| compress_table(&Table { columns, rest: vec![] }, Profile::Host);
    assert_eq!(refused(uneven), Err(CodecError::Count));
    assert_eq!(refused(vec![column(&"n".repeat(256), 0, vec![])]), Err(CodecError::Range));
    let decimals = Column { decimals: 1, decimals_min: 2, ..Column::default() };
    assert_eq!(refused(vec![decimals]), Err(CodecError::Range));
    assert_eq!(refused(vec![Column::default(); COLUMNS_MAX + 1]), Err(CodecError::Range));
}

#[test]
fn every_flip_and_every_cut_is_found() {
    let text = b"time,value\n0,12.5\n1,12.6\n2,12.6\n3,12.8\n4,12.9\n";
    let files = [
        compress(text),
        compress(&[0x5A, 1, 0xFF, 99, 42]),
        compress_table(&table(20), Profile::Host).unwrap(),
        compress_table(&table(20), Profile::Mcu).unwrap(),
    ];
    let read = |file: &[u8]| -> Result<(), CodecError> {
        let archive = Archive::open(file)?;
        if archive.kind() == Kind::Table {
            archive.table().map(drop)
        } else {
            archive.bytes().map(drop)
        }
    };
    for file in files {
        assert_eq!(read(&file), Ok(()));
        for length in 0..file.len() {
            assert!(read(&file[..length]).is_err(), "cut at {length}");
        }
        for at in (0..file.len()).step_by(1 + file.len() / 60) {
            let mut flipped = file.clone();
            flipped[at] ^= 1 << (at % 8);
            assert!(read(&flipped).is_err(), "flip at {at}");
        }
    }
}

#[test]
fn bytes_of_several_blocks_are_reached_alone() {
    let content: Vec<u8> = (0..BLOCK_BYTES + 5).map(|at| (at >> 12) as u8).collect();
    let mut file = b"QRES\x01\x01".to_vec();
    // Raw blocks, made by hand: the coder is not what is tested here.
    let crc = crc::Crc::<u32>::new(&crc::CRC_32_ISO_HDLC);
    file.extend_from_slice(&[0x85, 0x80, 0x40]);
    for (part, length) in content.chunks(BLOCK_BYTES).zip([&[0x81, 0x80, 0x80, 1][..], &[11]]) {
        file.extend_from_slice(length);
        file.extend_from_slice(&crc.checksum(part).to_le_bytes());
    }
    let head = crc.checksum(&file).to_le_bytes();
    file.extend_from_slice(&head);
    file.extend_from_slice(&content);
    let archive = Archive::open(&file).unwrap();
    assert_eq!(archive.block(1).unwrap(), content[BLOCK_BYTES..]);
    assert_eq!(archive.block(2), Err(CodecError::Missing));
    assert_eq!(archive.bytes().unwrap(), content);
    file[10] ^= 1;
    assert!(Archive::open(&file).is_err());
}

#[test]
fn claims_beyond_the_file_are_refused_at_once() {
    let open = |tail: &[u8]| {
        let mut file = b"QRES\x01".to_vec();
        file.extend_from_slice(tail);
        Archive::open(&file).map(drop)
    };
    let huge = [0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0x7F];
    assert_eq!(open(&[&[1][..], &huge].concat()), Err(CodecError::Range));
    assert_eq!(open(&[&[2][..], &huge].concat()), Err(CodecError::Range));
    assert_eq!(open(&[1, 0x80, 0x80, 0x40]), Err(CodecError::Range));
    assert_eq!(open(&[9]), Err(CodecError::Range));
    assert_eq!(Archive::open(b"PK\x03\x04").map(drop), Err(CodecError::Magic));
    assert_eq!(Archive::open(b"QRES\x02").map(drop), Err(CodecError::Version));
    assert_eq!(Archive::open(b"QRES").map(drop), Err(CodecError::Truncated));
}

#[test]
fn golden_files() {
    let digest = |file: &[u8]| blake3::hash(file).to_hex();
    let bytes = compress(b"Sensor readings: 23.5C, 45% humidity, 1013 hPa");
    let tables = PROFILES.map(|profile| compress_table(&table(130), profile).unwrap());
    let digests = [digest(&bytes), digest(&tables[0]), digest(&tables[1])];
    assert_eq!(digests.each_ref().map(|digest| &digest.as_str()[..16]), GOLDEN);
}

/// First digits of BLAKE3 of a short text, and of a table in the host's and the packet profile.
const GOLDEN: [&str; 3] = ["0728c58a1133e000", "64e39963b6f97e35", "792976f69142e96d"];

proptest! {
    #![proptest_config(ProptestConfig::with_cases(32))]

    #[test]
    fn any_bytes_come_back(content in prop::collection::vec(any::<u8>(), 0..400)) {
        let file = compress(&content);
        prop_assert!(file.len() <= content.len() + OVERHEAD_BYTES_MAX);
        prop_assert_eq!(decompress(&file).unwrap(), content);
    }

    #[test]
    fn any_columns_come_back_within_their_error(
        samples in prop::collection::vec((any::<i32>(), -90..90), 0..150),
        errors: (u16, u16),
    ) {
        let (wide, narrow): (Vec<i32>, Vec<i32>) = samples.into_iter().unzip();
        let columns = vec![column("w", errors.0, wide), column("n", errors.1, narrow)];
        let table = Table { columns, rest: vec![] };
        for profile in PROFILES {
            let file = compress_table(&table, profile).unwrap();
            let back = Archive::open(&file).unwrap().table().unwrap();
            for (column, back) in table.columns.iter().zip(back.columns) {
                prop_assert_eq!(column.samples.len(), back.samples.len());
                for (sample, back) in column.samples.iter().zip(back.samples) {
                    prop_assert!(sample.abs_diff(back) <= u32::from(column.max_error));
                }
            }
        }
    }

    #[test]
    fn any_bytes_are_answered(
        tail in prop::collection::vec(any::<u8>(), 0..200),
        kind in 0_u8..4,
        small in 0_u8..30,
    ) {
        let file = [b"QRES\x01".as_slice(), &[kind, small], &tail].concat();
        if let Ok(archive) = Archive::open(&file) {
            let _ = (archive.bytes(), archive.table(), archive.block(0), archive.rows(0));
        }
    }
}
