//! How the scene's colours look to people with colour deficiencies; tests only.
//!
//! Deficiencies are simulated by the matrices of Gustavo Machado, Manuel Oliveira and Leandro
//! Fernandes, "A Physiologically-based Model for Simulation of Color Vision Deficiency", IEEE
//! Transactions on Visualization and Computer Graphics 15(6), 2009, at full severity, on linear
//! light. Distances are CIEDE2000: Gaurav Sharma, Wencheng Wu and Edul Dalal, "The CIEDE2000
//! Color-Difference Formula", Color Research and Application 30(1), 2005.

use super::theme::{LOST, Palette, Tint};

type Matrix = [[f64; 3]; 3];

const NORMAL: Matrix = [[1.0, 0.0, 0.0], [0.0, 1.0, 0.0], [0.0, 0.0, 1.0]];
const PROTANOPIA: Matrix = [
    [0.152_286, 1.052_583, -0.204_868],
    [0.114_503, 0.786_281, 0.099_216],
    [-0.003_882, -0.048_116, 1.051_998],
];
const DEUTERANOPIA: Matrix = [
    [0.367_322, 0.860_646, -0.227_968],
    [0.280_085, 0.672_501, 0.047_413],
    [-0.011_820, 0.042_940, 0.968_881],
];
const TRITANOPIA: Matrix = [
    [1.255_528, -0.076_749, -0.178_779],
    [-0.078_411, 0.930_809, 0.147_602],
    [0.004_733, 0.691_367, 0.303_900],
];
/// Linear sRGB to CIE XYZ under D65, over the white point.
const XYZ: Matrix = [
    [0.412_456_4 / 0.950_47, 0.357_576_1 / 0.950_47, 0.180_437_5 / 0.950_47],
    [0.212_672_9, 0.715_152_2, 0.072_175_0],
    [0.019_333_9 / 1.088_83, 0.119_192_0 / 1.088_83, 0.950_304_1 / 1.088_83],
];

fn apply(matrix: &Matrix, v: [f64; 3]) -> [f64; 3] {
    matrix.map(|row| row.iter().zip(v).map(|(a, b)| a * b).sum())
}

/// CIELAB of a colour as seen through a matrix.
fn lab(tint: Tint, matrix: &Matrix) -> [f64; 3] {
    let light = tint.linear().as_dvec4().truncate().to_array();
    let seen = apply(matrix, light).map(|part| part.clamp(0.0, 1.0));
    let bend = |t: f64| if t > 0.008_856 { t.cbrt() } else { 7.787 * t + 16.0 / 116.0 };
    let [x, y, z] = apply(&XYZ, seen).map(bend);
    [116.0 * y - 16.0, 500.0 * (x - y), 200.0 * (y - z)]
}

/// The difference of two colours; 1 can just be seen.
fn ciede2000(one: [f64; 3], other: [f64; 3]) -> f64 {
    let seventh = |chroma: f64| (chroma.powi(7) / (chroma.powi(7) + 25_f64.powi(7))).sqrt();
    let chroma = f64::midpoint(one[1].hypot(one[2]), other[1].hypot(other[2]));
    let stretch = 1.0 + 0.5 * (1.0 - seventh(chroma));
    let polar = |[_, a, b]: [f64; 3]| {
        let a = a * stretch;
        (a.hypot(b), b.atan2(a).to_degrees().rem_euclid(360.0))
    };
    let ((c1, h1), (c2, h2)) = (polar(one), polar(other));
    let turn = (h2 - h1 + 180.0).rem_euclid(360.0) - 180.0;
    let (turn, hue) = if c1 * c2 == 0.0 { (0.0, h1 + h2) } else { (turn, h1 + turn / 2.0) };
    let (dl, dc) = (other[0] - one[0], c2 - c1);
    let dh = 2.0 * (c1 * c2).sqrt() * libm::sin(turn.to_radians() / 2.0);
    let (l, c) = (f64::midpoint(one[0], other[0]), f64::midpoint(c1, c2));
    let wave = |times: f64, shift: f64| libm::cos((times * hue + shift).to_radians());
    let t = 1.0 - 0.17 * wave(1.0, -30.0) + 0.24 * wave(2.0, 0.0) + 0.32 * wave(3.0, 6.0)
        - 0.20 * wave(4.0, -63.0);
    let away = (l - 50.0).powi(2);
    let (sl, sc, sh) =
        (1.0 + 0.015 * away / (20.0 + away).sqrt(), 1.0 + 0.045 * c, 1.0 + 0.015 * c * t);
    let blue = 60.0 * libm::exp(-((hue.rem_euclid(360.0) - 275.0) / 25.0).powi(2));
    let turned = -2.0 * seventh(c) * libm::sin(blue.to_radians());
    let (l, c, h) = (dl / sl, dc / sc, dh / sh);
    (l * l + c * c + h * h + turned * c * h).sqrt()
}

/// The smallest difference between any two of some colours, and whose it is.
fn closest(tints: &[Tint], matrix: &Matrix) -> (f64, Tint, Tint) {
    let pairs = tints.iter().enumerate().flat_map(|(n, a)| tints[..n].iter().map(move |b| (a, b)));
    let far = pairs.map(|(a, b)| (ciede2000(lab(*a, matrix), lab(*b, matrix)), *a, *b));
    far.min_by(|a, b| a.0.total_cmp(&b.0)).unwrap()
}

/// Colours that are told apart in one place of the picture: bodies of nodes, packets, modalities.
fn sets(palette: Palette) -> [Vec<Tint>; 3] {
    let nodes = palette.regimes().into_iter().chain(palette.lineage()).collect();
    let packets = palette.packets().into_iter().chain([LOST]).collect();
    [nodes, packets, palette.groups().to_vec()]
}

#[test]
fn distances_agree_with_published_pairs() {
    // Rows 1, 7, 17 and 24 of the test data by Sharma, Wu and Dalal.
    let pairs = [
        ([50.0, 2.6772, -79.7751], [50.0, 0.0, -82.7485], 2.0425),
        ([50.0, 0.0, 0.0], [50.0, -1.0, 2.0], 2.3669),
        ([50.0, 2.5, 0.0], [73.0, 25.0, -18.0], 27.1492),
        ([60.2574, -34.0099, 36.2677], [60.4626, -34.1751, 39.4387], 1.2644),
    ];
    for (one, other, expected) in pairs {
        let found = ciede2000(one, other);
        assert!((found - expected).abs() < 1e-4, "{found} {expected}");
    }
}

#[test]
fn grey_stays_grey_whoever_looks() {
    for matrix in [NORMAL, PROTANOPIA, DEUTERANOPIA, TRITANOPIA] {
        let [_, a, b] = lab(Tint(140, 140, 140), &matrix);
        assert!(a.abs() < 0.1 && b.abs() < 0.1, "{a} {b}");
    }
}

#[test]
fn the_safe_palette_is_told_apart_with_any_deficiency() {
    for tints in sets(Palette::Safe) {
        for matrix in [NORMAL, PROTANOPIA, DEUTERANOPIA, TRITANOPIA] {
            let (far, a, b) = closest(&tints, &matrix);
            assert!(far >= 12.0, "{a:?} {b:?}: {far}");
        }
    }
}

#[test]
fn the_standard_palette_is_told_apart_by_others() {
    for tints in sets(Palette::Standard) {
        let (far, a, b) = closest(&tints, &NORMAL);
        assert!(far >= 14.0, "{a:?} {b:?}: {far}");
    }
}
