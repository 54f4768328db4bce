//! How far two meshes of one plan are apart, node by node, and where they part first. It only
//! reads, and only integers count.

use bevy::ecs::prelude::*;
use qres_core::neuron::SwarmNeuron;

use super::Mesh;
use super::publish::{NodeView, Published};
use super::resources::Roster;
use super::snapshot::{Buffer, SECTIONS, State, encode};

/// The first thing that two meshes do not have in common.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Parting {
    /// The section of the state that differs: one of [`SECTIONS`].
    pub section: &'static str,
    /// The node with the least id that differs there.
    pub node: u32,
}

/// Where the nodes of two meshes at one tick differ; `None` when all of them are the same, bit for
/// bit. Sections go in their order, nodes by id. What only commands hold, such as a storm that has
/// reached nobody yet, is no difference.
#[must_use]
pub fn parting(one: &mut Mesh, other: &mut Mesh) -> Option<Parting> {
    let counts = [&mut *one, &mut *other].map(|mesh| mesh.world().resource::<Roster>().0.len());
    let found = (0..SECTIONS.len()).find_map(|section| {
        let node = first_different(one.world(), other.world(), section)?;
        Some(Parting { section: SECTIONS.get(section)?, node: node as u32 })
    });
    let least = counts[0].min(counts[1]) as u32;
    let joined = (counts[0] != counts[1]).then_some(Parting { section: SECTIONS[0], node: least });
    found.or(joined)
}

/// The first node whose `section` differs, among those that both worlds have.
fn first_different(one: &mut World, other: &mut World, section: usize) -> Option<usize> {
    let queries = (one.query::<State<'static>>(), other.query::<State<'static>>());
    let (mut left, mut right) = (Buffer(Vec::new()), Buffer(Vec::new()));
    let pairs = one.resource::<Roster>().0.iter().zip(&other.resource::<Roster>().0);
    pairs.into_iter().position(|(mine, theirs)| {
        left.0.clear();
        right.0.clear();
        if let Ok(state) = queries.0.get_manual(one, *mine) {
            encode(section, state, &mut left);
        }
        if let Ok(state) = queries.1.get_manual(other, *theirs) {
            encode(section, state, &mut right);
        }
        left.0 != right.0
    })
}

/// Whether each node that both have differs in any bit of its state, by id.
fn different(one: &mut World, other: &mut World) -> Vec<bool> {
    let queries = (one.query::<State<'static>>(), other.query::<State<'static>>());
    let (mut left, mut right) = (Buffer(Vec::new()), Buffer(Vec::new()));
    let pairs = one.resource::<Roster>().0.iter().zip(&other.resource::<Roster>().0);
    let differs = |(mine, theirs): (&Entity, &Entity)| {
        left.0.clear();
        right.0.clear();
        for section in 0..SECTIONS.len() {
            if let Ok(state) = queries.0.get_manual(one, *mine) {
                encode(section, state, &mut left);
            }
            if let Ok(state) = queries.1.get_manual(other, *theirs) {
                encode(section, state, &mut right);
            }
        }
        left.0 != right.0
    };
    pairs.map(differs).collect()
}

/// How far each node differs, by id: 0 where its state is the same bit for bit, else 1 and more,
/// the sum of
///
/// - 40 for each step between the regimes, at most 80;
/// - 50 when another gene serves;
/// - 60 times the largest distance of two shared weights, at most 60 (reached at a distance of 1);
/// - 68 times the distance of the mean reputations that neighbours hold, at most 34;
/// - 30 times the distance of the energies left, as shares of a full store, at most 30;
///
/// each rounded down, and 1; at most 255. A node that only one of them has is at 255.
#[must_use]
pub fn distances(one: (&mut Mesh, &Published), other: (&mut Mesh, &Published)) -> Vec<u8> {
    let models = (one.0.neurons(), other.0.neurons());
    let differs = different(one.0.world(), other.0.world());
    let nodes = one.1.nodes.iter().zip(&other.1.nodes);
    let models = models.0.iter().zip(&models.1);
    let both = differs.iter().zip(nodes.zip(models));
    let mut all: Vec<u8> = both
        .map(|(differs, ((mine, theirs), (my, their)))| match differs {
            false => 0,
            true => distance((mine, &my.1), (theirs, &their.1)),
        })
        .collect();
    all.resize(one.1.nodes.len().max(other.1.nodes.len()), u8::MAX);
    all
}

/// One and what sets two states of a node apart.
fn distance(one: (&NodeView, &SwarmNeuron), other: (&NodeView, &SwarmNeuron)) -> u8 {
    let steps = (one.0.regime as u32).abs_diff(other.0.regime as u32);
    let gene = u32::from(one.1.gene() != other.1.gene()) * 50;
    let pairs = one.1.weights().iter().zip(other.1.weights());
    let widest = pairs.map(|(mine, theirs)| mine.to_bits().abs_diff(theirs.to_bits())).max();
    let weights = (u64::from(widest.unwrap_or(0)) * 60 / 65_536).min(60) as u32;
    let share = |mine: u16, theirs: u16, times: u32| u32::from(mine.abs_diff(theirs)) * times;
    let reputation = (share(one.0.reputation, other.0.reputation, 68) / 65_535).min(34);
    let energy = share(one.0.energy, other.0.energy, 30) / 65_535;
    (1 + steps * 40 + gene + weights + reputation + energy).min(255) as u8
}
