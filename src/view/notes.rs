//! How a run is watched: noted in its recordings, and given back when one is shown again. That is
//! bookmarks, camera, layout, pauses and speed. Nothing here is ever read by the mesh.

use super::arrange::Layout;
use super::camera::{Pose, Rig};
use super::space::Space;
use super::stage::{Ask, Go, Look, Stage};
use crate::pace::{Bookmark, Intent};
use crate::record::deck::Deck;
use crate::record::recording::{Note, Remark};
use crate::scenario::Camera;
use bevy::app::AppExit;
use bevy::prelude::*;
use std::sync::Arc;

/// What has stayed as it is for so long is what was wanted, in seconds.
const SETTLED: f32 = 0.4;
/// The farthest place of a camera, as in a scenario, in millimetres.
const FAR_MM: i64 = 1_000_000_000;

pub(super) fn plugin(app: &mut App) {
    app.add_systems(Last, take.run_if(resource_exists::<Deck>).before(super::window::forward))
        .add_systems(Update, give.in_set(super::ViewSystems::Follow));
}

/// How a run is watched at a moment.
#[derive(Clone, Debug, PartialEq)]
struct Way {
    paused: bool,
    speed_milli: u32,
    layout: Layout,
    /// Where the camera goes; `None`: it shows the whole scene.
    pose: Option<Pose>,
    marks: Arc<[Bookmark]>,
}

impl Way {
    fn of(stage: &Stage, look: &Look, rig: &Rig) -> Self {
        Self {
            paused: stage.status.paused,
            speed_milli: stage.status.speed_milli,
            layout: look.layout,
            pose: rig.touched.then_some(rig.goal),
            marks: Arc::clone(&stage.travel.bookmarks),
        }
    }

    /// The notes that lead from here to `now`.
    fn notes(&self, now: &Self, space: &Space) -> Vec<Note> {
        let of = |marks: &[Bookmark], tick| marks.iter().find(|mark| mark.tick == tick).cloned();
        let gone = self.marks.iter().filter(|mark| of(&now.marks, mark.tick).is_none());
        let mut notes: Vec<Note> = gone.map(|mark| Note::Unmark(mark.tick)).collect();
        let fresh =
            now.marks.iter().filter(|mark| of(&self.marks, mark.tick).as_ref() != Some(mark));
        notes.extend(fresh.map(|Bookmark { tick, name }| Note::Mark(*tick, name.clone())));
        if self.layout != now.layout {
            notes.push(Note::Layout(now.layout.name().to_owned()));
        }
        if self.pose != now.pose {
            notes.push(now.pose.map_or(Note::Home, |pose| Note::Camera(camera(&pose, space))));
        }
        if self.speed_milli != now.speed_milli {
            notes.push(Note::Speed(now.speed_milli));
        }
        if self.paused != now.paused {
            notes.push(Note::Paused(now.paused));
        }
        notes
    }
}

fn camera(pose: &Pose, space: &Space) -> Camera {
    let mm = |place| space.mm_of(place).map(|axis| axis.clamp(-FAR_MM, FAR_MM));
    Camera { name: String::new(), eye_mm: mm(pose.eye()), target_mm: mm(pose.target) }
}

/// What was noted last, and what is seen since when.
#[derive(Default)]
struct Taken {
    noted: Option<Way>,
    seen: Option<(Way, f32)>,
}

/// Notes what has changed, once it has settled.
fn take(
    (deck, stage): (Res<Deck>, Res<Stage>),
    (look, rig, space): (Res<Look>, Res<Rig>, Option<Res<Space>>),
    time: Res<Time<Real>>,
    mut exits: MessageReader<AppExit>,
    mut taken: Local<Taken>,
    mut asks: MessageWriter<Ask>,
) {
    let Some(space) = space else { return };
    let Taken { noted, seen } = &mut *taken;
    let mut way = Way::of(&stage, &look, &rig);
    if deck.is_added() || noted.is_none() {
        // Another run: it begins with what is there.
        (*noted, *seen) = (Some(way), None);
        return;
    }
    let Some(before) = noted else { return };
    if stage.travel.is_past {
        // Who looks at the past will come back; only bookmarks are made there.
        way = Way { marks: way.marks, ..before.clone() };
    }
    let now = time.elapsed_secs();
    let since = seen.take().filter(|(earlier, _)| *earlier == way).map_or(now, |(_, since)| since);
    let settled = now - since >= SETTLED || exits.read().next().is_some();
    if settled && *before != way {
        before.notes(&way, &space).into_iter().for_each(|note| deck.note(note));
        // A mesh that stands still is shown to the deck all the same.
        asks.write(Ask(Intent::Observe));
        *before = way.clone();
    }
    *seen = Some((way, since));
}

/// How far the notes of a recording were given back.
#[derive(Default)]
struct Given {
    /// Of which recording.
    notes: Arc<[Remark]>,
    /// The notes up to the tick that was on show.
    up_to: usize,
    /// The place of the last note about camera or layout that was done.
    view: Option<usize>,
    /// Where that left the camera.
    pose: Option<Pose>,
    /// It was wanted in the last frame.
    was_wanted: bool,
}

/// Shows a recording as it was watched: the camera until the user takes it, speed and pauses where
/// that is wanted.
fn give(
    (stage, space): (Res<Stage>, Option<Res<Space>>),
    (mut look, mut rig): (ResMut<Look>, ResMut<Rig>),
    mut given: Local<Given>,
    (mut asks, mut go): (MessageWriter<Ask>, MessageWriter<Go>),
) {
    let Some(space) = space else { return };
    let Given { notes, up_to, view, pose, was_wanted } = &mut *given;
    let now = stage.notes.partition_point(|remark| remark.tick <= stage.published.tick);
    if !Arc::ptr_eq(notes, &stage.notes) {
        (*notes, *up_to, *view, *pose) = (Arc::clone(&stage.notes), now, None, None);
        (look.as_watched, *was_wanted) = (true, true);
    }
    if notes.is_empty() {
        return;
    }
    let passed = notes.get(*up_to..now).unwrap_or_default();
    *up_to = now;
    if look.pace_as_watched {
        asks.write_batch(pace(passed).into_iter().flatten().map(Ask));
    }
    let again = look.as_watched && !*was_wanted;
    if look.as_watched && !again && rig.touched && *pose != Some(rig.goal) {
        // Somebody else has moved the camera.
        look.as_watched = false;
    }
    *was_wanted = look.as_watched;
    let shown = notes.get(..now).unwrap_or_default();
    let last = last_view(shown);
    if !look.as_watched || last == *view && !again {
        return;
    }
    *view = last;
    look.layout = layout_of(shown);
    match last.and_then(|place| notes.get(place)).map(|remark| &remark.note) {
        Some(Note::Camera(camera)) => {
            rig.look_from(space.far_place(camera.eye_mm), space.far_place(camera.target_mm));
            *pose = Some(rig.goal);
        }
        Some(Note::Layout(_)) => {}
        _ => {
            go.write(Go::Home);
            *pose = None;
        }
    }
}

/// What is to be done about speed and pauses that were passed.
fn pace(passed: &[Remark]) -> [Option<Intent>; 3] {
    let speed = passed.iter().rev().find_map(|remark| match remark.note {
        Note::Speed(milli) => Some(Intent::Speed(milli)),
        _ => None,
    });
    // The run may have come further within a frame: it stops where it was stopped.
    let stop = passed.iter().find(|remark| remark.note == Note::Paused(true));
    let stop = stop.map(|remark| remark.tick);
    [speed, stop.map(Intent::Seek), stop.map(|_| Intent::Pause(true))]
}

/// The place of the last note about the camera or the layout.
fn last_view(notes: &[Remark]) -> Option<usize> {
    let is_view =
        |remark: &Remark| matches!(remark.note, Note::Camera(_) | Note::Home | Note::Layout(_));
    notes.iter().rposition(is_view)
}

/// The layout that was noted last.
fn layout_of(notes: &[Remark]) -> Layout {
    let named = notes.iter().rev().find_map(|remark| match &remark.note {
        Note::Layout(name) => Some(name),
        _ => None,
    });
    let known = named.and_then(|name| Layout::ALL.into_iter().find(|way| way.name() == name));
    known.unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::mesh::publish::{Published, Scene};

    fn way() -> Way {
        let marks =
            [Bookmark { tick: 4, name: "a".into() }, Bookmark { tick: 9, name: "b".into() }];
        Way {
            paused: false,
            speed_milli: 1_000,
            layout: Layout::Placed,
            pose: None,
            marks: marks.into(),
        }
    }

    #[test]
    fn what_has_changed_is_noted_and_nothing_else() {
        let space = Space::of(&Scene::default(), &Published::default());
        let before = way();
        assert_eq!(before.notes(&before, &space), []);
        let marks =
            [Bookmark { tick: 2, name: "c".into() }, Bookmark { tick: 9, name: "d".into() }];
        let pose = Pose { target: Vec3::X, yaw: 0.0, pitch: 0.0, distance: 2.0 };
        let now = Way {
            paused: true,
            speed_milli: 500,
            layout: Layout::Grid,
            pose: Some(pose),
            marks: marks.into(),
        };
        let notes = before.notes(&now, &space);
        let Some(Note::Camera(camera)) = notes.get(4) else { panic!("{notes:?}") };
        let seen = Pose::towards(space.far_place(camera.eye_mm), space.far_place(camera.target_mm));
        assert!(seen.target.distance(pose.target) < 1e-2 && (seen.distance - 2.0).abs() < 1e-2);
        let rest = [
            Note::Unmark(4),
            Note::Mark(2, "c".into()),
            Note::Mark(9, "d".into()),
            Note::Layout("grid".into()),
        ];
        assert_eq!(notes[..4], rest);
        assert_eq!(notes[5..], [Note::Speed(500), Note::Paused(true)]);
        assert_eq!(
            now.notes(&before, &space)[3..5],
            [Note::Layout("as placed".into()), Note::Home]
        );
    }

    #[test]
    fn speed_and_pauses_come_back_where_they_were() {
        let remarks: Vec<Remark> = [
            (3, Note::Speed(2_000)),
            (5, Note::Paused(true)),
            (5, Note::Speed(4_000)),
            (5, Note::Paused(false)),
            (8, Note::Layout("sphere".into())),
        ]
        .into_iter()
        .map(|(tick, note)| Remark { tick, note })
        .collect();
        assert_eq!(pace(&remarks[..1]), [Some(Intent::Speed(2_000)), None, None]);
        let stop = [Some(Intent::Speed(4_000)), Some(Intent::Seek(5)), Some(Intent::Pause(true))];
        assert_eq!(pace(&remarks), stop);
        assert_eq!((last_view(&remarks[..4]), last_view(&remarks)), (None, Some(4)));
        assert_eq!(
            (layout_of(&remarks[..4]), layout_of(&remarks)),
            (Layout::Placed, Layout::Sphere)
        );
    }
}
