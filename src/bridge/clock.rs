//! A board's clock against the host's: how far it is ahead, and how much it gains, from what pings
//! bring back. Must not set a clock: nothing that a node computes rests on it.
//!
//! Each answer gives an offset that is right within half its round trip. Of the newest answers the
//! one with the least bound counts: the minimum-delay filter of Mills et al., "Network Time
//! Protocol Version 4", RFC 5905, 2010, section 10. Drift is the median slope between the best
//! answers of many stretches of time: Theil, "A rank-invariant method of linear and polynomial
//! regression analysis", 1950, and Sen, "Estimates of the regression coefficient based on Kendall's
//! tau", 1968.

use std::collections::VecDeque;

use serde::Serialize;

/// Newest answers that the offset rests on.
const RECENT: usize = 8;
/// Answers in one stretch, of which the best counts for the drift.
const STRETCH: u64 = 8;
/// Stretches that the drift rests on.
const STRETCHES: usize = 32;
/// What an answer's bound grows by, in microseconds a second.
const AGEING_PPM: u64 = 15;
/// No clock of a board that works gains or loses more; one that seems to has started anew.
const DRIFT_MAX_PPM: u64 = 1_000;

/// A ping that was answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(clippy::struct_field_names, reason = "units stand last")]
struct Answer {
    /// The host's clock half way between question and answer, in microseconds.
    host_us: u64,
    /// What the board's clock is ahead then, in microseconds.
    offset_us: i64,
    /// Half the round trip: the offset is right within this.
    bound_us: u64,
}

impl Answer {
    const fn bound_at(&self, now_us: u64) -> u64 {
        self.bound_us + now_us.saturating_sub(self.host_us) / 1_000_000 * AGEING_PPM
    }
}

/// A board's clock, as a host knows it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct ClockStatus {
    /// Board's clock less host's, in microseconds.
    pub offset_us: i64,
    /// The offset is right within so many microseconds.
    pub bound_us: u64,
    /// Microseconds that the board's clock gains in a second; null until enough is known.
    pub drift_ppm: Option<i64>,
    /// The drift is right within this.
    pub drift_bound_ppm: Option<u64>,
    /// Answers since the board's clock began.
    pub answers: u64,
}

/// What pings have told of a board's clock.
#[derive(Clone, Debug, Default)]
pub struct Clock {
    recent: VecDeque<Answer>,
    /// The best answer of each whole stretch.
    stretches: VecDeque<Answer>,
    /// The best answer of the stretch that goes on.
    best: Option<Answer>,
    /// The board's clock at the latest answer.
    board_us: u64,
    answers: u64,
    drift: Option<(i64, u64)>,
}

impl Clock {
    /// Takes an answer: asked at `asked_us` and heard at `now_us` by the host's clock, given at
    /// `board_us` by the board's. A clock that jumps has started anew, and so does this.
    pub fn take(&mut self, asked_us: u64, now_us: u64, board_us: u64) {
        let bound_us = now_us.saturating_sub(asked_us).div_ceil(2);
        let host_us = asked_us + bound_us;
        let offset_us = i128::from(board_us) - i128::from(host_us);
        let Ok(offset_us) = i64::try_from(offset_us) else { return };
        let answer = Answer { host_us, offset_us, bound_us };
        let jumps = self.recent.back().is_some_and(|last| {
            let drift_us = (host_us.saturating_sub(last.host_us)) * DRIFT_MAX_PPM / 1_000_000;
            let most_us = last.bound_us + bound_us + drift_us + 1;
            last.offset_us.abs_diff(offset_us) > most_us
        });
        if jumps || board_us < self.board_us {
            *self = Self::default();
        }
        self.board_us = board_us;
        self.answers += 1;
        if self.recent.len() == RECENT {
            self.recent.pop_front();
        }
        self.recent.push_back(answer);
        let best = self.best.filter(|best| best.bound_us <= bound_us).unwrap_or(answer);
        self.best = Some(best);
        if self.answers.is_multiple_of(STRETCH) {
            if self.stretches.len() == STRETCHES {
                self.stretches.pop_front();
            }
            self.stretches.push_back(best);
            self.best = None;
            self.drift = self.slope();
        }
    }

    /// The median slope between stretches, and what it can be wrong by, in millionths.
    fn slope(&self) -> Option<(i64, u64)> {
        let (first, last) = (self.stretches.front()?, self.stretches.back()?);
        let span_us = last.host_us.checked_sub(first.host_us).filter(|span_us| *span_us > 0)?;
        let mut slopes = Vec::new();
        for (place, one) in self.stretches.iter().enumerate() {
            for other in self.stretches.iter().skip(place + 1) {
                let passed_us = i128::from(other.host_us) - i128::from(one.host_us);
                if passed_us > 0 {
                    let gained_us = i128::from(other.offset_us) - i128::from(one.offset_us);
                    slopes.push(gained_us * 1_000_000 / passed_us);
                }
            }
        }
        slopes.sort_unstable();
        let median = *slopes.get(slopes.len() / 2)?;
        let bound = (first.bound_us + last.bound_us) * 1_000_000 / span_us;
        Some((i64::try_from(median).ok()?, bound))
    }

    /// What is known now; `None` before the first answer.
    #[must_use]
    pub fn status(&self, now_us: u64) -> Option<ClockStatus> {
        let best = self.recent.iter().min_by_key(|answer| answer.bound_at(now_us))?;
        Some(ClockStatus {
            offset_us: best.offset_us,
            bound_us: best.bound_at(now_us),
            drift_ppm: self.drift.map(|(ppm, _)| ppm),
            drift_bound_ppm: self.drift.map(|(_, bound)| bound),
            answers: self.answers,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A board whose clock is 5 s ahead at the host's zero and gains `ppm`; each answer takes
    /// `there_us` and `back_us`.
    fn ask(clock: &mut Clock, ppm: i64, at_us: u64, there_us: u64, back_us: u64) {
        let board_us = at_us + there_us + 5_000_000;
        let gained_us = (at_us + there_us) as i64 * ppm / 1_000_000;
        clock.take(at_us, at_us + there_us + back_us, board_us.saturating_add_signed(gained_us));
    }

    #[test]
    fn of_many_answers_the_quickest_counts() {
        let mut clock = Clock::default();
        assert_eq!(clock.status(0), None);
        // Question and answer as slow as each other, then the answer 40 ms late, then 2 ms in all.
        for (second, there_us, back_us) in
            [(0, 3_000, 3_000), (1, 1_000, 41_000), (2, 1_000, 1_000)]
        {
            ask(&mut clock, 0, second * 1_000_000, there_us, back_us);
        }
        let known = clock.status(2_000_000).expect("answers");
        assert_eq!((known.offset_us, known.bound_us, known.answers), (5_000_000, 1_000, 3));
        assert_eq!(known.drift_ppm, None, "too early to say");
        // Half a minute later it is right within 15 us a second more.
        assert_eq!(clock.status(32_002_000).map(|known| known.bound_us), Some(1_000 + 30 * 15));
    }

    #[test]
    fn drift_is_found_through_a_line_that_is_late_one_way() {
        for ppm in [-200, 0, 20, 450] {
            let mut clock = Clock::default();
            for second in 0..160_u64 {
                // Three of four answers are up to 90 ms late.
                let late_us = if second % 4 == 1 { 0 } else { second * 7_919 % 90_000 };
                ask(&mut clock, ppm, second * 1_000_000, 600, 600 + late_us);
            }
            let known = clock.status(160_000_000).expect("answers");
            let drift = known.drift_ppm.expect("160 answers");
            assert!(drift.abs_diff(ppm) <= 2, "{drift} ppm of {ppm}");
            assert!(known.drift_bound_ppm < Some(10), "{known:?}");
        }
    }

    #[test]
    fn a_clock_that_starts_anew_is_known_anew() {
        let mut clock = Clock::default();
        for second in 0..20 {
            ask(&mut clock, 100, second * 1_000_000, 500, 500);
        }
        assert!(clock.status(20_000_000).is_some_and(|known| known.drift_ppm == Some(100)));
        clock.take(20_000_000, 20_001_000, 300);
        let known = clock.status(20_001_000).expect("an answer");
        assert_eq!((known.offset_us, known.answers, known.drift_ppm), (-20_000_200, 1, None));
        // Another board, whose clock is ahead.
        clock.take(21_000_000, 21_001_000, 90_000_000);
        assert_eq!(clock.status(21_001_000).map(|known| known.answers), Some(1));
        // Nor do absurd clocks break anything.
        for board_us in [u64::MAX, 0, u64::MAX / 2, u64::MAX] {
            clock.take(22_000_000, 22_001_000, board_us);
            clock.take(22_001_000, 22_000_000, board_us);
        }
    }
}
