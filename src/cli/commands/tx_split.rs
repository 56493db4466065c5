//! `tx split`: one transaction over several categories.

use super::shapes::amount;
use super::tx::{Told, new_categories};
use crate::cli::failure::Failure;
use crate::cli::session::Session;
use clap::{ArgGroup, Args};
use finvault::ledger::TransactionId;
use finvault::vault::{NewPart, Vault};

/// Split a transaction over several categories
///
/// The parts add up to its amount, each signed as it is: "finvault tx split 7 --part -8.00:groceries
/// --part -4.30:Gifts=flowers". They take the place of its category, and of the parts it had.
#[derive(Debug, Args)]
#[command(group = ArgGroup::new("how").required(true))]
pub struct Split {
    /// Its number, as "tx list" shows it
    id: i64,
    /// A part: how much, its category, and words about it if you wish; given twice or more
    #[arg(long, value_name = "AMOUNT:CATEGORY[=MEMO]", value_parser = parse_part, group = "how")]
    #[arg(allow_hyphen_values = true)]
    part: Vec<Part>,
    /// Make it whole again; it has no category then
    #[arg(long, group = "how")]
    clear: bool,
}

/// A part as it is typed.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Part {
    amount: String,
    category: String,
    memo: Option<String>,
}

fn parse_part(text: &str) -> Result<Part, String> {
    let wrong = || "write a part as AMOUNT:CATEGORY, for example -8.00:Food:Groceries".to_owned();
    let (amount, rest) = text.split_once(':').ok_or_else(wrong)?;
    let (category, memo) = match rest.split_once('=') {
        Some((category, memo)) => (category, Some(memo.to_owned())),
        None => (rest, None),
    };
    if amount.trim().is_empty() || category.trim().is_empty() {
        return Err(wrong());
    }
    Ok(Part { amount: amount.trim().to_owned(), category: category.to_owned(), memo })
}

impl Split {
    /// Runs it on an open vault.
    pub fn run(self, vault: &mut Vault, session: &mut Session<'_>) -> Result<(), Failure> {
        let id = TransactionId(self.id);
        if self.clear {
            let joined = vault.join_transaction(id)?;
            let annotations = vault.annotations(&[id])?;
            return Told {
                transaction: &joined,
                annotations: annotations.get(&id),
                categories_added: Vec::new(),
            }
            .tell(vault, "Joined", session);
        }
        let currency = vault.transaction(id)?.detail.amount.currency();
        let mut parts = Vec::with_capacity(self.part.len());
        for Part { amount: text, category, memo } in self.part {
            parts.push(NewPart { category, amount: amount(&text, currency, "--part")?, memo });
        }
        let categories_added = new_categories(vault, parts.iter().map(|part| part.category.as_str()))?;
        let split = vault.split_transaction(id, &parts)?;
        let annotations = vault.annotations(&[id])?;
        let added = annotations.get(&id);
        Told { transaction: &split, annotations: added, categories_added }.tell(vault, "Split", session)?;
        if !session.console.is_json() {
            for part in added.iter().flat_map(|added| &added.parts) {
                let memo = part.memo.as_ref().map(|memo| format!("  {memo}")).unwrap_or_default();
                session.console.say(format!("  {}  {}{memo}", part.amount, part.category))?;
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_part_is_an_amount_a_category_and_maybe_a_memo() {
        let part = |amount: &str, category: &str, memo: Option<&str>| Part {
            amount: amount.to_owned(),
            category: category.to_owned(),
            memo: memo.map(str::to_owned),
        };
        assert_eq!(parse_part("-8.00:Food:Groceries"), Ok(part("-8.00", "Food:Groceries", None)));
        assert_eq!(parse_part("5: Gifts =a=b:c"), Ok(part("5", " Gifts ", Some("a=b:c"))));
        for wrong in ["", "5", "5:", ":Food", "5:=memo", " :Food"] {
            assert!(parse_part(wrong).is_err(), "{wrong:?}");
        }
    }
}
