//! Exit codes: all of them, what each means, and the table that `--help` prints.

use std::process::ExitCode;

/// How a run ended. The numbers are a promise to scripts and never change their meaning.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Exit {
    /// Done.
    Done = 0,
    /// Failed for a reason that none of the others names.
    Failed = 1,
    /// The command was spelled wrong, or lacks an answer that nothing may prompt for.
    Usage = 2,
    /// A wrong passphrase, recovery code, key or passcode.
    WrongSecret = 3,
    /// The vault is damaged or was tampered with.
    Damaged = 4,
    /// A statement or another input was rejected; nothing of it was taken in.
    InputRejected = 5,
    /// Another process has the vault open.
    Busy = 6,
    /// Refused by the owner's own policy.
    Refused = 7,
    /// `open`: malformed, altered, or its signature does not verify.
    Invalid = 10,
    /// `open`: genuine, but expired.
    Expired = 11,
    /// `open`: not valid yet, or this machine's clock is behind the disclosure's.
    NotYetValid = 12,
    /// `open`: revoked by its issuer.
    Revoked = 13,
    /// `open`: sealed to, or made out to, somebody else.
    NotForThisRecipient = 14,
    /// `open`: the signature is valid, but its signer is not one you said you know.
    UnknownSigner = 15,
    /// The reader of standard output went away, as `head` does; what other programs report after SIGPIPE.
    BrokenPipe = 141,
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        // Lossless: every discriminant is below 256.
        Self::from(exit as u8)
    }
}

/// The table for `finvault --help`.
pub const HELP: &str = "\
Exit codes:
   0  done
   1  failed
   2  usage: a misspelt command, or an answer missing that nothing prompts for
   3  wrong passphrase, recovery code, key or passcode
   4  vault damaged or tampered with
   5  input rejected; nothing of it was taken in
   6  vault busy: another process has it open
   7  refused by the owner's own policy
  10  open: invalid (malformed, altered, bad signature)
  11  open: expired
  12  open: not yet valid, or this clock is behind
  13  open: revoked
  14  open: not for this recipient
  15  open: signature valid, signer not known (see --trust)
 141  the reader of the output went away (as after SIGPIPE)";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_help_lists_every_code() {
        use Exit::*;
        for exit in [
            Done,
            Failed,
            Usage,
            WrongSecret,
            Damaged,
            InputRejected,
            Busy,
            Refused,
            Invalid,
            Expired,
            NotYetValid,
            Revoked,
            NotForThisRecipient,
            UnknownSigner,
            BrokenPipe,
        ] {
            let number = (exit as u8).to_string();
            assert!(
                HELP.lines().any(|line| line.trim_start().starts_with(&format!("{number}  "))),
                "{number}"
            );
        }
    }
}
