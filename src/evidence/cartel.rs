//! What audits do to cartels: rounds until members are convicted, by rate, and what that costs; and
//! how far those drift the mesh whom no audit finds.

mod arms;
mod run;

use serde_json::{Value, json};

use super::statistics::{Estimate, estimate, percentile};
use super::{Context, Table};
use arms::{Arm, Goal, arms};
use run::{Outcome, run};

/// Runs of each row.
const SEEDS: u64 = 10;
/// Rounds that a member may take, on average, and share of all bytes that audits may cost.
const ROUNDS: f64 = 82.0;
const BYTES: f64 = 0.02;
/// Drift above the floor of those whom no audit finds.
const DRIFT: f64 = 0.05;

/// The table `cartel`.
pub(super) fn table(context: &Context) -> Result<Table, String> {
    let mut table = Table::new(
        "49 nodes on a grid, each in range of eight; 7 of them lie from tick 400 on, together; \
         judged at tick 2,400, but convictions of covered members, which are watched until all \
         have one, to tick 10,000 at most. Mean of 10 seeds with the half-width of its 95 % \
         interval, for rounds over the seeds' means. members: \
         `naive` ones commit to what their nodes computed, `covered` ones name what they send in \
         their commitments, so that only a recomputation finds them; unwatched: of all \
         seeds, those without an honest sentinel in range and without an honest client. every, \
         rate: rounds of a commitment and percent of updates drawn of a node that speaks in every \
         round, `protocol.audit`. convicted: members that an honest node has convicted, share. \
         rounds: own rounds of a member from its first lie to its first conviction, of those \
         convicted in all seeds; all: rounds until the last, where \
         all were convicted in every seed. within_82: members convicted within 82 rounds, share. \
         bytes: of audits in all that is sent. bytes_node_round: the same a node and round. \
         drift: 95th percentile over honest nodes, beside the run in which the members keep \
         silent; floor: of two such runs under other noise. honest_banned: honest nodes that an \
         honest node bans or has convicted, sum of all seeds. goals: mean rounds at most 82, bytes \
         at most 2 %, all convicted and no honest node; for poisoned samples, drift at most 0.05 \
         above the floor.",
        &[
            "members",
            "attack",
            "every",
            "rate",
            "unwatched",
            "convicted",
            "convicted_half",
            "rounds_mean",
            "rounds_half",
            "rounds_median",
            "rounds_p95",
            "all",
            "within_82",
            "bytes",
            "bytes_half",
            "bytes_node_round",
            "honest_banned",
            "drift",
            "drift_half",
            "floor",
            "goals",
        ],
    );
    let arms = arms();
    let next = std::sync::atomic::AtomicUsize::new(0);
    let work = || {
        let mut done = Vec::new();
        loop {
            let place = next.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
            let Some(arm) = arms.get(place) else { return Ok::<_, String>(done) };
            let outcomes = (1..=SEEDS).map(|seed| run(arm, seed)).collect::<Result<Vec<_>, _>>()?;
            done.push((place, outcomes));
        }
    };
    let mut done = std::thread::scope(|scope| {
        let workers: Vec<_> = (0..context.threads.max(1)).map(|_| scope.spawn(work)).collect();
        let results = workers.into_iter().map(|worker| {
            worker.join().unwrap_or_else(|_| Err("a run of the table broke off".to_owned()))
        });
        results.collect::<Result<Vec<_>, _>>()
    })?
    .concat();
    done.sort_by_key(|(place, _)| *place);
    for (place, outcomes) in done {
        table.row(row(&arms[place], &outcomes));
    }
    Ok(table)
}

fn row(arm: &Arm, outcomes: &[Outcome]) -> [Value; 21] {
    let of = |figure: &dyn Fn(&Outcome) -> f64| {
        estimate(&outcomes.iter().map(figure).collect::<Vec<f64>>())
    };
    let rounded = |value: f64| json!((value * 10_000.0).round() / 10_000.0);
    let maybe = |value: Option<f64>| value.map_or(Value::Null, |value| json!(value.round()));
    let mut rounds: Vec<f64> = outcomes.iter().flat_map(|outcome| outcome.rounds.clone()).collect();
    rounds.sort_unstable_by(f64::total_cmp);
    let mean = (!rounds.is_empty()).then(|| estimate(&rounds).mean);
    // Members of one seed are not independent.
    let by_seed = outcomes.iter().filter(|outcome| !outcome.rounds.is_empty());
    let by_seed: Vec<f64> = by_seed.map(|outcome| estimate(&outcome.rounds).mean).collect();
    let by_seed = (!by_seed.is_empty()).then(|| estimate(&by_seed));
    let middle = |share: f64| (!rounds.is_empty()).then(|| percentile(&rounds, share));
    let members: f64 = outcomes.iter().map(|outcome| outcome.members).sum();
    let within = rounds.iter().filter(|rounds| **rounds <= ROUNDS).count() as f64;
    let last = |outcome: &Outcome| outcome.rounds.iter().copied().fold(0.0, f64::max);
    let all = members > 0.0 && rounds.len() as f64 >= members;
    let convicted = |outcome: &Outcome| outcome.rounds.len() as f64 / outcome.members.max(1.0);
    let Estimate { mean: share, half_width: share_half } = of(&convicted);
    let Estimate { mean: bytes, half_width: bytes_half } = of(&|outcome| outcome.bytes);
    let Estimate { mean: drift, half_width: drift_half } = of(&|outcome| outcome.drift);
    let floor = of(&|outcome| outcome.floor).mean;
    let honest: f64 = outcomes.iter().map(|outcome| outcome.honest_banned).sum();
    let is_cheap = bytes <= BYTES && honest == 0.0;
    let met = match arm.goal {
        Goal::None => Value::Null,
        Goal::Convicts => {
            json!(all && is_cheap && mean.is_some_and(|mean| mean <= ROUNDS))
        }
        Goal::Spares => json!(is_cheap && drift - floor <= DRIFT),
    };
    [
        json!(arm.members),
        json!(arm.attack_name),
        json!(arm.every_rounds),
        json!(arm.rate_percent),
        json!(of(&|outcome| outcome.unwatched).mean * outcomes.len() as f64),
        if members > 0.0 { rounded(share) } else { Value::Null },
        if members > 0.0 { rounded(share_half) } else { Value::Null },
        maybe(mean),
        maybe(by_seed.map(|seeds| seeds.half_width)),
        maybe(middle(0.5)),
        maybe(middle(0.95)),
        if all { json!(of(&last).mean.round()) } else { Value::Null },
        if members > 0.0 { rounded(within / members) } else { Value::Null },
        rounded(bytes),
        rounded(bytes_half),
        rounded(of(&|outcome| outcome.bytes_node_round).mean),
        json!(honest),
        rounded(drift),
        rounded(drift_half),
        rounded(floor),
        met,
    ]
}
