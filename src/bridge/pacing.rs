//! Real time for a mirror: the one place of the bridge that reads a clock and waits. Must not
//! decide what a tick does.

use std::time::{Duration, Instant};

use qres_core::id::NodeId;

use super::mirror::Mirror;
use crate::mesh::Mesh;
use crate::mesh::boards::BoardInput;

/// Pause between looks at the ports.
const LOOK: Duration = Duration::from_micros(300);

/// Microseconds since it was made.
#[derive(Clone, Copy, Debug)]
pub struct Stopwatch {
    since: Instant,
    times: u64,
}

impl Default for Stopwatch {
    #[expect(clippy::disallowed_methods, reason = "boards live in real time")]
    fn default() -> Self {
        Self { since: Instant::now(), times: 1 }
    }
}

impl Stopwatch {
    /// One that runs so many times as fast, for whoever does not want to wait.
    #[must_use]
    pub fn fast(times: u32) -> Self {
        Self { times: times.into(), ..Self::default() }
    }

    /// Microseconds since it was made.
    #[must_use]
    pub fn now_us(&self) -> u64 {
        let passed_us = u64::try_from(self.since.elapsed().as_micros()).unwrap_or(u64::MAX);
        passed_us.saturating_mul(self.times)
    }
}

/// Anything new each time, to tell conversations from earlier ones.
#[must_use]
#[expect(clippy::disallowed_methods, reason = "tells this conversation from earlier ones")]
pub fn nonce() -> u64 {
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
    now.map_or(1, |now| now.as_nanos() as u64)
}

/// Waits until all boards keep step with the mesh, or for `wait_us` at each of the two stages:
/// until they have greeted, and until they have their state. Returns how many keep step.
pub fn gather(mirror: &mut Mirror, mesh: &mut Mesh, watch: &Stopwatch, wait_us: u64) -> usize {
    let all = mirror.status().len();
    let wait = |mirror: &mut Mirror, count: fn(&Mirror) -> usize, of: usize| {
        let until_us = watch.now_us() + wait_us;
        while watch.now_us() < until_us && count(mirror) < of {
            mirror.pump(watch.now_us());
            std::thread::sleep(LOOK);
        }
    };
    wait(mirror, Mirror::present, all);
    mirror.begin(mesh, watch.now_us());
    let present = mirror.present();
    wait(mirror, Mirror::live, present);
    mirror.live()
}

/// Runs a tick with its boards, not before `due_us`, and returns what they brought in.
pub fn run_tick(
    mirror: &mut Mirror,
    mesh: &mut Mesh,
    watch: &Stopwatch,
    due_us: u64,
) -> Vec<(NodeId, BoardInput)> {
    mirror.begin(mesh, watch.now_us());
    loop {
        let now_us = watch.now_us();
        mirror.pump(now_us);
        if now_us >= due_us && !mirror.is_waiting(now_us) {
            break;
        }
        std::thread::sleep(LOOK);
    }
    let given = mirror.give(mesh);
    mesh.step();
    mirror.after(mesh, watch.now_us());
    given
}

/// Lets boards do what they are behind, for at most `wait_us`; true if all are level then.
pub fn settle(mirror: &mut Mirror, watch: &Stopwatch, wait_us: u64) -> bool {
    let until_us = watch.now_us() + wait_us;
    while !mirror.is_level() && watch.now_us() < until_us {
        mirror.pump(watch.now_us());
        std::thread::sleep(LOOK);
    }
    mirror.is_level()
}
