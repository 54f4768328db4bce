//! Ports with something unexpected behind them, and what the command says of it.

use crate::bench::{Bench, folder};
use crate::board::{Board, Flaw};
use crate::live::qres;
use crate::metal::Device;

/// A board that follows docs/link.md, with a flaw.
pub struct Flawed(pub Board);

impl Device for Flawed {
    fn take(&mut self, _: u64, bytes: &[u8]) {
        self.0.take(bytes);
    }

    fn output(&mut self) -> Vec<u8> {
        self.0.output()
    }

    fn reset(&mut self) {
        self.0.reset();
    }

    fn brightest(&mut self) -> u8 {
        0
    }
}

/// Something that answers everything with the same words.
struct Parrot(bool);

impl Device for Parrot {
    fn take(&mut self, _: u64, bytes: &[u8]) {
        self.0 |= !bytes.is_empty();
    }

    fn output(&mut self) -> Vec<u8> {
        if std::mem::take(&mut self.0) { b"AT command not found\r\n".to_vec() } else { Vec::new() }
    }

    fn reset(&mut self) {}

    fn brightest(&mut self) -> u8 {
        0
    }
}

/// Exit code 2, and a message with all of `words`.
fn refused(ports: &[&str], words: &[&str]) {
    let ports = ports.iter().flat_map(|port| ["--port", port]);
    let arguments: Vec<&str> =
        ["mirror", "--headless", "--ticks", "3"].into_iter().chain(ports).collect();
    let (_, said, code) = qres(&arguments);
    assert_eq!(code, Some(2), "{arguments:?}: {said}");
    for word in words {
        assert!(said.contains(word), "{arguments:?}: no `{word}` in: {said}");
    }
}

#[test]
fn a_port_that_another_program_holds_is_in_use() {
    let folder = folder("held");
    let bench = Bench::start(&folder, "held", 1, Box::new(Parrot(false)));
    let _held = qres::bridge::port::open(&bench.path).expect("it opens");
    let here = format!("(process {})", std::process::id());
    refused(&[&bench.path], &["in use", &here, "close that first"]);
}

#[test]
fn one_port_by_two_names_is_one_port() {
    let folder = folder("alias");
    let bench = Bench::start(&folder, "real", 1, Box::new(Parrot(false)));
    let alias = folder.join("alias").display().to_string();
    let _ = std::fs::remove_file(&alias);
    std::os::unix::fs::symlink(&bench.path, &alias).expect("a link");
    refused(&[&bench.path, &bench.path], &["is given twice"]);
    let other = format!("it is {} too", bench.path);
    refused(&[&bench.path, &alias], &[&alias, "is given twice", &other]);
}

#[test]
fn a_wrong_firmware_is_named_with_what_mends_it() {
    let folder = folder("odd");
    let parrot = Bench::start(&folder, "parrot", 1, Box::new(Parrot(false)));
    let mut board = Board::new(3);
    board.flaw = Flaw::Rules;
    let flawed = Bench::start(&folder, "flawed", 2, Box::new(Flawed(board)));
    let ports = [&parrot.path[..], &flawed.path];
    let garbled = ["garbled", "bytes have come and no good frame", "115200"];
    let flash = "flash the firmware that came with this program";
    refused(&ports, &[&garbled[..], &["cannot take on the state", flash]].concat());
}
