//! Where entries stand by a digest of what they are looked up by: a sorted list, since there may be a million of them.

/// The leading bits of a digest by which the list is cut into buckets.
const BUCKET_BITS: u32 = 16;

/// Numbers of entries by the first 48 bits of a digest and by rank, in order of number within each.
#[derive(Debug, Default)]
pub(super) struct Index {
    entries: Vec<Entry>,
    /// Where each bucket begins; empty where there are no entries.
    starts: Vec<u32>,
}

/// Twelve bytes.
#[derive(Debug, Clone, Copy)]
struct Entry {
    /// A [`key`], in two words.
    key: [u32; 2],
    number: u32,
}

/// The first 48 bits of a digest, and the rank: who searches compares the rest.
fn key(digest: u64, rank: u16) -> u64 {
    digest & !u64::from(u16::MAX) | u64::from(rank)
}

impl Entry {
    fn key(&self) -> u64 {
        let [high, low] = self.key;
        u64::from(high) << u32::BITS | u64::from(low)
    }
}

impl Index {
    /// Of entries as `(digest, rank, number)`, in any order.
    pub fn new(entries: impl Iterator<Item = (u64, u16, usize)>) -> Self {
        let number = |number| u32::try_from(number).unwrap_or(u32::MAX);
        let mut entries: Vec<Entry> = entries
            .map(|(digest, rank, at)| {
                let key = key(digest, rank);
                Entry { key: [(key >> u32::BITS) as u32, key as u32], number: number(at) }
            })
            .collect();
        if entries.is_empty() {
            return Self::default();
        }
        entries.sort_unstable_by_key(|entry| (entry.key(), entry.number));
        let mut starts = Vec::with_capacity((1 << BUCKET_BITS) + 1);
        let mut at = 0;
        for bucket in 0..=(1_u64 << BUCKET_BITS) {
            while entries.get(at).is_some_and(|entry| bucket_of(entry.key()) < bucket) {
                at += 1;
            }
            starts.push(number(at));
        }
        Self { entries, starts }
    }

    /// Where the entries of that digest and rank begin, if there are any.
    pub fn first(&self, digest: u64, rank: u16) -> usize {
        let bucket = usize::try_from(bucket_of(digest)).unwrap_or(usize::MAX);
        let (Some(from), Some(to)) = (self.starts.get(bucket), self.starts.get(bucket.saturating_add(1)))
        else {
            return self.entries.len();
        };
        let (from, to) = (*from as usize, *to as usize);
        let bucket = self.entries.get(from..to).unwrap_or_default();
        from + bucket.partition_point(|entry| entry.key() < key(digest, rank))
    }

    /// The number of the entry at a place, where it is still one of that digest and rank.
    pub fn number(&self, place: usize, digest: u64, rank: u16) -> Option<usize> {
        let entry = self.entries.get(place)?;
        (entry.key() == key(digest, rank)).then_some(entry.number as usize)
    }

    /// How many entries there are.
    pub fn len(&self) -> usize {
        self.entries.len()
    }
}

fn bucket_of(digest: u64) -> u64 {
    digest >> (u64::BITS - BUCKET_BITS)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn a_run_is_what_a_search_through_all_finds(
            entries in prop::collection::vec((prop_oneof![(0..4_u64).prop_map(|digest| digest << 16), any::<u64>(), Just(u64::MAX)], 0..3_u16), 0..60),
        ) {
            let numbered = || entries.iter().enumerate().map(|(number, (digest, rank))| (*digest, *rank, number));
            let index = Index::new(numbered());
            for (digest, rank) in entries.iter().copied().chain([(7, 0), (7 << 16, 0), (u64::MAX, 9), (0, 0)]) {
                let wanted: Vec<usize> =
                    numbered().filter(|entry| key(entry.0, entry.1) == key(digest, rank)).map(|entry| entry.2).collect();
                let first = index.first(digest, rank);
                let found: Vec<usize> = (first..).map_while(|place| index.number(place, digest, rank)).collect();
                prop_assert_eq!(found, wanted);
            }
        }
    }
}
