//! When a credential that ends is replaced: Java's `ExpiringCredentialRefreshingLogin`, without its thread.
//!
//! ```text
//! start            now                                                                      end
//!   |---------------|-----------|=================================|--------------------------|
//!                     min period  factor .. factor + jitter of its     buffer
//!                                 life, kept between the two
//! ```
//!
//! A life that is too short for both, the least period and the buffer, has neither: the share is then of what is left.

use std::time::Duration;

use crate::config::OAuthConfig;

/// `sasl.login.refresh.*`.
#[derive(Clone, Copy, Debug)]
pub(crate) struct RefreshWindow {
    /// After this share of its life a credential is replaced,
    pub(crate) factor: f64,
    /// or later by up to this share.
    pub(crate) jitter: f64,
    /// Not before so much time has passed,
    pub(crate) min_period: Duration,
    /// and not later than so long before the end.
    pub(crate) buffer: Duration,
}

impl RefreshWindow {
    /// The window that the settings ask for.
    pub(crate) fn of(config: &OAuthConfig) -> Self {
        Self {
            factor: config.login_refresh_window_factor,
            jitter: config.login_refresh_window_jitter,
            min_period: config.login_refresh_min_period,
            buffer: config.login_refresh_buffer,
        }
    }

    /// How long from now until the credential is replaced; times are in milliseconds since 1970, `chance` lies in 0..1.
    /// Zero if it has ended.
    pub(crate) fn wait(&self, now: i64, starts: Option<i64>, ends: i64, chance: f64) -> Duration {
        let starts = starts.unwrap_or(now);
        let share = self.factor + self.jitter * chance;
        let of = |life: i64| (life as f64 * share) as i64;
        let (min_period, buffer) = (ms(self.min_period), ms(self.buffer));
        let at = match now.saturating_add(min_period).saturating_add(buffer) > ends {
            true => now.saturating_add(of(ends.saturating_sub(now))),
            false => {
                let proposed = starts.saturating_add(of(ends.saturating_sub(starts)));
                match proposed.min(ends - buffer) {
                    at if at == ends - buffer => at,
                    at => at.max(now + min_period),
                }
            }
        };
        Duration::from_millis(u64::try_from(at.saturating_sub(now)).unwrap_or(0))
    }
}

fn ms(duration: Duration) -> i64 {
    i64::try_from(duration.as_millis()).unwrap_or(i64::MAX / 4)
}

#[cfg(test)]
mod tests {
    use super::*;

    type Javas = (f64, u64, u64, Option<i64>, i64, u64);

    /// What Java 4.4's `ExpiringCredentialRefreshingLogin.refreshMs` gives without jitter: factor, least period, buffer,
    /// start and end in seconds from now, wait in milliseconds.
    const JAVAS: &[Javas] = &[
        (0.8, 60, 300, Some(0), 3600, 2880000),
        (0.8, 60, 300, None, 3600, 2880000),
        (0.8, 60, 300, Some(-600), 3600, 2760000),
        (0.8, 60, 300, Some(0), 400, 100000),
        (0.8, 60, 300, None, 400, 100000),
        (0.8, 60, 300, Some(0), 360, 60000),
        (0.8, 60, 300, None, 360, 60000),
        (0.8, 60, 300, Some(0), 359, 287200),
        (0.8, 60, 300, None, 359, 287200),
        (0.8, 60, 300, Some(-5000), 400, 60000),
        (0.8, 60, 300, Some(-3600), 3600, 2160000),
        (0.8, 0, 0, Some(0), 100, 80000),
        (0.8, 0, 0, None, 100, 80000),
        (0.8, 900, 0, Some(0), 1000, 900000),
        (0.8, 900, 0, None, 1000, 900000),
        (0.8, 900, 0, Some(-900), 1000, 900000),
        (0.8, 60, 3600, Some(0), 7200, 3600000),
        (0.8, 60, 3600, None, 7200, 3600000),
        (0.8, 60, 300, Some(-1000000), 700, 60000),
        (0.8, 60, 300, None, 700, 400000),
        (0.8, 60, 300, Some(0), 1, 800),
        (0.8, 60, 300, None, 1, 800),
        (0.8, 60, 300, Some(120), 900, 600000),
        (0.8, 60, 300, None, 900, 600000),
        (0.5, 60, 300, Some(0), 3600, 1800000),
        (0.5, 60, 300, Some(-600), 3600, 1500000),
        (0.5, 60, 300, Some(0), 400, 100000),
        (0.5, 60, 300, Some(0), 360, 60000),
        (0.5, 60, 300, Some(0), 359, 179500),
        (0.5, 60, 300, Some(-5000), 400, 60000),
        (0.5, 60, 300, Some(-3600), 3600, 60000),
        (0.5, 0, 0, Some(0), 100, 50000),
        (0.5, 900, 0, Some(0), 1000, 900000),
        (0.5, 900, 0, Some(-900), 1000, 900000),
        (0.5, 60, 3600, Some(0), 7200, 3600000),
        (0.5, 60, 300, Some(-1000000), 700, 60000),
        (0.5, 60, 300, Some(0), 1, 500),
        (0.5, 60, 300, Some(120), 900, 510000),
        (1.0, 60, 300, Some(0), 3600, 3300000),
        (1.0, 60, 300, Some(-600), 3600, 3300000),
        (1.0, 60, 300, Some(0), 400, 100000),
        (1.0, 60, 300, Some(0), 360, 60000),
        (1.0, 60, 300, Some(0), 359, 359000),
        (1.0, 60, 300, Some(-5000), 400, 100000),
        (1.0, 60, 300, Some(-3600), 3600, 3300000),
        (1.0, 0, 0, Some(0), 100, 100000),
        (1.0, 900, 0, Some(0), 1000, 1000000),
        (1.0, 900, 0, Some(-900), 1000, 1000000),
        (1.0, 60, 3600, Some(0), 7200, 3600000),
        (1.0, 60, 300, Some(-1000000), 700, 400000),
        (1.0, 60, 300, Some(0), 1, 1000),
        (1.0, 60, 300, Some(120), 900, 600000),
    ];

    #[test]
    fn a_credential_is_replaced_when_java_does() {
        const NOW: i64 = 1_700_000_000_000;
        for &(factor, min_period, buffer, starts, ends, wait) in JAVAS {
            let window = RefreshWindow {
                factor,
                jitter: 0.0,
                min_period: Duration::from_secs(min_period),
                buffer: Duration::from_secs(buffer),
            };
            let found = window.wait(NOW, starts.map(|it| NOW + it * 1000), NOW + ends * 1000, 0.9);
            assert_eq!(
                found,
                Duration::from_millis(wait),
                "{factor} {min_period} {buffer} {starts:?} {ends}"
            );
        }
    }

    #[test]
    fn chance_makes_it_later_and_one_that_ended_is_replaced_at_once() {
        let window = RefreshWindow::of(&OAuthConfig::default());
        assert_eq!(window.wait(0, None, 3_600_000, 0.0), Duration::from_secs(2880));
        assert_eq!(window.wait(0, None, 3_600_000, 0.5), Duration::from_secs(2970));
        assert_eq!(window.wait(5_000, Some(0), 4_000, 0.5), Duration::ZERO);
        assert!(!window.wait(0, Some(i64::MIN), i64::MAX, 0.5).is_zero());
    }
}
