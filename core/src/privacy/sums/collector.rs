//! The collector's side of a group's sums: it counts vectors and corrections, and keeps no single
//! one of them. Two epochs run at a time: one gathers while the one before is corrected.

use super::{Members, SumGroup};
use crate::neuron::TAPS;
use crate::packet::{SumPart, SumStep};
use crate::regime::Regime;

/// What became of a group's epochs.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Ended with a sum.
    pub sums: u32,
    /// Of these, with fewer survivors than members.
    pub partial: u32,
    /// Given up, as fewer vectors came than the threshold.
    pub thin: u32,
    /// Given up, as a survivor's correction did not come.
    pub lost: u32,
    /// Sums that cannot be of weights within their limit, and were dropped.
    pub wild: u32,
    /// Messages whose tag did not fit.
    pub refused: u32,
}
crate::canonical!(struct Counts { sums, partial, thin, lost, wild, refused });

/// A sum that has come out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Sum {
    /// Its epoch.
    pub epoch: u32,
    /// Whose weights are in it.
    pub survivors: Members,
    /// The sum, in 2^-16.
    pub total: [i32; TAPS],
    /// The regime that more than half of the survivors claimed at least.
    pub regime: Regime,
}

/// An epoch: a wrapping sum, and who is in it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Tray {
    /// Whose vectors, or of a closed epoch corrections, are in.
    members: u8,
    sum: [i32; TAPS],
    /// Members that claimed `PreStorm` or Storm, and Storm.
    claims: [u8; 2],
    /// The collector's round in which it began.
    since: u32,
}
crate::canonical!(struct Tray { members, sum, claims, since });

/// A collector's memory of one group.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Collector {
    epoch: u32,
    open: Tray,
    /// Survivors of the epoch before; 0: it has ended.
    survivors: u8,
    closed: Tray,
    /// What became of all epochs.
    pub counts: Counts,
}
crate::canonical!(struct Collector { epoch, open, survivors, closed, counts });

impl Default for Collector {
    fn default() -> Self {
        Self {
            epoch: 1,
            open: Tray::default(),
            survivors: 0,
            closed: Tray::default(),
            counts: Counts::default(),
        }
    }
}

impl Collector {
    /// The epoch that is gathered.
    #[must_use]
    pub const fn epoch(&self) -> u32 {
        self.epoch
    }

    /// Whose corrections the epoch before waits for; nobody's once it has ended.
    #[must_use]
    pub const fn survivors(&self) -> Members {
        Members::from_bits(self.survivors)
    }

    /// Takes a message of the member at `place`, whose tag fits, in the collector's `round`.
    /// Repeats and messages of other epochs change nothing.
    pub fn take(&mut self, group: &SumGroup, place: usize, part: &SumPart, round: u32) {
        if !group.all().has(place) {
            return;
        }
        let bit = 1_u8 << place;
        match part.step {
            SumStep::Vector(regime) if part.epoch == self.epoch => {
                if self.open.members & bit != 0 {
                    return;
                }
                if self.open.members == 0 {
                    self.open.since = round;
                }
                self.open.members |= bit;
                self.open.claims[0] += u8::from(regime != Regime::Calm);
                self.open.claims[1] += u8::from(regime == Regime::Storm);
                add(&mut self.open.sum, &part.values, i32::wrapping_add);
            }
            SumStep::Correction if part.epoch.wrapping_add(1) == self.epoch => {
                if self.survivors & bit == 0 || self.closed.members & bit != 0 {
                    return;
                }
                self.closed.members |= bit;
                add(&mut self.closed.sum, &part.values, i32::wrapping_sub);
            }
            _ => {}
        }
    }

    /// After a message, and at the end of each of the collector's rounds: closes what is complete
    /// or has waited for more than `patience` rounds. The sum that has come out, if any.
    pub fn advance(&mut self, group: &SumGroup, round: u32, patience: u32) -> Option<Sum> {
        let mut out = None;
        let waited = |since: u32| round.wrapping_sub(since) > patience;
        if self.survivors != 0 && self.closed.members == self.survivors {
            out = Some(self.finish(group));
        } else if self.survivors != 0 && waited(self.closed.since) {
            self.survivors = 0;
            self.counts.lost = self.counts.lost.saturating_add(1);
        }
        let present = Members::from_bits(self.open.members);
        let over = self.open.members != 0 && waited(self.open.since);
        if self.survivors == 0 && (present == group.all() || over) {
            if present.count() >= group.threshold() {
                self.survivors = self.open.members;
                self.closed = Tray { members: 0, since: round, ..self.open };
            } else {
                self.counts.thin = self.counts.thin.saturating_add(1);
            }
            self.open = Tray::default();
            self.epoch = self.epoch.saturating_add(1);
        }
        out
    }

    fn finish(&mut self, group: &SumGroup) -> Sum {
        let survivors = Members::from_bits(self.survivors);
        self.survivors = 0;
        self.counts.sums = self.counts.sums.saturating_add(1);
        let partial = u32::from(survivors != group.all());
        self.counts.partial = self.counts.partial.saturating_add(partial);
        let most = |claims: u8| 2 * usize::from(claims) > survivors.count();
        let regime = match self.closed.claims {
            [_, storm] if most(storm) => Regime::Storm,
            [uneasy, _] if most(uneasy) => Regime::PreStorm,
            _ => Regime::Calm,
        };
        Sum { epoch: self.epoch.wrapping_sub(1), survivors, total: self.closed.sum, regime }
    }

    /// What to ask of the member at `place`: whether its vector is missed in an epoch that has
    /// begun, and the survivors that it has not corrected for yet (0: nobody).
    #[must_use]
    pub const fn asks(&self, place: usize) -> (bool, u8) {
        let bit = if place < 8 { 1_u8 << place } else { 0 };
        let wanted = self.open.members != 0 && self.open.members & bit == 0;
        let missing = self.survivors & bit != 0 && self.closed.members & bit == 0;
        (wanted, if missing { self.survivors } else { 0 })
    }
}

fn add(sum: &mut [i32; TAPS], values: &[i32; TAPS], with: fn(i32, i32) -> i32) {
    sum.iter_mut().zip(values).for_each(|(slot, value)| *slot = with(*slot, *value));
}
