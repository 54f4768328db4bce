//! One tick of the node: as a host orders it, or on the board's own clock.

use qres_core::id::Tick;
use qres_core::link::frame::checksum;
use qres_core::link::message::{
    LinkMessage, Order, Refusal, Rehearsal, Sample, Telemetry, Ticked, disturbed,
};
use qres_core::q16::Q16;
use qres_core::radio::Heard;

use crate::board::{Activity, Board};
use crate::keep;
use crate::machine::Firmware;

/// Free ticks from one record in flash to the next. At a tick a second a slot is erased every
/// 2.3 hours, which 100,000 erasures of a sector make 26 years.
const KEEP_EVERY: u64 = 4_096;
/// A free node that is more ticks late than this goes on from now.
const LATE_TICKS: u64 = 4;

impl<B: Board> Firmware<'_, B> {
    /// Does a host's tick, or says again what it did.
    pub(crate) fn tick(&mut self, order: &Order) -> Result<(), Refusal> {
        self.node.as_ref().ok_or(Refusal::NoNode)?;
        if self.last.is_some_and(|last| last.tick == order.tick) {
            self.tell();
            return Ok(());
        }
        if order.tick != self.next {
            self.say(&LinkMessage::Missed { asked: order.tick, next: self.next });
            return Ok(());
        }
        let have = self.memory.mail.count(order.tick);
        if have < order.heard {
            return Err(Refusal::Frames { have });
        }
        if have == 0 || order.heard == 0 {
            self.memory.mail.heard.clear();
        }
        self.memory.mail.heard.truncate(usize::from(order.heard));
        self.activity = Activity::Mirrored;
        self.storm = order.storm;
        // A given sample is bent already, by what this tick's rehearsal said, if there was one.
        let rehearsed = self.read.is_some_and(|(of, _)| of == order.tick);
        self.disturb(match order.sample {
            Sample::Own => order.disturbance != 0,
            _ => rehearsed && self.is_disturbed(),
        });
        let raw = self.board.sense();
        let sample = match order.sample {
            Sample::Own => raw.map(|raw| disturbed(raw, order.disturbance)),
            Sample::Given(bits) => Some(Q16::from_bits(bits)),
            Sample::Absent => None,
        };
        self.run(raw, sample, order.harvest_uw);
        self.tell();
        Ok(())
    }

    /// Reads the sensor and says what the node will say in the tick that is next: a copy of it runs
    /// the tick and hears nothing, as a node speaks before it listens.
    pub(crate) fn rehearse(&mut self, asked: &Rehearsal) -> Result<(), Refusal> {
        let mut copy = self.node.clone().ok_or(Refusal::NoNode)?;
        let tick = self.next;
        if asked.tick != tick {
            self.say(&LinkMessage::Missed { asked: asked.tick, next: tick });
            return Ok(());
        }
        let kept = self.read.filter(|(of, _)| *of == tick).map(|(_, raw)| raw);
        let raw = kept.unwrap_or_else(|| if asked.senses { self.board.sense() } else { None });
        self.read = Some((tick, raw));
        self.activity = Activity::Mirrored;
        self.storm = asked.storm;
        self.disturb(asked.offset != 0 || asked.gain != 0);
        copy.harvest_uw = asked.harvest_uw;
        let sample = raw.map(|raw| asked.disturbance().bend(raw));
        self.memory.mail.heard.clear();
        copy.tick(
            &self.config,
            Tick(tick),
            Self::taken(tick, sample),
            &mut self.memory.mail.radio(copy.id),
        );
        // What `last` said is gone with this, and so is `last`: a host that rehearses has it.
        self.last = None;
        let said = self.tell_of(tick);
        self.say(&LinkMessage::Rehearsed { tick, raw: raw.map(Q16::to_bits), said });
        self.shine();
        Ok(())
    }

    /// The sample as this firmware takes it: what it is, but for a deliberate flaw.
    fn taken(tick: u64, sample: Option<Q16>) -> Option<Q16> {
        let flip = i32::from(B::FLAWED_FROM.is_some_and(|from| tick >= from));
        sample.map(|sample| Q16::from_bits(sample.to_bits() ^ flip))
    }

    /// Runs the next tick over what the mail holds.
    fn run(&mut self, raw: Option<Q16>, sample: Option<Q16>, harvest_uw: u32) {
        let started_us = self.board.now_us();
        let id = self.id();
        let Some(node) = &mut self.node else { return };
        let heard = self.memory.mail.heard.len() as u8;
        let heard_crc = checksum(self.memory.mail.heard.iter().map(|heard| heard.frame.as_slice()));
        node.harvest_uw = harvest_uw;
        let taken = Self::taken(self.next, sample);
        node.tick(&self.config, Tick(self.next), taken, &mut self.memory.mail.radio(id));
        self.memory.mail.heard.clear();
        let telemetry = Telemetry {
            regime: node.detector.regime() as u8,
            is_browned_out: node.energy.is_browned_out(),
            energy_uj: node.energy.level_uj(),
            awake_us: u32::try_from(node.wake.window().length_us()).unwrap_or(u32::MAX),
            rounds: node.wake.rounds(),
            weights: node.neuron.weights().map(Q16::to_bits),
            work_us: u32::try_from(self.board.now_us() - started_us).unwrap_or(u32::MAX),
        };
        self.last = Some(Ticked {
            tick: self.next,
            raw: raw.map(Q16::to_bits),
            sample: sample.map(Q16::to_bits),
            heard,
            heard_crc,
            said: self.memory.mail.said.len() as u8,
            digest: node.digest(),
            sections: node.sections(),
            telemetry,
        });
        self.next = self.next.saturating_add(1);
        self.shine();
    }

    /// Says what the last tick did.
    fn tell(&mut self) {
        let Some(ticked) = self.last else { return };
        self.tell_of(ticked.tick);
        self.say(&LinkMessage::Ticked(ticked));
    }

    /// Says what the mail holds of a tick; returns how many messages that was.
    fn tell_of(&mut self, tick: u64) -> u8 {
        for (index, said) in (0..).zip(&self.memory.mail.said) {
            let (at_us, frame) = (said.at_us, said.frame.as_slice());
            let message = LinkMessage::Say { tick, index, at_us, frame };
            if let Ok(frame) = self.writer.write(&message) {
                self.board.write(&frame);
            }
        }
        self.memory.mail.said.len() as u8
    }

    /// From now on the board's own clock decides when a tick is.
    pub(crate) fn run_free(&mut self) {
        self.activity = Activity::Free;
        self.storm = 0;
        self.disturb(false);
        self.due_us = self.board.now_us();
        self.keep();
        self.shine();
    }

    /// Does the free tick that is due, if one is.
    pub(crate) fn free_ticks(&mut self, now_us: u64) {
        if now_us < self.due_us {
            return;
        }
        let tick_us = self.config.wake.tick_us;
        let late = now_us - self.due_us > LATE_TICKS * tick_us;
        self.due_us = if late { now_us } else { self.due_us } + tick_us;
        self.memory.mail.heard.clear();
        while let Some(frame) = self.board.receive() {
            // All of it is there at the start; the newest are left out where there is no room.
            let _ = self.memory.mail.heard.push(Heard { frame, at_us: 0 });
        }
        let raw = self.board.sense();
        self.run(raw, raw, 0);
        let mtu = usize::from(self.config.air.mtu_bytes);
        for said in &self.memory.mail.said {
            said.cut(mtu, |frame| self.board.send(frame));
        }
        self.tell();
        if self.next.is_multiple_of(KEEP_EVERY) {
            self.keep();
        }
    }

    /// Keeps the node in flash. A flash that fails costs the memory of the node, not the node.
    fn keep(&mut self) {
        let Self { board, memory, secret, node, config, next, .. } = self;
        let node = node.as_ref().map(|node| (&*config, node, *next));
        keep::save(board.flash(), &mut memory.scratch, secret, node);
    }

    /// Forgets the node that was kept; the secret stays.
    pub(crate) fn forget(&mut self) {
        keep::save(self.board.flash(), &mut self.memory.scratch, &self.secret, None);
    }
}
