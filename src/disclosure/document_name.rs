//! Names of documents: one that tells nothing, for the sender; one that is safe to write, for the recipient.
//!
//! A name in a token is the sender's choice. Before a recipient's program writes a file under it, it must not lead out
//! of a folder, hide the file, name a device, pass for an option of a command, or promise another kind of file than
//! the fact does.

use super::fact::DocumentFact;

/// The longest stem of a name that is written, in bytes; with an ending it fits every file system.
const MAX_STEM_LEN: usize = 120;
/// The longest ending that counts as one.
const MAX_ENDING_LEN: usize = 10;

/// What kinds of file end in; the first ending is the one that is given.
const ENDINGS: &[(&str, &[&str])] = &[
    ("application/pdf", &["pdf"]),
    ("image/png", &["png"]),
    ("image/jpeg", &["jpg", "jpeg"]),
    ("text/plain", &["txt", "text", "md", "log"]),
    ("text/csv", &["csv"]),
    ("application/x-ofx", &["ofx", "qfx"]),
];

/// Names under which Windows keeps devices.
const DEVICES: [&str; 4] = ["con", "prn", "aux", "nul"];

fn endings(media_type: &str) -> &'static [&'static str] {
    ENDINGS.iter().find(|(known, _)| *known == media_type).map_or(&[], |(_, endings)| endings)
}

/// A name that tells no more than the kind of file: `receipt.pdf`.
pub fn neutral_file_name(stem: &str, media_type: &str) -> String {
    format!("{stem}.{}", endings(media_type).first().unwrap_or(&"bin"))
}

/// The name under which a recipient can write a document: the fact's own, made safe, or `document-3.pdf` where
/// nothing of it can stay. `number` is the place of the document, from 1.
pub fn safe_file_name(fact: &DocumentFact, number: usize) -> String {
    let fallback = || neutral_file_name(&format!("document-{number}"), &fact.media_type);
    let Some(name) = fact.file_name.as_deref() else { return fallback() };
    let name: String = name.chars().map(|c| if is_safe(c) { c } else { '_' }).collect();
    // Dots, hyphens and spaces at either end hide a file, make it an option, or vanish on some systems.
    let name = name.trim_matches(['.', '-', ' ', '_', '~']);
    let (stem, ending) = match name.rsplit_once('.') {
        Some((stem, ending)) if is_ending(ending) => (stem, Some(ending)),
        _ => (name, None),
    };
    let stem = shortened(stem.trim_end_matches(['.', ' ']));
    let before_dot = stem.split('.').next().unwrap_or_default().trim_end().to_ascii_lowercase();
    if stem.is_empty() || is_device(&before_dot) {
        return fallback();
    }
    let allowed = endings(&fact.media_type);
    match (ending, allowed.first()) {
        (Some(ending), None) => format!("{stem}.{ending}"),
        (Some(ending), Some(_)) if allowed.contains(&ending.to_ascii_lowercase().as_str()) => {
            format!("{stem}.{ending}")
        }
        (Some(ending), Some(right)) => format!("{stem}.{ending}.{right}"),
        (None, Some(right)) => format!("{stem}.{right}"),
        (None, None) => stem.to_owned(),
    }
}

/// Letters, digits and the signs that no shell and no file system takes for something else.
fn is_safe(c: char) -> bool {
    c.is_alphanumeric() || matches!(c, ' ' | '.' | '-' | '_' | ',' | '+' | '(' | ')' | '@')
}

fn is_ending(text: &str) -> bool {
    (1..=MAX_ENDING_LEN).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_alphanumeric())
}

fn is_device(stem: &str) -> bool {
    let numbered = |prefix: &str| stem.strip_prefix(prefix).is_some_and(|rest| rest.chars().count() == 1);
    DEVICES.contains(&stem) || numbered("com") || numbered("lpt")
}

/// As much of a text as [`MAX_STEM_LEN`] bytes hold.
fn shortened(text: &str) -> &str {
    let end = (0..=text.len().min(MAX_STEM_LEN)).rev().find(|at| text.is_char_boundary(*at)).unwrap_or(0);
    text.get(..end).unwrap_or_default().trim_end()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::disclosure::{Evidence, FileDigest, Selection};
    use proptest::prelude::*;
    use std::path::{Component, Path};

    fn fact(name: Option<&str>, media_type: &str) -> DocumentFact {
        DocumentFact {
            sha256: FileDigest::from_bytes([0; 32]),
            media_type: media_type.to_owned(),
            file_name: name.map(str::to_owned),
            selection: Selection::default(),
            evidence: Evidence::new(Vec::new(), true),
        }
    }

    #[test]
    fn names_become_safe_and_keep_what_they_can() {
        for (name, media_type, expected) in [
            (Some("receipt.pdf"), "application/pdf", "receipt.pdf"),
            (Some("Beleg März (2).PDF"), "application/pdf", "Beleg März (2).PDF"),
            (Some("receipt.exe"), "application/pdf", "receipt.exe.pdf"),
            (Some("photo"), "image/jpeg", "photo.jpg"),
            (Some("data.xlsx"), "application/octet-stream", "data.xlsx"),
            (Some("../../etc/passwd"), "text/plain", "etc_passwd.txt"),
            (Some("..\\boot.ini"), "text/plain", "boot.ini.txt"),
            (Some(".bashrc"), "text/plain", "bashrc.txt"),
            (Some("-rf"), "text/plain", "rf.txt"),
            (Some("NUL.txt"), "text/plain", "document-3.txt"),
            (Some("com1"), "application/octet-stream", "document-3.bin"),
            (Some(".."), "application/pdf", "document-3.pdf"),
            (Some("a\u{202e}b\n.pdf"), "application/pdf", "a_b_.pdf"),
            (None, "image/png", "document-3.png"),
        ] {
            assert_eq!(safe_file_name(&fact(name, media_type), 3), expected, "{name:?}");
        }
    }

    proptest! {
        #[test]
        fn no_name_leads_out_of_the_folder(name in "\\PC{0,300}", kind in 0usize..7) {
            let media_type = ENDINGS.get(kind).map_or("application/octet-stream", |(known, _)| known);
            let safe = safe_file_name(&fact(Some(&name), media_type), 1);
            let parts: Vec<Component<'_>> = Path::new(&safe).components().collect();
            prop_assert!(matches!(parts.as_slice(), [Component::Normal(_)]), "{:?}", safe);
            prop_assert!(safe.len() < 200 && !safe.starts_with(['.', '-']) && !safe.contains(['/', '\\', ':']));
        }
    }
}
