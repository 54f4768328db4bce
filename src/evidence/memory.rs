//! Bytes of a node: each part, the sum of the hot state, a neighbour, and what only some have.

use serde_json::{Value, json};

use super::Table;
use crate::mesh::components;
use qres_core::{
    energy, evolution, fragment, fusion, inbox, neuron, privacy::release, regime, residual,
    responder, silence, trust, wake,
};

/// Hot state may take this much at 8 weights.
const HOT_LIMIT: usize = 512;
/// A neighbour may take this much.
const NEIGHBOUR_LIMIT: usize = 24;

/// The table `memory`.
pub(super) fn table() -> Table {
    let mut table = Table::new(
        "Bytes of a node on this machine, from the types themselves. Hot state is what every node \
         has; pages are pooled and held only while needed; a sentinel's routes exist on sentinels \
         only.",
        &["part", "bytes", "limit", "held"],
    );
    let hot = [
        ("neuron, 8 weights", size_of::<neuron::SwarmNeuron>()),
        ("entropy", size_of::<residual::Residual>()),
        ("regime", size_of::<regime::RegimeDetector>()),
        ("silence", size_of::<silence::Silence>()),
        ("energy", size_of::<energy::EnergyPool>()),
        ("wake", size_of::<wake::Wake>()),
        ("own trust", size_of::<trust::OwnTrust>()),
    ];
    let mut add = |part: &str, bytes: usize, limit: Option<usize>, held: &str| {
        table.row([
            part.into(),
            bytes.into(),
            limit.map_or(Value::Null, |l| json!(l)),
            held.into(),
        ]);
    };
    for (part, bytes) in hot {
        add(part, bytes, None, "always");
    }
    let sum: usize = hot.iter().map(|(_, bytes)| bytes).sum();
    add("hot state", sum, Some(HOT_LIMIT), "always");
    add("neighbour", size_of::<trust::Neighbour>(), Some(NEIGHBOUR_LIMIT), "each neighbour");
    add("inbox page", size_of::<inbox::Inbox>(), None, "pooled, during a round");
    add("reassembly page", size_of::<fragment::Reassembly>(), None, "pooled, while fragments wait");
    add("fusion", size_of::<fusion::NodeFusion>(), None, "nodes with companions");
    add("evolution", size_of::<evolution::Evolution>(), None, "meshes whose models evolve");
    add("publisher", size_of::<release::Publisher>(), None, "meshes with private updates");
    add("route", size_of::<responder::Route>(), None, "sentinels, each node heard");
    let beside = size_of::<components::Identity>()
        + size_of::<components::Sensor>()
        + size_of::<components::Doing>()
        + size_of::<components::Tally>()
        + size_of::<components::Score>()
        + size_of::<components::Memory>()
        + size_of::<components::Trust>();
    add("beside the node", beside, None, "simulator only: sensor, counters, handles");
    table
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_limit_holds() {
        let table = table();
        let limited = table
            .rows
            .iter()
            .filter_map(|row| Some((row.get("bytes")?.as_u64()?, row.get("limit")?.as_u64()?)));
        let limited: Vec<_> = limited.collect();
        assert_eq!(limited.len(), 2);
        assert!(limited.iter().all(|(bytes, limit)| bytes <= limit), "{limited:?}");
    }
}
