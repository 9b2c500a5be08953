//! What one fetch brought of one partition: read piece by piece, so that a bound on decompressed bytes holds.

use std::collections::HashSet;

use upsert_kafka_protocol::Bytes;
use upsert_kafka_protocol::messages::fetch::AbortedTransaction;
use upsert_kafka_protocol::records::{Batch, Batches, Body, Compression, ControlType, Corrupt, batches};

use super::fetched::BatchRecords;

/// How to read.
#[derive(Clone, Copy, Debug)]
pub(super) struct ReadOptions {
    pub(super) check_crcs: bool,
    pub(super) committed_only: bool,
}

/// The fetched bytes of a partition. Batches that were not read yet stay compressed.
#[derive(Debug)]
pub(super) struct CompletedFetch {
    batches: Batches,
    aborted: AbortedProducers,
    reading: ReadOptions,
    /// The offset that was asked for.
    from: i64,
    next_offset: i64,
    /// A batch for the user that did not fit when it was its turn.
    waiting: Option<Batch>,
    /// There were bytes, and no whole batch was among them yet.
    cut: bool,
}

/// The next batches of a partition.
#[derive(Debug, Default)]
pub(super) struct Piece {
    pub(super) chunks: Vec<BatchRecords>,
    /// Where it begins; its first batch may begin before.
    pub(super) from: i64,
    pub(super) next_offset: i64,
    pub(super) leader_epoch: i32,
    /// What its records take beside the fetched bytes.
    pub(super) decompressed_bytes: usize,
    /// The next batch did not fit any more.
    pub(super) is_full: bool,
    /// There were bytes, but not one whole batch: more must be asked for.
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

    /// Reads on, decompressing at most so many bytes. What follows a damaged batch is left; the next fetch then
    /// begins with it.
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

    /// Whether the next batch did not fit when it was its turn.
    pub(super) fn waits(&self) -> bool {
        self.waiting.is_some()
    }

    /// The next batch, with its records if they are for the user.
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

/// Which producers' transactions are aborted at the point reached.
#[derive(Debug)]
struct AbortedProducers {
    /// Last first; brokers send them in any order.
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
