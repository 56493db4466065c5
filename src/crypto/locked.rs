//! Where keys lie: on a memory page of their own that the system is asked not to write to a swap file, overwritten before
//! it is given back.
//!
//! The system may refuse (a process may lock only so much memory); then the key is used all the same.

use std::sync::{Mutex, PoisonError};

use zeroize::Zeroize;

/// 32 secret bytes.
pub(super) struct LockedKey {
    /// There until the key is dropped.
    place: Option<Place>,
}

/// A page, and the proof that it is locked.
struct Place {
    page: Box<Page>,
    guard: Option<region::LockGuard>,
}

/// As large as the system's pages, so that no two keys share one: a page is locked once, however often that was asked.
#[cfg_attr(not(all(target_vendor = "apple", target_arch = "aarch64")), repr(align(4096)))]
#[cfg_attr(all(target_vendor = "apple", target_arch = "aarch64"), repr(align(16384)))]
struct Page([u8; 32]);

/// Overwritten pages that stay locked for the next keys: to lock and unlock one costs two system calls that cut the
/// process's memory map in pieces, and opening a vault derives a dozen keys, most of them for a moment.
static IDLE: Mutex<Vec<Place>> = Mutex::new(Vec::new());

/// Idle pages that are kept: 64 KiB where pages have 4 KiB, which is as much as older systems let a process lock.
const MOST_IDLE: usize = 16;

impl Place {
    fn take() -> Self {
        let idle = IDLE.lock().unwrap_or_else(PoisonError::into_inner).pop();
        idle.unwrap_or_else(|| {
            let page = Box::new(Page([0; 32]));
            let guard = region::lock(&raw const *page, size_of::<Page>()).ok();
            Self { page, guard }
        })
    }

    fn give_back(mut self) {
        self.page.0.zeroize();
        if self.guard.is_some() {
            let mut idle = IDLE.lock().unwrap_or_else(PoisonError::into_inner);
            if idle.len() < MOST_IDLE {
                return idle.push(self);
            }
        }
        // Unlocked before it is freed.
        drop(self.guard.take());
    }
}

impl LockedKey {
    /// Thirty-two zeros, to be filled in place.
    pub(super) fn zeros() -> Self {
        Self { place: Some(Place::take()) }
    }

    /// A copy of `bytes`, which are left as they are.
    pub(super) fn copy_of(bytes: &[u8; 32]) -> Self {
        let mut key = Self::zeros();
        key.bytes_mut().copy_from_slice(bytes);
        key
    }

    pub(super) fn bytes(&self) -> &[u8; 32] {
        match &self.place {
            Some(place) => &place.page.0,
            // Only dropping takes the place away: better no answer than a key that everybody knows.
            None => unreachable!("a key that was dropped"),
        }
    }

    pub(super) fn bytes_mut(&mut self) -> &mut [u8; 32] {
        &mut self.place.get_or_insert_with(Place::take).page.0
    }
}

impl Drop for LockedKey {
    fn drop(&mut self) {
        if let Some(place) = self.place.take() {
            place.give_back();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_that_is_used_again_holds_nothing() {
        for _ in 0..MOST_IDLE * 2 {
            let keys: Vec<LockedKey> = (0..MOST_IDLE + 2).map(|_| LockedKey::copy_of(&[7; 32])).collect();
            drop(keys);
            assert_eq!(LockedKey::zeros().bytes(), &[0; 32]);
        }
        let idle = IDLE.lock().unwrap();
        assert!(idle.len() <= MOST_IDLE);
        assert!(idle.iter().all(|place| place.page.0 == [0; 32]));
    }

    #[test]
    fn keys_share_no_page_and_are_locked_where_the_system_lets_them_be() {
        let keys: Vec<LockedKey> = (0..4).map(|number| LockedKey::copy_of(&[number; 32])).collect();
        let mut pages: Vec<usize> =
            keys.iter().map(|key| key.bytes().as_ptr().addr() / region::page::size()).collect();
        pages.sort_unstable();
        pages.dedup();
        assert_eq!(pages.len(), keys.len());
        for (number, key) in (0..).zip(&keys) {
            assert_eq!(key.bytes(), &[number; 32]);
        }
        #[cfg(target_os = "linux")]
        if keys.iter().all(|key| key.place.as_ref().is_some_and(|place| place.guard.is_some())) {
            let status = std::fs::read_to_string("/proc/self/status").unwrap();
            let locked =
                status.lines().find_map(|line| line.strip_prefix("VmLck:")).unwrap().trim().to_owned();
            let kib: usize = locked.split_whitespace().next().unwrap().parse().unwrap();
            assert!(kib * 1024 >= keys.len() * region::page::size(), "{locked}");
        }
    }
}
