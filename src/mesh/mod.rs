//! The mesh: nodes as entities in a world of its own, and the tick that moves them.
//!
//! A mesh is a function of its plan: no clock, no thread order and no window changes what a tick
//! does. It never sees rendering; the outside reads [`publish`] and steps it. Several meshes can
//! live in one process without touching each other.

pub mod archive;
pub mod auditing;
pub mod boards;
mod build;
pub mod capture;
pub mod chronicle;
pub mod components;
pub mod condition;
pub mod difference;
mod environment;
pub mod follow;
pub mod fusing;
pub mod genes;
pub mod guard;
pub mod lanes;
pub mod malice;
pub mod orders;
pub mod overheard;
pub mod plan;
pub mod publish;
mod radio;
mod recipe;
pub mod resources;
mod schedule;
mod sensing;
mod settling;
pub mod site;
pub mod snapshot;
pub mod summary;
pub mod sums;
mod supply;
pub mod survey;
mod sybils;
pub mod trusting;
pub mod twin;
mod waking;

use std::sync::Arc;

use bevy::ecs::world::World;
use bevy::tasks::{ComputeTaskPool, TaskPoolBuilder};
use qres_core::id::{NodeId, Tick};
use qres_core::neuron::SwarmNeuron;

use plan::Plan;
use resources::{Air, Clock, Founding, Setup, Tap};
pub use schedule::{TickSchedule, TickSystems};
use snapshot::{Digest, SECTIONS};
use survey::Survey;

/// Runs a body for each node of a query: over the compute pool when asked to, else here. Bodies
/// change their own node only, so the order never matters.
macro_rules! for_nodes {
    ($query:expr, $parallel:expr, |$node:pat_param| $body:block) => {
        if $parallel {
            let strategy = bevy::ecs::batching::BatchingStrategy::new().batches_per_thread(4);
            $query.par_iter_mut().batching_strategy(strategy).for_each(|$node| $body);
        } else {
            $query.iter_mut().for_each(|$node| $body);
        }
    };
}
use for_nodes;

/// Meshes below this size run on one thread: sharing them out would cost more than it saves.
const PARALLEL_FROM: usize = 1_000;
/// Ticks between links of the digest chain.
pub const CHECKPOINT_TICKS: u64 = 512;

/// A mesh of nodes.
pub struct Mesh {
    world: World,
    chain: Digest,
    /// Surveys are wanted.
    surveyed: bool,
    /// The latest that was made.
    survey: Option<Survey>,
}

impl Mesh {
    /// Builds the mesh that `plan` describes; `threads` may share its work (at least 1).
    #[must_use]
    pub fn new(plan: Plan, threads: usize) -> Self {
        let parallel = threads > 1 && plan.nodes.len() >= PARALLEL_FROM;
        if parallel {
            ComputeTaskPool::get_or_init(|| TaskPoolBuilder::new().num_threads(threads).build());
        }
        Self {
            world: build::world(Arc::new(plan), parallel),
            chain: Digest::default(),
            surveyed: false,
            survey: None,
        }
    }

    /// Runs one tick.
    pub fn step(&mut self) {
        self.repeat_boards();
        self.world.run_schedule(TickSchedule);
        let mut clock = self.world.resource_mut::<Clock>();
        clock.now = Tick(clock.now.0 + 1);
        let now = clock.now;
        if !now.0.is_multiple_of(CHECKPOINT_TICKS) {
            return;
        }
        if self.surveyed {
            let survey = Survey::of(&mut self.world, now, &self.chain);
            self.chain = survey.digest;
            self.survey = Some(survey);
        } else {
            let sections = self.sections();
            self.chain = self.chain.link(now, &sections);
        }
    }

    /// Ticks run so far.
    #[must_use]
    pub fn ticks(&self) -> u64 {
        self.world.resource::<Clock>().now.0
    }

    /// Ticks lived by all nodes together.
    #[must_use]
    pub fn node_ticks(&mut self) -> u64 {
        let mut query = self.world.query::<&components::Tally>();
        query.iter(&self.world).map(|tally| tally.ticks).sum()
    }

    /// What the mesh runs by now: what it was built from, with what commands made of it.
    #[must_use]
    pub fn plan(&self) -> &Plan {
        &self.world.resource::<Setup>().0
    }

    /// What the mesh was built from.
    #[must_use]
    pub fn founding(&self) -> &Plan {
        &self.world.resource::<Founding>().0
    }

    /// The digest of the run so far: the chain of checkpoints and the state of now.
    #[must_use]
    pub fn digest(&mut self) -> Digest {
        let now = Tick(self.ticks());
        if now.0.is_multiple_of(CHECKPOINT_TICKS) && now.0 > 0 {
            return self.chain;
        }
        let sections = self.sections();
        self.chain.link(now, &sections)
    }

    /// The digest of each part of the state, so that a difference names its place.
    #[must_use]
    pub fn sections(&mut self) -> snapshot::Sections {
        snapshot::sections(&mut self.world)
    }

    /// What the state after the latest tick is told by. Commands that wait are no part of it.
    ///
    /// A mesh that was once asked makes a survey along with each link of its digest chain, in the
    /// same pass.
    pub fn survey(&mut self) -> Survey {
        let now = Tick(self.ticks());
        self.surveyed = true;
        if let Some(kept) = self.survey.as_ref().filter(|kept| kept.tick == now) {
            return kept.clone();
        }
        let waiting = orders::set_aside(&mut self.world);
        let mut survey = Survey::of(&mut self.world, now, &self.chain);
        orders::put_back(&mut self.world, waiting);
        if now.0.is_multiple_of(CHECKPOINT_TICKS) && now.0 > 0 {
            // It is a link already.
            survey.digest = self.chain;
        }
        self.survey = Some(survey.clone());
        survey
    }

    /// What the mesh was built from, and the rules it runs by, in 32 bytes. Commands from outside
    /// are no part of it.
    #[must_use]
    pub fn identity(&self) -> [u8; 32] {
        snapshot::fingerprint(&self.world)
    }

    /// The state of a node by section; `None` before it joins.
    pub fn node_sections(&mut self, id: NodeId) -> Option<[Vec<u8>; SECTIONS.len()]> {
        snapshot::node(&mut self.world, id.index())
    }

    /// The whole state as bytes; [`Mesh::restore`] takes it back.
    #[must_use]
    pub fn snapshot(&mut self) -> Vec<u8> {
        snapshot::save(&mut self.world, &self.chain)
    }

    /// Puts the mesh into the state of a snapshot of the same plan.
    ///
    /// # Errors
    /// When the bytes are not a whole snapshot of this plan; the mesh is then as it was built.
    pub fn restore(&mut self, bytes: &[u8]) -> Result<(), snapshot::SnapshotError> {
        let plan = Arc::clone(&self.world.resource::<Founding>().0);
        let parallel = self.world.resource::<Clock>().parallel;
        let (watched, captured) = {
            let air = self.world.resource::<Air>();
            (air.watched, air.captured)
        };
        let tapped = std::mem::take(&mut self.world.resource_mut::<Tap>().nodes);
        let log = self.take_log();
        let followed = self.followed();
        let print = self.world.resource::<snapshot::Print>().clone();
        self.world = build::bare(Arc::clone(&plan), parallel);
        self.world.insert_resource(print);
        self.chain = Digest::default();
        self.survey = None;
        let loaded = snapshot::load(&mut self.world, bytes);
        if loaded.is_err() {
            self.world = build::world(plan, parallel);
        }
        self.world.resource_mut::<Air>().watched = watched;
        if let Some(log) = log {
            self.resume(log);
        }
        self.follow(&followed);
        self.capture(captured);
        self.world.resource_mut::<Tap>().nodes = tapped;
        loaded.map(|chain| self.chain = chain)
    }

    /// A second mesh of the same plan, in the state of one of its snapshots. Nobody watches it.
    ///
    /// # Errors
    /// When the bytes are not a whole snapshot of this plan.
    pub fn another(&self, bytes: &[u8]) -> Result<Self, snapshot::SnapshotError> {
        let plan = Arc::clone(&self.world.resource::<Founding>().0);
        let mut world = build::bare(plan, self.world.resource::<Clock>().parallel);
        world.insert_resource(self.world.resource::<snapshot::Print>().clone());
        let chain = snapshot::load(&mut world, bytes)?;
        let mut mesh = Self { world, chain, surveyed: false, survey: None };
        mesh.remember_boards(self);
        Ok(mesh)
    }

    /// Nodes that believe in a storm.
    pub fn in_storm(&mut self) -> u32 {
        let mut query = self.world.query::<&components::Detector>();
        let stormy = |detector: &&components::Detector| {
            detector.0.regime() == qres_core::regime::Regime::Storm
        };
        query.iter(&self.world).filter(stormy).count() as u32
    }

    /// Every node's predictor, by id.
    pub fn neurons(&mut self) -> Vec<(NodeId, SwarmNeuron)> {
        let mut query = self.world.query::<(&components::Identity, &components::Neuron)>();
        let mut all: Vec<_> =
            query.iter(&self.world).map(|(node, neuron)| (node.id, neuron.0)).collect();
        all.sort_unstable_by_key(|(id, _)| *id);
        all
    }

    /// Every node's score, by id.
    pub fn scores(&mut self) -> Vec<(NodeId, components::Score)> {
        let mut query = self.world.query::<(&components::Identity, &components::Score)>();
        let mut all: Vec<_> =
            query.iter(&self.world).map(|(node, score)| (node.id, *score)).collect();
        all.sort_unstable_by_key(|(id, _)| *id);
        all
    }

    /// The world, for queries that read.
    pub fn world(&mut self) -> &mut World {
        &mut self.world
    }
}
