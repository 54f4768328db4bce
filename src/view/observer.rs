//! What a window would have gathered of a run, for pictures of it: the mesh is stepped and watched
//! by hand, on this thread.

use super::stage::{Events, Stage};
use crate::mesh::Mesh;
use crate::mesh::difference::{Parting, distances, parting};
use crate::mesh::publish::{NodeDetail, Published, Scene};
use crate::pace::history::History;
use crate::pace::{Difference, Forked, News, Other, Parted};
use crate::scenario::Command;
use qres_core::id::NodeId;
use std::sync::Arc;

/// A second world beside a run under observation.
pub struct Twin {
    mesh: Mesh,
    forked: Forked,
    previous: Option<Published>,
}

impl Twin {
    /// Begins a second world as the first one is now, with one command more.
    ///
    /// # Errors
    /// When the mesh refuses the command.
    pub fn part(first: &mut Mesh, command: Command) -> Result<Self, String> {
        let snapshot = first.snapshot();
        let mut mesh = first.another(&snapshot).map_err(|why| why.to_string())?;
        let tick = mesh.ticks();
        let changes = vec![command.describe()];
        mesh.command(command).map_err(|fault| fault.to_string())?;
        mesh.watch(true);
        let forked = Forked { tick, changes, same_up_to: tick, parted: None };
        Ok(Self { mesh, forked, previous: None })
    }

    /// Runs a tick, after the first world has. A picture of it shows how things moved only if
    /// `shown`.
    pub fn step(&mut self, first: &mut Mesh, shown: bool) {
        self.previous = shown.then(|| self.mesh.publish());
        self.mesh.step();
        if self.forked.parted.is_some() {
            return;
        }
        let tick = self.mesh.ticks();
        match parting(first, &mut self.mesh) {
            None => self.forked.same_up_to = tick,
            Some(Parting { section, node }) => {
                self.forked.parted = Some(Parted { tick, section, node });
            }
        }
    }

    /// Puts it beside the first one.
    pub fn put(&mut self, first: &mut Mesh, stage: &mut Stage) {
        let published = self.mesh.publish();
        let nodes = distances((first, &stage.published), (&mut self.mesh, &published));
        let differing = nodes.iter().filter(|distance| **distance > 0).count() as u32;
        let difference = Arc::new(Difference { nodes, differing });
        stage.put_other(Some(Other { published: Arc::new(published), difference }));
        stage.other_previous = self.previous.take().map(Arc::new);
        stage.travel.forked = Some(self.forked.clone());
    }
}

/// A run under observation.
pub struct Observer {
    scene: Arc<Scene>,
    units: Vec<String>,
    followed: Vec<NodeId>,
    history: History,
    previous: Option<Published>,
}

impl Observer {
    /// Begins to watch a mesh; `units` are those of its signals. The followed nodes are the one to
    /// show and the one to compare it with.
    pub fn new(mesh: &mut Mesh, scene: Scene, units: Vec<String>, followed: &[u32]) -> Self {
        mesh.watch(true);
        let followed = followed.iter().map(|id| NodeId(*id)).collect();
        Self {
            scene: Arc::new(scene),
            units,
            followed,
            history: History::default(),
            previous: None,
        }
    }

    /// Runs a tick. A picture of it shows how things moved only if `shown`.
    pub fn step(&mut self, mesh: &mut Mesh, shown: bool) {
        mesh.follow(&self.followed);
        self.previous = shown.then(|| mesh.publish());
        mesh.step();
        if let Some(chronicle) = mesh.chronicle() {
            self.history.push(chronicle.pulse());
        }
    }

    /// The node at a place of the list of followed ones.
    pub fn detail(&self, mesh: &mut Mesh, place: usize) -> Option<Arc<NodeDetail>> {
        let id = *self.followed.get(place)?;
        let group = mesh.plan().nodes.get(id.index())?.group.0;
        let unit = self.units.get(usize::from(group)).cloned().unwrap_or_default();
        mesh.detail(id, &unit).map(Arc::new)
    }

    /// Brings a stage up to the present tick.
    pub fn put(&mut self, mesh: &mut Mesh, stage: &mut Stage) {
        stage.put(Arc::new(mesh.publish()));
        if let Some(previous) = self.previous.take() {
            stage.previous = Some(Arc::new(previous));
        }
        stage.detail = self.detail(mesh, 0);
        stage.compared = self.detail(mesh, 1);
        stage.selected = stage.detail.as_ref().map(|detail| detail.id);
        stage.history = self.history.snapshot();
        stage.genes = mesh.genes();
        if let Some(chronicle) = mesh.chronicle() {
            let log = chronicle.log();
            let events = log.since(stage.events.next()).cloned().collect();
            let news = News { events, next: log.next(), rewinds: log.rewinds() };
            if !stage.events.take(news) {
                stage.events = Events::default();
            }
        }
    }

    /// A stage that shows the present tick.
    pub fn stage(&mut self, mesh: &mut Mesh) -> Stage {
        let moves = self.previous.is_some();
        let mut stage = Stage::new(self.scene.clone(), Arc::default());
        self.put(mesh, &mut stage);
        stage.previous = stage.previous.filter(|_| moves);
        stage
    }
}
