//! The stations' records for fusion, and faults put into the sources. Must not touch the target.

use std::path::Path;

use qres_core::draw::{Purpose, below, draw};
use qres_core::q16::Q16;

use crate::evidence::STATIONS;
use crate::scenario::Delimiter;
use crate::world::dataset::{self, Column, DatasetProblem};

/// The columns that take part. Two of the set's ten, SO2 and DEWP, added nothing on the months that
/// settings were chosen on.
pub const COLUMNS: [&str; 8] = ["PM2.5", "PM10", "NO2", "CO", "O3", "TEMP", "PRES", "WSPM"];

/// One station: for each hour a reading of each column, the target's first.
pub type Record = Vec<[Option<Q16>; COLUMNS.len()]>;

/// What goes wrong with sources, from a certain hour on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// Nothing.
    None,
    /// Every source is missing for 20 % of the hours, in blocks of 12 hours in the mean.
    Dropout,
    /// The first source repeats one reading for 30 days, then works for 30 days, and so on.
    Stuck,
    /// The first source drifts away by 270 units in 60 days, is set right, and drifts anew.
    Drift,
    /// The first source is random between -2000 and 2000 for 30 days of 60.
    Noise,
}

/// Reads all stations, with `target` moved to the front.
///
/// # Errors
/// When a file is missing or wrong: says which, and where it is published.
pub fn load(folder: &Path, target: &str) -> Result<Vec<Record>, DatasetProblem> {
    let missing = ["NA".to_owned(), String::new()];
    let mut names = COLUMNS.to_vec();
    if let Some(place) = names.iter().position(|name| *name == target) {
        names[..=place].rotate_right(1);
    }
    let columns: Vec<Column<'_>> =
        names.iter().map(|name| Column { name, missing: &missing }).collect();
    let each = STATIONS.iter().map(|station| {
        let path = format!("beijing/{station}.csv");
        let series = dataset::load_columns(folder, &path, Delimiter::Comma, &columns)?;
        let hours = series.first().map_or(0, |column| column.values.len());
        let read = |hour: usize| {
            std::array::from_fn(|column| {
                let values = series.get(column).map(|series| &series.values);
                values.and_then(|v| v.get(hour).copied().flatten()).map(Q16::from_bits)
            })
        };
        Ok((0..hours).map(read).collect())
    });
    each.collect()
}

/// A copy of a station's record whose sources go wrong in hour `from`; `station` seeds the draws.
#[must_use]
pub fn faulty(record: &Record, fault: Fault, from: usize, station: u32) -> Record {
    let mut record = record.clone();
    let mut held = None;
    let mut out = [false; COLUMNS.len()];
    for (hour, row) in record.iter_mut().enumerate().skip(from) {
        let since = hour - from;
        let second_month = (since / 720) % 2 == 1;
        let dice = |column: usize, sides: u64| {
            below(draw(9, Purpose::Noise, station * 16 + column as u32, hour as u64, 0), sides)
        };
        match fault {
            Fault::None => return record,
            Fault::Dropout => {
                for (column, (out, reading)) in out.iter_mut().zip(row).enumerate().skip(1) {
                    // Out for 12 hours in the mean, in for 48: a fifth of the time out.
                    *out = if *out { dice(column, 12) != 0 } else { dice(column, 48) == 0 };
                    *reading = reading.filter(|_| !*out);
                }
            }
            Fault::Stuck if second_month => row[1] = held,
            Fault::Stuck => held = row[1].or(held),
            Fault::Drift => {
                let away = Q16::from_num(270 * (since % 1_440) as i64 / 1_440);
                row[1] = row[1].map(|reading| reading.saturating_add(away));
            }
            Fault::Noise if second_month => {
                row[1] = Some(Q16::from_num(dice(1, 4_001) as i64 - 2_000));
            }
            Fault::Noise => {}
        }
    }
    record
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ramp() -> Record {
        (0..6_000).map(|hour| [Some(Q16::from_num(hour % 1_000)); COLUMNS.len()]).collect()
    }

    #[test]
    fn faults_leave_the_target_and_the_past_alone() {
        let clean = ramp();
        for fault in [Fault::None, Fault::Dropout, Fault::Stuck, Fault::Drift, Fault::Noise] {
            let wrong = faulty(&clean, fault, 1_000, 3);
            assert_eq!(wrong[..1_000], clean[..1_000], "{fault:?}");
            assert!(wrong.iter().zip(&clean).all(|(a, b)| a[0] == b[0]), "{fault:?}");
            assert_eq!(wrong == clean, fault == Fault::None, "{fault:?}");
        }
    }

    #[test]
    fn a_fifth_drops_out_in_blocks() {
        let wrong = faulty(&ramp(), Fault::Dropout, 1_000, 3);
        let gone: Vec<bool> =
            wrong[1_000..].iter().flat_map(|row| row[1..].iter().map(Option::is_none)).collect();
        let share = gone.iter().filter(|gone| **gone).count() as f64 / gone.len() as f64;
        assert!((0.15..0.25).contains(&share), "{share}");
    }

    #[test]
    fn a_stuck_source_repeats_its_last_reading() {
        let wrong = faulty(&ramp(), Fault::Stuck, 1_000, 3);
        assert_eq!(wrong[1_719][1], ramp()[1_719][1]);
        assert!(wrong[1_720..2_440].iter().all(|row| row[1] == ramp()[1_719][1]));
        assert_eq!(wrong[2_440], ramp()[2_440]);
    }
}
