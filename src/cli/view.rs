//! `qres view`: a scenario in the window.

use super::ViewArgs;
use super::load::{self, Loaded, load, recorded};
use super::output::{self, Failure};
use super::run::{self, RunReport};
use crate::bridge::hub::Hub;
use crate::mesh::Mesh;
use crate::mesh::publish::Scene;
use crate::pace::{self, Intent, SPEED_MAX_MILLI, Start};
use crate::record::Recording;
use crate::record::deck::Deck;
use crate::record::index::{INDEX_BYTES, Index, path_of};
use crate::record::moments;
use crate::record::recording::{self, RecorderOptions};
use crate::record::rolling::{self, BYTES_MAX, FILES_MAX, Rolling};
use crate::scenario::Scenario;
use crate::view::{self, Loader, Show, WindowFigures, WindowOptions};
use crossbeam_channel::RecvTimeoutError;
use serde::Serialize;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

/// Real seconds that a scenario takes at the speed it starts with.
const SHOW_SECONDS: u64 = 240;

/// Opens the window; with `--exit`, prints what `run` prints when it closes.
#[expect(clippy::disallowed_methods, reason = "measures how long a run took, from outside")]
pub(super) fn view(args: &ViewArgs) -> Result<(), Failure> {
    let begun = Instant::now();
    if !view::display_available() {
        return Err(Failure::Input(
            "no display can be reached: see DISPLAY and WAYLAND_DISPLAY; use `qres run` for a run \
             without a window, or `qres shot` for a picture"
                .to_owned(),
        ));
    }
    view::adapter_available().map_err(Failure::input)?;
    if let Some(path) = args.record.as_deref().filter(|path| path.exists()) {
        let path = path.display();
        return Err(Failure::Input(format!("{path}: is there already: name another file")));
    }
    let (loaded, recording) = open(&args.scenario, args)?;
    let start = Instant::now();
    let Loaded { name, scenario, seed, recalled, text, mesh } = loaded;
    let span = args.boards.as_ref().and_then(|boards| boards.span);
    let span = span.map(|span| load::ticks(&scenario, None, Some(span))).transpose()?;
    let args = &ViewArgs { ticks: args.ticks.or(span), ..args.clone() };
    let begun_as = if recording.is_some() { &args.scenario } else { &name };
    let source = Source { scenario: &scenario, name: begun_as, text: &text, recording };
    let boards = args.boards.as_ref();
    let nodes = boards.map_or_else(|| Ok(Vec::new()), |boards| boards.nodes(&mesh))?;
    let (show, thread) = begin(mesh, source, args)?;
    let deck = show.deck.clone();
    if let (Some(boards), Some(hub)) = (boards, &show.hub) {
        boards.plug_in(hub, &nodes);
    }
    if let (Some(path), Some(deck)) = (&args.record, &deck) {
        deck.begin(path.clone());
        show.pace.send(Intent::Observe);
    }
    if let Some(tick) = args.seek {
        show.pace.send(Intent::Seek(tick));
        show.pace.send(Intent::Pause(true));
    }
    let others = Others::default();
    let options = WindowOptions {
        begun,
        exit_at_tick: args.ticks.filter(|_| args.exit),
        title: show.title,
        name: show.name,
        deck: show.deck,
        hub: show.hub,
        is_replay: show.is_replay,
        notes: show.notes,
        loader: (!args.exit).then(|| loader(args.clone(), Arc::clone(&others))),
    };
    let window = view::run_window(show.pace, options).map_err(Failure::input)?;
    let mesh = patiently(|| ended(thread, deck, &others))?;
    if !args.exit {
        return Ok(());
    }
    let mut loaded = Loaded { name, scenario, seed, recalled, text, mesh };
    let summary = loaded.mesh.summary();
    let wall_s = start.elapsed().as_secs_f64();
    if args.json {
        let Loaded { name, seed, mesh, .. } = &mut loaded;
        let run = RunReport::new(name, *seed, mesh, &summary, wall_s);
        let text = serde_json::to_string(&ViewReport { run, window }).map_err(Failure::input)?;
        return output::result(&text);
    }
    run::report(&mut loaded, &summary, wall_s, false, false)?;
    output::result(&said(&window))
}

/// What `--json` prints.
#[derive(Serialize)]
struct ViewReport<'a> {
    #[serde(flatten)]
    run: RunReport<'a>,
    window: WindowFigures,
}

/// What a window has cost, in words.
fn said(window: &WindowFigures) -> String {
    let first = window.first_picture_ms.map_or_else(
        || "closed before its first picture".to_owned(),
        |ms| format!("first picture after {:.1} s", ms as f64 / 1e3),
    );
    let held = match (window.memory_kib.first(), window.memory_kib.last()) {
        (Some((_, first)), Some((_, last))) => {
            format!("; {} MiB held at first, {} MiB at the end", first / 1024, last / 1024)
        }
        _ => String::new(),
    };
    let frames = window.frames as f32 / window.seconds.max(0.001);
    format!("  window     {first}; {frames:.0} frames a second{held}")
}

/// Threads that end the recordings of runs that have left the stage.
type Others = Arc<Mutex<Vec<JoinHandle<()>>>>;

/// After how long a wait for the disk is told of.
const TOLD_AFTER: Duration = Duration::from_secs(2);

/// Waits for recordings to end, and says so where a disk is slow: the window is gone by then.
fn patiently<T>(wait: impl FnOnce() -> T) -> T {
    let (ends, ended) = crossbeam_channel::bounded::<()>(0);
    let told = std::thread::Builder::new().name("patience".to_owned()).spawn(move || {
        if ended.recv_timeout(TOLD_AFTER) == Err(RecvTimeoutError::Timeout) {
            output::note("the disk is slow: waiting until recordings are written; Ctrl-C gives up");
        }
    });
    let outcome = wait();
    drop(ends);
    drop(told.map(JoinHandle::join));
    outcome
}

/// The mesh of a window that is closed, once all recordings are written.
fn ended(thread: JoinHandle<Mesh>, deck: Option<Deck>, others: &Others) -> Result<Mesh, Failure> {
    let mut mesh = thread.join();
    if let (Ok(mesh), Some(deck)) = (&mut mesh, deck) {
        deck.finish(mesh);
    }
    join(others);
    mesh.map_err(|_| Failure::Input("the mesh's thread broke off".to_owned()))
}

/// Waits until the recordings of runs that have left the stage are written.
fn join(others: &Others) {
    let others = std::mem::take(&mut *others.lock().unwrap_or_else(PoisonError::into_inner));
    for other in others {
        drop(other.join());
    }
}

/// What a run is made of, besides its mesh.
struct Source<'a> {
    scenario: &'a Scenario,
    /// The name or path that it came by.
    name: &'a str,
    text: &'a str,
    recording: Option<Recording>,
}

/// Loads a scenario, or a recording with it.
fn open(name: &str, args: &ViewArgs) -> Result<(Loaded, Option<Recording>), Failure> {
    let data = args.data.as_deref();
    if moments::is_recording(name) {
        let read = moments::open(Path::new(name)).map_err(Failure::input)?;
        return Ok((recorded(read.clone(), args.threads, data)?, Some(read)));
    }
    let seed = args.seed.filter(|_| name == args.scenario);
    Ok((load(name, seed, args.threads, data, None)?, None))
}

/// Sets a mesh going on a thread of its own, at a speed that shows all of it in a few minutes.
fn begin(
    mesh: Mesh,
    source: Source<'_>,
    args: &ViewArgs,
) -> Result<(Show, JoinHandle<Mesh>), Failure> {
    let Source { scenario, name, text, recording } = source;
    let scene = Scene::new(scenario, mesh.plan());
    let units = scenario.signals.iter().map(|signal| signal.unit.clone()).collect();
    let length_ms = scenario.ticks.saturating_mul(u64::from(scenario.tick_ms));
    let speed = match &args.boards {
        _ if args.exit => u64::from(SPEED_MAX_MILLI),
        Some(boards) => u64::from(boards.speed) * 1_000,
        None => length_ms / SHOW_SECONDS,
    };
    let speed_milli = speed.clamp(1_000, u64::from(SPEED_MAX_MILLI)) as u32;
    let title = format!("{} - QRES", scenario.title);
    let mut start = Start { units, speed_milli, ticks: args.ticks, ..Start::new(mesh, scene) };
    let is_replay = recording.is_some();
    let (mut deck, mut hub, mut marks, mut notes) = (None, None, Vec::new(), Arc::default());
    if let Some(recording) = recording {
        marks = bookmarks(&recording);
        notes = recording.notes.as_slice().into();
        start.ticks = Some(args.ticks.unwrap_or(u64::MAX).min(recording.ticks()));
        let file = Path::new(name);
        let recording = Arc::new(recording);
        // One inside the binary is short, and has no place for an index beside it.
        let index = file.is_file().then(|| index(file, &recording, &mut start.mesh));
        start.shelf = index.as_ref().map(Index::shelf);
        start.is_replay = true;
        start.verifier = Some(Box::new(move |mesh| {
            // The index is built for as long as the run is on stage.
            let _ = &index;
            recording.verify(mesh).map_err(|difference| difference.to_string())
        }));
    } else {
        let folder = args.data.as_deref().unwrap_or(Path::new("."));
        let data = recording::data_digests(scenario, folder).map_err(Failure::input)?;
        let (name, scenario) = (name.to_owned(), text.to_owned());
        let checkpoint_every = args.boards.as_ref().map_or(0, |boards| boards.checkpoint_every);
        let options = RecorderOptions { name, scenario, data, checkpoint_every };
        let rolls = rolling::folder().filter(|_| !args.exit);
        let rolls = rolls.map(|folder| Rolling::new(folder, FILES_MAX, BYTES_MAX));
        let (new, observer) = Deck::new(options, rolls);
        start.observer = Some(observer);
        start.keeper = Some(new.keeper());
        deck = Some(new);
        if !args.exit {
            let (new, live) = Hub::new();
            start.live = Some(live);
            hub = Some(new);
        }
    }
    let (pace, thread) = pace::begin(start).map_err(Failure::input)?;
    for mark in marks {
        pace.send(mark);
    }
    Ok((Show { pace, title, name: name.to_owned(), deck, hub, is_replay, notes }, thread))
}

/// The index of a recording, which is built while the run is on stage.
fn index(file: &Path, recording: &Arc<Recording>, mesh: &mut Mesh) -> Index {
    let index = Index::open(&path_of(file), file, Arc::clone(recording), mesh, INDEX_BYTES);
    let state = mesh.snapshot();
    if let Ok(mesh) = mesh.another(&state) {
        // Without an index seeks take longer, and that is all.
        let _ = index.build(mesh);
    }
    index
}

/// The bookmarks that a recording has.
fn bookmarks(recording: &Recording) -> Vec<Intent> {
    let marks = recording.bookmarks().into_iter();
    marks.map(|(tick, name)| Intent::Bookmark { tick: Some(tick), name: name.to_owned() }).collect()
}

/// How the window gets another scenario: with the options it was opened with, but for the seed,
/// which is the other scenario's own.
fn loader(args: ViewArgs, others: Others) -> Loader {
    Arc::new(move |name| {
        let told = |failure: Failure| failure.message().to_owned();
        let (loaded, recording) = open(name, &args).map_err(told)?;
        let Loaded { mesh, scenario, text, name: known, .. } = loaded;
        let name = if recording.is_some() { name } else { &known };
        let source = Source { scenario: &scenario, name, text: &text, recording };
        let (show, thread) = begin(mesh, source, &args).map_err(told)?;
        if let Some(deck) = show.deck.clone() {
            let end = move || {
                if let Ok(mut mesh) = thread.join() {
                    deck.finish(&mut mesh);
                }
            };
            let ended = std::thread::Builder::new().name("recordings".to_owned()).spawn(end);
            let mut others = others.lock().unwrap_or_else(PoisonError::into_inner);
            others.extend(ended);
        }
        Ok(show)
    })
}
