//! What a journal's accounts are for the owner: by what the journal declares, else by the name of the tree they are in.

use super::directives::Directives;
use crate::ledger::AccountKind;
use crate::statement::book::double_entry::{Class, Ledger};
use crate::statement::book::{bad_field, day};
use crate::statement::write::names;
use crate::statement::{StatementError, Warning};
use std::collections::{BTreeMap, BTreeSet};

/// The types of hledger's manual, "Account types".
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Type {
    Asset,
    Cash,
    Liability,
    Equity,
    Income,
    Expense,
}

fn type_of_word(word: &str) -> Option<Type> {
    Some(match word.to_ascii_lowercase().as_str() {
        "a" | "asset" | "assets" => Type::Asset,
        "c" | "cash" => Type::Cash,
        "l" | "liability" | "liabilities" | "debt" | "debts" => Type::Liability,
        "e" | "v" | "equity" | "conversion" => Type::Equity,
        "r" | "i" | "revenue" | "revenues" | "income" => Type::Income,
        "x" | "expense" | "expenses" => Type::Expense,
        _ => return None,
    })
}

/// The classes of accounts.
pub(super) struct Classes {
    declared: BTreeMap<String, Type>,
    kinds: BTreeMap<String, AccountKind>,
    is_ours: bool,
}

impl Classes {
    pub fn new(directives: &Directives<'_>) -> Self {
        let mut declared = BTreeMap::new();
        let mut kinds = BTreeMap::new();
        for (name, facts) in &directives.accounts {
            if let Some(found) = facts.get("type").and_then(|word| type_of_word(word)) {
                declared.insert(name.clone(), found);
            }
            if let Some(kind) = facts.get("kind").and_then(|word| word.parse().ok()) {
                kinds.insert(name.clone(), kind);
            }
        }
        let is_ours = directives.is_ours;
        Self { declared, kinds, is_ours }
    }

    fn type_of(&self, name: &str) -> Option<Type> {
        let mut path = name;
        loop {
            if let Some(found) = self.declared.get(path) {
                return Some(*found);
            }
            match path.rsplit_once(':') {
                Some((parent, _)) => path = parent,
                None => break,
            }
        }
        // The words alone, not the letters that stand for them.
        let root = name.split(':').next().unwrap_or_default();
        if root.chars().count() > 1 { type_of_word(root) } else { None }
    }

    /// What an account is.
    pub fn class(&self, name: &str) -> Class {
        if let (true, Some(kind)) = (self.is_ours, self.kinds.get(name)) {
            return Class::Own(*kind);
        }
        match self.type_of(name) {
            Some(Type::Cash) => Class::Own(AccountKind::Cash),
            Some(Type::Asset) => Class::Own(guessed_kind(name, AccountKind::Other)),
            Some(Type::Liability) => Class::Own(guessed_kind(name, AccountKind::Other)),
            Some(Type::Equity) => Class::Category(Some(name.to_owned())),
            Some(Type::Income | Type::Expense) if self.is_ours => {
                Class::Category(names::category_of(name).map(str::to_owned))
            }
            Some(Type::Income) => {
                let below = name.split_once(':').map(|(_, below)| format!("Income:{below}"));
                Class::Category(Some(below.unwrap_or_else(|| "Income".to_owned())))
            }
            Some(Type::Expense) => {
                // Declared outside the usual tree, the whole name says what it is for.
                let is_usual = name.split(':').next().and_then(type_of_word) == Some(Type::Expense);
                let below = name.split_once(':').map(|(_, below)| below.to_owned());
                Class::Category(if is_usual { below } else { Some(name.to_owned()) })
            }
            None => Class::Own(AccountKind::Other),
        }
    }

    /// Adds to the accounts of a journal that was written here what it says of them.
    pub fn describe(&self, directives: &Directives<'_>, ledger: &mut Ledger) -> Result<(), StatementError> {
        if !self.is_ours {
            return Ok(());
        }
        for (name, facts) in &directives.accounts {
            let index = ledger.account(name, |name| self.class(name));
            let Some(account) = ledger.accounts.get_mut(index) else { continue };
            if let Some(exact) = facts.get("name") {
                account.name.clone_from(exact);
            }
            account.institution = facts.get("institution").cloned();
            account.number = facts.get("number").cloned();
            account.closed = facts.get("closed").map(|text| day(0, text, text)).transpose()?;
            let Some(commodity) = facts.get("currency") else { continue };
            ledger.held.insert((index, commodity.clone()));
            for stated in directives.stated.iter().filter(|stated| stated.account == *name) {
                let wrong = || {
                    bad_field(
                        stated.line,
                        &stated.text,
                        "this is no stated balance",
                        "export the journal again",
                    )
                };
                let assertion = stated.read(index, commodity).ok_or_else(wrong)?;
                ledger.assertions.push(assertion);
            }
        }
        Ok(())
    }

    /// Tells which trees are of neither kind by name.
    pub fn warnings(&self, ledger: &Ledger) -> Option<Warning> {
        if self.is_ours {
            return None;
        }
        let unknown: BTreeSet<&str> = ledger
            .accounts
            .iter()
            .filter(|account| self.type_of(&account.name).is_none())
            .filter_map(|account| account.name.split(':').next())
            .collect();
        if unknown.is_empty() {
            return None;
        }
        let shown: Vec<&str> = unknown.iter().copied().take(3).collect();
        let more = unknown.len().saturating_sub(shown.len());
        let more = if more > 0 { format!(" and {more} more") } else { String::new() };
        Some(Warning {
            line: 0,
            text: format!(
                "nothing says whether {}{more} are accounts of yours or categories, so they became accounts; a line \
                 \"account NAME  ; type: X\" makes them expenses, R income",
                shown.join(", ")
            ),
        })
    }
}

/// What an asset or a debt probably is, by words in its name: only how it is shown depends on it.
pub(in crate::statement) fn guessed_kind(name: &str, otherwise: AccountKind) -> AccountKind {
    const WORDS: &[(&str, AccountKind)] = &[
        ("mortgage", AccountKind::Mortgage),
        ("credit", AccountKind::CreditCard),
        ("card", AccountKind::CreditCard),
        ("loan", AccountKind::Loan),
        ("checking", AccountKind::Checking),
        ("current", AccountKind::Checking),
        ("saving", AccountKind::Savings),
        ("cash", AccountKind::Cash),
        ("wallet", AccountKind::Cash),
        ("invest", AccountKind::Investment),
        ("broker", AccountKind::Investment),
    ];
    let lower = name.to_lowercase();
    // The last name says more than those above it.
    let last = lower.rsplit(':').next().unwrap_or_default();
    let found = |text: &str| WORDS.iter().find(|(word, _)| text.contains(word)).map(|(_, kind)| *kind);
    found(last).or_else(|| found(&lower)).unwrap_or(otherwise)
}
