//! What a receiver does with a frame before it is read: faults have their say, and it is shown and
//! counted. Must not look into messages.

use qres_core::id::Tick;
use qres_core::packet::{Header, MTU};
use qres_core::radio::Outgoing;
use qres_core::signature::SignatureBytes;

use super::{Ear, SECOND_PASS};
use crate::mesh::capture::Outcome;
use crate::mesh::publish::PacketView;
use crate::world::air::{Fate, Traffic, Transmission};
use crate::world::faults::Arrival;

impl Ear<'_> {
    /// Handles the frames that came late and are due.
    pub(super) fn catch_up(&mut self, mut answer: impl FnMut(Outgoing, Option<SignatureBytes>)) {
        let window = self.schedule.0.window();
        while window.is_awake()
            && let Some(bytes) = self.condition.as_mut().and_then(|c| c.hand_over(self.now))
        {
            self.hear(&bytes, window.from_us, &mut answer);
        }
    }

    /// Takes a frame that was meant for this node, whatever became of it.
    pub(super) fn take(
        &mut self,
        traffic: &Traffic,
        frame: &Transmission,
        fate: Fate,
        mut answer: impl FnMut(Outgoing, Option<SignatureBytes>),
    ) {
        if fate == Fate::Delivered && self.plan.faults.on_air() {
            let link = frame.link(self.identity.id, self.now);
            for arrival in &self.plan.faults.arrivals(&link) {
                self.arrive(traffic, frame, arrival, &mut answer);
            }
            return;
        }
        self.note(frame, fate);
        if fate == Fate::Delivered {
            self.tally.frames_heard += 1;
            self.hear(traffic.bytes(frame), frame.span_us.1, answer);
        }
    }

    /// Takes one copy of a frame that was received, with what faults have made of it.
    fn arrive(
        &mut self,
        traffic: &Traffic,
        frame: &Transmission,
        arrival: &Arrival,
        answer: impl FnMut(Outgoing, Option<SignatureBytes>),
    ) {
        let fate = match arrival {
            _ if arrival.is_damaged() => Fate::Corrupted,
            Arrival { late_ticks: 1.., .. } => Fate::Delayed,
            Arrival { copy: 1.., .. } => Fate::Repeated,
            _ => Fate::Delivered,
        };
        self.note(frame, fate);
        let clean = traffic.bytes(frame);
        let mut bytes: heapless::Vec<u8, MTU> =
            heapless::Vec::from_slice(clean).unwrap_or_default();
        arrival.damage(&mut bytes);
        let whole = fate != Fate::Corrupted || Header::read(&bytes).is_ok();
        let heard = if whole { &mut self.tally.frames_heard } else { &mut self.tally.frames_lost };
        *heard += 1;
        let Some(condition) = &mut self.condition else { return };
        condition.counts.undetected += u32::from(whole && fate == Fate::Corrupted);
        if arrival.late_ticks > 0 {
            let due = Tick(self.now.0.saturating_add(u64::from(arrival.late_ticks)));
            condition.keep(due, &bytes);
        } else {
            self.hear(&bytes, frame.span_us.1, answer);
        }
    }

    /// Shows and counts what became of a frame.
    fn note(&mut self, frame: &Transmission, fate: Fate) {
        if self.air.watched {
            let view = PacketView::new(frame, self.identity.id, fate);
            self.air.seen.scope(|seen| seen.push(view));
        }
        if self.air.captured {
            let (sender, sequence) = (frame.sender, frame.sequence);
            let is_answer = self.heard >= SECOND_PASS;
            let outcome = Outcome { is_answer, sender, sequence, fate };
            self.air.outcomes.scope(|outcomes| outcomes.push(outcome));
        }
        if let Some(condition) = &mut self.condition {
            condition.note(fate);
        }
        let lost = [Fate::Faded, Fate::Collided, Fate::Cut, Fate::Jammed, Fate::Dropped];
        self.tally.frames_lost += u32::from(lost.contains(&fate));
    }
}
