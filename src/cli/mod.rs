//! The command line: one file per subcommand, each a thin face on the library. Results go to
//! standard output, everything else to standard error.

mod check;
mod columns;
mod compare;
mod compress;
mod duration;
mod envelopes;
mod evidence;
mod exports;
#[cfg(feature = "view")]
mod film;
#[cfg(feature = "view")]
mod frames;
mod leaps;
mod load;
mod memory;
mod mirror;
mod output;
mod place;
mod ports;
mod progress;
mod recorded;
mod replay;
mod report;
mod run;
mod scenarios;
mod seek;
#[cfg(feature = "view")]
mod shot;
mod stop;
mod sweep;
#[cfg(feature = "view")]
mod view;

use std::any::TypeId;
use std::ffi::OsString;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::builder::NonEmptyStringValueParser;
use clap::{Args, CommandFactory as _, FromArgMatches as _, Parser, Subcommand};

pub use output::Failure;

use load::Means;
use output::Says;

/// What the bare command shows, and runs where nothing can be shown.
const DEFAULT_SCENARIO: &str = "storm-front";
/// Ticks of the bare command where nothing can be shown.
const DEFAULT_TICKS: u64 = 2_000;

/// Simulator of resource-starved, hostile sensor meshes.
#[derive(Debug, Parser)]
#[command(name = "qres", version = version(), about, max_term_width = 100)]
struct Cli {
    #[command(subcommand)]
    command: Option<Command>,
}

/// The version, as recordings have it.
fn version() -> &'static str {
    let name = crate::record::recording::created_by();
    name.strip_prefix("qres ").unwrap_or(name)
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Run a scenario without a window and print its figures
    Run(RunArgs),
    /// Open a scenario in the window
    #[cfg(feature = "view")]
    View(ViewArgs),
    /// Draw one tick of a scenario into a PNG file, without a window
    #[cfg(feature = "view")]
    Shot(ShotArgs),
    /// Film some ticks of a scenario: numbered PNG files, a GIF, and an MP4 where ffmpeg is
    #[cfg(feature = "view")]
    Film(film::FilmArgs),
    /// Do a recorded run again, and hold it against its checkpoints
    Replay(replay::ReplayArgs),
    /// Find the first tick, section and node at which two recordings part
    Compare(compare::CompareArgs),
    /// Check files of scenarios, sweeps and recordings, and envelopes (.jsonld)
    Check {
        /// The files
        #[arg(required = true)]
        files: Vec<PathBuf>,
    },
    /// List the scenarios inside the binary
    Scenarios {
        /// Write them into this folder, to edit
        #[arg(long, value_name = "DIR")]
        export: Option<PathBuf>,
    },
    /// List serial ports, with what looks like a board
    Ports {
        /// Print one JSON array
        #[arg(long)]
        json: bool,
    },
    /// Mirror live boards as nodes of a scenario, in a window or as a table
    Mirror(mirror::MirrorArgs),
    /// Compress a file: any bytes, or columns of a CSV file as series
    Compress(compress::CompressArgs),
    /// Give back what was compressed
    Decompress {
        /// The compressed file
        #[arg(value_name = "IN")]
        input: PathBuf,
        /// The file to write
        #[arg(value_name = "OUT")]
        output: PathBuf,
    },
    /// Say what a compressed file holds
    Inspect {
        /// The compressed file
        file: PathBuf,
        /// Print one JSON object
        #[arg(long)]
        json: bool,
    },
    /// Run a scenario for every combination of some values of its fields, or merge the rows
    Sweep(sweep::SweepArgs),
    /// Make one self-contained HTML page of a run, a sweep or figures
    Report(report::ReportArgs),
    /// Reproduce the figures that the documentation claims
    Evidence(evidence::EvidenceArgs),
}

/// How to get a mesh from a scenario.
#[derive(Args, Debug, Clone)]
struct Input {
    /// Path of a scenario or recording, or the name of a scenario inside the binary (see `qres
    /// scenarios`)
    #[arg(value_name = "SCENARIO")]
    scenario: String,
    /// Seed in place of the scenario's
    #[arg(long, value_name = "S", value_parser = load::seed)]
    seed: Option<u64>,
    #[command(flatten)]
    means: Means,
}

/// Options of `run`.
#[derive(Args, Debug, Clone)]
struct RunArgs {
    #[command(flatten)]
    input: Input,
    /// Ticks to run, in place of the scenario's
    #[arg(long, value_name = "N", conflicts_with = "span", value_parser = load::ticks_asked)]
    ticks: Option<u64>,
    /// Simulated time to run, such as 90s, 30m, 24h or 7d
    #[arg(long = "for", value_name = "TIME", value_parser = duration::parse)]
    span: Option<u64>,
    #[command(flatten)]
    files: exports::ExportArgs,
    /// Start with the models kept in this folder, and keep the final ones there
    #[arg(long, value_name = "DIR")]
    memory: Option<PathBuf>,
    /// Write a signed envelope of each node's final model into this folder
    #[arg(long, value_name = "DIR")]
    envelopes: Option<PathBuf>,
    /// Also run the control pair, and print the drift against it
    #[arg(long)]
    control: bool,
    #[command(flatten)]
    says: Says,
}

/// Options of `view`.
#[cfg(feature = "view")]
#[derive(Args, Debug, Clone)]
struct ViewArgs {
    /// Path of a scenario or recording, or the name of a scenario inside the binary
    #[arg(value_name = "SCENARIO", default_value = DEFAULT_SCENARIO)]
    scenario: String,
    /// Seed in place of the scenario's
    #[arg(long, value_name = "S", value_parser = load::seed)]
    seed: Option<u64>,
    /// Threads that share the work
    #[arg(long, value_name = "T", value_parser = clap::value_parser!(u16).range(1..=1024))]
    threads: Option<u16>,
    /// Folder with the data sets that the scenario names
    #[arg(long, value_name = "DIR")]
    data: Option<PathBuf>,
    /// Stop after this many ticks
    #[arg(long, value_name = "N", value_parser = load::ticks_asked)]
    ticks: Option<u64>,
    /// Run at full speed and close the window at the end
    #[arg(long, requires = "ticks")]
    exit: bool,
    /// Record the run into this new file
    #[arg(long, value_name = "FILE")]
    record: Option<PathBuf>,
    /// The tick to begin with; only a replay has one
    #[arg(skip)]
    seek: Option<u64>,
    /// Print one JSON object at the end
    #[arg(long, requires = "exit")]
    json: bool,
    /// Boards to begin with; only `mirror` has some
    #[arg(skip)]
    boards: Option<mirror::Plugged>,
}

/// Options of `shot`.
#[cfg(feature = "view")]
#[derive(Args, Debug, Clone)]
struct ShotArgs {
    #[command(flatten)]
    input: Input,
    /// The tick to draw
    #[arg(long, value_name = "N", value_parser = load::tick_number)]
    tick: u64,
    /// The PNG file to write
    #[arg(long, value_name = "FILE")]
    out: PathBuf,
    /// Width and height in pixels
    #[arg(long, value_name = "WxH", default_value = "1280x720", value_parser = shot::parse_size)]
    size: (u32, u32),
    /// A node to show in the inspector
    #[arg(long, value_name = "ID")]
    select: Option<u32>,
    /// Another node, to compare it with
    #[arg(long, value_name = "ID", requires = "select")]
    compare: Option<u32>,
    /// Nodes to pick, such as 'regime=storm & !role=sentinel'
    #[arg(long, value_name = "NODES")]
    pick: Option<String>,
    /// A command that waits for the next tick, drawn dashed; can be given several times
    #[arg(long, value_name = "COMMAND")]
    waiting: Vec<String>,
    /// Draw a second world beside the first, in which this command is given; as in a scenario,
    /// such as 'Kill(nodes: "3-5")'
    #[arg(long, value_name = "COMMAND", requires = "fork_at")]
    fork: Option<String>,
    /// The tick at whose start it is given
    #[arg(long, value_name = "TICK", value_parser = load::tick_number, requires = "fork")]
    fork_at: Option<u64>,
    #[command(flatten)]
    picture: shot::PictureArgs,
}

/// Runs the command line of this process.
#[must_use]
pub fn main() -> ExitCode {
    run_from(std::env::args_os())
}

/// Runs a command line; the first argument is the program's name.
pub fn run_from(arguments: impl IntoIterator<Item = OsString>) -> ExitCode {
    // A number or a time below 0 is a wrong value, not an unknown option.
    let command = Cli::command().mut_subcommands(|subcommand| {
        subcommand.mut_args(|argument| {
            let is_span = argument.get_id() == "span";
            // A name of no letters is no name; of paths that holds anyway.
            let is_text = argument.get_value_parser().type_id() == TypeId::of::<String>();
            let argument = if is_text {
                argument.value_parser(NonEmptyStringValueParser::new())
            } else {
                argument
            };
            match argument.get_action().takes_values() {
                true if is_span => argument.allow_hyphen_values(true),
                true => argument.allow_negative_numbers(true),
                false => argument,
            }
        })
    });
    let matches = command.try_get_matches_from(arguments);
    let cli = match matches.and_then(|matches| Cli::from_arg_matches(&matches)) {
        Ok(cli) => cli,
        Err(error) => {
            let code = if error.use_stderr() { 2 } else { 0 };
            let _ = error.print();
            return ExitCode::from(code);
        }
    };
    match dispatch(cli) {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            output::complain(&failure);
            ExitCode::from(failure.code())
        }
    }
}

fn dispatch(cli: Cli) -> Result<(), Failure> {
    match cli.command {
        None => bare(),
        Some(Command::Run(args)) => run::run(&args),
        #[cfg(feature = "view")]
        Some(Command::View(args)) => view::view(&args),
        #[cfg(feature = "view")]
        Some(Command::Shot(args)) => shot::shot(&args),
        #[cfg(feature = "view")]
        Some(Command::Film(args)) => film::film(&args),
        Some(Command::Replay(args)) => replay::replay(&args),
        Some(Command::Compare(args)) => compare::compare(&args),
        Some(Command::Sweep(args)) => sweep::sweep(&args),
        Some(Command::Check { files }) => check::check(&files),
        Some(Command::Scenarios { export }) => scenarios::scenarios(export.as_deref()),
        Some(Command::Ports { json }) => ports::ports(json),
        Some(Command::Mirror(args)) => mirror::mirror(&args),
        Some(Command::Compress(args)) => compress::compress(&args),
        Some(Command::Decompress { input, output }) => compress::decompress(&input, &output),
        Some(Command::Inspect { file, json }) => compress::inspect(&file, json),
        Some(Command::Report(args)) => report::report(&args),
        Some(Command::Evidence(args)) => evidence::evidence(&args),
    }
}

/// `qres` alone: the window, or a headless run where there can be none.
fn bare() -> Result<(), Failure> {
    #[cfg(feature = "view")]
    if crate::view::display_available() {
        return view::view(&ViewArgs {
            scenario: DEFAULT_SCENARIO.to_owned(),
            seed: None,
            threads: None,
            data: None,
            ticks: None,
            exit: false,
            record: None,
            seek: None,
            json: false,
            boards: None,
        });
    }
    let reason = if cfg!(feature = "view") {
        "no display can be reached (DISPLAY, WAYLAND_DISPLAY)"
    } else {
        "this binary was built without the window"
    };
    output::note(&format!(
        "{reason}: running {DEFAULT_SCENARIO} for {DEFAULT_TICKS} ticks instead"
    ));
    run::run(&RunArgs {
        input: Input { scenario: DEFAULT_SCENARIO.to_owned(), seed: None, means: Means::default() },
        ticks: Some(DEFAULT_TICKS),
        span: None,
        files: exports::ExportArgs::default(),
        memory: None,
        envelopes: None,
        control: false,
        says: Says::default(),
    })
}
