//! `disclose document`, also `disclose receipt`: a file of the vault, or an imported statement by its digest.

use crate::cli::failure::Failure;
use clap::Args;
use finvault::ledger::{AttachmentId, BatchId, TransactionId};
use finvault::vault::{DocumentName, DocumentSource, FactRequest, Vault};

/// Disclose a receipt or another file of the vault, or an imported statement by its digest
///
/// An attached file leaves whole, beside the token that states its digest, unless --digest-only says otherwise. Of a
/// statement only the digest leaves, by which the recipient recognises the file; with --enclose the file itself
/// leaves, where it was attached to its import, and with it every row in it.
#[derive(Debug, Args)]
pub struct Document {
    /// The attachment of this number, as "attach list" shows it
    #[arg(long, value_name = "ID", group = "document_source", required_unless_present_any = ["tx", "import"])]
    attachment: Option<i64>,
    /// What is attached to the transaction of this number
    #[arg(long, value_name = "ID", group = "document_source")]
    tx: Option<i64>,
    /// The statement of the import of this number, as "imports list" shows it
    #[arg(long, value_name = "N", group = "document_source")]
    import: Option<i64>,
    /// Leave the file itself out, so that only who has it can recognise it
    #[arg(long, conflicts_with = "enclose")]
    digest_only: bool,
    /// Let the statement's own file leave, with every row in it
    #[arg(long, requires = "import")]
    enclose: bool,
    /// Call it this [default: a name that tells only what kind of file it is, as receipt.pdf]
    #[arg(long, value_name = "NAME", group = "document_name")]
    name: Option<String>,
    /// Tell no name at all
    #[arg(long, group = "document_name")]
    no_name: bool,
    /// Tell the name that the file has in the vault
    #[arg(long, group = "document_name")]
    file_name: bool,
}

impl Document {
    /// The request that these arguments make.
    pub fn request(&self, vault: &Vault) -> Result<FactRequest, Failure> {
        let (source, enclose) = match (self.attachment, self.tx, self.import) {
            (Some(id), None, None) => {
                (DocumentSource::from(&vault.attachment(AttachmentId(id))?), !self.digest_only)
            }
            (None, Some(id), None) => {
                (DocumentSource::from(&vault.receipt_of(TransactionId(id))?), !self.digest_only)
            }
            (None, None, Some(id)) => (DocumentSource::Import(BatchId(id)), self.enclose),
            _ => return Err(Failure::usage("give one of --attachment, --tx and --import")),
        };
        let name = match &self.name {
            Some(name) => DocumentName::Given(name.clone()),
            None if self.file_name => DocumentName::Own,
            // The digest of a statement is enough to recognise it; a name would add nothing.
            None if self.no_name || (self.import.is_some() && !enclose) => DocumentName::Withheld,
            None => DocumentName::Neutral,
        };
        Ok(FactRequest::Document { source, name, enclose })
    }
}
