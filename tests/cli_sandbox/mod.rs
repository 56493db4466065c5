//! A folder of its own for the program under test, with no environment but what the test gives.
#![allow(dead_code, reason = "each test file uses a part")]
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test that cannot go on ends")]

use serde_json::Value;
use std::ffi::OsStr;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use tempfile::TempDir;

/// The cheapest key derivation that is accepted; the tests are not about its price.
pub const CHEAP_KDF: [&str; 4] = ["--kdf-memory", "19", "--kdf-passes", "2"];

/// What a run of the program left behind.
#[derive(Debug)]
pub struct Outcome {
    pub code: i32,
    pub stdout: String,
    pub stderr: String,
}

impl Outcome {
    /// Fails the test unless the run ended with this code.
    #[track_caller]
    pub fn expect(self, code: i32) -> Self {
        assert_eq!(self.code, code, "stdout:\n{}\nstderr:\n{}", self.stdout, self.stderr);
        self
    }

    /// The result as JSON.
    #[track_caller]
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.stdout).unwrap_or_else(|e| panic!("{e}: {}\n{}", self.stdout, self.stderr))
    }

    /// The error as JSON.
    #[track_caller]
    pub fn error(&self) -> Value {
        let line = self.stderr.lines().last().unwrap_or_default();
        let value: Value = serde_json::from_str(line).unwrap_or_else(|e| panic!("{e}: {}", self.stderr));
        value["error"].clone()
    }
}

/// A folder with a vault's path and passphrase, where the program runs.
pub struct Sandbox {
    folder: TempDir,
}

impl Sandbox {
    /// An empty folder that holds `passphrase.txt`.
    pub fn new() -> Self {
        let folder = tempfile::Builder::new().prefix("finvault-test-").tempdir().unwrap();
        let sandbox = Self { folder };
        sandbox.write("passphrase.txt", "correct horse battery staple\n");
        sandbox
    }

    /// One with an empty vault.
    pub fn with_vault() -> Self {
        let sandbox = Self::new();
        sandbox.run(&[&["init"][..], &CHEAP_KDF].concat()).expect(0);
        sandbox
    }

    /// One with a vault that holds a checking account of two rows, entered by hand.
    pub fn with_account() -> Self {
        let sandbox = Self::with_vault();
        sandbox
            .run(&[
                "account",
                "add",
                "Everyday",
                "--kind",
                "checking",
                "--currency",
                "EUR",
                "--opening",
                "100.00",
                "--opening-date",
                "2026-01-01",
                "--number",
                "DE89370400440532013000",
            ])
            .expect(0);
        sandbox.add("2026-01-05", "-12.30", "Corner Cafe").expect(0);
        sandbox.add("2026-01-06", "250.00", "Example GmbH").expect(0);
        sandbox
    }

    pub fn path(&self) -> &Path {
        self.folder.path()
    }

    pub fn join(&self, name: &str) -> PathBuf {
        self.path().join(name)
    }

    pub fn vault(&self) -> PathBuf {
        self.join("test.finvault")
    }

    pub fn write(&self, name: &str, content: impl AsRef<[u8]>) {
        std::fs::write(self.join(name), content).unwrap();
    }

    pub fn read(&self, name: &str) -> Vec<u8> {
        std::fs::read(self.join(name)).unwrap()
    }

    /// The names of the files in the folder, in order.
    pub fn names(&self) -> Vec<String> {
        let mut names: Vec<String> = std::fs::read_dir(self.path())
            .unwrap()
            .map(|entry| entry.unwrap().file_name().to_string_lossy().into_owned())
            .collect();
        names.sort();
        names
    }

    /// Enters a transaction by hand on the account of [`Sandbox::with_account`].
    pub fn add(&self, date: &str, amount: &str, payee: &str) -> Outcome {
        self.run(&[
            "tx",
            "add",
            "--account",
            "Everyday",
            "--date",
            date,
            "--amount",
            amount,
            "--payee",
            payee,
        ])
    }

    /// The program, with vault and passphrase from the environment and nobody at standard input.
    pub fn command(&self) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_finvault"));
        self.surround(&mut command);
        command
    }

    /// Gives a command the environment of the sandbox and nothing else.
    pub fn surround(&self, command: &mut Command) {
        command
            .current_dir(self.path())
            .env_clear()
            .env("HOME", self.path())
            .env("TMPDIR", self.path())
            .env("PATH", std::env::var_os("PATH").unwrap_or_default())
            .env("TZ", "UTC")
            .env("LC_ALL", "C.UTF-8")
            .env("FINVAULT_VAULT", "test.finvault")
            .env("FINVAULT_PASSPHRASE_FILE", "passphrase.txt")
            .env("FINVAULT_STATE_DIR", "state")
            .stdin(Stdio::null());
    }

    pub fn run<S: AsRef<OsStr>>(&self, arguments: &[S]) -> Outcome {
        finish(self.command().args(arguments))
    }

    /// Runs with `--json`.
    pub fn json(&self, arguments: &[&str]) -> Outcome {
        self.run(&[&["--json"], arguments].concat())
    }

    /// Runs with `input` on standard input.
    pub fn feed(&self, arguments: &[&str], input: &[u8]) -> Outcome {
        let mut child = self
            .command()
            .args(arguments)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        // A program that ends before it read everything closes the pipe; that is its business.
        let _ = child.stdin.take().unwrap().write_all(input);
        outcome(child.wait_with_output().unwrap())
    }

    /// Runs a shell line; `finvault` is the program under test.
    pub fn shell(&self, line: &str) -> Outcome {
        let script = format!("finvault() {{ \"$FINVAULT_PROGRAM\" \"$@\"; }}\n{line}");
        let mut command = Command::new("sh");
        self.surround(&mut command);
        finish(command.env("FINVAULT_PROGRAM", env!("CARGO_BIN_EXE_finvault")).arg("-c").arg(script))
    }
}

pub fn finish(command: &mut Command) -> Outcome {
    outcome(command.output().unwrap())
}

fn outcome(output: std::process::Output) -> Outcome {
    Outcome {
        code: output.status.code().unwrap_or(-1),
        stdout: String::from_utf8_lossy(&output.stdout).into_owned(),
        stderr: String::from_utf8_lossy(&output.stderr).into_owned(),
    }
}

/// An OFX 1.x bank statement in EUR of account 4711: rows of date, amount, id, payee; a ledger balance.
pub fn ofx(rows: &[(&str, &str, &str, &str)], ledger_balance: &str) -> String {
    let mut text = String::from(
        "OFXHEADER:100\nDATA:OFXSGML\nVERSION:102\nSECURITY:NONE\nENCODING:USASCII\nCHARSET:1252\nCOMPRESSION:NONE\n\
         OLDFILEUID:NONE\nNEWFILEUID:NONE\n\n<OFX>\n<SIGNONMSGSRSV1><SONRS><STATUS><CODE>0<SEVERITY>INFO</STATUS>\n\
         <DTSERVER>20260201<LANGUAGE>ENG</SONRS></SIGNONMSGSRSV1>\n<BANKMSGSRSV1><STMTTRNRS><TRNUID>1\n\
         <STATUS><CODE>0<SEVERITY>INFO</STATUS>\n<STMTRS>\n<CURDEF>EUR\n<BANKACCTFROM><BANKID>99999999<ACCTID>0000004711\
         <ACCTTYPE>CHECKING</BANKACCTFROM>\n<BANKTRANLIST>\n<DTSTART>20260101\n<DTEND>20260131\n",
    );
    for (date, amount, id, payee) in rows {
        text.push_str(&format!(
            "<STMTTRN>\n<TRNTYPE>OTHER\n<DTPOSTED>{date}\n<TRNAMT>{amount}\n<FITID>{id}\n<NAME>{payee}\n</STMTTRN>\n"
        ));
    }
    text.push_str(&format!(
        "</BANKTRANLIST>\n<LEDGERBAL>\n<BALAMT>{ledger_balance}\n<DTASOF>20260131\n</LEDGERBAL>\n</STMTRS>\n</STMTTRNRS>\n\
         </BANKMSGSRSV1>\n</OFX>\n"
    ));
    text
}
