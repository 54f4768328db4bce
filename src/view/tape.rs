//! Recordings seen from the window: the key that begins one, what they say, a file that is dropped.
//! What is written, and how, is the deck's.

use super::actions::{Action, Do};
use super::stage::{Ask, Load, Stage};
use crate::pace::Intent;
use crate::record::deck::{Deck, free_path};
use bevy::prelude::*;
use bevy::window::FileDragAndDrop;
use std::path::Path;

pub(super) fn plugin(app: &mut App) {
    app.add_systems(Update, (record, dropped).in_set(super::ViewSystems::Input))
        .add_systems(PreUpdate, mirror.run_if(resource_exists::<Deck>));
}

/// Begins a recording in the current folder, or ends it.
fn record(
    mut actions: MessageReader<Do>,
    deck: Option<Res<Deck>>,
    mut stage: ResMut<Stage>,
    mut asks: MessageWriter<Ask>,
) {
    if actions.read().filter(|Do(action)| *action == Action::Record).count() % 2 == 0 {
        return;
    }
    let Some(deck) = deck else {
        stage.notice = Some("nothing can be recorded here: this is a replay".to_owned());
        return;
    };
    if deck.is_asked() {
        deck.stop();
    } else {
        deck.begin(free_path(Path::new("."), &stage.name));
    }
    // A mesh that stands still is shown to the deck all the same.
    asks.write(Ask(Intent::Observe));
}

/// A file that is dropped on the window is run, or replayed.
fn dropped(mut drops: MessageReader<FileDragAndDrop>, mut load: MessageWriter<Load>) {
    for drop in drops.read() {
        if let FileDragAndDrop::DroppedFile { path_buf, .. } = drop {
            load.write(Load(path_buf.display().to_string()));
        }
    }
}

/// How recordings do, for the panels.
fn mirror(deck: Res<Deck>, mut stage: ResMut<Stage>) {
    let status = deck.status();
    let number = |told: &Option<(u64, String)>| told.as_ref().map(|(number, _)| *number);
    if number(&status.told) != number(&stage.tape.told)
        && let Some((_, text)) = &status.told
    {
        stage.notice = Some(text.clone());
    }
    stage.tape = status;
}
