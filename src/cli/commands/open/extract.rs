//! Writing out the documents that came with a disclosure: verified ones alone, under safe names, all or none.

use crate::cli::console::Console;
use crate::cli::exit::Exit;
use crate::cli::failure::Failure;
use crate::cli::output_file::OutputFile;
use finvault::disclosure::{Enclosed, Fact, Verified, safe_file_name};
use std::collections::HashSet;
use std::path::{Path, PathBuf};

/// Writes each document into the folder, which must be there, and gives where they are.
pub(super) fn extract(
    verified: &Verified,
    enclosed: &Enclosed,
    folder: &Path,
    force: bool,
) -> Result<Vec<PathBuf>, Failure> {
    if !folder.is_dir() {
        return Err(Failure::new(Exit::Failed, format!("{} is not a folder", folder.display()))
            .help("name a folder that is there with --extract"));
    }
    let help = "name an empty folder with --extract, or give --force to replace files";
    let mut names = HashSet::new();
    let mut files = Vec::new();
    for (document, number) in enclosed.documents.iter().zip(1..) {
        let Some(Fact::Document(fact)) = verified.facts.get(document.fact) else { continue };
        let path = folder.join(free_name(safe_file_name(fact, number), &mut names));
        let mut file = OutputFile::begin(&path, force).map_err(|failure| failure.help(help))?;
        file.write(&document.bytes).map_err(|error| Failure::io("write", &path, &error))?;
        files.push((file, path));
    }
    keep_all(files)
}

/// Puts every file in its place, or none: what was put there before a failure is taken back.
fn keep_all(files: Vec<(OutputFile, PathBuf)>) -> Result<Vec<PathBuf>, Failure> {
    let mut kept: Vec<PathBuf> = Vec::with_capacity(files.len());
    for (file, path) in files {
        if let Err(failure) = file.keep() {
            for path in &kept {
                let _ = std::fs::remove_file(path);
            }
            return Err(failure);
        }
        kept.push(path);
    }
    Ok(kept)
}

/// The name, numbered where another document of this disclosure has it already; letter case does not tell them apart.
fn free_name(name: String, taken: &mut HashSet<String>) -> String {
    let mut free = name.clone();
    for number in 2.. {
        if taken.insert(free.to_lowercase()) {
            break;
        }
        free = match name.rsplit_once('.') {
            Some((stem, ending)) => format!("{stem}-{number}.{ending}"),
            None => format!("{name}-{number}"),
        };
    }
    free
}

/// Tells where the documents are.
pub(super) fn tell(written: &[PathBuf], folder: &Path, console: &mut Console) -> Result<(), Failure> {
    console.say("")?;
    if written.is_empty() {
        return console.say(format!("No document came along: nothing was written into {}", folder.display()));
    }
    for path in written {
        console.say(format!("Wrote {}, whose SHA-256 is the one stated", path.display()))?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_documents_of_one_name_get_two_files() {
        let mut taken = HashSet::new();
        let names = ["receipt.pdf", "Receipt.PDF", "receipt.pdf", "plain", "plain"];
        let free: Vec<String> = names.iter().map(|name| free_name((*name).to_owned(), &mut taken)).collect();
        assert_eq!(free, ["receipt.pdf", "Receipt-2.PDF", "receipt-3.pdf", "plain", "plain-2"]);
    }
}
