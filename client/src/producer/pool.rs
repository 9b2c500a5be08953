//! `buffer.memory`: batch buffers lent, given back and used again.

use std::sync::Arc;

use bytes::BytesMut;

use super::lock::Mutex;

/// Counts every byte that batches hold, from their opening to their end: Kafka's `BufferPool`. Idle buffers count as
/// free, and are dropped before both together would exceed `buffer.memory`.
#[derive(Debug)]
pub(crate) struct BufferPool {
    memory: usize,
    /// `batch.size`: buffers of this size are kept for the next batch.
    batch_size: usize,
    state: Mutex<PoolState>,
    scratch: Scratch,
}

/// A buffer for compression. One does for all batches, since the sender seals them one after another.
pub(crate) type Scratch = Arc<Mutex<Vec<u8>>>;

#[derive(Debug)]
struct PoolState {
    free: usize,
    idle: Vec<BytesMut>,
}

impl BufferPool {
    pub(crate) fn new(memory: usize, batch_size: usize) -> Self {
        Self {
            memory,
            batch_size,
            state: Mutex::new(PoolState { free: memory, idle: Vec::new() }),
            scratch: Scratch::default(),
        }
    }

    /// A buffer of this length; `None` while the memory is lent out.
    pub(crate) fn take(&self, size: usize) -> Option<BytesMut> {
        let mut state = self.state.lock();
        state.free = state.free.checked_sub(size)?;
        let idle = if size == self.batch_size { state.idle.pop() } else { None };
        self.trim(&mut state);
        drop(state);
        Some(idle.unwrap_or_else(|| BytesMut::zeroed(size)))
    }

    /// Lends more to a batch that grows; false when there is no more.
    pub(crate) fn grow(&self, more: usize) -> bool {
        let mut state = self.state.lock();
        match state.free.checked_sub(more) {
            Some(free) => state.free = free,
            None => return false,
        }
        self.trim(&mut state);
        true
    }

    /// Takes back what was lent, with the buffer if it is still whole.
    pub(crate) fn give(&self, lent: usize, buffer: Option<BytesMut>) {
        let buffer = buffer.filter(|buffer| buffer.capacity() == self.batch_size).map(|mut buffer| {
            // Only the tail that a shorter batch cut off is written.
            buffer.resize(self.batch_size, 0);
            buffer
        });
        let mut state = self.state.lock();
        state.free += lent;
        state.idle.extend(buffer);
        self.trim(&mut state);
    }

    /// The buffer for compression.
    pub(crate) fn scratch(&self) -> Scratch {
        Arc::clone(&self.scratch)
    }

    /// How much is not lent.
    pub(crate) fn free(&self) -> usize {
        self.state.lock().free
    }

    /// Whether nothing is lent.
    pub(crate) fn is_whole(&self) -> bool {
        self.state.lock().free == self.memory
    }

    fn trim(&self, state: &mut PoolState) {
        while state.idle.len() * self.batch_size > state.free {
            state.idle.pop();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn memory_lent_out_is_refused_until_it_comes_back() {
        let pool = BufferPool::new(1000, 400);
        let first = pool.take(400);
        assert_eq!(first.as_ref().map(BytesMut::len), Some(400));
        assert!(pool.take(601).is_none());
        assert!(pool.take(600).is_some());
        assert!(!pool.grow(1));
        pool.give(400, first);
        assert!(pool.grow(400));
    }

    #[test]
    fn a_buffer_is_used_again_at_full_length() {
        let pool = BufferPool::new(1000, 400);
        let mut buffer = pool.take(400).unwrap();
        let place = buffer.as_ptr();
        buffer.truncate(10);
        pool.give(400, Some(buffer));
        let again = pool.take(400).unwrap();
        assert_eq!((again.as_ptr(), again.len()), (place, 400));
    }

    #[test]
    fn what_lies_idle_is_let_go_before_memory_is_exceeded() {
        let pool = BufferPool::new(1000, 400);
        let two = [pool.take(400).unwrap(), pool.take(400).unwrap()];
        two.into_iter().for_each(|buffer| pool.give(400, Some(buffer)));
        assert_eq!(pool.state.lock().idle.len(), 2);
        assert!(pool.take(700).is_some());
        assert_eq!(pool.state.lock().idle.len(), 0);
        assert!(!pool.is_whole());
    }
}
