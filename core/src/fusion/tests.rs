//! Fusion as a whole: that a source helps, that a bad one is not heard, that what is still counts
//! as gone, that gating leaves work out, that state is bounded and comes back, and that a long run
//! is the one that is written down.

extern crate std;

use std::vec::Vec;

use proptest::prelude::*;

use super::*;
use crate::draw::{Purpose, draw};

/// A number between -`size` and `size`, in 2^-16.
fn noise(size: i32, stream: u32, n: u64) -> i64 {
    let bits = draw(7, Purpose::Noise, stream, n, 0);
    (bits % (2 * size as u64 + 1)) as i64 - i64::from(size)
}

/// A walk of clean steps; the target follows it two samples later under noise.
struct World {
    walk: Vec<i64>,
}

impl World {
    fn new(samples: u64) -> Self {
        let mut level = 0;
        let walk = (0..samples).map(|n| {
            level += noise(1 << 16, 0, n) - level / 32;
            level
        });
        Self { walk: walk.collect() }
    }

    fn target(&self, n: usize) -> Q16 {
        let followed = self.walk[n.saturating_sub(2)] * 3;
        Q16::from_bits((followed + noise(1 << 14, 1, n as u64) + (20 << 16)) as i32)
    }

    fn source(&self, n: usize) -> Q16 {
        Q16::from_bits((self.walk[n] + (5 << 16)) as i32)
    }
}

/// Runs over the world; `readings` gives what the sources read. Returns the fusion, and the mean
/// |error| one sample ahead over the last 500, in 2^-16.
fn run<const S: usize>(
    config: &FusionConfig,
    samples: usize,
    readings: impl Fn(&World, usize) -> [Option<Q16>; S],
) -> (Fusion<S, 1>, i64) {
    let world = World::new(samples as u64);
    let mut fusion: Fusion<S, 1> = Fusion::default();
    let mut sum = 0;
    for n in 0..samples {
        let target = world.target(n);
        if n + 500 >= samples {
            sum += i64::from(target.to_bits().abs_diff(fusion.forecast(0).to_bits()));
        }
        fusion.step(config, Some(target), &readings(&world, n), None, false);
    }
    (fusion, sum / 500)
}

#[test]
fn a_source_that_leads_helps() {
    let config = FusionConfig::default();
    let (_, alone) = run(&config, 3_000, |_, _| []);
    let (_, fused) = run(&config, 3_000, |world, n| [Some(world.source(n))]);
    // The target's next step, 3 * 32768 in the mean, is known to the source two samples before.
    assert!(alone > 90_000, "{alone}");
    assert!(fused * 4 < alone * 3, "{fused} against {alone}");
}

#[test]
fn untrained_it_is_persistence() {
    let world = World::new(60);
    let mut fusion: Fusion<1, 1> = Fusion::default();
    for n in 0..60 {
        fusion.step(&FusionConfig::default(), Some(world.target(n)), &[None], None, false);
        assert_eq!(fusion.forecast(0), world.target(n));
    }
}

#[test]
fn a_base_is_corrected_instead_of_the_last_sample() {
    // The base is always 2 too low: the correction learns it, and the forecast's base is not used.
    let config = FusionConfig::default();
    let mut fusion: Fusion<1, 1> = Fusion::default();
    for n in 0..3_000_u64 {
        let sample = Q16::from_bits((noise(1 << 16, 5, n) + (9 << 16)) as i32);
        let base = sample - Q16::from_num(2);
        fusion.step(&config, Some(sample), &[None], Some(base), false);
    }
    let correction = fusion.correction(0).to_bits();
    assert!((correction - (2 << 16)).abs() < 1 << 14, "{correction}");
}

#[test]
fn a_source_that_turns_to_noise_loses_attention() {
    let config = FusionConfig::default();
    let broken = |world: &World, n: usize| {
        let wild = Q16::from_bits(noise(1 << 22, 9, n as u64) as i32);
        [Some(if n < 3_000 { world.source(n) } else { wild }), Some(world.source(n))]
    };
    let (before, _) = run(&config, 3_000, broken);
    let (after, error) = run(&config, 3_400, broken);
    let share = |fusion: &Fusion<2, 1>, source| fusion.attention(&config, 0, source);
    assert!(share(&after, 0) < share(&before, 0) / 2, "{} {}", share(&before, 0), share(&after, 0));
    assert!(share(&after, 1) > share(&after, 0));
    let (_, alone) = run(&config, 3_400, |_, _| []);
    assert!(error < alone, "{error} against {alone}");
}

#[test]
fn a_silent_or_stuck_source_is_not_heard() {
    let config = FusionConfig::default();
    let silent = |world: &World, n: usize| [(n < 2_000).then(|| world.source(n))];
    let stuck = |world: &World, n: usize| [Some(world.source(n.min(1_999)))];
    let still = 2_000 + usize::from(STILL_MAX);
    for (name, last, next) in [
        ("silent", run(&config, 2_000 + usize::from(MISSING_MAX), silent).0, {
            run(&config, 2_001 + usize::from(MISSING_MAX), silent).0
        }),
        ("stuck", run(&config, still, stuck).0, run(&config, still + 1, stuck).0),
    ] {
        assert!(last.attention(&config, 0, 0) > Q16::ZERO, "{name}: still heard");
        assert_eq!(next.attention(&config, 0, 0), Q16::ZERO, "{name}");
    }
    let (_, alone) = run(&config, 4_000, |_, _| []);
    for (name, error) in
        [("silent", run(&config, 4_000, silent).1), ("stuck", run(&config, 4_000, stuck).1)]
    {
        assert!(error * 100 < alone * 102, "{name}: {error} against {alone}");
    }
}

#[test]
fn gating_leaves_most_updates_out() {
    let of = |gate| {
        let config = FusionConfig { gate, ..FusionConfig::default() };
        let (fusion, error) = run(&config, 3_000, |world, n| [Some(world.source(n))]);
        let (due, done) = fusion.heads()[0].updates();
        (due, done, error)
    };
    let (due, done, open) = of(None);
    // The first 64 samples only fill the memory.
    assert_eq!((due, done), (2_937, 2_937));
    let (due, done, gated) = of(Some(Q16::ZERO));
    assert_eq!(due, 2_937);
    assert!(done * 100 < due * 60 && done * 100 > due * 30, "{done} of {due}");
    assert!(gated * 100 < open * 115, "{gated} against {open}");
    let (_, rare, _) = of(Some(Q16::from_num(2)));
    assert!(rare * 5 < done, "{rare} of {done}");
}

#[test]
fn attention_and_none_of_them_make_one() {
    let config = FusionConfig::default();
    let (fusion, _) = run(&config, 1_000, |world, n| [Some(world.source(n)), None]);
    let shares = [0, 1].map(|source| fusion.attention(&config, 0, source));
    assert_eq!(shares[1], Q16::ZERO, "never read");
    assert!(shares[0] > Q16::ZERO && shares[0] <= Q16::ONE);
}

#[test]
fn state_comes_back() {
    let config = FusionConfig::default();
    let (fusion, _) = run(&config, 200, |world, n| [Some(world.source(n)), None]);
    let mut bytes: heapless::Vec<u8, 4_096> = heapless::Vec::new();
    fusion.encode(&mut bytes);
    assert!(bytes.len() < 4_096, "nothing was dropped");
    let mut source = Source::new(&bytes);
    assert_eq!(Fusion::<2, 1>::decode(&mut source), Some(fusion));
    assert_eq!(source.remaining(), 0);
    assert_eq!(Fusion::<2, 1>::decode(&mut Source::new(&bytes[..bytes.len() - 1])), None);
}

#[test]
fn sizes_are_as_documented() {
    assert!(size_of::<NodeFusion>() <= 2_304, "{}", size_of::<NodeFusion>());
    assert!(size_of::<Fusion<7, 3>>() <= 5_120, "{}", size_of::<Fusion<7, 3>>());
}

#[test]
fn two_thousand_samples_are_as_written_down() {
    let config = FusionConfig::default();
    let world = World::new(2_000);
    let mut fusion: Fusion<3, 3> = Fusion::default();
    for n in 0..2_000 {
        let readings = [
            Some(world.source(n)),
            (n % 50 < 40).then(|| world.target(n)),
            Some(Q16::from_bits(noise(1 << 18, 3, n as u64) as i32)),
        ];
        let target = (n % 97 != 5).then(|| world.target(n));
        fusion.step(&config, target, &readings, None, n % 500 > 450);
    }
    let mut hasher = blake3::Hasher::new();
    fusion.encode(&mut hasher);
    let golden = "c46379cb11f51bb3d123a5f12ac15be1aff4e647a00df0ac3185ce06a276ecdb";
    assert_eq!(hasher.finalize().to_hex().as_str(), golden);
}

/// Any reading, wild ones often.
fn reading() -> impl Strategy<Value = Option<Q16>> {
    prop_oneof![
        Just(None),
        Just(Some(Q16::MAX)),
        Just(Some(Q16::MIN)),
        (-100_000..100_000).prop_map(|bits| Some(Q16::from_bits(bits))),
        any::<i32>().prop_map(|bits| Some(Q16::from_bits(bits))),
    ]
}

fn config() -> impl Strategy<Value = FusionConfig> {
    let lag = || any::<u8>();
    (
        proptest::array::uniform7(lag()),
        proptest::array::uniform3(lag()),
        proptest::array::uniform3((any::<u8>(), any::<i32>())),
        proptest::array::uniform3(any::<i32>()),
        proptest::option::of(any::<i32>()),
    )
        .prop_map(|(own_lags, source_lags, heads, [first, clip, attention], gate)| {
            FusionConfig {
                own_lags,
                source_lags,
                heads: heads
                    .map(|(horizon, bits)| HeadConfig { horizon, rate: Q16::from_bits(bits) }),
                first_rate: Q16::from_bits(first),
                error_clip: Q16::from_bits(clip),
                attention: Q16::from_bits(attention),
                gate: gate.map(Q16::from_bits),
            }
        })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, ..ProptestConfig::default() })]

    #[test]
    fn any_readings_and_any_settings_keep_weights_bounded(
        config in prop_oneof![Just(FusionConfig::default()), config()],
        readings in proptest::collection::vec((reading(), reading(), reading()), 100..260),
        based in any::<bool>(),
    ) {
        let mut fusion: Fusion<2, 3> = Fusion::default();
        for (n, (own, one, two)) in readings.into_iter().enumerate() {
            let base = based.then_some(one).flatten();
            fusion.step(&config, own, &[one, two], base, n % 7 == 0);
            for head in fusion.heads() {
                prop_assert!(head.largest_weight() <= Q16::from_num(4));
            }
            let shares: i64 =
                [0, 1].map(|s| i64::from(fusion.attention(&config, 1, s).to_bits())).iter().sum();
            prop_assert!((0..=1 << 16).contains(&shares));
        }
    }
}
