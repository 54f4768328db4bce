//! Boards behind real pseudo-terminals: a thread for each holds the other end, lets its bytes
//! through a line that can be bad, unplugs it and plugs it in again. The port keeps its name by a
//! symbolic link, as udev does it.

use std::io::{Read as _, Write as _};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicU32, AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;

use qres::bridge::pacing::Stopwatch;
use qres_core::link::frame::FrameReader;
use serialport::{SerialPort as _, TTYPort};

use crate::metal::Device;
use crate::noise::{Noise, Wire};

/// What a test does to a board and its line.
#[derive(Default)]
pub struct Control {
    noise: Mutex<Noise>,
    link: Mutex<PathBuf>,
    /// Which of the boards is at the port.
    board: AtomicUsize,
    cuts: AtomicBool,
    unplugged: AtomicBool,
    resets: AtomicU32,
    stop: AtomicBool,
    /// Frames that were whole on the way to the host.
    pub good_frames: AtomicU64,
    /// How bright the lamp was at most.
    pub brightest: AtomicU32,
}

impl Control {
    /// The line is like this from now on.
    pub fn noise(&self, noise: Noise) {
        *self.noise.lock().unwrap_or_else(PoisonError::into_inner) = noise;
    }

    /// Puts another of the boards at the port, which starts anew.
    pub fn swap(&self, board: usize) {
        self.board.store(board, Ordering::Relaxed);
    }

    /// The port vanishes as soon as the host writes to it, and comes back.
    pub fn cut(&self) {
        self.cuts.store(true, Ordering::Relaxed);
    }

    /// The port has this name when it is plugged in next.
    pub fn rename(&self, path: &Path) {
        *self.link.lock().unwrap_or_else(PoisonError::into_inner) = path.into();
    }

    /// Pulls the plug, or puts it in.
    pub fn plug(&self, plugged: bool) {
        self.unplugged.store(!plugged, Ordering::Relaxed);
    }

    /// Takes the power away for a moment.
    pub fn reset(&self) {
        self.resets.fetch_add(1, Ordering::Relaxed);
    }
}

/// A board on its own thread.
pub struct Bench {
    /// The port's path.
    pub path: String,
    /// What can be done to it.
    pub control: Arc<Control>,
    thread: Option<JoinHandle<()>>,
}

impl Bench {
    /// Puts a board behind the port `name` in `folder`.
    pub fn start(folder: &Path, name: &str, seed: u64, device: Box<dyn Device>) -> Self {
        Self::with(folder, name, seed, vec![device])
    }

    /// Puts the first of some boards there.
    pub fn with(folder: &Path, name: &str, seed: u64, devices: Vec<Box<dyn Device>>) -> Self {
        let path = folder.join(name);
        let control = Arc::new(Control::default());
        control.rename(&path);
        let mut holder = Holder {
            link: path.clone(),
            control: control.clone(),
            devices,
            board: 0,
            up: Wire::new(seed),
            down: Wire::new(!seed),
            resets: 0,
            watch: Stopwatch::default(),
        };
        let end = holder.plug_in();
        let thread = std::thread::spawn(move || holder.run(end));
        Self { path: path.display().to_string(), control, thread: Some(thread) }
    }
}

impl Drop for Bench {
    fn drop(&mut self) {
        self.control.stop.store(true, Ordering::Relaxed);
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

struct Holder {
    link: PathBuf,
    control: Arc<Control>,
    devices: Vec<Box<dyn Device>>,
    board: usize,
    up: Wire,
    down: Wire,
    resets: u32,
    watch: Stopwatch,
}

impl Holder {
    /// The near end of a new pseudo-terminal; the far one is for the host, which locks it.
    fn plug_in(&mut self) -> TTYPort {
        let link = self.control.link.lock().unwrap_or_else(PoisonError::into_inner);
        self.link.clone_from(&link);
        drop(link);
        let (original, far) = TTYPort::pair().expect("a pseudo-terminal");
        // A copy that programs which a test starts do not inherit: their end would keep it open.
        let mut near = original.try_clone_native().expect("a copy");
        near.set_timeout(Duration::from_millis(1)).expect("a timeout");
        let path = far.name().expect("it has a name");
        let _ = std::fs::remove_file(&self.link);
        std::os::unix::fs::symlink(path, &self.link).expect("a link");
        near
    }

    fn run(mut self, end: TTYPort) {
        let mut end = Some(end);
        let mut listener = FrameReader::default();
        let mut bytes = [0; 512];
        while !self.control.stop.load(Ordering::Relaxed) {
            if self.control.unplugged.load(Ordering::Relaxed) {
                if end.take().is_some() {
                    let _ = std::fs::remove_file(&self.link);
                }
                std::thread::sleep(Duration::from_millis(1));
                continue;
            }
            let near = end.get_or_insert_with(|| {
                listener = FrameReader::default();
                self.plug_in()
            });
            let resets = self.control.resets.load(Ordering::Relaxed);
            let board = self.control.board.load(Ordering::Relaxed);
            if (resets, board) != (self.resets, self.board) {
                (self.resets, self.board) = (resets, board);
                self.devices[board].reset();
            }
            let device = &mut self.devices[board];
            let noise = *self.control.noise.lock().unwrap_or_else(PoisonError::into_inner);
            (self.up.noise, self.down.noise) = (noise, noise);
            let cuts = self.control.cuts.load(Ordering::Relaxed);
            let room = if cuts { 8 } else { bytes.len() };
            let count = near.read(&mut bytes[..room]).unwrap_or_else(|_| {
                // Nobody has the far end open: that is no reason to spin.
                std::thread::sleep(Duration::from_millis(1));
                0
            });
            if cuts && count > 0 {
                self.control.cuts.store(false, Ordering::Relaxed);
                end = None;
                let _ = std::fs::remove_file(&self.link);
                continue;
            }
            let down = self.down.pass(&bytes[..count]);
            device.take(self.watch.now_us(), &down);
            let up = self.up.pass(&device.output());
            let good = up.iter().filter(|byte| listener.push(**byte).is_some()).count();
            // Counted first: nobody hears a frame before it is counted.
            self.control.good_frames.fetch_add(good as u64, Ordering::SeqCst);
            if near.write_all(&up).is_err() {
                self.control.good_frames.fetch_sub(good as u64, Ordering::SeqCst);
            }
            self.control.brightest.store(device.brightest().into(), Ordering::Relaxed);
        }
        let _ = std::fs::remove_file(&self.link);
    }
}

/// A folder of its own for a test's ports.
pub fn folder(name: &str) -> PathBuf {
    let folder = std::env::temp_dir().join(format!("qres-bridge-{}-{name}", std::process::id()));
    std::fs::create_dir_all(&folder).expect("a folder");
    folder
}
