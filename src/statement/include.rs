//! Books that are spread over several files: what they include is put in its place, and one text is read.
//!
//! Readers take bytes and know no folders. [`put_together`] asks an [`IncludedFiles`] for what a journal or a Beancount file
//! includes and gives one text that stands alone here: its digest covers every file, and kept as a source it is the whole
//! evidence. Comments mark where each file begins and ends, so that directives end with their file and a refusal names the
//! file and the line in it. To other programs these are comments: they carry directives on past the end of a file.

use super::{
    Format, StatementError, StatementErrorKind, Warning, beancount, detect, encoding, journal, problem,
};
use encoding_rs::WINDOWS_1252;
use std::collections::BTreeSet;

/// How deep files may include others.
pub const MAX_INCLUDE_DEPTH: usize = 16;
/// How many files may be included in all.
pub const MAX_INCLUDED_FILES: usize = 4096;
/// How long the files may be together, in bytes.
pub const MAX_TOGETHER_BYTES: usize = 256 << 20;

/// The first line of a text that was put together; the word behind it names the language.
const HEADING: &str = ";finvault-put-together ";
const BEGINS: &str = ";finvault-include-begins ";
const ENDS: &str = ";finvault-include-ends, back on line ";

/// Where included files come from. Names are paths from the folder of the first file, with `/` between their parts.
pub trait IncludedFiles {
    /// The files that an include means, in the order in which they are read, without the including file itself where
    /// `written` is a pattern. `from` is the including file's name.
    ///
    /// # Errors
    /// [`IncludeError`]: never an empty list.
    fn find(&self, from: &str, written: &str) -> Result<Vec<String>, IncludeError>;

    /// Reads a file that was found, of at most so many bytes.
    ///
    /// # Errors
    /// [`IncludeError`], where it is longer too.
    fn read(&self, name: &str, most_bytes: usize) -> Result<Vec<u8>, IncludeError>;
}

/// Why a file is not included.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum IncludeError {
    /// It lies outside the folder of the first file, or a symbolic link leads there.
    #[error("the included file lies outside the folder of the file that was named, so it is not read")]
    Outside,
    /// There is none.
    #[error("the included file is not there")]
    NotThere,
    /// No file fits a pattern.
    #[error("no file fits the pattern")]
    NoneFits,
    /// A pattern of a kind that is not followed.
    #[error("patterns are followed where they consist of * and ? within names")]
    Pattern,
    /// A folder, or no plain file.
    #[error("what is included is no plain file")]
    NotAFile,
    /// A name that cannot be shown.
    #[error("the name of an included file holds characters that are no text")]
    Name,
    /// More than can be read together.
    #[error("the files are longer together than {} MiB", MAX_TOGETHER_BYTES >> 20)]
    TooLong,
    /// The system's own words.
    #[error("the included file cannot be read: {0}")]
    Unreadable(String),
}

impl IncludeError {
    fn remedy(&self) -> &'static str {
        match self {
            Self::Outside => {
                "move it below that folder, or name a file further up: nothing beside it is read"
            }
            Self::NotThere | Self::NoneFits => "the path counts from the folder of the file that includes it",
            Self::Pattern => "write the include with * and ? alone, or name the files",
            Self::NotAFile => "name a file, or a pattern such as \"folder/*.journal\"",
            Self::Name => "rename the file",
            Self::TooLong => "import the files one by one, or split the book by years",
            Self::Unreadable(_) => "check the file and its permissions",
        }
    }
}

/// A line that includes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Include {
    pub line: u32,
    /// The path or pattern.
    pub written: String,
}

/// What a line of a text that was put together says of files.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Boundary<'a> {
    Begins(&'a str),
    Ends(u32),
}

impl<'a> Boundary<'a> {
    /// The boundary that a line is, if it is one.
    pub fn of(line: &'a str) -> Option<Self> {
        let line = line.trim_end();
        if let Some(name) = line.strip_prefix(BEGINS) {
            return Some(Self::Begins(name));
        }
        line.strip_prefix(ENDS).and_then(|number| number.parse().ok()).map(Self::Ends)
    }
}

/// The language of a text that was put together.
pub(super) fn language_of(text: &str) -> Option<Format> {
    let word = text.strip_prefix(HEADING)?.split(['\r', '\n']).next()?;
    [Format::Journal, Format::Beancount].into_iter().find(|format| format.as_str() == word)
}

/// Whether a text was put together.
pub(super) fn is_put_together(text: &str) -> bool {
    language_of(text).is_some()
}

/// The text without the line that says that it was put together.
pub(super) fn without_heading(text: &str) -> &str {
    if is_put_together(text) { text.split_once('\n').map_or("", |(_, rest)| rest) } else { text }
}

/// Puts a journal or a Beancount file together with all that it includes, and gives the text to read in its place; none where
/// nothing is included. `first` is the file's own name in its folder; `format` what it is to be read as, where that is told.
///
/// # Errors
/// [`StatementError`] that names the including file and line: a file that is missing, outside, too long, or includes itself.
///
/// ```
/// use finvault::statement::include::{IncludeError, IncludedFiles, put_together};
/// use finvault::statement::{ReadOptions, read};
///
/// struct Folder;
/// impl IncludedFiles for Folder {
///     fn find(&self, _from: &str, written: &str) -> Result<Vec<String>, IncludeError> {
///         if written == "2026.journal" { Ok(vec![written.to_owned()]) } else { Err(IncludeError::NotThere) }
///     }
///     fn read(&self, _name: &str, _most_bytes: usize) -> Result<Vec<u8>, IncludeError> {
///         Ok(b"2026-01-02 Cafe\n    Assets:Cash  -4.50 EUR\n    Expenses:Food\n".to_vec())
///     }
/// }
///
/// let whole = put_together("main.journal", b"include 2026.journal\n", None, &Folder)?.expect("it includes");
/// assert_eq!(read(&whole, &ReadOptions::default())?.statements[0].rows.len(), 1);
/// # Ok::<(), finvault::statement::StatementError>(())
/// ```
pub fn put_together(
    first: &str,
    bytes: &[u8],
    format: Option<Format>,
    files: &dyn IncludedFiles,
) -> Result<Option<Vec<u8>>, StatementError> {
    // What is wrong with the file itself is said by whoever reads it.
    let Some(language) = format.or_else(|| detect(bytes).ok()) else { return Ok(None) };
    if !matches!(language, Format::Journal | Format::Beancount) {
        return Ok(None);
    }
    let Ok(text) = encoding::decode(bytes, None, |_| WINDOWS_1252) else { return Ok(None) };
    if !text.contains("include") || !includes(language, &text).is_ok_and(|found| !found.is_empty()) {
        return Ok(None);
    }
    let mut together = Together {
        language,
        files,
        out: format!("{HEADING}{}\n", language.as_str()),
        open: Vec::new(),
        seen: BTreeSet::new(),
        count: 0,
    };
    together.add(first, &text)?;
    Ok(Some(together.out.into_bytes()))
}

fn includes(language: Format, text: &str) -> Result<Vec<Include>, StatementError> {
    match language {
        Format::Beancount => beancount::includes(text),
        _ => Ok(journal::includes(text)),
    }
}

struct Together<'f> {
    language: Format,
    files: &'f dyn IncludedFiles,
    out: String,
    /// The files that are being read, the first one first.
    open: Vec<String>,
    seen: BTreeSet<String>,
    count: usize,
}

impl Together<'_> {
    fn add(&mut self, name: &str, text: &str) -> Result<(), StatementError> {
        let is_first = self.open.is_empty();
        let inside =
            |error: StatementError| StatementError { included: (!is_first).then(|| name.into()), ..error };
        if let Some((number, line)) = (1..).zip(text.lines()).find(|(_, line)| is_mark(line)) {
            let message =
                "the file was put together from several already, and includes or is included once more";
            let remedy = "include the files that it was put together from";
            let error = problem::on_line(StatementErrorKind::Malformed, number, line, message, remedy);
            return Err(inside(error));
        }
        let mut pending = includes(self.language, text).map_err(inside)?.into_iter().peekable();
        self.open.push(name.to_owned());
        self.seen.insert(name.to_owned());
        for (number, line) in (1u32..).zip(text.split_inclusive('\n')) {
            match pending.next_if(|include| include.line == number) {
                Some(include) => self.include(name, &include, line, &inside)?,
                None => self.out.push_str(line),
            }
        }
        if !self.out.ends_with('\n') {
            self.out.push('\n');
        }
        self.open.pop();
        Ok(())
    }

    fn include(
        &mut self,
        from: &str,
        include: &Include,
        line: &str,
        inside: &dyn Fn(StatementError) -> StatementError,
    ) -> Result<(), StatementError> {
        let refuse = |kind, message: String, remedy: &str| {
            inside(problem::on_line(kind, include.line, line, message, remedy))
        };
        let refused = |error: IncludeError| {
            let kind = match error {
                IncludeError::TooLong => StatementErrorKind::TooLarge,
                _ => StatementErrorKind::Malformed,
            };
            refuse(kind, error.to_string(), error.remedy())
        };
        if is_of_other_format(&include.written) {
            let message = "what is included is no journal but data that hledger reads by other rules";
            let remedy = "let hledger print it as a journal and include that, or import it by itself";
            return Err(refuse(StatementErrorKind::Malformed, message.to_owned(), remedy));
        }
        for name in self.files.find(from, &include.written).map_err(refused)? {
            if name.chars().any(char::is_control) {
                return Err(refused(IncludeError::Name));
            }
            let shown = problem::excerpt(&name);
            if self.open.contains(&name) {
                let message = format!("\"{shown}\" includes itself, through this line");
                return Err(refuse(StatementErrorKind::Malformed, message, "take one of the includes out"));
            }
            // Beancount reads no file twice and says so; hledger and ledger do as they are told.
            if self.language == Format::Beancount && self.seen.contains(&name) {
                let message =
                    format!("\"{shown}\" is included a second time, which would double what is in it");
                return Err(refuse(StatementErrorKind::Malformed, message, "take one of the includes out"));
            }
            if self.open.len() > MAX_INCLUDE_DEPTH {
                let message = format!("files are included more than {MAX_INCLUDE_DEPTH} deep");
                return Err(refuse(StatementErrorKind::TooLarge, message, "include them from fewer files"));
            }
            self.count += 1;
            if self.count > MAX_INCLUDED_FILES {
                let message = format!("more than {MAX_INCLUDED_FILES} files are included");
                return Err(refuse(StatementErrorKind::TooLarge, message, "import the book in parts"));
            }
            let left = MAX_TOGETHER_BYTES.saturating_sub(self.out.len());
            let bytes = self.files.read(&name, left).map_err(refused)?;
            let text = encoding::decode(&bytes, None, |_| WINDOWS_1252)
                .map_err(|error| StatementError { included: Some(name.as_str().into()), ..error })?;
            if text.len() > left {
                return Err(refused(IncludeError::TooLong));
            }
            self.out.push_str(&format!("{BEGINS}{name}\n"));
            self.add(&name, &text)?;
            self.out.push_str(&format!("{ENDS}{}\n", include.line));
        }
        Ok(())
    }
}

fn is_mark(line: &str) -> bool {
    line.starts_with(HEADING) || Boundary::of(line).is_some()
}

/// What hledger includes as something else than a journal, by a word before the path or by the name's end.
fn is_of_other_format(written: &str) -> bool {
    const ENDS: [&str; 7] = [".csv", ".tsv", ".ssv", ".rules", ".timeclock", ".timedot", ".td"];
    const WORDS: [&str; 6] = ["csv:", "tsv:", "ssv:", "rules:", "timeclock:", "timedot:"];
    let lower = written.to_ascii_lowercase();
    ENDS.iter().any(|end| lower.ends_with(end)) || WORDS.iter().any(|word| lower.starts_with(word))
}

/// The file that a line of a text is of, and its number in that file; no file for the first one.
fn place(text: &str, line: u32) -> (Option<&str>, u32) {
    let mut open: Vec<(Option<&str>, u32)> = vec![(None, 0)];
    for (number, text) in (1u32..=line).zip(text.lines()) {
        match Boundary::of(text) {
            Some(Boundary::Begins(name)) => open.push((Some(name), 0)),
            Some(Boundary::Ends(back)) => {
                if open.len() > 1 {
                    open.pop();
                }
                if let Some((_, at)) = open.last_mut() {
                    *at = back;
                }
            }
            // The heading is no line of any file.
            None if number == 1 => {}
            None => {
                if let Some((_, at)) = open.last_mut() {
                    *at = at.saturating_add(1);
                }
            }
        }
    }
    open.last().copied().unwrap_or((None, line))
}

/// Says a refusal's line as the file that it is in counts it.
pub(super) fn locate(error: StatementError, text: &str) -> StatementError {
    if error.line == 0 || !is_put_together(text) {
        return error;
    }
    let (file, line) = place(text, error.line);
    StatementError { included: file.map(Box::from), line, ..error }
}

/// Says where warnings are, as the files that they are in count lines.
pub(super) fn locate_warnings(warnings: &mut [Warning], text: &str) {
    if !is_put_together(text) {
        return;
    }
    for warning in warnings.iter_mut().filter(|warning| warning.line > 0) {
        let (file, line) = place(text, warning.line);
        match file {
            Some(file) => {
                let said = &warning.text;
                warning.text = format!("{}, line {line}: {said}", problem::excerpt(file));
                warning.line = 0;
            }
            None => warning.line = line,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeMap;

    struct Files(BTreeMap<&'static str, &'static str>);

    impl IncludedFiles for Files {
        fn find(&self, _: &str, written: &str) -> Result<Vec<String>, IncludeError> {
            self.0.contains_key(written).then(|| vec![written.to_owned()]).ok_or(IncludeError::NotThere)
        }

        fn read(&self, name: &str, _: usize) -> Result<Vec<u8>, IncludeError> {
            self.0.get(name).map(|text| text.as_bytes().to_vec()).ok_or(IncludeError::NotThere)
        }
    }

    fn together(first: &str, files: &[(&'static str, &'static str)]) -> Result<String, StatementError> {
        let files = Files(files.iter().copied().collect());
        let whole = put_together("main", first.as_bytes(), Some(Format::Journal), &files)?;
        Ok(String::from_utf8(whole.unwrap_or_default()).unwrap())
    }

    #[test]
    fn every_line_knows_its_file() {
        let whole =
            together("; a\ninclude b\n; c\ninclude d\n; e", &[("b", "; b1\ninclude d\n; b3"), ("d", "; d1")]);
        let whole = whole.unwrap();
        let places: Vec<String> = (1u32..)
            .zip(whole.lines())
            .filter(|(_, line)| line.starts_with("; "))
            .map(|(number, line)| {
                let (file, at) = place(&whole, number);
                format!("{line} {} {at}", file.unwrap_or("-"))
            })
            .collect();
        assert_eq!(places, ["; a - 1", "; b1 b 1", "; d1 d 1", "; b3 b 3", "; c - 3", "; d1 d 1", "; e - 5"]);
    }

    #[test]
    fn what_is_in_comments_is_not_included_and_circles_are_refused() {
        assert_eq!(together("comment\ninclude b\nend comment\n; include b\n", &[]).unwrap(), "");
        let error = together("include b\n", &[("b", "; x\ninclude c\n"), ("c", "include b\n")]).unwrap_err();
        assert_eq!((error.included.as_deref(), error.line), (Some("c"), 1));
        assert!(error.message.contains("\"b\" includes itself"), "{}", error.message);
        assert!(together("include main\n", &[("main", "")]).is_err());
        assert!(together("include b\n", &[("b", ";finvault-include-ends, back on line 3\n")]).is_err());
        assert!(together("include b.csv\n", &[("b.csv", "")]).is_err());
    }
}
