//! What rows came to as a sink takes it: changes, one after another in one buffer.

use crate::record_metadata::{MetadataSpan, RecordMetadata};
use crate::row::RowKind;
use crate::serializer::Serialized;

/// What one INSERT makes of one message, in order, in one buffer that is used again; or changes on their way to the task
/// that writes them.
#[derive(Debug, Default)]
pub struct Changes {
    bytes: Vec<u8>,
    spans: Vec<Span>,
    /// Of those changes that have some, in their order.
    metadata: Vec<MetadataSpan>,
    /// Where tasks of the sink write them by their key: which of those, for each change.
    targets: Vec<u32>,
}

#[derive(Clone, Copy, Debug)]
struct Span {
    kind: RowKind,
    key: Option<usize>,
    value: Option<usize>,
    has_metadata: bool,
}

/// One change as a sink takes it.
#[derive(Clone, Copy, Debug, PartialEq)]
#[non_exhaustive]
pub struct Change<'a> {
    /// How the row changed its table.
    pub kind: RowKind,
    /// `None` is Kafka's null; a printed line has none.
    pub key: Option<&'a [u8]>,
    /// `None` is the tombstone.
    pub value: Option<&'a [u8]>,
    /// What is written beside the two, where the table does so.
    pub metadata: Option<RecordMetadata<'a>>,
}

impl Changes {
    /// In the order of their rows.
    pub fn iter(&self) -> impl Iterator<Item = Change<'_>> {
        let mut rest = &self.bytes[..];
        let mut metadata = self.metadata.iter();
        self.spans.iter().map(move |span| {
            let (key, after) = rest.split_at(span.key.unwrap_or(0));
            let (value, after) = after.split_at(span.value.unwrap_or(0));
            let of_record = if span.has_metadata { metadata.next() } else { None };
            let (metadata, after) = after.split_at(of_record.map_or(0, |it| it.length()));
            rest = after;
            Change {
                kind: span.kind,
                key: span.key.map(|_| key),
                value: span.value.map(|_| value),
                metadata: of_record.map(|it| it.read(metadata)),
            }
        })
    }

    /// How many.
    pub fn len(&self) -> usize {
        self.spans.len()
    }

    /// Whether the message changed nothing.
    pub fn is_empty(&self) -> bool {
        self.spans.is_empty()
    }

    /// Where the bytes of the next change are appended.
    #[inline]
    pub(crate) fn bytes(&mut self) -> &mut Vec<u8> {
        &mut self.bytes
    }

    /// The change whose bytes were appended.
    #[inline]
    pub(crate) fn push(&mut self, kind: RowKind, Serialized { key, value, metadata }: Serialized) {
        self.spans.push(Span { kind, key, value, has_metadata: metadata.is_some() });
        self.metadata.extend(metadata);
    }

    /// Which task of the sink writes the change that was pushed last.
    #[inline]
    pub(crate) fn push_target(&mut self, target: u32) {
        self.targets.push(target);
    }

    /// Which task of the sink writes each, in their order; none where no key says so.
    pub(crate) fn targets(&self) -> &[u32] {
        &self.targets
    }

    /// Takes a change in that lies elsewhere.
    #[inline]
    pub(crate) fn append(&mut self, change: Change<'_>) {
        self.bytes.extend_from_slice(change.key.unwrap_or_default());
        self.bytes.extend_from_slice(change.value.unwrap_or_default());
        let metadata = change.metadata.map(|it| MetadataSpan::append(it, &mut self.bytes));
        let (key, value) = (change.key.map(<[u8]>::len), change.value.map(<[u8]>::len));
        self.push(change.kind, Serialized { key, value, metadata });
    }

    /// The memory that they fill.
    pub(crate) fn size_bytes(&self) -> usize {
        self.bytes.len() + size_of_val(&self.spans[..]) + size_of_val(&self.metadata[..])
    }

    pub(crate) fn clear(&mut self) {
        self.bytes.clear();
        self.spans.clear();
        self.metadata.clear();
        self.targets.clear();
    }
}
