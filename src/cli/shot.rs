//! `qres shot`: one tick as a picture.

use std::path::Path;

use clap::{Args, ValueEnum};

use super::ShotArgs;
use super::load::load;
use super::output::{self, Failure};
use super::place;
use crate::mesh::Mesh;
use crate::mesh::publish::Scene;
use crate::scenario::Scenario;
use crate::view::arrange::Layout;
use crate::view::quality::Quality;
use crate::view::stage::ColourBy;
use crate::view::theme::Palette;
use crate::view::{self, Framing, Observer, ShotOptions, Twin};

/// Largest width or height of a picture, in pixels.
const SIDE_MAX: u32 = 8_192;

/// How nodes are arranged.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(super) enum LayoutName {
    /// Where they really stand
    Placed,
    /// In rows
    Grid,
    /// On a sphere
    Sphere,
    /// By their links alone
    Force,
}

impl From<LayoutName> for Layout {
    fn from(name: LayoutName) -> Self {
        match name {
            LayoutName::Placed => Self::Placed,
            LayoutName::Grid => Self::Grid,
            LayoutName::Sphere => Self::Sphere,
            LayoutName::Force => Self::Force,
        }
    }
}

/// How much light is computed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(super) enum QualityName {
    /// Neither bloom nor light on the ground, coarse storms, few links
    Low,
    /// Coarser storms, fewer links
    Medium,
    /// Everything
    High,
}

impl From<QualityName> for Quality {
    fn from(name: QualityName) -> Self {
        match name {
            QualityName::Low => Self::Low,
            QualityName::Medium => Self::Medium,
            QualityName::High => Self::High,
        }
    }
}

/// Which colours.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(super) enum PaletteName {
    /// Blue, amber, red
    Standard,
    /// Told apart with any of the common colour deficiencies
    Safe,
}

impl From<PaletteName> for Palette {
    fn from(name: PaletteName) -> Self {
        match name {
            PaletteName::Standard => Self::Standard,
            PaletteName::Safe => Self::Safe,
        }
    }
}

/// What colour says.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(super) enum ColourName {
    /// Calm, `PreStorm`, Storm
    Regime,
    /// Stored energy
    Energy,
    /// Reputation held by the neighbours
    Reputation,
    /// What is measured
    Group,
    /// Awake or asleep
    Sleep,
    /// Surprise, in deviations
    Residual,
}

impl From<ColourName> for ColourBy {
    fn from(name: ColourName) -> Self {
        match name {
            ColourName::Regime => Self::Regime,
            ColourName::Energy => Self::Energy,
            ColourName::Reputation => Self::Reputation,
            ColourName::Group => Self::Group,
            ColourName::Sleep => Self::Sleep,
            ColourName::Residual => Self::Residual,
        }
    }
}

/// How pictures are framed, but for their size.
#[derive(Args, Debug, Clone)]
pub(super) struct PictureArgs {
    /// One of the scenario's bookmarked views
    #[arg(long, value_name = "NAME")]
    pub camera: Option<String>,
    /// Leave the panels out
    #[arg(long)]
    bare: bool,
    /// How nodes are arranged; only `placed` shows real places
    #[arg(long, value_name = "LAYOUT", value_enum, default_value_t = LayoutName::Placed)]
    layout: LayoutName,
    /// How much light is computed
    #[arg(long, value_name = "LEVEL", value_enum, default_value_t = QualityName::High)]
    quality: QualityName,
    /// Which colours
    #[arg(long, value_name = "COLOURS", value_enum, default_value_t = PaletteName::Standard)]
    palette: PaletteName,
    /// What colour says
    #[arg(long, value_name = "WHAT", value_enum, default_value_t = ColourName::Regime)]
    colour_by: ColourName,
}

impl PictureArgs {
    /// Pictures of this size.
    pub fn framing(&self, (width, height): (u32, u32)) -> Framing {
        Framing {
            width,
            height,
            camera: self.camera.clone(),
            panels: !self.bare,
            layout: self.layout.into(),
            quality: self.quality.into(),
            palette: self.palette.into(),
            colour_by: self.colour_by.into(),
        }
    }
}

/// Reads `1280x720`.
pub(super) fn parse_size(text: &str) -> Result<(u32, u32), String> {
    let accepted = format!("width x height in pixels, each 16 to {SIDE_MAX}, such as 1280x720");
    let wrong = || format!("`{text}` is not {accepted}");
    let (width, height) = text.split_once(['x', 'X']).ok_or_else(wrong)?;
    let side = |side: &str| {
        side.parse().ok().filter(|side| (16..=SIDE_MAX).contains(side)).ok_or_else(wrong)
    };
    Ok((side(width)?, side(height)?))
}

/// A picture is a PNG file, and its name may not say otherwise.
fn is_png(path: &Path) -> Result<(), Failure> {
    if path.extension().is_some_and(|ending| ending.eq_ignore_ascii_case("png")) {
        return Ok(());
    }
    Err(Failure::Input(format!("--out {}: accepted: a file that ends in .png", path.display())))
}

/// Says what a line of the graphics driver means, which comes before anybody can keep it silent.
pub(super) fn forewarn() {
    if cfg!(target_os = "linux") && std::env::var_os("XDG_RUNTIME_DIR").is_none() {
        output::note(
            "XDG_RUNTIME_DIR is not set: the graphics driver may complain of that; it does no harm \
             here, and `export XDG_RUNTIME_DIR=/tmp` keeps it silent",
        );
    }
}

/// A second world from the first one, with one command more.
fn fork(mesh: &mut Mesh, text: &str) -> Result<Twin, Failure> {
    let command = Scenario::parse_command("--fork", text);
    let command = command.map_err(|problem| Failure::Input(format!("{problem:#}")))?;
    Twin::part(mesh, command).map_err(|why| Failure::Input(format!("--fork: {why}")))
}

/// Picks nodes, and gives the commands that wait.
fn prepare(mesh: &mut Mesh, args: &ShotArgs) -> Result<Vec<u32>, Failure> {
    for text in &args.waiting {
        let command = Scenario::parse_command("--waiting", text);
        let command = command.map_err(|problem| Failure::Input(format!("{problem:#}")))?;
        mesh.command(command).map_err(|why| Failure::Input(format!("--waiting: {why}")))?;
    }
    let Some(text) = &args.pick else { return Ok(Vec::new()) };
    mesh.choose(text).map_err(|why| Failure::Input(format!("--pick: {why}")))
}

/// Runs to the tick and draws it.
pub(super) fn shot(args: &ShotArgs) -> Result<(), Failure> {
    let input = &args.input;
    is_png(&args.out)?;
    place::replaceable(&args.out, place::PICTURE)?;
    place::writable(&args.out)?;
    let (threads, data) = (input.means.threads, input.means.data.as_deref());
    let mut loaded = load(&input.scenario, input.seed, threads, data, None)?;
    let scene = Scene::new(&loaded.scenario, loaded.mesh.plan());
    if let Some(name) = &args.picture.camera
        && !scene.cameras.iter().any(|mark| mark.name == *name)
    {
        let there: Vec<_> = scene.cameras.iter().map(|mark| mark.name.as_str()).collect();
        let there = if there.is_empty() { "none".to_owned() } else { there.join(", ") };
        return Err(Failure::Input(format!(
            "no view `{name}` in the scenario; there are: {there}"
        )));
    }
    forewarn();
    view::adapter_available().map_err(Failure::input)?;
    let mesh = &mut loaded.mesh;
    let units = loaded.scenario.signals.iter().map(|signal| signal.unit.clone()).collect();
    let followed: Vec<u32> = args.select.into_iter().chain(args.compare).collect();
    let mut observer = Observer::new(mesh, scene, units, &followed);
    let mut twin = None;
    for tick in 0..args.tick {
        if let (Some(text), true) = (&args.fork, args.fork_at == Some(tick)) {
            twin = Some(fork(mesh, text)?);
        }
        let last = tick + 1 == args.tick;
        observer.step(mesh, last);
        if let Some(twin) = &mut twin {
            twin.step(mesh, last);
        }
    }
    if let (Some(at), None) = (args.fork_at, &twin) {
        return Err(Failure::Input(format!(
            "--fork-at {at}: the picture is of tick {}; fork before that",
            args.tick
        )));
    }
    let picked = prepare(mesh, args)?;
    // Frames are given out once only: what is counted is what is drawn.
    let mut stage = observer.stage(mesh);
    stage.picked = picked;
    if let Some(twin) = &mut twin {
        twin.put(mesh, &mut stage);
    }
    for (tick, why) in stage.other.iter().flat_map(|other| &other.published.orders.notices) {
        output::note(&format!("second world, tick {tick}: {why}"));
    }
    let count = stage.published.nodes.len();
    if let Some(id) = followed.iter().find(|id| **id as usize >= count) {
        return Err(Failure::Input(format!(
            "no node {id} at tick {}; there are {count}",
            args.tick
        )));
    }
    let framing = args.picture.framing(args.size);
    let options = ShotOptions { framing, path: args.out.clone() };
    view::shoot(stage, &options).map_err(Failure::input)?;
    let (width, height) = args.size;
    output::note(&format!("{}: tick {}, {width} x {height}", args.out.display(), args.tick));
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::{Path, is_png, parse_size};

    #[test]
    fn a_picture_is_a_png_file() {
        for (name, good) in [("a.png", true), ("b/A.PNG", true), ("a.jpg", false), ("png", false)] {
            assert_eq!(is_png(Path::new(name)).is_ok(), good, "{name}");
        }
    }

    #[test]
    fn sizes_are_checked() {
        assert_eq!(parse_size("1280x720"), Ok((1280, 720)));
        for wrong in ["", "1280", "1280x", "x720", "0x0", "-1x5", "99999x720", "axb"] {
            assert!(parse_size(wrong).is_err(), "{wrong}");
        }
    }
}
