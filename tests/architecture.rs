//! The tree is the architecture: who may import whom, how long a file may be, where `unsafe` may stand.
//!
//! The rules are checked on the real tree, and on a broken copy of it, so that the check is known to bite.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::fs;
use std::path::{Path, PathBuf};

/// Every room and the rooms it may import. `cli` belongs to the binary and sees the public crate alone.
const MAY_IMPORT: &[(&str, &[&str])] = &[
    ("money", &[]),
    ("crypto", &[]),
    ("ledger", &["money"]),
    ("vfs", &["crypto"]),
    ("statement", &["ledger", "money"]),
    ("report", &["ledger", "money"]),
    ("disclosure", &["crypto", "ledger", "money", "report"]),
    ("store", &["vfs", "crypto", "ledger", "money"]),
    ("vault", &["money", "crypto", "ledger", "vfs", "statement", "report", "disclosure", "store"]),
    ("cli", &[]),
];

/// Crates that a room may not touch, because its rules say that it is tested on plain values.
const FORBIDDEN_CRATES: &[(&str, &[&str])] = &[
    ("statement", &["rusqlite"]),
    ("report", &["rusqlite"]),
    ("disclosure", &["rusqlite"]),
    ("ledger", &["rusqlite"]),
    ("money", &["rusqlite"]),
    ("crypto", &["rusqlite"]),
    ("cli", &["rusqlite"]),
];

/// What a room may not name, because it is values in and values out: files, networks and programs are its callers'.
const WITHOUT_IO: &[&str] = &["disclosure"];
const IO: &[&str] = &["fs", "net", "process", "env"];

const MAX_LINES: usize = 500;
const GRAB_BAGS: &[&str] = &["util", "utils", "common", "helper", "helpers", "misc"];
/// The file where `unsafe` may stand; the folder of its parts begins with the same name.
const UNSAFE_HOME: &str = "vfs/ffi";

#[test]
fn the_tree_keeps_its_rules() {
    let found = violations(&Path::new(env!("CARGO_MANIFEST_DIR")).join("src"));
    assert!(found.is_empty(), "{}", found.join("\n"));
}

#[test]
fn a_broken_copy_is_caught_in_every_way() {
    let temp = tempfile::tempdir().unwrap();
    let root = temp.path().join("src");
    copy_tree(&Path::new(env!("CARGO_MANIFEST_DIR")).join("src"), &root);
    assert!(violations(&root).is_empty());

    let breakages: &[(&str, &str, &str)] = &[
        ("money/broken.rs", "use crate::ledger::Account;", "money imports ledger"),
        ("money/broken.rs", "use crate::{ledger::Account, money::Money};", "money imports ledger"),
        ("statement/broken.rs", "fn f() { crate::store::open(); }", "statement imports store"),
        ("disclosure/broken.rs", "pub use rusqlite::Connection;", "disclosure uses the crate rusqlite"),
        ("disclosure/broken.rs", "use std::fs::File;", "disclosure names std::fs"),
        ("disclosure/fact/broken.rs", "fn f() { std::process::exit(1) }", "disclosure names std::process"),
        ("disclosure/broken.rs", "use std::{fmt, net::{Ipv4Addr, TcpStream}};", "disclosure names std::net"),
        ("disclosure/broken.rs", "use std :: env;", "disclosure names std::env"),
        ("cli/broken.rs", "use crate::vault::Vault;", "cli imports vault"),
        ("store/broken.rs", "unsafe { f() }", "unsafe outside vfs/ffi"),
        ("ledger/utils.rs", "", "no room for grab-bags"),
        ("cellar/mod.rs", "", "not a room of the house"),
        ("vault/broken.rs", &"// line\n".repeat(MAX_LINES + 1), "lines"),
    ];
    for (path, content, expected) in breakages {
        let file = root.join(path);
        fs::create_dir_all(file.parent().unwrap()).unwrap();
        fs::write(&file, content).unwrap();
        let found = violations(&root);
        assert!(found.iter().any(|line| line.contains(expected)), "{path}: {expected}: {found:?}");
        fs::remove_file(&file).unwrap();
        if *path == "cellar/mod.rs" {
            fs::remove_dir(file.parent().unwrap()).unwrap();
        }
    }
    assert!(violations(&root).is_empty());
}

/// Every breach of the rules below `src`, one line each.
fn violations(src: &Path) -> Vec<String> {
    let mut found = Vec::new();
    for file in rust_files(src) {
        let path = file.strip_prefix(src).unwrap().to_string_lossy().replace('\\', "/");
        let text = fs::read_to_string(&file).unwrap();
        let lines = text.lines().count();
        if lines > MAX_LINES {
            found.push(format!("{path} has {lines} lines, more than {MAX_LINES}"));
        }
        if path.split(['/', '.']).any(|part| GRAB_BAGS.contains(&part)) {
            found.push(format!("{path}: no room for grab-bags"));
        }
        let code = without_comments(&text);
        let home = path.strip_prefix(UNSAFE_HOME).is_some_and(|rest| rest == ".rs" || rest.starts_with('/'));
        if !home && words(&code).any(|word| word == "unsafe") {
            found.push(format!("{path}: unsafe outside {UNSAFE_HOME}"));
        }
        let Some((room, _)) = path.split_once('/') else { continue };
        let Some((_, allowed)) = MAY_IMPORT.iter().find(|(name, _)| *name == room) else {
            found.push(format!("{path}: {room} is not a room of the house"));
            continue;
        };
        for (other, _) in MAY_IMPORT.iter().filter(|(other, _)| *other != room && !allowed.contains(other)) {
            if imports(&code, other) {
                found.push(format!("{path}: {room} imports {other}"));
            }
        }
        if WITHOUT_IO.contains(&room) {
            for module in IO.iter().filter(|module| names(&code, "std::", module)) {
                found.push(format!("{path}: {room} names std::{module}"));
            }
        }
        let forbidden =
            FORBIDDEN_CRATES.iter().filter(|(name, _)| *name == room).flat_map(|(_, names)| *names);
        for name in forbidden.filter(|name| words(&code).any(|word| word == **name)) {
            found.push(format!("{path}: {room} uses the crate {name}"));
        }
    }
    found
}

/// Whether code names `crate::room`, also inside a braced `use crate::{...}`.
fn imports(code: &str, room: &str) -> bool {
    names(code, "crate::", room)
}

/// Whether code names a module below a root (`crate::`, `std::`), also inside braces.
fn names(code: &str, root: &str, module: &str) -> bool {
    let squeezed: String =
        code.split_whitespace().collect::<Vec<_>>().join(" ").replace(" ::", "::").replace(":: ", "::");
    squeezed.match_indices(root).any(|(at, found)| {
        let rest = &squeezed[at + found.len()..];
        if let Some(braced) = rest.strip_prefix('{') {
            return top_level_names(braced).any(|name| name == module);
        }
        leading_word(rest) == module
    })
}

/// The first name of each part of `a::{b, c}, d}` up to the closing brace.
fn top_level_names(braced: &str) -> impl Iterator<Item = &str> {
    let mut depth = 0usize;
    let mut names = Vec::new();
    let mut start = 0;
    for (at, c) in braced.char_indices() {
        match c {
            '{' => depth += 1,
            '}' if depth == 0 => {
                names.push(leading_word(braced[start..at].trim()));
                break;
            }
            '}' => depth -= 1,
            ',' if depth == 0 => {
                names.push(leading_word(braced[start..at].trim()));
                start = at + 1;
            }
            _ => {}
        }
    }
    names.into_iter()
}

fn leading_word(text: &str) -> &str {
    text.split(|c: char| !c.is_alphanumeric() && c != '_').next().unwrap_or_default()
}

fn words(code: &str) -> impl Iterator<Item = &str> {
    code.split(|c: char| !c.is_alphanumeric() && c != '_')
}

/// Code without line comments and without `unsafe_code` attributes' strings; good enough for a search of words.
fn without_comments(text: &str) -> String {
    text.lines().map(|line| line.split("//").next().unwrap_or_default()).collect::<Vec<_>>().join("\n")
}

fn rust_files(folder: &Path) -> Vec<PathBuf> {
    let mut files = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            files.extend(rust_files(&path));
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            files.push(path);
        }
    }
    files.sort();
    files
}

fn copy_tree(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let path = entry.unwrap().path();
        let target = to.join(path.file_name().unwrap());
        if path.is_dir() {
            copy_tree(&path, &target);
        } else {
            fs::copy(&path, &target).unwrap();
        }
    }
}
