//! Which serial ports there are, which look like a board, and what is in the way of one. Must not
//! keep a port open.

use std::path::{Path, PathBuf};

use serde::Serialize;
use serialport::{ErrorKind, SerialPortType};

use super::port;

/// The vendor of ESP32 boards with their own USB.
const ESPRESSIF: u16 = 0x303A;
/// Makers of serial converters that boards often have: Silicon Labs, WCH, FTDI, Prolific.
const CONVERTERS: [u16; 4] = [0x10C4, 0x1A86, 0x0403, 0x067B];

/// What a port looks like.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Looks {
    /// An Espressif board's own USB port.
    Board,
    /// A converter from USB that a board may be behind.
    Converter,
    /// Something else.
    Other,
}

/// A serial port.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct PortInfo {
    /// What to open.
    pub path: String,
    /// What it looks like.
    pub looks: Looks,
    /// What it says of itself.
    pub about: String,
}

/// What a USB vendor's port looks like.
#[must_use]
pub fn looks(vendor: u16) -> Looks {
    if vendor == ESPRESSIF {
        Looks::Board
    } else if CONVERTERS.contains(&vendor) {
        Looks::Converter
    } else {
        Looks::Other
    }
}

/// The serial ports of this machine, likely boards first, then by path.
///
/// # Errors
/// What the system says.
pub fn list() -> Result<Vec<PortInfo>, serialport::Error> {
    let mut ports: Vec<PortInfo> = serialport::available_ports()?
        .into_iter()
        .map(|port| {
            let (looks, about) = match port.port_type {
                SerialPortType::UsbPort(usb) => {
                    let name = usb.product.or(usb.manufacturer).unwrap_or_default();
                    let about = format!("USB {:04X}:{:04X} {name}", usb.vid, usb.pid);
                    (looks(usb.vid), about.trim_end().to_owned())
                }
                SerialPortType::PciPort => (Looks::Other, "built in".to_owned()),
                SerialPortType::BluetoothPort => (Looks::Other, "Bluetooth".to_owned()),
                SerialPortType::Unknown => (Looks::Other, String::new()),
            };
            PortInfo { path: port.port_name, looks, about }
        })
        .collect();
    ports.sort_by(|a, b| (a.looks as u8, &a.path).cmp(&(b.looks as u8, &b.path)));
    Ok(ports)
}

/// Tries to open a port, and closes it again.
///
/// # Errors
/// What is in the way, and how to get it out of the way.
pub fn probe(path: &str) -> Result<(), String> {
    match port::open(path) {
        Ok(_) => Ok(()),
        Err(error) => Err(format!("{path}: {}", remedy(path, &error))),
    }
}

/// What is in the way of opening the port at `path`, and how to get it out of the way.
#[must_use]
pub fn remedy(path: &str, error: &serialport::Error) -> String {
    use std::io::ErrorKind as Io;
    let (kind, said) = (error.kind(), error.description.as_str());
    let denied = kind == ErrorKind::Io(Io::PermissionDenied) || said.contains("ermission denied");
    // Who opens a port locks it; the lock of another is told as a device that is not there.
    if ["busy", "in use", "exclusive lock"].iter().any(|word| said.contains(word)) {
        let who = match holders(path).as_slice() {
            [] => "another program".to_owned(),
            programs => programs.join(" and "),
        };
        format!("in use: {who} has it open: close that first (`fuser {path}` names it)")
    } else if denied {
        "no permission: add yourself to the group that owns it, often `dialout` (`sudo usermod -aG \
         dialout $USER`), and log in again"
            .to_owned()
    } else if matches!(kind, ErrorKind::NoDevice | ErrorKind::Io(Io::NotFound)) {
        "there is no such port: plug the board in, and see `qres ports`".to_owned()
    } else {
        format!("cannot be opened as a serial port: {said}: see `qres ports`")
    }
}

/// The programs that have a file open, as far as the system tells: only Linux does, of processes of
/// the same user.
fn holders(path: &str) -> Vec<String> {
    let Ok(file) = std::fs::canonicalize(path) else { return Vec::new() };
    let names = |folder: &Path| -> Vec<PathBuf> {
        let entries = std::fs::read_dir(folder).into_iter().flatten();
        entries.flatten().map(|entry| entry.path()).collect()
    };
    let holds = |process: &PathBuf| {
        let files = names(&process.join("fd"));
        files.iter().any(|open| std::fs::read_link(open).is_ok_and(|open| open == file))
    };
    let name = |process: PathBuf| {
        let number: u32 = process.file_name()?.to_str()?.parse().ok()?;
        let name = std::fs::read_to_string(process.join("comm")).unwrap_or_default();
        Some(format!("`{}` (process {number})", name.trim()))
    };
    names(Path::new("/proc")).into_iter().filter(holds).filter_map(name).collect()
}

/// Two paths that name one port: the later, and the earlier.
#[must_use]
pub fn doubled(paths: &[String]) -> Option<(&str, &str)> {
    let real = |path: &String| std::fs::canonicalize(path).unwrap_or_else(|_| path.into());
    let mut seen: Vec<(PathBuf, &str)> = Vec::new();
    for path in paths {
        let place = real(path);
        if let Some((_, other)) = seen.iter().find(|(other, _)| *other == place) {
            return Some((path, other));
        }
        seen.push((place, path));
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn vendors_are_known() {
        let table = [
            (0x303A, Looks::Board),
            (0x10C4, Looks::Converter),
            (0x1A86, Looks::Converter),
            (0x046D, Looks::Other),
        ];
        for (vendor, expected) in table {
            assert_eq!(looks(vendor), expected, "{vendor:04X}");
        }
    }

    #[test]
    fn what_is_in_the_way_comes_with_a_remedy() {
        use std::io::ErrorKind as Io;
        let table = [
            (ErrorKind::NoDevice, "No such file or directory", "plug the board in"),
            (ErrorKind::NoDevice, "Device or resource busy", "another program has it open"),
            (ErrorKind::NoDevice, "Unable to acquire exclusive lock on serial port", "in use"),
            (ErrorKind::Io(Io::PermissionDenied), "Permission denied", "dialout"),
            (ErrorKind::Unknown, "Not a typewriter", "Not a typewriter"),
        ];
        for (kind, said, expected) in table {
            let message = remedy("/dev/ttyX", &serialport::Error::new(kind, said));
            assert!(message.contains(expected), "{message}");
        }
        let missing = probe("/dev/there-is-none").expect_err("no such port");
        assert!(missing.contains("no such port"), "{missing}");
        let file = probe("/dev/null").expect_err("no port");
        assert!(file.contains("cannot be opened as a serial port"), "{file}");
    }
}
