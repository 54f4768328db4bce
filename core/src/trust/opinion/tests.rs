//! What is said, what the neighbourhood makes of it, and that slander is noticed and moves nothing.

extern crate std;

use super::*;
use crate::trust::conduct::Ledger;
use proptest::prelude::*;
use std::{vec, vec::Vec};

/// Neighbours 0, 1, 2 ... with these reputations in percent, all heard.
fn table(reputations: &[i32]) -> Vec<Neighbour> {
    let config = TrustConfig::default();
    let entry = |(id, r): (usize, &i32)| Neighbour {
        reputation: percent(*r),
        heard_tick: 1,
        ..Neighbour::new(&config, NodeId(id as u32))
    };
    reputations.iter().enumerate().map(entry).collect()
}

struct Page {
    neighbours: Vec<Neighbour>,
    entries: Vec<Entry>,
    ledger: Ledger,
}

impl Page {
    fn new(reputations: &[i32]) -> Self {
        let entries = vec![Entry::default(); reputations.len()];
        Self { neighbours: table(reputations), entries, ledger: Ledger::default() }
    }

    /// `sender` says `words` in a round of its own.
    fn hear(&mut self, sender: u32, words: &[(u32, Bucket)]) {
        let config = TrustConfig { opinions: true, ..TrustConfig::default() };
        let mut all = Opinions::default();
        for (of, bucket) in words {
            assert!(all.push(Opinion { of: NodeId(*of), bucket: *bucket }));
        }
        let (entries, ledger) = (&mut self.entries[..], &mut self.ledger);
        let mut conduct = Conduct { entries, ledger };
        hear(&config, &self.neighbours, &mut conduct, NodeId(sender), &all);
    }

    fn end_round(&mut self) {
        self.entries.iter_mut().for_each(|entry| entry.has_spoken = false);
    }

    fn verdict(&self, about: usize) -> Option<Bucket> {
        verdict(&self.neighbours, about, &self.entries[about])
    }
}

#[test]
fn buckets_have_these_edges() {
    let edges = [(0, 0), (19, 0), (20, 1), (39, 1), (40, 2), (69, 2), (70, 3), (100, 3)];
    for (hundredths, number) in edges {
        let bucket = Bucket::of(percent(hundredths));
        assert_eq!(bucket as u8, number, "{hundredths}");
        assert_eq!(Bucket::from_number(number), Some(bucket));
    }
    assert_eq!(Bucket::from_number(4), None);
}

#[test]
fn a_node_speaks_of_everybody_it_has_heard_in_turn() {
    let mut few = table(&[90, 50, 10]);
    few[1].heard_tick = Neighbour::NEVER;
    few[0].banned = true;
    let said: Vec<_> =
        opinions(&few, 9).said().iter().map(|word| (word.of.0, word.bucket)).collect();
    assert_eq!(said, [(0, Bucket::Banned), (2, Bucket::Banned)], "a ban is said as one");
    let many = table(&[50; 40]);
    let mut spoken: Vec<u32> = (0..5)
        .flat_map(|round| opinions(&many, round).said().iter().map(|o| o.of.0).collect::<Vec<_>>())
        .collect();
    spoken.sort_unstable();
    spoken.dedup();
    assert_eq!(spoken.len(), 40, "five rounds of 16 go round forty");
    assert!(opinions(&[], 3).said().is_empty());
}

#[test]
fn the_verdict_is_the_weighted_median_with_the_own_word() {
    // About 0, of whom the node itself thinks 0.5: Medium with weight 1.
    let mut page = Page::new(&[50, 80, 80, 30, 30, 30]);
    assert_eq!(page.verdict(0), None);
    page.hear(1, &[(0, Bucket::Trusted)]);
    assert_eq!(page.verdict(0), None, "one voice of 0.8 is no neighbourhood");
    page.hear(2, &[(0, Bucket::Trusted)]);
    assert_eq!(page.verdict(0), Some(Bucket::Trusted), "1.6 of 2.6");
    for liar in [3, 4, 5] {
        page.hear(liar, &[(0, Bucket::Banned)]);
    }
    // 0.9 Banned, 1 Medium, 1.6 Trusted: half of 3.5 is reached in Medium.
    assert_eq!(page.verdict(0), Some(Bucket::Medium));
    page.neighbours[1].banned = true;
    page.neighbours[2].reputation = percent(0);
    assert_eq!(page.verdict(0), None, "who has lost trust has lost its voice");
}

#[test]
fn nobody_speaks_twice_or_for_itself_and_strangers_not_at_all() {
    let mut page = Page::new(&[50, 80, 80, 80]);
    page.hear(77, &[(0, Bucket::Banned)]);
    page.hear(1, &[(1, Bucket::Trusted), (99, Bucket::Banned), (0, Bucket::Low)]);
    page.hear(1, &[(0, Bucket::Banned)]);
    assert_eq!(page.entries[0].voices.iter().collect::<Vec<_>>(), [(1, Bucket::Low)]);
    assert_eq!(page.entries[1].voices.iter().count(), 0);
    page.end_round();
    page.hear(1, &[(0, Bucket::Medium)]);
    assert_eq!(page.entries[0].voices.iter().collect::<Vec<_>>(), [(1, Bucket::Medium)]);
    page.neighbours[2].banned = true;
    page.hear(2, &[(0, Bucket::Banned)]);
    assert_eq!(page.entries[0].voices.iter().count(), 1, "the banned have no voice");
}

#[test]
fn only_the_newest_voices_are_kept() {
    let mut page = Page::new(&[50; 12]);
    for sender in 1..12 {
        page.hear(sender, &[(0, Bucket::Medium)]);
    }
    let kept: Vec<usize> = page.entries[0].voices.iter().map(|(place, _)| place).collect();
    assert_eq!(kept, [11, 10, 9, 8, 7, 6, 5, 4]);
}

/// Whether node 4 is marked after each of so many rounds in which it calls node 0 banned, while
/// three trusted nodes praise it.
fn marks(rounds: usize, lies: impl Fn(usize) -> bool, reputations: &[i32]) -> Vec<bool> {
    let mut page = Page::new(reputations);
    let before = page.neighbours.clone();
    let marks = (0..rounds)
        .map(|round| {
            for honest in [1, 2, 3] {
                page.hear(honest, &[(0, Bucket::Trusted)]);
            }
            let word = if lies(round) { Bucket::Banned } else { Bucket::Trusted };
            page.hear(4, &[(0, word)]);
            page.end_round();
            page.entries[4].is_slanderer
        })
        .collect();
    assert_eq!(page.neighbours, before, "a mark is only a mark");
    let marked: Vec<bool> = page.entries.iter().map(|entry| entry.is_slanderer).collect();
    assert!(marked.iter().enumerate().all(|(node, marked)| node == 4 || !marked), "{marked:?}");
    marks
}

#[test]
fn slander_is_marked_after_more_than_five_times_in_twenty() {
    let crowd = [80, 80, 80, 80, 80];
    let first = |marks: Vec<bool>| marks.iter().position(|marked| *marked);
    assert_eq!(first(marks(9, |_| true, &crowd)), Some(5), "the sixth time");
    assert_eq!(first(marks(100, |round| round % 4 == 0, &crowd)), None, "five of any twenty");
    assert_eq!(first(marks(100, |round| round % 3 == 0, &crowd)), Some(15), "six of sixteen");
    assert_eq!(first(marks(30, |_| true, &[30, 80, 80, 80, 80])), Some(5), "whatever we think");
    assert_eq!(first(marks(30, |_| true, &[80, 30, 30, 30, 80])), None, "no backing, no mark");
}

proptest! {
    #[test]
    fn less_than_half_of_the_weight_cannot_move_the_verdict_from_where_all_others_are(
        honest in proptest::collection::vec(50..=100_i32, 2..5),
        liars in proptest::collection::vec(0..=100_i32, 0..4),
        word in 0..4_u8,
        lie in 0..4_u8,
    ) {
        let weight = |group: &[i32]| group.iter().sum::<i32>();
        // The node's own word counts as 100 and agrees with the honest.
        prop_assume!(weight(&liars) < weight(&honest) + 95);
        prop_assume!(weight(&liars) + weight(&honest) > 152);
        let bucket = |number| Bucket::from_number(number).expect("in range");
        let own = [10, 30, 50, 90][usize::from(word)];
        let all: Vec<i32> =
            [own].iter().chain(&honest).chain(&liars).copied().collect();
        let mut page = Page::new(&all);
        for sender in 1..all.len() {
            let said = if sender <= honest.len() { word } else { lie };
            page.hear(sender as u32, &[(0, bucket(said))]);
        }
        prop_assert_eq!(page.verdict(0), Some(bucket(word)));
    }
}
