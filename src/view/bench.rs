//! What a frame costs the processor: frames are drawn off screen, one tick each, and the time that
//! this program's own threads spend is read from the system. What the graphics driver's threads do,
//! and all waiting, is not counted.

use super::observer::Observer;
use super::studio::{Framing, Studio};
use super::{AdapterKind, ViewError, adapter_available};
use crate::mesh::Mesh;
use crate::mesh::publish::Scene;
use std::fs::File;
use std::io::{Error, ErrorKind, Read, Seek};
use std::path::PathBuf;
use std::time::Duration;

/// Threads of software drivers, by the beginning of their names. A thread that has only the
/// program's name is the driver's too: all of our own but the first have one.
const DRIVERS: [&str; 4] = ["llvmpipe", "lvp", "WSI", "mesa"];

/// Milliseconds of processor time.
#[derive(Clone, Debug, Default)]
pub struct FrameTimes {
    /// Of each frame, without its tick.
    pub frames: Vec<f64>,
    /// Of each tick, with what is published of it.
    pub ticks: Vec<f64>,
}

/// Draws `count` frames of a mesh, one tick each, after `warm` more.
///
/// # Errors
/// When there is no graphics adapter, or the system does not say what threads spend.
pub fn frame_times(
    mesh: &mut Mesh,
    scene: Scene,
    framing: &Framing,
    (warm, count): (usize, usize),
) -> Result<FrameTimes, ViewError> {
    let mut observer = Observer::new(mesh, scene, Vec::new(), &[]);
    let mut studio = Studio::new(observer.stage(mesh), framing)?;
    let mut times = FrameTimes::default();
    let mut step = |books: &mut Books| -> [u64; 3] {
        let begun = books.spent();
        observer.step(mesh, false);
        studio.set(|stage| observer.put(mesh, stage));
        let ticked = books.spent();
        studio.frame(Duration::from_millis(16));
        [begun, ticked, books.spent()]
    };
    let mut books = Books::default();
    for _ in 0..warm {
        step(&mut books);
    }
    // All threads that a frame needs are there now.
    books = Books::open()?;
    for _ in 0..count {
        let [begun, ticked, drawn] = step(&mut books);
        times.ticks.push(milliseconds(begun, ticked));
        times.frames.push(milliseconds(ticked, drawn));
    }
    Ok(times)
}

/// Who draws, in words.
///
/// # Errors
/// When nobody can.
pub fn painter() -> Result<String, ViewError> {
    Ok(match adapter_available()? {
        AdapterKind::Hardware(name) => name,
        AdapterKind::Software(name) => format!("{name} (software)"),
    })
}

fn milliseconds(from: u64, to: u64) -> f64 {
    to.saturating_sub(from) as f64 / 1e6
}

/// What the system writes down of each thread that is our own. The books stay open: looking for
/// them in every frame would be counted with it.
#[derive(Default)]
struct Books(Vec<File>);

impl Books {
    fn open() -> Result<Self, ViewError> {
        let tasks = PathBuf::from("/proc/self/task");
        let failed = |reason| ViewError::Write(tasks.clone(), reason);
        let own = std::process::id().to_string();
        let program = std::fs::read_to_string("/proc/self/comm").unwrap_or_default();
        let mut books = Vec::new();
        for thread in std::fs::read_dir(&tasks).map_err(failed)? {
            let folder = thread.map_err(failed)?.path();
            // A thread may end between the two.
            let name = std::fs::read_to_string(folder.join("comm")).unwrap_or_default();
            let first = folder.file_name().is_some_and(|id| *id == *own);
            let foreign = DRIVERS.iter().any(|driver| name.starts_with(driver)) || name == program;
            if !foreign || first {
                books.extend(File::open(folder.join("schedstat")));
            }
        }
        if books.is_empty() {
            return Err(failed(Error::from(ErrorKind::NotFound)));
        }
        Ok(Self(books))
    }

    /// Nanoseconds that these threads have run for. One that has ended spends no more.
    fn spent(&mut self) -> u64 {
        let mut sum = 0;
        for book in &mut self.0 {
            let mut text = [0; 64];
            if book.rewind().is_err() {
                continue;
            }
            let Ok(length) = book.read(&mut text) else { continue };
            let digits = text.iter().take(length).take_while(|byte| byte.is_ascii_digit());
            sum += digits.fold(0_u64, |sum, digit| 10 * sum + u64::from(digit - b'0'));
        }
        sum
    }
}
