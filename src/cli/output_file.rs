//! Files that commands write: 0600, whole or not at all, never over another without `--force`.

use super::exit::Exit;
use super::failure::{Failure, describe};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

/// A file in the making: a temporary one beside its place, which only [`OutputFile::keep`] puts there.
/// Dropped before that, it leaves nothing.
pub struct OutputFile {
    temporary: tempfile::NamedTempFile,
    path: PathBuf,
    force: bool,
}

impl OutputFile {
    /// Begins a file that is to be at `path`.
    pub fn begin(path: &Path, force: bool) -> Result<Self, Failure> {
        check_free(path, force)?;
        let folder = match path.parent() {
            Some(folder) if !folder.as_os_str().is_empty() => folder,
            _ => Path::new("."),
        };
        // tempfile creates it 0600.
        let temporary =
            tempfile::Builder::new().prefix(".finvault-").suffix(".part").tempfile_in(folder).map_err(
                |error| {
                    Failure::io("write", path, &error).help("name a folder you may write to, with --output")
                },
            )?;
        Ok(Self { temporary, path: path.to_owned(), force })
    }

    /// Writes all of it and waits until it is on the disk.
    pub fn write(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.temporary.write_all(bytes)?;
        self.sync()
    }

    /// Where to write it piece by piece; [`OutputFile::sync`] ends it.
    pub fn stream(&mut self) -> &mut dyn Write {
        self.temporary.as_file_mut()
    }

    /// Waits until all that was written is on the disk.
    pub fn sync(&mut self) -> io::Result<()> {
        self.temporary.as_file().sync_all()
    }

    /// Puts it in its place.
    pub fn keep(self) -> Result<(), Failure> {
        let kept = if self.force {
            self.temporary.persist(&self.path)
        } else {
            self.temporary.persist_noclobber(&self.path)
        };
        match kept {
            Ok(_) => Ok(()),
            Err(error) if error.error.kind() == io::ErrorKind::AlreadyExists => Err(exists(&self.path)),
            Err(error) => Err(Failure::io("write", &self.path, &error.error)),
        }
    }
}

/// Writes a whole small file.
pub fn write_new(path: &Path, bytes: &[u8], force: bool) -> Result<(), Failure> {
    let mut file = OutputFile::begin(path, force)?;
    file.write(bytes).map_err(|error| Failure::io("write", path, &error))?;
    file.keep()
}

/// Fails early where the file could not be put in its place later.
pub fn check_free(path: &Path, force: bool) -> Result<(), Failure> {
    match std::fs::symlink_metadata(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        Err(error) => Err(Failure::new(
            Exit::Failed,
            format!("cannot look at {}: {}", path.display(), describe(&error)),
        )),
        Ok(metadata) if !metadata.is_file() => {
            Err(Failure::new(Exit::Failed, format!("{} is not a regular file", path.display()))
                .help("name another file with --output"))
        }
        Ok(_) if force => Ok(()),
        Ok(_) => Err(exists(path)),
    }
}

fn exists(path: &Path) -> Failure {
    Failure::new(Exit::Failed, format!("{} exists already", path.display()))
        .help("name another file with --output, or give --force to replace this one")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_whole_private_and_never_replaced_unasked() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("out");
        write_new(&path, b"one", false).unwrap();
        let failure = write_new(&path, b"two", false).unwrap_err();
        assert!(failure.message.contains("exists already"), "{}", failure.message);
        assert_eq!(std::fs::read(&path).unwrap(), b"one");
        write_new(&path, b"two", true).unwrap();
        assert_eq!(std::fs::read(&path).unwrap(), b"two");
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt;
            assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        }
    }

    #[test]
    fn one_that_is_not_kept_leaves_nothing() {
        let folder = tempfile::tempdir().unwrap();
        let mut file = OutputFile::begin(&folder.path().join("out"), false).unwrap();
        file.write(b"secret").unwrap();
        drop(file);
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0);
    }

    #[test]
    fn a_file_made_meanwhile_is_not_replaced() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("out");
        let mut file = OutputFile::begin(&path, false).unwrap();
        file.write(b"ours").unwrap();
        std::fs::write(&path, b"theirs").unwrap();
        assert!(file.keep().is_err());
        assert_eq!(std::fs::read(&path).unwrap(), b"theirs");
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1);
    }

    #[test]
    fn only_regular_files_are_replaced() {
        let folder = tempfile::tempdir().unwrap();
        assert!(write_new(folder.path(), b"x", true).is_err());
        #[cfg(unix)]
        assert!(write_new(Path::new("/dev/full"), b"x", true).is_err());
    }
}
