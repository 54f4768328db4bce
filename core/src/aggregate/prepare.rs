//! What is done to models before a rule sees them: mixing, clipping, grouping. All keep the values
//! within the range of those that came, coordinate by coordinate or towards the own model.

use super::centre::clip;
use super::rows::{
    Row, Rows, distances, mean, nearest, picked, point, root, settle, sort, squared,
};
use super::{Context, Preparation, VOICES};
use crate::draw::{Purpose, below, draw};

/// Prepares `rows` in place; `start` is the own model.
pub(super) fn prepare(how: Preparation, rows: &mut Rows, start: &Row, context: &Context<'_>) {
    match how {
        Preparation::None => {}
        Preparation::Nnm { faulty } => *rows = mix(rows, usize::from(faulty)),
        Preparation::Arc { faulty } => draw_in(rows, start, usize::from(faulty)),
        Preparation::Bucketing { size } => {
            let shuffled = shuffled(rows, |n| {
                draw(context.seed, Purpose::Bucket, start.node.0, u64::from(context.round), n)
            });
            *rows = grouped(&shuffled, usize::from(size));
        }
    }
}

/// Nearest-neighbour mixing, averages weighted by influence.
///
/// The choice is exact, each mean is within half a unit, so a rule that does not stretch the
/// largest coordinate error (all rules of single coordinates) ends within half a unit more.
pub(super) fn mix(rows: &Rows, faulty: usize) -> Rows {
    let keep = rows.len() - faulty.min(rows.len().saturating_sub(1) / 2);
    let all = distances(rows);
    let mixed = rows.iter().zip(&all).map(|(row, near)| {
        let mut order: heapless::Vec<(u64, usize), VOICES> =
            near.iter().take(rows.len()).enumerate().map(|(j, distance)| (*distance, j)).collect();
        order.sort_unstable();
        order.truncate(keep);
        Row { at: mean(picked(rows, &order)), ..*row }
    });
    mixed.collect()
}

/// Adaptive robust clipping about `start`: a clipped coordinate errs by at most half a unit and
/// 1.5 units of 2^-24.
fn draw_in(rows: &mut Rows, start: &Row, faulty: usize) {
    let count = rows.len();
    let faulty = faulty.min(count.saturating_sub(1) / 2);
    let cut = 2 * faulty * (count - faulty) / count.max(1);
    let order = nearest(rows, count, |row| squared(&row.at, &start.at));
    let Some((limit, _)) = order.get((count - cut).saturating_sub(1)) else { return };
    let radius = root(*limit);
    for (distance, place) in order.iter().skip(count - cut) {
        if let Some(row) = rows.get_mut(*place) {
            row.at = towards(start, row, root(*distance), radius);
        }
    }
    sort(rows);
}

/// `row` drawn in along the line to `start` until it is `radius` away.
fn towards(start: &Row, row: &Row, distance: i64, radius: i64) -> [i32; crate::neuron::TAPS] {
    let (from, mut to) = (point(&start.at), point(&row.at));
    for (to, from) in to.iter_mut().zip(&from) {
        *to = from + clip(*to - from, distance, radius);
    }
    settle(&to)
}

/// The rows in a random order (Fisher and Yates, "Statistical tables", 1938; Durstenfeld,
/// "Algorithm 235: random permutation", 1964); `bits` gives 64 of them for each number.
fn shuffled(rows: &Rows, bits: impl Fn(u32) -> u64) -> Rows {
    let mut rows = rows.clone();
    for last in (1..rows.len()).rev() {
        let other = below(bits(last as u32), last as u64 + 1) as usize;
        rows.swap(last, other);
    }
    rows
}

/// The means of `size` rows each, of what is left in the last; as many as leave three groups. A
/// group has the influence of all its rows, the worst of their losses, and the least of their ids.
fn grouped(rows: &Rows, size: usize) -> Rows {
    let size = size.min(rows.len() / 3).max(1);
    let groups = rows.chunks(size).map(|group| Row {
        node: group.iter().map(|row| row.node).min().unwrap_or(crate::id::NodeId::NONE),
        influence: group.iter().map(|row| row.influence).sum(),
        loss: group.iter().map(|row| row.loss).reduce(|a, b| Some(a?.max(b?))).flatten(),
        at: mean(group.iter()),
    });
    let mut groups: Rows = groups.collect();
    sort(&mut groups);
    groups
}
