//! The partition that records without a key stick to, and by what weights the next one is drawn (KIP-794).

/// Keyless records stay with one partition until it got a batch's worth, then move on to one drawn by
/// chance: the longer a partition's queue, the more seldom. It moves only when a batch was closed, so
/// that none is left half full. A batch closed because the next record did not fit is a batch's worth;
/// Java counts it as a record short of one, and stays for a second.
#[derive(Debug)]
pub(crate) struct Sticky {
    current: usize,
    /// Bytes that `current` got since it was chosen.
    produced: usize,
    settings: StickySettings,
    seed: u64,
    choices: Vec<Choice>,
    /// For each of `choices`, the sum of its weight and of those before it.
    sums: Vec<u64>,
    /// How often was drawn by these weights.
    drawn: usize,
}

/// What a choice follows.
#[derive(Clone, Copy, Debug)]
pub(crate) struct StickySettings {
    /// `batch.size`.
    pub(crate) batch_size: usize,
    /// `partitioner.adaptive.partitioning.enable`: whether queues count.
    pub(crate) adaptive: bool,
}

/// A partition that may be chosen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Choice {
    pub(crate) partition: usize,
    /// Batches that wait for it or for its broker's answer.
    pub(crate) queued: u32,
    /// Its broker takes what is sent.
    pub(crate) available: bool,
    /// Its broker stands in this client's rack, and that counts.
    pub(crate) in_rack: bool,
}

impl Sticky {
    /// Chooses nothing before it knows partitions. Equal seeds draw alike.
    pub(crate) fn new(settings: StickySettings, seed: u64) -> Self {
        let (choices, sums) = (Vec::new(), Vec::new());
        Self { current: usize::MAX, produced: 0, settings, seed, choices, sums, drawn: 0 }
    }

    /// Where a record without a key goes now.
    pub(crate) fn current(&self) -> usize {
        self.current
    }

    /// What may be chosen from now on; if that is nothing, it stays as it is.
    pub(crate) fn handle_partitions(&mut self, choices: impl IntoIterator<Item = Choice>) {
        self.choices.clear();
        self.choices.extend(choices);
        let stays = self.choices.iter().any(|choice| choice.partition == self.current);
        self.weigh();
        if !stays {
            self.draw();
        }
    }

    /// A batch of this partition was closed. The choices are looked at when weights are due.
    pub(crate) fn handle_closed<C: IntoIterator<Item = Choice>>(
        &mut self,
        partition: usize,
        bytes: usize,
        full: bool,
        choices: impl FnOnce() -> C,
    ) {
        if partition != self.current {
            return;
        }
        self.produced += bytes;
        if !full && self.produced < self.settings.batch_size {
            return;
        }
        if self.drawn.saturating_mul(CHOICES_PER_DRAW) >= self.choices.len() {
            self.choices.clear();
            self.choices.extend(choices());
            self.weigh();
        }
        self.draw();
    }

    /// A weight is what the longest queue has more than this one, plus one.
    fn weigh(&mut self) {
        narrow(&mut self.choices, |choice| choice.available);
        narrow(&mut self.choices, |choice| choice.in_rack);
        let longest = self.choices.iter().map(|choice| choice.queued).max().unwrap_or(0);
        let mut sum = 0;
        self.sums.clear();
        self.sums.extend(self.choices.iter().map(|choice| {
            sum += if self.settings.adaptive { u64::from(longest - choice.queued) + 1 } else { 1 };
            sum
        }));
        self.drawn = 0;
    }

    fn draw(&mut self) {
        self.produced = 0;
        self.drawn += 1;
        let Some(all) = self.sums.last().copied() else { return };
        let drawn = self.bits() % all;
        let at = self.sums.partition_point(|sum| *sum <= drawn);
        self.current = self.choices[at].partition;
    }

    /// splitmix64.
    fn bits(&mut self) -> u64 {
        self.seed = self.seed.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut bits = self.seed;
        bits = (bits ^ (bits >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        bits = (bits ^ (bits >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        bits ^ (bits >> 31)
    }
}

/// Leaves out those that are not as wished, unless that is all of them.
fn narrow(choices: &mut Vec<Choice>, wished: impl Fn(&Choice) -> bool) {
    if choices.iter().any(&wished) {
        choices.retain(wished);
    }
}

/// A draw pays for the look at so many partitions: of large topics the weights are some draws old.
const CHOICES_PER_DRAW: usize = 64;

#[cfg(test)]
mod tests;
