//! The signers that the one who opens disclosures said they know: a file outside any vault.
//!
//! One line a signer: fingerprint, the moment it was trusted, and the file it was first seen in, set apart by
//! tabs. The file is 0600, in `FINVAULT_STATE_DIR` or the platform's state folder.

use super::environment::Environment;
use super::exit::Exit;
use super::failure::{Failure, describe};
use super::output_file::OutputFile;
use super::render::clean;
use jiff::Timestamp;
use std::io;
use std::path::{Path, PathBuf};

/// The file's name in the state folder.
const FILE_NAME: &str = "known-signers.tsv";
/// That of those who endorse. It is another file, so that who is trusted to have checked facts is not taken for one who
/// discloses them.
const ENDORSERS_FILE_NAME: &str = "known-endorsers.tsv";

/// The signers known on this machine.
pub struct KnownSigners {
    path: PathBuf,
    lines: Vec<String>,
}

impl KnownSigners {
    /// Reads them; none yet is no failure.
    pub fn load(environment: &Environment) -> Result<Self, Failure> {
        Self::in_file(environment, FILE_NAME)
    }

    /// Reads those who endorse instead.
    pub fn endorsers(environment: &Environment) -> Result<Self, Failure> {
        Self::in_file(environment, ENDORSERS_FILE_NAME)
    }

    fn in_file(environment: &Environment, name: &str) -> Result<Self, Failure> {
        let path = environment.state_folder()?.join(name);
        let lines = match std::fs::read_to_string(&path) {
            Ok(text) => text.lines().filter(|line| !line.trim().is_empty()).map(str::to_owned).collect(),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Vec::new(),
            Err(error) => return Err(Failure::io("read the known signers in", &path, &error)),
        };
        Ok(Self { path, lines })
    }

    /// Whether this fingerprint is among them.
    pub fn contains(&self, fingerprint: &str) -> bool {
        self.lines.iter().any(|line| line.split('\t').next() == Some(fingerprint))
    }

    /// Where they are kept.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Remembers one more.
    pub fn remember(&mut self, fingerprint: &str, seen_in: &str, now: Timestamp) -> Result<(), Failure> {
        if self.contains(fingerprint) {
            return Ok(());
        }
        self.lines.push(format!("{}\t{now}\t{}", clean(fingerprint), clean(seen_in)));
        if let Some(folder) = self.path.parent() {
            make_private_folder(folder).map_err(|error| Failure::io("make the folder", folder, &error))?;
        }
        let mut file = OutputFile::begin(&self.path, true)?;
        file.write((self.lines.join("\n") + "\n").as_bytes())
            .map_err(|error| Failure::io("write", &self.path, &error))?;
        file.keep()
    }
}

/// Makes a folder and those above it, closed to others.
pub fn make_private_folder(folder: &Path) -> io::Result<()> {
    let mut builder = std::fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    {
        use std::os::unix::fs::DirBuilderExt;
        builder.mode(0o700);
    }
    builder.create(folder)
}

/// Makes the folder of a vault in the platform's data folder.
pub fn make_parent(path: &Path) -> Result<(), Failure> {
    match path.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => make_private_folder(folder).map_err(|error| {
            Failure::new(
                Exit::Failed,
                format!("cannot make the folder {}: {}", folder.display(), describe(&error)),
            )
        }),
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_signer_is_remembered_once_and_privately() {
        let folder = tempfile::tempdir().unwrap();
        let environment =
            Environment { state_dir: Some(folder.path().join("deep/state")), ..Environment::default() };
        let mut known = KnownSigners::load(&environment).unwrap();
        assert!(!known.contains("abc"));
        known.remember("abc", "a\tb\nfile", Timestamp::UNIX_EPOCH).unwrap();
        known.remember("abc", "again", Timestamp::UNIX_EPOCH).unwrap();
        let known = KnownSigners::load(&environment).unwrap();
        assert!(known.contains("abc") && !known.contains("ab"));
        assert_eq!(known.lines.len(), 1);
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt;
            let mode = |path: &Path| std::fs::metadata(path).unwrap().permissions().mode() & 0o777;
            assert_eq!(mode(known.path()), 0o600);
            assert_eq!(mode(known.path().parent().unwrap()), 0o700);
        }
    }
}
