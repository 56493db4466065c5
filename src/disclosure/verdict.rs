//! The one-word outcome of opening a disclosure, for programs and exit codes.

use std::fmt;

/// What came of opening a disclosure. The command line gives each its exit code.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Verdict {
    /// Signed, in time, for this reader, by a signer the reader knows.
    Valid,
    /// All that, but the reader has not yet confirmed the signer's fingerprint.
    UnknownSigner,
    /// Damaged, forged, or no disclosure at all.
    Invalid,
    /// No longer good.
    Expired,
    /// Not good yet.
    NotYetValid,
    /// Made in the future, by this computer's clock.
    ClockSuspect,
    /// Taken back by its issuer.
    Revoked,
    /// For somebody else.
    NotForRecipient,
}

impl Verdict {
    /// The word that JSON uses.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Valid => "valid",
            Self::UnknownSigner => "unknown-signer",
            Self::Invalid => "invalid",
            Self::Expired => "expired",
            Self::NotYetValid => "not-yet-valid",
            Self::ClockSuspect => "clock-suspect",
            Self::Revoked => "revoked",
            Self::NotForRecipient => "not-for-recipient",
        }
    }

    /// Whether the facts may be shown.
    pub const fn shows_facts(self) -> bool {
        matches!(self, Self::Valid | Self::UnknownSigner)
    }
}

impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}
