//! Transfers between the owner's accounts: proposed, linked, rejected; and what came in and went out without them.

use super::transactions::transaction_by_id;
use super::{Vault, VaultError};
use crate::ledger::transfer::{OwnAccount, Side, propose};
use crate::ledger::{AccountId, Transaction, TransactionId, TransactionStatus, Transfer, TransferProposal};
use crate::money::{Currency, Money, MoneyError};
use crate::store::Store;
use crate::store::transfers::FlowSums;
use jiff::Timestamp;
use jiff::civil::Date;

/// What came in and went out in one currency over some days. Linked transfers are in neither.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Flow {
    /// The currency.
    pub currency: Currency,
    /// What came in.
    pub income: Money,
    /// What went out; zero or below.
    pub spending: Money,
    /// What linked transfers brought in.
    pub transferred_in: Money,
    /// What linked transfers took out; zero or below.
    pub transferred_out: Money,
}

impl Vault {
    /// Pairs of booked rows of some days that look like transfers between the owner's accounts, the surest first.
    ///
    /// # Errors
    /// [`VaultError::Store`] where the vault cannot be read.
    pub fn proposed_transfers(
        &self,
        from: Option<Date>,
        to: Option<Date>,
    ) -> Result<Vec<TransferProposal>, VaultError> {
        self.read(|store| proposals(store, from, to))
    }

    /// Every linked transfer, by day.
    ///
    /// # Errors
    /// [`VaultError::Store`] where the vault cannot be read.
    pub fn transfers(&self) -> Result<Vec<Transfer>, VaultError> {
        self.read(|store| Ok(store.transfers()?))
    }

    /// Links two rows as one transfer, whether it was proposed or not. Which is given first does not matter.
    ///
    /// # Errors
    /// [`VaultError::NoTransfer`] where they cannot be one: of one account, of one sign, pending, of one currency and
    /// different amounts, or linked already.
    pub fn link_transfer(
        &mut self,
        one: TransactionId,
        other: TransactionId,
        now: Timestamp,
    ) -> Result<Transfer, VaultError> {
        self.write(|store| link(store, one, other, now))
    }

    /// Links the proposed transfers that these rows are in.
    ///
    /// # Errors
    /// [`VaultError::NotInTransfer`] for a row that is in none; nothing is linked then.
    pub fn accept_transfers(
        &mut self,
        rows: &[TransactionId],
        now: Timestamp,
    ) -> Result<Vec<Transfer>, VaultError> {
        self.write(|store| {
            let mut linked: Vec<Transfer> = Vec::new();
            let proposals = proposals(store, None, None)?;
            for id in rows {
                let proposal = proposed(&proposals, *id)?;
                if !linked.iter().any(|transfer| transfer.from.id == proposal.from.id) {
                    linked.push(link(store, proposal.from.id, proposal.to.id, now)?);
                }
            }
            Ok(linked)
        })
    }

    /// Keeps the pairs that these rows are proposed in from being proposed again.
    ///
    /// # Errors
    /// [`VaultError::NotInTransfer`] for a row that is in none; nothing is rejected then.
    pub fn reject_transfers(&mut self, rows: &[TransactionId]) -> Result<Vec<TransferProposal>, VaultError> {
        self.write(|store| {
            let proposals = proposals(store, None, None)?;
            let mut rejected: Vec<TransferProposal> = Vec::new();
            for id in rows {
                let proposal = proposed(&proposals, *id)?;
                store.reject_transfer(proposal.from.id, proposal.to.id)?;
                if !rejected.contains(proposal) {
                    rejected.push(proposal.clone());
                }
            }
            Ok(rejected)
        })
    }

    /// Takes the link of a transfer back; it is not proposed again.
    ///
    /// # Errors
    /// [`VaultError::NotInTransfer`] where the row is in no linked one.
    pub fn unlink_transfer(
        &mut self,
        id: TransactionId,
    ) -> Result<(TransactionId, TransactionId), VaultError> {
        self.write(|store| {
            let (from, to) =
                store.transfer_of(id)?.ok_or(VaultError::NotInTransfer { id, what: "linked" })?;
            store.remove_transfer(from)?;
            store.reject_transfer(from, to)?;
            Ok((from, to))
        })
    }

    /// What came in and went out over some days, by currency, on every account or on one. Linked transfers are no
    /// income and no spending.
    ///
    /// # Errors
    /// [`VaultError::Money`] where a sum does not fit into 64 bits.
    pub fn flows(
        &self,
        account: Option<AccountId>,
        from: Option<Date>,
        to: Option<Date>,
    ) -> Result<Vec<Flow>, VaultError> {
        self.read(|store| store.flow_sums(account, from, to)?.iter().map(flow).collect())
    }
}

fn flow(sums: &FlowSums) -> Result<Flow, VaultError> {
    let money = |minor: i128| {
        let minor = i64::try_from(minor).map_err(|_| MoneyError::Overflow)?;
        Ok::<_, VaultError>(Money::new(minor, sums.currency))
    };
    Ok(Flow {
        currency: sums.currency,
        income: money(sums.income_minor)?,
        spending: money(sums.spending_minor)?,
        transferred_in: money(sums.transferred_in_minor)?,
        transferred_out: money(sums.transferred_out_minor)?,
    })
}

fn proposals(
    store: &Store,
    from: Option<Date>,
    to: Option<Date>,
) -> Result<Vec<TransferProposal>, VaultError> {
    let accounts = store.accounts()?;
    if accounts.len() < 2 {
        return Ok(Vec::new());
    }
    let accounts: Vec<OwnAccount> = accounts
        .into_iter()
        .map(|own| OwnAccount { id: own.id, kind: own.kind, name: own.name, number: own.number })
        .collect();
    Ok(propose(&store.unlinked_sides(from, to)?, &accounts, &store.rejected_transfers()?))
}

fn proposed(proposals: &[TransferProposal], id: TransactionId) -> Result<&TransferProposal, VaultError> {
    proposals
        .iter()
        .find(|proposal| proposal.from.id == id || proposal.to.id == id)
        .ok_or(VaultError::NotInTransfer { id, what: "proposed" })
}

fn link(
    store: &Store,
    one: TransactionId,
    other: TransactionId,
    now: Timestamp,
) -> Result<Transfer, VaultError> {
    let (first, second) = (transaction_by_id(store, one)?, transaction_by_id(store, other)?);
    let (from, to) = if first.detail.amount.is_negative() { (first, second) } else { (second, first) };
    let (left, came) = (from.detail.amount, to.detail.amount);
    let refuse = |why: &str| Err(VaultError::NoTransfer { from: one, to: other, why: why.to_owned() });
    if from.account == to.account {
        return refuse("both are of one account");
    }
    if !left.is_negative() || came.minor() <= 0 {
        return refuse("money must leave one account and arrive on another");
    }
    if [&from, &to].iter().any(|side| side.detail.status == TransactionStatus::Pending) {
        return refuse("one of them is only announced");
    }
    if left.currency() == came.currency() && left.checked_add(came)?.minor() != 0 {
        return refuse("in one currency both amounts must be equal: split a fee off by entering it apart");
    }
    for side in [from.id, to.id] {
        if store.transfer_of(side)?.is_some() {
            return refuse(&format!("transaction {} is in a linked transfer already", side.0));
        }
    }
    store.add_transfer(from.id, to.id, now)?;
    Ok(Transfer { from: side(&from), to: side(&to) })
}

fn side(transaction: &Transaction) -> Side {
    let detail = &transaction.detail;
    let words = [Some(&detail.payee), detail.memo.as_ref(), detail.reference.as_ref()];
    let words: Vec<&str> = words.into_iter().flatten().map(String::as_str).collect();
    Side {
        id: transaction.id,
        account: transaction.account,
        posted: detail.posted,
        amount: detail.amount,
        text: words.join(" "),
    }
}
