//! State in memory: entries one after another in pages, found by a table of 4-byte places.
//!
//! A value that keeps its length is written over the old one; another is appended, and the old entry is dead until its page
//! is emptied: once an eighth of the pages is dead, the page with the most dead bytes gives its live entries to the
//! newest one. So a row costs its bytes, a header of a few, at most a seventh for the dead, and 5 to 12 bytes of the
//! table.
//!
//! Where values grow too old, every put appends with its time, and a page whose newest entry is too old is given back as
//! a whole.

use std::hash::BuildHasher;

use hashbrown::{DefaultHashBuilder, HashTable};

use super::{State, StateFull, StateLimits, StateSize};

/// The pages and the table.
pub(crate) struct MemoryState {
    pages: Vec<Page>,
    /// Numbers of pages without memory.
    free: Vec<u32>,
    /// Where entries are appended.
    current: Option<u32>,
    /// The place of each key's entry.
    places: HashTable<EntryPlace>,
    hasher: DefaultHashBuilder,
    content_bytes: usize,
    dead_bytes: usize,
    page_bytes: usize,
    limits: StateLimits,
    ttl_ms: Option<i64>,
    now_ms: i64,
    /// The page that is looked at next for being too old.
    swept: usize,
}

#[derive(Default)]
struct Page {
    bytes: Vec<u8>,
    dead_bytes: usize,
    /// Of its newest entry.
    newest_ms: i64,
}

/// A page's number, then a place in it, in units of [`GRAIN`].
#[derive(Clone, Copy, PartialEq, Eq)]
struct EntryPlace(u32);

/// An entry as it lies in a page.
struct StoredEntry<'a> {
    key: &'a [u8],
    value: &'a [u8],
    put_ms: i64,
    /// Where its value begins.
    value_at: usize,
    /// With what keeps the next one at a grain.
    length: usize,
}

impl MemoryState {
    pub(crate) fn new(limits: StateLimits) -> Self {
        Self {
            pages: Vec::new(),
            free: Vec::new(),
            current: None,
            places: HashTable::new(),
            hasher: DefaultHashBuilder::default(),
            content_bytes: 0,
            dead_bytes: 0,
            page_bytes: 0,
            limits,
            ttl_ms: limits.ttl.map(|ttl| i64::try_from(ttl.as_millis()).unwrap_or(i64::MAX)),
            now_ms: 0,
            swept: 0,
        }
    }

    fn find(&self, key: &[u8]) -> Option<EntryPlace> {
        let is_key = |place: &EntryPlace| self.entry(*place).key == key;
        self.places.find(self.hasher.hash_one(key), is_key).copied()
    }

    fn entry(&self, place: EntryPlace) -> StoredEntry<'_> {
        StoredEntry::read(&self.pages[place.page()].bytes, place.offset(), self.ttl_ms.is_some())
    }

    fn is_too_old(&self, put_ms: i64) -> bool {
        self.ttl_ms.is_some_and(|ttl_ms| self.now_ms.saturating_sub(put_ms) >= ttl_ms)
    }

    /// Writes over an entry whose value has this length.
    fn overwrite(&mut self, place: EntryPlace, value: &[u8]) -> bool {
        let StoredEntry { value: old, value_at, .. } = self.entry(place);
        if self.ttl_ms.is_some() || old.len() != value.len() {
            return false;
        }
        self.pages[place.page()].bytes[value_at..value_at + value.len()].copy_from_slice(value);
        true
    }

    fn append(&mut self, key: &[u8], value: &[u8], put_ms: i64) -> Result<EntryPlace, StateFull> {
        let length = StoredEntry::length(key.len(), value.len(), self.ttl_ms.is_some());
        let page = match self.with_room(length) {
            Some(page) => page,
            None => self.new_page(length)?,
        };
        let Page { bytes, newest_ms, .. } = &mut self.pages[page as usize];
        let place = EntryPlace::new(page, bytes.len());
        *newest_ms = put_ms.max(*newest_ms);
        StoredEntry::write(bytes, key, value, self.ttl_ms.map(|_| put_ms));
        Ok(place)
    }

    /// The page that entries are appended to, if one of this length fits into it.
    fn with_room(&self, length: usize) -> Option<u32> {
        let has_room = |page: &Page| page.bytes.capacity() - page.bytes.len() >= length;
        self.current.filter(|it| has_room(&self.pages[*it as usize]))
    }

    /// A page with room for an entry: of the usual size, or for that entry alone.
    fn new_page(&mut self, length: usize) -> Result<u32, StateFull> {
        let (is_large, capacity) = (is_large(length), page_capacity(length));
        let number = match self.free.pop() {
            Some(number) => number,
            None if self.pages.len() == PAGES_MAX => return Err(self.full()),
            None => {
                self.pages.push(Page::default());
                // Below PAGES_MAX.
                (self.pages.len() - 1) as u32
            }
        };
        self.pages[number as usize] =
            Page { bytes: Vec::with_capacity(capacity), dead_bytes: 0, newest_ms: i64::MIN };
        self.page_bytes += self.pages[number as usize].bytes.capacity();
        if !is_large {
            self.current = Some(number);
        }
        Ok(number)
    }

    /// Whether one more entry, with all that it may make grow, stays below the limit.
    fn check_room(&self, length: usize) -> Result<(), StateFull> {
        let table = self.places.allocation_size();
        let table = if self.places.len() == self.places.capacity() { 3 * table } else { table };
        let page = if self.with_room(length).is_some() { 0 } else { page_capacity(length) };
        // One page is left to move entries to.
        let no_number = self.free.is_empty() && self.pages.len() + 1 >= PAGES_MAX;
        let is_full = no_number || self.page_bytes + table + page > self.limits.memory_bytes_max;
        if is_full { Err(self.full()) } else { Ok(()) }
    }

    #[cold]
    fn full(&self) -> StateFull {
        StateFull { size: self.size(), memory_bytes_max: self.limits.memory_bytes_max }
    }

    /// Takes note that the entry at a place is of no use any more.
    fn bury(&mut self, place: EntryPlace) {
        let StoredEntry { key, value, length, .. } = self.entry(place);
        self.content_bytes -= key.len() + value.len();
        self.dead_bytes += length;
        let page = &mut self.pages[place.page()];
        page.dead_bytes += length;
        if page.dead_bytes == page.bytes.len() && self.current != Some(place.page() as u32) {
            self.give_back(place.page());
        }
    }

    fn give_back(&mut self, page: usize) {
        let old = std::mem::take(&mut self.pages[page]);
        self.page_bytes -= old.bytes.capacity();
        self.dead_bytes -= old.dead_bytes;
        // Below PAGES_MAX.
        self.free.push(page as u32);
    }

    /// Moves what lives out of pages with much that does not.
    fn compact(&mut self) {
        while self.dead_bytes > PAGE_BYTES.max(self.page_bytes / DEAD_PART) {
            let others = (0..self.pages.len()).filter(|it| self.current != Some(*it as u32));
            let Some(worst) = others.max_by_key(|it| self.pages[*it].dead_bytes) else { return };
            if self.pages[worst].dead_bytes == 0 {
                return;
            }
            self.empty(worst);
        }
    }

    fn empty(&mut self, page: usize) {
        let old = std::mem::take(&mut self.pages[page]);
        let with_time = self.ttl_ms.is_some();
        let mut at = 0;
        while at < old.bytes.len() {
            let entry = StoredEntry::read(&old.bytes, at, with_time);
            let (hash, from) = (self.hasher.hash_one(entry.key), EntryPlace::new(page as u32, at));
            at += entry.length;
            if self.places.find(hash, |place| *place == from).is_none() {
                continue;
            }
            // A page was emptied for each one that this takes.
            let Ok(to) = self.append(entry.key, entry.value, entry.put_ms) else { continue };
            if let Some(place) = self.places.find_mut(hash, |place| *place == from) {
                *place = to;
            }
        }
        self.page_bytes -= old.bytes.capacity();
        self.dead_bytes -= old.dead_bytes;
        self.free.push(page as u32);
    }

    /// Forgets all of a page whose newest entry is too old.
    fn expire(&mut self, page: usize) {
        if self.pages[page].bytes.is_empty() || !self.is_too_old(self.pages[page].newest_ms) {
            return;
        }
        let mut at = 0;
        while at < self.pages[page].bytes.len() {
            let entry = StoredEntry::read(&self.pages[page].bytes, at, true);
            let (hash, place) = (self.hasher.hash_one(entry.key), EntryPlace::new(page as u32, at));
            at += entry.length;
            let content_bytes = entry.key.len() + entry.value.len();
            if let Ok(found) = self.places.find_entry(hash, |it| *it == place) {
                found.remove();
                self.content_bytes -= content_bytes;
            }
        }
        if self.current == Some(page as u32) {
            self.current = None;
        }
        self.give_back(page);
    }
}

impl State for MemoryState {
    fn get(&self, key: &[u8]) -> Option<&[u8]> {
        let entry = self.entry(self.find(key)?);
        (!self.is_too_old(entry.put_ms)).then_some(entry.value)
    }

    fn put(&mut self, key: &[u8], value: &[u8]) -> Result<(), StateFull> {
        let old = self.find(key);
        if let Some(place) = old
            && self.overwrite(place, value)
        {
            return Ok(());
        }
        self.check_room(StoredEntry::length(key.len(), value.len(), self.ttl_ms.is_some()))?;
        let to = self.append(key, value, self.now_ms)?;
        self.content_bytes += key.len() + value.len();
        let Self { places, pages, hasher, ttl_ms, .. } = self;
        let with_time = ttl_ms.is_some();
        let hash = hasher.hash_one(key);
        match old {
            Some(from) => {
                if let Some(place) = places.find_mut(hash, |place| *place == from) {
                    *place = to;
                }
                self.bury(from);
                self.compact();
            }
            None => {
                let read = |place: &EntryPlace| {
                    StoredEntry::read(&pages[place.page()].bytes, place.offset(), with_time)
                };
                places.insert_unique(hash, to, |place| hasher.hash_one(read(place).key));
            }
        }
        Ok(())
    }

    fn delete(&mut self, key: &[u8]) {
        let Some(place) = self.find(key) else { return };
        if let Ok(found) = self.places.find_entry(self.hasher.hash_one(key), |it| *it == place) {
            found.remove();
        }
        self.bury(place);
        self.compact();
    }

    fn retain(&mut self, keep: &mut dyn FnMut(&[u8], &[u8]) -> bool) {
        let Self { places, pages, ttl_ms, .. } = self;
        let (mut gone, with_time) = (Vec::new(), ttl_ms.is_some());
        places.retain(|place| {
            let entry = StoredEntry::read(&pages[place.page()].bytes, place.offset(), with_time);
            let keeps = keep(entry.key, entry.value);
            if !keeps {
                gone.push(*place);
            }
            keeps
        });
        for place in gone {
            self.bury(place);
        }
        self.compact();
    }

    fn scan(&self, each: &mut dyn FnMut(&[u8], &[u8])) {
        for place in &self.places {
            let entry = self.entry(*place);
            if !self.is_too_old(entry.put_ms) {
                each(entry.key, entry.value);
            }
        }
    }

    fn size(&self) -> StateSize {
        StateSize {
            rows: self.places.len(),
            content_bytes: self.content_bytes,
            memory_bytes: self.page_bytes + self.places.allocation_size(),
        }
    }

    fn set_time(&mut self, now_ms: i64) {
        self.now_ms = now_ms;
        if self.ttl_ms.is_none() {
            return;
        }
        for _ in 0..SWEPT_AT_ONCE.min(self.pages.len()) {
            self.swept = (self.swept + 1) % self.pages.len();
            self.expire(self.swept);
        }
    }
}

impl EntryPlace {
    fn new(page: u32, offset: usize) -> Self {
        // A page's entries begin below PAGE_BYTES.
        Self((page << PAGE_SHIFT) | (offset / GRAIN) as u32)
    }

    fn page(self) -> usize {
        (self.0 >> PAGE_SHIFT) as usize
    }

    fn offset(self) -> usize {
        (self.0 & ((1 << PAGE_SHIFT) - 1)) as usize * GRAIN
    }
}

impl<'a> StoredEntry<'a> {
    /// Of key, value and, where values grow old, the time.
    fn length(key: usize, value: usize, with_time: bool) -> usize {
        let time = if with_time { size_of::<i64>() } else { 0 };
        (varint_length(key) + varint_length(value) + time + key + value).next_multiple_of(GRAIN)
    }

    fn write(page: &mut Vec<u8>, key: &[u8], value: &[u8], put_ms: Option<i64>) {
        super::row_bytes::write_varint(key.len() as u64, page);
        super::row_bytes::write_varint(value.len() as u64, page);
        if let Some(put_ms) = put_ms {
            page.extend_from_slice(&put_ms.to_le_bytes());
        }
        page.extend_from_slice(key);
        page.extend_from_slice(value);
        page.resize(page.len().next_multiple_of(GRAIN), 0);
    }

    /// The entry that was written there.
    fn read(page: &'a [u8], offset: usize, with_time: bool) -> Self {
        let mut at = offset;
        let (key, value) = (read_length(page, &mut at), read_length(page, &mut at));
        let mut put_ms = 0;
        if with_time {
            let bytes = page[at..].first_chunk().copied().unwrap_or_default();
            put_ms = i64::from_le_bytes(bytes);
            at += size_of::<i64>();
        }
        let value_at = at + key;
        let length = Self::length(key, value, with_time);
        Self { key: &page[at..value_at], value: &page[value_at..value_at + value], put_ms, value_at, length }
    }
}

/// Whether an entry has a page of its own.
fn is_large(length: usize) -> bool {
    length > PAGE_BYTES / 4
}

fn page_capacity(length: usize) -> usize {
    if is_large(length) { length } else { PAGE_BYTES }
}

fn read_length(page: &[u8], at: &mut usize) -> usize {
    super::row_bytes::read_varint(page, at) as usize
}

fn varint_length(number: usize) -> usize {
    // A byte for every 7 bits, and one for none.
    ((usize::BITS - number.leading_zeros()) as usize).div_ceil(7).max(1)
}

/// Entries begin at multiples of this, so that a place has 32 bits.
const GRAIN: usize = 4;
const PAGE_BYTES: usize = 64 * 1024;
/// The bits of a place within a page.
const PAGE_SHIFT: u32 = (PAGE_BYTES / GRAIN).ilog2();
/// 16 GiB in pages of the usual size.
const PAGES_MAX: usize = 1 << (32 - PAGE_SHIFT);
/// Which part of the pages may be dead.
const DEAD_PART: usize = 8;
/// How many pages are looked at for being too old each time.
const SWEPT_AT_ONCE: usize = 8;

#[cfg(test)]
mod tests {
    use std::collections::HashMap;
    use std::time::Duration;

    use super::*;

    fn state(memory_bytes_max: usize, ttl: Option<Duration>) -> MemoryState {
        MemoryState::new(StateLimits { memory_bytes_max, ttl })
    }

    fn contents(state: &MemoryState) -> HashMap<Vec<u8>, Vec<u8>> {
        let mut all = HashMap::new();
        state.scan(&mut |key, value| drop(all.insert(key.to_vec(), value.to_vec())));
        all
    }

    /// Numbers as any program of puts and deletes would draw them.
    fn draws() -> impl Iterator<Item = usize> {
        let mut seed = 0x9e37_79b9_7f4a_7c15_u64;
        std::iter::repeat_with(move || {
            seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            (seed >> 33) as usize
        })
    }

    #[test]
    fn it_holds_what_a_map_holds_whatever_is_put_and_deleted() {
        let (mut state, mut model) = (state(usize::MAX, None), HashMap::new());
        let mut draws = draws();
        let mut draw = move || draws.next().unwrap();
        for _ in 0..60_000 {
            let key = (draw() % 3_000).to_string().into_bytes();
            if draw() % 4 == 0 {
                state.delete(&key);
                model.remove(&key);
            } else {
                let length = if draw() % 1_000 == 0 { 100_000 } else { draw() % 120 };
                let value = vec![draw() as u8; length];
                state.put(&key, &value).unwrap();
                model.insert(key.clone(), value);
            }
            assert_eq!(state.get(&key), model.get(&key).map(Vec::as_slice));
        }
        assert_eq!(contents(&state), model);
        let content_bytes = model.iter().map(|(key, value)| key.len() + value.len()).sum::<usize>();
        assert_eq!((state.size().rows, state.size().content_bytes), (model.len(), content_bytes));
        model.keys().for_each(|key| state.delete(key));
        assert_eq!(state.size().content_bytes, 0);
        assert!(state.page_bytes <= 4 * PAGE_BYTES, "{} bytes of pages hold nothing", state.page_bytes);
    }

    #[test]
    fn it_takes_at_most_half_as_much_again_as_it_holds() {
        let mut state = state(usize::MAX, None);
        for round in 0..3_usize {
            for row in 0..50_000_usize {
                let value = vec![b'x'; 60 + (row * 7 + round * 13) % 40];
                state.put(&row.to_le_bytes(), &value).unwrap();
            }
            let size = state.size();
            let ratio = size.memory_bytes as f64 / size.content_bytes as f64;
            assert!(ratio <= 1.5, "round {round}: {size:?} is {ratio:.2}");
        }
    }

    #[test]
    fn it_refuses_what_would_take_more_than_it_may_and_changes_nothing_then() {
        let mut state = state(1 << 20, None);
        let mut row = 0_u32;
        let full = loop {
            if let Err(full) = state.put(&row.to_le_bytes(), &[7; 100]) {
                break full;
            }
            row += 1;
        };
        assert!(row > 5_000, "{row} rows");
        assert_eq!((full.size, full.memory_bytes_max), (state.size(), 1 << 20));
        assert!(state.size().memory_bytes <= 1 << 20, "{:?}", state.size());
        assert_eq!(state.get(&row.to_le_bytes()), None);
        assert_eq!(state.size().rows, row as usize);
        state.put(&0_u32.to_le_bytes(), &[8; 100]).unwrap();
        assert_eq!(state.get(&0_u32.to_le_bytes()), Some(&[8; 100][..]), "what takes no more is put");
    }

    #[test]
    fn what_is_too_old_is_forgotten_and_its_memory_given_back() {
        let mut state = state(usize::MAX, Some(Duration::from_millis(1_000)));
        for row in 0..10_000_u32 {
            state.set_time(i64::from(row) / 100);
            state.put(&row.to_le_bytes(), &[1; 50]).unwrap();
        }
        state.set_time(600);
        state.put(&1_u32.to_le_bytes(), &[2; 50]).unwrap();
        state.set_time(1_050);
        assert_eq!(state.get(&0_u32.to_le_bytes()), None, "put at 0");
        assert_eq!(state.get(&1_u32.to_le_bytes()), Some(&[2; 50][..]), "put again at 600");
        assert_eq!(state.get(&9_999_u32.to_le_bytes()), Some(&[1; 50][..]), "put at 99");
        for now in 1_100..1_110 {
            state.set_time(now);
        }
        assert_eq!(contents(&state).len(), 1);
        state.set_time(1_600);
        assert!(contents(&state).is_empty());
        for _ in 0..10 {
            state.set_time(1_601);
        }
        assert_eq!(state.size().content_bytes, 0, "{:?}", state.size());
        assert_eq!(state.page_bytes, 0);
    }
}
