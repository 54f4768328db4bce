//! Another scenario in the same window: its mesh is made beside the running one, on a thread of
//! its own, and takes the stage when it is ready.

use super::actions::{Action, Do};
use super::arrange::Arrangement;
use super::camera::Rig;
use super::crowd::Crowd;
use super::follow::Trail;
use super::space::Space;
use super::stage::{Load, Stage};
use super::tools::Sketch;
use super::weather::Weather;
use crate::bridge::hub::Hub;
use crate::pace::Pace;
use crate::record::deck::Deck;
use crate::record::recording::Remark;
use bevy::prelude::*;
use crossbeam_channel::{Receiver, TryRecvError};
use std::sync::Arc;

/// A mesh that runs, and what the title bar says of it.
pub struct Show {
    /// The mesh on its thread.
    pub pace: Pace,
    /// The window's title.
    pub title: String,
    /// The name or path that it came by.
    pub name: String,
    /// What records it, if anything does.
    pub deck: Option<Deck>,
    /// What connects boards to it, if anything does.
    pub hub: Option<Hub>,
    /// A recording is done again.
    pub is_replay: bool,
    /// What was noted when it was made.
    pub notes: Arc<[Remark]>,
}

/// How a scenario becomes a mesh: by its name or path, or a message that says why not.
pub type Loader = Arc<dyn Fn(&str) -> Result<Show, String> + Send + Sync>;

/// What can be loaded, what is being loaded, and what went wrong last.
#[derive(Resource)]
pub(super) struct Stagehand {
    loader: Loader,
    name: String,
    coming: Option<Receiver<Result<Show, String>>>,
}

pub(super) fn plugin(app: &mut App, loader: Loader, name: String) {
    app.insert_resource(Stagehand { loader, name, coming: None })
        .add_systems(Update, send.in_set(super::ViewSystems::Input).after(super::actions::perform))
        .add_systems(First, change);
}

/// Begins to load what was asked for; a later wish goes before an earlier one.
fn send(
    mut wishes: MessageReader<Load>,
    mut actions: MessageReader<Do>,
    mut hand: ResMut<Stagehand>,
    mut stage: ResMut<Stage>,
) {
    let again = actions.read().any(|Do(action)| *action == Action::Restart);
    let wish = wishes.read().last().map(|Load(name)| name.clone());
    let Some(name) = wish.or_else(|| again.then(|| hand.name.clone())) else { return };
    let (sender, receiver) = crossbeam_channel::bounded(1);
    let loader = hand.loader.clone();
    stage.notice = Some(format!("loading {name}"));
    let made = std::thread::Builder::new().name("loader".to_owned()).spawn(move || {
        let _ = sender.send(loader(&name));
    });
    match made {
        Ok(_) => hand.coming = Some(receiver),
        Err(error) => stage.notice = Some(format!("no thread to load with: {error}")),
    }
}

/// Puts on stage what has arrived, before anything else in the frame looks.
fn change(world: &mut World) {
    let mut hand = world.resource_mut::<Stagehand>();
    let Some(receiver) = &hand.coming else { return };
    let arrived = match receiver.try_recv() {
        Ok(arrived) => arrived,
        Err(TryRecvError::Empty) => return,
        Err(TryRecvError::Disconnected) => Err("the loader broke off".to_owned()),
    };
    hand.coming = None;
    match arrived {
        Ok(show) => {
            hand.name.clone_from(&show.name);
            take_stage(world, show);
        }
        Err(reason) => world.resource_mut::<Stage>().notice = Some(reason),
    }
}

fn take_stage(world: &mut World, show: Show) {
    let before = world.resource::<Stage>();
    let mut stage = Stage::new(show.pace.scene(), show.pace.latest());
    stage.software = before.software;
    stage.name.clone_from(&show.name);
    stage.is_replay = show.is_replay;
    stage.notes = show.notes;
    stage.first_picture_ms = before.first_picture_ms;
    stage.generation = before.generation + 1;
    let space = Space::of(&stage.scene, &stage.published);
    world.insert_resource(stage);
    world.insert_resource(space);
    world.insert_resource(show.pace);
    let boards = world.remove_resource::<Hub>();
    if let Some(hub) = show.hub {
        if let Some(before) = boards {
            hub.take_over(&before);
        }
        world.insert_resource(hub);
    }
    world.remove_resource::<Deck>();
    if let Some(deck) = show.deck {
        world.insert_resource(deck);
    }
    world.insert_resource(Rig::default());
    world.insert_resource(Crowd::default());
    world.insert_resource(Arrangement::default());
    world.insert_resource(Trail::default());
    world.insert_resource(Weather::default());
    world.insert_resource(Sketch::default());
    let mut windows = world.query::<&mut Window>();
    for mut window in windows.iter_mut(world) {
        window.title.clone_from(&show.title);
    }
}
