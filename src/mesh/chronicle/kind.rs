//! Kinds of events, to look for. Must not look at a mesh.

use super::event::What;

/// What sort of thing happened: the name of a [`What`] without what it holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[expect(missing_docs, reason = "each is described by `name`, and at the event of that name")]
pub enum Kind {
    StormBegins,
    StormEnds,
    StormMoved,
    WaveBegins,
    WaveEnds,
    Regime,
    Banned,
    BansSpread,
    Released,
    Detected,
    FalsePositive,
    Convicted,
    FellBack,
    Mutated,
    Adopted,
    Cascade,
    BrownedOut,
    PowerLost,
    Revived,
    Command,
    FaultBegins,
    FaultEnds,
    Board,
}

impl Kind {
    /// All of them.
    pub const ALL: [Self; 23] = [
        Self::StormBegins,
        Self::StormEnds,
        Self::StormMoved,
        Self::WaveBegins,
        Self::WaveEnds,
        Self::Regime,
        Self::Banned,
        Self::BansSpread,
        Self::Released,
        Self::Detected,
        Self::FalsePositive,
        Self::Convicted,
        Self::FellBack,
        Self::Mutated,
        Self::Adopted,
        Self::Cascade,
        Self::BrownedOut,
        Self::PowerLost,
        Self::Revived,
        Self::Command,
        Self::FaultBegins,
        Self::FaultEnds,
        Self::Board,
    ];

    /// What happens, as the end of "run until ...".
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::StormBegins => "a storm begins",
            Self::StormEnds => "a storm ends",
            Self::StormMoved => "a storm is moved",
            Self::WaveBegins => "a wave of alarm begins",
            Self::WaveEnds => "a wave of alarm ends",
            Self::Regime => "a node believes in another regime",
            Self::Banned => "a node is banned",
            Self::BansSpread => "more nodes ban one",
            Self::Released => "a node is released",
            Self::Detected => "an adversary is found out",
            Self::FalsePositive => "an honest node is banned",
            Self::Convicted => "an audit convicts a node",
            Self::FellBack => "nodes fall back",
            Self::Mutated => "a gene arises",
            Self::Adopted => "a gene is adopted",
            Self::Cascade => "a gene spreads",
            Self::BrownedOut => "nodes run out of energy",
            Self::PowerLost => "nodes lose their power",
            Self::Revived => "nodes come back",
            Self::Command => "a command takes effect",
            Self::FaultBegins => "a fault begins",
            Self::FaultEnds => "a fault ends",
            Self::Board => "something about a board",
        }
    }
}

impl What {
    /// What sort of thing it is.
    #[must_use]
    pub const fn kind(&self) -> Kind {
        match self {
            Self::StormBegins { .. } => Kind::StormBegins,
            Self::StormEnds { .. } => Kind::StormEnds,
            Self::StormMoved { .. } => Kind::StormMoved,
            Self::WaveBegins { .. } => Kind::WaveBegins,
            Self::WaveEnds { .. } => Kind::WaveEnds,
            Self::Regime { .. } => Kind::Regime,
            Self::Banned { .. } => Kind::Banned,
            Self::BansSpread { .. } => Kind::BansSpread,
            Self::Released { .. } => Kind::Released,
            Self::Detected { .. } => Kind::Detected,
            Self::FalsePositive { .. } => Kind::FalsePositive,
            Self::Convicted { .. } => Kind::Convicted,
            Self::FellBack { .. } => Kind::FellBack,
            Self::Mutated { .. } => Kind::Mutated,
            Self::Adopted { .. } => Kind::Adopted,
            Self::Cascade { .. } => Kind::Cascade,
            Self::BrownedOut { .. } => Kind::BrownedOut,
            Self::PowerLost { .. } => Kind::PowerLost,
            Self::Revived { .. } => Kind::Revived,
            Self::Command { .. } => Kind::Command,
            Self::FaultBegins { .. } => Kind::FaultBegins,
            Self::FaultEnds { .. } => Kind::FaultEnds,
            Self::Board { .. } => Kind::Board,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kind_has_a_name_of_its_own() {
        let names: std::collections::BTreeSet<_> = Kind::ALL.map(Kind::name).into();
        assert_eq!(names.len(), Kind::ALL.len());
        let what = What::Cascade { gene: 1, origin: 2, percent: 25, nodes: 3, of: 4 };
        assert_eq!((what.kind(), Kind::ALL[what.kind() as usize]), (Kind::Cascade, Kind::Cascade));
    }
}
