//! `category`: list, add, rename, remove the owner's categories.

use crate::cli::exit::Exit;
use crate::cli::failure::Failure;
use crate::cli::render::{Align, Cell, Table, Tone};
use crate::cli::session::Session;
use clap::Subcommand;
use finvault::vault::{CategoryChange, CategoryUse, Vault};
use serde::Serialize;

/// List, add, rename and remove categories
///
/// Categories are a tree: "Food:Groceries" is below "Food". Wherever one is asked for, the names it ends in
/// are enough, such as "groceries".
#[derive(Debug, Subcommand)]
pub enum Category {
    /// List the categories, and how many transactions are in each
    List,
    /// Add a category, and those above it that are missing
    Add {
        /// Its whole path, such as "Food:Groceries"
        #[arg(value_name = "CATEGORY")]
        path: String,
    },
    /// Rename a category, or move it within the tree, with all below it and all in it
    Rename {
        /// Its path, or the names it ends in
        #[arg(value_name = "CATEGORY")]
        from: String,
        /// Its whole new path; one that is no category yet
        #[arg(value_name = "NEW")]
        to: String,
    },
    /// Remove a category and those below it
    Remove {
        /// Its path, or the names it ends in
        #[arg(value_name = "CATEGORY")]
        name: String,
        /// The category for the transactions in it; needed where there are any
        #[arg(long, value_name = "CATEGORY")]
        move_to: Option<String>,
    },
}

#[derive(Serialize)]
struct ChangeShape {
    from: Vec<String>,
    to: Option<String>,
    transactions: u64,
}

impl Category {
    /// Runs it.
    pub fn run(self, session: &mut Session<'_>) -> Result<Exit, Failure> {
        let mut vault = session.open_vault()?;
        match self {
            Self::List => list(&vault, session)?,
            Self::Add { path } => {
                let added = vault.add_category(&path)?;
                if session.console.is_json() {
                    session.console.json(&serde_json::json!({ "category": added.as_str() }))?;
                } else {
                    session.console.say(format!("Added the category {added}"))?;
                }
            }
            Self::Rename { from, to } => {
                let change = vault.rename_category(&from, &to)?;
                tell(&change, Done::Renamed, session)?;
            }
            Self::Remove { name, move_to } => {
                let change = vault.remove_category(&name, move_to.as_deref())?;
                tell(&change, Done::Removed, session)?;
            }
        }
        vault.close()?;
        Ok(Exit::Done)
    }
}

fn list(vault: &Vault, session: &mut Session<'_>) -> Result<(), Failure> {
    let categories = vault.categories()?;
    if session.console.is_json() {
        #[derive(Serialize)]
        struct CategoryShape<'a> {
            category: &'a str,
            transactions: u64,
        }
        let shapes: Vec<CategoryShape<'_>> = categories
            .iter()
            .map(|used| CategoryShape { category: used.path.as_str(), transactions: used.transactions })
            .collect();
        return session.console.json(&shapes);
    }
    if categories.is_empty() {
        return session.console.say("No categories.");
    }
    let mut table = Table::new(&[("category", Align::Left), ("transactions", Align::Right)]);
    for CategoryUse { path, transactions } in &categories {
        let number = if *transactions == 0 {
            Cell::toned(Tone::Dim, "0")
        } else {
            Cell::new(transactions.to_string())
        };
        table.row([Cell::new(format!("{}{}", "  ".repeat(path.depth()), path.name())), number]);
    }
    session.console.table(&table)
}

/// What was done to a category.
#[derive(Clone, Copy)]
enum Done {
    Renamed,
    Removed,
}

fn tell(change: &CategoryChange, done: Done, session: &mut Session<'_>) -> Result<(), Failure> {
    if session.console.is_json() {
        return session.console.json(&ChangeShape {
            from: change.from.iter().map(ToString::to_string).collect(),
            to: change.to.as_ref().map(ToString::to_string),
            transactions: change.transactions,
        });
    }
    let from = change.from.first().map(ToString::to_string).unwrap_or_default();
    let below = match change.from.len() {
        0 | 1 => String::new(),
        2 => " and the category below it".to_owned(),
        more => format!(" and the {} categories below it", more - 1),
    };
    let transactions = match change.transactions {
        1 => "1 transaction".to_owned(),
        many => format!("{many} transactions"),
    };
    let line = match (&change.to, done) {
        (Some(to), Done::Renamed) => format!("Renamed {from}{below} to {to}: {transactions} changed"),
        (Some(to), Done::Removed) => format!("Removed {from}{below}: {transactions} moved to {to}"),
        (None, _) => format!("Removed {from}{below}"),
    };
    session.console.say(line)
}
