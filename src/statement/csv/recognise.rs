//! Which profile a file is laid out by, told by the names of its columns.

use super::super::StatementError;
use super::super::text::Text;
use super::builtin;
use super::profile::CsvProfile;
use super::records::Rows;
use super::vocabulary::fold;
use std::borrow::Cow;
use std::sync::LazyLock;

/// How far down the names of the columns may stand.
const HEAD_ROWS: usize = 30;
/// Fewer columns than this tell no export from another.
const LEAST_COLUMNS: usize = 3;

/// The profiles that come with the crate and are recognised by their columns.
static BUILT_IN: LazyLock<Vec<CsvProfile>> = LazyLock::new(|| {
    let all = builtin::names().filter_map(|name| CsvProfile::builtin(name).ok());
    all.filter(CsvProfile::is_recognised).collect()
});

/// The profile whose column names the file has: the owner's own before those that come with the crate, and among
/// those the one that asks for the most names.
///
/// # Errors
/// None for a file that cannot be cut into rows: whoever reads it next says so.
pub(super) fn recognise<'p>(
    text: Text<'_>,
    known: &'p [CsvProfile],
) -> Result<Option<Cow<'p, CsvProfile>>, StatementError> {
    let heads: Vec<Vec<String>> =
        [b',', b';', b'\t', b'|'].iter().flat_map(|byte| head(text, *byte)).collect();
    let best = |profiles: &'p [CsvProfile]| {
        let fits = profiles.iter().map(|profile| (profile, profile.recognised_in(&heads)));
        fits.filter(|(_, names)| *names > 0).max_by_key(|(_, names)| *names).map(|(profile, _)| profile)
    };
    Ok(best(known).or_else(|| best(&BUILT_IN)).map(Cow::Borrowed))
}

/// The rows at the beginning that could be names of columns, folded.
fn head(text: Text<'_>, delimiter: u8) -> Vec<Vec<String>> {
    let mut found = Vec::new();
    let Ok(mut rows) = Rows::new(text, delimiter) else { return found };
    for _ in 0..HEAD_ROWS {
        let Ok(Some(row)) = rows.next() else { break };
        if row.cells.len() >= LEAST_COLUMNS {
            found.push(row.cells.iter().map(|cell| fold(cell)).collect());
        }
    }
    found
}
