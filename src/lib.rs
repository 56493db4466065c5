//! finvault keeps account balances and transactions in one encrypted file on the owner's machine, and exports
//! narrow, signed, expiring disclosures instead of raw records.
//!
//! Start with [`Vault`]: it makes and opens vaults, imports statements, gives balances, and discloses. Times
//! are arguments, amounts are exact ([`Money`]), and every error says what happened and, apart from it, what
//! to do ([`VaultError::remedy`]). A recipient needs no vault: [`disclosure::open`] and
//! [`disclosure::verify`] work on bytes alone.
//!
//! ```
//! # #[cfg(not(all(feature = "age", feature = "vault")))]
//! # fn main() {}
//! # #[cfg(all(feature = "age", feature = "vault"))]
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! # let folder = tempfile::tempdir()?;
//! # std::env::set_current_dir(&folder)?;
//! # std::fs::write("march.ofx", include_str!("../tests/fixtures/vault/checking-march.ofx"))?;
//! use finvault::{DisclosureRequest, FactRequest, ImportFile, KdfParams, Passphrase, Purpose, Vault};
//!
//! let now = jiff::Timestamp::now();
//! let passphrase = Passphrase::new("correct horse battery staple".to_owned());
//! let (mut vault, _recovery_code) = Vault::create("my.finvault".as_ref(), &passphrase, KdfParams::DEFAULT, now)?;
//! let march = ImportFile { name: "march.ofx", bytes: &std::fs::read("march.ofx")? };
//! let report = vault.import(&[march], &Default::default(), now, &mut |_| {})?;
//! let account = &report.files[0].accounts[0].account;
//! let landlord = vault.add_recipient("Landlord", Some("age1lw96fp2fzwmplzpqncdr3sj3xsdf4nxw85c59jx9p2w4guyvneqqh0layc"), now)?;
//! let balance = FactRequest::balance(account.id, "2026-03-31".parse()?);
//! let request = DisclosureRequest::new(landlord.id, vec![balance], Purpose::from_text("Rental application")?);
//! vault.disclose(&request, now, &mut |sealed| std::fs::write("balance.age", sealed))?;
//! # assert!(std::fs::read("balance.age")?.starts_with(b"age-encryption.org/v1"));
//! # std::env::set_current_dir("/")?;
//! # Ok(())
//! # }
//! ```
//!
//! Keys and passphrases live in types that are wiped when dropped and cannot be printed. The rooms below can
//! be used apart: [`statement`] reads bank files into plain values, [`money`] and [`ledger`] hold them,
//! [`vfs`] gives any program a sealed SQLite file.
//!
//! # Features
//!
//! - `vault` (default): the sealed file, statements and everything else of the owner's half. It implies `verify`.
//! - `age` (default): sealing and opening disclosures, and with `vault` recipients and disclosing.
//! - `bundled` (default): builds SQLite in; without it the system's SQLite is linked. It implies `vault`.
//! - `verify`: the recipient's half alone, below.
//! - `cli` (default): the `finvault` program. Embedders leave it out.
//! - `ring` (with `cli`): the same cipher with ring's assembly inside, about twice as fast. A vault made with or
//!   without it opens with or without it.
//! - `testing`: for benches outside the crate only.
//!
//! # The verifier alone
//!
//! A program that only checks what it is sent depends on
//! `finvault = { version = "0.1", default-features = false, features = ["verify"] }`: then there are [`money`], [`ledger`], [`crypto::sign`]
//! and [`disclosure`], and no SQLite, Argon2 or cipher. With `age` beside it, [`disclosure::open`] opens sealed files too.
//! `examples/verify.rs` is a whole program to start from.
//!
//! ```
//! # #[cfg(not(feature = "verify"))]
//! # fn main() {}
//! # #[cfg(feature = "verify")]
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! # let token = include_str!("../tests/vectors/disclosure/example.token").trim();
//! # let now: jiff::Timestamp = "2026-02-01T00:00:00Z".parse()?;
//! use finvault::disclosure::{Audience, Expectation, ExpectedAudience, verify};
//!
//! let me = [Audience::of_key("age17cs6ph5pwrjeps77yxmaje8jny7rmygkf7l9cj0qksm950jcsqwsekndsq")];
//! let verified = verify(token, &Expectation { now, audience: ExpectedAudience::OneOf(&me) })?;
//! // Who signed? Compare this with what the owner told you on another way.
//! assert_eq!(verified.issuer.to_string(), "7pxi qm4z oq5i wc4p 3sll eqqs mikq bxt7");
//! assert_eq!(verified.facts.len(), 2);
//! # Ok(())
//! # }
//! ```

#[cfg(feature = "verify")]
pub mod crypto;
#[cfg(feature = "verify")]
pub mod disclosure;
pub mod ledger;
pub mod money;
pub mod report;
#[cfg(feature = "vault")]
pub mod statement;
#[cfg(feature = "vault")]
pub mod store;
#[cfg(feature = "vault")]
pub mod vault;
#[cfg(feature = "vault")]
pub mod vfs;

#[cfg(feature = "vault")]
pub use crypto::{KdfParams, Passphrase, RecoveryCode};
#[cfg(feature = "verify")]
pub use disclosure::{Lifetime, Purpose, Terms};
pub use ledger::{Account, AccountKind, Balance, NewAccount, NewTransaction, Transaction, TransactionStatus};
pub use money::{Currency, Money};
#[cfg(all(feature = "age", feature = "vault"))]
pub use vault::{DisclosureRequest, FactRequest};
#[cfg(feature = "vault")]
pub use vault::{ImportFile, ImportOptions, OpenOptions, Secret, TransactionQuery, Vault, VaultError};

/// The README's examples compile.
#[cfg(all(doctest, feature = "age", feature = "vault"))]
#[doc = include_str!("../README.md")]
struct Readme;
