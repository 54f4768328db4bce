//! Inside the spread, patiently: m + k s c, with m and s the mean and the standard deviation, per
//! coordinate, of what honest nodes sent, and c a sign for each coordinate that never changes.
//!
//! k grows evenly from 0 to `sigmas` over `ramp_rounds` rounds and stays. Up to 1.5 Grubbs' test
//! for outliers at one per cent finds no such model among five or more. All of a cartel that
//! colludes have the same signs. Parameters: `sigmas`, 0 to 64; `ramp_rounds`. It looks at honest
//! models. The idea is of Baruch, Baruch and Goldberg, "A little is enough: circumventing defenses
//! for distributed learning", 2019; patience and fixed signs are added here.

use super::view::{Vector, View, plus, times};

/// The mean, moved by up to `sigmas` deviations, Q16.16.
#[must_use]
pub fn forge(view: &View<'_>, sigmas: i64, ramp_rounds: u32) -> Vector {
    let ramp = i64::from(ramp_rounds.max(1));
    let reached = sigmas * i64::from(view.rounds_on).min(ramp) / ramp;
    let signs = view.fixed_bits(0);
    let mut tap = 0;
    let moved = view.deviation().map(|deviation| {
        tap += 1;
        let away = times(deviation, reached);
        if signs >> tap & 1 == 0 { away } else { -away }
    });
    plus(view.mean(), &moved)
}

#[cfg(test)]
mod tests {
    use super::super::view::View;
    use super::super::view::rig::{HALF, rows, view};

    #[test]
    fn it_drifts_to_its_place_and_stays() {
        // Mean 2 and deviation 1 in the first coordinate.
        let rows = rows(&[&[1, 0], &[3, 0]]);
        let base = view(&[9, 9], &rows);
        let moved = |rounds_on| {
            let view = View { rounds_on, ..base.clone() };
            super::forge(&view, 3 * HALF, 10)[0] - (2 << 16)
        };
        let side = moved(10).signum();
        let path = [0, 5, 10, 99].map(|rounds| moved(rounds) * side);
        assert_eq!(path, [0, 3 * HALF / 2, 3 * HALF, 3 * HALF]);
    }
}
