//! Models that outlive a run: export from a mesh. A plan takes them back in.

use qres_core::gene::GeneBytes;
use qres_core::id::NodeId;

use super::Mesh;
use super::components::{Identity, Neuron};
use super::resources::Setup;

impl Mesh {
    /// Every node's model, by id; those of an earlier run for nodes that have not joined yet.
    pub fn export_genes(&mut self) -> Vec<(NodeId, GeneBytes)> {
        let world = self.world();
        let mut query = world.query::<(&Identity, &Neuron)>();
        let mut genes: Vec<_> = query
            .iter(world)
            .map(|(node, neuron)| (node.id, neuron.0.export_gene(node.group)))
            .collect();
        // Nodes that have not joined keep the models that they would be born with.
        let joined = genes.len();
        let plan = &world.resource::<Setup>().0;
        let later = plan.memory.iter().filter(|(id, _)| id.index() >= joined);
        genes.extend(later.map(|(id, gene)| (*id, gene.clone())));
        genes.sort_unstable_by_key(|(id, _)| *id);
        genes
    }
}
