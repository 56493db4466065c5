//! `attach`: put files into the vault beside what they belong to, list them, write them out, remove them.

use super::shapes::iso;
use crate::cli::exit::Exit;
use crate::cli::failure::Failure;
use crate::cli::output_file::OutputFile;
use crate::cli::render::{Align, Cell, Table};
use crate::cli::session::Session;
use crate::cli::when::local;
use clap::{ArgGroup, Args, Subcommand};
use finvault::ledger::{AccountId, Attachment, AttachmentId, AttachmentTarget, BatchId, TransactionId};
use finvault::vault::{MAX_ATTACHMENT_BYTES, Vault, VaultError};
use serde::Serialize;
use std::collections::BTreeMap;
use std::io::{self, Read};
use std::path::{Path, PathBuf};

/// Keep receipts and other files in the vault
#[derive(Debug, Subcommand)]
pub enum Attach {
    Add(Add),
    List(List),
    Show(Show),
    /// Remove an attachment; its bytes go with the last attachment that has them
    Remove {
        /// Its number, as "attach list" shows it
        id: i64,
    },
}

/// Attach a file to a transaction, an account or an import
///
/// The file is taken into the vault, sealed like everything in it; the one on the disk stays as it is. The
/// same bytes attached again are kept once.
#[derive(Debug, Args)]
#[command(group = ArgGroup::new("target").required(true))]
pub struct Add {
    /// The file, of at most 1 GiB; "-" reads standard input
    file: PathBuf,
    #[command(flatten)]
    target: Target,
    /// What to call it [default: the file's name]
    #[arg(long)]
    name: Option<String>,
}

/// List attachments
#[derive(Debug, Args)]
#[command(group = ArgGroup::new("target"))]
pub struct List {
    #[command(flatten)]
    target: Target,
}

/// What a file belongs to.
#[derive(Debug, Args)]
struct Target {
    /// Of the transaction of this number
    #[arg(long, value_name = "ID", group = "target")]
    tx: Option<i64>,
    /// Of this account
    #[arg(long, group = "target")]
    account: Option<String>,
    /// Of the import of this number
    #[arg(long, value_name = "N", group = "target")]
    import: Option<i64>,
}

/// Show what an attachment is, or write it to a file
#[derive(Debug, Args)]
pub struct Show {
    /// Its number, as "attach list" shows it
    id: i64,
    /// The file to write it to; "-" is standard output. Without it nothing leaves the vault
    #[arg(long, value_name = "FILE")]
    output: Option<PathBuf>,
    /// Replace that file if it exists
    #[arg(long, requires = "output")]
    force: bool,
}

#[derive(Serialize)]
struct AttachmentShape {
    attachment: i64,
    name: String,
    media_type: String,
    length: u64,
    sha256: String,
    added: String,
    transaction: Option<i64>,
    account: Option<String>,
    import: Option<i64>,
}

impl AttachmentShape {
    fn new(attachment: &Attachment, names: &BTreeMap<AccountId, String>) -> Self {
        let mut shape = Self {
            attachment: attachment.id.0,
            name: attachment.name.clone(),
            media_type: attachment.media_type.clone(),
            length: attachment.length,
            sha256: attachment.sha256.clone(),
            added: iso(attachment.added),
            transaction: None,
            account: None,
            import: None,
        };
        match attachment.target {
            AttachmentTarget::Transaction(id) => shape.transaction = Some(id.0),
            AttachmentTarget::Account(id) => shape.account = names.get(&id).cloned(),
            AttachmentTarget::Import(id) => shape.import = Some(id.0),
        }
        shape
    }

    /// What it belongs to, in words.
    fn of(&self) -> String {
        match (self.transaction, &self.account, self.import) {
            (Some(id), ..) => format!("transaction {id}"),
            (_, Some(account), _) => format!("account {account}"),
            (.., Some(id)) => format!("import {id}"),
            _ => String::new(),
        }
    }
}

impl Target {
    fn find(&self, vault: &Vault) -> Result<Option<AttachmentTarget>, Failure> {
        Ok(match (self.tx, &self.account, self.import) {
            (Some(id), ..) => Some(AttachmentTarget::Transaction(TransactionId(id))),
            (_, Some(name), _) => Some(AttachmentTarget::Account(vault.account(name)?.id)),
            (.., Some(id)) => Some(AttachmentTarget::Import(BatchId(id))),
            _ => None,
        })
    }
}

impl Attach {
    /// Runs it.
    pub fn run(self, session: &mut Session<'_>) -> Result<Exit, Failure> {
        match self {
            Self::Add(add) => add.run(session)?,
            Self::List(list) => list.run(session)?,
            Self::Show(show) => show.run(session)?,
            Self::Remove { id } => {
                let mut vault = session.open_vault()?;
                let removed = vault.remove_attachment(AttachmentId(id))?;
                let shape = AttachmentShape::new(&removed, &names(&vault)?);
                vault.close()?;
                tell(&shape, "Removed", "from", session)?;
            }
        }
        Ok(Exit::Done)
    }
}

impl Add {
    fn run(self, session: &mut Session<'_>) -> Result<(), Failure> {
        self.refuse_the_vault(session)?;
        let (mut reader, length) = open(&self.file)?;
        let name = self.name()?;
        let mut vault = session.open_vault()?;
        let target = self.target.find(&vault)?;
        let target = target.ok_or_else(|| Failure::usage("say what to attach it to"))?;
        let progress = session.console.progress()?;
        let mut done = 0;
        let mut counted = Counted {
            inner: &mut *reader,
            on_read: &mut |read| {
                done += read;
                progress.show("attaching", done, length);
            },
        };
        let attached = vault
            .attach(&mut counted, &name, None, target, session.now())
            .map_err(|error| told_of(error, "read", &self.file))?;
        drop(progress);
        let shape = AttachmentShape::new(&attached.attachment, &names(&vault)?);
        vault.close()?;
        if session.console.is_json() {
            #[derive(Serialize)]
            struct Added<'a> {
                #[serde(flatten)]
                attachment: &'a AttachmentShape,
                known: bool,
            }
            return session.console.json(&Added { attachment: &shape, known: attached.known });
        }
        tell(&shape, "Added", "to", session)?;
        if attached.known {
            session.console.say("The vault had these bytes already; they are kept once.")?;
        }
        Ok(())
    }

    /// A vault cannot hold itself, and opening its file twice would give up the lock on it.
    fn refuse_the_vault(&self, session: &Session<'_>) -> Result<(), Failure> {
        let vault = session.vault_path()?;
        match (vault.canonicalize(), self.file.canonicalize()) {
            (Ok(vault), Ok(file)) if vault == file => {
                Err(Failure::usage(format!("{} is the vault itself", self.file.display())))
            }
            _ => Ok(()),
        }
    }

    fn name(&self) -> Result<String, Failure> {
        let nameless =
            || Failure::usage("this file has no name to keep").help("say what to call it with --name");
        match &self.name {
            Some(name) => Ok(name.clone()),
            None if self.file == Path::new("-") => Err(nameless()),
            None => {
                let name = self.file.file_name().and_then(|name| name.to_str());
                name.map(str::to_owned).ok_or_else(nameless)
            }
        }
    }
}

/// The file to attach, and how long it seems.
fn open(path: &Path) -> Result<(Box<dyn Read>, u64), Failure> {
    if path == Path::new("-") {
        return Ok((Box::new(io::stdin().lock()), 0));
    }
    let failed = |error: io::Error| Failure::io("read", path, &error);
    let file = std::fs::File::open(path).map_err(failed)?;
    let metadata = file.metadata().map_err(failed)?;
    if metadata.is_dir() {
        return Err(failed(io::ErrorKind::IsADirectory.into()));
    }
    if metadata.len() > MAX_ATTACHMENT_BYTES {
        // What the vault would say in the end, before it has read all that.
        let max_mib = MAX_ATTACHMENT_BYTES >> 20;
        return Err(VaultError::AttachmentTooLarge { name: path.display().to_string(), max_mib }.into());
    }
    Ok((Box::new(file), metadata.len()))
}

/// Tells how much was read.
struct Counted<'a> {
    inner: &'a mut dyn Read,
    on_read: &'a mut dyn FnMut(u64),
}

impl Read for Counted<'_> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        let read = self.inner.read(into)?;
        (self.on_read)(read as u64);
        Ok(read)
    }
}

impl List {
    fn run(self, session: &mut Session<'_>) -> Result<(), Failure> {
        let vault = session.open_vault()?;
        let names = names(&vault)?;
        let target = self.target.find(&vault)?;
        let attachments = vault.attachments(target)?;
        vault.close()?;
        let shapes: Vec<AttachmentShape> =
            attachments.iter().map(|attachment| AttachmentShape::new(attachment, &names)).collect();
        if session.console.is_json() {
            return session.console.json(&shapes);
        }
        if shapes.is_empty() {
            return session.console.say("No attachments.");
        }
        let mut table = Table::new(&[
            ("id", Align::Right),
            ("of", Align::Left),
            ("name", Align::Left),
            ("type", Align::Left),
            ("bytes", Align::Right),
            ("added", Align::Left),
        ])
        .flexible(2);
        for (shape, attachment) in shapes.iter().zip(&attachments) {
            table.row([
                Cell::new(shape.attachment.to_string()),
                Cell::new(shape.of()),
                Cell::new(&shape.name),
                Cell::new(&shape.media_type),
                Cell::new(shape.length.to_string()),
                Cell::new(local(attachment.added)),
            ]);
        }
        session.console.table(&table)
    }
}

impl Show {
    fn run(self, session: &mut Session<'_>) -> Result<(), Failure> {
        let id = AttachmentId(self.id);
        let to_stdout = self.output.as_deref() == Some(Path::new("-"));
        if to_stdout && session.console.is_json() {
            return Err(Failure::usage("standard output cannot hold the file and JSON")
                .help("name a file with --output, or leave out --json"));
        }
        let vault = session.open_vault()?;
        let attachment = vault.attachment(id)?;
        let shape = AttachmentShape::new(&attachment, &names(&vault)?);
        match &self.output {
            Some(path) if to_stdout => {
                vault
                    .read_attachment(id, &mut session.console.stream())
                    .map_err(|error| told_of(error, "write", path))?;
                return Ok(vault.close()?);
            }
            Some(path) => {
                let mut file = OutputFile::begin(path, self.force)?;
                vault
                    .read_attachment(id, &mut file.stream())
                    .map_err(|error| told_of(error, "write", path))?;
                file.sync().map_err(|error| Failure::io("write", path, &error))?;
                file.keep()?;
            }
            None => {}
        }
        vault.close()?;
        if session.console.is_json() {
            #[derive(Serialize)]
            struct Shown<'a> {
                #[serde(flatten)]
                attachment: &'a AttachmentShape,
                output: Option<String>,
            }
            let output = self.output.map(|path| path.display().to_string());
            return session.console.json(&Shown { attachment: &shape, output });
        }
        match &self.output {
            Some(path) => session.console.say(format!(
                "Wrote {} ({} bytes) to {}",
                shape.name,
                shape.length,
                path.display()
            )),
            None => describe(&shape, &attachment, session),
        }
    }
}

fn describe(
    shape: &AttachmentShape,
    attachment: &Attachment,
    session: &mut Session<'_>,
) -> Result<(), Failure> {
    let mut table = Table::new(&[("attachment", Align::Left), ("", Align::Left)]);
    for (title, text) in [
        ("name", shape.name.clone()),
        ("of", shape.of()),
        ("type", shape.media_type.clone()),
        ("bytes", shape.length.to_string()),
        ("SHA-256", shape.sha256.clone()),
        ("added", local(attachment.added)),
    ] {
        table.row([Cell::new(title), Cell::new(text)]);
    }
    session.console.table(&table)
}

fn tell(
    shape: &AttachmentShape,
    done: &str,
    preposition: &str,
    session: &mut Session<'_>,
) -> Result<(), Failure> {
    if session.console.is_json() {
        return session.console.json(shape);
    }
    session.console.say(format!(
        "{done} attachment {}: {} ({}, {} bytes) {preposition} {}",
        shape.attachment,
        shape.name,
        shape.media_type,
        shape.length,
        shape.of()
    ))
}

/// A failure to read or write the file, told as such failures are; a reader that went away ends quietly.
fn told_of(error: VaultError, doing: &str, path: &Path) -> Failure {
    match &error {
        VaultError::AttachmentWrite(source) if source.kind() == io::ErrorKind::BrokenPipe => {
            Failure::new(Exit::BrokenPipe, String::new())
        }
        VaultError::AttachmentRead(source) | VaultError::AttachmentWrite(source) => {
            Failure::io(doing, path, source)
        }
        _ => error.into(),
    }
}

fn names(vault: &Vault) -> Result<BTreeMap<AccountId, String>, Failure> {
    Ok(vault.accounts()?.into_iter().map(|account| (account.id, account.name)).collect())
}
