//! From the name or path of a scenario, or the path of a recording, to a mesh that can run. A
//! recording is a scenario with a seed and commands.

use std::path::{Path, PathBuf};

use super::memory::{self, Recalled};
use super::output::{self, Failure};
use crate::mesh::Mesh;
use crate::mesh::plan::Plan;
use crate::record::Recording;
use crate::record::moments;
use crate::scenario::{self, Resolved, Scenario};
use crate::world::dataset;

/// What a run needs besides its scenario.
#[derive(clap::Args, Debug, Clone, Default)]
pub(super) struct Means {
    /// Threads that share the work
    #[arg(long, value_name = "T", value_parser = clap::value_parser!(u16).range(1..=1024))]
    pub threads: Option<u16>,
    /// Folder with the data sets that the scenario names
    #[arg(long, value_name = "DIR")]
    pub data: Option<PathBuf>,
}

impl Means {
    /// The folder with data sets.
    pub fn folder(&self) -> &Path {
        self.data.as_deref().unwrap_or(Path::new("."))
    }
}

/// A scenario with its mesh.
pub(super) struct Loaded {
    /// The path or name it came by.
    pub name: String,
    /// What the file says.
    pub scenario: Scenario,
    /// The seed in force.
    pub seed: u64,
    /// Models of an earlier run that its nodes are born with.
    pub recalled: Recalled,
    /// The text of its file.
    pub text: String,
    /// The mesh, at tick 0.
    pub mesh: Mesh,
}

/// The longest run, as for `ticks` in a scenario.
pub(super) const TICKS_MAX: u64 = 1_000_000_000;

/// Reads a length of a run.
pub(super) fn ticks_asked(text: &str) -> Result<u64, String> {
    let ticks = text.parse().ok().filter(|ticks| (1..=TICKS_MAX).contains(ticks));
    ticks.ok_or_else(|| format!("accepted: a whole number from 1 to {TICKS_MAX}"))
}

/// Reads a seed.
pub(super) fn seed(text: &str) -> Result<u64, String> {
    text.parse().map_err(|_| format!("accepted: a whole number from 0 to {}", u64::MAX))
}

/// Reads the number of a tick that a run can have.
pub(super) fn tick_number(text: &str) -> Result<u64, String> {
    let tick = text.parse().ok().filter(|tick| (0..=TICKS_MAX).contains(tick));
    tick.ok_or_else(|| format!("accepted: a whole number from 0 to {TICKS_MAX}"))
}

/// The number of threads to use.
pub(super) fn threads(asked: Option<u16>) -> usize {
    let there = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
    asked.map_or(there, usize::from)
}

/// Finds and checks a scenario, reads its data and what `memory` holds, and builds its mesh.
pub(super) fn load(
    name: &str,
    seed: Option<u64>,
    asked_threads: Option<u16>,
    data: Option<&Path>,
    memory: Option<&Path>,
) -> Result<Loaded, Failure> {
    if moments::is_recording(name) {
        for (given, option) in [(seed.is_some(), "--seed"), (memory.is_some(), "--memory")] {
            if given {
                return Err(Failure::Input(format!(
                    "{name}: a recording has its own seed and models; leave {option} out"
                )));
            }
        }
        return recorded(recording(Path::new(name))?, asked_threads, data);
    }
    let Resolved { name, scenario, text } =
        scenario::resolve(name).map_err(|problem| Failure::Input(format!("{problem:#}")))?;
    let seed = seed.unwrap_or(scenario.seed);
    let mut recalled = Recalled::default();
    let mut plan = plan(&scenario, seed, data)?;
    if let Some(folder) = memory {
        recalled = memory::recall(&mut plan, folder, &name, &scenario)?;
    }
    let mesh = Mesh::new(plan, threads(asked_threads));
    Ok(Loaded { name, scenario, seed, recalled, text, mesh })
}

/// Reads the recording that an argument names.
pub(super) fn recording(argument: &Path) -> Result<Recording, Failure> {
    let named = argument.display();
    let refused = |why: &str| Err(Failure::Input(format!("{named}: {why}")));
    if argument.is_dir() {
        return refused("is a folder, not a recording: name a file in it");
    }
    let name = argument.to_str().unwrap_or_default();
    let is_embedded = scenario::embedded().iter().any(|(known, _)| *known == name);
    if is_embedded && !argument.exists() {
        return refused(&format!(
            "is a scenario, not a recording: `qres run {name} --record FILE` makes one"
        ));
    }
    moments::open(argument).map_err(Failure::input)
}

/// Builds the mesh that does again what a recording has, and says what is odd about that.
pub(super) fn recorded(
    recording: Recording,
    asked_threads: Option<u16>,
    data: Option<&Path>,
) -> Result<Loaded, Failure> {
    let file = recording.file.clone();
    let read = recording.scenario();
    let mut scenario = read.map_err(|problem| Failure::Input(format!("{problem:#}")))?;
    let plan = recording.plan(&scenario, data.unwrap_or(Path::new(".")));
    let plan = plan.map_err(|why| Failure::Input(format!("{file}: {why}")))?;
    let mesh = Mesh::new(plan, threads(asked_threads));
    recording.vouch(&mesh).map_err(|why| Failure::Input(format!("{file}: {why}")))?;
    if let Some(warning) = recording.warning() {
        output::note(&format!("warning: {warning}"));
    }
    if !recording.is_of(&mesh) {
        output::note(&format!(
            "warning: {file}: its scenario, seed or data are not those that were recorded, or \
             another build of this program has recorded it"
        ));
    }
    // So long a run it is, unless another length is asked for.
    scenario.ticks = recording.ticks();
    Ok(Loaded {
        name: recording.header.name,
        seed: recording.header.seed,
        recalled: Recalled::default(),
        text: recording.header.scenario,
        scenario,
        mesh,
    })
}

/// Reads a scenario's data and plans its mesh.
pub(super) fn plan(scenario: &Scenario, seed: u64, data: Option<&Path>) -> Result<Plan, Failure> {
    let folder = data.map_or_else(|| PathBuf::from("."), Path::to_path_buf);
    let series = dataset::load_all(&folder, scenario).map_err(Failure::input)?;
    Plan::new(scenario, seed, &series).map_err(Failure::input)
}

/// How many ticks to run: asked for by number, by simulated time, or what the scenario says.
///
/// # Errors
/// When that is none, or more than a run can have.
pub(super) fn ticks(
    scenario: &Scenario,
    ticks: Option<u64>,
    span_ms: Option<u64>,
) -> Result<u64, Failure> {
    let tick_ms = u64::from(scenario.tick_ms.max(1));
    let asked = ticks.or(span_ms.map(|span| span.div_ceil(tick_ms))).unwrap_or(scenario.ticks);
    if (1..=TICKS_MAX).contains(&asked) {
        return Ok(asked);
    }
    Err(Failure::Input(format!("a run of {asked} ticks; accepted: 1 to {TICKS_MAX}")))
}
