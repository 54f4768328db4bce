//! Snapshots of a run, compressed, within a stated number of bytes. It knows bytes and ticks, and
//! must not touch a mesh.
//!
//! Snapshots are kept at multiples of a spacing. When there is no room left, every second one of
//! the old ones goes, the oldest first, so that old ticks are kept at twice the spacing of new
//! ones; when all of them are, new ones come at that spacing too. So with a spacing of `s` now, no
//! gap is longer than `2 s`, and the first snapshot is never given up.

use std::collections::BTreeMap;
use std::sync::Arc;

/// Bytes of snapshots that a run may hold in memory, unless it is told otherwise: 256 MiB.
pub const PAST_BYTES: usize = 256 << 20;
/// Ticks of all nodes together, between snapshots: what a seek has to run again at most, and half
/// of that on average, as long as there is room.
pub const SPACING_NODE_TICKS: u64 = 1 << 18;
/// The least ticks between snapshots: one costs about as much as four to eight ticks.
pub const SPACING_TICKS_MIN: u64 = 256;
/// Of all bytes, the part (one in so many) that snapshots for playing backwards may take.
const FINE_PART: usize = 4;

/// Ticks between snapshots of a mesh of so many nodes, while there is room: the greatest power of
/// two that is within [`SPACING_NODE_TICKS`], and at least [`SPACING_TICKS_MIN`].
#[must_use]
pub fn spacing(nodes: usize) -> u64 {
    let most = (SPACING_NODE_TICKS / (nodes as u64).max(1)).max(SPACING_TICKS_MIN);
    1 << most.ilog2()
}

/// What snapshots take up.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Kept {
    /// How many there are.
    pub snapshots: usize,
    /// Their bytes, compressed.
    pub bytes: usize,
    /// The most bytes that they may have.
    pub bytes_max: usize,
    /// Ticks between new ones.
    pub spacing_ticks: u64,
}

/// A run's snapshots.
#[derive(Clone, Debug)]
pub(super) struct Past {
    kept: BTreeMap<u64, Arc<[u8]>>,
    /// For playing backwards: close together, around the tick that is looked at.
    fine: BTreeMap<u64, Arc<[u8]>>,
    /// Bytes of each.
    bytes: [usize; 2],
    bytes_max: usize,
    /// Ticks between snapshots at first.
    base: u64,
    /// How often the spacing was doubled.
    doubled: u32,
}

impl Past {
    pub(super) fn new(base: u64, bytes_max: usize) -> Self {
        Self {
            kept: BTreeMap::new(),
            fine: BTreeMap::new(),
            bytes: [0, 0],
            bytes_max: bytes_max.max(1),
            base: base.max(1),
            doubled: 0,
        }
    }

    /// Ticks between new snapshots.
    pub(super) fn spacing(&self) -> u64 {
        self.base.checked_shl(self.doubled).unwrap_or(u64::MAX)
    }

    /// Whether a snapshot of `tick` is to be taken.
    pub(super) fn wants(&self, tick: u64) -> bool {
        self.kept.is_empty()
            || (tick.is_multiple_of(self.spacing()) && !self.kept.contains_key(&tick))
    }

    /// Keeps a snapshot of `tick`.
    pub(super) fn keep(&mut self, tick: u64, snapshot: &[u8]) {
        let packed = pack(snapshot);
        self.bytes[0] += packed.len();
        if let Some(old) = self.kept.insert(tick, packed) {
            self.bytes[0] -= old.len();
        }
        while self.bytes[0] > self.bytes_max && self.kept.len() > 1 {
            match self.kept.keys().skip(1).copied().find(|tick| self.is_least(*tick)) {
                Some(tick) => self.drop_kept(tick),
                None if self.spacing() > u64::MAX / 4 => return,
                None => self.doubled += 1,
            }
        }
    }

    /// Whether a snapshot lies at an odd multiple of the spacing, or at no multiple at all.
    fn is_least(&self, tick: u64) -> bool {
        let spacing = self.spacing();
        !tick.is_multiple_of(spacing) || !(tick / spacing).is_multiple_of(2)
    }

    fn drop_kept(&mut self, tick: u64) {
        if let Some(old) = self.kept.remove(&tick) {
            self.bytes[0] -= old.len();
        }
    }

    /// Keeps a snapshot of `tick` for as long as `now` is near: the farthest make room.
    pub(super) fn keep_fine(&mut self, tick: u64, snapshot: &[u8], now: u64) {
        if self.fine.contains_key(&tick) || self.kept.contains_key(&tick) {
            return;
        }
        let packed = pack(snapshot);
        self.bytes[1] += packed.len();
        self.fine.insert(tick, packed);
        while self.bytes[1] > self.bytes_max / FINE_PART && !self.fine.is_empty() {
            let farthest = self.fine.keys().copied().max_by_key(|tick| tick.abs_diff(now));
            if let Some(old) = farthest.and_then(|tick| self.fine.remove(&tick)) {
                self.bytes[1] -= old.len();
            }
        }
    }

    /// The newest tick at or before `tick` of which there is a snapshot.
    pub(super) fn nearest(&self, tick: u64) -> Option<u64> {
        let last = |all: &BTreeMap<u64, _>| all.range(..=tick).next_back().map(|(at, _)| *at);
        last(&self.kept).max(last(&self.fine))
    }

    /// The snapshot of exactly this tick.
    pub(super) fn take(&self, tick: u64) -> Option<Vec<u8>> {
        unpack(self.kept.get(&tick).or_else(|| self.fine.get(&tick))?)
    }

    /// The first tick that can be gone back to.
    pub(super) fn floor(&self) -> Option<u64> {
        self.kept.keys().next().copied()
    }

    /// The same up to and with `tick`; what is kept is shared.
    pub(super) fn up_to(&self, tick: u64) -> Self {
        let early = |all: &BTreeMap<u64, Arc<[u8]>>| {
            all.range(..=tick).map(|(at, bytes)| (*at, Arc::clone(bytes))).collect()
        };
        let mut past = Self { kept: early(&self.kept), fine: BTreeMap::new(), ..self.clone() };
        past.bytes = [past.kept.values().map(|bytes| bytes.len()).sum(), 0];
        past
    }

    pub(super) fn told(&self) -> Kept {
        Kept {
            snapshots: self.kept.len() + self.fine.len(),
            bytes: self.bytes[0] + self.bytes[1],
            bytes_max: self.bytes_max + self.bytes_max / FINE_PART,
            spacing_ticks: self.spacing(),
        }
    }
}

fn pack(snapshot: &[u8]) -> Arc<[u8]> {
    lz4_flex::compress_prepend_size(snapshot).into()
}

fn unpack(packed: &[u8]) -> Option<Vec<u8>> {
    lz4_flex::decompress_size_prepended(packed).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Bytes that do not compress.
    fn snapshot(tick: u64) -> Vec<u8> {
        let mut bytes = vec![0; 1_000];
        blake3::Hasher::new().update(&tick.to_le_bytes()).finalize_xof().fill(&mut bytes);
        bytes
    }

    #[test]
    fn old_ones_are_thinned_out_first_and_bytes_are_bounded() {
        let mut past = Past::new(10, 8 * 1_100);
        let mut most = 0;
        for tick in 0..2_000 {
            if past.wants(tick) {
                past.keep(tick, &snapshot(tick));
            }
            most = most.max(past.bytes[0]);
            let spacing = past.spacing();
            let ticks: Vec<u64> = past.kept.keys().copied().chain([tick]).collect();
            assert!(ticks.windows(2).all(|pair| pair[1] - pair[0] <= 2 * spacing), "{ticks:?}");
        }
        assert!(most <= 9 * 1_100, "one more at most, for a moment: {most}");
        assert!(past.bytes[0] <= 8 * 1_100);
        assert_eq!(past.spacing(), 160);
        assert_eq!(past.floor(), Some(0));
        assert_eq!(past.nearest(700), Some(640));
        assert_eq!(past.take(640), Some(snapshot(640)));
        // After eighty ticks there is no room for one more: the oldest odd one makes it.
        let mut past = Past::new(10, 8 * 1_100);
        (0..=8).for_each(|step| past.keep(step * 10, &snapshot(step * 10)));
        let ticks: Vec<u64> = past.kept.keys().copied().collect();
        assert_eq!(ticks, [0, 20, 30, 40, 50, 60, 70, 80]);
    }

    #[test]
    fn a_branch_shares_what_is_before_it() {
        let mut past = Past::new(10, 100_000);
        (0..6).for_each(|step| past.keep(step * 10, &snapshot(step * 10)));
        past.keep_fine(33, &snapshot(33), 33);
        let branch = past.up_to(30);
        assert_eq!(branch.nearest(99), Some(30));
        assert!(Arc::ptr_eq(&branch.kept[&20], &past.kept[&20]));
        assert_eq!(branch.told().snapshots, 4);
        assert_eq!((past.nearest(39), past.nearest(32)), (Some(33), Some(30)));
    }

    #[test]
    fn snapshots_for_playing_backwards_stay_near() {
        let mut past = Past::new(1_000, 4 * 3_300);
        past.keep(0, &snapshot(0));
        for tick in [500, 510, 520, 530] {
            past.keep_fine(tick, &snapshot(tick), 530);
        }
        let fine: Vec<u64> = past.fine.keys().copied().collect();
        assert_eq!(fine, [510, 520, 530]);
        past.keep_fine(500, &snapshot(500), 505);
        assert_eq!(past.nearest(505), Some(500));
        assert_eq!(past.nearest(535), Some(520));
    }

    #[test]
    fn large_meshes_have_snapshots_at_the_least_spacing() {
        assert_eq!([1, 100, 1_000, 10_000].map(spacing), [262_144, 2_048, 256, 256]);
    }
}
