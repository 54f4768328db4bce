//! `--mcap`: the state of nodes over simulated time, the swarm's figures, what happened, and what a
//! 3D viewer needs, as an MCAP file with JSON messages. docs/captures.md says what each holds. The
//! same run makes the same bytes.

mod container;
mod schemas;
#[cfg(test)]
mod tests;
mod theme;

use std::io::{self, Write};

use data_encoding::BASE64;
use qres_core::boundary::f64_from_q16;
use qres_core::q16::Q16;
use serde_json::{Value, json};

use super::export::{Exporter, Rhythm};
use crate::mesh::Mesh;
use crate::mesh::chronicle::Event;
use crate::mesh::components::{Identity, Neuron};
use crate::mesh::publish::{NodeView, Published, Regime, Role, StormView};
use container::Container;

/// States of nodes in a file, about, unless more are asked for.
const STATES: u64 = 250_000;

/// Places of the topics in [`schemas::CHANNELS`].
mod topic {
    pub const NODES: u16 = 0;
    pub const SWARM: u16 = 1;
    pub const EVENTS: u16 = 2;
    pub const POINTS: u16 = 3;
    pub const STORMS: u16 = 4;
}

/// The ticks of a run of `ticks` with so many nodes at which their states are written: about two
/// thousand, and fewer where there are many nodes.
#[must_use]
pub fn rhythm(nodes: usize, ticks: u64) -> Rhythm {
    let most = (STATES / (nodes as u64).max(1)).clamp(1, 2_000);
    Rhythm::each(ticks.div_ceil(most), ticks)
}

/// A file that is being written.
pub struct Mcap<W: Write> {
    out: Container<W>,
    rhythm: Rhythm,
    /// Names of the modalities.
    groups: Vec<String>,
    /// The event that comes next.
    event: u64,
}

impl<W: Write> Mcap<W> {
    /// Begins a file with the states of nodes at each tick of the rhythm. The mesh must be watched
    /// for its events to be in it; `groups` are the names of its modalities.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn new(out: W, rhythm: Rhythm, groups: Vec<String>) -> io::Result<Self> {
        Ok(Self { out: Container::new(out, &schemas::CHANNELS)?, rhythm, groups, event: 0 })
    }

    fn put(&mut self, topic: u16, time_ns: u64, message: &Value) -> io::Result<()> {
        self.out.message(topic, time_ns, message.to_string().as_bytes())
    }

    fn events(&mut self, mesh: &Mesh, time_ns: u64) -> io::Result<()> {
        let Some(chronicle) = mesh.chronicle() else { return Ok(()) };
        let log = chronicle.log();
        for event in log.since(self.event) {
            self.put(topic::EVENTS, time_ns, &told(event, time_ns))?;
        }
        self.event = log.next();
        Ok(())
    }
}

impl<W: Write> Exporter for Mcap<W> {
    const WHAT: &'static str = "MCAP file";
    const BEGINS: &'static [u8] = &container::MAGIC;

    fn tick(&mut self, mesh: &mut Mesh) -> io::Result<()> {
        let tick_ns = mesh.plan().config.wake.tick_us.saturating_mul(1_000);
        let time_ns = mesh.ticks().saturating_mul(tick_ns);
        self.events(mesh, time_ns)?;
        if !self.rhythm.has(mesh.ticks()) {
            return Ok(());
        }
        let genes = genes(mesh);
        let now = mesh.publish();
        let nodes: Vec<Value> = (0..)
            .zip(&now.nodes)
            .map(|(id, node)| {
                let gene = genes.get(id as usize).copied().unwrap_or(0);
                let group = self.groups.get(usize::from(node.group)).map_or("", String::as_str);
                state(id, node, gene, group)
            })
            .collect();
        self.put(topic::NODES, time_ns, &json!({ "tick": now.tick, "nodes": nodes }))?;
        let swarm = swarm(mesh, &now);
        self.put(topic::SWARM, time_ns, &swarm)?;
        self.put(topic::POINTS, time_ns, &points(&now.nodes, time_ns))?;
        self.put(topic::STORMS, time_ns, &storms(&now.storms, time_ns))
    }

    fn finish(self) -> io::Result<()> {
        self.out.finish()
    }
}

/// The gene in service in each node, by id.
fn genes(mesh: &mut Mesh) -> Vec<u32> {
    let world = mesh.world();
    let mut query = world.query::<(&Identity, &Neuron)>();
    let mut genes: Vec<_> =
        query.iter(world).map(|(identity, neuron)| (identity.id, neuron.0.gene().0)).collect();
    genes.sort_unstable();
    genes.into_iter().map(|(_, gene)| gene).collect()
}

/// A share or a distance to four decimals, so that no file holds more digits than were measured.
fn rounded(value: f64) -> f64 {
    (value * 1e4).round() / 1e4
}

/// A share of 65535.
fn share(of: u16) -> f64 {
    rounded(f64::from(of) / 65_535.0)
}

/// Recent error, in deviations.
fn deviations(node: &NodeView) -> f64 {
    f64::from(node.residual) / 8_192.0
}

fn metres(mm: i32) -> f64 {
    f64::from(mm) / 1_000.0
}

/// East, north and up in metres: viewers have z up.
fn place([x, y, z]: [i32; 3]) -> [f64; 3] {
    [metres(x), metres(z.saturating_neg()), metres(y)]
}

const fn regime(regime: Regime) -> &'static str {
    match regime {
        Regime::Calm => "calm",
        Regime::PreStorm => "prestorm",
        Regime::Storm => "storm",
    }
}

fn state(id: u32, node: &NodeView, gene: u32, group: &str) -> Value {
    let [x, y, z] = place(node.position_mm);
    let role = match node.role {
        Role::Sentinel => "sentinel",
        Role::Scheduled => "scheduled",
        Role::OnDemand => "on demand",
    };
    json!({
        "id": id, "x": x, "y": y, "z": z, "modality": group, "role": role,
        "regime": regime(node.regime), "energy": share(node.energy),
        "reputation": share(node.reputation), "residual": rounded(deviations(node)),
        "entropy": share(node.entropy), "gene": format!("{gene:08x}"), "asleep": !node.awake,
        "banned": node.banned, "dead": node.dead,
    })
}

fn swarm(mesh: &Mesh, now: &Published) -> Value {
    let [calm, prestorm, storm] = now.summary.regimes;
    let pulse = mesh.chronicle().map(|chronicle| *chronicle.pulse()).unwrap_or_default();
    let real = |value: Q16| rounded(f64_from_q16(value));
    json!({
        "tick": now.tick, "nodes": now.nodes.len(), "calm": calm, "prestorm": prestorm,
        "storm": storm, "asleep": now.summary.asleep, "alive": pulse.alive,
        "banned": pulse.banned, "detected": pulse.detected, "storms": now.storms.len(),
        "energy_mean": real(pulse.energy_mean), "energy_least": real(pulse.energy_least),
        "residual_mean": real(pulse.residual_mean), "spread": real(pulse.spread),
        "frames": now.summary.frames, "bytes_sent": now.summary.bytes_sent,
        "merges": pulse.merges,
    })
}

fn moment(time_ns: u64) -> Value {
    json!({ "sec": time_ns / 1_000_000_000, "nsec": time_ns % 1_000_000_000 })
}

fn told(event: &Event, time_ns: u64) -> Value {
    let (title, detail) = (event.what.title(), event.what.detail());
    let message = if detail.is_empty() { title } else { format!("{title}: {detail}") };
    // Events of single nodes are what viewers call debugging.
    let level = if event.is_major { 2 } else { 1 };
    json!({
        "timestamp": moment(time_ns), "level": level, "message": message,
        "name": event.what.lane().name(), "file": "", "line": event.tick,
    })
}

fn pose([x, y, z]: [f64; 3]) -> Value {
    json!({
        "position": { "x": x, "y": y, "z": z },
        "orientation": { "x": 0.0, "y": 0.0, "z": 0.0, "w": 1.0 },
    })
}

/// All nodes as points, with what they can be coloured by.
fn points(nodes: &[NodeView], time_ns: u64) -> Value {
    const REALS: [&str; 6] = ["x", "y", "z", "energy", "reputation", "residual"];
    const BYTES: [&str; 6] = ["red", "green", "blue", "alpha", "regime", "asleep"];
    let mut data = Vec::with_capacity(nodes.len() * 30);
    for node in nodes {
        let [x, y, z] = place(node.position_mm);
        for real in [x, y, z, share(node.energy), share(node.reputation), deviations(node)] {
            data.extend((real as f32).to_le_bytes());
        }
        data.extend(theme::node(node));
        data.extend([node.regime as u8, u8::from(!node.awake)]);
    }
    let reals = REALS.iter().enumerate().map(|(at, name)| (name, at * 4, 7));
    let bytes = BYTES.iter().enumerate().map(|(at, name)| (name, 24 + at, 1));
    let fields: Vec<Value> = reals
        .chain(bytes)
        .map(|(name, offset, kind)| json!({ "name": name, "offset": offset, "type": kind }))
        .collect();
    json!({
        "timestamp": moment(time_ns), "frame_id": "mesh", "pose": pose([0.0; 3]),
        "point_stride": 30, "fields": fields, "data": BASE64.encode(&data),
    })
}

/// Storms as spheres; those of before are taken away.
fn storms(storms: &[StormView], time_ns: u64) -> Value {
    let [red, green, blue, alpha] = theme::STORM;
    let entity = |storm: &StormView| {
        let across = 2.0 * f64::from(storm.radius_mm) / 1_000.0;
        let sphere = json!({
            "pose": pose(place(storm.centre_mm)),
            "size": { "x": across, "y": across, "z": across },
            "color": { "r": red, "g": green, "b": blue, "a": alpha },
        });
        json!({
            "timestamp": moment(time_ns), "frame_id": "mesh",
            "id": format!("storm {}", storm.number), "lifetime": moment(0),
            "frame_locked": false, "metadata": [], "arrows": [], "cubes": [],
            "spheres": [sphere], "cylinders": [], "lines": [], "triangles": [], "texts": [],
            "models": [],
        })
    };
    let entities: Vec<Value> = storms.iter().map(entity).collect();
    json!({
        "deletions": [{ "timestamp": moment(time_ns), "type": 1, "id": "" }],
        "entities": entities,
    })
}
