//! Viral gossip: how a gene spreads. Push-pull rumour mongering with feedback stop, and
//! anti-entropy for whoever missed it (Demers et al., "Epidemic algorithms for replicated database
//! maintenance", 1987), over a broadcast medium.
//!
//! *Push*: a node that has adopted a gene offers it to whoever listens, at most a number of times,
//! and loses interest after it has met enough neighbours that have it already: their updates name
//! their gene. *Pull*: a node in trouble that hears of a gene it has not tried asks for it.
//! *Anti-entropy*: a node that has nothing else to say names its gene from time to time. Whoever
//! is low on energy does none of this.

use crate::gene::GeneId;
use crate::id::NodeId;

/// Genes that a node remembers having tried.
const TRIED: usize = 8;
/// Genes that it remembers having asked for.
const ASKED: usize = 4;

/// What a node spreads and asks for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Rumour {
    /// Offers left to make of its own accord; 0: it has lost interest.
    pushes_left: u8,
    /// Neighbours met that had the gene already.
    useless: u8,
    /// The last of them: one that repeats itself counts once.
    met: NodeId,
    /// Gain that its offers state.
    gain_percent: u8,
    /// Rounds without a word.
    quiet_rounds: u8,
    /// Who asked for its gene; one at a time.
    asked: Option<NodeId>,
    wanted: Option<Wanted>,
    tried: [GeneId; TRIED],
    tried_next: u8,
    requested: [GeneId; ASKED],
    requested_next: u8,
}
crate::canonical!(struct Rumour {
    pushes_left, useless, met, gain_percent, quiet_rounds, asked, wanted, tried, tried_next,
    requested, requested_next,
});

/// A gene to ask for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Wanted {
    from: NodeId,
    gene: GeneId,
}
crate::canonical!(struct Wanted { from, gene });

/// What a node has to say of genes in this round.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Word {
    /// Nothing.
    None,
    /// Offer its gene to who asked for it, or to all ([`NodeId::NONE`]).
    Offer {
        /// To whom.
        to: NodeId,
        /// The gain that it had, in percent.
        gain_percent: u8,
    },
    /// Ask a neighbour for a gene.
    Request {
        /// The neighbour.
        to: NodeId,
        /// The gene.
        gene: GeneId,
    },
    /// Name its gene.
    Digest,
}

impl Rumour {
    /// Begins to spread `gene`, which has just been adopted.
    pub fn spread(&mut self, gene: GeneId, gain_percent: u8, pushes: u8) {
        self.pushes_left = pushes;
        self.useless = 0;
        self.met = NodeId::NONE;
        self.gain_percent = gain_percent;
        self.remember(gene);
    }

    /// Whether the node still spreads its gene.
    #[must_use]
    pub const fn is_hot(&self) -> bool {
        self.pushes_left > 0
    }

    /// Whether `gene` has been tried lately.
    #[must_use]
    pub fn has_tried(&self, gene: GeneId) -> bool {
        self.tried.contains(&gene)
    }

    /// Remembers `gene` as tried.
    pub fn remember(&mut self, gene: GeneId) {
        if self.has_tried(gene) {
            return;
        }
        if let Some(slot) = self.tried.get_mut(usize::from(self.tried_next) % TRIED) {
            *slot = gene;
        }
        self.tried_next = (self.tried_next + 1) % TRIED as u8;
    }

    /// Forgets what was tried: what failed in one regime may serve in another.
    pub fn forget(&mut self) {
        self.tried = [GeneId::default(); TRIED];
        self.requested = [GeneId::default(); ASKED];
    }

    /// A neighbour named its gene: one contact that was useless if it is the node's own; something
    /// to ask for if the node is in trouble and has not tried it.
    pub fn notice(
        &mut self,
        from: NodeId,
        gene: GeneId,
        own: GeneId,
        in_trouble: bool,
        interest: u8,
    ) {
        if gene == own {
            if from != self.met {
                self.met = from;
                self.useless = self.useless.saturating_add(1);
            }
            if self.useless >= interest {
                self.pushes_left = 0;
            }
            return;
        }
        let fresh = !self.has_tried(gene) && !self.requested.contains(&gene);
        if in_trouble && self.wanted.is_none() && fresh {
            self.wanted = Some(Wanted { from, gene });
        }
    }

    /// A neighbour asks for `gene`.
    pub fn ask(&mut self, by: NodeId, gene: GeneId, own: GeneId) {
        if gene == own {
            self.asked = Some(by);
        }
    }

    /// What to say in a round in which the node may send; `spoke`: it sends its model anyway,
    /// `evolved`: its gene is not the first one of the mesh.
    pub fn word(&mut self, spoke: bool, evolved: bool, digest_rounds: u8) -> Word {
        self.quiet_rounds = if spoke { 0 } else { self.quiet_rounds.saturating_add(1) };
        let gain_percent = self.gain_percent;
        if let Some(to) = self.asked.take() {
            return Word::Offer { to, gain_percent };
        }
        if self.is_hot() {
            self.pushes_left -= 1;
            return Word::Offer { to: NodeId::NONE, gain_percent };
        }
        if let Some(Wanted { from, gene }) = self.wanted.take() {
            // One try: who does not answer is not asked again.
            let place = usize::from(self.requested_next) % ASKED;
            if let Some(slot) = self.requested.get_mut(place) {
                *slot = gene;
            }
            self.requested_next = (self.requested_next + 1) % ASKED as u8;
            return Word::Request { to: from, gene };
        }
        if evolved && self.quiet_rounds >= digest_rounds {
            self.quiet_rounds = 0;
            return Word::Digest;
        }
        Word::None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const OWN: GeneId = GeneId(7);
    const OTHER: GeneId = GeneId(8);
    const PEER: NodeId = NodeId(3);
    const TO_ALL: Word = Word::Offer { to: NodeId::NONE, gain_percent: 40 };

    fn hot() -> Rumour {
        let mut rumour = Rumour::default();
        rumour.spread(OWN, 40, 4);
        rumour
    }

    #[test]
    fn it_pushes_a_limited_number_of_times() {
        let mut rumour = hot();
        for _ in 0..4 {
            assert_eq!(rumour.word(true, true, 8), TO_ALL);
        }
        assert_eq!(rumour.word(true, true, 8), Word::None);
    }

    #[test]
    fn it_stops_when_neighbours_have_the_gene_already() {
        let mut rumour = hot();
        rumour.notice(PEER, OWN, OWN, false, 2);
        rumour.notice(PEER, OWN, OWN, false, 2);
        assert!(rumour.is_hot(), "one neighbour counts once");
        rumour.notice(NodeId(4), OTHER, OWN, false, 2);
        assert!(rumour.is_hot(), "another gene is no feedback");
        rumour.notice(NodeId(4), OWN, OWN, false, 2);
        assert!(!rumour.is_hot());
    }

    #[test]
    fn only_a_node_in_trouble_asks_and_only_once() {
        let mut rumour = Rumour::default();
        rumour.notice(PEER, OTHER, OWN, false, 3);
        assert_eq!(rumour.word(true, false, 8), Word::None);
        rumour.notice(PEER, OTHER, OWN, true, 3);
        assert_eq!(rumour.word(true, false, 8), Word::Request { to: PEER, gene: OTHER });
        rumour.notice(PEER, OTHER, OWN, true, 3);
        assert_eq!(rumour.word(true, false, 8), Word::None);
        assert!(!rumour.has_tried(OTHER), "the answer must get its trial");
        rumour.forget();
        rumour.notice(PEER, OTHER, OWN, true, 3);
        assert_eq!(rumour.word(true, false, 8), Word::Request { to: PEER, gene: OTHER });
    }

    #[test]
    fn who_asks_is_answered_if_the_gene_is_still_there() {
        let mut rumour = hot();
        rumour.ask(PEER, OTHER, OWN);
        assert_eq!(rumour.word(true, true, 8), TO_ALL);
        rumour.ask(PEER, OWN, OWN);
        assert_eq!(rumour.word(true, true, 8), Word::Offer { to: PEER, gain_percent: 40 });
    }

    #[test]
    fn the_silent_name_their_genes_now_and_then() {
        let mut rumour = Rumour::default();
        let words: [Word; 6] = core::array::from_fn(|_| rumour.word(false, true, 3));
        let expected = [Word::None, Word::None, Word::Digest];
        assert_eq!(words, [expected, expected].concat()[..]);
        assert_eq!(rumour.word(false, false, 0), Word::None, "the first gene is known to all");
    }

    extern crate std;
}
