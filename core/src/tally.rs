//! What a kernel does for one sample, counted where it is done: the same code that runs in a node,
//! with a counter that compiles to nothing there. Must not change what is computed.

/// Counts the operations of a kernel. Every method does nothing unless it is overridden, so the
/// tally `()` costs nothing.
///
/// A multiply-accumulate is one multiplication and one addition. A decision (a comparison that the
/// kernel branches or clamps on) is a comparison. Loop counters and addresses are not counted: they
/// belong to a processor, not to the method.
pub trait Tally {
    /// Additions, subtractions and changes of sign.
    fn add(&mut self, _times: usize) {}
    /// Multiplications.
    fn multiply(&mut self, _times: usize) {}
    /// Divisions.
    fn divide(&mut self, _times: usize) {}
    /// Comparisons, clamps as two.
    fn compare(&mut self, _times: usize) {}
    /// Shifts, and counts of leading zeros.
    fn shift(&mut self, _times: usize) {}
    /// Values of 4 bytes read from the state.
    fn load(&mut self, _words: usize) {}
    /// Values of 4 bytes written to the state.
    fn store(&mut self, _words: usize) {}
    /// Spikes fired; no operation by itself.
    fn spike(&mut self, _times: usize) {}
}

impl Tally for () {}
