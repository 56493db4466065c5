//! Statement files of every format, as their content says and forced to each. The same bytes give the same statement.

#![no_main]

use finvault::money::Currency;
use finvault::statement::{Format, ReadOptions, detect, read};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    let _ = detect(data);
    let options = ReadOptions { currency: Currency::iso("EUR").ok(), ..ReadOptions::default() };
    let first = read(data, &options);
    assert_eq!(first, read(data, &options));
    match first {
        Ok(file) => {
            for statement in &file.statements {
                for row in &statement.rows {
                    assert_eq!(row.transaction.amount.currency(), statement.currency, "line {}", row.line);
                }
            }
        }
        Err(error) => {
            assert!(!error.message.is_empty() && !error.remedy.is_empty());
            let shown = [&error.message, &error.excerpt, &error.remedy];
            assert!(
                !shown.iter().any(|text| text.contains('\u{1b}')),
                "an escape sequence would reach the screen"
            );
        }
    }
    for format in Format::ALL {
        let _ = read(data, &ReadOptions { format: Some(*format), ..options.clone() });
    }
});
