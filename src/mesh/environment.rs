//! Environment: storms move, late nodes join. Runs alone, before anything else in the tick but
//! commands.

use bevy::ecs::prelude::*;

use super::build::spawn_up_to;
use super::resources::{Clock, Roster, Setup, Weather};

/// Where each storm is in this tick.
pub fn blow(clock: Res<Clock>, setup: Res<Setup>, mut weather: ResMut<Weather>) {
    let active = |(index, track): (usize, &crate::world::storm::StormTrack)| {
        track.at(index as u32, clock.now.0)
    };
    weather.0.clear();
    weather.0.extend(setup.0.storms.iter().enumerate().filter_map(active));
}

/// Nodes whose time has come join, in order of id.
pub fn join(world: &mut World) {
    let now = world.resource::<Clock>().now;
    let plan = world.resource::<Setup>().0.clone();
    let joined = world.resource::<Roster>().0.len();
    let waiting = plan.nodes.get(joined..).unwrap_or(&[]);
    let due = waiting.iter().take_while(|node| node.join <= now).count();
    if due > 0 {
        spawn_up_to(world, &plan, joined + due);
    }
}
