//! Which part of a source's partitions one task reads.

/// One of the tasks that share a source, as Flink numbers them: each reads every `parallelism`-th partition of each
/// topic, so that every partition has one reader, new ones included.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Subtask {
    /// From 0.
    index: u32,
    /// How many there are, at least one.
    parallelism: u32,
}

impl Subtask {
    /// The only one, which reads all.
    pub(crate) const ONLY: Self = Self { index: 0, parallelism: 1 };

    /// The one with this index of so many, at least one.
    pub(crate) fn new(index: u32, parallelism: u32) -> Self {
        Self { index, parallelism: parallelism.max(1) }
    }

    /// Its number, from 0.
    pub(crate) fn index(self) -> usize {
        self.index as usize
    }

    /// How many there are, at least one.
    pub(crate) fn parallelism(self) -> u32 {
        self.parallelism
    }

    /// Flink's FlinkFixedPartitioner: the one partition of so many that this task writes to.
    pub(crate) fn fixed_partition(self, partitions: usize) -> i32 {
        i32::try_from(self.index as usize % partitions.max(1)).unwrap_or(0)
    }

    /// Whether this partition of a topic is its own.
    pub(crate) fn reads(self, partition: i32) -> bool {
        // A broker may name any number.
        partition.unsigned_abs() % self.parallelism == self.index
    }
}

#[cfg(test)]
mod tests {
    use super::Subtask;

    #[test]
    fn every_partition_has_one_reader() {
        for parallelism in 1..4 {
            let all: Vec<_> = (0..parallelism).map(|index| Subtask { index, parallelism }).collect();
            for partition in 0..10 {
                let readers = all.iter().filter(|it| it.reads(partition)).count();
                assert_eq!(readers, 1, "partition {partition} of {parallelism} tasks");
            }
        }
    }

    #[test]
    fn the_only_one_reads_all() {
        assert!((-1..10).all(|partition| Subtask::ONLY.reads(partition)));
    }
}
