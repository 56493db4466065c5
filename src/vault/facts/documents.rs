//! Documents: a file of the vault, or an imported statement, by its digest; and whether its bytes travel along.

use super::Drawing;
use super::walk::statement_ref;
use crate::disclosure::{DocumentFact, Evidence, Selection, neutral_file_name};
use crate::ledger::AttachmentTarget;
use crate::store::batches::Batch;
use crate::vault::documents::{Found, check_size, find};
use crate::vault::{DocumentName, DocumentSource, EnclosedFile, VaultError};

/// States a document; with `enclose` its bytes are to travel beside the token.
pub(super) fn document(
    drawing: &mut Drawing<'_>,
    source: &DocumentSource,
    name: &DocumentName,
    enclose: bool,
) -> Result<DocumentFact, VaultError> {
    let found = find(drawing.store, source)?;
    let media_type = match (&found.statement, &found.attachment) {
        (Some(batch), _) => media_type_of_format(&batch.format).to_owned(),
        (None, Some(attachment)) => DocumentFact::media_type_from(&attachment.media_type),
        (None, None) => media_type_of_format("").to_owned(),
    };
    let statement = found.statement.as_ref().map(statement_of).transpose()?;
    let fact = DocumentFact {
        sha256: found.sha256,
        file_name: file_name(&found, name, &media_type)?,
        media_type,
        selection: Selection::default(),
        evidence: Evidence::new(statement.into_iter().collect(), false),
    };
    if drawing.documents.contains(&fact.sha256) {
        return Err(VaultError::Invalid("one document is named twice".to_owned()));
    }
    drawing.documents.push(fact.sha256);
    if enclose {
        enclose_file(drawing, &found, &fact)?;
    }
    Ok(fact)
}

fn statement_of(batch: &Batch) -> Result<crate::disclosure::StatementRef, VaultError> {
    statement_ref(&batch.sha256, batch.format.clone())
}

fn enclose_file(drawing: &mut Drawing<'_>, found: &Found, fact: &DocumentFact) -> Result<(), VaultError> {
    let Some(attachment) = &found.attachment else {
        return Err(match &found.statement {
            Some(batch) => VaultError::StatementNotKept(batch.id),
            None => VaultError::DocumentGone { sha256: found.sha256.to_string() },
        });
    };
    if attachment.length == 0 {
        return Err(VaultError::Invalid(
            "the document is empty: there is nothing in it that could travel along".to_owned(),
        ));
    }
    drawing.enclosed.push(EnclosedFile {
        fact: drawing.place,
        attachment: attachment.id,
        bytes: attachment.length,
        sha256: attachment.sha256.clone(),
    });
    check_size(&drawing.enclosed)?;
    let called = fact.file_name.as_ref().map(|name| format!(" \"{name}\"")).unwrap_or_default();
    drawing.warnings.push(format!(
        "the document{called} ({} bytes) leaves whole: everything in it, not only what is stated here",
        attachment.length
    ));
    if let Some(batch) = &found.statement {
        drawing.warnings.push(format!(
            "that document is the bank's own statement (import {}): EVERY ROW, every balance and every account \
             number in it leaves; by its digest alone it can be recognised without them",
            batch.id.0
        ));
    }
    Ok(())
}

fn file_name(found: &Found, name: &DocumentName, media_type: &str) -> Result<Option<String>, VaultError> {
    let stem = match (&found.statement, &found.attachment) {
        (Some(_), _) => "statement",
        (None, Some(file)) if matches!(file.target, AttachmentTarget::Transaction(_)) => "receipt",
        _ => "document",
    };
    let unusable = |name: &str| {
        VaultError::Invalid(format!("\"{name}\" is no file name of 1 to 255 bytes without a folder"))
    };
    Ok(match name {
        DocumentName::Withheld => None,
        DocumentName::Neutral => Some(neutral_file_name(stem, media_type)),
        DocumentName::Own => {
            let batch_name = found.statement.as_ref().map(|batch| batch.file_name.as_str());
            let own = found.attachment.as_ref().map(|file| file.name.as_str()).or(batch_name);
            own.and_then(DocumentFact::file_name_from)
        }
        DocumentName::Given(text) => Some(DocumentFact::file_name_from(text).ok_or_else(|| unusable(text))?),
    })
}

/// The media type of a statement's format.
fn media_type_of_format(format: &str) -> &'static str {
    match format {
        "csv" => "text/csv",
        "ofx1" | "ofx2" => "application/x-ofx",
        "camt" => "application/xml",
        "mt940" => "text/plain",
        "qif" => "application/qif",
        _ => "application/octet-stream",
    }
}
