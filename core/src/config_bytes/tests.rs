//! Configurations come back as they were, and none that is taken breaks a node.

use proptest::prelude::*;

use super::*;
use crate::id::{NodeId, Tick};
use crate::node::Node;
use crate::privacy::release::PrivacyConfig;
use crate::q16::{Q16, percent};
use crate::radio::MockRadio;
use crate::wake::Role;

/// Everything on that a configuration can turn on.
pub(super) fn full() -> NodeConfig {
    let mut config = NodeConfig::default();
    config.trust.bans = Some(BanConfig::default());
    config.trust.watchdog = Some(WatchdogConfig::default());
    config.trust.opinions = true;
    config.recipe.preparation = Preparation::Bucketing { size: 2 };
    config.recipe.rule = Rule::adaptive(1);
    config.wire = Wire::Bfp16;
    config.adoption = Adoption::Blind;
    config.energy.listen = Listen::Dtim10;
    config.evolution = Some(EvolutionConfig::default());
    config.tuner = true;
    config.stream = Some(StreamConfig::default());
    let [clip, noise, epsilon] = [10, 500, 800].map(percent);
    config.privacy = PrivacyConfig::new(clip, noise, epsilon, 5).ok();
    config.handover = Some(HandoverConfig::default());
    config.audit = Some(AuditConfig::default());
    config.fusion.gate = Some(Q16::ONE);
    config
}

#[test]
fn configurations_come_back() {
    for (config, length) in [(NodeConfig::default(), 342), (full(), 469)] {
        let bytes = config.to_bytes();
        assert_eq!(bytes.len(), length);
        assert_eq!(NodeConfig::from_bytes(&bytes), Some(config));
        for end in 0..bytes.len() {
            assert_eq!(NodeConfig::from_bytes(&bytes[..end]), None, "cut to {end}");
        }
        let mut longer = bytes.clone();
        longer.push(0).expect("room");
        assert_eq!(NodeConfig::from_bytes(&longer), None);
    }
}

#[test]
fn every_rule_and_preparation_comes_back() {
    let (radius, decay, own_share) = (Q16::ONE, percent(2), percent(3));
    let rules = [
        Rule::Mean,
        Rule::TrimmedMean { trim: 9 },
        Rule::Median,
        Rule::Meamed { faulty: 9 },
        Rule::Krum { faulty: 9 },
        Rule::MultiKrum { faulty: 9, select: 8 },
        Rule::Bulyan { faulty: 9 },
        Rule::GeometricMedian { smoothing: radius, steps: 9 },
        Rule::CentredClipping { radius, steps: 9 },
        Rule::ClippedGossip { faulty: 9 },
        Rule::CsPlus { faulty: 9 },
        Rule::Nna { faulty: 9 },
        Rule::Balance { radius, decay, horizon_rounds: 7, own_share },
        Rule::Ubar { keep: radius, own_share },
        Rule::Adaptive { faulty: 9, calm_rounds: 8, quiet_share: radius, alarm_share: decay },
    ];
    let preparations = [
        Preparation::None,
        Preparation::Nnm { faulty: 9 },
        Preparation::Arc { faulty: 9 },
        Preparation::Bucketing { size: 9 },
    ];
    for (number, rule) in (0..).zip(rules) {
        let bytes = NodeConfig { recipe: Recipe { rule, ..Recipe::default() }, ..full() };
        assert_eq!(NodeConfig::from_bytes(&bytes.to_bytes()), Some(bytes));
        let mut written: heapless::Vec<u8, 32> = heapless::Vec::new();
        rule.encode(&mut written);
        assert_eq!(written.first(), Some(&number), "{rule:?}");
    }
    for preparation in preparations {
        let recipe = Recipe { preparation, ..Recipe::default() };
        let config = NodeConfig { recipe, ..full() };
        assert_eq!(NodeConfig::from_bytes(&config.to_bytes()), Some(config));
    }
}

#[test]
fn a_node_could_not_live_with_these() {
    let wrong: [fn(&mut NodeConfig); 6] = [
        |config| config.wake.tick_us = 0,
        |config| config.wake.interval_us[1] = u64::MAX,
        |config| config.wake.jitter_percent = 101,
        |config| config.air.mtu_bytes = 12,
        |config| config.air.bitrate_bps = 0,
        |config| config.neuron.form.taps = 9,
    ];
    for change in wrong {
        let mut config = NodeConfig::default();
        change(&mut config);
        assert_eq!(NodeConfig::from_bytes(&config.to_bytes()), None, "{config:?}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(192))]

    /// Whatever is changed in a configuration: it is refused, or a node lives with it.
    #[test]
    fn no_configuration_that_is_taken_breaks_a_node(
        changes in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..12),
        sentinel: bool,
    ) {
        let config = NodeConfig { privacy: None, audit: None, ..full() };
        let mut bytes = config.to_bytes();
        for (place, value) in changes {
            let place = place.index(bytes.len());
            bytes[place] = value;
        }
        let Some(config) = NodeConfig::from_bytes(&bytes) else { return Ok(()) };
        prop_assert_eq!(config.to_bytes(), bytes);
        let role = if sentinel { Role::Sentinel } else { Role::Scheduled };
        let mut node: Node<4> = Node::new(NodeId(0), role, &config, &[NodeId(1)]);
        let mut radio = MockRadio::default();
        for tick in 0..40 {
            let sample = Q16::from_bits((tick as i32 % 7) << 15);
            node.tick(&config, Tick(tick), Some(sample), &mut radio);
            radio.sent.clear();
        }
    }
}
