//! What members of a secure aggregation take from each other: rosters, sealed hands, shares.

#![expect(clippy::expect_used, reason = "an honest round that fails is a finding")]

use std::sync::LazyLock;

use qres_core::id::NodeId;
use qres_core::privacy::aggregation::{Member, Reveal, Seals, unmask};
use qres_core::privacy::exchange::{Exchange, ExchangeKey};
use qres_core::privacy::roster::{MEMBERS_MAX, MEMBERS_MIN, Members, Roster};
use qres_core::privacy::seed::Share;

/// Members of the group that the corpus knows, and how many must answer.
const COUNT: usize = 4;
const THRESHOLD: u8 = 3;
/// What each of them adds to the sum.
const PART: [i32; 2] = [1_000, -7];

/// A round in which everybody was honest so far.
pub struct Round {
    roster: Roster,
    keys: Vec<ExchangeKey>,
    seals: Vec<Seals>,
    /// The hands for member 1, by dealer.
    pub hands: Vec<Vec<u8>>,
    /// The sum with all masks on.
    masked: [i32; 2],
    /// What each member reveals.
    pub reveals: Vec<Reveal>,
}

static ROUND: LazyLock<Round> = LazyLock::new(round);

fn exchange(place: usize) -> Exchange {
    Exchange::from_seed(&[place as u8 + 1; 32])
}

fn member(roster: &Roster, keys: &[ExchangeKey], place: usize) -> Member {
    let node = NodeId(place as u32);
    Member::new(roster, node, &exchange(place), keys, &[9; 32]).expect("an honest group")
}

/// The honest round, from which the seeds of the corpus are made.
pub fn round() -> Round {
    let nodes: Vec<NodeId> = (0..COUNT as u32).map(NodeId).collect();
    let roster = Roster::new(1, 1, &nodes, THRESHOLD).expect("a group");
    let keys: Vec<ExchangeKey> = (0..COUNT).map(|place| exchange(place).public()).collect();
    let mut members: Vec<Member> = (0..COUNT).map(|place| member(&roster, &keys, place)).collect();
    let mut hands = vec![Vec::new(); COUNT];
    for from in 0..COUNT {
        for to in (0..COUNT).filter(|to| *to != from) {
            let hand = members[from].deal(to).expect("a hand");
            assert_eq!(members[to].take(from, &hand), Ok(()));
            if to == 1 {
                hands[from] = hand.to_vec();
            }
        }
    }
    let everybody = Members::all(COUNT);
    let mut masked = [0_i32; 2];
    for member in &mut members {
        let mut part = PART;
        assert_eq!(member.mask(everybody, &mut part), Ok(()));
        masked.iter_mut().zip(part).for_each(|(sum, part)| *sum = sum.wrapping_add(part));
    }
    let reveals = members.iter_mut().map(|member| member.reveal(everybody).expect("shares"));
    let reveals = reveals.collect();
    let seals = members.iter().map(Member::seals).collect();
    Round { roster, keys, seals, hands, masked, reveals }
}

/// A kind of message, then its bytes.
pub fn aggregation(data: &[u8]) -> bool {
    let Some((kind, bytes)) = data.split_first() else { return false };
    match kind % 3 {
        0 => roster(bytes),
        1 => hand(bytes),
        _ => shares(bytes),
    }
}

/// A threshold, then ids of four bytes each.
fn roster(bytes: &[u8]) -> bool {
    let Some((threshold, rest)) = bytes.split_first() else { return false };
    let ids: Vec<NodeId> =
        rest.as_chunks().0.iter().map(|id| NodeId(u32::from_le_bytes(*id))).collect();
    let Ok(roster) = Roster::new(1, 1, &ids, *threshold) else { return false };
    let members = roster.members();
    assert!((MEMBERS_MIN..=MEMBERS_MAX).contains(&members.len()), "{roster:?}");
    assert!(members.is_sorted_by(|a, b| a < b), "{roster:?}");
    assert!(2 * usize::from(*threshold) > members.len(), "{roster:?}");
    assert!(ids.iter().all(|id| roster.place(*id).is_some()), "{roster:?}");
    true
}

/// A dealer, then a hand for member 1: as it is, and as changes to the honest one. Only the honest
/// hand opens.
fn hand(bytes: &[u8]) -> bool {
    let Some((from, sealed)) = bytes.split_first() else { return false };
    let from = usize::from(*from);
    let honest = ROUND.hands.get(from).map_or(&[][..], Vec::as_slice);
    let mut changed = honest.to_vec();
    changed.iter_mut().zip(sealed).for_each(|(byte, change)| *byte ^= change);
    let mut accepted = false;
    for hand in [sealed, &changed] {
        let taken = member(&ROUND.roster, &ROUND.keys, 1).take(from, hand);
        assert_eq!(taken.is_ok(), !hand.is_empty() && hand == honest, "{taken:?}");
        accepted |= taken.is_ok() && hand == sealed;
    }
    accepted
}

/// A holder, then shares: two places and 32 bytes each. With the shares of two honest members they
/// give the sum or an error, never another sum.
fn shares(bytes: &[u8]) -> bool {
    let Some((holder, rest)) = bytes.split_first() else { return false };
    let share = |bytes: &[u8; 34]| {
        let [a, b, value @ ..] = bytes;
        let share = Share::from_bytes(*holder, *value)?;
        assert_eq!(&share.to_bytes(), value);
        Some((usize::from(*a), usize::from(*b), share))
    };
    let reveal = Reveal::from_shares(rest.as_chunks().0.iter().filter_map(share));
    let reveals = [ROUND.reveals[0].clone(), ROUND.reveals[1].clone(), reveal];
    let mut sum = ROUND.masked;
    let all = Members::all(COUNT);
    let opened = unmask(&ROUND.roster, all, all, &reveals, &ROUND.seals, &mut sum);
    let wanted = PART.map(|part| part * COUNT as i32);
    assert!(opened.is_err() || sum == wanted, "{sum:?}");
    opened.is_ok()
}
