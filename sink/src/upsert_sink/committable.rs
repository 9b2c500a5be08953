//! What ends a prepared transaction: who wrote it, and under which transactional id, in the bytes of Flink's.

use std::fmt;

use upsert_kafka_client::ProducerId;

use crate::error::{Error, ErrorKind};

/// A transaction of an exactly-once [`UpsertSink`](crate::UpsertSink) that was prepared and is to be committed: see
/// [`UpsertSink::prepare_commit`](crate::UpsertSink::prepare_commit). To be stored with the checkpoint of the program, as
/// bytes, before it is committed: then the next run can commit it, if this one does not come to it.
#[derive(Clone, PartialEq, Eq)]
pub struct Committable {
    transactional_id: String,
    producer: ProducerId,
}

impl Committable {
    pub(crate) fn new(transactional_id: String, producer: ProducerId) -> Self {
        Self { transactional_id, producer }
    }

    /// The transactional id of the transaction.
    pub fn transactional_id(&self) -> &str {
        &self.transactional_id
    }

    /// Who wrote it.
    pub fn producer(&self) -> ProducerId {
        self.producer
    }

    /// The layout of version 1 of Flink's `KafkaCommittableSerializer`: epoch, producer id and transactional id as Java's
    /// `DataOutputStream` writes a short, a long and a UTF.
    ///
    /// # Errors
    /// The transactional id is longer than Java can write.
    pub fn to_bytes(&self) -> Result<Vec<u8>, Error> {
        let text = modified_utf8(&self.transactional_id);
        let Ok(length) = u16::try_from(text.len()) else {
            return Err(refused("its transactional id has more than 65,535 bytes"));
        };
        let Self { producer, .. } = self;
        Ok([&producer.epoch.to_be_bytes()[..], &producer.id.to_be_bytes(), &length.to_be_bytes(), &text]
            .concat())
    }

    /// What [`to_bytes`](Self::to_bytes), or Flink, wrote.
    ///
    /// # Errors
    /// The bytes are not of this layout.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, Error> {
        let short = || refused(format!("{} bytes are too few or too many", bytes.len()));
        let (epoch, rest) = bytes.split_first_chunk::<2>().ok_or_else(short)?;
        let (id, rest) = rest.split_first_chunk::<8>().ok_or_else(short)?;
        let (length, text) = rest.split_first_chunk::<2>().ok_or_else(short)?;
        if usize::from(u16::from_be_bytes(*length)) != text.len() {
            return Err(short());
        }
        let transactional_id =
            read_modified_utf8(text).ok_or_else(|| refused("its transactional id is not text"))?;
        let producer = ProducerId { id: i64::from_be_bytes(*id), epoch: i16::from_be_bytes(*epoch) };
        Ok(Self { transactional_id, producer })
    }
}

impl fmt::Debug for Committable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Committable({}, {:?})", self.transactional_id, self.producer)
    }
}

#[cold]
fn refused(why: impl fmt::Display) -> Error {
    Error::new(ErrorKind::Sink, format!("a committable cannot be read or written: {why}"))
}

/// Java's: each unit of UTF-16 by itself, and NUL in two bytes.
fn modified_utf8(text: &str) -> Vec<u8> {
    let mut out = Vec::with_capacity(text.len());
    for unit in text.encode_utf16() {
        let low = |shift: u16| 0x80 | (unit >> shift & 0x3f) as u8;
        match unit {
            1..=0x7f => out.push(unit as u8),
            0 | 0x80..=0x7ff => out.extend([0xc0 | (unit >> 6) as u8, low(0)]),
            _ => out.extend([0xe0 | (unit >> 12) as u8, low(6), low(0)]),
        }
    }
    out
}

fn read_modified_utf8(mut bytes: &[u8]) -> Option<String> {
    let mut units = Vec::with_capacity(bytes.len());
    while let [first, rest @ ..] = bytes {
        let more = |byte: &u8| (byte & 0xc0 == 0x80).then_some(u16::from(byte & 0x3f));
        let (unit, left) = match (first, rest) {
            (1..=0x7f, _) => (u16::from(*first), rest),
            (0xc0..=0xdf, [second, left @ ..]) => (u16::from(first & 0x1f) << 6 | more(second)?, left),
            (0xe0..=0xef, [second, third, left @ ..]) => {
                (u16::from(first & 0x0f) << 12 | more(second)? << 6 | more(third)?, left)
            }
            _ => return None,
        };
        units.push(unit);
        bytes = left;
    }
    String::from_utf16(&units).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What Java's `DataOutputStream` writes: `writeShort(3)`, `writeLong(1001)`, `writeUTF("tx-0-7")`.
    #[test]
    fn the_bytes_are_flinks() {
        let committable = Committable::new("tx-0-7".into(), ProducerId { id: 1001, epoch: 3 });
        let bytes = [&[0, 3, 0, 0, 0, 0, 0, 0, 3, 0xe9, 0, 6][..], b"tx-0-7"].concat();
        assert_eq!(committable.to_bytes().unwrap(), bytes);
        assert_eq!(Committable::from_bytes(&bytes).unwrap(), committable);
    }

    /// As `DataOutput.writeUTF` documents: NUL as C0 80, U+1F600 as two surrogates of three bytes each.
    #[test]
    fn text_is_javas_modified_utf_8() {
        for (text, bytes) in [
            ("\0", &[0xc0, 0x80][..]),
            ("é", &[0xc3, 0xa9]),
            ("€", &[0xe2, 0x82, 0xac]),
            ("😀", &[0xed, 0xa0, 0xbd, 0xed, 0xb8, 0x80]),
        ] {
            assert_eq!(modified_utf8(text), bytes, "{text}");
            assert_eq!(read_modified_utf8(bytes).as_deref(), Some(text));
        }
        for wrong in
            [&[0][..], &[0x80], &[0xc3], &[0xe2, 0x82], &[0xed, 0xa0, 0xbd], &[0xf0, 0x9f, 0x98, 0x80]]
        {
            assert_eq!(read_modified_utf8(wrong), None, "{wrong:?}");
        }
    }

    #[test]
    fn bytes_of_another_layout_are_refused() {
        let whole = Committable::new("tx".into(), ProducerId { id: 1, epoch: 0 }).to_bytes().unwrap();
        for bytes in [&whole[..whole.len() - 1], &whole[..5], &[][..], &[&whole[..], &[0]].concat()] {
            let error = Committable::from_bytes(bytes).unwrap_err().to_string();
            assert!(error.starts_with("a committable cannot be read"), "{error}");
        }
    }
}
