//! How many nodes share a lane of a survey, and how wide a lane is. Knows nothing else, so that
//! whoever reads recordings can ask without a mesh.

/// The most lanes of a survey. Larger meshes share them, consecutive nodes together.
pub const LANES_MAX: u32 = 1_024;
/// Bits of a lane.
pub const LANE_BITS: u32 = 24;

/// How many consecutive nodes share a lane in a mesh of `nodes`: the least power of two that is
/// enough.
#[must_use]
pub fn lane_width(nodes: u32) -> u32 {
    nodes.div_ceil(LANES_MAX).max(1).next_power_of_two()
}

#[cfg(test)]
mod tests {
    use super::lane_width;

    #[test]
    fn lanes_are_shared_by_as_few_as_possible() {
        let table =
            [(0, 1), (1, 1), (1_024, 1), (1_025, 2), (2_048, 2), (2_049, 4), (1_000_000, 1_024)];
        for (nodes, width) in table {
            assert_eq!(lane_width(nodes), width, "{nodes}");
        }
        assert_eq!(lane_width(u32::MAX), 1 << 22);
    }
}
