//! The three kinds of predictor with their operations counted: the core's own kernels, each with a
//! tally. A test holds the linear one and `qres_core::neuron::SwarmNeuron` to the same bits.

use qres_core::neuron::{NeuronConfig, TAPS};
use qres_core::neuron::{cascade, linear, spiking};
use qres_core::q16::Q16;

use super::energy::Counts;
use super::stream::Model;

/// Linear NLMS.
#[derive(Clone, Debug, Default)]
pub(super) struct Linear {
    pub taps: usize,
    pub weights: [Q16; TAPS],
    pub personal: [Q16; TAPS],
    bias: Q16,
}

impl Linear {
    pub fn new(taps: usize) -> Self {
        Self { taps, ..Self::default() }
    }
}

impl Model for Linear {
    fn estimate(&self, counts: &mut Counts, inputs: &[Q16; TAPS]) -> Q16 {
        let Self { taps, weights, personal, bias } = self;
        linear::estimate_tallied(counts, *taps as u8, weights, personal, *bias, inputs)
    }

    fn learn(
        &mut self,
        counts: &mut Counts,
        inputs: &[Q16; TAPS],
        _step: Q16,
        error: Q16,
        rate: Q16,
    ) {
        let Self { taps, weights, personal, bias } = self;
        let (taps, shared_step) = (*taps as u8, NeuronConfig::default().shared_step);
        linear::learn_tallied(
            counts,
            taps,
            weights,
            personal,
            bias,
            inputs,
            error,
            rate,
            shared_step,
        );
    }
}

/// A kernel of the core with its state.
#[derive(Clone, Debug)]
pub(super) struct Kernel {
    pub spiking: bool,
    pub hyper: [u8; 4],
    pub taps: u8,
    pub shared: [Q16; TAPS],
    pub own: [Q16; TAPS],
    pub bias: Q16,
}

impl Kernel {
    pub const fn new(spiking: bool, hyper: [u8; 4], taps: u8) -> Self {
        let zero = [Q16::ZERO; TAPS];
        Self { spiking, hyper, taps, shared: zero, own: zero, bias: Q16::ZERO }
    }
}

impl Model for Kernel {
    fn estimate(&self, counts: &mut Counts, inputs: &[Q16; TAPS]) -> Q16 {
        let Self { spiking, hyper, taps, shared, own, bias } = self;
        if *spiking {
            spiking::estimate_tallied(counts, hyper, *taps, shared, own, *bias, inputs)
        } else {
            cascade::estimate_tallied(counts, hyper, *taps, shared, own, *bias, inputs)
        }
    }

    fn learn(
        &mut self,
        counts: &mut Counts,
        inputs: &[Q16; TAPS],
        _step: Q16,
        error: Q16,
        rate: Q16,
    ) {
        let Self { spiking, hyper, taps, shared, own, bias } = self;
        let learn = if *spiking { spiking::learn_tallied } else { cascade::learn_tallied };
        learn(counts, hyper, *taps, shared, own, bias, inputs, error, rate);
    }
}

#[cfg(test)]
mod tests {
    use qres_core::draw::{Purpose, draw};
    use qres_core::neuron::SwarmNeuron;
    use qres_core::q16::{magnitude, percent};
    use qres_core::residual::Residual;

    use super::super::stream::walk;
    use super::*;

    /// A wave with noise.
    fn record() -> Vec<i32> {
        let noise = |n: u32| (draw(9, Purpose::Noise, 0, u64::from(n), 0) >> 48) as i32 - 32_768;
        (0..1_500).map(|n| (20 - (n as i32 % 40 - 20).abs()) * 32_768 + noise(n)).collect()
    }

    #[test]
    fn the_counted_linear_kind_is_the_neuron_bit_for_bit() {
        let config = NeuronConfig::default();
        let record = record();
        let mut counted = Linear::new(config.form.active().len());
        let score = walk(&mut counted, &record, config.form.active(), 0);
        let (mut neuron, mut residual) = (SwarmNeuron::new(&config), Residual::default());
        let mut sum = 0_f64;
        for (index, bits) in record.iter().enumerate() {
            let sample = Q16::from_bits(*bits);
            let error = neuron.forecast_and_adapt(&config, sample, percent(1), residual.usual());
            if index > 0 {
                residual.observe(error, neuron.persistence_error(), false);
                sum += f64::from(magnitude(sample - neuron.prediction()).to_bits()) / 65_536.0;
            }
        }
        assert_eq!(counted.weights, *neuron.weights());
        assert_eq!(counted.personal, neuron.state().own);
        assert!((score.model[0] - sum).abs() < 1e-9, "{} and {sum}", score.model[0]);
        assert!(counted.weights[0] != Q16::ZERO);
    }

    #[test]
    fn counts_of_one_sample_by_hand() {
        let mut linear = Linear::new(4);
        let (mut predict, mut learn) = (Counts::default(), Counts::default());
        let inputs = [Q16::ONE; TAPS];
        linear.estimate(&mut predict, &inputs);
        linear.learn(&mut learn, &inputs, Q16::ONE, Q16::ONE, percent(1));
        // One product for each tap, of the sum of both weights, and another addition; rounding and
        // the bias add once each; weights, inputs and bias are read.
        assert_eq!((predict.multiplications, predict.adds, predict.bytes), (4, 10, 52));
        // The power takes one product for each tap, the change of weights two, the gain one.
        assert_eq!((learn.multiplications, learn.divisions), (13, 1));
    }

    #[test]
    fn spikes_cost_and_silence_does_not() {
        let model = Kernel::new(true, [3, 2, 0, 3], 4);
        let count = |step: Q16| {
            let mut counts = Counts::default();
            let mut inputs = [Q16::ZERO; TAPS];
            inputs[..4].fill(-step);
            model.estimate(&mut counts, &inputs);
            counts
        };
        let (silent, loud) = (count(percent(10)), count(Q16::from_num(2)));
        assert_eq!((silent.spikes, loud.spikes), (0, 4));
        assert_eq!((silent.multiplications, loud.multiplications), (0, 0));
        // Each spike: one subtraction from the membrane after a comparison, one addition to the
        // forecast. The weight of a neuron that fires is held to its range: two comparisons.
        assert_eq!(loud.adds - silent.adds, 8);
        assert_eq!(loud.comparisons - silent.comparisons, 6);
    }
}
