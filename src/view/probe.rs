//! Looks before it leaps: is there a display, is there an adapter? Opens no window, panics never.

use super::ViewError;
use bevy::render::settings::{Backends, WgpuSettings};
use bevy::tasks::block_on;
use wgpu::{Adapter, DeviceType, Instance, InstanceDescriptor};

/// What kind of device draws.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum AdapterKind {
    /// A graphics processor, by name.
    Hardware(String),
    /// The processor itself, by driver name: works, slowly.
    Software(String),
}

/// Whether a display server can be reached from here.
#[must_use]
pub fn display_available() -> bool {
    if !cfg!(target_os = "linux") {
        return true;
    }
    wayland_reachable() || x11_reachable()
}

fn variable(name: &str) -> Option<String> {
    std::env::var(name).ok().filter(|value| !value.is_empty())
}

#[cfg(unix)]
fn wayland_reachable() -> bool {
    let Some(display) = variable("WAYLAND_DISPLAY") else {
        return false;
    };
    let path = variable("XDG_RUNTIME_DIR").map_or_else(
        || std::path::PathBuf::from(&display),
        |folder| std::path::Path::new(&folder).join(&display),
    );
    std::os::unix::net::UnixStream::connect(path).is_ok()
}

/// A stale DISPLAY would end in a panic deep inside the window library, so knock first: at a local
/// display's socket, or at a remote one's port for a moment.
#[cfg(unix)]
fn x11_reachable() -> bool {
    let Some(display) = variable("DISPLAY") else {
        return false;
    };
    let Some((host, rest)) = display.rsplit_once(':') else {
        return false;
    };
    if !host.is_empty() && host != "unix" {
        return knock(host, rest.split('.').next().unwrap_or_default());
    }
    let number = rest.split('.').next().unwrap_or_default();
    let path = format!("/tmp/.X11-unix/X{number}");
    std::os::unix::net::UnixStream::connect(&path).is_ok() || abstract_reachable(&path)
}

/// Port of display 0; the others follow.
#[cfg(unix)]
const X11_PORT: u16 = 6_000;

#[cfg(unix)]
fn knock(host: &str, number: &str) -> bool {
    use std::net::{TcpStream, ToSocketAddrs};
    let Some(port) = number.parse().ok().and_then(|n: u16| X11_PORT.checked_add(n)) else {
        return false;
    };
    let wait = std::time::Duration::from_millis(800);
    let Ok(mut places) = (host, port).to_socket_addrs() else { return false };
    places.any(|place| TcpStream::connect_timeout(&place, wait).is_ok())
}

#[cfg(target_os = "linux")]
fn abstract_reachable(path: &str) -> bool {
    use std::os::linux::net::SocketAddrExt;
    use std::os::unix::net::{SocketAddr, UnixStream};
    SocketAddr::from_abstract_name(path.as_bytes())
        .and_then(|address| UnixStream::connect_addr(&address))
        .is_ok()
}

#[cfg(all(unix, not(target_os = "linux")))]
fn abstract_reachable(_path: &str) -> bool {
    false
}

#[cfg(not(unix))]
fn wayland_reachable() -> bool {
    false
}

#[cfg(not(unix))]
fn x11_reachable() -> bool {
    false
}

/// Which adapter would draw.
///
/// # Errors
/// [`ViewError::NoAdapter`] when there is none at all, neither hardware nor software.
pub fn adapter_available() -> Result<AdapterKind, ViewError> {
    let (_, found) = look_for_adapters();
    let mut best: Option<AdapterKind> = None;
    for adapter in found {
        let info = adapter.get_info();
        if info.device_type != DeviceType::Cpu {
            return Ok(AdapterKind::Hardware(info.name));
        }
        best = best.or(Some(AdapterKind::Software(info.name)));
    }
    best.ok_or(ViewError::NoAdapter)
}

/// How the renderer is to be set up: with the first set of backends that has an adapter.
///
/// # Errors
/// [`ViewError::NoAdapter`] when there is none at all.
pub(super) fn renderer_settings() -> Result<WgpuSettings, ViewError> {
    let (backends, found) = look_for_adapters();
    if found.is_empty() {
        return Err(ViewError::NoAdapter);
    }
    Ok(WgpuSettings { backends: Some(backends), ..WgpuSettings::default() })
}

/// OpenGL is asked only where nothing better is there: merely looking for it makes some drivers
/// write complaints to the terminal. What the user set in `WGPU_BACKEND` goes before both.
fn look_for_adapters() -> (Backends, Vec<Adapter>) {
    let sets = Backends::from_env()
        .map_or_else(|| vec![Backends::PRIMARY, Backends::all()], |wanted| vec![wanted]);
    let mut last = (Backends::all(), Vec::new());
    for backends in sets {
        let descriptor = InstanceDescriptor {
            backends,
            ..InstanceDescriptor::new_without_display_handle_from_env()
        };
        let instance = Instance::new(descriptor);
        last = (backends, block_on(instance.enumerate_adapters(backends)));
        if !last.1.is_empty() {
            break;
        }
    }
    last
}
