//! The reducing buffer of `sink.buffer-flush.*`: the last change of each key, held back for a while.
//!
//! It is full at so many keys, or at so many bytes; when it is time to flush is its owner's to say. What it gives out
//! stands in the order in which keys changed first since the last flush, once each.

use std::hash::BuildHasher;

use hashbrown::{DefaultHashBuilder, HashTable};

use crate::changes::Change;
use crate::record_metadata::MetadataSpan;
use crate::row::RowKind;

/// Changes that wait.
pub(crate) struct Buffer {
    max_rows: usize,
    max_bytes: usize,
    changes: Vec<HeldChange>,
    /// Indexes of `changes`, by key.
    by_key: HashTable<usize>,
    hasher: DefaultHashBuilder,
    bytes: usize,
}

/// A change with bytes of its own: key, value, metadata, one after another.
struct HeldChange {
    kind: RowKind,
    key: Option<usize>,
    value: Option<usize>,
    metadata: Option<MetadataSpan>,
    bytes: Vec<u8>,
}

/// What became of a change.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Buffered {
    /// Its key was not there.
    New,
    /// It took the place of an earlier one, which is never written.
    Replaced,
}

impl Buffer {
    /// An empty one, which is full at so many keys or bytes.
    pub(crate) fn new(max_rows: usize, max_bytes: usize) -> Self {
        Self {
            max_rows,
            max_bytes,
            changes: Vec::new(),
            by_key: HashTable::new(),
            hasher: DefaultHashBuilder::default(),
            bytes: 0,
        }
    }

    /// Takes a change in.
    pub(crate) fn put(&mut self, change: Change<'_>) -> Buffered {
        let hash = self.hasher.hash_one(change.key);
        let Self { changes, by_key, hasher, .. } = self;
        if let Some(&at) = by_key.find(hash, |at| changes[*at].key() == change.key) {
            let held = &mut changes[at];
            self.bytes -= held.bytes.len();
            held.set(change);
            self.bytes += held.bytes.len();
            return Buffered::Replaced;
        }
        let mut held =
            HeldChange { kind: change.kind, key: None, value: None, metadata: None, bytes: Vec::new() };
        held.set(change);
        self.bytes += held.bytes.len() + size_of::<HeldChange>();
        changes.push(held);
        by_key.insert_unique(hash, changes.len() - 1, |at| hasher.hash_one(changes[*at].key()));
        Buffered::New
    }

    /// Whether it is time to flush, whatever the clock says.
    pub(crate) fn is_full(&self) -> bool {
        self.changes.len() >= self.max_rows || self.bytes >= self.max_bytes
    }

    /// Whether nothing waits.
    pub(crate) fn is_empty(&self) -> bool {
        self.changes.is_empty()
    }

    /// What waits, in the order of each key's first change.
    pub(crate) fn changes(&self) -> impl Iterator<Item = Change<'_>> {
        self.changes.iter().map(HeldChange::change)
    }

    /// Forgets what waited: it was handed over.
    pub(crate) fn clear(&mut self) {
        self.changes.clear();
        self.by_key.clear();
        self.bytes = 0;
    }
}

impl HeldChange {
    /// The bytes of an earlier change are used again.
    fn set(&mut self, change: Change<'_>) {
        self.bytes.clear();
        self.bytes.extend_from_slice(change.key.unwrap_or_default());
        self.bytes.extend_from_slice(change.value.unwrap_or_default());
        (self.kind, self.key, self.value) =
            (change.kind, change.key.map(<[u8]>::len), change.value.map(<[u8]>::len));
        self.metadata = change.metadata.map(|it| MetadataSpan::append(it, &mut self.bytes));
    }

    fn key(&self) -> Option<&[u8]> {
        self.key.map(|length| &self.bytes[..length])
    }

    fn change(&self) -> Change<'_> {
        let (key, rest) = self.bytes.split_at(self.key.unwrap_or(0));
        let (value, rest) = rest.split_at(self.value.unwrap_or(0));
        Change {
            kind: self.kind,
            key: self.key.map(|_| key),
            value: self.value.map(|_| value),
            metadata: self.metadata.map(|span| span.read(rest)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn change<'a>(key: &'a [u8], value: Option<&'a [u8]>) -> Change<'a> {
        let kind = if value.is_some() { RowKind::UpdateAfter } else { RowKind::Delete };
        Change { kind, key: Some(key), value, metadata: None }
    }

    fn drained(buffer: &mut Buffer) -> Vec<(String, Option<String>)> {
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        let all = buffer.changes().map(|it| (text(it.key.unwrap_or_default()), it.value.map(text))).collect();
        buffer.clear();
        all
    }

    #[test]
    fn the_last_change_of_each_key_is_kept_where_its_first_stood() {
        let mut buffer = Buffer::new(3, usize::MAX);
        assert_eq!(buffer.put(change(b"a", Some(b"1"))), Buffered::New);
        assert_eq!(buffer.put(change(b"b", Some(b"1"))), Buffered::New);
        assert_eq!(buffer.put(change(b"a", Some(b"22"))), Buffered::Replaced);
        assert_eq!(buffer.put(change(b"b", None)), Buffered::Replaced);
        assert!(!buffer.is_full(), "two keys, however often they change");
        buffer.put(change(b"c", Some(b"1")));
        assert!(buffer.is_full());
        let some = |text: &str| Some(text.to_owned());
        assert_eq!(
            drained(&mut buffer),
            [("a".to_owned(), some("22")), ("b".to_owned(), None), ("c".to_owned(), some("1"))]
        );
        assert!(buffer.is_empty() && drained(&mut buffer).is_empty());
    }

    /// Flink's ReducingUpsertWriterTest.testWriteData: an insert and then a delete still write the tombstone.
    #[test]
    fn a_key_that_came_and_went_leaves_a_tombstone() {
        let mut buffer = Buffer::new(1, usize::MAX);
        buffer.put(change(b"a", Some(b"1")));
        assert!(buffer.is_full(), "one key is enough");
        buffer.put(change(b"a", None));
        assert_eq!(drained(&mut buffer), [("a".to_owned(), None)]);
    }

    #[test]
    fn it_is_full_by_bytes_too() {
        let mut buffer = Buffer::new(usize::MAX, 1_000);
        buffer.put(change(b"a", Some(&[0; 100])));
        assert!(!buffer.is_full());
        buffer.put(change(b"a", Some(&[0; 1_000])));
        assert!(buffer.is_full());
        buffer.put(change(b"a", Some(b"")));
        assert!(!buffer.is_full(), "what was replaced takes no room");
    }
}
