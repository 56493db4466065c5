//! Files that are read otherwise than the peers read them, and why the file itself says so. A file that no longer differs
//! fails the test, so the lists stay true.

/// Files that are no statements, or damaged, or made to be refused: the right answer is an error.
pub const REJECTED: &[(&str, &str)] = &[
    ("ofx1/jseutter-ofxparse__date_missing.ofx", "a transaction without a day"),
    ("ofx1/jseutter-ofxparse__decimal_error.ofx", "a day of 201120000000"),
    ("camt/sebastienrousseau-bankstatementparser__camt053_garbled_amount.xml", "an amount of 12..34"),
];

/// Files that are read, or refused, otherwise than the peers do.
pub const ARGUED: &[(&str, &str)] = &[
    (
        "ofx1/jseutter-ofxparse__fidelity-savings.ofx",
        "line 66 moves 115.8331 USD: four digits where the currency has two; rounding would be a guess, so the row is named and nothing is read",
    ),
    (
        "camt/genkgo-camt__camt052.v2.with-account-name.xml",
        "the only entry has neither a booking day nor a value day, and is booked: without a day there is no row",
    ),
    (
        "camt/genkgo-camt__camt054.v2.with-account-name.xml",
        "the only entry has neither a booking day nor a value day, and is booked: without a day there is no row",
    ),
];
