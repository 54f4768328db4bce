//! Recordings seen from the window: the key that begins one, what they say, a file that is dropped.
//! What is written, and how, is the deck's.

use super::actions::{Action, Do};
use super::stage::{Ask, Load, Stage};
use crate::pace::Intent;
use crate::record::deck::{Deck, free_path};
use bevy::prelude::*;
use bevy::window::FileDragAndDrop;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

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

/// Real time after which a look of the recordings at the mesh is called slow: thousands of digests.
const SLOW: Duration = Duration::from_secs(1);
/// What is said then.
const SLOW_SAID: &str = "the disk is slow: the run waits until its recording is taken; nothing is \
                         lost. F2 ends one that was asked for";

/// The look that goes on, and since when it was seen to.
#[derive(Default)]
struct Held {
    look: Option<u64>,
    since: Duration,
}

impl Held {
    /// Whether ticks have waited for a disk for long, at this moment.
    fn is_slow(&mut self, look: Option<u64>, now: Duration) -> bool {
        if self.look != look {
            (self.look, self.since) = (look, now);
        }
        look.is_some() && now.saturating_sub(self.since) >= SLOW
    }
}

/// How recordings do, for the panels.
fn mirror(deck: Res<Deck>, time: Res<Time<Real>>, mut held: Local<Held>, mut stage: ResMut<Stage>) {
    let status = deck.status();
    let number = |told: &Option<(u64, Arc<str>)>| told.as_ref().map(|(number, _)| *number);
    if number(&status.told) != number(&stage.tape.told)
        && let Some((_, text)) = &status.told
    {
        stage.notice = Some(text.to_string());
    }
    let is_slow = held.is_slow(status.look, time.elapsed());
    if is_slow && !stage.disk_is_slow {
        stage.notice = Some(SLOW_SAID.to_owned());
    }
    stage.disk_is_slow = is_slow;
    stage.tape = status;
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::mesh::Mesh;
    use crate::mesh::plan::Plan;
    use crate::mesh::publish::Scene;
    use crate::record::recording::{Header, Recorder, RecorderOptions, Store};
    use crate::scenario;
    use bevy::time::{TimePlugin, TimeUpdateStrategy};
    use std::io;

    impl Store for io::Sink {
        fn keep(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn a_look_is_slow_once_it_has_taken_a_second() {
        let mut held = Held::default();
        let at = Duration::from_millis;
        for (look, now_ms, expected) in [
            (None, 0, false),
            (None, 5_000, false),
            (Some(1), 5_000, false),
            (Some(1), 5_999, false),
            (Some(1), 6_000, true),
            (Some(3), 6_100, false),
            (Some(3), 7_100, true),
            (None, 7_200, false),
        ] {
            assert_eq!(held.is_slow(look, at(now_ms)), expected, "{look:?} at {now_ms} ms");
        }
    }

    #[test]
    fn frames_go_on_and_warn_while_a_disk_is_stuck() {
        let (opens, gate) = crossbeam_channel::bounded::<()>(0);
        let (enters, entered) = crossbeam_channel::unbounded();
        // A file that cannot be opened: a pipe that nobody reads.
        let make = move |path: &Path, header: Header, mesh: &mut Mesh| {
            let _ = (enters.send(()), gate.recv());
            Recorder::begin(path, io::sink(), header, mesh, SLOW)
        };
        let found = scenario::resolve("storm-front").expect("embedded");
        let plan = Plan::new(&found.scenario, 1, &Vec::new()).expect("a plan");
        let mut mesh = Mesh::new(plan, 1);
        let scene = Scene::new(&found.scenario, mesh.plan());
        let mut app = App::new();
        app.add_plugins(TimePlugin)
            .insert_resource(TimeUpdateStrategy::ManualDuration(Duration::from_millis(50)))
            .insert_resource(Stage::new(Arc::new(scene), Arc::new(mesh.publish())))
            .add_systems(PreUpdate, mirror);
        let options = RecorderOptions { scenario: found.text, ..RecorderOptions::default() };
        let (deck, mut observer) = Deck::with(options, None, Box::new(make));
        deck.begin("f.ron".into());
        app.insert_resource(deck);
        let run = std::thread::spawn(move || {
            mesh.step();
            observer(&mut mesh);
        });
        entered.recv().expect("the disk is asked");
        let frames = |app: &mut App, count: u32| (0..count).for_each(|_| app.update());
        frames(&mut app, 10);
        assert_eq!(app.world().resource::<Stage>().notice, None, "half a second is none");
        frames(&mut app, 30);
        let stage = app.world().resource::<Stage>();
        assert!(stage.disk_is_slow && stage.tape.asked.is_none());
        assert_eq!(stage.notice.as_deref(), Some(SLOW_SAID));
        drop(opens);
        run.join().expect("runs on");
        frames(&mut app, 1);
        let stage = app.world().resource::<Stage>();
        assert!(!stage.disk_is_slow && stage.tape.asked.is_some());
    }
}
