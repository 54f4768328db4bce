//! What a node learns from its own sensor: predictor, gene, entropy, regime and silence.

use blake3::Hasher;
use qres_core::canonical::Canonical;
use qres_core::gene::{Gene, GeneId, Lineage};
use qres_core::id::{GroupId, NodeId};
use qres_core::neuron::{Form, Kind, NeuronConfig, SwarmNeuron, TAPS, WEIGHT_LIMIT, kernel};
use qres_core::q16::{Q16, percent};
use qres_core::regime::{Regime, RegimeConfig, RegimeDetector};
use qres_core::residual::Residual;
use qres_core::silence::{Circumstances, Silence, SilenceConfig};

use super::draws::{Draws, sample};

/// A form that some mesh could use; seven in eight are valid, or nearly.
fn form(draws: &mut Draws) -> Form {
    let mut form = Form::default();
    for _ in 0..draws.below(12) {
        form = form.mutate(draws.next()).0;
    }
    form
}

/// A linear neuron, one of each other kind, and one on noise alone whose form mutates.
pub fn neuron(ticks: u64, out: &mut Hasher) {
    let mut draws = Draws::new(2);
    let of = |kind| Form { kind, hyper: kernel::default_hyper(kind), ..Form::default() };
    let all =
        Form { taps: 8, lags: [2, 3, 4, 5, 6, 12, 24, 25], clip_halves: 0, ..Form::default() };
    let forms = [of(Kind::Linear), of(Kind::Cascade), of(Kind::Spiking), all];
    let config = NeuronConfig::default();
    let mut neurons = forms.map(|form| SwarmNeuron::new(&NeuronConfig { form, ..config }));
    for tick in 0..ticks {
        let rate = [percent(1), percent(5), percent(20)][draws.below(3) as usize];
        let usual = draws.share();
        for (node, neuron) in (0..).zip(&mut neurons) {
            let sample = if node == 3 { draws.any() } else { sample(node, tick) };
            if tick % 3 == 0 {
                neuron.predict().encode(out);
                neuron.adapt(&config, sample, rate, usual).encode(out);
            } else {
                neuron.forecast_and_adapt(&config, sample, rate, usual).encode(out);
            }
            [neuron.prediction(), neuron.scale(), neuron.persistence_error()].encode(out);
            neuron.freeze_scale(tick % 200 > 150);
        }
        if tick % 64 == 63 {
            let offered = core::array::from_fn(|_| draws.within(WEIGHT_LIMIT));
            for neuron in &mut neurons {
                neuron.exam().map(|exam| exam.error(&offered)).encode(out);
                match draws.below(8) {
                    0 => neuron.restore(),
                    1 => neuron.adopt(&offered),
                    2 => neuron.evolve(form(&mut draws), *neuron.lineage(), *neuron.state()),
                    _ => neuron.checkpoint(),
                }
                neuron.encode(out);
            }
        }
    }
}

/// Genes out, in, damaged and cut short; forms that mutate.
pub fn gene(ticks: u64, out: &mut Hasher) {
    let mut draws = Draws::new(3);
    let mut neuron = SwarmNeuron::new(&NeuronConfig::default());
    for _ in 0..ticks {
        let gene = gene_of(&mut draws);
        let mut bytes = gene.to_bytes();
        out.update(&bytes);
        gene.id().0.encode(out);
        if draws.once_in(3) {
            draws.damage(&mut bytes);
        }
        if draws.once_in(8) {
            bytes.truncate(draws.below(70) as usize);
        }
        Gene::from_bytes(&bytes).map_or_else(|why| why as u8, |gene| gene.form.taps).encode(out);
        let installed = neuron.install_gene(GroupId(1), &bytes);
        installed.map_or_else(|why| why as u8, |()| u8::MAX).encode(out);
        neuron.gene().encode(out);
        out.update(&neuron.export_gene(GroupId(2)));
    }
}

/// A gene that some node could have.
pub fn gene_of(draws: &mut Draws) -> Gene {
    let form = form(draws);
    let mut weights = [Q16::ZERO; TAPS];
    let used = weights.iter_mut().take(usize::from(form.taps));
    used.for_each(|weight| *weight = draws.within(WEIGHT_LIMIT));
    let lineage = Lineage {
        origin: NodeId(draws.below(9) as u32),
        generation: draws.next() as u16,
        parent: GeneId(draws.next() as u32),
    };
    Gene { group: GroupId(draws.below(3) as u8), form, lineage, weights }
}

/// Entropy and regime on real residuals, and on noise.
pub fn regime(ticks: u64, out: &mut Hasher) {
    let mut draws = Draws::new(4);
    let config = RegimeConfig::default();
    let mut neuron = SwarmNeuron::new(&NeuronConfig::default());
    let mut residuals = [Residual::default(); 2];
    let mut detectors = [RegimeDetector::default(); 2];
    for tick in 0..ticks {
        let [real, noise] = &mut residuals;
        let frozen = detectors[0].regime() != Regime::Calm;
        let rate = config.learning_rate[detectors[0].effective(tick % 900 > 850) as usize];
        let value = sample(3, tick);
        neuron.freeze_scale(frozen);
        let error = neuron.forecast_and_adapt(&NeuronConfig::default(), value, rate, real.usual());
        real.observe(error, neuron.persistence_error(), frozen);
        noise.observe(draws.any(), draws.any(), draws.once_in(3));
        for (residual, detector) in residuals.iter_mut().zip(&mut detectors) {
            detector.update(&config, residual).encode(out);
            [residual.entropy(), residual.derivative(), residual.recent()].encode(out);
            [residual.is_healthy(), residual.has_diverged()].encode(out);
            detector.age_samples().encode(out);
        }
        if tick % 64 == 63 {
            residuals.encode(out);
            detectors.encode(out);
        }
    }
}

pub fn silence(ticks: u64, out: &mut Hasher) {
    let mut draws = Draws::new(5);
    let config = SilenceConfig::default();
    let mut silence = Silence::default();
    let mut regime = Regime::Calm;
    for _ in 0..ticks {
        if draws.once_in(60) {
            regime = Regime::ALL[draws.below(3) as usize];
        }
        let now = Circumstances {
            regime,
            age_samples: draws.below(400) as u32,
            entropy: draws.share(),
            standing: draws.share(),
            energy: draws.share(),
            commissioning: draws.once_in(20),
            trained: !draws.once_in(20),
        };
        silence.decide(&config, &now).encode(out);
        if draws.once_in(500) {
            silence.mute();
        }
        silence.encode(out);
    }
}
