//! Sybils: identities that one node invents. They are radios of their own beside it, join late, and
//! have to earn their standing like any newcomer. (J. Douceur, "The Sybil Attack", 2002.)

use qres_core::draw::{Purpose, below, draw};
use qres_core::id::Tick;

use crate::scenario::{Attack, FaultEntry, FaultKind};
use crate::world::layout::REACH_MM;

/// An invented identity, before it has an id.
#[derive(Clone, Debug, PartialEq)]
pub struct Invented {
    /// Who invents it.
    pub host: u32,
    /// When it joins.
    pub join: Tick,
    /// When it ceases to do harm.
    pub to: Tick,
    /// Place of its fault among all Sybils of the run.
    pub ordinal: u32,
    /// Where its radio stands, in millimetres.
    pub position_mm: [i32; 3],
    /// What it does from then on.
    pub attack: Attack,
}

/// All identities of some faults, `before` which there are so many Sybils, in order of joining,
/// which is the order of their ids. Each stands within a hundredth of the range of its host, east
/// or west and north or south.
#[must_use]
pub fn invent(
    faults: &[FaultEntry],
    before: u32,
    seed: u64,
    range_mm: u32,
    positions: &[[i32; 3]],
) -> Vec<Invented> {
    let mut all = Vec::new();
    let mut ordinal = before;
    for fault in faults {
        let FaultKind::Sybil { host, identities, attack } = &fault.kind else { continue };
        let Some(place) = positions.get(*host as usize) else { continue };
        for n in 0..u32::from(*identities) {
            let reach = i64::from(range_mm / 100);
            let off = |axis: u64| {
                let bits =
                    draw(seed, Purpose::FaultSybil, *host, u64::from(ordinal) << 1 | axis, n);
                below(bits, 2 * reach as u64 + 1) as i64 - reach
            };
            let near = |mm: i32, axis| (i64::from(mm) + off(axis)).clamp(-REACH_MM, REACH_MM);
            all.push(Invented {
                host: *host,
                join: Tick(fault.from_tick),
                to: Tick(fault.to_tick),
                ordinal,
                position_mm: [near(place[0], 0) as i32, place[1], near(place[2], 1) as i32],
                attack: *attack,
            });
        }
        ordinal += 1;
    }
    all.sort_by_key(|identity| identity.join);
    all
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scenario::Who;

    #[test]
    fn identities_stand_beside_their_host_in_order_of_joining() {
        let entry = |host, identities, from_tick| FaultEntry {
            kind: FaultKind::Sybil { host, identities, attack: Attack::GenePoison },
            from_tick,
            to_tick: 1_000,
            nodes: Who::All,
        };
        let positions = [[0, 0, 0], [50_000, 7, 0]];
        let all = invent(&[entry(1, 3, 90), entry(0, 2, 40)], 0, 6, 10_000, &positions);
        let order: Vec<_> = all.iter().map(|who| (who.host, who.join.0)).collect();
        assert_eq!(order, [(0, 40), (0, 40), (1, 90), (1, 90), (1, 90)]);
        for who in &all {
            let host = positions[who.host as usize];
            let away = [0, 2].map(|axis| (who.position_mm[axis] - host[axis]).abs());
            assert!(away.iter().all(|mm| *mm <= 100) && who.position_mm[1] == host[1]);
        }
        assert_ne!(all[2].position_mm, all[3].position_mm);
        // A Sybil more draws as one of the scenario in its place would.
        let later = invent(&[entry(0, 2, 40)], 1, 6, 10_000, &positions);
        assert_eq!(later, all[..2]);
    }
}
