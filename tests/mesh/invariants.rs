//! The seven invariants on a small mesh: each holds with its defence, and breaks without it where
//! the documentation says so. Figures of the full experiments are printed, not tested.

use qres::evidence::invariants::{ALL, Reading, Scale};

/// The figures of an invariant on a small scale.
fn readings(name: &str, seed: u64) -> Vec<Reading> {
    let claim = ALL.iter().find(|claim| claim.name == name).expect("an invariant");
    claim.readings(seed, Scale::Small).expect("runs")
}

/// Whether the figure of `arm` is as wanted.
fn holds(readings: &[Reading], arm: &str, measure: &str) -> bool {
    let ours = |reading: &&Reading| reading.arm == arm && reading.measure == measure;
    let reading = readings.iter().find(ours).expect("a figure of that name");
    reading.wanted.holds(reading.value)
}

#[test]
fn a_bounded_voice_moves_a_mean_by_its_share_and_a_trimmed_mean_may_differ() {
    let all = readings("bounded influence", 1);
    let (pull, faded) =
        ("most pull over share of reputation", "pull at reputation 0.01 over that at 1");
    assert!(holds(&all, "bounded, mean", pull) && holds(&all, "bounded, mean", faded));
    // A voice of no reputation still takes a place among those that are trimmed.
    assert!(!holds(&all, "bounded, trimmed mean", faded));
    assert!(!holds(&all, "without: weighed only", pull));
    assert!(!holds(&all, "without: all count alike", pull));
    assert!(!holds(&all, "without: all count alike", faded));
}

#[test]
fn identities_gain_less_than_they_may() {
    let all = readings("Sybil economics", 1);
    let gained = "influence gained over k r0 / (n + k)";
    assert!(holds(&all, "defence", gained) && !holds(&all, "without", gained));
}

#[test]
fn liars_together_move_a_merge_by_their_share() {
    let all = readings("graceful collusion", 1);
    let merge = "moved in a merge over share times push";
    assert!(holds(&all, "bounded, mean", merge));
    assert!(!holds(&all, "without: all count alike", merge));
    assert!(holds(&all, "defence", "harm together over harm alone"));
}

#[test]
fn only_trusted_votes_wake_others_and_none_changes_a_regime() {
    let all = readings("no escalation", 1);
    let (alarms, stormy) =
        ("emergencies in 1,000 ticks of an honest sentinel", "honest nodes that were in Storm");
    for arm in ["defence, strangers", "defence, and two trusted", "defence, and three trusted"] {
        assert!(holds(&all, arm, alarms) && holds(&all, arm, stormy), "{arm}");
    }
    let without = "without: any reputation counts";
    assert!(!holds(&all, without, alarms) && holds(&all, without, stormy));
}

#[test]
fn nobody_pays_for_votes_that_do_not_count() {
    let all = readings("no brownouts", 1);
    let more = "taken on top by the neediest, percent";
    assert!(holds(&all, "defence, ample", more) && !holds(&all, "without, ample", more));
}

#[test]
fn who_rounds_like_a_float_is_convicted_and_nobody_else() {
    let all = readings("auditable compliance", 1);
    let found = "found of cheaters with honest sentinels";
    assert!(holds(&all, "defence", found) && holds(&all, "defence", "honest nodes convicted"));
    assert!(!holds(&all, "without", found));
}

#[test]
fn a_fifth_may_straggle_and_with_a_quarter_silent_all_fall_back_and_go_on() {
    let all = readings("liveness", 1);
    let quarter = "fallbacks a node, a quarter silent";
    for measure in [
        "rounds, random peers",
        "rounds, field of sensors",
        "fallbacks a node, a fifth silent",
        quarter,
        "merges a node after that",
    ] {
        assert!(holds(&all, "defence", measure), "{measure}");
    }
    assert!(!holds(&all, "without", quarter));
}
