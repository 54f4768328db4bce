//! A board behind a bad line, with silence and a pulled plug: the firmware's loop in this program,
//! or a board at the end of the serial line that `QRES_LINE` names, as `tests/firmware/run` has it.

use std::io::{Read as _, Write as _};
use std::time::Duration;

use crate::bench::{Bench, folder};
use crate::faults::level;
use crate::live::Rig;
use crate::metal::{Device, Powered};
use crate::noise::Noise;
use serialport::{SerialPort as _, TTYPort};

/// A board at the other end of a serial line.
struct Distant(TTYPort);

/// The board that `QRES_LINE` names, or one of this program.
fn board() -> Box<dyn Device> {
    let Ok(path) = std::env::var("QRES_LINE") else { return Box::new(Powered::<false>::new(1)) };
    let line = serialport::new(&path, 115_200).timeout(Duration::from_millis(200));
    let line = TTYPort::open(&line).unwrap_or_else(|problem| panic!("{path}: {problem}"));
    Box::new(Distant(line))
}

impl Device for Distant {
    fn take(&mut self, _now_us: u64, bytes: &[u8]) {
        self.0.write_all(bytes).expect("the line takes bytes");
    }

    fn output(&mut self) -> Vec<u8> {
        let count = self.0.bytes_to_read().expect("the line is there");
        let mut bytes = vec![0; count as usize];
        self.0.read_exact(&mut bytes).expect("bytes that were there");
        bytes
    }

    /// Nobody can take its power from here.
    fn reset(&mut self) {}

    fn brightest(&mut self) -> u8 {
        0
    }
}

#[test]
fn a_distant_board_gets_over_a_bad_line() {
    let bench = Bench::start(&folder("distant"), "b0", 3, board());
    let mut rig = Rig::new(vec![bench]);
    rig.settle();
    let bad = [
        ("everything", Noise::ALL),
        ("one bit in ten", Noise { bits: 100, ..Noise::default() }),
        ("silence", Noise { silence: true, ..Noise::default() }),
    ];
    for (name, noise) in bad {
        let before = rig.board(0).counts;
        rig.benches[0].control.noise(noise);
        rig.run(40);
        let counts = rig.board(0).counts;
        let hurt = |counts: qres::bridge::count::BoardCounts| {
            counts.crc_errors + counts.gaps + counts.retries + counts.missed
        };
        assert!(hurt(counts) > hurt(before), "{name}: nothing was wrong: {counts:?}");
        rig.benches[0].control.noise(Noise::default());
        rig.settle();
        level(&rig.board(0));
    }
    rig.benches[0].control.plug(false);
    rig.until("it is gone", |rig| rig.board(0).state == "unplugged");
    rig.run(20);
    rig.benches[0].control.plug(true);
    rig.until("it is back", |rig| rig.board(0).state == "live");
    rig.settle();
    rig.run(40);
    rig.settle();
    let status = rig.board(0);
    level(&status);
    assert!(status.counts.opened == 2 && status.counts.diverged == 0, "{status:#?}");
}
