//! What the tags of OFX are to the reader: the few that matter, those to skip, and leaves that may stand empty.

use super::investment::InvestmentDraft;
use crate::ledger::{AccountKind, BalanceKind};

/// What an open tag is to the reader.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Aggregate {
    /// `OFX`, message sets and wrappers: only nesting.
    Frame,
    SignOn,
    Status,
    Institution,
    Statement(AccountKind),
    Account,
    TransactionList {
        pending: bool,
    },
    Transaction,
    Payee,
    CurrencyNote {
        converted: bool,
    },
    Balance(BalanceKind),
    InvestmentBalance,
    InvestmentTransaction,
    /// Inside an investment transaction: its fields are the transaction's.
    InvestmentDetail,
    /// Known, and none of its fields matter.
    Ignored,
    /// A tag that nobody knows and that is closed somewhere in the file.
    Unknown,
}

/// What a tag without text is, given what it stands in; `None` for leaves and for names that are not known.
pub(super) fn classify(name: &str, parent: Option<Aggregate>) -> Option<Aggregate> {
    use Aggregate as A;
    if parent == Some(A::Ignored) {
        return None;
    }
    let in_row = matches!(parent, Some(A::Transaction | A::InvestmentTransaction | A::InvestmentDetail));
    Some(match name {
        "SONRS" => A::SignOn,
        "STATUS" => A::Status,
        "FI" => A::Institution,
        "STMTRS" => A::Statement(AccountKind::Checking),
        "CCSTMTRS" => A::Statement(AccountKind::CreditCard),
        "INVSTMTRS" => A::Statement(AccountKind::Investment),
        "BANKACCTFROM" | "CCACCTFROM" | "INVACCTFROM" if matches!(parent, Some(A::Statement(_))) => {
            A::Account
        }
        "BANKTRANLIST" | "INVTRANLIST" => A::TransactionList { pending: false },
        "BANKTRANLISTP" | "PENDINGTRANLIST" => A::TransactionList { pending: true },
        "INVBANKTRAN" => A::Frame,
        "STMTTRN" | "STMTTRNP" => A::Transaction,
        "PAYEE" if parent == Some(A::Transaction) => A::Payee,
        "CURRENCY" if in_row => A::CurrencyNote { converted: false },
        "ORIGCURRENCY" if in_row => A::CurrencyNote { converted: true },
        "LEDGERBAL" => A::Balance(BalanceKind::Ledger),
        "AVAILBAL" => A::Balance(BalanceKind::Available),
        "INVBAL" => A::InvestmentBalance,
        "BALLIST" | "BANKACCTTO" | "CCACCTTO" | "IMAGEDATA" | "INVPOSLIST" | "INVOOLIST" | "INV401K"
        | "INV401KBAL" | "SECLIST" => A::Ignored,
        _ if matches!(parent, Some(A::TransactionList { .. })) && InvestmentDraft::knows(name) => {
            A::InvestmentTransaction
        }
        _ if name == "OFX"
            || name.ends_with("MSGSRSV1")
            || name.ends_with("TRNRS")
            || name.ends_with("STMTRS") =>
        {
            A::Frame
        }
        _ => return None,
    })
}

/// Leaves that may stand empty and unclosed: they never open anything.
pub(super) fn is_leaf(name: &str) -> bool {
    matches!(
        name,
        "TRNTYPE"
            | "DTPOSTED"
            | "DTUSER"
            | "DTAVAIL"
            | "DTTRAN"
            | "DTEXPIRE"
            | "TRNAMT"
            | "FITID"
            | "CORRECTFITID"
            | "CORRECTACTION"
            | "SRVRTID"
            | "CHECKNUM"
            | "REFNUM"
            | "SIC"
            | "PAYEEID"
            | "NAME"
            | "EXTDNAME"
            | "MEMO"
            | "MEMO2"
            | "INV401KSOURCE"
            | "CURRATE"
            | "CURSYM"
            | "BALAMT"
            | "DTASOF"
            | "CURDEF"
            | "BANKID"
            | "BRANCHID"
            | "ACCTID"
            | "ACCTTYPE"
            | "ACCTKEY"
            | "BROKERID"
            | "DTSTART"
            | "DTEND"
            | "ORG"
            | "FID"
            | "CODE"
            | "SEVERITY"
            | "MESSAGE"
            | "TRNUID"
            | "CLTCOOKIE"
            | "DTSERVER"
            | "LANGUAGE"
            | "DTPROFUP"
            | "DTACCTUP"
            | "MKTGINFO"
            | "DTTRADE"
            | "DTSETTLE"
            | "TOTAL"
            | "UNITS"
            | "UNITPRICE"
            | "UNIQUEID"
            | "UNIQUEIDTYPE"
            | "COMMISSION"
            | "FEES"
            | "TAXES"
            | "LOAD"
            | "SUBACCTSEC"
            | "SUBACCTFUND"
            | "AVAILCASH"
            | "FRACCASH"
    )
}
