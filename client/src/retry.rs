//! How long to wait before the next attempt.

use std::time::Duration;

/// Doubling waits with a ceiling, 20 % up or down by chance, so that clients do not return together.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Backoff {
    first: Duration,
    max: Duration,
    attempts: u32,
}

impl Backoff {
    pub(crate) fn new(first: Duration, max: Duration) -> Self {
        Self { first, max, attempts: 0 }
    }

    /// The same, with a first wait of at most this.
    pub(crate) fn beginning(self, first: Duration) -> Self {
        Self { first: self.first.min(first), attempts: 0, ..self }
    }

    /// The next wait. `chance` lies in 0..1 and comes from whoever owns randomness.
    pub(crate) fn wait(&mut self, chance: f64) -> Duration {
        let doubled = self.first.saturating_mul(2u32.saturating_pow(self.attempts));
        self.attempts = self.attempts.saturating_add(1);
        doubled.min(self.max).mul_f64(1.0 + JITTER * (2.0 * chance - 1.0))
    }

    /// What comes next is a first attempt.
    pub(crate) fn reset(&mut self) {
        self.attempts = 0;
    }
}

/// A small source of chance for jitter alone (xorshift64*); a core is given what it draws.
#[derive(Clone, Debug)]
pub(crate) struct Chance(u64);

impl Chance {
    pub(crate) fn seeded(seed: u64) -> Self {
        Self(seed | 1)
    }

    /// A number in 0..1.
    pub(crate) fn draw(&mut self) -> f64 {
        (self.bits() >> 11) as f64 / (1u64 << 53) as f64
    }

    /// 64 even bits.
    pub(crate) fn bits(&mut self) -> u64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        self.0.wrapping_mul(0x2545_f491_4f6c_dd1d)
    }
}

/// As in Java's `ExponentialBackoff`.
const JITTER: f64 = 0.2;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_double_to_the_ceiling_and_begin_again() {
        let mut backoff = Backoff::new(Duration::from_millis(100), Duration::from_millis(1000));
        let waits: Vec<u128> = (0..6).map(|_| backoff.wait(0.5).as_millis()).collect();
        assert_eq!(waits, [100, 200, 400, 800, 1000, 1000]);
        backoff.reset();
        assert_eq!(backoff.wait(0.5).as_millis(), 100);
    }

    #[test]
    fn chance_moves_a_wait_by_a_fifth() {
        let backoff = Backoff::new(Duration::from_millis(100), Duration::from_secs(1));
        assert_eq!(backoff.clone().wait(0.0).as_millis(), 80);
        assert!(backoff.clone().wait(0.999_999).as_millis() >= 119);
    }

    #[test]
    fn a_thousand_attempts_do_not_overflow() {
        let mut backoff = Backoff::new(Duration::from_millis(100), Duration::from_secs(1));
        assert!((0..1000).map(|_| backoff.wait(0.5)).all(|wait| wait <= Duration::from_secs(1)));
    }

    #[test]
    fn draws_lie_in_range_and_differ() {
        let mut chance = Chance::seeded(7);
        let draws: Vec<f64> = (0..100).map(|_| chance.draw()).collect();
        assert!(draws.iter().all(|draw| (0.0..1.0).contains(draw)));
        assert!(draws.windows(2).any(|pair| pair[0] != pair[1]));
    }
}
