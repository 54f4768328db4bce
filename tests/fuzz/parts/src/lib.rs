//! The parts of the simulator that read foreign bytes, under the names that they have in `qres`:
//! the very files, compiled without the mesh, so that fuzzing them builds no Bevy.

#[path = "../../../../src/envelope/mod.rs"]
pub mod envelope;
#[path = "../../../../src/memory/mod.rs"]
pub mod memory;
#[path = "../../../../src/mesh/lanes.rs"]
pub mod lanes;
#[path = "../../../../src/record/recording/text/mod.rs"]
pub mod text;

/// What reading a recording needs to know of meshes.
pub mod mesh {
    pub use crate::lanes;
}

/// The part of it that reads.
pub mod record {
    /// The file of a recording.
    pub mod recording {
        pub use crate::text;
    }
}

#[path = "../../../../src/scenario/mod.rs"]
pub mod scenario;
