//! One engine at one piece of work, or all engines in turn.
//!
//! `finvault-peers fill FILE SCALE` fills a database, `finvault-peers run NUMBER FILE SCALE` does workload NUMBER on a new
//! or filled one and prints its CPU time in nanoseconds. Which engine that is was decided when this program was built
//! (see the features). `finvault-peers compare FOLDER ENGINE=PROGRAM...` calls several builds in turn, the first of which
//! is the measure of the others, and prints the table. `run.sh` does all of it.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod compare;
mod engine;
#[path = "../../workload/mod.rs"]
mod workload;

use std::path::Path;
use workload::{Sync, Workload};

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
    match words.as_slice() {
        ["fill", file, scale] => {
            remove(Path::new(file));
            workload::fill(&engine::open(Path::new(file), 64, Sync::Full), scale.parse().unwrap());
        }
        ["run", number, file, scale] => {
            let workload = Workload::ALL[number.parse::<usize>().unwrap()];
            let path = Path::new(file);
            if !workload.reads() {
                remove(path);
            }
            let open = |cache_mib, sync| engine::open(path, cache_mib, sync);
            println!("{}", workload.run(scale.parse().unwrap(), &open).as_nanos());
        }
        ["version"] => println!("{}", engine::version()),
        ["compare", folder, engines @ ..] => compare::compare(Path::new(folder), engines),
        _ => panic!(
            "usage: fill FILE SCALE | run NUMBER FILE SCALE | version | compare FOLDER ENGINE=PROGRAM..."
        ),
    }
}

fn remove(path: &Path) {
    for end in ["", "-wal", "-shm", "-journal"] {
        let _ = std::fs::remove_file(format!("{}{end}", path.display()));
    }
}
