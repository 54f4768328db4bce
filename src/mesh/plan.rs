//! From what a scenario says to what a mesh needs: configuration, positions, roles, signals.
//!
//! The one place where a scenario's numbers become the node's. Nothing here ticks.

use std::collections::BTreeMap;
use std::sync::Arc;

use qres_core::config::NodeConfig;
use qres_core::draw::{Purpose, below, draw};
use qres_core::energy::Listen;
use qres_core::evolution::EvolutionConfig;
use qres_core::gene::GeneBytes;
use qres_core::id::{GroupId, NodeId, Tick};
use qres_core::neuron::{Form, Kind, NeuronConfig, SwarmNeuron, TAPS, kernel};
use qres_core::q16::{Q16, percent};
use qres_core::radio::AirConfig;
use qres_core::regime::RegimeConfig;
use qres_core::residual_stream::StreamConfig;
use qres_core::signature::{SIGNATURE_BYTES, SignatureCost};
use qres_core::wake::{Role, WakeConfig};

use super::boards::BoardTick;
use super::malice::{self, Malice};
use super::site::Site;
use super::sums::SumsPlan;
use super::{recipe, supply, sybils};
use crate::scenario::{self, Integrity, Layout, Normalise, Order, Scenario, Sentinels, Source};
use crate::world::dataset::{Loaded, Series};
use crate::world::faults::Faults;
use crate::world::graph::{Graph, LINKS_MAX};
use crate::world::layout;
use crate::world::sentinels::{Field, Posts, appoint, cover};
use crate::world::signal::{GAP, Signal};
use crate::world::solar::Sun;
use crate::world::storm::StormTrack;

use super::fusing::Companions;

/// Bytes of a beacon: header, timing, capabilities and TWT elements.
const BEACON_BYTES: u16 = 128;

/// One node before it is born.
#[derive(Clone, Debug)]
pub struct NodePlan {
    /// Millimetres, y up.
    pub position_mm: [i32; 3],
    /// Modality.
    pub group: GroupId,
    /// What its radio does between rounds.
    pub role: Role,
    /// Who serves it.
    pub sentinel: NodeId,
    /// When it joins.
    pub join: Tick,
    /// Start of its first round, in microseconds.
    pub first_us: u64,
    /// Its signal, by place in [`Plan::signals`].
    pub signal: u32,
    /// Its lead over the shared phase, in turns of 2^32.
    pub phase: u32,
    /// What harm it does.
    pub malice: Option<Malice>,
}

/// A signal with what a storm needs to know of it.
#[derive(Clone, Debug)]
pub struct SignalPlan {
    /// Where samples come from.
    pub signal: Signal,
    /// The deviation that storms multiply, Q16.16 of the sensor's unit.
    pub deviation: i32,
    /// Its mean level, Q16.16 of the sensor's unit.
    pub level: i64,
}

impl SignalPlan {
    /// Adds what the signal is to a hash.
    pub fn hash_into(&self, hasher: &mut blake3::Hasher) {
        hasher.update(&self.deviation.to_le_bytes()).update(&self.level.to_le_bytes());
        match &self.signal {
            Signal::Series(values) => {
                let bytes: Vec<u8> = values.iter().flat_map(|value| value.to_le_bytes()).collect();
                hasher.update(&bytes);
            }
            waves @ Signal::Waves { .. } => {
                hasher.update(format!("{waves:?}").as_bytes());
            }
        }
    }
}

/// All that a mesh is built from.
#[derive(Clone, Debug)]
#[expect(clippy::struct_excessive_bools, reason = "each is a fact of its own")]
pub struct Plan {
    /// Seed of every draw.
    pub seed: u64,
    /// Ticks in a sensor's period.
    pub sample_every: u64,
    /// What all nodes agree on.
    pub config: NodeConfig,
    /// Whether and how updates are signed.
    pub integrity: Integrity,
    /// Whether overlapping frames destroy each other.
    pub collisions: bool,
    /// Whether sleepers hear emergency beacons.
    pub listens: bool,
    /// The nodes by id.
    pub nodes: Arc<Vec<NodePlan>>,
    /// Who hears whom.
    pub graph: Arc<Graph>,
    /// Signals, shared by nodes.
    pub signals: Arc<[SignalPlan]>,
    /// For each modality, the modalities of its companions.
    pub companions: Arc<[Companions]>,
    /// Storms.
    pub storms: Arc<[StormTrack]>,
    /// Light that nodes gather; `None` where there is none.
    pub sun: Option<Arc<Sun>>,
    /// Who sums with whom; `None` where updates travel in the clear.
    pub sums: Option<Arc<SumsPlan>>,
    /// What goes wrong.
    pub faults: Arc<Faults>,
    /// Models that nodes are born with, from an earlier run.
    pub memory: BTreeMap<NodeId, GeneBytes>,
    /// What the scenario orders in mid-run.
    pub commands: Arc<[Order]>,
    /// What was ordered from outside in an earlier run, in rising order of tick: it takes effect
    /// again, after the scenario's commands of the tick. No part of what a snapshot belongs to.
    pub replayed: Arc<[Order]>,
    /// What boards brought in in an earlier run, in rising order of tick: they do it again. No part
    /// of what a snapshot belongs to.
    pub boards: Arc<[BoardTick]>,
    /// Whether any node has a part as an adversary.
    pub hostile: bool,
    /// What nodes that are moved or added in mid-run are placed by.
    pub site: Arc<Site>,
    /// Whether adversaries that commands make keep silent.
    pub muted: bool,
}

/// Why a scenario that reads well cannot become a mesh.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PlanError(String);

impl std::fmt::Display for PlanError {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.write_str(&self.0)
    }
}

impl std::error::Error for PlanError {}

impl Plan {
    /// Plans the mesh of a checked scenario; `seed` replaces the scenario's own, `loaded` holds
    /// the recorded series that it names.
    ///
    /// # Errors
    /// When a node that sleeps has no sentinel in range.
    pub fn new(scenario: &Scenario, seed: u64, loaded: &Loaded) -> Result<Self, PlanError> {
        check_extent(scenario)?;
        let positions = layout::place(scenario, seed);
        let radio = &scenario.radio;
        let site = Site::new(scenario);
        let mut graph = Graph::build(&positions, &site.law).ok_or_else(|| crowded(scenario))?;
        let kinds = scenario.signals.len().max(1);
        let groups: Vec<_> = (0..positions.len()).map(|n| GroupId((n % kinds) as u8)).collect();
        let field = Field { graph: &graph, positions: &positions, groups: &groups };
        let posts = posts(scenario, &field);
        let config = node_config(scenario, seed)?;
        check_air(scenario, &config)?;
        check_series(scenario, loaded)?;
        let signals = signals(scenario, loaded);
        let draft = Draft { scenario, seed, config: &config, posts: &posts, site: &site };
        let mut nodes: Vec<NodePlan> = positions
            .iter()
            .enumerate()
            .map(|(node, position)| draft.node(node as u32, *position))
            .collect::<Result<_, _>>()?;
        malice::recruit(scenario, seed, &mut nodes);
        // Identities that are invented later sum with nobody.
        let sums = SumsPlan::new(
            &scenario.protocol.secure_aggregation,
            seed,
            &nodes,
            scenario.protocol.integrity,
        );
        sybils::join(scenario, seed, &config.wake, &mut nodes);
        let positions: Vec<[i32; 3]> = nodes.iter().map(|node| node.position_mm).collect();
        if positions.len() > graph.len() {
            graph = Graph::build(&positions, &site.law).ok_or_else(|| crowded(scenario))?;
        }
        let hostile: Vec<bool> = nodes.iter().map(|node| node.malice.is_some()).collect();
        let faults = Faults::new(&scenario.faults, seed, &positions, &hostile);
        let hostile = hostile.contains(&true);
        Ok(Self {
            hostile,
            seed,
            sample_every: u64::from(scenario.sample_every.max(1)),
            config,
            integrity: scenario.protocol.integrity,
            collisions: radio.collisions,
            listens: config.energy.listen != Listen::Never,
            nodes: Arc::new(nodes),
            graph: Arc::new(graph),
            signals: signals.into(),
            companions: super::fusing::companions(scenario),
            storms: scenario.storms.iter().map(StormTrack::new).collect(),
            sun: Sun::new(scenario, loaded).map(Arc::new),
            sums: sums.map(Arc::new),
            faults: Arc::new(faults),
            memory: BTreeMap::new(),
            commands: scenario.commands.clone().into(),
            replayed: Arc::default(),
            boards: Arc::default(),
            site: Arc::new(site),
            muted: false,
        })
    }

    /// The control: every adversary keeps silent, also those that commands would make. Where these
    /// choose by what nodes do, the chosen keep silent from then on.
    pub fn mute_adversaries(&mut self) {
        self.muted = true;
        self.commands = malice::recruit_ordered(self).into();
        for malice in
            Arc::make_mut(&mut self.nodes).iter_mut().filter_map(|node| node.malice.as_mut())
        {
            malice.muted = true;
        }
    }

    /// Power that node `id` at `position_mm` gathers in tick `now` on top of the constant one, in
    /// microwatts: the light in the middle of the tick.
    #[must_use]
    pub fn light_uw(&self, id: NodeId, position_mm: [i32; 3], now: Tick) -> u32 {
        let Some(sun) = &self.sun else { return 0 };
        let tick_us = self.config.wake.tick_us;
        let middle_us = now.0.saturating_mul(tick_us).saturating_add(tick_us / 2);
        sun.power_uw(self.seed, id.0, position_mm, middle_us / 1_000)
    }

    /// Lets node `id` be born with a model of an earlier run.
    ///
    /// # Errors
    /// When there is no such node, or the bytes are not a model for it: says which.
    pub fn remember(&mut self, id: NodeId, bytes: &[u8]) -> Result<(), String> {
        let node = self.nodes.get(id.index()).ok_or_else(|| {
            format!("the scenario has no node {}, only {}", id.0, self.nodes.len())
        })?;
        let mut trial = SwarmNeuron::new(&self.config.neuron);
        trial.install_gene(node.group, bytes).map_err(|why| why.to_string())?;
        if self.config.evolution.is_none() && *trial.form() != self.config.neuron.form {
            let why = "its model has other lags or another kind, and models keep theirs here";
            return Err(why.to_owned());
        }
        let gene = GeneBytes::from_slice(bytes).map_err(|_| "the model is too long".to_owned())?;
        self.memory.insert(id, gene);
        Ok(())
    }
}

/// What a node's plan is drawn up from.
struct Draft<'a> {
    scenario: &'a Scenario,
    seed: u64,
    config: &'a NodeConfig,
    posts: &'a Posts,
    site: &'a Site,
}

impl Draft<'_> {
    fn node(&self, node: u32, position_mm: [i32; 3]) -> Result<NodePlan, PlanError> {
        let kinds = self.scenario.signals.len().max(1) as u32;
        let station = node / kinds;
        let group = node % kinds;
        let role = self.role(node);
        let sentinel = self.posts.serving.get(node as usize).copied().unwrap_or(NodeId::NONE);
        if role != Role::Sentinel && sentinel == NodeId::NONE {
            return Err(no_sentinel(self.scenario, node));
        }
        let (signal, join) = match &self.scenario.nodes.layout {
            Layout::Stations(stations) => {
                let place = layout::by_joining(stations).get(station as usize).copied();
                (node, Tick(place.map_or(0, |station| station.join_tick)))
            }
            _ => (group, Tick(0)),
        };
        let join_us = join.0.saturating_mul(self.config.wake.tick_us);
        Ok(NodePlan {
            position_mm,
            group: GroupId(group as u8),
            role,
            sentinel,
            join,
            first_us: join_us.saturating_add(self.first_wake_us(node)),
            signal,
            phase: self.site.phase(self.seed, node, group, position_mm),
            malice: None,
        })
    }

    fn role(&self, node: u32) -> Role {
        if self.posts.awake.get(node as usize).copied().unwrap_or(true) {
            return Role::Sentinel;
        }
        let lot = below(draw(self.seed, Purpose::Start, node, 0, 1), 100);
        let on_demand = lot < u64::from(self.scenario.nodes.on_demand_percent);
        if on_demand { Role::OnDemand } else { Role::Scheduled }
    }

    /// New nodes keep storm cadence, so that is the interval over which first wakes are spread.
    fn first_wake_us(&self, node: u32) -> u64 {
        match self.scenario.nodes.start {
            scenario::Start::Together => 0,
            scenario::Start::Staggered => {
                let span = self.config.wake.interval_us[2];
                below(draw(self.seed, Purpose::Start, node, 0, 0), span)
            }
        }
    }
}

/// Positions must fit their type, or nodes would pile up at its ends.
fn check_extent(scenario: &Scenario) -> Result<(), PlanError> {
    let half = layout::half_width_mm(scenario);
    if half <= layout::REACH_MM {
        return Ok(());
    }
    Err(PlanError(format!(
        "\"{}\": the nodes would reach {half} mm from the origin, but {} mm is the most; use \
         fewer nodes, a smaller nodes.layout, or (for RandomGeometric) a smaller radio.range_mm",
        scenario.title,
        layout::REACH_MM
    )))
}

fn crowded(scenario: &Scenario) -> PlanError {
    PlanError(format!(
        "\"{}\": with radio.range_mm {} the nodes make more than {LINKS_MAX} links; lower it, or \
         spread the nodes further apart",
        scenario.title, scenario.radio.range_mm
    ))
}

/// A recorded value must fit the numbers that nodes compute with, after its normalisation.
fn check_series(scenario: &Scenario, loaded: &Loaded) -> Result<(), PlanError> {
    for row in loaded {
        for (signal, series) in scenario.signals.iter().zip(row) {
            let (Source::Dataset(scenario::DatasetSpec { normalise, .. })
            | Source::Sample(scenario::SampleSpec { normalise, .. })) = &signal.source
            else {
                continue;
            };
            let values = series.iter().flat_map(|series| series.values.iter().flatten());
            if let Some(raw) = values.copied().find(|raw| affine(*raw, normalise).is_none()) {
                return Err(PlanError(format!(
                    "\"{}\": {} has a value ({}) that its normalisation takes beyond 32,767; use a \
                     larger scale or another offset",
                    scenario.title,
                    signal.modality,
                    raw >> 16
                )));
            }
        }
    }
    Ok(())
}

/// A sentinel must have time left beside its beacons, and a window room for an update and what
/// answers it.
fn check_air(scenario: &Scenario, config: &NodeConfig) -> Result<(), PlanError> {
    let title = &scenario.title;
    let air = &config.air;
    let beacon_us = air.frame_us(usize::from(air.beacon_bytes));
    if beacon_us * 2 > u64::from(air.beacon_interval_us) {
        return Err(PlanError(format!(
            "\"{title}\": a beacon takes {beacon_us} us, more than half of \
             radio.beacon_interval_us {}; lengthen that, or raise radio.bitrate_bps",
            air.beacon_interval_us
        )));
    }
    let round_us = 2 * air.longest_us();
    let window_us = config.wake.window_us.iter().copied().min().unwrap_or(0);
    let tick_us = config.wake.tick_us;
    if round_us > window_us.min(tick_us) {
        return Err(PlanError(format!(
            "\"{title}\": an update and its answer take {round_us} us on the air, but the shortest \
             window is {window_us} us and a tick {tick_us} us; lengthen twt.window_ms or \
             tick_ms, or raise radio.bitrate_bps"
        )));
    }
    Ok(())
}

fn no_sentinel(scenario: &Scenario, node: u32) -> PlanError {
    PlanError(format!(
        "\"{}\": node {node} sleeps but has no sentinel in range ({} mm) with room for it; use \
         `sentinels: Cover` (which always suffices), name more sentinels, or raise radio.range_mm",
        scenario.title, scenario.radio.range_mm
    ))
}

fn posts(scenario: &Scenario, field: &Field<'_>) -> Posts {
    let count = field.groups.len();
    match &scenario.nodes.sentinels {
        Sentinels::Cover => cover(field),
        Sentinels::Every(step) => {
            let step = (*step).max(1) as usize;
            appoint(field, (0..count).map(|node| node.is_multiple_of(step)).collect())
        }
        Sentinels::PerStation(modality) => {
            let kinds = scenario.signals.len().max(1);
            let place = scenario.signals.iter().position(|signal| signal.modality == *modality);
            appoint(field, (0..count).map(|node| Some(node % kinds) == place).collect())
        }
    }
}

fn signals(scenario: &Scenario, loaded: &Loaded) -> Vec<SignalPlan> {
    let each = |station: usize| {
        scenario.signals.iter().enumerate().map(move |(group, signal)| {
            let series = loaded.get(station).and_then(|row| row.get(group)?.as_ref());
            let compiled = compile(&signal.source, series);
            SignalPlan {
                level: compiled.level(),
                signal: compiled,
                deviation: scenario::q16(signal.source.deviation()).unwrap_or(i32::MAX),
            }
        })
    };
    match &scenario.nodes.layout {
        Layout::Stations(stations) => {
            // Series are loaded in the file's order, ids are given in the order of joining.
            let original = |name: &str| stations.iter().position(|station| station.name == name);
            let ordered = layout::by_joining(stations);
            ordered.iter().flat_map(|station| each(original(&station.name).unwrap_or(0))).collect()
        }
        _ => each(0).collect(),
    }
}

fn compile(source: &Source, series: Option<&Arc<Series>>) -> Signal {
    let q16 = scenario::fixed;
    match source {
        Source::Synthetic(synthetic) => Signal::Waves {
            level: q16(synthetic.level),
            waves: synthetic
                .waves
                .iter()
                .map(|wave| {
                    let turn = (1_u64 << 32) / u64::from(wave.period_samples.max(1));
                    (turn as u32, q16(wave.amplitude))
                })
                .collect(),
            noise: q16(synthetic.noise),
            wander: q16(synthetic.wander),
        },
        Source::Dataset(scenario::DatasetSpec { normalise, .. })
        | Source::Sample(scenario::SampleSpec { normalise, .. }) => {
            let values = series.map_or(&[][..], |series| &series.values);
            Signal::Series(
                values
                    .iter()
                    .map(|raw| raw.and_then(|v| affine(v, normalise)).unwrap_or(GAP))
                    .collect(),
            )
        }
    }
}

/// `(raw - offset) / scale` in Q16.16; `None` when that does not fit.
fn affine(raw: i32, normalise: &Normalise) -> Option<i32> {
    let Normalise::Affine { offset, scale } = normalise;
    let offset = i64::from(scenario::fixed(*offset));
    let scale = i64::from(scenario::fixed(*scale)).max(1);
    let scaled = i32::try_from(((i64::from(raw) - offset) << 16) / scale).ok()?;
    (scaled != GAP).then_some(scaled)
}

fn node_config(scenario: &Scenario, seed: u64) -> Result<NodeConfig, PlanError> {
    let q16 = |value| Q16::from_bits(scenario::fixed(value));
    let protocol = &scenario.protocol;
    let rates = &protocol.learning_rate;
    let is_signed = protocol.integrity != Integrity::Off;
    Ok(NodeConfig {
        neuron: neuron_config(protocol),
        regime: RegimeConfig {
            storm_entropy: q16(protocol.storm_entropy),
            calm_entropy: q16(protocol.calm_entropy),
            prestorm_derivative: q16(protocol.prestorm_derivative),
            dwell_samples: protocol.dwell_samples,
            learning_rate: [q16(rates.calm), q16(rates.prestorm), q16(rates.storm)],
            ..RegimeConfig::default()
        },
        wake: wake_config(scenario, seed),
        energy: supply::energy_config(scenario),
        trust: super::trusting::config(scenario),
        air: AirConfig {
            bitrate_bps: scenario.radio.bitrate_bps,
            preamble_us: scenario.radio.preamble_us,
            mtu_bytes: scenario.radio.mtu_bytes,
            beacon_interval_us: scenario.radio.beacon_interval_us,
            beacon_bytes: BEACON_BYTES.min(scenario.radio.mtu_bytes),
            signature_bytes: if is_signed { SIGNATURE_BYTES as u8 } else { 0 },
        },
        signature: if is_signed { SignatureCost::ED25519_RV32 } else { SignatureCost::default() },
        recipe: recipe::recipe(protocol),
        adoption: recipe::adoption(protocol.adoption),
        wire: recipe::wire(protocol.wire),
        service_frames: scenario.twt.buffer_frames,
        gossip: protocol.gossip,
        evolution: evolution_config(protocol),
        tuner: protocol.tuner,
        stream: stream_config(protocol),
        privacy: recipe::privacy(protocol)
            .map_err(|why| PlanError(format!("\"{}\": protocol.privacy: {why}", scenario.title)))?,
        handover: recipe::handover(protocol),
        audit: recipe::audit(protocol),
        ..NodeConfig::default()
    })
}

fn neuron_config(protocol: &scenario::Protocol) -> NeuronConfig {
    let kind = match protocol.kind {
        scenario::ModelKind::Linear => Kind::Linear,
        scenario::ModelKind::Cascade => Kind::Cascade,
        scenario::ModelKind::Spiking => Kind::Spiking,
    };
    let mut form = Form { kind, hyper: kernel::default_hyper(kind), ..Form::default() };
    form.lags = [0; TAPS];
    form.lags.iter_mut().zip(&protocol.lags).for_each(|(slot, lag)| *slot = *lag);
    form.taps = protocol.lags.len().min(TAPS) as u8;
    NeuronConfig { form, ..NeuronConfig::default() }
}

fn evolution_config(protocol: &scenario::Protocol) -> Option<EvolutionConfig> {
    match protocol.evolution {
        scenario::Evolution::Off => None,
        scenario::Evolution::On { mutation, mutate_every_samples, gain_percent } => {
            let adopt_below = percent(100 - i32::from(gain_percent));
            let mutate_every = mutate_every_samples;
            Some(EvolutionConfig { mutation, mutate_every, adopt_below, ..Default::default() })
        }
    }
}

fn stream_config(protocol: &scenario::Protocol) -> Option<StreamConfig> {
    let stream = &protocol.stream;
    let step = Q16::from_bits(scenario::fixed(stream.step));
    (step > Q16::ZERO).then(|| StreamConfig {
        neuron: neuron_config(protocol),
        step,
        frame_samples: stream.frame_samples,
        key_every: stream.key_every_frames,
        check_every: stream.check_every_frames,
        ..StreamConfig::default()
    })
}

fn wake_config(scenario: &Scenario, seed: u64) -> WakeConfig {
    let twt = &scenario.twt;
    let us = |ms: u32| u64::from(ms) * 1_000;
    WakeConfig {
        interval_us: [us(twt.calm_ms), us(twt.prestorm_ms), us(twt.storm_ms)],
        window_us: [us(twt.window_ms), us(twt.window_ms), us(twt.storm_window_ms)],
        jitter_percent: u32::from(twt.jitter_percent),
        weight_floor: percent(i32::from(twt.weight_floor_percent)),
        tick_us: us(scenario.tick_ms),
        seed,
    }
}
