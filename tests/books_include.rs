//! Books of several files: what a journal or a Beancount file includes is read as hledger, ledger and Beancount read it, nothing
//! outside the book's folder is, and a refusal names the included file and its line.
//!
//! `tests/errors/includes` holds a folder for each refusal, with what a person is told (`told.golden`). `UPDATE_GOLDEN=1` writes
//! the messages anew; read the difference then.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test that cannot go on ends")]

mod cli_sandbox;

use cli_sandbox::Sandbox;
use finvault::statement::{BookFile, ReadOptions, StatementError};
use finvault::vault::{VaultError, read_any, with_included_files};
use sha2::{Digest, Sha256};
use std::fs;
use std::path::Path;

/// Reads a book from its folder, as `import` does.
fn read(path: &Path) -> Result<BookFile, StatementError> {
    let bytes = match with_included_files(path, fs::read(path).unwrap(), None) {
        Ok(bytes) => bytes,
        Err(VaultError::Statement { error, .. }) => return Err(error),
        Err(error) => panic!("{error}"),
    };
    read_any(&bytes, &ReadOptions::default(), &mut |_, _| {}).map(|reading| reading.book)
}

fn rows(book: &BookFile) -> Vec<String> {
    book.file
        .statements
        .iter()
        .zip(&book.accounts)
        .flat_map(|(statement, account)| statement.rows.iter().map(move |row| (row, account)))
        .map(|(row, account)| {
            let row = &row.transaction;
            format!("{} {} {} {}", account.name, row.posted, row.amount, row.payee)
        })
        .collect()
}

fn write(folder: &Path, files: &[(&str, &str)]) {
    for (name, text) in files {
        let path = folder.join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }
}

#[test]
fn every_refusal_names_the_file_and_its_line() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/errors/includes");
    let update = std::env::var_os("UPDATE_GOLDEN").is_some();
    let mut cases: Vec<_> = fs::read_dir(&root).unwrap().map(|entry| entry.unwrap().path()).collect();
    cases.sort();
    let mut wrong = Vec::new();
    for case in &cases {
        let first = ["main.journal", "main.beancount"].map(|name| case.join(name));
        let first = first.iter().find(|path| path.is_file()).unwrap();
        let found = match read(first) {
            Ok(_) => "READ\n".to_owned(),
            Err(error) => {
                let file = error.included.as_deref().unwrap_or("main");
                let (line, excerpt) = (error.line, &error.excerpt);
                format!("{file}:{line}: {}\n    {excerpt}\nhelp: {}\n", error.message, error.remedy)
            }
        };
        let golden = case.join("told.golden");
        let expected = fs::read_to_string(&golden).unwrap_or_default();
        if update {
            fs::write(&golden, &found).unwrap();
        }
        if found == "READ\n" || (!update && found != expected) {
            wrong.push(format!("{}\n--- expected\n{expected}--- found\n{found}", case.display()));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert!(cases.len() >= 20, "only {} cases", cases.len());
}

const FOOD: &str = "    Assets:Cash  -4.50 EUR\n    Expenses:Food\n";

#[test]
fn a_journal_reads_what_it_includes_in_its_place() {
    let folder = tempfile::tempdir().unwrap();
    let entry = |payee: &str| format!("01-02 {payee}\n{FOOD}");
    let later = format!("year 2025\n{}apply account Trip\n{}", entry("old"), entry("away"));
    write(
        folder.path(),
        &[
            (
                "main.journal",
                &format!("year 2026\n{}include years/*.journal\n{}", entry("first"), entry("last")),
            ),
            ("years/b.journal", &later),
            ("years/a.journal", &format!("include ../common.journal\n{}comment\nleft open\n", entry("a"))),
            ("years/.hidden.journal", "nonsense"),
            ("years/note.txt", "nonsense"),
            ("common.journal", "alias Zuhause=Assets:Home\naccount Costs  ; type: X\n"),
        ],
    );
    let book = read(&folder.path().join("main.journal")).unwrap();
    assert_eq!(
        rows(&book),
        [
            "Assets:Cash 2026-01-02 -4.50 EUR first",
            "Assets:Cash 2026-01-02 -4.50 EUR a",
            "Assets:Cash 2025-01-02 -4.50 EUR old",
            // The year and what is applied end with their file.
            "Assets:Cash 2026-01-02 -4.50 EUR last",
            "Trip:Assets:Cash 2025-01-02 -4.50 EUR away",
            "Trip:Expenses:Food 2025-01-02 4.50 EUR away",
        ]
        .map(str::to_owned)
        .to_vec()
    );
    // What no folder is known of is refused as before.
    let alone = fs::read(folder.path().join("main.journal")).unwrap();
    let error = read_any(&alone, &ReadOptions::default(), &mut |_, _| {}).unwrap_err();
    assert!(error.message.contains("includes another file"), "{}", error.message);
}

#[test]
fn each_file_has_its_own_decimal_mark() {
    let folder = tempfile::tempdir().unwrap();
    let entry =
        |digits: &str| format!("2026-01-02 Shop\n    Assets:Cash  -{digits} EUR\n    Expenses:Food\n");
    write(
        folder.path(),
        &[
            ("main.journal", &format!("decimal-mark .\ninclude comma.journal\n{}", entry("1,000"))),
            ("comma.journal", &format!("decimal-mark ,\n{}", entry("1,00"))),
        ],
    );
    let amounts = rows(&read(&folder.path().join("main.journal")).unwrap());
    let expected =
        ["-1.00 EUR", "-1000.00 EUR"].map(|amount| format!("Assets:Cash 2026-01-02 {amount} Shop"));
    assert_eq!(amounts, expected);
}

#[test]
fn beancount_pushes_tags_within_a_file() {
    let folder = tempfile::tempdir().unwrap();
    let entry =
        |payee: &str| format!("2026-01-02 * \"{payee}\" \"\"\n  Assets:Cash  -4.50 EUR\n  Expenses:Food\n");
    let main = format!("pushtag #home\ninclude \"years/2025.beancount\"\n{}poptag #home\n", entry("main"));
    write(
        folder.path(),
        &[
            ("main.beancount", &main),
            ("years/2025.beancount", &format!("include \"q?.beancount\"\npushtag #old\n{}", entry("year"))),
            ("years/q1.beancount", &entry("quarter")),
        ],
    );
    let book = read(&folder.path().join("main.beancount")).unwrap();
    let tagged: Vec<String> = book.accounts[0]
        .extras
        .iter()
        .zip(&book.file.statements[0].rows)
        .map(|(extras, row)| {
            let tags: Vec<&str> = extras.tags.iter().map(|tag| tag.as_str()).collect();
            format!("{} {}", row.transaction.payee, tags.join(" "))
        })
        .collect();
    assert_eq!(tagged, ["quarter ", "year old", "main home"]);
}

#[cfg(unix)]
#[test]
fn links_and_pipes_are_no_way_out() {
    use std::os::unix::fs::symlink;
    let outside = tempfile::tempdir().unwrap();
    let entry = format!("2026-01-02 Secret\n{FOOD}");
    write(outside.path(), &[("secret.journal", &entry)]);
    let folder = tempfile::tempdir().unwrap();
    let main = folder.path().join("main.journal");
    symlink(outside.path(), folder.path().join("away")).unwrap();
    symlink(outside.path().join("secret.journal"), folder.path().join("link.journal")).unwrap();
    write(folder.path(), &[("inner/real.journal", &entry)]);
    symlink(folder.path().join("inner/real.journal"), folder.path().join("near.journal")).unwrap();
    for out in ["link.journal", "away/secret.journal", "away/*.journal", "l*.journal", "away/missing.journal"]
    {
        fs::write(&main, format!("include {out}\n")).unwrap();
        let error = read(&main).unwrap_err();
        assert!(error.message.contains("outside") || error.message.contains("not there"), "{out}: {error}");
        assert_eq!(error.line, 1);
    }
    fs::write(&main, "include near.journal\n").unwrap();
    assert_eq!(rows(&read(&main).unwrap()).len(), 1);
    // Whether a file outside is there is not told.
    let told = ["../nowhere.journal", &format!("{}/secret.journal", outside.path().display())].map(|out| {
        fs::write(&main, format!("include {out}\n")).unwrap();
        read(&main).unwrap_err().message
    });
    assert_eq!(told[0], told[1]);
    let pipe = folder.path().join("pipe.journal");
    assert!(std::process::Command::new("mkfifo").arg(&pipe).status().unwrap().success());
    fs::write(&main, "include pipe.journal\n").unwrap();
    assert!(read(&main).unwrap_err().message.contains("no plain file"));
}

#[test]
fn a_book_that_is_too_deep_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    for depth in 0..40 {
        let text = format!("include {}.journal\n", depth + 1);
        write(folder.path(), &[(&format!("{depth}.journal"), &text)]);
    }
    let error = read(&folder.path().join("0.journal")).unwrap_err();
    assert_eq!((error.included.as_deref(), error.line), (Some("16.journal"), 1), "{error}");
    assert!(error.message.contains("deep"), "{error}");
}

#[test]
fn the_program_reads_a_book_of_several_files_and_keeps_all_of_it() {
    let sandbox = Sandbox::with_vault();
    write(
        sandbox.path(),
        &[
            ("book/main.journal", &format!("include 2025.journal\n2026-01-02 new\n{FOOD}")),
            ("book/2025.journal", &format!("2025-01-02 old\n{FOOD}")),
        ],
    );
    let done = sandbox.json(&["import", "book/main.journal", "--keep-source"]).expect(0).json();
    assert_eq!(
        (&done["files"][0]["accounts"][0]["added"], &done["files"][0]["format"]),
        (&2.into(), &"ledger".into())
    );
    let digest = done["files"][0]["sha256"].clone();
    let again = sandbox.json(&["import", "book/main.journal"]).expect(0).json();
    assert_eq!(
        (&again["files"][0]["accounts"][0]["duplicate"], &again["files"][0]["sha256"]),
        (&2.into(), &digest)
    );

    // What is kept is one journal that stands alone, of this digest.
    sandbox.run(&["attach", "show", "1", "--output", "kept.journal"]).expect(0);
    let kept = sandbox.read("kept.journal");
    assert_eq!(hex(&Sha256::digest(&kept)), digest.as_str().unwrap());
    let alone = sandbox.json(&["import", "kept.journal"]).expect(0).json();
    assert_eq!(
        (&alone["files"][0]["accounts"][0]["duplicate"], &alone["files"][0]["sha256"]),
        (&2.into(), &digest)
    );

    // The digest covers what is included.
    write(sandbox.path(), &[("book/2025.journal", &format!("; checked\n2025-01-02 old\n{FOOD}"))]);
    let changed = sandbox.json(&["import", "book/main.journal"]).expect(0).json();
    assert_ne!(changed["files"][0]["sha256"], digest);

    write(sandbox.path(), &[("book/2025.journal", "; one\nfrobnicate\n")]);
    let error = sandbox.json(&["import", "book/main.journal"]).expect(5).error();
    assert_eq!((&error["where"]["file"], &error["where"]["line"]), (&"book/2025.journal".into(), &2.into()));
    let piped =
        sandbox.feed(&["import", "-"], format!("include 2025.journal\n2026-01-02 x\n{FOOD}").as_bytes());
    assert!(piped.expect(5).stderr.contains("includes another file"));
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
