//! `--csv`, `--parquet`, `--pcap`, `--mcap` and `--record`: files that a run writes besides its
//! figures.

use std::path::{Path, PathBuf};

use clap::Args;
use qres_core::id::NodeId;

use super::load::Loaded;
use super::output::{self, Failure};
use super::place::{self, Kind};
use crate::mesh::Mesh;
use crate::mesh::boards::BoardInput;
use crate::record::export::{Exports, Rhythm};
use crate::record::mcap::{self, Mcap};
use crate::record::parquet::Parquet;
use crate::record::pcap::Pcap;
use crate::record::recording::{self, Header, Recorder, RecorderOptions, Watch};
use crate::record::totals::Csv;
use crate::scenario::{self, Scenario};
use crate::world::dataset;

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
    /// Ticks between states of nodes in the MCAP file, in place of as many as keep it small
    #[arg(long, value_name = "TICKS", requires = "mcap",
          value_parser = clap::value_parser!(u64).range(1..=1_000_000_000))]
    mcap_every: Option<u64>,
    /// Record the run, so that `qres replay` can do it again
    #[arg(long, value_name = "FILE")]
    pub(super) record: Option<PathBuf>,
    /// Ticks between the checkpoints of the recording
    #[arg(long, value_name = "N", requires = "record",
        value_parser = clap::value_parser!(u64).range(1..=1_000_000))]
    pub(super) checkpoint_every: Option<u64>,
}

/// The files of a run, while it goes on.
pub(super) struct Files {
    exports: Exports,
    recorder: Option<Recorder>,
    watch: Option<Watch>,
    told: bool,
    rhythms: Vec<Rhythm>,
}

impl Files {
    /// Takes what there is after a tick.
    pub fn tick(&mut self, mesh: &mut Mesh) {
        self.exports.tick(mesh);
        if let Some(recorder) = &mut self.recorder {
            recorder.tick(mesh);
        }
    }

    /// Takes what boards brought into a tick, before [`Files::tick`] after it.
    pub fn boards(&mut self, tick: u64, given: &[(NodeId, BoardInput)]) {
        if let Some(recorder) = &mut self.recorder {
            for (node, input) in given {
                recorder.board(tick, *node, input);
            }
        }
    }

    /// Says once that the recording is in trouble; the run goes on.
    pub fn warn(&mut self) {
        let Some(watch) = self.watch.as_ref().filter(|_| !self.told) else { return };
        if let Some(trouble) = watch.trouble() {
            output::note(&format!("warning: {trouble}"));
            self.told = true;
        }
    }

    /// The run is to end after so many ticks: what is written now and then is written then too.
    pub fn end_at(&self, ticks: u64) {
        self.rhythms.iter().for_each(|rhythm| rhythm.end_at(ticks));
    }

    /// Finishes every file; says what could not be written.
    pub fn finish(self, mesh: &mut Mesh) -> Vec<String> {
        let finished = self.recorder.map(|recorder| recorder.finish(mesh));
        let unwritten = self.exports.finish();
        let trouble = finished.and_then(|finished| finished.status.trouble);
        let trouble = trouble.map(|trouble| trouble.to_string());
        unwritten.iter().map(ToString::to_string).chain(trouble).collect()
    }
}

impl ExportArgs {
    /// Whether anything is to be written that a window does not write.
    #[cfg(feature = "view")]
    pub(super) fn has_tables(&self) -> bool {
        [&self.csv, &self.parquet, &self.pcap, &self.mcap].into_iter().any(Option::is_some)
    }

    fn files(&self) -> impl Iterator<Item = &Path> {
        [&self.csv, &self.parquet, &self.pcap, &self.mcap, &self.record]
            .into_iter()
            .flatten()
            .map(PathBuf::as_path)
    }
}

/// Begins the files of a run of `input` for `ticks`; `folder` has its data. None of them is touched
/// before all of them can be written.
pub(super) fn begin(
    args: &ExportArgs,
    input: &str,
    folder: &Path,
    ticks: u64,
    loaded: &mut Loaded,
) -> Result<Files, Failure> {
    apart(args, &inputs(input, &loaded.scenario, folder))?;
    args.record.as_deref().map_or(Ok(()), free)?;
    writable(args)?;
    let recorder = begin_recording(args, folder, loaded)?;
    let groups = loaded.scenario.signals.iter().map(|signal| signal.modality.clone()).collect();
    let mesh = &mut loaded.mesh;
    let rhythm = Rhythm::of(ticks);
    let mut rhythms = vec![rhythm.clone()];
    let mut exports = Exports::default();
    if let Some(path) = &args.csv {
        exports.add(path, |file| Csv::new(file, rhythm.clone())).map_err(Failure::input)?;
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
        rhythms.push(rhythm.clone());
        exports.add(path, |file| Mcap::new(file, rhythm, groups)).map_err(Failure::input)?;
    }
    let watch = recorder.as_ref().map(Recorder::watch);
    Ok(Files { exports, recorder, watch, told: false, rhythms })
}

/// Begins the recording, where one is asked for.
fn begin_recording(
    args: &ExportArgs,
    folder: &Path,
    loaded: &mut Loaded,
) -> Result<Option<Recorder>, Failure> {
    let Some(path) = &args.record else { return Ok(None) };
    let data = recording::data_digests(&loaded.scenario, folder);
    let options = RecorderOptions {
        name: loaded.name.clone(),
        scenario: loaded.text.clone(),
        data: data.map_err(Failure::input)?,
        checkpoint_every: args.checkpoint_every.unwrap_or_default(),
    };
    let header = Header::new(options, &loaded.mesh);
    let begun = Recorder::create(path, header, &mut loaded.mesh);
    let trouble = |why| Failure::Input(format!("{}: cannot record: {why}", path.display()));
    begun.map(Some).map_err(trouble)
}

/// A recording may be the only trace of a run, and other files are no recordings: what is there
/// stays.
fn free(path: &Path) -> Result<(), Failure> {
    let taken = path.metadata().is_ok_and(|about| about.is_file() && about.len() > 0);
    if !taken {
        return Ok(());
    }
    let what = if recording::is_recording(path) { "a recording" } else { "no recording" };
    Err(place::kept(path, &format!("is {what}")))
}

/// What could not be written, as a failure.
pub(super) fn verdict(unwritten: &[String]) -> Result<(), Failure> {
    if unwritten.is_empty() { Ok(()) } else { Err(Failure::Input(unwritten.join("\nerror: "))) }
}

/// Whether all can be written; what they hold is left as it is.
fn writable(args: &ExportArgs) -> Result<(), Failure> {
    type Out = std::io::BufWriter<std::fs::File>;
    let kinds = [
        (&args.csv, Kind::of::<Csv<Out>>()),
        (&args.parquet, Kind::of::<Parquet<Out>>()),
        (&args.pcap, Kind::of::<Pcap<Out>>()),
        (&args.mcap, Kind::of::<Mcap<Out>>()),
    ];
    for (file, kind) in kinds {
        file.as_deref().map_or(Ok(()), |file| place::replaceable(file, kind))?;
    }
    args.files().try_for_each(place::writable)
}

/// The files that a run of `input` reads, and what each is to it.
pub(super) fn inputs(
    input: &str,
    scenario: &Scenario,
    folder: &Path,
) -> Vec<(PathBuf, &'static str)> {
    let path = PathBuf::from(input);
    let included = scenario::included_by(&path);
    let read = dataset::needed(scenario).into_iter().map(|file| folder.join(file.path));
    std::iter::once((path, "the scenario"))
        .chain(included.into_iter().map(|file| (file, "a file that the scenario includes")))
        .chain(read.map(|file| (file, "a file that the run reads")))
        .collect()
}

/// No file may be one that the run reads, or another of the files.
fn apart(args: &ExportArgs, inputs: &[(PathBuf, &'static str)]) -> Result<(), Failure> {
    let mut taken = inputs.to_vec();
    for file in args.files() {
        // A file that is not there yet is known by its folder.
        let parent = file.parent().filter(|parent| !parent.as_os_str().is_empty());
        let folder = parent.unwrap_or(Path::new(".")).canonicalize().ok();
        let named = folder.zip(file.file_name()).map(|(folder, name)| folder.join(name));
        let path = named.unwrap_or_else(|| file.to_path_buf());
        let device = file.metadata().is_ok_and(|about| !about.is_file());
        let same = |other: &PathBuf| *other == path || output::is_same_file(other, file);
        if let Some((_, what)) = taken.iter().find(|(other, _)| !device && same(other)) {
            let said = format!("{}: is {what} too; name another file", file.display());
            return Err(Failure::Input(said));
        }
        taken.push((path, "another output"));
    }
    Ok(())
}
