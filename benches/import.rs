//! What taking in a statement costs: CPU time and peak memory of importing CSV and OFX files, first and again,
//! beside the `sqlite3` shell loading the same CSV rows plainly with two indexes, and beside ofxtools, where
//! those are installed.
//!
//! `cargo bench --bench import` prints a table. `FINVAULT_BENCH_SCALE` scales the sizes: 1 is a million rows, the
//! default is 0.1. Every import runs in a process of its own, so that its peak memory is its own; vaults are made
//! with the cheapest key derivation, whose memory is freed before anything is counted.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)]

use finvault::crypto::{KdfParams, Passphrase};
use finvault::statement::Content;
use finvault::vault::{ImportOptions, ImportSource, OpenOptions, Secret, Vault};
use finvault::{AccountKind, Currency, NewAccount};
use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};
use std::process::Command;

const PASSPHRASE: &str = "bench";
/// ofxtools is measured on fewer rows: it is linear, and slow.
const OFXTOOLS_ROWS: u64 = 20_000;

/// One row of the made-up statement: day, minor units, shop, terminal.
fn row(number: u64) -> (jiff::civil::Date, i64, u64, u64) {
    let day = jiff::civil::date(1990, 1, 1) + jiff::Span::new().days((number / 100) as i64);
    let minor = (number as i64 * 7_919) % 100_000 - 50_000;
    (day, minor, number % 977, number % 4_001)
}

fn decimal(minor: i64) -> String {
    format!("{}{}.{:02}", if minor < 0 { "-" } else { "" }, minor.abs() / 100, minor.abs() % 100)
}

fn write_csv(path: &Path, rows: u64) {
    let mut out = BufWriter::new(std::fs::File::create(path).unwrap());
    writeln!(out, "Booking Date,Payee,Memo,Amount,Currency").unwrap();
    for number in 0..rows {
        let (day, minor, shop, terminal) = row(number);
        let amount = decimal(minor);
        writeln!(
            out,
            "{day},Shop number {shop} in the long street,\"Card payment, terminal {terminal}\",{amount},EUR"
        )
        .unwrap();
    }
}

fn write_ofx(path: &Path, rows: u64) {
    let mut out = BufWriter::new(std::fs::File::create(path).unwrap());
    write!(
        out,
        "OFXHEADER:100\nDATA:OFXSGML\nVERSION:102\nSECURITY:NONE\nENCODING:UTF-8\nCHARSET:NONE\nCOMPRESSION:NONE\n\
         OLDFILEUID:NONE\nNEWFILEUID:NONE\n\n<OFX>\n<SIGNONMSGSRSV1><SONRS><STATUS><CODE>0<SEVERITY>INFO</STATUS>\
         <DTSERVER>20260101<LANGUAGE>ENG</SONRS></SIGNONMSGSRSV1>\n<BANKMSGSRSV1><STMTTRNRS><TRNUID>1\
         <STATUS><CODE>0<SEVERITY>INFO</STATUS><STMTRS><CURDEF>EUR\n<BANKACCTFROM><BANKID>EXAMPLE1<ACCTID>123456789\
         <ACCTTYPE>CHECKING</BANKACCTFROM>\n<BANKTRANLIST><DTSTART>19900101<DTEND>20251231\n"
    )
    .unwrap();
    let mut total = 0;
    for number in 0..rows {
        let (day, minor, shop, terminal) = row(number);
        total += minor;
        let (day, amount) = (day.strftime("%Y%m%d"), decimal(minor));
        writeln!(
            out,
            "<STMTTRN>\n<TRNTYPE>POS\n<DTPOSTED>{day}\n<TRNAMT>{amount}\n<FITID>{number:08}\n\
             <NAME>Shop number {shop} in long street\n<MEMO>Card payment, terminal {terminal}\n</STMTTRN>"
        )
        .unwrap();
    }
    let balance = decimal(total);
    write!(
        out,
        "</BANKTRANLIST>\n<LEDGERBAL><BALAMT>{balance}<DTASOF>20260101</LEDGERBAL>\n</STMTRS></STMTTRNRS>\
         </BANKMSGSRSV1>\n</OFX>\n"
    )
    .unwrap();
}

/// User and system time of this process and of the children it waited for, in seconds (proc(5), stat fields 14 to 17).
fn cpu_s() -> (f64, f64) {
    let stat = std::fs::read_to_string("/proc/self/stat").unwrap();
    let fields: Vec<&str> = stat.rsplit(')').next().unwrap().split_whitespace().collect();
    let ticks = |index: usize| fields[index].parse::<f64>().unwrap() / 100.0;
    (ticks(11) + ticks(12), ticks(13) + ticks(14))
}

/// Peak and current memory of this process in MiB.
fn memory_mib() -> (u64, u64) {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let field = |name: &str| {
        let line = status.lines().find(|line| line.starts_with(name)).unwrap();
        line.split_whitespace().nth(1).unwrap().parse::<u64>().unwrap() / 1024
    };
    (field("VmHWM:"), field("VmRSS:"))
}

/// In a process of its own: imports `file` into the vault at `vault` and prints what that took.
fn import_once(vault: &Path, file: &Path) {
    let now = "2026-01-02T00:00:00Z".parse().unwrap();
    let passphrase = Passphrase::new(PASSPHRASE.to_owned());
    let mut vault = Vault::open(vault, &Secret::Passphrase(&passphrase), &OpenOptions::default()).unwrap();
    let account = vault.account("bench").unwrap().id;
    let (cpu, (_, resident)) = (cpu_s().0, memory_mib());
    let opened = std::fs::File::open(file).unwrap();
    let options = ImportOptions { account: Some(account), ..ImportOptions::default() };
    let files = [ImportSource { name: "bench", content: Content::File(&opened) }];
    let report = vault.import_from(&files, &options, now, &mut |_| {}).unwrap();
    let did = &report.files[0].accounts[0];
    let (added, known) = (did.added, did.duplicate);
    vault.close().unwrap();
    let spent = cpu_s().0 - cpu;
    let grown = memory_mib().0.saturating_sub(resident);
    println!("{added} {known} {spent:.2} {grown} {}", opened.metadata().unwrap().len() / (1024 * 1024));
}

fn import(name: &str, vault: &Path, file: &Path, beside: Option<f64>) -> f64 {
    let out = Command::new(std::env::current_exe().unwrap()).arg("one").args([vault, file]).output().unwrap();
    assert!(out.status.success(), "{}", String::from_utf8_lossy(&out.stderr));
    let text = String::from_utf8(out.stdout).unwrap();
    let fields: Vec<&str> = text.split_whitespace().collect();
    let [added, known, spent, grown, file_mib] = fields[..] else { panic!("{text}") };
    let spent: f64 = spent.parse().unwrap();
    let ratio = beside.map(|beside| format!("{:.2}", spent / beside)).unwrap_or_default();
    println!("{name:<34} {spent:>8.2} {ratio:>8} {grown:>8} {file_mib:>8} {added:>9} {known:>9}");
    spent
}

fn new_vault(folder: &Path, name: &str) -> PathBuf {
    let path = folder.join(name);
    let now = "2026-01-01T00:00:00Z".parse().unwrap();
    let passphrase = Passphrase::new(PASSPHRASE.to_owned());
    let (mut vault, _) = Vault::create(&path, &passphrase, KdfParams::FLOOR, now).unwrap();
    let account = NewAccount {
        name: "bench".to_owned(),
        kind: AccountKind::Checking,
        currency: Currency::iso("EUR").unwrap(),
        institution: None,
        number: None,
        opening: None,
    };
    vault.add_account(&account).unwrap();
    vault.close().unwrap();
    path
}

/// Runs a peer and gives the CPU seconds it took; none where it is not installed.
fn peer(program: &str, arguments: &[&str]) -> Option<f64> {
    let before = cpu_s().1;
    let out = Command::new(program).args(arguments).output().ok()?;
    out.status.success().then(|| cpu_s().1 - before)
}

fn sqlite_shell(folder: &Path, csv: &Path) -> Option<f64> {
    let database = folder.join("plain.db");
    let script = format!(
        "CREATE TABLE tx (posted TEXT, payee TEXT, memo TEXT, amount REAL, currency TEXT);\n.mode csv\n\
         .import --skip 1 {} tx\nCREATE INDEX by_day ON tx (posted);\nCREATE INDEX by_payee ON tx (payee);\n",
        csv.display()
    );
    let script_path = folder.join("load.sql");
    std::fs::write(&script_path, script).unwrap();
    let read = format!(".read {}", script_path.display());
    peer("sqlite3", &[database.to_str().unwrap(), &read])
}

fn ofxtools(ofx: &Path) -> Option<f64> {
    let script = format!(
        "from ofxtools.Parser import OFXTree\nt = OFXTree()\nt.parse({:?})\nlen(t.convert().statements[0].transactions)",
        ofx.to_str().unwrap()
    );
    peer("python3", &["-c", &script])
}

fn main() {
    let arguments: Vec<String> = std::env::args().collect();
    if let [_, one, vault, file] = &arguments[..]
        && one == "one"
    {
        return import_once(vault.as_ref(), file.as_ref());
    }
    let scale =
        std::env::var("FINVAULT_BENCH_SCALE").ok().and_then(|text| text.parse().ok()).unwrap_or(0.1_f64);
    let rows = (scale * 1e6) as u64;
    let folder = tempfile::tempdir().unwrap();
    let (csv, ofx, few) =
        (folder.path().join("bench.csv"), folder.path().join("bench.ofx"), folder.path().join("few.ofx"));
    write_csv(&csv, rows);
    write_ofx(&ofx, rows);
    write_ofx(&few, OFXTOOLS_ROWS);
    println!(
        "{rows} rows{:<23} {:>8} {:>8} {:>8} {:>8} {:>9} {:>9}",
        "", "CPU s", "ratio", "MiB", "file MiB", "added", "known"
    );
    let plain = sqlite_shell(folder.path(), &csv);
    match plain {
        Some(seconds) => println!("{:<34} {seconds:>8.2}", "sqlite3 shell, CSV and two indexes"),
        None => println!("the sqlite3 shell is not installed"),
    }
    let tools = ofxtools(&few);
    let vault = new_vault(folder.path(), "csv.finvault");
    import("CSV", &vault, &csv, plain);
    import("CSV again", &vault, &csv, plain);
    let vault = new_vault(folder.path(), "ofx.finvault");
    let spent = import("OFX", &vault, &ofx, None);
    import("OFX again", &vault, &ofx, None);
    match tools {
        Some(seconds) => {
            let (theirs, ours) = (OFXTOOLS_ROWS as f64 / seconds, rows as f64 / spent);
            println!(
                "rows a CPU second: OFX {ours:.0}, ofxtools (parsing alone) {theirs:.0}: {:.1} times",
                ours / theirs
            );
        }
        None => println!("ofxtools is not installed (pip install ofxtools)"),
    }
}
