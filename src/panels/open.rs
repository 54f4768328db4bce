//! The file dialog: a scenario or a recording, from any folder, for the stage. It only names a
//! file; whoever loads it says what is wrong with it.

use super::{Outcome, theme};
use crate::view::actions::Action;
use crate::view::stage::Stage;
use bevy_egui::egui::{Align2, Context, Event, InputState, Modifiers, vec2};
use egui_file_dialog::{DialogState, FileDialog};
use std::path::{Path, PathBuf};

/// Size of the sheet, in points; less where the window is smaller.
const SIZE: (f32, f32) = (720.0, 420.0);

/// The dialog while it is open, and where it was last.
#[derive(Default)]
pub struct Opener {
    dialog: Option<FileDialog>,
    folder: Option<PathBuf>,
}

impl Opener {
    /// It is not on show; the folder is kept.
    pub fn close(&mut self) {
        self.dialog = None;
    }

    /// Draws it. A file that is picked is loaded.
    pub fn show(&mut self, context: &Context, stage: &Stage, outcome: &mut Outcome) {
        let folder = self.folder.as_deref();
        let dialog = self.dialog.get_or_insert_with(|| {
            let mut dialog = dialog(folder, stage);
            dialog.pick_file();
            dialog
        });
        let room = context.viewport_rect().size() - vec2(60.0, 90.0);
        let config = dialog.config_mut();
        (config.max_size, config.min_size) = (Some(room), vec2(300.0, 180.0).min(room));
        context.input_mut(forget_shortcuts);
        dialog.update(context);
        if let Some(path) = dialog.take_picked() {
            self.folder = path.parent().map(Path::to_path_buf);
            outcome.load = Some(path.display().to_string());
            outcome.actions.push(Action::Escape);
        } else if !matches!(dialog.state(), DialogState::Open) {
            outcome.actions.push(Action::Escape);
        }
    }
}

/// The letter of a shortcut is no word to search for.
fn forget_shortcuts(input: &mut InputState) {
    let held = |keys: &Modifiers| keys.command || keys.ctrl;
    let is_shortcut =
        |event: &Event| matches!(event, Event::Key { modifiers, .. } if held(modifiers));
    if held(&input.modifiers) || input.events.iter().any(is_shortcut) {
        input.events.retain(|event| !matches!(event, Event::Text(_)));
    }
}

/// A dialog that looks like the other sheets, at `folder` or where the program was started.
fn dialog(folder: Option<&Path>, stage: &Stage) -> FileDialog {
    let mut dialog = FileDialog::new()
        .title("Open a scenario or a recording")
        .anchor(Align2::CENTER_CENTER, vec2(0.0, 0.0))
        .default_size(vec2(SIZE.0, SIZE.1))
        .movable(false)
        .resizable(false)
        .modal_overlay_color(theme::VEIL)
        .directory_separator("/")
        .show_new_folder_button(false)
        .show_pinned_folders(false)
        .show_system_files_option(false)
        .show_devices(cfg!(windows))
        .show_removable_devices(cfg!(windows))
        .add_file_filter_extensions("Scenarios and recordings", vec!["ron"])
        .default_file_filter("Scenarios and recordings");
    if let Some(folder) = folder {
        dialog = dialog.initial_directory(folder.to_path_buf());
    }
    let rolling = stage.tape.rolling.as_ref().and_then(|status| status.path.parent());
    if let Some(runs) = rolling.map(Path::to_path_buf) {
        dialog = dialog.add_quick_access("QRES", move |places| {
            places.add_path("Recorded runs", &runs);
        });
    }
    dialog
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::mesh::publish::{Published, Scene};
    use bevy_egui::egui::{Key, PointerButton, Pos2, RawInput, Rect, Shape, pos2};
    use std::sync::Arc;

    /// Where texts are, after one pass over the dialog.
    fn pass(
        context: &Context,
        opener: &mut Opener,
        events: Vec<Event>,
        outcome: &mut Outcome,
    ) -> Vec<(String, Pos2)> {
        let stage = Stage::new(Arc::new(Scene::default()), Arc::new(Published::default()));
        let screen = Rect::from_min_size(Pos2::ZERO, vec2(1280.0, 720.0));
        let input = RawInput { screen_rect: Some(screen), events, ..RawInput::default() };
        let mut output = context.run_ui(input, |ui| opener.show(ui.ctx(), &stage, outcome));
        // Nobody draws.
        output.textures_delta.clear();
        let mut texts = Vec::new();
        for clipped in output.shapes {
            if let Shape::Text(text) = &clipped.shape {
                let middle = text.galley.rect.translate(text.pos.to_vec2()).center();
                texts.push((text.galley.text().to_owned(), middle));
            }
        }
        texts
    }

    /// A dialog in a folder with a recording and a text, and where the name of a file is drawn.
    fn open(name: &str) -> (Context, Opener, PathBuf, Vec<(String, Pos2)>) {
        let folder = std::env::temp_dir().join(format!("qres-open-{name}-{}", std::process::id()));
        std::fs::create_dir_all(&folder).expect("a folder");
        for file in ["run.ron", "notes.txt"] {
            std::fs::write(folder.join(file), "").expect("a file");
        }
        let context = Context::default();
        theme::install(&context);
        let mut opener = Opener { dialog: None, folder: Some(folder.clone()) };
        let mut outcome = Outcome::default();
        let mut seen = Vec::new();
        // The folder is read on another thread.
        for _ in 0..100_000 {
            seen = pass(&context, &mut opener, Vec::new(), &mut outcome);
            if seen.iter().any(|(text, _)| text.contains("run.ron")) {
                break;
            }
            std::thread::yield_now();
        }
        for _ in 0..3 {
            seen = pass(&context, &mut opener, Vec::new(), &mut outcome);
        }
        assert!(outcome.actions.is_empty() && outcome.load.is_none());
        (context, opener, folder, seen)
    }

    #[test]
    fn a_file_is_picked_by_a_double_click() {
        let (context, mut opener, folder, seen) = open("pick");
        let at = seen.iter().find(|(text, _)| text.contains("run.ron")).expect("it is listed").1;
        assert!(!seen.iter().any(|(text, _)| text.contains("notes.txt")), "{seen:?}");
        let press = |pressed| Event::PointerButton {
            pos: at,
            button: PointerButton::Primary,
            pressed,
            modifiers: Modifiers::NONE,
        };
        let mut outcome = Outcome::default();
        let steps = [Event::PointerMoved(at), press(true), press(false), press(true), press(false)];
        for event in steps {
            pass(&context, &mut opener, vec![event], &mut outcome);
        }
        let wanted = folder.join("run.ron").canonicalize().expect("is there");
        assert_eq!(outcome.load.map(PathBuf::from), Some(wanted));
        assert_eq!(outcome.actions, [Action::Escape]);
        assert_eq!(
            opener.folder.and_then(|path| path.canonicalize().ok()),
            folder.canonicalize().ok()
        );
        let _ = std::fs::remove_dir_all(&folder);
    }

    #[test]
    fn escape_and_the_window_s_cross_close_it_and_nothing_is_loaded() {
        let (context, mut opener, folder, _) = open("cancel");
        let escape = Event::Key {
            key: Key::Escape,
            physical_key: None,
            pressed: true,
            repeat: false,
            modifiers: Modifiers::NONE,
        };
        let mut outcome = Outcome::default();
        pass(
            &context,
            &mut opener,
            vec![Event::PointerMoved(pos2(3.0, 3.0)), escape],
            &mut outcome,
        );
        assert_eq!(outcome.actions, [Action::Escape]);
        assert_eq!(outcome.load, None);
        let _ = std::fs::remove_dir_all(&folder);
    }

    #[test]
    fn a_letter_searches_and_that_of_a_shortcut_does_not() {
        for (modifiers, listed) in [(Modifiers::CTRL, true), (Modifiers::NONE, false)] {
            let (context, mut opener, folder, _) = open(&format!("letter-{listed}"));
            let key = Event::Key {
                key: Key::Z,
                physical_key: None,
                pressed: true,
                repeat: false,
                modifiers,
            };
            let mut outcome = Outcome::default();
            pass(&context, &mut opener, vec![key, Event::Text("z".to_owned())], &mut outcome);
            pass(&context, &mut opener, Vec::new(), &mut outcome);
            let seen = pass(&context, &mut opener, Vec::new(), &mut outcome);
            assert_eq!(seen.iter().any(|(text, _)| text.contains("run.ron")), listed, "{seen:?}");
            let _ = std::fs::remove_dir_all(&folder);
        }
    }
}
