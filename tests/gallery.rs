//! One picture for each visual state, held against a kept one: small, and with a tolerance for
//! other versions of the software driver. `UPDATE_GOLDEN=1` draws the kept ones anew; look at them
//! before you keep them.

#![cfg(feature = "view")]
#![expect(clippy::expect_used, reason = "a test that cannot go on says so")]

#[path = "golden/picture.rs"]
mod picture;

use std::path::{Path, PathBuf};
use std::process::Command;

use picture::Picture;

/// Pixels of the picture that become one pixel of the kept one, along each side.
const BLOCK: usize = 3;
/// The mean difference of a channel that is still the same picture, of 255.
const MEAN: f64 = 2.5;
/// A pixel that differs by more than this in a channel is another one.
const PIXEL: u8 = 30;
/// Share of pixels that may be other ones.
const SHARE: f64 = 0.015;

/// What is done in the second of two worlds.
const ATTACK: &str = "SetAttack(nodes: \"44\", attack: Some(SignFlip()))";

/// The same.
const CUT: &str = "Cut(links: Across([(0, -90000), (0, 90000)]))";
const JAMMER: &str =
    "StartFault(kind: Jamming(), whom: Area(x_mm: 20000, z_mm: 10000, radius_mm: 30000))";
/// What waits.
const STORM: &str = "StartStorm(x_mm: -20000, z_mm: 10000, radius_mm: 20000)";
const KILL: &str = "Kill(nodes: \"12 33 70\")";

/// What a state is drawn from, and its size where it has one of its own.
const STATES: &[(&str, &[&str])] = &[
    ("calm", &["storm-front", "--tick", "150", "--bare"]),
    ("storm", &["storm-front", "--tick", "520", "--bare"]),
    ("safe-palette", &["storm-front", "--tick", "520", "--bare", "--palette", "safe"]),
    ("low-quality", &["storm-front", "--tick", "520", "--bare", "--quality", "low"]),
    ("grid", &["storm-front", "--tick", "520", "--bare", "--layout", "grid"]),
    ("sphere", &["storm-front", "--tick", "520", "--bare", "--layout", "sphere"]),
    ("force", &["storm-front", "--tick", "520", "--bare", "--layout", "force"]),
    ("medium-quality", &["storm-front", "--tick", "520", "--bare", "--quality", "medium"]),
    ("energy", &["storm-front", "--tick", "520", "--bare", "--colour-by", "energy"]),
    ("reputation", &["sybil", "--tick", "706", "--bare", "--colour-by", "reputation"]),
    ("sleep", &["storm-front", "--tick", "520", "--bare", "--colour-by", "sleep"]),
    ("residual", &["storm-front", "--tick", "520", "--bare", "--colour-by", "residual"]),
    ("partition", &["partition", "--tick", "700", "--bare"]),
    ("cascade", &["mutation-cascade", "--tick", "620", "--bare"]),
    ("banned", &["sybil", "--tick", "706", "--bare"]),
    ("killed", &["under-the-hammer", "--tick", "400", "--bare"]),
    ("panels", &["mutation-cascade", "--tick", "620", "--select", "40"]),
    ("compared", &["storm-front", "--tick", "480", "--select", "44", "--compare", "60"]),
    ("fork", &["storm-front", "--tick", "480", "--bare", "--fork", ATTACK, "--fork-at", "200"]),
    ("cut", &["storm-front", "--tick", "480", "--bare", "--fork", CUT, "--fork-at", "479"]),
    ("jammed", &["storm-front", "--tick", "480", "--fork", JAMMER, "--fork-at", "400"]),
    (
        "picked",
        &[
            "storm-front",
            "--tick",
            "480",
            "--pick",
            "near=44:30m",
            "--waiting",
            STORM,
            "--waiting",
            KILL,
        ],
    ),
    ("small", &["storm-front", "--tick", "400", "--select", "12", "--size", "900x690"]),
    ("close", &["storm-front", "--tick", "520", "--bare", "--camera", "west edge"]),
];

impl Picture {
    fn write(&self, path: &Path) {
        std::fs::create_dir_all(path.parent().expect("a folder")).expect("it can be made");
        let file = std::fs::File::create(path).expect("it can be written");
        let (width, height) = (self.width as u32, self.height() as u32);
        let mut encoder = png::Encoder::new(file, width, height);
        encoder.set_color(png::ColorType::Rgb);
        let mut writer = encoder.write_header().expect("a header");
        writer.write_image_data(self.pixels.as_flattened()).expect("pixels");
    }

    /// Each block becomes its mean: what dithers and shimmers by a pixel is the same again.
    fn small(&self) -> Self {
        let (width, height) = (self.width / BLOCK, self.height() / BLOCK);
        let mean = |x: usize, y: usize| {
            let mut sum = [0_u32; 3];
            for (dx, dy) in (0..BLOCK).flat_map(|dx| (0..BLOCK).map(move |dy| (dx, dy))) {
                let pixel = self.pixels[(y * BLOCK + dy) * self.width + x * BLOCK + dx];
                sum.iter_mut().zip(pixel).for_each(|(sum, part)| *sum += u32::from(part));
            }
            sum.map(|sum| (sum / (BLOCK * BLOCK) as u32) as u8)
        };
        let pixels = (0..height).flat_map(|y| (0..width).map(move |x| (x, y)));
        Self { width, pixels: pixels.map(|(x, y)| mean(x, y)).collect() }
    }

    /// Mean difference of a channel, and the share of pixels that are other ones.
    fn difference(&self, other: &Self) -> (f64, f64) {
        assert_eq!((self.width, self.pixels.len()), (other.width, other.pixels.len()));
        let apart = |(a, b): (&[u8; 3], &[u8; 3])| [0, 1, 2].map(|k| a[k].abs_diff(b[k]));
        let all = || self.pixels.iter().zip(&other.pixels).map(apart);
        let sum: f64 = all().flatten().map(f64::from).sum();
        let others = all().filter(|parts| parts.iter().any(|part| *part > PIXEL)).count();
        let count = self.pixels.len() as f64;
        (sum / (3.0 * count), others as f64 / count)
    }
}

fn shoot(name: &str, arguments: &[&str]) -> PathBuf {
    let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("gallery-{name}.png"));
    let output = Command::new(env!("CARGO_BIN_EXE_qres"))
        .arg("shot")
        .args(arguments)
        .args(if arguments.contains(&"--size") { &[][..] } else { &["--size", "960x540"] })
        .arg("--out")
        .arg(&path)
        .output()
        .expect("the binary starts");
    let message = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{name}: {message}");
    path
}

#[test]
fn every_visual_state_looks_as_it_did() {
    let update = std::env::var_os("UPDATE_GOLDEN").is_some();
    let mut wrong = Vec::new();
    for (name, arguments) in STATES {
        let drawn = Picture::read(&shoot(name, arguments)).small();
        let kept = Path::new("tests/golden/pictures").join(format!("{name}.png"));
        if update {
            drawn.write(&kept);
            continue;
        }
        let (mean, share) = drawn.difference(&Picture::read(&kept));
        if mean > MEAN || share > SHARE {
            wrong.push(format!("{name}: {mean:.2} on average, {:.1} % others", 100.0 * share));
        }
    }
    assert!(wrong.is_empty(), "other pictures than kept: {wrong:#?}");
}

#[test]
fn another_picture_is_noticed() {
    let read =
        |name: &str| Picture::read(&Path::new("tests/golden/pictures").join(format!("{name}.png")));
    let (storm, others) = (read("storm"), ["calm", "safe-palette", "grid", "sphere", "close"]);
    for name in others {
        let (mean, share) = storm.difference(&read(name));
        assert!(mean > MEAN || share > SHARE, "{name} passes for the storm");
    }
}
