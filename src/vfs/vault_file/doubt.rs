//! When a sync of an earlier session failed, the disk need not have what every read shows, and a later sync that succeeds
//! does not say otherwise. Nobody told this session; so it writes once more what it relies on, before it builds on it.

use super::super::backing::{Backing, Fault};
use super::VaultFile;

impl<B: Backing> VaultFile<B> {
    /// Writes the copy that this session was opened with once more, the first time: the next sync makes it durable,
    /// also where an earlier one failed.
    pub(super) fn rewrite_header(&mut self) -> Result<(), Fault> {
        let state = self.state_mut()?;
        let (durable, doubtful) = (state.durable, std::mem::take(&mut state.doubtful));
        if doubtful { self.write_copy(durable) } else { Ok(()) }
    }

    /// Before the log that an earlier session left is written to: the header that names it is durable.
    pub(crate) fn make_sure_of_header(&mut self) -> Result<(), Fault> {
        if self.state()?.doubtful {
            self.rewrite_header()?;
            self.backing.sync()?;
        }
        Ok(())
    }
}
