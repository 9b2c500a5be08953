//! Each codec.

use bytes::{BufMut, Bytes, BytesMut};
use upsert_kafka_protocol::records::{BatchWriter, Codec, Compression, Stamp, batches};

macro_rules! codecs {
    ($($name:ident $compression:ident;)*) => {$(
        /// Any bytes as what the codec has packed, and as what it is to pack.
        pub fn $name(data: &[u8]) {
            unpacked(Compression::$compression, data);
            packed(Compression::$compression, data);
        }
    )*};
}

codecs! {
    gzip Gzip;
    snappy Snappy;
    lz4 Lz4;
    zstd Zstd;
}

/// No more comes out than is allowed.
fn unpacked(compression: Compression, data: &[u8]) {
    let mut blob = BytesMut::new();
    blob.put_i64(0);
    blob.put_i32((data.len() + 49) as i32);
    blob.put_i32(0);
    blob.put_i8(2);
    blob.put_u32(0);
    blob.put_i16(i16::from(compression.id()));
    blob.put_bytes(0, 34);
    blob.put_i32(1);
    blob.put_slice(data);
    let blob = blob.freeze();
    let batch = batches(&blob).next().expect("a batch").expect("a good head");
    for limit in [0, 100, LIMIT] {
        if let Ok(body) = batch.body(limit) {
            assert!(body.size() <= limit, "{compression}: {} bytes of at most {limit}", body.size());
            body.iter().for_each(drop);
        }
    }
}

/// What was packed at any level is unpacked as it was.
fn packed(compression: Compression, data: &[u8]) {
    let Some((&level, value)) = data.split_first() else { return };
    let mut writer = BatchWriter::new(BytesMut::new(), usize::MAX);
    writer.append(0, None, Some(value), &[]).expect("room");
    // Every codec takes whatever level it is given, and stays within its own.
    let codec = Codec { compression, level: Some(i32::from(level) % 12 - 2) };
    let blob: Bytes = writer.seal(Stamp::NONE, codec);
    let batch = batches(&blob).next().expect("a batch").expect("a good batch");
    let body = batch.body(LIMIT.max(2 * value.len())).expect("what was packed");
    let record = body.iter().next().expect("a record").expect("a good record");
    assert_eq!(record.value, Some(value), "{compression}");
}

const LIMIT: usize = 1 << 18;
