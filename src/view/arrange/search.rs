//! A force-directed layout found on a thread of its own: frames go on meanwhile, and take the
//! newest places whenever they look.
//!
//! Frames never wait for it. When nobody looks any more, it ends.

use super::force::{Force, Graph};
use bevy::math::Vec3;
use std::sync::mpsc::{Receiver, SyncSender, TryRecvError, TrySendError, sync_channel};
use std::sync::{Mutex, PoisonError};
use std::thread;

/// The start is the same for every run.
const SALT: u32 = 1;
/// Steps from one report to the next.
const STEPS: u32 = 4;

/// A search under way.
pub struct Search {
    /// Only ever looked into by one system at a time; the lock lets the view share it.
    found: Mutex<Receiver<Vec<Vec3>>>,
}

impl Search {
    /// Starts one; `None` when the system has no thread to give.
    #[must_use]
    pub fn start(count: usize, links: Vec<[u32; 2]>) -> Option<Self> {
        let (sender, receiver) = sync_channel(1);
        let work = move || report(Force::new(Graph::new(count, &links), SALT), &sender);
        thread::Builder::new().name("layout".into()).spawn(work).ok()?;
        Some(Self { found: Mutex::new(receiver) })
    }

    /// The newest places, if there are newer ones than last time; `Err` when it is over.
    ///
    /// # Errors
    /// Nothing more will come.
    pub fn newest(&self) -> Result<Option<Vec<Vec3>>, Over> {
        let found = self.found.lock().unwrap_or_else(PoisonError::into_inner);
        match found.try_recv() {
            Ok(places) => Ok(Some(places)),
            Err(TryRecvError::Empty) => Ok(None),
            Err(TryRecvError::Disconnected) => Err(Over),
        }
    }
}

/// A search has ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Over;

/// The whole search at once, for a picture.
#[must_use]
pub fn settle(count: usize, links: &[[u32; 2]]) -> Vec<Vec3> {
    let mut force = Force::new(Graph::new(count, links), SALT);
    while !force.rests() {
        force.relax();
    }
    force.places().to_vec()
}

fn report(mut force: Force, sender: &SyncSender<Vec<Vec3>>) {
    while !force.rests() {
        // Whoever has not yet taken the last report gets a later one instead.
        if matches!(sender.try_send(force.places().to_vec()), Err(TrySendError::Disconnected(_))) {
            return;
        }
        for _ in 0..STEPS {
            if !force.rests() {
                force.relax();
            }
        }
    }
    // The last one arrives in any case; nobody may be there any more.
    drop(sender.send(force.places().to_vec()));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_found_beside_the_frames_is_what_is_found_at_once() {
        let links: Vec<[u32; 2]> = (0..49).map(|id| [id, (id + 1) % 50]).collect();
        let at_once = settle(50, &links);
        let search = Search::start(50, links).unwrap();
        let mut last = Vec::new();
        let mut count = 0;
        loop {
            match search.newest() {
                Ok(Some(places)) => {
                    last = places;
                    count += 1;
                }
                Ok(None) => thread::yield_now(),
                Err(Over) => break,
            }
        }
        assert!(count > 0);
        assert_eq!(last, at_once);
    }
}
