//! Compression of real recordings, column by column: the codec in each profile beside plain
//! bit packing of differences, every series decoded again and compared.

use std::path::{Path, PathBuf};

use qres_core::codec::packet::{PACKET_BYTES_MAX, PACKET_SAMPLES, PacketDecoder, PacketEncoder};
use qres_core::codec::{Archive, Column, Profile, compress_table};
use serde_json::json;

use super::{Context, Table};

/// A column and the ratio that packets are to reach on it, where one was set.
type Wanted = (&'static str, Option<f64>);

/// A file, the folder it may stand in, its columns, and the decimals that they are read with.
type Source = (&'static str, &'static str, &'static [Wanted], u32);

/// Goals for packets of 64 samples: 5 for pressure and temperature, 3.8 for humidity and wind.
const SMOOTH: Option<f64> = Some(5.0);
const ROUGH: Option<f64> = Some(3.8);

const SOURCES: [Source; 3] = [
    (
        "jena_2016h1.csv",
        "weather",
        &[("p (mbar)", SMOOTH), ("T (degC)", SMOOTH), ("rh (%)", ROUGH), ("wv (m/s)", ROUGH)],
        2,
    ),
    (
        "Aotizhongxin.csv",
        "beijing",
        &[("TEMP", SMOOTH), ("PRES", SMOOTH), ("DEWP", None), ("WSPM", ROUGH)],
        1,
    ),
    ("Aotizhongxin.csv", "beijing", &[("PM2.5", None), ("O3", None)], 0),
];

/// Samples of a group in bit packing.
const GROUP: usize = 8;

/// The table `codec`.
pub(super) fn table(context: &Context) -> Result<Table, String> {
    let mut table = Table::new(
        "Lossless ratio against 4 bytes a sample, all bytes of the codec counted; larger is \
         better. single: each packet of 64 samples decodes alone. packets: a stream of such \
         packets with a keyframe every 16. host: a file of one column, blocks of 8,192 samples. \
         bit_packing: differences within 64 samples, zigzag, groups of 8 with 6-bit widths. Each \
         series was decoded again and is bit for bit the same. jena_2016h1.csv is a recording \
         with injected disturbances (storms that are not weather): these are no figures for plain \
         weather. Gaps in Aotizhongxin.csv repeat the sample before. goal: what packets are to \
         reach; none is set for dew point, dust and ozone.",
        &["file", "column", "samples", "bit_packing", "single", "packets", "goal", "host"],
    );
    let folder = context.data.clone().unwrap_or_else(|| PathBuf::from("."));
    for (file, inside, columns, decimals) in SOURCES {
        for (name, goal) in columns {
            let samples = read(&folder, inside, file, name, decimals)?;
            let trouble = |what: &str| format!("{file}, {name}: {what} did not come back");
            let ratio = |bytes: usize| 4.0 * samples.len() as f64 / bytes.max(1) as f64;
            let packets = packet_bytes(&samples, false).ok_or_else(|| trouble("packets"))?;
            table.row([
                json!(file),
                json!(name),
                json!(samples.len()),
                json!(ratio(samples.chunks(PACKET_SAMPLES).map(bit_packed_bytes).sum())),
                json!(ratio(
                    packet_bytes(&samples, true).ok_or_else(|| trouble("single packets"))?
                )),
                json!(ratio(packets)),
                json!(goal),
                json!(ratio(host_bytes(name, &samples).ok_or_else(|| trouble("the host's file"))?)),
            ]);
            let what = format!("{file}, {name}");
            table.missed.extend(goal.and_then(|goal| shortfall(&what, ratio(packets), goal)));
        }
    }
    Ok(table)
}

/// What to say of packets that fall short of their goal.
fn shortfall(what: &str, ratio: f64, goal: f64) -> Option<String> {
    (ratio < goal).then(|| format!("{what}: packets reach {ratio:.3}, and the goal is {goal}"))
}

/// Reads a column as integers with `decimals`; what is no number repeats the sample before.
fn read(
    folder: &Path,
    inside: &str,
    file: &str,
    name: &str,
    decimals: u32,
) -> Result<Vec<i32>, String> {
    let beside = folder.join(file);
    let path = if beside.exists() { beside } else { folder.join(inside).join(file) };
    let trouble = |error: csv::Error| {
        let path = path.display();
        format!(
            "{path}: {error}; name the folder with the data sets with --data DIR; \
             docs/codec.md says where to get them"
        )
    };
    let mut reader = csv::Reader::from_path(&path).map_err(trouble)?;
    let header = reader.headers().map_err(trouble)?;
    let place = header.iter().position(|there| there == name);
    let place = place.ok_or_else(|| format!("{}: no column `{name}`", path.display()))?;
    let mut samples = Vec::new();
    for row in reader.records() {
        let row = row.map_err(trouble)?;
        let number = row.get(place).and_then(|cell| cell.parse::<f64>().ok());
        let scale = 10_f64.powi(decimals as i32);
        let sample = number.map(|number| (number * scale).round() as i32);
        samples.push(sample.or(samples.last().copied()).unwrap_or(0));
    }
    Ok(samples)
}

/// Bytes of a stream of packets, or of packets that each decode alone, once proven.
fn packet_bytes(samples: &[i32], single: bool) -> Option<usize> {
    let (mut encoder, mut decoder) = (PacketEncoder::new(0), PacketDecoder::new(0));
    let mut bytes = 0;
    for part in samples.chunks(PACKET_SAMPLES) {
        if single {
            encoder.restart();
            decoder = PacketDecoder::new(0);
        }
        let (mut packet, mut back) = ([0; PACKET_BYTES_MAX], [0; PACKET_SAMPLES]);
        let length = encoder.encode(part, &mut packet).ok()?;
        let count = decoder.decode(packet.get(..length)?, &mut back).ok()?;
        (back.get(..count)? == part).then_some(())?;
        bytes += length;
    }
    Some(bytes)
}

/// Bytes of a file with one column, once proven.
fn host_bytes(name: &str, samples: &[i32]) -> Option<usize> {
    let column = Column { name: name.to_owned(), samples: samples.to_vec(), ..Column::default() };
    let table = qres_core::codec::Table { columns: vec![column], rest: Vec::new() };
    let file = compress_table(&table, Profile::Host).ok()?;
    let back = Archive::open(&file).ok()?.table().ok()?;
    (back == table).then_some(file.len())
}

/// Bytes of a block as differences from 0 on, zigzag, in groups with a 6-bit width each.
fn bit_packed_bytes(samples: &[i32]) -> usize {
    let mut before = 0_i32;
    let mut bits = 0;
    for group in samples.chunks(GROUP) {
        let mut widest = 0;
        for sample in group {
            let difference = i64::from(*sample) - i64::from(before);
            let zigzag = (difference << 1 ^ difference >> 63) as u64;
            widest = widest.max(u64::BITS - zigzag.leading_zeros());
            before = *sample;
        }
        bits += 6 + widest as usize * group.len();
    }
    bits.div_ceil(8)
}

#[cfg(test)]
mod tests {
    use super::*;
    use qres_core::draw::{Purpose, below, draw};

    #[test]
    fn bit_packing_by_hand() {
        // 8 zeros: a width of 6 bits, nothing else; 9 samples: two groups.
        assert_eq!(bit_packed_bytes(&[0; 8]), 1);
        assert_eq!(bit_packed_bytes(&[0; 9]), 2);
        // Differences 3, -1, 0: zigzag 6, 1, 0, three bits each: 6 + 9 bits.
        assert_eq!(bit_packed_bytes(&[3, 2, 2]), 2);
    }

    #[test]
    fn a_goal_that_is_missed_is_told() {
        assert_eq!(shortfall("x", 5.0, 5.0), None);
        let told = shortfall("x, T", 4.9996, 5.0);
        assert_eq!(told.as_deref(), Some("x, T: packets reach 5.000, and the goal is 5"));
    }

    /// A day of 144 samples, in hundredths: an arch up and one down, and steps that wander with a
    /// mean of `wander` and are half forgotten with each sample.
    fn weather(height: i32, wander: u64) -> Vec<i32> {
        let arch = |phase: i32| phase * (72 - phase) * height / 1_296;
        let (mut level, mut step) = (0, 0);
        let samples = (0..20_000_u64).map(|n| {
            let phase = (n % 144) as i32;
            let bits = draw(1, Purpose::Noise, 0, n, 0);
            let noise = below(bits, 4 * wander + 1) as i32 - 2 * wander as i32;
            step = i32::midpoint(step, noise);
            level += step - level / 64;
            1_000 + level + if phase < 72 { arch(phase) } else { -arch(phase - 72) }
        });
        samples.collect()
    }

    #[test]
    fn packets_of_what_looks_like_weather_keep_their_ratios() {
        for (height, wander, floor) in [(600, 8, 5.0), (900, 12, 4.5), (900, 40, 3.5)] {
            let samples = weather(height, wander);
            let ratio = |bytes: usize| 4.0 * samples.len() as f64 / bytes as f64;
            let packed: usize = samples.chunks(PACKET_SAMPLES).map(bit_packed_bytes).sum();
            let single = ratio(packet_bytes(&samples, true).expect("comes back"));
            let packets = ratio(packet_bytes(&samples, false).expect("comes back"));
            let host = ratio(host_bytes("x", &samples).expect("comes back"));
            assert!(packets > floor, "{packets} at a wander of {wander}");
            assert!(
                single > ratio(packed) && packets > single && host > packets,
                "{single} {host}"
            );
        }
    }

    #[test]
    fn series_are_proven() {
        let samples: Vec<i32> = (0..300).map(|at| at * at % 1000).collect();
        assert!(packet_bytes(&samples, false).is_some_and(|bytes| bytes < 1200));
        assert!(packet_bytes(&samples, true).is_some_and(|bytes| bytes < 1200));
        assert!(host_bytes("x", &samples).is_some_and(|bytes| bytes < 1200));
    }
}
