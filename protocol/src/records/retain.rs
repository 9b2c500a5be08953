//! A batch with some of its records left out, as compaction rewrites it.

use bytes::{Bytes, BytesMut};

use super::batch::{Batch, TimestampType};
use super::body::Record;
use super::compress::{Codec, Compression};
use super::corrupt::{Corrupt, Why};
use super::layout::{self, HEADER_BYTES, put};
use super::varint::take_i32;

impl Batch {
    /// The batch with only the records that `keep` wants. Offsets, sequences, producer and codec stay, also those of
    /// the first and last record that ever were in it, so that readers and producers find what they knew; the
    /// greatest timestamp is that of what is left. A batch with no record left is its header alone.
    ///
    /// # Errors
    /// When the records cannot be read, not within `limit` bytes decompressed, or are of format 0 or 1.
    pub fn retain(&self, limit: usize, mut keep: impl FnMut(&Record<'_>) -> bool) -> Result<Bytes, Corrupt> {
        if self.magic() < 2 {
            return Err(self.corrupt(Why::Rule("only batches of format 2 can be rewritten")));
        }
        let body = self.body(limit)?;
        let (mut rest, mut kept) = (&body.bytes()[..], Vec::new());
        let (mut count, mut newest) = (0_i32, i64::MIN);
        for record in &body {
            let record = record?;
            let before = rest;
            // The record was read whole: its size and its bytes are there.
            let size = take_i32(&mut rest).and_then(|size| usize::try_from(size).ok()).unwrap_or(0);
            rest = rest.get(size..).unwrap_or_default();
            if keep(&record) {
                kept.extend_from_slice(&before[..before.len() - rest.len()]);
                newest = newest.max(record.timestamp_ms);
                count += 1;
            }
        }
        let newest = match self.timestamp_type() {
            TimestampType::CreateTime if count > 0 => newest,
            _ => self.max_timestamp(),
        };
        Ok(self.rewritten(&kept, count, newest, self.compression()?))
    }

    fn rewritten(&self, records: &[u8], count: i32, max_timestamp: i64, compression: Compression) -> Bytes {
        let mut batch = BytesMut::from(&self.bytes()[..HEADER_BYTES]);
        let mut attributes = self.attributes();
        match compression {
            _ if count == 0 => attributes &= !layout::COMPRESSION_BITS,
            Compression::None => batch.extend_from_slice(records),
            packed => {
                let mut compressed = Vec::new();
                Codec::from(packed).compress(records, self.magic(), &mut compressed);
                batch.extend_from_slice(&compressed);
            }
        }
        let length = (batch.len() - layout::PREFIX_BYTES) as i32;
        put(&mut batch, layout::LENGTH, length.to_be_bytes());
        put(&mut batch, layout::ATTRIBUTES, attributes.to_be_bytes());
        put(&mut batch, layout::MAX_TIMESTAMP, max_timestamp.to_be_bytes());
        put(&mut batch, layout::COUNT, count.to_be_bytes());
        layout::renew_checksum(&mut batch);
        batch.freeze()
    }
}

#[cfg(test)]
mod tests {
    use super::super::{BatchWriter, Stamp, batches};
    use super::*;

    fn batch(codec: Codec) -> Batch {
        let mut writer = BatchWriter::new(BytesMut::new(), 1 << 20);
        for at in 0..5_u8 {
            writer.append(100 + i64::from(at), Some(&[b'k', at]), Some(&[at; 30]), &[]).unwrap();
        }
        let stamp = Stamp { producer_id: 7, producer_epoch: 2, base_sequence: 40, transactional: true };
        let mut bytes = BytesMut::from(&writer.seal(stamp, codec)[..]);
        layout::set_offset(&mut bytes, 1000, 3);
        only(bytes.freeze())
    }

    fn only(bytes: Bytes) -> Batch {
        let batch = batches(&bytes).next().unwrap().unwrap();
        batch.check().unwrap();
        batch
    }

    #[test]
    fn what_is_kept_keeps_its_offset_sequence_and_time() {
        for compression in Compression::ALL.into_iter().filter(|it| it.is_built()) {
            let before = batch(compression.into());
            let after = only(before.retain(1 << 20, |record| [1001, 1003].contains(&record.offset)).unwrap());
            assert_eq!((after.count(), after.compression().unwrap()), (2, compression));
            assert_eq!((after.base_offset(), after.last_offset(), after.leader_epoch()), (1000, 1004, 3));
            assert_eq!((after.base_sequence(), after.last_sequence(), after.producer_id()), (40, 44, 7));
            assert!(after.is_transactional());
            assert_eq!(after.max_timestamp(), 103);
            let body = after.body(1 << 20).unwrap();
            let kept: Vec<_> = body.iter().map(Result::unwrap).collect();
            let told: Vec<_> =
                kept.iter().map(|it| (it.offset, it.timestamp_ms, it.key.unwrap()[1])).collect();
            assert_eq!(told, [(1001, 101, 1), (1003, 103, 3)], "{compression}");
            assert_eq!(kept[1].value, Some(&[3; 30][..]));
        }
    }

    #[test]
    fn a_batch_of_nothing_is_its_header() {
        let before = batch(Codec::from(Compression::ALL[0]));
        let after = only(before.retain(1 << 20, |_| false).unwrap());
        assert_eq!((after.bytes().len(), after.count(), after.next_offset()), (HEADER_BYTES, 0, 1005));
        assert!(after.body(0).unwrap().iter().next().is_none());
    }

    #[test]
    fn a_batch_that_cannot_be_read_is_not_rewritten() {
        let mut bytes = BytesMut::from(&batch(Codec::NONE).bytes()[..]);
        put(&mut bytes, layout::COUNT, 6_i32.to_be_bytes());
        let broken = batches(&bytes.freeze()).next().unwrap().unwrap();
        assert!(broken.retain(1 << 20, |_| true).is_err());
    }
}
