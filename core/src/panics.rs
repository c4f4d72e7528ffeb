// SPDX-License-Identifier: MIT OR Apache-2.0
//! Panics do not reach C.

/// What `body` returns; `None` if it panics.
pub fn caught<T>(body: impl FnOnce() -> T) -> Option<T> {
    std::panic::catch_unwind(std::panic::AssertUnwindSafe(body)).ok()
}
