//! The folder `tests/vectors/hostile/`: one file for each thing that can be wrong, found by walking it.
//!
//! `UPDATE_HOSTILE=1 cargo test --test hostile_vectors` writes the folder anew from `tests/hostile_cases/`; read the diff.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
#![cfg(feature = "age")]

mod disclosure_fixture;
mod disclosure_forge;
mod hostile_cases;
mod hostile_index;

use disclosure_fixture::now;
use finvault::disclosure::*;
use hostile_cases::{cases, folder, identity_file, index, reader};
use hostile_index::{Entry, Index};
use std::collections::BTreeSet;

fn names_in_folder() -> BTreeSet<String> {
    let entries = std::fs::read_dir(folder()).unwrap();
    entries
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .filter(|name| name != "index.json" && name != ".gitattributes")
        .collect()
}

#[test]
fn the_folder_is_what_the_cases_make() {
    let cases = cases();
    if std::env::var_os("UPDATE_HOSTILE").is_some() {
        std::fs::create_dir_all(folder()).unwrap();
        for name in names_in_folder() {
            std::fs::remove_file(folder().join(name)).unwrap();
        }
        for case in &cases {
            std::fs::write(folder().join(&case.file), format!("{}\n", case.text)).unwrap();
        }
        std::fs::write(folder().join("index.json"), index(&cases)).unwrap();
    }
    assert_eq!(std::fs::read_to_string(folder().join("index.json")).unwrap(), index(&cases));
    for case in &cases {
        let text = std::fs::read_to_string(folder().join(&case.file)).unwrap();
        assert_eq!(text, format!("{}\n", case.text), "{}", case.file);
    }
    let texts: BTreeSet<&str> = cases.iter().map(|case| case.text.as_str()).collect();
    assert_eq!(texts.len(), cases.len(), "two cases are the same");
}

#[test]
fn every_file_is_in_the_index_once() {
    let index = Index::read();
    let listed: Vec<String> = index.vectors.iter().map(|entry| entry.file.clone()).collect();
    let unique: BTreeSet<String> = listed.iter().cloned().collect();
    assert_eq!(unique.len(), listed.len(), "a file is listed twice");
    assert_eq!(unique, names_in_folder());
    assert_eq!((index.now, index.audience), (now().as_second(), reader().to_string()));
    assert_eq!(index.status_token, hostile_cases::STATUS_TOKEN);
}

fn of_verify(read: Result<Verified, VerifyError>) -> (&'static str, String) {
    match read {
        Ok(_) => ("valid", String::new()),
        Err(VerifyError::Invalid(why)) => ("invalid", why.to_owned()),
        Err(error) => (error.verdict().as_str(), String::new()),
    }
}

fn expect_reader<T>(check: impl FnOnce(&Expectation<'_>) -> T) -> T {
    check(&Expectation { now: now(), audience: ExpectedAudience::OneOf(&[reader()]) })
}

fn status_list(text: &str) -> (&'static str, String) {
    let token = std::fs::read_to_string(folder().join(hostile_cases::STATUS_TOKEN)).unwrap();
    let token = expect_reader(|expectation| verify(token.trim_end(), expectation)).unwrap();
    match StatusList::read(text) {
        Ok(list) => (list.check(&token, now()).as_str(), String::new()),
        Err(VerifyError::Invalid(why)) => ("invalid", why.to_owned()),
        Err(error) => panic!("{error}"),
    }
}

fn contents(text: &str) -> (&'static str, String) {
    let opened = match open(text.as_bytes(), OpenWith::Nothing) {
        Ok(opened) => opened,
        Err(error) => return (error.verdict().unwrap().as_str(), error.to_string()),
    };
    let verified = expect_reader(|expectation| verify(&opened.token, expectation));
    of_verify(verified.and_then(|verified| check_enclosures(&verified, &opened.enclosures).map(|_| verified)))
}

fn read(entry: &Entry, text: &str) -> (&'static str, String) {
    match entry.reads.as_str() {
        "disclosure" => of_verify(expect_reader(|expectation| verify(text, expectation))),
        "contents" => contents(text),
        "status-list" => status_list(text),
        "receipt" => match Receipt::read(text, now()) {
            Ok(_) => ("valid", String::new()),
            Err(error) => of_verify(Err(error)),
        },
        "log-export" => match LogExport::read(text, None) {
            Ok(_) => ("valid", String::new()),
            Err(LogExportError::Invalid(why)) => ("invalid", why.to_owned()),
            Err(_) => ("invalid", String::new()),
        },
        other => panic!("{}: \"{other}\" is no way to read a file", entry.file),
    }
}

#[test]
fn each_file_gets_its_verdict_for_its_own_reason() {
    let mut wrong = Vec::new();
    let index = Index::read();
    for entry in &index.vectors {
        let text = entry.text();
        let (verdict, why) = read(entry, &text);
        if (verdict, why.as_str()) != (entry.verdict.as_str(), entry.why.as_str()) {
            wrong.push(format!(
                "{}: {verdict} \"{why}\", not {} \"{}\"",
                entry.file, entry.verdict, entry.why
            ));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert!(index.vectors.len() > 150, "vectors are gone: {}", index.vectors.len());
    for verdict in ["valid", "invalid", "expired", "not-yet-valid", "clock-suspect", "not-for-recipient"] {
        let of_it = |entry: &&Entry| entry.reads == "disclosure" && entry.verdict == verdict;
        assert!(index.vectors.iter().any(|entry| of_it(&entry)), "no token is {verdict}");
    }
}

#[test]
fn the_page_about_the_folder_names_every_way_to_read_and_every_verdict() {
    let page = folder().parent().unwrap().join("README.md");
    let page = std::fs::read_to_string(page).unwrap();
    for entry in Index::read().vectors {
        for word in [entry.reads, entry.verdict] {
            assert!(page.contains(&format!("`{word}`")), "{word}");
        }
    }
    assert!(identity_file().is_file());
}
