//! The bytes that one fetch brought of one partition, decompressed piece by piece as a bound allows.
//!
//! A fetch may hold little that is stored and much that is read. So batches stay compressed until a poll may
//! hand them over, and [`CompletedFetch::read`] decompresses no more than it is allowed. On the way it skips
//! what is not for users: markers, aborted transactions under `read_committed`, and batches before the offset
//! that was asked for.

use std::collections::HashSet;

use upsert_kafka_protocol::Bytes;
use upsert_kafka_protocol::messages::fetch::AbortedTransaction;
use upsert_kafka_protocol::records::{Batch, Batches, Body, Compression, ControlType, Corrupt, batches};

use super::batch_records::BatchRecords;

/// What is checked and what is seen.
#[derive(Clone, Copy, Debug)]
pub(super) struct ReadOptions {
    pub(super) check_crcs: bool,
    pub(super) committed_only: bool,
}

/// The fetched batches of a partition, and how far they were read.
#[derive(Debug)]
pub(super) struct CompletedFetch {
    batches: Batches,
    aborted: AbortedProducers,
    reading: ReadOptions,
    /// The offset that was asked for.
    from: i64,
    next_offset: i64,
    /// The batch that did not fit into the last piece.
    waiting: Option<Batch>,
    /// There are bytes, and no whole batch was found among them yet.
    cut: bool,
}

/// Some batches of a partition, decompressed.
#[derive(Debug, Default)]
pub(super) struct Piece {
    pub(super) chunks: Vec<BatchRecords>,
    /// The first offset of the piece; its first batch may begin before.
    pub(super) from: i64,
    pub(super) next_offset: i64,
    pub(super) leader_epoch: i32,
    /// The memory that its records take beside the fetched bytes.
    pub(super) decompressed_bytes: usize,
    /// The next batch does not fit into this piece.
    pub(super) is_full: bool,
    /// There were bytes, but not one whole batch: the next fetch must ask for more.
    pub(super) cut: bool,
}

impl CompletedFetch {
    pub(super) fn new(
        blob: &Bytes,
        from: i64,
        aborted: Option<Vec<AbortedTransaction>>,
        reading: ReadOptions,
    ) -> Self {
        Self {
            batches: batches(blob),
            aborted: AbortedProducers::new(aborted.unwrap_or_default()),
            reading,
            from,
            next_offset: from,
            waiting: None,
            cut: !blob.is_empty(),
        }
    }

    /// The next piece, of at most so many decompressed bytes. A damaged batch ends a piece, and is an error
    /// only where it comes first: the next fetch begins with it.
    pub(super) fn read(&mut self, decompressed_bytes_max: usize) -> Result<Piece, Corrupt> {
        let began_at = self.next_offset;
        let mut piece = Piece { from: began_at, leader_epoch: -1, ..Piece::default() };
        loop {
            let room = decompressed_bytes_max - piece.decompressed_bytes;
            match self.next_batch(room) {
                Ok(Some((batch, body))) => {
                    self.cut = false;
                    self.next_offset = self.next_offset.max(batch.next_offset());
                    piece.take(&batch, body);
                }
                Err(error) if self.next_offset == began_at => return Err(error),
                Ok(None) | Err(_) => break,
            }
        }
        piece.is_full = self.waits();
        piece.next_offset = self.next_offset;
        piece.cut = self.cut;
        Ok(piece)
    }

    /// Whether a batch is left that did not fit.
    pub(super) fn waits(&self) -> bool {
        self.waiting.is_some()
    }

    /// The next batch, with its records if they are for users.
    fn next_batch(&mut self, room: usize) -> Result<Option<(Batch, Option<Body>)>, Corrupt> {
        let batch = match self.waiting.take() {
            Some(batch) => batch,
            None => match self.batches.next().transpose()? {
                None => return Ok(None),
                Some(batch) if !self.is_visible(&batch)? => return Ok(Some((batch, None))),
                Some(batch) => batch,
            },
        };
        match batch.body(room) {
            Ok(body) => Ok(Some((batch, Some(body)))),
            Err(error) => {
                self.waiting = Some(batch).filter(|_| error.exceeds_limit());
                Err(error)
            }
        }
    }

    fn is_visible(&mut self, batch: &Batch) -> Result<bool, Corrupt> {
        if self.reading.check_crcs {
            batch.check()?;
        }
        let hidden = self.reading.committed_only && self.aborted.hides(batch)?;
        Ok(!hidden && !batch.is_control() && batch.count() != 0 && batch.last_offset() >= self.from)
    }
}

impl Piece {
    fn take(&mut self, batch: &Batch, body: Option<Body>) {
        self.leader_epoch = batch.leader_epoch();
        let Some(body) = body else { return };
        if batch.compression() != Ok(Compression::None) {
            self.decompressed_bytes += body.size();
        }
        let (leader_epoch, timestamp_type) = (batch.leader_epoch(), batch.timestamp_type());
        self.chunks.push(BatchRecords { body, leader_epoch, timestamp_type });
    }
}

/// The producers whose open transaction will be aborted, at the offset that reading has reached.
#[derive(Debug)]
struct AbortedProducers {
    /// Those that begin further on, the last one first. Brokers send them in any order.
    ahead: Vec<AbortedTransaction>,
    open: HashSet<i64>,
}

impl AbortedProducers {
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
