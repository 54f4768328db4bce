//! `qres mirror`: live boards as nodes of a scenario, in the window or as a table.

use std::io::{IsTerminal as _, Write as _};
use std::path::{Path, PathBuf};

use clap::Args;
use qres_core::id::NodeId;
use serde::Serialize;

use super::load::{self, Loaded};
use super::output::{self, Failure};
use super::stop::Stop;
use super::{DEFAULT_SCENARIO, duration, exports};
#[cfg(feature = "view")]
use crate::bridge::hub::Hub;
use crate::bridge::mirror::{BoardStatus, Mirror};
use crate::bridge::news::News;
use crate::bridge::pacing::{Stopwatch, gather, nonce, run_tick, settle};
use crate::bridge::places;
use crate::bridge::port::Port;
use crate::bridge::ports;
use crate::bridge::scout::{Scout, Wanted, is_pattern};
use crate::mesh::Mesh;

/// Time that boards get to greet, and then to become their nodes, in microseconds.
const GATHER_US: u64 = 4_000_000;
/// Time between tables on a terminal, and between lines elsewhere, in microseconds.
const SHOW_US: [u64; 2] = [250_000, 5_000_000];

/// Options of `mirror`.
#[derive(Args, Debug, Clone)]
pub(super) struct MirrorArgs {
    /// A board's serial port, such as /dev/ttyACM0, or a pattern of names, such as '/dev/ttyUSB*';
    /// as often as there are boards. Without it, all ports that look like a board (see `qres
    /// ports`). What looks so, or fits the pattern, is connected as it is plugged in
    #[arg(long = "port", value_name = "P")]
    ports: Vec<String>,
    /// Path of a scenario, or the name of one inside the binary
    #[arg(value_name = "SCENARIO", default_value = DEFAULT_SCENARIO)]
    scenario: String,
    /// The same by name
    #[arg(long = "scenario", value_name = "S", hide = true)]
    named: Option<String>,
    /// The node that a board is, in the order of the ports. Without it, the first nodes that boards
    /// can be
    #[arg(long = "as", value_name = "NODE")]
    nodes: Vec<u32>,
    /// Without a window: a table of the boards. So it is with --json, --quiet and exports too
    #[arg(long)]
    headless: bool,
    /// Ticks to run, in place of the scenario's
    #[arg(long, value_name = "N", conflicts_with = "span")]
    ticks: Option<u64>,
    /// Simulated time to run, such as 90s, 30m or 24h
    #[arg(long = "for", value_name = "TIME", value_parser = duration::parse)]
    span: Option<u64>,
    /// Times faster than real time, as far as boards and line keep up
    #[arg(long, value_name = "X", default_value_t = 1, value_parser = speed)]
    speed: u32,
    /// Seed in place of the scenario's
    #[arg(long, value_name = "SEED")]
    seed: Option<u64>,
    /// Threads that share the work
    #[arg(long, value_name = "T", value_parser = clap::value_parser!(u16).range(1..=1024))]
    threads: Option<u16>,
    /// Folder with the data sets that the scenario names
    #[arg(long, value_name = "DIR")]
    data: Option<PathBuf>,
    #[command(flatten)]
    files: exports::ExportArgs,
    /// Print one JSON object at the end
    #[arg(long)]
    json: bool,
    /// Print nothing but errors (and JSON, if asked for)
    #[arg(long)]
    quiet: bool,
}

/// Reads how many times faster than real time.
fn speed(text: &str) -> Result<u32, String> {
    let times = text.parse().ok().filter(|times| (1..=1_000_000).contains(times));
    times.ok_or_else(|| "accepted: a whole number from 1 to 1000000".to_owned())
}

/// What `--json` prints.
#[derive(Serialize)]
struct Report<'a> {
    scenario: &'a str,
    seed: u64,
    nodes: usize,
    ticks: u64,
    digest: String,
    wall_s: f64,
    /// Simulated time over real time.
    speed: f64,
    boards: &'a [BoardStatus],
}

/// Mirrors boards, in the window where there is one.
pub(super) fn mirror(args: &MirrorArgs) -> Result<(), Failure> {
    let scenario = args.named.clone().unwrap_or_else(|| args.scenario.clone());
    let args = &MirrorArgs { scenario, named: None, ..args.clone() };
    #[cfg(feature = "view")]
    if !(args.headless || args.json || args.quiet || args.files.has_tables()) {
        if crate::view::display_available() {
            return in_window(args);
        }
        output::note("no display can be reached (DISPLAY, WAYLAND_DISPLAY): here is the table");
    }
    as_table(args)
}

/// Boards that a window begins with.
#[cfg(feature = "view")]
#[derive(Clone, Debug)]
pub(super) struct Plugged {
    /// Their ports; none: whatever looks like a board, now and later.
    pub(super) ports: Vec<String>,
    /// Patterns of ports to connect as they appear.
    patterns: Vec<String>,
    /// The nodes of the first of them.
    nodes: Vec<u32>,
    /// Times faster than real time.
    pub(super) speed: u32,
    /// Simulated time to run.
    pub(super) span: Option<u64>,
    /// Ticks between checkpoints of recordings; 0: as usual.
    pub(super) checkpoint_every: u64,
}

#[cfg(feature = "view")]
impl Plugged {
    /// The node of each port.
    pub(super) fn nodes(&self, mesh: &Mesh) -> Result<Vec<NodeId>, Failure> {
        chosen_nodes(mesh, &self.nodes, self.ports.len())
    }

    /// Connects them.
    pub(super) fn plug_in(&self, hub: &Hub, nodes: &[NodeId]) {
        hub.take_all(self.ports.is_empty() && self.patterns.is_empty());
        hub.take_named(self.patterns.clone());
        for (port, node) in self.ports.iter().zip(nodes) {
            hub.connect(port, Some(*node));
        }
    }
}

/// Opens the window with the boards in it.
#[cfg(feature = "view")]
fn in_window(args: &MirrorArgs) -> Result<(), Failure> {
    let MirrorArgs { ports, nodes, speed, .. } = args.clone();
    let (patterns, ports): (Vec<_>, Vec<_>) = ports.into_iter().partition(|port| is_pattern(port));
    if ports.is_empty() && !nodes.is_empty() {
        return Err(Failure::Input("--as is given without --port: name the port too".to_owned()));
    }
    if !ports.is_empty() {
        chosen_ports(&ports)?;
    }
    for path in &ports {
        ports::probe(path).map_err(Failure::Input)?;
    }
    super::view::view(&super::ViewArgs {
        scenario: args.scenario.clone(),
        seed: args.seed,
        threads: args.threads,
        data: args.data.clone(),
        ticks: args.ticks,
        exit: false,
        record: args.files.record.clone(),
        seek: None,
        json: false,
        boards: Some(Plugged {
            ports,
            patterns,
            nodes,
            speed,
            span: args.span,
            checkpoint_every: args.files.checkpoint_every.unwrap_or_default(),
        }),
    })
}

/// Mirrors boards without a window and prints how they did.
fn as_table(args: &MirrorArgs) -> Result<(), Failure> {
    let data = args.data.as_deref();
    let mut loaded = load::load(&args.scenario, args.seed, args.threads, data, None)?;
    let (paths, wanted) = chosen_ports(&args.ports)?;
    let ticks = load::ticks(&loaded.scenario, args.ticks, args.span)?;
    let nodes = chosen_nodes(&loaded.mesh, &args.nodes, paths.len())?;
    for path in &paths {
        ports::probe(path).map_err(Failure::Input)?;
    }
    let folder = data.unwrap_or(Path::new("."));
    let tick_us = loaded.mesh.plan().config.wake.tick_us / u64::from(args.speed);
    let open = paths.iter().zip(nodes).map(|(path, node)| Ok((Port::start(path)?, node)));
    let open = open.collect::<std::io::Result<Vec<_>>>().map_err(Failure::input)?;
    let mut mirror = Mirror::new(open, tick_us, nonce());
    let watch = Stopwatch::default();
    if gather(&mut mirror, &mut loaded.mesh, &watch, GATHER_US) == 0 {
        return Err(nobody(&mirror.status()));
    }
    // Only now: where there are no boards, no file is begun.
    let mut files = exports::begin(&args.files, &args.scenario, folder, ticks, &mut loaded)?;
    let scout = Scout::start(wanted.clone()).map_err(Failure::input)?;
    let run = Run { ticks, tick_us, watch, scout };
    let stop = Stop::listen();
    let wall_s = drive(&mut loaded, &mut mirror, &run, &mut files, (args, &stop));
    let unwritten = files.finish(&mut loaded.mesh);
    let reached = loaded.mesh.ticks();
    if wanted.is_any() {
        mirror.prune();
    }
    let status = mirror.status();
    report(&mut loaded, &status, reached, wall_s, args)?;
    exports::verdict(&unwritten)?;
    let parted = status.iter().find_map(|board| Some((board, board.divergence.as_ref()?)));
    if let Some((board, found)) = parted {
        let said = format!("the board on {} (node {}) {found}", board.port, board.node);
        return Err(Failure::Fails(said));
    }
    stop.verdict(reached, ticks)?;
    match status.iter().find(|board| board.counts.ticks == 0) {
        Some(idle) => Err(Failure::Fails(format!(
            "the board on {} (node {}) took part in no tick: {}",
            idle.port,
            idle.node,
            absence(idle)
        ))),
        None => Ok(()),
    }
}

/// The ports that were asked for, or all that look like a board; and which to take later.
fn chosen_ports(asked: &[String]) -> Result<(Vec<String>, Wanted), Failure> {
    let (patterns, mut ports): (Vec<String>, Vec<String>) =
        asked.iter().cloned().partition(|port| is_pattern(port));
    if let Some((twice, other)) = ports::doubled(&ports) {
        let alias = if twice == other { String::new() } else { format!(": it is {other} too") };
        return Err(Failure::Input(format!("--port {twice} is given twice{alias}")));
    }
    let wanted = Wanted { boards: asked.is_empty(), patterns };
    for found in wanted.look() {
        ports.push(found);
        if ports::doubled(&ports).is_some() {
            ports.pop();
        }
    }
    if !ports.is_empty() {
        return Ok((ports, wanted));
    }
    let none = match wanted.patterns.first() {
        Some(pattern) => format!("no port fits {pattern}"),
        None => "no port looks like a board".to_owned(),
    };
    Err(Failure::Input(format!(
        "{none}: plug one in, or name its port with --port (`qres ports` lists them)"
    )))
}

/// The nodes that were asked for, filled up with the first that boards can be.
fn chosen_nodes(mesh: &Mesh, asked: &[u32], boards: usize) -> Result<Vec<NodeId>, Failure> {
    if asked.len() > boards {
        return Err(Failure::Input(format!(
            "--as is given {} times for {boards} ports: one node for each port at most",
            asked.len()
        )));
    }
    let mut nodes: Vec<NodeId> = Vec::new();
    for id in asked.iter().copied().map(NodeId) {
        mesh.accepts_board(id).map_err(|error| Failure::Input(format!("--as: {error}")))?;
        if nodes.contains(&id) {
            return Err(Failure::Input(format!("--as {} is given twice", id.0)));
        }
        nodes.push(id);
    }
    let others: Vec<NodeId> = places::free(mesh, &nodes).take(boards - asked.len()).collect();
    nodes.extend(others);
    if nodes.len() < boards {
        let first = mesh.accepts_board(NodeId(0)).err();
        let why = first.map_or_else(String::new, |error| format!(" ({error})"));
        return Err(Failure::Input(format!(
            "the scenario has room for {} boards, not for {boards}{why}",
            nodes.len()
        )));
    }
    Ok(nodes)
}

/// No board has become its node in time.
fn nobody(status: &[BoardStatus]) -> Failure {
    let line = |board: &BoardStatus| format!("{}: {}", board.port, absence(board));
    Failure::Input(status.iter().map(line).collect::<Vec<_>>().join("\n"))
}

/// Why a board is not there, and what to do about it.
fn absence(board: &BoardStatus) -> String {
    let why = match (board.state, board.why.as_str()) {
        ("silent", _) => "nothing has come: is our firmware on it? (docs/firmware.md)",
        (_, "") => "not ready in time: try again",
        (_, why) => why,
    };
    format!("{}: {why}", board.state)
}

/// How long and how fast.
struct Run {
    ticks: u64,
    /// Real time of a tick.
    tick_us: u64,
    watch: Stopwatch,
    /// Finds boards that are plugged in meanwhile.
    scout: Scout,
}

/// Runs the ticks; returns the seconds that they took.
fn drive(
    loaded: &mut Loaded,
    mirror: &mut Mirror,
    run: &Run,
    files: &mut exports::Files,
    (args, stop): (&MirrorArgs, &Stop),
) -> f64 {
    let Run { ticks, tick_us, watch, scout } = run;
    let shown = !args.quiet && std::io::stderr().is_terminal();
    let every_us = SHOW_US[usize::from(!shown)];
    let from_us = watch.now_us();
    let (mut due_us, mut show_us, mut drawn) = (from_us, from_us, 0);
    let (mut news, mut told_us, mut unplaced) = (News::default(), from_us, Vec::new());
    for tick in 0..*ticks {
        let stops = stop.is_wanted();
        if stops {
            files.end_at(tick + 1);
        }
        due_us = due_us.max(watch.now_us().saturating_sub(*tick_us));
        let given = run_tick(mirror, &mut loaded.mesh, watch, due_us);
        files.boards(tick, &given);
        files.tick(&mut loaded.mesh);
        if stops {
            break;
        }
        due_us += tick_us;
        let mut lines: Vec<String> =
            mirror.logs().iter().map(|(port, text)| format!("{port}: {text}")).collect();
        if let Some(found) = scout.found() {
            lines.extend(take(mirror, &loaded.mesh, &found, &mut unplaced));
        }
        if watch.now_us() >= told_us {
            told_us = watch.now_us() + SHOW_US[0];
            lines.extend(happened(mirror, &mut news, watch));
        }
        if !args.quiet && !lines.is_empty() {
            for line in &lines {
                output::note(line);
            }
            // The next table stands below.
            drawn = 0;
        }
        if !args.quiet && watch.now_us() >= show_us {
            show_us = watch.now_us() + every_us;
            let passed_us = watch.now_us() - from_us;
            let simulated_us = (tick + 1) * loaded.mesh.plan().config.wake.tick_us;
            let speed = simulated_us as f64 / passed_us.max(1) as f64;
            drawn = show(&mirror.status(), tick + 1, speed, shown, drawn);
        }
    }
    settle(mirror, watch, GATHER_US);
    if !args.quiet {
        for line in happened(mirror, &mut news, watch) {
            output::note(&line);
        }
    }
    (watch.now_us() - from_us) as f64 / 1e6
}

/// What is new about the boards, in a line each.
fn happened(mirror: &mut Mirror, news: &mut News, watch: &Stopwatch) -> Vec<String> {
    let moves = mirror.moves();
    let lines = news.take(&mirror.status(), &moves, watch.now_us());
    lines.into_iter().map(|line| line.text).collect()
}

/// Connects ports that were found, and lets go of those that are gone. Returns what is in the way,
/// each once: `unplaced` are the ports of which it was said.
fn take(
    mirror: &mut Mirror,
    mesh: &Mesh,
    found: &[String],
    unplaced: &mut Vec<String>,
) -> Vec<String> {
    mirror.prune();
    unplaced.retain(|path| found.contains(path));
    let mut lines = Vec::new();
    for path in found {
        let mut all: Vec<String> = mirror.places().map(|(path, _)| path.to_owned()).collect();
        let taken: Vec<NodeId> = mirror.places().map(|(_, node)| node).collect();
        all.push(path.clone());
        if ports::doubled(&all).is_some() || unplaced.contains(path) {
            continue;
        }
        let port = places::choose(mesh, None, &taken)
            .and_then(|node| Ok((Port::start(path).map_err(|why| why.to_string())?, node)));
        match port {
            Ok((port, node)) => mirror.add(port, node, false),
            Err(why) => {
                unplaced.push(path.clone());
                lines.push(format!("{path} is not connected: {why}"));
            }
        }
    }
    lines
}

/// Shows how the boards are: a table in the place of the last one, or a line for each.
fn show(status: &[BoardStatus], tick: u64, speed: f64, terminal: bool, drawn: usize) -> usize {
    let mut lines = vec![format!("tick {tick}, {speed:.1}x real time")];
    lines.extend(table(status));
    if !terminal {
        for line in &lines {
            output::note(line);
        }
        return 0;
    }
    let mut out = std::io::stderr().lock();
    if drawn > 0 {
        let _ = write!(out, "\u{1b}[{drawn}A");
    }
    for line in &lines {
        let line: String = line.chars().filter(|c| !c.is_control()).collect();
        let _ = writeln!(out, "\u{1b}[2K{line}");
    }
    lines.len()
}

/// Heads of the table's columns, and their widths; a minus sign aligns to the left.
const HEADS: [(&str, isize); 15] = [
    ("node", 6),
    ("key", -8),
    ("state", -9),
    ("regime", -8),
    ("ticks", 7),
    ("missed", 6),
    ("ms", 7),
    ("max ms", 7),
    ("clock ms", 13),
    ("ppm", 5),
    ("B/s", 6),
    ("crc", 5),
    ("gaps", 5),
    ("resync", 6),
    ("twin", -4),
];

/// A head and a line for each board.
fn table(status: &[BoardStatus]) -> Vec<String> {
    let width = status.iter().map(|board| board.port.chars().count()).max().unwrap_or(0).max(4);
    let line = |port: &str, cells: &[String]| {
        let mut line = format!("{port:width$} ");
        for (cell, (_, wide)) in cells.iter().zip(HEADS) {
            let room = wide.unsigned_abs();
            let cell = if wide < 0 { format!(" {cell:room$}") } else { format!(" {cell:>room$}") };
            line.push_str(&cell);
        }
        line.trim_end().to_owned()
    };
    let head = line("port", &HEADS.map(|(head, _)| head.to_owned()));
    std::iter::once(head).chain(status.iter().map(|it| line(&it.port, &cells(it)))).collect()
}

/// What a board's line says, in the order of [`HEADS`].
fn cells(board: &BoardStatus) -> [String; HEADS.len()] {
    let counts = &board.counts;
    let regime = ["calm", "prestorm", "storm"].get(usize::from(board.regime)).unwrap_or(&"?");
    let twin = match &board.divergence {
        Some(found) => found.to_string(),
        None if board.why.is_empty() => "same".to_owned(),
        None => board.why.clone(),
    };
    let ms = |us: u64| format!("{:.1}", us as f64 / 1e3);
    let clock = board.clock.as_ref();
    let drift = clock.and_then(|clock| clock.drift_ppm);
    [
        board.node.to_string(),
        board.identity().to_owned(),
        board.state.to_owned(),
        (*regime).to_owned(),
        counts.ticks.to_string(),
        counts.missed.to_string(),
        ms(board.latency.mean_us),
        ms(board.latency.max_us),
        clock
            .map_or_else(|| "-".to_owned(), |clock| format!("{:.1}", clock.offset_us as f64 / 1e3)),
        drift.map_or_else(|| "-".to_owned(), |ppm| format!("{ppm:+}")),
        board.bytes_per_s.to_string(),
        counts.crc_errors.to_string(),
        counts.gaps.to_string(),
        counts.resyncs.to_string(),
        twin,
    ]
}

fn report(
    loaded: &mut Loaded,
    boards: &[BoardStatus],
    ticks: u64,
    wall_s: f64,
    args: &MirrorArgs,
) -> Result<(), Failure> {
    let tick_us = loaded.mesh.plan().config.wake.tick_us;
    let speed = (ticks * tick_us) as f64 / 1e6 / wall_s.max(1e-9);
    let digest = loaded.mesh.digest().to_string();
    if args.json {
        let report = Report {
            scenario: &loaded.name,
            seed: loaded.seed,
            nodes: loaded.mesh.plan().nodes.len(),
            ticks,
            digest,
            wall_s,
            speed,
            boards,
        };
        return output::result(&serde_json::to_string(&report).map_err(Failure::input)?);
    }
    if args.quiet {
        return Ok(());
    }
    let head = format!(
        "{} ({}, seed {}): {ticks} ticks in {wall_s:.1} s, {speed:.1}x real time",
        loaded.scenario.title, loaded.name, loaded.seed
    );
    let mut lines = vec![head];
    lines.extend(table(boards).into_iter().map(|line| format!("  {line}")));
    lines.push(format!("  digest {digest}"));
    output::result(&lines.join("\n"))
}
