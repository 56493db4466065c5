//! The page that opens a disclosure in a browser: written by hand, self-contained, and the same bytes for everyone.
//!
//! [`viewer_page`] is the page alone, into which a recipient drops a data file; [`page_around`] is the same page with the
//! data file inside. Its parts are the plain JavaScript, CSS and HTML beside this file: `bytes.js` to `verify.js` verify by the
//! same rules as this room, `sealed.js` decrypts, the others show. They use nothing but what browsers have. `built/` holds
//! the script and the style as they stand in the page: one file each, without comments and with short names, made by
//! `tests/browser/build.mjs`. Each names the digest of what it was made from, and a test holds it against the sources.
//!
//! The page's Content Security Policy names the digests of its one script and its one style, so nothing else in it
//! runs, and forbids every request.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use sha2::{Digest, Sha256};

/// The largest page without data, in bytes.
pub const VIEWER_LIMIT: usize = 40 * 1024;

const TEMPLATE: &str = include_str!("page.html");
const STYLE: &str = include_str!("built/style.css");
const SCRIPT: &str = include_str!("built/viewer.js");

/// What the data stands between.
const DATA_BEGINS: &str = "<script id=\"disclosure\" type=\"application/jose\">";
const DATA_ENDS: &str = "</script>";
/// What every page begins with.
const PAGE_BEGINS: &[u8] = b"<!doctype html>";

/// The viewer's page without a disclosure.
pub fn viewer_page() -> String {
    page_around("")
}

/// The page around a data file, a JWE in compact form.
pub fn page_around(data: &str) -> String {
    let policy = format!(
        "default-src 'none'; script-src '{}'; style-src '{}'; img-src blob:; frame-src blob:; base-uri 'none'; form-action 'none'",
        source_digest(SCRIPT),
        source_digest(STYLE)
    );
    let page = TEMPLATE.replace("{policy}", &policy).replace("{style}", STYLE).replace("{script}", SCRIPT);
    page.replace("{data}", data)
}

/// How a Content Security Policy names an inline script or style (CSP level 3, section 2.3.1).
fn source_digest(text: &str) -> String {
    format!("sha256-{}", STANDARD.encode(Sha256::digest(text.as_bytes())))
}

/// Whether a file is an HTML page.
pub(super) fn is_page(file: &[u8]) -> bool {
    let begin = file.trim_ascii_start().get(..PAGE_BEGINS.len());
    begin.is_some_and(|begin| begin.eq_ignore_ascii_case(PAGE_BEGINS))
}

/// The data in a page, which may be empty; none where the page is not one of ours, or has data in two places.
pub(super) fn data_in_page(file: &[u8]) -> Option<&str> {
    let text = std::str::from_utf8(file).ok()?;
    let (_, rest) = text.split_once(DATA_BEGINS)?;
    let (data, after) = rest.split_once(DATA_ENDS)?;
    (!after.contains(DATA_BEGINS)).then_some(data.trim())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::money::Currency;

    #[test]
    fn the_page_is_small_and_has_one_place_for_data() {
        let page = viewer_page();
        assert!(page.len() < VIEWER_LIMIT, "{} bytes", page.len());
        assert!(is_page(page.as_bytes()));
        assert_eq!(data_in_page(page.as_bytes()), Some(""));
        assert_eq!(data_in_page(page_around("a.b.c.d.e").as_bytes()), Some("a.b.c.d.e"));
        assert_eq!(page_around("x").replace("\">x</script>", "\"></script>"), page);
        assert_eq!(data_in_page(b"<!doctype html><p>"), None);
        assert_eq!(data_in_page((page.clone() + &page_around("x")).as_bytes()), None);
        for marker in ["{policy}", "{style}", "{script}", "{data}"] {
            assert!(!page.contains(marker), "{marker}");
        }
    }

    #[test]
    fn the_page_asks_for_nothing_from_outside() {
        let page = viewer_page();
        let svg = "http://www.w3.org/2000/svg";
        // Names, not addresses: of SVG's elements, and of audiences.
        assert_eq!(page.replace(svg, "").replace("ni:///", "").matches("://").count(), 0);
        for forbidden in [
            "fetch(",
            "XMLHttpRequest",
            "WebSocket",
            "eval(",
            "innerHTML",
            "localStorage",
            "cookie",
            "import(",
        ] {
            assert!(!page.contains(forbidden), "{forbidden}");
        }
    }

    /// What `built/` is made from, in the order in which its digest is taken.
    const SOURCES: [&str; 13] = [
        include_str!("bytes.js"),
        include_str!("chart.js"),
        include_str!("facts-shown.js"),
        include_str!("facts.js"),
        include_str!("json.js"),
        include_str!("languages.js"),
        include_str!("main.js"),
        include_str!("money.js"),
        include_str!("sealed.js"),
        include_str!("show.js"),
        include_str!("style.css"),
        include_str!("texts.js"),
        include_str!("verify.js"),
    ];

    #[test]
    fn what_is_built_is_made_from_these_sources() {
        let digest = Sha256::digest(SOURCES.concat().as_bytes());
        let digest: String = digest.iter().map(|byte| format!("{byte:02x}")).collect();
        for built in [SCRIPT, STYLE] {
            assert!(built.lines().next().unwrap().contains(&digest), "run node tests/browser/build.mjs");
        }
    }

    #[test]
    fn the_page_knows_the_same_currencies() {
        let source = include_str!("money.js");
        let lists: Vec<(u8, Vec<&str>)> = [0u8, 2, 3, 4]
            .into_iter()
            .map(|digits| {
                let (_, rest) = source.split_once(&format!("{digits}: \"")).unwrap();
                (digits, rest.split_once('"').unwrap().0.split(' ').collect())
            })
            .collect();
        let mut known: Vec<(String, u8)> = lists
            .iter()
            .flat_map(|(digits, codes)| codes.iter().map(|code| (code.to_string(), *digits)))
            .collect();
        known.sort();
        let ours: Vec<(String, u8)> =
            Currency::all_iso().map(|currency| (currency.code().to_owned(), currency.exponent())).collect();
        assert_eq!(known, ours);
    }
}
