//! Statement files of every format, as their content says and forced to each. The same bytes give the same statement.

#![no_main]

use finvault::money::Currency;
use finvault::statement::{CsvProfile, Format, ReadOptions, detect, read, read_explained};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    let _ = detect(data);
    let options = ReadOptions { currency: Currency::iso("EUR").ok(), ..ReadOptions::default() };
    let first = read(data, &options);
    assert_eq!(first, read(data, &options));
    // What is read as a whole is read the same where bad rows would be skipped, and none is.
    let lenient = ReadOptions { skip_bad_rows: true, ..options.clone() };
    if let (Ok(file), Ok(reading)) = (&first, read_explained(data, &lenient, &mut |_, _| {})) {
        assert_eq!((&reading.book.file, reading.skipped.len()), (file, 0));
        let layout = reading.layout.map(|layout| layout.to_string()).unwrap_or_default();
        assert!(!layout.contains('\u{1b}'), "an escape sequence would reach the screen");
    }
    if let Ok(profile) = std::str::from_utf8(data).map(CsvProfile::parse) {
        let _ = profile.map(|profile| read(data, &ReadOptions { profile: Some(profile), ..options.clone() }));
    }
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
