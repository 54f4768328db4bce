//! Models that outlive a run: export from a mesh, install into one.

use qres_core::gene::GeneBytes;
use qres_core::id::NodeId;
use qres_core::neuron::SwarmNeuron;

use super::Mesh;
use super::components::{Identity, Neuron};
use super::resources::{Roster, Setup};

impl Mesh {
    /// Every node's model, by id.
    pub fn export_genes(&mut self) -> Vec<(NodeId, GeneBytes)> {
        let world = self.world();
        let config = world.resource::<Setup>().0.config.neuron;
        let mut query = world.query::<(&Identity, &Neuron)>();
        let mut genes: Vec<_> = query
            .iter(world)
            .map(|(node, neuron)| (node.id, neuron.0.export_gene(&config, node.group)))
            .collect();
        genes.sort_unstable_by_key(|(id, _)| *id);
        genes
    }

    /// Gives node `id` a stored model; says why when it cannot have it.
    ///
    /// # Errors
    /// When there is no such node yet, or the bytes are not a model for it.
    pub fn install_gene(&mut self, id: NodeId, bytes: &[u8]) -> Result<(), String> {
        let world = self.world();
        let config = world.resource::<Setup>().0.config.neuron;
        let entity = world.resource::<Roster>().0.get(id.index()).copied();
        let entity = entity.ok_or_else(|| format!("there is no node {} at the start", id.0))?;
        let group = world.get::<Identity>(entity).map(|node| node.group).unwrap_or_default();
        let mut neuron = world.get_mut::<Neuron>(entity).ok_or("the node has no neuron")?;
        neuron.0.install_gene(&config, group, bytes).map_err(|why| why.to_string())
    }
}
