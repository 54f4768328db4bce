//! Which serial ports there are, which look like a board, and what is in the way of one. Must not
//! keep a port open.

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
        Err(error) => Err(remedy(path, error.kind(), &error.description)),
    }
}

fn remedy(path: &str, kind: ErrorKind, said: &str) -> String {
    use std::io::ErrorKind as Io;
    let busy = said.contains("busy") || said.contains("in use");
    let denied = kind == ErrorKind::Io(Io::PermissionDenied) || said.contains("ermission denied");
    if busy {
        format!("{path} is in use: close the program that has it open (`fuser {path}` names it)")
    } else if denied {
        format!(
            "{path}: no permission: add yourself to the group that owns it, often `dialout` \
             (`sudo usermod -aG dialout $USER`), and log in again"
        )
    } else if matches!(kind, ErrorKind::NoDevice | ErrorKind::Io(Io::NotFound)) {
        format!("{path}: there is no such port: plug the board in, and see `qres ports`")
    } else {
        format!("{path} cannot be opened as a serial port: {said}: see `qres ports`")
    }
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
            (ErrorKind::NoDevice, "Device or resource busy", "close the program"),
            (ErrorKind::Io(Io::PermissionDenied), "Permission denied", "dialout"),
            (ErrorKind::Unknown, "Not a typewriter", "Not a typewriter"),
        ];
        for (kind, said, expected) in table {
            let message = remedy("/dev/ttyX", kind, said);
            assert!(message.starts_with("/dev/ttyX") && message.contains(expected), "{message}");
        }
        let missing = probe("/dev/there-is-none").expect_err("no such port");
        assert!(missing.contains("no such port"), "{missing}");
        let file = probe("/dev/null").expect_err("no port");
        assert!(file.contains("cannot be opened as a serial port"), "{file}");
    }
}
