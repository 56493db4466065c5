//! What an account is and whose it is: particulars that rest on no rows.

use super::{AccountField, Drawing};
use crate::disclosure::{
    AccountFact, AccountLabel, Evidence, FullNumber, HolderDetails, MaskedNumber, Row, Selection,
};
use crate::ledger::{Account, Profile, ProfileField};
use crate::vault::VaultError;
use crate::vault::balances::known_from;

/// The longest holder's name, in bytes.
const MAX_HOLDER_LEN: usize = 200;

/// States the chosen particulars of an account; refuses those that the vault does not have.
pub(super) fn account(
    drawing: &mut Drawing<'_>,
    account: &Account,
    fields: &[AccountField],
    holder: Option<&str>,
    profile: &[ProfileField],
) -> Result<AccountFact, VaultError> {
    if fields.is_empty() && holder.is_none() && profile.is_empty() {
        return Err(VaultError::Invalid("choose at least one particular of the account".to_owned()));
    }
    let known = from_profile(drawing, profile)?;
    let mut fact = AccountFact {
        account: AccountLabel::default(),
        number: None,
        holder: holder_name(holder, &known)?,
        holder_details: HolderDetails {
            business: stated(&known, ProfileField::Business),
            email: stated(&known, ProfileField::Email),
            phone: stated(&known, ProfileField::Phone),
            address: stated(&known, ProfileField::Address),
            tax_id: stated(&known, ProfileField::TaxId),
        },
        institution: None,
        kind: None,
        currency: None,
        known_since: None,
        selection: Selection::default(),
        // Names, kinds and opening days can be changed by the owner, and no statement vouches for them.
        evidence: Evidence::new(Vec::new(), true),
    };
    let missing = |what: &str| {
        VaultError::Invalid(format!("the vault does not know the {what} of \"{}\"", account.name))
    };
    for field in fields {
        match field {
            AccountField::Name => fact.account.nickname = Row::information_from(&account.name),
            AccountField::Number => {
                let number = account.true_number().ok_or_else(|| missing("number"))?;
                fact.account.number = Some(MaskedNumber::new(number));
            }
            AccountField::FullNumber => {
                let number = account.true_number().and_then(FullNumber::new);
                let number = number.ok_or_else(|| missing("number"))?;
                drawing.warnings.push(format!(
                    "THE WHOLE ACCOUNT NUMBER of \"{}\" ({}) leaves, not only its end: who has it can name this \
                     account to others",
                    account.name,
                    number.masked()
                ));
                fact.number = Some(number);
            }
            AccountField::Institution => {
                let institution = account.institution.as_deref().and_then(Row::information_from);
                fact.institution = Some(institution.ok_or_else(|| missing("institution"))?);
            }
            AccountField::Kind => fact.kind = Some(account.kind),
            AccountField::Currency => fact.currency = Some(account.currency.code().to_owned()),
            AccountField::KnownSince => {
                let day = known_from(drawing.store, account)?;
                fact.known_since = Some(day.ok_or_else(|| missing("beginning"))?);
            }
        }
    }
    Ok(fact)
}

/// The chosen fields of the profile, all of which must be set.
fn from_profile(drawing: &Drawing<'_>, chosen: &[ProfileField]) -> Result<Profile, VaultError> {
    let mut known = Profile::default();
    if chosen.is_empty() {
        return Ok(known);
    }
    let profile = drawing.store.profile()?;
    let mut missing = Vec::new();
    for field in chosen {
        match profile.get(*field) {
            Some(value) => known.set(*field, Some(value.to_owned())),
            None => missing.push(*field),
        }
    }
    if missing.is_empty() { Ok(known) } else { Err(VaultError::NotInProfile(missing)) }
}

fn stated(known: &Profile, field: ProfileField) -> Option<String> {
    known.get(field).and_then(Row::information_from)
}

fn holder_name(given: Option<&str>, known: &Profile) -> Result<Option<String>, VaultError> {
    let of_profile = stated(known, ProfileField::Name);
    let Some(given) = given else { return Ok(of_profile) };
    if of_profile.is_some() {
        return Err(VaultError::Invalid(
            "the holder's name is given twice: in words, and by the profile".to_owned(),
        ));
    }
    let name = Row::information_from(given).filter(|name| name.len() <= MAX_HOLDER_LEN);
    name.map(Some).ok_or_else(|| {
        VaultError::Invalid(format!("a holder's name is 1 to {MAX_HOLDER_LEN} bytes of plain text"))
    })
}
