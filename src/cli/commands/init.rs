//! `init`: makes a vault and shows its recovery code, once.

use crate::cli::console::Console;
use crate::cli::exit::Exit;
use crate::cli::failure::Failure;
use crate::cli::known_signers::make_parent;
use crate::cli::last_seen::LastSeen;
use crate::cli::render::Tone;
use crate::cli::secrets;
use crate::cli::session::Session;
use clap::Args;
use finvault::crypto::{KdfParams, Passphrase};
use finvault::vault::Vault;
use serde::Serialize;

/// Make a new, empty vault
///
/// Asks for a passphrase twice, and shows a recovery code once. The code opens the vault when the passphrase
/// is lost: write it on paper.
#[derive(Debug, Args)]
pub struct Init {
    /// Memory that one guess at the passphrase costs, in MiB (19 or more) [default: 256]
    #[arg(long, value_name = "MIB")]
    kdf_memory: Option<u32>,
    /// Passes over that memory (2 or more) [default: 3]
    #[arg(long, value_name = "N")]
    kdf_passes: Option<u32>,
}

/// How many lanes `init` uses; what RFC 9106 recommends.
const LANES: u32 = 4;
/// Fewer characters than this deserve a word of warning.
const SHORT_PASSPHRASE_CHARS: usize = 12;
const DEFAULT_MEMORY_MIB: u32 = 256;
const DEFAULT_PASSES: u32 = 3;

impl Init {
    /// Makes the vault.
    pub fn run(self, session: &mut Session<'_>) -> Result<Exit, Failure> {
        let path = session.vault_path()?;
        if session.global.recovery_code_file.is_some() {
            return Err(Failure::usage("a new vault gets a new recovery code")
                .help("leave out --recovery-code-file; init prints the code"));
        }
        if std::fs::symlink_metadata(&path).is_ok() {
            return Err(Failure::new(Exit::Failed, format!("{} exists already", path.display()))
                .help("name another file with --vault; init never replaces one"));
        }
        if session.global.key_file.is_some() {
            return Err(Failure::usage("a new vault begins with a passphrase")
                .help("leave out --key-file; \"finvault key add key-file\" adds one to the vault"));
        }
        let kdf = kdf_params(self.kdf_memory, self.kdf_passes)?;
        let file = session.global.passphrase_file.clone();
        let passphrase = secrets::new_passphrase(file.as_deref(), session.environment, session.console)?;
        warn_if_short(&passphrase, session.console)?;
        make_parent(&path)?;
        let (vault, code) = Vault::create(&path, &passphrase, kdf, session.now())?;
        vault.remembering(Box::new(LastSeen::new(session.environment, &path, false))).close()?;
        let code = code.reveal();
        if session.console.is_json() {
            #[derive(Serialize)]
            struct Made<'a> {
                vault: String,
                recovery_code: &'a str,
            }
            session.console.json(&Made { vault: path.display().to_string(), recovery_code: &code })?;
        } else {
            session.console.say(format!("Made the vault {}", path.display()))?;
            session.console.say("")?;
            session.console.say_toned(&[(Tone::Plain, "Recovery code:  "), (Tone::Strong, &code)])?;
            session.console.say(
                "It opens the vault when the passphrase is lost, and is not shown again: write it on paper.",
            )?;
        }
        Ok(Exit::Done)
    }
}

/// A word of warning about a passphrase that is worth guessing at.
pub fn warn_if_short(passphrase: &Passphrase, console: &mut Console) -> Result<(), Failure> {
    if passphrase.characters() < SHORT_PASSPHRASE_CHARS {
        console.warn("the passphrase is short: whoever gets hold of the file can try many short ones")?;
    }
    Ok(())
}

/// What a guess at a new passphrase is to cost.
pub fn kdf_params(memory_mib: Option<u32>, passes: Option<u32>) -> Result<KdfParams, Failure> {
    let memory_mib = memory_mib.unwrap_or(DEFAULT_MEMORY_MIB);
    let passes = passes.unwrap_or(DEFAULT_PASSES);
    let memory_kib = memory_mib.saturating_mul(1024);
    KdfParams::new(memory_kib, passes, LANES).map_err(|_| {
        let asked = format!("{memory_mib} MiB of memory and {passes} passes");
        Failure::usage(format!("a key derivation with {asked} is too weak, or dearer than finvault allows"))
            .help("give --kdf-memory in MiB, 19 or more, and --kdf-passes, 2 or more")
    })
}
