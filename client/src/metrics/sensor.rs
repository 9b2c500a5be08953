//! A series of measurements: what of it fell into the last windows, and what there ever was.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

/// How far back averages, rates, greatest values and percentiles look: `metrics.num.samples` windows of
/// `metrics.sample.window.ms`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Windows {
    pub(crate) samples: usize,
    pub(crate) window: Duration,
}

/// Measurements of one thing. Costs one window of 64 counters per sample.
#[derive(Clone, Debug)]
pub(crate) struct Sensor {
    windows: Windows,
    began: Instant,
    /// The oldest first.
    recent: VecDeque<Window>,
    total: f64,
    count: u64,
}

#[derive(Clone, Debug)]
struct Window {
    began: Instant,
    sum: f64,
    count: u64,
    max: f64,
    /// By the number of binary digits of the whole part.
    buckets: [u64; BUCKETS],
}

/// One for each binary magnitude.
const BUCKETS: usize = 64;

impl Sensor {
    pub(crate) fn new(windows: Windows, now: Instant) -> Self {
        Self { windows, began: now, recent: VecDeque::new(), total: 0.0, count: 0 }
    }

    /// One measurement.
    pub(crate) fn record(&mut self, value: f64, now: Instant) {
        self.record_many(value, 1, now);
    }

    /// So many at once, which come to this sum; each counts as its average.
    pub(crate) fn record_many(&mut self, sum: f64, count: u64, now: Instant) {
        if count == 0 {
            return;
        }
        let each = sum / count as f64;
        self.total += sum;
        self.count += count;
        let window = self.current(now);
        window.sum += sum;
        window.count += count;
        window.max = window.max.max(each);
        window.buckets[bucket(each)] += count;
    }

    /// The sum of all there ever were.
    pub(crate) fn total(&self) -> f64 {
        self.total
    }

    /// How many there ever were.
    pub(crate) fn count(&self) -> u64 {
        self.count
    }

    /// The sum of the last windows, by the second.
    pub(crate) fn rate(&self, now: Instant) -> f64 {
        self.live(now).map(|window| window.sum).sum::<f64>() / self.span(now)
    }

    /// How many fell into the last windows, by the second.
    pub(crate) fn frequency(&self, now: Instant) -> f64 {
        self.live(now).map(|window| window.count as f64).sum::<f64>() / self.span(now)
    }

    /// The average of the last windows; NaN without any.
    pub(crate) fn average(&self, now: Instant) -> f64 {
        let (sum, count) = self.live(now).fold((0.0, 0), |(sum, count), it| (sum + it.sum, count + it.count));
        sum / count as f64
    }

    /// The greatest of the last windows; NaN without any.
    pub(crate) fn max(&self, now: Instant) -> f64 {
        self.live(now).map(|window| window.max).fold(f64::NAN, f64::max)
    }

    /// What a part of the last windows' measurements does not exceed, to within a factor of two: the upper end
    /// of its binary magnitude, but no more than the greatest. NaN without any.
    pub(crate) fn percentile(&self, part: f64, now: Instant) -> f64 {
        let mut buckets = [0; BUCKETS];
        for window in self.live(now) {
            buckets.iter_mut().zip(window.buckets).for_each(|(sum, count)| *sum += count);
        }
        let all: u64 = buckets.iter().sum();
        let wanted = (all as f64 * part).ceil() as u64;
        let mut seen = 0;
        let found = buckets.iter().position(|count| {
            seen += count;
            seen >= wanted.max(1)
        });
        found.map_or(f64::NAN, |at| 2f64.powi(at as i32).min(self.max(now)))
    }

    /// The window that `now` falls into.
    fn current(&mut self, now: Instant) -> &mut Window {
        let over = |window: &Window| now.saturating_duration_since(window.began) >= self.windows.window;
        if self.recent.back().is_none_or(over) {
            if self.recent.len() == self.windows.samples {
                self.recent.pop_front();
            }
            self.recent.push_back(Window::new(now));
        }
        let last = self.recent.len() - 1;
        &mut self.recent[last]
    }

    /// The windows that are not too old to count.
    fn live(&self, now: Instant) -> impl Iterator<Item = &Window> {
        let age_max = self.windows.window * u32::try_from(self.windows.samples).unwrap_or(u32::MAX);
        self.recent.iter().filter(move |window| now.saturating_duration_since(window.began) < age_max)
    }

    /// Seconds that a rate is reckoned over: as in Java never less than all windows but one, so that the first
    /// records of a client are no burst, and never nothing.
    fn span(&self, now: Instant) -> f64 {
        let oldest = self.live(now).map(|window| window.began).min().unwrap_or(self.began);
        let least = self.windows.window * u32::try_from(self.windows.samples - 1).unwrap_or(u32::MAX);
        now.saturating_duration_since(oldest).max(least).max(Duration::from_millis(1)).as_secs_f64()
    }
}

impl Window {
    fn new(began: Instant) -> Self {
        Self { began, sum: 0.0, count: 0, max: f64::NEG_INFINITY, buckets: [0; BUCKETS] }
    }
}

/// Bucket `n` holds what is at most 2^n.
fn bucket(value: f64) -> usize {
    let whole = value.max(0.0).ceil() as u64;
    let digits = u64::BITS - whole.saturating_sub(1).leading_zeros();
    (digits as usize).min(BUCKETS - 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    fn sensor(now: Instant) -> Sensor {
        Sensor::new(Windows { samples: 2, window: 30 * SECOND }, now)
    }

    #[test]
    fn a_rate_looks_back_two_windows_and_a_total_for_ever() {
        let start = Instant::now();
        let mut sensor = sensor(start);
        sensor.record_many(600.0, 6, start);
        // Java: over one window at least, so that a burst at the start is no rate.
        assert_eq!(sensor.rate(start + SECOND), 20.0);
        assert_eq!(sensor.frequency(start + SECOND), 0.2);
        sensor.record_many(300.0, 3, start + 40 * SECOND);
        assert_eq!(sensor.rate(start + 45 * SECOND), 20.0);
        assert_eq!(sensor.rate(start + 65 * SECOND), 10.0, "the first window is too old");
        assert_eq!(sensor.rate(start + 400 * SECOND), 0.0);
        assert_eq!((sensor.total(), sensor.count()), (900.0, 9));
    }

    #[test]
    fn averages_and_the_greatest_are_those_of_the_last_windows() {
        let start = Instant::now();
        let mut sensor = sensor(start);
        assert!(sensor.average(start).is_nan() && sensor.max(start).is_nan());
        assert!(sensor.percentile(0.5, start).is_nan());
        sensor.record(9.0, start);
        sensor.record(3.0, start + 31 * SECOND);
        assert_eq!((sensor.average(start + 32 * SECOND), sensor.max(start + 32 * SECOND)), (6.0, 9.0));
        assert_eq!((sensor.average(start + 70 * SECOND), sensor.max(start + 70 * SECOND)), (3.0, 3.0));
    }

    #[test]
    fn a_percentile_is_right_to_a_factor_of_two() {
        let start = Instant::now();
        let mut sensor = sensor(start);
        (1..=1000).for_each(|value| sensor.record(f64::from(value), start));
        assert_eq!(sensor.percentile(0.5, start), 512.0);
        assert_eq!(sensor.percentile(0.99, start), 1000.0, "no more than the greatest");
        assert_eq!(sensor.percentile(0.001, start), 1.0);
        sensor.record_many(0.0, 9000, start);
        assert_eq!(sensor.percentile(0.5, start), 1.0, "what is nothing is at most one");
    }
}
