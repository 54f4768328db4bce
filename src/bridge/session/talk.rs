//! What is said in a conversation: questions into frames, answers into what they mean.

use qres_core::integrity::identity::PublicIdentity;
use qres_core::link::LINK_VERSION;
use qres_core::link::frame::checksum;
use qres_core::link::message::{
    Area, Beat, CAN_SIGN, Greeting, LinkMessage, Order, PIECE_MAX, Refusal, SECTIONS, Sample,
    Ticked, greeting_version,
};
use qres_core::q16::Q16;

use super::{
    BYTE_US, Divergence, Done, HELLO_US, OUTPUT_MAX, Open, PATIENCE_US, Phase, Question, REFUSALS,
    Session, Who,
};
use crate::mesh::boards::{SAID_MAX, Said, SaidFrame};

/// A board that heard nothing for so long may have run free since, in microseconds.
const FREE_AFTER_US: u64 = 10_000_000;
/// The same as a board is told, in milliseconds.
pub(in crate::bridge) const FREE_AFTER_MS: u32 = 10_000;

/// What became of a frame that arrived whole.
enum Fate {
    Used,
    Stale,
    Note,
    Meaningless,
}

/// Asking.
impl Session {
    /// Asks a question, in place of any that is open.
    pub(super) fn send(&mut self, now_us: u64, question: Question) {
        if question == Question::Hello {
            let next = self.nonce.wrapping_mul(6_364_136_223_846_793_005);
            self.nonce = next.wrapping_add(1_442_695_040_888_963_407) | 1;
        }
        self.ask_again(now_us, question, 1);
    }

    /// Asks a question for the `tries`th time.
    pub(super) fn ask_again(&mut self, now_us: u64, question: Question, tries: u32) {
        let (before, sequence) = (self.output.len(), self.writer.sequence());
        self.say(now_us, &question);
        let line_us = (self.output.len() - before) as u64 * BYTE_US;
        let patience = if question == Question::Hello { HELLO_US } else { PATIENCE_US };
        let again_us = now_us + patience + 2 * line_us;
        self.open = Some(Open { question, sequence, sent_us: now_us, again_us, tries });
    }

    fn say(&mut self, now_us: u64, question: &Question) {
        match question {
            Question::Hello => {
                // A zero ends whatever noise came before.
                self.output.push_back(0);
                let versions = (LINK_VERSION, LINK_VERSION);
                self.write(&LinkMessage::Hello { versions, nonce: self.nonce });
            }
            Question::Load(area, offset) => {
                let Some(start) = self.start.take() else { return };
                let whole = if *area == Area::Config { &start.config } else { &start.state };
                let piece = whole.get(*offset..).unwrap_or(&[]);
                let bytes = piece.get(..PIECE_MAX).unwrap_or(piece);
                self.write(&LinkMessage::Load { area: *area, offset: *offset as u16, bytes });
                self.start = Some(start);
            }
            Question::Post => {
                let Some(start) = &self.start else { return };
                let mut post = start.post.clone();
                post.config_bytes = start.config.len() as u16;
                post.config_crc = checksum([&start.config[..]]);
                self.write(&LinkMessage::Post(post));
            }
            Question::Restore => {
                let Some(start) = &self.start else { return };
                let tick = start.tick;
                self.write(&LinkMessage::Restore { tick });
            }
            Question::Tick(_) => {
                let Some(done) = self.backlog.pop_front() else { return };
                for (index, heard) in (0..).zip(&done.heard) {
                    let (tick, at_us) = (done.tick, heard.at_us as u32);
                    self.write(&LinkMessage::Hear { tick, index, at_us, frame: &heard.frame });
                }
                self.write(&LinkMessage::Tick(order(&done)));
                self.backlog.push_front(done);
            }
            Question::Rehearse(_) => {
                let Some(wanted) = self.wanted else { return };
                self.says.clear();
                self.write(&LinkMessage::Rehearse(wanted));
            }
            Question::Ping => self.write(&LinkMessage::Ping { host_us: now_us }),
        }
    }

    fn write(&mut self, message: &LinkMessage<'_>) {
        // What finds no room is asked again.
        if self.output.len() < OUTPUT_MAX
            && let Ok(frame) = self.writer.write(message)
        {
            self.output.extend(frame.iter());
        }
    }

    fn is_open(&self, question: &Question) -> bool {
        self.open.as_ref().is_some_and(|open| open.question == *question)
    }

    /// The open question is answered.
    fn close(&mut self, now_us: u64) {
        if let Some(open) = self.open.take() {
            self.latency.add(now_us.saturating_sub(open.sent_us));
        }
    }
}

/// Hearing.
impl Session {
    /// Takes a frame that arrived whole.
    pub(super) fn hear(&mut self, now_us: u64, bytes: &[u8]) {
        let fate = match LinkMessage::read(bytes) {
            Ok(message) => self.understand(now_us, &message),
            Err(_) => match greeting_version(bytes) {
                Some(version) if self.is_open(&Question::Hello) => {
                    self.refuse_version(version);
                    Fate::Used
                }
                _ => Fate::Meaningless,
            },
        };
        let counts = &mut self.counts;
        *(match fate {
            Fate::Used => &mut counts.used,
            Fate::Stale => &mut counts.stale,
            Fate::Note => &mut counts.notes,
            Fate::Meaningless => &mut counts.meaningless,
        }) += 1;
    }

    fn understand(&mut self, now_us: u64, message: &LinkMessage<'_>) -> Fate {
        let used = match message {
            LinkMessage::Greeting(greeting) => self.greeted(now_us, greeting),
            LinkMessage::Loaded { area, length } => self.loaded(now_us, *area, *length),
            LinkMessage::Ready { tick, digest, .. } => self.ready(now_us, *tick, digest),
            LinkMessage::Say { tick, index, at_us, frame } => {
                self.said(*tick, *index, *at_us, frame)
            }
            LinkMessage::Rehearsed { tick, raw, said } => {
                self.rehearsed(now_us, *tick, *raw, usize::from(*said))
            }
            LinkMessage::Ticked(ticked) => self.ticked(now_us, ticked),
            LinkMessage::Missed { asked, next } => self.missed(now_us, *asked, *next),
            LinkMessage::Pong { host_us, board_us } => self.pong(now_us, *host_us, *board_us),
            LinkMessage::Nack { sequence, why } => self.refused(now_us, *sequence, *why),
            LinkMessage::Log { text, .. } => {
                self.log = Some((*text).to_owned());
                return Fate::Note;
            }
            LinkMessage::Beat(beat) => {
                self.beat(beat);
                return Fate::Note;
            }
            LinkMessage::Part { .. } => false,
            // What only hosts say: a line that echoes.
            _ => return Fate::Meaningless,
        };
        if used { Fate::Used } else { Fate::Stale }
    }

    fn refuse_version(&mut self, version: u16) {
        self.refuse(format!(
            "its firmware speaks version {version} of the link, this program version \
             {LINK_VERSION}: flash the firmware that came with this program"
        ));
    }

    fn greeted(&mut self, now_us: u64, greeting: &Greeting<'_>) -> bool {
        if self.phase == Phase::Closed {
            return false;
        }
        // Unasked: it has just started, and may even be another one.
        if greeting.nonce == 0 {
            self.counts.resets += u64::from(self.posted);
            if !self.is_open(&Question::Hello) {
                self.greet(now_us);
            }
            return true;
        }
        if greeting.nonce != self.nonce || !self.is_open(&Question::Hello) {
            return false;
        }
        self.close(now_us);
        if greeting.version != LINK_VERSION {
            self.refuse_version(greeting.version);
            return true;
        }
        let signs = greeting.capabilities & CAN_SIGN != 0;
        if signs && !is_proven(greeting) {
            self.refuse(
                "its signature is not one of the key that it names, which is another board's: \
                 erase its flash, so that it makes a key of its own"
                    .to_owned(),
            );
            return true;
        }
        if !signs && self.owner.is_some_and(|(_, proven)| proven) {
            self.refuse(
                "it does not prove a key, and the board whose place this is did: plug that one in, \
                 or give this one another port"
                    .to_owned(),
            );
            return true;
        }
        let same = self.posted && self.owner == Some((greeting.key, signs));
        self.who = Who {
            key: greeting.key,
            proven: signs,
            profile: greeting.profile.to_owned(),
            build: greeting.build.to_owned(),
            inbox: greeting.inbox,
            neighbours: greeting.neighbours,
        };
        let awake = now_us.saturating_sub(self.live_us) < FREE_AFTER_US;
        // Who was only half told what it is to be stands in the right tick with the wrong state.
        let told = self.start.is_none();
        let resumes = same && told && awake && greeting.next.is_some_and(|next| self.skip_to(next));
        self.phase = if resumes { Phase::Live } else { Phase::Greeted };
        true
    }

    /// The board stands before this tick: true if that is where it can be. One question is open at
    /// a time, so it is at most one tick further than what it has told.
    fn skip_to(&mut self, next: u64) -> bool {
        if next == self.next.wrapping_add(1) && self.backlog.pop_front().is_some() {
            self.next = next;
            self.counts.ticks += 1;
        }
        next == self.next
    }

    fn loaded(&mut self, now_us: u64, area: Area, length: u16) -> bool {
        let Some(Open { question: Question::Load(open, offset), .. }) = &self.open else {
            return false;
        };
        let (open, offset, length) = (*open, *offset, usize::from(length));
        let Some(start) = &self.start else { return false };
        let total = if area == Area::Config { start.config.len() } else { start.state.len() };
        if area != open || length <= offset || length > total {
            return false;
        }
        self.close(now_us);
        let question = match area {
            _ if length < total => Question::Load(area, length),
            Area::Config => Question::Post,
            Area::State => Question::Restore,
        };
        self.send(now_us, question);
        true
    }

    fn ready(&mut self, now_us: u64, tick: u64, digest: &[u8; 32]) -> bool {
        let Some(start) = self.start.as_ref().filter(|start| start.tick == tick) else {
            return false;
        };
        if self.is_open(&Question::Post) {
            self.close(now_us);
            self.send(now_us, Question::Load(Area::State, 0));
            return true;
        }
        if !self.is_open(&Question::Restore) {
            return false;
        }
        let same = *blake3::hash(&start.state).as_bytes() == *digest;
        self.close(now_us);
        if same {
            self.refusals = 0;
            self.start = None;
            self.phase = Phase::Live;
            self.live_us = now_us;
        } else {
            self.refusal("it cannot take on the state of its node");
        }
        true
    }

    fn pong(&mut self, now_us: u64, host_us: u64, board_us: u64) -> bool {
        // An answer to an earlier ping would be no measure of this one.
        let asked = self.open.as_ref().filter(|open| open.question == Question::Ping);
        if asked.is_none_or(|open| open.sent_us != host_us) {
            return false;
        }
        self.clock.take(host_us, now_us, board_us);
        self.close(now_us);
        true
    }

    fn said(&mut self, tick: u64, index: u8, at_us: u32, frame: &[u8]) -> bool {
        let next = usize::from(index) == self.says.len() && self.says.len() < SAID_MAX;
        if !self.is_open(&Question::Rehearse(tick)) || !next {
            return false;
        }
        self.says.push(SaidFrame { at_us, bytes: frame.to_vec() });
        true
    }

    fn rehearsed(&mut self, now_us: u64, tick: u64, raw: Option<i32>, said: usize) -> bool {
        let Some(wanted) = self.wanted.filter(|wanted| wanted.tick == tick) else { return false };
        if !self.is_open(&Question::Rehearse(tick)) {
            return false;
        }
        self.live_us = now_us;
        // Some of its words were lost: the open question is asked again in time.
        if self.says.len() == said {
            self.close(now_us);
            let (disturbance, frames) = (wanted.disturbance(), std::mem::take(&mut self.says));
            let said = Said { raw: raw.map(Q16::from_bits), disturbance, frames };
            self.answer = Some((tick, said));
        }
        true
    }

    fn ticked(&mut self, now_us: u64, ticked: &Ticked) -> bool {
        if !self.is_open(&Question::Tick(ticked.tick)) {
            return false;
        }
        let Some(done) = self.backlog.pop_front() else { return false };
        self.close(now_us);
        self.live_us = now_us;
        self.counts.ticks += 1;
        self.next = ticked.tick + 1;
        self.telemetry = ticked.telemetry;
        if ticked.digest == done.digest {
            self.agreed = Some((ticked.tick, done.digest));
            return true;
        }
        let crc = checksum(done.heard.iter().map(|heard| &heard.frame[..]));
        if usize::from(ticked.heard) != done.heard.len() || ticked.heard_crc != crc {
            // It heard something else: the line is to blame, not the node.
            self.lose_place();
            return true;
        }
        self.counts.diverged += 1;
        let differ = |place: &usize| ticked.sections.get(*place) != done.sections.get(*place);
        let sections = (0..SECTIONS.len()).filter(differ);
        let sections = sections.filter_map(|place| SECTIONS.get(place).copied()).collect();
        self.divergence.get_or_insert(Divergence { tick: ticked.tick, sections });
        true
    }

    fn missed(&mut self, now_us: u64, asked: u64, next: u64) -> bool {
        if !self.is_open(&Question::Tick(asked)) && !self.is_open(&Question::Rehearse(asked)) {
            return false;
        }
        self.close(now_us);
        let before = self.next;
        if !self.skip_to(next) || self.next == before {
            self.lose_place();
        }
        true
    }

    fn refused(&mut self, now_us: u64, sequence: u16, why: Refusal) -> bool {
        let Some(open) = &self.open else { return false };
        let asked = self.writer.sequence().wrapping_sub(open.sequence);
        if sequence.wrapping_sub(open.sequence) >= asked {
            return false;
        }
        let (question, tries) = (open.question.clone(), open.tries);
        match (why, question) {
            (Refusal::Version, _) => self.refuse(
                "it speaks no version of the link that this program speaks: flash the firmware \
                 that came with this program"
                    .to_owned(),
            ),
            (Refusal::Config, _) => self.refusal("it does not understand the configuration"),
            (Refusal::Unsupported, _) => {
                self.refusal("its firmware lacks something that this scenario asks for");
            }
            (Refusal::State, _) => self.refusal("it cannot take on the state of its node"),
            (Refusal::NoNode, _) => self.lose_place(),
            // It has another piece than we thought: from there on, but not for ever.
            (Refusal::Piece { length }, Question::Load(area, _)) if tries < super::TRIES => {
                let total = self.start.as_ref().map_or(0, |start| match area {
                    Area::Config => start.config.len(),
                    Area::State => start.state.len(),
                });
                let offset = usize::from(length);
                let offset = if offset < total { offset } else { 0 };
                self.ask_again(now_us, Question::Load(area, offset), tries + 1);
            }
            (Refusal::Frames { .. } | Refusal::Message, question) if tries < super::TRIES => {
                self.counts.retries += 1;
                self.ask_again(now_us, question, tries + 1);
            }
            _ => {}
        }
        true
    }

    /// It would not be the node; some refusals are one too many.
    fn refusal(&mut self, why: &'static str) {
        self.refusals += 1;
        self.objection = why;
        if self.refusals >= REFUSALS {
            self.refuse(reflash(why));
        } else {
            self.lose_place();
        }
    }

    /// A sign of life tells of a restart whose greeting was lost, and of a board that ran free.
    fn beat(&mut self, beat: &Beat) {
        if self.phase == Phase::Live && (beat.next.is_none() || beat.is_free) {
            self.lose_place();
        }
    }
}

/// What mends a firmware that is another than this program's.
pub(super) fn reflash(why: &str) -> String {
    format!("{why}: flash the firmware that came with this program (docs/board.md)")
}

fn is_proven(greeting: &Greeting<'_>) -> bool {
    let key = PublicIdentity::from_bytes(&greeting.key);
    key.is_ok_and(|key| key.verify_greeting(greeting.nonce, greeting.proof).is_ok())
}

/// A tick that was run, as an order.
fn order(done: &Done) -> Order {
    Order {
        tick: done.tick,
        sample: done.sample.map_or(Sample::Absent, |sample| Sample::Given(sample.to_bits())),
        disturbance: 0,
        storm: done.storm,
        harvest_uw: done.harvest_uw,
        heard: done.heard.len() as u8,
    }
}
