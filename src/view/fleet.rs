//! The boards of the run as the scene and the panels show them: what the hub says of them, and
//! wishes for it. Must not open a port; what boards are is the hub's to know.

use super::stage::Stage;
use crate::bridge::Lamp;
use crate::bridge::hub::{Hub, HubStatus};
use crate::mesh::publish::Published;
use bevy::prelude::*;
use qres_core::id::NodeId;
use std::path::Path;
use std::sync::Arc;

/// A wish for the hub.
#[derive(Message, Clone, Debug, PartialEq, Eq)]
pub enum Plug {
    /// Connect the board on a port as this node, or as the first that a board can be.
    Connect(String, Option<u32>),
    /// Let the board on a port go.
    Disconnect(String),
    /// Connect whatever looks like a board as it is plugged in, or do not.
    TakeAll(bool),
    /// Find out which ports there are.
    Look,
}

/// What is written beside a board's node.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mark {
    /// Its node.
    pub node: u32,
    /// How its link stands.
    pub lamp: Lamp,
    /// Its name, and what is wrong.
    pub name: String,
    /// The tick in which it parted from its twin.
    pub parted: Option<u64>,
}

/// The boards on show.
#[derive(Clone, Debug, Default)]
pub struct Fleet {
    /// How they are doing, and which ports there are.
    pub status: Arc<HubStatus>,
    /// One for each connected board.
    pub marks: Vec<Mark>,
    /// Nodes that were boards in the tick on show and are none that is connected now.
    pub recorded: Vec<u32>,
    /// Boards can be connected here.
    pub is_open: bool,
}

impl Fleet {
    /// Takes another state of the boards; `label` is what people call a node.
    pub fn take(&mut self, status: Arc<HubStatus>, label: impl Fn(u32) -> String) {
        let mark = |board: &crate::bridge::mirror::BoardStatus| {
            let lamp = board.lamp();
            let mut name = format!("{} \u{b7} {}", label(board.node), short(&board.port));
            if lamp != Lamp::Connected {
                name = format!("{name}: {}", lamp.name());
            }
            Mark {
                node: board.node,
                lamp,
                name,
                parted: board.divergence.as_ref().map(|found| found.tick),
            }
        };
        self.marks = status.boards.iter().map(mark).collect();
        self.status = status;
    }

    /// Finds out which nodes of a tick are boards of a recording.
    pub(super) fn follow(&mut self, published: &Published) {
        let Self { marks, recorded, .. } = self;
        let all = published.nodes.iter().zip(0_u32..);
        let boards = all.filter(|(node, _)| node.hardware).map(|(_, id)| id);
        let fresh = boards.filter(|id| !marks.iter().any(|mark| mark.node == *id));
        if !fresh.clone().eq(recorded.iter().copied()) {
            recorded.clear();
            recorded.extend(fresh);
        }
    }

    /// The boards that had parted from their twins by a tick.
    pub fn parted(&self, tick: u64) -> impl Iterator<Item = u32> + '_ {
        let had = move |mark: &&Mark| mark.parted.is_some_and(|at| at < tick);
        self.marks.iter().filter(had).map(|mark| mark.node)
    }
}

/// The last part of a port's path.
#[must_use]
pub fn short(port: &str) -> &str {
    let name = Path::new(port).file_name().and_then(|name| name.to_str()).unwrap_or(port);
    // `/dev/pts/7` is no more than a number.
    if name.bytes().all(|byte| byte.is_ascii_digit()) {
        let from = port.len() - name.len();
        let before = port.get(..from.saturating_sub(1)).unwrap_or_default();
        return port.get(before.rfind('/').map_or(0, |at| at + 1)..).unwrap_or(port);
    }
    name
}

pub(super) fn plugin(app: &mut App) {
    app.add_systems(PreUpdate, mirror.run_if(resource_exists::<Hub>))
        .add_systems(Last, forward.run_if(resource_exists::<Hub>));
}

/// Takes what the hub has put out since the last frame.
fn mirror(hub: Res<Hub>, mut stage: ResMut<Stage>) {
    let status = hub.status();
    stage.fleet.is_open = true;
    if Arc::ptr_eq(&status, &stage.fleet.status) {
        return;
    }
    let number = |told: &Option<(u64, String)>| told.as_ref().map(|(number, _)| *number);
    if number(&status.told) != number(&stage.fleet.status.told)
        && let Some((_, text)) = &status.told
    {
        stage.notice = Some(text.clone());
    }
    let mut fleet = std::mem::take(&mut stage.fleet);
    fleet.take(status, |node| stage.label(node));
    fleet.follow(&stage.published);
    stage.fleet = fleet;
}

fn forward(mut plugs: MessageReader<Plug>, hub: Res<Hub>) {
    for plug in plugs.read() {
        match plug {
            Plug::Connect(port, node) => hub.connect(port, node.map(NodeId)),
            Plug::Disconnect(port) => hub.disconnect(port),
            Plug::TakeAll(takes_all) => hub.take_all(*takes_all),
            Plug::Look => hub.look_for_ports(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ports_are_called_by_the_part_that_tells_them_apart() {
        let table = [
            ("/dev/ttyACM0", "ttyACM0"),
            ("/dev/pts/7", "pts/7"),
            ("COM3", "COM3"),
            ("7", "7"),
            ("", ""),
        ];
        for (port, expected) in table {
            assert_eq!(short(port), expected, "{port}");
        }
    }
}
