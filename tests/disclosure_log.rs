//! The log: any change, removal or new order before the last entry shows, and a cut end to who remembers the head.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use finvault::disclosure::log::*;
use jiff::Timestamp;
use proptest::prelude::*;

fn key() -> LogKey {
    LogKey::from_seed(&[3; 32])
}

fn sample(count: usize) -> Vec<LogEntry> {
    let kinds = [
        LogKind::VaultCreated,
        LogKind::RecipientAdded,
        LogKind::Disclosed,
        LogKind::Denied,
        LogKind::RecipientRemoved,
    ];
    let mut entries: Vec<LogEntry> = Vec::new();
    for (at, kind) in kinds.into_iter().cycle().take(count).enumerate() {
        let time = Timestamp::from_millisecond(1_769_904_000_123 + at as i64).unwrap();
        let body = format!(r#"{{"number":{at}}}"#);
        entries.push(append(entries.last().map(LogEntry::head), kind, body, time, &key()).unwrap());
    }
    entries
}

fn verify(entries: &[LogEntry]) -> Result<LogSummary, LogFault> {
    verify_chain(entries, &key().verifying_key(), None)
}

fn fault(entries: &[LogEntry]) -> (u64, LogFaultKind) {
    let LogFault { seq, what } = verify(entries).unwrap_err();
    (seq, what)
}

#[test]
fn a_good_log_verifies() {
    let entries = sample(7);
    let head = entries[6].head();
    assert_eq!(verify(&entries), Ok(LogSummary { entries: 7, head: Some(head) }));
    assert_eq!(verify(&[]), Ok(LogSummary { entries: 0, head: None }));
    assert_eq!(entries[0].prev_hash, [0; 32]);
    assert_eq!((entries[0].seq, entries[6].seq), (1, 7));
    assert_eq!(entries[0].at().unwrap().as_millisecond(), 1_769_904_000_123);
    for entry in &entries {
        assert_eq!(entry.kind.parse::<LogKind>().unwrap().as_str(), entry.kind);
    }
    assert!("gossip".parse::<LogKind>().is_err());
}

#[test]
fn every_flipped_bit_shows() {
    let entries = sample(4);
    for at in 0..entries.len() {
        let seq = entries[at].seq;
        let check = |change: &dyn Fn(&mut LogEntry)| {
            let mut changed = entries.clone();
            change(&mut changed[at]);
            assert_ne!(changed, entries);
            assert_eq!(fault(&changed).0, seq);
        };
        for bit in 0..64 {
            check(&|entry| entry.seq ^= 1 << bit);
            check(&|entry| entry.at_ms ^= 1 << bit);
        }
        for place in 0..32 {
            for bit in 0..8 {
                check(&|entry| entry.prev_hash[place] ^= 1 << bit);
                check(&|entry| entry.hash[place] ^= 1 << bit);
            }
        }
        for place in 0..64 {
            for bit in 0..8 {
                check(&|entry| {
                    let mut bytes = entry.signature.to_bytes();
                    bytes[place] ^= 1 << bit;
                    entry.signature = finvault::crypto::sign::Signature::from_bytes(bytes);
                });
            }
        }
        for (text_len, which) in [(entries[at].kind.len(), 0), (entries[at].body.len(), 1)] {
            for place in 0..text_len {
                check(&|entry| {
                    let text = if which == 0 { &mut entry.kind } else { &mut entry.body };
                    let mut bytes = text.clone().into_bytes();
                    bytes[place] ^= 1;
                    *text = String::from_utf8(bytes).unwrap();
                });
            }
        }
        // Moving a byte from one field into the next changes the lengths that are hashed.
        check(&|entry| {
            let moved = entry.kind.pop().unwrap();
            entry.body.insert(0, moved);
        });
    }
}

#[test]
fn removal_repetition_and_new_order_show() {
    let entries = sample(5);
    for at in 0..4 {
        let mut removed = entries.clone();
        removed.remove(at);
        assert_eq!(fault(&removed), (at as u64 + 1, LogFaultKind::OutOfOrder));
        let mut swapped = entries.clone();
        swapped.swap(at, at + 1);
        assert_eq!(fault(&swapped), (at as u64 + 1, LogFaultKind::OutOfOrder));
        let mut twice = entries.clone();
        twice.insert(at, entries[at].clone());
        assert_eq!(fault(&twice), (at as u64 + 2, LogFaultKind::OutOfOrder));
    }
    // Renumbering does not help who lacks the key.
    let mut renumbered = entries.clone();
    renumbered.remove(1);
    for (at, entry) in renumbered.iter_mut().enumerate() {
        entry.seq = at as u64 + 1;
    }
    assert_eq!(fault(&renumbered), (2, LogFaultKind::BrokenChain));
}

#[test]
fn a_log_written_anew_by_another_key_shows() {
    let other = LogKey::from_seed(&[4; 32]);
    let now = Timestamp::UNIX_EPOCH;
    let forged = append(None, LogKind::VaultCreated, "{}".to_owned(), now, &other).unwrap();
    assert_eq!(fault(&[forged]), (1, LogFaultKind::BadSignature));
}

#[test]
fn a_cut_end_shows_to_who_remembers_the_head() {
    let entries = sample(5);
    let verify = |entries: &[LogEntry], head| verify_chain(entries, &key().verifying_key(), Some(head));
    let head = entries[4].head();
    assert!(verify(&entries, head).is_ok());
    assert!(verify(&entries, entries[2].head()).is_ok(), "a log may have grown since");
    assert!(self::verify(&entries[..4]).is_ok(), "without memory a cut end cannot be seen");
    assert_eq!(verify(&entries[..4], head), Err(LogFault { seq: 5, what: LogFaultKind::HeadMissing }));
    // The same key, another history: cut at three, then continued.
    let mut other = entries[..3].to_vec();
    for _ in 0..3 {
        let head = other.last().map(LogEntry::head);
        other.push(append(head, LogKind::Denied, "{}".to_owned(), Timestamp::UNIX_EPOCH, &key()).unwrap());
    }
    assert!(self::verify(&other).is_ok());
    assert_eq!(verify(&other, head), Err(LogFault { seq: 5, what: LogFaultKind::HeadMissing }));
}

#[test]
fn bounds_are_errors() {
    let now = Timestamp::UNIX_EPOCH;
    let huge = "x".repeat(MAX_BODY_LEN + 1);
    assert_eq!(append(None, LogKind::Denied, huge, now, &key()), Err(AppendError::TooLarge));
    let last = LogHead { seq: u64::MAX, hash: [0; 32] };
    assert_eq!(append(Some(last), LogKind::Denied, String::new(), now, &key()), Err(AppendError::Full));
    let mut strange = sample(1);
    strange[0].at_ms = i64::MAX;
    assert_eq!(strange[0].at(), None);
    assert_eq!(fault(&strange), (1, LogFaultKind::Altered));
}

proptest! {
    #[test]
    fn any_body_is_kept(body: String, at in -1_000_000_000_000i64..1_000_000_000_000) {
        let at = Timestamp::from_millisecond(at).unwrap();
        let entry = append(None, LogKind::Disclosed, body.clone(), at, &key()).unwrap();
        prop_assert_eq!(&entry.body, &body);
        prop_assert_eq!(entry.at(), Some(at));
        prop_assert!(verify(&[entry]).is_ok());
    }
}
