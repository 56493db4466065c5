//! The rows and totals of facts as tables.

use crate::cli::console::Console;
use crate::cli::failure::Failure;
use crate::cli::render::{Align, Cell, Table};
use finvault::disclosure::{Fact, Row, TotalsFact, TransactionsFact};

/// Prints the rows of facts that have rows: the owner looks at each before it leaves.
pub fn print_rows(facts: &[Fact], console: &mut Console) -> Result<(), Failure> {
    for fact in facts {
        match fact {
            Fact::Transactions(transactions) => print_table(transactions, console)?,
            Fact::Totals(totals) => print_totals(totals, console)?,
            _ => {}
        }
    }
    Ok(())
}

/// Prints transactions, with the columns that they have.
pub fn print_table(fact: &TransactionsFact, console: &mut Console) -> Result<(), Failure> {
    let has = |some: fn(&Row) -> bool| fact.rows.iter().any(some);
    let mut columns = Vec::new();
    let (dates, payees, amounts, statuses, ids) = (
        has(|row| row.booked.is_some()),
        has(|row| row.information.is_some()),
        has(|row| row.amount.is_some()),
        has(|row| row.status.is_some()),
        has(|row| row.id.is_some()),
    );
    if dates {
        columns.push(("date", Align::Left));
    }
    if payees {
        columns.push(("payee", Align::Left));
    }
    if amounts {
        columns.push(("amount", Align::Right));
        columns.push(("currency", Align::Left));
    }
    if statuses {
        columns.push(("status", Align::Left));
    }
    if ids {
        columns.push(("id", Align::Left));
    }
    let mut table = Table::new(&columns).flexible(usize::from(dates));
    for row in &fact.rows {
        let mut cells = Vec::new();
        if dates {
            cells.push(Cell::new(row.booked.map(|day| day.to_string()).unwrap_or_default()));
        }
        if payees {
            cells.push(Cell::new(row.information.as_deref().unwrap_or_default()));
        }
        if amounts {
            cells.push(row.amount.map(Cell::amount).unwrap_or_default());
            cells.push(Cell::new(row.amount.map(|amount| amount.currency().to_string()).unwrap_or_default()));
        }
        if statuses {
            cells.push(Cell::new(row.status.map(|status| status.as_str()).unwrap_or_default()));
        }
        if ids {
            cells.push(Cell::new(row.id.as_deref().unwrap_or_default()));
        }
        table.row(cells);
    }
    if !table.is_empty() {
        console.table(&table)?;
    }
    Ok(())
}

/// Prints totals, a row for each group of each period.
pub fn print_totals(fact: &TotalsFact, console: &mut Console) -> Result<(), Failure> {
    let mut table = Table::new(&[
        ("from", Align::Left),
        ("to", Align::Left),
        ("group", Align::Left),
        ("count", Align::Right),
        ("amount", Align::Right),
        ("currency", Align::Left),
    ])
    .flexible(2);
    for period in &fact.periods {
        let days = || [Cell::new(period.from.to_string()), Cell::new(period.to.to_string())];
        let line = |group: &str, count: u64, amount: finvault::money::Money| {
            let [from, to] = days();
            let currency = Cell::new(amount.currency().to_string());
            [from, to, Cell::new(group), Cell::new(count.to_string()), Cell::amount(amount), currency]
        };
        for cell in &period.cells {
            table.row(line(cell.group.as_deref().unwrap_or("(none)"), cell.count, cell.amount));
        }
        match period.suppressed_cells {
            0 if period.cells.is_empty() => table.row(days().into_iter().chain([Cell::new("(nothing)")])),
            0 => {}
            n => table.row(days().into_iter().chain([Cell::new(format!("({n} held back)"))])),
        }
        if let Some((count, amount)) = period.whole {
            table.row(line("= whole", count, amount));
        }
    }
    console.table(&table)
}
