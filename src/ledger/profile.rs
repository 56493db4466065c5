//! The owner's profile: who they are and how to reach them, field by field, so that each leaves only where it is
//! chosen.

use std::collections::BTreeMap;
use std::fmt;
use std::str::FromStr;

/// The longest value of a field, in characters.
pub const MAX_PROFILE_CHARS: usize = 200;

/// A field of the profile.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[non_exhaustive]
pub enum ProfileField {
    /// The owner's name.
    Name,
    /// Their business's name.
    Business,
    /// An e-mail address.
    Email,
    /// A telephone number.
    Phone,
    /// A postal address, on one line.
    Address,
    /// A tax identification number.
    TaxId,
}

impl ProfileField {
    /// Every field, in the order that lists show them.
    pub const ALL: [Self; 6] =
        [Self::Name, Self::Business, Self::Email, Self::Phone, Self::Address, Self::TaxId];

    /// The word that the vault, the command line and JSON use.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Name => "name",
            Self::Business => "business",
            Self::Email => "email",
            Self::Phone => "phone",
            Self::Address => "address",
            Self::TaxId => "tax-id",
        }
    }
}

impl fmt::Display for ProfileField {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

/// A word that names no field of the profile.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the fields of the profile are name, business, email, phone, address and tax-id")]
pub struct UnknownProfileField;

impl FromStr for ProfileField {
    type Err = UnknownProfileField;

    fn from_str(text: &str) -> Result<Self, UnknownProfileField> {
        Self::ALL.into_iter().find(|field| field.as_str() == text.trim()).ok_or(UnknownProfileField)
    }
}

/// The owner's profile. A field that is not set is not there.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Profile(BTreeMap<ProfileField, String>);

impl Profile {
    /// The value of a field.
    pub fn get(&self, field: ProfileField) -> Option<&str> {
        self.0.get(&field).map(String::as_str)
    }

    /// Sets a field, or with none takes it away.
    pub fn set(&mut self, field: ProfileField, value: Option<String>) {
        match value {
            Some(value) => self.0.insert(field, value),
            None => self.0.remove(&field),
        };
    }

    /// The fields that are set, in the order of [`ProfileField::ALL`].
    pub fn fields(&self) -> impl Iterator<Item = (ProfileField, &str)> {
        self.0.iter().map(|(field, value)| (*field, value.as_str()))
    }

    /// Whether no field is set.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_field_is_read_back_from_its_word_and_listed_in_order() {
        let mut profile = Profile::default();
        for field in ProfileField::ALL.into_iter().rev() {
            assert_eq!(field.as_str().parse(), Ok(field));
            profile.set(field, Some(field.to_string()));
        }
        let order: Vec<ProfileField> = profile.fields().map(|(field, _)| field).collect();
        assert_eq!(order, ProfileField::ALL);
        profile.set(ProfileField::Phone, None);
        assert_eq!(profile.get(ProfileField::Phone), None);
        assert!("fax".parse::<ProfileField>().is_err());
    }
}
