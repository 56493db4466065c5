//! `viewer`: writes the page in which a recipient opens disclosures, the same bytes for everyone.

use crate::cli::exit::Exit;
use crate::cli::failure::Failure;
use crate::cli::output_file::write_new;
use crate::cli::session::Session;
use clap::Args;
use finvault::disclosure::viewer_page;
use serde::Serialize;
use sha2::{Digest, Sha256};
use std::path::PathBuf;

/// Write the page that opens disclosures in a browser; needs no vault
///
/// It is the same page for everyone and holds no data: drop a disclosure's file (.html or .jwe) on it and type the
/// passcode. Who has it from a place they trust need not trust the page that came with the data.
#[derive(Debug, Args)]
pub struct Viewer {
    /// The file to write; "-" prints it
    #[arg(long, value_name = "FILE", default_value = "finvault-viewer.html")]
    output: PathBuf,
    /// Replace that file if it exists
    #[arg(long)]
    force: bool,
}

#[derive(Serialize)]
struct ViewerShape {
    output: String,
    sha256: String,
    bytes: usize,
}

impl Viewer {
    /// Runs it.
    pub fn run(self, session: &mut Session<'_>) -> Result<Exit, Failure> {
        let page = viewer_page();
        if self.output.as_os_str() == "-" {
            session.console.raw(page.as_bytes())?;
            return Ok(Exit::Done);
        }
        let digest = Sha256::digest(page.as_bytes());
        let sha256: String = digest.iter().map(|byte| format!("{byte:02x}")).collect();
        write_new(&self.output, page.as_bytes(), self.force)?;
        let output = self.output.display().to_string();
        if session.console.is_json() {
            session.console.json(&ViewerShape { output, sha256, bytes: page.len() })?;
            return Ok(Exit::Done);
        }
        session.console.say(format!("Wrote the viewer's page into {output}"))?;
        session.console.say(format!("Its SHA-256, the same for everyone:  {sha256}"))?;
        Ok(Exit::Done)
    }
}
