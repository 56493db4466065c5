//! How refusals are put together: the kind, the line, an excerpt that is safe to print, and a remedy.

use super::{Question, StatementError, StatementErrorKind};

/// The most characters an excerpt shows.
const EXCERPT_CHARS: usize = 80;

/// A refusal about the line that holds byte `offset` of `text`.
pub(super) fn at(
    kind: StatementErrorKind,
    text: &str,
    offset: usize,
    shown: &str,
    message: impl Into<String>,
    remedy: impl Into<String>,
) -> StatementError {
    on_line(kind, line_of(text, offset), shown, message, remedy)
}

/// A refusal about a known line.
pub(super) fn on_line(
    kind: StatementErrorKind,
    line: u32,
    shown: &str,
    message: impl Into<String>,
    remedy: impl Into<String>,
) -> StatementError {
    // A message may quote the file: what it quotes must not reach a terminal as an order.
    let message = message.into().replace(char::is_control, " ");
    StatementError {
        kind,
        message,
        line,
        excerpt: excerpt(shown),
        remedy: remedy.into(),
        question: None,
        included: None,
    }
}

impl StatementError {
    /// Says that an answer would let the file be read, and which option gives it.
    pub(super) fn asking(mut self, question: Question) -> Self {
        self.remedy = format!("say it with {}, or {}", question.option(), self.remedy);
        self.question = Some(question);
        self
    }

    /// Whether it is about one row, so that the rows around it can still be read.
    pub(super) const fn is_about_one_row(&self) -> bool {
        matches!(self.kind, StatementErrorKind::BadField | StatementErrorKind::Malformed) && self.line > 0
    }
}

/// A refusal about the whole file.
pub(super) fn whole_file(
    kind: StatementErrorKind,
    message: impl Into<String>,
    remedy: impl Into<String>,
) -> StatementError {
    on_line(kind, 0, "", message, remedy)
}

/// The text on one line, shortened, with control characters taken out so that printing it is safe.
pub(super) fn excerpt(shown: &str) -> String {
    let mut kept = String::new();
    let mut count = 0usize;
    let mut after_space = true;
    for c in shown.chars() {
        let is_space = c.is_whitespace() || c.is_control();
        if is_space && after_space {
            continue;
        }
        if count == EXCERPT_CHARS {
            kept.push('\u{2026}');
            break;
        }
        kept.push(if is_space { ' ' } else { c });
        count += 1;
        after_space = is_space;
    }
    kept.trim_end().to_owned()
}

/// The line, counted from 1, that holds byte `offset`. LF, CR LF and a lone CR each end a line.
pub(super) fn line_of(text: &str, offset: usize) -> u32 {
    let mut lines = LineCounter::default();
    lines.at(text, offset)
}

/// Counts lines forward through a text, so that asking for many offsets in order stays linear.
#[derive(Debug, Clone, Default)]
pub(super) struct LineCounter {
    counted_to: usize,
    breaks: u32,
}

impl LineCounter {
    /// Counts from a line on.
    pub(super) fn from_line(line: u32) -> Self {
        Self { counted_to: 0, breaks: line.saturating_sub(1) }
    }

    /// Makes offsets count from `passed` bytes further on.
    pub(super) fn shift(&mut self, passed: usize) {
        self.counted_to = self.counted_to.saturating_sub(passed);
    }

    /// The line that holds byte `offset`, which must not lie before the last one asked for.
    pub(super) fn at(&mut self, text: &str, offset: usize) -> u32 {
        let end = offset.min(text.len());
        if let Some(passed) = text.as_bytes().get(self.counted_to..end) {
            let mut breaks = passed.iter().filter(|byte| **byte == b'\n').count();
            if passed.contains(&b'\r') {
                // A CR ends a line unless it stands before an LF.
                let after = |index: usize| passed.get(index + 1).or_else(|| text.as_bytes().get(end));
                let is_end = |(index, byte): &(usize, &u8)| **byte == b'\r' && after(*index) != Some(&b'\n');
                breaks += passed.iter().enumerate().filter(is_end).count();
            }
            self.breaks = self.breaks.saturating_add(u32::try_from(breaks).unwrap_or(u32::MAX));
            self.counted_to = end;
        }
        self.breaks.saturating_add(1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kind_of_line_end_is_counted_once() {
        let text = "a\r\nb\rc\nd";
        let mut lines = LineCounter::default();
        let found: Vec<u32> = (0..=text.len()).map(|offset| lines.at(text, offset)).collect();
        assert_eq!(found, [1, 1, 1, 2, 2, 3, 3, 4, 4]);
        assert_eq!(line_of(text, 7), 4);
        assert_eq!(line_of(text, 700), 4);
    }

    #[test]
    fn an_excerpt_is_one_short_printable_line() {
        assert_eq!(excerpt("  <A>\t\u{1b}[31mx\r\n\r\ny "), "<A> [31mx y");
        assert_eq!(excerpt(&"x".repeat(200)).chars().count(), 81);
    }
}
