//! Tests of the store on a flash whose power goes at any byte of an erase or a write, leaves
//! garbage or nothing behind, and whose bits flip. Not part of the library.

use embedded_storage::nor_flash::{
    ErrorType, NorFlash, NorFlashError, NorFlashErrorKind, ReadNorFlash, check_erase, check_read,
    check_write,
};
use proptest::prelude::*;

use super::{OVERHEAD_BYTES, Store, StoreError, Survey, encode};
use crate::draw::{Purpose, draw};

/// What an interrupted operation leaves in the bytes that it had not reached.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Rest {
    /// What was there before.
    Untouched,
    /// Noise: an erase leaves any bits, a write clears any bits.
    Garbage,
    /// Erased flash.
    Erased,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Fault {
    Kind(NorFlashErrorKind),
    Power,
}

impl NorFlashError for Fault {
    fn kind(&self) -> NorFlashErrorKind {
        match self {
            Self::Kind(kind) => *kind,
            Self::Power => NorFlashErrorKind::Other,
        }
    }
}

/// `SIZE` bytes of flash with sectors of `ERASE` and writes of `WRITE` bytes.
#[derive(Clone)]
struct Flash<const SIZE: usize, const ERASE: usize, const WRITE: usize> {
    cells: [u8; SIZE],
    /// Bytes that can still be erased or written before the power goes.
    power: u32,
    rest: Rest,
    /// A byte that does not take what is written to it.
    dead: Option<usize>,
    /// Erases of each sector.
    wear: [u32; 8],
}

impl<const SIZE: usize, const ERASE: usize, const WRITE: usize> Flash<SIZE, ERASE, WRITE> {
    fn new() -> Self {
        let cells = [0xFF; SIZE];
        Self { cells, power: u32::MAX, rest: Rest::Untouched, dead: None, wear: [0; 8] }
    }

    /// Changes the cells of an operation one by one, as long as there is power.
    fn change(&mut self, from: usize, to: usize, value: impl Fn(usize, u8) -> u8) -> bool {
        for at in from..to {
            if self.power == 0 {
                self.interrupted(at, to);
                return false;
            }
            self.power -= 1;
            if self.dead != Some(at) {
                self.cells[at] = value(at, self.cells[at]);
            }
        }
        true
    }

    fn interrupted(&mut self, at: usize, to: usize) {
        for cell in at..to {
            let noise = draw(9, Purpose::Start, cell as u32, at as u64, 0) as u8;
            match self.rest {
                Rest::Untouched => {}
                Rest::Garbage => self.cells[cell] = noise,
                Rest::Erased => self.cells[cell] = 0xFF,
            }
        }
        self.rest = Rest::Untouched;
    }
}

impl<const S: usize, const E: usize, const W: usize> ErrorType for Flash<S, E, W> {
    type Error = Fault;
}

impl<const S: usize, const E: usize, const W: usize> ReadNorFlash for Flash<S, E, W> {
    const READ_SIZE: usize = 4;

    fn read(&mut self, offset: u32, bytes: &mut [u8]) -> Result<(), Fault> {
        check_read(self, offset, bytes.len()).map_err(Fault::Kind)?;
        bytes.copy_from_slice(&self.cells[offset as usize..][..bytes.len()]);
        Ok(())
    }

    fn capacity(&self) -> usize {
        S
    }
}

impl<const S: usize, const E: usize, const W: usize> NorFlash for Flash<S, E, W> {
    const WRITE_SIZE: usize = W;
    const ERASE_SIZE: usize = E;

    fn erase(&mut self, from: u32, to: u32) -> Result<(), Fault> {
        check_erase(self, from, to).map_err(Fault::Kind)?;
        (from as usize / E..to as usize / E).for_each(|sector| self.wear[sector] += 1);
        self.change(from as usize, to as usize, |_, _| 0xFF).then_some(()).ok_or(Fault::Power)
    }

    fn write(&mut self, offset: u32, bytes: &[u8]) -> Result<(), Fault> {
        check_write(self, offset, bytes.len()).map_err(Fault::Kind)?;
        let start = offset as usize;
        let full = self.change(start, start + bytes.len(), |at, old| old & bytes[at - start]);
        full.then_some(()).ok_or(Fault::Power)
    }
}

type Payload = heapless::Vec<u8, 96>;

/// A payload of its own for each number, of a length of its own.
fn payload(number: u32) -> Payload {
    let length = draw(3, Purpose::Start, number, 0, 0) % 41;
    (0..length).map(|at| draw(4, Purpose::Start, number, at, 0) as u8).collect()
}

fn load<const S: usize, const E: usize, const W: usize>(
    flash: &Flash<S, E, W>,
    slots: u32,
) -> Option<Payload> {
    let mut store = Store::new(flash.clone(), slots).expect("a geometry that fits");
    let mut buffer = [0; 96];
    let found = store.load(&mut buffer).expect("the flash reads");
    found.map(|bytes| Payload::from_slice(bytes).expect("short"))
}

/// A flash whose only record has this generation.
fn aged<const S: usize, const E: usize, const W: usize>(generation: u32) -> Flash<S, E, W> {
    let mut flash = Flash::new();
    let mut at = 0;
    encode(generation, &payload(0), |piece| {
        flash.cells[at..at + piece.len()].copy_from_slice(piece);
        at += piece.len();
    })
    .expect("short");
    flash
}

/// Cuts the power at every byte of save after save. Each next save starts from the flash that one
/// of the cuts left behind.
fn cut_everywhere<const S: usize, const E: usize, const W: usize>(slots: u32, first: u32) {
    let mut flash = aged::<S, E, W>(first);
    let mut before = Some(payload(0));
    for number in 1..=24_u32 {
        let after = Some(payload(number));
        // The next save starts from another cut each time; now and then from none.
        let (goes_on_at, goes_on_with) = (number * 7, number % 3);
        let mut next = None;
        let mut completed = false;
        for power in 0.. {
            for rest in [Rest::Untouched, Rest::Garbage, Rest::Erased] {
                let cut = Flash { power, rest, ..flash.clone() };
                let mut store = Store::new(cut, slots).expect("a geometry that fits");
                let saved = store.save(&payload(number));
                let left = Flash { power: u32::MAX, ..store.release() };
                let found = load(&left, slots);
                let case = (number, power, rest);
                assert!(found == before || found == after, "{case:?}: {found:?}");
                if saved.is_ok() {
                    assert_eq!(found, after, "{case:?}: it said that it was stored");
                }
                completed = saved.is_ok();
                let mut store = Store::new(left.clone(), slots).expect("a geometry that fits");
                assert!(store.save(b"afterwards").is_ok(), "{case:?}");
                assert_eq!(load(&store.release(), slots).as_deref(), Some(&b"afterwards"[..]));
                if next.is_none() || power <= goes_on_at && rest as u32 == goes_on_with {
                    next = Some((left, found));
                }
            }
            if completed {
                break;
            }
        }
        (flash, before) = next.expect("at least one cut");
    }
}

#[test]
fn a_power_cut_at_any_byte_leaves_the_old_or_the_new() {
    cut_everywhere::<128, 64, 1>(2, 0);
    cut_everywhere::<128, 64, 4>(2, u32::MAX - 11);
    cut_everywhere::<256, 64, 8>(4, u32::MAX - 3);
    cut_everywhere::<192, 32, 4>(3, 0x7FFF_FFF0);
}

#[test]
fn a_first_save_that_is_cut_leaves_nothing_or_itself() {
    for power in 0..200 {
        let flash = Flash::<128, 64, 4> { power, rest: Rest::Garbage, ..Flash::new() };
        let mut store = Store::new(flash, 2).expect("a geometry that fits");
        let saved = store.save(b"first").is_ok();
        match load(&store.release(), 2) {
            // The padding after a whole record may be missing.
            Some(found) => assert!(power >= 64 + 5 + OVERHEAD_BYTES as u32 && *found == *b"first"),
            None => assert!(!saved, "{power}"),
        }
    }
}

#[test]
fn any_flipped_bit_leaves_the_newest_or_the_one_before() {
    let mut store = Store::new(Flash::<256, 128, 4>::new(), 2).expect("a geometry that fits");
    for number in 0..8 {
        store.save(&payload(number)).expect("room");
    }
    let whole = store.release();
    let (old, new) = (Some(payload(6)), Some(payload(7)));
    let mut fell_back = 0;
    for bit in 0..256 * 8 {
        let mut flash = whole.clone();
        flash.cells[bit / 8] ^= 1 << (bit % 8);
        let found = load(&flash, 2);
        assert!(found == new || found == old, "bit {bit}: {found:?}");
        fell_back += usize::from(found == old);
    }
    assert_eq!(fell_back, 8 * (payload(7).len() + OVERHEAD_BYTES), "every bit of the newest");
}

#[test]
fn slots_wear_evenly_and_a_dead_one_is_passed_over() {
    let mut store = Store::new(Flash::<512, 64, 4>::new(), 8).expect("a geometry that fits");
    for number in 1..=80 {
        assert_eq!(store.save(&payload(number)), Ok(number));
    }
    let flash = store.release();
    assert_eq!(flash.wear, [10; 8]);
    // The first cell of slot 3 is stuck at zero; seven slots stay.
    let mut flash = Flash { dead: Some(3 * 64), ..flash };
    flash.cells[3 * 64] = 0;
    for number in 0..40 {
        let mut store = Store::new(flash, 8).expect("a geometry that fits");
        store.save(&payload(number)).expect("another slot");
        flash = store.release();
        assert_eq!(load(&flash, 8), Some(payload(number)));
    }
    // The dead one is tried, and cleared again, once in each turn.
    let turns = flash.wear.map(|wear| wear - 10);
    assert_eq!(turns, [6, 6, 6, 12, 6, 6, 5, 5]);
}

#[test]
fn limits_are_told() {
    let geometry = |slots| Store::new(Flash::<128, 64, 4>::new(), slots).map(|s| s.capacity());
    assert_eq!(geometry(2), Ok(48));
    for slots in [0, 1, 3] {
        assert_eq!(geometry(slots), Err(StoreError::Geometry), "{slots}");
    }
    assert!(matches!(
        Store::new(Flash::<1024, 512, 512>::new(), 2).map(|_| ()),
        Err(StoreError::Geometry)
    ));
    let mut store = Store::new(Flash::<128, 64, 4>::new(), 2).expect("fits");
    assert_eq!(store.survey(), Ok(Survey { newest: None, blank: 2, damaged: 0 }));
    assert_eq!(store.save(&[0; 49]), Err(StoreError::TooLong(48)));
    assert_eq!(store.save(&[7; 48]), Ok(1));
    assert_eq!(store.load(&mut [0; 47]), Err(StoreError::Buffer(48)));
    assert_eq!(store.load(&mut [0; 60]), Ok(Some(&[7; 48][..])));
}

#[test]
fn a_model_comes_back_whole() {
    use crate::prelude::*;
    let config = NodeConfig::default();
    let mut node: Node<8> = Node::new(NodeId(1), Role::Scheduled, &config, &[]);
    let mut radio = MockRadio::default();
    for tick in 0..300 {
        let sample = Q16::from_num(20) + Q16::from_bits((tick as i32 % 7) * 9_000);
        node.tick(&config, Tick(tick), Some(sample), &mut radio);
    }
    let gene = node.neuron.export_gene(GroupId(0));
    let mut store = Store::new(Flash::<512, 256, 4>::new(), 2).expect("fits");
    store.save(&gene).expect("room");
    let mut buffer = [0; 256];
    let kept = store.load(&mut buffer).expect("reads").expect("kept");
    let mut born = SwarmNeuron::new(&config.neuron);
    born.install_gene(GroupId(0), kept).expect("its own gene");
    assert_eq!(born.weights(), node.neuron.weights());
    assert_ne!(born.weights(), SwarmNeuron::new(&config.neuron).weights(), "something was learnt");
}

proptest! {
    #[test]
    fn any_flash_is_read_without_panic(
        cells in proptest::collection::vec(any::<u8>(), 256),
        length in 0_u32..300,
    ) {
        let mut flash = Flash::<256, 64, 4>::new();
        flash.cells.copy_from_slice(&cells);
        // A slot whose header states what it likes.
        flash.cells[..4].copy_from_slice(b"QST\x01");
        flash.cells[8..12].copy_from_slice(&length.to_le_bytes());
        let mut store = Store::new(flash, 4).expect("fits");
        let mut buffer = [0; 64];
        prop_assert_eq!(store.load(&mut buffer), Ok(None));
        prop_assert!(store.save(b"x").is_ok());
    }
}
