//! The profiles that come with the crate: for layouts that detection must refuse because their signs are the other way
//! round or their columns have no names, and for exports whose columns mean what their names alone do not say.

/// `(name, JSON)`; every file is one profile that a person can copy and change.
const PROFILES: &[(&str, &str)] = &[
    ("actual", include_str!("profiles/actual.json")),
    ("amex-us", include_str!("profiles/amex-us.json")),
    ("apple-card", include_str!("profiles/apple-card.json")),
    ("bank-of-america", include_str!("profiles/bank-of-america.json")),
    ("capital-one-card", include_str!("profiles/capital-one-card.json")),
    ("chase-card", include_str!("profiles/chase-card.json")),
    ("chase-checking", include_str!("profiles/chase-checking.json")),
    ("discover", include_str!("profiles/discover.json")),
    ("ing-nl", include_str!("profiles/ing-nl.json")),
    ("mint", include_str!("profiles/mint.json")),
    ("monarch", include_str!("profiles/monarch.json")),
    ("monzo", include_str!("profiles/monzo.json")),
    ("n26", include_str!("profiles/n26.json")),
    ("n26-before-2024", include_str!("profiles/n26-before-2024.json")),
    ("paypal", include_str!("profiles/paypal.json")),
    ("rabobank", include_str!("profiles/rabobank.json")),
    ("revolut", include_str!("profiles/revolut.json")),
    ("sparkasse", include_str!("profiles/sparkasse.json")),
    ("starling", include_str!("profiles/starling.json")),
    ("wells-fargo", include_str!("profiles/wells-fargo.json")),
    ("wise", include_str!("profiles/wise.json")),
    ("ynab", include_str!("profiles/ynab.json")),
];

pub(super) fn find(name: &str) -> Option<&'static str> {
    PROFILES.iter().find(|(known, _)| known.eq_ignore_ascii_case(name)).map(|(_, json)| *json)
}

pub(super) fn names() -> impl Iterator<Item = &'static str> {
    PROFILES.iter().map(|(name, _)| *name)
}

#[cfg(test)]
mod tests {
    use super::super::profile::CsvProfile;

    #[test]
    fn every_profile_is_one_and_carries_its_name() {
        for name in super::names() {
            assert_eq!(CsvProfile::builtin(name).unwrap().name(), name);
        }
        assert!(CsvProfile::builtin("no such bank").is_err());
    }
}
