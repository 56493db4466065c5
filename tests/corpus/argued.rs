//! Files that are read otherwise than the peers read them, and why the file itself says so. A file that no longer differs
//! fails the test, so the lists stay true.

/// Files that are no statements, or damaged, or made to be refused: the right answer is an error.
pub const REJECTED: &[(&str, &str)] = &[
    ("ofx1/jseutter-ofxparse__date_missing.ofx", "a transaction without a day"),
    ("ofx1/jseutter-ofxparse__decimal_error.ofx", "a day of 201120000000"),
    (
        "mt940/railslove-cmxl__fixtures__mt940-headers.txt",
        "a day of 362268, and a closing balance of \"11 27421,94\" on day 141387",
    ),
    (
        "mt940/sandermarechal-jejik-mt940__document__K4262927_20200905-080000-952.txt",
        "no closing balance: its last line is :65F:Dnullnull7414,3",
    ),
    (
        "mt940/sandermarechal-jejik-mt940__document__oldenburgischelandesbank2.txt",
        "no closing balance: its last line is :65F:Dnullnull7414,3",
    ),
    (
        "mt940/wolph-mt940__betterplace__empty_entry_date.sta",
        "one field alone, cut out of a statement: no account, no currency, no balance",
    ),
    (
        "mt940/wolph-mt940__betterplace__missing_crlf_at_end.sta",
        "one field alone, cut out of a statement: a closing balance of nothing",
    ),
    (
        "mt940/wolph-mt940__self-provided__multiline.sta",
        "after the end of its only statement stands one more movement, of no statement",
    ),
    ("qif/jemmyw-Qif__fixtures__splits.qif", "the amount of a split's part is written =746.36"),
    ("camt/sebastienrousseau-bankstatementparser__camt053_garbled_amount.xml", "an amount of 12..34"),
];

/// Files that are read, or refused, otherwise than the peers do.
pub const ARGUED: &[(&str, &str)] = &[
    (
        "ofx1/jseutter-ofxparse__fidelity-savings.ofx",
        "line 66 moves 115.8331 USD: four digits where the currency has two; rounding would be a guess, so the row is named and nothing is read",
    ),
    (
        "mt940/railslove-cmxl__fixtures__mt940-deutsche_bank.txt",
        "all 16 movements are read; a closing balance is dated 31 November, so it is left out with a warning",
    ),
    (
        "mt940/railslove-cmxl__fixtures__mt940.txt",
        "all 27 movements are read; a closing balance is dated 31 November, so it is left out with a warning",
    ),
    (
        "qif/reubano-csv2ofx__investment_example.qif",
        "both records are read; the peer adds up what shares were worth, but ShrsIn and BuyX move none of the account's cash",
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
