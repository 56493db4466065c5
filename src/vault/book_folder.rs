//! The folder of a book that is spread over several files: what a journal or a Beancount file includes is looked for there.
//!
//! A book may come from somebody else, so nothing outside the folder of the file that was named is read or even looked for: no
//! path that leads out, and no symbolic link.

use super::VaultError;
use crate::statement::Format;
use crate::statement::include::{IncludeError, IncludedFiles, MAX_INCLUDED_FILES, put_together};
use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};

/// Gives a book with all that it includes, to be imported in the place of `bytes`; other files are given back as they are.
/// `path` is where the bytes were read from; `format` what they are to be read as, where that is told.
///
/// # Errors
/// [`VaultError::Statement`] that names the including file and line.
pub fn with_included_files(
    path: &Path,
    bytes: Vec<u8>,
    format: Option<Format>,
) -> Result<Vec<u8>, VaultError> {
    // A folder that cannot be told leaves the includes to be refused by the reader.
    let Ok(folder) = BookFolder::of(path) else { return Ok(bytes) };
    let first = folder.first.clone();
    let whole = put_together(&first, &bytes, format, &folder)
        .map_err(|error| VaultError::Statement { file: path.display().to_string(), error })?;
    Ok(whole.unwrap_or(bytes))
}

/// The folder of the first file.
struct BookFolder {
    /// Without symbolic links.
    root: PathBuf,
    /// The first file's name from there.
    first: String,
}

impl BookFolder {
    fn of(path: &Path) -> io::Result<Self> {
        let parent = path.parent().filter(|parent| !parent.as_os_str().is_empty());
        let root = parent.unwrap_or_else(|| Path::new(".")).canonicalize()?;
        let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
        let mut folder = Self { root, first: name.to_owned() };
        if let Ok(first) = folder.inside(&[name.to_owned()]) {
            folder.first = first;
        }
        Ok(folder)
    }

    /// The name without symbolic links of a file or folder that is there.
    fn inside(&self, parts: &[String]) -> Result<String, IncludeError> {
        let path = parts.iter().fold(self.root.clone(), |path, part| path.join(part));
        let real = path.canonicalize().map_err(|error| unreadable(&error))?;
        let below = real.strip_prefix(&self.root).map_err(|_| IncludeError::Outside)?;
        let parts: Option<Vec<&str>> = below.iter().map(|part| part.to_str()).collect();
        Ok(parts.ok_or(IncludeError::Name)?.join("/"))
    }

    /// The parts of what an include names, from the root. Nothing is looked up: what leads out is not even asked for.
    fn parts(&self, from: &str, written: &str) -> Result<Vec<String>, IncludeError> {
        if written.starts_with('~') {
            return Err(IncludeError::Outside);
        }
        let path = Path::new(written);
        let (mut parts, rest) = if path.has_root() || path.is_absolute() {
            let below = path.strip_prefix(&self.root).map_err(|_| IncludeError::Outside)?;
            (Vec::new(), below.to_str().ok_or(IncludeError::Name)?)
        } else {
            let mut parts: Vec<String> = from.split('/').map(str::to_owned).collect();
            parts.pop();
            (parts, written)
        };
        for part in rest.split(std::path::is_separator) {
            match part {
                "" | "." => {}
                ".." => drop(parts.pop().ok_or(IncludeError::Outside)?),
                part => parts.push(part.to_owned()),
            }
        }
        Ok(parts)
    }

    /// The names in a folder that fit a pattern, in order. Names that begin with a point are hidden from patterns that do not.
    fn fitting(&self, folder: &[String], pattern: &str) -> Result<Vec<String>, IncludeError> {
        if !folder.is_empty() {
            self.inside(folder)?;
        }
        let path = folder.iter().fold(self.root.clone(), |path, part| path.join(part));
        let mut names = Vec::new();
        let entries = match std::fs::read_dir(path) {
            // A file where another match is a folder fits nothing below it.
            Err(error) if error.kind() == io::ErrorKind::NotADirectory => return Ok(names),
            entries => entries.map_err(|error| unreadable(&error))?,
        };
        for entry in entries {
            let name = entry.map_err(|error| unreadable(&error))?.file_name();
            let name = name.to_str().ok_or(IncludeError::Name)?;
            if fits(pattern, name) {
                names.push(name.to_owned());
            }
        }
        names.sort();
        Ok(names)
    }
}

impl IncludedFiles for BookFolder {
    fn find(&self, from: &str, written: &str) -> Result<Vec<String>, IncludeError> {
        let parts = self.parts(from, written)?;
        if !parts.iter().any(|part| is_pattern(part)) {
            return Ok(vec![self.inside(&parts)?]);
        }
        if parts.iter().any(|part| part.contains("**")) {
            return Err(IncludeError::Pattern);
        }
        let mut found: Vec<Vec<String>> = vec![Vec::new()];
        for part in &parts {
            let mut next = Vec::new();
            for folder in found {
                let names = if is_pattern(part) { self.fitting(&folder, part)? } else { vec![part.clone()] };
                next.extend(names.into_iter().map(|name| {
                    let mut path = folder.clone();
                    path.push(name);
                    path
                }));
                if next.len() > MAX_INCLUDED_FILES {
                    return Err(IncludeError::TooLong);
                }
            }
            found = next;
        }
        let mut names = Vec::with_capacity(found.len());
        for parts in found {
            let name = match self.inside(&parts) {
                // "*/2026.journal" fits the folders that have such a file.
                Err(IncludeError::NotThere) => continue,
                name => name?,
            };
            if name != from && self.root.join(&name).is_file() {
                names.push(name);
            }
        }
        if names.is_empty() { Err(IncludeError::NoneFits) } else { Ok(names) }
    }

    fn read(&self, name: &str, most_bytes: usize) -> Result<Vec<u8>, IncludeError> {
        let path = self.root.join(name);
        // Looked at before it is opened: opening a pipe would wait for somebody to write.
        if !path.metadata().map_err(|error| unreadable(&error))?.is_file() {
            return Err(IncludeError::NotAFile);
        }
        let mut bytes = Vec::new();
        let opened = File::open(path).map_err(|error| unreadable(&error))?;
        let most = most_bytes as u64;
        opened.take(most.saturating_add(1)).read_to_end(&mut bytes).map_err(|error| unreadable(&error))?;
        if bytes.len() as u64 > most { Err(IncludeError::TooLong) } else { Ok(bytes) }
    }
}

fn unreadable(error: &io::Error) -> IncludeError {
    match error.kind() {
        io::ErrorKind::NotFound | io::ErrorKind::NotADirectory => IncludeError::NotThere,
        kind => IncludeError::Unreadable(kind.to_string()),
    }
}

fn is_pattern(part: &str) -> bool {
    part.contains(['*', '?'])
}

/// Whether a name fits a pattern of `*` (any characters) and `?` (one).
fn fits(pattern: &str, name: &str) -> bool {
    if name.starts_with('.') && !pattern.starts_with('.') {
        return false;
    }
    let (pattern, name): (Vec<char>, Vec<char>) = (pattern.chars().collect(), name.chars().collect());
    let (mut at, mut of, mut star): (usize, usize, Option<(usize, usize)>) = (0, 0, None);
    while let Some(c) = name.get(of) {
        match pattern.get(at) {
            Some('*') => {
                star = Some((at, of));
                at += 1;
            }
            Some(wanted) if *wanted == '?' || wanted == c => {
                at += 1;
                of += 1;
            }
            // The last star takes one character more.
            _ => match star {
                Some((back, taken)) => {
                    star = Some((back, taken + 1));
                    (at, of) = (back + 1, taken + 1);
                }
                None => return false,
            },
        }
    }
    pattern.get(at..).unwrap_or_default().iter().all(|c| *c == '*')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns_fit_names() {
        for (pattern, name) in
            [("*", "a"), ("*.journal", "2026.journal"), ("20??.*", "2026.j"), ("*a*b", "xaabab")]
        {
            assert!(fits(pattern, name), "{pattern} {name}");
        }
        for (pattern, name) in
            [("*", ".hidden"), ("*.journal", "2026.journal~"), ("20??", "202"), ("a*b", "abc")]
        {
            assert!(!fits(pattern, name), "{pattern} {name}");
        }
    }

    #[test]
    fn no_path_leads_out_of_the_folder() {
        let folder = tempfile::tempdir().unwrap();
        let inside = BookFolder::of(&folder.path().join("main.journal")).unwrap();
        for out in ["../x", "a/../../x", "/etc/passwd", "~/x", "./../x"] {
            assert_eq!(inside.parts("main.journal", out), Err(IncludeError::Outside), "{out}");
        }
        assert_eq!(inside.parts("a/b.journal", "../c.journal").unwrap(), ["c.journal"]);
        let absolute = inside.root.join("a").join("b.journal");
        assert_eq!(inside.parts("x", absolute.to_str().unwrap()).unwrap(), ["a", "b.journal"]);
    }
}
