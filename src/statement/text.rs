//! The text of a statement: held whole, or read from its file a piece at a time, as often as it takes.
//!
//! What is in another encoding than UTF-8 is decoded on the way ([`transcode`]). A file may change while it is
//! read: its digest is taken when it is opened, and whoever reads it to the end for the last time compares.

mod transcode;

use super::encoding::MAX_FILE_BYTES;
use super::problem::{self, LineCounter};
use super::{StatementError, StatementErrorKind};
use encoding_rs::{Encoding, UTF_8};
use sha2::{Digest, Sha256};
use std::borrow::Cow;
use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom};
use transcode::Decoding;

/// How much is read at a time, in bytes. In unit tests little, so that short texts take several pieces.
const PIECE_BYTES: usize = if cfg!(test) { 4 * 1024 } else { 256 * 1024 };
/// How much of the beginning is kept for looking at, in bytes.
const HEAD_BYTES: usize = 64 * 1024;
/// The UTF-8 byte-order mark.
const BOM: &[u8] = b"\xef\xbb\xbf";

/// Where the bytes of a statement are.
#[derive(Debug, Clone, Copy)]
pub enum Content<'a> {
    /// In memory.
    Held(&'a [u8]),
    /// In a file that is read from its beginning as often as it takes. It must stay as it is meanwhile: where it does
    /// not, it is refused.
    File(&'a File),
}

impl Content<'_> {
    /// How many bytes there are, as far as is known.
    pub fn len(&self) -> u64 {
        match self {
            Self::Held(bytes) => bytes.len() as u64,
            Self::File(file) => file.metadata().map_or(0, |data| data.len()),
        }
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The beginning: at most 64 KiB.
    ///
    /// # Errors
    /// A file that cannot be read.
    pub fn head(&self) -> Result<Cow<'_, [u8]>, StatementError> {
        match self {
            Self::Held(bytes) => {
                Ok(Cow::Borrowed(bytes.get(..HEAD_BYTES.min(bytes.len())).unwrap_or_default()))
            }
            Self::File(file) => {
                let mut bytes = Vec::new();
                let mut head = from_start(file)?.take(HEAD_BYTES as u64);
                head.read_to_end(&mut bytes).map_err(|error| unreadable(&error))?;
                Ok(Cow::Owned(bytes))
            }
        }
    }

    /// All of it.
    ///
    /// # Errors
    /// A file that cannot be read. One that is longer than any statement is read so far that its length can be refused.
    pub fn whole(&self) -> Result<Cow<'_, [u8]>, StatementError> {
        match self {
            Self::Held(bytes) => Ok(Cow::Borrowed(bytes)),
            Self::File(file) => {
                let mut bytes = Vec::new();
                let mut all = from_start(file)?.take(MAX_FILE_BYTES as u64 + 1);
                all.read_to_end(&mut bytes).map_err(|error| unreadable(&error))?;
                Ok(Cow::Owned(bytes))
            }
        }
    }
}

/// A file of text that can be read in pieces.
#[derive(Debug)]
pub(super) struct TextFile<'a> {
    file: &'a File,
    encoding: &'static Encoding,
    /// The bytes of the text, as UTF-8: without a byte-order mark, and without padding after the last line.
    from: u64,
    to: u64,
    file_bytes: u64,
    sha256: [u8; 32],
    head: String,
}

/// The bytes of a file, as far as they are text.
#[derive(Debug)]
pub(super) enum Opened<'a> {
    /// It is UTF-8 and can be read in pieces.
    Text(TextFile<'a>),
    /// It is not: it is in another encoding, or none that can be read in pieces.
    Other,
}

impl<'a> TextFile<'a> {
    /// Reads a file once: whether it is UTF-8 without binary data, and its digest.
    ///
    /// # Errors
    /// A file that cannot be read, or is longer than any statement.
    pub fn open(file: &'a File) -> Result<Opened<'a>, StatementError> {
        let mut reader = from_start(file)?;
        let mut hash = Sha256::new();
        let mut piece = Vec::with_capacity(PIECE_BYTES + 4);
        let mut head = Vec::new();
        let (mut read, mut to) = (0_u64, 0_u64);
        let mut zero = None;
        loop {
            // What is left of the piece before is the beginning of a character.
            let left = piece.len();
            let count = fill(&mut reader, &mut piece)?;
            if count == 0 {
                if left > 0 {
                    return Ok(Opened::Other);
                }
                break;
            }
            let new = piece.get(left..).unwrap_or_default();
            hash.update(new);
            if head.len() < HEAD_BYTES {
                head.extend_from_slice(new);
            }
            // A DOS end-of-file mark and padding after the last line are harmless; NUL characters before it are not.
            if let Some(last) = new.iter().rposition(|byte| !matches!(byte, 0 | 0x1a)) {
                to = read + last as u64 + 1;
            }
            if zero.is_none() && new.contains(&0) {
                zero = new.iter().position(|byte| *byte == 0).map(|at| read + at as u64);
            }
            read += count as u64;
            if read > MAX_FILE_BYTES as u64 {
                return Ok(Opened::Other);
            }
            let whole = match std::str::from_utf8(&piece) {
                Ok(_) => piece.len(),
                Err(error) if error.error_len().is_none() => error.valid_up_to(),
                Err(_) => return Ok(Opened::Other),
            };
            piece.drain(..whole);
        }
        if zero.is_some_and(|zero| zero < to) {
            return Ok(Opened::Other);
        }
        let from = if head.starts_with(BOM) { BOM.len() as u64 } else { 0 };
        head.truncate(HEAD_BYTES);
        let head = String::from_utf8_lossy(head.get(from as usize..).unwrap_or_default()).into_owned();
        let sha256 = hash.finalize().into();
        let encoding = UTF_8;
        Ok(Opened::Text(Self { file, encoding, from, to: to.max(from), file_bytes: read, sha256, head }))
    }

    /// The encoding it is in.
    pub fn encoding(&self) -> &'static Encoding {
        self.encoding
    }

    /// The digest of all bytes of the file.
    pub fn sha256(&self) -> [u8; 32] {
        self.sha256
    }

    /// How many bytes the file has.
    pub fn file_bytes(&self) -> u64 {
        self.file_bytes
    }
}

/// A text, wherever it is.
#[derive(Debug, Clone, Copy)]
pub(super) enum Text<'t> {
    Held(&'t str),
    File(&'t TextFile<'t>),
}

impl<'t> From<&'t str> for Text<'t> {
    fn from(text: &'t str) -> Self {
        Self::Held(text)
    }
}

impl<'t> Text<'t> {
    /// How many bytes it has.
    pub fn len(self) -> usize {
        match self {
            Self::Held(text) => text.len(),
            Self::File(file) => usize::try_from(file.to - file.from).unwrap_or(usize::MAX),
        }
    }

    /// Its beginning: all of it where it is held.
    pub fn head(self) -> &'t str {
        match self {
            Self::Held(text) => text,
            Self::File(file) => &file.head,
        }
    }
}

/// A part of a text that moves forward through it: what lies before is forgotten.
pub(super) struct Window<'t> {
    text: Text<'t>,
    piece: String,
    /// Where the window begins, in bytes of the text.
    base: usize,
    reading: Option<Reading<'t>>,
}

/// A file on its way through a window.
struct Reading<'t> {
    reader: &'t File,
    hash: Sha256,
    /// Bytes that are read, and not text yet: the beginning of a character.
    raw: Vec<u8>,
    /// How many bytes of the file have been read.
    read: u64,
    /// What decodes them, where they are not UTF-8.
    decoding: Option<Decoding>,
}

impl<'t> Window<'t> {
    pub fn new(text: impl Into<Text<'t>>) -> Result<Self, StatementError> {
        let text = text.into();
        let reading = match text {
            Text::Held(_) => None,
            Text::File(file) => Some(Reading {
                reader: from_start(file.file)?,
                hash: Sha256::new(),
                raw: Vec::new(),
                read: 0,
                decoding: (file.encoding != UTF_8)
                    .then(|| Decoding::new(file.encoding, usize::try_from(file.from).unwrap_or(0))),
            }),
        };
        let mut window = Self { text, piece: String::new(), base: 0, reading };
        window.more(0)?;
        Ok(window)
    }

    /// What the window shows.
    pub fn text(&self) -> &str {
        match self.text {
            Text::Held(text) => text,
            Text::File(_) => &self.piece,
        }
    }

    /// Where the window begins, in bytes of the text.
    pub fn base(&self) -> usize {
        self.base
    }

    /// Whether it reaches to the end of the text.
    pub fn is_last(&self) -> bool {
        match self.text {
            Text::Held(_) => true,
            Text::File(_) => self.base + self.piece.len() >= self.text.len(),
        }
    }

    /// Forgets the first `passed` bytes and shows more at the end: at least as much again as it shows then.
    ///
    /// # Errors
    /// A file that cannot be read, or that has changed since it was opened.
    pub fn more(&mut self, passed: usize) -> Result<(), StatementError> {
        let Text::File(file) = self.text else { return Ok(()) };
        let passed = passed.min(self.piece.len());
        self.piece.drain(..passed);
        self.base += passed;
        let Some(reading) = &mut self.reading else { return Ok(()) };
        let aim = (self.piece.len() * 2).max(PIECE_BYTES);
        while self.piece.len() < aim {
            let count = reading.next()?;
            reading.give(file, count == 0, &mut self.piece)?;
            if count == 0 {
                break;
            }
        }
        // Padding after the last line, which is found out only where it has been decoded.
        let past_end = (self.base + self.piece.len()).saturating_sub(self.text.len());
        self.piece.truncate(self.piece.len().saturating_sub(past_end));
        if self.piece.len() < aim && self.base + self.piece.len() != self.text.len() {
            return Err(has_changed());
        }
        Ok(())
    }

    /// Reads what is left, and makes sure that all of it was what the file was when it was opened.
    ///
    /// # Errors
    /// As [`Window::more`].
    pub fn finish(mut self) -> Result<(), StatementError> {
        let (Text::File(file), Some(mut reading)) = (self.text, self.reading.take()) else { return Ok(()) };
        while reading.next()? > 0 {
            reading.raw.clear();
        }
        let digest: [u8; 32] = reading.hash.finalize().into();
        if digest == file.sha256 { Ok(()) } else { Err(has_changed()) }
    }
}

impl Reading<'_> {
    /// Reads on; gives how many bytes there were.
    fn next(&mut self) -> Result<usize, StatementError> {
        let before = self.raw.len();
        let count = fill(&mut self.reader, &mut self.raw)?;
        self.hash.update(self.raw.get(before..).unwrap_or_default());
        self.read += count as u64;
        Ok(count)
    }

    /// Adds what is text of the bytes that were read last.
    fn give(&mut self, file: &TextFile<'_>, is_last: bool, piece: &mut String) -> Result<(), StatementError> {
        if let Some(decoding) = &mut self.decoding {
            decoding.add(&self.raw, is_last, piece)?;
            self.raw.clear();
            return Ok(());
        }
        let start = self.read - self.raw.len() as u64;
        let within = |at: u64| usize::try_from(at.saturating_sub(start)).unwrap_or(usize::MAX);
        let (from, to) = (within(file.from).min(self.raw.len()), within(file.to).min(self.raw.len()));
        let bytes = self.raw.get(from..to).unwrap_or_default();
        let whole = match std::str::from_utf8(bytes) {
            Ok(_) => bytes.len(),
            Err(error) if error.error_len().is_none() => error.valid_up_to(),
            Err(_) => return Err(has_changed()),
        };
        let text = bytes.get(..whole).map(std::str::from_utf8);
        piece.push_str(text.and_then(Result::ok).unwrap_or_default());
        let used = if to < self.raw.len() { self.raw.len() } else { from + whole };
        self.raw.drain(..used);
        Ok(())
    }
}

/// The number of lines that end before byte `offset` of a text: for refusals, since it reads the text again.
pub(super) fn lines_before(text: Text<'_>, offset: usize) -> u32 {
    let Ok(mut window) = Window::new(text) else { return 0 };
    let mut lines = LineCounter::default();
    while window.base() + window.text().len() <= offset && !window.is_last() {
        let passed = pass_lines(&mut lines, window.text(), window.text().len());
        if window.more(passed).is_err() {
            return 0;
        }
    }
    lines.at(window.text(), offset.saturating_sub(window.base())).saturating_sub(1)
}

/// Lines counted through a window: see [`LineCounter`].
pub(super) fn pass_lines(lines: &mut LineCounter, window: &str, to: usize) -> usize {
    // The last byte stays: whether a CR ends a line, the byte after it tells.
    let passed = to.saturating_sub(1);
    lines.at(window, passed);
    lines.shift(passed);
    passed
}

fn from_start(file: &File) -> Result<&File, StatementError> {
    let mut start = file;
    start.seek(SeekFrom::Start(0)).map_err(|error| unreadable(&error))?;
    Ok(file)
}

/// Reads one piece to the end of `bytes`, and gives its length: 0 at the end of the file.
fn fill(reader: &mut &File, bytes: &mut Vec<u8>) -> Result<usize, StatementError> {
    reader.take(PIECE_BYTES as u64).read_to_end(bytes).map_err(|error| unreadable(&error))
}

fn unreadable(error: &io::Error) -> StatementError {
    problem::whole_file(
        StatementErrorKind::Unreadable,
        format!("the file cannot be read to its end: {error}"),
        "check the disk it is on, or copy it somewhere else first",
    )
}

fn has_changed() -> StatementError {
    problem::whole_file(
        StatementErrorKind::Unreadable,
        "the file changed while it was read",
        "nothing was taken in; wait until whatever writes it is done, and import it again",
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Write;

    fn file(bytes: &[u8]) -> File {
        let mut file = tempfile::tempfile().unwrap();
        file.write_all(bytes).unwrap();
        file
    }

    fn through_window(text: &TextFile<'_>, step: usize) -> String {
        let mut window = Window::new(Text::File(text)).unwrap();
        let mut all = String::new();
        loop {
            let mut cut = step.min(window.text().len());
            while !window.text().is_char_boundary(cut) {
                cut += 1;
            }
            assert_eq!(window.base(), all.len());
            if window.is_last() {
                all.push_str(window.text());
                break;
            }
            all.push_str(&window.text()[..cut]);
            window.more(cut).unwrap();
        }
        window.finish().unwrap();
        all
    }

    #[test]
    fn a_file_comes_through_the_window_whole() {
        let long: String = (0..200_000).map(|n| format!("{n} é€𝄞\r\n")).collect();
        for text in ["", "a", "é", "a\n", long.as_str()] {
            for (before, after) in [("", ""), ("\u{feff}", "\u{1a}\0\0"), ("", "\0")] {
                let bytes = format!("{before}{text}{after}");
                let file = file(bytes.as_bytes());
                let Opened::Text(opened) = TextFile::open(&file).unwrap() else { panic!("it is UTF-8") };
                assert_eq!(opened.sha256(), <[u8; 32]>::from(Sha256::digest(&bytes)));
                assert_eq!(Text::File(&opened).len(), text.len());
                for step in [100_001, PIECE_BYTES, 1 << 20] {
                    assert!(through_window(&opened, step) == text, "{} bytes", text.len());
                }
            }
        }
    }

    #[test]
    fn what_is_not_plain_utf8_is_left_to_be_held() {
        for bytes in [&b"Caf\xe9"[..], b"a\0b", b"half \xe2\x82", b"\xff\xfea\0"] {
            assert!(matches!(TextFile::open(&file(bytes)).unwrap(), Opened::Other), "{bytes:?}");
        }
    }

    #[test]
    fn a_file_that_changes_meanwhile_is_noticed() {
        let text = "line of text\n".repeat(100_000);
        for change in ["longer", "shorter", "other"] {
            let mut file = file(text.as_bytes());
            let mut writer = file.try_clone().unwrap();
            let Opened::Text(opened) = TextFile::open(&file).unwrap() else { panic!("it is UTF-8") };
            match change {
                "longer" => writer.write_all(b"more").unwrap(),
                "shorter" => writer.set_len(1_000_000).unwrap(),
                _ => {
                    writer.seek(SeekFrom::Start(777)).unwrap();
                    writer.write_all(b"X").unwrap();
                }
            }
            let read = || {
                let mut window = Window::new(Text::File(&opened))?;
                while !window.is_last() {
                    let all = window.text().len();
                    window.more(all)?;
                }
                window.finish()
            };
            let error = read().unwrap_err();
            assert!(error.message.contains("changed"), "{change}: {error:?}");
            file.flush().unwrap();
        }
    }
}
