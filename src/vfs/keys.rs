//! The keys of one open vault.

use crate::crypto::{HeaderAuthKey, PageKey, TableKey, VaultKey, WalKey};

/// The keys of one open vault, one for each role.
pub(crate) struct Keys {
    pub(crate) page: PageKey,
    pub(crate) table: TableKey,
    pub(crate) header: HeaderAuthKey,
    pub(crate) wal: WalKey,
}

impl Keys {
    pub(crate) fn derive(vault: &VaultKey) -> Self {
        Self {
            page: PageKey::derive(vault),
            table: TableKey::derive(vault),
            header: HeaderAuthKey::derive(vault),
            wal: WalKey::derive(vault),
        }
    }
}
