//! The key under which a disclosure is sealed for a browser: derived on a thread of its own, since that takes as long
//! as drawing the facts of a whole vault.

use super::jwe::JWE_ITERATIONS;
use super::passcode::Passcode;
use super::seal::SealError;
use crate::crypto::Random;
use crate::crypto::pbes2::{PasscodeKey, SALT_BYTES};
use std::sync::{Mutex, OnceLock, PoisonError};
use std::thread::{Builder, JoinHandle};

/// The key that a [`Passcode`] gives under a salt of its own. It is being derived while the caller does other things;
/// sealing waits for it. Make one for each disclosure, so that no two share a salt.
pub struct BrowserKey {
    salt: [u8; SALT_BYTES],
    passcode: Passcode,
    /// The thread that derives it, until its result was asked for.
    derivation: Mutex<Option<JoinHandle<PasscodeKey>>>,
    key: OnceLock<PasscodeKey>,
}

impl BrowserKey {
    /// Draws the salt and begins to derive.
    ///
    /// # Errors
    /// [`SealError::Randomness`].
    pub fn begin(passcode: &Passcode, random: &dyn Random) -> Result<Self, SealError> {
        let mut salt = [0; SALT_BYTES];
        random.fill(&mut salt).map_err(|_| SealError::Randomness)?;
        let (passcode, theirs) = (passcode.copy(), passcode.copy());
        // Where the system gives no thread, the key is derived when it is asked for.
        let derivation =
            Builder::new().name("passcode".to_owned()).spawn(move || derive(&theirs, &salt)).ok();
        Ok(Self { salt, passcode, derivation: Mutex::new(derivation), key: OnceLock::new() })
    }

    pub(super) const fn salt(&self) -> &[u8; SALT_BYTES] {
        &self.salt
    }

    /// The key, once it is there.
    pub(super) fn wait(&self) -> &PasscodeKey {
        self.key.get_or_init(|| {
            let derivation = self.derivation.lock().unwrap_or_else(PoisonError::into_inner).take();
            let derived = derivation.and_then(|thread| thread.join().ok());
            derived.unwrap_or_else(|| derive(&self.passcode, &self.salt))
        })
    }
}

fn derive(passcode: &Passcode, salt: &[u8; SALT_BYTES]) -> PasscodeKey {
    PasscodeKey::derive(passcode.text().as_bytes(), salt, JWE_ITERATIONS)
}
