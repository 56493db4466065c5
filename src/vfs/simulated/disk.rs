//! One file on the simulated disk: what is durable, and what was asked for since.

use super::observer::Action;

/// The unit in which a write reaches the disk.
pub(super) const SECTOR_BYTES: usize = 512;

/// What becomes of one pending change in a power cut.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum Fate {
    Kept,
    Lost,
    /// Of its sectors, those whose bit is set reached the disk.
    Torn(u16),
}

/// One file.
#[derive(Debug, Clone, Default)]
pub(super) struct Disk {
    pub(super) durable: Vec<u8>,
    /// How many changes went into `durable`; with what is pending it names an image.
    pub(super) settled: usize,
    /// Which file this is, of those that bore the name one after another.
    pub(super) life: usize,
    /// Whether a process sees the file, and whether its name survives a power cut.
    pub(super) open: bool,
    pub(super) named: bool,
    pub(super) pending: Vec<Action>,
    /// Once a sync failed: what every read shows until the machine goes down, whatever the disk has.
    cached: Option<Vec<u8>>,
}

impl Disk {
    pub(super) fn with(durable: Vec<u8>) -> Self {
        Self { durable, open: true, named: true, ..Self::default() }
    }

    /// The file that takes this one's name after it was deleted.
    pub(super) fn successor(&self) -> Self {
        Self { life: self.life + 1, ..Self::default() }
    }

    pub(super) fn take(&mut self, action: &Action) {
        if let Some(cached) = &mut self.cached {
            apply(cached, action, Fate::Kept);
        }
        match action {
            Action::Open => self.open = true,
            Action::Sync => {
                for action in std::mem::take(&mut self.pending) {
                    apply(&mut self.durable, &action, Fate::Kept);
                    self.settled += 1;
                }
                self.named = true;
            }
            Action::Write(..) | Action::Truncate(_) => self.pending.push(action.clone()),
            Action::FailedSync | Action::Delete => {}
        }
    }

    /// A failed sync: of what it should have covered, this is what the disk has, for good.
    pub(super) fn settle(&mut self, fates: &[Fate]) {
        self.cached = Some(self.after_kill());
        for (action, fate) in std::mem::take(&mut self.pending).iter().zip(fates) {
            let kept = matches!(action, Action::Truncate(_));
            apply(&mut self.durable, action, if kept { Fate::Kept } else { *fate });
            self.settled += 1;
        }
    }

    /// The bytes that a killed process leaves.
    pub(super) fn after_kill(&self) -> Vec<u8> {
        match &self.cached {
            Some(cached) => cached.clone(),
            None => self.after(&vec![Fate::Kept; self.pending.len()]),
        }
    }

    /// Whether reads show anything that the disk may not have for good.
    pub(super) fn is_doubtful(&self) -> bool {
        self.cached.is_some()
    }

    /// The bytes after a power cut. Changes without a fate are lost.
    pub(super) fn after(&self, fates: &[Fate]) -> Vec<u8> {
        let mut bytes = self.durable.clone();
        for (action, fate) in self.pending.iter().zip(fates) {
            apply(&mut bytes, action, *fate);
        }
        bytes
    }
}

/// How many sectors of the file a write touches.
pub(super) fn sectors(action: &Action) -> usize {
    match action {
        Action::Write(data, at) => {
            let within = usize::try_from(*at).unwrap() % SECTOR_BYTES;
            (within + data.len()).div_ceil(SECTOR_BYTES)
        }
        _ => 0,
    }
}

fn apply(bytes: &mut Vec<u8>, action: &Action, fate: Fate) {
    match (action, fate) {
        (_, Fate::Lost) => {}
        (Action::Write(data, at), Fate::Kept) => put(bytes, data, usize::try_from(*at).unwrap()),
        (Action::Write(data, at), Fate::Torn(kept)) => {
            let start = usize::try_from(*at).unwrap();
            for sector in (0..sectors(action)).filter(|sector| kept & (1 << sector) != 0) {
                let from = ((start / SECTOR_BYTES + sector) * SECTOR_BYTES).max(start);
                let to = ((start / SECTOR_BYTES + sector + 1) * SECTOR_BYTES).min(start + data.len());
                put(bytes, &data[from - start..to - start], from);
            }
        }
        (Action::Truncate(size), _) => bytes.resize(usize::try_from(*size).unwrap(), 0),
        _ => {}
    }
}

fn put(bytes: &mut Vec<u8>, data: &[u8], at: usize) {
    if bytes.len() < at + data.len() {
        bytes.resize(at + data.len(), 0);
    }
    bytes[at..at + data.len()].copy_from_slice(data);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn changes_are_kept_lost_or_torn_at_sectors() {
        let mut disk = Disk::with(vec![1; 1024]);
        disk.take(&Action::Write(vec![2; 1024], 256));
        assert_eq!(sectors(&disk.pending[0]), 3);
        assert_eq!(disk.after(&[Fate::Lost]), vec![1; 1024]);
        assert_eq!(disk.after(&[Fate::Kept]), [vec![1; 256], vec![2; 1024]].concat());
        assert_eq!(disk.after(&[Fate::Torn(0b010)]), [vec![1; 512], vec![2; 512]].concat());
        let end = [vec![1; 1024], vec![2; 256]].concat();
        assert_eq!(disk.after(&[Fate::Torn(0b100)]), end);
        disk.take(&Action::Truncate(100));
        assert_eq!(disk.after(&[Fate::Kept, Fate::Kept]).len(), 100);
        assert_eq!(disk.after(&[Fate::Kept]).len(), 1280);
        disk.take(&Action::Sync);
        assert_eq!((disk.durable.len(), disk.pending.len(), disk.settled), (100, 0, 2));
        disk.take(&Action::Write(vec![3; 50], 100));
        disk.settle(&[Fate::Lost]);
        disk.take(&Action::Sync);
        assert_eq!(disk.durable, [vec![1; 100]].concat(), "what a failed sync lost stays lost");
        assert_eq!(disk.after_kill().len(), 150, "and is read until the machine goes down");
    }
}
