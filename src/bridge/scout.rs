//! Looks for ports on a thread of its own, as looking can take a while. Must not open one.

use std::path::{Path, PathBuf};
use std::time::Duration;

use crossbeam_channel::{Receiver, TrySendError, bounded};

use super::ports::{self, Looks};

/// Time between looks.
const LOOK: Duration = Duration::from_millis(500);

/// Which ports are looked for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Wanted {
    /// Whatever looks like a board.
    pub boards: bool,
    /// Paths with a `*` in their last part.
    pub patterns: Vec<String>,
}

impl Wanted {
    /// Whether anything is looked for.
    #[must_use]
    pub const fn is_any(&self) -> bool {
        self.boards || !self.patterns.is_empty()
    }

    /// The ports that are there now, likely boards first, then by path.
    #[must_use]
    pub fn look(&self) -> Vec<String> {
        let mut found = Vec::new();
        if self.boards {
            let all = ports::list().unwrap_or_default().into_iter();
            found.extend(all.filter(|port| port.looks == Looks::Board).map(|port| port.path));
        }
        for pattern in &self.patterns {
            let mut paths = matches(pattern);
            paths.sort();
            found.extend(paths);
        }
        let mut places: Vec<PathBuf> = Vec::new();
        found.retain(|path| {
            let place = std::fs::canonicalize(path).unwrap_or_else(|_| path.into());
            let fresh = !places.contains(&place);
            places.push(place);
            fresh
        });
        found
    }
}

/// Whether a port's name is a pattern: with a `*` in its last part.
#[must_use]
pub fn is_pattern(path: &str) -> bool {
    path.rsplit('/').next().is_some_and(|name| name.contains('*'))
}

/// The paths that a pattern fits; each `*` stands for any characters of a name.
fn matches(pattern: &str) -> Vec<String> {
    let (folder, name) = match pattern.rsplit_once('/') {
        Some(("", name)) => ("/", name),
        Some(parts) => parts,
        None => (".", pattern),
    };
    let entries = std::fs::read_dir(Path::new(folder)).into_iter().flatten().flatten();
    let fits = entries.filter(|entry| entry.file_name().to_str().is_some_and(|it| fits(name, it)));
    fits.map(|entry| entry.path().display().to_string()).collect()
}

fn fits(pattern: &str, name: &str) -> bool {
    let Some((head, tail)) = pattern.split_once('*') else { return pattern == name };
    let Some(rest) = name.strip_prefix(head) else { return false };
    let ends = rest.char_indices().map(|(at, _)| at).chain([rest.len()]);
    ends.into_iter().any(|at| rest.get(at..).is_some_and(|rest| fits(tail, rest)))
}

/// Looks again and again, until it is dropped.
#[derive(Debug)]
pub struct Scout(Option<Receiver<Vec<String>>>);

impl Scout {
    /// Begins to look, if there is anything to look for.
    ///
    /// # Errors
    /// When the system has no thread to spare.
    pub fn start(wanted: Wanted) -> std::io::Result<Self> {
        if !wanted.is_any() {
            return Ok(Self(None));
        }
        let (to, from) = bounded(1);
        std::thread::Builder::new().name("ports".to_owned()).spawn(move || {
            // What nobody has taken yet is as good as what would be found now.
            while !matches!(to.try_send(wanted.look()), Err(TrySendError::Disconnected(_))) {
                std::thread::sleep(LOOK);
            }
        })?;
        Ok(Self(Some(from)))
    }

    /// The ports that are there, if somebody has looked since the last call.
    #[must_use]
    pub fn found(&self) -> Option<Vec<String>> {
        self.0.as_ref()?.try_recv().ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stars_stand_for_any_characters_of_a_name() {
        let table = [
            ("ttyACM*", "ttyACM0", true),
            ("ttyACM*", "ttyACM", true),
            ("ttyACM*", "ttyUSB0", false),
            ("*-if00", "usb-Espressif-if00", true),
            ("tty*M*1", "ttyACM11", true),
            ("tty*M*1", "ttyACM12", false),
            ("ttyACM0", "ttyACM0", true),
            ("*", "", true),
        ];
        for (pattern, name, expected) in table {
            assert_eq!(fits(pattern, name), expected, "{pattern} {name}");
        }
        assert!(is_pattern("/dev/ttyACM*") && !is_pattern("/dev/*/tty") && !is_pattern("COM3"));
    }

    #[test]
    fn a_pattern_finds_what_is_there() {
        let wanted = Wanted { boards: false, patterns: vec!["/dev/nul*".into(), "/dev/n?".into()] };
        assert_eq!(wanted.look(), ["/dev/null"]);
        let none = Wanted { boards: false, patterns: vec!["/there-is/none*".into()] };
        assert!(none.look().is_empty() && none.is_any() && !Wanted::default().is_any());
    }
}
