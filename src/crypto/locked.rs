//! Where keys lie: on a memory page of their own that the system is asked not to write to a swap file, overwritten before
//! it is given back.
//!
//! The system may refuse (a process may lock only so much memory); then the key is used all the same.

use zeroize::Zeroize;

/// 32 secret bytes.
pub(super) struct LockedKey {
    page: Box<Page>,
    guard: Option<region::LockGuard>,
}

/// As large as the system's pages, so that no two keys share one: a page is locked once, however often that was asked.
#[cfg_attr(not(all(target_vendor = "apple", target_arch = "aarch64")), repr(align(4096)))]
#[cfg_attr(all(target_vendor = "apple", target_arch = "aarch64"), repr(align(16384)))]
struct Page([u8; 32]);

impl LockedKey {
    /// Thirty-two zeros, to be filled in place.
    pub(super) fn zeros() -> Self {
        let page = Box::new(Page([0; 32]));
        let guard = region::lock(&raw const *page, size_of::<Page>()).ok();
        Self { page, guard }
    }

    /// A copy of `bytes`, which are left as they are.
    pub(super) fn copy_of(bytes: &[u8; 32]) -> Self {
        let mut key = Self::zeros();
        key.bytes_mut().copy_from_slice(bytes);
        key
    }

    pub(super) fn bytes(&self) -> &[u8; 32] {
        &self.page.0
    }

    pub(super) fn bytes_mut(&mut self) -> &mut [u8; 32] {
        &mut self.page.0
    }
}

impl Drop for LockedKey {
    fn drop(&mut self) {
        self.page.0.zeroize();
        drop(self.guard.take());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

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
        if keys.iter().all(|key| key.guard.is_some()) {
            let status = std::fs::read_to_string("/proc/self/status").unwrap();
            let locked =
                status.lines().find_map(|line| line.strip_prefix("VmLck:")).unwrap().trim().to_owned();
            let kib: usize = locked.split_whitespace().next().unwrap().parse().unwrap();
            assert!(kib * 1024 >= keys.len() * region::page::size(), "{locked}");
        }
    }
}
