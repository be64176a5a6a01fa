//! How the C library's allocator shares memory out among threads.
#![expect(unsafe_code, reason = "no safe words for it; measured, see docs/architecture.md")]

/// Has all threads share one arena, unless the user set their number.
///
/// By default each thread has its own, and what one of them takes and another gives back (here: every block) stays with
/// the one that took it. To be called before there are other threads.
pub(crate) fn share_one() {
    if std::env::var_os("MALLOC_ARENA_MAX").is_none() {
        // SAFETY: sets a number in the allocator; there is one thread, and no pointer passes either way.
        unsafe { libc::mallopt(libc::M_ARENA_MAX, 1) };
    }
}
