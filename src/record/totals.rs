//! Totals over time, one row each few ticks: the columns of `--csv` and `--parquet`.

use std::io::{self, Write};

use crate::mesh::Mesh;

use super::export::{Exporter, Rhythm};

/// A cell.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Cell {
    /// A count or a moment.
    Whole(i64),
    /// A share or a distance.
    Real(f32),
}

impl Cell {
    /// As a whole number.
    pub(super) const fn whole(self) -> i64 {
        match self {
            Self::Whole(number) => number,
            Self::Real(number) => number as i64,
        }
    }

    /// As a real number.
    pub(super) const fn real(self) -> f32 {
        match self {
            Self::Whole(number) => number as f32,
            Self::Real(number) => number,
        }
    }
}

/// Columns of the table.
pub(super) const COLUMNS: [&str; 10] = [
    "tick",
    "sim_ms",
    "calm",
    "prestorm",
    "storm",
    "asleep",
    "energy_mean",
    "frames",
    "bytes_sent",
    "spread",
];

/// The row of now, in the order of [`COLUMNS`].
pub(super) fn row(mesh: &mut Mesh) -> [Cell; COLUMNS.len()] {
    let now = mesh.publish();
    let total = &now.summary;
    let whole = |wide: u64| Cell::Whole(wide.min(i64::MAX as u64) as i64);
    let [calm, prestorm, storm] = total.regimes.map(|nodes| whole(u64::from(nodes)));
    [
        whole(now.tick),
        whole(now.sim_ms),
        calm,
        prestorm,
        storm,
        whole(u64::from(total.asleep)),
        Cell::Real(total.energy_mean),
        whole(total.frames),
        whole(total.bytes_sent),
        Cell::Real(total.spread),
    ]
}

/// A CSV file that is being written.
pub struct Csv<W: Write> {
    out: W,
    rhythm: Rhythm,
}

impl<W: Write> Csv<W> {
    /// Begins a table with a row for each tick of the rhythm.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn new(mut out: W, rhythm: Rhythm) -> io::Result<Self> {
        writeln!(out, "{}", COLUMNS.join(","))?;
        Ok(Self { out, rhythm })
    }
}

impl<W: Write> Exporter for Csv<W> {
    const WHAT: &'static str = "table of totals";
    const BEGINS: &'static [u8] = b"tick,sim_ms,";

    fn tick(&mut self, mesh: &mut Mesh) -> io::Result<()> {
        if !self.rhythm.has(mesh.ticks()) {
            return Ok(());
        }
        let text = |cell: Cell| match cell {
            Cell::Whole(number) => number.to_string(),
            Cell::Real(number) => format!("{number:.6}"),
        };
        writeln!(self.out, "{}", row(mesh).map(text).join(","))
    }

    fn finish(mut self) -> io::Result<()> {
        self.out.flush()
    }
}
