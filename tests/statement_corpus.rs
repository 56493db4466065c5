//! Reads the shared corpus of real files, where it is present, and holds the readers to it: a table by format, with every
//! difference from what independent parsers see argued in `tests/corpus/argued.rs`.

#![allow(clippy::unwrap_used, clippy::panic)]

mod corpus;

use corpus::csv_truth::{
    CSV,
    Truth::{Read, Refuse},
};
use corpus::{Entry, Verdict, corpus, judge, manifest, read_entry, rows};
use finvault::money::Currency;
use finvault::statement::{ReadOptions, StatementFile, read};

/// The formats whose files peers have counted, and how many of the files have to agree, in per cent: those on which several
/// peers agree, and those that one has read.
const FORMATS: &[&str] = &["ofx1", "ofx2", "camt", "mt940", "qif"];
const AGREED_PERCENT: usize = 98;
const SINGLE_PERCENT: usize = 95;

#[derive(Default)]
struct Tally {
    files: usize,
    agree: usize,
    refused: usize,
    argued: usize,
}

impl Tally {
    fn add(&mut self, verdict: &Verdict) {
        self.files += 1;
        match verdict {
            Verdict::Agrees => self.agree += 1,
            Verdict::Refused(_) => self.refused += 1,
            Verdict::Argued(_) | Verdict::Wrong(_) => self.argued += 1,
        }
    }

    /// Of the files that are no rejection tests, how many agree.
    fn holds(&self, percent: usize) -> bool {
        self.agree * 100 >= (self.files - self.refused) * percent
    }
}

#[test]
fn the_table_by_format_holds_and_every_difference_is_argued() {
    let Some(folder) = corpus() else { return };
    let entries: Vec<Entry> =
        manifest(&folder).into_iter().filter(|e| FORMATS.contains(&e.format.as_str())).collect();
    let (mut agreed, mut single, mut wrong) = (Tally::default(), Tally::default(), Vec::new());
    let mut table = vec!["format  files  agree  refused  differ".to_owned()];
    for format in FORMATS {
        let mut tally = Tally::default();
        for entry in entries.iter().filter(|entry| entry.format == *format) {
            let outcome = read_entry(&folder, entry);
            if let Err(error) = &outcome {
                assert!(!error.message.is_empty() && !error.remedy.is_empty(), "{}", entry.path);
            }
            let verdict = judge(entry, &outcome);
            match &verdict {
                Verdict::Agrees => {}
                Verdict::Refused(why) => println!("refused: {} [{}]: {why}", entry.path, entry.agreement),
                Verdict::Argued(why) => println!("differs: {} [{}]: {why}", entry.path, entry.agreement),
                Verdict::Wrong(why) => wrong.push(format!("{} [{}]: {why}", entry.path, entry.agreement)),
            }
            tally.add(&verdict);
            match entry.agreement.as_str() {
                "all" | "some" => agreed.add(&verdict),
                "single" => single.add(&verdict),
                _ => {}
            }
        }
        let Tally { files, agree, refused, argued } = tally;
        table.push(format!("{format:<6} {files:>6} {agree:>6} {refused:>8} {argued:>7}"));
    }
    for (name, tally) in [("all/some", &agreed), ("single", &single)] {
        let Tally { files, agree, refused, argued } = tally;
        table.push(format!("{name:<8} {files:>4} {agree:>6} {refused:>8} {argued:>7}"));
    }
    println!("{}", table.join("\n"));
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert!(agreed.holds(AGREED_PERCENT), "too few of the files on which peers agree");
    assert!(single.holds(SINGLE_PERCENT), "too few of the files that one peer has read");
}

#[test]
fn csv_files_are_read_rightly_or_refused() {
    let Some(folder) = corpus() else { return };
    let listed = manifest(&folder).iter().filter(|entry| entry.format == "csv").count();
    assert_eq!(listed, CSV.len(), "a file of the corpus is missing from the table");
    let (mut right, mut refused, mut wrong) = (0, 0, Vec::new());
    for (name, currency, truth) in CSV {
        let bytes = std::fs::read(folder.join("csv").join(name)).unwrap();
        let options = ReadOptions { currency: Currency::iso(currency).ok(), ..ReadOptions::default() };
        match (read(&bytes, &options), truth) {
            (Ok(file), Read(count, sum)) => {
                let total: i64 = file
                    .statements
                    .iter()
                    .flat_map(|statement| &statement.rows)
                    .map(|row| row.transaction.amount.minor())
                    .sum();
                if (rows(&file), total) == (*count, *sum) {
                    right += 1;
                } else {
                    wrong.push(format!("{name}: {} rows, sum {total}; expected {count}, {sum}", rows(&file)));
                }
                for warning in &file.warnings {
                    println!("{name}: line {}: {}", warning.line, warning.text);
                }
            }
            (Ok(file), Refuse(_, why)) => {
                wrong.push(format!("{name}: read {} rows although {why}", rows(&file)));
            }
            (Err(error), Refuse(kind, why)) => {
                println!(
                    "{name}: refused, line {}: {} | {} | {} [{why}]",
                    error.line, error.message, error.excerpt, error.remedy
                );
                if error.kind == *kind { refused += 1 } else { wrong.push(format!("{name}: {error:?}")) }
            }
            (Err(error), Read(..)) => {
                println!("{name}: NOT READ: {error:?}");
            }
        }
    }
    let total = CSV.len();
    println!(
        "CSV: {right} of {total} read rightly with no profile, {refused} rightly refused, {} wrong",
        wrong.len()
    );
    assert!(wrong.is_empty(), "{wrong:#?}");
    assert!(right * 100 >= total * 70, "{right} of {total}");
}

#[test]
fn no_real_file_cut_short_is_read_in_part() {
    let Some(folder) = corpus() else { return };
    let mut cuts = 0;
    for entry in manifest(&folder).iter().filter(|e| FORMATS.contains(&e.format.as_str())) {
        let bytes = std::fs::read(folder.join(&entry.path)).unwrap();
        let Ok(whole) = read_entry(&folder, entry) else { continue };
        let options = ReadOptions { currency: Currency::iso("EUR").ok(), ..ReadOptions::default() };
        for step in 1..40 {
            let cut = &bytes[..bytes.len() * step / 40];
            if let Ok(part) = read(cut, &options) {
                assert!(is_beginning(&part, &whole, &entry.format), "{} cut at {}", entry.path, cut.len());
            }
            cuts += 1;
        }
    }
    println!("{cuts} cuts of real files");
}

/// Whether a file that was cut short reads as the whole does. Nothing ends a QIF file or a series of MT940 messages: there, whole
/// records or messages may be missing at the end, and nothing else.
fn is_beginning(part: &StatementFile, whole: &StatementFile, format: &str) -> bool {
    if !matches!(format, "mt940" | "qif") {
        return part == whole;
    }
    part.statements.len() <= whole.statements.len()
        && part.statements.iter().zip(&whole.statements).all(|(part, whole)| {
            whole.rows.starts_with(&part.rows) && whole.balances.starts_with(&part.balances)
        })
}
