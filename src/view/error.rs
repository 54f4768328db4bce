//! What can go wrong on the way to a picture; each variant says what to do about it.

use std::fmt;
use std::path::PathBuf;

/// Why there is no window or no picture.
#[derive(Debug)]
pub enum ViewError {
    /// No display server can be reached.
    NoDisplay,
    /// No graphics adapter, neither hardware nor software.
    NoAdapter,
    /// The window ended with this code.
    Window(u8),
    /// The scene has no bookmark of that name; these it has.
    UnknownCamera(String, Vec<String>),
    /// A picture of this size cannot be drawn.
    Size(u32, u32),
    /// The renderer gave no picture in time.
    NoPicture,
    /// The picture could not be encoded.
    Encode(String),
    /// The file could not be written.
    Write(PathBuf, std::io::Error),
}

impl fmt::Display for ViewError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoDisplay => f.write_str(
                "no display: neither DISPLAY nor WAYLAND_DISPLAY leads to a display server; \
                 run on a desktop, under `xvfb-run`, or headless with `qres run`",
            ),
            Self::NoAdapter => f.write_str(
                "no graphics adapter: install your GPU's Vulkan driver, or the software one \
                 (Debian and Ubuntu: `apt-get install mesa-vulkan-drivers`)",
            ),
            Self::Window(code) => write!(f, "the window ended with code {code}"),
            Self::UnknownCamera(name, known) if known.is_empty() => {
                write!(f, "no camera named `{name}`: this scenario has no bookmarks")
            }
            Self::UnknownCamera(name, known) => {
                write!(f, "no camera named `{name}`; this scenario has {}", known.join(", "))
            }
            Self::Size(width, height) => {
                write!(f, "cannot draw {width}x{height}: both sides must be within 16..=8192")
            }
            Self::NoPicture => f.write_str("the renderer gave no picture"),
            Self::Encode(reason) => write!(f, "could not encode the picture: {reason}"),
            Self::Write(path, reason) => write!(f, "cannot write {}: {reason}", path.display()),
        }
    }
}

impl std::error::Error for ViewError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::Write(_, reason) => Some(reason),
            _ => None,
        }
    }
}
