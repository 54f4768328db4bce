//! Moving pictures: numbered PNG files, a GIF, and an MP4 where ffmpeg is there to make one.

use super::ViewError;
use super::observer::Observer;
use super::studio::{Framing, Studio};
use crate::mesh::Mesh;
use color_quant::NeuQuant;
use std::fs::File;
use std::io::BufWriter;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

/// Colours of a GIF beside the transparent one.
const COLOURS: usize = 255;
/// The number of the colour that lets the frame before shine through.
const CLEAR: u8 = 255;
/// Steps of a channel that are not another colour.
const GRAIN: u8 = 9;
/// About as many pixels decide on the colours.
const SAMPLE_PIXELS: usize = 1 << 19;

/// What to film.
#[derive(Clone, Debug)]
pub struct FilmOptions {
    /// Size, view and panels.
    pub framing: Framing,
    /// The first tick.
    pub from: u64,
    /// The last tick.
    pub to: u64,
    /// Pictures a second.
    pub frames_per_second: u32,
    /// Simulated seconds in one second of the film.
    pub speed: f64,
    /// Turns of the camera around the scene, from first to last picture.
    pub turns: f32,
    /// The folder for everything.
    pub folder: PathBuf,
}

/// What came of it.
#[derive(Clone, Debug)]
pub struct Filmed {
    /// Pictures drawn.
    pub frames: u64,
    /// The animated GIF.
    pub gif: PathBuf,
    /// The film, where ffmpeg was there; else why there is none.
    pub mp4: Result<PathBuf, String>,
}

impl FilmOptions {
    /// How many pictures there will be for ticks of this length.
    #[must_use]
    pub fn frames(&self, tick_ms: u32) -> u64 {
        let simulated = (self.to - self.from) as f64 * f64::from(tick_ms) / 1000.0;
        (simulated / self.speed * f64::from(self.frames_per_second)).ceil().max(1.0) as u64
    }

    fn path(&self, frame: u64) -> PathBuf {
        self.folder.join(format!("frame-{frame:05}.png"))
    }
}

/// Runs a mesh and films it. `told` hears after each picture how many there are.
///
/// # Errors
/// When pictures cannot be drawn or files not written.
pub fn film(
    mesh: &mut Mesh,
    mut observer: Observer,
    options: &FilmOptions,
    told: &mut dyn FnMut(u64),
) -> Result<Filmed, ViewError> {
    let folder = &options.folder;
    let failed = |reason| ViewError::Write(folder.clone(), reason);
    std::fs::create_dir_all(folder).map_err(failed)?;
    super::shot::touch(&options.path(1))?;
    while mesh.ticks() < options.from {
        observer.step(mesh, false);
    }
    let stage = observer.stage(mesh);
    let tick_ms = stage.published.tick_ms;
    let count = options.frames(tick_ms);
    let ticks_a_frame =
        options.speed * 1000.0 / f64::from(tick_ms.max(1)) / f64::from(options.frames_per_second);
    let mut studio = Studio::new(stage, &options.framing)?;
    let passed = Duration::from_secs(1) / options.frames_per_second.max(1);
    for frame in 0..count {
        let at = options.from as f64 + frame as f64 * ticks_a_frame;
        // The tick that is on its way at that moment, and how far it has got.
        let due = (at.floor() as u64 + 1).min(options.to);
        let fresh = mesh.ticks() < due;
        while mesh.ticks() < due {
            observer.step(mesh, mesh.ticks() + 1 == due);
        }
        studio.set(|stage| {
            if fresh {
                observer.put(mesh, stage);
            }
            stage.status.tick_progress = at.fract() as f32;
        });
        studio.turn(options.turns * std::f32::consts::TAU / count as f32);
        let png = studio.picture(passed)?;
        let path = options.path(frame + 1);
        std::fs::write(&path, png).map_err(|reason| ViewError::Write(path, reason))?;
        told(frame + 1);
    }
    let gif = folder.join("film.gif");
    write_gif(options, count, &gif)?;
    Ok(Filmed { frames: count, gif, mp4: write_mp4(options) })
}

/// Pixels of a picture on disk, as RGBA.
fn pixels(path: &Path) -> Result<Vec<u8>, ViewError> {
    let failed = |reason| ViewError::Write(path.to_owned(), reason);
    let bytes = std::fs::read(path).map_err(failed)?;
    let image = bevy::image::Image::from_buffer(
        &bytes,
        bevy::image::ImageType::Extension("png"),
        bevy::image::CompressedImageFormats::NONE,
        true,
        bevy::image::ImageSampler::Default,
        bevy::asset::RenderAssetUsages::MAIN_WORLD,
    )
    .map_err(|error| ViewError::Encode(error.to_string()))?;
    let image = image.try_into_dynamic().map_err(|error| ViewError::Encode(error.to_string()))?;
    Ok(image.to_rgba8().into_raw())
}

/// One palette for all frames, and of each frame only what has changed.
fn write_gif(options: &FilmOptions, count: u64, path: &Path) -> Result<(), ViewError> {
    let failed = |error: gif::EncodingError| ViewError::Encode(error.to_string());
    let framing = &options.framing;
    let (Ok(width), Ok(height)) = (u16::try_from(framing.width), u16::try_from(framing.height))
    else {
        return Err(ViewError::Size(framing.width, framing.height));
    };
    let quantizer = palette(options, count)?;
    let colours: Vec<u8> =
        quantizer.color_map_rgba().chunks(4).flat_map(|c| [c[0], c[1], c[2]]).collect();
    let file = File::create(path).map_err(|reason| ViewError::Write(path.to_owned(), reason))?;
    let mut encoder =
        gif::Encoder::new(BufWriter::new(file), width, height, &colours).map_err(failed)?;
    encoder.set_repeat(gif::Repeat::Infinite).map_err(failed)?;
    let delay = (100 / options.frames_per_second.max(1)).max(2) as u16;
    let mut before: Vec<u8> = Vec::new();
    for frame in 1..=count {
        let rgba = pixels(&options.path(frame))?;
        let indices = quantized(&quantizer, &colours, &rgba, &before);
        let area = changed(&before, &indices, usize::from(width));
        let shown = cut(&before, &indices, usize::from(width), area);
        let frame = gif::Frame {
            delay,
            dispose: gif::DisposalMethod::Keep,
            transparent: Some(CLEAR),
            left: area[0] as u16,
            top: area[1] as u16,
            width: area[2] as u16,
            height: area[3] as u16,
            buffer: shown.into(),
            ..gif::Frame::default()
        };
        encoder.write_frame(&frame).map_err(failed)?;
        before = indices;
    }
    Ok(())
}

/// The number of each pixel's colour. What the film shows already stays when it is hardly another
/// colour: grain that nobody sees would make up most of the file.
fn quantized(quantizer: &NeuQuant, colours: &[u8], rgba: &[u8], before: &[u8]) -> Vec<u8> {
    let alike = |index: u8, pixel: &[u8]| {
        let shown = colours.chunks(3).nth(usize::from(index)).unwrap_or_default();
        shown.iter().zip(pixel).all(|(a, b)| a.abs_diff(*b) <= GRAIN)
    };
    let pixels = rgba.chunks(4).enumerate();
    pixels
        .map(|(place, pixel)| match before.get(place) {
            Some(shown) if alike(*shown, pixel) => *shown,
            _ => quantizer.index_of(pixel) as u8,
        })
        .collect()
}

/// Colours for the whole film, from pixels of all its frames.
fn palette(options: &FilmOptions, count: u64) -> Result<NeuQuant, ViewError> {
    let looked = count.min(24);
    let mut sample = Vec::new();
    for n in 0..looked {
        let rgba = pixels(&options.path(1 + n * count / looked))?;
        let all = rgba.len() / 4 * looked as usize;
        // Odd steps, so that no column of the picture is favoured.
        let step = (all / SAMPLE_PIXELS).max(1) | 1;
        sample.extend(rgba.chunks(4).step_by(step).flatten());
    }
    Ok(NeuQuant::new(3, COLOURS, &sample))
}

/// Left, top, width and height of what differs; one pixel when nothing does.
fn changed(before: &[u8], now: &[u8], width: usize) -> [usize; 4] {
    if before.len() != now.len() {
        return [0, 0, width, now.len() / width.max(1)];
    }
    let different = |place: usize| before[place] != now[place];
    let places = || (0..now.len()).filter(|place| different(*place));
    let (Some(first), Some(last)) = (places().next(), places().next_back()) else {
        return [0, 0, 1, 1];
    };
    let (top, bottom) = (first / width, last / width);
    let left = places().map(|place| place % width).min().unwrap_or(0);
    let right = places().map(|place| place % width).max().unwrap_or(0);
    [left, top, right - left + 1, bottom - top + 1]
}

/// The changed part, transparent where it has not changed.
fn cut(before: &[u8], now: &[u8], width: usize, [left, top, wide, high]: [usize; 4]) -> Vec<u8> {
    let same = |place: usize| before.get(place) == now.get(place);
    let rows = (top..top + high).flat_map(|y| (left..left + wide).map(move |x| y * width + x));
    rows.map(|place| if same(place) { CLEAR } else { now[place] }).collect()
}

/// Lets ffmpeg make an MP4 of the pictures.
fn write_mp4(options: &FilmOptions) -> Result<PathBuf, String> {
    let path = options.folder.join("film.mp4");
    let made = Command::new("ffmpeg")
        .args(["-y", "-loglevel", "error", "-framerate", &options.frames_per_second.to_string()])
        .arg("-i")
        .arg(options.folder.join("frame-%05d.png"))
        // Most players want even sides and this kind of pixels.
        .args(["-vf", "pad=ceil(iw/2)*2:ceil(ih/2)*2", "-pix_fmt", "yuv420p"])
        .arg(&path)
        .stdin(Stdio::null())
        .output();
    match made {
        Ok(output) if output.status.success() => Ok(path),
        Ok(output) => Err(format!("ffmpeg: {}", String::from_utf8_lossy(&output.stderr).trim())),
        Err(_) => Err("ffmpeg is not installed".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_changed_is_kept() {
        let before = [0, 0, 0, 0, 0, 0, 0, 0, 0];
        let now = [0, 0, 0, 0, 7, 8, 0, 0, 0];
        let area = changed(&before, &now, 3);
        assert_eq!(area, [1, 1, 2, 1]);
        assert_eq!(cut(&before, &now, 3, area), [7, 8]);
        assert_eq!(changed(&now, &now, 3), [0, 0, 1, 1]);
        assert_eq!(cut(&now, &now, 3, [0, 0, 1, 1]), [CLEAR]);
        assert_eq!(changed(&[], &now, 3), [0, 0, 3, 3]);
    }

    #[test]
    fn a_film_has_as_many_pictures_as_its_length_asks_for() {
        let framing = Framing::default();
        let options = FilmOptions {
            framing,
            from: 100,
            to: 200,
            frames_per_second: 20,
            speed: 10.0,
            turns: 0.0,
            folder: PathBuf::new(),
        };
        assert_eq!(options.frames(1_000), 200);
        assert_eq!(options.frames(100), 20);
    }
}
