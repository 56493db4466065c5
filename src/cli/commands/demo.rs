//! `demo`: the whole job on a sample, in a fresh folder, through the very code that the commands run.

use crate::cli::args::Cli;
use crate::cli::environment::Environment;
use crate::cli::exit::Exit;
use crate::cli::failure::{Failure, describe};
use crate::cli::output_file::write_new;
use crate::cli::render::Tone;
use crate::cli::session::Session;
use age::secrecy::ExposeSecret;
use clap::{Args, Parser};
use serde::Serialize;
use std::path::{Path, PathBuf};
use zeroize::Zeroizing;

/// Show the whole job on a sample, in a fresh temporary folder
///
/// Makes a vault, imports a statement, shows the balances, discloses one of them to a lender, opens that as
/// the lender, and checks the log. Each command is printed before its result. The folder stays, for you to
/// go on with.
#[derive(Debug, Args)]
pub struct Demo {}

const STATEMENT_NAME: &str = "example-bank-2026-q1.ofx";
const STATEMENT: &[u8] = include_bytes!("../demo/example-bank-2026-q1.ofx");
/// The beginning of the name that the import gives the first account.
const ACCOUNT: &str = "Example Bank Checking";
const RECIPIENT: &str = "Example Lender";

/// One step: what it is for, the command, and how it ends.
struct Step {
    title: &'static str,
    arguments: Vec<String>,
    expected: Exit,
}

impl Step {
    fn new(title: &'static str, arguments: &[&str]) -> Self {
        let arguments = arguments.iter().map(|&argument| argument.to_owned()).collect();
        Self { title, arguments, expected: Exit::Done }
    }

    fn ends_with(self, expected: Exit) -> Self {
        Self { expected, ..self }
    }

    /// The command as it is typed in a shell.
    fn typed(&self) -> String {
        let words: Vec<String> = self.arguments.iter().map(|word| quote(word)).collect();
        format!("finvault {}", words.join(" "))
    }
}

#[derive(Serialize)]
struct DemoShape<'a> {
    folder: String,
    environment: std::collections::BTreeMap<&'a str, String>,
    steps: Vec<StepShape>,
}

#[derive(Serialize)]
struct StepShape {
    command: String,
    exit: u8,
    result: serde_json::Value,
}

impl Demo {
    /// Runs it.
    pub fn run(self, session: &mut Session<'_>) -> Result<Exit, Failure> {
        let folder = make_folder()?;
        let environment = Environment {
            vault: Some(PathBuf::from("demo.finvault")),
            passphrase_file: Some(PathBuf::from("passphrase.txt")),
            state_dir: Some(PathBuf::from("state")),
            ..Environment::default()
        };
        std::env::set_current_dir(&folder).map_err(|error| Failure::io("go to", &folder, &error))?;
        write_new(Path::new("passphrase.txt"), &passphrase()?, false)?;
        write_new(Path::new(STATEMENT_NAME), STATEMENT, false)?;
        let lender_key = make_lender_key()?;
        let mut stage = Stage { session, environment: &environment, shapes: Vec::new() };
        stage.introduce(&folder)?;
        for step in steps(&lender_key) {
            stage.play(&step)?;
        }
        stage.finish(&folder)?;
        Ok(Exit::Done)
    }
}

/// The steps, in order.
fn steps(lender_key: &str) -> Vec<Step> {
    let day = "2026-03-31";
    let mut disclose = vec!["disclose", "balance", "--account", ACCOUNT, "--as-of", day, "--round", "100"];
    disclose.extend(["--to", RECIPIENT, "--purpose", "Loan application 4711"]);
    disclose.extend(["--output", "for-lender.age", "--yes"]);
    let open = ["open", "for-lender.age", "--identity", "lender.key"];
    let open_and_trust = [&open[..], &["--trust"]].concat();
    vec![
        Step::new("A vault, under the passphrase in passphrase.txt", &["init", "--kdf-memory", "64"]),
        Step::new(
            "A statement as a bank hands it out: two accounts, three months",
            &["import", STATEMENT_NAME],
        ),
        Step::new("What the accounts come to, beside what the bank states", &["balance", "--as-of", day]),
        Step::new(
            "The last days of one of them",
            &["report", "register", "--account", ACCOUNT, "--from", "2026-03-20"],
        ),
        Step::new(
            "Whom to disclose to, with the key they gave",
            &["recipient", "add", RECIPIENT, "--key", lender_key],
        ),
        Step::new("One fact, rounded, for one purpose, for seven days", &disclose),
        Step::new(
            "The lender opens it, and compares the fingerprint: they do not know the signer yet",
            &open,
        )
        .ends_with(Exit::UnknownSigner),
        Step::new("It is the one that the owner read to them: from now on they know it", &open_and_trust),
        Step::new("Everything that ever left, and whether the log holds together", &["log", "--verify"]),
        Step::new("Every byte of the vault, checked", &["check"]),
    ]
}

/// Where the steps are played.
struct Stage<'s, 'a> {
    session: &'s mut Session<'a>,
    environment: &'s Environment,
    shapes: Vec<StepShape>,
}

impl Stage<'_, '_> {
    fn introduce(&mut self, folder: &Path) -> Result<(), Failure> {
        let console = &mut *self.session.console;
        if console.is_json() {
            return Ok(());
        }
        console.say(
            "finvault at work on a sample, in a fresh folder. Lines that begin with $ are what you type.",
        )?;
        console.say("")?;
        console.say_toned(&[(Tone::Strong, &format!("$ cd {}", quote(&folder.display().to_string())))])?;
        console.say_toned(&[(Tone::Strong, EXPORT)])?;
        console.flush()
    }

    fn play(&mut self, step: &Step) -> Result<(), Failure> {
        let is_json = self.session.console.is_json();
        if !is_json {
            let console = &mut *self.session.console;
            console.say("")?;
            console.say_toned(&[(Tone::Dim, &format!("# {}", step.title))])?;
            console.say_toned(&[(Tone::Strong, &format!("$ {}", step.typed()))])?;
            console.flush()?;
        }
        let mut words = vec!["finvault".to_owned()];
        words.extend(is_json.then(|| "--json".to_owned()));
        words.extend(step.arguments.iter().cloned());
        let cli = Cli::try_parse_from(&words).map_err(|error| {
            Failure::new(Exit::Failed, format!("a step of the demo is misspelt: {error}"))
        })?;
        let environment = self.environment;
        let exit = if is_json {
            let (exit, printed) =
                self.session.console.capture(|console| crate::cli::dispatch(cli, environment, console));
            let exit = exit?;
            let result = serde_json::from_slice(&printed)
                .map_err(|error| Failure::new(Exit::Failed, format!("a step printed no JSON: {error}")))?;
            self.shapes.push(StepShape { command: step.typed(), exit: exit as u8, result });
            exit
        } else {
            crate::cli::dispatch(cli, environment, self.session.console)?
        };
        if exit != step.expected {
            let message = format!("\"{}\" ended with exit code {}", step.typed(), exit as u8);
            return Err(
                Failure::new(Exit::Failed, message).help("this is a defect of finvault: please report it")
            );
        }
        Ok(())
    }

    fn finish(self, folder: &Path) -> Result<(), Failure> {
        let console = &mut *self.session.console;
        if console.is_json() {
            let environment = [
                ("FINVAULT_VAULT", &self.environment.vault),
                ("FINVAULT_PASSPHRASE_FILE", &self.environment.passphrase_file),
                ("FINVAULT_STATE_DIR", &self.environment.state_dir),
            ];
            return console.json(&DemoShape {
                folder: folder.display().to_string(),
                environment: environment
                    .into_iter()
                    .map(|(name, path)| {
                        let path = path.as_deref().map(|path| folder.join(path).display().to_string());
                        (name, path.unwrap_or_default())
                    })
                    .collect(),
                steps: self.shapes,
            });
        }
        console.say("")?;
        console.say_toned(&[(Tone::Strong, &format!("All of it is in {}", folder.display()))])?;
        console.say("Go on there, after the two lines at the top:")?;
        for next in [
            "finvault tx list --text cafe",
            "finvault disclose transactions --account 'Example Bank Checking' --from 2026-01-01 --until 2026-03-31 \\\n      \
             --text works --to 'Example Lender' --purpose 'Proof of income' --dry-run",
            "finvault disclosure show 1",
            "age -d -i lender.key for-lender.age    # what the lender's own tools make of it",
            "finvault --help",
        ] {
            console.say(format!("  $ {next}"))?;
        }
        console.say(format!("Remove it when you are done:  rm -r {}", quote(&folder.display().to_string())))
    }
}

const EXPORT: &str =
    "$ export FINVAULT_VAULT=demo.finvault FINVAULT_PASSPHRASE_FILE=passphrase.txt FINVAULT_STATE_DIR=state";

fn make_folder() -> Result<PathBuf, Failure> {
    tempfile::Builder::new().prefix("finvault-demo-").tempdir().map(tempfile::TempDir::keep).map_err(
        |error| {
            Failure::new(Exit::Failed, format!("cannot make a temporary folder: {}", describe(&error)))
                .help("set TMPDIR to a folder you may write to")
        },
    )
}

/// A generated passphrase: the text of a fresh key is as good as any, and never the same twice.
fn passphrase() -> Result<Zeroizing<Vec<u8>>, Failure> {
    let key = age::x25519::Identity::generate().to_string();
    let symbols: String = key
        .expose_secret()
        .trim_start_matches("AGE-SECRET-KEY-1")
        .chars()
        .take(25)
        .collect::<String>()
        .to_lowercase();
    let symbols = Zeroizing::new(symbols);
    let mut text = Zeroizing::new(Vec::with_capacity(32));
    for (index, byte) in symbols.bytes().enumerate() {
        if index > 0 && index % 5 == 0 {
            text.push(b'-');
        }
        text.push(byte);
    }
    text.push(b'\n');
    Ok(text)
}

/// Does what `age-keygen -o lender.key` does, and gives the public half.
fn make_lender_key() -> Result<String, Failure> {
    let identity = age::x25519::Identity::generate();
    let public = identity.to_public().to_string();
    let secret = identity.to_string();
    let text = Zeroizing::new(format!("# public key: {public}\n{}\n", secret.expose_secret()));
    write_new(Path::new("lender.key"), text.as_bytes(), false)?;
    Ok(public)
}

/// The word as a POSIX shell reads it back.
fn quote(word: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.' | '/' | ',' | ':' | '=');
    if !word.is_empty() && word.chars().all(plain) {
        word.to_owned()
    } else {
        format!("'{}'", word.replace('\'', "'\\''"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_quoted_where_a_shell_would_split_them() {
        assert_eq!(quote("--round"), "--round");
        assert_eq!(quote("Example Lender"), "'Example Lender'");
        assert_eq!(quote("it's"), "'it'\\''s'");
    }

    #[test]
    fn every_step_is_spelled_as_the_command_line_takes_it() {
        for step in steps("age1x") {
            let words = std::iter::once("finvault".to_owned()).chain(step.arguments.iter().cloned());
            assert!(Cli::try_parse_from(words).is_ok(), "{}", step.typed());
        }
    }

    #[test]
    fn passphrases_differ_and_are_long() {
        let (one, other) = (passphrase().unwrap(), passphrase().unwrap());
        assert_ne!(*one, *other);
        assert_eq!(one.len(), 30);
    }
}
