//! `--csv`: totals over time, one row each few ticks, at most about two thousand rows.

use std::fs::File;
use std::io::{BufWriter, Write as _};
use std::path::{Path, PathBuf};

use super::output::Failure;
use crate::mesh::Mesh;

/// Rows in a table, about.
const ROWS: u64 = 2_000;

/// A CSV file that is being written.
pub(super) struct Table {
    path: PathBuf,
    out: BufWriter<File>,
    every: u64,
}

impl Table {
    /// Creates the file with its header.
    pub(super) fn create(path: &Path, ticks: u64) -> Result<Self, Failure> {
        let file = File::create(path).map_err(|error| trouble(path, &error))?;
        let every = ticks.div_ceil(ROWS).max(1);
        let mut table = Self { path: path.to_path_buf(), out: BufWriter::new(file), every };
        let header = "tick,sim_ms,calm,prestorm,storm,asleep,energy_mean,frames,bytes_sent,spread";
        table.line(header)?;
        Ok(table)
    }

    /// Adds a row if one is due.
    pub(super) fn row(&mut self, mesh: &mut Mesh) -> Result<(), Failure> {
        if !mesh.ticks().is_multiple_of(self.every) {
            return Ok(());
        }
        let now = mesh.publish();
        let total = &now.summary;
        let [calm, prestorm, storm] = total.regimes;
        self.line(&format!(
            "{},{},{calm},{prestorm},{storm},{},{:.6},{},{},{:.6}",
            now.tick,
            now.sim_ms,
            total.asleep,
            total.energy_mean,
            total.frames,
            total.bytes_sent,
            total.spread
        ))
    }

    /// Writes out what is left.
    pub(super) fn finish(mut self) -> Result<(), Failure> {
        self.out.flush().map_err(|error| trouble(&self.path, &error))
    }

    fn line(&mut self, text: &str) -> Result<(), Failure> {
        writeln!(self.out, "{text}").map_err(|error| trouble(&self.path, &error))
    }
}

fn trouble(path: &Path, error: &std::io::Error) -> Failure {
    Failure::Input(format!("{}: cannot write the table: {error}", path.display()))
}
