//! The golden script as a library without `std` and without heap, for programs on any target.
//! What it runs stands in [`golden`]; core's own tests include that module from here.
#![no_std]

pub mod golden;
