//! The clock: a monotonic one for waits, a wall clock for timestamps and retention.

use std::fmt;
use std::future::pending;
use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use tokio::time::sleep_until;

use crate::now::Now;

/// What a clock of your own tells.
pub trait Time: Send + Sync + 'static {
    /// The monotonic clock, which must go as tokio's time goes: the broker's waits are tokio's timers.
    fn now(&self) -> Instant;

    /// The wall clock, in milliseconds since 1970: what records are stamped with, and retention goes by.
    fn unix_ms(&self) -> i64;
}

/// A clock; the system's, unless told otherwise.
#[derive(Clone)]
pub struct Clock(Source);

#[derive(Clone)]
enum Source {
    System,
    Runtime { began: tokio::time::Instant, began_unix_ms: i64 },
    Other(Arc<dyn Time>),
}

impl Clock {
    /// The system's. In tokio's paused time its monotonic clock is paused as well, and its wall clock is not.
    pub fn system() -> Self {
        Self(Source::System)
    }

    /// Tokio's time, which a test may pause; its wall clock says this now and goes on from there.
    pub fn of_runtime(unix_ms: i64) -> Self {
        Self(Source::Runtime { began: tokio::time::Instant::now(), began_unix_ms: unix_ms })
    }

    /// A clock of your own.
    pub fn of(time: impl Time) -> Self {
        Self(Source::Other(Arc::new(time)))
    }

    /// Both clocks.
    pub fn now(&self) -> Now {
        let runtime = tokio::time::Instant::now();
        match &self.0 {
            Source::System => Now { instant: runtime.into_std(), unix_ms: system_unix_ms() },
            Source::Runtime { began, began_unix_ms } => {
                let unix_ms = began_unix_ms.saturating_add(whole_ms(runtime.duration_since(*began)));
                Now { instant: runtime.into_std(), unix_ms }
            }
            Source::Other(time) => Now { instant: time.now(), unix_ms: time.unix_ms() },
        }
    }
}

impl fmt::Debug for Clock {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match &self.0 {
            Source::System => "Clock(system)",
            Source::Runtime { .. } => "Clock(runtime)",
            Source::Other(_) => "Clock(other)",
        })
    }
}

/// Waits until then; without a time for ever. Cancel-safe: it only waits.
pub(crate) async fn until(at: Option<Instant>) {
    match at {
        Some(at) => sleep_until(at.into()).await,
        None => pending().await,
    }
}

fn system_unix_ms() -> i64 {
    whole_ms(SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default())
}

fn whole_ms(duration: Duration) -> i64 {
    i64::try_from(duration.as_millis()).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn a_runtimes_clock_goes_as_paused_time_goes() {
        let clock = Clock::of_runtime(1_000);
        let began = clock.now();
        until(Some(began.instant + Duration::from_secs(3600))).await;
        let now = clock.now();
        // Timers are set by whole milliseconds.
        assert!((3_600_000..=3_600_001).contains(&(now.instant - began.instant).as_millis()));
        assert!((3_601_000..=3_601_001).contains(&now.unix_ms), "{}", now.unix_ms);
    }

    #[tokio::test(start_paused = true)]
    async fn the_systems_clock_waits_as_paused_time_does() {
        let began = Clock::system().now();
        until(Some(began.instant + Duration::from_secs(3600))).await;
        assert!(Clock::system().now().instant >= began.instant + Duration::from_secs(3600));
    }

    #[test]
    fn a_clock_of_ones_own_is_asked() {
        struct Stopped(Instant);
        impl Time for Stopped {
            fn now(&self) -> Instant {
                self.0
            }
            fn unix_ms(&self) -> i64 {
                42
            }
        }
        let at = Instant::now();
        let now = Clock::of(Stopped(at)).now();
        assert_eq!((now.instant, now.unix_ms), (at, 42));
    }
}
