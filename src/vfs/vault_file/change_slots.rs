//! Other key slots in the header.

use super::super::backing::{Backing, Fault};
use super::super::slots::{SLOTS, Slot};
use super::VaultFile;

impl<B: Backing> VaultFile<B> {
    /// Puts other key slots into the header, durably in both copies: what a removed slot wrapped must not be found in
    /// the spare one.
    pub(crate) fn change_slots(&mut self, slots: [Slot; SLOTS]) -> Result<(), Fault> {
        self.commit_header(|header| header.slots = slots)?;
        let header = self.header()?.clone();
        let spare = self.state()?.durable.other();
        self.write_copy(&header, spare)?;
        Ok(self.backing.sync()?)
    }
}
