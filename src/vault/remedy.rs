//! What the owner can do about a failure, and which class of failure it is.

use super::{ErrorClass, VaultError};
use crate::crypto::KdfError;
use crate::store::StoreError;
use crate::vfs::VfsError;

impl VaultError {
    /// Which class of failure this is.
    pub fn class(&self) -> ErrorClass {
        match self {
            Self::File(error) => class_of_file(error),
            Self::Store(error) => match error {
                StoreError::Vfs(error) => class_of_file(error),
                StoreError::Busy => ErrorClass::Busy,
                StoreError::Corrupt(_) | StoreError::Unreadable { .. } => ErrorClass::Damaged,
                StoreError::Taken { .. } => ErrorClass::Input,
                _ => ErrorClass::Failed,
            },
            Self::Log(_) | Self::AttachmentDamaged(_) | Self::Older { .. } => ErrorClass::Damaged,
            Self::AttachmentRead(_) | Self::AttachmentWrite(_) => ErrorClass::Failed,
            Self::Refused(_) | Self::NotAllowed(_) => ErrorClass::Refused,
            Self::Randomness | Self::Deliver(_) | Self::Write(_) | Self::Sealing(_) => ErrorClass::Failed,
            Self::AllSuppressed { .. } | Self::Unanswerable(_) | Self::Reconciled(_) => ErrorClass::Refused,
            Self::Statement { .. }
            | Self::NeedsAccount { .. }
            | Self::OtherAccount { .. }
            | Self::OtherCurrency { .. }
            | Self::NoSuchAccount { .. }
            | Self::AmbiguousAccount { .. }
            | Self::NoSuchTransaction(_)
            | Self::NoSuchImport(_)
            | Self::NotReconciled { .. }
            | Self::NoTransfer { .. }
            | Self::NotInTransfer { .. }
            | Self::NoSuchCategory { .. }
            | Self::AmbiguousCategory { .. }
            | Self::CategoryInUse { .. }
            | Self::Category(_)
            | Self::NoSuchRule(_)
            | Self::Rule(_)
            | Self::Profile(_)
            | Self::NoSuchProfile { .. }
            | Self::Tag(_)
            | Self::Split(_)
            | Self::IsSplit(_)
            | Self::NoSuchAttachment(_)
            | Self::AttachmentTooLarge { .. }
            | Self::NoReceipt(_)
            | Self::AmbiguousReceipt { .. }
            | Self::DocumentGone { .. }
            | Self::StatementNotKept(_)
            | Self::DocumentsTooLarge { .. }
            | Self::NotInProfile(_)
            | Self::NoSuchRecipient { .. }
            | Self::NoSuchDisclosure(_)
            | Self::NoSuchDraft(_)
            | Self::Invalid(_)
            | Self::Currency(_)
            | Self::Money(_)
            | Self::NoData { .. }
            | Self::RecipientKey(_) => ErrorClass::Input,
        }
    }

    /// What to do about it, in a sentence or two; none where there is nothing to add.
    pub fn remedy(&self) -> Option<String> {
        match self {
            Self::File(error) => remedy_for_file(error),
            Self::Store(error) => remedy_for_store(error),
            Self::Statement { error, .. } => Some(error.remedy.clone()),
            Self::Older { .. } => Some(
                "if you put this copy there yourself, accept it with: finvault check --accept-older\nif not, somebody \
                 or something (a synchronisation service, a restored disk) did: look for the newer file first"
                    .to_owned(),
            ),
            Self::NeedsAccount { .. } => Some(
                "name the account it belongs to with --account, and give --remember so that files of this kind are \
                 its own from then on"
                    .to_owned(),
            ),
            Self::OtherAccount { .. } => Some(
                "leave --account out to let the file find its own account, or name the account it is of; where that \
                 account has this number too, say so with --remember"
                    .to_owned(),
            ),
            Self::OtherCurrency { expected, .. } => Some(format!(
                "an account holds one currency: make another account, or give the amount in {expected}"
            )),
            Self::NoSuchAccount { known, .. } => Some(known_names("account", "finvault account add", known)),
            Self::NoSuchRecipient { known, .. } => {
                Some(known_names("recipient", "finvault recipient add", known))
            }
            Self::AmbiguousAccount { candidates, .. } | Self::AmbiguousCategory { candidates, .. } => {
                Some(format!("write out which one: {}", quoted(candidates)))
            }
            Self::NoSuchTransaction(_) => Some("see the numbers with: finvault tx list".to_owned()),
            Self::NoSuchImport(_) => Some("see the numbers with: finvault imports list".to_owned()),
            Self::Reconciled(_) => Some(
                "its day, amount and words are settled: give --reconciled to change it all the same, or open the days \
                 again with: finvault reconcile --account ACCOUNT --reopen DAY"
                    .to_owned(),
            ),
            Self::NotReconciled { gaps, .. } => Some(if gaps.is_empty() {
                "compare the rows with the bank's: finvault report register --account ACCOUNT".to_owned()
            } else {
                gaps.join("\n")
            }),
            Self::NoTransfer { .. } => None,
            Self::NotInTransfer { .. } => Some("see them with: finvault transfer list".to_owned()),
            Self::NoSuchCategory { .. } => Some("see the names with: finvault category list".to_owned()),
            Self::Rule(_) => Some("see what makes a rule with: finvault rule add --help".to_owned()),
            Self::Profile(_) => {
                Some("see \"finvault import --help\" for what a profile looks like".to_owned())
            }
            Self::NoSuchProfile { known, .. } if known.is_empty() => {
                Some("you keep none; those that come with finvault stay".to_owned())
            }
            Self::NoSuchProfile { known, .. } => Some(format!("the profiles are {}", known.join(", "))),
            Self::NoSuchRule(_) => Some("see the numbers with: finvault rule list".to_owned()),
            Self::CategoryInUse { .. } => Some("say where they go with --move-to".to_owned()),
            Self::IsSplit(id) => Some(format!("join it first with: finvault tx split {} --clear", id.0)),
            Self::NoSuchAttachment(_) => Some("see the numbers with: finvault attach list".to_owned()),
            Self::NoReceipt(id) => Some(format!("attach it with: finvault attach add FILE --tx {}", id.0)),
            Self::AmbiguousReceipt { candidates, .. } => {
                Some(format!("name one of them with --attachment: {}", candidates.join(", ")))
            }
            Self::DocumentGone { .. } => {
                Some("attach the same file again with finvault attach add, or disclose another".to_owned())
            }
            Self::StatementNotKept(id) => Some(format!(
                "keep it with: finvault attach add FILE --import {}, or leave --enclose out and state its digest",
                id.0
            )),
            Self::DocumentsTooLarge { .. } => Some(
                "state it by its digest alone with --digest-only, and send the file another way".to_owned(),
            ),
            Self::NotInProfile(fields) => {
                let options: Vec<String> = fields.iter().map(|field| format!("--{field} TEXT")).collect();
                Some(format!("set it with: finvault profile set {}", options.join(" ")))
            }
            Self::AttachmentDamaged(_) => Some("restore the vault from a backup".to_owned()),
            Self::NoSuchDisclosure(_) => Some("see the numbers with: finvault disclosure list".to_owned()),
            Self::NoSuchDraft(_) => Some("see the numbers with: finvault disclosure drafts".to_owned()),
            Self::NoData { day, known_from, .. } => Some(match known_from {
                Some(known) if day < known => {
                    format!("the vault knows this account from {known} on; import older statements first")
                }
                Some(_) => format!("import a statement that covers {day} first, or ask about earlier days"),
                None => "import a statement of this account first".to_owned(),
            }),
            Self::Unanswerable(whys) => Some(whys.join("\n")),
            Self::AllSuppressed { safe, .. } => Some(if safe.is_empty() {
                "ask about more days, so that each total is of more transactions".to_owned()
            } else {
                format!("safe would be: {}", safe.join(", or "))
            }),
            Self::Currency(_) => Some(
                "use a code of ISO 4217 such as EUR, or define a commodity of your own by giving its digits"
                    .to_owned(),
            ),
            Self::RecipientKey(_) => {
                Some("a key begins with age1 or with ssh-ed25519; copy it whole, on one line".to_owned())
            }
            Self::Log(_) => Some(
                "somebody or something changed the log; compare with a backup before trusting this vault"
                    .to_owned(),
            ),
            Self::Refused(refusal) => Some(refusal.explanation()),
            Self::Deliver(_) => Some("nothing was disclosed and nothing was logged".to_owned()),
            Self::Money(_)
            | Self::Invalid(_)
            | Self::Category(_)
            | Self::Tag(_)
            | Self::Split(_)
            | Self::AttachmentTooLarge { .. }
            | Self::AttachmentRead(_)
            | Self::AttachmentWrite(_)
            | Self::Write(_)
            | Self::Randomness
            | Self::Sealing(_) => None,
            Self::NotAllowed(_) => {
                Some("ask for less, or change what you allow; nothing was signed".to_owned())
            }
        }
    }
}

fn class_of_file(error: &VfsError) -> ErrorClass {
    match error {
        VfsError::WrongSecret => ErrorClass::WrongSecret,
        VfsError::Damaged(_) | VfsError::HostileKdf(_) => ErrorClass::Damaged,
        VfsError::Busy { .. } => ErrorClass::Busy,
        VfsError::SlotsFull | VfsError::NoSuchSlot { .. } | VfsError::LastSlot => ErrorClass::Input,
        VfsError::Kdf(KdfError::TooWeak { .. } | KdfError::TooCostly { .. }) => ErrorClass::Input,
        _ => ErrorClass::Failed,
    }
}

fn remedy_for_file(error: &VfsError) -> Option<String> {
    let text = match error {
        // What a passphrase should open and somebody altered cannot be told from another passphrase's.
        VfsError::WrongSecret => {
            "check the passphrase, or use the recovery code that was shown at init\nif you are sure of it, the file may have been tampered with: try the recovery code, or restore a backup"
        }
        VfsError::NotAVault { .. } => "check the path given with --vault or FINVAULT_VAULT",
        VfsError::NewerFormat { .. } => "update finvault",
        VfsError::Damaged(_) => "restore the vault from a backup; run finvault check to see what is damaged",
        VfsError::HostileKdf(_) => {
            "this header asks for more work than finvault ever sets; it was changed: restore it from a backup"
        }
        VfsError::Busy { .. } => "wait for the other program, or close it, and try again",
        VfsError::Exists { .. } => "name another place with --vault, or move the old vault away",
        VfsError::DiskFull { .. } => {
            "make room on the disk and try again; the vault is intact (a vault holds at most 15 GiB, which also counts as full)"
        }
        VfsError::ReadOnly { .. } => "make the vault and its folder writable and try again",
        VfsError::Io { source, .. } if source.kind() == std::io::ErrorKind::NotFound => {
            "make a vault with finvault init, or name its place with --vault"
        }
        VfsError::SlotsFull => "remove one that is not needed any more, with: finvault key remove N",
        VfsError::NoSuchSlot { .. } => "list them with: finvault key list",
        VfsError::LastSlot => "add another first, with: finvault key add",
        _ => return None,
    };
    Some(text.to_owned())
}

fn remedy_for_store(error: &StoreError) -> Option<String> {
    let text = match error {
        StoreError::Vfs(error) => return remedy_for_file(error),
        StoreError::NewerVault { .. } => "update finvault",
        StoreError::DiskFull => {
            "make room on the disk and try again; the vault is intact (a vault holds at most 15 GiB, which also counts as full)"
        }
        StoreError::NotSynced => {
            "make sure that the disk is sound, then open the vault again: all that was acknowledged is there, the change \
             that failed may be or not, and nothing more is written until then"
        }
        StoreError::ReadOnly => "make the vault and its folder writable and try again",
        StoreError::Busy => "wait for the other program, or close it, and try again",
        StoreError::Corrupt(_) | StoreError::Unreadable { .. } => {
            "run finvault check to see what is damaged, and restore the vault from a backup"
        }
        StoreError::Taken { .. } => "choose another name",
        StoreError::Sqlite(_) => return None,
    };
    Some(text.to_owned())
}

fn known_names(what: &str, how_to_add: &str, known: &[String]) -> String {
    if known.is_empty() {
        return format!("there is none yet; add one with: {how_to_add}");
    }
    format!("each {what} there is: {}", quoted(known))
}

fn quoted(names: &[String]) -> String {
    names.iter().map(|name| format!("\"{name}\"")).collect::<Vec<_>>().join(", ")
}
