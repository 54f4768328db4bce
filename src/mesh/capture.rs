//! Every frame of a tick as bytes, with what became of it at those who listened. Nothing flows
//! back: a mesh that is captured has the same digest.

use qres_core::id::NodeId;

use super::Mesh;
use super::resources::Air;
use crate::world::air::{Fate, Transmission};

/// Fates of a frame, in the order of [`FATES`].
pub type Outcomes = [u16; FATES.len()];

/// What can become of a frame.
pub const FATES: [Fate; 10] = [
    Fate::Delivered,
    Fate::Faded,
    Fate::Collided,
    Fate::Asleep,
    Fate::Cut,
    Fate::Jammed,
    Fate::Dropped,
    Fate::Corrupted,
    Fate::Repeated,
    Fate::Delayed,
];

/// What became of a frame at one receiver.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Outcome {
    /// Whether it was an answer within a service period.
    pub is_answer: bool,
    /// Who transmitted.
    pub sender: NodeId,
    /// Place among the sender's frames of that sort in the tick.
    pub sequence: u32,
    /// What became of it.
    pub fate: Fate,
}

/// A frame on the air.
#[derive(Clone, Copy, Debug)]
pub struct Frame<'a> {
    /// Sender, destination, kind and moments.
    pub transmission: &'a Transmission,
    /// Its bytes, header and all.
    pub bytes: &'a [u8],
    /// Whether it is an answer within a service period.
    pub is_answer: bool,
    /// Receivers by what became of the frame there; they count up to 65535. Those whose radio was
    /// off or asleep in the whole tick are not counted.
    pub outcomes: Outcomes,
}

impl Mesh {
    /// Keeps what becomes of frames for [`Mesh::frames`], from the next tick on.
    pub fn capture(&mut self, captured: bool) {
        self.world.resource_mut::<Air>().captured = captured;
    }

    /// Calls `each` with every frame of the last tick, in the order of their starts; at the same
    /// moment by sender, and answers behind the rest.
    ///
    /// # Errors
    /// The first error of `each`, which ends it.
    pub fn frames<E>(
        &mut self,
        mut each: impl FnMut(&Frame<'_>) -> Result<(), E>,
    ) -> Result<(), E> {
        let air = &mut *self.world.resource_mut::<Air>();
        let mut outcomes: Vec<Outcome> = Vec::new();
        air.outcomes.drain_into(&mut outcomes);
        outcomes.sort_unstable();
        let own = air.broadcast.frames().iter().map(|frame| (frame, false));
        let mut frames: Vec<_> =
            own.chain(air.service.frames().iter().map(|frame| (frame, true))).collect();
        frames.sort_unstable_by_key(|(frame, is_answer)| {
            (frame.span_us.0, frame.sender, *is_answer, frame.sequence)
        });
        for (transmission, is_answer) in frames {
            let traffic = if is_answer { &air.service } else { &air.broadcast };
            let bytes = traffic.bytes(transmission);
            let outcomes = count(&outcomes, is_answer, transmission);
            each(&Frame { transmission, bytes, is_answer, outcomes })?;
        }
        Ok(())
    }
}

/// The outcomes of one frame among all, which are sorted.
fn count(all: &[Outcome], is_answer: bool, frame: &Transmission) -> Outcomes {
    let key = (is_answer, frame.sender, frame.sequence);
    let of = |outcome: &Outcome| (outcome.is_answer, outcome.sender, outcome.sequence);
    let from = all.partition_point(|outcome| of(outcome) < key);
    let mut outcomes = [0_u16; FATES.len()];
    for outcome in all.iter().skip(from).take_while(|outcome| of(outcome) == key) {
        let place = FATES.iter().position(|fate| *fate == outcome.fate);
        if let Some(count) = place.and_then(|place| outcomes.get_mut(place)) {
            *count = count.saturating_add(1);
        }
    }
    outcomes
}
