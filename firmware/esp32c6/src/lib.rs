//! The parts of the board's firmware that need no chip: what its lamp shows, what its readings
//! mean, which line it speaks on, and where its genes lie. Tested on any machine; must not know
//! esp-hal.
#![cfg_attr(not(test), no_std)]
#![forbid(unsafe_code)]

pub mod lamp;
pub mod line;
pub mod reading;
pub mod window;
