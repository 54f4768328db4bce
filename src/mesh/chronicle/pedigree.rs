//! The genes that were ever in service, who descends from whom, and how many nodes each serves.
//! Bounded; must not change what nodes do.

use std::collections::BTreeMap;
use std::sync::Arc;

use qres_core::id::NodeId;
use qres_core::neuron::{Kind, SwarmNeuron};

use super::event::{What, name};

/// Genes that are known at a time; the smallest one makes room.
pub const GENES: usize = 4_096;
/// Shares of the nodes of its modality at which a gene is talked of, in percent.
const MARKS_PERCENT: [u8; 4] = [5, 10, 25, 50];

/// A gene that is or was in service.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct GeneView {
    /// Its id.
    pub id: u32,
    /// The gene that it arose from; 0 for a first gene. It may be one that is forgotten.
    pub parent: u32,
    /// Its model.
    pub kind: Kind,
    /// Hyper-parameters of that, see there.
    pub hyper: [u8; 4],
    /// Taps in use.
    pub taps: u8,
    /// Mutations since the first gene.
    pub generation: u16,
    /// Where it arose; `None` for a first gene.
    pub origin: Option<u32>,
    /// Modality.
    pub group: u8,
    /// The first tick in which it served.
    pub first_tick: u64,
    /// Nodes that it serves now.
    pub nodes: u32,
    /// The most that it has served at once.
    pub peak: u32,
    /// Its form's hue, a full turn at 65536; 0 for a first gene.
    pub hue: u16,
}

impl GeneView {
    /// Its short name.
    #[must_use]
    pub fn name(&self) -> String {
        name(self.id)
    }
}

/// All genes by id, as they are in one tick.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct GeneTree {
    /// Sorted by id.
    pub genes: Vec<GeneView>,
}

impl GeneTree {
    /// A gene.
    #[must_use]
    pub fn get(&self, id: u32) -> Option<&GeneView> {
        let place = self.genes.binary_search_by_key(&id, |gene| gene.id).ok()?;
        self.genes.get(place)
    }

    /// A gene and its ancestors as far as they are known, youngest first.
    #[must_use]
    pub fn line(&self, id: u32) -> Vec<GeneView> {
        let mut line: Vec<GeneView> = Vec::new();
        let mut next = self.get(id);
        while let Some(gene) = next {
            line.push(*gene);
            // Ids are hashes: one that comes twice must not make a circle.
            let older = |parent: &&GeneView| parent.generation < gene.generation;
            next = self.get(gene.parent).filter(older);
        }
        line
    }
}

/// What is known of a gene beside what is shown.
#[derive(Clone, Copy, Debug)]
struct Entry {
    view: GeneView,
    /// Marks that it has passed.
    marks: u8,
    adopted: bool,
}

/// The keeper of the tree.
#[derive(Clone, Debug, Default)]
pub(super) struct Pedigree {
    genes: BTreeMap<u32, Entry>,
    /// The gene of each node, by id.
    served: Vec<u32>,
    /// Nodes of each modality that have joined.
    crowds: BTreeMap<u8, u32>,
    shown: Arc<GeneTree>,
    is_changed: bool,
}

impl Pedigree {
    /// The gene that was last seen in a node; `None` before it was looked at.
    pub(super) fn of(&self, node: u32) -> Option<u32> {
        self.served.get(node as usize).copied()
    }

    /// Takes the nodes as they are, without a word about how they came to it.
    pub(super) fn begin(&mut self, tick: u64, id: u32, group: u8, neuron: &SwarmNeuron) {
        let place = id as usize;
        if self.served.len() <= place {
            self.served.resize(place + 1, 0);
        }
        *self.crowds.entry(group).or_default() += 1;
        if let Some(slot) = self.served.get_mut(place) {
            *slot = neuron.gene().0;
        }
        let entry = self.enter(tick, group, neuron);
        entry.view.nodes += 1;
        entry.view.peak = entry.view.peak.max(entry.view.nodes);
        // What has come far before it was looked at passes no marks.
        entry.marks = MARKS_PERCENT.len() as u8;
        entry.adopted = true;
    }

    /// Takes note that `node` is served by another gene, and says what there is to say of it.
    pub(super) fn change(
        &mut self,
        tick: u64,
        node: u32,
        group: u8,
        neuron: &SwarmNeuron,
        mut tell: impl FnMut(bool, What),
    ) {
        let gene = neuron.gene().0;
        let Some(slot) = self.served.get_mut(node as usize) else { return };
        let before = std::mem::replace(slot, gene);
        if let Some(entry) = self.genes.get_mut(&before) {
            entry.view.nodes = entry.view.nodes.saturating_sub(1);
        }
        let of = self.crowds.get(&group).copied().unwrap_or(0);
        let entry = self.enter(tick, group, neuron);
        entry.view.nodes += 1;
        entry.view.peak = entry.view.peak.max(entry.view.nodes);
        let GeneView { parent, nodes, .. } = entry.view;
        let Some(origin) = entry.view.origin else { return };
        if origin == node {
            tell(false, What::Mutated { gene, parent, node });
        } else if !entry.adopted {
            entry.adopted = true;
            tell(true, What::Adopted { gene, origin, node });
        }
        // One node alone is no cascade, however small the mesh.
        while let Some(percent) = MARKS_PERCENT.get(usize::from(entry.marks))
            && nodes > 1
            && u64::from(nodes) * 100 >= u64::from(of) * u64::from(*percent)
        {
            entry.marks += 1;
            tell(true, What::Cascade { gene, origin, percent: *percent, nodes, of });
        }
    }

    /// The entry of the gene that `neuron` has, and room for it.
    fn enter(&mut self, tick: u64, group: u8, neuron: &SwarmNeuron) -> &mut Entry {
        self.is_changed = true;
        let gene = neuron.gene();
        if self.genes.len() >= GENES && !self.genes.contains_key(&gene.0) {
            let size = |(id, entry): &(&u32, &Entry)| (entry.view.nodes, entry.view.peak, **id);
            if let Some(least) = self.genes.iter().min_by_key(size).map(|(id, _)| *id) {
                self.genes.remove(&least);
            }
        }
        let (lineage, form) = (neuron.lineage(), neuron.form());
        self.genes.entry(gene.0).or_insert_with(|| Entry {
            view: GeneView {
                id: gene.0,
                parent: lineage.parent.0,
                kind: form.kind,
                hyper: form.hyper,
                taps: form.taps,
                generation: lineage.generation,
                origin: (lineage.origin != NodeId::NONE).then_some(lineage.origin.0),
                group,
                first_tick: tick,
                nodes: 0,
                peak: 0,
                hue: if lineage.generation == 0 { 0 } else { gene.form_tag().max(1) },
            },
            marks: 0,
            adopted: false,
        })
    }

    /// The tree; the same one while nothing has changed.
    pub(super) fn tree(&mut self) -> Arc<GeneTree> {
        if std::mem::take(&mut self.is_changed) {
            let genes = self.genes.values().map(|entry| entry.view).collect();
            self.shown = Arc::new(GeneTree { genes });
        }
        self.shown.clone()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use qres_core::gene::Lineage;
    use qres_core::neuron::NeuronConfig;
    use qres_core::neuron::kernel::State;

    /// A model that arose in `origin` from one of `generation` - 1.
    fn mutant(origin: u32, generation: u16, parent: &SwarmNeuron) -> SwarmNeuron {
        let mut neuron = *parent;
        let lineage = Lineage { origin: NodeId(origin), generation, parent: parent.gene() };
        neuron.evolve(*parent.form(), lineage, State::default());
        neuron
    }

    fn begun(nodes: u32) -> (Pedigree, SwarmNeuron) {
        let first = SwarmNeuron::new(&NeuronConfig::default());
        let mut pedigree = Pedigree::default();
        (0..nodes).for_each(|node| pedigree.begin(0, node, 0, &first));
        (pedigree, first)
    }

    #[test]
    fn a_gene_passes_each_mark_once() {
        let (mut pedigree, first) = begun(40);
        let young = mutant(3, 1, &first);
        let mut told = Vec::new();
        for (tick, node) in (1..).zip([3, 4, 5, 6, 7, 8, 9, 10, 11, 12]) {
            pedigree.change(tick, node, 0, &young, |_, what| told.push((tick, what)));
        }
        // Away and back again: nothing new.
        pedigree.change(20, 12, 0, &first, |_, what| told.push((20, what)));
        pedigree.change(21, 12, 0, &young, |_, what| told.push((21, what)));
        let (gene, parent) = (young.gene().0, first.gene().0);
        let mark = |percent, nodes| What::Cascade { gene, origin: 3, percent, nodes, of: 40 };
        let expected = [
            (1, What::Mutated { gene, parent, node: 3 }),
            (2, What::Adopted { gene, origin: 3, node: 4 }),
            (2, mark(5, 2)),
            (4, mark(10, 4)),
            (10, mark(25, 10)),
        ];
        assert_eq!(told, expected);
        let tree = pedigree.tree();
        let view = tree.get(gene).expect("it serves");
        assert_eq!((view.nodes, view.peak, view.first_tick), (10, 10, 1));
        assert_eq!(tree.get(parent).map(|old| (old.nodes, old.peak)), Some((30, 40)));
        assert_eq!(tree.line(gene).iter().map(|old| old.id).collect::<Vec<_>>(), [gene, parent]);
    }

    #[test]
    fn the_tree_is_the_same_one_until_something_changes() {
        let (mut pedigree, first) = begun(4);
        let tree = pedigree.tree();
        assert!(Arc::ptr_eq(&tree, &pedigree.tree()));
        pedigree.change(9, 2, 0, &mutant(2, 1, &first), |_, _| ());
        assert!(!Arc::ptr_eq(&tree, &pedigree.tree()));
    }

    #[test]
    fn the_smallest_gene_is_forgotten() {
        let (mut pedigree, first) = begun(2);
        let mut newest = first;
        for tick in 1..6_000 {
            newest = mutant(tick as u32, 1, &first);
            pedigree.change(tick, 1, 0, &newest, |_, _| ());
        }
        let tree = pedigree.tree();
        assert!(tree.genes.len() <= GENES);
        // Those that serve have stayed.
        assert_eq!(tree.get(first.gene().0).map(|view| view.nodes), Some(1));
        assert_eq!(tree.get(newest.gene().0).map(|view| view.nodes), Some(1));
    }
}
