//! What a sentinel keeps for sleepers: the newest update of each node it hears, and who still has
//! to get it. Bounded by construction: one update a route, and a bit a client.

use crate::gene::GeneId;
use crate::id::NodeId;
use crate::packet::Update;
use crate::q16::Q16;
use crate::regime::Regime;

/// Clients that one sentinel can serve: the bits of an audience.
pub const CLIENTS_MAX: usize = 64;

/// The way of one node's updates through a sentinel.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Route {
    /// The node whose updates these are.
    pub origin: NodeId,
    /// Round of the update kept; 0 when none is.
    round: u32,
    /// Clients that want them, by place in the client list.
    pub audience: u64,
    /// Clients that have not got the newest one yet.
    pending: u64,
    weights: [Q16; crate::neuron::TAPS],
    group: u8,
    regime: Regime,
    taps: u8,
    gene: GeneId,
}
crate::canonical!(struct Route {
    origin, round, audience, pending, weights, group, regime, taps, gene,
});

impl Route {
    /// An empty route.
    #[must_use]
    pub fn new(origin: NodeId, audience: u64) -> Self {
        Self { origin, audience, ..Self::default() }
    }

    /// The same way to another audience. `moved` gives the new place of each client that stays; all
    /// others of the audience have yet to get what is kept.
    #[must_use]
    pub fn readdressed(&self, audience: u64, moved: impl Iterator<Item = (usize, usize)>) -> Self {
        let bit = |place: usize| if place < CLIENTS_MAX { 1_u64 << place } else { 0 };
        let served = moved
            .filter(|(old, _)| self.audience & !self.pending & bit(*old) != 0)
            .fold(0, |served, (_, new)| served | bit(new));
        let pending = if self.round == 0 { 0 } else { audience & !served };
        Self { audience, pending, ..*self }
    }

    /// Round of the update kept; 0 when none is.
    #[must_use]
    pub const fn round(&self) -> u32 {
        self.round
    }

    /// The update kept, as it is relayed.
    #[must_use]
    pub const fn update(&self) -> Update {
        Update {
            origin: self.origin,
            round: self.round,
            group: crate::id::GroupId(self.group),
            regime: self.regime,
            polls: false,
            wire: crate::packet::Wire::Q16,
            taps: self.taps,
            gene: self.gene,
            weights: self.weights,
        }
    }
}

/// Keeps a heard update for the sleepers that want it; an older one makes room.
pub fn keep(routes: &mut [Route], update: &Update) {
    let Ok(place) = routes.binary_search_by_key(&update.origin, |route| route.origin) else {
        return;
    };
    if let Some(route) = routes.get_mut(place)
        && update.round > route.round
    {
        route.round = update.round;
        route.pending = route.audience;
        route.weights = update.weights;
        route.group = update.group.0;
        route.regime = update.regime;
        route.taps = update.taps;
        route.gene = update.gene;
    }
}

/// Hands over up to `limit` updates kept for the client at `place`; the rest stay kept.
pub fn serve(routes: &mut [Route], place: usize, limit: usize, mut each: impl FnMut(Update)) {
    if place >= CLIENTS_MAX {
        return;
    }
    let bit = 1_u64 << place;
    for route in routes.iter_mut().filter(|route| route.pending & bit != 0).take(limit) {
        route.pending &= !bit;
        each(route.update());
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::id::GroupId;

    #[test]
    fn a_new_audience_gets_what_it_lacks() {
        let mut routes = [Route::new(NodeId(3), 0b111)];
        keep(&mut routes, &update(3, 9));
        serve(&mut routes, 0, 9, |_| ());
        serve(&mut routes, 2, 9, |_| ());
        // Client 0 goes, 1 becomes 0, 2 becomes 1, and 2 is new.
        let moved = [(1, 0), (2, 1)];
        routes[0] = routes[0].readdressed(0b111, moved.into_iter());
        let served = |routes: &mut [Route; 1], place| {
            let mut got = 0;
            serve(routes, place, 9, |update| got += update.round);
            got
        };
        assert_eq!([0, 1, 2].map(|place| served(&mut routes, place)), [9, 0, 9]);
        let empty = Route::new(NodeId(3), 1).readdressed(0b11, [(0, 0)].into_iter());
        assert_eq!((empty.audience, empty.pending, empty.round()), (0b11, 0, 0));
    }

    fn update(origin: u32, round: u32) -> Update {
        Update {
            origin: NodeId(origin),
            round,
            group: GroupId(1),
            regime: Regime::Storm,
            polls: false,
            wire: crate::packet::Wire::Q16,
            taps: 4,
            gene: GeneId(5),
            weights: [Q16::from_bits(round as i32); 8],
        }
    }

    fn served(routes: &mut [Route], place: usize, limit: usize) -> heapless::Vec<(u32, u32), 8> {
        let mut got = heapless::Vec::new();
        serve(routes, place, limit, |u| {
            let _ = got.push((u.origin.0, u.round));
        });
        got
    }

    #[test]
    fn each_client_gets_the_newest_once() {
        let mut routes = [Route::new(NodeId(2), 0b01), Route::new(NodeId(5), 0b11)];
        keep(&mut routes, &update(5, 1));
        keep(&mut routes, &update(5, 2));
        keep(&mut routes, &update(5, 1));
        keep(&mut routes, &update(2, 9));
        keep(&mut routes, &update(77, 1));
        assert_eq!(&served(&mut routes, 0, 1)[..], [(2, 9)], "the limit holds back the rest");
        assert_eq!(&served(&mut routes, 0, 8)[..], [(5, 2)]);
        assert_eq!(&served(&mut routes, 1, 8)[..], [(5, 2)]);
        assert!(served(&mut routes, 1, 8).is_empty());
        assert!(served(&mut routes, 64, 8).is_empty());
    }
}
