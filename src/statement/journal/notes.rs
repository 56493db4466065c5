//! Comments: of a journal that was written here, what they carry; of any other, words for the memo.

use super::lines::Line;
use crate::ledger::Tag;
use crate::statement::StatementError;
use crate::statement::book;
use crate::statement::write::journal::unnoted;

/// The longest memo that is put together from comments, in characters.
const MAX_MEMO_CHARS: usize = 1_000;

/// What the comments of an entry or a posting say.
#[derive(Debug, Clone, Default)]
pub(super) struct Notes {
    pub is_ours: bool,
    pub exact_payee: Option<String>,
    pub payee_raw: Option<String>,
    pub reference: Option<String>,
    pub bank_id: Option<String>,
    pub is_reconciled: bool,
    pub opening: Option<bool>,
    pub category: Option<String>,
    pub part_memo: Option<String>,
    pub tags: Vec<Tag>,
    exact_memo: Option<String>,
    words: String,
}

impl Notes {
    pub fn new(is_ours: bool) -> Self {
        Self { is_ours, ..Self::default() }
    }

    /// Takes a comment, without its semicolon.
    pub fn take(&mut self, line: Line<'_>, comment: Option<&str>) -> Result<(), StatementError> {
        let Some(comment) = comment.map(str::trim).filter(|comment| !comment.is_empty()) else {
            return Ok(());
        };
        if !self.is_ours {
            self.take_words(comment);
            return Ok(());
        }
        let Some((key, value)) = comment.split_once(": ") else { return Ok(()) };
        let value = unnoted(value).ok_or_else(|| {
            line.refuse("the value of the comment is cut short", "export the journal again")
        })?;
        match key {
            "exact-payee" => self.exact_payee = Some(value),
            "as-written" => self.payee_raw = Some(value),
            "memo" => self.exact_memo = Some(value),
            "reference" => self.reference = Some(value),
            "bank-id" => self.bank_id = Some(value),
            "status" => self.is_reconciled = value == "reconciled",
            "opening" => self.opening = Some(value == "derived"),
            "category" => {
                self.category = Some(book::category(line.number, line.text, &value)?.to_string());
            }
            "part-memo" => self.part_memo = Some(value),
            "tags" => {
                for word in value.split(' ').filter(|word| !word.is_empty()) {
                    self.tags.push(book::tag(line.number, line.text, word)?);
                }
            }
            _ => {}
        }
        Ok(())
    }

    fn take_words(&mut self, comment: &str) {
        let inner = comment.strip_prefix(':').and_then(|rest| rest.strip_suffix(':'));
        if let Some(names) = inner.filter(|names| !names.contains(char::is_whitespace)) {
            // What is no tag to us stays with the words.
            let tags: Vec<Tag> = names.split(':').filter_map(|name| Tag::parse(name).ok()).collect();
            if !tags.is_empty() {
                self.tags.extend(tags);
                return;
            }
        }
        if !self.words.is_empty() {
            self.words.push_str("; ");
        }
        self.words.push_str(&crate::statement::wording::clean(comment));
    }

    /// The memo.
    pub fn memo(&self) -> Option<String> {
        if self.is_ours {
            return self.exact_memo.clone();
        }
        Some(self.words.chars().take(MAX_MEMO_CHARS).collect::<String>()).filter(|words| !words.is_empty())
    }
}
