//! A node's state as bytes: whole, by its parts, and back. Must not change what it writes without
//! a new version of the rules, as digests hash it.

use super::Node;
use crate::canonical::{Canonical, Sink, Source, encode_slice};
use crate::carry::Carry;
use crate::config::NodeConfig;
use crate::link::message::SECTIONS;
use crate::privacy::release::{Publisher, simulated_key};
use crate::trust::Dossier;
use crate::wake::{Role, Wake};

impl<const N: usize> Node<N> {
    /// The digest of all state that consensus rests on: BLAKE3 of the canonical encoding.
    #[must_use]
    pub fn digest(&self) -> [u8; 32] {
        let mut hasher = blake3::Hasher::new();
        self.encode_to(&mut hasher);
        *hasher.finalize().as_bytes()
    }

    /// The first 4 bytes of the BLAKE3 of each of [`SECTIONS`], so that two nodes that differ can
    /// say where.
    #[must_use]
    pub fn sections(&self) -> [[u8; 4]; SECTIONS.len()] {
        core::array::from_fn(|place| {
            let mut hasher = blake3::Hasher::new();
            self.encode_section(place, &mut hasher);
            let [a, b, c, d, ..] = *hasher.finalize().as_bytes();
            [a, b, c, d]
        })
    }

    fn encode_section(&self, place: usize, sink: &mut impl Sink) {
        match place {
            0 => {
                self.neuron.encode(sink);
                self.residual.encode(sink);
                self.detector.encode(sink);
            }
            1 => {
                self.silence.encode(sink);
                self.wake.encode(sink);
            }
            2 => self.energy.encode(sink),
            3 => {
                self.trust.encode(sink);
                encode_slice(&self.neighbours, sink);
                self.encode_conduct(sink);
            }
            4 => self.encode_memory(sink),
            _ => self.encode_options(sink),
        }
    }

    /// The canonical encoding, part by part.
    pub fn encode_to(&self, sink: &mut impl Sink) {
        self.id.encode(sink);
        self.group.encode(sink);
        self.neuron.encode(sink);
        self.residual.encode(sink);
        self.detector.encode(sink);
        self.silence.encode(sink);
        self.energy.encode(sink);
        self.wake.encode(sink);
        self.trust.encode(sink);
        encode_slice(&self.neighbours, sink);
        self.encode_memory(sink);
        self.encode_options(sink);
        self.encode_conduct(sink);
    }

    fn encode_memory(&self, sink: &mut impl Sink) {
        self.inbox.encode(sink);
        self.reassembly.encode(sink);
        encode_slice(&self.clients, sink);
        encode_slice(&self.routes, sink);
    }

    fn encode_options(&self, sink: &mut impl Sink) {
        self.evolution.encode(sink);
        if let Some(carry) = &self.carry {
            carry.encode(sink);
        }
        if let Some(tuner) = &self.tuner {
            tuner.encode(sink);
        }
        if let Some(feed) = &self.stream {
            feed.encode(sink);
        }
        if let Some(publisher) = &self.publisher {
            publisher.disclosed.encode(sink);
        }
        if let Some(handover) = &self.handover {
            handover.encode(sink);
        }
    }

    fn encode_conduct(&self, sink: &mut impl Sink) {
        if let Some(conduct) = &self.conduct {
            conduct.encode(sink);
        }
    }

    /// Reads back what [`Node::encode_to`] writes, all of it, of a node of this configuration;
    /// `None` if the bytes are none, or if `N` is too small for it.
    #[must_use]
    pub fn from_bytes(config: &NodeConfig, bytes: &[u8]) -> Option<Self> {
        let mut source = Source::new(bytes);
        let from = &mut source;
        let mut node = Self::new(Canonical::decode(from)?, Role::Scheduled, config, &[]);
        node.group = Canonical::decode(from)?;
        node.neuron = Canonical::decode(from)?;
        node.residual = Canonical::decode(from)?;
        node.detector = Canonical::decode(from)?;
        node.silence = Canonical::decode(from)?;
        node.energy = Canonical::decode(from)?;
        node.wake = Wake::decode(from)?;
        node.trust = Canonical::decode(from)?;
        node.neighbours = Canonical::decode(from)?;
        node.inbox = Canonical::decode(from)?;
        node.reassembly = Canonical::decode(from)?;
        node.clients = Canonical::decode(from)?;
        node.routes = Canonical::decode(from)?;
        node.decode_options(config, from)?;
        if config.trust.keeps_conduct() {
            let entries: heapless::Vec<_, N> = Canonical::decode(from)?;
            let fits = entries.len() == node.neighbours.len();
            let ledger = Canonical::decode(from)?;
            node.conduct = fits.then_some(Dossier { entries, ledger });
            node.conduct.as_ref()?;
        }
        (source.remaining() == 0 && node.evolution.is_some() == config.evolution.is_some())
            .then_some(node)
    }

    fn decode_options(&mut self, config: &NodeConfig, from: &mut Source<'_>) -> Option<()> {
        self.evolution = Canonical::decode(from)?;
        if Carry::of(config).is_some() {
            self.carry = Some(Canonical::decode(from)?);
        }
        if config.tuner {
            self.tuner = Some(Canonical::decode(from)?);
        }
        self.stream = match config.stream.filter(|_| self.wake.role != Role::Sentinel) {
            Some(_) => Some(Canonical::decode(from)?),
            None => None,
        };
        if let Some(privacy) = &config.privacy {
            let key = simulated_key(config.wake.seed, self.id);
            let mut publisher = Publisher::new(privacy, key);
            publisher.disclosed = Canonical::decode(from)?;
            self.publisher = Some(publisher);
        }
        if config.handover.is_some() {
            self.handover = Some(Canonical::decode(from)?);
        }
        Some(())
    }
}
