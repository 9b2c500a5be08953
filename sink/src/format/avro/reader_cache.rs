//! The readers of a decoder, one for each schema of a writer that was met: read by all tasks without a lock.

use std::sync::OnceLock;

use super::datum_reader::DatumReader;

/// Chains to which readers are only ever added.
pub(super) struct ReaderCache {
    chains: [OnceLock<Box<CachedReader>>; CHAINS],
}

struct CachedReader {
    id: u32,
    reader: DatumReader,
    next: OnceLock<Box<CachedReader>>,
}

impl ReaderCache {
    pub(super) fn new() -> Self {
        Self { chains: [const { OnceLock::new() }; CHAINS] }
    }

    /// The reader for that schema, if it is there.
    #[inline]
    pub(super) fn find(&self, id: u32) -> Option<&DatumReader> {
        let mut link = self.chains[id as usize % CHAINS].get();
        while let Some(cached) = link {
            if cached.id == id {
                return Some(&cached.reader);
            }
            link = cached.next.get();
        }
        None
    }

    /// Adds a reader, unless its chain is full: no topic is written by so many schemas.
    pub(super) fn insert(&self, id: u32, reader: DatumReader) -> Result<(), CacheFull> {
        let mut link = &self.chains[id as usize % CHAINS];
        for _ in 0..CHAIN_MAX {
            match link.get() {
                Some(cached) if cached.id == id => return Ok(()),
                Some(cached) => link = &cached.next,
                None => {
                    // Its caller alone inserts.
                    _ = link.set(Box::new(CachedReader { id, reader, next: OnceLock::new() }));
                    return Ok(());
                }
            }
        }
        Err(CacheFull)
    }
}

/// A chain has [`CHAIN_MAX`] readers.
#[derive(Debug)]
pub(super) struct CacheFull;

const CHAINS: usize = 64;
/// Readers of a chain: 4,096 schemas at most.
const CHAIN_MAX: usize = 64;

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::format::avro::schema::AvroSchema;

    #[test]
    fn a_reader_is_found_by_its_id_and_there_is_a_last_one() {
        let schema = Arc::new(AvroSchema::parse("\"null\"").unwrap());
        let reader = || DatumReader::new(Arc::clone(&schema), &schema, &[]);
        let cache = ReaderCache::new();
        let ids = (0..CHAIN_MAX).map(|at| (at * CHAINS) as u32 + 7);
        for id in ids.clone() {
            assert!(cache.find(id).is_none());
            cache.insert(id, reader()).unwrap();
            cache.insert(id, reader()).unwrap();
        }
        assert!(ids.clone().all(|id| cache.find(id).is_some()));
        assert!(cache.insert(6, reader()).is_ok());
        assert!(cache.insert(u32::MAX - 56, reader()).is_err());
    }
}
