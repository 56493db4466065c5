//! What people read, word for word: every transcript in `tests/golden` is played and compared.
//!
//! A transcript is a shell session: lines that begin with `$ ` are run in one folder, one after another, and
//! what they print (both streams) follows. After the transcript may come files for it, each below a line
//! `-- name --`. Run with `UPDATE_GOLDEN=1` to write down what is printed now; then read the difference.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test that cannot go on ends")]
#![cfg(unix)]

mod cli_sandbox;

use cli_sandbox::Sandbox;
use std::path::{Path, PathBuf};

#[test]
fn every_transcript_is_what_is_printed() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden");
    let mut paths: Vec<PathBuf> =
        std::fs::read_dir(&folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    paths.retain(|path| path.extension().is_some_and(|extension| extension == "txt"));
    paths.sort();
    assert!(paths.len() >= 10, "only {} transcripts in {}", paths.len(), folder.display());
    let update = std::env::var_os("UPDATE_GOLDEN").is_some();
    let mut differing = Vec::new();
    for path in &paths {
        let expected = std::fs::read_to_string(path).unwrap();
        let actual = play(&expected);
        if update && actual != expected {
            std::fs::write(path, &actual).unwrap();
        } else if actual != expected {
            let line = expected.lines().zip(actual.lines()).position(|(one, other)| one != other);
            differing.push(format!("{} from line {}:\n{actual}", path.display(), line.unwrap_or(0) + 1));
        }
    }
    assert!(
        differing.is_empty(),
        "run with UPDATE_GOLDEN=1 and read the difference\n{}",
        differing.join("\n")
    );
}

/// Plays a transcript and gives it as it is printed now.
fn play(transcript: &str) -> String {
    let (script, files) = split(transcript);
    let sandbox = Sandbox::new();
    let keys = ["lender", "stranger"].map(|name| {
        use age::secrecy::ExposeSecret;
        let identity = age::x25519::Identity::generate();
        sandbox.write(&format!("{name}.key"), format!("{}\n", identity.to_string().expose_secret()));
        identity.to_public().to_string()
    });
    let mut tail = String::new();
    for (name, content) in files {
        sandbox.write(name, content);
        tail.push_str(&format!("-- {name} --\n{content}"));
    }
    let mut played = String::new();
    for line in script.lines() {
        if line.starts_with('#') || (line.is_empty() && !played.ends_with("\n\n")) {
            played.push_str(line);
            played.push('\n');
        }
        let Some(command) = line.strip_prefix("$ ") else { continue };
        let typed = command.replace("LENDER_KEY", &keys[0]).replace("STRANGER_KEY", &keys[1]);
        let outcome = sandbox.shell(&format!("{{ {typed}\n}} 2>&1"));
        played.push_str(&format!("$ {command}\n"));
        let mut printed = outcome.stdout.replace(&keys[0], "LENDER_KEY").replace(&keys[1], "STRANGER_KEY");
        printed = settle(&printed.replace(&sandbox.path().display().to_string(), "<folder>"));
        played.push_str(&printed);
        if outcome.code != 0 {
            played.push_str(&format!("[exit {}]\n", outcome.code));
        }
        played.push('\n');
    }
    let played = played.trim_end().to_owned() + "\n";
    if tail.is_empty() { played } else { format!("{played}\n{tail}") }
}

/// The session, and the files after it.
fn split(transcript: &str) -> (&str, Vec<(&str, &str)>) {
    let is_head = |line: &str| line.strip_prefix("-- ").and_then(|rest| rest.strip_suffix(" --")).is_some();
    let mut heads = Vec::new();
    let mut at = 0;
    for line in transcript.split_inclusive('\n') {
        if is_head(line.trim_end()) {
            heads.push((at, at + line.len()));
        }
        at += line.len();
    }
    let session = &transcript[..heads.first().map_or(transcript.len(), |(start, _)| *start)];
    let files = heads.iter().enumerate().map(|(index, (start, body))| {
        let end = heads.get(index + 1).map_or(transcript.len(), |(next, _)| *next);
        let name = transcript[*start..*body].trim_end().trim_start_matches("-- ").trim_end_matches(" --");
        (name, &transcript[*body..end])
    });
    (session, files.collect())
}

/// Puts placeholders for what differs from run to run: moments, digests, codes, fingerprints.
fn settle(printed: &str) -> String {
    let mut settled = String::new();
    for line in printed.split_inclusive('\n') {
        settled.push_str(&settle_line(line));
    }
    settled
}

fn settle_line(line: &str) -> String {
    let today = jiff::Timestamp::now().to_zoned(jiff::tz::TimeZone::UTC).date();
    let in_a_week = today.checked_add(jiff::Span::new().days(7)).unwrap().to_string();
    let mut out = String::new();
    let mut rest = line;
    while let Some(c) = rest.chars().next() {
        let at_word = !out.chars().last().is_some_and(|before| before.is_ascii_alphanumeric());
        let found = PATTERNS.iter().find_map(|(shape, name)| Some((matched(rest, shape)?, *name)));
        match found.filter(|_| at_word) {
            Some((length, name)) => {
                out.push_str(name);
                rest = &rest[length..];
            }
            None => {
                out.push(c);
                rest = &rest[c.len_utf8()..];
            }
        }
    }
    if let Some(at) = out.find("in words") {
        out.replace_range(at.., "in words: <words>\n");
    }
    if let Some(at) = out.find("to read aloud:") {
        out.replace_range(at.., "to read aloud:  <words>\n");
    }
    if let Some(at) = out.find("\"issuer_words\": \"") {
        out.replace_range(at.., "\"issuer_words\": \"<words>\",\n");
    }
    let out = out.replace(&today.to_string(), "<today>").replace(&in_a_week, "<in a week>");
    without_days_until_today(&out)
}

/// How long data has been missing up to today is another number every day.
fn without_days_until_today(line: &str) -> String {
    let count = |rest: &str| rest.find(" days: ").filter(|_| line.contains(" to <today>"));
    match line.split_once("no data for ").and_then(|(before, rest)| Some((before, rest, count(rest)?))) {
        Some((before, rest, at)) => format!("{before}no data for <number of>{}", &rest[at..]),
        None => line.to_owned(),
    }
}

/// Shapes of what varies: `9` a digit, `h` a hexadecimal one, `F` of a fingerprint, `C` of a code.
const PATTERNS: &[(&str, &str)] = &[
    ("9999-99-99 99:99 UTC", "<moment            >"),
    ("9999-99-99T99:99:99Z", "<moment>"),
    ("hhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhh", "<digest>"),
    ("CCCCC-CCCCC-CCCCC-CCCCC-CCCCC-CCCCC", "<recovery code>"),
    ("CCCCC-CCCCC-CCCCC-CCCCC-CCCCC-C", "<passcode>"),
    ("payee-FFFFFFFFFFFF", "<pseudonym      >"),
    ("FFFF FFFF FFFF FFFF FFFF FFFF FFFF FFFF", "<fingerprint>"),
];

/// The length of the match, if `text` begins with the shape and the word ends there.
fn matched(text: &str, shape: &str) -> Option<usize> {
    let fits = |symbol: u8, byte: u8| match symbol {
        b'9' => byte.is_ascii_digit(),
        b'h' => byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte),
        b'F' => byte.is_ascii_lowercase() || byte.is_ascii_digit(),
        b'C' => byte.is_ascii_uppercase() || byte.is_ascii_digit(),
        other => byte == other,
    };
    let head = text.as_bytes().get(..shape.len())?;
    let ends = !text.as_bytes().get(shape.len()).is_some_and(u8::is_ascii_alphanumeric);
    (ends && shape.bytes().zip(head).all(|(symbol, byte)| fits(symbol, *byte))).then_some(shape.len())
}

#[test]
fn what_varies_is_replaced_and_nothing_else() {
    assert_eq!(settle_line("at 2026-03-01 12:30 UTC.\n"), "at <moment            >.\n");
    assert_eq!(settle_line("on 2026-03-01 for 12.30\n"), "on 2026-03-01 for 12.30\n");
    assert_eq!(settle_line(&format!("SHA-256 {}\n", "0a".repeat(32))), "SHA-256 <digest>\n");
    assert_eq!(settle_line(&format!("x{}\n", "0a".repeat(32))), format!("x{}\n", "0a".repeat(32)));
    assert_eq!(settle_line("7K3QD-AAAAA-BBBBB-CCCCC-DDDDD-E\n"), "<passcode>\n");
}
