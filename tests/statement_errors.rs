//! Walks `tests/errors`: one folder for each format, each file in it hostile or damaged, and beside it what a person is told
//! (`NAME.golden`): where, what, the text, and what to do. `UPDATE_GOLDEN=1` writes the messages anew; read the difference then.
//!
//! The first lines of a golden may be `# currency CODE`, `# format WORD` and `# date-order WORD`: what the reader is told.

#![allow(clippy::unwrap_used, clippy::panic)]

use finvault::money::Currency;
use finvault::statement::{DateOrder, Format, ReadOptions, read};
use std::path::{Path, PathBuf};

fn entries(folder: &Path) -> Vec<PathBuf> {
    let mut paths: Vec<PathBuf> =
        std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    paths.sort();
    paths
}

fn options(told: &str) -> ReadOptions {
    let mut options = ReadOptions::default();
    for line in told.lines() {
        match line.trim_start_matches("# ").split_once(' ') {
            Some(("currency", code)) => options.currency = Some(Currency::iso(code).unwrap()),
            Some(("format", word)) => {
                options.format = Format::ALL.iter().copied().find(|format| format.as_str() == word);
                assert!(options.format.is_some(), "{line:?} names no format");
            }
            Some(("date-order", "dmy")) => options.answers.date_order = Some(DateOrder::DayMonthYear),
            Some(("date-order", "mdy")) => options.answers.date_order = Some(DateOrder::MonthDayYear),
            _ => panic!("{line:?} tells the reader nothing"),
        }
    }
    options
}

#[test]
fn every_hostile_file_is_refused_with_the_message_beside_it() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/errors");
    let update = std::env::var_os("UPDATE_GOLDEN").is_some();
    let (mut files, mut formats, mut wrong) = (0, 0, Vec::new());
    for folder in entries(&root).into_iter().filter(|path| path.is_dir()) {
        formats += 1;
        for path in entries(&folder) {
            if path.is_dir() || path.extension().is_some_and(|extension| extension == "golden") {
                continue;
            }
            files += 1;
            let name = path.file_name().unwrap().to_string_lossy().into_owned();
            let golden = path.with_file_name(format!("{name}.golden"));
            let expected = std::fs::read_to_string(&golden).unwrap_or_default();
            let told: String = expected
                .lines()
                .take_while(|line| line.starts_with("# "))
                .map(|line| format!("{line}\n"))
                .collect();
            let found = match read(&std::fs::read(&path).unwrap(), &options(&told)) {
                Ok(file) => {
                    format!("READ: {} statements of {}\n", file.statements.len(), file.format.as_str())
                }
                Err(error) => {
                    let shown = [&error.message, &error.excerpt, &error.remedy];
                    let is_safe = |text: &&String| !text.contains(|c: char| c.is_control());
                    assert!(shown.iter().all(is_safe), "{name}: a control character would reach the screen");
                    assert!(!error.message.is_empty() && !error.remedy.is_empty(), "{name}");
                    format!(
                        "{name}:{}: {}\n    {}\nhelp: {}\n",
                        error.line, error.message, error.excerpt, error.remedy
                    )
                }
            };
            if found.starts_with("READ") {
                wrong.push(format!("{}: {found}", path.display()));
            }
            let found = format!("{told}{found}");
            if update {
                std::fs::write(&golden, &found).unwrap();
            } else if found != expected {
                wrong.push(format!("{}\n--- expected\n{expected}--- found\n{found}", path.display()));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert!(formats >= 3 && files >= 60, "only {files} files in {formats} folders");
    println!("{files} hostile files of {formats} formats");
}
