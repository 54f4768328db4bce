//! Storms as they are seen: they glide between ticks, and fade in and out instead of popping.

use super::crowd::Crowd;
use super::frame::StormData;
use super::layers::Layers;
use super::space::Space;
use super::stage::{Look, Stage};
use bevy::prelude::*;

/// More storms than this are not drawn, in all worlds: the first ones by number are.
pub const STORMS_MAX: usize = 64;
/// How quickly what is seen follows what is published, per second.
const CHASE: f32 = 2.6;
/// Height over radius above a sheet of nodes.
const SHEET_HEIGHT: f32 = 0.62;

/// The storms on show.
#[derive(Resource, Default)]
pub struct Weather {
    /// One entry for each storm that can still be seen.
    pub storms: Vec<StormData>,
    /// The world and the number of each.
    numbers: Vec<(usize, u32)>,
}

impl Weather {
    /// As the shaders read them.
    #[must_use]
    pub fn shown(&self) -> [StormData; STORMS_MAX] {
        let mut shown = [StormData::default(); STORMS_MAX];
        for (slot, storm) in shown.iter_mut().zip(&self.storms) {
            *slot = *storm;
        }
        shown
    }
}

pub(super) fn plugin(app: &mut App) {
    app.init_resource::<Weather>().add_systems(Update, chase.in_set(super::ViewSystems::Follow));
}

fn chase(
    stage: Res<Stage>,
    (space, crowd): (Res<Space>, Res<Crowd>),
    look: Res<Look>,
    time: Res<Time>,
    (mut weather, mut layers): (ResMut<Weather>, ResMut<Layers>),
) {
    let height = SHEET_HEIGHT + (1.0 - SHEET_HEIGHT) * (1.0 - space.flatness);
    // Faster ticks move storms further per second of ours.
    let speed = CHASE / stage.tick_seconds().clamp(0.1, 1.5);
    let step = if look.still { 1.0 } else { 1.0 - (-speed * time.delta_secs()).exp() };
    let Weather { storms: seen, numbers } = &mut *weather;
    let most = STORMS_MAX / stage.worlds().count();
    let worlds = stage.worlds().enumerate();
    let published = worlds.flat_map(move |(world, published)| {
        let storms = published.storms.iter().take(most);
        storms.map(move |storm| ((world, storm.number), storm))
    });
    for (number, storm) in published.clone() {
        let want = StormData {
            at: (space.place(storm.centre_mm) + crowd.apart(number.0))
                .extend(space.length(storm.radius_mm)),
            form: Vec4::new(
                f32::from(storm.intensity) / 65535.0,
                height,
                storm.number as f32 * 2.37,
                number.0 as f32,
            ),
        };
        if let Some(place) = numbers.iter().position(|seen| *seen == number) {
            seen[place].at = seen[place].at.lerp(want.at, step);
            seen[place].form = seen[place].form.lerp(want.form, step);
        } else {
            let form = if look.still { want.form } else { want.form.with_x(0.0) };
            seen.push(StormData { form, ..want });
            numbers.push(number);
        }
    }
    for place in (0..seen.len()).rev() {
        if published.clone().any(|(number, _)| number == numbers[place]) {
            continue;
        }
        seen[place].form.x *= 1.0 - step;
        if seen[place].form.x < 0.01 || seen.len() > STORMS_MAX {
            seen.remove(place);
            numbers.remove(place);
        }
    }
    layers.storms = seen.len().min(STORMS_MAX) as u32;
}
