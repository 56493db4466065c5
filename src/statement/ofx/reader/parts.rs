//! Reads a text whole, or part after part, carrying over what is known where one ends.

use super::super::super::text::{Text, Window};
use super::super::super::{ReadOptions, StatementError};
use super::super::Meter;
use super::super::fields::Part;
use super::super::survey::Survey;
use super::{LineCounter, Open, ReadText, Reader, Start};
use std::borrow::Cow;

/// Reads all statements of a text that is held.
///
/// # Errors
/// As [`super::read`].
pub(in super::super) fn read_held(
    text: &str,
    survey: &Survey,
    options: &ReadOptions,
    meter: &mut Meter<'_>,
) -> Result<ReadText, StatementError> {
    let mut reader = Reader::new(survey, options, Part { text, first_line: 1 });
    reader.part(meter, text.len())?;
    reader.finish()
}

/// Reads all statements of a long text, part after part as the survey cuts it. None where something that an early part
/// says is not settled when the next begins, so that the text must be held.
///
/// # Errors
/// As [`super::read`]; a file that cannot be read, or changes meanwhile.
pub(in super::super) fn read_parts(
    text: Text<'_>,
    survey: &Survey,
    options: &ReadOptions,
    meter: &mut Meter<'_>,
) -> Result<Option<ReadText>, StatementError> {
    let mut window = Window::new(text)?;
    let mut carried: Option<Reader<'_, 'static>> = None;
    for cut in survey.cuts.iter().copied().map(Some).chain([None]) {
        while !window.is_last() && cut.is_none_or(|cut| window.base() + window.text().len() < cut) {
            window.more(0)?;
        }
        let end = cut.map_or(window.text().len(), |cut| cut.saturating_sub(window.base()));
        let part = window.text().get(..end).unwrap_or_default();
        let done = text.len() + window.base();
        let mut reader = match carried.take() {
            Some(carried) => carried.within(part),
            None => Reader::new(survey, options, Part { text: part, first_line: 1 }),
        };
        reader.part(meter, done)?;
        if cut.is_none() {
            let read = reader.finish()?;
            window.finish()?;
            return Ok(Some(read));
        }
        match reader.carried() {
            Some(reader) => carried = Some(reader),
            None => return Ok(None),
        }
        window.more(end)?;
    }
    Ok(None)
}

impl<'s, 'a> Reader<'s, 'a> {
    /// All that is known at the end of a part; none where fields of it are not settled.
    fn carried(mut self) -> Option<Reader<'s, 'static>> {
        let first_line = self.lines.at(self.part.text, self.part.text.len());
        let is_settled =
            self.row.is_none() && self.investment.is_none() && self.balance.is_none() && self.held.is_empty();
        let draft = match self.draft.take() {
            Some(draft) => Some(draft.carried()?),
            None => None,
        };
        let stack = self.stack.iter().map(|open| Open {
            name: Cow::Owned(open.name.to_string()),
            aggregate: open.aggregate,
            line: open.line,
            start: Start::Before(open.shown(self.part)),
            held: 0,
        });
        let unread = self.unread.iter().map(|(line, name)| (*line, Cow::Owned(name.to_string())));
        is_settled.then(|| Reader {
            part: Part { text: "", first_line },
            survey: self.survey,
            options: self.options,
            lines: LineCounter::from_line(first_line),
            stack: stack.collect(),
            held: Vec::new(),
            institution: self.institution,
            draft,
            row: None,
            investment: None,
            balance: None,
            status: self.status,
            refusals: self.refusals,
            unread: unread.collect(),
            saw_root: self.saw_root,
            statements: self.statements,
            warnings: self.warnings,
            skipped: self.skipped,
        })
    }

    /// Goes on in the next part of the text.
    fn within(mut self, text: &'a str) -> Self {
        self.part.text = text;
        self
    }
}
