//! Tests of the driver: stopped drivers that are told what to do, on no thread and with no clock.

mod live;
mod past;
mod play;
mod worlds;

use std::sync::PoisonError;
use std::time::Duration;

use super::clock::Budget;
use super::driver::Driver;
use super::past::Past;
use super::{Intent, Start};
use crate::mesh::Mesh;
use crate::mesh::plan::Plan;
use crate::mesh::publish::Scene;
use crate::mesh::snapshot::Digest;
use crate::scenario::{self, Command, Scenario};

/// Nine nodes that nothing happens to.
const QUIET: &str =
    r#"(title: "t", watch_for: "w", nodes: (count: 9), signals: [(modality: "a")])"#;

/// A storm, joins, a kill and a revival, liars, in sixteen nodes.
const BUSY: &str = r#"(
    title: "t", watch_for: "w", ticks: 400,
    nodes: (count: 16, layout: Grid(columns: 4, spacing_mm: 10000)),
    radio: (range_mm: 15000),
    twt: (calm_ms: 8000, prestorm_ms: 4000, storm_ms: 2000, window_ms: 500, storm_window_ms: 1000),
    signals: [(modality: "a")],
    protocol: (commissioning: (limit_ticks: 40)),
    storms: [(from_tick: 60, to_tick: 150, path: [(tick: 60, x_mm: 0, z_mm: 0)], radius_mm: 20000)],
    commands: [
        (at_tick: 30, command: SetAttack(nodes: "3 5", attack: Some(SignFlip()))),
        (at_tick: 70, command: Kill(nodes: "7")),
        (at_tick: 80, command: AddNodes(count: 3, x_mm: 0, z_mm: 0, spread_mm: 8000)),
        (at_tick: 110, command: Revive(nodes: "7")),
    ],
)"#;

fn scenario(text: &str) -> Scenario {
    match Scenario::parse("t.ron", text) {
        Ok(scenario) => scenario,
        Err(problem) => panic!("{problem:?}"),
    }
}

fn mesh(scenario: &Scenario) -> Mesh {
    Mesh::new(Plan::new(scenario, scenario.seed, &Vec::new()).expect("a plan"), 1)
}

/// A run that is about to begin; the scenario is text, or the name of an embedded one.
fn opening(text: &str) -> Start {
    let scenario = match scenario::resolve(text) {
        Ok(resolved) => resolved.scenario,
        Err(_) => scenario(text),
    };
    let mesh = mesh(&scenario);
    let scene = Scene::new(&scenario, mesh.plan());
    Start::new(mesh, scene)
}

/// A stopped driver on no thread, with snapshots every `spacing` ticks.
fn stopped(start: Start, spacing: u64) -> Driver {
    let bytes = start.past_bytes;
    let mut driver = Driver::new(start, crossbeam_channel::unbounded().1);
    driver.first.past = Past::new(spacing, bytes);
    let (now, snapshot) = (driver.first.now(), driver.first.newest.snapshot());
    driver.first.past.keep(now, &snapshot);
    driver.obey(Intent::Pause(true));
    driver
}

/// Does an intent and all the work that comes of it.
fn ask(driver: &mut Driver, intent: Intent) {
    driver.obey(intent);
    settle(driver);
}

fn settle(driver: &mut Driver) {
    let budget = Budget::start(Duration::ZERO);
    while driver.job.is_some() {
        if driver.work() {
            driver.publish();
        }
    }
    driver.slice(&budget);
    driver.report();
}

/// Runs so many ticks.
fn steps(driver: &mut Driver, ticks: u64) {
    (0..ticks).for_each(|_| ask(driver, Intent::Step));
}

/// Runs to a tick and tells the digest of each tick that is asked for, by number; others are zero.
fn digests(driver: &mut Driver, to: u64, asked: impl Fn(u64) -> bool) -> Vec<Digest> {
    let mut all = Vec::new();
    loop {
        let tick = driver.first.reached();
        all.push(if asked(tick) { driver.first.newest.digest() } else { Digest::default() });
        if tick == to {
            driver.publish();
            return all;
        }
        assert!(driver.advance());
    }
}

/// The digest of the world that is looked at.
fn digest(driver: &mut Driver) -> Digest {
    driver.first.looked_at().digest()
}

fn message(driver: &Driver) -> String {
    driver.message.as_ref().map_or_else(String::new, |(_, text)| text.to_string())
}

fn kill(nodes: &str) -> Command {
    Command::Kill { nodes: nodes.to_owned() }
}

fn command(command: Command) -> Intent {
    Intent::Command(Box::new(command))
}

/// Texts of what waits and of what was refused, as published.
fn shown(driver: &Driver) -> (Vec<String>, Vec<String>) {
    let latest = driver.shared.latest.lock().unwrap_or_else(PoisonError::into_inner);
    let texts = |list: &[(u64, String)]| list.iter().map(|(_, text)| text.clone()).collect();
    let orders = &latest.frame.published.orders;
    (texts(&orders.pending), texts(&orders.notices))
}
