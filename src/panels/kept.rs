//! What the window remembers from one start to the next, in a small text file of its own. Must not
//! hold anything about a run: the same scenario gives the same picture on every machine.

use super::Panels;
use super::dock::{Dock, Plan};
use super::overlay::Overlay;
use crate::view::quality::Quality;
use crate::view::stage::Look;
use crate::view::theme::Palette;
use bevy::prelude::*;
use directories::ProjectDirs;
use serde::{Deserialize, Serialize};
use std::path::{Path, PathBuf};

/// Grows when the file's meaning changes; another version is set aside.
const VERSION: u32 = 1;
/// Real seconds between writes.
const EVERY_SECONDS: f32 = 2.0;

/// What is remembered.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Kept {
    version: u32,
    palette: Palette,
    text_percent: u16,
    keys: bool,
    calm_motion: bool,
    #[serde(default)]
    quality: Quality,
    toured: bool,
    dock: Plan,
}

/// Where it is remembered, and what was last written.
#[derive(Resource)]
struct Memory {
    path: PathBuf,
    written: Option<Kept>,
    toured: bool,
    failed: bool,
    next: f32,
}

/// `window.ron` in the folder that the system has for settings; `QRES_SETTINGS` names another
/// folder, and an empty one keeps nothing.
fn file() -> Option<PathBuf> {
    if let Some(folder) = std::env::var_os("QRES_SETTINGS") {
        return (!folder.is_empty()).then(|| Path::new(&folder).join("window.ron"));
    }
    ProjectDirs::from("", "", "qres").map(|dirs| dirs.config_dir().join("window.ron"))
}

/// Reads at the start, writes when something has changed, and once more at the end.
pub(crate) fn plugin(app: &mut App) {
    let Some(path) = file() else { return };
    let kept = read(&path);
    let toured = kept.as_ref().is_some_and(|kept| kept.toured);
    let world = app.world_mut();
    if let Some(kept) = &kept {
        if let Some(dock) = Dock::load(&kept.dock) {
            world.get_resource_or_init::<Panels>().dock = dock;
        }
        let mut look = world.get_resource_or_init::<Look>();
        look.palette = kept.palette;
        look.text_percent = kept.text_percent.clamp(70, 200);
        look.help = kept.keys;
        look.calm_motion = kept.calm_motion;
        look.quality = kept.quality;
    }
    if !toured {
        world.get_resource_or_init::<Look>().overlay = Some(Overlay::Tour);
    }
    world.insert_resource(Memory { path, written: kept, toured, failed: false, next: 0.0 });
    app.add_systems(Last, write);
}

/// What the file says. One that cannot be read is set aside, so that nothing in it is lost.
fn read(path: &Path) -> Option<Kept> {
    let bytes = std::fs::read(path).ok()?;
    let text = String::from_utf8_lossy(&bytes);
    match ron::from_str::<Kept>(&text) {
        Ok(kept) if kept.version == VERSION && Dock::load(&kept.dock).is_some() => Some(kept),
        _ => {
            let aside = path.with_extension("ron.unreadable");
            if let Err(error) = std::fs::rename(path, &aside) {
                warn!("{}: cannot be read, nor set aside: {error}", path.display());
            } else {
                warn!("{}: cannot be read; kept as {}", path.display(), aside.display());
            }
            None
        }
    }
}

fn write(
    mut memory: ResMut<Memory>,
    look: Res<Look>,
    panels: Res<Panels>,
    time: Res<Time<Real>>,
    mut exits: MessageReader<AppExit>,
) {
    // Who has left the tour once has seen it.
    memory.toured |= look.overlay != Some(Overlay::Tour);
    let ends = exits.read().count() > 0;
    let now = time.elapsed_secs();
    if !ends && now < memory.next {
        return;
    }
    memory.next = now + EVERY_SECONDS;
    let Some(dock) = panels.dock.save() else { return };
    let kept = Kept {
        version: VERSION,
        palette: look.palette,
        text_percent: look.text_percent,
        keys: look.help,
        calm_motion: look.calm_motion,
        quality: look.quality,
        toured: memory.toured,
        dock,
    };
    if memory.written.as_ref() == Some(&kept) {
        return;
    }
    let said = memory.failed;
    memory.failed = false;
    if let Err(error) = save(&memory.path, &kept) {
        memory.failed = true;
        if said {
            memory.written = Some(kept);
            return;
        }
        warn!("{}: settings are not kept: {error}", memory.path.display());
    }
    // Also when it failed: it is told once.
    memory.written = Some(kept);
}

/// Writes beside the file and renames, so that no half of it is ever read.
fn save(path: &Path, kept: &Kept) -> std::io::Result<()> {
    if let Some(folder) = path.parent() {
        std::fs::create_dir_all(folder)?;
    }
    let text = ron::ser::to_string_pretty(kept, ron::ser::PrettyConfig::default())
        .map_err(std::io::Error::other)?;
    let beside = path.with_extension("ron.new");
    std::fs::write(&beside, text)?;
    std::fs::rename(&beside, path)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::panels::dock::Pane;

    #[test]
    fn what_is_kept_comes_back_and_rubbish_is_set_aside() -> std::io::Result<()> {
        let folder = std::env::temp_dir().join(format!("qres-kept-{}", std::process::id()));
        let path = folder.join("window.ron");
        let kept = Kept {
            version: VERSION,
            palette: Palette::Safe,
            text_percent: 130,
            keys: false,
            calm_motion: true,
            quality: Quality::Medium,
            toured: true,
            dock: Dock::default().save().unwrap_or(Plan::Pane(Pane::Scene)),
        };
        save(&path, &kept)?;
        assert_eq!(read(&path), Some(kept));
        std::fs::write(&path, "(version: 1, palette: Pink)")?;
        assert_eq!(read(&path), None);
        assert!(folder.join("window.ron.unreadable").is_file());
        std::fs::remove_dir_all(folder)
    }
}
