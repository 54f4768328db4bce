//! What a frame costs the processor: frames are drawn off screen, one tick each, and the time that
//! this program's own threads spend is read from the system. What the graphics driver's threads do,
//! and all waiting, is not counted.

use super::observer::Observer;
use super::studio::{Framing, Studio};
use super::{AdapterKind, ViewError, adapter_available};
use crate::mesh::Mesh;
use crate::mesh::publish::Scene;
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
    for frame in 0..warm + count {
        let begun = spent()?;
        observer.step(mesh, false);
        studio.set(|stage| observer.put(mesh, stage));
        let ticked = spent()?;
        studio.frame(Duration::from_millis(16));
        let drawn = spent()?;
        if frame >= warm {
            times.ticks.push(milliseconds(begun, ticked));
            times.frames.push(milliseconds(ticked, drawn));
        }
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

/// Nanoseconds that the threads of this process have run for, the driver's own left out.
fn spent() -> Result<u64, ViewError> {
    let failed = |reason| ViewError::Write("/proc/self/task".into(), reason);
    let own = std::process::id().to_string();
    let program = std::fs::read_to_string("/proc/self/comm").unwrap_or_default();
    let mut sum = 0;
    for thread in std::fs::read_dir("/proc/self/task").map_err(failed)? {
        let folder = thread.map_err(failed)?.path();
        // A thread may end between the two.
        let name = std::fs::read_to_string(folder.join("comm")).unwrap_or_default();
        let first = folder.file_name().is_some_and(|id| *id == *own);
        let foreign = DRIVERS.iter().any(|driver| name.starts_with(driver)) || name == program;
        if foreign && !first {
            continue;
        }
        let text = std::fs::read_to_string(folder.join("schedstat")).unwrap_or_default();
        let run = text.split_whitespace().next().and_then(|word| word.parse::<u64>().ok());
        sum += run.unwrap_or(0);
    }
    Ok(sum)
}
