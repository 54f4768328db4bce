//! What is computed again: the parts of a node that its updates come from, and the steps that move
//! them. The steps are the tick's own functions, so an honest replay is equal in every bit.
//!
//! It must not know of radios, batteries or reputations. What of those a step depends on is an
//! input that the log names: whether energy was short, and how much influence each voice had.

use super::{Hash, shorten};
use crate::aggregate::{Context, VOICES, Voice, aggregate};
use crate::canonical::{Canonical, Sink, Source};
use crate::carry::Carry;
use crate::config::NodeConfig;
use crate::id::NodeId;
use crate::merge::{VOICES_LEAST, keeps_shares};
use crate::neuron::{SwarmNeuron, TAPS, WEIGHT_LIMIT};
use crate::packet::{Update, Wire};
use crate::phase;
use crate::q16::Q16;
use crate::regime::{Regime, RegimeDetector};
use crate::residual::Residual;
use crate::trust::judge;

/// Samples of one stretch, at most.
pub const STRETCH_SAMPLES: u8 = 32;
/// Bytes of a learner's canonical encoding, at most.
pub const LEARNER_BYTES: usize = 480;

const SAMPLES: u8 = 1;
const SENT: u8 = 2;
const MERGED: u8 = 3;
const RESTORED: u8 = 4;
/// Flag of samples and updates: energy was short.
const CRITICAL: u8 = 0x10;
/// Flag of updates: it went out, so what rounding took from its weights is carried on.
const QUEUED: u8 = 0x20;
/// Flag of merges: a neighbour was banned in this round.
const BANNED: u8 = 0x10;

/// The parts that updates come from, as they are in a node.
#[derive(Clone, Copy, Debug)]
pub struct Mind<'a> {
    /// The predictor.
    pub neuron: &'a SwarmNeuron,
    /// The entropy.
    pub residual: &'a Residual,
    /// The regime.
    pub detector: &'a RegimeDetector,
    /// What options carry, where a mesh has such.
    pub carry: Option<&'a Carry>,
}

/// A copy of these parts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Learner {
    /// The predictor.
    pub neuron: SwarmNeuron,
    /// The entropy.
    pub residual: Residual,
    /// The regime.
    pub detector: RegimeDetector,
    /// What options carry.
    pub carry: Option<Carry>,
}
crate::canonical!(struct Learner { neuron, residual, detector, carry });

impl Mind<'_> {
    /// The hash that stands for this state.
    #[must_use]
    pub fn hash(&self) -> Hash {
        let mut hasher = blake3::Hasher::new_derive_key("qres 2026 audit state v1");
        self.encode(&mut hasher);
        shorten(&hasher)
    }

    /// A copy that stands alone.
    #[must_use]
    pub fn copy(&self) -> Learner {
        Learner {
            neuron: *self.neuron,
            residual: *self.residual,
            detector: *self.detector,
            carry: self.carry.copied(),
        }
    }

    /// The same bytes as those of the copy.
    fn encode(&self, sink: &mut impl Sink) {
        self.neuron.encode(sink);
        self.residual.encode(sink);
        self.detector.encode(sink);
        self.carry.copied().encode(sink);
    }
}

/// What a node has merged: the inputs of [`aggregate`], as they were.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Blend {
    /// Its round.
    pub round: u32,
    /// Influence of its own model, 0 to 1.
    pub own_influence: Q16,
    /// Whether a neighbour was banned in this round.
    pub banned: bool,
    /// Taps in use.
    pub taps: u8,
    /// Whom it heard.
    pub voices: heapless::Vec<Heard, VOICES>,
}

/// One of the models that were merged.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Heard {
    /// Whose.
    pub origin: NodeId,
    /// Of which round.
    pub round: u32,
    /// The regime it claimed.
    pub regime: Regime,
    /// Its influence, 0 to 1.
    pub influence: Q16,
    /// Its weights.
    pub weights: [Q16; TAPS],
}

impl Heard {
    /// The print of the update that this was.
    #[must_use]
    pub fn print(&self) -> u64 {
        print(self.origin, self.round, self.regime, &self.weights)
    }
}

/// One thing that happened.
#[derive(Clone, Debug, PartialEq, Eq)]
#[expect(clippy::large_enum_variant, reason = "it lives for one step on the stack")]
pub enum Event {
    /// A sample came.
    Sample {
        /// Energy was short.
        critical: bool,
        /// In the sensor's unit.
        value: Q16,
    },
    /// An update was made.
    Sent {
        /// Energy was short.
        critical: bool,
        /// It went out, and was not only kept for sleepers.
        queued: bool,
        /// The node's round.
        round: u32,
    },
    /// Models were merged.
    Merged(Blend),
    /// The watchdog has put the last healthy model in service.
    Restored,
}

/// 64 bits that stand for what an update says: origin, round, claimed regime and weights.
#[must_use]
pub fn print(origin: NodeId, round: u32, regime: Regime, weights: &[Q16; TAPS]) -> u64 {
    let mut hasher = blake3::Hasher::new_derive_key("qres 2026 audit update v1");
    origin.encode(&mut hasher);
    round.encode(&mut hasher);
    regime.encode(&mut hasher);
    weights.encode(&mut hasher);
    super::word(&hasher)
}

/// [`print`] of an update as it travels.
#[must_use]
pub fn print_of(update: &Update) -> u64 {
    print(update.origin, update.round, update.regime, &update.weights)
}

/// Why a replay stops: such a step an honest node cannot have made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// The bytes are no event.
    Malformed,
    /// An influence beyond 1, a voice with other taps or weights beyond their limit, or one voice
    /// for two.
    Voice,
    /// A model was merged that does harm on the node's own samples.
    Harmful,
    /// An older model came back where no watchdog is.
    Restored,
}

impl Learner {
    /// The parts, borrowed.
    #[must_use]
    pub const fn mind(&self) -> Mind<'_> {
        Mind {
            neuron: &self.neuron,
            residual: &self.residual,
            detector: &self.detector,
            carry: self.carry.as_ref(),
        }
    }

    /// Appends the state in few bytes; [`Learner::unpack`] reads it back.
    pub fn pack(&self, config: &NodeConfig, sink: &mut impl Sink) {
        self.neuron.pack(&config.neuron, sink);
        self.residual.pack(sink);
        self.detector.encode(sink);
        self.carry.encode(sink);
    }

    /// Reads it back; `None` when bytes are missing or mean nothing.
    #[must_use]
    pub fn unpack(config: &NodeConfig, source: &mut Source<'_>) -> Option<Self> {
        let neuron = SwarmNeuron::unpack(&config.neuron, source)?;
        let residual = Residual::unpack(source)?;
        let detector = RegimeDetector::decode(source)?;
        Some(Self { neuron, residual, detector, carry: Canonical::decode(source)? })
    }

    /// Whether the state is one that the steps can start from without leaving their ranges.
    #[must_use]
    pub fn is_sound(&self) -> bool {
        self.neuron.is_sound() && self.residual.is_sound() && self.detector.is_sound()
    }

    /// Makes one step; the print of the update, if one was sent by `node`.
    ///
    /// # Errors
    /// Says what no honest node does.
    pub fn step(
        &mut self,
        config: &NodeConfig,
        node: NodeId,
        event: &Event,
    ) -> Result<Option<(u32, u64)>, Fault> {
        match event {
            Event::Sample { critical, value } => {
                let (neuron, residual) = (&mut self.neuron, &mut self.residual);
                let (detector, critical) = (&self.detector, *critical);
                phase::predict(config, neuron, residual, detector, None, critical, *value, None);
                self.detector.update(&config.regime, &self.residual);
                Ok(None)
            }
            Event::Sent { critical, queued, round } => {
                let own = self.neuron.weights();
                let (mut weights, carry) = match config.wire {
                    Wire::Q16 => (*own, None),
                    Wire::Bfp16 => {
                        let residue = self.carry.map(|carry| carry.residue).unwrap_or_default();
                        let (weights, residue) = residue.quantise(own);
                        (weights, self.carry.map(|carry| Carry { residue, ..carry }))
                    }
                };
                if *queued && carry.is_some() {
                    self.carry = carry;
                }
                let taps = usize::from(self.neuron.form().taps);
                weights.iter_mut().skip(taps).for_each(|weight| *weight = Q16::ZERO);
                let regime = self.detector.effective(*critical);
                Ok(Some((*round, print(node, *round, regime, &weights))))
            }
            Event::Merged(blend) => self.merge(config, node, blend).map(|()| None),
            Event::Restored if config.trust.watchdog.is_none() => Err(Fault::Restored),
            Event::Restored => {
                self.neuron.restore();
                Ok(None)
            }
        }
    }

    fn merge(&mut self, config: &NodeConfig, node: NodeId, blend: &Blend) -> Result<(), Fault> {
        let share = Q16::ZERO..=Q16::ONE;
        let fits = blend.taps == self.neuron.form().taps && blend.voices.len() >= VOICES_LEAST;
        if !fits || !share.contains(&blend.own_influence) {
            return Err(Fault::Voice);
        }
        let exam = self.neuron.exam();
        let own_loss = exam.as_ref().map(|exam| exam.error(self.neuron.weights()));
        let mut voices: heapless::Vec<Voice, VOICES> = heapless::Vec::new();
        for heard in &blend.voices {
            let twice = voices.iter().any(|voice| voice.node == heard.origin);
            if twice || heard.origin == node || !share.contains(&heard.influence) {
                return Err(Fault::Voice);
            }
            let loss = exam.as_ref().map(|exam| exam.error(&heard.weights));
            let evidence = own_loss
                .zip(loss)
                .map(|(own, loss)| judge(&config.trust, loss, own, self.residual.usual()));
            if !config.adoption.admits(evidence, heard.regime) {
                return Err(Fault::Harmful);
            }
            let (influence, weights) = (heard.influence, heard.weights);
            // As many as there can be heard.
            let _ = voices.push(Voice { node: heard.origin, influence, loss, weights });
        }
        let weights = *self.neuron.weights();
        let own = Voice { node, influence: blend.own_influence, loss: own_loss, weights };
        let mut context = Context {
            seed: config.wake.seed,
            round: blend.round,
            regime: self.detector.regime(),
            banned: blend.banned,
            calm: self.carry.as_mut().map(|carry| &mut carry.calm),
            keeps_shares: keeps_shares(config),
        };
        let merged = aggregate(&config.recipe, &own, &voices, blend.taps, &mut context);
        // What no rule makes anything of is not logged.
        let merged = merged.ok_or(Fault::Voice)?;
        if !config.adoption.takes(exam.as_ref(), own_loss, &merged) {
            return Err(Fault::Harmful);
        }
        self.neuron.adopt(&merged);
        Ok(())
    }
}

/// A sink that refuses what does not fit.
pub(super) type Bytes<const N: usize> = heapless::Vec<u8, N>;

/// Appends a sample to a run of samples that begins at `run`, or begins a run; `None` when there is
/// no room. Gives where the run begins.
pub(super) fn put_sample<const N: usize>(
    bytes: &mut Bytes<N>,
    run: Option<usize>,
    critical: bool,
    value: Q16,
) -> Option<usize> {
    let tag = SAMPLES | if critical { CRITICAL } else { 0 };
    let open = run.filter(|run| bytes.get(*run) == Some(&tag));
    if N - bytes.len() < 6 {
        return None;
    }
    let run = open.unwrap_or(bytes.len());
    if open.is_none() {
        bytes.extend_from_slice(&[tag, 0]).ok()?;
    }
    let count = bytes.get_mut(run + 1)?;
    *count = count.saturating_add(1);
    bytes.extend_from_slice(&value.to_bits().to_le_bytes()).ok()?;
    Some(run)
}

/// Appends an update that was made; `None` when there is no room.
pub(super) fn put_sent<const N: usize>(
    bytes: &mut Bytes<N>,
    critical: bool,
    queued: bool,
    round: u32,
) -> Option<()> {
    let flags = if critical { CRITICAL } else { 0 } | if queued { QUEUED } else { 0 };
    let [a, b, c, d] = round.to_le_bytes();
    bytes.extend_from_slice(&[SENT | flags, a, b, c, d]).ok()
}

/// Appends a return to the last healthy model; `None` when there is no room.
pub(super) fn put_restored<const N: usize>(bytes: &mut Bytes<N>) -> Option<()> {
    bytes.push(RESTORED).ok()
}

/// Appends a merge; `None`, and nothing, when there is no room.
pub(super) fn put_merged<const N: usize>(bytes: &mut Bytes<N>, blend: &Blend) -> Option<()> {
    let taps = usize::from(blend.taps).min(TAPS);
    if N - bytes.len() < 11 + blend.voices.len() * (13 + 4 * taps) {
        return None;
    }
    let mut put = |part: &[u8]| bytes.extend_from_slice(part).ok();
    put(&[MERGED | if blend.banned { BANNED } else { 0 }])?;
    put(&blend.round.to_le_bytes())?;
    put(&blend.own_influence.to_bits().to_le_bytes())?;
    put(&[taps as u8, blend.voices.len() as u8])?;
    for heard in &blend.voices {
        put(&heard.origin.0.to_le_bytes())?;
        put(&heard.round.to_le_bytes())?;
        put(&[heard.regime as u8])?;
        put(&heard.influence.to_bits().to_le_bytes())?;
        for weight in heard.weights.iter().take(taps) {
            put(&weight.to_bits().to_le_bytes())?;
        }
    }
    Some(())
}

/// Walks over the events of a stretch, or of a whole log.
#[derive(Clone, Debug)]
pub struct Events<'a> {
    source: Source<'a>,
    /// Samples left of a run, and whether energy was short in it.
    run: (u8, bool),
    /// Samples since the stretch began.
    samples: u8,
}

impl<'a> Events<'a> {
    /// From the start of `bytes`.
    #[must_use]
    pub const fn new(bytes: &'a [u8]) -> Self {
        Self { source: Source::new(bytes), run: (0, false), samples: 0 }
    }

    /// Bytes that are left.
    #[must_use]
    pub const fn remaining(&self) -> usize {
        self.source.remaining()
    }

    /// The next event, and whether the stretch ends with it; `None` at the end.
    ///
    /// # Errors
    /// [`Fault::Malformed`] when the bytes are no event that a log writes.
    pub fn advance(&mut self) -> Result<Option<(Event, bool)>, Fault> {
        if self.run.0 == 0 && self.source.remaining() == 0 {
            return Ok(None);
        }
        self.read().map(Some).ok_or(Fault::Malformed)
    }

    fn read(&mut self) -> Option<(Event, bool)> {
        let source = &mut self.source;
        if self.run.0 == 0 {
            let tag = u8::decode(source)?;
            let (flags, kind) = (tag & 0xF0, tag & 0x0F);
            match kind {
                SAMPLES if flags & !CRITICAL == 0 => {
                    let count = u8::decode(source)?;
                    if count == 0 || count > STRETCH_SAMPLES - self.samples {
                        return None;
                    }
                    self.run = (count, flags == CRITICAL);
                }
                SENT if flags & !(CRITICAL | QUEUED) == 0 => {
                    let round = u32::decode(source)?;
                    let (critical, queued) = (flags & CRITICAL != 0, flags & QUEUED != 0);
                    self.samples = 0;
                    return Some((Event::Sent { critical, queued, round }, true));
                }
                RESTORED if flags == 0 => {
                    self.samples = 0;
                    return Some((Event::Restored, true));
                }
                MERGED if flags & !BANNED == 0 => {
                    self.samples = 0;
                    return Some((Event::Merged(blend(source, flags == BANNED)?), true));
                }
                _ => return None,
            }
        }
        let value = Q16::decode(source)?;
        self.run.0 -= 1;
        self.samples += 1;
        let ends = self.samples >= STRETCH_SAMPLES;
        if ends {
            self.samples = 0;
        }
        Some((Event::Sample { critical: self.run.1, value }, ends))
    }
}

fn blend(source: &mut Source<'_>, banned: bool) -> Option<Blend> {
    let (round, own_influence) = (u32::decode(source)?, Q16::decode(source)?);
    let [taps, count] = <[u8; 2]>::decode(source)?;
    if !(1..=TAPS).contains(&usize::from(taps)) {
        return None;
    }
    let mut voices = heapless::Vec::new();
    for _ in 0..count {
        let (origin, round) = (NodeId::decode(source)?, u32::decode(source)?);
        let regime = Regime::from_number(u8::decode(source)?)?;
        let influence = Q16::decode(source)?;
        let mut weights = [Q16::ZERO; TAPS];
        for weight in weights.iter_mut().take(usize::from(taps)) {
            *weight = Q16::decode(source)?;
            if weight.to_bits().unsigned_abs() > WEIGHT_LIMIT.unsigned_abs() {
                return None;
            }
        }
        voices.push(Heard { origin, round, regime, influence, weights }).ok()?;
    }
    Some(Blend { round, own_influence, banned, taps, voices })
}
