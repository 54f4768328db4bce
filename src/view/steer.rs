//! The camera by keys: one that is held moves it evenly, and one that is tapped moves it a little,
//! by as much at every frame rate. This file says how far; only the camera moves.

use super::actions::{Action, Do};
use super::camera::Rig;
use bevy::input::keyboard::Key;
use bevy::prelude::*;

/// Radians per second around the scene.
const ORBIT: f32 = 1.2;
/// Distances to the target per second along the picture.
const PAN: f32 = 0.6;
/// How quickly the distance falls, per second, as an exponent.
const ZOOM: f32 = 1.1;
/// A tap counts as long, in seconds.
const TAP: f32 = 0.15;

/// A way to move the camera.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Steer {
    /// Around the scene, to this side or over it.
    Orbit(Way),
    /// Along the picture.
    Pan(Way),
    /// Closer.
    Nearer,
    /// Away.
    Farther,
}

/// One of four ways.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Way {
    /// To the left.
    Left,
    /// To the right.
    Right,
    /// Up.
    Up,
    /// Down.
    Down,
}

impl Way {
    const fn as_vec(self) -> Vec2 {
        match self {
            Self::Left => Vec2::NEG_X,
            Self::Right => Vec2::X,
            Self::Up => Vec2::Y,
            Self::Down => Vec2::NEG_Y,
        }
    }
}

/// By how much the camera is to move.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Drive {
    /// Turn and rise, in radians.
    pub orbit: Vec2,
    /// Right and up, in distances to the target.
    pub pan: Vec2,
    /// Logarithm of the factor by which the distance grows.
    pub zoom: f32,
}

/// A way that goes on: while its key is down, and for what is left of a tap.
#[derive(Debug)]
struct Going {
    steer: Steer,
    key: Option<Key>,
    owed_seconds: f32,
}

/// Which keys of the camera are down.
#[derive(Debug, Default)]
pub struct Steering(Vec<Going>);

impl Steering {
    /// A key went down, or it is down still and means something else with another modifier.
    pub fn hold(&mut self, key: &Key, steer: Steer) {
        if self.0.iter().any(|going| going.steer == steer && going.key.as_ref() == Some(key)) {
            return;
        }
        self.release(key);
        self.going(steer).key = Some(key.clone());
    }

    /// A key went up.
    pub fn release(&mut self, key: &Key) {
        for going in self.0.iter_mut().filter(|going| going.key.as_ref() == Some(key)) {
            going.key = None;
        }
    }

    /// The window does not hear of keys any more.
    pub fn release_all(&mut self) {
        self.0.clear();
    }

    /// A little of it, however short the key was down.
    fn tap(&mut self, steer: Steer) {
        self.going(steer).owed_seconds = TAP;
    }

    fn going(&mut self, steer: Steer) -> &mut Going {
        let place = self.0.iter().position(|going| going.steer == steer).unwrap_or_else(|| {
            self.0.push(Going { steer, key: None, owed_seconds: 0.0 });
            self.0.len() - 1
        });
        &mut self.0[place]
    }

    /// What comes of some seconds; `None` where no key is at work.
    pub fn pass(&mut self, seconds: f32) -> Option<Drive> {
        if self.0.is_empty() {
            return None;
        }
        let mut drive = Drive::default();
        for going in &mut self.0 {
            let owed = going.owed_seconds;
            let seconds = if going.key.is_some() { seconds } else { owed.min(seconds) };
            going.owed_seconds = (owed - seconds).max(0.0);
            match going.steer {
                Steer::Orbit(way) => drive.orbit += way.as_vec() * ORBIT * seconds,
                Steer::Pan(way) => drive.pan += way.as_vec() * PAN * seconds,
                Steer::Nearer => drive.zoom -= ZOOM * seconds,
                Steer::Farther => drive.zoom += ZOOM * seconds,
            }
        }
        self.0.retain(|going| going.key.is_some() || going.owed_seconds > 0.0);
        Some(drive)
    }
}

/// What is asked for by key or by name is done for as long as a tap at least.
pub(super) fn tap(mut wanted: MessageReader<Do>, mut rig: ResMut<Rig>) {
    for Do(action) in wanted.read() {
        if let Action::Steer(steer) = action {
            rig.steering.tap(*steer);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const RIGHT: Steer = Steer::Orbit(Way::Right);

    fn passed(steering: &mut Steering, frames: u32, seconds: f32) -> Drive {
        let mut sum = Drive::default();
        for _ in 0..frames {
            let drive = steering.pass(seconds / frames as f32).unwrap_or_default();
            sum.orbit += drive.orbit;
            sum.pan += drive.pan;
            sum.zoom += drive.zoom;
        }
        sum
    }

    #[test]
    fn a_tap_is_as_long_at_every_frame_rate() {
        for frames in [1, 7, 144] {
            let mut steering = Steering::default();
            steering.hold(&Key::ArrowRight, RIGHT);
            steering.tap(RIGHT);
            // Down and up within one frame.
            steering.release(&Key::ArrowRight);
            let sum = passed(&mut steering, frames, 1.0);
            assert!((sum.orbit.x - ORBIT * TAP).abs() < 1e-5, "{frames}: {sum:?}");
            assert_eq!(steering.pass(1.0), None);
        }
    }

    #[test]
    fn what_is_held_goes_on_until_it_is_let_go() {
        let mut steering = Steering::default();
        steering.hold(&Key::ArrowRight, RIGHT);
        steering.tap(RIGHT);
        steering.hold(&Key::PageUp, Steer::Nearer);
        let sum = passed(&mut steering, 60, 2.0);
        assert!((sum.orbit.x - 2.0 * ORBIT).abs() < 1e-4 && (sum.zoom + 2.0 * ZOOM).abs() < 1e-4);
        // With Shift, the same key means something else; both directions cancel out.
        steering.hold(&Key::ArrowRight, Steer::Pan(Way::Right));
        steering.hold(&Key::ArrowLeft, Steer::Pan(Way::Left));
        let sum = passed(&mut steering, 60, 1.0);
        assert!(sum.orbit.length() < 1e-6 && sum.pan.length() < 1e-4, "{sum:?}");
        steering.release_all();
        assert_eq!(steering.pass(1.0), None);
    }
}
