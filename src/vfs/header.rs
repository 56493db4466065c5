//! The header's byte layout: 4 KiB, kept twice (copies A and B). Pure: bytes in, values out.
//!
//! Magic, format version and checksum lie at the same places in every format, so that any program can tell a newer
//! vault from a damaged one. The checksum finds accidents before any key is known; the tag, under a key derived from
//! the vault's key, finds everything else. Each format version fixes every byte: what is not used is zero.

use sha2::{Digest, Sha256};

use super::damage::Damage;
use super::offsets::{GROUP_PAGES, NODES, Twin, UNIT_BYTES};
use super::seal::{RESERVED_BYTES, Unit};
use super::slots::{SLOT_BYTES, SLOTS, Slot};
use super::tag_table::{NO_TAG, Roots};
use crate::crypto::{HeaderAuthKey, TAG_BYTES};

/// The newest format that this program reads and the only one it writes.
pub(crate) const FORMAT_VERSION: u32 = 1;
/// The first bytes of every vault. The line ends show a transfer that mangled them.
pub(crate) const MAGIC: [u8; 16] = *b"finvault\r\n\x1a\n\0\0\0\0";

const VERSION: usize = 16;
const COPY: usize = 20;
const GENERATION: usize = 24;
const VAULT_ID: usize = 32;
const PAGE_BYTES: usize = 48;
const RESERVED: usize = 52;
const GROUP: usize = 56;
const WAL_STATE: usize = 60;
const WAL_GENERATION: usize = 64;
const WAL_ID: usize = 72;
const FLOOR_FRAME: usize = 88;
const PAGE_COUNT: usize = 92;
const FLOOR_TAG: usize = 96;
const COMMIT_SEQUENCE: usize = 112;
const SLOTS_AT: usize = 256;
const ROOTS_AT: usize = 2304;
const CHECKSUM: usize = 4032;
const TAG: usize = 4064;

/// Which vault a file is: 16 random bytes, fixed when it was made. Not secret.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct VaultId(pub(crate) [u8; 16]);

impl VaultId {
    /// The id's bytes.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8; 16] {
        &self.0
    }
}

impl std::fmt::Display for VaultId {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl std::fmt::Debug for VaultId {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "VaultId({self})")
    }
}

/// The bytes at an offset; zeros where there are none.
pub(super) fn array_of<const M: usize>(bytes: &[u8], at: usize) -> [u8; M] {
    let mut value = [0; M];
    if let Some(from) = bytes.get(at..at + M) {
        value.copy_from_slice(from);
    }
    value
}

fn u32_of(bytes: &[u8], at: usize) -> u32 {
    u32::from_le_bytes(array_of(bytes, at))
}

fn u64_of(bytes: &[u8], at: usize) -> u64 {
    u64::from_le_bytes(array_of(bytes, at))
}

/// A fixed run of bytes, read and written by offset. An offset outside reads zero and writes nothing; every offset
/// used is a constant that lies inside.
pub(crate) struct Bytes<const N: usize>(pub(crate) [u8; N]);

impl<const N: usize> Bytes<N> {
    pub(crate) fn put(&mut self, at: usize, value: &[u8]) {
        if let Some(to) = self.0.get_mut(at..at + value.len()) {
            to.copy_from_slice(value);
        }
    }

    pub(crate) fn put_u32(&mut self, at: usize, value: u32) {
        self.put(at, &value.to_le_bytes());
    }

    pub(crate) fn put_u64(&mut self, at: usize, value: u64) {
        self.put(at, &value.to_le_bytes());
    }

    pub(crate) fn array<const M: usize>(&self, at: usize) -> [u8; M] {
        array_of(&self.0, at)
    }

    pub(crate) fn u32(&self, at: usize) -> u32 {
        u32_of(&self.0, at)
    }

    pub(crate) fn u64(&self, at: usize) -> u64 {
        u64_of(&self.0, at)
    }
}

/// A frame of the write-ahead log known to be durable: its number and its header's tag. Frame 0 is none.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Frontier {
    pub(crate) frame: u32,
    pub(crate) tag: [u8; 16],
}

/// The write-ahead log that belongs to the vault right now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct WalIdentity {
    pub(crate) generation: u64,
    pub(crate) id: [u8; 16],
}

/// What a header copy says.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct Header {
    pub(crate) generation: u64,
    pub(crate) vault_id: VaultId,
    /// Whether a log belongs to the vault; if not, any that lies beside it is stale.
    pub(crate) wal_live: bool,
    pub(crate) wal: WalIdentity,
    /// The log must reach at least this frame.
    pub(crate) floor: Frontier,
    /// Pages that were durable in the file when this copy was written.
    pub(crate) page_count: u32,
    /// Commits since the vault was made, as far as this copy knows.
    pub(crate) commit_sequence: u64,
    /// The tag table's nodes that count.
    pub(crate) roots: Roots,
    pub(crate) slots: [Slot; SLOTS],
}

/// Why bytes are not a header copy that this program can use.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum HeaderFault {
    /// The magic is not there.
    NoMagic,
    /// Whole, but of a newer format.
    Newer(u32),
    /// Altered.
    Damaged,
}

impl Header {
    pub(crate) fn new(vault_id: VaultId) -> Self {
        Self {
            generation: 1,
            vault_id,
            wal_live: false,
            wal: WalIdentity { generation: 0, id: [0; 16] },
            floor: Frontier::default(),
            page_count: 0,
            commit_sequence: 0,
            roots: [NO_TAG; NODES as usize],
            slots: [Slot::EMPTY; SLOTS],
        }
    }

    /// The bytes of one copy, authenticated.
    pub(crate) fn encode(&self, copy: Twin, key: &HeaderAuthKey) -> Unit {
        let mut bytes = Bytes([0; UNIT_BYTES]);
        self.put_fields(copy, &mut bytes);
        let checksum = checksum(&bytes.0);
        bytes.put(CHECKSUM, &checksum);
        bytes.put(TAG, &key.tag(&checksum));
        bytes.0
    }

    fn put_fields(&self, copy: Twin, bytes: &mut Bytes<UNIT_BYTES>) {
        bytes.put(0, &MAGIC);
        bytes.put_u32(VERSION, FORMAT_VERSION);
        bytes.put_u32(COPY, copy.number());
        bytes.put_u64(GENERATION, self.generation);
        bytes.put(VAULT_ID, &self.vault_id.0);
        bytes.put_u32(PAGE_BYTES, UNIT_BYTES as u32);
        bytes.put_u32(RESERVED, RESERVED_BYTES as u32);
        bytes.put_u32(GROUP, GROUP_PAGES);
        bytes.put_u32(WAL_STATE, u32::from(self.wal_live));
        bytes.put_u64(WAL_GENERATION, self.wal.generation);
        bytes.put(WAL_ID, &self.wal.id);
        bytes.put_u32(FLOOR_FRAME, self.floor.frame);
        bytes.put_u32(PAGE_COUNT, self.page_count);
        bytes.put(FLOOR_TAG, &self.floor.tag);
        bytes.put_u64(COMMIT_SEQUENCE, self.commit_sequence);
        bytes.put(ROOTS_AT, self.roots.as_flattened());
        for (index, slot) in self.slots.iter().enumerate() {
            bytes.put(SLOTS_AT + index * SLOT_BYTES, &slot.0);
        }
    }

    /// Reads one copy. Its checksum, version and shape are checked; its tag is not, since that takes the key:
    /// nothing of it may be trusted before [`authentic`]. On the heap, since it is passed on from hand to hand.
    pub(crate) fn decode(unit: &Unit, copy: Twin) -> Result<Box<Self>, HeaderFault> {
        if array_of::<16>(unit, 0) != MAGIC {
            return Err(HeaderFault::NoMagic);
        }
        if checksum(unit) != array_of::<32>(unit, CHECKSUM) {
            return Err(HeaderFault::Damaged);
        }
        let version = u32_of(unit, VERSION);
        if version > FORMAT_VERSION {
            return Err(HeaderFault::Newer(version));
        }
        let header = Box::new(Self::fields(unit));
        // Writing what was read must give the same bytes: one comparison covers every constant, every byte that
        // must be zero, and the copy's number.
        let mut again = Bytes([0; UNIT_BYTES]);
        header.put_fields(copy, &mut again);
        if again.0.get(..CHECKSUM) != unit.get(..CHECKSUM) {
            return Err(HeaderFault::Damaged);
        }
        Ok(header)
    }

    fn fields(unit: &Unit) -> Self {
        Self {
            generation: u64_of(unit, GENERATION),
            vault_id: VaultId(array_of(unit, VAULT_ID)),
            wal_live: u32_of(unit, WAL_STATE) == 1,
            wal: WalIdentity { generation: u64_of(unit, WAL_GENERATION), id: array_of(unit, WAL_ID) },
            floor: Frontier { frame: u32_of(unit, FLOOR_FRAME), tag: array_of(unit, FLOOR_TAG) },
            page_count: u32_of(unit, PAGE_COUNT),
            commit_sequence: u64_of(unit, COMMIT_SEQUENCE),
            roots: std::array::from_fn(|node| array_of(unit, ROOTS_AT + node * TAG_BYTES)),
            slots: std::array::from_fn(|slot| Slot(array_of(unit, SLOTS_AT + slot * SLOT_BYTES))),
        }
    }
}

/// Whether a copy that [`Header::decode`] accepted was written under this vault's key.
pub(crate) fn authentic(unit: &Unit, key: &HeaderAuthKey) -> bool {
    key.verify(&array_of::<32>(unit, CHECKSUM), &array_of(unit, TAG))
}

fn checksum(unit: &Unit) -> [u8; 32] {
    Sha256::digest(unit.get(..CHECKSUM).unwrap_or_default()).into()
}

/// Which of the two copies, and what it says.
pub(crate) type HeaderCopy = (Twin, Box<Header>);

/// Both copies as read from a file, judged as far as is possible without or with the key.
pub(crate) struct Copies {
    units: Box<[Unit; 2]>,
}

impl Copies {
    /// Room for the first two units of a file; zeros are no header.
    pub(crate) fn empty() -> Self {
        Self { units: Box::new([[0; UNIT_BYTES]; 2]) }
    }

    /// Both copies in a row, to be read in one go.
    pub(crate) fn bytes(&mut self) -> &mut [u8] {
        self.units.as_flattened_mut()
    }

    fn unit(&self, copy: Twin) -> &Unit {
        let [a, b] = self.units.as_ref();
        match copy {
            Twin::A => a,
            Twin::B => b,
        }
    }

    fn decode(&self, copy: Twin) -> Result<Box<Header>, HeaderFault> {
        Header::decode(self.unit(copy), copy)
    }

    /// The copies that are whole, newest first.
    pub(crate) fn candidates(&self) -> Vec<HeaderCopy> {
        let mut found: Vec<_> =
            Twin::BOTH.into_iter().filter_map(|copy| Some((copy, self.decode(copy).ok()?))).collect();
        found.sort_by_key(|(_, header)| std::cmp::Reverse(header.generation));
        found
    }

    /// The copies that are whole and were written under the vault's key, newest first.
    pub(crate) fn authentic(&self, key: &HeaderAuthKey) -> Vec<HeaderCopy> {
        let mut found = self.candidates();
        found.retain(|(copy, _)| authentic(self.unit(*copy), key));
        found
    }

    /// The newest copy that is whole and was written under the vault's key. The other is not looked at when it says
    /// itself that it is not newer: whether it is damaged or not, it would not serve.
    pub(crate) fn newest(&self, key: &HeaderAuthKey) -> Option<HeaderCopy> {
        let stated = |copy: Twin| u64::from_le_bytes(array_of(self.unit(copy), GENERATION));
        let order = if stated(Twin::B) > stated(Twin::A) { [Twin::B, Twin::A] } else { Twin::BOTH };
        order.into_iter().find_map(|copy| {
            let header = self.decode(copy).ok()?;
            authentic(self.unit(copy), key).then_some((copy, header))
        })
    }

    /// The copies that do not serve.
    pub(crate) fn bad(&self, key: &HeaderAuthKey) -> Vec<Damage> {
        let good = self.authentic(key);
        Twin::BOTH
            .into_iter()
            .filter(|copy| !good.iter().any(|(other, _)| other == copy))
            .map(|copy| Damage::HeaderCopy { copy })
            .collect()
    }

    /// Why no copy can be used, from the bytes alone.
    pub(crate) fn fault(&self) -> HeaderFault {
        let faults: Vec<_> = Twin::BOTH.into_iter().filter_map(|copy| self.decode(copy).err()).collect();
        let newer = faults.iter().find(|fault| matches!(fault, HeaderFault::Newer(_)));
        if let Some(newer) = newer {
            return *newer;
        }
        if faults.len() == 2 && faults.iter().all(|fault| *fault == HeaderFault::NoMagic) {
            return HeaderFault::NoMagic;
        }
        HeaderFault::Damaged
    }
}
