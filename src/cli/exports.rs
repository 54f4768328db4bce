//! `--csv`, `--parquet`, `--pcap` and `--mcap`: files that a run writes besides its figures.

use std::fs::OpenOptions;
use std::path::{Path, PathBuf};

use clap::Args;

use super::output::Failure;
use crate::mesh::Mesh;
use crate::record::export::{ExportError, Exports, Rhythm};
use crate::record::mcap::{self, Mcap};
use crate::record::parquet::Parquet;
use crate::record::pcap::Pcap;
use crate::record::totals::Csv;

/// The files asked for.
#[derive(Args, Debug, Clone, Default)]
pub(super) struct ExportArgs {
    /// Write a table of totals over time
    #[arg(long, value_name = "FILE")]
    csv: Option<PathBuf>,
    /// Write the same table as Apache Parquet
    #[arg(long, value_name = "FILE")]
    parquet: Option<PathBuf>,
    /// Write every frame on the air, for Wireshark
    #[arg(long, value_name = "FILE")]
    pcap: Option<PathBuf>,
    /// Write the state of nodes over time, for Foxglove and other readers of MCAP
    #[arg(long, value_name = "FILE")]
    mcap: Option<PathBuf>,
    /// Ticks from one state of nodes in the MCAP file to the next, in place of as many as keep it small
    #[arg(long, value_name = "TICKS", requires = "mcap",
          value_parser = clap::value_parser!(u64).range(1..=1_000_000_000))]
    mcap_every: Option<u64>,
}

impl ExportArgs {
    fn files(&self) -> impl Iterator<Item = &Path> {
        [&self.csv, &self.parquet, &self.pcap, &self.mcap]
            .into_iter()
            .flatten()
            .map(PathBuf::as_path)
    }
}

/// Begins the files of a run of `ticks` whose modalities are `groups`. None of them is touched before all of them can be written.
pub(super) fn begin(
    args: &ExportArgs,
    inputs: &[(PathBuf, &'static str)],
    ticks: u64,
    groups: Vec<String>,
    mesh: &mut Mesh,
) -> Result<Exports, Failure> {
    apart(args, inputs)?;
    writable(args)?;
    let rhythm = Rhythm::of(ticks);
    let mut exports = Exports::default();
    if let Some(path) = &args.csv {
        exports.add(path, |file| Csv::new(file, rhythm)).map_err(Failure::input)?;
    }
    if let Some(path) = &args.parquet {
        exports.add(path, |file| Parquet::new(file, rhythm)).map_err(Failure::input)?;
    }
    if let Some(path) = &args.pcap {
        let tick_us = mesh.plan().config.wake.tick_us;
        mesh.capture(true);
        exports.add(path, |file| Pcap::new(file, tick_us)).map_err(Failure::input)?;
    }
    if let Some(path) = &args.mcap {
        let rhythm = match args.mcap_every {
            Some(every) => Rhythm::each(every, ticks),
            None => mcap::rhythm(mesh.plan().nodes.len(), ticks),
        };
        mesh.watch(true);
        exports.add(path, |file| Mcap::new(file, rhythm, groups)).map_err(Failure::input)?;
    }
    Ok(exports)
}

/// What could not be written, as a failure.
pub(super) fn verdict(unwritten: &[ExportError]) -> Result<(), Failure> {
    let told: Vec<String> = unwritten.iter().map(ToString::to_string).collect();
    if told.is_empty() { Ok(()) } else { Err(Failure::Input(told.join("\nerror: "))) }
}

/// Whether all can be written; what they hold is left as it is.
fn writable(args: &ExportArgs) -> Result<(), Failure> {
    for file in args.files() {
        let opened = OpenOptions::new().append(true).create(true).open(file);
        opened.map_err(|why| Failure::Input(format!("{}: cannot write: {why}", file.display())))?;
    }
    Ok(())
}

/// No file may be one that the run reads, or another of the files.
fn apart(args: &ExportArgs, inputs: &[(PathBuf, &'static str)]) -> Result<(), Failure> {
    let known = |(path, what): &(PathBuf, &'static str)| Some((path.canonicalize().ok()?, *what));
    let mut taken: Vec<(PathBuf, &str)> = inputs.iter().filter_map(known).collect();
    for file in args.files() {
        // A file that is not there yet is known by its folder.
        let parent = file.parent().filter(|parent| !parent.as_os_str().is_empty());
        let folder = parent.unwrap_or(Path::new(".")).canonicalize().ok();
        let name = file.file_name();
        let named = folder.zip(name).map(|(folder, name)| folder.join(name));
        let Some(path) = file.canonicalize().ok().or(named) else { continue };
        let device = file.metadata().is_ok_and(|about| !about.is_file());
        if let Some((_, what)) = taken.iter().find(|(other, _)| *other == path && !device) {
            let said = format!("{}: is {what} too; name another file", file.display());
            return Err(Failure::Input(said));
        }
        taken.push((path, "another output"));
    }
    Ok(())
}
