//! How much there is of each layer, and what the links are drawn from.

use super::quality::Rendering;
use super::stage::Stage;
use super::upload::{Stream, Uploads};
use crate::mesh::publish::{Published, Scene, StruckLink};
use bevy::prelude::*;
use std::sync::Arc;

/// How much is drawn of each layer in this frame.
#[derive(Resource, Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Layers {
    /// Nodes of all worlds.
    pub nodes: u32,
    /// Links of all worlds.
    pub links: u32,
    /// Packets of this tick.
    pub packets: u32,
    /// Storms that can be seen.
    pub storms: u32,
    /// Whether nodes cast light on the ground.
    pub pools: bool,
}

pub(super) fn plugin(app: &mut App) {
    app.init_resource::<Layers>()
        .add_systems(Update, relink.in_set(super::ViewSystems::Follow))
        .add_systems(Update, leave_out.run_if(resource_changed::<Rendering>));
}

/// Leaves out what the quality does without.
fn leave_out(rendering: Res<Rendering>, mut layers: ResMut<Layers>) {
    layers.pools = rendering.pools;
}

/// The bit of an item's first end from which on its state is kept: percent lost, or [`CUT`].
const STATE_BIT: u32 = 24;
/// The state of a link that is cut.
const CUT: u32 = 255;

/// A link as the shader reads it; `struck` and `severed` are in order of ends.
fn item(ends: [u32; 2], struck: &[StruckLink], severed: &[[u32; 2]]) -> UVec2 {
    let [a, b] = ends;
    if severed.binary_search(&ends).is_ok() {
        return UVec2::new(a | CUT << STATE_BIT, b);
    }
    let place = struck.binary_search_by(|link| link.ends.cmp(&ends));
    let state = place
        .ok()
        .and_then(|place| struck.get(place))
        .map_or(0, |link| if link.cut { CUT } else { u32::from(link.loss_percent.min(100)) });
    UVec2::new(a | state << STATE_BIT, b)
}

/// What the links of a world were drawn from.
#[derive(Default)]
struct Drawing {
    whose: usize,
    struck: Vec<StruckLink>,
    severed: Arc<[[u32; 2]]>,
    nodes: usize,
}

/// Where a world's own links are kept; 0 where it has those of the scene.
fn whose(world: &Published) -> usize {
    world.orders.links.as_ref().map_or(0, |links| links.as_ptr() as usize)
}

/// Commands and faults cut links, commands move nodes and add some: then the links are drawn anew.
fn relink(
    stage: Res<Stage>,
    mut layers: ResMut<Layers>,
    mut uploads: ResMut<Uploads>,
    mut drawn: Local<(Option<Arc<Scene>>, Vec<Drawing>)>,
    mut pairs: Local<Vec<UVec2>>,
) {
    let (scene, worlds) = &mut *drawn;
    let same = |seen: &Drawing, world: &Published| {
        seen.whose == whose(world)
            && seen.nodes == world.nodes.len()
            && seen.struck == world.orders.struck
            && Arc::ptr_eq(&seen.severed, &world.severed)
    };
    let alike = worlds.iter().zip(stage.worlds()).all(|(seen, world)| same(seen, world));
    let known = scene.as_ref().is_some_and(|seen| Arc::ptr_eq(seen, &stage.scene));
    if known && alike && worlds.len() == stage.worlds().count() {
        return;
    }
    *scene = Some(stage.scene.clone());
    worlds.clear();
    pairs.clear();
    let mut first = 0;
    for world in stage.worlds() {
        let orders = &world.orders;
        let all = orders.links.as_deref().unwrap_or(&stage.scene.links);
        let shift = UVec2::splat(first);
        pairs.extend(all.iter().map(|link| item(*link, &orders.struck, &world.severed) + shift));
        first += world.nodes.len() as u32;
        let (struck, nodes) = (orders.struck.clone(), world.nodes.len());
        let severed = world.severed.clone();
        worlds.push(Drawing { whose: whose(world), struck, severed, nodes });
    }
    layers.links = pairs.len() as u32;
    if !pairs.is_empty() {
        uploads.put(Stream::Links, pairs.as_slice());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_done_to_a_link_goes_with_it() {
        let struck = |ends, cut, loss_percent| StruckLink { ends, cut, loss_percent };
        let struck = [struck([0, 4], true, 0), struck([1, 2], false, 40)];
        let severed = [[1, 3], [2, 4]];
        for (ends, state) in [([0, 3], 0), ([0, 4], CUT), ([1, 2], 40), ([2, 3], 0), ([2, 4], CUT)]
        {
            let item = item(ends, &struck, &severed);
            assert_eq!(
                (item.x >> STATE_BIT, item.x & 0xff_ffff, item.y),
                (state, ends[0], ends[1])
            );
        }
    }
}
