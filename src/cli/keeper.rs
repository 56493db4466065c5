//! Where a vault's key rests between commands: the operating system's own keeper, for a while that it ends itself.
//!
//! On Linux that is the kernel's keyring of this user (keyrings(7)): memory of the kernel, never a file, never swapped,
//! and gone at the time set, however finvault ended. Programs of the same user can read it while it is there, as
//! they can read a running program's memory. Other systems have no keeper that ends a key by itself that
//! finvault knows; there nothing is kept.

use super::exit::Exit;
use super::failure::Failure;
use finvault::crypto::VaultKey;
use finvault::vfs::VaultId;

/// Why the keeper did not do what was asked.
#[derive(Debug)]
pub enum KeeperError {
    /// This system has none that finvault knows.
    #[cfg_attr(target_os = "linux", allow(dead_code, reason = "Linux always has one"))]
    Missing,
    /// It refused; the text says how.
    Refused(String),
}

impl From<KeeperError> for Failure {
    fn from(error: KeeperError) -> Self {
        match error {
            KeeperError::Missing => {
                Self::new(Exit::Failed, "this system has no keeper for keys that finvault knows")
                    .help("give the passphrase with each command, or through FINVAULT_PASSPHRASE_COMMAND")
            }
            KeeperError::Refused(why) => {
                Self::new(Exit::Failed, format!("the system's key keeper refused: {why}")).help(
                    "look at its limits (on Linux /proc/key-users), or give the passphrase with each command",
                )
            }
        }
    }
}

/// Keeps a vault's key for so many seconds; one that is kept already is replaced.
pub fn keep(vault: VaultId, key: &VaultKey, seconds: u32) -> Result<(), KeeperError> {
    system::keep(&name(vault), key.expose(), seconds)
}

/// The key of a vault, where one is kept and its time is not over. A keeper that fails has none.
pub fn kept(vault: VaultId) -> Option<VaultKey> {
    system::kept(&name(vault)).map(|bytes| VaultKey::from_bytes(*bytes))
}

/// Forgets a vault's key. Says whether one was kept.
pub fn forget(vault: VaultId) -> Result<bool, KeeperError> {
    system::forget(&name(vault))
}

/// Forgets the keys of all vaults. Says how many were kept.
pub fn forget_all() -> Result<usize, KeeperError> {
    system::forget_all(PREFIX)
}

const PREFIX: &str = "finvault vault key ";

fn name(vault: VaultId) -> String {
    format!("{PREFIX}{vault}")
}

#[cfg(target_os = "linux")]
mod system {
    use super::KeeperError;
    use linux_keyutils::{KeyError, KeyPermissionsBuilder, KeyRing, KeyRingIdentifier, LinkNode, Permission};
    use zeroize::Zeroizing;

    /// Room for the keyring's list: more than the kernel lets a keyring have.
    const MOST_KEYS: usize = 1 << 20;

    fn ring() -> Result<KeyRing, KeyError> {
        KeyRing::from_special_id(KeyRingIdentifier::User, true)
    }

    fn refused(error: KeyError) -> KeeperError {
        KeeperError::Refused(error.to_string())
    }

    pub fn keep(name: &str, key: &[u8; 32], seconds: u32) -> Result<(), KeeperError> {
        // The user's other sessions hold no link to this keyring, so the owner's own rights must be enough.
        let own = Permission::VIEW | Permission::READ | Permission::SEARCH | Permission::SETATTR;
        let rights = KeyPermissionsBuilder::builder().posessor(Permission::ALL).user(own).build();
        let seconds = usize::try_from(seconds).map_err(|_| refused(KeyError::InvalidArguments))?;
        // It is made in this process's own keyring, which dies with it, and goes to the user's only once its end
        // is set: a key without an end is never left behind.
        let process = KeyRing::from_special_id(KeyRingIdentifier::Process, true).map_err(refused)?;
        let made = process.add_key(name, key.as_slice()).map_err(refused)?;
        made.set_timeout(seconds)
            .and_then(|()| made.set_perms(rights))
            .and_then(|()| ring()?.link_key(made))
            .map_err(refused)
    }

    pub fn kept(name: &str) -> Option<Zeroizing<[u8; 32]>> {
        let key = ring().ok()?.search(name).ok()?;
        let mut bytes = Zeroizing::new([0; 32]);
        let length = key.read(&mut *bytes).ok()?;
        (length == bytes.len()).then_some(bytes)
    }

    pub fn forget(name: &str) -> Result<bool, KeeperError> {
        let ring = ring().map_err(refused)?;
        match ring.search(name) {
            Ok(key) => {
                key.revoke().map_err(refused)?;
                let _ = ring.unlink_key(key);
                Ok(true)
            }
            Err(KeyError::KeyDoesNotExist | KeyError::KeyExpired | KeyError::KeyRevoked) => Ok(false),
            Err(error) => Err(refused(error)),
        }
    }

    pub fn forget_all(prefix: &str) -> Result<usize, KeeperError> {
        let ring = ring().map_err(refused)?;
        let mut forgotten = 0;
        let links = ring.get_links(MOST_KEYS).map_err(refused)?;
        for key in links.iter().filter_map(LinkNode::as_key) {
            // What cannot be looked at has expired or is somebody else's.
            let ours = key.metadata().is_ok_and(|metadata| metadata.get_description().starts_with(prefix));
            if ours && key.revoke().is_ok() {
                let _ = ring.unlink_key(key);
                forgotten += 1;
            }
        }
        Ok(forgotten)
    }
}

#[cfg(not(target_os = "linux"))]
mod system {
    use super::KeeperError;
    use zeroize::Zeroizing;

    pub fn keep(_name: &str, _key: &[u8; 32], _seconds: u32) -> Result<(), KeeperError> {
        Err(KeeperError::Missing)
    }

    pub fn kept(_name: &str) -> Option<Zeroizing<[u8; 32]>> {
        None
    }

    pub fn forget(_name: &str) -> Result<bool, KeeperError> {
        Err(KeeperError::Missing)
    }

    pub fn forget_all(_prefix: &str) -> Result<usize, KeeperError> {
        Err(KeeperError::Missing)
    }
}
