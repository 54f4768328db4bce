//! What the outside sees of commands: what was done, what waits, what was refused, and what holds
//! because of it. Kept for people; no tick reads it.

use std::collections::{BTreeSet, VecDeque};
use std::sync::Arc;

use qres_core::id::{NodeId, Tick};

use super::Orders;
use crate::mesh::build::peers;
use crate::mesh::plan::Plan;
use crate::scenario::Command;

/// Texts of commands that are kept, the newest.
const TAKEN: usize = 256;
/// Notices that are kept, the newest.
const NOTICES: usize = 64;

/// Commands as the outside sees them. Empty in a mesh that was never given one.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct OrdersView {
    /// (tick, text) of the commands that took effect: the newest 256, oldest first.
    pub taken: Vec<(u64, String)>,
    /// (id, text) of the commands that wait for the next tick, in order.
    pub pending: Vec<(u64, String)>,
    /// The same commands themselves, in the same order.
    pub waiting: Vec<Command>,
    /// (tick, text) of what was refused, with why: the newest 64, oldest first.
    pub notices: Vec<(u64, String)>,
    /// Links that are cut or degraded, by their ends.
    pub struck: Vec<StruckLink>,
    /// Nodes that were killed and not revived, by id.
    pub killed: Vec<u32>,
    /// Pairs of nodes of one modality that hear each other, once nodes were moved or added;
    /// `None`: as in the scene.
    pub links: Option<Arc<[[u32; 2]]>>,
}

/// A link to which something was done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct StruckLink {
    /// Its ends, the lesser first.
    pub ends: [u32; 2],
    /// Nothing passes.
    pub cut: bool,
    /// Of what passes, so many percent are lost.
    pub loss_percent: u8,
}

/// What is kept to make a view of.
#[derive(Clone, Debug, Default)]
pub(super) struct Desk {
    taken: VecDeque<(u64, String)>,
    notices: VecDeque<(u64, String)>,
    killed: BTreeSet<u32>,
    links: Option<Arc<[[u32; 2]]>>,
    view: Arc<OrdersView>,
}

impl Desk {
    pub(super) fn taken(&mut self, now: Tick, command: &Command, plan: &Plan) {
        push(&mut self.taken, TAKEN, (now.0, command.describe()));
        match command {
            Command::Kill { nodes } => self.killed.extend(super::choose::ids(nodes, plan)),
            Command::Revive { nodes, .. } => {
                for id in super::choose::ids(nodes, plan) {
                    self.killed.remove(&id);
                }
            }
            Command::MoveNodes { .. } => self.links = Some(links(plan)),
            other if other.newcomers() > 0 => self.links = Some(links(plan)),
            _ => {}
        }
    }

    pub(super) fn notice(&mut self, now: Tick, text: String) {
        push(&mut self.notices, NOTICES, (now.0, text));
    }

    pub(super) fn view(&self) -> Arc<OrdersView> {
        Arc::clone(&self.view)
    }
}

fn push(list: &mut VecDeque<(u64, String)>, most: usize, entry: (u64, String)) {
    if list.len() >= most {
        list.pop_front();
    }
    list.push_back(entry);
}

/// The ways that gossip takes, each once.
pub(in crate::mesh) fn links(plan: &Plan) -> Arc<[[u32; 2]]> {
    let ways = |id: u32| {
        let later = peers(plan, NodeId(id)).into_iter().filter(move |peer| peer.0 > id);
        later.map(move |peer| [id, peer.0])
    };
    (0..plan.nodes.len() as u32).flat_map(ways).collect()
}

impl Orders {
    /// Makes the view anew.
    pub(super) fn show(&mut self, plan: &Plan) {
        let struck = plan.faults.hands().all().map(|((one, other), struck)| StruckLink {
            ends: [one, other],
            cut: struck.cut,
            loss_percent: struck.loss_percent,
        });
        let view = OrdersView {
            taken: self.desk.taken.iter().cloned().collect(),
            pending: self.pending.iter().map(|(id, command)| (*id, command.describe())).collect(),
            waiting: self.pending.iter().map(|(_, command)| command.clone()).collect(),
            notices: self.desk.notices.iter().cloned().collect(),
            struck: struck.collect(),
            killed: self.desk.killed.iter().copied().collect(),
            links: self.desk.links.clone(),
        };
        self.desk.view = Arc::new(view);
    }
}
