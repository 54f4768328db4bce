//! Small questions between two ticks: why a node is silent, whom a selector means, what the
//! parameters are. The answers change nothing.

use std::sync::Arc;

use qres_core::id::NodeId;

use super::driver::Driver;
use super::{Choice, Pointed};
use crate::mesh::Mesh;
use crate::mesh::publish::OrdersView;
use crate::scenario::{LIVE, Setting};

/// What was asked, and what the last answer belongs to.
#[derive(Default)]
pub(super) struct Asides {
    /// The node under the pointer.
    pointed: Option<u32>,
    /// The orders that the published parameters belong to.
    ordered: Arc<OrdersView>,
}

impl Driver {
    /// The pointer is over another node.
    pub(super) fn point_at(&mut self, node: Option<u32>) {
        self.asides.pointed = node;
        let pointed = self.pointed();
        self.lock().pointed = pointed;
    }

    /// Why the node under the pointer is silent.
    fn pointed(&mut self) -> Option<Arc<Pointed>> {
        let id = self.asides.pointed?;
        // Meshes that are not at the tick on show know nothing of it.
        let there = !self.astray && self.job.is_none();
        let reasons = there.then(|| self.first.looked_at().reasons(NodeId(id)));
        Some(Arc::new(Pointed { id, reasons: reasons.unwrap_or_default() }))
    }

    /// Finds out whom a selector means, where a command would go.
    pub(super) fn meant(&mut self, text: String) -> Arc<Choice> {
        let nodes = self.ordered().looked_at().choose(&text).map_err(|fault| fault.to_string());
        Arc::new(Choice { text, nodes })
    }

    /// Answers again, after a tick.
    pub(super) fn answer(&mut self) {
        let pointed = self.pointed();
        let before = Arc::clone(&self.asides.ordered);
        let mesh = self.ordered().looked_at();
        let orders = mesh.orders();
        // What was ordered may have changed them, and nothing else does.
        let fresh = (!Arc::ptr_eq(&orders, &before)).then(|| parameters(mesh));
        self.asides.ordered = orders;
        let mut latest = self.lock();
        latest.pointed = pointed;
        if let Some(fresh) = fresh {
            latest.parameters = fresh;
        }
    }
}

/// What the parameters that can change in mid-run are now.
pub(super) fn parameters(mesh: &Mesh) -> Arc<[Option<f64>]> {
    LIVE.iter().map(|live| mesh.parameter(live.field).map(Setting::value)).collect()
}
