//! `--parquet`: the table of totals as an Apache Parquet file, without compression.

use std::io::{self, Write};
use std::sync::Arc;

use parquet::basic::{Repetition, Type as Physical};
use parquet::data_type::{FloatType, Int64Type};
use parquet::errors::ParquetError;
use parquet::file::writer::SerializedFileWriter;
use parquet::schema::types::Type;

use crate::mesh::Mesh;

use super::export::{Exporter, Rhythm};
use super::totals::{COLUMNS, Cell, row};

/// Rows that are kept until they are written together.
const GROUP_ROWS: usize = 512;

/// A Parquet file that is being written.
pub struct Parquet<W: Write + Send> {
    out: SerializedFileWriter<W>,
    rhythm: Rhythm,
    rows: Vec<[Cell; COLUMNS.len()]>,
}

impl<W: Write + Send> Parquet<W> {
    /// Begins a file with a row for each tick of the rhythm.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn new(out: W, rhythm: Rhythm) -> io::Result<Self> {
        let column = |name: &&str| {
            let physical = match *name {
                "energy_mean" | "spread" => Physical::FLOAT,
                _ => Physical::INT64,
            };
            let column = Type::primitive_type_builder(name, physical);
            column.with_repetition(Repetition::REQUIRED).build().map(Arc::new)
        };
        let columns = COLUMNS.iter().map(column).collect::<Result<_, _>>().map_err(plain)?;
        let schema = Type::group_type_builder("totals").with_fields(columns).build();
        let schema = Arc::new(schema.map_err(plain)?);
        let out = SerializedFileWriter::new(out, schema, Arc::default()).map_err(plain)?;
        Ok(Self { out, rhythm, rows: Vec::new() })
    }

    fn write_group(&mut self) -> Result<(), ParquetError> {
        let mut group = self.out.next_row_group()?;
        let mut place = 0;
        while let Some(mut column) = group.next_column()? {
            let cells = self.rows.iter().filter_map(|row| row.get(place));
            if matches!(self.rows.first().and_then(|row| row.get(place)), Some(Cell::Real(_))) {
                let reals: Vec<f32> = cells.map(|cell| cell.real()).collect();
                column.typed::<FloatType>().write_batch(&reals, None, None)?;
            } else {
                let wholes: Vec<i64> = cells.map(|cell| cell.whole()).collect();
                column.typed::<Int64Type>().write_batch(&wholes, None, None)?;
            }
            column.close()?;
            place += 1;
        }
        group.close()?;
        self.rows.clear();
        Ok(())
    }
}

impl<W: Write + Send> Exporter for Parquet<W> {
    const WHAT: &'static str = "Parquet file";
    const BEGINS: &'static [u8] = b"PAR1";

    fn tick(&mut self, mesh: &mut Mesh) -> io::Result<()> {
        if !self.rhythm.has(mesh.ticks()) {
            return Ok(());
        }
        self.rows.push(row(mesh));
        if self.rows.len() < GROUP_ROWS {
            return Ok(());
        }
        self.write_group().map_err(plain)
    }

    fn finish(mut self) -> io::Result<()> {
        if !self.rows.is_empty() {
            self.write_group().map_err(plain)?;
        }
        self.out.into_inner().map_err(plain)?.flush()
    }
}

/// What the system said, where it was the system.
fn plain(error: ParquetError) -> io::Error {
    match error {
        ParquetError::External(cause) => match cause.downcast::<io::Error>() {
            Ok(error) => *error,
            Err(other) => io::Error::other(other.to_string()),
        },
        other => io::Error::other(other.to_string()),
    }
}
