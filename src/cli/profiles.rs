//! CSV profiles: one that the vault keeps or that comes with finvault, by its name, or one from a JSON file.

use super::exit::Exit;
use super::failure::{Failure, describe};
use finvault::statement::CsvProfile;
use finvault::vault::{Vault, VaultError};
use std::io::Read;
use std::path::Path;

/// No profile is longer.
const LONGEST_PROFILE: u64 = 64 * 1024;

/// The profile of that name; where there is none, the one in the file of that name.
pub fn load(name: &str, vault: &Vault) -> Result<CsvProfile, Failure> {
    let known = match vault.csv_profile(name) {
        Ok(profile) => return Ok(profile),
        Err(VaultError::NoSuchProfile { known, .. }) => known,
        Err(error) => return Err(error.into()),
    };
    read(name, &known)
}

/// The profile in a file; `known` are the names that would have done too.
pub fn read(name: &str, known: &[String]) -> Result<CsvProfile, Failure> {
    let path = Path::new(name);
    let mut text = String::new();
    let read = std::fs::File::open(path)
        .and_then(|file| file.take(LONGEST_PROFILE).read_to_string(&mut text))
        .map_err(|error| {
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
