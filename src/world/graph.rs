//! Who can hear whom: the radio graph as compressed rows, neighbours sorted by id, and what each
//! link loses. Built once from positions; nothing here moves.

use qres_core::id::NodeId;

/// Directed links that a mesh may have: memory for them stays below a third of a gigabyte.
pub const LINKS_MAX: usize = 50_000_000;

/// The radio graph of a mesh.
#[derive(Clone, Debug, Default)]
pub struct Graph {
    offsets: Vec<u32>,
    ids: Vec<u32>,
    /// -log2 of the share of 64-byte frames that survive, in 2^-10, for each directed edge.
    fade: Vec<u16>,
}

/// How a link's loss grows with distance.
#[derive(Clone, Copy, Debug)]
pub struct LossLaw {
    /// Distance beyond which nothing is heard, millimetres.
    pub range_mm: u32,
    /// Share of 64-byte frames lost at that distance, percent.
    pub at_range_percent: u8,
    /// Share of 64-byte frames lost at no distance, percent.
    pub floor_percent: u8,
}

impl LossLaw {
    /// The fade of a link of this length: loss grows with the fourth power of distance.
    #[must_use]
    pub fn fade(&self, square_mm: i64) -> u16 {
        let range = f64::from(self.range_mm).max(1.0);
        let share = square_mm as f64 / (range * range);
        let floor = f64::from(self.floor_percent) / 100.0;
        let top = f64::from(self.at_range_percent) / 100.0;
        let loss = floor + (top - floor) * share * share;
        let survival = (1.0 - loss).max(1.0 / 65_536.0);
        libm::rint(-libm::log2(survival) * 1_024.0).clamp(0.0, 65_535.0) as u16
    }
}

impl Graph {
    /// Links every two positions (millimetres) that are within range of each other; `None` when
    /// that makes more than [`LINKS_MAX`] directed links.
    #[must_use]
    pub fn build(positions: &[[i32; 3]], law: &LossLaw) -> Option<Self> {
        let cells = Cells::sort(positions, law.range_mm);
        let reach = i64::from(law.range_mm) * i64::from(law.range_mm);
        let mut graph = Self { offsets: vec![0], ..Self::default() };
        let mut row: Vec<(u32, u16)> = Vec::new();
        for (node, position) in positions.iter().enumerate() {
            row.clear();
            cells.near(*position, |other| {
                let square = distance_square(*position, positions[other as usize]);
                if other as usize != node && square <= reach {
                    row.push((other, law.fade(square)));
                }
            });
            row.sort_unstable();
            graph.ids.extend(row.iter().map(|(id, _)| *id));
            graph.fade.extend(row.iter().map(|(_, fade)| *fade));
            graph.offsets.push(graph.ids.len() as u32);
            if graph.ids.len() > LINKS_MAX {
                return None;
            }
        }
        graph.ids.shrink_to_fit();
        graph.fade.shrink_to_fit();
        Some(graph)
    }

    /// Number of nodes.
    #[must_use]
    pub fn len(&self) -> usize {
        self.offsets.len().saturating_sub(1)
    }

    /// Whether there are no nodes.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Number of directed links.
    #[must_use]
    pub fn links(&self) -> usize {
        self.ids.len()
    }

    /// The ids that `node` can hear, sorted.
    #[must_use]
    pub fn neighbours(&self, node: NodeId) -> &[u32] {
        self.ids.get(self.row(node)).unwrap_or(&[])
    }

    /// The fades of the links to [`Self::neighbours`], in the same order.
    #[must_use]
    pub fn fades(&self, node: NodeId) -> &[u16] {
        self.fade.get(self.row(node)).unwrap_or(&[])
    }

    /// Adds what the graph is to a hash.
    pub fn hash_into(&self, hasher: &mut blake3::Hasher) {
        for (ids, fades) in self.ids.chunks(256).zip(self.fade.chunks(256)) {
            let mut bytes = Vec::with_capacity(6 * ids.len());
            for (id, fade) in ids.iter().zip(fades) {
                bytes.extend_from_slice(&id.to_le_bytes());
                bytes.extend_from_slice(&fade.to_le_bytes());
            }
            hasher.update(&bytes);
        }
    }

    /// Whether two nodes hear each other.
    #[must_use]
    pub fn are_linked(&self, one: NodeId, other: NodeId) -> bool {
        self.neighbours(one).binary_search(&other.0).is_ok()
    }

    fn row(&self, node: NodeId) -> core::ops::Range<usize> {
        let at = |index: usize| self.offsets.get(index).copied().unwrap_or(0) as usize;
        at(node.index())..at(node.index() + 1).max(at(node.index()))
    }
}

/// The square of the distance between two points, in square millimetres; saturating.
#[must_use]
pub fn distance_square(a: [i32; 3], b: [i32; 3]) -> i64 {
    a.iter().zip(&b).fold(0_i64, |sum, (a, b)| {
        let away = i64::from(*a) - i64::from(*b);
        sum.saturating_add(away.saturating_mul(away))
    })
}

/// Positions sorted into cubes as wide as the range, so that neighbours are in 27 of them.
struct Cells {
    width: i64,
    /// (cell, node), sorted.
    entries: Vec<([i32; 3], u32)>,
}

impl Cells {
    fn sort(positions: &[[i32; 3]], range_mm: u32) -> Self {
        let width = i64::from(range_mm.max(1));
        let mut entries: Vec<_> = positions
            .iter()
            .enumerate()
            .map(|(node, position)| (Self::cell(width, *position), node as u32))
            .collect();
        entries.sort_unstable();
        Self { width, entries }
    }

    fn cell(width: i64, position: [i32; 3]) -> [i32; 3] {
        position.map(|mm| i64::from(mm).div_euclid(width) as i32)
    }

    fn near(&self, position: [i32; 3], mut each: impl FnMut(u32)) {
        let [x, y, z] = Self::cell(self.width, position);
        for dx in -1..=1 {
            for dy in -1..=1 {
                let [x, y] = [x.saturating_add(dx), y.saturating_add(dy)];
                let low = [x, y, z.saturating_sub(1)];
                let high = [x, y, z.saturating_add(1)];
                let start = self.entries.partition_point(|(cell, _)| *cell < low);
                let rest = self.entries.get(start..).unwrap_or(&[]);
                rest.iter().take_while(|(cell, _)| *cell <= high).for_each(|(_, id)| each(*id));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use qres_core::draw::{Purpose, draw};

    const LAW: LossLaw = LossLaw { range_mm: 1_000, at_range_percent: 20, floor_percent: 1 };

    #[test]
    fn agrees_with_all_pairs() {
        let at = |node, axis| (draw(4, Purpose::Start, node, 0, axis) % 6_000) as i32 - 3_000;
        let positions: Vec<_> = (0..300).map(|n| [at(n, 0), at(n, 1) / 4, at(n, 2)]).collect();
        let graph = Graph::build(&positions, &LAW).expect("few links");
        for (a, position) in positions.iter().enumerate() {
            let linked: Vec<u32> = (0..300)
                .filter(|b| *b as usize != a)
                .filter(|b| distance_square(*position, positions[*b as usize]) <= 1_000_000)
                .collect();
            assert_eq!(graph.neighbours(NodeId(a as u32)), linked, "node {a}");
        }
        assert!(graph.links() > 300, "the test has links to compare");
    }

    #[test]
    fn loss_grows_from_the_floor_to_the_edge() {
        // -log2(0.99) * 1024 = 14.85; -log2(0.8) * 1024 = 329.65
        assert_eq!((LAW.fade(0), LAW.fade(1_000_000)), (15, 330));
        assert!(LAW.fade(250_000) < 60, "a quarter of the square costs a sixteenth of the loss");
        assert_eq!(LossLaw { at_range_percent: 100, ..LAW }.fade(1_000_000), 16_384);
    }
}
