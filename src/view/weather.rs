//! Storms as they are seen: they glide between ticks, and fade in and out instead of popping.

use super::frame::StormData;
use super::space::Space;
use super::stage::{Look, Stage};
use bevy::prelude::*;

/// More storms than this are not drawn: the first ones by number are.
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
    /// The number of each.
    numbers: Vec<u32>,
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
    space: Res<Space>,
    look: Res<Look>,
    time: Res<Time>,
    mut weather: ResMut<Weather>,
) {
    let height = SHEET_HEIGHT + (1.0 - SHEET_HEIGHT) * (1.0 - space.flatness);
    // Faster ticks move storms further per second of ours.
    let speed = CHASE / stage.tick_seconds().clamp(0.1, 1.5);
    let step = if look.still { 1.0 } else { 1.0 - (-speed * time.delta_secs()).exp() };
    let Weather { storms: seen, numbers } = &mut *weather;
    let published = stage.published.storms.iter().take(STORMS_MAX);
    for storm in published.clone() {
        let want = StormData {
            at: space.place(storm.centre_mm).extend(space.length(storm.radius_mm)),
            form: Vec4::new(
                f32::from(storm.intensity) / 65535.0,
                height,
                storm.number as f32 * 2.37,
                0.0,
            ),
        };
        if let Some(place) = numbers.iter().position(|number| *number == storm.number) {
            seen[place].at = seen[place].at.lerp(want.at, step);
            seen[place].form = seen[place].form.lerp(want.form, step);
        } else {
            let form = if look.still { want.form } else { want.form.with_x(0.0) };
            seen.push(StormData { form, ..want });
            numbers.push(storm.number);
        }
    }
    for place in (0..seen.len()).rev() {
        if published.clone().any(|storm| storm.number == numbers[place]) {
            continue;
        }
        seen[place].form.x *= 1.0 - step;
        if seen[place].form.x < 0.01 || seen.len() > STORMS_MAX {
            seen.remove(place);
            numbers.remove(place);
        }
    }
}
