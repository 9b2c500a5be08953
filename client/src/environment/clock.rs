//! The clock: a monotonic one for waits, a wall clock for the timestamps of records.

use std::fmt;
use std::future::pending;
use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::time::sleep_until;

/// What a clock of your own tells.
pub trait Time: Send + Sync + 'static {
    /// The monotonic clock, which must go as tokio's time goes: the client's waits are tokio's timers.
    fn now(&self) -> Instant;

    /// The wall clock, in milliseconds since 1970: what records are stamped with.
    fn unix_ms(&self) -> i64;
}

/// A clock; the system's, unless told otherwise.
#[derive(Clone)]
pub struct Clock(TimeSource);

/// The system's clock is a variant and no trait object: a record is stamped in a few nanoseconds.
#[derive(Clone)]
enum TimeSource {
    System,
    Runtime { began: tokio::time::Instant, began_unix_ms: i64 },
    Other(Arc<dyn Time>),
}

impl Clock {
    /// The system's. Its wall clock may be late by a kernel tick (1 to 4 ms).
    pub fn system() -> Self {
        Self(TimeSource::System)
    }

    /// Tokio's time, which a test may pause; its wall clock says this now and goes on from there.
    pub fn of_runtime(unix_ms: i64) -> Self {
        Self(TimeSource::Runtime { began: tokio::time::Instant::now(), began_unix_ms: unix_ms })
    }

    /// A clock of your own.
    pub fn of(time: impl Time) -> Self {
        Self(TimeSource::Other(Arc::new(time)))
    }

    /// The monotonic clock.
    #[inline]
    pub fn now(&self) -> Instant {
        match &self.0 {
            TimeSource::System => Instant::now(),
            TimeSource::Runtime { .. } => tokio::time::Instant::now().into_std(),
            TimeSource::Other(time) => time.now(),
        }
    }

    /// The wall clock, in milliseconds since 1970.
    #[inline]
    pub fn unix_ms(&self) -> i64 {
        match &self.0 {
            TimeSource::System => system_unix_ms(),
            TimeSource::Runtime { began, began_unix_ms } => began_unix_ms + whole_ms(began.elapsed()),
            TimeSource::Other(time) => time.unix_ms(),
        }
    }

    /// How long ago that was; zero for what is yet to come.
    pub fn since(&self, earlier: Instant) -> Duration {
        self.now().saturating_duration_since(earlier)
    }
}

impl fmt::Debug for Clock {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match &self.0 {
            TimeSource::System => "Clock(system)",
            TimeSource::Runtime { .. } => "Clock(runtime)",
            TimeSource::Other(_) => "Clock(other)",
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

/// At most one kernel tick (1 to 4 ms) late. The exact clock per record costs a fifth of all the
/// time there is for one.
#[cfg(target_os = "linux")]
#[inline]
fn system_unix_ms() -> i64 {
    let now = rustix::time::clock_gettime(rustix::time::ClockId::RealtimeCoarse);
    now.tv_sec * 1000 + now.tv_nsec / 1_000_000
}

/// The exact clock, where there is no coarse one.
#[cfg(not(target_os = "linux"))]
fn system_unix_ms() -> i64 {
    let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
    since.map_or(0, whole_ms)
}

fn whole_ms(duration: Duration) -> i64 {
    i64::try_from(duration.as_millis()).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests {
    use std::time::{SystemTime, UNIX_EPOCH};

    use super::*;

    #[tokio::test(start_paused = true)]
    async fn a_runtimes_clock_goes_as_paused_time_goes() {
        let clock = Clock::of_runtime(1_000);
        let began = clock.now();
        until(Some(began + Duration::from_secs(3600))).await;
        // Timers are set by whole milliseconds.
        let waited = clock.since(began).as_millis();
        assert!((3_600_000..=3_600_001).contains(&waited), "{waited}");
        assert_eq!(clock.unix_ms(), 1_000 + i64::try_from(waited).unwrap());
    }

    #[test]
    fn the_systems_wall_clock_is_late_by_a_tick_at_most() {
        let exact = || whole_ms(SystemTime::now().duration_since(UNIX_EPOCH).unwrap());
        let (before, told) = (exact(), Clock::system().unix_ms());
        // A tick is 10 ms with the slowest of kernels.
        assert!((before - 11..=exact()).contains(&told), "{before} {told}");
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
        let clock = Clock::of(Stopped(at));
        assert_eq!((clock.now(), clock.unix_ms()), (at, 42));
    }
}
