//! finvault keeps account balances and transactions in one encrypted file on the owner's machine, and exports
//! narrow, signed, expiring disclosures instead of raw records.
//!
//! Start with [`Vault`]: it makes and opens vaults, imports statements, gives balances, and discloses. Times
//! are arguments, amounts are exact ([`Money`]), and every error says what happened and, apart from it, what
//! to do ([`VaultError::remedy`]). A recipient needs no vault: [`disclosure::open`] and
//! [`disclosure::verify`] work on bytes alone.
//!
//! ```
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
//! - `age` (default): sealing and opening disclosures, and with it recipients and disclosing.
//! - `bundled` (default): builds SQLite in; without it the system's SQLite is linked.
//! - `cli` (default): the `finvault` program. Embedders leave it out.
//! - `ring` (with `cli`): the same cipher with ring's assembly inside, about twice as fast. A vault made with or
//!   without it opens with or without it.
//! - `testing`: for benches outside the crate only.

pub mod crypto;
pub mod disclosure;
pub mod ledger;
pub mod money;
pub mod report;
pub mod statement;
pub mod store;
pub mod vault;
pub mod vfs;

pub use crypto::{KdfParams, Passphrase, RecoveryCode};
pub use disclosure::{Lifetime, Purpose, Terms};
pub use ledger::{Account, AccountKind, Balance, NewAccount, NewTransaction, Transaction, TransactionStatus};
pub use money::{Currency, Money};
#[cfg(feature = "age")]
pub use vault::{DisclosureRequest, FactRequest};
pub use vault::{ImportFile, ImportOptions, OpenOptions, Secret, TransactionQuery, Vault, VaultError};

/// The README's example compiles.
#[cfg(all(doctest, feature = "age"))]
#[doc = include_str!("../README.md")]
struct Readme;
