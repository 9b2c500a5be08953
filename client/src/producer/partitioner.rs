//! Which partition a record goes to: its own, its key's, or the one that keyless records stick to.

use upsert_kafka_protocol::partition_for_key;

/// Kafka's default partitioner, over all partitions, whether they have a leader or not: a key must
/// not move because a broker is down.
#[inline]
pub(crate) fn by_key(key: &[u8], partitions: usize) -> usize {
    match i32::try_from(partitions) {
        Ok(count) if count > 0 => usize::try_from(partition_for_key(key, count)).unwrap_or(0),
        _ => 0,
    }
}

/// Keyless records stay with one partition until it got a batch's worth (KIP-794), then move on to
/// another by chance. Only partitions with a leader are chosen, unless there are none.
#[derive(Debug)]
pub(crate) struct Sticky {
    current: usize,
    choices: Vec<usize>,
    /// Bytes that `current` got since it was chosen.
    produced: usize,
    batch_size: usize,
    seed: u64,
}

impl Sticky {
    /// Chooses nothing before the first `update`. Equal seeds choose alike.
    pub(crate) fn new(batch_size: usize, seed: u64) -> Self {
        Self { current: usize::MAX, choices: Vec::new(), produced: 0, batch_size, seed }
    }

    /// Where a record without a key goes now.
    pub(crate) fn current(&self) -> usize {
        self.current
    }

    /// What may be chosen from now on.
    pub(crate) fn update(&mut self, choices: Vec<usize>) {
        if choices.is_empty() {
            return;
        }
        self.choices = choices;
        if !self.choices.contains(&self.current) {
            self.move_on();
        }
    }

    /// A batch of this partition was closed.
    pub(crate) fn closed(&mut self, partition: usize, bytes: usize, full: bool) {
        if partition != self.current {
            return;
        }
        self.produced += bytes;
        if full || self.produced >= self.batch_size {
            self.move_on();
        }
    }

    fn move_on(&mut self) {
        self.produced = 0;
        let others = self.choices.iter().filter(|&&choice| choice != self.current).count();
        if others == 0 {
            return;
        }
        let nth = usize::try_from(self.bits() % others as u64).unwrap_or(0);
        let next = self.choices.iter().filter(|&&choice| choice != self.current).nth(nth);
        self.current = next.copied().unwrap_or(self.current);
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keyless_records_stay_until_a_batchs_worth_went() {
        let mut sticky = Sticky::new(1000, 1);
        sticky.update(vec![0, 1, 2]);
        let first = sticky.current();
        sticky.closed(first, 600, false);
        assert_eq!(sticky.current(), first);
        sticky.closed(first, 600, false);
        assert_ne!(sticky.current(), first);
    }

    #[test]
    fn a_full_batch_moves_them_on_and_anothers_does_not() {
        let mut sticky = Sticky::new(1000, 1);
        sticky.update(vec![0, 1, 2]);
        let first = sticky.current();
        sticky.closed((first + 1) % 3, 5000, true);
        assert_eq!(sticky.current(), first);
        sticky.closed(first, 10, true);
        assert_ne!(sticky.current(), first);
    }

    #[test]
    fn every_partition_gets_its_share() {
        let mut sticky = Sticky::new(1000, 7);
        sticky.update((0..6).collect());
        let mut shares = [0; 6];
        for _ in 0..6000 {
            shares[sticky.current()] += 1;
            sticky.closed(sticky.current(), 1000, true);
        }
        assert!(shares.iter().all(|share| (900..1100).contains(share)), "{shares:?}");
    }

    #[test]
    fn a_partition_without_leader_is_left() {
        let mut sticky = Sticky::new(1000, 7);
        sticky.update(vec![0, 1]);
        sticky.update(vec![1]);
        assert_eq!(sticky.current(), 1);
        sticky.update(vec![]);
        assert_eq!(sticky.current(), 1);
    }
}
