//! All the chance there is in a run, from its seed.

/// A sequence of draws (splitmix64).
#[derive(Clone, Debug)]
pub(crate) struct Random(u64);

impl Random {
    pub(crate) fn new(seed: u64) -> Self {
        Self(seed)
    }

    pub(crate) fn bits(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// A number from `low` to `high`, both possible.
    pub(crate) fn range(&mut self, low: u64, high: u64) -> u64 {
        low + self.bits() % (high - low + 1)
    }

    /// The same, small ones as likely as large ones: every doubling has its share.
    pub(crate) fn scale(&mut self, low: u64, high: u64) -> u64 {
        let (low_f, high_f) = (low.max(1) as f64, high.max(1) as f64);
        let drawn = low_f * (high_f / low_f).powf(self.unit());
        (drawn as u64).clamp(low, high)
    }

    /// A number in 0..1.
    pub(crate) fn unit(&mut self) -> f64 {
        (self.bits() >> 11) as f64 / (1u64 << 53) as f64
    }

    /// True so many times out of a hundred.
    pub(crate) fn percent(&mut self, of_hundred: u64) -> bool {
        self.bits() % 100 < of_hundred
    }

    pub(crate) fn pick<'a, T>(&mut self, from: &'a [T]) -> Option<&'a T> {
        if from.is_empty() { None } else { from.get(self.bits() as usize % from.len()) }
    }
}
