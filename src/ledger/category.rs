//! Categories: a tree, written as paths such as `Food:Groceries`.
//!
//! [`CategoryPath`] is one category; [`CategoryTree`] is all that a vault knows, and finds the one that a
//! person means by part of its name. Letter case never tells two categories apart.

use std::fmt;

/// What parts the names of a path.
const SEPARATOR: char = ':';
/// How deep the tree may be.
const MAX_DEPTH: usize = 8;
/// The longest path, in characters.
const MAX_CHARS: usize = 200;

/// What a new vault begins with; parents come before their children.
pub const DEFAULTS: &[&str] = &[
    "Income",
    "Income:Salary",
    "Income:Business",
    "Income:Interest",
    "Income:Refunds",
    "Housing",
    "Housing:Rent",
    "Housing:Mortgage",
    "Housing:Utilities",
    "Housing:Upkeep",
    "Food",
    "Food:Groceries",
    "Food:Eating out",
    "Transport",
    "Transport:Fuel",
    "Transport:Public transport",
    "Health",
    "Health:Pharmacy",
    "Insurance",
    "Communication",
    "Clothing",
    "Education",
    "Leisure",
    "Leisure:Travel",
    "Gifts and donations",
    "Work expenses",
    "Taxes",
    "Bank fees",
    "Transfer",
];

/// One category: the names from the root of the tree down to it.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct CategoryPath(String);

/// A text that is no category.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum CategoryError {
    /// Nothing, or nothing between two colons.
    #[error("a category needs a name before, between and after its colons")]
    Empty,
    /// More than 8 names.
    #[error("a category cannot be more than {MAX_DEPTH} levels deep")]
    TooDeep,
    /// More than 200 characters.
    #[error("a category cannot be longer than {MAX_CHARS} characters")]
    TooLong,
    /// A control character, or the equals sign that begins the memo of a split's part.
    #[error("a category cannot hold the character {0:?}")]
    Character(char),
}

impl CategoryPath {
    /// Reads a path; runs of spaces become one, and those around a name go.
    ///
    /// # Errors
    /// [`CategoryError`] says what is wrong.
    pub fn parse(text: &str) -> Result<Self, CategoryError> {
        if let Some(wrong) = text.chars().find(|c| (c.is_control() && !c.is_whitespace()) || *c == '=') {
            return Err(CategoryError::Character(wrong));
        }
        let names: Vec<String> =
            text.split(SEPARATOR).map(|name| name.split_whitespace().collect::<Vec<_>>().join(" ")).collect();
        if names.iter().any(String::is_empty) {
            return Err(CategoryError::Empty);
        }
        if names.len() > MAX_DEPTH {
            return Err(CategoryError::TooDeep);
        }
        let path = names.join(":");
        if path.chars().count() > MAX_CHARS {
            return Err(CategoryError::TooLong);
        }
        Ok(Self(path))
    }

    /// A category as a vault holds it; vaults older than the tree hold any text.
    pub fn stored(text: String) -> Self {
        Self(text)
    }

    /// The whole path.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The names from the root down.
    pub fn names(&self) -> impl DoubleEndedIterator<Item = &str> {
        self.0.split(SEPARATOR)
    }

    /// The last name.
    pub fn name(&self) -> &str {
        self.0.rsplit(SEPARATOR).next().unwrap_or_default()
    }

    /// How many categories are above it.
    pub fn depth(&self) -> usize {
        self.0.matches(SEPARATOR).count()
    }

    /// The categories above it, the root first.
    pub fn parents(&self) -> Vec<Self> {
        self.0
            .match_indices(SEPARATOR)
            .filter_map(|(at, _)| self.0.get(..at))
            .map(|p| Self(p.to_owned()))
            .collect()
    }

    /// Whether it is `other`, whatever the case of the letters.
    pub fn is(&self, other: &Self) -> bool {
        fold(&self.0) == fold(&other.0)
    }

    /// Whether it is `other` or below it.
    pub fn is_within(&self, other: &Self) -> bool {
        let (inner, outer) = (fold(&self.0), fold(&other.0));
        inner.strip_prefix(&outer).is_some_and(|rest| rest.is_empty() || rest.starts_with(SEPARATOR))
    }

    /// Where it is once `from` has become `to`; none where it is not within `from`.
    ///
    /// # Errors
    /// [`CategoryError`] where the new path is too long or too deep.
    pub fn moved(&self, from: &Self, to: &Self) -> Option<Result<Self, CategoryError>> {
        if !self.is_within(from) {
            return None;
        }
        let below: Vec<&str> = self.names().skip(from.depth() + 1).collect();
        let path = to.names().chain(below).collect::<Vec<_>>().join(":");
        Some(Self::parse(&path))
    }
}

impl fmt::Display for CategoryPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

/// What a text means among the categories there are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Meaning {
    /// This one.
    One(CategoryPath),
    /// None.
    None,
    /// Any of these.
    Several(Vec<CategoryPath>),
}

/// The categories there are, each before those below it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct CategoryTree {
    paths: Vec<CategoryPath>,
}

impl CategoryTree {
    /// The tree of these categories.
    pub fn new(mut paths: Vec<CategoryPath>) -> Self {
        paths.sort_by_cached_key(|path| path.names().map(fold).collect::<Vec<_>>());
        Self { paths }
    }

    /// The categories in the tree's order: alphabetical, each followed by those below it.
    pub fn paths(&self) -> &[CategoryPath] {
        &self.paths
    }

    /// The category that has this path, or else the only one whose path ends in these names: `groceries`
    /// means `Food:Groceries`.
    pub fn named(&self, text: &str) -> Meaning {
        let Ok(wanted) = CategoryPath::parse(text) else {
            // What older vaults hold need not be a path.
            return self.only(|path| path.0 == text);
        };
        match self.only(|path| path.is(&wanted)) {
            Meaning::None => self.only(|path| {
                path.depth() > wanted.depth()
                    && path.names().rev().zip(wanted.names().rev()).all(|(a, b)| fold(a) == fold(b))
            }),
            // Spellings that older vaults hold side by side.
            Meaning::Several(same) if same.iter().any(|path| path.0 == text) => {
                Meaning::One(CategoryPath(text.to_owned()))
            }
            found => found,
        }
    }

    /// As [`CategoryTree::named`], or else the only one whose last name begins with the text, or else whose
    /// path does.
    pub fn meant_by(&self, text: &str) -> Meaning {
        let folded = fold(text.trim());
        let found = self.named(text);
        if found != Meaning::None || folded.is_empty() {
            return found;
        }
        match self.only(|path| fold(path.name()).starts_with(&folded)) {
            Meaning::None => self.only(|path| fold(&path.0).starts_with(&folded)),
            found => found,
        }
    }

    /// A path that is not in the tree yet, its known parents spelled as they are there.
    pub fn spelled(&self, path: &CategoryPath) -> CategoryPath {
        let known = |wanted: &CategoryPath| self.paths.iter().find(|known| known.is(wanted));
        if let Some(same) = known(path) {
            return same.clone();
        }
        match path.parents().iter().rev().find_map(known) {
            Some(parent) => {
                let below = path.names().skip(parent.depth() + 1);
                CategoryPath(parent.names().chain(below).collect::<Vec<_>>().join(":"))
            }
            None => path.clone(),
        }
    }

    /// The path with its known parents spelled as they are in the tree, and its last name as it is given.
    pub fn renamed(&self, path: &CategoryPath) -> CategoryPath {
        match path.parents().pop() {
            Some(parent) => CategoryPath(format!("{}:{}", self.spelled(&parent), path.name())),
            None => path.clone(),
        }
    }

    /// The path and those of its parents that are not in the tree, the outermost first.
    pub fn missing(&self, path: &CategoryPath) -> Vec<CategoryPath> {
        let mut line = path.parents();
        line.push(path.clone());
        line.retain(|wanted| !self.paths.iter().any(|known| known.is(wanted)));
        line
    }

    /// The category and all below it.
    pub fn within(&self, path: &CategoryPath) -> Vec<CategoryPath> {
        self.paths.iter().filter(|known| known.is_within(path)).cloned().collect()
    }

    fn only(&self, fits: impl Fn(&CategoryPath) -> bool) -> Meaning {
        let mut found: Vec<CategoryPath> = self.paths.iter().filter(|path| fits(path)).cloned().collect();
        match (found.pop(), found.is_empty()) {
            (None, _) => Meaning::None,
            (Some(only), true) => Meaning::One(only),
            (Some(last), false) => {
                found.push(last);
                Meaning::Several(found)
            }
        }
    }
}

fn fold(text: &str) -> String {
    text.to_lowercase()
}

#[cfg(test)]
mod tests;
