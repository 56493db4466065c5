//! What is asked of the recipient and for how long the disclosure holds: [`Purpose`], [`Terms`], [`Lifetime`].

use super::json::is_plain;
use super::wire::IsoDate;
use jiff::civil::Date;
use serde::{Deserialize, Serialize};
use std::fmt;
use std::str::FromStr;

/// The longest purpose, in bytes.
pub const MAX_PURPOSE_LEN: usize = 500;
/// The longest purpose code, in bytes.
pub const MAX_PURPOSE_CODE_LEN: usize = 64;

const DAY_S: i64 = 86_400;

/// Why a purpose cannot be stated.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum PurposeError {
    /// No text at all.
    #[error("the purpose is empty")]
    Empty,
    /// A text beyond [`MAX_PURPOSE_LEN`] bytes.
    #[error("the purpose is longer than {MAX_PURPOSE_LEN} bytes")]
    TooLong,
    /// A line break or another control character.
    #[error("the purpose contains a control character")]
    NotPlain,
    /// A code that is not one to 64 lower-case letters, digits and hyphens.
    #[error("a purpose code is 1 to {MAX_PURPOSE_CODE_LEN} lower-case letters, digits and hyphens")]
    BadCode,
}

/// What the facts may be used for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "PurposeWire", into = "PurposeWire")]
pub struct Purpose {
    code: String,
    text: String,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct PurposeWire {
    code: String,
    text: String,
}

impl Purpose {
    /// A purpose with a code for programs and a text for people.
    ///
    /// # Errors
    /// [`PurposeError`].
    pub fn new(code: &str, text: &str) -> Result<Self, PurposeError> {
        let code_is_good = (1..=MAX_PURPOSE_CODE_LEN).contains(&code.len())
            && code.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-');
        if !code_is_good {
            return Err(PurposeError::BadCode);
        }
        let text = text.trim();
        if text.is_empty() {
            return Err(PurposeError::Empty);
        }
        if text.len() > MAX_PURPOSE_LEN {
            return Err(PurposeError::TooLong);
        }
        if !is_plain(text) {
            return Err(PurposeError::NotPlain);
        }
        Ok(Self { code: code.to_owned(), text: text.to_owned() })
    }

    /// A purpose in words, under the code `other`.
    ///
    /// # Errors
    /// [`PurposeError`].
    pub fn from_text(text: &str) -> Result<Self, PurposeError> {
        Self::new("other", text)
    }

    /// The code for programs.
    pub fn code(&self) -> &str {
        &self.code
    }

    /// The text for people.
    pub fn text(&self) -> &str {
        &self.text
    }
}

impl TryFrom<PurposeWire> for Purpose {
    type Error = PurposeError;

    fn try_from(wire: PurposeWire) -> Result<Self, PurposeError> {
        Self::new(&wire.code, &wire.text)
    }
}

impl From<Purpose> for PurposeWire {
    fn from(purpose: Purpose) -> Self {
        Self { code: purpose.code, text: purpose.text }
    }
}

/// Whether the recipient may pass the facts on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum OnwardSharing {
    /// To nobody.
    #[default]
    Prohibited,
    /// Only after the owner agreed to that very step.
    WithConsent,
    /// To whom the purpose needs.
    Permitted,
}

impl OnwardSharing {
    /// The word that the token and JSON use.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Prohibited => "prohibited",
            Self::WithConsent => "with-consent",
            Self::Permitted => "permitted",
        }
    }
}

/// What the owner asks of the recipient. Terms are a promise asked for, not something that software can enforce.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Terms {
    /// The last day on which the recipient may keep the facts; none means the day of expiry.
    pub retain_until: Option<Date>,
    /// Whether the facts may be passed on.
    pub onward_sharing: OnwardSharing,
    /// Whether the recipient said that they will keep the facts in their records.
    pub intent_to_retain: bool,
}

impl Serialize for Terms {
    /// As the token has them, without `retain_until` where it is not known yet.
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        #[derive(Serialize)]
        struct Partial {
            #[serde(skip_serializing_if = "Option::is_none")]
            retain_until: Option<IsoDate>,
            onward_sharing: OnwardSharing,
            intent_to_retain: bool,
        }
        let retain_until = self.retain_until.map(IsoDate);
        Partial { retain_until, onward_sharing: self.onward_sharing, intent_to_retain: self.intent_to_retain }
            .serialize(serializer)
    }
}

/// Terms as the token states them: always with a last day.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct TermsWire {
    retain_until: IsoDate,
    onward_sharing: OnwardSharing,
    intent_to_retain: bool,
}

impl TermsWire {
    pub(super) fn new(terms: &Terms, expiry_day: Date) -> Self {
        Self {
            retain_until: IsoDate(terms.retain_until.unwrap_or(expiry_day)),
            onward_sharing: terms.onward_sharing,
            intent_to_retain: terms.intent_to_retain,
        }
    }
}

impl From<TermsWire> for Terms {
    fn from(wire: TermsWire) -> Self {
        Self {
            retain_until: Some(wire.retain_until.0),
            onward_sharing: wire.onward_sharing,
            intent_to_retain: wire.intent_to_retain,
        }
    }
}

/// Why a disclosure cannot live that long.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum LifetimeError {
    /// Zero or less.
    #[error("a disclosure must live for at least one second")]
    TooShort,
    /// Beyond the cap.
    #[error("a disclosure may live for at most {} days", Lifetime::MAX_DAYS)]
    TooLong,
    /// Not a number with a unit.
    #[error("\"{0}\" is not a lifetime: write a whole number and s, m, h, d or w, for example 7d")]
    NotALifetime(String),
}

/// For how long after its making a disclosure holds: at least a second, at most 365 days, 7 days by default.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Lifetime {
    seconds: i64,
}

impl Lifetime {
    /// The longest lifetime, in days.
    pub const MAX_DAYS: i64 = 365;
    /// The longest lifetime that needs no warning, in days.
    pub const WARN_ABOVE_DAYS: i64 = 31;
    /// The longest lifetime, in seconds.
    pub(super) const MAX_S: i64 = Self::MAX_DAYS * DAY_S;

    /// A lifetime in seconds.
    ///
    /// # Errors
    /// [`LifetimeError::TooShort`] below a second, [`LifetimeError::TooLong`] above 365 days.
    pub const fn from_seconds(seconds: i64) -> Result<Self, LifetimeError> {
        match seconds {
            ..1 => Err(LifetimeError::TooShort),
            1..=Self::MAX_S => Ok(Self { seconds }),
            _ => Err(LifetimeError::TooLong),
        }
    }

    /// A lifetime in days of 24 hours.
    ///
    /// # Errors
    /// As [`Lifetime::from_seconds`].
    pub const fn from_days(days: i64) -> Result<Self, LifetimeError> {
        Self::from_seconds(days.saturating_mul(DAY_S))
    }

    /// How long, in seconds.
    pub const fn seconds(self) -> i64 {
        self.seconds
    }

    /// Whether the owner should be warned that this is long (above 31 days).
    pub const fn is_long(self) -> bool {
        self.seconds > Self::WARN_ABOVE_DAYS * DAY_S
    }
}

impl Default for Lifetime {
    /// Seven days.
    fn default() -> Self {
        Self { seconds: 7 * DAY_S }
    }
}

impl FromStr for Lifetime {
    type Err = LifetimeError;

    /// Reads `90s`, `90m`, `36h`, `7d` or `2w`.
    fn from_str(text: &str) -> Result<Self, LifetimeError> {
        let wrong = || LifetimeError::NotALifetime(text.chars().take(40).collect());
        let trimmed = text.trim();
        let unit = trimmed.chars().last().ok_or_else(wrong)?;
        let unit_s = match unit {
            's' => 1,
            'm' => 60,
            'h' => 3_600,
            'd' => DAY_S,
            'w' => 7 * DAY_S,
            _ => return Err(wrong()),
        };
        let number = trimmed.trim_end_matches(unit);
        if number.len() + 1 != trimmed.len()
            || number.is_empty()
            || !number.bytes().all(|b| b.is_ascii_digit())
        {
            return Err(wrong());
        }
        let count: i64 = number.parse().map_err(|_| LifetimeError::TooLong)?;
        Self::from_seconds(count.saturating_mul(unit_s))
    }
}

impl fmt::Display for Lifetime {
    /// The largest unit that divides it, for example `7d`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.seconds {
            s if s % DAY_S == 0 => write!(f, "{}d", s / DAY_S),
            s if s % 3_600 == 0 => write!(f, "{}h", s / 3_600),
            s if s % 60 == 0 => write!(f, "{}m", s / 60),
            s => write!(f, "{s}s"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lifetimes_keep_to_their_bounds() {
        assert_eq!(Lifetime::default().to_string(), "7d");
        assert_eq!("7d".parse(), Ok(Lifetime::default()));
        assert_eq!("1w".parse(), Ok(Lifetime::default()));
        assert_eq!("36h".parse::<Lifetime>().unwrap().seconds(), 129_600);
        assert_eq!("365d".parse::<Lifetime>().unwrap().seconds(), Lifetime::MAX_S);
        assert_eq!("366d".parse::<Lifetime>(), Err(LifetimeError::TooLong));
        assert_eq!("99999999999999999999d".parse::<Lifetime>(), Err(LifetimeError::TooLong));
        assert_eq!("9223372036854775807w".parse::<Lifetime>(), Err(LifetimeError::TooLong));
        assert_eq!("0d".parse::<Lifetime>(), Err(LifetimeError::TooShort));
        assert_eq!(Lifetime::from_days(-1), Err(LifetimeError::TooShort));
        assert_eq!(Lifetime::from_seconds(0), Err(LifetimeError::TooShort));
        assert_eq!("90s".parse::<Lifetime>().unwrap().to_string(), "90s");
        for bad in ["", "d", "7", "7dd", "-7d", "+7d", "7 d", "7.5d", "7y", "sevend", "7\u{e9}"] {
            assert!(matches!(bad.parse::<Lifetime>(), Err(LifetimeError::NotALifetime(_))), "{bad}");
        }
        assert!(!Lifetime::from_days(31).unwrap().is_long());
        assert!(Lifetime::from_days(32).unwrap().is_long());
    }

    #[test]
    fn purposes_are_plain_and_short() {
        assert_eq!(Purpose::from_text(" Support case 12 ").unwrap().text(), "Support case 12");
        assert_eq!(Purpose::from_text("  "), Err(PurposeError::Empty));
        assert_eq!(Purpose::from_text("a\nb"), Err(PurposeError::NotPlain));
        assert_eq!(Purpose::from_text(&"x".repeat(501)), Err(PurposeError::TooLong));
        assert_eq!(Purpose::new("Bad Code", "x"), Err(PurposeError::BadCode));
        assert_eq!(Purpose::new("", "x"), Err(PurposeError::BadCode));
    }
}
