//! The imports that known rows came from: of which kind each was, and of which days it speaks.

use crate::ledger::transaction::BatchId;
use jiff::civil::Date;
use std::collections::HashMap;

/// One import, as far as matching needs it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Source {
    /// Its format's word: `ofx1`, `csv`, ...
    pub format: String,
    /// The days that its statements of the account speak of.
    pub periods: Vec<(Date, Date)>,
}

/// The imports of an account. Formats that differ by a number alone (`ofx1`, `ofx2`) are one family, whose ids
/// can be compared; 0 is the family of what was entered by hand.
#[derive(Debug, Clone, Default)]
pub struct Sources {
    families: Vec<String>,
    imports: HashMap<BatchId, (u16, Vec<(Date, Date)>)>,
}

impl Sources {
    /// The sources with these imports.
    pub fn new(imports: impl IntoIterator<Item = (BatchId, Source)>) -> Self {
        let mut sources = Self::default();
        for (batch, source) in imports {
            let name = family_name(&source.format);
            let at = sources.families.iter().position(|known| known == name).unwrap_or_else(|| {
                sources.families.push(name.to_owned());
                sources.families.len() - 1
            });
            sources.imports.insert(batch, (number(at), source.periods));
        }
        sources
    }

    /// The family of a format; one that no import had has a number of its own.
    pub fn family_of_format(&self, format: &str) -> u16 {
        let name = family_name(format);
        let at = self.families.iter().position(|known| known == name);
        number(at.unwrap_or(self.families.len()))
    }

    /// The family of an import; 0 for none.
    pub fn family_of(&self, batch: Option<BatchId>) -> u16 {
        batch.and_then(|batch| self.imports.get(&batch)).map_or(0, |(family, _)| *family)
    }

    /// Every family that a known row may be of.
    pub fn families(&self) -> impl Iterator<Item = u16> + Clone + use<> {
        0..=number(self.families.len())
    }

    /// Whether an import speaks of a day.
    pub fn covers(&self, batch: BatchId, day: Date) -> bool {
        self.imports
            .get(&batch)
            .is_some_and(|(_, periods)| periods.iter().any(|(first, last)| (*first..=*last).contains(&day)))
    }
}

fn family_name(format: &str) -> &str {
    format.trim_end_matches(|c: char| c.is_ascii_digit())
}

fn number(place: usize) -> u16 {
    u16::try_from(place + 1).unwrap_or(u16::MAX)
}
