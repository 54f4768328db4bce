//! Light in the mesh: batteries fill and empty by it, nothing is lost, nodes go off and come back.

use crate::common::{THICKET, embedded, mesh, parsed, run_to};
use qres::mesh::components::Battery;
use qres::mesh::plan::Plan;
use qres::scenario::{Clouds, RecordedSun, Scenario, Sun};
use qres::world::dataset::{Loaded, Series};
use qres_core::energy::EnergyPool;
use qres_core::id::{NodeId, Tick};

/// Days of ten-minute ticks over a thicket whose sentinels need the sun each day.
fn sunny_thicket() -> Scenario {
    let mut scenario = parsed(THICKET);
    scenario.tick_ms = 600_000;
    scenario.twt = embedded("solar-week").twt;
    scenario.energy.battery_mj = 18_000_000;
    scenario.energy.harvest_uw = 10_000;
    scenario.energy.brownout_percent = 5;
    scenario.energy.recover_percent = 10;
    scenario.energy.sun = Sun::Day { peak_uw: 1_000_000, day_minutes: 720 };
    scenario.energy.clouds =
        Clouds { dim_percent: 70, cloudy_hours: 5, clear_hours: 9, region_mm: 10_000 };
    scenario
}

/// Every node's battery by id.
fn batteries(mesh: &mut qres::mesh::Mesh) -> Vec<EnergyPool> {
    let ids = mesh.neurons().len() as u32;
    let world = mesh.world();
    let mut query = world.query::<(&qres::mesh::components::Identity, &Battery)>();
    let mut all: Vec<_> = query.iter(world).map(|(node, pool)| (node.id, pool.0)).collect();
    all.sort_unstable_by_key(|(id, _)| *id);
    assert_eq!(all.len() as u32, ids);
    all.into_iter().map(|(_, pool)| pool).collect()
}

#[test]
fn what_is_left_is_start_and_harvest_less_what_was_spent() {
    let scenario = sunny_thicket();
    let mut mesh = mesh(&scenario, 1);
    let config = mesh.plan().config.energy;
    let full_uj = config.capacity_uj;
    let before = batteries(&mut mesh);
    let mut taken_nj: Vec<u64> = before.iter().map(|pool| pool.level_uj() * 1_000).collect();
    let mut levels = taken_nj.clone();
    for tick in 0..1_008 {
        mesh.step();
        for (id, pool) in batteries(&mut mesh).iter().enumerate() {
            let light_uw = mesh.light_uw(NodeId(id as u32), Tick(tick));
            let offered_nj = u64::from(light_uw + config.harvest_uw) * 600_000;
            taken_nj[id] += offered_nj.min(full_uj * 1_000 - levels[id]);
            // The level is known to the microjoule only, but what was spent to the nanojoule.
            levels[id] = taken_nj[id] - pool.spending.total_nj();
            assert_eq!(levels[id] / 1_000, pool.level_uj(), "node {id} at {tick}");
        }
    }
    let summary = mesh.summary().energy;
    assert!(summary.brownouts > 6, "{summary:?}");
    assert!(summary.off < summary.brownouts, "nobody came back: {summary:?}");
    let least = batteries(&mut mesh).iter().map(EnergyPool::level_uj).min();
    assert!(least > Some(0), "nodes go off before their batteries are empty");
}

#[test]
fn a_week_sees_nodes_go_off_and_come_back() {
    let mut mesh = mesh(&embedded("solar-week"), 1);
    let (mut went, mut came) = (0, 0);
    let mut off = [false; 100];
    for tick in 0..1_008_u64 {
        mesh.step();
        for (was, pool) in off.iter_mut().zip(batteries(&mut mesh)) {
            let is = pool.is_browned_out();
            went += u32::from(is && !*was);
            if *was && !is {
                came += 1;
                // Sunrise is at half past six, sunset eleven hours later.
                assert!((39..105).contains(&(tick % 144)), "came back in the dark, tick {tick}");
            }
            *was = is;
        }
    }
    assert!(went >= 6 && came >= 6, "{went} went off, {came} came back");
}

#[test]
fn a_sun_changes_nothing_for_those_who_have_none() {
    let plain = parsed(THICKET);
    let mut clouded = plain.clone();
    clouded.energy.clouds.dim_percent = 90;
    let (mut one, mut other) = (mesh(&plain, 1), mesh(&clouded, 1));
    run_to(&mut one, 120);
    run_to(&mut other, 120);
    assert_eq!(one.digest(), other.digest());
}

#[test]
fn a_recorded_sun_is_read_behind_the_signals() {
    let mut scenario = sunny_thicket();
    scenario.energy.clouds.dim_percent = 0;
    scenario.energy.sun = Sun::Recorded(RecordedSun {
        path: "sun.csv".to_owned(),
        column: "light".to_owned(),
        uw_per_unit: 500.0,
        period_minutes: 20,
        delimiter: qres::scenario::Delimiter::Comma,
        missing: vec!["NA".to_owned()],
        source: String::new(),
    });
    assert!(scenario.validate().is_ok());
    let values = vec![Some(3 << 16), None, Some(-(2 << 16)), Some(1 << 15)];
    let series = Series { values, ..Series::default() };
    let loaded: Loaded = vec![vec![None, None, Some(std::sync::Arc::new(series))]];
    let plan = Plan::new(&scenario, 1, &loaded).expect("a plan");
    let light: Vec<u32> =
        (0..10).map(|tick| plan.light_uw(NodeId(3), [0; 3], Tick(tick))).collect();
    assert_eq!(light, [1_500, 1_500, 0, 0, 0, 0, 250, 250, 0, 0]);
}
