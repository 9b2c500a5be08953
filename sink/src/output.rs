//! What a change is written as.

use crate::format::EncodeError;
use crate::print::Print;
use crate::row::{Row, RowKind};
use crate::serializer::{Serialized, Serializer};

/// The bytes of a change, by the kind of its sink.
#[derive(Clone)]
pub(crate) enum Output {
    /// A record.
    Kafka(Serializer),
    /// A line of text.
    Print(Print),
    /// Nothing.
    Blackhole,
}

impl Output {
    #[inline]
    pub(crate) fn write(
        &self,
        kind: RowKind,
        row: Row<'_>,
        out: &mut Vec<u8>,
    ) -> Result<Option<Serialized>, EncodeError> {
        let line = |value| Ok(Some(Serialized { key: None, value: Some(value), metadata: None }));
        match self {
            Self::Kafka(serializer) => serializer.serialize(kind, row, out),
            Self::Print(print) => line(print.line(kind, row, out)),
            Self::Blackhole => line(0),
        }
    }
}
