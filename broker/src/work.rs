//! Work that takes as long as a client's bytes want, and is done outside of the core: decompressing and reading batches.
//!
//! A request names the batches it needs inspected, and is served again with the findings. The shell does work in turns,
//! so that a request of many large batches does not hold up those of small ones. A core without a shell does all of it
//! at once.

use std::slice;

use bytes::Bytes;
use upsert_kafka_protocol::ErrorCode;

use crate::state::Refusal;
use crate::state::batch::{CheckedBatch, ExceedsLimit, Rules, check};
use crate::state::log::{FoundRecord, find_time};

/// Up to this many bytes, none of them compressed, are read by the core itself: it takes about a millisecond.
const SMALL_BYTES_MAX: usize = 1 << 20;

/// Where a batch says how it is compressed, and by which bits.
const ATTRIBUTES_AT: usize = 22;
const COMPRESSION_BITS: u8 = 0b111;

/// The batches that one request needs inspected, and what was found so far.
#[derive(Debug, Default)]
pub struct Work {
    items: Vec<WorkItem>,
    findings: Vec<Finding>,
    /// The most that one batch may decompress to.
    batch_bytes_max: usize,
    /// What all of them together still may decompress to.
    bytes_left: usize,
}

/// One thing to inspect.
#[derive(Debug)]
pub(crate) enum WorkItem {
    /// A produced batch, against its topic's rules.
    Check { records: Bytes, version: i16, rules: Rules, now_ms: i64 },
    /// Batches of the log, for the first record from an offset on that is not older than a time.
    FindTime { batches: Vec<Bytes>, from: i64, timestamp_ms: i64 },
    /// Keeps the place of what needs no inspection.
    Nothing,
}

/// What was found of one item.
#[derive(Clone, Debug)]
pub(crate) enum Finding {
    Checked(Result<CheckedBatch, Refusal>),
    Time(Option<FoundRecord>),
    Nothing,
}

impl Work {
    /// Everything may decompress to `bytes_max` bytes, each batch to `batch_bytes_max`.
    pub(crate) fn new(items: Vec<WorkItem>, batch_bytes_max: usize, bytes_max: usize) -> Self {
        Self { findings: Vec::with_capacity(items.len()), items, batch_bytes_max, bytes_left: bytes_max }
    }

    /// Whether it is done faster than handed to the shell.
    pub(crate) fn is_small(&self) -> bool {
        let packed =
            |bytes: &Bytes| bytes.get(ATTRIBUTES_AT).is_some_and(|bits| bits & COMPRESSION_BITS != 0);
        let batches = || self.items.iter().flat_map(WorkItem::bytes);
        !batches().any(packed) && batches().map(Bytes::len).sum::<usize>() <= SMALL_BYTES_MAX
    }

    /// A turn for small batches: ends when about `bytes_max` bytes were read, or before a batch that is larger, or when
    /// all is done; returns whether it is.
    pub fn run_quickly(&mut self, bytes_max: usize) -> bool {
        self.run(bytes_max, bytes_max)
    }

    /// A turn in which at least one batch is read, however large it may be; returns whether all is done.
    pub fn run_turn(&mut self) -> bool {
        self.run(self.batch_bytes_max, usize::MAX)
    }

    /// All turns at once.
    pub(crate) fn finish(mut self) -> Vec<Finding> {
        while !self.run_turn() {}
        self.findings
    }

    /// The findings in the order of the items; items that were not done have none.
    pub(crate) fn findings(self) -> Vec<Finding> {
        self.findings
    }

    fn run(&mut self, bytes_max: usize, item_bytes_max: usize) -> bool {
        let mut left = bytes_max;
        while let Some(item) = self.items.get(self.findings.len()) {
            let allowed = self.batch_bytes_max.min(self.bytes_left);
            let (finding, size) = match item.look(allowed.min(item_bytes_max).min(left.max(1))) {
                Ok(found) => found,
                Err(ExceedsLimit) if left < bytes_max || allowed > item_bytes_max => return false,
                Err(ExceedsLimit) => (item.too_large(), 0),
            };
            self.findings.push(finding);
            self.bytes_left = self.bytes_left.saturating_sub(size);
            left = left.saturating_sub(size);
            if left == 0 && self.findings.len() < self.items.len() {
                return false;
            }
        }
        self.items.clear();
        true
    }
}

impl WorkItem {
    fn bytes(&self) -> &[Bytes] {
        match self {
            Self::Check { records, .. } => slice::from_ref(records),
            Self::FindTime { batches, .. } => batches,
            Self::Nothing => &[],
        }
    }

    /// What is found, and in how many bytes.
    fn look(&self, limit: usize) -> Result<(Finding, usize), ExceedsLimit> {
        Ok(match self {
            Self::Check { records, version, rules, now_ms } => {
                let (checked, size) = check(records, *version, rules, *now_ms, limit)?;
                (Finding::Checked(checked), size)
            }
            Self::FindTime { batches, from, timestamp_ms } => {
                let (found, size) = find_time(batches, *from, *timestamp_ms, limit)?;
                (Finding::Time(found), size)
            }
            Self::Nothing => (Finding::Nothing, 0),
        })
    }

    /// The finding for a batch that is larger than allowed.
    fn too_large(&self) -> Finding {
        match self {
            Self::Check { .. } => {
                let message = "The record batch decompresses to more than this broker allows a batch, or what is left of that for its request.";
                Finding::Checked(Err(Refusal::new(ErrorCode::MESSAGE_TOO_LARGE, message)))
            }
            Self::FindTime { .. } | Self::Nothing => Finding::Nothing,
        }
    }
}

#[cfg(test)]
mod tests;
