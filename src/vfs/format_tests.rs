//! Holds `docs/vault-format.md` to the code: every row of its tables that shows bytes is compared with a vault made
//! from fixed randomness.

use std::collections::BTreeMap;

use super::create::{Created, file_bytes};
use super::header::{Frontier, Header, VaultId, WalIdentity};
use super::keys::Keys;
use super::offsets::{self, Twin, UNIT_BYTES};
use super::seal::{self, Place, Role, Unit};
use super::tag_table::{self, List, Tags};
use super::wal_frame::{self, Frame, FrameHeader};
use crate::crypto::random::Seeded;
use crate::crypto::{KdfParams, NONCE_BYTES, Passphrase, Random, RecoveryCode, VaultKey};

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// The vault of the worked example: everything random comes from the seed 1.
fn example() -> (Created, Vec<u8>) {
    let random = Seeded::new(1);
    let mut id = [0; 16];
    random.fill(&mut id).unwrap();
    let created = Created {
        vault_id: VaultId(id),
        key: VaultKey::generate(&random).unwrap(),
        recovery_code: RecoveryCode::generate(&random).unwrap(),
    };
    let passphrase = Passphrase::new("correct horse battery staple".to_owned());
    let bytes = file_bytes(&created, &passphrase, KdfParams::FLOOR, &random).unwrap();
    (created, bytes)
}

fn document() -> String {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/docs/vault-format.md");
    std::fs::read_to_string(path).unwrap().replace("\r\n", "\n")
}

/// Rows of the table under a heading: offset, length, and the example's bytes in the last column.
fn table(document: &str, heading: &str) -> Vec<(usize, usize, String)> {
    let section = document.split_once(heading).unwrap().1;
    let rows =
        section.lines().skip_while(|line| !line.starts_with('|')).take_while(|line| line.starts_with('|'));
    rows.filter_map(|line| {
        let cells: Vec<_> = line.trim_matches('|').split('|').map(str::trim).collect();
        let example = cells.last()?.trim_matches('`').to_owned();
        Some((cells.first()?.parse().ok()?, cells.get(1)?.parse().ok()?, example))
    })
    .collect()
}

fn compare(heading: &str, bytes: &[u8]) {
    let rows = table(&document(), heading);
    let mut at = 0;
    for (offset, length, example) in &rows {
        assert_eq!(*offset, at, "{heading}: a gap before {offset}");
        at = offset + length;
        let actual = &bytes[*offset..at];
        match example.as_str() {
            "zeros" => assert!(actual.iter().all(|byte| *byte == 0), "{heading}, {offset}"),
            "see below" => {}
            shown => {
                let (start, end) = shown.split_once("...").unwrap_or((shown, ""));
                let actual = hex(actual);
                assert!(
                    actual.starts_with(start)
                        && actual.ends_with(end)
                        && (!end.is_empty() || actual == start),
                    "{heading}, {offset}: the document says {shown}, the code makes {actual}"
                );
            }
        }
    }
    assert_eq!(at, bytes.len(), "{heading}: the table does not reach the end");
}

/// Values named in the document as `name = value` lines.
fn values() -> BTreeMap<String, String> {
    document()
        .lines()
        .filter_map(|line| line.split_once(" = "))
        .map(|(name, value)| (name.trim().to_owned(), value.trim().to_owned()))
        .collect()
}

fn expect(name: &str, actual: &str) {
    let shown = values().get(name).cloned();
    assert_eq!(shown.as_deref(), Some(actual), "the document's value of {name}");
}

#[test]
fn the_header_is_as_documented() {
    let (created, bytes) = example();
    compare("### The header's bytes", &bytes[..UNIT_BYTES]);
    compare("### A slot's bytes", &bytes[256..512]);
    expect("passphrase", "correct horse battery staple");
    expect("vault key", &hex(created.key.expose()));
    expect("recovery code", &created.recovery_code.reveal());
    expect("header key", &hex(created.key.derive_secret("header", &[]).expose()));
    expect("page key", &hex(created.key.derive_secret("page", &[]).expose()));
    expect("tag table key", &hex(created.key.derive_secret("tag table", &[]).expose()));
    expect("log key", &hex(created.key.derive_secret("write-ahead log", &[]).expose()));
    let mut copies = super::header::Copies::empty();
    copies.bytes().copy_from_slice(&bytes[..2 * UNIT_BYTES]);
    assert_eq!(copies.authentic(&Keys::derive(&created.key).header).len(), 2);
}

#[test]
fn a_page_is_as_documented() {
    let (created, bytes) = example();
    let place =
        Place { vault_id: created.vault_id.0, role: Role::Page, twin: 0, position: 1, wal_id: [0; 16] };
    expect("page 1 data", &hex(&place.aad()));
    let mut page = bytes[24576..28672].try_into().unwrap();
    expect("page 1 sealed", &format!("{}...{}", hex(&bytes[24576..24592]), hex(&bytes[28616..28632])));
    expect("page 1 nonce", &hex(&bytes[28632..28656]));
    expect("page 1 tag", &hex(&bytes[28656..28672]));
    seal::open_unit(Keys::derive(&created.key).page.aead(), &place, &mut page).unwrap();
    expect("page 1 plain", &format!("{}...{}", hex(&page[..32]), hex(&page[100..108])));
    expect("page 1 at", &offsets::page(1).to_string());
    expect("page 251 at", &offsets::page(251).to_string());
    expect("group 1 slot A at", &offsets::table_slot(1, Twin::A).to_string());
    expect("vault of 251 pages", &offsets::file_bytes(251).to_string());
    expect("node 1 slot A at", &offsets::node_slot(1, Twin::A).to_string());
    expect("page 62501 at", &offsets::page(62_501).to_string());
    expect("most pages", &offsets::MOST_PAGES.to_string());
    assert_eq!(bytes.len() as u64, offsets::file_bytes(1));
}

#[test]
fn the_tag_table_is_as_documented() {
    let (created, bytes) = example();
    let keys = Keys::derive(&created.key);
    let header = Header::decode(bytes[..UNIT_BYTES].try_into().unwrap(), Twin::A).ok().unwrap();
    let open = |list: List, twin: Twin| {
        let at = usize::try_from(list.offset(twin)).unwrap();
        let unit: Box<Unit> = Box::new(bytes[at..at + UNIT_BYTES].try_into().unwrap());
        let tag = tag_table::unit_tag(&unit);
        (Tags::open(keys.table.aead(), &list.place(created.vault_id.0), unit).unwrap(), tag)
    };
    let (node, node_tag) = open(List::Node(0), Twin::A);
    let (group, group_tag) = open(List::Group(0), Twin::A);
    expect("node 0 data", &hex(&List::Node(0).place(created.vault_id.0).aad()));
    expect("node 0 slot A at", &List::Node(0).offset(Twin::A).to_string());
    expect("node 0 tag", &hex(&node_tag));
    expect("group 0 data", &hex(&List::Group(0).place(created.vault_id.0).aad()));
    expect("group 0 slot A at", &List::Group(0).offset(Twin::A).to_string());
    expect("group 0 tag", &hex(&group_tag));
    let mut opened = bytes[16384..20480].to_vec();
    let mut unit: Unit = opened.as_slice().try_into().unwrap();
    let place = List::Group(0).place(created.vault_id.0);
    seal::open_unit(keys.table.aead(), &place, &mut unit).unwrap();
    opened[..seal::CONTENT_BYTES].copy_from_slice(&unit[..seal::CONTENT_BYTES]);
    compare("### A list's bytes", &opened);
    assert_eq!((header.roots[0], header.roots[1]), (node_tag, [0; 16]));
    assert_eq!(node.get(0), group_tag);
    expect("page 1 tag", &hex(&group.get(0)));
    assert_eq!(bytes[8192..12288], bytes[12288..16384], "twins of the node");
    assert_eq!(bytes[16384..20480], bytes[20480..24576], "twins of the list");
}

#[test]
fn a_frame_is_as_documented() {
    let (created, _) = example();
    let keys = Keys::derive(&created.key);
    let wal = WalIdentity { generation: 1, id: [0xab; 16] };
    let header = FrameHeader {
        sqlite: std::array::from_fn(|index| index as u8),
        commit_sequence: 7,
        frontier: 1,
        previous: [0x11; 16],
    };
    let place = wal_frame::place(created.vault_id.0, &wal, Role::WalFrame, 2);
    let mut frame = Frame::new();
    frame.set_page(&[0x44; UNIT_BYTES]);
    frame.seal(keys.wal.aead(), &place, &[0x33; NONCE_BYTES], &header).unwrap();
    let bytes = *frame.bytes();
    expect("frame 2 data", &hex(&place.aad()));
    expect("frame 2 sealed", &format!("{}...{}", hex(&bytes[24..40]), hex(&bytes[4160..4176])));
    expect("frame 2 tag", &hex(&bytes[4176..]));
    let (opened, tag) = frame.open(keys.wal.aead(), &place).unwrap();
    assert_eq!((opened, tag.as_slice()), (header, &bytes[4176..]));
    compare("### A frame's bytes", frame.bytes());
    let place = wal_frame::place(created.vault_id.0, &wal, Role::WalMarker, 3);
    let durable = Frontier { frame: 2, tag: [0x55; 16] };
    let marker = wal_frame::seal_marker(keys.wal.aead(), &place, &[0x33; 24], durable, 7).unwrap();
    expect("marker data", &hex(&place.aad()));
    expect("marker record", &hex(&marker));
    assert_eq!(wal_frame::open_marker(keys.wal.aead(), &place, &marker), Ok(2));
    expect("frame 2 at", &wal_frame::frame_offset(2).to_string());
    expect("frame length", &wal_frame::FRAME_BYTES.to_string());
}

#[test]
fn a_header_is_read_back_as_it_was_written() {
    let (created, bytes) = example();
    let key = Keys::derive(&created.key).header;
    let mut header = Header::decode(bytes[..UNIT_BYTES].try_into().unwrap(), Twin::A).ok().unwrap();
    header.wal_live = true;
    header.wal = WalIdentity { generation: 9, id: [3; 16] };
    header.floor = Frontier { frame: 5, tag: [4; 16] };
    header.commit_sequence = 77;
    header.roots = std::array::from_fn(|node| [node as u8; 16]);
    for copy in Twin::BOTH {
        let unit = header.encode(copy, &key);
        assert!(Header::decode(&unit, copy).ok().unwrap() == header);
        assert!(Header::decode(&unit, copy.other()).is_err());
    }
}
