//! Pictures, drawn off screen by whatever Vulkan driver there is, and looked at: not that there is
//! a file, but that it shows what the mesh is doing.

#![cfg(feature = "view")]
#![expect(clippy::expect_used, reason = "a test that cannot go on says so")]

use std::path::{Path, PathBuf};
use std::process::Command;

/// Rows of RGB pixels.
struct Picture {
    width: u32,
    height: u32,
    pixels: Vec<[u8; 3]>,
}

impl Picture {
    fn read(path: &Path) -> Self {
        let file = std::fs::File::open(path).expect("a picture");
        let mut reader = png::Decoder::new(std::io::BufReader::new(file)).read_info().expect("PNG");
        let mut bytes = vec![0; reader.output_buffer_size().expect("a size")];
        let info = reader.next_frame(&mut bytes).expect("an image");
        let step = bytes.len() / (info.width * info.height) as usize;
        let pixels = bytes.chunks(step).map(|p| [p[0], p[1], p[2]]).collect();
        Self { width: info.width, height: info.height, pixels }
    }

    /// Share of pixels that hold.
    fn share(&self, holds: impl Fn([i32; 3]) -> bool) -> f64 {
        let count = self.pixels.iter().filter(|p| holds(p.map(i32::from))).count();
        count as f64 / self.pixels.len() as f64
    }

    /// Share of pixels in the colour of a storm.
    fn red(&self) -> f64 {
        self.share(|[r, g, b]| r > 90 && r > g + 40 && r > b + 30)
    }

    /// Share of pixels in the colour of calm nodes.
    fn blue(&self) -> f64 {
        self.share(|[r, g, b]| b > 90 && b > r + 40 && b > g + 20)
    }
}

fn shoot(name: &str, arguments: &[&str]) -> PathBuf {
    let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
    let output = Command::new(env!("CARGO_BIN_EXE_qres"))
        .args(["shot", "storm-front", "--size", "480x270", "--out"])
        .arg(&path)
        .args(arguments)
        .output()
        .expect("the binary starts");
    let message = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{message}");
    path
}

#[test]
fn calm_is_blue_on_black_and_a_storm_is_red() {
    let calm = Picture::read(&shoot("calm.png", &["--tick", "120", "--bare"]));
    assert_eq!((calm.width, calm.height), (480, 270));
    let dark = calm.share(|[r, g, b]| r + g + b < 120);
    assert!(dark > 0.6, "the scene is dark: {dark}");
    assert!(calm.blue() > 0.004, "calm nodes are blue: {}", calm.blue());
    assert!(calm.red() < 0.001, "nothing is red in calm: {}", calm.red());
    let storm = Picture::read(&shoot("storm.png", &["--tick", "480", "--bare"]));
    assert!(storm.red() > 0.01, "the storm and those in it are red: {}", storm.red());
    assert!(storm.blue() > 0.002, "the rest is still blue: {}", storm.blue());
}

#[test]
fn panels_put_light_text_on_the_left() {
    let bare = Picture::read(&shoot("bare.png", &["--tick", "90", "--bare"]));
    let full = Picture::read(&shoot("full.png", &["--tick", "90", "--select", "12"]));
    let text = |picture: &Picture, from: u32, to: u32| {
        let column = |index: usize| (index as u32) % picture.width;
        let light = |pixel: &[u8; 3]| pixel.iter().all(|part| *part > 170);
        let pixels = picture.pixels.iter().enumerate();
        pixels.filter(|(i, p)| (from..to).contains(&column(*i)) && light(p)).count()
    };
    assert!(text(&full, 0, 160) > text(&bare, 0, 160) + 200, "the display on the left");
}

#[test]
fn the_same_tick_is_the_same_picture() {
    let read = |path: PathBuf| std::fs::read(path).expect("a picture");
    let one = read(shoot("one.png", &["--tick", "200", "--bare"]));
    let two = read(shoot("two.png", &["--tick", "200", "--bare"]));
    assert!(one == two, "two pictures of tick 200 differ");
}

#[test]
fn an_unknown_view_or_node_is_refused() {
    for (arguments, part) in
        [(["--camera", "nowhere"], "west edge"), (["--select", "5000"], "no node 5000")]
    {
        let output = Command::new(env!("CARGO_BIN_EXE_qres"))
            .args(["shot", "storm-front", "--tick", "2", "--out", "unused.png"])
            .args(arguments)
            .current_dir(env!("CARGO_TARGET_TMPDIR"))
            .output()
            .expect("the binary starts");
        let message = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(2), "{message}");
        assert!(message.contains(part), "{message}");
    }
}
