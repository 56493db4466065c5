//! In which form a disclosure leaves: options that say so, or the ending of the file's name.

use clap::Args;
use finvault::disclosure::SealedForm;
use std::path::Path;

/// In which form it leaves. Without these the ending of --output decides (.age, .html or .jwe), and without that
/// whether the recipient has a key.
#[derive(Debug, Clone, Copy, Args)]
#[group(multiple = false)]
pub struct FormChoice {
    /// Seal it as one HTML file under a new passcode: it opens in a browser, and nothing is installed
    /// [default for who has no key]
    #[arg(long)]
    html: bool,
    /// Seal it as a data file under a new passcode, for who has the page of "finvault viewer"
    #[arg(long)]
    data: bool,
    /// Seal it as an age file [default for who has a key]
    #[arg(long)]
    age: bool,
}

impl FormChoice {
    /// What the options say.
    pub const fn named(self) -> Option<SealedForm> {
        match (self.html, self.data, self.age) {
            (true, ..) => Some(SealedForm::Page),
            (_, true, _) => Some(SealedForm::Data),
            (.., true) => Some(SealedForm::Age),
            _ => None,
        }
    }

    /// What the options or the name of the file say.
    pub fn for_file(self, output: Option<&Path>) -> Option<SealedForm> {
        let ending = || output?.extension()?.to_str();
        self.named().or_else(|| ending().and_then(SealedForm::of_ending))
    }
}
