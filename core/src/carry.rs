//! What a node carries from round to round only because an option asks for it. It is no part of
//! the hot state, and a mesh without such an option has none of it.

use crate::aggregate::{Calm, Rule};
use crate::block_float::Residue;
use crate::config::NodeConfig;
use crate::packet::Wire;

/// The optional state of a node: 18 bytes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Carry {
    /// Of the adaptive rule.
    pub calm: Calm,
    /// Of weights sent as blocks.
    pub residue: Residue,
}
crate::canonical!(struct Carry { calm, residue });

impl Carry {
    /// A newborn node's, if the mesh has an option that needs it.
    #[must_use]
    pub fn of(config: &NodeConfig) -> Option<Self> {
        let adapts = matches!(config.recipe.rule, Rule::Adaptive { .. });
        (adapts || config.wire == Wire::Bfp16).then(Self::default)
    }
}
