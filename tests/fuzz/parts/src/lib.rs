//! The parts of the simulator that read foreign bytes, under the names that they have in `qres`:
//! the very files, compiled without the mesh, so that fuzzing them builds no Bevy.

#[path = "../../../../src/envelope/mod.rs"]
pub mod envelope;
#[path = "../../../../src/memory/mod.rs"]
pub mod memory;
#[path = "../../../../src/scenario/mod.rs"]
pub mod scenario;
