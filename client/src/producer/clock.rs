//! The wall clock as a record needs it: milliseconds, at the price of a few loads.

/// At most one kernel tick (1 to 4 ms) late. The exact clock per record costs a fifth of all the
/// time there is for one.
#[cfg(target_os = "linux")]
#[inline]
pub(crate) fn now_ms() -> i64 {
    let now = rustix::time::clock_gettime(rustix::time::ClockId::RealtimeCoarse);
    now.tv_sec * 1000 + now.tv_nsec / 1_000_000
}

/// The exact clock, where there is no coarse one.
#[cfg(not(target_os = "linux"))]
pub(crate) fn now_ms() -> i64 {
    let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
    since.map_or(0, |since| i64::try_from(since.as_millis()).unwrap_or(i64::MAX))
}
