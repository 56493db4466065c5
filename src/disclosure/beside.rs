//! Two things at once, where both are needed and neither waits for the other.

use std::thread::{Builder, scope};

/// Does one thing on a thread of its own, of this name, and another here. Without a thread, or where it ended without an
/// answer, both are done here.
pub(crate) fn beside<T: Send, U>(
    name: &str,
    there: &(dyn Fn() -> T + Sync),
    here: impl FnOnce() -> U,
) -> (T, U) {
    scope(|scope| {
        let thread = Builder::new().name(name.to_owned()).spawn_scoped(scope, there);
        let here = here();
        (thread.ok().and_then(|thread| thread.join().ok()).unwrap_or_else(there), here)
    })
}
