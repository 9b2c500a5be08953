//! How long a login holds, and when it is to be renewed (KIP-368).

use std::time::{Duration, Instant};

/// The session that a broker granted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Session {
    /// `None`: it lasts as long as the connection.
    renew_at: Option<Instant>,
}

impl Session {
    /// Begins now and lasts so long. `chance` lies in 0..1: many connections that were opened at once are not renewed at
    /// once.
    pub(super) fn new(lifetime: Option<Duration>, now: Instant, chance: f64) -> Self {
        let share = WINDOW_BEGINS + WINDOW_WIDTH * chance;
        let renew_at = lifetime.and_then(|it| now.checked_add(it.mul_f64(share).max(INTERVAL_MIN)));
        Self { renew_at }
    }

    /// Whether nothing may be sent any more before the login is renewed.
    pub(super) fn is_due(&self, now: Instant) -> bool {
        self.renew_at.is_some_and(|at| at <= now)
    }
}

/// Java's window: between 85 and 95 % of a session's life.
const WINDOW_BEGINS: f64 = 0.85;
const WINDOW_WIDTH: f64 = 0.10;

/// Brokers take no second login within a second.
const INTERVAL_MIN: Duration = Duration::from_secs(1);

#[cfg(test)]
mod tests {
    use super::*;

    const MINUTE: Duration = Duration::from_secs(60);

    #[test]
    fn a_login_is_renewed_within_javas_window() {
        let now = Instant::now();
        for (chance, from, to) in [(0.0, 50_999, 51_001), (0.5, 53_999, 54_001), (0.999_999, 56_998, 57_000)]
        {
            let session = Session::new(Some(MINUTE), now, chance);
            assert!(!session.is_due(now + Duration::from_millis(from)), "{chance}");
            assert!(session.is_due(now + Duration::from_millis(to)), "{chance}");
        }
    }

    #[test]
    fn without_a_lifetime_or_with_one_beyond_time_it_is_never_renewed() {
        let now = Instant::now();
        let never = Duration::from_millis(i64::MAX.unsigned_abs());
        for lifetime in [None, Some(never)] {
            assert!(!Session::new(lifetime, now, 0.0).is_due(now + 1000 * MINUTE), "{lifetime:?}");
        }
    }

    #[test]
    fn it_is_not_renewed_twice_within_a_second_which_brokers_refuse() {
        let now = Instant::now();
        let session = Session::new(Some(Duration::from_millis(1)), now, 0.0);
        assert!(
            !session.is_due(now + Duration::from_millis(999)) && session.is_due(now + Duration::from_secs(1))
        );
    }
}
