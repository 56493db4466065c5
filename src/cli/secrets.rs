//! Where passphrases, recovery codes and passcodes come from: a file, a command, the environment, or a
//! prompt without echo on a terminal. Never an argument, which every process on the machine can read.

use super::console::Console;
use super::environment::Environment;
use super::exit::Exit;
use super::failure::{Failure, describe};
use finvault::crypto::Passphrase;
use std::ffi::OsStr;
use std::io::Read;
use std::path::Path;
use std::process::{Command, Stdio};
use zeroize::{Zeroize, Zeroizing};

/// No passphrase and no key file is longer; a wrong path must not read a disk image into memory.
const LONGEST_SECRET: u64 = 64 * 1024;

/// The passphrase of an existing vault.
pub fn passphrase(
    file: Option<&Path>,
    environment: &Environment,
    console: &mut Console,
) -> Result<Passphrase, Failure> {
    match given_passphrase(file, environment)? {
        Some(text) => Ok(Passphrase::new(into_string(text))),
        None => Ok(Passphrase::new(into_string(ask("Passphrase: ", PASSPHRASE_ANSWERS, console)?))),
    }
}

/// The passphrase of a vault about to be made: asked twice.
pub fn new_passphrase(
    file: Option<&Path>,
    environment: &Environment,
    console: &mut Console,
) -> Result<Passphrase, Failure> {
    let text = match given_passphrase(file, environment)? {
        Some(text) => text,
        None => asked_twice(PASSPHRASE_ANSWERS, console)?,
    };
    not_empty(text)
}

/// A passphrase to be, for a vault that another secret has just opened: from a file or asked twice. What the environment
/// holds is the other secret.
pub fn chosen_passphrase(file: Option<&Path>, console: &mut Console) -> Result<Passphrase, Failure> {
    let text = match file {
        Some(path) => read_secret("the new passphrase", path)?,
        None => asked_twice("give --new-passphrase-file FILE", console)?,
    };
    not_empty(text)
}

fn asked_twice(answers: &str, console: &mut Console) -> Result<Zeroizing<String>, Failure> {
    let first = ask("New passphrase: ", answers, console)?;
    let second = ask("The same again: ", answers, console)?;
    if *first != *second {
        return Err(Failure::usage("the two passphrases differ").help("run the command again"));
    }
    Ok(first)
}

fn not_empty(text: Zeroizing<String>) -> Result<Passphrase, Failure> {
    if text.is_empty() {
        return Err(Failure::usage("the passphrase is empty").help("choose one of several words"));
    }
    Ok(Passphrase::new(into_string(text)))
}

const PASSPHRASE_ANSWERS: &str = "give --passphrase-file FILE, or set FINVAULT_PASSPHRASE_FILE, \
                                  FINVAULT_PASSPHRASE_COMMAND or FINVAULT_PASSPHRASE";

fn given_passphrase(
    file: Option<&Path>,
    environment: &Environment,
) -> Result<Option<Zeroizing<String>>, Failure> {
    if let Some(path) = file.or(environment.passphrase_file.as_deref()) {
        return read_secret("the passphrase", path).map(Some);
    }
    if let Some(command) = &environment.passphrase_command {
        return run_for_secret(command).map(Some);
    }
    Ok(environment.passphrase.clone())
}

/// Reads a secret from a file. One newline at the end is not part of it.
pub fn read_secret(what: &str, path: &Path) -> Result<Zeroizing<String>, Failure> {
    let bytes = read_secret_file(what, path)?;
    let text = std::str::from_utf8(&bytes)
        .map_err(|_| Failure::usage(format!("{what} in {} is not valid UTF-8", path.display())))?;
    Ok(Zeroizing::new(strip_newline(text).to_owned()))
}

/// Reads a file that holds a secret, whole.
pub fn read_secret_file(what: &str, path: &Path) -> Result<Zeroizing<Vec<u8>>, Failure> {
    let failed = |error: &std::io::Error| {
        Failure::usage(format!("cannot read {what} from {}: {}", path.display(), describe(error)))
            .help("check the path and its permissions")
    };
    let file = std::fs::File::open(path).map_err(|error| failed(&error))?;
    // Reserved at once, so that growing leaves no copies of the secret behind.
    let mut bytes = Zeroizing::new(Vec::with_capacity(4 * 1024));
    file.take(LONGEST_SECRET + 1).read_to_end(&mut bytes).map_err(|error| failed(&error))?;
    if bytes.len() as u64 > LONGEST_SECRET {
        return Err(Failure::usage(format!("{} is too long to be {what}", path.display())));
    }
    Ok(bytes)
}

/// The first line that a shell command prints.
fn run_for_secret(command: &OsStr) -> Result<Zeroizing<String>, Failure> {
    let failed = |why: String| {
        Failure::usage(format!("FINVAULT_PASSPHRASE_COMMAND gave no passphrase: {why}"))
            .help("run the command by itself to see what it prints")
    };
    let output = Command::new("sh")
        .arg("-c")
        .arg(command)
        .stdin(Stdio::inherit())
        .stderr(Stdio::inherit())
        .output()
        .map_err(|error| failed(describe(&error)))?;
    let printed = Zeroizing::new(output.stdout);
    if !output.status.success() {
        return Err(failed(format!("it ended with {}", output.status)));
    }
    let first_line = printed.split(|byte| *byte == b'\n').next().unwrap_or_default();
    let first_line = first_line.strip_suffix(b"\r").unwrap_or(first_line);
    match std::str::from_utf8(first_line) {
        Ok("") => Err(failed("it printed nothing".to_owned())),
        Ok(text) => Ok(Zeroizing::new(text.to_owned())),
        Err(_) => Err(failed("it printed what is not valid UTF-8".to_owned())),
    }
}

/// Asks without echo. Fails where nobody can answer, and says what `answers` instead.
pub fn ask(prompt: &str, answers: &str, console: &mut Console) -> Result<Zeroizing<String>, Failure> {
    let what = prompt.trim_end_matches([':', ' ']).to_lowercase();
    if !console.can_ask() {
        return Err(Failure::usage(format!(
            "the {what} is needed, and standard input is no terminal to ask for it on"
        ))
        .help(answers));
    }
    console.flush()?;
    rpassword::prompt_password(prompt).map(Zeroizing::new).map_err(|error| {
        Failure::new(Exit::Failed, format!("cannot read the {what}: {}", describe(&error))).help(answers)
    })
}

fn strip_newline(text: &str) -> &str {
    text.strip_suffix("\r\n").or_else(|| text.strip_suffix('\n')).unwrap_or(text)
}

/// Moves the text out; what wrapped it has nothing left to wipe.
fn into_string(mut text: Zeroizing<String>) -> String {
    let moved = std::mem::take(&mut *text);
    text.zeroize();
    moved
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_newline_at_the_end_is_not_part_of_a_secret() {
        for (text, expected) in [
            ("a b\n", "a b"),
            ("a b\r\n", "a b"),
            (" a\n\n", " a\n"),
            ("a", "a"),
            ("a ", "a "),
            ("a\r", "a\r"),
            ("", ""),
        ] {
            assert_eq!(strip_newline(text), expected);
        }
    }

    #[test]
    #[cfg(unix)]
    fn a_command_gives_its_first_line() {
        assert_eq!(run_for_secret(OsStr::new("printf 'one\\ntwo\\n'")).unwrap().as_str(), "one");
        assert!(run_for_secret(OsStr::new("true")).unwrap_err().message.contains("printed nothing"));
        assert!(run_for_secret(OsStr::new("exit 3")).unwrap_err().message.contains("ended with"));
    }

    #[test]
    fn an_endless_file_is_not_read_to_its_end() {
        #[cfg(unix)]
        assert!(
            read_secret("the passphrase", Path::new("/dev/zero")).unwrap_err().message.contains("too long")
        );
    }
}
