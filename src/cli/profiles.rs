//! CSV profiles: one that comes with finvault, by its name, or one of the owner's, from a JSON file.

use super::exit::Exit;
use super::failure::{Failure, describe};
use finvault::statement::CsvProfile;
use std::io::Read;
use std::path::Path;

/// No profile is longer.
const LONGEST_PROFILE: u64 = 64 * 1024;

/// The profile of that name; where there is none, the one in the file of that name.
pub fn load(name: &str) -> Result<CsvProfile, Failure> {
    if let Ok(profile) = CsvProfile::builtin(name) {
        return Ok(profile);
    }
    let path = Path::new(name);
    let mut text = String::new();
    let read = std::fs::File::open(path)
        .and_then(|file| file.take(LONGEST_PROFILE).read_to_string(&mut text))
        .map_err(|error| {
            let known: Vec<&str> = CsvProfile::builtin_names().collect();
            Failure::usage(format!(
                "\"{name}\" is no profile that finvault knows, nor a file: {}",
                describe(&error)
            ))
            .help(format!("the profiles are {}", known.join(", ")))
        });
    read.and_then(|_| {
        CsvProfile::parse(&text).map_err(|error| {
            Failure::new(Exit::InputRejected, error.to_string())
                .at(name, 0, "")
                .help("see \"finvault import --help\" for what a profile looks like")
        })
    })
}
