//! Memory that pages in the clear pass through: overwritten when it is given up, all at once, since a vault that is opened
//! for one question gives two such buffers up.

use zeroize::optimization_barrier;

/// A buffer on the heap that is overwritten when dropped.
pub(super) struct Scratch<const BYTES: usize>(Box<[u8; BYTES]>);

impl<const BYTES: usize> Scratch<BYTES> {
    pub(super) fn new() -> Self {
        Self(Box::new([0; BYTES]))
    }

    pub(super) const fn bytes(&self) -> &[u8; BYTES] {
        &self.0
    }

    pub(super) fn bytes_mut(&mut self) -> &mut [u8; BYTES] {
        &mut self.0
    }
}

impl<const BYTES: usize> Drop for Scratch<BYTES> {
    fn drop(&mut self) {
        self.0.fill(0);
        // Without it the compiler may leave out a write that nobody reads.
        optimization_barrier(&*self.0);
    }
}
