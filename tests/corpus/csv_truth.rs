//! What each CSV file of the corpus holds, worked out by looking at it, before and apart from the reader.

use finvault::statement::StatementErrorKind;

/// What a file holds, worked out by hand.
pub enum Truth {
    /// Rows and the sum of their amounts in minor units.
    Read(usize, i64),
    /// Why no reader can be sure.
    Refuse(StatementErrorKind, &'static str),
}
use StatementErrorKind::{BadField, Unsure};
use Truth::{Read, Refuse};

/// File, the currency of the account where the file names none, and what it holds.
pub const CSV: &[(&str, &str, Truth)] = &[
    ("bank2ynab-bank2ynab__2018-04-14_10-52-13_bunq-transactieoverzicht.csv", "EUR", Read(3, 72_854)),
    ("bank2ynab-bank2ynab__20180226-1000594757-umsatz.CSV", "", Read(1, -3_699)),
    (
        "bank2ynab-bank2ynab__20180226_12345678.csv",
        "GBP",
        Refuse(Unsure, "10/02/2018 is the only date: day or month first?"),
    ),
    ("bank2ynab-bank2ynab__2019-03-02_11-50-46_bunq-statement.csv", "EUR", Read(7, -2_382)),
    ("bank2ynab-bank2ynab__CSV_A_20180414_112204.csv", "", Read(3, -103_749)),
    (
        "bank2ynab-bank2ynab__MS_JANE_SMITH_01-12-2019_14-12-2019.csv",
        "GBP",
        Refuse(Unsure, "purchases without sign, one payment with a plus"),
    ),
    ("bank2ynab-bank2ynab__Movements_1234512345_201805271848.csv", "", Read(1, -100)),
    ("bank2ynab-bank2ynab__TH_20180101-20180523_page_1.csv", "", Read(9, -259_999)),
    ("bank2ynab-bank2ynab__TH_20180101-20180523_strana_1.csv", "", Read(9, -259_999)),
    ("bank2ynab-bank2ynab__TransactionHistory_20180418043121.csv", "", Read(8, -17_328)),
    ("bank2ynab-bank2ynab__W80844_EBH_201945.202122.csv", "", Read(2, 94_000)),
    (
        "bank2ynab-bank2ynab__dba33fceecd62c3c727893361e0ba4d3.P000000027355791.csv",
        "SGD",
        Refuse(Unsure, "one row, no names, no sign"),
    ),
    ("bank2ynab-bank2ynab__export_BE11123456789012_20180304_1422.csv", "", Read(1, -340)),
    ("bank2ynab-bank2ynab__export_KBC-Mastercard_Business_Essential_20200204_1604.csv", "", Read(3, 273)),
    ("bank2ynab-bank2ynab__test_BOI_TransactionExport.csv", "EUR", Read(27, -41_961)),
    ("bank2ynab-bank2ynab__test_headers.csv", "", Read(73, -458_070)),
    ("bank2ynab-bank2ynab__test_raiffeisen_01.csv", "", Read(73, -458_070)),
    ("ledger-ledger__convert-test.csv", "USD", Read(2, -8_000)),
    ("ledger-ledger__input__1964.csv", "", Refuse(Unsure, "01/05/2018 is the only date")),
    ("ledger-ledger__input__746.csv", "USD", Read(3, -15_000)),
    (
        "reubano-csv2ofx__mint_headerless.csv",
        "USD",
        Refuse(Unsure, "no names; two accounts in one file and nothing says which column names them"),
    ),
    ("reubano-csv2ofx__schwab-checking-baltest-case1.csv", "USD", Read(4, -21_527)),
    ("reubano-csv2ofx__schwab-checking-baltest-case2.csv", "USD", Read(4, -21_527)),
    ("reubano-csv2ofx__schwab-checking-baltest-case3.csv", "USD", Read(4, -21_527)),
    ("reubano-csv2ofx__schwab-checking-baltest-case5.csv", "USD", Read(4, -21_527)),
    (
        "reubano-csv2ofx__stripe-default.csv",
        "",
        Refuse(Unsure, "charges of a payment provider: no signs, and fees apart"),
    ),
    (
        "reubano-csv2ofx__test__amazon.csv",
        "USD",
        Refuse(Unsure, "a shop's orders: no column of signed amounts"),
    ),
    ("reubano-csv2ofx__test__capitalone.csv", "USD", Read(2, 0)),
    (
        "reubano-csv2ofx__test__creditunion.csv",
        "USD",
        Refuse(Unsure, "no sign on any amount; the category says expenses"),
    ),
    ("reubano-csv2ofx__test__gls.csv", "", Read(1, -9_876)),
    ("reubano-csv2ofx__test__ingesp.csv", "EUR", Read(10, 35_021)),
    ("reubano-csv2ofx__test__mint_extra.csv", "USD", Read(4, -300_000)),
    ("reubano-csv2ofx__test__n26-fr.csv", "", Read(2, 0)),
    (
        "reubano-csv2ofx__test__stripe-all.csv",
        "",
        Refuse(Unsure, "charges of a payment provider: no signs, and fees apart"),
    ),
    ("reubano-csv2ofx__test__xero.csv", "USD", Read(13, 0)),
    ("sebastienrousseau-bankstatementparser__csv_french_headers.csv", "", Read(3, 226_094)),
    (
        "sebastienrousseau-bankstatementparser__csv_garbled_amount.csv",
        "",
        Refuse(BadField, "line 3 holds 12..34"),
    ),
];
