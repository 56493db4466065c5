//! Named layouts of delimited text.

/// A layout of delimited text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CsvProfile {
    /// Its name.
    pub name: String,
}

/// Why a profile cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct ProfileError(pub String);
