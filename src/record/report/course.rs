//! The page of one run: its figures over time, what happened, and how to run it again.

use qres_core::boundary::f64_from_q16;
use qres_core::q16::Q16;
use serde_json::Value;

use super::html::{Kind, Page, Table, shown};
use super::plot::{Curve, Plot};
use super::{all_figures, at, figures};
use crate::mesh::Mesh;
use crate::mesh::chronicle::{Event, Pulse, What};
use crate::record::export::Rhythm;

/// Moments of a run that are plotted, about.
const POINTS: u64 = 600;
/// Events that a page lists.
const EVENTS_MAX: usize = 200;

/// What the page says of the scenario.
#[derive(Debug, Clone)]
pub struct About {
    /// Its title.
    pub title: String,
    /// What to look at.
    pub watch_for: String,
    /// A remark; may be empty.
    pub note: String,
    /// The path or name that it came by.
    pub name: String,
    /// The text of its file.
    pub text: String,
    /// The seed in force.
    pub seed: u64,
    /// The command that does the same run.
    pub command: String,
}

/// A run as it goes on.
#[derive(Debug)]
pub struct Course {
    rhythm: Rhythm,
    pulses: Vec<(Pulse, u64)>,
}

impl Course {
    /// The course of a run of `ticks`. Its mesh must be watched.
    #[must_use]
    pub fn new(ticks: u64) -> Self {
        Self { rhythm: Rhythm::each(ticks.div_ceil(POINTS), ticks), pulses: Vec::new() }
    }

    /// Takes what there is after a tick.
    pub fn tick(&mut self, mesh: &Mesh) {
        if let Some(chronicle) = mesh.chronicle().filter(|_| self.rhythm.has(mesh.ticks())) {
            let pulse = *chronicle.pulse();
            self.pulses.push((pulse, mesh.ticks()));
        }
    }

    /// The page of the run, whose figures `report` has as `qres run --json` prints them.
    #[must_use]
    pub fn page(&self, about: &About, mesh: &Mesh, report: &Value) -> String {
        let events: Vec<&Event> =
            mesh.chronicle().into_iter().flat_map(|chronicle| chronicle.log().since(0)).collect();
        let ticks = mesh.ticks();
        let nodes = at(report, "nodes").and_then(Value::as_u64).unwrap_or(0);
        let under = format!("{}, seed {}: {nodes} nodes, {ticks} ticks", about.name, about.seed);
        let mut page = Page::new(&about.title, &under);
        page.paragraph(&about.watch_for);
        page.paragraph(&about.note);
        page.tiles(&tiles(report));
        page.heading("Over time");
        page.plots(&self.plots(&spans(&events, ticks), report));
        page.heading("What happened");
        what_happened(&mut page, &events);
        all_figures(&mut page, report);
        page.heading("The same again");
        page.paragraph("The same scenario and seed give the same digest on any machine.");
        page.lines(&about.command);
        page.folded(&format!("The scenario, {}", about.name), &about.text);
        page.finish()
    }

    fn plots(&self, spans: &[(f64, f64)], report: &Value) -> Vec<String> {
        let curve = |name: &str, of: &dyn Fn(&Pulse) -> f64| Curve {
            name: name.to_owned(),
            points: self.pulses.iter().map(|(pulse, tick)| (*tick as f64, of(pulse))).collect(),
            ..Curve::default()
        };
        let real = |value: Q16| f64_from_q16(value);
        let plot = |title: &str, meaning: &str, curves: Vec<Curve>| Plot {
            title: title.to_owned(),
            meaning: meaning.to_owned(),
            x_name: "tick".to_owned(),
            curves,
            spans: spans.to_vec(),
            span_name: "a storm blows",
            y_most: None,
        };
        let regimes = ["calm", "pre-storm", "storm"].iter().enumerate();
        let regimes = regimes.map(|(place, name)| {
            curve(name, &move |pulse| pulse.regimes.get(place).map_or(0.0, |n| f64::from(*n)))
        });
        let mut energy = plot(
            "Energy left",
            "of each node's capacity",
            vec![
                curve("mean", &|pulse| real(pulse.energy_mean)),
                curve("the poorest node", &|pulse| real(pulse.energy_least)),
            ],
        );
        energy.y_most = Some(1.0);
        let mut plots = vec![
            plot("Regimes", "nodes that believe in each", regimes.collect()),
            energy,
            plot(
                "Error",
                "mean recent |residual| of the nodes' forecasts, in deviations",
                vec![curve("error", &|pulse| real(pulse.residual_mean))],
            ),
            plot(
                "Spread",
                "largest distance between shared weights of a modality: 0 is agreement",
                vec![curve("spread", &|pulse| real(pulse.spread))],
            ),
            plot(
                "Bytes on the air",
                "in one tick, of all nodes together",
                vec![curve("bytes", &|pulse| pulse.bytes as f64)],
            ),
            plot(
                "Radios",
                "nodes that slept through the tick, and nodes with power and energy",
                vec![
                    curve("asleep", &|pulse| f64::from(pulse.asleep)),
                    curve("alive", &|pulse| f64::from(pulse.alive)),
                ],
            ),
        ];
        if at(report, "adversaries.count").and_then(Value::as_u64).unwrap_or(0) > 0 {
            plots.push(plot(
                "Attackers",
                "adversaries that an honest node bans, and nodes that anybody bans",
                vec![
                    curve("found out", &|pulse| f64::from(pulse.detected)),
                    curve("banned", &|pulse| f64::from(pulse.banned)),
                ],
            ));
        }
        plots.iter().map(Plot::draw).collect()
    }
}

/// When storms blew.
fn spans(events: &[&Event], ticks: u64) -> Vec<(f64, f64)> {
    let mut open: Vec<(u32, u64)> = Vec::new();
    let mut spans = Vec::new();
    for event in events {
        match event.what {
            What::StormBegins { storm, .. } => open.push((storm, event.tick)),
            What::StormEnds { storm, .. } => {
                if let Some(at) = open.iter().position(|(number, _)| *number == storm) {
                    spans.push((open.swap_remove(at).1 as f64, event.tick as f64));
                }
            }
            _ => {}
        }
    }
    spans.extend(open.into_iter().map(|(_, from)| (from as f64, ticks as f64)));
    spans
}

/// The figures that are asked for first.
fn tiles(report: &Value) -> Vec<(String, String)> {
    let paths = [
        "energy.left_mean",
        "energy.all.asleep_percent",
        "bytes_per_node_day",
        "prediction.better_than_persistence_percent",
        "regimes.ever_storm",
        "adversaries.detected",
        "genes.adoptions",
    ];
    let count = |path: &str| at(report, path).and_then(Value::as_u64).unwrap_or(0);
    let is_told = |path: &str| match path {
        "adversaries.detected" => count("adversaries.count") > 0,
        "genes.adoptions" => count("genes.mutations") > 0,
        _ => true,
    };
    let tile = |path: &str| {
        let value = at(report, path)?.as_f64()?;
        let figure = figures::of(path)?;
        Some((format!("{}: {}", figure.name, figure.meaning), shown(value)))
    };
    paths.into_iter().filter(|path| is_told(path)).filter_map(tile).collect()
}

fn what_happened(page: &mut Page, events: &[&Event]) {
    let major: Vec<&&Event> = events.iter().filter(|event| event.is_major).collect();
    if major.is_empty() {
        page.paragraph("Nothing that concerned more than single nodes.");
        return;
    }
    let columns = [
        ("tick", Kind::Number),
        ("lane", Kind::Text),
        ("what", Kind::Text),
        ("more", Kind::Remark),
    ];
    let mut table = Table::new(&columns);
    for event in major.iter().take(EVENTS_MAX) {
        let (lane, what) = (event.what.lane().name(), &event.what);
        table.row([event.tick.to_string(), lane.to_owned(), what.title(), what.detail()]);
    }
    page.table(&table);
    if major.len() > EVENTS_MAX {
        page.paragraph(&format!("And {} more.", major.len() - EVENTS_MAX));
    }
}
