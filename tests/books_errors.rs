//! Walks `tests/errors` for the formats of books: each file in it is hostile or damaged, and beside it is what a person is
//! told (`NAME.golden`). `UPDATE_GOLDEN=1` writes the messages anew; read the difference then.

#![allow(clippy::unwrap_used, clippy::panic)]

use finvault::statement::{ReadOptions, read};
use std::path::Path;

const FOLDERS: [&str; 5] = ["jsonl", "finvault-csv", "ledger", "beancount", "gnucash"];

#[test]
fn every_hostile_book_is_refused_with_the_message_beside_it() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/errors");
    let update = std::env::var_os("UPDATE_GOLDEN").is_some();
    let (mut files, mut wrong) = (0, Vec::new());
    for folder in FOLDERS {
        let mut paths: Vec<_> =
            std::fs::read_dir(root.join(folder)).unwrap().map(|entry| entry.unwrap().path()).collect();
        paths.retain(|path| path.extension().is_none_or(|extension| extension != "golden"));
        paths.sort();
        for path in paths {
            files += 1;
            let name = path.file_name().unwrap().to_string_lossy().into_owned();
            let golden = path.with_file_name(format!("{name}.golden"));
            let expected = std::fs::read_to_string(&golden).unwrap_or_default();
            let found = match read(&std::fs::read(&path).unwrap(), &ReadOptions::default()) {
                Ok(_) => format!("READ: {name}\n"),
                Err(error) => {
                    let shown = [&error.message, &error.excerpt, &error.remedy];
                    let is_safe = |text: &&String| !text.contains(|c: char| c.is_control());
                    assert!(shown.iter().all(is_safe), "{name}: a control character would reach the screen");
                    assert!(!error.message.is_empty() && !error.remedy.is_empty(), "{name}");
                    let (line, excerpt) = (error.line, &error.excerpt);
                    format!("{name}:{line}: {}\n    {excerpt}\nhelp: {}\n", error.message, error.remedy)
                }
            };
            if update {
                std::fs::write(&golden, &found).unwrap();
            }
            if found.starts_with("READ") || (!update && found != expected) {
                wrong.push(format!("{}\n--- expected\n{expected}--- found\n{found}", path.display()));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert!(files >= 70, "only {files} files");
}
