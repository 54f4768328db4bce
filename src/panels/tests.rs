//! Every panel, drawn without a screen: of a mesh in which nothing happens and of a busy one, large
//! and small and at twice the scale. No text may be cut off at the sides or lie over another, and
//! nothing may be drawn outside its panel. What an empty mesh shows is held word by word against a
//! kept text; `UPDATE_GOLDEN=1` writes that anew.

mod hover;

use super::dock::Pane;
use super::{Outcome, Rooms, theme};
use crate::bridge::clock::ClockStatus;
use crate::bridge::count::{BoardCounts, Latency};
use crate::bridge::hub::HubStatus;
use crate::bridge::mirror::BoardStatus;
use crate::bridge::ports::{Looks, PortInfo};
use crate::bridge::session::Divergence;
use crate::mesh::Mesh;
use crate::mesh::plan::Plan;
use crate::mesh::publish::{Published, Scene};
use crate::pace::Intent;
use crate::scenario::{self, Command, Links};
use crate::view::Observer;
use crate::view::stage::{Ask, Look, Stage};
use crate::view::tools::Sketch;
use bevy_egui::egui::{
    self, Context, Pos2, RawInput, Rect, Shape, Vec2, ViewportId, epaint::ClippedShape, pos2, vec2,
};
use std::fmt::Write as _;
use std::sync::Arc;

/// A text as it was drawn.
struct Drawn {
    text: String,
    at: Rect,
    clip: Rect,
}

/// Side panels are narrow and high, those below the scene wide and low.
fn sizes(pane: Pane) -> [Vec2; 2] {
    match pane {
        Pane::Overview | Pane::Scenarios | Pane::Hands | Pane::Settings => {
            [vec2(258.0, 690.0), vec2(258.0, 420.0)]
        }
        Pane::Inspector => [vec2(300.0, 690.0), vec2(620.0, 420.0)],
        _ => [vec2(1000.0, 166.0), vec2(640.0, 166.0)],
    }
}

/// What the mouse does in one pass.
type Does = Vec<egui::Event>;

/// Lets a mouse work in the timeline, pass by pass, and tells what was asked for in each, and
/// whether only a part of the run is on show after it.
fn work(stage: &Stage, size: Vec2, passes: Vec<Does>) -> Vec<(Vec<Intent>, bool)> {
    let context = Context::default();
    theme::install(&context);
    let area = Rect::from_min_size(pos2(0.0, 0.0), size);
    let (look, sketch) = (Look::default(), Sketch::default());
    let mut rooms = Rooms::default();
    let mut told = Vec::new();
    for (number, events) in passes.into_iter().enumerate() {
        let mut outcome = Outcome::default();
        let input = RawInput {
            screen_rect: Some(area),
            time: Some(number as f64 * 0.05),
            events,
            ..RawInput::default()
        };
        rooms.span.begin(stage.newest(), stage.scene.ticks);
        let _ = context.run_ui(input, |ui| {
            theme::pane().show(ui, |ui| {
                rooms.show(ui, Pane::Timeline, (stage, &look, &sketch), &mut outcome);
            });
        });
        let asks = outcome.asks.into_iter().map(|Ask(intent)| intent).collect();
        told.push((asks, rooms.span.is_zoomed()));
    }
    told
}

fn button(at: Pos2, pressed: bool) -> egui::Event {
    let (button, modifiers) = (egui::PointerButton::Primary, egui::Modifiers::NONE);
    egui::Event::PointerButton { pos: at, button, pressed, modifiers }
}

#[test]
fn the_clock_of_the_timeline_is_scrubbed_with_the_mouse() {
    let mut stage = empty();
    stage.published = Arc::new(Published { tick: 600, tick_ms: 1_000, ..Published::default() });
    let size = vec2(1000.0, 166.0);
    // The clock is below the lanes, inside the panel's margin.
    let at = |x: f32| pos2(x, size.y - 14.0);
    let moved = |x: f32| egui::Event::PointerMoved(at(x));
    let told = work(
        &stage,
        size,
        vec![
            vec![],
            vec![moved(300.0)],
            vec![button(at(300.0), true)],
            vec![moved(500.0)],
            vec![moved(900.0)],
            vec![moved(2_000.0)],
            vec![button(at(2_000.0), false)],
        ],
    );
    let ticks: Vec<u64> = told
        .iter()
        .flat_map(|(asks, _)| asks)
        .filter_map(|intent| match intent {
            Intent::Seek(tick) => Some(*tick),
            _ => None,
        })
        .collect();
    let [first, second, third, ..] = ticks[..] else { panic!("{ticks:?}") };
    assert!((100..200).contains(&first), "{ticks:?}");
    assert!(second > first + 80 && third > second + 180, "{ticks:?}");
    assert!(ticks.iter().all(|tick| *tick <= 600), "{ticks:?}");
}

#[test]
fn a_double_click_in_the_timeline_shows_the_whole_run() {
    let stage = empty();
    let size = vec2(1000.0, 166.0);
    let at = pos2(500.0, 70.0);
    let wheel = egui::Event::MouseWheel {
        unit: egui::MouseWheelUnit::Line,
        delta: vec2(0.0, 6.0),
        phase: egui::TouchPhase::Move,
        modifiers: egui::Modifiers::NONE,
    };
    let click = |pressed| vec![button(at, pressed)];
    let mut passes = vec![vec![], vec![egui::Event::PointerMoved(at)], vec![wheel]];
    passes.extend(std::iter::repeat_n(vec![], 4));
    let zoomed = passes.len() - 1;
    passes.extend([click(true), click(false), click(true), click(false), vec![]]);
    let told = work(&stage, size, passes);
    assert!(told[zoomed].1, "the wheel zooms");
    assert!(!told[told.len() - 1].1, "and a double click shows all again");
    let seeks = told.iter().flat_map(|(asks, _)| asks).count();
    assert_eq!(seeks, 1, "two clicks go to one tick");
}

/// Draws a panel until it has settled.
fn draw(pane: Pane, stage: &Stage, size: Vec2, scale: f32) -> Vec<Drawn> {
    let context = Context::default();
    theme::install(&context);
    let area = Rect::from_min_size(pos2(40.0, 30.0), size);
    let (look, sketch) = (Look::default(), Sketch::default());
    let mut rooms = Rooms::default();
    let mut drawn = Vec::new();
    for pass in 0..4_u8 {
        let mut input = RawInput {
            screen_rect: Some(Rect::from_min_size(Pos2::ZERO, vec2(1280.0, 800.0))),
            time: Some(f64::from(pass) * 0.1),
            ..RawInput::default()
        };
        if let Some(viewport) = input.viewports.get_mut(&ViewportId::ROOT) {
            viewport.native_pixels_per_point = Some(scale);
        }
        rooms.span.begin(stage.published.tick, stage.scene.ticks);
        let output = context.run_ui(input, |ui| {
            let mut inside = ui.new_child(egui::UiBuilder::new().max_rect(area));
            inside.set_clip_rect(area);
            theme::pane().show(&mut inside, |ui| {
                let seen = (stage, &look, &sketch);
                rooms.show(ui, pane, seen, &mut Outcome::default());
            });
        });
        drawn.clear();
        for ClippedShape { clip_rect, shape } in output.shapes {
            assert!(
                matches!(shape, Shape::Noop)
                    || !clip_rect.is_positive()
                    || area.expand(0.5).contains_rect(clip_rect),
                "{pane:?} draws outside: {clip_rect:?} {shape:?}"
            );
            texts(&shape, clip_rect, &mut drawn);
        }
    }
    drawn
}

fn texts(shape: &Shape, clip: Rect, drawn: &mut Vec<Drawn>) {
    match shape {
        Shape::Vec(all) => all.iter().for_each(|shape| texts(shape, clip, drawn)),
        Shape::Text(text) if !text.galley.text().trim().is_empty() => {
            let at = text.galley.rect.translate(text.pos.to_vec2());
            // What is scrolled out of sight is not seen.
            if at.bottom() > clip.top() + 1.0 && at.top() < clip.bottom() - 1.0 {
                drawn.push(Drawn { text: text.galley.text().to_owned(), at, clip });
            }
        }
        _ => {}
    }
}

/// Texts that are cut off at a side, or lie over another one.
fn faults(drawn: &[Drawn]) -> Vec<String> {
    let mut faults = Vec::new();
    for (place, one) in drawn.iter().enumerate() {
        if one.at.left() < one.clip.left() - 1.0 || one.at.right() > one.clip.right() + 1.0 {
            faults.push(format!("cut off: {:?} at {:?} in {:?}", one.text, one.at, one.clip));
        }
        for other in drawn.iter().skip(place + 1) {
            let both = one.at.intersect(other.at).intersect(one.clip);
            if both.width() > 1.5 && both.height() > 3.0 {
                faults.push(format!(
                    "over each other: {:?} at {:?}, {:?} at {:?}",
                    one.text, one.at, other.text, other.at
                ));
            }
        }
    }
    faults
}

fn empty() -> Stage {
    let scene = Scene { title: "Nobody".to_owned(), ticks: 600, ..Scene::default() };
    let published = Published { tick_ms: 1_000, ..Published::default() };
    Stage::new(Arc::new(scene), Arc::new(published))
}

/// A mesh with a storm, genes that spread, nodes that were killed, links that were cut, and
/// commands that wait.
fn busy() -> Stage {
    let scenario = scenario::resolve("mutation-cascade").expect("embedded").scenario;
    let plan = Plan::new(&scenario, scenario.seed, &Vec::new()).expect("a plan");
    let mut mesh = Mesh::new(plan, 1);
    let scene = Scene::new(&scenario, mesh.plan());
    let mut observer = Observer::new(&mut mesh, scene, vec!["degC".to_owned()], &[40, 41]);
    let nodes = |nodes: &str| nodes.to_owned();
    for tick in 0..420 {
        if tick == 300 {
            for command in [
                Command::Kill { nodes: nodes("3 4") },
                Command::Cut { links: Links::Of(nodes("7")) },
                Command::Degrade { links: Links::Of(nodes("20")), percent: 30 },
            ] {
                mesh.command(command).expect("accepted");
            }
        }
        observer.step(&mut mesh, true);
    }
    for id in 10..16 {
        mesh.command(Command::Kill { nodes: id.to_string() }).expect("accepted");
    }
    let mut stage = observer.stage(&mut mesh);
    stage.picked = (0..30).map(|id| id * 3).collect();
    let mut fleet = std::mem::take(&mut stage.fleet);
    fleet.is_open = true;
    fleet.take(Arc::new(hub()), |node| format!("node {node}"));
    stage.fleet = fleet;
    stage.parameters = scenario::LIVE
        .iter()
        .map(|live| mesh.parameter(live.field).map(scenario::Setting::value))
        .collect();
    stage
}

/// A board that keeps step, one that has parted from its twin and is gone, and ports beside them.
fn hub() -> HubStatus {
    let board = |port: &str, node, state, why: &str, divergence: Option<Divergence>| BoardStatus {
        port: port.to_owned(),
        node,
        state,
        why: why.to_owned(),
        key: "5fe1b2c30d94a7e8".to_owned(),
        is_proven: Some(divergence.is_none()),
        build: "esp32c6 qres-esp32c6 0.1.0".to_owned(),
        behind: 2,
        regime: 2,
        energy_uj: 7_412_000,
        bytes_per_s: 11_520,
        latency: Latency { last_us: 2_100, mean_us: 71_300, max_us: 412_000, answers: 40_312 },
        clock: Some(ClockStatus {
            offset_us: -86_412_345_678,
            bound_us: 1_050,
            drift_ppm: Some(-12),
            drift_bound_ppm: Some(9),
            answers: 86_400,
        }),
        counts: BoardCounts {
            opened: 3,
            ticks: 39_871,
            missed: 1_204,
            crc_errors: 18,
            gaps: 11,
            resyncs: 3,
            ..BoardCounts::default()
        },
        dropped_bytes: 0,
        agreed_tick: Some(39_870),
        agreed_digest: "a1b2c3d4".to_owned(),
        divergence,
    };
    let sections = vec!["sensing", "speaking", "energy", "trust", "memory", "options"];
    let parted = Some(Divergence { tick: 41_007, sections });
    let port = |path: &str, looks, about: &str| PortInfo {
        path: path.to_owned(),
        looks,
        about: about.to_owned(),
    };
    HubStatus {
        boards: vec![
            board("/dev/ttyACM0", 12, "live", "", None),
            board("/dev/serial/by-id/usb-Espressif", 41, "unplugged", "no such device", parted),
        ],
        ports: Arc::new([
            port("/dev/ttyACM1", Looks::Board, "USB 303A:1001 USB JTAG/serial debug unit"),
            port("/dev/ttyS0", Looks::Other, ""),
        ]),
        takes_all: false,
        told: None,
    }
}

#[test]
fn every_panel_shows_all_it_says() {
    let mut wrong = Vec::new();
    for (state, stage) in [("empty", empty()), ("busy", busy())] {
        for pane in Pane::ALL {
            for (size, scale) in sizes(pane).into_iter().flat_map(|size| [(size, 1.0), (size, 2.0)])
            {
                let drawn = draw(pane, &stage, size, scale);
                for fault in faults(&drawn) {
                    wrong.push(format!("{state} {pane:?} {size:?} x{scale}: {fault}"));
                }
                let says = !drawn.is_empty() || (pane == Pane::Inspector && state == "empty");
                assert!(says, "{state} {pane:?} is empty");
            }
            // Too small for anything: it draws inside, and does not fail.
            draw(pane, &stage, vec2(120.0, 60.0), 1.0);
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// Every text of every panel and where it stands, held against the words that were kept.
fn hold(stage: &Stage, kept: &str) {
    let mut said = String::new();
    for pane in Pane::ALL.into_iter().filter(|pane| *pane != Pane::Scenarios) {
        let [size, _] = sizes(pane);
        let _ = writeln!(said, "{pane:?} {}x{}", size.x, size.y);
        for Drawn { text, at, .. } in draw(pane, stage, size, 1.0) {
            let place = [at.left(), at.top(), at.width(), at.height()].map(f32::round);
            let [x, y, w, h] = place;
            let _ = writeln!(said, "  {x:>4} {y:>4} {w:>4} {h:>3}  {}", text.replace('\n', " / "));
        }
    }
    let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden").join(kept);
    if std::env::var_os("UPDATE_GOLDEN").is_some() {
        std::fs::write(&path, &said).expect("it can be written");
    }
    let kept = std::fs::read_to_string(&path).unwrap_or_default();
    let differs = said.lines().zip(kept.lines()).find(|(now, then)| now != then);
    assert_eq!(differs, None, "other words or places than kept");
    assert_eq!(said.lines().count(), kept.lines().count());
}

#[test]
fn an_empty_mesh_is_told_in_the_words_that_were_kept() {
    hold(&empty(), "panels.txt");
}

#[test]
fn a_busy_mesh_is_told_in_the_words_that_were_kept() {
    hold(&busy(), "panels-busy.txt");
}
