//! What is in the files, read back by whoever can read them, and that a run does not notice.

use std::io::{self, Write};

use parquet::file::reader::{FileReader as _, SerializedFileReader};
use parquet::record::RowAccessor as _;
use qres_core::packet::Header;

use super::export::{Exporter as _, Rhythm};
use super::parquet::Parquet;
use super::pcap::{FRONT_BYTES, Pcap};
use super::totals::{COLUMNS, Csv};
use crate::mesh::Mesh;
use crate::mesh::plan::Plan;
use crate::scenario::Scenario;

/// Twelve nodes that wake often, and fragments in plenty.
fn mesh() -> Mesh {
    let text = r#"(title: "t", watch_for: "w", nodes: (count: 12), radio: (mtu_bytes: 32),
        twt: (calm_ms: 4000, prestorm_ms: 3000, storm_ms: 2000, storm_window_ms: 1000),
        signals: [(modality: "a")])"#;
    let scenario = Scenario::parse("t", text).unwrap_or_else(|problem| panic!("{problem:#}"));
    Mesh::new(Plan::new(&scenario, 3, &Vec::new()).expect("a plan"), 1)
}

/// What is written, after so many ticks; the exporter sees each of them.
fn shared() -> (Shared, Shared) {
    let file = Shared::default();
    (file.clone(), file)
}

/// A file in memory.
#[derive(Clone, Default)]
pub(super) struct Shared(std::sync::Arc<std::sync::Mutex<Vec<u8>>>);

impl Shared {
    pub(super) fn bytes(&self) -> Vec<u8> {
        self.0.lock().expect("whole").clone()
    }
}

impl Write for Shared {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().expect("whole").extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

fn word(bytes: &[u8], at: usize) -> u32 {
    u32::from_le_bytes(bytes[at..at + 4].try_into().expect("four"))
}

fn half(bytes: &[u8], at: usize) -> u64 {
    u64::from(u16::from_le_bytes(bytes[at..at + 2].try_into().expect("two")))
}

#[test]
fn a_capture_holds_every_frame_and_what_became_of_it() {
    let (file, out) = shared();
    let mut mesh = mesh();
    mesh.capture(true);
    let tick_us = mesh.plan().config.wake.tick_us;
    let mut pcap = Pcap::new(out, tick_us).expect("begun");
    for _ in 0..200 {
        mesh.step();
        pcap.tick(&mut mesh).expect("written");
    }
    pcap.finish().expect("written");
    let bytes = file.bytes();
    assert_eq!((word(&bytes, 0), word(&bytes, 20)), (0xA1B2_C3D4, 147));
    let (mut at, mut frames, mut sent, mut heard, mut lost) = (24, 0, 0, 0, 0);
    let (mut before, mut fragments) = (0, 0);
    while at < bytes.len() {
        let length = word(&bytes, at + 8) as usize;
        let time_us = u64::from(word(&bytes, at)) * 1_000_000 + u64::from(word(&bytes, at + 4));
        let record = &bytes[at + 16..at + 16 + length];
        let (front, frame) = record.split_at(FRONT_BYTES);
        assert_eq!(front[..2], [1, FRONT_BYTES as u8]);
        let tick = u64::from(word(front, 4)) | u64::from(word(front, 8)) << 32;
        assert_eq!(time_us, tick * tick_us + u64::from(word(front, 12)));
        assert!(time_us >= before, "frames are in order");
        before = time_us;
        let (header, _) = Header::read(frame).expect("a whole frame");
        assert_eq!(header.sender.0, word(front, 20));
        fragments += u64::from(header.count > 1);
        let counts: Vec<u64> = (0..10).map(|fate| half(front, 28 + 2 * fate)).collect();
        heard += counts[0];
        lost += counts[1] + counts[2];
        sent += frame.len() as u64;
        frames += 1;
        at += 16 + length;
    }
    let summary = mesh.summary();
    assert_eq!((frames, sent), (summary.frames, summary.bytes_sent));
    assert!(fragments > 0 && heard > frames / 2);
    let world = mesh.world();
    let mut query = world.query::<&crate::mesh::components::Tally>();
    let tallies: Vec<_> = query.iter(world).copied().collect();
    assert_eq!(heard, tallies.iter().map(|tally| u64::from(tally.frames_heard)).sum::<u64>());
    assert_eq!(lost, tallies.iter().map(|tally| u64::from(tally.frames_lost)).sum::<u64>());
}

#[test]
fn the_table_is_the_same_in_both_forms() {
    let ((csv_file, csv_out), (file, out)) = (shared(), shared());
    let mut csv = Csv::new(csv_out, Rhythm::each(3, 1_600)).expect("begun");
    let mut parquet = Parquet::new(out, Rhythm::each(3, 1_600)).expect("begun");
    let mut mesh = mesh();
    for _ in 0..1_600 {
        mesh.step();
        csv.tick(&mut mesh).expect("written");
        parquet.tick(&mut mesh).expect("written");
    }
    csv.finish().expect("written");
    parquet.finish().expect("written");
    let text = String::from_utf8(csv_file.bytes()).expect("text");
    let mut lines = text.lines();
    assert_eq!(lines.next(), Some(&*COLUMNS.join(",")));
    let path = std::env::temp_dir().join(format!("qres-totals-{}.parquet", std::process::id()));
    std::fs::write(&path, file.bytes()).expect("written");
    let reader = SerializedFileReader::new(std::fs::File::open(&path).expect("there"));
    let reader = reader.expect("a file");
    assert_eq!(reader.metadata().num_row_groups(), 2);
    let mut rows = 0;
    for row in reader.get_row_iter(None).expect("rows") {
        let row = row.expect("a row");
        let cells = (0..COLUMNS.len()).map(|column| match row.get_float(column) {
            Ok(real) => format!("{real:.6}"),
            Err(_) => row.get_long(column).expect("a number").to_string(),
        });
        assert_eq!(lines.next(), Some(&*cells.collect::<Vec<_>>().join(",")));
        rows += 1;
    }
    // Each third, and the last.
    assert_eq!((rows, lines.next()), (533 + 1, None));
    std::fs::remove_file(path).expect("there");
}

#[test]
fn a_run_does_not_notice() {
    let digest = |exported: bool| {
        let mut mesh = mesh();
        mesh.capture(exported);
        let mut pcap = Pcap::new(io::sink(), 1_000_000).expect("begun");
        let mut csv = Csv::new(io::sink(), Rhythm::each(1, 100)).expect("begun");
        for _ in 0..100 {
            mesh.step();
            if exported {
                pcap.tick(&mut mesh).expect("written");
                csv.tick(&mut mesh).expect("written");
            }
        }
        mesh.digest()
    };
    assert_eq!(digest(true), digest(false));
}
