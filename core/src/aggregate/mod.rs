//! Robust aggregation: many models in, one out, with integers only.
//!
//! One entry, [`aggregate`], takes a [`Recipe`]: how the models are prepared, and by which rule
//! they become one. Some rules treat the own model as one voice among the others; gossip rules
//! start from it and take bounded steps towards the peers.
//!
//! Every rule is a function of the set of voices: rows are sorted by node first, every choice is
//! made by a total order that ends in the node's id, and every quotient is rounded to nearest,
//! halves upwards. Rules of single coordinates work on any Q16.16. Rules that measure distances
//! cut weights to [`REACH`] first, which no decoded update exceeds; within it their sums of squares
//! are exact, their roots are truncated at 2^-24 and everything else is carried at 2^-24.
//!
//! How many voices may lie is a parameter of the mesh, never something a message says. Where the
//! voices of a round are too few for it, a rule guards against as many as they allow; each says
//! how. Nothing here allocates; the distance rules use about 6 KiB of stack.

mod adaptive;
mod centre;
mod coordinate;
mod gossip;
mod krum;
mod prepare;
mod rows;
#[cfg(test)]
mod tests;

pub use adaptive::Calm;
pub use rows::REACH;

use crate::id::NodeId;
use crate::inbox::OFFERS;
use crate::neuron::TAPS;
use crate::q16::{Q16, percent};
use crate::regime::Regime;
use rows::Row;

/// Models that can be merged at once, the own one included: more than a full inbox.
pub const VOICES: usize = 24;

const _: () = assert!(VOICES > OFFERS);

/// One model with its weight in the average.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Voice {
    /// Whose model; breaks ties.
    pub node: NodeId,
    /// Weight in the average, 0 to 1.
    pub influence: Q16,
    /// Its mean |error| on the receiver's own recent samples, where that is known.
    pub loss: Option<Q16>,
    /// The model.
    pub weights: [Q16; TAPS],
}

/// How prepared models become one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rule {
    /// The mean, weighted by influence. No defence: one liar moves it anywhere.
    Mean,
    /// Per coordinate: drop the `trim` smallest and largest, average the rest by influence (Yin,
    /// Chen, Ramchandran and Bartlett, "Byzantine-robust distributed learning: towards optimal
    /// statistical rates", 2018). When that would leave nobody, the middle one or two are left.
    TrimmedMean {
        /// Dropped at each end.
        trim: u8,
    },
    /// Per coordinate: the median weighted by influence; between two, their middle (Yin and
    /// others, 2018).
    Median,
    /// Per coordinate: the mean of the n - f values closest to the median (Xie, Koyejo and Gupta,
    /// "Generalized Byzantine-tolerant SGD", 2018). f is at most (n - 1) / 2.
    Meamed {
        /// Voices that may lie.
        faulty: u8,
    },
    /// The model with the least sum of squared distances to its n - f - 2 nearest (Blanchard, El
    /// Mhamdi, Guerraoui and Stainer, "Machine learning with adversaries: Byzantine tolerant
    /// gradient descent", 2017). f is at most (n - 3) / 2; of fewer than three, the median.
    Krum {
        /// Voices that may lie.
        faulty: u8,
    },
    /// The mean of the `select` models that Krum finds best (Blanchard and others, 2017).
    MultiKrum {
        /// Voices that may lie.
        faulty: u8,
        /// Models to average, at most n - f; 0 for just that many.
        select: u8,
    },
    /// Krum selects n - 2f models one after the other; then per coordinate the mean of the n - 4f
    /// of them closest to their median (El Mhamdi, Guerraoui and Rouault, "The hidden
    /// vulnerability of distributed learning in Byzantium", 2018). f is at most (n - 3) / 4.
    Bulyan {
        /// Voices that may lie.
        faulty: u8,
    },
    /// The point of least summed distance, by `steps` of Weiszfeld's iteration, in which no
    /// distance counts as less than `smoothing` (Pillutla, Kakade and Harchaoui, "Robust
    /// aggregation for federated learning", 2022). It starts at the median.
    GeometricMedian {
        /// 2^-10 to 16.
        smoothing: Q16,
        /// 1 to 32.
        steps: u8,
    },
    /// From the own model, `steps` times by the mean of the differences, each cut to length
    /// `radius` (Karimireddy, He and Jaggi, "Learning from history for Byzantine robust
    /// optimization", 2021).
    CentredClipping {
        /// 0 to 16.
        radius: Q16,
        /// 1 to 32.
        steps: u8,
    },
    /// From the own model by the mean of the differences, each cut to a length t with t^2 = (sum
    /// of w d^2 over all but the f farthest) / (sum of w over those f) (He, Karimireddy and
    /// Jaggi, "Byzantine-robust decentralized learning via `ClippedGossip`", 2022).
    ClippedGossip {
        /// Peers that may lie.
        faulty: u8,
    },
    /// The same, cut to the distance of the (n - 2f)-th nearest of n peers (Gaucher, Dieuleveut
    /// and Hendrikx, "Unified breakdown analysis for Byzantine robust gossip", 2025). With n at
    /// most 2f the own model stays.
    CsPlus {
        /// Peers that may lie.
        faulty: u8,
    },
    /// The mean of the n - f models nearest to the own one, itself included (Farhadkhani,
    /// Guerraoui, Gupta, Hoang, Pinot and Stephan, "Robust collaborative learning with linear
    /// gradient overhead", 2023). f is at most (n - 1) / 2.
    Nna {
        /// Voices that may lie.
        faulty: u8,
    },
    /// The own model and the mean of the peers within `radius * exp(-decay * t / horizon)` times
    /// its norm, mixed (Fang, Zhang, Hairi, Khanduri, Liu, Lu, Liu and Gong, "Byzantine-robust
    /// decentralized federated learning", 2024). Without such peers the own model stays.
    Balance {
        /// At the first round, in norms of the own model, 0 to 16.
        radius: Q16,
        /// 0 to 16.
        decay: Q16,
        /// Rounds over which it decays, at least 1.
        horizon_rounds: u32,
        /// Of the own model in the mix, 0 to 1.
        own_share: Q16,
    },
    /// Of the share `keep` of peers that is nearest, those whose loss on own samples is no worse
    /// than the own one's, or else the one of least loss; their mean mixed with the own model
    /// (Guo, Zhang, Yu, Xie, Ma, Xiang and Liu, "Byzantine-resilient decentralized stochastic
    /// gradient descent", 2021). While losses are unknown all of the nearest count.
    Ubar {
        /// 0 to 1; at least one peer.
        keep: Q16,
        /// Of the own model in the mix, 0 to 1.
        own_share: Q16,
    },
    /// The weighted mean after `calm_rounds` rounds without outliers, bans or storm, and until
    /// then nearest-neighbour mixing and a trimmed mean; see [`Calm`].
    Adaptive {
        /// Voices that may lie.
        faulty: u8,
        /// Rounds that must pass without a sign of trouble; 255 means never.
        calm_rounds: u8,
        /// A round with at most this share of outliers is quiet, 0 to 1.
        quiet_share: Q16,
        /// A round with more than this share is an alarm, 0 to 1.
        alarm_share: Q16,
    },
}

/// What is done to models before the rule.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Preparation {
    /// Nothing.
    #[default]
    None,
    /// Nearest-neighbour mixing: each model becomes the mean of the n - f nearest to it, itself
    /// included (Allouah, Farhadkhani, Guerraoui, Gupta, Pinot and Stephan, "Fixing by mixing: a
    /// recipe for optimal Byzantine ML under heterogeneity", 2023). f is at most (n - 1) / 2.
    Nnm {
        /// Voices that may lie.
        faulty: u8,
    },
    /// Adaptive robust clipping: the floor(2 f (n - f) / n) models farthest from the own one are
    /// drawn in to the distance of the next (Allouah, Guerraoui, Gupta, Jellouli, Rizk and
    /// Stephan, "Adaptive gradient clipping for robust federated learning", 2025).
    Arc {
        /// Voices that may lie.
        faulty: u8,
    },
    /// Random groups of `size` are averaged first, drawn anew each round (Karimireddy, He and
    /// Jaggi, "Byzantine-robust learning on heterogeneous datasets via bucketing", 2022). Groups
    /// are made smaller where fewer than three would be left.
    Bucketing {
        /// Models in a group, at least 1.
        size: u8,
    },
}

/// A way to aggregate: what all nodes of a mesh agree on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Recipe {
    /// Done first.
    pub preparation: Preparation,
    /// Done then.
    pub rule: Rule,
    /// Whether averages are weighted by influence; if not, all voices count alike.
    pub weighted: bool,
}

impl Default for Recipe {
    fn default() -> Self {
        Self { preparation: Preparation::None, rule: Rule::TrimmedMean { trim: 2 }, weighted: true }
    }
}

impl Rule {
    /// The adaptive rule as it is unless told otherwise.
    #[must_use]
    pub const fn adaptive(faulty: u8) -> Self {
        let (quiet_share, alarm_share) = (percent(0), percent(10));
        Self::Adaptive { faulty, calm_rounds: 8, quiet_share, alarm_share }
    }

    /// Whether the own model is where the rule starts, and not one voice among the others.
    #[must_use]
    pub const fn is_gossip(&self) -> bool {
        matches!(
            self,
            Self::ClippedGossip { .. }
                | Self::CsPlus { .. }
                | Self::Nna { .. }
                | Self::Balance { .. }
                | Self::Ubar { .. }
        )
    }
}

/// What else a rule may look at.
#[derive(Debug, Default)]
pub struct Context<'a> {
    /// The mesh's seed, for random groups.
    pub seed: u64,
    /// The node's round.
    pub round: u32,
    /// The node's own regime.
    pub regime: Regime,
    /// Whether a neighbour was banned in this round.
    pub banned: bool,
    /// The adaptive rule's memory; without it that rule never trusts the plain mean.
    pub calm: Option<&'a mut Calm>,
    /// Influences are shares that add up to 1, as [`crate::trust::bound`] gives them, and no rule
    /// may raise one: what a trimmed mean cuts off goes to the own model instead of to the voices
    /// that are left. Of no use where averages are not weighted.
    pub keeps_shares: bool,
}

/// Makes one model of the own one and those of `peers`: its first `taps` coordinates, the rest
/// zero. `None` without peers. Peers beyond [`VOICES`] - 1 are left out.
///
/// The order of `peers` does not matter as long as each node speaks once.
#[must_use]
pub fn aggregate(
    recipe: &Recipe,
    own: &Voice,
    peers: &[Voice],
    taps: u8,
    context: &mut Context<'_>,
) -> Option<[Q16; TAPS]> {
    if peers.is_empty() {
        return None;
    }
    let rule = &recipe.rule;
    let exact = matches!(rule, Rule::Mean | Rule::TrimmedMean { .. } | Rule::Median)
        || matches!(rule, Rule::Meamed { .. });
    let exact = exact && recipe.preparation == Preparation::None;
    let reading = rows::Reading { taps, weighted: recipe.weighted, exact };
    let start = reading.row(own);
    let mut all = rows::Rows::new();
    let own_voice = (!rule.is_gossip()).then_some(own);
    for voice in peers.iter().take(VOICES - 1).chain(own_voice) {
        // There is room: VOICES - 1 peers and the own model.
        let _ = all.push(reading.row(voice));
    }
    rows::sort(&mut all);
    prepare::prepare(recipe.preparation, &mut all, &start, context);
    let merged = apply(rule, &all, &start, context);
    Some(merged.map(Q16::from_bits))
}

fn apply(rule: &Rule, rows: &rows::Rows, start: &Row, context: &mut Context<'_>) -> [i32; TAPS] {
    match *rule {
        Rule::Mean => rows::mean(rows.iter()),
        Rule::TrimmedMean { trim } if context.keeps_shares => {
            coordinate::anchored_mean(rows, usize::from(trim), start)
        }
        Rule::TrimmedMean { trim } => coordinate::trimmed_mean(rows, usize::from(trim)),
        Rule::Median => coordinate::median(rows),
        Rule::Meamed { faulty } => coordinate::meamed(rows, usize::from(faulty)),
        Rule::Krum { faulty } => krum::multi_krum(rows, usize::from(faulty), 1),
        Rule::MultiKrum { faulty, select: 0 } => {
            krum::multi_krum(rows, usize::from(faulty), rows.len())
        }
        Rule::MultiKrum { faulty, select } => {
            krum::multi_krum(rows, usize::from(faulty), usize::from(select))
        }
        Rule::Bulyan { faulty } => krum::bulyan(rows, usize::from(faulty)),
        Rule::GeometricMedian { smoothing, steps } => {
            centre::geometric_median(rows, smoothing, steps)
        }
        Rule::CentredClipping { radius, steps } => {
            centre::centred_clipping(rows, start, radius, steps)
        }
        Rule::ClippedGossip { faulty } => gossip::clipped(rows, start, usize::from(faulty)),
        Rule::CsPlus { faulty } => gossip::cs_plus(rows, start, usize::from(faulty)),
        Rule::Nna { faulty } => gossip::nna(rows, start, usize::from(faulty)),
        Rule::Balance { radius, decay, horizon_rounds, own_share } => {
            let near = gossip::balance_radius(start, radius, decay, context.round, horizon_rounds);
            gossip::balance(rows, start, near, own_share)
        }
        Rule::Ubar { keep, own_share } => gossip::ubar(rows, start, keep, own_share),
        Rule::Adaptive { faulty, calm_rounds, quiet_share, alarm_share } => {
            let limits = adaptive::Limits { calm_rounds, quiet_share, alarm_share };
            adaptive::adaptive(rows, usize::from(faulty), &limits, context)
        }
    }
}
