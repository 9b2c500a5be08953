//! From the bytes of a fetched partition to its visible batches: checksums, markers, aborted transactions.

use std::collections::HashSet;

use upsert_kafka_protocol::Bytes;
use upsert_kafka_protocol::messages::fetch::AbortedTransaction;
use upsert_kafka_protocol::records::{Batch, Body, ControlType, Corrupt, batches};

use super::fetched::Chunk;

/// How to read.
#[derive(Clone, Copy, Debug)]
pub(super) struct Reading {
    pub(super) check_crcs: bool,
    pub(super) committed_only: bool,
    /// No batch may be larger, decompressed.
    pub(super) batch_bytes_max: usize,
}

/// What was read from one partition.
#[derive(Debug)]
pub(super) struct Read {
    pub(super) chunks: Vec<Chunk>,
    pub(super) next_offset: i64,
    pub(super) leader_epoch: i32,
    /// There were bytes, but not one whole batch: more must be asked for.
    pub(super) cut: bool,
}

/// Once so much of a partition is decompressed, the rest is left to the next fetch.
const DECOMPRESSED_ENOUGH: usize = 32 << 20;

/// Reads from offset `from`. What follows a damaged batch is left; the next fetch then begins with it.
pub(super) fn read(
    blob: &Bytes,
    from: i64,
    aborted: Option<Vec<AbortedTransaction>>,
    reading: Reading,
) -> Result<Read, Corrupt> {
    let mut read = Read { chunks: Vec::new(), next_offset: from, leader_epoch: -1, cut: false };
    let mut aborted = Aborted::new(aborted.unwrap_or_default());
    let mut bytes = 0;
    let mut whole = false;
    for batch in batches(blob) {
        let taken = batch.and_then(|batch| take(batch, from, &mut aborted, reading));
        let (batch, body) = match taken {
            Ok(taken) => taken,
            Err(_) if read.next_offset > from => break,
            Err(corrupt) => return Err(corrupt),
        };
        whole = true;
        read.next_offset = read.next_offset.max(batch.next_offset());
        read.leader_epoch = batch.leader_epoch();
        if let Some(body) = body {
            bytes += body.size();
            let chunk =
                Chunk { body, leader_epoch: batch.leader_epoch(), timestamp_type: batch.timestamp_type() };
            read.chunks.push(chunk);
        }
        if bytes >= DECOMPRESSED_ENOUGH {
            break;
        }
    }
    read.cut = !whole && !blob.is_empty();
    Ok(read)
}

/// The batch, with its records if they are for the user.
fn take(
    batch: Batch,
    from: i64,
    aborted: &mut Aborted,
    reading: Reading,
) -> Result<(Batch, Option<Body>), Corrupt> {
    if reading.check_crcs {
        batch.check()?;
    }
    let hidden = reading.committed_only && aborted.hides(&batch)?;
    let seen = !hidden && !batch.is_control() && batch.count() != 0 && batch.last_offset() >= from;
    let body = if seen { Some(batch.body(reading.batch_bytes_max)?) } else { None };
    Ok((batch, body))
}

/// Which producers' transactions are aborted at the point reached.
#[derive(Debug)]
struct Aborted {
    /// Last first; brokers send them in any order.
    ahead: Vec<AbortedTransaction>,
    open: HashSet<i64>,
}

impl Aborted {
    fn new(mut ahead: Vec<AbortedTransaction>) -> Self {
        ahead.sort_unstable_by_key(|aborted| std::cmp::Reverse(aborted.first_offset));
        Self { ahead, open: HashSet::new() }
    }

    fn hides(&mut self, batch: &Batch) -> Result<bool, Corrupt> {
        while let Some(next) = self.ahead.pop_if(|next| next.first_offset <= batch.last_offset()) {
            self.open.insert(next.producer_id);
        }
        if batch.is_control() {
            if is_abort(batch)? {
                self.open.remove(&batch.producer_id());
            }
            return Ok(true);
        }
        Ok(batch.is_transactional() && self.open.contains(&batch.producer_id()))
    }
}

fn is_abort(batch: &Batch) -> Result<bool, Corrupt> {
    let body = batch.body(MARKER_BYTES_MAX)?;
    let record = body.iter().next().transpose()?;
    Ok(record.and_then(|record| ControlType::of_key(record.key)) == Some(ControlType::ABORT))
}

/// Markers are a few bytes.
const MARKER_BYTES_MAX: usize = 64 << 10;

#[cfg(test)]
mod tests;
