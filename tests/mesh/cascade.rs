//! The bundled mutation cascade: its own storm ends because models mutate, false cures or not.

use crate::common::{embedded, mesh, run_to};
use qres::scenario::Evolution;

/// Nodes in Storm at most in the first 100 ticks of the hum, and from 400 to 500 ticks after.
fn storm(mutates: bool) -> [u32; 2] {
    let mut scenario = embedded("mutation-cascade");
    let Evolution::On { mutation, .. } = &mut scenario.protocol.evolution else {
        panic!("the scenario evolves");
    };
    assert!(*mutation, "and its models mutate");
    *mutation = mutates;
    let onset = scenario.storms[0].from_tick;
    let mut mesh = mesh(&scenario, 2);
    let most = |mesh: &mut qres::mesh::Mesh, from: u64| {
        run_to(mesh, onset + from);
        let count = |mesh: &mut qres::mesh::Mesh| {
            mesh.step();
            mesh.in_storm()
        };
        (0..100).map(|_| count(mesh)).max().unwrap_or(0)
    };
    [most(&mut mesh, 0), most(&mut mesh, 400)]
}

#[test]
fn its_storm_ends_with_mutation_and_only_with_it() {
    let [early, late] = storm(true);
    assert!(early > 40, "{early} of 144 nodes in a storm");
    assert!(late * 10 <= early, "{late} of {early} still are");
    let [early, late] = storm(false);
    assert!(early > 40 && late * 3 > early * 2, "without mutation {late} of {early}");
}
