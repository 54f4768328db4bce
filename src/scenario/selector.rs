//! Which nodes a command means: a small language of ids and properties. Parses and combines sets;
//! what a property is worth at a node is the mesh's to say. Never panics, whatever the text.
//!
//! ```text
//! union  = { both }                     separated by spaces or commas
//! both   = one { ("&" | "+") one }
//! one    = "!" one | "(" union ")" | property
//! ```

mod read;
#[cfg(test)]
mod tests;

use std::fmt;

/// A parsed choice of nodes.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Selector {
    /// Any of these; each is what all of its parts leave.
    any: Vec<Vec<Part>>,
}

/// A part of an intersection.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Part {
    /// Takes what it names away instead.
    not: bool,
    what: What,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum What {
    /// From one id to another, both included.
    Ids(u32, u32),
    All,
    Is(Property),
    /// The first so many, by id, of what the parts before it leave.
    First(u32),
    /// So many percent of what the parts before it leave, drawn.
    Share(u8),
    Union(Selector),
}

/// A property that a node has or has not.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Property {
    /// Its radio does this between rounds: sentinel 2, on demand 1, scheduled 0.
    Role(u8),
    /// It is, or was ordered to be, an adversary.
    Byzantine,
    /// It believes in Calm (0), PreStorm (1) or Storm (2).
    Regime(u8),
    /// It senses this.
    Group(String),
    /// Its energy is below so many percent of its capacity.
    EnergyBelow(u8),
    /// Its energy is above so many percent of its capacity.
    EnergyAbove(u8),
    /// At least one neighbour bans it.
    Banned,
    /// Its radio slept through the last tick.
    Asleep,
    /// It is without power.
    Off,
    /// It stands at most so far from another node, which is among them.
    NearNode {
        /// The other.
        node: u32,
        /// How far, in millimetres.
        radius_mm: i64,
    },
    /// It stands at most so far from a place on the ground.
    NearPlace {
        /// Millimetres east.
        x_mm: i64,
        /// Millimetres south.
        z_mm: i64,
        /// How far, in millimetres.
        radius_mm: i64,
    },
}

impl Property {
    /// Whether the same nodes have it at all times.
    const fn is_fixed(&self) -> bool {
        matches!(self, Self::Role(_) | Self::Group(_))
    }
}

/// What is wrong with the text of a selector.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SelectorError {
    /// The word.
    pub word: String,
    /// Its place in the text: 1 for the first character.
    pub at: usize,
    /// What is wrong with it.
    pub why: String,
}

impl fmt::Display for SelectorError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "\"{}\" at character {}: {}", self.word, self.at, self.why)
    }
}

impl SelectorError {
    /// What is accepted in place of the word.
    #[must_use]
    pub fn accepted(&self) -> String {
        if self.why.starts_with("accepted: ") {
            return self.why.clone();
        }
        format!("accepted: {}", read::vocabulary())
    }
}

impl std::error::Error for SelectorError {}

/// What a selector is resolved against.
pub struct Crowd<'a> {
    /// How many nodes there are.
    pub count: u32,
    /// Whether a node has a property.
    pub has: &'a dyn Fn(&Property, u32) -> bool,
    /// A node's lot in draws.
    pub lot: &'a dyn Fn(u32) -> u64,
}

impl Selector {
    /// Reads a selector.
    ///
    /// # Errors
    /// The first word that means nothing, with its place.
    pub fn parse(text: &str) -> Result<Self, SelectorError> {
        read::selector(text)
    }

    /// Whether it lists ids and nothing else, so that it means the same at all times.
    #[must_use]
    pub fn is_list(&self) -> bool {
        let listed = |parts: &Vec<Part>| {
            matches!(parts.as_slice(), [Part { not: false, what: What::Ids(..) }])
        };
        self.any.iter().all(listed)
    }

    /// Whether it means the same nodes at all times in a mesh in which nobody moves.
    #[must_use]
    pub fn is_fixed(&self) -> bool {
        self.parts().all(|part| match &part.what {
            What::Is(property) => property.is_fixed(),
            What::Union(inner) => inner.is_fixed(),
            _ => true,
        })
    }

    /// The first id beyond `count`, if one is named.
    #[must_use]
    pub fn beyond(&self, count: u64) -> Option<String> {
        self.parts().find_map(|part| match &part.what {
            What::Ids(from, to) if u64::from(*to) >= count => {
                Some(if from == to { format!("{from}") } else { format!("{from}-{to}") })
            }
            What::Is(Property::NearNode { node, .. }) if u64::from(*node) >= count => {
                Some(format!("near={node}"))
            }
            What::Union(inner) => inner.beyond(count),
            _ => None,
        })
    }

    /// The modalities that are named.
    #[must_use]
    pub fn groups(&self) -> Vec<&str> {
        let mut all = Vec::new();
        for part in self.parts() {
            match &part.what {
                What::Is(Property::Group(name)) => all.push(name.as_str()),
                What::Union(inner) => all.extend(inner.groups()),
                _ => {}
            }
        }
        all
    }

    /// Whether it names nothing at all.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.any.is_empty()
    }

    /// The nodes that are meant, ascending, each once.
    #[must_use]
    pub fn resolve(&self, crowd: &Crowd<'_>) -> Vec<u32> {
        let mut all: Vec<u32> = self.any.iter().flat_map(|parts| both(parts, crowd)).collect();
        all.sort_unstable();
        all.dedup();
        all
    }

    fn parts(&self) -> impl Iterator<Item = &Part> {
        self.any.iter().flatten()
    }
}

/// What all parts leave, ascending.
fn both(parts: &[Part], crowd: &Crowd<'_>) -> Vec<u32> {
    let mut rest = parts;
    let mut left: Vec<u32> = match parts {
        // A list of ids is not looked for among all nodes.
        [Part { not: false, what: What::Ids(from, to) }, more @ ..] => {
            rest = more;
            (*from..to.saturating_add(1).min(crowd.count)).collect()
        }
        _ => (0..crowd.count).collect(),
    };
    for part in rest {
        let meant = part.what.among(&left, crowd);
        if part.not {
            left.retain(|id| meant.binary_search(id).is_err());
        } else {
            left = meant;
        }
    }
    left
}

impl What {
    /// Those of `left` that it means, ascending.
    fn among(&self, left: &[u32], crowd: &Crowd<'_>) -> Vec<u32> {
        let keep = |is: &dyn Fn(&u32) -> bool| left.iter().copied().filter(is).collect::<Vec<_>>();
        match self {
            Self::All => left.to_vec(),
            Self::Ids(from, to) => keep(&|id| (*from..=*to).contains(id)),
            Self::Is(property) => keep(&|id| (crowd.has)(property, *id)),
            Self::First(count) => left.iter().copied().take(*count as usize).collect(),
            Self::Share(percent) => {
                // Of least lot, so that a larger share holds each smaller one.
                let mut drawn = left.to_vec();
                drawn.sort_unstable_by_key(|id| ((crowd.lot)(*id), *id));
                let count = (left.len() * usize::from(*percent)).div_ceil(100);
                drawn.truncate(count);
                drawn.sort_unstable();
                drawn
            }
            Self::Union(inner) => {
                let meant = inner.resolve(crowd);
                keep(&|id| meant.binary_search(id).is_ok())
            }
        }
    }
}

/// Ids in the shortest list that means them: `3 5 10-20`. They must ascend.
#[must_use]
pub fn list_of(ids: &[u32]) -> String {
    let mut words: Vec<String> = Vec::new();
    let mut rest = ids;
    while let [first, ..] = rest {
        let follows = |(place, id): &(usize, &u32)| id.checked_sub(*first) == Some(*place as u32);
        let run = rest.iter().enumerate().take_while(follows).count().max(1);
        let last = first.saturating_add(run as u32 - 1);
        words.push(if run == 1 { format!("{first}") } else { format!("{first}-{last}") });
        rest = rest.get(run..).unwrap_or(&[]);
    }
    words.join(" ")
}
