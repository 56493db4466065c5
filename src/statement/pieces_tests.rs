//! What is read from a file in pieces is what is read of the same bytes held: over all fixtures and longer texts, with
//! pieces that are small here.

use super::*;
use std::fmt::Write as _;
use std::io::Write as _;
use std::path::Path;

fn both_ways(name: &str, bytes: &[u8], options: &ReadOptions) -> bool {
    let mut file = tempfile::tempfile().unwrap();
    file.write_all(bytes).unwrap();
    let held = read_packed(bytes, options, &mut |_, _| {}).map(Reading::unpacked);
    let pieces = match read_in_pieces(&file, options, &mut |_, _| {}) {
        Ok(None) => return false,
        Ok(Some((reading, _))) => Ok(reading.unpacked()),
        Err(error) => Err(error),
    };
    match (held, pieces) {
        // What an error shows of the text may end with the piece.
        (Err(held), Err(pieces)) => {
            let told = |error: &StatementError| (error.kind, error.line, error.message.clone());
            assert_eq!(told(&held), told(&pieces), "{name}");
        }
        (held, pieces) => assert_eq!(held, pieces, "{name}"),
    }
    true
}

fn walk(folder: &Path, see: &mut dyn FnMut(&Path)) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() { walk(&path, see) } else { see(&path) }
    }
}

#[test]
fn every_fixture_reads_the_same_in_pieces() {
    let fixtures = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures");
    let (mut in_pieces, mut seen) = (0, 0);
    walk(&fixtures, &mut |path| {
        let bytes = std::fs::read(path).unwrap();
        if bytes.len() > 2_000_000 {
            return;
        }
        for skip_bad_rows in [false, true] {
            let currency = Some(Currency::iso("EUR").unwrap());
            let options = ReadOptions { skip_bad_rows, currency, ..ReadOptions::default() };
            seen += 1;
            in_pieces += usize::from(both_ways(&path.display().to_string(), &bytes, &options));
        }
    });
    assert!(in_pieces > 60, "{in_pieces} of {seen}");
}

#[test]
fn long_delimited_text_reads_the_same_in_pieces() {
    for line_end in ["\n", "\r\n", "\r"] {
        let mut text = format!("Date,Payee,Memo,Amount,Currency{line_end}");
        for row in 0..3_000 {
            let memo = match row % 4 {
                0 => format!("\"said \"\"hi\"\",{line_end}and left\""),
                1 => "é€ and 𝄞".repeat(row % 7),
                2 => "\" spaced \"  ".to_owned(),
                _ => String::new(),
            };
            let blank = if row % 50 == 0 { line_end.repeat(3) } else { String::new() };
            let _ = write!(text, "2024-0{}-11,Shop {row},{memo},{row}.50,EUR{line_end}{blank}", row % 9 + 1);
        }
        let options = ReadOptions::default();
        assert!(both_ways("long", text.as_bytes(), &options));
        let bad = format!("{text}2024-13-45,Shop,x,1.50,EUR{line_end}{text}");
        assert!(both_ways("bad row", bad.as_bytes(), &options));
        assert!(both_ways(
            "bad row left out",
            bad.as_bytes(),
            &ReadOptions { skip_bad_rows: true, ..options }
        ));
        let open = format!("{text}2024-01-01,\"never closed,1.50,EUR{line_end}");
        assert!(both_ways("open quote", open.as_bytes(), &ReadOptions::default()));
        let wide = format!("{text}2024-01-01,{},x,1.50,EUR{line_end}", "w".repeat(70_000));
        assert!(both_ways("wide cell", wide.as_bytes(), &ReadOptions::default()));
    }
}

/// The bytes of a text in another encoding.
fn encoded(text: &str, encoding: &'static encoding_rs::Encoding) -> Vec<u8> {
    if encoding == encoding_rs::UTF_16LE {
        return text.encode_utf16().flat_map(u16::to_le_bytes).collect();
    }
    let (bytes, _, is_lossy) = encoding.encode(text);
    assert!(!is_lossy, "{}", encoding.name());
    bytes.into_owned()
}

#[test]
fn other_encodings_read_the_same_in_pieces() {
    use encoding_rs::{ISO_8859_2, UTF_16LE, WINDOWS_1250, WINDOWS_1252};
    for (encoding, words) in [
        (WINDOWS_1252, "Bäckerei Müller, Café “Olé” – 5 €"),
        (ISO_8859_2, "Żabka, ulica Świętego Łukasza, źródło"),
        (WINDOWS_1250, "Potraviny „U Jiřího“ – Žižkov, říjen"),
        (UTF_16LE, "Bäckerei Żabka Жук 𝄞"),
    ] {
        let rows = |from: u32| -> String {
            (from..from + 2_500)
                .map(|row| format!("11.0{}.2024;{words} {row};{row},50;EUR\r\n", row % 9 + 1))
                .collect()
        };
        let text = format!("Datum;Empfänger;Betrag;Währung\r\n{}", rows(0));
        let text = if encoding == WINDOWS_1252 { text } else { text.replace(['ä', 'Ä'], "a") };
        let options = ReadOptions { format: Some(Format::Csv), ..ReadOptions::default() };
        for (before, behind) in [("", ""), ("", "\u{1a}\0\0")] {
            let bytes = encoded(&format!("{before}{text}{behind}"), encoding);
            assert!(both_ways(encoding.name(), &bytes, &options), "{} is held", encoding.name());
        }
        if encoding == UTF_16LE {
            let marked = [&b"\xff\xfe"[..], &encoded(&text, encoding)].concat();
            assert!(both_ways("with a mark", &marked, &options));
            // Half a character at the end, and binary data in between, are for who holds the file to refuse.
            for bytes in [[&marked[..], b"x"].concat(), [&marked[..], &[0, 0, 97, 0]].concat()] {
                assert!(!both_ways("damaged", &bytes, &options));
            }
        }
        let bad = encoded(&format!("{text}99.99.2024;{words};1,50;EUR\r\n{}", rows(9)), encoding);
        assert!(both_ways("bad row", &bad, &options));
    }
    let text = ofx(0..1_500, "123456789", "").replace("Shop A", "Bäckerei €");
    for charset in ["1252", "NONE"] {
        let head =
            format!("OFXHEADER:100\nDATA:OFXSGML\nVERSION:102\nCHARSET:{charset}\n\n<OFX>\n<BANKMSGSRSV1>");
        let bytes = encoded(&format!("{head}{text}</BANKMSGSRSV1>\n</OFX>\n"), WINDOWS_1252);
        assert!(both_ways(charset, &bytes, &ReadOptions::default()));
    }
}

fn ofx(rows: std::ops::Range<u32>, account: &str, between: &str) -> String {
    let mut text = format!(
        "<STMTTRNRS><STMTRS><CURDEF>EUR\n<BANKACCTFROM><BANKID>EXAMPLE1<ACCTID>{account}<ACCTTYPE>CHECKING</BANKACCTFROM>\n<BANKTRANLIST>\n"
    );
    for row in rows {
        let _ = writeln!(
            text,
            "<STMTTRN>\n<TRNTYPE>POS\n<DTPOSTED>202403{:02}\n<TRNAMT>-{row}.25\n<FITID>{row:08}\n<NAME>Shop A & <b> {row}\n<!-- <STMTTRN> -->\n<MEMO>x &lt; y\n</STMTTRN>{}",
            row % 28 + 1,
            if row == 700 { between } else { "" }
        );
    }
    text.push_str(
        "</BANKTRANLIST>\n<LEDGERBAL><BALAMT>1.00<DTASOF>20240331</LEDGERBAL>\n</STMTRS></STMTTRNRS>\n",
    );
    text
}

#[test]
fn long_ofx_reads_the_same_in_pieces() {
    let head = "OFXHEADER:100\nDATA:OFXSGML\nVERSION:102\n\n<OFX>\n<BANKMSGSRSV1>";
    let two = |between: &str| {
        format!(
            "{head}{}{}</BANKMSGSRSV1>\n</OFX>\n",
            ofx(0..900, "123456789", between),
            ofx(400..1_000, "987654321", "")
        )
    };
    for (between, is_whole) in [
        ("", true),
        ("\r\n\r\n", true),
        ("<STMTTRN><DTPOSTED>20240399<TRNAMT>1.00</STMTTRN>", false),
        ("<STMTTRN><DTPOSTED>20240301<TRNAMT>1.00<STMTTRN>", false),
        ("</STMTRS>", false),
    ] {
        let text = two(between);
        let options = ReadOptions::default();
        assert!(both_ways(between, text.as_bytes(), &options));
        assert!(both_ways(between, text.as_bytes(), &ReadOptions { skip_bad_rows: true, ..options.clone() }));
        assert_eq!(read(text.as_bytes(), &options).is_ok(), is_whole, "{between}");
        let cut_short = &text[..text.len() - 3_000];
        assert!(both_ways(between, cut_short.as_bytes(), &options));
    }
    // What is still open where a part ends is read from memory instead.
    let odd = two("")
        .replace("<BANKTRANLIST>", "<LEDGERBAL><BALAMT>2.00<DTASOF>20240330</LEDGERBAL><BANKTRANLIST>");
    assert!(!both_ways("a balance first", odd.as_bytes(), &ReadOptions::default()));
}
