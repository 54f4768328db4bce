//! One picture of one state, in a file.

use super::ViewError;
use super::stage::Stage;
use super::studio::{Framing, Studio};
use std::path::{Path, PathBuf};
use std::time::Duration;

/// Where in the tick packets are caught.
const PROGRESS: f32 = 0.46;

/// What picture to take.
#[derive(Clone, Debug)]
pub struct ShotOptions {
    /// Size, view and panels.
    pub framing: Framing,
    /// The PNG file to write.
    pub path: PathBuf,
}

/// Draws one state and writes it to a PNG file. The same inputs give the same picture.
///
/// # Errors
/// When there is no graphics adapter, the bookmark is unknown, the size is out of range, or the
/// file cannot be written.
pub fn shoot(mut stage: Stage, shot: &ShotOptions) -> Result<(), ViewError> {
    shot.framing.check(&stage.scene)?;
    touch(&shot.path)?;
    stage.status.tick_progress = PROGRESS;
    let png = Studio::new(stage, &shot.framing)?.picture(Duration::ZERO)?;
    std::fs::write(&shot.path, png).map_err(|reason| ViewError::Write(shot.path.clone(), reason))
}

/// Finds out before the work, not after it, that a file cannot be written.
pub(super) fn touch(path: &Path) -> Result<(), ViewError> {
    std::fs::OpenOptions::new()
        .create(true)
        .append(true)
        .open(path)
        .map(drop)
        .map_err(|reason| ViewError::Write(path.to_owned(), reason))
}
