//! Aligned tables: columns as wide as their widest cell, amounts to the right, one column that gives way
//! when the terminal is narrow.

use super::{Tone, clean};
use finvault::money::Money;
use unicode_width::{UnicodeWidthChar, UnicodeWidthStr};

/// Which side of its column a cell keeps to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Align {
    /// Words.
    Left,
    /// Numbers.
    Right,
}

/// One cell: text already made safe, and its tone.
#[derive(Debug, Clone, Default)]
pub struct Cell {
    text: String,
    tone: Tone,
}

impl Cell {
    /// A cell of plain text.
    pub fn new(text: impl AsRef<str>) -> Self {
        Self::toned(Tone::Plain, text)
    }

    /// A cell in a tone.
    pub fn toned(tone: Tone, text: impl AsRef<str>) -> Self {
        Self { text: clean(text.as_ref()).into_owned(), tone }
    }

    /// An amount without its currency; negative ones stand out.
    pub fn amount(amount: Money) -> Self {
        let tone = if amount.is_negative() { Tone::Negative } else { Tone::Plain };
        Self::toned(tone, amount.to_decimal())
    }
}

impl<T: AsRef<str>> From<T> for Cell {
    fn from(text: T) -> Self {
        Self::new(text)
    }
}

/// A table: titled columns and rows of cells.
#[derive(Debug)]
pub struct Table {
    columns: Vec<(&'static str, Align)>,
    rows: Vec<Vec<Cell>>,
    flexible: Option<usize>,
}

/// Blanks between columns.
const GAP: usize = 2;
/// The flexible column is never cut below this many cells.
const NARROWEST: usize = 12;

impl Table {
    /// An empty table with these columns.
    pub fn new(columns: &[(&'static str, Align)]) -> Self {
        Self { columns: columns.to_vec(), rows: Vec::new(), flexible: None }
    }

    /// Lets column `index` be cut when the terminal is too narrow for the whole.
    #[must_use]
    pub fn flexible(mut self, index: usize) -> Self {
        self.flexible = Some(index);
        self
    }

    /// Adds a row; missing cells are blank.
    pub fn row(&mut self, cells: impl IntoIterator<Item = Cell>) {
        self.rows.push(cells.into_iter().collect());
    }

    /// Whether it has no rows.
    pub fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    /// The lines, title first, no blanks at their ends. `width` is the terminal's, in cells; none when piped.
    pub fn lines(&self, width: Option<usize>, colour: bool) -> Vec<String> {
        let widths = self.widths(width);
        let titles: Vec<Cell> =
            self.columns.iter().map(|(title, _)| Cell::toned(Tone::Dim, title.to_uppercase())).collect();
        std::iter::once(&titles).chain(&self.rows).map(|row| self.line(row, &widths, colour)).collect()
    }

    fn widths(&self, terminal: Option<usize>) -> Vec<usize> {
        let mut widths: Vec<usize> = self.columns.iter().map(|(title, _)| title.width()).collect();
        for row in &self.rows {
            for (width, cell) in widths.iter_mut().zip(row) {
                *width = (*width).max(cell.text.width());
            }
        }
        let total = widths.iter().sum::<usize>() + GAP * widths.len().saturating_sub(1);
        if let (Some(terminal), Some(index)) = (terminal, self.flexible)
            && let Some(flexible) = widths.get_mut(index)
        {
            let excess = total.saturating_sub(terminal);
            *flexible = flexible.saturating_sub(excess).max(NARROWEST.min(*flexible));
        }
        widths
    }

    fn line(&self, row: &[Cell], widths: &[usize], colour: bool) -> String {
        let mut line = String::new();
        // Blanks are held back until text follows, so that no line ends in them.
        let mut pending = 0;
        for (index, ((cell, width), (_, align))) in row.iter().zip(widths).zip(&self.columns).enumerate() {
            let text = cut(&cell.text, *width);
            let blanks = width.saturating_sub(text.width());
            let (before, after) = match align {
                Align::Left => (0, blanks),
                Align::Right => (blanks, 0),
            };
            pending += before + if index == 0 { 0 } else { GAP };
            if !text.is_empty() {
                line.extend(std::iter::repeat_n(' ', pending));
                cell.tone.paint(&text, colour, &mut line);
                pending = 0;
            }
            pending += if text.is_empty() { text.width() + after } else { after };
        }
        line
    }
}

/// The text, cut to `width` cells with an ellipsis where it is longer.
fn cut(text: &str, width: usize) -> String {
    if text.width() <= width {
        return text.to_owned();
    }
    let mut kept = String::new();
    let mut used = 1;
    for c in text.chars() {
        let next = c.width().unwrap_or(0);
        if used + next > width {
            break;
        }
        used += next;
        kept.push(c);
    }
    kept.push('…');
    kept
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sample() -> Table {
        let mut table =
            Table::new(&[("date", Align::Left), ("payee", Align::Left), ("amount", Align::Right)])
                .flexible(1);
        table.row(["2026-03-01", "Corner Cafe", "-3.20"].map(Cell::new));
        table.row(["2026-03-02", "カフェ", "1200.00"].map(Cell::new));
        table.row(["2026-03-03", "", ""].map(Cell::new));
        table
    }

    #[test]
    fn columns_align_by_display_width_and_no_line_ends_in_blanks() {
        assert_eq!(
            sample().lines(None, false),
            [
                "DATE        PAYEE         AMOUNT",
                "2026-03-01  Corner Cafe    -3.20",
                "2026-03-02  カフェ       1200.00",
                "2026-03-03",
            ]
        );
    }

    #[test]
    fn the_flexible_column_gives_way_on_a_narrow_terminal() {
        let mut table = Table::new(&[("payee", Align::Left), ("amount", Align::Right)]).flexible(0);
        table.row(["A very long name of a shop indeed", "-3.20"].map(Cell::new));
        assert_eq!(table.lines(Some(24), false)[1], "A very long nam…   -3.20");
        assert!(table.lines(Some(5), false)[1].starts_with("A very long…"));
    }

    #[test]
    fn colour_does_not_count_as_width() {
        let euro = finvault::money::Currency::iso("EUR").unwrap();
        let mut table = Table::new(&[("amount", Align::Right), ("x", Align::Left)]);
        table.row([Cell::amount(Money::new(-120, euro)), Cell::new("y")]);
        assert_eq!(table.lines(None, true)[1], " \x1b[31m-1.20\x1b[0m  y");
    }
}
