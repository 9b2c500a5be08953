//! Control records: what brokers write into a log for readers, never for users.

use std::fmt;

use bytes::{Bytes, BytesMut};

use super::writer::{BatchWriter, Stamp};

/// What a record of a control batch says; see [`Batch::is_control`](super::Batch::is_control). It is told by
/// the record's key; what its value says is a data message of its own.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct ControlType(pub i16);

macro_rules! types {
    ($($(#[$doc:meta])* $name:ident = $number:literal)*) => {
        impl ControlType {
            $($(#[$doc])* pub const $name: Self = Self($number);)*

            /// As in Kafka's `ControlRecordType`; `None` for a number that is not there.
            pub fn name(self) -> Option<&'static str> {
                match self {
                    $(Self::$name => Some(stringify!($name)),)*
                    _ => None,
                }
            }
        }
    };
}

types! {
    /// A producer's transaction came to nothing.
    ABORT = 0
    /// A producer's transaction is done.
    COMMIT = 1
    /// A new leader of a KRaft quorum.
    LEADER_CHANGE = 2
    /// What leads a KRaft snapshot.
    SNAPSHOT_HEADER = 3
    /// What ends one.
    SNAPSHOT_FOOTER = 4
    /// The version of KRaft that the quorum has.
    KRAFT_VERSION = 5
    /// The voters of the quorum.
    KRAFT_VOTERS = 6
}

impl ControlType {
    /// From a control record's key: a version, which newer ones raise while they keep the place of the type,
    /// and the type. `None` when the key is null, too short or of a negative version, as Java refuses it.
    pub fn of_key(key: Option<&[u8]>) -> Option<Self> {
        let ([version_high, version_low, type_high, type_low], _) = key?.split_first_chunk()?;
        let version = i16::from_be_bytes([*version_high, *version_low]);
        (version >= 0).then_some(Self(i16::from_be_bytes([*type_high, *type_low])))
    }

    /// The key of such a record: version 0 and the type.
    pub fn key(self) -> [u8; 4] {
        let [high, low] = self.0.to_be_bytes();
        [0, 0, high, low]
    }
}

/// `COMMIT`, or the number in words.
impl fmt::Display for ControlType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.name() {
            Some(name) => f.write_str(name),
            None => write!(f, "control type {}", self.0),
        }
    }
}

impl fmt::Debug for ControlType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// A batch of one control record. A producer's id and epoch and whether it is transactional are the stamp's.
///
/// ```
/// use upsert_kafka_protocol::records::{ControlType, Stamp, batches, control_batch};
///
/// // The end of a transaction: version 0, then the epoch of the coordinator that decided it.
/// let value = [0, 0, 0, 0, 0, 12];
/// let stamp = Stamp { producer_id: 7, producer_epoch: 3, transactional: true, ..Stamp::NONE };
/// let blob = control_batch(stamp, 1_700_000_000_000, ControlType::COMMIT, &value);
///
/// let batch = batches(&blob).next().unwrap().unwrap();
/// let body = batch.body(1024).unwrap();
/// let marker = body.iter().next().unwrap().unwrap();
/// assert!(batch.is_control() && batch.is_transactional());
/// assert_eq!(ControlType::of_key(marker.key), Some(ControlType::COMMIT));
/// assert_eq!(marker.value, Some(&value[..]));
/// ```
pub fn control_batch(stamp: Stamp, timestamp_ms: i64, control: ControlType, value: &[u8]) -> Bytes {
    let mut writer = BatchWriter::new(BytesMut::new(), 0);
    // An empty batch takes any record that the format can hold; a value of 2 GiB is none.
    let _ = writer.append(timestamp_ms, Some(&control.key()), Some(value), &[]);
    writer.seal_control(stamp)
}

/// The marker at the end of a transaction: what a broker writes when a coordinator of that epoch asks it to.
pub fn end_transaction_marker(
    stamp: Stamp,
    timestamp_ms: i64,
    control: ControlType,
    coordinator_epoch: i32,
) -> Bytes {
    let [a, b, c, d] = coordinator_epoch.to_be_bytes();
    let stamp = Stamp { transactional: true, ..stamp };
    control_batch(stamp, timestamp_ms, control, &[0, 0, a, b, c, d])
}
