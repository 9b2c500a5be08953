//! How long ago something was.

use std::time::SystemTime;

/// How long ago that was.
pub(super) fn age_ms(since_ms: i64) -> i64 {
    let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    i64::try_from(now.as_millis()).unwrap_or(i64::MAX).saturating_sub(since_ms).max(0)
}

/// As a person reads it.
pub(super) fn seconds(ms: Option<i64>) -> String {
    ms.map_or_else(|| "-".to_owned(), |ms| format!("{}.{} s", ms / 1000, ms % 1000 / 100))
}
