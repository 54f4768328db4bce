//! The components of a node entity: the core's parts, wrapped one for one, and what the simulation
//! keeps beside them. No logic lives here.

use bevy::ecs::component::Component;
use qres_core::carry::Carry;
use qres_core::energy::{Activity, EnergyPool};
use qres_core::evolution::Evolution;
use qres_core::fragment::Reassembly;
use qres_core::handover::Handover;
use qres_core::id::{GroupId, NodeId, Tick};
use qres_core::inbox::Inbox;
use qres_core::neuron::SwarmNeuron;
use qres_core::privacy::release::Publisher;
use qres_core::q16::Q16;
use qres_core::regime::RegimeDetector;
use qres_core::residual::Residual;
use qres_core::responder::Route;
use qres_core::silence::Silence;
use qres_core::trust::{Neighbour, OwnTrust};
use qres_core::tuner::Tuner;
use qres_core::wake::Wake;

use crate::world::signal::SensorState;

/// Who a node is: set once.
#[derive(Component, Clone, Copy, Debug)]
pub struct Identity {
    /// Its id, which is also its index in dense tables.
    pub id: NodeId,
    /// Its modality.
    pub group: GroupId,
    /// Its signal, by place in the plan.
    pub signal: u32,
    /// Where it stands, in millimetres.
    pub position_mm: [i32; 3],
}

/// The predictor.
#[derive(Component, Clone, Debug)]
pub struct Neuron(pub SwarmNeuron);

/// The entropy estimate.
#[derive(Component, Clone, Debug)]
pub struct Entropy(pub Residual);

/// The regime detector.
#[derive(Component, Clone, Debug)]
pub struct Detector(pub RegimeDetector);

/// Strategic silence.
#[derive(Component, Clone, Debug)]
pub struct Quiet(pub Silence);

/// The battery.
#[derive(Component, Clone, Debug)]
pub struct Battery(pub EnergyPool);

/// The wake schedule.
#[derive(Component, Clone, Debug)]
pub struct Schedule(pub Wake);

/// The node's own standing.
#[derive(Component, Clone, Debug)]
pub struct Standing(pub OwnTrust);

impl Standing {
    /// Of a node that is known to nobody at `now`.
    #[must_use]
    pub const fn new(now: Tick) -> Self {
        Self(OwnTrust::new(now))
    }
}

/// What it thinks of each neighbour of its modality, sorted by id.
#[derive(Component, Clone, Debug)]
pub struct Trust(pub Box<[Neighbour]>);

/// The tuner; only where a mesh tunes.
#[derive(Component, Clone, Debug, Default)]
pub struct Tuning(pub Box<Tuner>);

/// The part in handing over; only where a mesh hands over what it has learned.
#[derive(Component, Clone, Debug)]
pub struct Heritage(pub Box<Handover>);

/// What a sentinel keeps for its clients.
#[derive(Clone, Debug, Default)]
pub struct Service {
    /// Clients, sorted by id.
    pub clients: Box<[NodeId]>,
    /// Routes, sorted by origin.
    pub routes: Box<[Route]>,
}

/// Radio memory that a node only has while it needs it: the pages come from a pool.
#[derive(Component, Clone, Debug, Default)]
pub struct Memory {
    /// The offers of the running round.
    pub inbox: Option<Box<Inbox>>,
    /// Unfinished fragmented messages.
    pub reassembly: Option<Box<Reassembly>>,
    /// A sentinel's service; absent on all others.
    pub service: Option<Box<Service>>,
}

/// The node's evolution; `None` in a mesh whose models keep their form.
#[derive(Component, Clone, Debug, Default)]
pub struct Genome(pub Option<Box<Evolution>>);

/// What an option of the mesh asks a node to carry; only where there is such an option.
#[derive(Component, Clone, Debug)]
pub struct Carried(pub Carry);

/// What makes a node's updates private; only where a mesh asks for that.
#[derive(Component, Clone, Debug)]
pub struct Private(pub Publisher);

/// The sensor: its memory and this tick's reading.
#[derive(Component, Clone, Copy, Debug, Default)]
pub struct Sensor {
    /// What the signal remembers.
    pub state: SensorState,
    /// The reading, in the sensor's unit; `None` between samples and in gaps.
    pub sample: Option<Q16>,
}

/// What radio and processor did in this tick.
#[derive(Component, Clone, Copy, Debug, Default)]
pub struct Doing(pub Activity);

/// What a node has done since it joined, counted by the simulation: the node itself never looks.
#[derive(Component, Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    /// Frames sent, beacons without news not counted.
    pub frames_sent: u32,
    /// Updates of its own that it sent.
    pub updates_sent: u32,
    /// Bytes sent, headers included.
    pub bytes_sent: u64,
    /// Frames received.
    pub frames_heard: u32,
    /// Frames lost on the way to this node, by fading and by collision.
    pub frames_lost: u32,
    /// Merges that changed its model.
    pub merges: u32,
    /// Merges that would have served it worse than its own model, and were left.
    pub declined: u32,
    /// Rounds completed in which it both sent and received something.
    pub exchanges: u32,
    /// Frames sent and received when the running round began.
    pub marks: [u32; 2],
    /// Times that it entered Storm, up to the last tick.
    pub storms: u32,
    /// Microseconds that its radio was awake.
    pub awake_us: u64,
    /// Ticks lived.
    pub ticks: u64,
}
qres_core::canonical!(struct Tally {
    frames_sent, updates_sent, bytes_sent, frames_heard, frames_lost, merges, declined, exchanges,
    marks,    storms, awake_us, ticks,
});

/// Samples after joining over which a node counts as new in [`Score`].
pub const FIRST_SAMPLES: u32 = 500;

/// How well a node has predicted, in sums of 2^-16 of the sensor's unit.
#[derive(Component, Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Score {
    /// Samples that were predicted.
    pub samples: u32,
    /// Sum of |sample - prediction|.
    pub residual: u64,
    /// Sum of |sample - last sample|: the persistence forecast.
    pub persistence: u64,
    /// `residual` over the first [`FIRST_SAMPLES`].
    pub first_residual: u64,
}
qres_core::canonical!(struct Score { samples, residual, persistence, first_residual });
