//! Facts that rest on no rows: what an account is, and imported statements by digest.

use super::walk::statement_ref;
use super::{AccountField, Drawing};
use crate::disclosure::{AccountFact, AccountLabel, DocumentFact, Evidence, MaskedNumber, Row, Selection};
use crate::ledger::{Account, BatchId};
use crate::vault::VaultError;
use crate::vault::balances::known_from;

/// The longest holder's name, in bytes.
const MAX_HOLDER_LEN: usize = 200;

/// States the chosen particulars of an account; refuses those that the vault does not have.
pub(super) fn account(
    drawing: &Drawing<'_>,
    account: &Account,
    fields: &[AccountField],
    holder: Option<&str>,
) -> Result<AccountFact, VaultError> {
    let mut fact = AccountFact {
        account: AccountLabel::default(),
        holder: holder.and_then(Row::information_from).filter(|name| name.len() <= MAX_HOLDER_LEN),
        institution: None,
        kind: None,
        currency: None,
        known_since: None,
        selection: Selection::default(),
        // Names, kinds and opening days can be changed by the owner, and no statement vouches for them.
        evidence: Evidence::new(Vec::new(), true),
    };
    if holder.is_some() && fact.holder.is_none() {
        return Err(VaultError::Invalid(format!(
            "a holder's name is 1 to {MAX_HOLDER_LEN} bytes of plain text"
        )));
    }
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
    if fields.is_empty() && fact.holder.is_none() {
        return Err(VaultError::Invalid("choose at least one particular of the account".to_owned()));
    }
    Ok(fact)
}

/// States an imported statement by the digest of the file as the bank gave it.
pub(super) fn document(
    drawing: &Drawing<'_>,
    import: BatchId,
    with_file_name: bool,
) -> Result<DocumentFact, VaultError> {
    let batch = drawing.store.batch(import)?.filter(|batch| batch.undone_at.is_none());
    let batch = batch.ok_or(VaultError::NoSuchImport(import))?;
    let statement = statement_ref(&batch.sha256, batch.format.clone())?;
    Ok(DocumentFact {
        sha256: statement.sha256,
        media_type: media_type(&batch.format).to_owned(),
        file_name: if with_file_name { Row::information_from(&batch.file_name) } else { None },
        selection: Selection::default(),
        evidence: Evidence::new(vec![statement], false),
    })
}

/// The media type of a statement's format.
fn media_type(format: &str) -> &'static str {
    match format {
        "csv" => "text/csv",
        "ofx1" | "ofx2" => "application/x-ofx",
        _ => "application/octet-stream",
    }
}
