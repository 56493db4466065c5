//! CSV profiles by name or from a file.
use super::failure::Failure;
use finvault::statement::CsvProfile;
/// x
pub fn load(name: &str) -> Result<CsvProfile, Failure> {
    Ok(CsvProfile { name: name.to_owned() })
}
