//! How a board is doing, for people. Must not change anything.

use data_encoding::HEXLOWER;
use qres_core::id::NodeId;
use qres_core::link::message::Telemetry;
use serde::Serialize;

use super::clock::ClockStatus;
use super::count::{BoardCounts, Latency};
use super::port::Port;
use super::session::{Divergence, Phase, Session};

/// How a board is doing.
#[derive(Clone, Debug, Serialize)]
pub struct BoardStatus {
    /// Its port.
    pub port: String,
    /// Its node.
    pub node: u32,
    /// Where the conversation stands: `unplugged`, `silent`, `garbled`, `greeted`, `loading`,
    /// `live`, `refused`.
    pub state: &'static str,
    /// Why, where there is something in the way.
    pub why: String,
    /// The first half of its public key.
    pub key: String,
    /// Whether it has proved that the key is its own; null before it has greeted.
    pub is_proven: Option<bool>,
    /// Its kind of board and its firmware.
    pub build: String,
    /// Ticks that it is behind.
    pub behind: usize,
    /// 0 calm, 1 pre-storm, 2 storm.
    pub regime: u8,
    /// What its simulated store holds, in microjoules.
    pub energy_uj: u64,
    /// Bytes per second in both directions.
    pub bytes_per_s: u64,
    /// How long it takes to answer.
    pub latency: Latency,
    /// Its clock against the host's; null before the first answer to a ping.
    pub clock: Option<ClockStatus>,
    /// What was counted.
    pub counts: BoardCounts,
    /// Bytes that the port did not take in time.
    pub dropped_bytes: u64,
    /// The last tick after which its digest was its twin's.
    pub agreed_tick: Option<u64>,
    /// The first four bytes of that digest.
    pub agreed_digest: String,
    /// The first tick in which it was not its twin; null while it is.
    pub divergence: Option<Divergence>,
}

/// How a board's link stands, as a lamp shows it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Lamp {
    /// It keeps step.
    Connected,
    /// It is there, or may come, and is not the node yet.
    Waiting,
    /// The port is open, and who has answered before does not answer, or not in frames.
    Silent,
    /// The port is gone, or the board cannot be used.
    Lost,
}

impl Lamp {
    /// All, the best first.
    pub const ALL: [Self; 4] = [Self::Connected, Self::Waiting, Self::Silent, Self::Lost];

    /// A word for it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Connected => "connected",
            Self::Waiting => "waiting",
            Self::Silent => "silent",
            Self::Lost => "lost",
        }
    }
}

impl BoardStatus {
    pub(super) fn new(
        (port, trouble): (&Port, &str),
        node: NodeId,
        session: &Session,
        now_us: u64,
    ) -> Self {
        let (who, Telemetry { regime, energy_uj, .. }) = (session.who(), *session.telemetry());
        let (state, mut why) = session.state();
        if *session.phase() == Phase::Closed {
            trouble.clone_into(&mut why);
        }
        let key = HEXLOWER.encode(who.key.first_chunk::<8>().unwrap_or(&[0; 8]));
        let agreed = session.agreed();
        let digest = agreed.and_then(|(_, digest)| digest.first_chunk::<4>());
        Self {
            port: port.path().to_owned(),
            node: node.0,
            state,
            why,
            key,
            is_proven: (!who.build.is_empty()).then_some(who.proven),
            build: format!("{} {}", who.profile, who.build).trim().to_owned(),
            behind: session.behind(),
            regime,
            energy_uj,
            bytes_per_s: session.bytes_per_s(),
            latency: *session.latency(),
            clock: session.clock(now_us),
            counts: *session.counts(),
            dropped_bytes: port.dropped(),
            agreed_tick: agreed.map(|(tick, _)| *tick),
            agreed_digest: digest.map(|bytes| HEXLOWER.encode(bytes)).unwrap_or_default(),
            divergence: session.divergence().cloned(),
        }
    }

    /// The start of its key, or that it has not proved any.
    #[must_use]
    pub fn identity(&self) -> &str {
        match self.is_proven {
            Some(true) => self.key.get(..8).unwrap_or(&self.key),
            Some(false) => "unproven",
            None => "",
        }
    }

    /// How its link stands.
    #[must_use]
    pub fn lamp(&self) -> Lamp {
        match self.state {
            "live" => Lamp::Connected,
            "silent" if self.counts.ticks > 0 => Lamp::Silent,
            "garbled" => Lamp::Silent,
            "unplugged" if self.counts.opened == 0 && self.why.is_empty() => Lamp::Waiting,
            "unplugged" | "refused" => Lamp::Lost,
            _ => Lamp::Waiting,
        }
    }
}
