//! Everything that a mesh agrees on before it starts.

use crate::aggregate::Recipe;
use crate::audit::AuditConfig;
use crate::energy::EnergyConfig;
use crate::evolution::EvolutionConfig;
use crate::fusion::FusionConfig;
use crate::handover::HandoverConfig;
use crate::merge::Adoption;
use crate::neuron::NeuronConfig;
use crate::packet::Wire;
use crate::privacy::release::PrivacyConfig;
use crate::radio::AirConfig;
use crate::regime::RegimeConfig;
use crate::residual_stream::StreamConfig;
use crate::signature::SignatureCost;
use crate::silence::SilenceConfig;
use crate::trust::TrustConfig;
use crate::wake::WakeConfig;

/// A node's configuration; the same for all nodes of a mesh.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NodeConfig {
    /// Predictor.
    pub neuron: NeuronConfig,
    /// Regime detector.
    pub regime: RegimeConfig,
    /// Strategic silence.
    pub silence: SilenceConfig,
    /// Target Wake Time.
    pub wake: WakeConfig,
    /// Energy.
    pub energy: EnergyConfig,
    /// Trust.
    pub trust: TrustConfig,
    /// Physical layer.
    pub air: AirConfig,
    /// How models are merged.
    pub recipe: Recipe,
    /// What of it a node takes on.
    pub adoption: Adoption,
    /// How weights are written in updates.
    pub wire: Wire,
    /// Fusion, on nodes that have companions.
    pub fusion: FusionConfig,
    /// Updates that a sentinel hands over per service period.
    pub service_frames: u8,
    /// Whether nodes send updates at all.
    pub gossip: bool,
    /// How models evolve; `None`: they keep the form they start with.
    pub evolution: Option<EvolutionConfig>,
    /// What signatures cost; nothing without them.
    pub signature: SignatureCost,
    /// Whether nodes tune some of these parameters: see [`crate::tuner`].
    pub tuner: bool,
    /// Whether nodes send their readings to their sentinel: see [`crate::residual_stream`].
    pub stream: Option<StreamConfig>,
    /// How updates are made private; `None`: they carry the weights themselves.
    pub privacy: Option<PrivacyConfig>,
    /// How newcomers take over what the mesh has learned; `None`: they do not.
    pub handover: Option<HandoverConfig>,
    /// How nodes audit each other; `None`: they do not. See [`crate::audit`].
    pub audit: Option<AuditConfig>,
}

impl Default for NodeConfig {
    fn default() -> Self {
        Self {
            neuron: NeuronConfig::default(),
            regime: RegimeConfig::default(),
            silence: SilenceConfig::default(),
            wake: WakeConfig::default(),
            energy: EnergyConfig::default(),
            trust: TrustConfig::default(),
            air: AirConfig::default(),
            recipe: Recipe::default(),
            adoption: Adoption::default(),
            wire: Wire::default(),
            fusion: FusionConfig::default(),
            service_frames: 16,
            gossip: true,
            evolution: None,
            signature: SignatureCost::default(),
            tuner: false,
            stream: None,
            privacy: None,
            handover: None,
            audit: None,
        }
    }
}
