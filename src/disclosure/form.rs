//! In which form a sealed disclosure leaves: an age file, a page that a browser opens, or the page's data alone.

use std::fmt;
use std::str::FromStr;

/// How a disclosure is wrapped.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum SealedForm {
    /// An age file: to the recipient's key, or under a passcode where they have none.
    Age,
    /// An HTML page that holds the data and a viewer for it. It opens in a browser, under a passcode.
    Page,
    /// The data alone, a JWE in compact form, under a passcode: for the viewer that the recipient already has.
    Data,
}

/// A word that names no [`SealedForm`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a disclosure is sealed as age, html or data")]
pub struct SealedFormError;

impl SealedForm {
    /// Every form.
    pub const ALL: [Self; 3] = [Self::Age, Self::Page, Self::Data];

    /// The word that the vault and JSON use.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Age => "age",
            Self::Page => "html",
            Self::Data => "data",
        }
    }

    /// What names of such files end in, without the dot.
    pub const fn ending(self) -> &'static str {
        match self {
            Self::Age => "age",
            Self::Page => "html",
            Self::Data => "jwe",
        }
    }

    /// The form that a file name's ending stands for; none for any other ending.
    pub fn of_ending(ending: &str) -> Option<Self> {
        let lower = ending.to_ascii_lowercase();
        if lower == "htm" {
            return Some(Self::Page);
        }
        Self::ALL.into_iter().find(|form| form.ending() == lower)
    }
}

impl fmt::Display for SealedForm {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

impl FromStr for SealedForm {
    type Err = SealedFormError;

    fn from_str(text: &str) -> Result<Self, SealedFormError> {
        Self::ALL.into_iter().find(|form| form.as_str() == text).ok_or(SealedFormError)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_and_endings_lead_back() {
        for form in SealedForm::ALL {
            assert_eq!(form.as_str().parse(), Ok(form));
            assert_eq!(SealedForm::of_ending(form.ending()), Some(form));
        }
        assert_eq!(SealedForm::of_ending("HTM"), Some(SealedForm::Page));
        assert_eq!(SealedForm::of_ending("pdf"), None);
        assert_eq!("page".parse::<SealedForm>(), Err(SealedFormError));
    }
}
