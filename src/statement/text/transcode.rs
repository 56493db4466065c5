//! Files in another encoding than UTF-8, decoded on the way: banks still write windows-1252, and a long file in it need not
//! be held any more than one in UTF-8.

use super::{HEAD_BYTES, TextFile, fill, from_start, has_changed};
use crate::statement::StatementError;
use crate::statement::encoding::{self, MAX_FILE_BYTES};
use chardetng::{EncodingDetector, Iso2022JpDetection, Utf8Detection};
use encoding_rs::{Decoder, DecoderResult, Encoding, UTF_8, UTF_16LE, WINDOWS_1252};
use sha2::{Digest, Sha256};
use std::fs::File;

impl<'a> TextFile<'a> {
    /// Opens a file that is not UTF-8, in the encoding that its byte-order mark, `declared` or its letters tell, as
    /// [`encoding::decode_told`] does with bytes that are held. `guess` says whether letters may tell; otherwise it is
    /// windows-1252. None where it must be held, so that what is wrong with it is told.
    ///
    /// # Errors
    /// A file that cannot be read.
    pub fn transcoded(
        file: &'a File,
        declared: Option<&'static Encoding>,
        guess: bool,
    ) -> Result<Option<Self>, StatementError> {
        let mut start = Vec::new();
        fill(&mut from_start(file)?, &mut start)?;
        if let Some((encoding, bom_len)) = Encoding::for_bom(&start) {
            return Self::in_encoding(file, encoding, bom_len);
        }
        let told = encoding::utf16_without_bom(&start)
            .or(declared.filter(|encoding| *encoding != UTF_8 && *encoding != UTF_16LE));
        if let Some(encoding) = told {
            return Self::in_encoding(file, encoding, 0);
        }
        if guess {
            let likeliest = likeliest(file)?;
            if let Some(opened) = Self::in_encoding(file, likeliest, 0)? {
                return Ok(Some(opened));
            }
        }
        Self::in_encoding(file, WINDOWS_1252, 0)
    }

    /// Reads the file once; none where its bytes are not text in that encoding.
    fn in_encoding(
        file: &'a File,
        encoding: &'static Encoding,
        bom_len: usize,
    ) -> Result<Option<Self>, StatementError> {
        let mut reader = from_start(file)?;
        let mut decoding = Decoding::new(encoding, bom_len);
        let mut hash = Sha256::new();
        let (mut raw, mut piece, mut head) = (Vec::new(), String::new(), String::new());
        let (mut file_bytes, mut len, mut end) = (0_u64, 0_u64, 0_u64);
        let mut zero = None;
        loop {
            let count = fill(&mut reader, &mut raw)?;
            hash.update(&raw);
            file_bytes += count as u64;
            if file_bytes > MAX_FILE_BYTES as u64 || decoding.add(&raw, count == 0, &mut piece).is_err() {
                return Ok(None);
            }
            if head.len() < HEAD_BYTES {
                head.push_str(&piece);
            }
            // As for UTF-8: padding after the last line is harmless, and NUL characters before it are not.
            let kept = piece.trim_end_matches(['\0', '\u{1a}']).len();
            if kept > 0 {
                end = len + kept as u64;
            }
            zero = zero.or_else(|| piece.find('\0').map(|at| len + at as u64));
            len += piece.len() as u64;
            raw.clear();
            piece.clear();
            if count == 0 {
                break;
            }
        }
        if zero.is_some_and(|zero| zero < end) {
            return Ok(None);
        }
        let most = HEAD_BYTES.min(usize::try_from(end).unwrap_or(usize::MAX)).min(head.len());
        head.truncate((0..=most).rev().find(|at| head.is_char_boundary(*at)).unwrap_or(0));
        let sha256 = hash.finalize().into();
        Ok(Some(Self {
            file,
            encoding,
            from: bom_len as u64,
            to: bom_len as u64 + end,
            file_bytes,
            sha256,
            head,
        }))
    }
}

/// The likeliest encoding, by all letters of the file: see [`encoding::likeliest`].
fn likeliest(file: &File) -> Result<&'static Encoding, StatementError> {
    let mut reader = from_start(file)?;
    let mut detector = EncodingDetector::new(Iso2022JpDetection::Deny);
    let mut raw = Vec::new();
    let mut read = 0;
    while fill(&mut reader, &mut raw)? > 0 && read <= MAX_FILE_BYTES {
        detector.feed(&raw, false);
        read += raw.len();
        raw.clear();
    }
    detector.feed(&[], true);
    Ok(detector.guess(None, Utf8Detection::Deny))
}

/// The way of a file's bytes into text.
pub(super) struct Decoding {
    /// None once all bytes were decoded.
    decoder: Option<Decoder>,
    /// Bytes of the mark at the beginning that are still to come.
    bom_left: usize,
}

impl Decoding {
    pub(super) fn new(encoding: &'static Encoding, bom_len: usize) -> Self {
        Self { decoder: Some(encoding.new_decoder_without_bom_handling()), bom_left: bom_len }
    }

    /// Adds what bytes stand for; `is_last` says that there are no more.
    ///
    /// # Errors
    /// Bytes that stand for nothing. Files are tried out when they are opened, so that one has changed since.
    pub(super) fn add(&mut self, bytes: &[u8], is_last: bool, to: &mut String) -> Result<(), StatementError> {
        let skipped = self.bom_left.min(bytes.len());
        self.bom_left -= skipped;
        let bytes = bytes.get(skipped..).unwrap_or_default();
        let Some(mut decoder) = self.decoder.take() else {
            return if bytes.is_empty() { Ok(()) } else { Err(has_changed()) };
        };
        let most = decoder.max_utf8_buffer_length_without_replacement(bytes.len());
        to.reserve(most.ok_or_else(has_changed)?);
        let (result, _) = decoder.decode_to_string_without_replacement(bytes, to, is_last);
        self.decoder = Some(decoder).filter(|_| !is_last);
        if result == DecoderResult::InputEmpty { Ok(()) } else { Err(has_changed()) }
    }
}
