//! The table in small: its schema, its pieces, and what a broken-off run leaves behind.

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::sync::atomic::{AtomicUsize, Ordering};

use serde_json::{Value, json};

use super::arms::{
    AGAINST_ALL, Arm, Defence, IN_OTHERS_NAMES, ON_GRAPHS, OURS, SIGNED, Trouble, attacks, ours,
    rules,
};
use super::full::{Shard, Task, complete, share_out};
use super::ground::Ground;
use super::jobs::{self, Job, Measure};
use super::run::Controls;
use super::store::{Row, Store, file_name};
use super::{compose, row};
use crate::evidence::Progress;
use crate::evidence::drift;
use crate::scenario::Attack;

fn folder(name: &str) -> PathBuf {
    let path = std::env::temp_dir().join(format!("qres-byzantine-{name}-{}", std::process::id()));
    let _ = std::fs::remove_dir_all(&path);
    path
}

fn arm(attack: Attack, nodes: u32, ground: Ground) -> Arm {
    Arm {
        attack_name: "test",
        trouble: Trouble::Lies { attack, collude: false },
        defence: ours(&attack),
        share_percent: 30,
        storm: true,
        nodes,
        ground,
        end_tick: 330,
    }
}

/// Twelve tasks in groups of three; a row is the square of its job, which is a number in words.
fn tasks() -> Vec<Task<String>> {
    let task = |job: usize| {
        let (id, job_text) = (format!("row {job}"), job.to_string());
        Task { id, group: job / 3, weight: 1, job: job_text }
    };
    (0..12).map(task).collect()
}

fn square(job: &String) -> Result<Row, String> {
    let number: u64 = job.parse().map_err(|why| format!("{job}: {why}"))?;
    Ok([("square".to_owned(), json!(number * number))].into_iter().collect())
}

fn ids() -> Vec<String> {
    tasks().into_iter().map(|task| task.id).collect()
}

fn merged(store: &Store) -> Result<Vec<Row>, String> {
    store.merge(ids().iter().map(String::as_str))
}

fn squares() -> Vec<Row> {
    tasks().iter().map(|task| square(&task.job).expect("a row")).collect()
}

#[test]
fn a_run_that_breaks_off_goes_on_where_it_was() {
    let path = folder("resume");
    let store = Store::create(&path, "a").expect("create");
    let calls = AtomicUsize::new(0);
    let breaks = |job: &String| match calls.fetch_add(1, Ordering::Relaxed) {
        5.. => Err("no power".to_owned()),
        _ => square(job),
    };
    let quiet = Progress::default();
    let broken = complete(&tasks(), Shard::ALL, &store, 1, &quiet, &breaks);
    assert_eq!(broken, Err("no power".to_owned()));
    // What a write that was cut off leaves beside its place is no row.
    std::fs::write(path.join("row-7.json.1.part"), "{\"id\":\"row 7\",").expect("written");
    assert!(merged(&store).is_err());
    let again = AtomicUsize::new(0);
    let counts = |job: &String| {
        again.fetch_add(1, Ordering::Relaxed);
        square(job)
    };
    let store = Store::open(&path, "a").expect("open again");
    assert_eq!(complete(&tasks(), Shard::ALL, &store, 2, &quiet, &counts), Ok(7));
    assert_eq!(again.load(Ordering::Relaxed), 7, "finished rows are not computed again");
    assert_eq!(merged(&store), Ok(squares()));
    assert_eq!(complete(&tasks(), Shard::ALL, &store, 2, &quiet, &breaks), Ok(0));
    let _ = std::fs::remove_dir_all(&path);
}

#[test]
fn merging_refuses_gaps_and_what_is_no_row() {
    let path = folder("gaps");
    assert!(Store::open(&path, "a").is_err() && !path.exists(), "to look makes no folder");
    let store = Store::create(&path, "a").expect("create");
    complete(&tasks(), Shard::ALL, &store, 1, &Progress::default(), &square).expect("complete");
    let file = path.join(file_name("row 4"));
    std::fs::remove_file(&file).expect("removed");
    let why = merged(&store).expect_err("a gap");
    assert!(why.contains("1 of 12 rows are missing") && why.contains("`row 4`"), "{why}");
    for wrong in ["", "{}", "[]", "{\"id\":\"row 5\",\"row\":{}}", "{\"id\":\"row 4\",\"row\":1}"] {
        std::fs::write(&file, wrong).expect("written");
        let why = merged(&store).expect_err(wrong);
        assert!(why.contains("row-4.json: is not as it was written; remove it"), "{why}");
    }
    let why = Store::create(&path, "b").expect_err("another table");
    assert!(why.contains("name another folder"), "{why}");
    std::fs::write(path.join("manifest.json"), "{").expect("written");
    let why = Store::open(&path, "a").expect_err("damaged");
    assert!(why.contains("manifest.json: is damaged; name another folder"), "{why}");
    std::fs::remove_file(path.join("manifest.json")).expect("removed");
    let why = Store::open(&path, "a").expect_err("none");
    assert!(why.contains("qres evidence byzantine --out"), "{why}");
    let _ = std::fs::remove_dir_all(&path);
}

#[test]
fn a_shard_is_computed_by_one_process_at_a_time() {
    let path = folder("lock");
    let store = Store::create(&path, "a").expect("create");
    let hold = |of: &str| store.hold(of.parse().expect("a shard"));
    let both = [hold("0/2").expect("free"), hold("1/2").expect("free")];
    for of in ["0/2", "0/1"] {
        let why = hold(of).map(|_| ()).expect_err("held");
        assert!(why.contains("another process computes rows here"), "{why}");
    }
    drop(both);
    let whole = hold("0/1").expect("free again");
    assert!(hold("0/2").is_err() && hold("0/1").is_err());
    drop(whole);
    let _ = std::fs::remove_dir_all(&path);
}

#[test]
fn shards_have_every_row_once_and_whole_groups() {
    for of in 1..=7 {
        let shards: Vec<Shard> =
            (0..of).map(|index| format!("{index}/{of}").parse().expect("a shard")).collect();
        for job in jobs::all() {
            let owners = shards.iter().filter(|shard| shard.has(job.group)).count();
            assert_eq!(owners, 1, "{} of {of}", job.id());
        }
    }
    let path = folder("shards");
    for text in ["0/3", "2/3", "1/3"] {
        let store = Store::create(&path, "a").expect("create");
        assert!(merged(&store).is_err(), "before {text}");
        let shard = text.parse().expect("a shard");
        complete(&tasks(), shard, &store, 2, &Progress::default(), &square).expect("complete");
    }
    assert_eq!(merged(&Store::open(&path, "a").expect("open")), Ok(squares()));
    let _ = std::fs::remove_dir_all(&path);
    for wrong in ["", "1", "3/3", "4/3", "0/0", "a/b", "-1/3", "1/3/4", "1/70000"] {
        assert!(wrong.parse::<Shard>().is_err(), "{wrong}");
    }
}

#[test]
fn work_that_is_shared_out_comes_back_in_order_and_is_told() {
    let told = std::sync::Arc::new(std::sync::Mutex::new(Vec::new()));
    let ears = told.clone();
    let progress = Progress::new(move |done, total| {
        ears.lock().expect("whole").push((done, total));
    });
    let work: Vec<u64> = (1..=20).collect();
    let doubled = share_out(&work, 3, |piece| *piece, &progress, &|piece| Ok(2 * piece));
    assert_eq!(doubled, Ok((1..=20).map(|piece| 2 * piece).collect()));
    let told = told.lock().expect("whole");
    assert_eq!((told.first(), told.last()), (Some(&(0, 210)), Some(&(210, 210))));
    assert_eq!(told.len(), 21);
}

#[test]
fn rows_have_names_of_their_own() {
    for list in [jobs::usual(), jobs::all()] {
        let ids: BTreeSet<String> = list.iter().map(Job::id).collect();
        let files: BTreeSet<String> = ids.iter().map(|id| file_name(id)).collect();
        assert_eq!((ids.len(), files.len()), (list.len(), list.len()));
        assert!(files.iter().all(|name| name.len() < 128), "no file system minds");
    }
}

/// Every attack in both weathers and sizes, and every rule under six attacks, at 30 %.
#[test]
fn both_tables_have_what_is_claimed() {
    let known: Vec<&str> = attacks().into_iter().map(|(name, ..)| name).collect();
    assert_eq!(known.len(), 30);
    // As docs/attackers.md says.
    assert_eq!([jobs::usual().len(), jobs::all().len()], [276, 940]);
    assert!(AGAINST_ALL.iter().chain(&ON_GRAPHS).all(|name| known.contains(name)));
    for list in [jobs::usual(), jobs::all()] {
        let gated = list.iter().filter(|job| job.measure == Measure::Drift && job.arm.is_gated());
        let of: BTreeSet<_> =
            gated.map(|job| (job.arm.attack_name, job.arm.storm, job.arm.nodes)).collect();
        assert_eq!(of.len(), 30 * 2 * 2);
        let signed = list.iter().filter(|job| job.arm.defence == SIGNED);
        let signed: Vec<_> = signed.map(|job| (job.arm.attack_name, job.arm.storm)).collect();
        let both = [false, true].map(|storm| IN_OTHERS_NAMES.map(|name| (name, storm)));
        assert_eq!(signed, both.concat());
        assert!(of.iter().all(|(_, _, nodes)| [100, 1_000].contains(nodes)));
        for rule in rules(Ground::Field) {
            let met = list.iter().filter(|job| job.arm.defence == rule && job.arm.nodes == 100);
            let met: BTreeSet<_> = met.map(|job| job.arm.attack_name).collect();
            assert_eq!(met, AGAINST_ALL.into_iter().collect(), "{}", rule.name);
        }
        for ground in [Ground::Ring, Ground::Grid, Ground::TwoWorlds] {
            assert!(list.iter().any(|job| job.arm.ground == ground && job.arm.defence == OURS));
        }
        for kind in ["jamming", "eclipse", "Sybil"] {
            let is_kind = |job: &&Job| job.arm.attack_name.starts_with(kind);
            assert!(list.iter().filter(is_kind).count() >= 2, "{kind}");
            assert!(!list.iter().filter(is_kind).any(|job| job.arm.is_gated()), "{kind}");
        }
        assert!(list.iter().any(|job| job.measure == Measure::Breakdown));
    }
}

/// Every plan can be made: no rule asks for more voices than its ground has.
#[test]
fn every_arm_makes_a_mesh() {
    let mut seen = BTreeSet::new();
    for job in jobs::all().into_iter().filter(|job| job.arm.nodes <= 100) {
        let kind = format!("{:?} {:?} {:?}", job.arm.defence, job.arm.ground, job.arm.storm);
        let lies = matches!(job.arm.trouble, Trouble::Lies { .. });
        if !seen.insert(kind) && lies {
            continue;
        }
        compose::troubled(&job.arm, 1).unwrap_or_else(|why| panic!("{}: {why}", job.id()));
    }
}

#[test]
fn graphs_are_what_their_names_say() {
    // (ground, nodes, links of the node with fewest and with most, connectivity)
    let ring = {
        let cos = |k: f64| libm::cos(std::f64::consts::TAU * k / 100.0);
        4.0 - 2.0 * cos(1.0) - 2.0 * cos(2.0)
    };
    let grid = 2.0 - 2.0 * libm::cos(std::f64::consts::PI / 10.0);
    let cases = [
        (Ground::Ring, 100, [4, 4], ring),
        (Ground::Grid, 100, [2, 4], grid),
        (Ground::TwoWorlds, 26, [20, 20], 16.0),
    ];
    for (ground, nodes, degrees, connectivity) in cases {
        let arm = arm(Attack::Mimic, nodes, ground);
        let stage = compose::troubled(&arm, 1).expect("a mesh");
        let degree = |node: u32| stage.plan.graph.neighbours(qres_core::id::NodeId(node)).len();
        let all: Vec<usize> = (0..nodes).map(degree).collect();
        assert_eq!(
            [all.iter().min(), all.iter().max()],
            degrees.each_ref().map(Some),
            "{ground:?}"
        );
        let [found, honest] = stage.around.connectivity();
        assert!((found - connectivity).abs() < 1e-6, "{ground:?}: {found}");
        assert!(honest > 0.0, "the largest honest part hangs together");
        let hostile = (0..nodes as usize).filter(|node| stage.around.is_hostile(*node)).count();
        assert_eq!(hostile, nodes as usize * 3 / 10);
    }
}

#[test]
fn troubles_strike_whom_they_should() {
    let of = |trouble| Arm { trouble, ..arm(Attack::Mimic, 100, Ground::Field) };
    let jammed = compose::troubled(&of(Trouble::Jamming), 1).expect("a mesh");
    let [_, near] = jammed.around.counts();
    assert!((20..=45).contains(&near), "about three in ten stand near the jammer: {near}");
    let bias = Attack::Bias { bias: 0.5 };
    let lies = compose::troubled(&arm(bias, 100, Ground::Field), 1).expect("a mesh");
    let eclipse = compose::troubled(&of(Trouble::Eclipse { attack: bias, collude: false }), 1);
    let eclipse = eclipse.expect("a mesh");
    assert_eq!(eclipse.around.counts()[1], lies.around.counts()[1] + 5, "five victims");
    let sybils = of(Trouble::Sybils { attack: bias });
    let invented = compose::troubled(&sybils, 1).expect("a mesh");
    assert_eq!((invented.plan.nodes.len(), invented.around.attackers()), (130, 33));
    assert!((sybils.share() - 33.0 / 130.0).abs() < 1e-12);
}

/// Attackers in a control keep silent and sense the truth, so one control serves every attack.
#[test]
fn a_silent_run_does_not_depend_on_the_attack() {
    let honest = |attack: Attack| {
        let arm = Arm { storm: false, ..arm(attack, 12, Ground::Field) };
        let stage = compose::silent(&arm, 3).expect("a mesh");
        let (silent, _) = drift::controls(&stage.plan, arm.end_tick, 1);
        silent
    };
    assert_eq!(honest(Attack::Mimic), honest(Attack::FalseEntropy { noise: 20.0 }));
}

/// One real row of each measure, small: the fields that readers rely on, with their kinds.
#[test]
fn a_row_has_its_fields() {
    let bias = Attack::Bias { bias: 0.5 };
    let arm = Arm { storm: false, ..arm(bias, 12, Ground::TwoWorlds) };
    let job = Job { measure: Measure::Drift, arm, seeds: 2, group: 0 };
    let controls = Controls::default();
    let row = row::compute(&job, &controls).expect("a row");
    let names: BTreeSet<&str> = row.keys().map(String::as_str).collect();
    assert_eq!(names, row::COLUMNS.into_iter().collect());
    let words = ["attack", "defence", "measure", "graph"];
    let flags = ["storm", "gated", "holds"];
    let numbers = [
        "share",
        "nodes",
        "drift_p95",
        "half_width",
        "floor",
        "captured",
        "banned_honest",
        "detected",
        "bytes_per_node",
        "mj_per_node",
        "seeds",
        "excess",
        "counted",
        "connectivity",
    ];
    assert!(words.iter().all(|name| row[*name].is_string()), "{row:?}");
    assert!(flags.iter().all(|name| row[*name].is_boolean()), "{row:?}");
    assert!(numbers.iter().all(|name| row[*name].is_number()), "{row:?}");
    assert_eq!((&row["defence"], &row["share"]), (&json!("qres"), &json!(0.3)));
    assert_eq!((&row["gated"], &row["breakdown"]), (&json!(false), &Value::Null));
    assert_eq!((&row["crosses"].is_boolean(), &row["ended_by_few"]), (&true, &Value::Null));
    assert_eq!(row::compute(&job, &controls).expect("a row"), row, "kept controls change nothing");
}

/// A gated row of the table, small: it holds, and the same attack on a mean alone does not.
#[test]
fn a_gated_row_holds_and_the_mean_does_not() {
    let noise = Attack::Gaussian { deviation: 1.0 };
    let row = |defence: Defence, storm: bool| {
        let arm = Arm { defence, storm, end_tick: 1_200, ..arm(noise, 40, Ground::Field) };
        let job = Job { measure: Measure::Drift, arm, seeds: 1, group: 0 };
        row::compute(&job, &Controls::default()).expect("a row")
    };
    for storm in [false, true] {
        let row = row(OURS, storm);
        assert_eq!((&row["gated"], &row["holds"]), (&json!(true), &json!(true)), "{row:?}");
        assert!(row::failures(&[row]).is_empty());
    }
    let mean = rules(Ground::Field).into_iter().find(|rule| rule.name == "mean").expect("a rule");
    let mut row = row(mean, false);
    assert_eq!((&row["gated"], &row["holds"]), (&json!(false), &json!(false)), "{row:?}");
    row.insert("gated".to_owned(), json!(true));
    assert_eq!(row::failures(&[row]).len(), 1);
}
