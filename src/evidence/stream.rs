//! Residual streams over recorded signals: bits a reading, against readings as they are.

use std::path::Path;
use std::sync::Arc;

use qres_core::neuron::TAPS;
use qres_core::packet::HEADER_BYTES;
use qres_core::q16::Q16;
use qres_core::residual_stream::{StreamConfig, StreamFrame, StreamReceiver, StreamSender};
use serde_json::json;

use super::{Context, Table};
use crate::scenario::{self, Layout, SampleSpec};
use crate::world::dataset::{self, Series};

/// Bytes that carry a frame on the air: the header, and whom it is for.
const CARRIER_BYTES: usize = HEADER_BYTES + 4;

/// The table `stream`.
pub(super) fn table(context: &Context) -> Result<Table, String> {
    let mut table = Table::new(
        "Each column once through a sender and a receiver, gaps left out: frames of 64 readings \
         at most, or 255 where the row says so, a keyframe in 32, or in 4 where it says so, a \
         checksum in 4. The first rows are signals that can be predicted to their step. decimals: \
         what 95 in 100 values have, the sensor's step; off_step: values that had more and were \
         rounded to it before. fixed_bits: as many as its range needs. stream_bits: all frames, \
         keyframes and checksums included. on_air_bits: with 16 bytes more for each frame, for \
         header and address. exact: readings that came out as they went in.",
        &[
            "signal",
            "readings",
            "decimals",
            "off_step",
            "fixed_bits",
            "stream_bits",
            "on_air_bits",
            "exact",
        ],
    );
    for (name, series) in predictable() {
        add(&mut table, name, &series, &usual());
        add(&mut table, &format!("{name}, 255 in a frame"), &series, &long());
    }
    let tide = scenario::sample_names().find(|name| *name == "tide.csv").unwrap_or("tide.csv");
    let spec = SampleSpec {
        file: tide.to_owned(),
        column: "height_m".to_owned(),
        delimiter: scenario::Delimiter::Comma,
        missing: vec!["NA".to_owned(), String::new()],
        normalise: scenario::Normalise::default(),
    };
    let series = dataset::load_sample(&spec).map_err(|problem| problem.to_string())?;
    add(&mut table, "tide, height_m", &series, &usual());
    add(&mut table, "tide, a keyframe in 4", &series, &StreamConfig { key_every: 4, ..usual() });
    let Some(folder) = &context.data else { return Ok(table) };
    for (name, series) in recorded(folder)? {
        add(&mut table, &name, &series, &usual());
        let often = StreamConfig { key_every: 4, ..usual() };
        add(&mut table, &format!("{name}, a keyframe in 4"), &series, &often);
    }
    Ok(table)
}

/// The defaults.
fn usual() -> StreamConfig {
    StreamConfig::default()
}

/// As many readings in a frame as there can be.
fn long() -> StreamConfig {
    StreamConfig { frame_samples: 255, ..usual() }
}

/// Signals that a model can predict to the step: one that holds, and a slow wave on its way between
/// two levels, in tenths.
fn predictable() -> [(&'static str, Series); 2] {
    let tenths = |value: i64| Some(((value * 65_536 + 5) / 10) as i32);
    // A parabola up and one down, 4,000 samples and 20 units high.
    let arch = |n: i64| n % 2_000 * (2_000 - n % 2_000) / 5_000;
    let wave = |n: i64| if n % 4_000 < 2_000 { 400 + arch(n) } else { 400 - arch(n) };
    let series = |of: &dyn Fn(i64) -> i64| Series {
        values: (0..20_000).map(|n| tenths(of(n))).collect(),
        ..Series::default()
    };
    [("a level that holds", series(&|_| 215)), ("a slow wave", series(&wave))]
}

/// The columns of the first station of `air-quality`.
fn recorded(folder: &Path) -> Result<Vec<(String, Arc<Series>)>, String> {
    let resolved = scenario::resolve("air-quality").map_err(|problem| problem.to_string())?;
    let scenario = resolved.scenario;
    let loaded = dataset::load_all(folder, &scenario).map_err(|problem| problem.to_string())?;
    let first = loaded.into_iter().next().unwrap_or_default();
    let station = match &scenario.nodes.layout {
        Layout::Stations(stations) => stations.first().map(|station| station.name.clone()),
        _ => None,
    };
    let station = station.unwrap_or_default();
    let named =
        scenario.signals.iter().zip(first).filter_map(|(signal, series)| {
            Some((format!("{station}, {}", signal.modality), series?))
        });
    Ok(named.collect())
}

fn add(table: &mut Table, name: &str, series: &Series, config: &StreamConfig) {
    let raw: Vec<i64> = series.values.iter().flatten().map(|value| i64::from(*value)).collect();
    let off = |decimals: u32| raw.iter().filter(|value| !is_whole(**value, decimals)).count();
    let decimals = (0..4).find(|decimals| off(*decimals) * 20 <= raw.len()).unwrap_or(4);
    let readings: Vec<i32> = raw.iter().map(|value| whole(*value, decimals)).collect();
    let frames = sent(config, &readings);
    let bytes: usize = frames.iter().map(|frame| frame.len()).sum();
    let mut receiver = StreamReceiver::new(config);
    let mut exact = 0_usize;
    for frame in &frames {
        // A frame that is refused leaves `exact` short, which the table shows.
        let _ = receiver.take(config, frame, |index, reading| {
            exact += usize::from(readings.get(index as usize) == Some(&reading));
        });
    }
    let (low, high) = (readings.iter().min(), readings.iter().max());
    let range = i64::from(high.copied().unwrap_or(0)) - i64::from(low.copied().unwrap_or(0));
    let bits = |bytes: usize| bytes as f64 * 8.0 / readings.len().max(1) as f64;
    table.row([
        json!(name),
        json!(readings.len()),
        json!(decimals),
        json!(off(decimals)),
        json!(64 - range.leading_zeros()),
        json!(bits(bytes)),
        json!(bits(bytes + CARRIER_BYTES * frames.len())),
        json!(exact),
    ]);
}

fn sent(config: &StreamConfig, readings: &[i32]) -> Vec<StreamFrame> {
    let mut sender = StreamSender::new(config, &[Q16::ZERO; TAPS]);
    let mut frames = Vec::new();
    for reading in readings {
        // A reading beyond the range is left out, and `exact` shows it.
        frames.extend(sender.push(config, *reading).ok().flatten());
    }
    frames.extend(sender.flush(config));
    frames
}

/// A Q16.16 value in units of the last decimal, to nearest.
fn whole(value: i64, decimals: u32) -> i32 {
    let scaled = value * 10_i64.pow(decimals);
    ((2 * scaled + 65_536).div_euclid(2 * 65_536)) as i32
}

/// Whether a value is one that so many decimals give, as Q16.16 holds it.
fn is_whole(value: i64, decimals: u32) -> bool {
    let power = 10_i64.pow(decimals);
    let back = i64::from(whole(value, decimals)) * 65_536;
    (back - value * power).abs() <= power
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::evidence::Progress;
    use serde_json::Value;

    #[test]
    fn the_tide_comes_through_exactly_and_below_its_fixed_width() {
        let context = Context { data: None, threads: 1, progress: Progress::default() };
        let table = table(&context).expect("a table");
        let row = |name: &str| {
            let mut rows = table.rows.iter();
            rows.find(|row| row.get("signal").and_then(Value::as_str) == Some(name)).expect("a row")
        };
        let number = |name: &str, column: &str| {
            row(name).get(column).and_then(Value::as_f64).expect("a figure")
        };
        let tide = "tide, height_m";
        for row in &table.rows {
            assert_eq!(row.get("exact"), row.get("readings"), "{row:?}");
        }
        assert_eq!(row(tide).get("decimals"), Some(&json!(3)));
        assert!(number(tide, "stream_bits") < number(tide, "fixed_bits"));
        assert!(number(tide, "stream_bits") < number("tide, a keyframe in 4", "stream_bits"));
        // What is predicted to the step costs nearly nothing, and what is left is headers.
        for (name, most) in [
            ("a level that holds", 1.0),
            ("a level that holds, 255 in a frame", 0.25),
            ("a slow wave", 1.6),
        ] {
            assert!(number(name, "stream_bits") < most, "{:?}", row(name));
        }
    }
}
