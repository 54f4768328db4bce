//! Line search: how far to go along a line of candidates so that the honest nodes' own rule ends
//! farthest from the mean of what honest nodes sent. Bounded: 24 trials.
//!
//! A trial merges as the round's target would: its own model, the other honest rows and one copy of
//! the candidate for each accomplice, at most [`PEERS`] peers, all with the same influence. What
//! trust makes of the candidate is not tried. Source of the idea: Shejwalkar and Houmansadr,
//! "Manipulating the Byzantine: optimizing model poisoning attacks and defenses for federated
//! learning", 2021, and `ByzFL` (2025), which searches the same way.

use qres_core::aggregate::{Context, Voice, aggregate};
use qres_core::id::NodeId;
use qres_core::inbox::OFFERS;
use qres_core::q16::Q16;
use qres_core::regime::Regime;

use super::view::{Vector, View, settle, squared, vector};

/// Peers in a trial.
pub const PEERS: usize = OFFERS;
/// Equal steps over the whole line.
const STEPS: i64 = 16;
/// Halvings of the step around the best of those.
const HALVINGS: u32 = 4;

/// The factor from 0 to `limit`, Q16.16, whose candidate does most harm; of equal ones the first
/// tried.
#[must_use]
pub fn worst(view: &View<'_>, limit: i64, candidate: impl Fn(i64) -> Vector) -> i64 {
    let trial = Trial::new(view);
    let harm = |factor: i64| trial.harm(&candidate(factor));
    let mut best = (0, 0);
    let mut consider = |factor: i64| {
        let harm = harm(factor);
        if harm > best.0 {
            best = (harm, factor);
        }
        best.1
    };
    let mut at = (1..=STEPS).map(|step| limit * step / STEPS).map(&mut consider).last();
    let mut step = limit / STEPS;
    for _ in 0..HALVINGS {
        step /= 2;
        let centre = at.unwrap_or(0);
        for factor in [centre - step, centre + step] {
            at = Some(consider(factor.clamp(0, limit)));
        }
    }
    at.unwrap_or(0)
}

/// The target's side of a merge.
struct Trial<'a> {
    view: &'a View<'a>,
    own: Voice,
    peers: heapless::Vec<Voice, PEERS>,
    copies: usize,
    honest: Vector,
}

impl<'a> Trial<'a> {
    fn new(view: &'a View<'a>) -> Self {
        let voice = |node: NodeId, at: &Vector| Voice {
            node,
            influence: Q16::ONE,
            loss: None,
            weights: settle(at),
        };
        let target = view.target();
        let copies = view.accomplices.clamp(1, PEERS / 2);
        let others = view.rows.iter().cycle().skip(target + 1);
        let others = others.take(view.rows.len().saturating_sub(1));
        let peers = others.take(PEERS - copies).map(|row| voice(row.node, &row.at)).collect();
        let node = view.rows.get(target).map_or(NodeId::NONE, |row| row.node);
        let (own, honest) = (voice(node, &view.target_at()), view.mean());
        Self { view, own, peers, copies, honest }
    }

    /// The squared distance of what the target makes of it from the honest mean.
    fn harm(&self, candidate: &Vector) -> u128 {
        let target = self.view.target_at();
        if self.view.screen.as_ref().is_some_and(|screen| screen.would_catch(candidate, &target)) {
            return 0;
        }
        let mut peers = self.peers.clone();
        for copy in 0..self.copies as u32 {
            // Liars come last in every tie.
            let node = NodeId(NodeId::NONE.0 - 1 - copy);
            let lie = Voice { node, weights: settle(candidate), ..self.own };
            // There is room: honest peers were cut to what copies leave.
            let _ = peers.push(lie);
        }
        let mut context = Context {
            seed: self.view.seed,
            round: self.view.round,
            regime: Regime::Calm,
            banned: false,
            calm: None,
            keeps_shares: false,
        };
        let (recipe, taps) = (&self.view.recipe, self.view.taps as u8);
        let merged = aggregate(recipe, &self.own, &peers, taps, &mut context);
        merged.map_or(0, |merged| squared(&vector(&merged), &self.honest))
    }
}

#[cfg(test)]
mod tests {
    use super::super::view::rig::{of, rows, view};
    use super::super::view::{View, stretched};
    use qres_core::aggregate::{Recipe, Rule};

    /// The factor found along (1, 0) up to 4, where five honest nodes are at 0 and one at 1.
    fn found(rule: Rule) -> i64 {
        let rows = rows(&[&[0, 0], &[0, 0], &[0, 0], &[0, 0], &[1, 0]]);
        let recipe = Recipe { rule, ..Recipe::default() };
        let view = View { recipe, ..view(&[0, 0], &rows) };
        super::worst(&view, 4 << 16, |factor| stretched(&of(&[1, 0]), factor))
    }

    #[test]
    fn the_mean_is_moved_as_far_as_the_line_goes() {
        assert_eq!(found(Rule::Mean), 4 << 16);
    }

    #[test]
    fn krum_is_never_fooled_here_so_the_first_of_equals_is_kept() {
        // Krum chooses 0 whatever is offered: all factors do the same harm.
        assert_eq!(found(Rule::Krum { faulty: 1 }), 1 << 14);
    }

    #[test]
    fn beyond_its_reach_a_clipped_rule_gains_nothing() {
        let rule = Rule::CsPlus { faulty: 1 };
        // CS+ cuts to the distance of the nearest three of five peers, which are at 0.
        assert_eq!(found(rule), 1 << 14);
    }
}
