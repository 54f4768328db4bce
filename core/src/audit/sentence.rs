//! What follows from a conviction. It must not find anybody guilty.

use super::page::AuditPage;
use crate::id::Tick;
use crate::q16::Q16;
use crate::trust::{Conduct, Evidence, Neighbour, TrustConfig, find, weigh};

impl AuditPage {
    /// Trust, at the end of a round: whoever is convicted has no reputation and stays banned; in a
    /// mesh with bans that run out, for as long as its ban lasts.
    pub fn review(
        &mut self,
        config: &TrustConfig,
        neighbours: &mut [Neighbour],
        mut conduct: Option<Conduct<'_>>,
        now: Tick,
    ) {
        for peer in self.peers.iter_mut().filter(|peer| peer.convicted) {
            let Some(neighbour) = find(neighbours, peer.id) else { continue };
            let Some(bans) = &config.bans else {
                neighbour.reputation = Q16::ZERO;
                neighbour.banned = true;
                continue;
            };
            // Who is banned already is told of once that has run out.
            if neighbour.banned {
                continue;
            }
            if peer.is_told {
                peer.release();
                continue;
            }
            peer.is_told = true;
            let (evidence, times) = if peer.is_liar {
                (Evidence::ComputationMismatch, 1)
            } else {
                (Evidence::AuditFailed, bans.audit_failures.max(1))
            };
            for _ in 0..times {
                weigh(config, neighbours, conduct.as_mut(), peer.id, evidence, now);
            }
        }
    }
}
