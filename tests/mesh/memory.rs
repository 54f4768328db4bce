//! Models outlive a run: what evolved is there again when nodes are born with it.

use crate::common::{embedded, mesh, run_to};
use qres::mesh::Mesh;
use qres::mesh::plan::Plan;
use qres::scenario::Evolution;

#[test]
fn evolved_genes_are_there_again_at_birth() {
    let mut scenario = embedded("mutation-cascade");
    scenario.nodes.count = Some(49);
    scenario.adversaries.clear();
    let storm = scenario.storms.first_mut().expect("has a storm");
    (storm.from_tick, storm.to_tick) = (120, 400);
    scenario.protocol.evolution =
        Evolution::On { mutation: true, mutate_every_samples: 40, gain_percent: 5 };
    let mut first = mesh(&scenario, 1);
    run_to(&mut first, 240);
    let evolved = first.summary().genes.evolved;
    assert!(evolved > 3, "{evolved} evolved");

    let mut plan = Plan::new(&scenario, scenario.seed, &Vec::new()).expect("a plan");
    for (node, gene) in first.export_genes() {
        plan.remember(node, &gene).expect("its own kind of gene");
    }
    let second = Mesh::new(plan, 1).summary().genes;
    assert_eq!((second.evolved, second.mutations), (evolved, 0));

    scenario.protocol.evolution = Evolution::Off;
    let mut fixed = Plan::new(&scenario, scenario.seed, &Vec::new()).expect("a plan");
    let genes = first.export_genes();
    let refused = genes.iter().filter(|(node, gene)| fixed.remember(*node, gene).is_err());
    assert!(refused.count() > 0, "where models keep their form, others are refused");
}
