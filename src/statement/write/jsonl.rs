//! JSON Lines (jsonlines.org): everything the ledger holds, one object a line, in an order that the content alone
//! gives. `docs/export-formats.md` has every member.

use super::{AccountHead, BookHead, BookWriter, ExportRow, ImportRecord};
use crate::ledger::{Attachment, SplitPart};
use crate::money::Money;
use serde::Serialize;
use std::io::{self, Write};

/// The version of the format that is written.
pub(crate) const VERSION: u32 = 1;

/// Writes JSON Lines.
pub(super) struct JsonLines<'w> {
    out: &'w mut dyn Write,
    lines: u64,
}

impl<'w> JsonLines<'w> {
    pub(super) fn new(out: &'w mut dyn Write) -> Self {
        Self { out, lines: 0 }
    }

    fn line(&mut self, line: &Line<'_>) -> io::Result<()> {
        self.lines += 1;
        serde_json::to_writer(&mut *self.out, line)?;
        self.out.write_all(b"\n")
    }
}

#[derive(Serialize)]
#[serde(tag = "type", rename_all = "kebab-case")]
enum Line<'a> {
    FinvaultLedger {
        version: u32,
        #[serde(skip_serializing_if = "Option::is_none")]
        selection: Option<SelectionShape<'a>>,
    },
    Commodity {
        code: &'a str,
        digits: u8,
    },
    Category {
        name: &'a str,
    },
    Import(ImportShape<'a>),
    Account(AccountShape<'a>),
    Transaction(TransactionShape<'a>),
    StatedBalance {
        account: &'a str,
        kind: &'a str,
        date: String,
        amount: String,
        import: i64,
    },
    End {
        lines: u64,
    },
}

#[derive(Serialize)]
struct SelectionShape<'a> {
    account: Option<&'a str>,
    from: Option<String>,
    to: Option<String>,
}

#[derive(Serialize)]
struct ImportShape<'a> {
    import: i64,
    file_name: &'a str,
    sha256: &'a str,
    format: &'a str,
    imported_at: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    undone_at: Option<String>,
    added: u64,
    duplicate: u64,
    updated: u64,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    attachments: Vec<AttachmentShape<'a>>,
}

#[derive(Serialize)]
struct AccountShape<'a> {
    name: &'a str,
    kind: &'a str,
    currency: &'a str,
    digits: u8,
    #[serde(skip_serializing_if = "Option::is_none")]
    institution: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    number: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    opening: Option<OpeningShape>,
    #[serde(skip_serializing_if = "Option::is_none")]
    closed: Option<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    attachments: Vec<AttachmentShape<'a>>,
}

#[derive(Serialize)]
struct OpeningShape {
    date: String,
    amount: String,
    derived: bool,
}

#[derive(Serialize)]
struct TransactionShape<'a> {
    account: &'a str,
    date: String,
    amount: String,
    payee: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    payee_as_written: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    memo: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    reference: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    category: Option<&'a str>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    splits: Vec<SplitShape<'a>>,
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    tags: &'a [String],
    status: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    bank_id: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    import: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    source_date: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    source_amount: Option<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    attachments: Vec<AttachmentShape<'a>>,
}

#[derive(Serialize)]
struct SplitShape<'a> {
    category: &'a str,
    amount: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    memo: Option<&'a str>,
}

#[derive(Serialize)]
struct AttachmentShape<'a> {
    name: &'a str,
    media_type: &'a str,
    length: u64,
    sha256: &'a str,
    added: String,
}

fn attachments(attachments: &[Attachment]) -> Vec<AttachmentShape<'_>> {
    let shape = |attachment: &'_ Attachment| attachment.added.to_string();
    attachments
        .iter()
        .map(|attachment| AttachmentShape {
            name: &attachment.name,
            media_type: &attachment.media_type,
            length: attachment.length,
            sha256: &attachment.sha256,
            added: shape(attachment),
        })
        .collect()
}

fn import_shape(import: &ImportRecord) -> ImportShape<'_> {
    ImportShape {
        import: import.id.0,
        file_name: &import.file_name,
        sha256: &import.sha256,
        format: &import.format,
        imported_at: import.imported_at.to_string(),
        undone_at: import.undone_at.map(|at| at.to_string()),
        added: import.added,
        duplicate: import.duplicate,
        updated: import.updated,
        attachments: attachments(&import.attachments),
    }
}

fn account_shape(head: &AccountHead) -> AccountShape<'_> {
    let account = &head.account;
    AccountShape {
        name: &account.name,
        kind: account.kind.as_str(),
        currency: account.currency.code(),
        digits: account.currency.exponent(),
        institution: account.institution.as_deref(),
        number: account.number.as_deref(),
        opening: account.opening.map(|opening| OpeningShape {
            date: opening.date.to_string(),
            amount: opening.amount.to_decimal(),
            derived: opening.derived,
        }),
        closed: account.closed.map(|day| day.to_string()),
        attachments: attachments(&head.attachments),
    }
}

fn split_shape(part: &SplitPart) -> SplitShape<'_> {
    SplitShape {
        category: part.category.as_str(),
        amount: part.amount.to_decimal(),
        memo: part.memo.as_deref(),
    }
}

fn transaction_shape<'a>(account: &'a str, row: &'a ExportRow) -> TransactionShape<'a> {
    let detail = &row.detail;
    TransactionShape {
        account,
        date: detail.posted.to_string(),
        amount: detail.amount.to_decimal(),
        payee: &detail.payee,
        payee_as_written: (detail.payee_raw != detail.payee).then_some(&detail.payee_raw),
        memo: detail.memo.as_deref(),
        reference: detail.reference.as_deref(),
        category: detail.category.as_deref(),
        splits: row.parts.iter().map(split_shape).collect(),
        tags: &row.tags,
        status: detail.status.as_str(),
        bank_id: detail.bank_id.as_deref(),
        import: row.import.map(|batch| batch.0),
        source_date: row.source_posted.map(|day| day.to_string()),
        source_amount: row.source_amount.map(Money::to_decimal),
        attachments: attachments(&row.attachments),
    }
}

impl BookWriter for JsonLines<'_> {
    fn begin(&mut self, head: &BookHead) -> io::Result<()> {
        let selection = &head.selection;
        let shape = SelectionShape {
            account: selection.account.as_deref(),
            from: selection.from.map(|day| day.to_string()),
            to: selection.to.map(|day| day.to_string()),
        };
        let selection = (!selection.is_all()).then_some(shape);
        self.line(&Line::FinvaultLedger { version: VERSION, selection })?;
        for commodity in &head.commodities {
            self.line(&Line::Commodity { code: commodity.code(), digits: commodity.exponent() })?;
        }
        for category in &head.categories {
            self.line(&Line::Category { name: category.as_str() })?;
        }
        for import in &head.imports {
            self.line(&Line::Import(import_shape(import)))?;
        }
        Ok(())
    }

    fn begin_account(&mut self, head: &AccountHead) -> io::Result<()> {
        self.line(&Line::Account(account_shape(head)))?;
        for stated in &head.stated {
            self.line(&Line::StatedBalance {
                account: &head.account.name,
                kind: stated.kind.as_str(),
                date: stated.date.to_string(),
                amount: stated.amount.to_decimal(),
                import: stated.batch.0,
            })?;
        }
        Ok(())
    }

    fn row(&mut self, account: &AccountHead, row: &ExportRow) -> io::Result<()> {
        self.line(&Line::Transaction(transaction_shape(&account.account.name, row)))
    }

    fn end_account(&mut self, _account: &AccountHead) -> io::Result<()> {
        Ok(())
    }

    fn end(&mut self) -> io::Result<()> {
        self.line(&Line::End { lines: self.lines + 1 })?;
        self.out.flush()
    }
}
