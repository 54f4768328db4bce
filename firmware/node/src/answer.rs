//! What a board answers to each message of a host. Must not know bytes or lines.

use qres_core::canonical::{Canonical, Source};
use qres_core::config::NodeConfig;
use qres_core::id::{GroupId, NodeId, Tick};
use qres_core::link::LINK_VERSION;
use qres_core::link::frame::checksum;
use qres_core::link::message::{Area, LinkMessage, PIECE_MAX, Post, Refusal};
use qres_core::node::Node;
use qres_core::trust::OwnTrust;
use qres_core::wake::{Role, Wake};

use crate::board::{Activity, Board};
use crate::machine::{Firmware, NEIGHBOURS};

/// No run reaches this moment, in microseconds: 146,000 years.
const MOMENT_MAX_US: u64 = 1 << 62;

impl<B: Board> Firmware<'_, B> {
    /// Reads a message and answers it.
    pub(crate) fn answer(&mut self, sequence: u16, bytes: &[u8]) {
        let refusal = match LinkMessage::read(bytes) {
            Ok(message) => self.obey(&message),
            Err(_) => Err(Refusal::Message),
        };
        if let Err(why) = refusal {
            self.say(&LinkMessage::Nack { sequence, why });
        }
    }

    fn obey(&mut self, message: &LinkMessage<'_>) -> Result<(), Refusal> {
        use LinkMessage as M;
        if let M::Hello { versions: (oldest, newest), nonce } = message {
            self.understood = (*oldest..=*newest).contains(&LINK_VERSION);
            self.greet(*nonce);
            return Ok(());
        }
        if !self.understood {
            return Err(Refusal::Version);
        }
        match message {
            M::Load { area, offset, bytes } => self.load(*area, *offset, bytes)?,
            M::Post(post) => self.post(post)?,
            M::Restore { tick } => self.restore(*tick)?,
            M::Hear { tick, index, at_us, frame } => {
                if *tick == self.next {
                    self.memory.mail.take(*tick, *index, *at_us, frame);
                }
            }
            M::Tick(order) => self.tick(order)?,
            M::Rehearse(asked) => self.rehearse(asked)?,
            M::Ping { host_us } => {
                let board_us = self.board.now_us();
                self.say(&M::Pong { host_us: *host_us, board_us });
            }
            M::Fetch { offset } => self.fetch(*offset)?,
            M::Release => {
                self.node.as_ref().ok_or(Refusal::NoNode)?;
                self.run_free();
                self.ready();
            }
            M::Restart => self.restart(),
            _ => return Err(Refusal::Direction),
        }
        Ok(())
    }

    fn load(&mut self, area: Area, offset: u16, bytes: &[u8]) -> Result<(), Refusal> {
        let (length, fits) = match area {
            Area::Config => append(&mut self.memory.config_area, offset, bytes),
            Area::State => append(&mut self.memory.state_area, offset, bytes),
        };
        if !fits {
            return Err(Refusal::Piece { length });
        }
        self.say(&LinkMessage::Loaded { area, length });
        Ok(())
    }

    fn post(&mut self, post: &Post) -> Result<(), Refusal> {
        let config = if post.config_bytes == 0 {
            NodeConfig::default()
        } else {
            let bytes = self.memory.config_area.as_slice();
            let whole = bytes.len() == usize::from(post.config_bytes);
            let same = whole && checksum([bytes]) == post.config_crc;
            NodeConfig::from_bytes(bytes).filter(|_| same).ok_or(Refusal::Config)?
        };
        let role = Role::decode(&mut Source::new(&[post.role])).ok_or(Refusal::Config)?;
        if !is_near(post.join, &config) || post.first_us >= MOMENT_MAX_US {
            return Err(Refusal::Config);
        }
        // Keys of neighbours, the secret noise of private updates and the pages of audits stand
        // beside the node, and nobody gives them to it here.
        let unsupported = config.air.signature_bytes > 0
            || config.privacy.is_some()
            || config.audit.is_some()
            || post.neighbours.len() > NEIGHBOURS;
        if unsupported {
            return Err(Refusal::Unsupported);
        }
        let neighbours: heapless::Vec<NodeId, NEIGHBOURS> =
            post.neighbours.iter().map(|id| NodeId(*id)).collect();
        let mut node = Node::new(NodeId(post.node), role, &config, &neighbours);
        node.group = GroupId(post.group);
        let sentinel = NodeId(post.sentinel);
        node.wake = Wake::new(role, sentinel, post.first_us, config.trust.initial);
        node.trust = OwnTrust::new(Tick(post.join));
        self.config = config;
        self.free_after_us = u64::from(post.free_after_ms) * 1_000;
        self.become_node(node, post.join);
        Ok(())
    }

    fn restore(&mut self, tick: u64) -> Result<(), Refusal> {
        self.node.as_ref().ok_or(Refusal::NoNode)?;
        let node = Node::from_bytes(&self.config, &self.memory.state_area).ok_or(Refusal::State)?;
        if !is_near(tick, &self.config) {
            return Err(Refusal::State);
        }
        self.become_node(node, tick);
        Ok(())
    }

    fn become_node(&mut self, node: Node<NEIGHBOURS>, next: u64) {
        self.node = Some(node);
        self.next = next;
        self.last = None;
        self.read = None;
        self.memory.mail.heard.clear();
        self.memory.mail.said.clear();
        self.activity = Activity::Mirrored;
        self.disturb(false);
        self.shine();
        self.ready();
    }

    fn ready(&mut self) {
        let Some(node) = &self.node else { return };
        let digest = node.digest();
        let is_free = self.activity == Activity::Free;
        self.say(&LinkMessage::Ready { tick: self.next, digest, is_free });
    }

    fn fetch(&mut self, offset: u16) -> Result<(), Refusal> {
        let node = self.node.as_ref().ok_or(Refusal::NoNode)?;
        if offset == 0 {
            self.memory.scratch.clear();
            node.encode_to(&mut self.memory.scratch);
            self.snapshot_tick = self.next;
        }
        let total = self.memory.scratch.len();
        let from = usize::from(offset).min(total);
        let to = (from + PIECE_MAX).min(total);
        let part = LinkMessage::Part {
            tick: self.snapshot_tick,
            total: total as u16,
            offset,
            bytes: self.memory.scratch.get(from..to).unwrap_or_default(),
        };
        // Not `say`, as the part still lies in `scratch`.
        if let Ok(frame) = self.writer.write(&part) {
            self.board.write(&frame);
        }
        Ok(())
    }

    fn restart(&mut self) {
        self.node = None;
        self.last = None;
        self.next = 0;
        self.free_after_us = 0;
        self.storm = 0;
        self.disturb(false);
        self.memory.config_area.clear();
        self.memory.state_area.clear();
        self.memory.mail.heard.clear();
        self.activity = Activity::Waiting;
        self.understood = true;
        self.forget();
        self.shine();
        self.greet(0);
    }
}

/// Whether a tick's moments can be counted in microseconds, for long after it.
fn is_near(tick: u64, config: &NodeConfig) -> bool {
    tick.checked_mul(config.wake.tick_us).is_some_and(|us| us < MOMENT_MAX_US)
}

/// Puts a piece where it belongs. A piece that is there already changes nothing, so that it may be
/// sent again; a piece at 0 begins anew.
fn append<const N: usize>(
    area: &mut heapless::Vec<u8, N>,
    offset: u16,
    bytes: &[u8],
) -> (u16, bool) {
    let offset = usize::from(offset);
    let known = offset > 0 && area.get(offset..offset + bytes.len()) == Some(bytes);
    if !known {
        if offset > area.len() || bytes.is_empty() || offset + bytes.len() > N {
            return (area.len() as u16, false);
        }
        area.truncate(offset);
        let _ = area.extend_from_slice(bytes);
    }
    (area.len() as u16, true)
}
